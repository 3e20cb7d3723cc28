/* SPDX-License-Identifier: MIT */
/*
 * Protocols of a whole pool: calls of cgdt.h, the directory, moves, the lock. One page of two slots
 * in service, by the port over an array.
 */
#include "atomic.h"
#include "cgdt/cgdt.h"
#include "port/fixed.c" /* so that its lock is searched, too */

#include "cpu.h"
#include "slot.h"
#include "protocol.h"

#include <stdlib.h>
#include <string.h>

#define CPUS    2u
#define ENTRIES 256u
#define OWNERS  5u /* what an owner wrote into entry 2, which every free zeroes */

static _Alignas(4096) cgdt_desc_t page[1][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(CPUS, ENTRIES)];
static struct cgdt_fixed fixed;
static struct cgdt_port port;
static struct cgdt_pool *pool;
static cgdt_desc_t initial[2];
static cgdt_slot_t had[CPUS];
static uint32_t own_word; /* of a CPU, in the kernel */
static uint32_t kernels;  /* what a kernel's port keeps of a CPU, by plain accesses */

#define PLAIN_LOAD(at) search_load((at), sizeof(*(at)), PLAIN_ACCESS, "plain_load")
#define PLAIN_STORE(at, value)                                                                     \
    search_store((at), sizeof(*(at)), (value), PLAIN_ACCESS, "plain_store")

static int quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx, (void)cpu;
    PLAIN_STORE(&kernels, 1);
    return search_load(&own_word, sizeof(own_word), __ATOMIC_ACQUIRE, "kernel_asks") != 0
               ? 0
               : -CGDT_EBUSY;
}

static void make_pool(uint32_t reserved, bool asks)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = CPUS,
        .template_descs = initial,
        .template_entries = 2};

    memset(page, 0, sizeof(page));
    memset(memory, 0, sizeof(memory));
    fixed = (struct cgdt_fixed){.pages = page, .count = 1};
    port = cgdt_fixed_port;
    port.quiesce = asks ? quiesce : NULL;
    own_word = kernels = 0;
    initial[1] = cgdt_desc_code64(0);
    if (cgdt_pool_init(&pool, memory, sizeof(memory), &config) != 0 || cgdt_seal(pool) != 0 ||
        cgdt_reserve(pool, reserved) != 0)
        abort();
    search_name(&pool->map.level[0][0], "free bits");
    search_name(&pool->map.owners[0], "byte");
    search_name(&pool->map.owners[1], "other byte");
    search_name(&pool->map.lookers, "lookers");
    search_name(&pool->map.events, "events");
    search_name(&pool->map.end, "end");
    search_name(&pool->pages.words[1], "page's word");
    search_name(&pool->directory[0], "directory");
    search_name(&pool->mover, "mover");
    search_name(&pool->goal, "goal");
    search_name(&pool->served_slots, "served slots");
    search_name(&fixed.locked, "lock");
    search_name(&own_word, "own word");
    search_name(&kernels, "the kernel's");
    search_name(&page[0][0], "slot's null");
    search_name(&page[0][1], "slot's template");
    search_name(&page[0][2], "slot's own");
    for (uint32_t entry = 3; entry < 8; entry++)
        search_name(&page[0][entry], "slot's rest");
    search_watch(memory, sizeof(memory));
}

static void in_service(void)
{
    make_pool(CPUS, false);
}

/* Every slot is owned, and written to. */
static void all_owned(void)
{
    make_pool(CPUS, false);
    for (uint32_t i = 0; i < CPUS; i++) {
        if (cgdt_alloc(pool, &had[i]) != 0)
            abort();
    }
    page[0][2] = OWNERS;
}

static void cpu_online_as(bool asks)
{
    make_pool(CPUS, asks);
    if (cgdt_cpu_online(pool, 0, &had[0]) != 0)
        abort();
    page[0][2] = OWNERS;
}

static void cpu_online(void)
{
    cpu_online_as(false);
}

static void cpu_online_asked(void)
{
    cpu_online_as(true);
}

/* Slots from one CPU to another. */

static void free_it(void)
{
    search_tell(0, cgdt_free(pool, had[0]) == 0);
}

static void free_through_a_cache(void)
{
    static struct cgdt_cache cache;

    (void)cgdt_cache_init(&cache, sizeof(cache), pool);
    search_tell(0, cgdt_cache_free(&cache, had[0]) == 0);
    (void)cgdt_cache_flush(&cache);
}

static void alloc_one(void)
{
    cgdt_slot_t slot;

    if (cgdt_alloc_nowait(pool, &slot) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, slot);
    search_tell(2, cgdt_load_descriptor_(&page[0][2]));
}

