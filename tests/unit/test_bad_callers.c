/* SPDX-License-Identifier: MIT */
/*
 * Callers who free what is not theirs, or twice, or while somebody else does, or in the middle of
 * another call: an error each time, and never damage to anybody's slot.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include <cgdt/port/fixed.h>

#include "fixture.h"

/* Pools in which a foreign handle can land in different ways. */
static void half_owned(struct fixture *fixture, bool live)
{
    cgdt_slot_t slots[100];

    fixture_prepare(fixture, 32, 2, 100);
    live ? fixture_open_live(fixture) : fixture_open(fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, 90, slots), 0);
    for (int i = 0; i < 90; i++)
        if (i % 3 == 0 || (i >= 32 && i < 64))
            cr_assert_eq(cgdt_free(fixture->pool, slots[i]), 0);
}

static void empty(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, 100);
    fixture_open_live(fixture);
}

static void boot(struct fixture *fixture)
{
    half_owned(fixture, false);
}

static void live(struct fixture *fixture)
{
    half_owned(fixture, true);
}

static void with_a_hole(struct fixture *fixture)
{
    half_owned(fixture, true);
    cr_assert_eq(cgdt_trim(fixture->pool), 2, "window 1");
}

static void common(struct fixture *fixture)
{
    cgdt_slot_t slots[200];

    fixture_prepare(fixture, 8, 2, 300);
    fixture_set_common(fixture);
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, 200, slots), 0);
}

