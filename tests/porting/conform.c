/* SPDX-License-Identifier: MIT */
/* The self-test for ports; see conform.h. */
#include "conform.h"

#include <cgdt/check.h>
#include <cgdt/error.h>

#define PAGES        2u
#define SLOT_ENTRIES 16u
#define SLOT_OFFSET  32u /* the third slot of its page */
#define DATA         0x00cff3000000ffffull

struct page {
    void *view;
    cgdt_frame_t frame;
};

struct trial {
    const struct cgdt_port *port;
    void *ctx;
    struct page pages[PAGES];
};

const char *conform_text(enum conform broken)
{
    static const char *const texts[CONFORM_LAST] = {
        "the port keeps the contract",
        "there are no two pages to try",
        "an operation is missing",
        "a page is not aligned to 4096 bytes",
        "a page is not zero when it is mapped",
        "a store to a private page is lost",
        "two pages share an address or a frame",
        "a page cannot be sealed",
        "sealing or unsealing changed the page's contents",
        "sealing or unsealing changed the page's frame",
        "a live write failed",
        "a live write left something out",
        "a live write changed something else",
        "a page that nobody used cannot be unsealed",
    };

    return texts[broken];
}

static uint64_t load(const void *view, uint32_t entry)
{
    return ((const volatile cgdt_desc_t *)view)[entry];
}

/* All but entries first .. first+n-1 are zero, and those are DATA plus their number. */
static bool holds(const void *view, uint32_t first, uint32_t n)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        if (load(view, entry) != (entry - first < n ? DATA + ((uint64_t)entry << 16) : 0))
            return false;
    return true;
}

static enum conform map_one(struct trial *trial, uint32_t page)
{
    struct page *at = &trial->pages[page];

    at->view = NULL;
    if (trial->port->map(trial->ctx, page, &at->view) < 0 || at->view == NULL)
        return CONFORM_NO_PAGE;
    if ((uintptr_t)at->view % CGDT_PAGE_BYTES != 0)
        return CONFORM_ALIGNED;
    if (!holds(at->view, 0, 0))
        return CONFORM_ZERO;
    return trial->port->frame(trial->ctx, page, at->view, &at->frame) < 0 ? CONFORM_DISTINCT
                                                                          : CONFORM_OK;
}

/* Descriptors of the first slot, by ordinary stores. */
static enum conform fill_private(const struct trial *trial)
{
    cgdt_desc_t *view = trial->pages[0].view;

    for (uint32_t entry = 0; entry < SLOT_ENTRIES; entry++)
        cgdt_store_descriptor(&view[entry], DATA + ((uint64_t)entry << 16));
    if (!holds(view, 0, SLOT_ENTRIES))
        return CONFORM_WRITABLE;
    return holds(trial->pages[1].view, 0, 0) ? CONFORM_OK : CONFORM_DISTINCT;
}

/* What must not change: contents (those of fill_private()) and frame. */
static enum conform unchanged(const struct trial *trial)
{
    cgdt_frame_t frame = ~trial->pages[0].frame;

    if (!holds(trial->pages[0].view, 0, SLOT_ENTRIES))
        return CONFORM_SAME_CONTENTS;
    if (trial->port->frame(trial->ctx, 0, trial->pages[0].view, &frame) < 0 ||
        frame != trial->pages[0].frame)
        return CONFORM_SAME_FRAME;
    return CONFORM_OK;
}

/* One batch on the slot at SLOT_OFFSET: values, or zeros where it is NULL. */
static enum conform write(const struct trial *trial, const cgdt_desc_t *values)
{
    const cgdt_desc_t *view = trial->pages[0].view;
    struct cgdt_batch batch = {
        .slot = view + SLOT_OFFSET,
        .values = values,
        .slot_offset = SLOT_OFFSET,
        .first = 0,
        .count = SLOT_ENTRIES,
        .profile = CGDT_XEN_PV64,
        .order = CGDT_BATCH_ANY,
        .kept = true,
    };

    if (trial->port->live_write(trial->ctx, 0, view, &batch) < 0)
        return CONFORM_LIVE_WRITE;
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
        const bool inside = entry - SLOT_OFFSET < SLOT_ENTRIES;
        const uint64_t mine = values != NULL && inside ? values[entry - SLOT_OFFSET] : 0;
        const uint64_t other = entry < SLOT_ENTRIES ? DATA + ((uint64_t)entry << 16) : 0;

        if (load(view, entry) != (inside ? mine : other))
            return inside ? CONFORM_WRITTEN : CONFORM_NOTHING_ELSE;
    }
    return CONFORM_OK;
}

static enum conform live(const struct trial *trial)
{
    cgdt_desc_t values[SLOT_ENTRIES];
    enum conform broken;

    if (trial->port->live_write == NULL)
        return CONFORM_OK;
    for (uint32_t i = 0; i < SLOT_ENTRIES; i++)
        values[i] = i % 3 == 0 ? 0 : DATA + i;
    broken = write(trial, values);
    for (uint32_t i = 0; i < SLOT_ENTRIES; i++)
        values[i] = i % 2 == 0 ? values[i] : DATA + 100 + i;
    if (broken == CONFORM_OK)
        broken = write(trial, values);
    return broken == CONFORM_OK ? write(trial, NULL) : broken;
}

static enum conform sealed(struct trial *trial)
{
    const struct cgdt_port *port = trial->port;
    enum conform broken;

    if (port->seal(trial->ctx, 0, &trial->pages[0].view) < 0)
        return CONFORM_SEAL;
    broken = unchanged(trial);
    if (broken == CONFORM_OK)
        broken = live(trial);
    if (port->unseal(trial->ctx, 0, &trial->pages[0].view) < 0)
        return CONFORM_UNSEAL;
    if (broken == CONFORM_OK)
        broken = unchanged(trial);
    return broken == CONFORM_OK ? fill_private(trial) : broken;
}

static enum conform use(struct trial *trial)
{
    const struct page *pages = trial->pages;
    enum conform broken;

    if (pages[0].view == pages[1].view || pages[0].frame == pages[1].frame)
        return CONFORM_DISTINCT;
    broken = fill_private(trial);
    return broken == CONFORM_OK ? sealed(trial) : broken;
}

/* Both pages, as the core does: mapped in rising order, given back. */
static enum conform once(struct trial *trial)
{
    enum conform broken = CONFORM_OK;
    uint32_t mapped = 0;

    if (trial->port->lock != NULL)
        trial->port->lock(trial->ctx);
    while (mapped < PAGES && broken == CONFORM_OK) {
        broken = map_one(trial, mapped);
        mapped += broken != CONFORM_NO_PAGE;
    }
    if (broken == CONFORM_OK)
        broken = use(trial);
    while (mapped-- > 0)
        trial->port->unmap(trial->ctx, mapped, trial->pages[mapped].view);
    if (trial->port->unlock != NULL)
        trial->port->unlock(trial->ctx);
    return broken;
}

enum conform conform_check(const struct cgdt_port *port, void *ctx)
{
    struct trial trial = {.port = port, .ctx = ctx};
    enum conform broken;

    if (port->map == NULL || port->seal == NULL || port->unseal == NULL || port->unmap == NULL ||
        port->frame == NULL || (port->live_write == NULL && !port->direct) ||
        (port->lock == NULL) != (port->unlock == NULL))
        return CONFORM_MISSING;
    /* Twice: a page that comes back is dirty, and must be zero again. */
    broken = once(&trial);
    return broken == CONFORM_OK ? once(&trial) : broken;
}
