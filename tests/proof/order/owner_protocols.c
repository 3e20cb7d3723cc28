/* SPDX-License-Identifier: MIT */
/*
 * Protocols of alloc/slotmap.h and batch.h: whose a slot is, by its byte; its mark; what is in it.
 */
#include "batch.h"
#include "protocol.h"
#include "slotmap.h"

#include <string.h>

static struct slotmap map;
static _Alignas(8) unsigned char memory[128];
static cgdt_desc_t slot[8];
static uint32_t message;

/* Two slots, neither of them free. */
static void none_free(void)
{
    memset(memory, 0, sizeof(memory));
    memset(slot, 0, sizeof(slot));
    message = 0;
    map = (struct slotmap){.slots = 0};
    cgdt_slotmap_init_(&map, memory, 2, false);
    search_name(&map.level[0][0], "free bits");
    search_name(&map.owners[0], "byte");
    search_name(cgdt_slotmap_marks_(&map, 0), "marks");
    search_name(&slot[0], "slot");
    search_name(&slot[1], "slot's second");
    search_name(&message, "message");
    search_watch(&map, sizeof(map));
    search_watch(memory, sizeof(memory));
}

static const char *is_ones(void)
{
    const uint64_t had = search_told(0, 0) + search_told(1, 0);

    if (had != 0)
        protocol_reached();
    return had < 2 ? NULL : "two have it";
}

/* Owners' bytes. */

static void fill_and_own_it(void)
{
    cgdt_plain_store_(&slot[0], 1);
    (void)cgdt_slotmap_own_(&map, 0, 0);
}

static void fill_and_own_as(void)
{
    cgdt_plain_store_(&slot[0], 1);
    cgdt_slotmap_own_as_(&map, 0, 0, 0);
}

static void look_at_it(void)
{
    if (!cgdt_slotmap_is_owned_(cgdt_slotmap_owner_(&map, 0), 0))
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&slot[0]));
}

static const char *has_its_template(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 1 ? NULL : "an owned slot without its template";
}

static void free_with(uint32_t pin)
{
    uint8_t seen;

    if (!cgdt_slotmap_release_begin_(&map, 0, 0, pin, &seen))
        return;
    search_tell(0, 1);
    cgdt_plain_store_(&slot[0], 0);
    (void)cgdt_slotmap_put_(&map, false, 0);
}

/* One that the port could not zero stays its owner's. */
static void fail_to_free(void)
{
    uint8_t seen;

    if (!cgdt_slotmap_release_begin_(&map, 0, 0, 0, &seen))
        return;
    search_tell(0, 1);
    cgdt_plain_store_(&slot[0], 3);
    cgdt_slotmap_release_abort_(&map, 0, 0, 0);
}

static void free_it(void)
{
    free_with(0);
}

static void free_it_pinned(void)
{
    free_with(CGDT_SLOTMAP_PINNED);
}

static void pin_it(void)
{
    uint8_t seen;

    search_tell(0, cgdt_slotmap_pin_(&map, 0, 0, &seen));
}

static const char *is_zeroed_last(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_final(&slot[0]) == 0 ? NULL : "the owner stores into what is free";
}

static void owned(void)
{
    none_free();
    map.owners[0] = CGDT_SLOTMAP_OWNED;
}

/* Marks. */

static void write_and_hand_over(void)
{
    (void)cgdt_slotmap_mark_(&map, 0);
    cgdt_plain_store_(&slot[0], 1);
    search_store(&message, sizeof(message), 1, __ATOMIC_RELEASE, "kernel_hands_over");
}

static void get_and_free_it(void)
{
    uint8_t seen;

    if (search_load(&message, sizeof(message), __ATOMIC_ACQUIRE, "kernel_gets") == 0 ||
        !cgdt_slotmap_release_begin_(&map, 0, 0, 0, &seen))
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_slotmap_is_marked_(&map, false, 0));
}

static const char *is_marked(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "what was written is not looked at";
}

static void mark_0(void)
{
    (void)cgdt_slotmap_mark_(&map, 0);
}

