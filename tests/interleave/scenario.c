/* SPDX-License-Identifier: MIT */
/*
 * The table of scenarios. A row is: name, claim, entries of a slot; the pool and its state; what
 * each CPU does. h0, h1, ... are handles that all CPUs share: ALLOC(h0) takes a slot into h0,
 * FREE(h0) gives the slot of h0 back. So
 *
 *   .taken = 66, .handles = {SLOT(3)}, TWO_CPUS(DO(FREE(h0), ALLOC(h1)), DO(FREE(h0)))
 *
 * is: 66 slots are taken, h0 is the handle of slot 3; one CPU frees it and allocates a slot, while
 * another frees the same handle.
 *
 * Pools are small, or full but for a few slots, so that CPUs meet at every step: 66 slots in 64
 * colors are a full word and one of two bits below one word of summary. With words of 4 bits (the
 * third column: 128 entries or more) 66 slots have three levels of summary, 6 have one.
 */
#include "scenario.h"

enum {
    h0,
    h1,
    h2,
    h3,
    h4,
    h5
};

/* What cgdt_cpu_online() and cgdt_cpu_slot() answer goes into this one, which nobody uses. */
#define CPUS_HANDLE (MAX_HANDLES - 1)

/* Numbers, where 0 means "none". */
#define SLOT(n) ((uint8_t)((n) + 1))
#define PAGE(n) ((uint8_t)((n) + 1))

