/* SPDX-License-Identifier: MIT */
#include "dying_pool.h"

#include "../../alloc/pool.h"
#include "mortal_port.h"

#define PAGES 13

struct dying dying;

void dying_leave_mark(cgdt_slot_t slot)
{
    const cgdt_desc_t desc = mark(cgdt_slot_number(slot));

    MUST(cgdt_write(dying.fixture.pool, slot, DYING_MARKED, &desc, 1) == 0, "write");
}

static void keep(cgdt_slot_t slot)
{
    dying_leave_mark(slot);
    dying.kept[dying.n_kept++] = slot;
}

void dying_close(void)
{
    fixture_free_all(&dying.fixture);
    MUST(cgdt_reserve(dying.fixture.pool, 0) == 0, "reserve");
    MUST(cgdt_trim(dying.fixture.pool) >= 0, "trim");
    MUST(dying.fixture.strict.out == 0, "%u pages are out after trim", dying.fixture.strict.out);
    fixture_close(&dying.fixture);
}

static void open_fixture(void)
{
    fixture_prepare(&dying.fixture, 64, 2, DYING_CPUS);
    dying.fixture.config.port = &mortal_port;
    dying.fixture.config.serialized = dying.kind == SERIALIZED;
    if (dying.kind == NATIVE)
        fixture_set_native(&dying.fixture, CGDT_PROFILE_NATIVE64);
    if (dying.kind == BOOT)
        fixture_open(&dying.fixture);
    else
        fixture_open_live(&dying.fixture);
}

void dying_open(void)
{
    cgdt_slot_t slots[40];

    dying.n_kept = 0;
    open_fixture();
    MUST(cgdt_alloc_bulk(dying.fixture.pool, 40, slots) == 0, "bulk");
    MUST(cgdt_cpu_online(dying.fixture.pool, 0, &dying.stays) == 0, "online");
    MUST(cgdt_cpu_online(dying.fixture.pool, 90, &dying.goes) == 0, "online");
    dying_leave_mark(dying.stays);
    dying_leave_mark(dying.goes);
    dying.goal = CGDT_NO_SLOT;
    MUST(cgdt_cache_init(&dying.cache, CGDT_CACHE_BYTES(4), dying.fixture.pool) == 0, "cache");
    memset(dying.given, 0, sizeof(dying.given));
    memset(dying.got, 0, sizeof(dying.got));
    for (uint32_t i = 0; i < 40; i++) {
        if (i % 5 == 2)
            MUST(cgdt_free(dying.fixture.pool, slots[i]) == 0, "free");
        else if (i % 5 == 4)
            dying.given[i / 5] = slots[i];
        else
            keep(slots[i]);
    }
}

void dying_open_full(void)
{
    dying_open();
    for (int i = 0; i < 14; i++)
        keep(fixture_alloc(&dying.fixture));
}

void dying_open_cached(void)
{
    dying_open();
    for (int i = 0; i < 4; i++)
        MUST(cgdt_cache_free(&dying.cache, dying.given[i * 2]) == 0, "free");
}

void dying_open_trimmable(void)
{
    dying_open();
    MUST(cgdt_reserve(dying.fixture.pool, 72) == 0 && cgdt_reserve(dying.fixture.pool, 0) == 0,
         "reserve");
}

/* Whether the handle is its owner's; counts it then, and no slot may be counted twice. */
static bool count(cgdt_slot_t slot, const char *when)
{
    cgdt_desc_t desc;
    const int result = cgdt_read(dying.fixture.pool, slot, DYING_MARKED, &desc, 1);

    if (result != 0) {
        MUST(slot == CGDT_NO_SLOT || result == -CGDT_ESTALE, "%s: %x: %d", when, slot, result);
        return false;
    }
    MUST(!dying.seen[cgdt_slot_number(slot)], "%s: %x is owned twice", when, slot);
    dying.seen[cgdt_slot_number(slot)] = true;
    dying.n_seen++;
    return true;
}

bool dying_has_mark(cgdt_slot_t slot)
{
    return fixture_slot(&dying.fixture, slot)[DYING_MARKED] == mark(cgdt_slot_number(slot));
}

static void count_cpus(const char *when)
{
    for (uint32_t cpu = 0; cpu < DYING_CPUS; cpu++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;
        const int result = cgdt_cpu_slot(dying.fixture.pool, cpu, &slot);

        MUST(result == -CGDT_ENOENT || result == 0, "%s: CPU %u: %d", when, cpu, result);
        if (result != 0)
            MUST(cpu != 0 && (cpu != 90 || dying.may_go), "%s: CPU %u lost its slot", when, cpu);
        else
            MUST(count(slot, when) && cgdt_free(dying.fixture.pool, slot) == -CGDT_EBUSY,
                 "%s: CPU %u has %x", when, cpu, slot);
        MUST(result != 0 || (cpu == 0 && slot == dying.stays) ||
                 (cpu == 90 && (slot == dying.goes || slot == dying.goal)),
             "%s: CPU %u came online", when, cpu);
        MUST(cpu != 90 || result != 0 ||
                 fixture_slot(&dying.fixture, slot)[DYING_MARKED] ==
                     mark(cgdt_slot_number(dying.goes)),
             "%s: CPU 90 has another table", when);
    }
}

