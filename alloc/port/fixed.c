/* SPDX-License-Identifier: MIT */
/* The port over a caller's array; see cgdt/port/fixed.h. */
#include "cgdt/port/fixed.h"
#include "cgdt/error.h"

/* The array's index of a pool page; count if the array has no such page. */
static uint32_t index_of(const struct cgdt_fixed *fixed, uint32_t page)
{
    if (page == CGDT_COMMON_PAGE)
        return fixed->count - 1;
    return page < fixed->count ? page : fixed->count;
}

static cgdt_desc_t *address_of(const struct cgdt_fixed *fixed, uint32_t page)
{
    return (cgdt_desc_t *)fixed->pages + (size_t)index_of(fixed, page) * CGDT_PAGE_ENTRIES;
}

/* What is not zero is somebody's: it is not given out, so that unmap() cannot wipe it. */
static bool is_zero(const cgdt_desc_t *page)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
        if (page[entry] != 0)
            return false;
    }
    return true;
}

static int fixed_map(void *ctx, uint32_t page, void **view)
{
    struct cgdt_fixed *fixed = ctx;

    if (fixed->count == 0 || index_of(fixed, page) == fixed->count ||
        (fixed->common && page == fixed->count - 1))
        return -CGDT_ENOMEM;
    cgdt_desc_t *at = address_of(fixed, page);
    if ((uintptr_t)at % CGDT_PAGE_BYTES != 0 || !is_zero(at))
        return -CGDT_EPROTO;
    fixed->common = fixed->common || page == CGDT_COMMON_PAGE;
    *view = at;
    return 0;
}

/* There is but one mapping of the array, and it stays as it is. */
static int fixed_keep(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    (void)view;
    return 0;
}

static void fixed_unmap(void *ctx, uint32_t page, void *view)
{
    struct cgdt_fixed *fixed = ctx;
    cgdt_desc_t *descs = view;

    if (page == CGDT_COMMON_PAGE)
        fixed->common = false;
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&descs[entry], 0);
}

static int fixed_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    const struct cgdt_fixed *fixed = ctx;

    (void)view;
    *frame = fixed->first_frame + index_of(fixed, page);
    return 0;
}

/* Growing and trimming are rare and short: a spin lock does. Not for a lock that may sleep. */
static void fixed_lock(void *ctx)
{
    struct cgdt_fixed *fixed = ctx;

    /* Pairs with the release in fixed_unlock(). */
    while (__atomic_exchange_n(&fixed->locked, 1u, __ATOMIC_ACQUIRE) != 0)
        __builtin_ia32_pause();
}

static void fixed_unlock(void *ctx)
{
    struct cgdt_fixed *fixed = ctx;

    /* Pairs with the acquire in fixed_lock(). */
    __atomic_store_n(&fixed->locked, 0u, __ATOMIC_RELEASE);
}

const struct cgdt_port cgdt_fixed_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = fixed_map,
    .seal = fixed_keep,
    .unseal = fixed_keep,
    .unmap = fixed_unmap,
    .frame = fixed_frame,
    .quiesce = NULL,
    .lock = fixed_lock,
    .unlock = fixed_unlock,
    .direct = true, /* the view can be written */
};
