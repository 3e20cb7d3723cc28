/* SPDX-License-Identifier: MIT */
/* The self-test for ports; see conform.h. */
#include "conform.h"

#include <cgdt/check.h>
#include <cgdt/error.h>

#define PAGES        2u
#define SLOT_ENTRIES 16u
#define SLOT_OFFSET  32u /* the third slot of its page */
#define DATA         0x00cff3000000ffffull
#define VALUES       24u

/*
 * A page, and what must be on it: so little that it fits on a kernel's stack, where two copies of
 * pages do not.
 */
struct page {
    void *view;
    cgdt_frame_t frame;
    bool filled;                    /* by fill_private(): its first slot */
    cgdt_desc_t slot[SLOT_ENTRIES]; /* the one at SLOT_OFFSET */
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

/* Another one for each page and entry. */
static uint64_t filling(uint32_t page, uint32_t entry)
{
    return DATA + ((uint64_t)page << 24) + ((uint64_t)entry << 16);
}

static uint64_t expected(const struct trial *trial, uint32_t page, uint32_t entry)
{
    const struct page *at = &trial->pages[page];

    if (entry - SLOT_OFFSET < SLOT_ENTRIES)
        return at->slot[entry - SLOT_OFFSET];
    return at->filled && entry < SLOT_ENTRIES ? filling(page, entry) : 0;
}

static bool is_as_expected(const struct trial *trial, uint32_t page)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        if (load(trial->pages[page].view, entry) != expected(trial, page, entry))
            return false;
    return true;
}

static enum conform map_one(struct trial *trial, uint32_t page)
{
    struct page *at = &trial->pages[page];

    at->view = NULL;
    at->filled = false;
    /* No memset() may come of it, which a kernel need not have. */
    for (uint32_t i = 0; i < SLOT_ENTRIES; i++)
        cgdt_store_descriptor(&at->slot[i], 0);
    if (trial->port->map(trial->ctx, page, &at->view) < 0 || at->view == NULL)
        return CONFORM_NO_PAGE;
    if ((uintptr_t)at->view % CGDT_PAGE_BYTES != 0)
        return CONFORM_ALIGNED;
    if (!is_as_expected(trial, page))
        return CONFORM_ZERO;
    return trial->port->frame(trial->ctx, page, at->view, &at->frame) < 0 ? CONFORM_DISTINCT
                                                                          : CONFORM_OK;
}

/* Descriptors of the first slots, by ordinary stores. */
static enum conform fill_private(struct trial *trial)
{
    for (uint32_t page = 0; page < PAGES; page++) {
        struct page *at = &trial->pages[page];
        cgdt_desc_t *view = at->view;

        for (uint32_t entry = 0; entry < SLOT_ENTRIES; entry++)
            cgdt_store_descriptor(&view[entry], filling(page, entry));
        at->filled = true;
        if (!is_as_expected(trial, page))
            return CONFORM_WRITABLE;
        if (!is_as_expected(trial, 1 - page))
            return CONFORM_DISTINCT;
    }
    return CONFORM_OK;
}

/* What sealing and unsealing leave alone: that there are two pages, their contents and frames. */
static enum conform unchanged(const struct trial *trial)
{
    if (trial->pages[0].view == trial->pages[1].view)
        return CONFORM_DISTINCT;
    for (uint32_t page = 0; page < PAGES; page++) {
        const struct page *at = &trial->pages[page];
        cgdt_frame_t frame = ~at->frame;

        if (!is_as_expected(trial, page))
            return CONFORM_SAME_CONTENTS;
        if (trial->port->frame(trial->ctx, page, at->view, &frame) < 0 || frame != at->frame)
            return CONFORM_SAME_FRAME;
    }
    return CONFORM_OK;
}

struct change {
    uint8_t page;
    uint8_t first; /* entry of the slot at SLOT_OFFSET */
    uint8_t count;
    uint8_t from; /* the first of the values; VALUES: zeros */
};

