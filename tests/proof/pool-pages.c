/* SPDX-License-Identifier: MIT */
/* Pages in and out, by induction (pool-any.h): reserve, trim, seal, destroy, and grow.h. */
#define PROOF_FRAMES
#include "pool-any.h"

#include "grow.h"

/* What was in service, to the bit. */
static bool page_is_the_same(uint32_t page)
{
    for (uint32_t slot = page * COLORS; slot < page * COLORS + slots_of(page); slot++)
        if (!slot_is_as_it_was(slot))
            return false;
    return words[page + 1] == was.words[page + 1] &&
           (watched_line != page + 1 || watched == was.watched);
}

/* What pool-contracts.h says of it: one page more, or none. */
void a_growth_holds_the_lowest_page_that_can_be_had(void)
{
    struct growth growth = {0, 0, 0, 0};
    const uint32_t other = any_below(PAGES);
    uint32_t page = PAGES;

    any_pool();
    locked = !pool.given.config.serialized;
    if (any_bool()) {
        ASSUME(serves(0) || !is_paged()); /* a page that is coming, or the lowest is in service */
        growth.from = 1;
    }
    if (any_bool()) {
        growth.refused = port_code;
        failed = true;
    }
    const struct growth before = growth;
    const int error = cgdt_grow_page_(&pool, &growth, &page);
    const bool hole = other >= before.from && !served(other);

    CLAIM(frames_differ(), "no frame is in a window twice");
    CLAIM(error != 0 || (page < PAGES && page >= before.from && !served(page)),
          "a page that was not in service");
    CLAIM(error != 0 || (is_coming(page) && is_held(page) && mapped[page + 1] &&
                         !sealed[page + 1] && (watched_line != page + 1 || watched == 0)),
          "it is held, private, and zero");
    CLAIM(error != 0 || !hole || other >= page || growth.refused != 0,
          "the lowest that the port has not refused");
    CLAIM(error != 0 || (growth.from == page + 1 && growth.end == page + 1 &&
                         growth.first == (before.end == 0 ? page : before.first)),
          "the growth knows it");
    CLAIM((error == 0 && other == page) || words[other + 1] == was.words[other + 1] ||
              (!served(other) && was.words[other + 1] != 0),
          "another page is as it was");
    CLAIM(!served(other) || page_is_the_same(other), "what is in service, to the bit");
    CLAIM(error == 0 || (error == -CGDT_ENOSPC && !hole) || is_the_ports(error),
          "a code that is documented");
}

/* And of a page that has come: it is sealed where the pool is live, or gone. */
void a_page_that_cannot_be_sealed_leaves_or_is_left_held(void)
{
    struct growth growth = {0, 0, 0, 0};
    uint32_t page = PAGES;

    any_pool();
    locked = !pool.given.config.serialized;
    ASSUME(cgdt_grow_page_(&pool, &growth, &page) == 0);
    const bool done = cgdt_grow_seal_(&pool, &growth, page);

    CLAIM(!done || (is_coming(page) && sealed[page + 1] == pool.live), "sealed where it has to be");
    CLAIM(done || !is_coming(page), "it is not coming any more");
    CLAIM(done || words[page + 1] == 0 ||
              (is_held(page) && is_paged() && page + 1 < PAGES && is_mapped_now(page + 1)),
          "it is gone, or held below another of its window");
    CLAIM(done || is_the_ports(growth.refused), "and why");
    CLAIM(done || growth.from > page, "the search goes on behind it");
    CLAIM(page_is_sane(1) || is_coming(0), "and the port knows the same");
}

void a_reserve_has_so_many_slots_in_service_or_changes_nothing(void)
{
    const uint32_t n = any_u32();
    const uint32_t slot = any_below(SLOTS);

    any_pool();
    const int error = cgdt_reserve(&pool, n);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || (pool.served_slots >= n && pool.reserved_slots == n),
          "so many, from now on");
    CLAIM(!served(slot / COLORS) || page_is_the_same(slot / COLORS), "what was there is as it was");
    CLAIM(served(slot / COLORS) || !serves(slot / COLORS) || (is_free(slot) && is_zero(slot)),
          "what came is free, and zero");
    CLAIM(error == 0 ||
              (n > SLOTS ? error == -CGDT_ENOSPC && !failed && !lied : is_the_ports(error)),
          "a code that is documented");
}

