/* SPDX-License-Identifier: MIT */
/* What every other file of the engine needs of the state; below all of them, so it calls none. */
#define _GNU_SOURCE
#include "state.h"

_Thread_local struct stress_worker *stress_self;

uint64_t stress_operations(const struct stress_counts *counts)
{
    return counts->alloc + counts->bulk + counts->free + counts->write + counts->read +
           counts->online + counts->offline;
}