static const char *is_whole_and_new(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    if (search_told(1, 2) != 0)
        return "the new owner finds what the last one wrote";
    if (search_told(1, 1) == had[0])
        return "the new handle is the last one's";
    return search_final(&page[0][1]) == initial[1] && search_final(&page[0][2]) == 0
               ? NULL
               : "a store of the last owner's comes after the new one's";
}

/* Its handle is good for the new owner alone. */
static void free_and_alloc_through_a_cache(void)
{
    static struct cgdt_cache cache;
    cgdt_slot_t slot = CGDT_NO_SLOT;

    (void)cgdt_cache_init(&cache, sizeof(cache), pool);
    if (cgdt_cache_free(&cache, had[0]) != 0)
        return;
    search_tell(0, 1);
    (void)cgdt_cache_alloc(&cache, &slot);
}

static const char *is_ones(void)
{
    const uint64_t had_it = search_told(0, 0) + search_told(1, 0);

    if (had_it != 0)
        protocol_reached();
    return had_it < 2 ? NULL : "two have it";
}

/* A page comes. */

static void coming(void)
{
    make_pool(0, false);
    if (cgdt_page_map_(&pool->pages, 0) != 0 || cgdt_page_seal_(&pool->pages, 0) != 0)
        abort();
}

/* What grow.c does last, under the lock; not watched, since it counts. */
static void serve_all(void)
{
    cgdt_page_serve_(&pool->pages, 0);
    cgdt_slotmap_cover_(&pool->map, 1);
    cgdt_slotmap_publish_bits_(&pool->map, 0, 3);
    pool->pages.serving--; /* as it was, for the next run */
    pool->pages.first_hole = 0;
}

static void take_and_fill(void)
{
    uint32_t number;

    if (!cgdt_slotmap_take_at_once_(&pool->map, false, &number))
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_slot_fill_plainly_(pool, number));
}

static const char *is_writable(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "a slot is free before its page is in service";
}

static void serve_and_own(void)
{
    cgdt_page_serve_(&pool->pages, 0);
    (void)cgdt_slotmap_own_(&pool->map, 0, 0);
    pool->pages.serving--;
    pool->pages.first_hole = 0;
}

static void look_it_up(void)
{
    struct page_state state;

    if (cgdt_slot_lookup_(pool, cgdt_slot_handle_(0, 0), &state) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_page_serves_(&state));
}

static const char *is_on_a_page(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "a slot is owned before its page is in service";
}

/* The directory. */

static void come_online(void)
{
    cgdt_slot_t slot;

    search_tell(0, cgdt_cpu_online(pool, 0, &slot) == 0);
}

static void go_offline(void)
{
    search_tell(0, cgdt_cpu_offline(pool, 0) == 0);
}

static void come_online_there(void)
{
    search_tell(0, cgdt_cpu_online_at(pool, 0, had[0]) == 0);
}

static void ask_for_its_slot(void)
{
    cgdt_slot_t slot;

    if (cgdt_cpu_slot(pool, 0, &slot) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&page[0][1]));
}

static const char *has_its_template(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == initial[1] ? NULL : "the handle is there before the contents";
}

static const char *is_offline_once(void)
{
    const char *wrong = is_ones();

    if (wrong != NULL || search_told(0, 0) + search_told(1, 0) == 0)
        return wrong;
    return search_final(&pool->directory[0]) == 0 ? NULL
                                                  : "the directory names a slot that is free";
}

/* As cgdt_cpu_move_begin(). */
static void be_busy_with_a_move(void)
{
    search_tell(0, cgdt_cpu_swap_(pool, &pool->directory[0], had[0], had[0] | CGDT_CPU_BUSY_));
}

/* What the kernel's port keeps of a CPU is nobody else's while BUSY is set. */
static void own_word_set(void)
{
    cpu_online_asked();
    own_word = 1;
}

static void come_and_use_the_kernels(void)
{
    if (!cgdt_cpu_swap_(pool, &pool->directory[0], 0, CGDT_CPU_BUSY_))
        return;
    search_tell(0, 1);
    search_tell(1, PLAIN_LOAD(&kernels));
}

static const char *has_the_kernels(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 1 ? NULL : "the port's own data is not what the last call left";
}

/* A CPU leaves its slot, and tells so; the port's quiesce asks for that. */
static void leave_its_slot(void)
{
    search_tell(0, cgdt_load_descriptor_(&page[0][2]));
    search_store(&own_word, sizeof(own_word), 1, __ATOMIC_RELEASE, "kernel_leaves");
}

static const char *is_zeroed_behind_its_last_use(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(0, 0) == OWNERS ? NULL : "a slot is zeroed before its CPU has left it";
}

/* Moves: what move.c does with its two words, the goal a plain one. */

#define MOVING 0x80000000u

static void begin_a_move_of(uint32_t cpu)
{
    if (!cgdt_cpu_swap_(pool, &pool->mover, 0, MOVING | (cpu + 1)))
        return;
    search_tell(0, 1);
    PLAIN_STORE(&pool->goal, 7 + cpu);
    cgdt_store32_release_(&pool->mover, cpu + 1);
}