void a_trim_gives_back_what_is_above_all_that_is_needed(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t page = slot / COLORS;
    uint32_t before = 0;
    uint32_t after = 0;

    any_pool();
    const bool taken = served(page) && !is_free(slot);
    const int result = cgdt_trim(&pool);
    for (uint32_t p = 0; p < PAGES; p++) {
        before += was.words[p + 1] != 0 ? 1u : 0u;
        after += words[p + 1] != 0 ? 1u : 0u;
    }

    keeps_invariant();
    CLAIM(result > 0 || nothing_has_changed(), "nothing has changed where none was given back");
    CLAIM(before - after == (result > 0 ? (uint32_t)result : 0), "it says how many");
    CLAIM(result >= 0 || is_the_ports(result), "the port's code");
    CLAIM(!taken || page_is_the_same(page), "a page of which a slot is taken stays as it was");
    CLAIM(!served(page) || !serves(page) || page_is_the_same(page), "and so does each that stays");
    CLAIM(served(page) || !serves(page), "none comes");
    CLAIM(pool.pages.serving == was.pool.pages.serving ||
              pool.pages.serving >= pool.given.config.keep_pages,
          "as many pages as are to be kept");
    CLAIM(!serves(page) || words[page + 1] == was.words[page + 1], "a page's word to the bit");
}

void a_seal_seals_all_or_none(void)
{
    const uint32_t line = any_below(LINES);

    any_pool();
    const int error = cgdt_seal(&pool);

    keeps_invariant();
    CLAIM(error != 0 || (pool.live && (was.pool.live || !mapped[line] || sealed[line])),
          "all pages are sealed");
    CLAIM(error == 0 || !pool.live, "or the pool is not live");
    CLAIM(error == 0 || words[line] == was.words[line] || stuck ||
              words[line] == (was.words[line] & ~CGDT_PAGE_SEALED_),
          "a page is as it was, or the port would not unseal it");
    CLAIM(line == COMMON || watched_line != line || watched == was.watched, "nothing is written");
    CLAIM(!was.pool.live || (error == 0 && !failed), "in a live pool nothing is asked");
    CLAIM(error == 0 || is_the_ports(error), "a code that is documented");
}

void a_destroy_gives_all_pages_back_or_none(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t page = slot / COLORS;
    bool taken = false;

    any_pool();
    for (uint32_t s = 0; s < SLOTS; s++)
        taken = taken || (serves(s / COLORS) && !is_free(s));
    dying = true; /* what slots there are has no meaning any more */
    const int error = cgdt_pool_destroy(&pool);

    CLAIM(error != 0 || (!mapped[page + 1] && !mapped[COMMON] && words[page + 1] == 0),
          "all are given back");
    CLAIM(!locked, "the lock is free");
    if (error == 0) {
        CLAIM(!taken, "only if no slot is taken");
        return;
    }
    CLAIM(mapped[page + 1] == (was.words[page + 1] != 0), "or none");
    CLAIM(!taken || (error == -CGDT_EBUSY && !failed && nothing_has_changed()),
          "while a slot is taken nothing is touched");
    CLAIM(taken || is_the_ports(error), "a code that is documented");
    CLAIM(!serves(page) || (slot_is_as_it_was(slot) && served(page)), "a slot is as it was");
    CLAIM(serves(page) || !is_free(slot), "or absent, on a page that is held");
    pool.reserved_slots = 0; /* what is held counts for it no more */
    CLAIM(pages_are_sane(), "pages in service have no gap, are sealed, and counted");
    CLAIM(map_is_sane() && slots_are_sane(), "what is free is found, and zero");
}
