/* SPDX-License-Identifier: MIT */
/* Signals that ask for an end. */
#define _GNU_SOURCE
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
    int number;
    const char *name;
} ending[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};

#define ENDING (sizeof(ending) / sizeof(ending[0]))

static atomic_bool asked;
static atomic_int number;

static void take(int signal_number)
{
    if (atomic_exchange(&asked, true)) { /* the second */
        (void)signal(signal_number, SIG_DFL);
        (void)raise(signal_number); /* comes when this handler is left */
        return;
    }
    atomic_store(&number, signal_number);
}

const atomic_bool *interrupt_catch(void)
{
    const struct sigaction action = {.sa_handler = take, .sa_flags = SA_RESTART};
    struct sigaction before;

    for (size_t i = 0; i < ENDING; i++) {
        if (sigaction(ending[i].number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(ending[i].number, &action, NULL);
    }
    return &asked;
}

const char *interrupt_name(void)
{
    const int came = atomic_load(&number);

    for (size_t i = 0; i < ENDING; i++) {
        if (ending[i].number == came)
            return ending[i].name;
    }
    return NULL;
}

void interrupt_die(void)
{
    if (interrupt_name() == NULL)
        return;
    /* Where the result could not be written, exit status 2 says so in the place of the signal. */
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        return;
    (void)signal(atomic_load(&number), SIG_DFL);
    (void)raise(atomic_load(&number));
}
