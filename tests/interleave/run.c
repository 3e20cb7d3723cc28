/* SPDX-License-Identifier: MIT */
/* See run.h. */
#include "run.h"
#include "aftermath.h"

#include <stdlib.h>
#include <string.h>

#define OUTCOMES_LOG 18u /* of the tables of ends seen */

static struct {
    const struct scenario *scenario;
    struct run *run;
    struct cgdt_pool *pool;
    struct model start;
    cgdt_slot_t start_regs[MAX_REGS];

    cgdt_slot_t regs[MAX_REGS];
    struct record record[EXPLORER_CPUS][MAX_PROGRAM];
    uint64_t left[EXPLORER_CPUS][MAX_PROGRAM]; /* windows that went during the call, a bit each */
    const char *fault;
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

/* Descriptors that every new slot starts with: a null entry and a code segment. */
static const cgdt_desc_t *template_descs(void)
{
    static cgdt_desc_t descs[2];

    (void)cgdt_desc_segment(&descs[1], 0, 0xffffffffu,
                            CGDT_DESC_CODE | CGDT_DESC_WRITABLE | CGDT_DESC_LONG |
                                CGDT_DESC_DPL(3));
    return descs;
}

/* What value n looks like in a slot: entries 2 and 3. Native: a 16-byte TSS; Xen: two data segments. */
static void value_descs(uint32_t n, cgdt_desc_t descs[2])
{
    if (now.scenario->profile == CGDT_PROFILE_NATIVE64) {
        (void)cgdt_desc_system64(descs, 0x0000123400000000ull * n + n, 0x67, CGDT_SYS_TSS_AVAILABLE,
                                 0);
        return;
    }
    for (unsigned i = 0; i < 2; i++)
        (void)cgdt_desc_segment(&descs[i], n + i, 0xffffffffu,
                                CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3));
}

static void do_alloc(struct record *record)
{
    if (record->call.n > 1)
        record->result = cgdt_alloc_bulk(now.pool, record->call.n, record->slot);
    else
        record->result = cgdt_alloc(now.pool, &record->slot[0]);
}

static void do_free(struct record *record)
{
    cgdt_slot_t slots[MAX_BULK]; /* the call writes to them */

    memcpy(slots, record->slot, sizeof(slots));
    if (record->call.n > 1)
        record->result = cgdt_free_bulk(now.pool, record->call.n, slots);
    else
        record->result = cgdt_free(now.pool, slots[0]);
}

static void do_write(struct record *record)
{
    cgdt_desc_t descs[2];

    value_descs(record->call.n, descs);
    record->result = cgdt_write(now.pool, record->slot[0], 2, descs, 2);
}

/* Which value these descriptors are; 99: none that was ever written. */
static uint32_t value_of(const cgdt_desc_t descs[2])
{
    for (uint32_t n = 0; n < 8; n++) {
        cgdt_desc_t its[2] = {0, 0};

        if (n > 0)
            value_descs(n, its);
        if (memcmp(its, descs, sizeof(its)) == 0)
            return n;
    }
    return 99;
}

static void do_read(struct record *record)
{
    cgdt_desc_t descs[2] = {0, 0};

    record->result = cgdt_read(now.pool, record->slot[0], 2, descs, 2);
    record->value = record->result == 0 ? value_of(descs) : 0;
}

static void do_look(struct record *record)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(now.pool);
    cgdt_desc_t halves[2];

    world_look(cgdt_slot_page(layout, record->slot[0]),
               cgdt_slot_offset(layout, record->slot[0]) + 2, halves);
    record->result = 0;
    record->value = value_of(halves);
    if (record->value == 99 && (halves[0] & CGDT_DESC_PRESENT) != 0)
        explorer_violation("a CPU sees halves of two descriptors as one");
}

