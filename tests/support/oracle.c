/* SPDX-License-Identifier: MIT */
/*
 * Second opinions; see oracle.h. Table- and struct-driven on purpose: the core uses shifts and
 * masks.
 */
#include "oracle.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Where a run of bits of a descriptor goes: `width` bits from bit `from` to bit `to` of a field. */
struct piece {
    uint8_t from;
    uint8_t width;
    uint8_t to;
    uint8_t field; /* index of a uint32_t in the struct that is filled */
};

#define FIELD(type, name) (offsetof(struct type, name) / sizeof(uint32_t))

static const struct piece segment_pieces[] = {
    {0, 16, 0, FIELD(oracle_fields, limit)},   {16, 16, 0, FIELD(oracle_fields, base)},
    {32, 8, 16, FIELD(oracle_fields, base)},   {40, 4, 0, FIELD(oracle_fields, type)},
    {44, 1, 0, FIELD(oracle_fields, segment)}, {45, 2, 0, FIELD(oracle_fields, dpl)},
    {47, 1, 0, FIELD(oracle_fields, present)}, {48, 4, 16, FIELD(oracle_fields, limit)},
    {52, 1, 0, FIELD(oracle_fields, avl)},     {53, 1, 0, FIELD(oracle_fields, long_mode)},
    {54, 1, 0, FIELD(oracle_fields, big)},     {55, 1, 0, FIELD(oracle_fields, granular)},
    {56, 8, 24, FIELD(oracle_fields, base)},
};

static const struct piece gate_pieces[] = {
    {0, 16, 0, FIELD(oracle_gate, offset)},   {16, 16, 0, FIELD(oracle_gate, selector)},
    {32, 8, 0, FIELD(oracle_gate, low_byte)}, {40, 4, 0, FIELD(oracle_gate, type)},
    {45, 2, 0, FIELD(oracle_gate, dpl)},      {47, 1, 0, FIELD(oracle_gate, present)},
    {48, 16, 16, FIELD(oracle_gate, offset)},
};

static void gather(uint64_t raw, const struct piece *pieces, size_t n, uint32_t *fields)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned bit = 0; bit < pieces[i].width; bit++)
            if (raw >> (pieces[i].from + bit) & 1u)
                fields[pieces[i].field] |= (uint32_t)1 << (pieces[i].to + bit);
}

void oracle_decode(uint64_t raw, struct oracle_fields *fields)
{
    uint32_t words[sizeof(*fields) / sizeof(uint32_t)] = {0};

    gather(raw, segment_pieces, sizeof(segment_pieces) / sizeof(segment_pieces[0]), words);
    memcpy(fields, words, sizeof(*fields));
}

void oracle_decode_gate(uint64_t raw, struct oracle_gate *gate)
{
    uint32_t words[sizeof(*gate) / sizeof(uint32_t)] = {0};

    gather(raw, gate_pieces, sizeof(gate_pieces) / sizeof(gate_pieces[0]), words);
    memcpy(gate, words, sizeof(*gate));
}

/*
 * One descriptor with every bit named (the x86 ABI lays bit-fields out from bit 0 up). Xen's rules:
 * fact sheet sections 3.4 and 9, read from xen/arch/x86/pv/descriptor-tables.c.
 */
union named {
    uint64_t raw;
    struct {
        uint64_t limit_low : 16, base_low : 24, type : 4, s : 1, dpl : 2, p : 1, limit_high : 4,
            avl : 1, l : 1, db : 1, g : 1, base_high : 8;
    } seg;
    struct {
        uint64_t offset_low : 16, rpl : 2, ti : 1, index : 13, count : 5, zero : 3, type : 4, s : 1,
            dpl : 2, p : 1, offset_high : 16;
    } gate;
};

/* What differs between the two kinds of guest. */
static const struct guest_rules {
    unsigned kernel_ring;
    unsigned code_index; /* Xen's own kernel code segment: the one gate target of Xen's allowed */
    unsigned code_rpl;
    bool gate_count; /* the parameter count of a call gate is free */
    bool l_free;     /* code and data may have L = 1 */
    bool long_flat;  /* flat segments are stretched */
} guests[] = {
    [ORACLE_PV64] = {3, 0xe033 / 8, 3, false, true, false},
    [ORACLE_PV32] = {1, 0xe019 / 8, 1, true, false, true},
};

#define XEN_FIRST_INDEX (14u * 512u)

uint64_t oracle_xen_start = 0xf5800000;

static enum oracle_outcome judge_gate(const struct guest_rules *rules, union named *named)
{
    const bool xens = named->gate.index >= XEN_FIRST_INDEX && !named->gate.ti;
    const bool flat_code =
        named->gate.index == rules->code_index && named->gate.rpl == rules->code_rpl;
    const uint64_t before = named->raw;

    if (xens && !flat_code)
        return ORACLE_REFUSED_TARGET;
    if (named->gate.zero || (named->gate.count && !rules->gate_count))
        return ORACLE_REFUSED_BITS;
    named->gate.rpl =
        3u & (named->gate.dpl > rules->kernel_ring ? named->gate.dpl : rules->kernel_ring);
    named->gate.dpl = 0;
    return named->raw == before ? ORACLE_KEPT : ORACLE_GATE_MOVED;
}

