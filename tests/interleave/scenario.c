/* SPDX-License-Identifier: MIT */
/*
 * The table of scenarios. Pools are small, or full but for a few slots, so that CPUs meet at every step: 66
 * slots in 64 colors are a full word and one of two bits below one word of summary. With words of 4 bits (the
 * third column: 128 entries or more) 66 slots have three levels of summary, 6 have one.
 */
#include "scenario.h"

/* A slot or page number where 0 means "none". */
#define NO(n) ((uint8_t)((n) + 1))

#define DO(...)                                                                                    \
    {                                                                                              \
        sizeof((struct call[]){__VA_ARGS__}) / sizeof(struct call),                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define TWO(...)   .bound = UNBOUNDED, .cpus = 2, .program = {__VA_ARGS__}
#define THREE(...) .bound = UNBOUNDED, .cpus = 3, .program = {__VA_ARGS__}
#define MIX(...)   .bound = 3, .cpus = 3, .program = {__VA_ARGS__}

#define A(reg)                                                                                     \
    {                                                                                              \
        ALLOC, reg, 1                                                                              \
    }
#define BULK(reg, n)                                                                               \
    {                                                                                              \
        ALLOC, reg, n                                                                              \
    }
#define F(reg)                                                                                     \
    {                                                                                              \
        FREE, reg, 0                                                                               \
    }
#define FB(reg, n)                                                                                 \
    {                                                                                              \
        FREE, reg, n                                                                               \
    }
#define T                                                                                          \
    {                                                                                              \
        TRIM, 0, 0                                                                                 \
    }
#define R(n)                                                                                       \
    {                                                                                              \
        RESERVE, 0, n                                                                              \
    }
#define ON(cpu)                                                                                    \
    {                                                                                              \
        ONLINE, 7, cpu                                                                             \
    }
#define OFF(cpu)                                                                                   \
    {                                                                                              \
        OFFLINE, 7, cpu                                                                            \
    }
#define AT(cpu)                                                                                    \
    {                                                                                              \
        WHERE, 7, cpu                                                                              \
    }
#define W(reg, value)                                                                              \
    {                                                                                              \
        WRITE, reg, value                                                                          \
    }
#define RD(reg)                                                                                    \
    {                                                                                              \
        READ, reg, 0                                                                               \
    }
#define SEE(reg)                                                                                   \
    {                                                                                              \
        LOOK, reg, 0                                                                               \
    }

/* clang-format off */
const struct scenario scenarios[] = {
    /* Two CPUs: every schedule. */
    {"alloc-alloc", "two CPUs that allocate get different slots", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(62), NO(65)}, TWO(DO(A(0), A(1)), DO(A(2)))},
    {"alloc-last", "of two CPUs that want the last slot one gets it", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, TWO(DO(A(0), F(0)), DO(A(1)))},
    {"alloc-free", "an alloc beside a free gets a slot, or the pool was full", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(A(1), A(2)), DO(F(0), A(3)))},
    {"alloc-free-pages", "a slot freed on one page while another is taken is not overlooked", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3), NO(64)},
     TWO(DO(A(2), F(1)), DO(F(0), A(3)))},
    {"alloc-free-free", "of two slots that come back none is hidden by an alloc that takes the other", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)}, TWO(DO(A(2)), DO(F(0), F(1)))},
    {"alloc-free-again", "a slot that came back is not overlooked, whoever takes it", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(65)}, TWO(DO(A(1)), DO(F(0), A(2), A(3)))},
    {"free-free", "two CPUs free slots of one full page", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(4)}, TWO(DO(F(0), A(2)), DO(F(1), A(3)))},
    {"free-same", "of two CPUs that free one slot one succeeds, the other is told -CGDT_ESTALE", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(F(0), A(1)), DO(F(0)))},
    {"free-stale", "a handle from before the last free is refused while the present owner frees", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(3)}, .hold = {NO(3)}, TWO(DO(A(1), F(1), A(2)), DO(F(0)))},
    {"free-stale-pages", "a handle from before the last free is refused, whoever has the slot now", 128,
     .max_cpus = 6, .taken = 6, .freed = {NO(5)}, .hold = {NO(5), NO(0)},
     TWO(DO(A(2), F(2), A(3)), DO(F(0), F(1), F(0)))},
    {"free-forged", "a made-up handle of a free slot is refused, or its new owner's", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(3)}, .forged = NO(3), TWO(DO(A(1), A(2)), DO(F(0)))},
    {"trim-forged", "a made-up handle of a slot whose window is leaving is refused", 256,
     .max_cpus = 4, .taken = 3, .freed = {NO(2)}, .forged = NO(2), TWO(DO(T), DO(F(0), A(1)))},
    {"grow-grow", "two CPUs that grow get different slots", 512,
     .max_cpus = 3, TWO(DO(A(0), A(1)), DO(A(2)))},
    {"grow-grow-page", "of two CPUs that grow one maps the page, the other takes of it", 256,
     .window_pages = 2, .max_cpus = 4, TWO(DO(A(0), F(0)), DO(A(1), A(2)))},
    {"grow-alloc", "an alloc beside one that grows", 256,
     .window_pages = 2, .max_cpus = 6, .taken = 2, .freed = {NO(1)}, .hold = {NO(0)},
     TWO(DO(A(1), A(2)), DO(A(3), F(0)))},
    {"trim-alloc", "a window goes, or a slot of it is given out, not both", 256,
     .max_cpus = 4, .taken = 4, .whole = NO(1), TWO(DO(T), DO(A(1), A(2)))},
    {"trim-alloc-wide", "a window of two pages goes as a whole, or stays", 256,
     .window_pages = 2, .max_cpus = 8, .taken = 7,
     .freed = {NO(4), NO(5), NO(6)}, TWO(DO(T), DO(A(1), F(1)))},
    {"trim-free", "a window goes when its last slot is freed, or stays", 256,
     .max_cpus = 4, .taken = 3, .hold = {NO(2)}, TWO(DO(T), DO(F(0), A(1)))},
    {"trim-free-all", "two windows become free while they are trimmed", 512,
     .max_cpus = 3, .taken = 2, .hold = {NO(0), NO(1)},
     TWO(DO(T), DO(F(0), F(1), A(2)))},
    {"trim-trim", "a window is given back once", 256,
     .max_cpus = 4, .taken = 3, .hold = {NO(2)}, TWO(DO(F(0), T), DO(T))},
    {"trim-keep", "trim leaves the windows that are to be kept", 256,
     .max_cpus = 4, .keep_pages = 1, .taken = 3, .hold = {NO(2)},
     .freed = {NO(0)}, TWO(DO(T), DO(F(0), A(1)))},
    {"reserve-alloc", "an alloc beside a reserve uses the reserve, no more", 256,
     .max_cpus = 6, .taken = 3, TWO(DO(R(2)), DO(A(1), A(2)))},
    {"reserve-free", "a reserve at the ceiling counts a slot that comes back, or not", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(65)}, TWO(DO(R(1)), DO(F(0), A(2)))},
    {"reserve-trim", "trim leaves what was reserved", 256,
     .max_cpus = 6, .taken = 3, .hold = {NO(2)},
     TWO(DO(R(2)), DO(F(0), T))},
    {"bulk-alloc", "a bulk and an alloc at the ceiling: one is told that the pool is full", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(3), NO(9), NO(65)}, TWO(DO(BULK(0, 3)), DO(A(3), F(3)))},
    {"bulk-bulk", "of two bulks that want the last slots one gets them all", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(3), NO(9), NO(65)},
     TWO(DO(BULK(0, 2)), DO(BULK(2, 2)))},
    {"bulk-alloc-short", "a bulk that finds too little does not make an alloc fail", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, TWO(DO(BULK(0, 2)), DO(A(3)))},
    {"bulk-free", "a bulk beside a free: all of it or nothing", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3)},
     TWO(DO(BULK(1, 2)), DO(F(0), A(3)))},
    {"bulk-grow", "a bulk that grows beside an alloc that grows", 256,
     .max_cpus = 6, .taken = 1, TWO(DO(BULK(0, 3)), DO(A(3), A(4)))},
    {"bulk-free-alloc", "slots that are freed in bulk are found by an alloc, each of them clean", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(4), NO(65)},
     TWO(DO(FB(0, 3)), DO(A(4), A(5)))},
    {"bulk-free-free", "a bulk free beside a free of a neighbour", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(63), NO(64), NO(5)},
     TWO(DO(FB(0, 2), A(4)), DO(F(2), A(5)))},
    {"bulk-free-same", "of a bulk free and a free of one of its eight slots one succeeds", 8,
     .max_cpus = 66, .taken = 66,
     .hold = {NO(8), NO(9), NO(10), NO(11), NO(12), NO(13), NO(14), NO(15)},
     TWO(DO(FB(0, 8)), DO(F(2)))},
    {"bulk-free-trim", "a window goes when its last slots are freed in bulk, or stays", 256,
     .max_cpus = 4, .taken = 4, .hold = {NO(2), NO(3)}, TWO(DO(T), DO(FB(0, 2), A(4)))},
    {"online-online", "of two that bring a CPU online one does", 8,
     .max_cpus = 66, .taken = 62, TWO(DO(ON(0), AT(0)), DO(ON(0), AT(0)))},
    {"online-online-full", "nobody is told that a CPU is online where it cannot be", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(ON(0)), DO(ON(0)))},
    {"online-offline", "a CPU goes on- and offline at once", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true, TWO(DO(OFF(0), AT(0)), DO(ON(0), AT(0)))},
    {"offline-offline", "of two that take a CPU offline one does", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true, TWO(DO(OFF(0), ON(0)), DO(OFF(0)))},
    {"online-others", "two CPUs come online at the last slot, one goes", 8,
     .max_cpus = 66, .taken = 65, .cpu0_online = true, TWO(DO(ON(1), AT(1)), DO(OFF(0), AT(1)))},
    {"write-read", "neighbours on a page write and read their own slots", 8,
     .max_cpus = 66, .taken = 4, .hold = {NO(2), NO(3)},
     TWO(DO(W(0, 1), RD(0), W(0, 2)), DO(RD(1), W(1, 3), RD(1)))},
    {"write-look", "a CPU never sees halves of two 16-byte descriptors", 8,
     .profile = CGDT_PROFILE_NATIVE64, .max_cpus = 66, .taken = 4, .hold = {NO(2)},
     TWO(DO(W(0, 1), W(0, 2)), DO(SEE(0), SEE(0), SEE(0)))},
    {"write-next-owner", "what one owner wrote is gone before the next one gets the slot", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3)},
     TWO(DO(W(0, 1), F(0)), DO(A(1), W(1, 2), RD(1)))},
    {"deep-free-free", "slots freed below two levels of summary are found", 512,
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     TWO(DO(F(0), A(2)), DO(F(1), A(3)))},
    {"deep-alloc-free", "an alloc clears stale bits of two levels while a slot is freed", 512,
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     TWO(DO(F(0), A(2), A(3)), DO(F(1)))},
    {"deep-alloc-alloc", "two CPUs clear stale bits of two levels", 512,
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(64)},
     TWO(DO(A(2), F(0)), DO(A(3)))},

    /* Three CPUs. */
    {"three-alloc-last", "of three CPUs that want the last slot one gets it", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, THREE(DO(A(0)), DO(A(1)), DO(A(2)))},
    {"three-alloc-alloc-free", "two want the last slot, a third gives one back", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, .hold = {NO(3)},
     THREE(DO(A(1)), DO(A(2)), DO(F(0)))},
    {"three-alloc-free-trim", "alloc, free and trim of one window", 256,
     .max_cpus = 4, .taken = 3, .hold = {NO(2)}, THREE(DO(A(1)), DO(F(0)), DO(T))},
    {"three-free-same", "of three CPUs that free one slot one succeeds", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, THREE(DO(F(0)), DO(F(0)), DO(F(0), A(1)))},
    {"three-free-stale", "an owner frees, an old handle is freed, a third wants the slot", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(3)}, .hold = {NO(3)},
     THREE(DO(A(1), F(1)), DO(F(0)), DO(A(2)))},
    {"three-free-free-alloc", "two free slots of one full page, a third allocates", 8,
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(4)}, THREE(DO(F(0)), DO(F(1)), DO(A(2)))},
    {"three-grow", "three CPUs that grow get different slots", 256,
     .window_pages = 2, .max_cpus = 3, THREE(DO(A(0)), DO(A(1)), DO(A(2)))},
    {"three-grow-trim", "a window is trimmed and grown again", 512,
     .max_cpus = 2, .taken = 1, .hold = {NO(0)},
     THREE(DO(A(1)), DO(F(0)), DO(T))},
    {"three-bulk-alloc-free", "a bulk, an alloc and a free at the ceiling", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3)},
     THREE(DO(BULK(1, 2)), DO(A(4)), DO(F(0)))},
    {"three-reserve", "a reserve beside an alloc and a free", 256,
     .max_cpus = 4, .taken = 3, .hold = {NO(0)}, THREE(DO(R(1)), DO(A(1)), DO(F(0)))},
    {"three-online", "one CPU is brought online by two, offline by a third", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true, THREE(DO(ON(0)), DO(OFF(0)), DO(ON(0), AT(0)))},
    {"three-deep", "two free below two levels of summary, a third allocates", 512,
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     THREE(DO(F(0)), DO(F(1)), DO(A(2)))},

    /* Three CPUs with more to do: every schedule of at most three preemptions. */
    {"mix-last-slot", "an alloc that loses a race for one slot takes another", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, .hold = {NO(3)},
     MIX(DO(A(1), F(1)), DO(A(2)), DO(F(0), A(3)))},
    {"mix-bulk", "two bulks, an alloc and a free at the ceiling", 8,
     .max_cpus = 66, .taken = 66, .freed = {NO(62), NO(65)}, .hold = {NO(3)},
     MIX(DO(BULK(1, 2)), DO(BULK(3, 2)), DO(F(0), A(5)))},
    {"mix-trim", "a window goes while slots are taken and given back", 256,
     .max_cpus = 4, .taken = 3, .hold = {NO(2), NO(0)},
     MIX(DO(A(2)), DO(F(0), F(1)), DO(T))},
    {"mix-online", "three CPUs bring two others on- and offline", 8,
     .max_cpus = 66, .taken = 65, .cpu0_online = true,
     MIX(DO(OFF(0)), DO(ON(0), AT(0)), DO(ON(1)))},
    {"mix-deep", "three CPUs meet at two levels of summary", 512,
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     MIX(DO(F(0)), DO(F(1), A(3)), DO(A(4)))},
};
/* clang-format on */

const unsigned scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