static void do_call(struct record *record)
{
    const uint32_t n = record->call.n;

    switch (record->call.kind) {
    case ALLOC:
        do_alloc(record);
        break;
    case FREE:
        do_free(record);
        break;
    case TRIM:
        record->result = cgdt_trim(now.pool);
        break;
    case RESERVE:
        record->result = cgdt_reserve(now.pool, n);
        break;
    case ONLINE:
        record->result = cgdt_cpu_online(now.pool, n, &record->slot[0]);
        break;
    case OFFLINE:
        record->result = cgdt_cpu_offline(now.pool, n);
        break;
    case WHERE:
        record->result = cgdt_cpu_slot(now.pool, n, &record->slot[0]);
        break;
    case WRITE:
        do_write(record);
        break;
    case READ:
        do_read(record);
        break;
    case LOOK:
        do_look(record);
        break;
    case FREED:
    case OFF_NOW:
    case LEFT:
        break;
    }
}

/* A slot that has just been handed out holds the template and zeros. */
static void check_new_slots(const struct record *record)
{
    const bool gives = record->call.kind == ALLOC || record->call.kind == ONLINE;

    for (unsigned i = 0; gives && i < MAX_BULK && record->slot[i] != CGDT_NO_SLOT; i++) {
        if (record->result == 0 && !slot_holds(now.pool, record->slot[i], NULL))
            explorer_violation("a new slot does not hold the template and zeros");
    }
}

static void body(unsigned cpu)
{
    for (unsigned i = 0; i < now.scenario->program[cpu].n; i++) {
        struct record *record = &now.record[cpu][i];

        memset(record, 0, sizeof(*record));
        record->call = now.scenario->program[cpu].call[i];
        record->began = explorer_call_begins();
        if (record->call.kind == FREE || record->call.kind >= WRITE)
            record->slot[0] = now.regs[record->call.reg];
        if (record->call.kind == FREE && record->call.n > 1)
            memcpy(record->slot, &now.regs[record->call.reg], 4u * record->call.n);
        const uint64_t gone = world_unmapped_windows();
        do_call(record);
        check_new_slots(record);
        now.left[cpu][i] = world_unmapped_windows() & ~gone;
        if (record->call.kind == ALLOC || record->call.kind == ONLINE)
            memcpy(&now.regs[record->call.reg], record->slot,
                   record->call.n > 1 && record->call.kind == ALLOC ? 4u * record->call.n : 4u);
        record->returned = explorer_call_returns();
    }
}

static void begin(void)
{
    world_restore();
    memcpy(now.regs, now.start_regs, sizeof(now.regs));
}

/* Another step of the call of the last record. */
static void add_step(struct record *records, unsigned *n, enum call_kind kind, uint8_t argument)
{
    records[*n] = records[*n - 1];
    records[(*n)++].call = (struct call){kind, 0, argument};
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
        add_step(records, n, FREED, 0);
    }
}

/* All records, and extra ones for calls of several steps. False: a trim's answer is not what it did. */
static bool gather(struct record *records, unsigned *n)
{
    *n = 0;
    for (unsigned cpu = 0; cpu < now.scenario->cpus; cpu++) {
        for (unsigned i = 0; i < now.scenario->program[cpu].n; i++) {
            const struct record *record = &now.record[cpu][i];
            uint64_t left = now.left[cpu][i];

            if (record->result == 0 && record->call.kind == FREE && record->call.n > 1) {
                add_frees(records, n, record);
                continue;
            }
            records[(*n)++] = *record;
            if (record->result == 0 && record->call.kind == FREE)
                add_step(records, n, FREED, 0);
            if (record->result == 0 && record->call.kind == OFFLINE)
                add_step(records, n, OFF_NOW, record->call.n);
            if (record->call.kind != TRIM)
                continue;
            if (record->result != __builtin_popcountll(left))
                return false;
            for (; left != 0; left &= left - 1)
                add_step(records, n, LEFT, (uint8_t)__builtin_ctzll(left));
        }
    }
    return true;
}

/* -EBUSY is right only while another call for the same CPU is under way. */
static bool busy_is_true(const struct record *records, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bool other = records[i].result != -CGDT_EBUSY;

        for (unsigned j = 0; j < n; j++) {
            if (i != j && (records[j].call.kind == ONLINE || records[j].call.kind == OFFLINE) &&
                records[j].call.n == records[i].call.n && records[j].returned > records[i].began &&
                records[j].began < records[i].returned)
                other = true;
        }
        if (!other)
            return false;
    }
    return true;
}

