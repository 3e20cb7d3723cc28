/* SPDX-License-Identifier: MIT */
/*
 * Slots that come with what their owner asks for, by induction (pool-any.h): up to 2 descriptors
 * among the first 4 entries, by any profile that finds no pairs; near up to 2 others.
 */
#define PROOF_GROWTH
#define PROOF_SLOT
#include "pool-contracts.h"

#include "cgdt/slots.h"

#define MOST 2u

/* Questions of a case each, where all at once is too much for a solver. */
#ifndef PROOF_COUNT
#define PROOF_COUNT any_below(MOST + 1)
#endif
#ifndef PROOF_APART
#define PROOF_APART any_u32()
#endif
#define more_than_1 any_more_than_1()

static cgdt_desc_t values[MOST];

static inline uint32_t any_more_than_1(void)
{
    const uint32_t n = any_u32();

    ASSUME(n > 1);
    return n;
}

/* What is wrong with values, by the words of contents.h; 0: nothing is. */
static bool is_refused(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        cgdt_desc_t stored = values[i];

        if (judge(&profile, values[i], &stored) == CGDT_BAD_SYSTEM_TYPE || !is_kept(stored))
            return true;
    }
    return false;
}

static void any_values(void)
{
    for (uint32_t i = 0; i < MOST; i++)
        values[i] = any_u64();
}

void a_slot_comes_with_its_descriptors_or_nothing_changes(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t first = any_below(3);
    const uint32_t n = PROOF_COUNT;
    cgdt_slot_t got = any_u32();
    const cgdt_slot_t near[2] = {any_u32(), any_u32()};
    const struct cgdt_request request = {.struct_bytes = sizeof(request),
                                         .first = first,
                                         .count = n,
                                         .apart = PROOF_APART,
                                         .near_count = any_below(3),
                                         .desc = values,
                                         .near = near};

    any_pool();
    any_values();
    const bool was_free = is_free(slot);
    const int error = cgdt_alloc_for(&pool, &request, &got);
    const bool mine = error == 0 && got == handle_of(slot);
    const bool its = watched_slot() == slot;
    const cgdt_desc_t wanted = is_in(watched_offset(), first, n)
                                   ? stored_form(values[watched_offset() - first])
                                   : template_there();

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error == 0 || got == CGDT_NO_SLOT, "no slot where it fails");
    CLAIM(error != 0 || cgdt_slot_number(got) < SLOTS, "a slot of the pool");
    CLAIM(!mine || (is_owned(slot) && (!its || watched == wanted)),
          "it has the template, and its owner's in place of that");
    CLAIM(mine || !served(slot / COLORS) ||
              (slot_is_as_it_was(slot) && (!its || watched == was.watched)),
          "no other slot has changed");
    CLAIM(error != 0 || !is_refused(n), "nothing that is refused");
    CLAIM(error != 0 || request.apart == 1 || (request.apart == 0 && request.near_count == 0),
          "of what is a request");
    CLAIM(error != 0 || !was_free || mine || request.apart != 0 || cgdt_slot_number(got) < slot,
          "the lowest");
    CLAIM(error == 0 || error == -CGDT_EINVAL || error == -CGDT_ERANGE || error == -CGDT_EILSEQ ||
              error == -CGDT_EROFS || error == -CGDT_ENOSPC || is_the_ports(error),
          "a code that is documented");
}
