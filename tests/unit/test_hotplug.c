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

/* Slots freed on another CPU while this one is at the port. */
static struct rescuer {
    struct cgdt_pool *pool;
    cgdt_slot_t first;
    cgdt_slot_t last;
} rescuer;

static void rescue(void)
{
    for (cgdt_slot_t slot = rescuer.first; rescuer.pool != NULL && slot <= rescuer.last; slot++)
        MUST(cgdt_free(rescuer.pool, slot) == 0, "free of %u", slot);
    rescuer.pool = NULL;
}

static int rescuing_map(void *ctx, uint32_t page, void **view)
{
    const bool rescues = rescuer.pool != NULL;

    rescue();
    return rescues ? -CGDT_ENOMEM : faulty_port.map(ctx, page, view);
}

static int rescuing_unseal(void *ctx, uint32_t page, void **view)
{
    rescue();
    return faulty_port.unseal(ctx, page, view);
}

/* Windows of two pages of 16 slots, `n` of 64 slots owned. */
static void open_rescued(struct fixture *fixture, uint32_t n)
{
    static struct cgdt_port port;

    port = faulty_port;
    port.map = rescuing_map;
    port.unseal = rescuing_unseal;
    rescuer.pool = NULL;
    fixture_prepare(fixture, 32, 2, 64);
    fixture->config.port = &port;
    fixture_open_live(fixture);
    for (uint32_t i = 0; i < n; i++)
        (void)fixture_alloc(fixture);
}

static void arm_rescue(const struct fixture *fixture, cgdt_slot_t first, cgdt_slot_t last)
{
    rescuer = (struct rescuer){fixture->pool, first, last};
}

/* A pool that says no has had no slot at some moment of the call, not at its end. */
Test(hotplug, a_slot_freed_while_the_port_says_no_is_the_next_calls)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_rescued(&fixture, 16);
    arm_rescue(&fixture, 12, 12);
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), 0);
    cr_assert_eq(slot, next_owner(12));
    cr_assert_eq(fixture.strict.out, 1, "it grew");
    fixture_must_be_sound(&fixture, "rescued");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* Window 0 is freed while page 2 is on its way out. */
Test(hotplug, pages_freed_before_a_trim_comes_to_them_go_with_it)
{
    struct fixture fixture;

    open_rescued(&fixture, 33);
    cr_assert_eq(cgdt_free(fixture.pool, 33), 0);
    arm_rescue(&fixture, 1, 32);
    cr_assert_eq(cgdt_trim(fixture.pool), 3);
    cr_assert_eq(fixture.strict.out, 0);
    fixture_close(&fixture);
}

/* Page 2 is freed while page 1 is on its way out. */
Test(hotplug, a_page_freed_after_a_trim_has_passed_it_stays_until_the_next)
{
    struct fixture fixture;

    open_rescued(&fixture, 33);
    for (cgdt_slot_t slot = 1; slot <= 32; slot++)
        cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    arm_rescue(&fixture, 33, 33);
    cr_assert_eq(cgdt_trim(fixture.pool), 2);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    cr_assert_eq(stats.mapped_pages, 1);
    cr_assert_eq(stats.free_slots, 16);
    cr_assert_eq(stats.held_pages, 0);
    fixture_must_be_sound(&fixture, "trimmed");
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    fixture_close(&fixture);
}
