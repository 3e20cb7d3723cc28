/* SPDX-License-Identifier: MIT */
/*
 * The seven invariants of docs/design.md, a suite for each, named after it. A random walk of calls
 * runs on the port behind glass; at every port operation, in the place of another CPU, the
 * invariant is looked at.
 */
#include "fixture.h"
#include "glass_port.h"
#include "oracle.h"

#define SLOTS       180
#define COLORS      16
#define SLOT_PAGES  12
#define ENTRIES     32
#define ALL_ENTRIES (SLOT_PAGES * 512)

/* A pool, and what this file believes that its pages hold. */
struct world {
    struct glass glass;
    struct cgdt_config config;
    struct oracle_pool model;
    struct cgdt_pool *pool;
    cgdt_slot_t held[SLOTS];
    uint32_t n_held;
    cgdt_desc_t wanted[SLOTS][ENTRIES];
    uint64_t seed;
    uint32_t numbers; /* last mark given out */
};

static _Alignas(64) unsigned char memory[65536];
static struct world world;

static const cgdt_desc_t template_descs[] = {0, CODE64, DATA3};

static void open_world(bool live)
{
    memset(&world, 0, sizeof(world));
    cr_assert(glass_open(&world.glass));
    world.config = (struct cgdt_config){
        .struct_bytes = sizeof(struct cgdt_config),
        .profile = CGDT_PROFILE_XEN_PV64,
        .port = &glass_port,
        .port_ctx = &world.glass,
        .layout = {.slot_entries = ENTRIES,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = 3,
                   .mode = CGDT_MODE_PAGED},
        .max_cpus = SLOTS,
        .template_descs = template_descs,
        .template_entries = COUNT_OF(template_descs),
    };
    world.seed = 91;
    cr_assert(oracle_pool_init(&world.model, SLOTS, COLORS, 3));
    cr_assert_eq(cgdt_pool_init(&world.pool, memory, sizeof(memory), &world.config), 0);
    if (live)
        cr_assert_eq(cgdt_seal(world.pool), 0);
}

static void close_world(void)
{
    world.glass.look = NULL;
    while (world.n_held > 0)
        MUST(cgdt_free(world.pool, world.held[--world.n_held]) == 0, "free");
    cr_assert_eq(cgdt_pool_destroy(world.pool), 0);
    oracle_pool_done(&world.model);
    glass_close(&world.glass);
}

static uint32_t number_of(cgdt_slot_t slot)
{
    return (slot & 0x01ffffff) - 1;
}

/* The model goes first, so that a look-out knows which slot is on its way in. */
static void walk_alloc(void)
{
    cgdt_slot_t slot;
    const uint32_t wanted = oracle_pool_alloc(&world.model);
    const int result = cgdt_alloc(world.pool, &slot);

    MUST((result == 0) == (wanted != ORACLE_FULL), "alloc: %d", result);
    if (result != 0)
        return;
    MUST(slot == wanted, "alloc: %x, not %x", slot, wanted);
    memset(world.wanted[number_of(slot)], 0, sizeof(world.wanted[0]));
    memcpy(world.wanted[number_of(slot)], template_descs, sizeof(template_descs));
    world.held[world.n_held++] = slot;
}

static void walk_write(void)
{
    const cgdt_slot_t slot = world.held[random_below(&world.seed, world.n_held)];
    const uint32_t first = 1 + random_below(&world.seed, ENTRIES - 1);
    const uint32_t n = random_below(&world.seed, ENTRIES - first + 1);
    cgdt_desc_t desc[ENTRIES];

    for (uint32_t i = 0; i < n; i++)
        desc[i] = random_below(&world.seed, 4) ? mark(++world.numbers) : 0;
    MUST(cgdt_write(world.pool, slot, first, desc, n) == 0, "write");
    memcpy(&world.wanted[number_of(slot)][first], desc, n * sizeof(desc[0]));
}

static void walk_free(void)
{
    const uint32_t at = random_below(&world.seed, world.n_held);
    const cgdt_slot_t slot = world.held[at];

    MUST(cgdt_free(world.pool, slot) == 0, "free");
    oracle_pool_free(&world.model, slot);
    memset(world.wanted[number_of(slot)], 0, sizeof(world.wanted[0]));
    world.held[at] = world.held[--world.n_held];
}

