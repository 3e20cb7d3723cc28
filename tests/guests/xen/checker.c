/* SPDX-License-Identifier: MIT */
/*
 * Xen is the oracle. Descriptors go to it by update_descriptor, a page full in a multicall,
 * alternately to a page of ordinary memory and to one that is a GDT; what it answered and what is
 * in the page then are compared with what the checker said before. Pages go to it by set_gdt: it
 * rewrites what comes before the first entry that it refuses, and nothing from there on, so that
 * the entry's position is compared too.
 */

#include "checker.h"

#include "cgdt/check.h"
#include "console.h"
#include "descriptors.h"
#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "samples.h"

#define MOST_PLANTED 3u

static uint64_t pages[2][CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE))); /* 1: a GDT */
static struct multicall_entry calls[CGDT_PAGE_ENTRIES];
static uint64_t before[CGDT_PAGE_ENTRIES];
static const struct cgdt_profile *profile;

static struct {
    uint32_t descriptors;
    uint32_t by_effect[CGDT_REFUSED + 1];
    uint32_t by_reason[CGDT_LIMIT_RAISED + 1];
    uint32_t pages;
    uint32_t pages_refused;
    uint32_t pages_by_planted[MOST_PLANTED + 1];
    uint64_t mismatches;
} found;

static void mismatch(const char *what, uint64_t desc, uint64_t checker, uint64_t xen)
{
    if (found.mismatches++ < 5)
        console_printf("MISMATCH %s: 0x%" PRIx64 ": checker 0x%" PRIx64 ", Xen 0x%" PRIx64 "\n",
                       what, desc, checker, xen);
}

/* ---- one by one --------------------------------------------------------------------------- */

static void send(const uint64_t *page, uint32_t from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        before[i] = page[i];
        calls[i] = call_update_descriptor(page_machine_address(&page[i]), sample(from + i));
        calls[i].result = 1; /* no answer of Xen's */
    }
    if (xen_multicall(calls, n) != 0)
        guest_fatal("multicall", from);
}

static void compare(uint64_t desc, int64_t answer, uint64_t old, uint64_t now)
{
    cgdt_desc_t stored = desc;
    const enum cgdt_reason reason = cgdt_check_descriptor(profile, desc, &stored);
    const enum cgdt_effect effect = cgdt_reason_effect(reason);

    found.descriptors++;
    found.by_effect[effect <= CGDT_REFUSED ? effect : CGDT_REFUSED]++;
    if (reason <= CGDT_LIMIT_RAISED)
        found.by_reason[reason]++;
    if (answer != (effect == CGDT_REFUSED ? -XEN_EINVAL : 0))
        mismatch("verdict", desc, effect, (uint64_t)answer);
    else if (now != (effect == CGDT_REFUSED ? old : stored))
        mismatch("stored", desc, stored, now);
    else if (effect == CGDT_ACCEPTED && stored != desc)
        mismatch("accepted, but not as it is", desc, stored, now);
}

static void ask_one_by_one(uint32_t count)
{
    for (uint32_t from = 0; from < count; from += CGDT_PAGE_ENTRIES) {
        const volatile uint64_t *page = pages[from / CGDT_PAGE_ENTRIES % 2];
        const uint32_t n = count - from < CGDT_PAGE_ENTRIES ? count - from : CGDT_PAGE_ENTRIES;

        send((const uint64_t *)page, from, n);
        for (uint32_t i = 0; i < n; i++)
            compare(sample(from + i), calls[i].result, before[i], page[i]);
    }
}

/* ---- by the page -------------------------------------------------------------------------- */

static void protect(uint64_t *page, bool writable)
{
    const int64_t error = page_protect(page, writable);

    if (error != 0)
        guest_fatal("update_va_mapping", error);
}

/* Some that are kept, some that are rewritten, most empty: no reason to refuse the page. */
static uint64_t filling(uint64_t *state)
{
    static const uint64_t good[] = {WRITTEN_CODE,        0x00cf93000000ffffu, 0x0040930000001000u,
                                    0x00cf9300000067ffu, 0x00008c0000080000u, 0x00006e00ffff0000u};
    const uint32_t which = chance_below(state, 14);

    return which < sizeof(good) / sizeof(good[0]) ? good[which] : 0;
}

/* Up to three values from all that there are; what is rewritten stands next to each. */
static uint32_t fill(uint64_t *page, uint64_t *state)
{
    const uint32_t planted = chance_below(state, MOST_PLANTED + 1);

    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = filling(state);
    for (uint32_t i = 0; i < planted; i++) {
        const uint32_t at = chance_below(state, CGDT_PAGE_ENTRIES);
        page[at] = sample((uint32_t)chance(state));
        if (at > 0)
            page[at - 1] = 0x00cf93000000ffffu;
        if (at + 1 < CGDT_PAGE_ENTRIES)
            page[at + 1] = 0x00cf93000000ffffu;
    }
    found.pages_by_planted[planted]++;
    return planted;
}

