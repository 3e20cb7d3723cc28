/* SPDX-License-Identifier: MIT */
/* The port behind glass; see glass_port.h. */
#include "glass_port.h"

#include <stdlib.h>
#include <string.h>

bool glass_open(struct glass *glass)
{
    memset(glass, 0, sizeof(*glass));
    glass->pages = aligned_alloc(CGDT_PAGE_BYTES, GLASS_PAGES * CGDT_PAGE_BYTES);
    glass->shadow = calloc(GLASS_PAGES, CGDT_PAGE_BYTES);
    if (!glass->pages || !glass->shadow)
        return false;
    memset(glass->pages, 0, GLASS_PAGES * CGDT_PAGE_BYTES);
    return true;
}

void glass_close(struct glass *glass)
{
    free(glass->pages);
    free(glass->shadow);
}

uint32_t glass_index(uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? GLASS_PAGES - 1 : page;
}

uint32_t glass_broken(struct glass *glass)
{
    for (uint32_t i = 0; i < GLASS_PAGES; i++)
        if (glass->sealed[i] && memcmp(glass->pages[i], glass->shadow[i], CGDT_PAGE_BYTES) != 0) {
            glass->broken++;
            memcpy(glass->shadow[i], glass->pages[i], CGDT_PAGE_BYTES);
        }
    return glass->broken;
}

/* The beginning of every operation; the index of its page. */
static uint32_t enter(struct glass *glass, enum glass_event event, uint32_t page)
{
    (void)glass_broken(glass);
    if (glass->look != NULL)
        glass->look(glass->who, event, page);
    return glass_index(page);
}

static int glass_map(void *ctx, uint32_t page, void **view)
{
    struct glass *glass = ctx;
    const uint32_t i = enter(glass, GLASS_MAP, page);

    if (i >= GLASS_PAGES)
        return -CGDT_ENOMEM;
    glass->mapped[i] = true;
    *view = glass->pages[i];
    return 0;
}

static int glass_seal(void *ctx, uint32_t page, void **view)
{
    struct glass *glass = ctx;
    const uint32_t i = enter(glass, GLASS_SEAL, page);

    (void)view;
    glass->sealed[i] = true;
    memcpy(glass->shadow[i], glass->pages[i], CGDT_PAGE_BYTES);
    return 0;
}

static int glass_unseal(void *ctx, uint32_t page, void **view)
{
    struct glass *glass = ctx;
    const uint32_t i = enter(glass, GLASS_UNSEAL, page);

    (void)view;
    glass->sealed[i] = false;
    return 0;
}

static void glass_unmap(void *ctx, uint32_t page, void *view)
{
    struct glass *glass = ctx;
    const uint32_t i = enter(glass, GLASS_UNMAP, page);

    (void)view;
    glass->mapped[i] = false;
    memset(glass->pages[i], 0, CGDT_PAGE_BYTES);
}

static int glass_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)ctx;
    (void)view;
    *frame = glass_index(page);
    return 0;
}

static int glass_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct glass *glass = ctx;
    const uint32_t i = enter(glass, GLASS_LIVE_WRITE, page);
    struct cgdt_update update;

    (void)view;
    while (cgdt_batch_next(batch, &update)) {
        glass->pages[i][update.entry] = update.value;
        glass->shadow[i][update.entry] = update.value;
        if (glass->look != NULL)
            glass->look(glass->who, GLASS_STORE, page);
    }
    return 0;
}

static int glass_quiesce(void *ctx, uint32_t cpu)
{
    (void)enter(ctx, GLASS_QUIESCE, cpu);
    return 0;
}

static void glass_lock(void *ctx)
{
    (void)glass_broken(ctx);
}

const struct cgdt_port glass_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = glass_map,
    .seal = glass_seal,
    .unseal = glass_unseal,
    .unmap = glass_unmap,
    .frame = glass_frame,
    .live_write = glass_live_write,
    .quiesce = glass_quiesce,
    .lock = glass_lock,
    .unlock = glass_lock,
};
