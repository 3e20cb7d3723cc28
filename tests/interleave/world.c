/* SPDX-License-Identifier: MIT */
/* See world.h. */
#include "world.h"
#include "lists.h"
#include "supply.h"

#include <string.h>

#define UNIT_BYTES 4u /* of a place; both halves of a 16-byte descriptor are one place */

enum page_use {
    GONE,
    PRIVATE,
    SEALED,
};

/* What a schedule changes. */
struct state {
    unsigned char pool[WORLD_POOL_BYTES];
    uint32_t use[WORLD_PAGES]; /* enum page_use */
    uint32_t lock;             /* only its place counts */
};

static struct {
    _Alignas(4096) cgdt_desc_t page[WORLD_PAGES][CGDT_PAGE_ENTRIES];
    struct state state;
} world;

static struct {
    cgdt_desc_t page[WORLD_PAGES][CGDT_PAGE_ENTRIES];
    struct state state;
} kept;

static bool dirty[WORLD_PAGES]; /* since it was kept */
static uint32_t window_pages;
static unsigned maps;
static uint64_t
    unmapped_pages[EXPLORER_CPUS + 1]; /* by which CPU; the last: outside of schedules */
static struct cgdt_pool *the_pool;
static bool takes_lock[EXPLORER_CPUS]; /* the lock says that the CPU has found too few slots */

/* The slot in whose live_write() a CPU is; NULL: in none. */
static const cgdt_desc_t *live_slot[EXPLORER_CPUS];

_Static_assert(sizeof(world) / UNIT_BYTES <= EXPLORER_PLACES, "each word has its place");

/* What is refused in this run, and how often it has been asked in this schedule. */
static enum world_fault refused;
static unsigned refused_at;
static unsigned asked;

static bool refuses(enum world_fault kind)
{
    return kind == refused && explorer_cpu() != NO_CPU && ++asked == refused_at;
}

void world_refuse(enum world_fault kind, unsigned n)
{
    refused = kind;
    refused_at = n;
}

bool world_has_refused(void)
{
    return refused != FAULT_NONE && asked >= refused_at;
}

void *world_clear(uint32_t pages_in_window)
{
    memset(&world, 0, sizeof(world));
    window_pages = pages_in_window;
    maps = 0;
    memset(unmapped_pages, 0, sizeof(unmapped_pages));
    _Static_assert(offsetof(struct state, pool) == 0 && sizeof(world.page) % 64 == 0,
                   "aligned as a pool wants to be");
    return world.state.pool;
}

void world_set_pool(struct cgdt_pool *pool)
{
    the_pool = pool;
}

void world_keep(void)
{
    memcpy(&kept, &world, sizeof(kept));
    memset(dirty, 0, sizeof(dirty));
}

void world_restore(void)
{
    for (uint32_t page = 0; page < WORLD_PAGES; page++) {
        if (dirty[page])
            memcpy(world.page[page], kept.page[page], CGDT_PAGE_BYTES);
        dirty[page] = false;
    }
    memcpy(&world.state, &kept.state, sizeof(kept.state));
    memset(live_slot, 0, sizeof(live_slot));
    maps = 0;
    asked = 0;
    memset(unmapped_pages, 0, sizeof(unmapped_pages));
    supply_reset(the_pool);
}

/* Multiply and shift by 64-bit words (the finaliser of splitmix64). */
static uint64_t hash(uint64_t seed, const void *from, size_t bytes)
{
    uint64_t sum = seed;

    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word;

        memcpy(&word, (const unsigned char *)from + i, 8);
        sum = (sum ^ word) * 0xbf58476d1ce4e5b9ull;
        sum ^= sum >> 29;
    }
    return sum;
}

uint64_t world_hash(void)
{
    uint64_t sum = hash(1, world.state.pool, sizeof(world.state.pool));

    for (uint32_t page = 0; page < WORLD_PAGES; page++) {
        sum = sum * 31 + world.state.use[page];
        if (dirty[page])
            sum = hash(sum + page, world.page[page], CGDT_PAGE_BYTES);
    }
    return sum;
}

bool world_is_mapped(uint32_t page)
{
    return world.state.use[page] != GONE;
}

