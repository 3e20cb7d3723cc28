/* SPDX-License-Identifier: MIT */
/* Protocols of calls that give slots and pages from one CPU to another. */
#include "one_pool.h"
#include "protocol.h"

/* Slots from one CPU to another. */

static void free_it(void)
{
    search_tell(0, cgdt_free(pool, had[0]) == 0);
}

static void free_through_a_cache(void)
{
    static struct cgdt_cache cache;

    (void)cgdt_cache_init(&cache, sizeof(cache), pool);
    search_tell(0, cgdt_cache_free(&cache, had[0]) == 0);
    (void)cgdt_cache_flush(&cache);
}

static void alloc_one(void)
{
    cgdt_slot_t slot;

    if (cgdt_alloc_nowait(pool, &slot) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, slot);
    search_tell(2, cgdt_load_descriptor_(&the_page[0][2]));
}

static const char *is_whole_and_new(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    if (search_told(1, 2) != 0)
        return "the new owner finds what the last one wrote";
    if (search_told(1, 1) == had[0])
        return "the new handle is the last one's";
    return search_final(&the_page[0][1]) == initial[1] && search_final(&the_page[0][2]) == 0
               ? NULL
               : "a store of the last owner's comes after the new one's";
}

/* Its handle is good for the new owner alone. */
static void free_and_alloc_through_a_cache(void)
{
    static struct cgdt_cache cache;
    cgdt_slot_t slot = CGDT_NO_SLOT;

    (void)cgdt_cache_init(&cache, sizeof(cache), pool);
    if (cgdt_cache_free(&cache, had[0]) != 0)
        return;
    search_tell(0, 1);
    (void)cgdt_cache_alloc(&cache, &slot);
}

static const char *is_ones(void)
{
    const uint64_t had_it = search_told(0, 0) + search_told(1, 0);

    if (had_it != 0)
        protocol_reached();
    return had_it < 2 ? NULL : "two have it";
}

/* A page comes. */

/* What grow.c does last, under the lock; not watched, since it counts. */
static void serve_all(void)
{
    cgdt_page_serve_(&pool->pages, 0);
    cgdt_slotmap_cover_(&pool->map, 1);
    cgdt_slotmap_publish_bits_(&pool->map, 0, 3);
    pool->pages.serving--; /* as it was, for the next run */
    pool->pages.first_hole = 0;
}

static void take_and_fill(void)
{
    uint32_t number;

    if (!cgdt_slotmap_take_at_once_(&pool->map, false, &number))
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_slot_fill_plainly_(pool, number));
}

static const char *is_writable(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "a slot is free before its page is in service";
}

static void serve_and_own(void)
{
    cgdt_page_serve_(&pool->pages, 0);
    (void)cgdt_slotmap_own_(&pool->map, 0, 0);
    pool->pages.serving--;
    pool->pages.first_hole = 0;
}

static void look_it_up(void)
{
    struct page_state state;

    if (cgdt_slot_lookup_(pool, cgdt_slot_handle_(0, 0), &state) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_page_serves_(&state));
}

static const char *is_on_a_page(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "a slot is owned before its page is in service";
}

const struct protocol pool_protocols[] = {
    {.name = "an-alloc-behind-a-free-has-a-whole-new-slot",
     .program = {2, 0, all_owned, {free_it, alloc_one}, NULL},
     .wrong = is_whole_and_new},
    {.name = "an-alloc-behind-a-flush-has-a-whole-new-slot",
     .program = {2, 0, all_owned, {free_through_a_cache, alloc_one}, NULL},
     .wrong = is_whole_and_new},
    {.name = "a-slot-that-went-through-a-cache-is-freed-by-its-new-owner",
     .program = {2, 0, all_owned, {free_and_alloc_through_a_cache, free_it}, NULL},
     .wrong = is_ones},
    {.name = "who-takes-a-slot-finds-its-page-in-service",
     .program = {2, 0, coming, {serve_all, take_and_fill}, NULL},
     .wrong = is_writable},
    {.name = "who-finds-a-slot-owned-finds-its-page-in-service",
     .program = {2, 0, coming, {serve_and_own, look_it_up}, NULL},
     .wrong = is_on_a_page},
    {.name = NULL},
};