static void native(struct fixture *fixture)
{
    fixture_prepare(fixture, 128, 4, 100);
    fixture_set_native(fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(fixture);
    for (int i = 0; i < 50; i++)
        (void)fixture_alloc(fixture);
}

/*
 * Whether this is the very handle that a slot's owner has; cgdt_read() changes nothing and says so.
 */
static bool is_owners(const struct fixture *fixture, cgdt_slot_t slot)
{
    cgdt_desc_t unused;

    return cgdt_read(fixture->pool, slot, 0, &unused, 1) == 0;
}

/* Who owns what, counted without asking by handle. */
static uint32_t owners(const struct fixture *fixture)
{
    uint32_t n = 0;

    for (uint32_t page = 0; page < fixture->strict.pages; page++) {
        uint64_t owned = 0;

        (void)cgdt_page_taken(fixture->pool, page, &owned);
        for (; owned != 0; owned &= owned - 1)
            n++;
    }
    return n;
}

/*
 * A handle of 32 random bits, or near those that exist: every call but on an owner's very handle
 * fails.
 */
static uint32_t try_handle(struct fixture *fixture, cgdt_slot_t slot)
{
    const cgdt_desc_t desc = 0;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    const cgdt_desc_t *view;
    struct cgdt_cache cache;
    uint32_t n, entries;

    if (is_owners(fixture, slot))
        return 1;
    const int freed = cgdt_free(fixture->pool, slot);
    MUST(freed == -CGDT_ENOENT || freed == -CGDT_ESTALE, "free of %08x: %d", slot, freed);
    MUST(cgdt_write(fixture->pool, slot, 1, &desc, 1) == freed, "write to %08x", slot);
    MUST(cgdt_frames(fixture->pool, slot, frames, &n, &entries) < 0, "frames of %08x", slot);
    MUST(cgdt_slot_view(fixture->pool, slot, &view) == freed, "view of %08x", slot);
    MUST(cgdt_cache_init(&cache, sizeof(cache), fixture->pool) == 0 &&
             cgdt_cache_free(&cache, slot) == freed,
         "free of %08x into a cache", slot);
    return 0;
}

static void try_random_handles(void (*prepare)(struct fixture *), uint64_t seed)
{
    struct fixture fixture;
    struct snapshot before;
    uint32_t met = 0;

    prepare(&fixture);
    snapshot_take(&before, &fixture);
    for (int i = 0; i < 200000; i++) {
        const cgdt_slot_t any = (cgdt_slot_t)next_random(&seed);

        (void)try_handle(&fixture, any);
        (void)try_handle(&fixture, any & (0xfe0001ffu));
    }
    /*
     * Every handle there is, of all generations and with the bit that none has: each owner is met
     * once.
     */
    for (cgdt_slot_t slot = 0; slot <= 1000; slot++)
        for (uint32_t upper = 0; upper < 128; upper++)
            met += try_handle(&fixture, slot | upper << 25);
    cr_assert_eq(met, owners(&fixture));
    cr_assert(snapshot_same(&before, &fixture), "a foreign handle did damage");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

#define HANDLE_TEST(state, seed)                                                                   \
    Test(bad_handles, do_no_damage_to_a_pool_that_is_##state)                                      \
    {                                                                                              \
        try_random_handles(state, seed);                                                           \
    }

HANDLE_TEST(empty, 101)
HANDLE_TEST(boot, 102)
HANDLE_TEST(live, 103)
HANDLE_TEST(with_a_hole, 104)
HANDLE_TEST(common, 105)
HANDLE_TEST(native, 106)

/*
 * A second caller, let in from inside a port operation, as another CPU could come at that moment.
 */
static struct intruder {
    struct fixture *fixture;
    cgdt_slot_t slot;
    cgdt_slot_t later; /* freed last; CGDT_NO_SLOT: none */
    int results[4];
    uint32_t times;
    enum faulty_kind at;
} intruder;

static void intrude(enum faulty_kind kind)
{
    struct cgdt_pool *pool = intruder.fixture->pool;
    const cgdt_desc_t desc = DATA3;
    cgdt_desc_t out;

    if (kind != intruder.at || intruder.times++ != 0)
        return;
    intruder.results[0] = cgdt_free(pool, intruder.slot);
    intruder.results[1] = cgdt_write(pool, intruder.slot, 1, &desc, 1);
    intruder.results[2] = cgdt_read(pool, intruder.slot, 1, &out, 1);
    intruder.results[3] = cgdt_free(pool, intruder.later);
}

static int open_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    intrude(FAULTY_LIVE_WRITE);
    return faulty_port.live_write(ctx, page, view, batch);
}

static int open_quiesce(void *ctx, uint32_t cpu)
{
    intrude(FAULTY_QUIESCE);
    return faulty_port.quiesce(ctx, cpu);
}

static int open_map(void *ctx, uint32_t page, void **view)
{
    intrude(FAULTY_MAP);
    return faulty_port.map(ctx, page, view);
}

static int open_seal(void *ctx, uint32_t page, void **view)
{
    intrude(FAULTY_SEAL);
    return faulty_port.seal(ctx, page, view);
}

static int open_unseal(void *ctx, uint32_t page, void **view)
{
    intrude(FAULTY_UNSEAL);
    return faulty_port.unseal(ctx, page, view);
}

static struct cgdt_port open_port;

static void let_in(struct fixture *fixture, enum faulty_kind at)
{
    open_port = faulty_port;
    open_port.live_write = open_live_write;
    open_port.quiesce = open_quiesce;
    open_port.map = open_map;
    open_port.seal = open_seal;
    open_port.unseal = open_unseal;
    fixture_prepare(fixture, 32, 2, 100);
    fixture->config.port = &open_port;
    memset(&intruder, 0, sizeof(intruder));
    intruder.fixture = fixture;
    intruder.times = 1; /* not yet */
    intruder.at = at;
    fixture_open_live(fixture);
}

Test(intruder, a_slot_that_is_being_freed_is_stale_to_everybody_else)
{
    struct fixture fixture;

    let_in(&fixture, FAULTY_LIVE_WRITE);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    intruder.slot = slot;
    intruder.times = 0;
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_eq(intruder.times, 1);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(intruder.results[i], -CGDT_ESTALE, "call %d: %d", i, intruder.results[i]);
    fixture_must_be_sound(&fixture, "after both");
    cr_assert_eq(fixture_alloc(&fixture), next_owner(slot));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(intruder, a_slot_on_a_page_that_is_being_grown_is_nobodys)
{
    const enum faulty_kind moments[] = {FAULTY_MAP, FAULTY_SEAL};

    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        struct fixture fixture;

        let_in(&fixture, moments[i]);
        intruder.slot = 5;
        intruder.times = 0;
        const cgdt_slot_t got = fixture_alloc(&fixture);
        cr_assert_eq(intruder.times, 1);
        for (int k = 0; k < 3; k++)
            cr_assert_eq(intruder.results[k], -CGDT_ENOENT, "%zu, %d", i, intruder.results[k]);
        cr_assert_eq(got, 1);
        fixture_must_be_sound(&fixture, "after both");
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(intruder, a_slot_on_a_page_that_is_leaving_is_nobodys)
{
    struct fixture fixture;

    let_in(&fixture, FAULTY_UNSEAL);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    intruder.slot = next_owner(slot); /* what the next owner's would be */
    intruder.later = slot;
    intruder.times = 0;
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    cr_assert_eq(intruder.times, 1);
    for (int k = 0; k < 3; k++)
        cr_assert_eq(intruder.results[k], -CGDT_ENOENT, "%d", intruder.results[k]);
    cr_assert_eq(intruder.results[3], -CGDT_ESTALE);
    fixture_close(&fixture);
}

/* Somebody frees an online CPU's slot behind the directory's back, while that is going offline. */
Test(intruder, a_cpus_slot_is_freed_by_nobody_but_its_offline)
{
    struct fixture fixture;
    cgdt_slot_t slot = 0;

    let_in(&fixture, FAULTY_QUIESCE);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 4, &slot), 0);
    const cgdt_slot_t neighbour = fixture_alloc(&fixture);
    intruder.slot = slot;
    intruder.times = 0;
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 4), 0);
    cr_assert_eq(intruder.results[0], -CGDT_EBUSY);
    fixture_must_be_sound(&fixture, "after both");
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 4, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 4), 0);
    cr_assert_eq(cgdt_free(fixture.pool, neighbour), 0);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0);
    fixture_close(&fixture);
}

