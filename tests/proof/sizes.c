/* SPDX-License-Identifier: MIT */
/*
 * How many bytes a pool takes, for every max_cpus and every layout: reckoned again here in 64 bits
 * that cannot overflow. And which slots are whose page's, and where the parts of a slot map lie.
 */
#include "proof.h"

#include <cgdt/pool.h>

#include "pool.h"

/* 1 to 2^24, with no more bits than that takes, so that sums of it are small formulas. */
static uint32_t any_cpus(void)
{
    return 1 + (any_u32() & (CGDT_MAX_SLOTS - 1));
}

#ifdef PROOF_ANY_MAP
/*
 * In the place of the slot map's own: any bytes that the theorem about those allows. So the sum
 * below is one of four numbers, whatever a map takes.
 */
static size_t map_bytes;

size_t cgdt_slotmap_bytes_(uint32_t slots)
{
    (void)slots;
    return map_bytes;
}

void no_size_of_a_pool_overflows_for_any_number_of_cpus(void)
{
    const uint32_t cpus = any_cpus();

    map_bytes = any_u32() & (PROOF_MOST_BYTES - 1);
    for (uint32_t entries = 8; entries <= 512; entries *= 2) {
        const struct cgdt_config config = {.layout = {.slot_entries = (uint16_t)entries},
                                           .max_cpus = cpus};
        const uint64_t pages = (cpus + (uint64_t)(512 / entries - 1)) / (512 / entries);
        const uint64_t bytes = sizeof(struct cgdt_pool) + (uint64_t)map_bytes +
                               (pages + 1) * sizeof(uintptr_t) + 4 * (uint64_t)cpus;

        CLAIM(cgdt_pool_bytes_of_(&config) == bytes, "as reckoned in 64 bits: nothing is lost");
        CLAIM(bytes <= 0x7fffffff, "a size for 32 bits, too");
    }
}
#else

/*
 * With what CBMC says of each sum on the way (--unsigned-overflow-check): a map has a size, and no
 * more than the theorem about the pool's takes for granted.
 */
void no_size_of_a_slot_map_overflows(void)
{
    const uint32_t slots = any_cpus();
    const size_t bytes = cgdt_slotmap_bytes_(slots);

    CLAIM(bytes < PROOF_MOST_BYTES, "less than 2^25 bytes");
    CLAIM(bytes > slots, "a byte of each slot's owner, and more");
}
#endif

/* Every slot below max_cpus is one of just one page, which the pool has. */
static void slots_are_of_a_page(uint32_t colors, uint32_t shift)
{
    const uint32_t cpus = any_cpus();
    const uint32_t pages = (cpus + colors - 1) / colors;
    const uint32_t page = any_below(CGDT_MAX_SLOTS);
    static struct cgdt_pool pool;

    ASSUME(page < pages);
    pool.map.slots = cpus;
    pool.color_shift = (uint8_t)shift;
    const uint32_t first = cgdt_pool_first_of_(&pool, page);
    const uint32_t slots = cgdt_pool_slots_of_(&pool, page);

    CLAIM(first == page * colors, "a page's slots begin where those before it end");
    CLAIM(slots >= 1 && slots <= colors, "one at least, and not more than fit");
    CLAIM(slots == colors || page == pages - 1, "only the last has less");
    CLAIM(page < pages - 1 || first + slots == cpus, "and that ends with the last CPU's");
}

void each_slot_is_of_one_page(void)
{
    for (uint32_t shift = 0; shift <= 6; shift++)
        slots_are_of_a_page(1u << shift, shift);
}
