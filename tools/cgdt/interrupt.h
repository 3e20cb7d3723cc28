/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C for subcommands that run for a while: the first one asks for an end, so that there is a
 * result to show; a second one ends the process at once.
 */
#ifndef CGDT_TOOLS_INTERRUPT_H
#define CGDT_TOOLS_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * From here on SIGINT, SIGTERM and SIGHUP set the flag, which is returned. One that is ignored, as
 * by nohup or for a job in the background, stays ignored.
 */
const atomic_bool *interrupt_catch(void);

/* "INT", "TERM" or "HUP": what came; NULL: nothing. */
const char *interrupt_name(void);

/*
 * The end of the subcommand, its output made: where one of them came, the process dies by it, so
 * that a shell's loop ends too. Returns if none came.
 */
void interrupt_die(void);

#endif
