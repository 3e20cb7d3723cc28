/* SPDX-License-Identifier: MIT */
/*
 * The loops that are measured, around take() and give() of the peer's file that includes this:
 *
 *     static inline uintptr_t take(void *ctx, uint32_t cpu)    0: none left
 *     static inline void give(void *ctx, uintptr_t handle)
 *     static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
 *
 * Not a header in the usual sense: every includer gets loops of its own, with its functions
 * inlined.
 */
#include "../gbench.h"

static bool loop_take_many(void *ctx, uint32_t first, uint32_t n, uintptr_t *handles)
{
    for (uint32_t i = 0; i < n; i++) {
        handles[i] = take(ctx, first + i);
        if (handles[i] == 0)
            return false;
    }
    return true;
}

static void loop_give_many(void *ctx, uint32_t n, uintptr_t *handles)
{
    for (uint32_t i = 0; i < n; i++)
        give(ctx, handles[i]);
}

static bool loop_pairs(void *ctx, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uintptr_t handle = take(ctx, 0);

        if (handle == 0)
            return false;
        bench_keep((const void *)handle); /* somebody might look at the table here */
        give(ctx, handle);
    }
    return true;
}

/* 0 .. below-1, from 32 random bits. */
static uint32_t loop_scale(uint64_t bits, uint32_t below)
{
    return (uint32_t)((bits & 0xffffffffu) * below >> 32);
}

static bool loop_churn(void *ctx, struct churn *churn, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t random = peer_random(&churn->random);
        const uint32_t out = loop_scale(random, churn->full);
        const uint32_t in = churn->full + loop_scale(random >> 32, churn->places - churn->full);
        const uint32_t cpu = churn->cpus[in];
        const uintptr_t handle = take(ctx, cpu);

        if (handle == 0)
            return false;
        give(ctx, churn->handles[out]);
        churn->cpus[in] = churn->cpus[out];
        churn->cpus[out] = cpu;
        churn->handles[out] = handle;
    }
    return true;
}

static cgdt_desc_t *loop_table(void *ctx, const uintptr_t *handles, uint32_t i)
{
    return table_at(ctx, handles[i]);
}

#define PEER_LOOPS                                                                                 \
    .take_many = loop_take_many, .give_many = loop_give_many, .pairs = loop_pairs,                 \
    .churn = loop_churn, .table = loop_table, .general = PEER_IS_GENERAL
