/* SPDX-License-Identifier: MIT */
/* CPUs that come and go as kernels see it: half-way failures, CPUs that hang on, promises kept. */
#include "fixture.h"

#define CODE (-4321)
#define CPUS 40

static void open_pool(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, CPUS);
    fixture_open_live(fixture);
}

Test(hotplug, an_offline_that_fails_half_way_leaves_all_as_it_was)
{
    const enum faulty_kind steps[] = {FAULTY_QUIESCE, FAULTY_LIVE_WRITE};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct fixture fixture;
        struct snapshot before;
        cgdt_slot_t slot = 0, still = 0;

        open_pool(&fixture);
        cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
        snapshot_take(&before, &fixture);
        faulty_arm(&fixture.faulty, 1u << steps[i], 1, CODE);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), CODE, "step %zu", i);
        cr_assert(snapshot_same(&before, &fixture), "step %zu changed something", i);
        cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &still), 0);
        cr_assert_eq(still, slot);
        cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), -CGDT_EEXIST);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0, "the next try");
        cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &still), -CGDT_ENOENT);
        fixture_close(&fixture);
    }
}

Test(hotplug, a_cpu_that_does_not_let_go_keeps_its_slot_until_it_does)
{
    struct fixture fixture;
    cgdt_slot_t slot = 0, still = 0;

    open_pool(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    faulty_arm(&fixture.faulty, 1u << FAULTY_QUIESCE, 1, -CGDT_EBUSY);
    fixture.faulty.from_then_on = true;
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), -CGDT_EBUSY);
        cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &still), 0);
        cr_assert_eq(still, slot);
        cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
        cr_assert_eq(fixture_slot(&fixture, slot)[1], CODE64, "what it uses is there");
        const cgdt_slot_t other = fixture_alloc(&fixture);
        cr_assert_neq(cgdt_slot_number(other), cgdt_slot_number(slot), "nobody else gets it");
        cr_assert_eq(cgdt_trim(fixture.pool), 0, "its page stays");
        cr_assert_eq(cgdt_pool_destroy(fixture.pool), -CGDT_EBUSY);
        cr_assert_eq(cgdt_free(fixture.pool, other), 0);
    }
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

/* No page can be mapped, sealed or compared any more. */
static void no_more_pages(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty,
               1u << FAULTY_MAP | 1u << FAULTY_SEAL | 1u << FAULTY_UNSEAL | 1u << FAULTY_FRAME, 1,
               CODE);
    fixture->faulty.from_then_on = true;
}

static void brings_up(struct fixture *fixture, uint32_t first, uint32_t n)
{
    for (uint32_t cpu = first; cpu < first + n; cpu++)
        MUST(cgdt_cpu_online(fixture->pool, cpu, NULL) == 0, "CPU %u", cpu);
    MUST(fixture->faulty.fired == 0, "it grew");
    MUST(fixture->faulty.tried[FAULTY_LOCK] == fixture->faulty.did[FAULTY_UNLOCK], "locks");
}

Test(hotplug, after_reserve_bring_up_does_not_need_the_port_to_give_anything)
{
    for (uint32_t n = 1; n <= CPUS; n++) {
        struct fixture fixture;

        open_pool(&fixture);
        cr_assert_eq(cgdt_reserve(fixture.pool, n), 0);
        no_more_pages(&fixture);
        brings_up(&fixture, 0, n);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        fixture_must_be_sound(&fixture, "all up");
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(hotplug, a_reserve_outlives_a_trim_and_is_used_up_by_those_it_is_for)
{
    struct fixture fixture;

    open_pool(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 20), 0);
    brings_up(&fixture, 0, 20);
    for (uint32_t cpu = 0; cpu < 20; cpu++)
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, cpu), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 0);
    no_more_pages(&fixture);
    brings_up(&fixture, 10, 20);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(hotplug, a_reserve_that_fails_promises_nothing_new)
{
    struct fixture fixture;

    open_pool(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 5), 0);
    no_more_pages(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 20), CODE);
    cr_assert_eq(fixture_stats(&fixture).reserved_slots, 5);
    no_more_pages(&fixture);
    brings_up(&fixture, 0, 5);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(hotplug, an_online_that_fails_leaves_the_cpu_offline_and_the_next_works)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_pool(&fixture);
    no_more_pages(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), -CGDT_ENOENT);
    cr_assert_eq(fixture.strict.out, 0);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* While a CPU comes up its word says so: neither a slot nor a second try for the others. */
static struct watcher {
    struct cgdt_pool *pool;
    int slot, online, offline;
} watcher;

static int watching_map(void *ctx, uint32_t page, void **view)
{
    cgdt_slot_t slot = 99;

    if (watcher.pool != NULL) {
        watcher.slot = cgdt_cpu_slot(watcher.pool, 5, &slot);
        watcher.online = cgdt_cpu_online(watcher.pool, 5, NULL);
        watcher.offline = cgdt_cpu_offline(watcher.pool, 5);
    }
    return faulty_port.map(ctx, page, view);
}

Test(hotplug, a_cpu_that_is_coming_is_busy_to_all_others)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;

    port.map = watching_map;
    watcher.pool = NULL;
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    watcher.pool = fixture.pool;
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), 0);
    cr_assert_eq(watcher.slot, -CGDT_EBUSY);
    cr_assert_eq(watcher.online, -CGDT_EBUSY);
    cr_assert_eq(watcher.offline, -CGDT_EBUSY);
    watcher.pool = NULL;
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

/* A slot freed on another CPU at the moment when this one is told that there is no page. */
static struct rescuer {
    struct cgdt_pool *pool;
    cgdt_slot_t slot;
} rescuer;

static int rescuing_map(void *ctx, uint32_t page, void **view)
{
    if (rescuer.pool != NULL) {
        MUST(cgdt_free(rescuer.pool, rescuer.slot) == 0, "free");
        rescuer.pool = NULL;
        return -CGDT_ENOMEM;
    }
    return faulty_port.map(ctx, page, view);
}

Test(hotplug, a_slot_freed_meanwhile_is_found_before_the_pool_says_no)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;
    cgdt_slot_t slots[16], slot = 99;

    port.map = rescuing_map;
    rescuer.pool = NULL;
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 16, slots), 0);
    rescuer.pool = fixture.pool;
    rescuer.slot = slots[11];
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), 0);
    cr_assert_eq(slot, next_owner(slots[11]));
    fixture_must_be_sound(&fixture, "rescued");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * All of window 0 is freed while window 1 is on its way out: trim counts it as in use, and keeps
 * it.
 */
static int rescuing_unseal(void *ctx, uint32_t page, void **view)
{
    for (cgdt_slot_t slot = 1; rescuer.pool != NULL && slot <= 32; slot++)
        MUST(cgdt_free(rescuer.pool, slot) == 0, "free of %u", slot);
    rescuer.pool = NULL;
    return faulty_port.unseal(ctx, page, view);
}

Test(hotplug, slots_freed_during_a_trim_stay_mapped)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;

    port.unseal = rescuing_unseal;
    rescuer.pool = NULL;
    fixture_prepare(&fixture, 32, 2, 64);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    for (int i = 0; i < 33; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, 33), 0);
    rescuer.pool = fixture.pool;
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    cr_assert_eq(stats.mapped_windows, 1);
    cr_assert_eq(stats.free_slots, 32);
    cr_assert_eq(stats.held_pages, 0);
    fixture_must_be_sound(&fixture, "trimmed");
    cr_assert_eq(cgdt_trim(fixture.pool), 1, "the next one gives it back");
    fixture_close(&fixture);
}
