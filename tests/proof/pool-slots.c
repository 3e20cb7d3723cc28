/* SPDX-License-Identifier: MIT */
/* Slots in and out, by induction (pool-any.h), with grow.c and slot.c as they are promised. */
#define PROOF_GROWTH
#define PROOF_SLOT
#include "pool-contracts.h"

static bool holds_the_template(uint32_t slot)
{
    return watched_slot() != slot || watched == template_there();
}

static bool is_as_it_was(uint32_t slot)
{
    return slot_is_as_it_was(slot) && (watched_slot() != slot || watched == was.watched);
}

/* One slot of any way to ask for one: the lowest free, with the template, or nothing at all. */
static void is_one_slot(int error, cgdt_slot_t got, uint32_t slot, bool was_free)
{
    const bool mine = error == 0 && got == handle_of(slot);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error == 0 || got == CGDT_NO_SLOT, "no slot where it fails");
    CLAIM(error != 0 || cgdt_slot_number(got) < SLOTS, "a slot of the pool");
    CLAIM(!mine || (is_owned(slot) && holds_the_template(slot)),
          "it is the caller's, with the template and zeros");
    CLAIM(mine || !served(slot / COLORS) || is_as_it_was(slot), "no other slot has changed");
    CLAIM(error != 0 || !was_free || mine || cgdt_slot_number(got) < slot, "the lowest");
}

void an_alloc_takes_the_lowest_free_slot_or_changes_nothing(void)
{
    const uint32_t slot = any_below(SLOTS);
    cgdt_slot_t got = any_u32();

    any_pool();
    const bool was_free = is_free(slot);
    const int error = cgdt_alloc(&pool, &got);

    is_one_slot(error, got, slot, was_free);
    CLAIM(error == 0 || error == -CGDT_ENOSPC || is_the_ports(error), "a code that is documented");
    CLAIM(error != -CGDT_ENOSPC || !was_free || port_code == error, "full only if it is");
    CLAIM(error != 0 || !is_pinned(cgdt_slot_number(got)), "no CPU's");
}

void an_alloc_that_may_not_wait_asks_for_no_page(void)
{
    const uint32_t slot = any_below(SLOTS);
    cgdt_slot_t got = any_u32();

    any_pool();
    const bool was_free = is_free(slot);
    const int error = cgdt_alloc_nowait(&pool, &got);

    is_one_slot(error, got, slot, was_free);
    CLAIM(error == 0 || error == -CGDT_EAGAIN || is_the_ports(error), "a code that is documented");
    CLAIM(error != -CGDT_EAGAIN || !was_free || port_code == error, "none only if there is none");
    CLAIM(words[1] == was.words[1] && words[LINES - 1] == was.words[LINES - 1], "no page");
}

void a_free_zeroes_and_frees_its_slot_or_changes_nothing(void)
{
    const uint32_t slot = any_below(SLOTS);
    const cgdt_slot_t handle = any_u32();

    any_pool();
    const bool mine = handle == handle_of(slot) && is_owned(slot);
    const bool was_pinned = is_pinned(slot);
    const int error = cgdt_free(&pool, handle);
    const bool is_the_same = (handle & CGDT_SLOT_NUMBER_MASK) == slot + 1;

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || !is_the_same || (mine && !was_pinned), "its owner's handle alone is good");
    CLAIM(error != 0 || !mine || (is_free(slot) && is_zero(slot)), "it is free, and zero");
    CLAIM(error != 0 || !mine || handle_of(slot) != handle, "and the handle is good no more");
    CLAIM(mine || is_as_it_was(slot), "no other slot has changed");
    CLAIM(error == 0 || error == -CGDT_ENOENT || error == -CGDT_ESTALE || error == -CGDT_EBUSY ||
              is_the_ports(error),
          "a code that is documented");
    CLAIM(!mine || was_pinned || error == 0 || (failed && error == port_code),
          "an owner hears no but from the port");
    CLAIM(!mine || !was_pinned || error == -CGDT_EBUSY, "of a CPU's slot: busy");
}

static cgdt_slot_t slots[3];

void a_bulk_gives_all_or_nothing(void)
{
    const uint32_t n = any_below(3);
    const uint32_t slot = any_below(SLOTS);
    bool is_left = false;
    bool mine = false;

    any_pool();
    for (uint32_t i = 0; i < 2; i++)
        slots[i] = any_u32();
    const int error = cgdt_alloc_bulk(&pool, n, slots);

    for (uint32_t i = 0; i < n; i++) {
        mine = mine || slots[i] == handle_of(slot);
        is_left = is_left || slots[i] != CGDT_NO_SLOT;
        CLAIM(error != 0 || (cgdt_slot_number(slots[i]) < SLOTS), "slots of the pool");
        CLAIM(error != 0 || i == 0 || slots[i] != slots[i - 1], "each another");
    }
    keeps_invariant();
    CLAIM(error == 0 || is_left || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error == 0 || !is_left || failed, "but what the port did not take back");
    CLAIM(!mine || n == 0 || (is_owned(slot) && holds_the_template(slot)),
          "each is the caller's, with the template");
    CLAIM(n == 0 || mine || !served(slot / COLORS) || is_as_it_was(slot),
          "no other slot has changed");
    CLAIM(error == 0 || error == -CGDT_ENOSPC || is_the_ports(error), "a code that is documented");
}

void a_bulk_free_frees_what_it_can_and_nothing_that_is_not_its_owners(void)
{
    const uint32_t n = any_below(4);
    const uint32_t slot = any_below(SLOTS);
    bool asked = false;
    bool is_kept_there = false;

    any_pool();
    for (uint32_t i = 0; i < 3; i++) {
        slots[i] = any_u32();
        asked = asked || (i < n && slots[i] == handle_of(slot));
    }
    const bool mine = asked && is_owned(slot) && !is_pinned(slot);
    const int error = cgdt_free_bulk(&pool, n, slots);

    for (uint32_t i = 0; i < n; i++)
        is_kept_there = is_kept_there || slots[i] == handle_of(slot);
    keeps_invariant();
    CLAIM(error != 0 || !asked || (mine && is_free(slot) && is_zero(slot)),
          "all are free, and zero");
    CLAIM((error != -CGDT_ENOENT && error != -CGDT_ESTALE && error != -CGDT_EBUSY) || failed ||
              nothing_has_changed(),
          "nothing is freed where one is no owner's");
    CLAIM(!mine || !is_owned(slot) || is_as_it_was(slot), "who stays is as he was");
    CLAIM(!mine || !is_owned(slot) || is_kept_there, "and his handle stays in the list");
    CLAIM(asked || is_as_it_was(slot), "no other slot has changed");
    CLAIM(error == 0 || error == -CGDT_ENOENT || error == -CGDT_ESTALE || error == -CGDT_EBUSY ||
              is_the_ports(error),
          "a code that is documented");
}