static void walk_step(uint32_t step)
{
    const uint32_t dice = random_below(&world.seed, 100);
    const bool down = step / 300 % 2;

    if (dice < 3) {
        MUST(cgdt_trim(world.pool) == (int)oracle_pool_trim(&world.model), "trim");
    } else if (world.n_held > 0 && dice < 30) {
        walk_write();
    } else if (world.n_held > 0 && dice < (down ? 85u : 45u)) {
        walk_free();
    } else {
        walk_alloc();
    }
}

/* Every entry of every page is a descriptor that was asked for, at its place, or zero. */
static void pages_hold_what_was_written(uint32_t step)
{
    for (uint32_t i = 0; i < ALL_ENTRIES; i++) {
        const uint32_t slot = i / ENTRIES;
        const cgdt_desc_t wanted = slot < SLOTS ? world.wanted[slot][i % ENTRIES] : 0;

        MUST(world.glass.pages[i / 512][i % 512] == wanted, "step %u: page %u, entry %u", step,
             i / 512, i % 512);
    }
}

Test(only_descriptors, pages_hold_what_was_written_and_zeros)
{
    for (int live = 0; live < 2; live++) {
        open_world(live);
        for (uint32_t step = 0; step < 3000; step++) {
            walk_step(step);
            pages_hold_what_was_written(step);
        }
        close_world();
    }
}

static void see_unowned_zero(void *who, enum glass_event event, uint32_t page)
{
    (void)who;
    (void)page;
    for (uint32_t i = 0; i < ALL_ENTRIES; i++) {
        const uint32_t slot = i / ENTRIES;

        if (world.glass.sealed[i / 512] && (slot >= SLOTS || !world.model.owned[slot]))
            MUST(world.glass.pages[i / 512][i % 512] == 0, "event %d: slot %u, entry %u", event,
                 slot, i % ENTRIES);
    }
}

Test(unowned_is_zero, whenever_another_cpu_could_look)
{
    open_world(true);
    world.glass.look = see_unowned_zero;
    for (uint32_t step = 0; step < 3000; step++) {
        walk_step(step);
        see_unowned_zero(NULL, GLASS_MAP, 0);
    }
    close_world();
}

Test(unowned_is_zero, when_the_boot_phase_ends)
{
    open_world(false);
    for (uint32_t step = 0; step < 1000; step++)
        walk_step(step);
    world.glass.look = see_unowned_zero;
    cr_assert_eq(cgdt_seal(world.pool), 0);
    see_unowned_zero(NULL, GLASS_SEAL, 0);
    close_world();
}

/*
 * The frame list of every owned slot can be given to a hypervisor now: whole, sealed, of its window
 * only.
 */
static void see_whole_pages(uint32_t step)
{
    for (uint32_t i = 0; i < world.n_held; i++) {
        const uint32_t page = number_of(world.held[i]) / COLORS;
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t n = 0, entries = 0;

        MUST(cgdt_frames(world.pool, world.held[i], frames, &n, &entries) == 0, "step %u", step);
        MUST(n == page % 3 + 1 && entries == n * 512, "step %u: %u frames", step, n);
        for (uint32_t f = 0; f < n; f++) {
            MUST(frames[f] == page - page % 3 + f, "step %u: frame %u", step, f);
            MUST(world.glass.sealed[frames[f]], "step %u: frame %u is not sealed", step, f);
        }
    }
}

Test(whole_pages, every_frame_list_can_be_given_at_any_time)
{
    open_world(true);
    for (uint32_t step = 0; step < 2000; step++) {
        walk_step(step);
        see_whole_pages(step);
    }
    close_world();
}

Test(whole_pages, a_window_never_has_a_gap)
{
    open_world(true);
    for (uint32_t step = 0; step < 3000; step++) {
        walk_step(step);
        for (uint32_t page = 1; page < SLOT_PAGES; page++)
            MUST(page % 3 == 0 || !world.glass.mapped[page] || world.glass.mapped[page - 1],
                 "step %u: page %u without the one before", step, page);
    }
    close_world();
}