cgdt_frame_t world_frame_of(uint32_t page)
{
    return 0x1000 + page;
}

cgdt_desc_t world_entry(uint32_t page, uint32_t entry)
{
    const cgdt_desc_t *at = &world.page[page][entry];

    return explorer_cpu() == NO_CPU ? *at : explorer_load(at, sizeof(*at), *at);
}

unsigned world_maps(void)
{
    return maps;
}

uint64_t world_unmapped_pages(void)
{
    return unmapped_pages[explorer_cpu()];
}

static uint32_t place_of(const volatile void *at)
{
    return (uint32_t)(((uintptr_t)at - (uintptr_t)&world) / UNIT_BYTES);
}

static bool inside(const volatile void *at, const void *block, size_t bytes)
{
    return (uintptr_t)at - (uintptr_t)block < bytes;
}

static uint32_t page_of(const volatile void *at)
{
    return (uint32_t)(((uintptr_t)at - (uintptr_t)world.page) / CGDT_PAGE_BYTES);
}

/* May the running CPU touch this word of a page? */
static void check_page_access(const volatile void *at, bool write)
{
    const uint32_t page = page_of(at);
    const unsigned cpu = explorer_cpu();

    if (world.state.use[page] == GONE)
        explorer_violation("a page that is not mapped is touched");
    if (world.state.use[page] == PRIVATE && explorer_lock_holder() != cpu)
        explorer_violation("a private page is touched without the lock");
    if (world.state.use[page] == SEALED && write && live_slot[cpu] == NULL &&
        !the_pool->given.port.direct)
        explorer_violation("a sealed page is stored to outside live_write");
}

#define UNWATCHED UINT32_MAX /* a place */

/* Whether the access is allowed; and the place that it is announced as. */
static uint32_t watch(const volatile void *at, bool write)
{
    if (explorer_cpu() == NO_CPU || (!write && explorer_owns(at)))
        return UNWATCHED; /* an argument of its own */
    if (inside(at, world.state.pool, sizeof(world.state.pool)))
        /* Bytes of owners are also read and changed by eights. */
        return inside(at, the_pool->map.owners, the_pool->map.slots) ? place_of(at) & ~1u
                                                                     : place_of(at);
    if (!inside(at, world.page, sizeof(world.page)))
        explorer_violation("memory that is neither the pool's nor a page's is touched");
    check_page_access(at, write);
    /* A private page is the lock holder's alone. */
    return world.state.use[page_of(at)] == SEALED ? place_of(at) & ~3u : UNWATCHED;
}

/* What was right when it was announced may be wrong now. */
static void watch_again(const volatile void *at, bool write)
{
    if (inside(at, world.page, sizeof(world.page)))
        check_page_access(at, write);
}

void world_locked(const volatile void *at)
{
    const uint32_t place = watch(at, true);

    if (place == UNWATCHED)
        return;
    explorer_access(OP_LOCKED, place);
    watch_again(at, true);
}

uint64_t world_load(const volatile void *at, unsigned bytes)
{
    const uint32_t place = watch(at, false);
    uint64_t value = 0;

    if (place != UNWATCHED) {
        explorer_access(OP_READ, place);
        watch_again(at, false);
    }
    memcpy(&value, (const void *)(uintptr_t)at, bytes);
    return explorer_cpu() == NO_CPU ? value : explorer_load(at, bytes, value);
}

void world_store(void *at, unsigned bytes, uint64_t value)
{
    const uint32_t place = watch(at, true);

    if (place == UNWATCHED)
        world_arrive(explorer_cpu(), at, bytes, value);
    else
        explorer_store(place, at, bytes, value);
}

void world_arrive(unsigned cpu, void *at, unsigned bytes, uint64_t value)
{
    uint64_t old = 0;

    if (inside(at, world.page, sizeof(world.page))) {
        if (world.state.use[page_of(at)] == GONE)
            explorer_violation("a store comes to a page that is no longer mapped");
        dirty[page_of(at)] = true;
    }
    memcpy(&old, at, bytes);
    memcpy(at, &value, bytes);
    if (bytes == 8 && cpu != NO_CPU)
        supply_changed(cpu, at, old, value);
}