/* After a reserve that went well, so many slots are free and mapped, or have been given out since. */
static bool reserve_is_kept(const struct record *records, unsigned n)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(now.pool, &stats, sizeof(stats));
    for (unsigned i = 0; i < n; i++) {
        uint32_t given = 0;

        if (records[i].call.kind != RESERVE || records[i].result != 0)
            continue;
        for (unsigned j = 0; j < n; j++) {
            if (records[j].call.kind == ALLOC && records[j].result == 0 &&
                records[j].returned > records[i].began)
                given += records[j].call.n;
        }
        if (stats.free_slots + given < records[i].call.n)
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
        return "trim says another number of windows than it gave back";
    if (!busy_is_true(records, n))
        return "-EBUSY while nobody was at it";
    if (!history_is_linearizable(&model, records, n))
        return "no order of the calls explains their answers";
    if (!reserve_is_kept(records, n))
        return "fewer slots are left than were reserved";
    /* The rest follows from the answers and the memory: the same ones need not be looked at twice. */
    const uint64_t state = world_hash();
    if (!insert(outcomes_seen, outcome_of(records, n, state)))
        return NULL;
    now.run->outcomes++;
    const char *wrong = aftermath_matches(now.pool, &model, value_descs);
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
        .port = &world_port,
        .layout = {.slot_entries = scenario->slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = scenario->window_pages != 0 ? scenario->window_pages : 1,
                   .mode = CGDT_MODE_PAGED},
        .profile = scenario->profile,
        .max_cpus = scenario->max_cpus,
        .keep_pages = scenario->keep_pages,
        .template_descs = template_descs(),
        .template_entries = 2,
    };

    void *memory = world_clear(config.layout.window_pages);
    must(cgdt_pool_init(&now.pool, memory, WORLD_POOL_BYTES, &config) == 0, "init");
    must(cgdt_seal(now.pool) == 0, "seal");
    world_set_pool(now.pool);
    now.start =
        (struct model){.slots = config.max_cpus,
                       .window_slots = cgdt_colors(&config.layout) * config.layout.window_pages};
}

static void start_free(cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    must(cgdt_free(now.pool, slot) == 0, "free");
    now.start.owner[number] = CGDT_NO_SLOT;
    now.start.generation[number] = 1;
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
    for (unsigned i = 0; i < 4 && scenario->freed[i] != 0; i++)
        start_free(slot[scenario->freed[i] - 1]);
    for (uint32_t i = 0; scenario->whole != 0 && i < colors; i++) {
        const uint32_t number = (scenario->whole - 1u) * colors + i;

        if (number < scenario->taken)
            start_free(slot[number]);
    }
    if (scenario->reserved != 0)
        must(cgdt_reserve(now.pool, scenario->reserved) == 0, "reserve");
    if (scenario->cpu0_online) {
        must(cgdt_cpu_online(now.pool, 0, &now.start.cpu[0]) == 0, "online");
        now.start.owner[cgdt_slot_number(now.start.cpu[0])] = now.start.cpu[0];
    }
    memset(now.start_regs, 0, sizeof(now.start_regs));
    for (unsigned i = 0; i < MAX_REGS && scenario->hold[i] != 0; i++)
        now.start_regs[i] = slot[scenario->hold[i] - 1];
    if (scenario->forged != 0)
        now.start_regs[0] = scenario->forged + (1u << CGDT_SLOT_GENERATION_SHIFT);
    world_keep();
}

void run_scenario(const struct scenario *scenario, unsigned bound, bool again, struct run *run)
{
    const struct exploration what = {
        .cpus = scenario->cpus, .bound = bound, .begin = begin, .body = body, .end = end};

    *run = (struct run){.outcomes = 0};
    if (!again) {
        memset(states_seen, 0, sizeof(states_seen));
        memset(outcomes_seen, 0, sizeof(outcomes_seen));
    }
    now.scenario = scenario;
    now.run = run;
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
