/* SPDX-License-Identifier: MIT */
/*
 * A slot that comes with what its owner asks for: cgdt_alloc_for(). The template and the owner's
 * descriptors are one table before a slot is looked for, so a page in service changes once, by one
 * batch, and a new page has them before it is sealed. Where the slot is to lie is near.c's.
 */
#include "with.h"
#include "accept.h"
#include "alloc.h"
#include "near.h"

/* Entries of a table that lies on the stack in any case; one of i386 Linux. */
#define FEW 32u

/* What it had in 0.2; and it ends with its last field: as those of pool.c. */
#define REQUEST_BYTES_0_2 CGDT_END_OF_(struct cgdt_request, near)

_Static_assert(CGDT_END_OF_(struct cgdt_request, near) == sizeof(struct cgdt_request),
               "cgdt_request ends with its last field");

/* What is asked for. */
struct order {
    struct cgdt_request asked; /* the caller's */
    uint32_t pin;
    uint32_t count;          /* entries from entry 0 on: the template's and the caller's */
    struct table table;      /* what a slot that has the template holds */
    struct cgdt_batch batch; /* the caller's into that; and then all of it onto zeros */
};

/*
 * Each value is loaded once: what is judged is what is stored. Volatile for that, and for no
 * compiler to call memcpy().
 */
CGDT_COMPACT_ static void load_each(cgdt_desc_t *to, const cgdt_desc_t *from, uint32_t n)
{
    while (n-- > 0)
        to[n] = ((const volatile cgdt_desc_t *)from)[n];
}

/* The template and zeros, one more than there are entries; and the caller's over them. */
CGDT_COMPACT_ static void lay_table(const struct cgdt_pool *pool, struct order *order,
                                    cgdt_desc_t *table)
{
    /* Volatile, for no compiler to call memset(). */
    for (uint32_t entry = 0; entry <= order->count; entry++)
        *(volatile cgdt_desc_t *)&table[entry] = 0;
    load_each(table, pool->given.config.template_descs, pool->given.config.template_entries);
    load_each(table + order->batch.first, order->asked.desc, order->batch.count);
}

/* own: NULL, for the template alone. */
CGDT_COMPACT_ static int take(struct cgdt_pool *pool, const struct order *order,
                              struct cgdt_batch *own, cgdt_slot_t *slot)
{
    const struct cgdt_request *asked = &order->asked;

    if (asked->apart != 0)
        return cgdt_near_alloc_(pool, asked->near_count, asked->near, own, order->pin, slot);
    return cgdt_alloc_from_(pool, cgdt_slotmap_take_slowly_(&pool->map), own, order->pin, slot);
}

/* By the rule of cgdt_write(), for a slot that has the template. */
static CGDT_INLINE_UNLESS_SMALL_ int take_accepted(struct cgdt_pool *pool, struct order *order,
                                                   cgdt_desc_t *table, cgdt_slot_t *slot)
{
    struct cgdt_batch *batch = &order->batch;

    lay_table(pool, order, table);
    order->table.descs = table;
    batch->values = table + batch->first;
    const int error = cgdt_accept_(batch, &order->table, table + batch->first);
    if (error < 0)
        return error;
    batch->values = table;
    batch->first = 0;
    batch->count = (uint16_t)order->count;
    return take(pool, order, batch, slot);
}

/* Of a large slot: as cgdt_write(). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-larger-than="
CGDT_SELDOM_ static int take_with_many(struct cgdt_pool *pool, struct order *order,
                                       cgdt_slot_t *slot)
{
    cgdt_desc_t table[CGDT_PAGE_ENTRIES + 1];

    return take_accepted(pool, order, table, slot);
}
#pragma GCC diagnostic pop

CGDT_APART_ static int take_with_few(struct cgdt_pool *pool, struct order *order, cgdt_slot_t *slot)
{
    cgdt_desc_t table[FEW + 1];

    return take_accepted(pool, order, table, slot);
}

/* Where the caller's descriptors end, behind the template's, or within them. */
CGDT_COMPACT_ static int take_order(struct cgdt_pool *pool, struct order *order, cgdt_slot_t *slot)
{
    const struct cgdt_request *asked = &order->asked;
    const int error = cgdt_accept_range_(&order->table, asked->first, asked->count, asked->desc);

    if (error != 0)
        return error;
    if (asked->count == 0)
        return take(pool, order, NULL, slot);
#ifdef __OPTIMIZE_SIZE__
    /* As cgdt_write(): each free looks at all of its slot from here on. */
    cgdt_store32_relaxed_(&pool->clear_entries, order->table.entries);
#endif
    order->batch.first = (uint16_t)asked->first;
    order->batch.count = (uint16_t)asked->count;
    if (asked->first + asked->count > order->count)
        order->count = asked->first + asked->count;
    return order->count <= FEW ? take_with_few(pool, order, slot)
                               : take_with_many(pool, order, slot);
}

/* Whether it is one, of this version or another: what it has more must be zero. */
CGDT_COMPACT_ static int check_request(const struct cgdt_request *request)
{
    const any_word *words = (const any_word *)request;

    if (request == NULL || request->struct_bytes < REQUEST_BYTES_0_2 ||
        request->struct_bytes % sizeof(*words) != 0)
        return -CGDT_EINVAL;
    for (size_t i = sizeof(*request) / sizeof(*words); i < request->struct_bytes / sizeof(*words);
         i++) {
        if (words[i] != 0)
            return -CGDT_E2BIG;
    }
    return 0;
}

/* The caller's, one by one: of a whole struct a compiler makes memcpy(). */
CGDT_COMPACT_ static int take_request(const struct cgdt_request *request,
                                      struct cgdt_request *asked)
{
    const int error = check_request(request);

    if (error != 0)
        return error;
    asked->first = request->first;
    asked->count = request->count;
    asked->apart = request->apart;
    asked->near_count = request->near_count;
    asked->desc = request->desc;
    asked->near = request->near;
    const bool near_is_there = asked->near_count == 0 || (asked->apart != 0 && asked->near != NULL);
    return near_is_there && asked->apart <= 1 ? 0 : -CGDT_EINVAL;
}

CGDT_COMPACT_ int cgdt_with_alloc_(struct cgdt_pool *pool, const struct cgdt_request *request,
                                   uint32_t pin, cgdt_slot_t *slot)
{
    const struct cgdt_config *config = &pool->given.config;
    struct order order = {
        .pin = pin,
        .count = config->template_entries,
        .table = {NULL, config->layout.slot_entries, !config->layout.common, pool->read_only},
        .batch = {.profile = config->profile,
                  .order = CGDT_BATCH_FALLING,
                  .stored = pool->template_stored}};
    int error = take_request(request, &order.asked);

    if (error == 0)
        error = take_order(pool, &order, slot);
    if (error != 0)
        *slot = CGDT_NO_SLOT;
    return error;
}

int cgdt_alloc_for(struct cgdt_pool *pool, const struct cgdt_request *request, cgdt_slot_t *slot)
{
    return slot != NULL ? cgdt_with_alloc_(pool, request, 0, slot) : -CGDT_EINVAL;
}
