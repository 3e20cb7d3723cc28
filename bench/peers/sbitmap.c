/* SPDX-License-Identifier: MIT */
/*
 * A bitmap as block drivers have it for their tags (Linux calls it sbitmap): spread over cache
 * lines, without a lock. Each CPU has a hint where to look first, so that CPUs meet in different
 * words. What is given back is noted in a second word beside the first and swept into it when the
 * first has no free bit left: so those who give do not disturb those who take.
 */
#define _GNU_SOURCE

#include "all.h"

#include <sched.h>
#include <stdlib.h>
#if __has_include(<sys/rseq.h>) && __has_builtin(__builtin_thread_pointer)
#include <sys/rseq.h>
#define HAS_RSEQ
#endif

#define HINTS 64u /* more CPUs share them */
#define NONE  UINT32_MAX
#define LOOKS 100u

struct word {
    _Alignas(64) uint64_t taken; /* also those that are given back and not swept yet */
    _Alignas(64) uint64_t given; /* back since the last sweep */
};

struct hint {
    _Alignas(64) uint32_t number;
};

struct sbitmap {
    struct hint hints[HINTS];
    cgdt_desc_t *tables;
    struct word *words;
    uint32_t n;
    uint32_t n_words;
    uint32_t shift; /* 2 to this many bits of each word are used */
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct sbitmap *map = ctx;

    return map->tables + (handle - 1) * PEER_TABLE_ENTRIES;
}

/*
 * A kernel knows its CPU by one load; so does a process whose libc has registered for restartable
 * sequences. Where that failed it is a number that is none, and one hint serves all.
 */
static inline uint32_t this_cpu(void)
{
#ifdef HAS_RSEQ
    const struct rseq *rseq =
        (const void *)((const char *)__builtin_thread_pointer() + __rseq_offset);

    return __atomic_load_n(&rseq->cpu_id, __ATOMIC_RELAXED);
#else
    return (uint32_t)sched_getcpu();
#endif
}

static inline struct hint *own_hint(struct sbitmap *map)
{
    return &map->hints[this_cpu() % HINTS];
}

/* Whether there was something to sweep. */
static inline bool sweep(struct word *word)
{
    uint64_t given = __atomic_load_n(&word->given, __ATOMIC_RELAXED);

    if (given == 0)
        return false;
    given = __atomic_exchange_n(&word->given, 0, __ATOMIC_ACQUIRE);
    (void)__atomic_fetch_and(&word->taken, ~given, __ATOMIC_RELEASE);
    return given != 0;
}

/* The first free bit from `from` on, else from the beginning; else NONE. */
static inline uint32_t take_bit(struct word *word, uint32_t from)
{
    uint64_t open;

    do {
        while ((open = ~__atomic_load_n(&word->taken, __ATOMIC_RELAXED)) != 0) {
            const uint64_t ahead = open & ~0ull << from;
            const uint32_t bit = (uint32_t)__builtin_ctzll(ahead != 0 ? ahead : open);
            const uint64_t mask = 1ull << bit;

            if ((__atomic_fetch_or(&word->taken, mask, __ATOMIC_ACQUIRE) & mask) == 0)
                return bit;
        }
    } while (sweep(word));
    return NONE;
}

static inline uint32_t find(struct sbitmap *map, uint32_t from)
{
    uint32_t at = from >> map->shift;
    uint32_t first = from & ((1u << map->shift) - 1);

    for (uint32_t i = 0; i < map->n_words; i++) {
        const uint32_t bit = take_bit(&map->words[at], first);

        if (bit != NONE)
            return (at << map->shift) + bit;
        first = 0;
        at = at + 1 == map->n_words ? 0 : at + 1;
    }
    return NONE;
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    struct sbitmap *map = ctx;
    struct hint *hint = own_hint(map);
    const uint32_t from = __atomic_load_n(&hint->number, __ATOMIC_RELAXED);
    uint32_t number = find(map, from);

    (void)cpu;
    /* What another is just sweeping cannot be seen: drivers wait to be woken and look again. */
    for (uint32_t looks = 1; number == NONE && looks < LOOKS; looks++) {
        (void)sched_yield();
        number = find(map, 0);
    }
    if (number == NONE)
        return 0;
    if (number == from)
        __atomic_store_n(&hint->number, number + 1 < map->n ? number + 1 : 0, __ATOMIC_RELAXED);
    peer_write_table(map->tables + (size_t)number * PEER_TABLE_ENTRIES);
    return number + 1u;
}

/* What has just been given back is warm: the next look of this CPU begins there. */
static inline void give(void *ctx, uintptr_t handle)
{
    struct sbitmap *map = ctx;
    const uint32_t number = (uint32_t)handle - 1;
    const uint64_t bit = 1ull << (number & ((1u << map->shift) - 1));

    (void)__atomic_fetch_or(&map->words[number >> map->shift].given, bit, __ATOMIC_RELEASE);
    __atomic_store_n(&own_hint(map)->number, number, __ATOMIC_RELAXED);
}

#include "loops.h"

static void sbitmap_close(void *ctx)
{
    struct sbitmap *map = ctx;

    if (map->tables != NULL)
        peer_memory_free(map->tables, (size_t)map->n * PEER_TABLE_BYTES);
    free(map->words);
    free(map);
}

/* Small maps have fewer bits to a word, so that there are some words for CPUs to part to. */
static uint32_t shift_for(uint32_t tables)
{
    uint32_t shift = 6;

    while (shift > 2 && 4u << shift > tables)
        shift--;
    return shift;
}

static void *sbitmap_open(uint32_t tables)
{
    struct sbitmap *map = aligned_alloc(_Alignof(struct sbitmap), sizeof(*map));

    if (map == NULL)
        return NULL;
    *map = (struct sbitmap){.n = tables, .shift = shift_for(tables)};
    map->n_words = ((tables - 1) >> map->shift) + 1;
    map->tables = peer_memory((size_t)tables * PEER_TABLE_BYTES);
    map->words = aligned_alloc(_Alignof(struct word), map->n_words * sizeof(*map->words));
    if (map->tables == NULL || map->words == NULL) {
        sbitmap_close(map);
        return NULL;
    }
    /* Bits that stand for no table are taken for good. */
    for (uint32_t i = 0; i < map->n_words; i++) {
        const uint32_t left = tables - (i << map->shift);
        const uint32_t bits = left < 1u << map->shift ? left : 1u << map->shift;

        map->words[i] = (struct word){.taken = bits == 64 ? 0 : ~0ull << bits, .given = 0};
    }
    return map;
}

const struct peer PEER_SYMBOL(peer_sbitmap) = {
    .name = PEER_NAME("sbitmap"),
    .what = "a bitmap with a hint per CPU and deferred clearing, as Linux's sbitmap",
    .table_bytes = PEER_TABLE_BYTES,
    .open = sbitmap_open,
    .close = sbitmap_close,
    PEER_LOOPS,
};
