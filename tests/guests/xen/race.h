/* SPDX-License-Identifier: MIT */
/*
 * control=no-introduce: what `introduce` of port/xen_pv.h is for, shown on Xen itself. One vCPU
 * changes a descriptor of a page that no GDT has named yet, over and over; another takes that page
 * into its GDT.
 */

#ifndef GUEST_RACE_H
#define GUEST_RACE_H

#include "args.h"

/* vCPU 1, until vCPU 0 has seen enough: change the descriptor whenever there is a page for it. */
void race_write(void);

/*
 * vCPU 0, on its slot, while vCPU 1 is in race_write() again and again. The last line; does not
 * return.
 */
_Noreturn void race_judge(const struct args *args);

#endif /* GUEST_RACE_H */
