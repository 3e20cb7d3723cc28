/* SPDX-License-Identifier: MIT */
/*
 * Nodes and tenants: cgdt_alloc_near() and cgdt_cpu_online_near() as kernels use them, and against
 * a second opinion of which slot has to come.
 */
#include <stdio.h>

#include "fixture.h"

#define NODES       8u
#define NODES_CPUS  128u
#define CPUS        (NODES * NODES_CPUS)
#define MOST_COLORS 64u

static struct fixture fixture;

static void close_pool(void)
{
    fixture_end(&fixture);
}

/* The numbers 0 .. n-1 in an order that is as good as any. */
static void shuffle(uint32_t *order, uint32_t n, uint64_t *seed)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = random_below(seed, i + 1);

        order[i] = order[at];
        order[at] = i;
    }
}

/* CPUs are numbered across nodes, as firmware does: node = cpu % NODES. */
static void cpus_of_node(uint32_t node, uint32_t *cpus)
{
    for (uint32_t i = 0; i < NODES_CPUS; i++)
        cpus[i] = i * NODES + node;
}

/* Each page has CPUs of one node; how many pages have any. */
static uint32_t pages_of_one_node_each(const cgdt_slot_t *slot_of)
{
    uint32_t node_of[CPUS];
    uint32_t pages = 0;

    memset(node_of, 0xff, sizeof(node_of));
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        if (slot_of[cpu] == CGDT_NO_SLOT)
            continue;
        uint32_t *node = &node_of[cgdt_slot_page(cgdt_pool_layout(fixture.pool), slot_of[cpu])];
        pages += *node == UINT32_MAX;
        MUST(*node == UINT32_MAX || *node == cpu % NODES, "CPU %u and one of node %u", cpu, *node);
        *node = cpu % NODES;
    }
    return pages;
}

static void open_nodes(void)
{
    fixture_prepare(&fixture, 32, 14, CPUS);
    fixture_open_live(&fixture);
}

/* As few pages as can be, too: 16 CPUs on each of 64. */
Test(near_cpus, eight_nodes_of_128_cpus_that_come_in_any_order_share_no_page)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        uint64_t random = seed;
        uint32_t order[CPUS], near[NODES_CPUS];
        cgdt_slot_t slot_of[CPUS] = {0};

        open_nodes();
        shuffle(order, CPUS, &random);
        for (uint32_t i = 0; i < CPUS; i++) {
            const uint32_t cpu = order[i];

            cpus_of_node(cpu % NODES, near);
            MUST(cgdt_cpu_online_near(fixture.pool, cpu, NODES_CPUS, near, &slot_of[cpu]) == 0,
                 "seed %u: CPU %u", (unsigned)seed, cpu);
        }
        MUST(pages_of_one_node_each(slot_of) == CPUS / 16, "seed %u", (unsigned)seed);
        close_pool();
    }
}

/* Half of them go and come back, over and over; then no node has more pages than it needs. */
Test(near_cpus, nodes_share_no_page_while_cpus_go_and_come_back)
{
    uint64_t random = 7;
    uint32_t near[NODES_CPUS];
    cgdt_slot_t slot_of[CPUS] = {0};

    open_nodes();
    for (uint32_t i = 0; i < 20 * CPUS; i++) {
        const uint32_t cpu = random_below(&random, CPUS);

        cpus_of_node(cpu % NODES, near);
        if (slot_of[cpu] == CGDT_NO_SLOT) {
            MUST(cgdt_cpu_online_near(fixture.pool, cpu, NODES_CPUS, near, &slot_of[cpu]) == 0,
                 "CPU %u", cpu);
        } else {
            MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
            slot_of[cpu] = CGDT_NO_SLOT;
        }
        if (i % 64 == 0) {
            MUST(pages_of_one_node_each(slot_of) <= CPUS / 16, "step %u", i);
            MUST(cgdt_trim(fixture.pool) >= 0, "trim");
        }
    }
    close_pool();
}

