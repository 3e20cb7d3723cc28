/* SPDX-License-Identifier: MIT */
/*
 * The port for bare metal; see include/cgdt/port/native.h.
 *
 * Every address of a page is physical + base (writable) or physical + alias (read-only), so sealing
 * is an addition, and nothing can fail in it.
 */
#include "cgdt/port/native.h"

#include "cgdt/error.h"
#include "spin.h"

static bool has_alias(const struct cgdt_native *native)
{
    return native->alias != native->base;
}

/*
 * Whether an address is in the map that begins at `map`. Modulo 2^32 or 2^64, as the maps'
 * arithmetic is.
 */
static bool in_map(const struct cgdt_native *native, uintptr_t map, uintptr_t address)
{
    return address - map < native->bytes;
}

/* Physical address of a page, by either of its two. */
static uintptr_t physical_of(const struct cgdt_native *native, uintptr_t address)
{
    return address - (in_map(native, native->base, address) ? native->base : native->alias);
}

static bool maps_overlap(const struct cgdt_native *native)
{
    return has_alias(native) && (in_map(native, native->base, native->alias) ||
                                 in_map(native, native->alias, native->base));
}

/* Pages. */

static void *take_page(const struct cgdt_native *native, uint32_t page)
{
    if (native->ops != NULL && native->ops->page_get != NULL)
        return native->ops->page_get(native->ctx, page);
    if (page >= native->page_count)
        return NULL;
    return (char *)native->pages + (size_t)page * CGDT_PAGE_BYTES;
}

static void native_unmap(void *ctx, uint32_t page, void *view)
{
    const struct cgdt_native *native = ctx;

    if (native->ops != NULL && native->ops->page_put != NULL)
        native->ops->page_put(native->ctx, page, view);
}

static int native_map(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native *native = ctx;
    cgdt_desc_t *at;

    if (page == CGDT_COMMON_PAGE)
        return -CGDT_ENOTSUP;
    if (maps_overlap(native))
        return -CGDT_EINVAL;
    at = take_page(native, page);
    if (at == NULL)
        return -CGDT_ENOMEM;
    /* A page outside the map has no alias, one that is not aligned would be zeroed in part. */
    if ((uintptr_t)at % CGDT_PAGE_BYTES != 0 || !in_map(native, native->base, (uintptr_t)at) ||
        !in_map(native, native->base, (uintptr_t)at + CGDT_PAGE_BYTES - 1)) {
        native_unmap(ctx, page, at);
        return -CGDT_EPROTO;
    }
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&at[entry], 0);
    *view = at;
    return 0;
}

static int native_seal(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native *native = ctx;

    (void)page;
    *view =
        (void *)((uintptr_t)*view - native->base + native->alias); /* either map may be the lower */
    return 0;
}

/* No slot of the page is owned, and each was freed after its CPU had let go: nobody looks at it. */
static int native_unseal(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native *native = ctx;

    (void)page;
    *view = (void *)cgdt_native_writable(native, (uintptr_t)*view);
    return 0;
}

static int native_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)page;
    *frame = physical_of(ctx, (uintptr_t)view) / CGDT_PAGE_BYTES;
    return 0;
}

/* Live writes. */

/*
 * Only a free writes zeros by a batch without values. Low halves of 16-byte descriptors come first.
 */
static void poison(const struct cgdt_native *native, uint32_t page, const struct cgdt_batch *batch,
                   cgdt_desc_t *at)
{
    for (uint32_t i = 0; i < batch->count; i++)
        cgdt_store_descriptor(&at[batch->slot_offset + batch->first + i], CGDT_NATIVE_POISON);
    if (native->ops != NULL && native->ops->poisoned != NULL)
        native->ops->poisoned(native->ctx, page, batch->slot_offset);
}

static int native_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const struct cgdt_native *native = ctx;
    cgdt_desc_t *at = (cgdt_desc_t *)cgdt_native_writable(native, (uintptr_t)view);

    if (native->poison && batch->values == NULL)
        poison(native, page, batch, at);
    cgdt_batch_store(batch, at);
    return 0;
}

/* The rest. */

static int native_quiesce(void *ctx, uint32_t cpu)
{
    const struct cgdt_native *native = ctx;

    if (native->ops == NULL || native->ops->quiesce == NULL)
        return 0;
    return native->ops->quiesce(native->ctx, cpu);
}

static void native_lock(void *ctx)
{
    struct cgdt_native *native = ctx;

    if (native->ops != NULL && native->ops->lock != NULL) {
        native->ops->lock(native->ctx);
        return;
    }
    cgdt_spin_lock_(&native->locked);
}

static void native_unlock(void *ctx)
{
    struct cgdt_native *native = ctx;

    if (native->ops != NULL && native->ops->unlock != NULL) {
        native->ops->unlock(native->ctx);
        return;
    }
    cgdt_spin_unlock_(&native->locked);
}

const struct cgdt_port cgdt_native_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = native_map,
    .seal = native_seal,
    .unseal = native_unseal,
    .unmap = native_unmap,
    .frame = native_frame,
    .live_write = native_live_write,
    .quiesce = native_quiesce,
    .lock = native_lock,
    .unlock = native_unlock,
};

const struct cgdt_port cgdt_native_direct_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = native_map,
    .seal = native_seal,
    .unseal = native_unseal,
    .unmap = native_unmap,
    .frame = native_frame,
    .quiesce = native_quiesce,
    .lock = native_lock,
    .unlock = native_unlock,
    .direct = true, /* cgdt_native_alias_bytes() */
};
