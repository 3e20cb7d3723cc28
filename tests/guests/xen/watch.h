/* SPDX-License-Identifier: MIT */
/*
 * What the port was asked to do: where it mapped pages, what it could not take back. It changes
 * nothing.
 */

#ifndef GUEST_WATCH_H
#define GUEST_WATCH_H

#include <stdint.h>

#include "cgdt/port.h"

/* The xen_pv port, looked at. */
struct cgdt_port watch_port(void);

/* Where a page of the pool (or CGDT_COMMON_PAGE) is mapped; NULL if it is not. */
void *watch_view(uint32_t page);

/* Pages that Xen would not make writable. Written under the pool's lock. */
uint32_t watch_unseal_refused(void);

#endif /* GUEST_WATCH_H */