/* One handle a node is enough while none goes: each fills the page of the one before it. */
Test(near_cpus, nodes_that_remember_their_last_slot_share_no_page)
{
    uint64_t random = 3;
    uint32_t order[CPUS];
    cgdt_slot_t slot_of[CPUS] = {0}, last[NODES] = {0};

    open_nodes();
    shuffle(order, CPUS, &random);
    for (uint32_t i = 0; i < CPUS; i++) {
        const uint32_t cpu = order[i];
        cgdt_slot_t *its = &last[cpu % NODES];

        MUST(cgdt_alloc_near(fixture.pool, 1, its, its) == 0, "CPU %u", cpu);
        slot_of[cpu] = *its;
    }
    cr_assert_eq(pages_of_one_node_each(slot_of), CPUS / 16);
    close_pool();
}

static void open_small(void)
{
    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open_live(&fixture);
}

Test(near_cpus, the_slot_is_the_directorys_as_that_of_online)
{
    cgdt_slot_t slot = CGDT_NO_SLOT, its = 99;

    open_small();
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, 0, NULL, &slot), 0);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &its), 0);
    cr_assert_eq(its, slot);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    close_pool();
}

Test(near_cpus, the_slot_pointer_may_be_null)
{
    open_small();
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, 0, NULL, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    close_pool();
}

Test(near_cpus, cpus_that_are_offline_or_beyond_the_ceiling_and_itself_count_for_nothing)
{
    const uint32_t near[] = {3, 5, 40, UINT32_MAX, 7};
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_small();
    (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, COUNT_OF(near), near, &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 16, "alone");
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 7, COUNT_OF(near), near, &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 17, "beside CPU 5");
    close_pool();
}

/* A slot that falls to the CPU by step 4, too. */
Test(near_cpus, a_slot_that_it_has_to_share_is_the_directorys_too)
{
    cgdt_slot_t slots[40], slot = CGDT_NO_SLOT;

    open_small();
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 40, slots), 0);
    cr_assert_eq(cgdt_free(fixture.pool, slots[9]), 0);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, 0, NULL, &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 9);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY);
    close_pool();
}

Test(near_cpus, online_near_is_refused_as_online_is_and_changes_nothing)
{
    struct snapshot before;
    cgdt_slot_t slot = 99;
    const uint32_t near[] = {5};

    open_small();
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 5, NULL), 0);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, 1, near, &slot), -CGDT_EEXIST);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 40, 1, near, &slot), -CGDT_EINVAL);
    cr_assert_eq(slot, 99);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 6, 1, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(near_cpus, a_cpu_without_a_slot_to_be_had_stays_offline)
{
    cgdt_slot_t slots[40], slot = 99;

    open_small();
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 40, slots), 0);
    cr_assert_eq(cgdt_cpu_online_near(fixture.pool, 5, 0, NULL, &slot), -CGDT_ENOSPC);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &slot), -CGDT_ENOENT);
    close_pool();
}

/*
 * A second opinion, from what the test itself took and from what the port has mapped: the number of
 * the slot that must come, or UINT32_MAX for none.
 */
static struct {
    uint32_t slots, colors, window_pages;
    bool native;
    bool is_taken[CPUS];
    cgdt_slot_t handle[CPUS];
} mirror;

static bool is_mapped(uint32_t page)
{
    return strict_state_of(&fixture.strict, page) != STRICT_GONE;
}

/* The lowest free slot of a page; `alone`: only if all of them are. */
static uint32_t free_on(uint32_t page, bool alone)
{
    uint32_t lowest = UINT32_MAX;

    for (uint32_t slot = page * mirror.colors;
         slot < (page + 1) * mirror.colors && slot < mirror.slots; slot++) {
        if (mirror.is_taken[slot] && alone)
            return UINT32_MAX;
        if (!mirror.is_taken[slot] && lowest == UINT32_MAX)
            lowest = slot;
    }
    return is_mapped(page) ? lowest : UINT32_MAX;
}

