/* SPDX-License-Identifier: MIT */
/*
 * Lines that stand among the rows where somebody copied a session: prompts with a command, pagers,
 * and the registers as QEMU prints them (info registers, -d int), which tell where the GDT lies.
 */
#ifndef CGDT_TOOLS_DUMP_SESSION_H
#define CGDT_TOOLS_DUMP_SESSION_H

#include "reader.h"

/*
 * Whether the line, which begins at `rest`, is such a one as a whole. False: it is not, or it is
 * refused, which the reader says. A prompt before a row is taken off `rest`.
 */
bool session_line(struct reader *reader, struct span *rest);

/* Behind the last line: what the last command asked for is there. */
bool session_ends(struct reader *reader);

#endif
