/* SPDX-License-Identifier: MIT */
/*
 * Any port of the pool of pool-state.h. It may fail at any call, and lie wherever rule 6 of port.h
 * says that it is watched; else it keeps the contract of port.h, and CLAIM()s that the core keeps
 * its part of it.
 */
#ifndef CGDT_TESTS_POOL_PORT_H
#define CGDT_TESTS_POOL_PORT_H

#include "pool-state.h"

static int fails(int code)
{
    failed = true;
    return code;
}

static void is_called_under_the_lock(void)
{
    CLAIM(locked == !pool.given.config.serialized, "pages come and go under the lock");
}

static int port_map(void *ctx, uint32_t page, void **view)
{
    const uint32_t line = page + 1;
    const uint32_t lie = any_below(4);

    (void)ctx;
    is_called_under_the_lock();
    CLAIM(line < LINES && !mapped[line], "a page of the pool that is not there is mapped");
    CLAIM(page == CGDT_COMMON_PAGE || !is_paged() || page % window_pages() == 0 || mapped[line - 1],
          "in rising order, without a gap");
    if (any_bool()) {
        out_of_pages = any_bool();
        return fails(out_of_pages ? -CGDT_ENOMEM : port_code);
    }
    mapped[line] = true;
    sealed[line] = false;
    *view = view_of(line);
    if (lie == 1)
        *view = NULL;
    if (lie == 2)
        *view = view_of(line) + 1;
    zeroed[line] = lie == 0;
    if (watched_line == line)
        watched = lie == 0 ? 0 : any_u64();
    /* What it says of frames is fixed, so a frame that is there twice is a lie. */
    lied = lied || lie != 0 || !frames_differ();
    return 0;
}

static int port_reseal(uint32_t page, void **view, bool seal)
{
    const uint32_t line = page + 1;

    is_called_under_the_lock();
    CLAIM(mapped[line] && sealed[line] != seal && *view == (void *)view_of(line),
          "a page that is there, and not sealed or unsealed yet");
    if (any_bool()) {
        stuck = stuck || !seal;
        return fails(port_code);
    }
    if (any_bool()) {
        stuck = stuck || !seal;
        lied = true;
        *view = NULL;
        return 0;
    }
    sealed[line] = seal;
    return 0;
}

static int port_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    return port_reseal(page, view, true);
}

static int port_unseal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    return port_reseal(page, view, false);
}

static void port_unmap(void *ctx, uint32_t page, void *view)
{
    const uint32_t line = page + 1;

    (void)ctx, (void)view;
    is_called_under_the_lock();
    CLAIM(mapped[line] && !sealed[line], "a private page is unmapped");
    CLAIM(!is_paged() || page == CGDT_COMMON_PAGE || (page + 1) % window_pages() == 0 ||
              page + 1 >= PAGES || !mapped[line + 1],
          "in falling order, without a gap");
    for (uint32_t color = 0; page < PAGES && color < slots_of(page); color++)
        CLAIM(dying || (!is_free(page * COLORS + color) && !is_owned(page * COLORS + color)),
              "of a page that leaves no slot is free or owned");
    mapped[line] = false;
}

static int port_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)ctx, (void)view;
    CLAIM(mapped[page + 1], "of a page that is there");
    if (any_bool())
        return fails(port_code);
    *frame = frames[page + 1];
    return 0;
}

/* A batch, as all of its stores leave the page: tests/proof/batch.c is about them. */
static void do_batch(const struct cgdt_batch *batch, cgdt_desc_t *page)
{
    const uint32_t first = batch->slot_offset + batch->first;
    cgdt_desc_t value = 0;

    CLAIM((uintptr_t)page < NO_PAGE && batch->slot == page + batch->slot_offset,
          "a batch knows its page");
    CLAIM(batch->slot_offset % ENTRIES == 0 &&
              batch->first + batch->count <=
                  ((uintptr_t)page == address_of(COMMON) ? CGDT_PAGE_ENTRIES : ENTRIES),
          "a batch is of one slot");
    if (batch->values != NULL)
        zeroed[(uintptr_t)page / CGDT_PAGE_BYTES - 1] = false;
    if ((uintptr_t)page != address_of(watched_line) || watched_entry < first ||
        watched_entry >= first + batch->count)
        return;
    CLAIM(batch->order != CGDT_BATCH_FALLING || watched == 0, "falling order is for zeros");
    if (batch->values != NULL)
        value = proof_load(&batch->values[watched_entry - first]);
    if (!batch->stored)
        (void)judge(batch->profile, value, &value);
    watched = value;
}

static int port_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const uint32_t line = page + 1;

    (void)ctx;
    CLAIM(line < LINES && mapped[line] && sealed[line] && view == view_of(line),
          "a sealed page is written live");
    if (any_bool())
        return fails(port_code);
    do_batch(batch, view_of(line));
    return 0;
}

void cgdt_batch_store(struct cgdt_batch *batch, cgdt_desc_t *page)
{
    const uint32_t line = (uint32_t)((uintptr_t)page / CGDT_PAGE_BYTES - 1);

    CLAIM(line < LINES && mapped[line] &&
              (!sealed[line] || pool.given.port.direct || pool.given.port.writable != NULL),
          "a sealed page takes no ordinary stores");
    do_batch(batch, page);
}

/* False only if nothing differs: where the watched entry does, something does. */
bool cgdt_batch_prepare_(struct cgdt_batch *batch)
{
    const uint32_t first = batch->slot_offset + batch->first;
    const uint32_t offset =
        (uint32_t)((uintptr_t)batch->slot / CGDT_DESC_BYTES) % CGDT_PAGE_ENTRIES;
    const uintptr_t page = (uintptr_t)batch->slot - offset * CGDT_DESC_BYTES;
    cgdt_desc_t value = 0;

    CLAIM(offset == batch->slot_offset, "a batch knows its page");
    batch->order = CGDT_BATCH_RISING;
    if (page != address_of(watched_line) || watched_entry < first ||
        watched_entry >= first + batch->count)
        return any_bool();
    if (batch->values != NULL)
        value = proof_load(&batch->values[watched_entry - first]);
    if (!batch->stored)
        (void)judge(batch->profile, value, &value);
    return watched != value || any_bool();
}

void cgdt_store_descriptor(cgdt_desc_t *to, cgdt_desc_t value)
{
    proof_store(to, value);
}

static cgdt_desc_t *port_writable(void *ctx, uint32_t page, const void *view)
{
    (void)ctx, (void)view;
    CLAIM(mapped[page + 1] && sealed[page + 1], "of a sealed page");
    return view_of(page + 1);
}

static int port_quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    CLAIM(cpu < SLOTS, "a CPU");
    stays = any_bool();
    return stays ? fails(port_code) : 0;
}

static void port_lock(void *ctx)
{
    (void)ctx;
    CLAIM(!locked, "the lock is taken once");
    locked = true;
}

static void port_unlock(void *ctx)
{
    (void)ctx;
    CLAIM(locked, "who has the lock lets go of it");
    locked = false;
}

#endif