static void begin_a_move(void)
{
    begin_a_move_of(0);
}

static void begin_another_move(void)
{
    begin_a_move_of(1);
}

static void end_a_move(void)
{
    if (!cgdt_cpu_swap_(pool, &pool->mover, 1, MOVING | 1))
        return;
    search_tell(0, 1);
    search_tell(1, PLAIN_LOAD(&pool->goal));
    cgdt_store32_release_(&pool->mover, 0);
}

static const char *goes_where_it_began_to(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 7 ? NULL : "a move ends where another one goes";
}

/* The lock of the ports. */

static void count_under_the_lock(uint32_t value)
{
    cgdt_pool_lock_(pool);
    search_tell(0, PLAIN_LOAD(&pool->served_slots) == CPUS);
    PLAIN_STORE(&pool->served_slots, value);
    cgdt_pool_unlock_(pool);
}

static void count_as_one(void)
{
    count_under_the_lock(7);
}

static void count_as_another(void)
{
    count_under_the_lock(8);
}

const struct protocol pool_protocols[] = {
    {.name = "an-alloc-behind-a-free-has-a-whole-new-slot",
     .program = {2, 0, all_owned, {free_it, alloc_one}, NULL},
     .wrong = is_whole_and_new},
    {.name = "an-alloc-behind-a-flush-has-a-whole-new-slot",
     .program = {2, 0, all_owned, {free_through_a_cache, alloc_one}, NULL},
     .wrong = is_whole_and_new},
    {.name = "a-slot-that-went-through-a-cache-is-freed-by-its-new-owner",
     .program = {2, 0, all_owned, {free_and_alloc_through_a_cache, free_it}, NULL},
     .wrong = is_ones},
    {.name = "who-takes-a-slot-finds-its-page-in-service",
     .program = {2, 0, coming, {serve_all, take_and_fill}, NULL},
     .wrong = is_writable},
    {.name = "who-finds-a-slot-owned-finds-its-page-in-service",
     .program = {2, 0, coming, {serve_and_own, look_it_up}, NULL},
     .wrong = is_on_a_page},
    {.name = "of-two-onlines-of-a-cpu-one-succeeds",
     .program = {2, 0, in_service, {come_online, come_online}, NULL},
     .wrong = is_ones},
    {.name = "of-two-offlines-of-a-cpu-one-succeeds",
     .program = {2, 0, cpu_online, {go_offline, go_offline}, NULL},
     .wrong = is_offline_once},
    {.name = "a-cpu-goes-offline-or-moves",
     .program = {2, 0, cpu_online, {go_offline, be_busy_with_a_move}, NULL},
     .wrong = is_ones,
     .quotes = {{"move.c", "cgdt_cpu_swap_(pool, word, old, old | BUSY)"}}},
    {.name = "a-slot-is-freed-or-a-cpus",
     .program = {2, 0, all_owned, {free_it, come_online_there}, NULL},
     .wrong = is_ones},
    {.name = "who-has-a-cpus-handle-finds-its-template",
     .program = {2, 0, in_service, {come_online, ask_for_its_slot}, NULL},
     .wrong = has_its_template},
    {.name = "what-a-port-keeps-of-a-cpu-is-ones-while-it-is-busy",
     .program = {2, 0, own_word_set, {go_offline, come_and_use_the_kernels}, NULL},
     .wrong = has_the_kernels},
    {.name = "a-slot-is-zeroed-behind-its-cpus-last-use",
     .program = {2, 0, cpu_online_asked, {leave_its_slot, go_offline}, NULL},
     .wrong = is_zeroed_behind_its_last_use},
    {.name = "a-move-ends-where-it-began-to-go",
     .program = {3, 0, in_service, {begin_a_move, end_a_move, begin_another_move}, NULL},
     .wrong = goes_where_it_began_to,
     .quotes = {{"move.c", "!cgdt_cpu_swap_(pool, &pool->mover, 0, MOVING | (cpu + 1))"},
                {"move.c", "!cgdt_cpu_swap_(pool, &pool->mover, cpu + 1, MOVING | (cpu + 1))"},
                {"move.c", "cgdt_store32_release_(&pool->mover, error == 0 ? cpu + 1 : 0);"},
                {"move.c", "cgdt_store32_release_(&pool->mover, error != 0 ? cpu + 1 : 0);"},
                {"move.c", "cgdt_copy_slot_(pool, old, &kind, &pool->goal);"},
                {"move.c", "const uint32_t stays = back ? old : pool->goal;"}}},
    {.name = "one-at-a-time-holds-the-lock",
     .program = {2, 7, in_service, {count_as_one, count_as_another}, NULL},
     .wrong = is_ones},
    {.name = NULL},
};
