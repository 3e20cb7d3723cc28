/* SPDX-License-Identifier: MIT */
/*
 * How few pages and how few moves: CPUs move until nobody has to, from many states and in every
 * layout; against what a search finds that knows all ways to keep so many pages.
 */
#include <stdio.h>

#include "fixture.h"

#define MOST_CPUS  1100u
#define MOST_PAGES 150u

static struct fixture fixture;
static cgdt_slot_t slot_of[MOST_CPUS];

static struct {
    uint32_t cpus, colors, pages, window_pages;
    bool native, common;
} shape;

static void open_shape(uint32_t cpus, uint32_t colors, uint32_t window_pages)
{
    shape.cpus = cpus;
    shape.colors = colors;
    shape.pages = (cpus + colors - 1) / colors;
    shape.window_pages = shape.native ? 1 : window_pages;
    fixture_prepare(&fixture, (uint16_t)(512u / colors), (uint8_t)window_pages, cpus);
    if (shape.native)
        fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    if (shape.common)
        fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    memset(slot_of, 0, sizeof(slot_of));
}

static void close_shape(void)
{
    fixture_end(&fixture);
}

static void bring_up_all(void)
{
    for (uint32_t cpu = 0; cpu < shape.cpus; cpu++)
        MUST(cgdt_cpu_online(fixture.pool, cpu, &slot_of[cpu]) == 0, "CPU %u", cpu);
}

/* Of a hundred CPUs so many stay, about. */
static void leave_of_hundred(uint32_t of_hundred, uint64_t *random)
{
    for (uint32_t cpu = 0; cpu < shape.cpus; cpu++) {
        if (random_below(random, 100) < of_hundred || slot_of[cpu] == CGDT_NO_SLOT)
            continue;
        MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
        slot_of[cpu] = CGDT_NO_SLOT;
    }
}

/* What the test knows by itself: slots that CPUs have on each page. */
static uint32_t on_page[MOST_PAGES];

static uint32_t count_pages(void)
{
    uint32_t owned = 0;

    memset(on_page, 0, sizeof(on_page));
    for (uint32_t cpu = 0; cpu < shape.cpus; cpu++) {
        if (slot_of[cpu] == CGDT_NO_SLOT)
            continue;
        on_page[cgdt_slot_number(slot_of[cpu]) / shape.colors]++;
        owned++;
    }
    return owned;
}

static uint32_t as_many_as_hold(uint32_t owned)
{
    return (owned + shape.colors - 1) / shape.colors;
}

/* Slots that may stay on a page if it is kept. The last one cannot take what others hold. */
static int worth(uint32_t page)
{
    return page * shape.colors + shape.colors <= shape.cpus ? (int)on_page[page] : 0;
}

/*
 * The fewest moves there can be: of all ways to keep `keep` pages, where those of a window are its
 * first ones, that which keeps the most slots. Window after window: most[k] slots in k pages.
 */
static uint32_t fewest_moves(uint32_t owned, uint32_t keep)
{
    static int most[2][MOST_PAGES + 1];
    uint32_t now = 0;

    for (uint32_t k = 0; k <= keep; k++)
        most[0][k] = k == 0 ? 0 : -1;
    for (uint32_t first = 0; first < shape.pages; first += shape.window_pages) {
        for (uint32_t k = 0; k <= keep; k++) {
            int here = 0;

            most[1 - now][k] = most[now][k];
            for (uint32_t n = 1; n <= shape.window_pages && n <= k; n++) {
                if (first + n > shape.pages)
                    break;
                here += worth(first + n - 1);
                if (most[now][k - n] >= 0 && most[now][k - n] + here > most[1 - now][k])
                    most[1 - now][k] = most[now][k - n] + here;
            }
        }
        now = 1 - now;
    }
    return keep == shape.pages ? 0 : owned - (uint32_t)most[now][keep];
}