/* All of both pages, after a batch. */
static enum conform written(const struct trial *trial, const struct change *change)
{
    for (uint32_t page = 0; page < PAGES; page++) {
        for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
            const uint32_t at = entry - SLOT_OFFSET - change->first;

            if (load(trial->pages[page].view, entry) != expected(trial, page, entry))
                return page == change->page && at < change->count ? CONFORM_WRITTEN
                                                                  : CONFORM_NOTHING_ELSE;
        }
    }
    return CONFORM_OK;
}

/* As the core does it: where the port says that the page is writable, or by live_write(). */
static bool store(const struct trial *trial, uint32_t page, const cgdt_desc_t *view,
                  struct cgdt_batch *batch)
{
    cgdt_desc_t *writable;

    if (trial->port->writable == NULL)
        return trial->port->live_write(trial->ctx, page, view, batch) >= 0;
    writable = trial->port->writable(trial->ctx, page, view);
    if (writable != NULL)
        cgdt_batch_store(batch, writable);
    return writable != NULL;
}

static enum conform write(struct trial *trial, const struct change *change, const uint64_t *values)
{
    struct page *at = &trial->pages[change->page];
    const cgdt_desc_t *view = at->view;
    const bool zeros = change->from == VALUES;
    struct cgdt_batch batch = {
        .slot = view + SLOT_OFFSET,
        .values = zeros ? NULL : values + change->from,
        .slot_offset = SLOT_OFFSET,
        .first = change->first,
        .count = change->count,
        .profile = CGDT_PROFILE_XEN_PV64,
        .order = CGDT_BATCH_ANY,
        .stored = true,
    };

    for (uint32_t i = 0; i < change->count; i++)
        cgdt_store_descriptor(&at->slot[change->first + i], zeros ? 0 : batch.values[i]);
    return store(trial, change->page, view, &batch) ? written(trial, change) : CONFORM_LIVE_WRITE;
}

static enum conform live(struct trial *trial)
{
    /*
     * Whole slots; parts of an empty and of a full one, on either page; zeros. All are empty at the
     * end.
     */
    static const struct change changes[] = {
        {0, 0, SLOT_ENTRIES, 0}, {0, 0, SLOT_ENTRIES, 8},      {1, 5, 3, 11}, {0, 6, 2, 1},
        {1, 5, 3, VALUES},       {0, 0, SLOT_ENTRIES, VALUES},
    };
    enum conform broken = CONFORM_OK;
    uint64_t values[VALUES];

    if (trial->port->live_write == NULL && trial->port->writable == NULL)
        return CONFORM_OK;
    for (uint32_t i = 0; i < VALUES; i++)
        values[i] = i % 5 == 0 ? 0 : DATA + i;
    for (uint32_t i = 0; i < sizeof(changes) / sizeof(changes[0]) && broken == CONFORM_OK; i++)
        broken = write(trial, &changes[i], values);
    return broken;
}

static enum conform sealed(struct trial *trial)
{
    const struct cgdt_port *port = trial->port;
    enum conform broken = CONFORM_OK;
    uint32_t nr_sealed = 0;

    while (nr_sealed < PAGES && broken == CONFORM_OK) {
        broken = port->seal(trial->ctx, nr_sealed, &trial->pages[nr_sealed].view) < 0
                     ? CONFORM_SEAL
                     : unchanged(trial);
        nr_sealed += broken != CONFORM_SEAL;
    }
    if (broken == CONFORM_OK)
        broken = live(trial);
    while (nr_sealed-- > 0)
        if (port->unseal(trial->ctx, nr_sealed, &trial->pages[nr_sealed].view) < 0 &&
            broken == CONFORM_OK)
            broken = CONFORM_UNSEAL;
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
    struct trial trial;
    enum conform broken;

    trial.port = port;
    trial.ctx = ctx;
    if (port->map == NULL || port->seal == NULL || port->unseal == NULL || port->unmap == NULL ||
        port->frame == NULL ||
        (port->live_write == NULL && port->writable == NULL && !port->direct) ||
        (port->lock == NULL) != (port->unlock == NULL))
        return CONFORM_MISSING;
    /* Twice: a page that comes back is dirty, and must be zero again. */
    broken = once(&trial);
    return broken == CONFORM_OK ? once(&trial) : broken;
}
