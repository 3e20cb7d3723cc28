/* SPDX-License-Identifier: MIT */
/* See run.h. */
#include "run.h"
#include "aftermath.h"
#include "busy.h"
#include "caches.h"
#include "calls.h"
#include "contents.h"

#include <stdlib.h>
#include <string.h>

#define OUTCOMES_LOG 18u /* of the tables of ends seen */

static struct {
    const struct scenario *scenario;
    struct run *run;
    struct cgdt_pool *pool;
    struct model start;
    cgdt_slot_t start_handles[MAX_HANDLES];

    cgdt_slot_t handles[MAX_HANDLES];
    struct record record[EXPLORER_CPUS][MAX_PROGRAM];
    uint64_t left[EXPLORER_CPUS][MAX_PROGRAM]; /* pages that went during the call, a bit each */
} now;

/* Sets of 64-bit sums that have been seen. */
static uint64_t states_seen[1u << OUTCOMES_LOG];
static uint64_t outcomes_seen[1u << OUTCOMES_LOG];

/* True if it is new. No sum is 0. */
static bool insert(uint64_t *set, uint64_t sum)
{
    const uint64_t key = sum | 1;

    for (size_t i = key >> (64 - OUTCOMES_LOG);; i = (i + 1) & ((1u << OUTCOMES_LOG) - 1)) {
        if (set[i] == key)
            return false;
        if (set[i] == 0) {
            set[i] = key;
            return true;
        }
    }
}

/* A slot that has just been handed out holds the template, what came with it, and zeros. */
static void check_new_slots(const struct record *record)
{
    const bool with = record->call.kind == CALL_ALLOC_WITH || record->call.kind == CALL_ONLINE_WITH;

    for (unsigned i = 0; calls_give(&record->call) && i < calls_given(&record->call); i++) {
        if (record->result == 0 &&
            !contents_are(now.pool, record->slot[i], with ? record->call.near : 0))
            explorer_violation("a new slot does not hold the template and zeros");
    }
}

static void body(unsigned cpu)
{
    for (unsigned i = 0; i < now.scenario->program[cpu].n; i++) {
        struct record *record = &now.record[cpu][i];

        memset(record, 0, sizeof(*record));
        record->call = now.scenario->program[cpu].call[i];
        record->cpu = cpu;
        record->began = explorer_call_begins();
        if (record->call.kind == CALL_FREE || record->call.kind >= CALL_CACHE_FREE)
            record->slot[0] = now.handles[record->call.handle];
        if (record->call.kind == CALL_FREE && record->call.n > 1)
            memcpy(record->slot, &now.handles[record->call.handle], 4u * record->call.n);
        if (record->call.kind == CALL_ALLOC_NEAR && record->call.near != 0)
            record->near = now.handles[record->call.near - 1];
        const uint64_t gone = world_unmapped_pages();
        world_call_begins(calls_want(&record->call));
        calls_do(now.pool, record);
        world_call_returns(record->result == -CGDT_EAGAIN);
        check_new_slots(record);
        now.left[cpu][i] = world_unmapped_pages() & ~gone;
        if (calls_give(&record->call))
            memcpy(&now.handles[record->call.handle], record->slot,
                   4u * calls_given(&record->call));
        explorer_call_returns(&record->returned);
    }
}

static void begin(void)
{
    world_restore();
    caches_restore();
    memcpy(now.handles, now.start_handles, sizeof(now.handles));
}

/* Another step of the call of the last record. */
static void add_step(struct record *records, unsigned *n, enum call_kind kind, uint8_t argument)
{
    records[*n] = records[*n - 1];
    records[(*n)++].call = (struct call){kind, 0, argument, 0};
}

/* A bulk free that went well is as many frees, each at an instant of its own. */
static void add_frees(struct record *records, unsigned *n, const struct record *bulk)
{
    for (unsigned i = 0; i < bulk->call.n; i++) {
        struct record *one = &records[(*n)++];

        *one = *bulk;
        one->call.n = 0;
        memset(one->slot, 0, sizeof(one->slot));
        one->slot[0] = bulk->slot[i];
        add_step(records, n, STEP_FREED, 0);
    }
}

/* What left a cache, each slot at an instant of its own. */
static void add_uncached(struct record *records, unsigned *n)
{
    const struct record call = records[*n - 1];

    for (unsigned i = call.call.kind == CALL_CACHE_FREE ? 1 : 0;
         i < MAX_BULK && call.slot[i] != CGDT_NO_SLOT; i++) {
        add_step(records, n, STEP_UNCACHED, 0);
        records[*n - 1].slot[0] = call.slot[i];
    }
}

