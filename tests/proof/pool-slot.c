/* SPDX-License-Identifier: MIT */
/* What slot.h promises, of slot.c and store.c: what pool-contracts.h has in their place. */
#include "pool-contracts.h"

#include "store.h"

/* Ordinary stores go to its page, so that nobody has to be asked. */
static bool takes_stores(uint32_t slot)
{
    return !sealed[slot / COLORS + 1] || pool.given.port.direct || pool.given.port.writable != NULL;
}

/* A slot that is claimed: of a cache's here, since the page of a coming one is private. */
void a_claimed_slot_gets_the_template_or_stays_zero(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_pool();
    ASSUME(cached[slot]);
    const int error = cgdt_slot_fill_slowly_(&pool, slot, NULL);

    keeps_nothing_but(slot);
    CLAIM(error != 0 || watched_slot() != slot || watched == template_there(), "the template");
    CLAIM(error == 0 || watched == was.watched, "or zero, as it was");
    CLAIM(error == 0 || (failed && error == port_code), "the port's code");
    CLAIM(!takes_stores(slot) || error == 0, "from a port that is asked");
    CLAIM(is_marked(slot) == (was.bytes.marks[0] >> slot & 1), "its mark is as it was");
}

void the_same_by_the_quick_way(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_pool();
    ASSUME(cached[slot]);
    const bool done = cgdt_slot_fill_plainly_(&pool, slot);

    keeps_nothing_but(slot);
    CLAIM(!done || watched_slot() != slot || watched == template_there(), "the template");
    CLAIM(done || watched == was.watched, "or nothing");
    CLAIM(!done || takes_stores(slot), "where ordinary stores go");
}

/* A slot that its owner has begun to free. */
static void any_releasing(uint32_t slot)
{
    any_pool();
    ASSUME(is_owned(slot));
    bytes.owners[slot] = (uint8_t)((bytes.owners[slot] + 1) & 63u);
    remember();
}

void a_slot_is_zeroed_with_its_mark_or_is_as_it_was(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_releasing(slot);
    const int error =
        any_bool() ? cgdt_slot_erase_slowly_(&pool, slot) : cgdt_slot_erase_all_(&pool, slot);

    keeps_nothing_but(slot);
    CLAIM(error != 0 || (is_zero(slot) && !is_marked(slot)), "zero, and without a mark");
    CLAIM(error == 0 ||
              (watched == was.watched && is_marked(slot) == (was.bytes.marks[0] >> slot & 1)),
          "or as it was, with its mark");
    CLAIM(error == 0 || (failed && error == port_code), "the port's code");
    CLAIM(!takes_stores(slot) || error == 0, "from a port that is asked");
}

void a_slot_without_a_mark_is_zeroed_by_the_quick_way(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_releasing(slot);
    const bool done = cgdt_slot_erase_plainly_(&pool, pool.map.serialized, slot);

    keeps_nothing_but(slot);
    CLAIM(!done || (is_zero(slot) && !is_marked(slot)), "zero, and it had no mark");
    CLAIM(done || watched == was.watched, "or as it was");
}

/* Which handles are good, and what a bad one is told: slots.h on cgdt_free(), in other words. */
void a_handle_is_good_while_its_generation_owns_the_slot(void)
{
    const cgdt_slot_t handle = any_u32();
    struct page_state page = {NULL, false, false, false};
    uint32_t owner = SLOTS;
    bool is_there = false;

    any_pool();
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (is_owned(slot) && handle == handle_of(slot))
            owner = slot;
        is_there = is_there || (handle & CGDT_SLOT_NUMBER_MASK) == slot + 1;
    }
    const int error = cgdt_slot_lookup_(&pool, handle, &page);

    CLAIM((error == 0) == (owner < SLOTS), "its owner's, and no other");
    CLAIM(error != 0 || (page.view == view_of(owner / COLORS + 1) && !page.held &&
                         page.sealed == sealed[owner / COLORS + 1]),
          "and leads to its page");
    CLAIM(is_there || error == -CGDT_ENOENT, "no such slot");
    CLAIM(error == 0 || error == -CGDT_ENOENT || error == -CGDT_ESTALE || error == -CGDT_EBUSY,
          "a code that is documented");
    CLAIM(nothing_has_changed(), "it is only looked at");
}
