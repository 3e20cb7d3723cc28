/* SPDX-License-Identifier: MIT */
/*
 * What both native ports ask of the kernel in the same way: pages, quiesce, the lock, poison.
 * Private to alloc/port/.
 */
#ifndef CGDT_PORT_NATIVE_OPS_H
#define CGDT_PORT_NATIVE_OPS_H

#include "cgdt/port/native.h"
#include "spin.h"

/* Of the kernel, or the page-th of its array. NULL: there is none. */
static inline void *cgdt_native_take_(const struct cgdt_native_ops *ops, void *ctx, void *pages,
                                      uint32_t count, uint32_t page)
{
    if (ops != NULL && ops->page_get != NULL)
        return ops->page_get(ctx, page);
    return page < count ? (char *)pages + (size_t)page * CGDT_PAGE_BYTES : NULL;
}

static inline void cgdt_native_give_(const struct cgdt_native_ops *ops, void *ctx, uint32_t page,
                                     void *at)
{
    if (ops != NULL && ops->page_put != NULL)
        ops->page_put(ctx, page, at);
}

static inline void cgdt_native_clear_(cgdt_desc_t *at)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&at[entry], 0);
}

/*
 * Only a free writes zeros by a batch without values. Low halves of 16-byte descriptors come first.
 */
static inline void cgdt_native_poison_(const struct cgdt_native_ops *ops, void *ctx, uint32_t page,
                                       const struct cgdt_batch *batch, cgdt_desc_t *at)
{
    for (uint32_t i = 0; i < batch->count; i++)
        cgdt_store_descriptor(&at[batch->slot_offset + batch->first + i], CGDT_NATIVE_POISON);
    if (ops != NULL && ops->poisoned != NULL)
        ops->poisoned(ctx, page, batch->slot_offset);
}

static inline int cgdt_native_quiesce_(const struct cgdt_native_ops *ops, void *ctx, uint32_t cpu)
{
    return ops == NULL || ops->quiesce == NULL ? 0 : ops->quiesce(ctx, cpu);
}

static inline void cgdt_native_lock_(const struct cgdt_native_ops *ops, void *ctx, uint32_t *locked)
{
    if (ops != NULL && ops->lock != NULL)
        ops->lock(ctx);
    else
        cgdt_spin_lock_(locked);
}

static inline void cgdt_native_unlock_(const struct cgdt_native_ops *ops, void *ctx,
                                       uint32_t *locked)
{
    if (ops != NULL && ops->unlock != NULL)
        ops->unlock(ctx);
    else
        cgdt_spin_unlock_(locked);
}

#endif
