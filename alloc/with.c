/* SPDX-License-Identifier: MIT */
/*
 * A slot that comes with its owner's descriptors: cgdt_alloc_with(). The template and they are one
 * table before a slot is looked for, so a page in service changes once, by one batch, and a new
 * page has them before it is sealed.
 */
#include "with.h"
#include "accept.h"
#include "cgdt/slots.h"
#include "grow.h"
#include "slot.h"

/* Entries of a table that lies on the stack in any case; one of i386 Linux. */
#define FEW 32u

/* What is asked for. */
struct order {
    const cgdt_desc_t *own; /* the caller's */
    uint32_t count;         /* entries from entry 0 on: the template's and the caller's */
    uint32_t pin;
    uint32_t number;         /* the slot that was claimed for it */
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
    load_each(table + order->batch.first, order->own, order->batch.count);
}

/* Onto the slot, which is zero. */
CGDT_COMPACT_ static int put_table(const struct cgdt_pool *pool, struct order *order)
{
    return cgdt_slot_change_(pool, order->number, &order->batch);
}

/* Under the lock: a page more, whose lowest slot has the table before others can see it. */
CGDT_COMPACT_ static int grow_with(struct cgdt_pool *pool, struct order *order)
{
    struct growth growth = {0, 0, 0, 0};
    uint32_t page;
    int error;

    do {
        order->number = CGDT_SLOTMAP_NONE;
        error = cgdt_grow_page_(pool, &growth, &page);
        if (error != 0)
            return error;
        order->number = cgdt_pool_first_of_(pool, page);
        (void)put_table(pool, order); /* the page is private: that cannot fail */
    } while (!cgdt_grow_seal_(pool, &growth, page));
    cgdt_pool_serve_(pool, page, 1);
    return 0;
}

/* No slot was free at some moment of this call. */
CGDT_SELDOM_ static int put_growing(struct cgdt_pool *pool, struct order *order)
{
    int error = 0;

    cgdt_pool_lock_(pool);
    order->number = cgdt_slotmap_take_slowly_(&pool->map); /* another CPU may have grown the pool */
    const bool grows = order->number == CGDT_SLOTMAP_NONE;
    if (grows)
        error = grow_with(pool, order);
    cgdt_pool_unlock_(pool);
    return grows ? error : put_table(pool, order);
}

/* Who frees the slot has to look behind what every slot begins with: see cgdt_write(). */
static inline void mark_slot(struct cgdt_pool *pool, const struct order *order)
{
#ifdef __OPTIMIZE_SIZE__
    cgdt_store32_relaxed_(&pool->clear_entries, order->table.entries);
#else
    if (order->count > pool->clear_entries)
        (void)cgdt_slotmap_mark_(&pool->map, order->number);
#endif
}

CGDT_COMPACT_ static int take_with(struct cgdt_pool *pool, struct order *order, cgdt_slot_t *slot)
{
    order->number = cgdt_slotmap_take_slowly_(&pool->map);
    const int error =
        order->number != CGDT_SLOTMAP_NONE ? put_table(pool, order) : put_growing(pool, order);

    if (error == 0) {
        mark_slot(pool, order);
        *slot = cgdt_slot_handle_(order->number,
                                  cgdt_slotmap_own_(&pool->map, order->number, order->pin));
    } else if (order->number != CGDT_SLOTMAP_NONE) {
        cgdt_slotmap_publish_bits_(&pool->map, order->number, 1);
    }
    return error;
}

/* By the rule of cgdt_write(), for a slot that has the template. */
static CGDT_INLINE_UNLESS_SMALL_ int take_accepted(struct cgdt_pool *pool, struct order *order,
                                                   cgdt_desc_t *table, cgdt_slot_t *slot)
{
    struct cgdt_batch *batch = &order->batch;

    lay_table(pool, order, table);
    order->table.descs = table;
    batch->values = table + batch->first;
    const int error =
        batch->count != 0 ? cgdt_accept_(batch, &order->table, table + batch->first) : 0;
    if (error < 0)
        return error;
    batch->values = table;
    batch->first = 0;
    batch->count = (uint16_t)order->count;
    return take_with(pool, order, slot);
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

static CGDT_INLINE_UNLESS_SMALL_ int take_with_few(struct cgdt_pool *pool, struct order *order,
                                                   cgdt_slot_t *slot)
{
    cgdt_desc_t table[FEW + 1];

    return take_accepted(pool, order, table, slot);
}

CGDT_COMPACT_ int cgdt_with_alloc_(struct cgdt_pool *pool, uint32_t first, const void *desc,
                                   uint32_t n, uint32_t pin, cgdt_slot_t *slot)
{
    const struct cgdt_config *config = &pool->given.config;
    struct order order = {
        .own = desc,
        .count = config->template_entries,
        .pin = pin,
        .table = {NULL, config->layout.slot_entries, !config->layout.common, pool->read_only},
        .batch = {.profile = config->profile,
                  .first = (uint16_t)first,
                  .count = (uint16_t)n,
                  .order = CGDT_BATCH_FALLING,
                  .stored = pool->template_stored}};

    if (slot == NULL)
        return -CGDT_EINVAL;
    *slot = CGDT_NO_SLOT;
    const int error = cgdt_accept_range_(&order.table, first, n, desc);
    if (error != 0)
        return error;
    if (n != 0 && first + n > order.count)
        order.count = first + n;
    return order.count <= FEW ? take_with_few(pool, &order, slot)
                              : take_with_many(pool, &order, slot);
}

int cgdt_alloc_with(struct cgdt_pool *pool, uint32_t first, const void *desc, uint32_t n,
                    cgdt_slot_t *slot)
{
    return cgdt_with_alloc_(pool, first, desc, n, 0, slot);
}
