/* SPDX-License-Identifier: MIT */
/* The directory: which slot a CPU has. */
#include "../../alloc/pool.h"
#include "fixture.h"

static void open_16(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, 40);
    fixture_open_live(fixture);
}

static cgdt_slot_t slot_of(const struct fixture *fixture, uint32_t cpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_cpu_slot(fixture->pool, cpu, &slot);

    MUST(result == 0, "cpu %u: %d", cpu, result);
    return slot;
}

Test(cpu, online_gives_the_cpu_a_slot_of_its_own)
{
    struct fixture fixture;

    open_16(&fixture);
    for (uint32_t i = 0; i < 40; i++) {
        const uint32_t cpu = (i * 7) % 40;
        cgdt_slot_t slot = 99;

        MUST(cgdt_cpu_online(fixture.pool, cpu, &slot) == 0, "cpu %u", cpu);
        MUST(slot == i + 1 && slot_of(&fixture, cpu) == slot, "cpu %u", cpu);
    }
    for (uint32_t i = 0; i < 40; i++)
        cr_assert_eq(slot_of(&fixture, (i * 7) % 40), i + 1);
    for (uint32_t cpu = 0; cpu < 40; cpu++)
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, cpu), 0);
    fixture_close(&fixture);
}

Test(cpu, the_slot_pointer_of_online_may_be_null)
{
    struct fixture fixture;

    open_16(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), 0);
    cr_assert_eq(slot_of(&fixture, 5), 1);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

Test(cpu, a_second_online_is_refused_and_changes_nothing)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_16(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), -CGDT_EEXIST);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

Test(cpu, an_offline_cpu_has_no_slot_and_cannot_go_offline)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_16(&fixture);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 3, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 3), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 3, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 3), 0);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 3, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 3), -CGDT_ENOENT);
    fixture_close(&fixture);
}

Test(cpu, there_are_max_cpus_cpus)
{
    struct fixture fixture;
    cgdt_slot_t slot;
    const uint32_t beyond[] = {40, 41, 0x7fffffff, 0xffffffff};

    open_16(&fixture);
    for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        cr_assert_eq(cgdt_cpu_online(fixture.pool, beyond[i], &slot), -CGDT_EINVAL);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, beyond[i]), -CGDT_EINVAL);
        cr_assert_eq(cgdt_cpu_slot(fixture.pool, beyond[i], &slot), -CGDT_EINVAL);
    }
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 39, &slot), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 39), 0);
    fixture_close(&fixture);
}

Test(cpu, offline_asks_the_port_about_that_cpu_before_it_zeroes_the_slot)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;
    struct snapshot before;

    open_16(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    faulty_arm(&fixture.faulty, 1u << FAULTY_QUIESCE, 1, -CGDT_EBUSY);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), -CGDT_EBUSY);
    cr_assert(snapshot_same(&before, &fixture), "a CPU that will not let go keeps its slot");
    cr_assert_eq(slot_of(&fixture, 5), slot);
    cr_assert_eq(fixture_slot(&fixture, slot)[1], CODE64);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

static struct cgdt_port no_quiesce;

Test(cpu, a_port_need_not_know_how_to_quiesce)
{
    struct fixture fixture;

    no_quiesce = faulty_port;
    no_quiesce.quiesce = NULL;
    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.port = &no_quiesce;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    fixture_close(&fixture);
}

/* A port whose quiesce looks at the directory, as a second CPU could at that moment. */
static struct looking {
    struct fixture *fixture;
    cgdt_slot_t slot;
    int slot_result, online_result, offline_result;
    uint32_t cpu;
} looking;

static int look_around(void *ctx, uint32_t cpu)
{
    struct cgdt_pool *pool = looking.fixture->pool;

    (void)ctx;
    looking.cpu = cpu;
    looking.slot_result = cgdt_cpu_slot(pool, cpu, &looking.slot);
    looking.online_result = cgdt_cpu_online(pool, cpu, NULL);
    looking.offline_result = cgdt_cpu_offline(pool, cpu);
    return 0;
}

Test(cpu, during_offline_it_still_has_its_slot_and_others_are_told_busy)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;
    cgdt_slot_t slot = 99;

    port.quiesce = look_around;
    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.port = &port;
    looking.fixture = &fixture;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 17, &slot), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 17), 0);
    cr_assert_eq(looking.cpu, 17);
    cr_assert_eq(looking.slot_result, 0);
    cr_assert_eq(looking.slot, slot);
    cr_assert_eq(looking.online_result, -CGDT_EBUSY);
    cr_assert_eq(looking.offline_result, -CGDT_EBUSY);
    fixture_close(&fixture);
}

Test(cpu, online_reports_a_full_pool_and_stays_offline)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_16(&fixture);
    for (int i = 0; i < 40; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), -CGDT_ENOSPC);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_free(fixture.pool, 20), 0);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(cpu, a_serialized_directory_does_the_same)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), -CGDT_EEXIST);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), -CGDT_ENOENT);
    fixture_close(&fixture);
}

Test(cpu, a_cpu_comes_and_goes_a_thousand_times)
{
    struct fixture fixture;

    open_16(&fixture);
    for (uint32_t round = 0; round < 1000; round++) {
        MUST(cgdt_cpu_online(fixture.pool, round % 40, NULL) == 0, "round %u", round);
        MUST(cgdt_cpu_offline(fixture.pool, round % 40) == 0, "round %u", round);
    }
    fixture_must_be_sound(&fixture, "after all");
    fixture_close(&fixture);
}

/* A stray store to the pool's memory: what the directory names is not believed blindly. */
Test(cpu, a_slot_that_nobody_owns_is_not_freed_by_the_offline_of_the_cpu_that_had_it)
{
    for (int serialized = 0; serialized < 2; serialized++) {
        struct fixture fixture;
        cgdt_slot_t slot;

        fixture_prepare(&fixture, 32, 2, 40);
        fixture.config.serialized = serialized != 0;
        fixture_open_live(&fixture);
        cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, &slot), 0);
        uint8_t *owner = &fixture.pool->map.owners[cgdt_slot_number(slot)];
        const uint8_t right = *owner;
        *owner = (uint8_t)(right & ~(CGDT_SLOTMAP_OWNED | CGDT_SLOTMAP_PINNED));
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), -CGDT_ENOENT);
        *owner = right;
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
        fixture_close(&fixture);
    }
}