void world_changed(const volatile void *at, uint64_t old, uint64_t value)
{
    if (explorer_cpu() != NO_CPU)
        supply_changed(explorer_cpu(), at, old, value);
}

void world_look(uint32_t page, uint32_t entry, cgdt_desc_t halves[2])
{
    halves[0] = world_load(&world.page[page][entry], sizeof(cgdt_desc_t));
    halves[1] = world_entry(page, entry + 1);
}

static void demand(bool holds, const char *rule)
{
    if (!holds)
        explorer_violation(rule);
}

/* A port operation begins: it looks at what the page is, or changes it. */
static void port_point(uint32_t page, bool changes)
{
    demand(page < WORLD_PAGES, "rule 2: no such page");
    if (explorer_cpu() != NO_CPU)
        explorer_access(changes ? OP_LOCKED : OP_READ, place_of(&world.state.use[page]));
}

/* A call that needs slots takes the lock or maps a page only where there were too few. */
static void demand_short(bool applies)
{
    const char *wrong = applies ? supply_was_short(explorer_cpu()) : NULL;

    demand(wrong == NULL, wrong);
}

void world_call_begins(uint32_t wants)
{
    takes_lock[explorer_cpu()] = wants == 1;
    supply_call_begins(explorer_cpu(), wants);
}

void world_call_returns(bool found_none)
{
    demand_short(found_none);
    supply_call_returns(explorer_cpu());
}

static void demand_lock(void)
{
    demand(explorer_cpu() == NO_CPU || explorer_lock_holder() == explorer_cpu(),
           "rule 4: a page comes or goes without the lock");
}

static int world_map(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    port_point(page, true);
    demand_lock();
    demand(world.state.use[page] == GONE, "rule 1: map of a mapped page");
    demand_short(explorer_cpu() != NO_CPU);
    if (refuses(FAULT_MAP))
        return WORLD_REFUSED;
    demand(page % window_pages == 0 || world.state.use[page - 1] != GONE,
           "rule 2: mapped before the page below it");
    memset(world.page[page], 0, CGDT_PAGE_BYTES);
    dirty[page] = true;
    world.state.use[page] = PRIVATE;
    maps++;
    *view = world.page[page];
    return 0;
}

static int world_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    port_point(page, true);
    demand_lock();
    demand(world.state.use[page] == PRIVATE, "rule 3: seal of a page that is not private");
    demand(*view == world.page[page], "seal with another view");
    if (refuses(FAULT_SEAL))
        return WORLD_REFUSED;
    world.state.use[page] = SEALED;
    return 0;
}

static int world_unseal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    port_point(page, true);
    demand_lock();
    demand(world.state.use[page] == SEALED, "rule 3: unseal of a page that is not sealed");
    demand(*view == world.page[page], "unseal with another view");
    if (refuses(FAULT_UNSEAL))
        return WORLD_REFUSED;
    world.state.use[page] = PRIVATE;
    return 0;
}

static void world_unmap(void *ctx, uint32_t page, void *view)
{
    (void)ctx;
    port_point(page, true);
    demand_lock();
    demand(!lists_name(the_pool, page), "a page goes that a CPU's list names");
    demand(world.state.use[page] == PRIVATE, "rule 7: unmap of a page that is not private");
    demand(view == world.page[page], "unmap with another view");
    world.state.use[page] = GONE;
    unmapped_pages[explorer_cpu()] |= 1ull << page;
}

static int world_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)ctx;
    port_point(page, false);
    demand(world.state.use[page] != GONE, "frame of a page that is not mapped");
    demand(view == world.page[page], "frame with another view");
    *frame = world_frame_of(page);
    return 0;
}

static int world_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const unsigned cpu = explorer_cpu();

    (void)ctx;
    port_point(page, false);
    demand(world.state.use[page] == SEALED, "rule 3: live_write to a page that is not sealed");
    demand(view == world.page[page], "live_write with another view");
    if (cpu == NO_CPU) {
        cgdt_batch_store(batch, world.page[page]);
        return 0;
    }
    for (unsigned other = 0; other < EXPLORER_CPUS; other++)
        demand(live_slot[other] != batch->slot, "rule 4: two live_writes for one slot");
    if (refuses(FAULT_LIVE_WRITE))
        return WORLD_REFUSED;
    live_slot[cpu] = batch->slot;
    cgdt_batch_store(batch, world.page[page]);
    live_slot[cpu] = NULL;
    return 0;
}

