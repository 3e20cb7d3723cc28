/* SPDX-License-Identifier: MIT */
/* One page, one writer, one vCPU that takes the page: how often does Xen say no to either? */

#include "race.h"

#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "sabotage.h"
#include "worker.h"

#define ROUNDS       300u /* at least */
#define WRITES       20u  /* before the page is taken, so that the writer is at it */
#define EMPTY_OFFSET 800u
#define SOME_PAGE    0u /* the port does not ask which */

static uint64_t page[CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint32_t target; /* offset in the page; 0: rest */
static uint32_t busy;
static uint32_t writes;
static uint32_t writes_refused;

struct outcome {
    uint32_t rounds;
    uint32_t taken;
    uint32_t refused;
    uint32_t writes_refused;
};

void race_write(void)
{
    uint32_t at;

    __atomic_store_n(&busy, 1, __ATOMIC_SEQ_CST);
    while ((at = __atomic_load_n(&target, __ATOMIC_SEQ_CST)) != 0) {
        if (xen_update_descriptor(page_machine_address(page) + at, 0) != 0)
            __atomic_fetch_add(&writes_refused, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&writes, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&busy, 0, __ATOMIC_SEQ_CST);
}

static uint32_t writes_now(void)
{
    return __atomic_load_n(&writes, __ATOMIC_SEQ_CST);
}

/* Takes a new page, while the other vCPU writes to it. */
static int64_t take_page(void)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES] = {workers[0].frames[0], page_mfn(page)};
    struct wait wait = clock_begin_wait("the writer does not write", 1);
    struct wait stop = clock_begin_wait("the writer does not stop", 1);
    const uint32_t before = writes_now();

    __atomic_store_n(&target, EMPTY_OFFSET, __ATOMIC_SEQ_CST);
    while (writes_now() - before < WRITES)
        clock_wait(&wait);
    const int64_t error = xen_set_gdt(frames, 2 * CGDT_PAGE_ENTRIES);
    if (xen_set_gdt(frames, CGDT_PAGE_ENTRIES) != 0)
        guest_fatal("set_gdt to its own again", 0);
    __atomic_store_n(&target, 0, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&busy, __ATOMIC_SEQ_CST) != 0)
        clock_wait(&stop);
    return error;
}

/* The race is lost now and then only: the more often, the better the host. */
static bool goes_on(const struct outcome *outcome, uint32_t writes_refused_before, bool until_lost)
{
    return until_lost && outcome->refused == 0 &&
           __atomic_load_n(&writes_refused, __ATOMIC_SEQ_CST) == writes_refused_before;
}

/* So many rounds; or more, until Xen has said no at least once. */
static struct outcome play(bool until_lost)
{
    const uint32_t before = __atomic_load_n(&writes_refused, __ATOMIC_SEQ_CST);
    struct outcome outcome = {.rounds = 0};

    for (; outcome.rounds < ROUNDS || goes_on(&outcome, before, until_lost); outcome.rounds++) {
        void *view = page;
        if (cgdt_xen_pv_port.seal(&gdtpool_xen, SOME_PAGE, &view) != 0)
            guest_fatal("seal", outcome.rounds);
        const int64_t error = take_page();
        outcome.taken += error == 0;
        outcome.refused += error == -XEN_EINVAL;
        if (cgdt_xen_pv_port.unseal(&gdtpool_xen, SOME_PAGE, &view) != 0)
            guest_fatal("unseal", outcome.rounds);
    }
    outcome.writes_refused = __atomic_load_n(&writes_refused, __ATOMIC_SEQ_CST) - before;
    return outcome;
}

_Noreturn void race_judge(const struct args *args)
{
    const struct outcome named = play(false);

    sabotage_skip_introduction();
    const struct outcome unnamed = play(true);
    const bool caught = named.taken == ROUNDS && named.writes_refused == 0 &&
                        unnamed.refused + unnamed.writes_refused > 0 && problem_count() == 0;

    console_printf(
        "CONTROL %s %s: Xen refused %u of %u set_gdt and %u live writes; with introduce %u "
        "and %u\n",
        args->control_name, caught ? "caught" : "MISSED", unnamed.refused, unnamed.rounds,
        unnamed.writes_refused, named.refused, named.writes_refused);
    guest_exit(caught ? GUEST_EXIT_CAUGHT : GUEST_EXIT_FAIL);
}
