/* SPDX-License-Identifier: MIT */
/*
 * Protocols of alloc/slotmap.c: free bits, the summary, the exact look. A map of words of two bits,
 * so that few slots have a tree of two or three levels.
 */
#include "slotmap.c" /* its static functions, too */

#include "batch.h"
#include "protocol.h"

#include <string.h>

static struct slotmap map;
static _Alignas(8) unsigned char memory[256];
static cgdt_desc_t slot[1];
static uint32_t message;

#define WORD(index)    (&map.level[0][index])
#define SUMMARY(above) (&map.level[above][0])

/* Of so many slots, of which those are free that `free_bits` has. */
static void make_map(uint32_t slots, uint64_t free_bits)
{
    memset(memory, 0, sizeof(memory));
    memset(slot, 0, sizeof(slot));
    message = 0;
    map = (struct slotmap){.slots = 0};
    cgdt_slotmap_init_(&map, memory, slots, false);
    cgdt_slotmap_cover_(&map, slots - 1);
    for (uint32_t i = 0; i < slots; i++) {
        if ((free_bits >> i & 1) != 0)
            cgdt_slotmap_publish_bits_(&map, i, 1);
    }
    search_name(WORD(0), "free bits");
    if (slots > 2) {
        search_name(WORD(1), "free bits behind");
        search_name(SUMMARY(1), "summary");
    }
    if (slots > 4)
        search_name(SUMMARY(2), "summary above");
    search_name(&map.lookers, "lookers");
    search_name(&map.events, "events");
    search_name(&map.end, "end");
    search_name(&map.owners[0], "byte");
    search_name(&slot[0], "slot");
    search_name(&message, "message");
    search_watch(&map, sizeof(map));
    search_watch(memory, sizeof(memory));
}

static void put(uint32_t number)
{
    if (!cgdt_slotmap_put_(&map, false, number)) /* as alloc.c */
        cgdt_slotmap_mark_room_(&map, 0, number >> CGDT_SLOTMAP_WORD_SHIFT);
}

static void one_free(void)
{
    make_map(1, 1);
}

static void both_free(void)
{
    make_map(2, 3);
}

static void own_and_free_it(void)
{
    uint32_t number;

    if (!cgdt_slotmap_take_at_once_(&map, false, &number))
        return;
    search_tell(0, 1);
    cgdt_plain_store_(&slot[0], 1);
    cgdt_plain_store_(&slot[0], 0);
    put(number);
}

/* What comes to who has a slot of which another CPU has just been the owner. */
static void use_it(void)
{
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&slot[0]));
    cgdt_plain_store_(&slot[0], 2);
}

static const char *is_zero_and_ones_own(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    if (search_told(0, 0) != 0)
        protocol_reached();
    if (search_told(1, 1) != 0)
        return "what was claimed is not zero";
    return search_final(&slot[0]) == 2 ? NULL : "the owner before stores into what was claimed";
}

static void take_and_use_it(void)
{
    uint32_t number;

    if (cgdt_slotmap_take_at_once_(&map, false, &number))
        use_it();
}

static void claim_and_use_it(void)
{
    uint32_t first;

    if (cgdt_slotmap_claim_(&map, 1, &first) != 0)
        use_it();
}

static void retire_and_use_it(void)
{
    if (cgdt_slotmap_retire_(&map, 0, 2))
        use_it();
}

static void take_it(void)
{
    uint32_t number;

    search_tell(0, cgdt_slotmap_take_at_once_(&map, false, &number));
}

static void retire_it(void)
{
    search_tell(0, cgdt_slotmap_retire_(&map, 0, 1));
}

static const char *is_ones(void)
{
    const uint64_t had = search_told(0, 0) + search_told(1, 0);

    if (had != 0)
        protocol_reached();
    return had < 2 ? NULL : "two have it";
}

/* The summary. */

static void stale(void)
{
    make_map(4, 0);
    SUMMARY(1)[0] = 1;
}

static void put_0(void)
{
    put(0);
}

static void publish_0(void)
{
    cgdt_slotmap_publish_bits_(&map, 0, 1);
}

static void find_word_full(void)
{
    mark_full(&map, 0, 0);
}

static void find_word_above_full(void)
{
    mark_full(&map, 1, 0);
}

static const char *is_found_by_a_walk(void)
{
    protocol_reached();
    return (search_final(SUMMARY(1)) & 1) != 0 ? NULL : "a free slot that no walk finds";
}

static void stale_twice(void)
{
    make_map(8, 0);
    SUMMARY(1)[0] = 1;
    SUMMARY(2)[0] = 1;
}

