/* SPDX-License-Identifier: MIT */
/* See calls.h. */
#include "calls.h"
#include "caches.h"
#include "contents.h"
#include "lists.h"

#include <string.h>

static void do_alloc(struct cgdt_pool *pool, struct record *record)
{
    if (record->call.n > 1)
        record->result = cgdt_alloc_bulk(pool, record->call.n, record->slot);
    else
        record->result = cgdt_alloc(pool, &record->slot[0]);
}

static void do_free(struct cgdt_pool *pool, struct record *record)
{
    cgdt_slot_t slots[MAX_BULK]; /* the call writes to them */

    memcpy(slots, record->slot, sizeof(slots));
    if (record->call.n > 1)
        record->result = cgdt_free_bulk(pool, record->call.n, slots);
    else
        record->result = cgdt_free(pool, slots[0]);
}

static void do_write(struct cgdt_pool *pool, struct record *record)
{
    cgdt_desc_t descs[VALUE_ENTRIES];

    contents_of_value(pool, record->call.n, descs);
    record->result = cgdt_write(pool, record->slot[0], contents_value_entry(cgdt_pool_layout(pool)),
                                descs, VALUE_ENTRIES);
}

static void do_read(struct cgdt_pool *pool, struct record *record)
{
    cgdt_desc_t descs[VALUE_ENTRIES] = {0, 0};

    record->result = cgdt_read(pool, record->slot[0], contents_value_entry(cgdt_pool_layout(pool)),
                               descs, VALUE_ENTRIES);
    record->value = record->result == 0 ? contents_value(pool, descs) : 0;
}

static void do_look(struct cgdt_pool *pool, struct record *record)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(pool);
    cgdt_desc_t halves[2];

    world_look(cgdt_slot_page(layout, record->slot[0]),
               cgdt_slot_offset(layout, record->slot[0]) + contents_value_entry(layout), halves);
    record->result = 0;
    record->value = contents_value(pool, halves);
    if (record->value == NO_VALUE && (halves[0] & CGDT_DESC_PRESENT) != 0)
        explorer_violation("a CPU sees halves of two descriptors as one");
}

static void do_near(struct cgdt_pool *pool, struct record *record)
{
    const struct call *call = &record->call;
    const uint32_t cpu = call->near - 1u;

    if (call->kind == CALL_ALLOC_NEAR)
        record->result = cgdt_alloc_near(pool, call->near != 0, &record->near, &record->slot[0]);
    else
        record->result =
            cgdt_cpu_online_near(pool, call->n, call->near != 0, &cpu, &record->slot[0]);
}

static void do_with(struct cgdt_pool *pool, struct record *record)
{
    const uint32_t first = contents_value_entry(cgdt_pool_layout(pool));
    cgdt_desc_t descs[VALUE_ENTRIES];

    contents_of_value(pool, record->call.near, descs);
    if (record->call.kind == CALL_ALLOC_WITH)
        record->result = cgdt_alloc_with(pool, first, descs, VALUE_ENTRIES, &record->slot[0]);
    else
        record->result = cgdt_cpu_online_with(pool, record->call.n, first, descs, VALUE_ENTRIES,
                                              &record->slot[0]);
}

static void do_move(struct cgdt_pool *pool, struct record *record)
{
    const uint32_t cpu = record->call.n;

    if (record->call.kind == CALL_MOVE)
        record->result = cgdt_cpu_move_begin(pool, cpu, 0, NULL, &record->slot[0]);
    else if (record->call.kind == CALL_MOVE_END)
        record->result = cgdt_cpu_move_end(pool, cpu);
    else
        record->result = cgdt_cpu_move_abort(pool, cpu);
}

void calls_do(struct cgdt_pool *pool, struct record *record)
{
    const uint32_t n = record->call.n;

    switch (record->call.kind) {
    case CALL_ALLOC:
        do_alloc(pool, record);
        break;
    case CALL_ALLOC_NOWAIT:
        record->result = cgdt_alloc_nowait(pool, &record->slot[0]);
        break;
    case CALL_ALLOC_NEAR:
    case CALL_ONLINE_NEAR:
        do_near(pool, record);
        break;
    case CALL_ALLOC_WITH:
    case CALL_ONLINE_WITH:
        do_with(pool, record);
        break;
    case CALL_FREE:
        do_free(pool, record);
        break;
    case CALL_TRIM:
        record->result = cgdt_trim(pool);
        break;
    case CALL_RESERVE:
        record->result = cgdt_reserve(pool, n);
        break;
    case CALL_ONLINE:
        record->result = cgdt_cpu_online(pool, n, &record->slot[0]);
        break;
    case CALL_ONLINE_AT:
        record->result = cgdt_cpu_online_at(pool, n, record->slot[0]);
        break;
    case CALL_OFFLINE:
        record->result = cgdt_cpu_offline(pool, n);
        break;
    case CALL_CPU_SLOT:
        record->result = cgdt_cpu_slot(pool, n, &record->slot[0]);
        break;
    case CALL_WRITE:
        do_write(pool, record);
        break;
    case CALL_READ:
        do_read(pool, record);
        break;
    case CALL_LOOK:
        do_look(pool, record);
        break;
    case CALL_FRAMES:
        lists_call(pool, record);
        break;
    case CALL_MOVE:
    case CALL_MOVE_END:
    case CALL_MOVE_BACK:
        do_move(pool, record);
        break;
    case CALL_CACHE_ALLOC:
    case CALL_CACHE_FREE:
    case CALL_CACHE_FLUSH:
        caches_call(record);
        break;
    case STEP_FREED:
    case STEP_OFF:
    case STEP_LEFT:
    case STEP_UNCACHED:
    case STEP_LETS_GO:
    case STEP_MOVED:
        break;
    }
}

bool calls_give(const struct call *call)
{
    return call->kind == CALL_ALLOC || call->kind == CALL_ALLOC_NOWAIT ||
           call->kind == CALL_CACHE_ALLOC || call->kind == CALL_ONLINE ||
           call->kind == CALL_ALLOC_NEAR || call->kind == CALL_ONLINE_NEAR ||
           call->kind == CALL_ALLOC_WITH || call->kind == CALL_ONLINE_WITH;
}

unsigned calls_given(const struct call *call)
{
    return call->kind == CALL_ALLOC ? call->n : 1;
}

unsigned calls_want(const struct call *call)
{
    const bool near = call->kind == CALL_ALLOC_NEAR || call->kind == CALL_ONLINE_NEAR;

    return calls_give(call) && !near ? calls_given(call) : 0;
}
