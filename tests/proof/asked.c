/* SPDX-License-Identifier: MIT */
/* What tests/proof/test-run asks `run`, to see that it answers as it should: no theorems. */
#include "proof.h"

#include "cgdt/layout.h"

static unsigned table[4];

void it_holds(void)
{
    const uint32_t x = any_u32();

    table[x % 4] = x;
    CLAIM(x * 2u == x + x, "twice");
    CLAIM(table[x & 3u] == x, "there");
}

/* What CBMC sees without a solver. */
void it_holds_at_once(void)
{
    CLAIM(sizeof(uint64_t) == 8, "eight");
}

void it_does_not_hold(void)
{
    const uint32_t x = any_u32();

    CLAIM((x | 1u) != 0, "one bit");
    CLAIM(x * 3u != 51, "not 17");
    CLAIM((x & ~x) == 0, "none");
}

void it_does_not_hold_at_once(void)
{
    CLAIM(sizeof(uint64_t) == 9, "nine");
}

void an_index_is_outside(void)
{
    const uint32_t x = any_u32();

    table[x & 7u] = 1;
    CLAIM((x | 1u) != 0, "one bit");
}

void a_loop_goes_further(void)
{
    const uint32_t x = any_u32();
    uint32_t n = 0;

    while (n < x)
        n++;
    CLAIM(n == x, "so far");
}

void it_claims_nothing(void)
{
    table[any_u32() & 3u] = 1;
}

/* As the core has it: of the mutant offset-of-half-a-slot it is not so. */
void the_core_is_asked(void)
{
    const struct cgdt_layout layout = {
        .slot_entries = 32, .reserved_entry = 7168, .window_pages = 14, .mode = CGDT_MODE_PAGED};
    const cgdt_slot_t slot = any_below(224);

    table[slot & 7u] = 1; /* wrong, and no claim */
    CLAIM(cgdt_slot_offset(&layout, slot) % 32 == 0, "a slot's beginning");
}