/* As a kernel that sends CPUs: until nobody is crowded. How many moves that were. */
static uint32_t move_all(void)
{
    uint32_t cpu = 0, moves = 0;

    while (cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu) == 0) {
        MUST(cgdt_cpu_move_begin(fixture.pool, cpu, 0, NULL, &slot_of[cpu]) == 0, "CPU %u", cpu);
        MUST(cgdt_cpu_move_end(fixture.pool, cpu) == 0, "CPU %u", cpu);
        MUST(++moves <= shape.cpus, "it goes on and on");
    }
    return moves;
}

/* Whether the CPU had to move. */
static bool moves_itself(uint32_t cpu)
{
    const int result = cgdt_cpu_move_begin(fixture.pool, cpu, 0, NULL, &slot_of[cpu]);

    MUST(result == 0 || result == -CGDT_EAGAIN, "CPU %u: %d", cpu, result);
    MUST(result != 0 || cgdt_cpu_move_end(fixture.pool, cpu) == 0, "CPU %u", cpu);
    return result == 0;
}

/* As one in whose idle loop each CPU asks for itself, in any order, over and over. */
static uint32_t move_themselves(void)
{
    uint32_t moves = 0, before;

    do {
        before = moves;
        for (uint32_t i = 0; i < shape.cpus; i++) {
            const uint32_t cpu = (i * 7919u + 3) % shape.cpus;

            moves += slot_of[cpu] != CGDT_NO_SLOT && moves_itself(cpu);
        }
        MUST(moves <= shape.cpus, "it goes on and on");
    } while (moves != before);
    return moves;
}

/* More moves than the fewest, of all states together. */
static struct {
    uint32_t states, not_fewest, moves, fewest;
} sum;

static void pack(uint32_t (*move)(void), const char *when)
{
    const uint32_t owned = count_pages();
    const uint32_t keep = as_many_as_hold(owned);
    const uint32_t fewest = fewest_moves(owned, keep);
    const uint32_t moves = move();
    uint32_t cpu = 99;

    MUST(cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu) == -CGDT_ENOENT, "%s: CPU %u", when, cpu);
    MUST(cgdt_trim(fixture.pool) >= 0, "trim");
    MUST(fixture_stats(&fixture).mapped_pages == keep, "%s: %u owned on %u pages", when, owned,
         fixture_stats(&fixture).mapped_pages);
    MUST(moves >= fewest, "%s: %u moves, %u are the fewest", when, moves, fewest);
    MUST(shape.window_pages > 1 || moves == fewest, "%s: %u moves, not %u", when, moves, fewest);
    sum.states++;
    sum.not_fewest += moves > fewest;
    sum.moves += moves;
    sum.fewest += fewest;
}

static void pack_after_churn(uint32_t cpus, uint32_t colors, uint32_t window_pages)
{
    const uint32_t of_hundred[] = {1, 5, 12, 30, 60, 95, 100};

    for (uint64_t seed = 1; seed <= 10; seed++) {
        for (size_t i = 0; i < COUNT_OF(of_hundred); i++) {
            uint64_t random = seed;

            open_shape(cpus, colors, window_pages);
            bring_up_all();
            leave_of_hundred(of_hundred[i], &random);
            pack(seed % 2 == 0 ? move_all : move_themselves, "after a churn");
            close_shape();
        }
    }
}

Test(crowded, natively_the_fewest_moves_leave_the_fewest_pages)
{
    shape.native = true;
    pack_after_churn(512, 16, 1);
    pack_after_churn(500, 32, 4);
    pack_after_churn(61, 4, 2);
}

Test(crowded, in_windows_of_one_page_the_fewest_moves_leave_the_fewest_pages)
{
    pack_after_churn(512, 16, 1);
    pack_after_churn(100, 1, 1);
    shape.common = true;
    pack_after_churn(1100, 64, 1);
}