/*
 * All records, and extra ones for calls of several steps. False: a trim's answer is not what it
 * did.
 */
static bool gather(struct record *records, unsigned *n)
{
    *n = 0;
    for (unsigned cpu = 0; cpu < now.scenario->cpus; cpu++) {
        for (unsigned i = 0; i < now.scenario->program[cpu].n; i++) {
            const struct record *record = &now.record[cpu][i];
            uint64_t left = now.left[cpu][i];

            if (record->result == 0 && record->call.kind == CALL_FREE && record->call.n > 1) {
                add_frees(records, n, record);
                continue;
            }
            records[(*n)++] = *record;
            if (record->result == 0 && record->call.kind == CALL_FREE)
                add_step(records, n, STEP_FREED, 0);
            if (record->result == 0 && record->call.kind == CALL_OFFLINE)
                add_step(records, n, STEP_OFF, record->call.n);
            if (record->result == 0 && ends_move(&record->call)) {
                add_step(records, n, STEP_LETS_GO, record->call.n);
                add_step(records, n, STEP_MOVED, record->call.n);
            }
            if (record->call.kind == CALL_CACHE_FREE || record->call.kind == CALL_CACHE_FLUSH)
                add_uncached(records, n);
            if (record->call.kind != CALL_TRIM)
                continue;
            if (record->result != __builtin_popcountll(left) &&
                !(left == 0 && record->result == WORLD_REFUSED))
                return false;
            for (; left != 0; left &= left - 1)
                add_step(records, n, STEP_LEFT, (uint8_t)__builtin_ctzll(left));
        }
    }
    return true;
}

/* After a reserve that went well, so many slots are in service; no scenario has two that differ. */
static bool reserve_is_kept(const struct record *records, unsigned n)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(now.pool, &stats, sizeof(stats));
    for (unsigned i = 0; i < n; i++) {
        if (records[i].call.kind == CALL_RESERVE && records[i].result == 0 &&
            stats.free_slots + stats.taken_slots < records[i].call.n)
            return false;
    }
    return true;
}

/* What the calls answered and what they left in memory, as a number. */
static uint64_t outcome_of(const struct record *records, unsigned n, uint64_t state)
{
    uint64_t sum = state;

    for (unsigned i = 0; i < n; i++) {
        sum = (sum ^ (uint32_t)records[i].result) * 0x94d049bb133111ebull;
        sum = (sum ^ (sum >> 31) ^ records[i].value) * 0xbf58476d1ce4e5b9ull;
        for (unsigned slot = 0; slot < MAX_BULK; slot++)
            sum = (sum ^ (sum >> 29) ^ records[i].slot[slot]) * 0x94d049bb133111ebull;
    }
    return sum ^ (sum >> 30);
}

static const char *end(void)
{
    struct record records[MAX_CALLS];
    struct model model = now.start;
    unsigned n;

    if (!gather(records, &n))
        return "trim says another number of pages than it gave back";
    if (!busy_is_true(records, n))
        return "-EBUSY while nobody was at it";
    if (!history_is_linearizable(&model, records, n))
        return "no order of the calls explains their answers";
    if (!reserve_is_kept(records, n))
        return "fewer slots are in service than were reserved";
    /*
     * The rest follows from the answers and the memory: the same ones need not be looked at twice.
     */
    const uint64_t state = caches_hash(world_hash());
    if (!insert(outcomes_seen, outcome_of(records, n, state)))
        return NULL;
    now.run->outcomes++;
    const char *wrong = aftermath_matches(now.pool, &model);
    if (wrong != NULL || !insert(states_seen, state))
        return wrong;
    now.run->states++;
    return aftermath_sweep(now.pool, &model);
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s: the scenario cannot be set up: %s\n", now.scenario->name, what);
    exit(2);
}

static void make_pool(const struct scenario *scenario)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = scenario->direct ? &world_direct_port : &world_port,
        .layout = {.slot_entries = scenario->slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = scenario->window_pages != 0 ? scenario->window_pages : 1,
                   .mode = CGDT_MODE_PAGED},
        .profile = scenario->profile != NULL ? scenario->profile : CGDT_PROFILE_XEN_PV64,
        .max_cpus = scenario->max_cpus,
        .keep_pages = scenario->keep_pages,
        .template_descs = contents_template(),
        .template_entries = TEMPLATE_ENTRIES,
    };

    void *memory = world_clear(config.layout.window_pages);
    must(cgdt_pool_init(&now.pool, memory, WORLD_POOL_BYTES, &config) == 0, "init");
    must(cgdt_seal(now.pool) == 0, "seal");
    world_set_pool(now.pool);
    caches_make(now.pool);
    now.start = (struct model){.slots = config.max_cpus,
                               .page_slots = cgdt_colors(&config.layout),
                               .shares = scenario->shares};
}

