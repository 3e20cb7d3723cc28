/* SPDX-License-Identifier: MIT */
/* Whether calls said -EBUSY for a reason: no instant explains that, but a call under way does. */
#ifndef CGDT_TESTS_BUSY_H
#define CGDT_TESTS_BUSY_H

#include "history.h"

/* Right only while another call for the same CPU is under way, or a move. */
bool busy_is_true(const struct record *records, unsigned n);

#endif
