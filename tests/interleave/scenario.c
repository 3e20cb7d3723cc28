/* SPDX-License-Identifier: MIT */
/*
 * The table of scenarios. Pools are small, or full but for a few slots, so that CPUs meet at every step: 66
 * slots in 64 colors are a full word and one of two bits below one word of summary; 65 and 66 pages of one
 * slot have two levels of summary.
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
    {"alloc-alloc", "two CPUs that allocate get different slots",
     .max_cpus = 66, .taken = 66, .freed = {NO(62), NO(65)}, TWO(DO(A(0), A(1)), DO(A(2)))},
    {"alloc-last", "of two CPUs that want the last slot one gets it",
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, TWO(DO(A(0), F(0)), DO(A(1)))},
    {"alloc-free", "an alloc beside a free gets a slot, or the pool was full",
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(A(1), A(2)), DO(F(0), A(3)))},
    {"alloc-free-pages", "a slot freed on one page while another is taken is not overlooked",
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3), NO(64)},
     TWO(DO(A(2), F(1)), DO(F(0), A(3)))},
    {"alloc-free-free", "of two slots that come back none is hidden by an alloc that takes the other",
     .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)}, TWO(DO(A(2)), DO(F(0), F(1)))},
    {"alloc-free-again", "a slot that came back is not overlooked, whoever takes it",
     .max_cpus = 66, .taken = 66, .hold = {NO(65)}, TWO(DO(A(1)), DO(F(0), A(2), A(3)))},
    {"free-free", "two CPUs free slots of one full page",
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(4)}, TWO(DO(F(0), A(2)), DO(F(1), A(3)))},
    {"free-same", "of two CPUs that free one slot one succeeds, the other is told -CGDT_ESTALE",
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(F(0), A(1)), DO(F(0)))},
    {"grow-grow", "two CPUs that grow get different slots",
     .slot_entries = 512, .max_cpus = 3, TWO(DO(A(0), A(1)), DO(A(2)))},
    {"grow-grow-page", "of two CPUs that grow one maps the page, the other takes of it",
     .slot_entries = 256, .window_pages = 2, .max_cpus = 4, TWO(DO(A(0), F(0)), DO(A(1), A(2)))},
    {"grow-alloc", "an alloc beside one that grows",
     .slot_entries = 256, .window_pages = 2, .max_cpus = 6, .taken = 2, .freed = {NO(1)}, .hold = {NO(0)},
     TWO(DO(A(1), A(2)), DO(A(3), F(0)))},
    {"trim-alloc", "a window goes, or a slot of it is given out, not both",
     .slot_entries = 256, .max_cpus = 4, .taken = 4, .whole = NO(1), TWO(DO(T), DO(A(1), A(2)))},
    {"trim-alloc-wide", "a window of two pages goes as a whole, or stays",
     .slot_entries = 256, .window_pages = 2, .max_cpus = 8, .taken = 7,
     .freed = {NO(4), NO(5), NO(6)}, TWO(DO(T), DO(A(1), F(1)))},
    {"trim-free", "a window goes when its last slot is freed, or stays",
     .slot_entries = 256, .max_cpus = 4, .taken = 3, .hold = {NO(2)}, TWO(DO(T), DO(F(0), A(1)))},
    {"trim-free-all", "two windows become free while they are trimmed",
     .slot_entries = 512, .max_cpus = 3, .taken = 2, .hold = {NO(0), NO(1)},
     TWO(DO(T), DO(F(0), F(1), A(2)))},
    {"trim-trim", "a window is given back once",
     .slot_entries = 256, .max_cpus = 4, .taken = 3, .hold = {NO(2)}, TWO(DO(F(0), T), DO(T))},
    {"trim-keep", "trim leaves the windows that are to be kept",
     .slot_entries = 256, .max_cpus = 4, .keep_windows = 1, .taken = 3, .hold = {NO(2)},
     .freed = {NO(0)}, TWO(DO(T), DO(F(0), A(1)))},
    {"reserve-alloc", "an alloc beside a reserve uses the reserve, no more",
     .slot_entries = 256, .max_cpus = 6, .taken = 3, TWO(DO(R(2)), DO(A(1), A(2)))},
    {"reserve-free", "a reserve at the ceiling counts a slot that comes back, or not",
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(65)}, TWO(DO(R(1)), DO(F(0), A(2)))},
    {"reserve-trim", "trim leaves what was reserved",
     .slot_entries = 256, .max_cpus = 6, .taken = 3, .hold = {NO(2)},
     TWO(DO(R(2)), DO(F(0), T))},
    {"bulk-alloc", "a bulk and an alloc at the ceiling: one is told that the pool is full",
     .max_cpus = 66, .taken = 66, .freed = {NO(3), NO(9), NO(65)}, TWO(DO(BULK(0, 3)), DO(A(3), F(3)))},
    {"bulk-bulk", "of two bulks that want the last slots one gets them all",
     .max_cpus = 66, .taken = 66, .freed = {NO(3), NO(9), NO(65)},
     TWO(DO(BULK(0, 2)), DO(BULK(2, 2)))},
    {"bulk-alloc-short", "a bulk that finds too little does not make an alloc fail",
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, TWO(DO(BULK(0, 2)), DO(A(3)))},
    {"bulk-free", "a bulk beside a free: all of it or nothing",
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3)},
     TWO(DO(BULK(1, 2)), DO(F(0), A(3)))},
    {"bulk-grow", "a bulk that grows beside an alloc that grows",
     .slot_entries = 256, .max_cpus = 6, .taken = 1, TWO(DO(BULK(0, 3)), DO(A(3), A(4)))},
    {"online-online", "of two that bring a CPU online one does",
     .max_cpus = 66, .taken = 62, TWO(DO(ON(0), AT(0)), DO(ON(0), AT(0)))},
    {"online-online-full", "nobody is told that a CPU is online where it cannot be",
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, TWO(DO(ON(0)), DO(ON(0)))},
    {"online-offline", "a CPU goes on- and offline at once",
     .max_cpus = 66, .taken = 62, .cpu0_online = true, TWO(DO(OFF(0), AT(0)), DO(ON(0), AT(0)))},
    {"offline-offline", "of two that take a CPU offline one does",
     .max_cpus = 66, .taken = 62, .cpu0_online = true, TWO(DO(OFF(0), ON(0)), DO(OFF(0)))},
    {"online-others", "two CPUs come online at the last slot, one goes",
     .max_cpus = 66, .taken = 65, .cpu0_online = true, TWO(DO(ON(1), AT(1)), DO(OFF(0), AT(1)))},
    {"write-read", "neighbours on a page write and read their own slots",
     .max_cpus = 66, .taken = 4, .hold = {NO(2), NO(3)},
     TWO(DO(W(0, 1), RD(0), W(0, 2)), DO(RD(1), W(1, 3), RD(1)))},
    {"write-look", "a CPU never sees halves of two 16-byte descriptors",
     .profile = CGDT_NATIVE64, .max_cpus = 66, .taken = 4, .hold = {NO(2)},
     TWO(DO(W(0, 1), W(0, 2)), DO(SEE(0), SEE(0), SEE(0)))},
    {"write-next-owner", "what one owner wrote is gone before the next one gets the slot",
     .max_cpus = 66, .taken = 66, .hold = {NO(3)},
     TWO(DO(W(0, 1), F(0)), DO(A(1), W(1, 2), RD(1)))},
    {"deep-free-free", "slots freed below two levels of summary are found",
     .slot_entries = 512, .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     TWO(DO(F(0), A(2)), DO(F(1), A(3)))},
    {"deep-alloc-free", "an alloc clears stale bits of two levels while a slot is freed",
     .slot_entries = 512, .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     TWO(DO(F(0), A(2), A(3)), DO(F(1)))},
    {"deep-alloc-alloc", "two CPUs clear stale bits of two levels",
     .slot_entries = 512, .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(64)},
     TWO(DO(A(2), F(0)), DO(A(3)))},

    /* Three CPUs. */
    {"three-alloc-last", "of three CPUs that want the last slot one gets it",
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, THREE(DO(A(0)), DO(A(1)), DO(A(2)))},
    {"three-alloc-alloc-free", "two want the last slot, a third gives one back",
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, .hold = {NO(3)},
     THREE(DO(A(1)), DO(A(2)), DO(F(0)))},
    {"three-alloc-free-trim", "alloc, free and trim of one window",
     .slot_entries = 256, .max_cpus = 4, .taken = 3, .hold = {NO(2)}, THREE(DO(A(1)), DO(F(0)), DO(T))},
    {"three-free-same", "of three CPUs that free one slot one succeeds",
     .max_cpus = 66, .taken = 66, .hold = {NO(3)}, THREE(DO(F(0)), DO(F(0)), DO(F(0), A(1)))},
    {"three-free-free-alloc", "two free slots of one full page, a third allocates",
     .max_cpus = 66, .taken = 66, .hold = {NO(3), NO(4)}, THREE(DO(F(0)), DO(F(1)), DO(A(2)))},
    {"three-grow", "three CPUs that grow get different slots",
     .slot_entries = 256, .window_pages = 2, .max_cpus = 3, THREE(DO(A(0)), DO(A(1)), DO(A(2)))},
    {"three-grow-trim", "a window is trimmed and grown again",
     .slot_entries = 512, .max_cpus = 2, .taken = 1, .hold = {NO(0)},
     THREE(DO(A(1)), DO(F(0)), DO(T))},
    {"three-bulk-alloc-free", "a bulk, an alloc and a free at the ceiling",
     .max_cpus = 66, .taken = 66, .freed = {NO(65)}, .hold = {NO(3)},
     THREE(DO(BULK(1, 2)), DO(A(4)), DO(F(0)))},
    {"three-reserve", "a reserve beside an alloc and a free",
     .slot_entries = 256, .max_cpus = 4, .taken = 3, .hold = {NO(0)}, THREE(DO(R(1)), DO(A(1)), DO(F(0)))},
    {"three-online", "one CPU is brought online by two, offline by a third",
     .max_cpus = 66, .taken = 62, .cpu0_online = true, THREE(DO(ON(0)), DO(OFF(0)), DO(ON(0), AT(0)))},
    {"three-deep", "two free below two levels of summary, a third allocates",
     .slot_entries = 512, .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     THREE(DO(F(0)), DO(F(1)), DO(A(2)))},

    /* Three CPUs with more to do: every schedule of at most three preemptions. */
    {"mix-last-slot", "an alloc that loses a race for one slot takes another",
     .max_cpus = 66, .taken = 66, .freed = {NO(63)}, .hold = {NO(3)},
     MIX(DO(A(1), F(1)), DO(A(2)), DO(F(0), A(3)))},
    {"mix-bulk", "two bulks, an alloc and a free at the ceiling",
     .max_cpus = 66, .taken = 66, .freed = {NO(62), NO(65)}, .hold = {NO(3)},
     MIX(DO(BULK(1, 2)), DO(BULK(3, 2)), DO(F(0), A(5)))},
    {"mix-trim", "a window goes while slots are taken and given back",
     .slot_entries = 256, .max_cpus = 4, .taken = 3, .hold = {NO(2), NO(0)},
     MIX(DO(A(2)), DO(F(0), F(1)), DO(T))},
    {"mix-online", "three CPUs bring two others on- and offline",
     .max_cpus = 66, .taken = 65, .cpu0_online = true,
     MIX(DO(OFF(0)), DO(ON(0), AT(0)), DO(ON(1)))},
    {"mix-deep", "three CPUs meet at two levels of summary",
     .slot_entries = 512, .max_cpus = 66, .taken = 66, .hold = {NO(64), NO(65)},
     MIX(DO(F(0)), DO(F(1), A(3)), DO(A(4)))},
};
/* clang-format on */

const unsigned scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