/* What a CPU does, call after call. */
#define DO(...)                                                                                    \
    {                                                                                              \
        sizeof((struct call[]){__VA_ARGS__}) / sizeof(struct call),                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define TWO_CPUS(...)           .bound = UNBOUNDED, .cpus = 2, .program = {__VA_ARGS__}
#define THREE_CPUS(...)         .bound = UNBOUNDED, .cpus = 3, .program = {__VA_ARGS__}
#define THREE_CPUS_BOUNDED(...) .bound = 3, .cpus = 3, .program = {__VA_ARGS__}

/* The calls: history.h has more on each. */
/* clang-format off */
#define ALLOC(to)             {CALL_ALLOC, to, 1, 0}
#define ALLOC_BULK(first, n)  {CALL_ALLOC, first, n, 0}
#define ALLOC_NOWAIT(to)      {CALL_ALLOC_NOWAIT, to, 1, 0}
#define ALLOC_NEAR(to, handle) {CALL_ALLOC_NEAR, to, 1, 1 + handle}
#define ALLOC_ALONE(to)       {CALL_ALLOC_NEAR, to, 1, 0}
#define FREE(handle)          {CALL_FREE, handle, 0, 0}
#define FREE_BULK(first, n)   {CALL_FREE, first, n, 0}
#define TRIM                  {CALL_TRIM, 0, 0, 0}
#define RESERVE(n)            {CALL_RESERVE, 0, n, 0}
#define ONLINE(cpu)           {CALL_ONLINE, CPUS_HANDLE, cpu, 0}
#define ONLINE_NEAR(cpu, other) {CALL_ONLINE_NEAR, CPUS_HANDLE, cpu, 1 + other}
#define ONLINE_ALONE(cpu)     {CALL_ONLINE_NEAR, CPUS_HANDLE, cpu, 0}
#define ONLINE_AT(cpu, handle) {CALL_ONLINE_AT, handle, cpu, 0}
#define OFFLINE(cpu)          {CALL_OFFLINE, CPUS_HANDLE, cpu, 0}
#define CPU_SLOT(cpu)         {CALL_CPU_SLOT, CPUS_HANDLE, cpu, 0}
#define WRITE(handle, value)  {CALL_WRITE, handle, value, 0}
#define READ(handle)          {CALL_READ, handle, 0, 0}
#define LOOK(handle)          {CALL_LOOK, handle, 0, 0}

const struct scenario scenarios[] = {
    /* Two CPUs: every schedule. */
    {"alloc-alloc", "two CPUs that allocate get different slots", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(62), SLOT(65)},
     TWO_CPUS(DO(ALLOC(h0), ALLOC(h1)), DO(ALLOC(h2)))},
    {"alloc-last", "of two CPUs that want the last slot one gets it", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(63)},
     TWO_CPUS(DO(ALLOC(h0), FREE(h0)), DO(ALLOC(h1)))},
    {"alloc-free", "an alloc beside a free gets a slot, or the pool was full", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)},
     TWO_CPUS(DO(ALLOC(h1), ALLOC(h2)), DO(FREE(h0), ALLOC(h3)))},
    {"alloc-free-pages", "a slot freed on one page while another is taken is not overlooked", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)}, .handles = {SLOT(3), SLOT(64)},
     TWO_CPUS(DO(ALLOC(h2), FREE(h1)), DO(FREE(h0), ALLOC(h3)))},
    {"alloc-free-free", "of two slots that come back none is hidden by an alloc of the other", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(64), SLOT(65)},
     TWO_CPUS(DO(ALLOC(h2)), DO(FREE(h0), FREE(h1)))},
    {"alloc-free-again", "a slot that came back is not overlooked, whoever takes it", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(65)},
     TWO_CPUS(DO(ALLOC(h1)), DO(FREE(h0), ALLOC(h2), ALLOC(h3)))},
    {"free-free", "two CPUs free slots of one full page", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3), SLOT(4)},
     TWO_CPUS(DO(FREE(h0), ALLOC(h2)), DO(FREE(h1), ALLOC(h3)))},
    {"free-same", "of two CPUs that free one slot one succeeds, the other is told -CGDT_ESTALE", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)},
     TWO_CPUS(DO(FREE(h0), ALLOC(h1)), DO(FREE(h0)))},
    {"free-stale", "a handle from before the last free is refused while the present owner frees", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3)}, .handles = {SLOT(3)},
     TWO_CPUS(DO(ALLOC(h1), FREE(h1), ALLOC(h2)), DO(FREE(h0)))},
    {"free-stale-pages", "a handle from before the last free is refused, whoever has the slot", 128,
     .max_cpus = 6, .taken = 6, .freed = {SLOT(5)}, .handles = {SLOT(5), SLOT(0)},
     TWO_CPUS(DO(ALLOC(h2), FREE(h2), ALLOC(h3)), DO(FREE(h0), FREE(h1), FREE(h0)))},
    {"free-forged", "a made-up handle of a free slot is refused, or its new owner's", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3)}, .forged = SLOT(3),
     TWO_CPUS(DO(ALLOC(h1), ALLOC(h2)), DO(FREE(h0)))},
    {"trim-forged", "a made-up handle of a slot whose page is leaving is refused", 256,
     .max_cpus = 4, .taken = 3, .freed = {SLOT(2)}, .forged = SLOT(2),
     TWO_CPUS(DO(TRIM), DO(FREE(h0), ALLOC(h1)))},
    {"grow-grow", "two CPUs that grow get different slots", 512,
     .max_cpus = 3,
     TWO_CPUS(DO(ALLOC(h0), ALLOC(h1)), DO(ALLOC(h2)))},
    {"grow-grow-page", "of two CPUs that grow one maps the page, the other takes of it", 256,
     .window_pages = 2, .max_cpus = 4,
     TWO_CPUS(DO(ALLOC(h0), FREE(h0)), DO(ALLOC(h1), ALLOC(h2)))},
    {"grow-alloc", "an alloc beside one that grows", 256,
     .window_pages = 2, .max_cpus = 6, .taken = 2, .freed = {SLOT(1)}, .handles = {SLOT(0)},
     TWO_CPUS(DO(ALLOC(h1), ALLOC(h2)), DO(ALLOC(h3), FREE(h0)))},
    {"trim-alloc", "a page goes, or a slot of it is given out, not both", 256,
     .max_cpus = 4, .taken = 4, .free_page = PAGE(1),
     TWO_CPUS(DO(TRIM), DO(ALLOC(h1), ALLOC(h2)))},
    {"trim-alloc-wide", "of two pages of a window the upper goes first", 256,
     .window_pages = 2, .max_cpus = 8, .taken = 7, .freed = {SLOT(4), SLOT(5), SLOT(6)},
     TWO_CPUS(DO(TRIM), DO(ALLOC(h1), FREE(h1)))},
    {"trim-free", "a page goes when its last slot is freed, or stays", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(2)},
     TWO_CPUS(DO(TRIM), DO(FREE(h0), ALLOC(h1)))},
    {"trim-free-all", "two pages become free while they are trimmed", 512,
     .max_cpus = 3, .taken = 2, .handles = {SLOT(0), SLOT(1)},
     TWO_CPUS(DO(TRIM), DO(FREE(h0), FREE(h1), ALLOC(h2)))},
    {"trim-trim", "a page is given back once", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(2)},
     TWO_CPUS(DO(FREE(h0), TRIM), DO(TRIM))},
    {"trim-keep", "trim leaves the pages that are to be kept", 256,
     .max_cpus = 4, .keep_pages = 1, .taken = 3, .handles = {SLOT(2)}, .freed = {SLOT(0)},
     TWO_CPUS(DO(TRIM), DO(FREE(h0), ALLOC(h1)))},
    {"reserve-alloc", "an alloc beside a reserve that grows", 256,
     .max_cpus = 6, .taken = 3,
     TWO_CPUS(DO(RESERVE(5)), DO(ALLOC(h1), ALLOC(h2)))},
    {"reserve-free", "a reserve of all there is, beside a free", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3), SLOT(65)},
     TWO_CPUS(DO(RESERVE(66)), DO(FREE(h0), ALLOC(h2)))},
    {"reserve-trim", "trim leaves what was reserved", 256,
     .max_cpus = 6, .taken = 3, .handles = {SLOT(2)},
     TWO_CPUS(DO(RESERVE(4)), DO(FREE(h0), TRIM))},
    {"bulk-alloc", "a bulk and an alloc at the ceiling: one is told that the pool is full", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3), SLOT(9), SLOT(65)},
     TWO_CPUS(DO(ALLOC_BULK(h0, 3)), DO(ALLOC(h3), FREE(h3)))},
    {"bulk-bulk", "of two bulks that want the last slots one gets them all", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3), SLOT(9), SLOT(65)},
     TWO_CPUS(DO(ALLOC_BULK(h0, 2)), DO(ALLOC_BULK(h2, 2)))},
    {"bulk-alloc-short", "a bulk that finds too little does not make an alloc fail", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)},
     TWO_CPUS(DO(ALLOC_BULK(h0, 2)), DO(ALLOC(h3)))},
    {"bulk-free", "a bulk beside a free: all of it or nothing", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)}, .handles = {SLOT(3)},
     TWO_CPUS(DO(ALLOC_BULK(h1, 2)), DO(FREE(h0), ALLOC(h3)))},
    {"bulk-grow", "a bulk that grows beside an alloc that grows", 256,
     .max_cpus = 6, .taken = 1,
     TWO_CPUS(DO(ALLOC_BULK(h0, 3)), DO(ALLOC(h3), ALLOC(h4)))},
    {"bulk-free-alloc", "slots that are freed in bulk are found by an alloc, each of them clean", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3), SLOT(4), SLOT(65)},
     TWO_CPUS(DO(FREE_BULK(h0, 3)), DO(ALLOC(h4), ALLOC(h5)))},
    {"bulk-free-free", "a bulk free beside a free of a neighbour", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(63), SLOT(64), SLOT(5)},
     TWO_CPUS(DO(FREE_BULK(h0, 2), ALLOC(h4)), DO(FREE(h2), ALLOC(h5)))},
    {"bulk-free-same", "of a bulk free and a free of one of its eight slots one succeeds", 8,
     .max_cpus = 66, .taken = 66,
     .handles = {SLOT(8), SLOT(9), SLOT(10), SLOT(11), SLOT(12), SLOT(13), SLOT(14), SLOT(15)},
     TWO_CPUS(DO(FREE_BULK(h0, 8)), DO(FREE(h2)))},
    {"bulk-free-trim", "a page goes when its last slots are freed in bulk, or stays", 256,
     .max_cpus = 4, .taken = 4, .handles = {SLOT(2), SLOT(3)},
     TWO_CPUS(DO(TRIM), DO(FREE_BULK(h0, 2), ALLOC(h4)))},
    {"nowait-free", "an alloc that may not wait finds a slot that is free all the time", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)}, .handles = {SLOT(3)},
     TWO_CPUS(DO(ALLOC_NOWAIT(h1), ALLOC_NOWAIT(h2)), DO(FREE(h0)))},
    {"nowait-moves", "a free slot that moves is not overlooked by an alloc that may not wait", 128,
     .max_cpus = 12, .taken = 12, .freed = {SLOT(11)}, .handles = {SLOT(0), SLOT(5)},
     TWO_CPUS(DO(ALLOC_NOWAIT(h2)), DO(FREE(h0), ALLOC_NOWAIT(h3), FREE(h1)))},
    {"near-near", "of two that want a page to themselves each gets one", 256,
     .max_cpus = 8, .taken = 5, .freed = {SLOT(2), SLOT(3), SLOT(4)},
     TWO_CPUS(DO(ALLOC_ALONE(h0)), DO(ALLOC_ALONE(h1), ALLOC_NEAR(h2, h1), FREE(h1)))},
    {"near-alloc", "a slot of a page is its neighbour's or somebody else's, not both", 128,
     .max_cpus = 12, .taken = 6, .freed = {SLOT(1)}, .handles = {SLOT(0), SLOT(4)},
     TWO_CPUS(DO(ALLOC_NEAR(h2, h0), ALLOC_NEAR(h3, h1)), DO(ALLOC(h4), FREE(h4)))},
    {"near-free", "a neighbour that goes does not bring a slot onto another kind's page", 256,
     .max_cpus = 6, .taken = 1, .handles = {SLOT(0)},
     TWO_CPUS(DO(ALLOC_NEAR(h1, h0)), DO(FREE(h0), ALLOC_ALONE(h2)))},
    {"near-trim", "a page goes, or it is somebody's alone, not both", 256,
     .max_cpus = 6, .taken = 4, .free_page = PAGE(1),
     TWO_CPUS(DO(TRIM), DO(ALLOC_ALONE(h0), ALLOC_NEAR(h1, h0)))},
    {"near-bulk", "a bulk beside slots that come near others: none is given twice", 128,
     .max_cpus = 12, .taken = 5, .freed = {SLOT(1)}, .handles = {SLOT(4)},
     TWO_CPUS(DO(ALLOC_BULK(h1, 3)), DO(ALLOC_NEAR(h4, h0)))},
    {"near-grow", "two kinds that grow get pages of their own", 256,
     .max_cpus = 6,
     TWO_CPUS(DO(ALLOC_ALONE(h0), ALLOC_NEAR(h1, h0)), DO(ALLOC_ALONE(h2)))},
    {"near-grow-alloc", "a new page of one kind and a new one of all others", 256,
     .max_cpus = 6, .taken = 2, .handles = {SLOT(0)},
     TWO_CPUS(DO(ALLOC_NEAR(h1, h0)), DO(ALLOC(h2)))},
    {"near-full", "at the ceiling a slot that comes back is found on any page", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3), SLOT(64)}, .shares = true,
     TWO_CPUS(DO(ALLOC_NEAR(h2, h1)), DO(FREE(h0), ALLOC(h3)))},
    {"near-offline", "a CPU that goes does not bring another onto another kind's page", 256,
     .max_cpus = 6, .cpu0_online = true,
     TWO_CPUS(DO(ONLINE_NEAR(1, 0)), DO(OFFLINE(0), ONLINE_ALONE(2)))},
    {"near-online", "of two that bring a CPU online one does, near others or not", 256,
     .max_cpus = 6, .cpu0_online = true,
     TWO_CPUS(DO(ONLINE_NEAR(1, 0), CPU_SLOT(1)), DO(ONLINE(1)))},
    {"free-offline", "a CPU's slot is freed by its offline alone, and it can come online again", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true, .cpu0_handle = true,
     TWO_CPUS(DO(FREE(h0), CPU_SLOT(0)), DO(OFFLINE(0), ONLINE(0)))},
    {"online-at-free", "a slot set aside is its CPU's, or freed, not both", 8,
     .max_cpus = 66, .taken = 62, .handles = {SLOT(3)},
     TWO_CPUS(DO(ONLINE_AT(0, h0), OFFLINE(0)), DO(FREE(h0), ALLOC(h1)))},
    {"online-at-twice", "of two CPUs that are given one slot one gets it", 8,
     .max_cpus = 66, .taken = 62, .handles = {SLOT(3)},
     TWO_CPUS(DO(ONLINE_AT(0, h0), CPU_SLOT(0)), DO(ONLINE_AT(1, h0), OFFLINE(1)))},
    {"online-online", "of two that bring a CPU online one does", 8,
     .max_cpus = 66, .taken = 62,
     TWO_CPUS(DO(ONLINE(0), CPU_SLOT(0)), DO(ONLINE(0), CPU_SLOT(0)))},
    {"online-online-full", "nobody is told that a CPU is online where it cannot be", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)},
     TWO_CPUS(DO(ONLINE(0)), DO(ONLINE(0)))},
    {"online-offline", "a CPU goes on- and offline at once", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true,
     TWO_CPUS(DO(OFFLINE(0), CPU_SLOT(0)), DO(ONLINE(0), CPU_SLOT(0)))},
    {"offline-offline", "of two that take a CPU offline one does", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true,
     TWO_CPUS(DO(OFFLINE(0), ONLINE(0)), DO(OFFLINE(0)))},
    {"online-others", "two CPUs come online at the last slot, one goes", 8,
     .max_cpus = 66, .taken = 65, .cpu0_online = true,
     TWO_CPUS(DO(ONLINE(1), CPU_SLOT(1)), DO(OFFLINE(0), CPU_SLOT(1)))},
    {"write-read", "neighbours on a page write and read their own slots", 8,
     .max_cpus = 66, .taken = 4, .handles = {SLOT(2), SLOT(3)},
     TWO_CPUS(DO(WRITE(h0, 1), READ(h0), WRITE(h0, 2)), DO(READ(h1), WRITE(h1, 3), READ(h1)))},
    {"write-look", "a CPU never sees halves of two 16-byte descriptors", 8,
     .profile = CGDT_PROFILE_NATIVE64, .max_cpus = 66, .taken = 4, .handles = {SLOT(2)},
     TWO_CPUS(DO(WRITE(h0, 1), WRITE(h0, 2)), DO(LOOK(h0), LOOK(h0), LOOK(h0)))},
    {"write-next-owner", "what one owner wrote is gone before the next one gets the slot", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)},
     TWO_CPUS(DO(WRITE(h0, 1), FREE(h0)), DO(ALLOC(h1), WRITE(h1, 2), READ(h1)))},
    {"mark-neighbours", "what neighbours wrote behind the template is gone when they free", 16,
     .direct = true, .max_cpus = 32, .taken = 32, .handles = {SLOT(2), SLOT(3)},
     TWO_CPUS(DO(WRITE(h0, 1), FREE(h0)), DO(WRITE(h1, 2), FREE(h1)))},
    {"mark-next-owner", "what an owner wrote behind the template is gone when the next has it", 16,
     .direct = true, .max_cpus = 32, .taken = 32, .handles = {SLOT(3)},
     TWO_CPUS(DO(WRITE(h0, 1), FREE(h0)), DO(ALLOC(h1), WRITE(h1, 2), READ(h1), FREE(h1)))},
    {"deep-free-free", "slots freed below two levels of summary are found", 512,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(64), SLOT(65)},
     TWO_CPUS(DO(FREE(h0), ALLOC(h2)), DO(FREE(h1), ALLOC(h3)))},
    {"deep-alloc-free", "an alloc clears stale bits of two levels while a slot is freed", 512,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(64), SLOT(65)},
     TWO_CPUS(DO(FREE(h0), ALLOC(h2), ALLOC(h3)), DO(FREE(h1)))},
    {"deep-alloc-alloc", "two CPUs clear stale bits of two levels", 512,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)}, .handles = {SLOT(64)},
     TWO_CPUS(DO(ALLOC(h2), FREE(h0)), DO(ALLOC(h3)))},

    /* The port refuses an operation. */
    {"refused-map", "a page that cannot be had is gone round, beside another alloc", 256,
     .max_cpus = 6, .taken = 2, .refused = FAULT_MAP, .refused_at = 1,
     TWO_CPUS(DO(ALLOC(h1)), DO(ALLOC(h2)))},
    {"refused-seal", "a page that cannot be sealed is gone round, beside another alloc", 256,
     .max_cpus = 6, .taken = 2, .refused = FAULT_SEAL, .refused_at = 1,
     TWO_CPUS(DO(ALLOC(h1)), DO(ALLOC(h2)))},
    {"refused-free", "a slot that cannot be zeroed stays its owner's", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)}, .refused = FAULT_LIVE_WRITE,
     .refused_at = 1, TWO_CPUS(DO(FREE(h0), FREE(h0)), DO(ALLOC(h1)))},
    {"refused-alloc", "an alloc that cannot write the template gives its slot back", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3), SLOT(9)}, .refused = FAULT_LIVE_WRITE,
     .refused_at = 1, TWO_CPUS(DO(ALLOC(h0)), DO(ALLOC(h1)))},
    {"refused-trim", "a page that cannot be unsealed stays in service, whoever wants a slot", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(2)}, .refused = FAULT_UNSEAL, .refused_at = 1,
     TWO_CPUS(DO(FREE(h0), TRIM), DO(ALLOC(h1)))},
    {"refused-bulk", "a bulk that fails on its way leaves nothing behind", 256,
     .max_cpus = 8, .taken = 4, .freed = {SLOT(3)}, .refused = FAULT_SEAL, .refused_at = 2,
     TWO_CPUS(DO(ALLOC_BULK(h1, 4)), DO(ALLOC(h5)))},
    {"refused-offline", "a CPU whose slot cannot be zeroed is online still", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true, .refused = FAULT_LIVE_WRITE,
     .refused_at = 1, TWO_CPUS(DO(OFFLINE(0), CPU_SLOT(0)), DO(OFFLINE(0), ONLINE(0)))},

    {"refused-near", "without a page that can be sealed it shares one, beside another alloc", 256,
     .max_cpus = 6, .taken = 3, .handles = {SLOT(0)}, .shares = true, .refused = FAULT_SEAL,
     .refused_at = 1, TWO_CPUS(DO(ALLOC_NEAR(h1, h0)), DO(ALLOC(h2)))},
    {"refused-near-write", "near others, too, a slot without a template goes back", 128,
     .max_cpus = 12, .taken = 5, .handles = {SLOT(4)}, .refused = FAULT_LIVE_WRITE,
     .refused_at = 1, TWO_CPUS(DO(ALLOC_NEAR(h1, h0)), DO(ALLOC(h2)))},

    /* Three CPUs. */
    {"three-alloc-last", "of three CPUs that want the last slot one gets it", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(63)},
     THREE_CPUS(DO(ALLOC(h0)), DO(ALLOC(h1)), DO(ALLOC(h2)))},
    {"three-alloc-alloc-free", "two want the last slot, a third gives one back", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(63)}, .handles = {SLOT(3)},
     THREE_CPUS(DO(ALLOC(h1)), DO(ALLOC(h2)), DO(FREE(h0)))},
    {"three-alloc-free-trim", "alloc, free and trim of one page", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(2)},
     THREE_CPUS(DO(ALLOC(h1)), DO(FREE(h0)), DO(TRIM))},
    {"three-free-same", "of three CPUs that free one slot one succeeds", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3)},
     THREE_CPUS(DO(FREE(h0)), DO(FREE(h0)), DO(FREE(h0), ALLOC(h1)))},
    {"three-free-stale", "an owner frees, an old handle is freed, a third wants the slot", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(3)}, .handles = {SLOT(3)},
     THREE_CPUS(DO(ALLOC(h1), FREE(h1)), DO(FREE(h0)), DO(ALLOC(h2)))},
    {"three-free-free-alloc", "two free slots of one full page, a third allocates", 8,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(3), SLOT(4)},
     THREE_CPUS(DO(FREE(h0)), DO(FREE(h1)), DO(ALLOC(h2)))},
    {"three-grow-trim", "a page is trimmed and grown again", 512,
     .max_cpus = 2, .taken = 1, .handles = {SLOT(0)},
     THREE_CPUS(DO(ALLOC(h1)), DO(FREE(h0)), DO(TRIM))},
    {"three-bulk-alloc-free", "a bulk, an alloc and a free at the ceiling", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(65)}, .handles = {SLOT(3)},
     THREE_CPUS(DO(ALLOC_BULK(h1, 2)), DO(ALLOC(h4)), DO(FREE(h0)))},
    {"three-near", "a neighbour goes, another kind comes, a third wants to be near", 256,
     .max_cpus = 6, .taken = 1, .handles = {SLOT(0)},
     THREE_CPUS(DO(ALLOC_NEAR(h1, h0)), DO(FREE(h0)), DO(ALLOC_ALONE(h2)))},
    {"three-reserve", "a reserve beside an alloc and a free", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(0)},
     THREE_CPUS(DO(RESERVE(3)), DO(ALLOC(h1)), DO(FREE(h0)))},
    {"three-online", "one CPU is brought online by two, offline by a third", 8,
     .max_cpus = 66, .taken = 62, .cpu0_online = true,
     THREE_CPUS(DO(ONLINE(0)), DO(OFFLINE(0)), DO(ONLINE(0), CPU_SLOT(0)))},
    {"three-deep", "two free below two levels of summary, a third allocates", 512,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(64), SLOT(65)},
     THREE_CPUS(DO(FREE(h0)), DO(FREE(h1)), DO(ALLOC(h2)))},

    /* Three CPUs with more to do: every schedule of at most three preemptions. */
    {"mix-last-slot", "an alloc that loses a race for one slot takes another", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(63)}, .handles = {SLOT(3)},
     THREE_CPUS_BOUNDED(DO(ALLOC(h1), FREE(h1)), DO(ALLOC(h2)), DO(FREE(h0), ALLOC(h3)))},
    {"mix-bulk", "two bulks, an alloc and a free at the ceiling", 8,
     .max_cpus = 66, .taken = 66, .freed = {SLOT(62), SLOT(65)}, .handles = {SLOT(3)},
     THREE_CPUS_BOUNDED(DO(ALLOC_BULK(h1, 2)), DO(ALLOC_BULK(h3, 2)), DO(FREE(h0), ALLOC(h5)))},
    {"mix-trim", "a page goes while slots are taken and given back", 256,
     .max_cpus = 4, .taken = 3, .handles = {SLOT(2), SLOT(0)},
     THREE_CPUS_BOUNDED(DO(ALLOC(h2)), DO(FREE(h0), FREE(h1)), DO(TRIM))},
    {"mix-online", "three CPUs bring two others on- and offline", 8,
     .max_cpus = 66, .taken = 65, .cpu0_online = true,
     THREE_CPUS_BOUNDED(DO(OFFLINE(0)), DO(ONLINE(0), CPU_SLOT(0)), DO(ONLINE(1)))},
    {"mix-grow", "three CPUs that grow get different slots", 256,
     .window_pages = 2, .max_cpus = 3,
     THREE_CPUS_BOUNDED(DO(ALLOC(h0)), DO(ALLOC(h1)), DO(ALLOC(h2)))},
    {"mix-moves", "a free slot that moves to a word that was passed is not overlooked", 128,
     .max_cpus = 24, .taken = 24, .stale_words = 5, .freed = {SLOT(23)}, .handles = {SLOT(0)},
     THREE_CPUS_BOUNDED(DO(ALLOC_NOWAIT(h1)), DO(ALLOC_NOWAIT(h2)), DO(FREE(h0)))},
    {"mix-deep", "three CPUs meet at two levels of summary", 512,
     .max_cpus = 66, .taken = 66, .handles = {SLOT(64), SLOT(65)},
     THREE_CPUS_BOUNDED(DO(FREE(h0)), DO(FREE(h1), ALLOC(h3)), DO(ALLOC(h4)))},
};
/* clang-format on */

const unsigned scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