/* A cut within a run of pages may cost a few moves more, never a page more. */
Test(crowded, in_windows_of_several_pages_nearly_the_fewest_moves_leave_the_fewest_pages)
{
    memset(&sum, 0, sizeof(sum));
    pack_after_churn(1024, 16, 14);
    pack_after_churn(300, 8, 3);
    pack_after_churn(66, 2, 14);
    shape.common = true;
    pack_after_churn(1100, 64, 13);
    (void)fprintf(stderr, "%u states, %u with more than the fewest moves: %u, not %u\n", sum.states,
                  sum.not_fewest, sum.moves, sum.fewest);
    MUST(sum.moves * 100 <= sum.fewest * 103, "%u moves where %u would do", sum.moves, sum.fewest);
}

/* Slots come and go, lowest first, and some pages are given back: windows of all kinds. */
Test(crowded, pages_are_the_fewest_from_any_state_that_calls_can_lead_to)
{
    uint64_t random = 11;

    for (int native = 0; native < 2; native++) {
        shape.native = native != 0;
        open_shape(700, 16, 4);
        for (uint32_t step = 0; step < 6000; step++) {
            const uint32_t cpu = random_below(&random, shape.cpus);

            if (step % 500 == 499) {
                pack(step % 1000 < 500 ? move_all : move_themselves, "between");
                continue;
            }
            if (slot_of[cpu] == CGDT_NO_SLOT && random_below(&random, 10) < step / 1000 + 2) {
                MUST(cgdt_cpu_online(fixture.pool, cpu, &slot_of[cpu]) == 0, "online");
            } else if (slot_of[cpu] != CGDT_NO_SLOT) {
                MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "offline");
                slot_of[cpu] = CGDT_NO_SLOT;
            }
        }
        close_shape();
    }
}

Test(crowded, whoever_moves_sits_on_the_page_that_is_given_up_first)
{
    uint32_t cpu = 99;

    open_shape(64, 16, 1);
    bring_up_all();
    /* 9 on page 0, 3 on page 1, 12 on page 2, 5 on page 3: two pages will do. */
    for (cpu = 0; cpu < 64; cpu++) {
        const uint32_t left[] = {9, 3, 12, 5};

        if (cpu % 16 >= left[cpu / 16])
            MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
    }
    for (uint32_t i = 0; i < 8; i++) {
        cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu), 0);
        cr_assert_eq(cpu, i < 3 ? 16 + i : 48 + i - 3);
        cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, cpu, 0, NULL, &slot_of[cpu]), 0);
        cr_assert_eq(cgdt_cpu_move_end(fixture.pool, cpu), 0);
        cr_assert_eq(cgdt_slot_number(slot_of[cpu]) / 16, i < 4 ? 2 : 0);
    }
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu), -CGDT_ENOENT);
    close_shape();
}

