/* SPDX-License-Identifier: MIT */
/*
 * After CPUs that died inside a call of the pool: cgdt_recover(). Nobody else is here, so plain
 * looks and stores will do, and what is neither free nor owned is nobody's. Must not know where
 * they died: it looks at all of the pool's state.
 */
#include "cgdt/cpus.h"
#include "cpu.h"
#include "slot.h"

#define OWNED  CGDT_SLOTMAP_OWNED
#define PINNED CGDT_SLOTMAP_PINNED

static void set_owner(struct cgdt_pool *pool, uint32_t number, uint32_t byte)
{
    cgdt_store8_release_(&pool->map.owners[number], (uint8_t)byte);
}

/* The slot is nobody's. Its handle may be in somebody's slots[] already: that one is stale now. */
static void disown(struct cgdt_pool *pool, uint32_t number)
{
    set_owner(pool, number, cgdt_slotmap_next_byte_(cgdt_slotmap_owner_(&pool->map, number)));
}

/* A page that a call had on its way in waits for a later growth. */
static void leave(struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t first = cgdt_pool_first_of_(pool, page);

    for (uint32_t n = cgdt_pool_slots_of_(pool, page); n-- > 0;)
        disown(pool, first + n);
    cgdt_page_leave_(&pool->pages, page);
}

/* The counts are those of what is in service, and a walk over all words reaches all of that. */
static void count_pages(struct cgdt_pool *pool)
{
    pool->pages.serving = 0;
    pool->pages.first_hole = 0;
    pool->served_slots = 0;
    for (uint32_t page = 0; page < pool->pages.count; page++) {
        const struct page_state state = cgdt_page_state_(&pool->pages, page);
        const uint32_t slots = cgdt_pool_slots_of_(pool, page);

        if (state.coming)
            leave(pool, page);
        if (!cgdt_page_serves_(&state))
            continue;
        pool->pages.serving++;
        pool->served_slots += slots;
        cgdt_slotmap_cover_(&pool->map, cgdt_pool_first_of_(pool, page) + slots - 1);
    }
    pool->pages.first_hole = cgdt_page_hole_(&pool->pages, 0);
}

/* Of the CPUs whose word has the bit BUSY, or has it not: OWNED for the slot that is theirs. */
static void match_words(struct cgdt_pool *pool, uint32_t busy)
{
    for (uint32_t cpu = 0; cpu < pool->given.config.max_cpus; cpu++) {
        const uint32_t word = cgdt_load32_relaxed_(&pool->directory[cpu]);
        const cgdt_slot_t slot = word & ~CGDT_CPU_BUSY_;
        const uint32_t number = cgdt_slot_number(slot);

        if ((word & CGDT_CPU_BUSY_) != busy)
            continue;
        const bool has = slot != CGDT_NO_SLOT && cgdt_slotmap_owner_(&pool->map, number) ==
                                                     (PINNED | cgdt_slot_generation_(slot));
        if (has)
            set_owner(pool, number, OWNED | PINNED | cgdt_slot_generation_(slot));
        cgdt_store32_release_(&pool->directory[cpu], has ? slot : CGDT_NO_SLOT);
    }
}

/* OWNED goes from each slot that is pinned, and comes back to those that the directory names. */
static void match_directory(struct cgdt_pool *pool)
{
    for (uint32_t number = 0; number < pool->map.slots; number++) {
        const uint32_t byte = cgdt_slotmap_owner_(&pool->map, number);

        if ((byte & PINNED) != 0)
            set_owner(pool, number, byte & ~OWNED);
    }
    match_words(pool, 0);
    /* Who was going may have freed its slot long ago: by now the handle can be another CPU's. */
    match_words(pool, CGDT_CPU_BUSY_);
}

/* 1: the slot was nobody's, and is free now; 0: it is free, or somebody's; or the port's code. */
static int regain(struct cgdt_pool *pool, uint32_t number)
{
    if ((cgdt_slotmap_owner_(&pool->map, number) & OWNED) != 0 ||
        cgdt_slotmap_free_bits_(&pool->map, number, 1) != 0)
        return 0;
    const int error = cgdt_slot_erase_all_(pool, number);
    if (error != 0)
        return error;
    disown(pool, number);
    cgdt_slotmap_publish_bits_(&pool->map, number, 1);
    return 1;
}

CGDT_SELDOM_ int cgdt_recover(struct cgdt_pool *pool)
{
    int regained = 0;
    int first_error = 0;

    count_pages(pool);
    cgdt_slotmap_forget_lookers_(&pool->map);
    cgdt_store32_release_(&pool->mover, 0);
    match_directory(pool);
    for (uint32_t number = 0; number < pool->map.slots; number++) {
        const struct page_state state =
            cgdt_page_state_(&pool->pages, cgdt_pool_page_of_(pool, number));
        const int result = cgdt_page_serves_(&state) ? regain(pool, number) : 0;

        if (result > 0)
            regained++;
        else if (first_error == 0)
            first_error = result;
    }
    return first_error < 0 ? first_error : regained;
}