Test(sealed_is_read_only, only_live_writes_change_a_sealed_page)
{
    open_world(true);
    for (uint32_t step = 0; step < 3000; step++) {
        walk_step(step);
        MUST(glass_broken(&world.glass) == 0, "step %u", step);
    }
    for (uint32_t page = 0; page < SLOT_PAGES; page++)
        MUST(world.glass.sealed[page] == world.glass.mapped[page], "page %u is private", page);
    close_world();
}

/*
 * Entries 4 and 5 of each slot are a TSS of native 64; the low half's limit and the high half
 * agree.
 */
static void see_no_torn_pair(void *who, enum glass_event event, uint32_t page)
{
    (void)who;
    (void)event;
    if (page >= SLOT_PAGES)
        return;
    for (uint32_t color = 0; color < COLORS; color++) {
        const cgdt_desc_t *pair = &world.glass.pages[page][color * ENTRIES + 4];

        MUST(!(pair[0] >> 47 & 1) || (pair[0] & 0xffff) == pair[1],
             "page %u, color %u: %" PRIx64 " %" PRIx64, page, color, pair[0], pair[1]);
    }
}

Test(no_torn_descriptor, no_store_leaves_halves_of_two_descriptors)
{
    open_world(true);
    cr_assert_eq(cgdt_pool_destroy(world.pool), 0);
    world.config.profile = CGDT_PROFILE_NATIVE64;
    world.config.layout.mode = CGDT_MODE_NATIVE;
    world.config.template_entries = 0;
    cr_assert_eq(cgdt_pool_init(&world.pool, memory, sizeof(memory), &world.config), 0);
    cr_assert_eq(cgdt_seal(world.pool), 0);
    world.glass.look = see_no_torn_pair;
    for (uint32_t round = 1; round < 5000; round++) {
        const cgdt_desc_t pair[2] = {(TSS64 & ~0xffffull) | (round & 0xffff), round & 0xffff};
        cgdt_slot_t slot;

        MUST(cgdt_alloc(world.pool, &slot) == 0, "alloc");
        world.held[world.n_held++] = slot;
        for (int i = 0; i < 3; i++) {
            const cgdt_slot_t any = world.held[random_below(&world.seed, world.n_held)];
            MUST(cgdt_write(world.pool, any, 4, pair, 2) == 0, "write");
        }
        if (world.n_held > 100)
            MUST(cgdt_free(world.pool, world.held[--world.n_held]) == 0 &&
                     cgdt_free(world.pool, world.held[--world.n_held]) == 0,
                 "free");
    }
    close_world();
}

/* The slots that are on their way out; another CPU that allocates meanwhile must not get one. */
static uint32_t leaving_first;
static uint32_t leaving_end;
static bool whole_page; /* those of the page that the event is about */
static uint32_t looks;

static void try_to_take(void *who, enum glass_event event, uint32_t page)
{
    const enum glass_event *wanted = who;
    cgdt_slot_t slot = CGDT_NO_SLOT;

    if (event != *wanted || (leaving_end == 0 && !whole_page))
        return;
    if (whole_page) {
        leaving_first = page * COLORS;
        leaving_end = leaving_first + COLORS;
    }
    world.glass.look = NULL; /* what follows is another CPU's and not looked at */
    looks++;
    MUST(cgdt_alloc(world.pool, &slot) == 0, "the other CPU's alloc");
    MUST(number_of(slot) < leaving_first || number_of(slot) >= leaving_end,
         "slot %u was handed out too early", number_of(slot));
    MUST(cgdt_free(world.pool, slot) == 0, "the other CPU's free");
    world.glass.look = try_to_take;
}

/* 40 slots, slot 38 free, so that another CPU finds room without growing. */
static void open_reuse(enum glass_event *event)
{
    open_world(true);
    for (int i = 0; i < 40; i++)
        walk_alloc();
    looks = 0;
    leaving_end = 0;
    world.glass.who = event;
    world.glass.look = try_to_take;
}

static void free_watched(uint32_t at)
{
    leaving_first = number_of(world.held[at]);
    leaving_end = leaving_first + 1;
    MUST(cgdt_free(world.pool, world.held[at]) == 0, "free");
    leaving_end = 0;
    world.held[at] = world.held[--world.n_held];
}

