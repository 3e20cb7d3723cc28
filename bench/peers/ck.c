/* SPDX-License-Identifier: MIT */
/*
 * A free list on Concurrency Kit's lock-free stack. The links are in an array of their own, since a
 * table holds descriptors and nothing else. Last in, first out.
 */
#include "all.h"

#include <ck_stack.h>
#include <stdlib.h>

struct list {
    ck_stack_t stack; /* first: aligned to 16 for CMPXCHG16B */
    cgdt_desc_t *tables;
    ck_stack_entry_t *links;
    uint32_t n;
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct list *list = ctx;

    return list->tables + (handle - 1) * PEER_TABLE_ENTRIES;
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    struct list *list = ctx;
    const ck_stack_entry_t *link = ck_stack_pop_mpmc(&list->stack);

    (void)cpu;
    if (link == NULL)
        return 0;
    const size_t number = (size_t)(link - list->links);
    peer_write_table(list->tables + number * PEER_TABLE_ENTRIES);
    return number + 1;
}

static inline void give(void *ctx, uintptr_t handle)
{
    struct list *list = ctx;

    ck_stack_push_mpmc(&list->stack, &list->links[handle - 1]);
}

#include "loops.h"

static void list_close(void *ctx)
{
    struct list *list = ctx;

    if (list->tables != NULL)
        peer_memory_free(list->tables, (size_t)list->n * PEER_TABLE_BYTES);
    free(list->links);
    free(list);
}

static void *list_open(uint32_t tables)
{
    struct list *list = aligned_alloc(64, (sizeof(*list) + 63) / 64 * 64);

    if (list == NULL)
        return NULL;
    *list = (struct list){.n = tables};
    ck_stack_init(&list->stack);
    list->tables = peer_memory((size_t)tables * PEER_TABLE_BYTES);
    list->links = calloc(tables, sizeof(*list->links));
    if (list->tables == NULL || list->links == NULL) {
        list_close(list);
        return NULL;
    }
    for (uint32_t i = tables; i-- > 0;) /* table 0 on top */
        ck_stack_push_spnc(&list->stack, &list->links[i]);
    return list;
}

const struct peer PEER_SYMBOL(peer_ck) = {
    .name = PEER_NAME("ck-list"),
    .what = "a free list on Concurrency Kit's lock-free stack",
    .table_bytes = PEER_TABLE_BYTES,
    .open = list_open,
    .close = list_close,
    PEER_LOOPS,
};