static const char *is_found_by_a_long_walk(void)
{
    protocol_reached();
    return (search_final(SUMMARY(1)) & search_final(SUMMARY(2)) & 1) != 0
               ? NULL
               : "a free slot that no walk finds";
}

/* The exact look. */

static void second_word_free(void)
{
    make_map(4, 1u << 2);
}

static void put_and_take_behind(void)
{
    put(0);
    search_tell(0, cgdt_slotmap_take_bit_(false, WORD(1), 0));
}

static void look_for_one(void)
{
    uint32_t first;

    search_tell(0, look_exactly(&map, 1, &first) != 0);
}

static const char *finds_one(void)
{
    if (search_told(0, 0) != 0)
        protocol_reached();
    return search_told(1, 0) != 0 ? NULL : "none, although one was free at every moment";
}

/* The same by two CPUs, the kernel's own word between them. */
static void put_and_tell(void)
{
    put(0);
    search_store(&message, sizeof(message), 1, __ATOMIC_RELEASE, "kernel_tells");
}

static void hear_and_take_behind(void)
{
    if (search_load(&message, sizeof(message), __ATOMIC_ACQUIRE, "kernel_hears") != 0)
        search_tell(0, cgdt_slotmap_take_bit_(false, WORD(1), 0));
}

static void look_for_one_meanwhile(void)
{
    uint32_t first;

    search_tell(1, look_exactly(&map, 1, &first) != 0);
}

static const char *still_finds_one(void)
{
    if (search_told(1, 0) != 0)
        protocol_reached();
    return search_told(2, 1) != 0 ? NULL : "none, although one was free at every moment";
}

/* The first word's slot is free; the second word is not in use yet. */
static void one_word(void)
{
    make_map(4, 1);
    map.end = 1;
}

static void grow_and_take(void)
{
    cgdt_slotmap_cover_(&map, 2);
    cgdt_slotmap_publish_bits_(&map, 2, 1);
    search_tell(0, cgdt_slotmap_take_bit_(false, WORD(0), 0));
}

const struct protocol slot_protocols[] = {
    {.name = "a-slot-that-is-taken-at-once-is-zero-and-ones-own",
     .program = {2, 0, one_free, {own_and_free_it, take_and_use_it}, NULL},
     .wrong = is_zero_and_ones_own},
    {.name = "a-slot-that-is-claimed-by-a-walk-is-zero-and-ones-own",
     .program = {2, 0, one_free, {own_and_free_it, claim_and_use_it}, NULL},
     .wrong = is_zero_and_ones_own},
    {.name = "a-page-that-is-retired-is-zero-and-nobodys",
     .program = {2, 0, both_free, {own_and_free_it, retire_and_use_it}, NULL},
     .wrong = is_zero_and_ones_own},
    {.name = "the-last-slot-goes-to-one-of-two-claims",
     .program = {2, 0, one_free, {take_it, take_it}, NULL},
     .wrong = is_ones},
    {.name = "a-slot-goes-to-a-claim-or-with-its-page",
     .program = {2, 0, one_free, {take_it, retire_it}, NULL},
     .wrong = is_ones},
    {.name = "a-slot-that-is-put-is-found-by-a-walk",
     .program = {2, 0, stale, {put_0, find_word_full}, NULL},
     .wrong = is_found_by_a_walk},
    {.name = "a-slot-that-is-published-is-found-by-a-walk",
     .program = {2, 0, stale, {publish_0, find_word_full}, NULL},
     .wrong = is_found_by_a_walk},
    {.name = "a-slot-deep-in-the-tree-is-found-by-a-walk",
     .program = {3, 0, stale_twice, {put_0, find_word_full, find_word_above_full}, NULL},
     .wrong = is_found_by_a_long_walk},
    {.name = "an-exact-look-finds-what-is-put-while-it-looks",
     .program = {2, 0, second_word_free, {put_and_take_behind, look_for_one}, NULL},
     .wrong = finds_one},
    {.name = "an-exact-look-finds-what-goes-from-cpu-to-cpu-while-it-looks",
     .program = {3,
                 0,
                 second_word_free,
                 {put_and_tell, hear_and_take_behind, look_for_one_meanwhile},
                 NULL},
     .wrong = still_finds_one},
    {.name = "an-exact-look-finds-what-is-on-a-page-that-comes",
     .program = {2, 0, one_word, {grow_and_take, look_for_one}, NULL},
     .wrong = finds_one},
    {.name = NULL},
};