Test(no_early_reuse, a_slot_is_zeroed_before_it_is_free)
{
    enum glass_event events[] = {GLASS_LIVE_WRITE, GLASS_STORE};

    for (size_t i = 0; i < COUNT_OF(events); i++) {
        open_reuse(&events[i]);
        for (uint32_t at = 0; at < 20; at++)
            free_watched(at);
        cr_assert_geq(looks, 20);
        close_world();
    }
}

static cgdt_slot_t quiet_slot;

static void see_slot_in_use(void *who, enum glass_event event, uint32_t cpu)
{
    const uint32_t number = number_of(quiet_slot);

    (void)who;
    if (event != GLASS_QUIESCE)
        return;
    looks++;
    cr_assert_eq(cpu, 7);
    cr_assert_eq(memcmp(&world.glass.pages[number / COLORS][number % COLORS * ENTRIES],
                        template_descs, sizeof(template_descs)),
                 0, "zeroed while its CPU was on it");
    leaving_first = number;
    leaving_end = number + 1;
    enum glass_event same = GLASS_QUIESCE;
    try_to_take(&same, event, cpu);
    world.glass.look = NULL;
    leaving_end = 0;
}

Test(no_early_reuse, a_slot_is_freed_only_after_its_cpu_let_go)
{
    open_world(true);
    looks = 0;
    leaving_end = 0;
    cr_assert_eq(cgdt_cpu_online(world.pool, 7, &quiet_slot), 0);
    world.glass.look = see_slot_in_use;
    cr_assert_eq(cgdt_cpu_offline(world.pool, 7), 0);
    cr_assert_eq(looks, 2);
    close_world();
}

Test(no_early_reuse, a_page_leaves_only_when_nobody_can_get_in)
{
    enum glass_event events[] = {GLASS_UNSEAL, GLASS_UNMAP};

    for (size_t i = 0; i < COUNT_OF(events); i++) {
        open_reuse(&events[i]);
        for (int n = 40; n < 96; n++)
            walk_alloc();
        world.glass.look = NULL;
        MUST(cgdt_free(world.pool, world.held[95]) == 0, "room for the other CPU, in window 1");
        for (uint32_t at = 0; at < 48; at++)
            MUST(cgdt_free(world.pool, world.held[at]) == 0, "free");
        whole_page = true;
        world.glass.look = try_to_take;
        cr_assert_eq(cgdt_trim(world.pool), 3);
        cr_assert_eq(looks, 3);
        whole_page = false;
        leaving_end = 0;
        memmove(&world.held[0], &world.held[48], 47 * sizeof(world.held[0]));
        world.n_held = 47;
        close_world();
    }
}

/* Short of test_faults.c: one call that does every kind of operation, each failing in its turn. */
Test(all_or_nothing, whichever_operation_fails_nothing_has_changed)
{
    bool fired = true;

    for (uint32_t n = 1; fired; n++) {
        struct fixture fixture;
        struct snapshot before;
        cgdt_slot_t slots[100];

        fixture_prepare(&fixture, 64, 2, 72); /* all pages are needed: none can be gone round */
        fixture_open_live(&fixture);
        cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 20, slots), 0);
        cr_assert_eq(cgdt_free(fixture.pool, slots[3]), 0);
        cr_assert_eq(cgdt_free(fixture.pool, slots[9]), 0);
        const struct cgdt_pool_stats stats = fixture_stats(&fixture);
        snapshot_take(&before, &fixture);
        faulty_arm(&fixture.faulty, FAULTY_ANY, n, -77);
        const int result = cgdt_alloc_bulk(fixture.pool, 50, slots);
        fired = fixture.faulty.fired != 0;
        faulty_arm(&fixture.faulty, 0, 0, 0);
        cr_assert_eq(result, fired ? -77 : 0, "operation %u", n);
        cr_assert_eq(snapshot_same_pages(&before, &fixture), fired, "operation %u", n);
        cr_assert_eq(fixture_stats(&fixture).taken_slots, fired ? stats.taken_slots : 68);
        cr_assert_eq(fixture.strict.breaches, 0, "%s", fixture.strict.first_breach);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}
