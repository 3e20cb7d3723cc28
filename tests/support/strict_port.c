/* SPDX-License-Identifier: MIT */
/* The port that watches; see strict_port.h. */
#define _GNU_SOURCE
#include "strict_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t all_bytes(const struct strict *strict)
{
    return ((size_t)strict->pages + 1) * CGDT_PAGE_BYTES;
}

bool strict_open(struct strict *strict, uint32_t pages, uint32_t window_pages, bool serialized)
{
    memset(strict, 0, sizeof(*strict));
    strict->pages = pages;
    strict->window_pages = window_pages;
    strict->serialized = serialized;
    strict->state = calloc((size_t)pages + 1, 1);

    const size_t bytes = all_bytes(strict);
    const int file = memfd_create("strict", MFD_CLOEXEC);

    if (!strict->state || file < 0 || ftruncate(file, (off_t)bytes) != 0)
        return false;
    void *rw = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void *ro = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    strict->rw = rw;
    strict->ro = ro;
    return rw != MAP_FAILED && ro != MAP_FAILED;
}

void strict_close(struct strict *strict)
{
    munmap(strict->rw, all_bytes(strict));
    munmap(strict->ro, all_bytes(strict));
    free(strict->state);
}

static uint32_t place(const struct strict *strict, uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? strict->pages : page;
}

cgdt_desc_t *strict_page(const struct strict *strict, uint32_t page)
{
    return (cgdt_desc_t *)(void *)(strict->rw + (size_t)place(strict, page) * CGDT_PAGE_BYTES);
}

enum strict_state strict_state_of(const struct strict *strict, uint32_t page)
{
    return (enum strict_state)strict->state[place(strict, page)];
}

static void demand(struct strict *strict, bool kept, const char *rule, uint32_t page)
{
    if (kept)
        return;
    if (strict->breaches++ == 0)
        (void)snprintf(strict->first_breach, sizeof(strict->first_breach), "%s (page %u)", rule,
                       page);
}

static void demand_state(struct strict *strict, const char *call, uint32_t page,
                         enum strict_state state)
{
    demand(strict, page == CGDT_COMMON_PAGE || page < strict->pages, "rule 2: no such page", page);
    demand(strict, strict_state_of(strict, page) == state, call, page);
}

static void demand_lock(struct strict *strict, uint32_t page)
{
    demand(strict, strict->locked || strict->serialized, "rule 4: without the lock", page);
}

static int strict_map(void *ctx, uint32_t page, void **view)
{
    struct strict *strict = ctx;

    demand_lock(strict, page);
    demand_state(strict, "rule 1: map of a mapped page", page, STRICT_GONE);
    if (page != CGDT_COMMON_PAGE && page % strict->window_pages != 0)
        demand(strict, strict_state_of(strict, page - 1) != STRICT_GONE,
               "rule 2: mapped before the page below it", page);
    strict->state[place(strict, page)] = STRICT_PRIVATE;
    strict->out++;
    *view = strict_page(strict, page);
    return 0;
}

static const void *sealed_view(const struct strict *strict, uint32_t page)
{
    return strict->ro + (size_t)place(strict, page) * CGDT_PAGE_BYTES;
}

static int strict_seal(void *ctx, uint32_t page, void **view)
{
    struct strict *strict = ctx;

    demand_lock(strict, page);
    demand_state(strict, "rule 3: seal of a page that is not private", page, STRICT_PRIVATE);
    demand(strict, *view == strict_page(strict, page), "rule 3: seal with another view", page);
    strict->state[place(strict, page)] = STRICT_SEALED;
    *view = strict->ro + (size_t)place(strict, page) * CGDT_PAGE_BYTES;
    return 0;
}

static int strict_unseal(void *ctx, uint32_t page, void **view)
{
    struct strict *strict = ctx;

    demand_lock(strict, page);
    demand_state(strict, "rule 3: unseal of a page that is not sealed", page, STRICT_SEALED);
    demand(strict, *view == sealed_view(strict, page), "rule 3: unseal with another view", page);
    strict->state[place(strict, page)] = STRICT_PRIVATE;
    *view = strict_page(strict, page);
    return 0;
}

static void strict_unmap(void *ctx, uint32_t page, void *view)
{
    struct strict *strict = ctx;

    demand_lock(strict, page);
    demand_state(strict, "rule 7: unmap of a page that is not private", page, STRICT_PRIVATE);
    demand(strict, view == strict_page(strict, page), "rule 7: unmap with another view", page);
    /* One that is sealed still is one that could not leave. */
    if (page != CGDT_COMMON_PAGE && page + 1 < strict->pages &&
        (page + 1) % strict->window_pages != 0)
        demand(strict, strict_state_of(strict, page + 1) != STRICT_PRIVATE,
               "rule 2: unmapped before the page above it", page);
    strict->state[place(strict, page)] = STRICT_GONE;
    strict->out--;
    memset(strict_page(strict, page), 0, CGDT_PAGE_BYTES);
}

static int strict_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    struct strict *strict = ctx;

    demand(strict, strict_state_of(strict, page) != STRICT_GONE, "frame of no page", page);
    demand(strict, view == strict_page(strict, page) || view == sealed_view(strict, page),
           "frame with another view", page);
    *frame = STRICT_FRAME + place(strict, page);
    return 0;
}

static int strict_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct strict *strict = ctx;

    demand_state(strict, "rule 3: live_write to a page that is not sealed", page, STRICT_SEALED);
    demand(strict, view == sealed_view(strict, page), "live_write with another view", page);
    cgdt_batch_store(batch, strict_page(strict, page));
    return 0;
}

static int strict_quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    (void)cpu;
    return 0;
}

static void strict_lock(void *ctx)
{
    struct strict *strict = ctx;

    demand(strict, !strict->locked, "rule 8: lock inside lock", 0);
    strict->locked = true;
}

static void strict_unlock(void *ctx)
{
    struct strict *strict = ctx;

    demand(strict, strict->locked, "unlock without lock", 0);
    strict->locked = false;
}

const struct cgdt_port strict_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = strict_map,
    .seal = strict_seal,
    .unseal = strict_unseal,
    .unmap = strict_unmap,
    .frame = strict_frame,
    .live_write = strict_live_write,
    .quiesce = strict_quiesce,
    .lock = strict_lock,
    .unlock = strict_unlock,
};

const struct cgdt_port strict_port_lockless = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = strict_map,
    .seal = strict_seal,
    .unseal = strict_unseal,
    .unmap = strict_unmap,
    .frame = strict_frame,
    .live_write = strict_live_write,
    .quiesce = strict_quiesce,
};
