/* SPDX-License-Identifier: MIT */
/*
 * cgdt_recover(), from any state in which CPUs can have died: less is true of that than of a state
 * between two calls (pool-any.h), as said below. What it leads to is such a state.
 */
#define PROOF_DIRECTORY
#define PROOF_SLOT
#define PROOF_NO_INVARIANT /* any_pool() asks for none */
#include "pool-contracts.h"

#include "cgdt/cpus.h"

/* Pages as ever, but for those on their way in; counts may be anything. */
static bool wrecked_pages_are_sane(void)
{
    uint32_t slots = 0;

    if (is_mapped_now((uint32_t)-1) ? !pool.given.config.layout.common || is_held((uint32_t)-1)
                                    : pool.given.config.layout.common)
        return false;
    for (uint32_t page = 0; page < PAGES; page++) {
        const uintptr_t tags = words[page + 1] & (CGDT_PAGE_BYTES - 1u);
        const bool inside = is_paged() && page % window_pages() != 0;

        if (is_coming(page) && !is_held(page))
            return false;
        if (mapped[page + 1] ? words[page + 1] - tags != address_of(page + 1) ||
                                   (sealed[page + 1] ? (tags & CGDT_PAGE_SEALED_) == 0
                                                     : (tags & CGDT_PAGE_SEALED_) != 0)
                             : words[page + 1] != 0)
            return false;
        if (serves(page) && pool.live && !sealed[page + 1])
            return false;
        if (inside && ((is_mapped_now(page) && !is_mapped_now(page - 1)) ||
                       (serves(page) && !serves(page - 1))))
            return false;
        slots += serves(page) ? slots_of(page) : 0;
    }
    return pool.reserved_slots <= slots && page_is_sane(COMMON) &&
           (!pool.live || !pool.given.config.layout.common || sealed[COMMON]);
}

/*
 * What is free or owned is as ever, and what was pinned once holds what an owner's slot does. What
 * is none of these may be half written.
 */
static bool wrecked_slot_is_sane(uint32_t slot)
{
    const bool null_entry = !pool.given.config.layout.common && watched_offset() == 0;

    if (!serves(slot / COLORS))
        return !is_free(slot) && !is_owned(slot) && !is_pinned(slot) && !is_marked(slot);
    if (is_free(slot))
        return !is_owned(slot) && !is_pinned(slot) && !is_marked(slot) && is_zero(slot) &&
               slot / COLORS < pool.map.end;
    if (!is_owned(slot) && !is_pinned(slot))
        return true;
    return (is_marked(slot) || is_zero_behind_template(slot)) &&
           (watched_slot() != slot || is_acceptable(null_entry, pool.read_only));
}

/* A CPU that was at nothing has its slot alone. What others were at, is in no word to be told. */
static bool wrecked_directory_is_sane(void)
{
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++) {
        const uint32_t number = (directory[cpu] & CGDT_SLOT_NUMBER_MASK) - 1;

        if ((directory[cpu] & ~CGDT_CPU_BUSY_) == 0)
            continue;
        if (number >= SLOTS)
            return false;
        if ((directory[cpu] & CGDT_CPU_BUSY_) != 0)
            continue;
        if (!is_owned(number) || !is_pinned(number) || directory[cpu] != handle_of(number))
            return false;
        for (uint32_t other = 0; other < cpu; other++)
            if (directory[other] == directory[cpu])
                return false;
    }
    return true;
}

void what_dead_cpus_had_is_nobodys_and_all_else_as_it_was(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t cpu = any_below(SLOTS);

    any_pool();
    for (uint32_t page = 0; page < PAGES; page++) {
        if (any_bool() && mapped[page + 1])
            words[page + 1] |= CGDT_PAGE_COMING_;
        ASSUME((free_words[page] >> slots_of(page)) == 0);
    }
    for (uint32_t each = 0; each < SLOTS; each++) {
        cached[each] = false;
        ASSUME(wrecked_slot_is_sane(each));
    }
    pool.map.lookers = any_u32();
    ASSUME(wrecked_pages_are_sane() && wrecked_directory_is_sane());
    ASSUME(pool.map.end <= PAGES && (summary[0] >> PAGES) == 0);
    ASSUME(watched_line != COMMON || !mapped[COMMON] || is_acceptable(watched_entry == 0, false));
    remember();
    const bool was_owned = is_owned(slot);
    const bool was_pinned = is_pinned(slot);
    const bool was_free = is_free(slot);
    const bool was_busy = (directory[cpu] & CGDT_CPU_BUSY_) != 0;
    const int result = cgdt_recover(&pool);

    CLAIM(result >= 0 || (failed && result == port_code), "the port's code");
    CLAIM(was_busy || directory[cpu] == was.directory[cpu], "a CPU that was at nothing");
    CLAIM(!was_owned || was_pinned || slot_is_as_it_was(slot), "an owner keeps his slot");
    CLAIM(!was_free || slot_is_as_it_was(slot), "what was free is free");
    CLAIM(watched == was.watched || watched == 0, "nothing is written but zeros");
    if (result >= 0)
        keeps_invariant();
    CLAIM(result < 0 || pool.mover == 0, "nobody moves");
}
