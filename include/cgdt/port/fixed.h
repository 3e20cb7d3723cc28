/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A port over a caller's page-aligned array: no allocator, no hypervisor, no read-only mapping.
 *
 * For early boot (in place of head.S's array; a table that is in use is copied, as the template or
 * by cgdt_write(), not taken over), for a byte-granular GDTR without an alias, and for tests.
 *
 * @code
 * static _Alignas(4096) cgdt_desc_t pages[4][CGDT_PAGE_ENTRIES];
 * static struct cgdt_fixed fixed = {.pages = pages, .count = 4};
 * config.port = &cgdt_fixed_port; config.port_ctx = &fixed;
 * @endcode
 *
 * Array page i is pool page i; the common page, where the layout has one, is the last of the array.
 * map() gives -CGDT_ENOMEM beyond the array's end, and -CGDT_EPROTO for a page that is not zero (as
 * .bss is) or not aligned, which it leaves as it is; a page that leaves the pool is zeroed. Sealing
 * changes no mapping, and live writes are stores to the view.
 */
#ifndef CGDT_PORT_FIXED_H
#define CGDT_PORT_FIXED_H

#include "../port.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Filled in by the caller; belongs to one pool, is its port_ctx, and must outlive it. */
struct cgdt_fixed {
    void *pages;              /**< count x 4096 bytes, aligned to 4096. */
    uint32_t count;           /**< Pages. */
    cgdt_frame_t first_frame; /**< Frame number of the array's first page; the rest follow. */
    uint32_t locked;          /**< The port's spin lock; 0 at first. */
    bool common;              /**< The last page is the common page now; false at first. */
};

/**
 * The operations; port_ctx is a struct cgdt_fixed. No quiesce: who takes a CPU offline makes sure
 * first.
 */
extern const struct cgdt_port cgdt_fixed_port;

#ifdef __cplusplus
}
#endif
#endif