/* What Xen must make of it: stored forms up to the entry that it refuses. */
static void compare_page(const uint64_t *page, uint32_t refused_at)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        cgdt_desc_t stored = before[i];

        (void)cgdt_check_descriptor(profile, before[i], &stored);
        if (i >= refused_at)
            stored = before[i];
        if (page[i] != stored) {
            mismatch("in a page", before[i], stored, page[i]);
            return;
        }
    }
}

static void ask_about_page(uint64_t *page, uint64_t *state)
{
    const cgdt_frame_t frame = page_mfn(page);
    struct cgdt_violation violation = {.entry = CGDT_PAGE_ENTRIES};
    const uint32_t planted = fill(page, state);

    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        before[i] = page[i];
    const bool refused = cgdt_check_page(profile, CGDT_RULE_REWRITE_IS_OK, page, CGDT_PAGE_ENTRIES,
                                         ~(uint64_t)0, &violation) != CGDT_FINE;
    protect(page, false);
    const int64_t answer = xen_set_gdt(&frame, CGDT_PAGE_ENTRIES);
    if (answer != (refused ? -XEN_EINVAL : 0))
        mismatch("page, with so many planted", planted, refused, (uint64_t)answer);
    compare_page(page, refused ? violation.entry : CGDT_PAGE_ENTRIES);
    if (xen_set_gdt(NULL, 0) != 0)
        guest_fatal("an empty GDT", 0);
    protect(page, true);
    found.pages++;
    found.pages_refused += refused;
}

/* ---- verdict ------------------------------------------------------------------------------ */

static void print(void)
{
    console_printf("SAMPLES descriptors=%u in_order=%u by_chance=%u accepted=%u rewritten=%u "
                   "refused=%u\n",
                   found.descriptors,
                   found.descriptors < SAMPLES_IN_ORDER ? found.descriptors : SAMPLES_IN_ORDER,
                   found.descriptors < SAMPLES_IN_ORDER ? 0 : found.descriptors - SAMPLES_IN_ORDER,
                   found.by_effect[CGDT_ACCEPTED], found.by_effect[CGDT_REWRITTEN],
                   found.by_effect[CGDT_REFUSED]);
    for (int reason = CGDT_FINE + 1; reason <= CGDT_LIMIT_RAISED; reason++)
        if (found.by_reason[reason] != 0)
            console_printf("REASON n=%u %s\n", found.by_reason[reason],
                           cgdt_reason_text((enum cgdt_reason)reason));
    console_printf("SHEETS pages=%u refused=%u planted0=%u planted1=%u planted2=%u planted3=%u\n",
                   found.pages, found.pages_refused, found.pages_by_planted[0],
                   found.pages_by_planted[1], found.pages_by_planted[2], found.pages_by_planted[3]);
}

/* A run that has not seen every reason of such a guest proves less than it says. */
static void check_coverage(const struct args *args)
{
    static const enum cgdt_reason reasons[] = {GUEST_REASONS};

    if (args->count < SAMPLES_IN_ORDER || args->control != CONTROL_NONE)
        return;
    for (uint32_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (found.by_reason[reasons[i]] == 0)
            problem("no sample for reason", reasons[i]);
}

static const struct cgdt_profile *profile_for(enum control control)
{
    static struct cgdt_profile_room room;

    switch (control) {
    case CONTROL_WRONG_PROFILE:
        return OTHER_PROFILE;
    case CONTROL_WRONG_START: /* one page of the address space as if it were not Xen's */
        return guest_profile(&room, pages_xen_start() + PAGE_SIZE);
    default:
        return guest_profile(&room, pages_xen_start());
    }
}

static _Noreturn void control_verdict(const struct args *args)
{
    const bool caught = found.mismatches != 0;

    console_printf("CONTROL %s %s: %" PRIu64 " mismatches with the rules of another guest\n",
                   args->control_name, caught ? "caught" : "MISSED", found.mismatches);
    guest_exit(caught ? GUEST_EXIT_CAUGHT : GUEST_EXIT_FAIL);
}

_Noreturn void checker_run(const struct args *args)
{
    const cgdt_frame_t frame = page_mfn(pages[1]);
    uint64_t state = 0x2005;

    profile = profile_for(args->control);
    if (profile == NULL)
        guest_fatal("no rules for where Xen begins", (int64_t)pages_xen_start());
    protect(pages[1], false);
    if (xen_set_gdt(&frame, CGDT_PAGE_ENTRIES) != 0)
        guest_fatal("set_gdt", 0);
    ask_one_by_one(args->count);
    if (xen_set_gdt(NULL, 0) != 0)
        guest_fatal("an empty GDT", 0);
    protect(pages[1], true);
    for (uint32_t i = 0; i < args->pages; i++)
        ask_about_page(pages[1], &state);

    print();
    check_coverage(args);
    if (args->control != CONTROL_NONE)
        control_verdict(args);
    const bool pass = found.mismatches == 0 && problem_count() == 0;
    console_printf("RESULT mode=checker descriptors=%u pages=%u mismatches=%" PRIu64
                   " xen_start=0x%lx host=" HOST_NAME " %s\n",
                   found.descriptors, found.pages, found.mismatches,
                   (unsigned long)pages_xen_start(), pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
