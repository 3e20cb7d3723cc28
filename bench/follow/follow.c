/* SPDX-License-Identifier: MIT */
/*
 * Pages while CPUs come and go: a row per event on stdout, see bench/follow/plot. Two pools see the
 * same events; in the second CPUs move, too. What windows that go as one would leave is reckoned
 * from the first. Deterministic: each run prints the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"

#define CPUS         1024u
#define SLOT_ENTRIES 32u
#define COLORS       (CGDT_PAGE_ENTRIES / SLOT_ENTRIES)
#define PAGES        (CPUS / COLORS)
#define WINDOW       14u
#define FEW          (CPUS / 20)
#define POOL_BYTES                                                                                 \
    ((CGDT_POOL_BYTES(CPUS, SLOT_ENTRIES) + CGDT_POOL_ALIGN - 1) / CGDT_POOL_ALIGN *               \
     CGDT_POOL_ALIGN)

static _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t pages[2][PAGES][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[2][POOL_BYTES];
static struct cgdt_fixed fixed[2];
static struct cgdt_pool *pools[2];
static bool online[CPUS];
static unsigned cpus;
static unsigned events;
static unsigned moves;
static unsigned long long random_state = 5;

static void must(int result)
{
    if (result >= 0)
        return;
    (void)fprintf(stderr, "follow: %s\n", cgdt_error_text(result));
    exit(1);
}

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 32) % bound;
}

static void make_pool(unsigned which)
{
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .port = &cgdt_fixed_port,
                                       .port_ctx = &fixed[which],
                                       .layout = {.slot_entries = SLOT_ENTRIES,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                                                  .window_pages = WINDOW,
                                                  .mode = CGDT_MODE_PAGED},
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .max_cpus = CPUS};

    fixed[which] = (struct cgdt_fixed){.pages = pages[which], .count = PAGES};
    must(cgdt_pool_init(&pools[which], memory[which], sizeof(memory[which]), &config));
    must(cgdt_seal(pools[which]));
}

static unsigned mapped(unsigned which)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(pools[which], &stats, sizeof(stats));
    return stats.mapped_pages;
}

/* Whole windows, as 0.1 gave them back: all pages of each that has a CPU. */
static unsigned whole_windows(void)
{
    unsigned n = 0;

    for (unsigned first = 0; first < PAGES; first += WINDOW) {
        unsigned in_use = 0, size = PAGES - first < WINDOW ? PAGES - first : WINDOW;
        uint64_t taken = 0;

        for (unsigned page = first; page < first + size; page++)
            in_use |= cgdt_page_taken(pools[0], page, &taken) > 0 && taken != 0;
        n += in_use * size;
    }
    return n < mapped(0) ? mapped(0) : n;
}

/* One CPU moves if that helps; as in an idle loop. */
static void move_one(void)
{
    cgdt_slot_t slot;
    uint32_t cpu;

    if (cgdt_cpu_crowded(pools[1], 0, NULL, &cpu) != 0)
        return;
    must(cgdt_cpu_move_begin(pools[1], cpu, 0, NULL, &slot));
    must(cgdt_cpu_move_end(pools[1], cpu));
    moves++;
}

/* A row: event, CPUs, a page each, whole windows, trimmed by page, moved too, the fewest. */
static void row(bool moving)
{
    if (moving)
        move_one();
    must(cgdt_trim(pools[0]));
    must(cgdt_trim(pools[1]));
    (void)printf("%u %u %u %u %u %u %u\n", events++, cpus, cpus, whole_windows(), mapped(0),
                 mapped(1), (cpus + COLORS - 1) / COLORS);
}

static void come(unsigned cpu, bool moving)
{
    must(cgdt_cpu_online(pools[0], cpu, NULL));
    must(cgdt_cpu_online(pools[1], cpu, NULL));
    online[cpu] = true;
    cpus++;
    row(moving);
}

static void go(unsigned cpu, bool moving)
{
    must(cgdt_cpu_offline(pools[0], cpu));
    must(cgdt_cpu_offline(pools[1], cpu));
    online[cpu] = false;
    cpus--;
    row(moving);
}

/* To so many CPUs, any of them; a few events go the other way. */
static void churn(unsigned wanted, bool moving)
{
    while (cpus != wanted) {
        const unsigned cpu = below(CPUS);
        const bool up = (cpus < wanted) != (below(64) == 0);

        if (up && !online[cpu])
            come(cpu, moving);
        else if (!up && online[cpu] && cpus > 1)
            go(cpu, moving);
    }
}

int main(void)
{
    make_pool(0);
    make_pool(1);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        come(cpu, false);
    churn(FEW, false);
    for (unsigned before = moves + 1; before != moves;) { /* nobody comes or goes: they move */
        before = moves;
        row(true);
    }
    churn(CPUS / 2, true);
    churn(FEW, true);
    for (unsigned i = 0; i < 100; i++)
        row(true);
    (void)fprintf(stderr, "%u events, %u moves\n", events, moves);
    return 0;
}
