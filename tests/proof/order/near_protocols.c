/* SPDX-License-Identifier: MIT */
/* Protocols of alloc/near.c: claims under a condition, on a page of two slots. */
#include "near.c" /* its static functions, too */

#include "protocol.h"

#include <string.h>

static struct cgdt_pool pool;
static _Alignas(8) unsigned char memory[128];
static cgdt_desc_t slot[1];

static void make_page(uint64_t free_bits)
{
    memset(&pool, 0, sizeof(pool));
    memset(memory, 0, sizeof(memory));
    slot[0] = 0;
    pool.pages.count = 1;
    pool.color_shift = 1;
    cgdt_slotmap_init_(&pool.map, memory, 2, false);
    cgdt_slotmap_cover_(&pool.map, 1);
    if (free_bits != 0)
        cgdt_slotmap_publish_bits_(&pool.map, 0, free_bits);
    search_name(&pool.map.level[0][0], "free bits");
    search_name(&pool.map.owners[0], "byte");
    search_name(&pool.map.lookers, "lookers");
    search_name(&slot[0], "slot");
    search_watch(&pool, sizeof(pool));
    search_watch(memory, sizeof(memory));
}

/* The lower one is the last of its kind on the page. */
static void lower_owned(void)
{
    make_page(2);
    pool.map.owners[0] = CGDT_SLOTMAP_OWNED;
}

static void all_free(void)
{
    make_page(3);
}

static void free_the_last(void)
{
    uint8_t seen;

    if (cgdt_slotmap_release_begin_(&pool.map, 0, 0, 0, &seen))
        (void)cgdt_slotmap_put_(&pool.map, false, 0);
}

/* As claim_near(): the slot that is claimed is the lower one if the page was empty. */
static void claim_beside_it(void)
{
    search_tell(0, claim_in(&pool, 0, 1, false) == 0);
    search_tell(1, cgdt_slotmap_is_owned_(cgdt_slotmap_owner_(&pool.map, 0), 0));
}

static const char *finds_the_neighbour_gone(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 0 ? NULL : "on a page that was empty, its neighbour seems owned";
}

static void claim_alone(void)
{
    search_tell(0, claim_in(&pool, 0, 1, true) == 0);
}

static void take_the_other(void)
{
    search_tell(0, cgdt_slotmap_take_bit_(false, &pool.map.level[0][0], 1));
    search_tell(1, cgdt_slotmap_free_bits_(&pool.map, 0, 1));
}

/* Who came later to the other slot has found the lower one taken. */
static const char *is_alone(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(0, 1) == 0 ? NULL : "a page is begun on which somebody is";
}

static void own_and_free_it(void)
{
    uint32_t number;

    if (!cgdt_slotmap_take_at_once_(&pool.map, false, &number))
        return;
    search_tell(0, number == 0);
    cgdt_plain_store_(&slot[0], 1);
    cgdt_plain_store_(&slot[0], 0);
    if (number == 0)
        (void)cgdt_slotmap_put_(&pool.map, false, 0);
}

static void claim_alone_and_use_it(void)
{
    if (claim_in(&pool, 0, 1, true) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&slot[0]));
    cgdt_plain_store_(&slot[0], 2);
}

static const char *is_zero_and_ones_own(void)
{
    /* Another may come to the page's other slot once the page has an owner. */
    if (search_told(1, 0) == 0 || search_told(0, 0) == 0)
        return NULL;
    protocol_reached();
    if (search_told(1, 1) != 0)
        return "what was claimed is not zero";
    return search_final(&slot[0]) == 2 ? NULL : "the owner before stores into what was claimed";
}

static const char *is_ones(void)
{
    if (search_told(0, 0) + search_told(1, 0) != 0)
        protocol_reached();
    return search_told(0, 0) + search_told(1, 0) < 2 ? NULL : "two have it";
}

const struct protocol near_protocols[] = {
    {.name = "a-page-without-the-neighbour-is-noticed-behind-the-claim",
     .program = {2, 0, lower_owned, {free_the_last, claim_beside_it}, NULL},
     .wrong = finds_the_neighbour_gone},
    {.name = "a-page-is-begun-by-one-of-two",
     .program = {2, 0, all_free, {claim_alone, claim_alone}, NULL},
     .wrong = is_ones},
    {.name = "a-page-is-begun-while-nobody-is-on-it",
     .program = {2, 0, all_free, {take_the_other, claim_alone}, NULL},
     .wrong = is_alone},
    {.name = "a-page-that-is-begun-is-zero-and-ones-own",
     .program = {2, 0, all_free, {own_and_free_it, claim_alone_and_use_it}, NULL},
     .wrong = is_zero_and_ones_own},
    {.name = NULL},
};