Test(crowded, an_empty_pool_and_bad_arguments_have_nobody)
{
    const uint32_t near[] = {0, 1, 64, UINT32_MAX};
    cgdt_slot_t slot = 99;
    uint32_t cpu = 99;

    open_shape(64, 16, 1);
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 4, near, &cpu), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 0, NULL, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 1, NULL, &cpu), -CGDT_EINVAL);
    cr_assert_eq(cgdt_crowded(fixture.pool, 0, NULL, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_crowded(fixture.pool, 1, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(cgdt_crowded(fixture.pool, 0, NULL, NULL), -CGDT_EINVAL);
    cr_assert(cpu == 99 && slot == 99);
    close_shape();
}

/* The last page has two slots: as the fullest it would be kept, and could not take what comes. */
Test(crowded, a_last_page_of_fewer_slots_is_given_up_first)
{
    uint32_t cpu = 99;

    shape.native = true;
    open_shape(34, 16, 1);
    bring_up_all();
    for (cpu = 1; cpu < 32; cpu++)
        MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
    cr_assert_eq(cgdt_cpu_crowded(fixture.pool, 0, NULL, &cpu), 0);
    cr_assert_eq(cpu, 32);
    cr_assert_eq(move_all(), 2);
    cr_assert_eq(cgdt_trim(fixture.pool), 2);
    close_shape();
}

/* Nodes: CPU c is of node c % 3. */
static uint32_t cpus_of_node(uint32_t node, uint32_t *near)
{
    uint32_t n = 0;

    for (uint32_t cpu = node; cpu < shape.cpus; cpu += 3)
        near[n++] = cpu;
    return n;
}

static uint32_t pages_of_nodes(void)
{
    uint32_t node_of[MOST_PAGES], pages = 0;

    memset(node_of, 0xff, sizeof(node_of));
    for (uint32_t cpu = 0; cpu < shape.cpus; cpu++) {
        if (slot_of[cpu] == CGDT_NO_SLOT)
            continue;
        uint32_t *node = &node_of[cgdt_slot_number(slot_of[cpu]) / shape.colors];
        pages += *node == UINT32_MAX;
        MUST(*node == UINT32_MAX || *node == cpu % 3, "CPU %u and node %u", cpu, *node);
        *node = cpu % 3;
    }
    return pages;
}

Test(crowded, nodes_that_move_apart_from_each_other_end_with_the_fewest_pages_of_each)
{
    uint32_t near[MOST_CPUS], cpu = 0;
    uint64_t random = 5;

    open_shape(600, 16, 1);
    for (cpu = 0; cpu < 540; cpu++) {
        const uint32_t n = cpus_of_node(cpu % 3, near);

        MUST(cgdt_cpu_online_near(fixture.pool, cpu, n, near, &slot_of[cpu]) == 0, "%u", cpu);
    }
    leave_of_hundred(20, &random);
    uint32_t wanted = 0;
    for (uint32_t node = 0; node < 3; node++) {
        const uint32_t n = cpus_of_node(node, near);
        uint32_t owned = 0;

        for (uint32_t i = 0; i < n; i++)
            owned += slot_of[near[i]] != CGDT_NO_SLOT;
        wanted += as_many_as_hold(owned);
        while (cgdt_cpu_crowded(fixture.pool, n, near, &cpu) == 0) {
            MUST(cpu % 3 == node, "CPU %u of another node", cpu);
            MUST(cgdt_cpu_move_begin(fixture.pool, cpu, n, near, &slot_of[cpu]) == 0, "%u", cpu);
            MUST(cgdt_cpu_move_end(fixture.pool, cpu) == 0, "CPU %u", cpu);
        }
    }
    cr_assert_eq(pages_of_nodes(), wanted);
    close_shape();
}

/* Page 0 is empty, and has to stay below page 1; but it may be another kind's any moment. */
Test(crowded, a_kind_does_not_come_to_a_page_that_nobody_is_on)
{
    uint32_t near[20];
    cgdt_slot_t slot = 99;

    open_shape(64, 16, 2);
    bring_up_all();
    for (uint32_t cpu = 0; cpu < 64; cpu++) {
        if (cpu < 16 || cpu > 32)
            MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
        else
            near[cpu - 16] = cpu;
    }
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 32, 17, near, &slot), -CGDT_EAGAIN);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 32, 0, NULL, &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 0);
    close_shape();
}

Test(crowded, slots_without_a_directory_move_to_the_fewest_pages_too)
{
    cgdt_slot_t slots[100], to = CGDT_NO_SLOT, from = CGDT_NO_SLOT;
    uint32_t n = 0;

    shape.native = true;
    open_shape(100, 16, 1);
    MUST(cgdt_alloc_bulk(fixture.pool, 100, slots) == 0, "bulk");
    for (uint32_t i = 0; i < 100; i++) {
        if (i % 6 != 0)
            MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
        else
            slots[n++] = slots[i];
    }
    while (cgdt_crowded(fixture.pool, n, slots, &from) == 0) {
        MUST(cgdt_move_begin(fixture.pool, from, n, slots, &to) == 0, "%x", from);
        MUST(cgdt_free(fixture.pool, from) == 0, "%x", from);
        for (uint32_t i = 0; i < n; i++)
            slots[i] = slots[i] == from ? to : slots[i];
    }
    MUST(cgdt_trim(fixture.pool) > 0, "trim");
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, as_many_as_hold(n));
    close_shape();
}
