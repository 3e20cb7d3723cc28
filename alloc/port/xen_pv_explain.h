/* SPDX-License-Identifier: MIT */
/* Between the files of the Xen PV port. */
#ifndef CGDT_PORT_XEN_PV_EXPLAIN_H
#define CGDT_PORT_XEN_PV_EXPLAIN_H

#include "cgdt/port/xen_pv.h"

/*
 * One frame, with CGDT_XEN_PV_LOCK_PAGES held. page: where it is, just made read-only; NULL: to be
 * found out.
 */
struct cgdt_xen_pv_refusal cgdt_xen_pv_explain_frame_(struct cgdt_xen_pv *xen, cgdt_frame_t frame,
                                                      const void *page);

#endif