/* Every slot in service is free, or exactly one of those that somebody has a handle for. */
static void no_slot_is_lost_or_given_twice(const char *when)
{
    memset(dying.seen, 0, sizeof(dying.seen));
    dying.n_seen = 0;
    for (uint32_t i = 0; i < dying.n_kept; i++)
        MUST(count(dying.kept[i], when) && dying_has_mark(dying.kept[i]), "%s: %x is gone", when,
             dying.kept[i]);
    for (uint32_t i = 0; i < DYING_CPUS; i++) {
        (void)count(dying.given[i], when);
        (void)count(dying.got[i], when);
    }
    count_cpus(when);
    const struct cgdt_pool_stats stats = fixture_stats(&dying.fixture);
    MUST(stats.taken_slots == dying.n_seen, "%s: %u taken, %u owned", when, stats.taken_slots,
         dying.n_seen);
}

/* What cgdt_check() says before the next growth: nothing, or that a held page is not clean. */
static void check_finds_only_held_pages(const char *when)
{
    struct cgdt_violation violation = {0};
    uint64_t taken = 99;

    if (cgdt_check(dying.fixture.pool, &violation) == 0)
        return;
    const uint32_t page = violation.window * 2 + violation.position;
    MUST(violation.reason == CGDT_UNOWNED_NOT_ZERO, "%s: reason %d", when, (int)violation.reason);
    MUST(cgdt_page_taken(dying.fixture.pool, page, &taken) == 0, "%s: page %u serves", when, page);
}

/* The counts that only calls that grow would notice, and the tree above the free bits. */
static void the_pools_own_state_adds_up(const char *when)
{
    const struct cgdt_pool *pool = dying.fixture.pool;
    const struct slotmap *map = &pool->map;
    const struct cgdt_pool_stats stats = fixture_stats(&dying.fixture);
    uint32_t hole = 0;

    MUST(pool->served_slots == stats.free_slots + stats.taken_slots, "%s: served", when);
    MUST(pool->pages.serving == stats.mapped_pages, "%s: serving", when);
    for (uint64_t taken; hole < PAGES && cgdt_page_taken(pool, hole, &taken) == 1; hole++)
        MUST(map->end > hole, "%s: no walk comes to page %u", when, hole);
    MUST(pool->pages.first_hole == hole, "%s: hole %u, not %u", when, pool->pages.first_hole, hole);
    MUST(map->lookers == 0, "%s: somebody looks still", when);
    for (uint32_t word = 0; word < PAGES; word++)
        MUST(map->level[0][word] == 0 || ((map->level[1][word / 8] >> word % 8 & 1) != 0 &&
                                          (map->level[2][0] >> word / 8 & 1) != 0),
             "%s: the summary hides word %u", when, word);
}

/* All free slots come, lowest first, with the template and nothing else. */
static void every_free_slot_comes(const char *when)
{
    const uint32_t n = fixture_stats(&dying.fixture).free_slots;
    cgdt_slot_t slots[DYING_CPUS];
    uint32_t next = 0;

    for (uint32_t i = 0; i < n; i++) {
        MUST(cgdt_alloc_nowait(dying.fixture.pool, &slots[i]) == 0, "%s: %u of %u", when, i, n);
        const uint32_t number = cgdt_slot_number(slots[i]);
        const cgdt_desc_t *desc = fixture_slot(&dying.fixture, slots[i]);

        MUST(number >= next && !dying.seen[number], "%s: slot %u", when, number);
        next = number + 1;
        for (uint32_t entry = 0; entry < 64; entry++)
            MUST(desc[entry] == (entry == 1   ? CODE64
                                 : entry == 2 ? DATA3
                                              : 0),
                 "%s: slot %u, entry %u", when, number, entry);
    }
    MUST(cgdt_free_bulk(dying.fixture.pool, n, slots) == 0, "%s", when);
}

void dying_must_grow_to_its_ceiling(const char *when)
{
    static cgdt_slot_t rest[DYING_CPUS];

    MUST(cgdt_alloc_bulk(dying.fixture.pool, DYING_CPUS - dying.n_seen, rest) == 0, "%s: bulk",
         when);
    fixture_must_be_sound(&dying.fixture, when);
    MUST(cgdt_free_bulk(dying.fixture.pool, DYING_CPUS - dying.n_seen, rest) == 0, "%s: free",
         when);
}

void dying_cpus_must_come_and_go(const char *when)
{
    const uint32_t cpus[] = {0, 7, 90};

    for (size_t i = 0; i < COUNT_OF(cpus); i++) {
        (void)cgdt_cpu_offline(dying.fixture.pool, cpus[i]);
        MUST(cgdt_cpu_online(dying.fixture.pool, cpus[i], NULL) == 0, "%s: CPU %u", when, cpus[i]);
        MUST(cgdt_cpu_offline(dying.fixture.pool, cpus[i]) == 0, "%s: CPU %u", when, cpus[i]);
    }
}

void dying_must_be_whole(const char *when)
{
    no_slot_is_lost_or_given_twice(when);
    check_finds_only_held_pages(when);
    the_pools_own_state_adds_up(when);
    every_free_slot_comes(when);
}