static void start_free(cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    must(cgdt_free(now.pool, slot) == 0, "free");
    now.start.owner[number] = CGDT_NO_SLOT;
    now.start.generation[number]++;
}

/* A slot of a full word is freed and taken again: claiming leaves the summary as it was. */
static void make_stale(const struct scenario *scenario, cgdt_slot_t *slot)
{
    for (uint32_t word = scenario->stale_words; word-- > 0;) {
        const uint32_t number = word << CGDT_SLOTMAP_WORD_SHIFT;

        must(cgdt_free(now.pool, slot[number]) == 0, "free");
        must(cgdt_alloc(now.pool, &slot[number]) == 0 && cgdt_slot_number(slot[number]) == number,
             "alloc of the slot that was freed");
        now.start.owner[number] = slot[number];
        now.start.generation[number] = 1;
    }
}

static void start_cached(const struct scenario *scenario, const cgdt_slot_t *slot)
{
    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++) {
        for (unsigned i = 0; i < CACHED_SLOTS && scenario->cached[cpu][i] != 0; i++) {
            const uint32_t number = scenario->cached[cpu][i] - 1u;

            must(cgdt_cache_free(cache_of(cpu), slot[number]) == 0, "free into a cache");
            now.start.owner[number] = CACHED(cpu);
            now.start.generation[number]++;
        }
    }
}

static void start_cpu0(void)
{
    must(cgdt_cpu_online(now.pool, 0, &now.start.cpu[0]) == 0, "online");
    now.start.owner[cgdt_slot_number(now.start.cpu[0])] = now.start.cpu[0];
}

/* The state that every schedule begins in. */
static void set_up(const struct scenario *scenario)
{
    const uint32_t colors = 512u / scenario->slot_entries;
    cgdt_slot_t slot[MAX_SLOTS] = {0};

    make_pool(scenario);
    for (uint32_t i = 0; i < scenario->taken; i++) {
        must(cgdt_alloc(now.pool, &slot[i]) == 0 && cgdt_slot_number(slot[i]) == i, "alloc");
        now.start.owner[i] = slot[i];
    }
    make_stale(scenario, slot);
    if (scenario->cpu0_above)
        start_cpu0();
    for (unsigned i = 0; i < MAX_FREED && scenario->freed[i] != 0; i++)
        start_free(slot[scenario->freed[i] - 1]);
    for (uint32_t i = 0; scenario->free_page != 0 && i < colors; i++) {
        const uint32_t number = (scenario->free_page - 1u) * colors + i;

        if (number < scenario->taken)
            start_free(slot[number]);
    }
    start_cached(scenario, slot);
    if (scenario->cpu0_online)
        start_cpu0();
    memset(now.start_handles, 0, sizeof(now.start_handles));
    for (unsigned i = 0; i < MAX_HANDLES && scenario->handles[i] != 0; i++)
        now.start_handles[i] = slot[scenario->handles[i] - 1];
    if (scenario->cpu0_handle)
        now.start_handles[0] = now.start.cpu[0];
    if (scenario->forged != 0)
        now.start_handles[0] = scenario->forged + (1u << CGDT_SLOT_GENERATION_SHIFT);
    world_keep();
    caches_keep();
}

void run_scenario(const struct scenario *scenario, const struct how *how, struct run *run)
{
    const struct exploration what = {.cpus = scenario->cpus,
                                     .bound = how->bound,
                                     .store_buffers = how->store_buffers,
                                     .begin = begin,
                                     .body = body,
                                     .end = end,
                                     .arrive = world_arrive};

    *run = (struct run){.outcomes = 0};
    if (!how->again) {
        memset(states_seen, 0, sizeof(states_seen));
        memset(outcomes_seen, 0, sizeof(outcomes_seen));
    }
    now.scenario = scenario;
    now.run = run;
    world_refuse(scenario->refused, scenario->refused_at);
    set_up(scenario);
    explore(&what, &run->result);
}

void run_print_calls(FILE *to)
{
    for (unsigned cpu = 0; cpu < now.scenario->cpus; cpu++) {
        for (unsigned i = 0; i < now.scenario->program[cpu].n; i++) {
            (void)fprintf(to, "  CPU %u: ", cpu);
            history_print(to, &now.record[cpu][i]);
            (void)fputc('\n', to);
        }
    }
}