static void world_lock(void *ctx)
{
    (void)ctx;
    if (explorer_cpu() == NO_CPU)
        return;
    demand_short(takes_lock[explorer_cpu()]);
    explorer_lock(place_of(&world.state.lock));
}

static void world_unlock(void *ctx)
{
    (void)ctx;
    if (explorer_cpu() != NO_CPU)
        explorer_unlock(place_of(&world.state.lock));
}

const struct cgdt_port world_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = world_map,
    .seal = world_seal,
    .unseal = world_unseal,
    .unmap = world_unmap,
    .frame = world_frame,
    .live_write = world_live_write,
    .lock = world_lock,
    .unlock = world_unlock,
};

const struct cgdt_port world_direct_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = world_map,
    .seal = world_seal,
    .unseal = world_unseal,
    .unmap = world_unmap,
    .frame = world_frame,
    .lock = world_lock,
    .unlock = world_unlock,
    .direct = true,
};

static void print_pool_word(FILE *to, const unsigned char *at)
{
    const struct slotmap *map = &the_pool->map;
    size_t words = (map->slots + (1u << CGDT_SLOTMAP_WORD_SHIFT) - 1) >> CGDT_SLOTMAP_WORD_SHIFT;

    for (unsigned level = 0; level <= map->top; level++) {
        if (inside(at, map->level[level], words * 8)) {
            (void)fprintf(to, level == 0 ? "word %u of free bits" : "summary word %u (level %u)",
                          (unsigned)((const cgdt_word_t *)(const void *)at - map->level[level]),
                          level);
            return;
        }
        words = (words + (1u << CGDT_SLOTMAP_WORD_SHIFT) - 1) >> CGDT_SLOTMAP_WORD_SHIFT;
    }
    if (inside(at, map->owners, map->slots))
        (void)fprintf(to, "owner of slot %u or one of the next three",
                      (unsigned)(at - map->owners));
    else if (inside(at, the_pool->pages.words, (the_pool->pages.count + 1) * sizeof(uintptr_t)))
        (void)fprintf(to, "page word %u",
                      (unsigned)((const uintptr_t *)(const void *)at - the_pool->pages.words - 1));
    else if (inside(at, cgdt_slotmap_marks_(map, map->slots - 1), (map->slots + 63) / 64 * 8))
        (void)fprintf(
            to, "word %u of marks",
            (unsigned)(cgdt_slotmap_marks_(map, 0) - (const cgdt_word_t *)(const void *)at));
    else if (inside(at, the_pool->directory, map->slots * 4))
        (void)fprintf(to, "directory of CPU %u",
                      (unsigned)((const uint32_t *)(const void *)at - the_pool->directory));
    else if (at == (const unsigned char *)&map->lookers)
        (void)fprintf(to, "lookers");
    else if (at == (const unsigned char *)&map->events)
        (void)fprintf(to, "events");
    else
        (void)fprintf(to, "byte %u of the pool", (unsigned)(at - (const unsigned char *)the_pool));
}

void world_print_op(FILE *to, const struct op *op)
{
    static const char *const kinds[] = {"read  ", "write ", "locked", "lock",
                                        "unlock", "call",   "return"};
    const unsigned char *at = (const unsigned char *)&world + (size_t)op->place * UNIT_BYTES;

    (void)fputs(kinds[op->kind], to);
    if (op->kind > OP_LOCKED)
        return;
    (void)fputc(' ', to);
    if (inside(at, world.state.pool, sizeof(world.state.pool)))
        print_pool_word(to, at);
    else if (inside(at, world.page, sizeof(world.page)))
        (void)fprintf(to, "page %u entry %u",
                      (unsigned)((size_t)(at - (unsigned char *)world.page) / CGDT_PAGE_BYTES),
                      (unsigned)((size_t)(at - (unsigned char *)world.page) % CGDT_PAGE_BYTES / 8));
    else
        (void)fprintf(to, "the port's state of page %u",
                      (unsigned)((const uint32_t *)(const void *)at - world.state.use));
}
