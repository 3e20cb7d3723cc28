/* SPDX-License-Identifier: MIT */
/* The port over a caller's array; see cgdt/port/fixed.h. */
#include "cgdt/port/fixed.h"
#include "array.h"
#include "cgdt/error.h"
#include "spin.h"

static uint32_t index_of(const struct cgdt_fixed *fixed, uint32_t page)
{
    return cgdt_array_index_(fixed->count, fixed->common, page);
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
    const uint32_t index = index_of(fixed, page);
    cgdt_desc_t *at;

    if (index == fixed->count)
        return -CGDT_ENOMEM;
    at = (cgdt_desc_t *)fixed->pages + (size_t)index * CGDT_PAGE_ENTRIES;
    if ((uintptr_t)at % CGDT_PAGE_BYTES != 0 || !is_zero(at))
        return -CGDT_EPROTO;
    if (page == CGDT_COMMON_PAGE) /* others are looking */
        fixed->common = true;
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
    cgdt_spin_lock_(&((struct cgdt_fixed *)ctx)->locked);
}

static void fixed_unlock(void *ctx)
{
    cgdt_spin_unlock_(&((struct cgdt_fixed *)ctx)->locked);
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