static enum oracle_outcome judge_segment(const struct guest_rules *rules, union named *named)
{
    enum oracle_outcome outcome = ORACLE_KEPT;
    const uint64_t limit = (uint64_t)named->seg.limit_high * 65536u + named->seg.limit_low;
    const uint64_t bytes = (limit + 1) * (named->seg.g ? 4096u : 1u);

    if (named->seg.l && !rules->l_free)
        return ORACLE_REFUSED_LONG;
    if (rules->long_flat && named->seg.base_low == 0 && named->seg.base_high == 0 &&
        bytes > oracle_xen_start && limit != 0xfffff) {
        named->seg.limit_low = 0xffff;
        named->seg.limit_high = 0xf;
        outcome = ORACLE_LIMIT_RAISED;
    }
    if (named->seg.dpl < rules->kernel_ring) {
        named->seg.dpl = rules->kernel_ring & 3u;
        outcome = ORACLE_DPL_RAISED;
    }
    return outcome;
}

enum oracle_outcome oracle_xen(enum oracle_guest guest, uint64_t raw, uint64_t *stored)
{
    union named named = {.raw = raw};
    enum oracle_outcome outcome = ORACLE_KEPT;

    if (named.seg.p && named.seg.s)
        outcome = judge_segment(&guests[guest], &named);
    else if (named.seg.p && named.seg.type == 12)
        outcome = judge_gate(&guests[guest], &named);
    else if (named.seg.p && named.seg.type != 0)
        outcome = ORACLE_REFUSED_TYPE;
    *stored = outcome >= ORACLE_REFUSED_TYPE ? raw : named.raw;
    return outcome;
}

uint32_t oracle_pool_pages(const struct oracle_pool *pool)
{
    return (pool->max_slots + pool->colors - 1) / pool->colors;
}

bool oracle_pool_init(struct oracle_pool *pool, uint32_t max_slots, uint32_t colors,
                      uint32_t window_pages)
{
    pool->max_slots = max_slots;
    pool->colors = colors;
    pool->window_pages = window_pages;
    pool->keep_pages = 0;
    pool->reserved = 0;
    pool->owned = calloc(max_slots, 1);
    pool->generation = calloc(max_slots, 1);
    pool->mapped = calloc(oracle_pool_pages(pool), 1);
    return pool->owned && pool->generation && pool->mapped;
}

void oracle_pool_done(struct oracle_pool *pool)
{
    free(pool->owned);
    free(pool->generation);
    free(pool->mapped);
}

uint32_t oracle_pool_alloc(struct oracle_pool *pool)
{
    for (int grown = 0; grown < 2; grown++) {
        for (uint32_t slot = 0; slot < pool->max_slots; slot++)
            if (pool->mapped[slot / pool->colors] && !pool->owned[slot]) {
                pool->owned[slot] = 1;
                return (slot + 1) | (uint32_t)pool->generation[slot] << 26;
            }
        uint8_t *hole = memchr(pool->mapped, 0, oracle_pool_pages(pool));
        if (!hole)
            break;
        *hole = 1;
    }
    return ORACLE_FULL;
}

void oracle_pool_free(struct oracle_pool *pool, uint32_t handle)
{
    const uint32_t slot = (handle & 0x01ffffffu) - 1;

    pool->owned[slot] = 0;
    pool->generation[slot] = (pool->generation[slot] + 1) & 63;
}

static uint32_t ones(const uint8_t *bytes, uint32_t n)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += bytes[i];
    return sum;
}

uint32_t oracle_pool_mapped(const struct oracle_pool *pool)
{
    return ones(pool->mapped, oracle_pool_pages(pool));
}

uint32_t oracle_pool_owned(const struct oracle_pool *pool)
{
    return ones(pool->owned, pool->max_slots);
}

uint32_t oracle_pool_served(const struct oracle_pool *pool)
{
    uint32_t served = 0;

    for (uint32_t slot = 0; slot < pool->max_slots; slot++)
        served += pool->mapped[slot / pool->colors];
    return served;
}

void oracle_pool_reserve(struct oracle_pool *pool, uint32_t n)
{
    while (oracle_pool_served(pool) < n)
        *(uint8_t *)memchr(pool->mapped, 0, oracle_pool_pages(pool)) = 1;
    pool->reserved = n;
}

/* A page is taken away to see what would be left, and put back if that is too little. */
static bool oracle_page_goes(struct oracle_pool *pool, uint32_t page)
{
    const uint32_t first = page * pool->colors;
    const bool is_last = page + 1 == oracle_pool_pages(pool);

    if (!pool->mapped[page] ||
        memchr(pool->owned + first, 1, is_last ? pool->max_slots - first : pool->colors))
        return false;
    if ((page + 1) % pool->window_pages != 0 && !is_last && pool->mapped[page + 1])
        return false;
    pool->mapped[page] = 0;
    if (oracle_pool_mapped(pool) >= pool->keep_pages && oracle_pool_served(pool) >= pool->reserved)
        return true;
    pool->mapped[page] = 1;
    return false;
}

uint32_t oracle_pool_trim(struct oracle_pool *pool)
{
    uint32_t given = 0;

    for (uint32_t page = oracle_pool_pages(pool); page-- > 0;)
        given += oracle_page_goes(pool, page) ? 1u : 0u;
    return given;
}
