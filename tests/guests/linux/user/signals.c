/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals32 SEED: a 32-bit thread with TLS takes signals on another stack while it yields, with
 * selectors of its own in %es, %fs and %gs. The handler must find them in the interrupted context,
 * they must be there again after it, and what it puts into the context must be what returns.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

enum {
    ROUNDS = 100,
    COPY_ENTRY = ENTRY_TLS + 1,
    FLAT_ENTRY = ENTRY_TLS_LAST
};

/* Entry 13 is glibc's once more, so that glibc works behind either; entry 14 is all of memory. */
#define COPY_SELECTOR gdt_selector(COPY_ENTRY)
#define FLAT_SELECTOR gdt_selector(FLAT_ENTRY)

static struct state {
    unsigned wanted;
    unsigned sent;
    unsigned handled;
    bool stop;
    uint32_t expected_gs;
    uint32_t next_gs;
    uint32_t es;
    int main_thread;
    char stack[THREAD_STACK_BYTES];
} state;

static void check_context(const ucontext_t *context, int index, const char *name, uint32_t expected)
{
    uint32_t selector = (uint16_t)context->uc_mcontext.gregs[index];

    if (selector != expected)
        fail("signal %u: %s in the context is 0x%x, not 0x%x", state.handled, name, selector,
             expected);
}

static void handler(int signal, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;
    const char *here = (const char *)&context;

    if (signal != SIGUSR1 || info->si_code != SI_TKILL)
        fail("signal %d with code %d", signal, info->si_code);
    if (here < state.stack || here >= state.stack + sizeof(state.stack))
        fail("the handler is not on the alternate stack");
    check_context(context, REG_GS, "%gs", state.expected_gs);
    check_context(context, REG_FS, "%fs", FLAT_SELECTOR);
    check_context(context, REG_ES, "%es", state.es);
    check_context(context, REG_DS, "%ds", USER_DS_SELECTOR);
    context->uc_mcontext.gregs[REG_GS] = (greg_t)state.next_gs;
    state.expected_gs = state.next_gs;
    __atomic_add_fetch(&state.handled, 1, __ATOMIC_SEQ_CST);
}

static void check_registers(uint32_t base, unsigned round)
{
    if (get_gs() != state.expected_gs)
        fail("round %u: %%gs is 0x%x, not 0x%x", round, get_gs(), state.expected_gs);
    if (get_fs() != FLAT_SELECTOR || get_es() != state.es)
        fail("round %u: %%fs 0x%x, %%es 0x%x, not 0x%x 0x%x", round, get_fs(), get_es(),
             FLAT_SELECTOR, state.es);
    if (get_ds() != USER_DS_SELECTOR)
        fail("round %u: %%ds is 0x%x", round, get_ds());
    if (word_in_gs(0) != base || word_in_fs(base) != base || word_in_es(base) != base)
        fail("round %u: the words there are 0x%x, 0x%x, 0x%x, not 0x%x", round, word_in_gs(0),
             word_in_fs(base), word_in_es(base), base);
}

static void *run_sender(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&state.stop, __ATOMIC_SEQ_CST)) {
        if (state.sent < __atomic_load_n(&state.wanted, __ATOMIC_SEQ_CST)) {
            state.sent++;
            syscall(SYS_tgkill, getpid(), state.main_thread, SIGUSR1);
        }
        sched_yield();
    }
    return NULL;
}

static void prepare(uint32_t base)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_sp = state.stack, .ss_size = sizeof(state.stack)};
    struct user_desc copy = flat_data(COPY_ENTRY, base);
    struct user_desc flat = flat_data(FLAT_ENTRY, 0);

    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
        fail("sigaltstack or sigaction: %s", strerror(errno));
    if (set_thread_area(&copy) != 0 || set_thread_area(&flat) != 0)
        fail("set_thread_area is refused");
    state.main_thread = (int)syscall(SYS_gettid);
    state.es = host_keeps_data_selectors(host_find()) ? FLAT_SELECTOR : USER_DS_SELECTOR;
    state.expected_gs = GLIBC_SELECTOR;
}

int signals(int argc, char **argv)
{
    uint32_t base = word_in_gs(0);
    struct random random;
    pthread_t sender;

    if (argc != 2)
        fail("usage: signals32 SEED");
    random = random_from(number_of(argv[1]));
    prepare(base);
    if (pthread_create(&sender, NULL, run_sender, NULL) != 0)
        fail("pthread_create");
    set_fs(FLAT_SELECTOR);
    set_es(state.es);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        state.next_gs = random_below(&random, 2) ? GLIBC_SELECTOR : COPY_SELECTOR;
        __atomic_store_n(&state.wanted, round, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&state.handled, __ATOMIC_SEQ_CST) < round)
            sched_yield();
        check_registers(base, round);
    }
    set_es(USER_DS_SELECTOR);
    set_fs(0);
    set_gs(GLIBC_SELECTOR);
    __atomic_store_n(&state.stop, true, __ATOMIC_SEQ_CST);
    pthread_join(sender, NULL);
    return EXIT_RIGHT;
}