static void mark_1(void)
{
    (void)cgdt_slotmap_mark_(&map, 1);
}

static const char *has_both_marks(void)
{
    protocol_reached();
    return search_final(cgdt_slotmap_marks_(&map, 0)) == 3 ? NULL : "a neighbour's mark is lost";
}

/* Descriptors. */

static const cgdt_desc_t pair[2] = {1, 2};

static void fill_pair(void)
{
    cgdt_plain_fill_(slot, pair, 2);
}

static void read_low_first(void)
{
    search_tell(0, cgdt_load_descriptor_(&slot[0]));
    search_tell(1, cgdt_load_descriptor_(&slot[1]));
}

static const char *is_no_half_of_a_new_one(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "the half with the present bit comes first";
}

static void pair_there(void)
{
    none_free();
    slot[0] = 1;
    slot[1] = 2;
}

static void clear_pair(void)
{
    cgdt_plain_clear_(slot, 8);
}

static void read_high_first(void)
{
    search_tell(1, cgdt_load_descriptor_(&slot[1]));
    search_tell(0, cgdt_load_descriptor_(&slot[0]));
}

static const char *is_no_half_of_an_old_one(void)
{
    if (search_told(1, 1) != 0)
        return NULL;
    protocol_reached();
    return search_told(1, 0) == 0 ? NULL : "the half with the present bit goes last";
}

#define COMPILER_BARRIER                                                                           \
    {                                                                                              \
        {                                                                                          \
            "batch.h", "__asm__ volatile(\"\" ::: \"memory\");"                                    \
        }                                                                                          \
    }

const struct protocol owner_protocols[] = {
    {.name = "who-finds-a-slot-owned-finds-its-template",
     .program = {2, 0, none_free, {fill_and_own_it, look_at_it}, NULL},
     .wrong = has_its_template},
    {.name = "who-finds-a-slot-of-a-cache-owned-finds-its-template",
     .program = {2, 0, none_free, {fill_and_own_as, look_at_it}, NULL},
     .wrong = has_its_template},
    {.name = "a-free-on-another-cpu-zeroes-behind-the-template",
     .program = {2, 0, none_free, {fill_and_own_it, free_it}, NULL},
     .wrong = is_zeroed_last},
    {.name = "an-offline-behind-a-pin-zeroes-behind-the-template",
     .program = {3, 0, none_free, {fill_and_own_it, free_it_pinned, pin_it}, NULL},
     .wrong = is_zeroed_last},
    {.name = "a-free-behind-one-that-failed-zeroes-behind-it",
     .program = {2, 0, owned, {fail_to_free, free_it}, NULL},
     .wrong = is_zeroed_last},
    {.name = "of-two-frees-of-a-handle-one-succeeds",
     .program = {2, 0, owned, {free_it, free_it}, NULL},
     .wrong = is_ones},
    {.name = "a-slot-is-pinned-or-freed",
     .program = {2, 0, owned, {free_it, pin_it}, NULL},
     .wrong = is_ones},
    {.name = "who-frees-a-slot-sees-its-mark",
     .program = {2, 0, owned, {write_and_hand_over, get_and_free_it}, NULL},
     .wrong = is_marked},
    {.name = "no-mark-is-lost-by-a-neighbours",
     .program = {2, 0, none_free, {mark_0, mark_1}, NULL},
     .wrong = has_both_marks},
    {.name = "the-present-half-of-a-descriptor-comes-last",
     .program = {2, 0, none_free, {fill_pair, read_low_first}, NULL},
     .wrong = is_no_half_of_a_new_one,
     .by_tso_alone = true,
     .quotes = COMPILER_BARRIER},
    {.name = "the-present-half-of-a-descriptor-goes-first",
     .program = {2, 0, pair_there, {clear_pair, read_high_first}, NULL},
     .wrong = is_no_half_of_an_old_one,
     .by_tso_alone = true,
     .quotes = COMPILER_BARRIER},
    {.name = NULL},
};
