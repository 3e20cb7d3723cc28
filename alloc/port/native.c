/* SPDX-License-Identifier: MIT */
/*
 * The port for bare metal; see include/cgdt/port/native.h.
 *
 * Every address of a page is physical + base (writable) or physical + alias (read-only), so sealing
 * is an addition, and nothing can fail in it.
 */
#include "cgdt/port/native.h"

#include "cgdt/error.h"
#include "native_ops.h"

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

static void native_unmap(void *ctx, uint32_t page, void *view)
{
    const struct cgdt_native *native = ctx;

    cgdt_native_give_(native->ops, native->ctx, page, view);
}

static int native_map(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native *native = ctx;
    cgdt_desc_t *at;

    if (page == CGDT_COMMON_PAGE)
        return -CGDT_ENOTSUP;
    if (maps_overlap(native))
        return -CGDT_EINVAL;
    at = cgdt_native_take_(native->ops, native->ctx, native->pages, native->page_count, page);
    if (at == NULL)
        return -CGDT_ENOMEM;
    /* A page outside the map has no alias, one that is not aligned would be zeroed in part. */
    if ((uintptr_t)at % CGDT_PAGE_BYTES != 0 || !in_map(native, native->base, (uintptr_t)at) ||
        !in_map(native, native->base, (uintptr_t)at + CGDT_PAGE_BYTES - 1)) {
        native_unmap(ctx, page, at);
        return -CGDT_EPROTO;
    }
    cgdt_native_clear_(at);
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

static int native_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const struct cgdt_native *native = ctx;
    cgdt_desc_t *at = (cgdt_desc_t *)cgdt_native_writable(native, (uintptr_t)view);

    if (native->poison && batch->values == NULL)
        cgdt_native_poison_(native->ops, native->ctx, page, batch, at);
    cgdt_batch_store(batch, at);
    return 0;
}

/* The rest. */

static int native_quiesce(void *ctx, uint32_t cpu)
{
    const struct cgdt_native *native = ctx;

    return cgdt_native_quiesce_(native->ops, native->ctx, cpu);
}

static void native_lock(void *ctx)
{
    struct cgdt_native *native = ctx;

    cgdt_native_lock_(native->ops, native->ctx, &native->locked);
}

static void native_unlock(void *ctx)
{
    struct cgdt_native *native = ctx;

    cgdt_native_unlock_(native->ops, native->ctx, &native->locked);
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