/* Two threads free the same handles: each is freed by exactly one, and the other is told. */
#define DUEL_SLOTS 448

static struct duel {
    struct cgdt_pool *pool;
    cgdt_slot_t slots[DUEL_SLOTS];
    pthread_barrier_t start;
    atomic_uint freed;
    atomic_uint stale;
    atomic_uint other;
} duel;

static void *free_them_all(void *unused)
{
    (void)pthread_barrier_wait(&duel.start);
    for (int i = 0; i < DUEL_SLOTS; i++) {
        const int result = cgdt_free(duel.pool, duel.slots[i]);

        atomic_fetch_add(result == 0              ? &duel.freed
                         : result == -CGDT_ESTALE ? &duel.stale
                                                  : &duel.other,
                         1);
    }
    return unused;
}

Test(duel, of_two_threads_that_free_the_same_slot_one_succeeds)
{
    static _Alignas(4096) cgdt_desc_t pages[28][512];
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[16384];
    static struct cgdt_fixed fixed = {.pages = pages, .count = 28};
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .port = &cgdt_fixed_port,
                                       .port_ctx = &fixed,
                                       .layout = {.slot_entries = 32,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                                                  .window_pages = 14},
                                       .max_cpus = DUEL_SLOTS};
    struct cgdt_pool_stats stats;

    cr_assert_eq(cgdt_pool_init(&duel.pool, memory, sizeof(memory), &config), 0);
    cr_assert_eq(cgdt_seal(duel.pool), 0);
    for (int round = 0; round < 200; round++) {
        pthread_t other;

        MUST(cgdt_alloc_bulk(duel.pool, DUEL_SLOTS, duel.slots) == 0, "round %d", round);
        duel.freed = duel.stale = duel.other = 0;
        MUST(pthread_barrier_init(&duel.start, NULL, 2) == 0, "barrier");
        MUST(pthread_create(&other, NULL, free_them_all, NULL) == 0, "thread");
        (void)free_them_all(NULL);
        MUST(pthread_join(other, NULL) == 0, "join");
        (void)pthread_barrier_destroy(&duel.start);
        MUST(duel.freed == DUEL_SLOTS && duel.stale == DUEL_SLOTS && duel.other == 0,
             "round %d: %u freed, %u stale", round, duel.freed, duel.stale);
    }
    cgdt_stats(duel.pool, &stats, sizeof(stats));
    cr_assert_eq(stats.taken_slots, 0);
    cr_assert_eq(cgdt_check(duel.pool, NULL), 0);
    cr_assert_eq(cgdt_pool_destroy(duel.pool), 0);
}

Test(overrun, a_store_past_the_slot_is_the_neighbours_and_check_names_it)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};

    fixture_prepare(&fixture, 32, 2, 100);
    fixture_open(&fixture); /* the boot phase, when pages can be stored to */
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    fixture_slot(&fixture, slot)[32] = DATA3; /* entry 0 of the next color, which nobody owns */
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_UNOWNED_NOT_ZERO);
    cr_assert(violation.color == 1 && violation.entry == 0);
    cr_assert_eq(fixture_alloc(&fixture), slot + 1);
    fixture_slot(&fixture, slot)[32] = DATA3;
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1, "and when somebody does");
    cr_assert_eq(violation.reason, CGDT_NULL_NOT_ZERO);
    fixture_slot(&fixture, slot)[32] = 0;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
