/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The native port for kernels whose read-only mapping of a page is no fixed distance away from the
 * writable one: each page's alias is made when the page is sealed and taken away when it leaves, at
 * whatever address the kernel has for it (Linux: the CPU entry area, which page-table isolation
 * leaves mapped). native.h has the port for kernels with such a distance, which is faster.
 *
 * @verbatim
   a page of the pool   writable: what page_get() gave; the port remembers it
                        read-only: what alias_get() gives; what a sealed page's view is, and what
                        cgdt_gdtr() and cgdt_slot_view() give
   @endverbatim
 *
 * @code
 * static void *writable[MY_PAGES];
 * static const struct cgdt_native_ops ops = {.page_get = my_get, .page_put = my_put,
 *                                            .alias_get = my_alias, .alias_put = my_no_alias};
 * static struct cgdt_native_aliased native = {.ops = &ops, .writable = writable,
 *                                             .page_count = MY_PAGES};
 * config.port = &cgdt_native_aliased_port;
 * config.port_ctx = &native;                          // and no alias_bytes
 * config.layout.mode = CGDT_MODE_NATIVE;
 * config.profile = CGDT_PROFILE_NATIVE64;             // CGDT_PROFILE_NATIVE32 on i386
 * @endcode
 *
 * The alias must be there in every page table that a CPU runs on while one of the page's slots is
 * owned. CR0.WP must be 1, or the CPU writes through it in ring 0.
 */
#ifndef CGDT_PORT_NATIVE_ALIASED_H
#define CGDT_PORT_NATIVE_ALIASED_H

#include "../layout.h"
#include "native.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Filled in by the caller; belongs to one pool, is its port_ctx, and must outlive it. */
struct cgdt_native_aliased {
    /** What the kernel supplies: alias_get and alias_put at least. */
    const struct cgdt_native_ops *ops;
    void *ctx; /**< For the operations. */

    /** Where page_get is NULL: an array of page_count pages, page i of the pool is its i-th. */
    void *pages;
    /**
     * An array of page_count, for the port: where each page can be written. The caller looks at it
     * by cgdt_native_aliased_writable() only.
     */
    void **writable;
    uint32_t page_count; /**< Most pages of the pool; map() says -CGDT_ENOMEM beyond. */

    bool poison;     /**< For debug builds: see poisoned() of cgdt_native_ops. */
    uint32_t locked; /**< The port's; 0 at first. */
};

/**
 * The operations; port_ctx is a struct cgdt_native_aliased. There is no common page on bare metal:
 * -CGDT_ENOTSUP. The pool refuses descriptors whose accessed bit is clear: -CGDT_EROFS.
 *
 * map() also says -CGDT_EINVAL where alias_get or alias_put is NULL, and -CGDT_EPROTO for a page
 * that is not aligned; seal() -CGDT_ENOMEM where alias_get() gives none, and -CGDT_EPROTO, once
 * alias_put() has taken it back, for an alias that is not aligned.
 */
extern const struct cgdt_port cgdt_native_aliased_port;

/**
 * Where a slot can be written: for LTR (lgdt.h), and for nothing else. Any CPU, any time.
 *
 * @param native  of the pool
 * @param layout  the pool's: cgdt_pool_layout()
 * @param slot    a slot that is owned
 *
 * @return the address of its entry 0 that is not read-only; good until the slot is freed
 */
CGDT_INLINE_ uintptr_t cgdt_native_aliased_writable(const struct cgdt_native_aliased *native,
                                                    const struct cgdt_layout *layout,
                                                    cgdt_slot_t slot)
{
    return (uintptr_t)native->writable[cgdt_slot_page(layout, slot)] +
           cgdt_slot_offset(layout, slot) * CGDT_DESC_BYTES;
}

#ifdef __cplusplus
}
#endif
#endif