/* From a page on, and round. */
static uint32_t free_from(uint32_t page, bool alone)
{
    const uint32_t pages = (mirror.slots + mirror.colors - 1) / mirror.colors;

    for (uint32_t i = 0; i < pages; i++) {
        const uint32_t slot = free_on((page + i) % pages, alone);

        if (slot != UINT32_MAX)
            return slot;
    }
    return UINT32_MAX;
}

static uint32_t expected(const cgdt_slot_t *near, uint32_t n, bool has_pages)
{
    uint32_t from = UINT32_MAX, page = 0, slot;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t number = (near[i] & 0x01ffffffu) - 1;

        if (number >= mirror.slots)
            continue;
        if (from == UINT32_MAX)
            from = number / mirror.colors / mirror.window_pages * mirror.window_pages;
        if (mirror.is_taken[number] && mirror.handle[number] == near[i] &&
            (slot = free_on(number / mirror.colors, false)) != UINT32_MAX)
            return slot;
    }
    from = from == UINT32_MAX ? 0 : from;
    if ((slot = free_from(from, true)) != UINT32_MAX)
        return slot;
    while (page * mirror.colors < mirror.slots && is_mapped(page))
        page++;
    if (page * mirror.colors < mirror.slots && has_pages)
        return page * mirror.colors;
    return free_from(from, false);
}

static void open_mirror(uint32_t colors, uint32_t window_pages, uint32_t count, bool native)
{
    fixture_prepare(&fixture, (uint16_t)(512u / colors), (uint8_t)window_pages, count);
    if (native)
        fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    memset(&mirror, 0, sizeof(mirror));
    mirror.slots = count;
    mirror.colors = colors;
    mirror.window_pages = window_pages;
}

/* Near up to three slots, some of them handles from long ago. */
static void alloc_as_expected(uint64_t *random, uint32_t step)
{
    cgdt_slot_t near[3], slot = CGDT_NO_SLOT;
    const uint32_t n = random_below(random, COUNT_OF(near) + 1);
    const bool has_pages = random_below(random, 4) != 0;

    for (uint32_t i = 0; i < n; i++)
        near[i] = mirror.handle[random_below(random, mirror.slots)];
    const uint32_t wanted = expected(near, n, has_pages);
    faulty_arm(&fixture.faulty, 1u << FAULTY_MAP, has_pages ? 0 : 1, -CGDT_ENOMEM);
    fixture.faulty.from_then_on = true;
    const int result = cgdt_alloc_near(fixture.pool, n, near, &slot);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    if (wanted == UINT32_MAX) {
        MUST(result == -CGDT_ENOSPC || (!has_pages && result == -CGDT_ENOMEM), "step %u: %d", step,
             result);
        return;
    }
    MUST(result == 0 && cgdt_slot_number(slot) == wanted, "step %u: %d, slot %u, not %u", step,
         result, cgdt_slot_number(slot), wanted);
    mirror.is_taken[wanted] = true;
    mirror.handle[wanted] = slot;
}

static void free_one(uint64_t *random)
{
    const uint32_t number = random_below(random, mirror.slots);

    if (!mirror.is_taken[number])
        return;
    MUST(cgdt_free(fixture.pool, mirror.handle[number]) == 0, "slot %u", number);
    mirror.is_taken[number] = false;
}

static void agree(uint32_t colors, uint32_t window_pages, uint32_t count, bool native)
{
    uint64_t random = count;

    open_mirror(colors, window_pages, count, native);
    for (uint32_t step = 0; step < 4000; step++) {
        /* Times of coming and of going. */
        const uint32_t of_ten = random_below(&random, 10);

        if (of_ten == 0)
            MUST(cgdt_trim(fixture.pool) >= 0, "trim");
        else if (of_ten < (step / 500 % 2 == 0 ? 7u : 4u))
            alloc_as_expected(&random, step);
        else
            free_one(&random);
    }
    close_pool();
}

Test(near_cpus, it_gives_the_slot_that_the_order_says_in_every_layout)
{
    agree(16, 2, 88, false);
    agree(16, 14, 500, false);
    agree(64, 3, 600, false);
    agree(4, 3, 70, false);
    agree(1, 14, 60, false);
    agree(32, 2, 300, true);
}
