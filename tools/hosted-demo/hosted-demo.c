/* SPDX-License-Identifier: MIT */
/*
 * cgdt-hosted-demo: brings CPUs online in colored slots on the hosted port, then verifies each of
 * them by a route that shares no code with the library's: the CPU's local selector indexes its
 * window's read-only view, as the processor would do it, and the descriptor found there is decoded
 * by hand.
 *
 * Three quarters of the CPUs come in the boot phase, the rest live. Output: MAP lines (tools/map
 * draws them), then one RESULT line, the same that the Xen guest prints. Between them most CPUs go
 * and the others move together, so that pages leave; each of those is verified again.
 */
#include "cgdt/cgdt.h"
#include "cgdt/port/hosted.h"

#include <argp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One page per CPU takes 4 KiB of memory each, so that layout ends at 1 GiB; the others at 256 MiB.
 */
#define MAX_CPUS          1048576u
#define MAX_CPUS_BY_PAGES 262144u
#define MOST_THAT_MOVE    131072u /* who moves looks at each page */

#define ENTRY_CODE 1u /* in the slot or, if there is one, in the common page */
#define ENTRY_DATA 2u
#define OWN_COUNT  2u /* private entries: two data segments of its own for every CPU */

struct plan {
    const char *name;
    struct cgdt_layout layout;
    uint32_t own_first; /* slot entry of the first private descriptor */
    uint32_t max_cpus;
};

static const struct plan plans[] = {
    {"page", {32, CGDT_XEN_RESERVED_ENTRY, 1, false, CGDT_MODE_PAGED}, 3, MAX_CPUS},
    {"window", {32, CGDT_XEN_RESERVED_ENTRY, 14, false, CGDT_MODE_PAGED}, 3, MAX_CPUS},
    {"common", {8, CGDT_XEN_RESERVED_ENTRY, 13, true, CGDT_MODE_PAGED}, 0, MAX_CPUS},
    {"page-per-cpu",
     {512, CGDT_XEN_RESERVED_ENTRY, 1, false, CGDT_MODE_PAGED},
     3,
     MAX_CPUS_BY_PAGES},
};

struct demo {
    const struct plan *plan;
    uint32_t cpus;
    struct cgdt_hosted *hosted;
    struct cgdt_pool *pool;
    void *memory;
    uint32_t online;
    uint32_t verified;
    uint32_t pages; /* while all are online */
    bool failed;
};

/* One line per failure; the first ones are enough to see what is wrong. */
static void complain(struct demo *demo, const char *format, ...)
{
    static unsigned lines;
    va_list args;

    demo->failed = true;
    if (lines++ >= 10)
        return;
    fputs("cgdt-hosted-demo: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static bool succeeds(struct demo *demo, int error, const char *what)
{
    if (error < 0)
        complain(demo, "%s: %s (%d)", what, cgdt_error_text(error), error);
    return error >= 0;
}

/*
 * What a CPU's own segments must be: no two CPUs, and no two segments of a CPU, have the same base.
 */

static uint32_t own_base(uint32_t cpu, uint32_t which)
{
    return 0x10000000u + (cpu * OWN_COUNT + which) * 0x40u;
}

static uint32_t own_limit(uint32_t cpu, uint32_t which)
{
    return (cpu * 7u + which) & 0xfffffu;
}

static int fill_slot(struct demo *demo, cgdt_slot_t slot, uint32_t cpu)
{
    const uint64_t attributes = CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3);
    cgdt_desc_t own[OWN_COUNT];

    for (uint32_t which = 0; which < OWN_COUNT; which++) {
        int error =
            cgdt_desc_segment(&own[which], own_base(cpu, which), own_limit(cpu, which), attributes);
        if (error != 0)
            return error;
    }
    return cgdt_write(demo->pool, slot, demo->plan->own_first, own, OWN_COUNT);
}

static bool bring_online(struct demo *demo, uint32_t first, uint32_t end)
{
    for (uint32_t cpu = first; cpu < end; cpu++) {
        cgdt_slot_t slot;

        if (!succeeds(demo, cgdt_cpu_online(demo->pool, cpu, &slot), "cgdt_cpu_online"))
            return false;
        if (!succeeds(demo, fill_slot(demo, slot, cpu), "cgdt_write"))
            return false;
        demo->online++;
    }
    return true;
}

static bool make_pool(struct demo *demo)
{
    static cgdt_desc_t shared[3]; /* kept by reference */
    const struct cgdt_hosted_config ports = {.max_cpus = demo->cpus, .layout = demo->plan->layout};
    struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                 .port = &cgdt_hosted_port,
                                 .layout = demo->plan->layout,
                                 .profile = CGDT_PROFILE_XEN_PV64,
                                 .max_cpus = demo->cpus};
    size_t bytes;

    if (!succeeds(demo, cgdt_hosted_create(&demo->hosted, &ports), "cgdt_hosted_create"))
        return false;
    config.port_ctx = demo->hosted;
    shared[ENTRY_CODE] = cgdt_desc_code64(3);
    shared[ENTRY_DATA] = cgdt_desc_data_flat(3);
    if (!demo->plan->layout.common) {
        config.template_descs = shared;
        config.template_entries = 3;
    }
    bytes = cgdt_pool_bytes(&config);
    bytes = (bytes + CGDT_POOL_ALIGN - 1) / CGDT_POOL_ALIGN * CGDT_POOL_ALIGN;
    demo->memory = aligned_alloc(CGDT_POOL_ALIGN, bytes);
    if (demo->memory == NULL || bytes == 0) {
        complain(demo, "no memory of %zu bytes for the pool", bytes);
        return false;
    }
    if (!succeeds(demo, cgdt_pool_init(&demo->pool, demo->memory, bytes, &config),
                  "cgdt_pool_init"))
        return false;
    return !demo->plan->layout.common ||
           succeeds(demo, cgdt_write_common(demo->pool, 0, shared, 3), "cgdt_write_common");
}

/*
 * The processor's side. From here to verify_cpu() the library is asked for two things only, the
 * frame list and the local selectors, and both are held against what this file works out by itself.
 */

struct seen {
    const uint64_t *table; /* the window's read-only view: what the CPU's GDTR would point to */
    uint32_t entries;      /* its limit, in descriptors */
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
};

static uint32_t base_by_hand(uint64_t desc)
{
    return (uint32_t)(desc >> 16 & 0xffffff) | (uint32_t)(desc >> 56) << 24;
}

static uint32_t limit_by_hand(uint64_t desc)
{
    return (uint32_t)(desc & 0xffff) | (uint32_t)(desc >> 32 & 0xf0000);
}

/* A fetch through the window, compared with what the frame list says lies there. */
static bool fetch(const struct demo *demo, const struct seen *seen, uint32_t entry, uint64_t *desc)
{
    const uint64_t *page;

    if (entry >= seen->entries)
        return false;
    page = cgdt_hosted_frame_page(demo->hosted, seen->frames[entry / 512]);
    *desc = seen->table[entry];
    return page != NULL && page[entry % 512] == *desc;
}

/* Where an entry of a slot must lie in its window, by the text of layout.h and not by its code. */
static uint32_t entry_by_hand(const struct cgdt_layout *layout, cgdt_slot_t slot, uint32_t entry)
{
    const uint32_t number = (slot & 0x01ffffffu) - 1u;
    const uint32_t colors = 512u / layout->slot_entries;
    const uint32_t position = number / colors % layout->window_pages;

    return ((layout->common ? 1u : 0u) + position) * 512u + number % colors * layout->slot_entries +
           entry;
}

static uint32_t window_by_hand(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return ((slot & 0x01ffffffu) - 1u) / (512u / layout->slot_entries) / layout->window_pages;
}

/* An entry of the slot, by the local selector that its CPU would load. */
static bool fetch_own(const struct demo *demo, const struct seen *seen, cgdt_slot_t slot,
                      uint32_t entry, uint64_t *desc)
{
    const struct cgdt_layout *layout = &demo->plan->layout;
    const uint32_t canonical = (layout->common ? 512u : 0u) + entry;
    const cgdt_canonical_t stored = {(uint16_t)(canonical << 3 | 3u)};
    const uint32_t at = entry_by_hand(layout, slot, entry);

    /* Canonical entry 0 is the null selector: it names no place of the slot. */
    if (canonical != 0 && cgdt_to_local(layout, slot, stored).selector != (at << 3 | 3u))
        return false;
    return fetch(demo, seen, at, desc);
}

static bool own_segments_right(const struct demo *demo, const struct seen *seen, cgdt_slot_t slot,
                               uint32_t cpu)
{
    for (uint32_t which = 0; which < OWN_COUNT; which++) {
        uint64_t desc;

        if (!fetch_own(demo, seen, slot, demo->plan->own_first + which, &desc) ||
            base_by_hand(desc) != own_base(cpu, which) ||
            limit_by_hand(desc) != own_limit(cpu, which) || (desc >> 40 & 0xff) != 0xf3)
            return false;
    }
    return true;
}

/* Code and data: entries of the common page by their own numbers, otherwise of the slot. */
static bool flat_segments_right(const struct demo *demo, const struct seen *seen, cgdt_slot_t slot)
{
    uint64_t code;
    uint64_t data;

    if (demo->plan->layout.common) {
        if (!fetch(demo, seen, ENTRY_CODE, &code) || !fetch(demo, seen, ENTRY_DATA, &data))
            return false;
    } else if (!fetch_own(demo, seen, slot, ENTRY_CODE, &code) ||
               !fetch_own(demo, seen, slot, ENTRY_DATA, &data)) {
        return false;
    }
    return code == 0x00affb000000ffff && data == 0x00cff3000000ffff;
}

/* Everything else in the slot, its null entry included. */
static bool rest_empty(const struct demo *demo, const struct seen *seen, cgdt_slot_t slot)
{
    const uint32_t used_end = demo->plan->own_first + OWN_COUNT;
    uint64_t desc;

    for (uint32_t entry = used_end; entry < demo->plan->layout.slot_entries; entry++)
        if (!fetch_own(demo, seen, slot, entry, &desc) || desc != 0)
            return false;
    return demo->plan->layout.common || (fetch_own(demo, seen, slot, 0, &desc) && desc == 0);
}

static bool verify_cpu(struct demo *demo, uint32_t cpu)
{
    struct seen seen = {.table = NULL};
    uint32_t n_frames;
    cgdt_slot_t slot;

    if (!succeeds(demo, cgdt_cpu_slot(demo->pool, cpu, &slot), "cgdt_cpu_slot") ||
        !succeeds(demo, cgdt_frames(demo->pool, slot, seen.frames, &n_frames, &seen.entries),
                  "cgdt_frames"))
        return false;
    seen.table = cgdt_hosted_window(demo->hosted, window_by_hand(&demo->plan->layout, slot));
    if (seen.table == NULL || n_frames == 0 || n_frames > CGDT_MAX_FRAMES ||
        seen.entries != n_frames * 512 || !own_segments_right(demo, &seen, slot, cpu) ||
        !flat_segments_right(demo, &seen, slot) || !rest_empty(demo, &seen, slot)) {
        complain(demo, "cpu %" PRIu32 " would not find its own descriptors", cpu);
        return false;
    }
    return true;
}

/* The report. */

/* One picture of several if it has a title. */
static void print_map(const struct demo *demo, const char *title)
{
    const struct cgdt_layout *layout = &demo->plan->layout;
    const uint32_t colors = 512u / layout->slot_entries;
    uint64_t owned;

    if (title != NULL)
        printf("MAP picture=%s\n", title);
    for (uint32_t page = 0; cgdt_page_taken(demo->pool, page, &owned) >= 0; page++) {
        const uint32_t window = page / layout->window_pages;

        if (cgdt_page_taken(demo->pool, page, &owned) == 0)
            continue;
        if (layout->common && page % layout->window_pages == 0)
            printf("MAP window=%" PRIu32 " page=common\n", window);
        printf("MAP window=%" PRIu32 " page=%" PRIu32 " colors=%" PRIu32 " owned=%" PRIx64 "\n",
               window, page % layout->window_pages, colors, owned);
    }
}

static void check_pool(struct demo *demo)
{
    struct cgdt_violation violation;
    const int result = cgdt_check(demo->pool, &violation);
    char line[200];

    if (!succeeds(demo, result, "cgdt_check") || result == 0)
        return;
    (void)cgdt_violation_text(&violation, line, sizeof(line));
    complain(demo, "%s", line);
}

/* Most go, the others move together. */

static uint32_t mapped_pages(const struct demo *demo)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(demo->pool, &stats, sizeof(stats));
    return stats.mapped_pages;
}

/* One of twenty stays, and CPU 0. */
static uint32_t take_most_off(struct demo *demo, bool *stays)
{
    uint64_t random = 0x9e3779b97f4a7c15u;
    uint32_t left = 0;

    for (uint32_t cpu = 0; cpu < demo->cpus; cpu++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        stays[cpu] = cpu == 0 || (random >> 32) % 20 == 0;
        left += stays[cpu];
        if (!stays[cpu])
            (void)succeeds(demo, cgdt_cpu_offline(demo->pool, cpu), "cgdt_cpu_offline");
    }
    return left;
}

/* Each asks for itself, as in its idle loop. How many moved. */
static uint32_t move_all(struct demo *demo, const bool *stays)
{
    uint32_t moves = 0;
    uint32_t before;

    do {
        before = moves;
        for (uint32_t cpu = 0; cpu < demo->cpus; cpu++) {
            cgdt_slot_t slot;

            if (!stays[cpu])
                continue;
            const int error = cgdt_cpu_move_begin(demo->pool, cpu, 0, NULL, &slot);
            if (error == -CGDT_EAGAIN || !succeeds(demo, error, "cgdt_cpu_move_begin"))
                continue;
            moves += succeeds(demo, cgdt_cpu_move_end(demo->pool, cpu), "cgdt_cpu_move_end");
        }
    } while (moves != before && !demo->failed);
    return moves;
}

static void follow(struct demo *demo)
{
    const uint32_t colors = cgdt_colors(&demo->plan->layout);
    bool *stays = calloc(demo->cpus, sizeof(*stays));

    if (stays == NULL) {
        complain(demo, "no memory for a list of CPUs");
        return;
    }
    const uint32_t pages = mapped_pages(demo);
    const uint32_t left = take_most_off(demo, stays);
    (void)succeeds(demo, cgdt_trim(demo->pool), "cgdt_trim");
    const uint32_t trimmed = mapped_pages(demo);
    print_map(demo, "most CPUs have gone, and pages that nobody is on");
    const uint32_t moves = move_all(demo, stays);
    (void)succeeds(demo, cgdt_trim(demo->pool), "cgdt_trim");
    print_map(demo, "those that are left have moved together");
    if (mapped_pages(demo) != (left + colors - 1) / colors)
        complain(demo, "%" PRIu32 " CPUs on %" PRIu32 " pages", left, mapped_pages(demo));
    for (uint32_t cpu = 0; cpu < demo->cpus; cpu++)
        if (stays[cpu])
            (void)verify_cpu(demo, cpu);
    check_pool(demo);
    printf("MOVES cpus=%" PRIu32 " pages=%" PRIu32 " trimmed=%" PRIu32 " moves=%" PRIu32
           " moved=%" PRIu32 "\n",
           left, pages, trimmed, moves, mapped_pages(demo));
    free(stays);
}

static void run(struct demo *demo)
{
    const uint32_t boot_cpus = demo->cpus - demo->cpus / 4;

    if (!make_pool(demo) || !bring_online(demo, 0, boot_cpus) ||
        !succeeds(demo, cgdt_seal(demo->pool), "cgdt_seal") ||
        !bring_online(demo, boot_cpus, demo->cpus))
        return;
    for (uint32_t cpu = 0; cpu < demo->cpus; cpu++)
        demo->verified += verify_cpu(demo, cpu);
    check_pool(demo);
    print_map(demo, NULL);
    demo->pages = mapped_pages(demo) + (demo->plan->layout.common ? 1 : 0);
    if (cgdt_colors(&demo->plan->layout) > 1 && demo->cpus <= MOST_THAT_MOVE)
        follow(demo);
}

static bool report(const struct demo *demo)
{
    const bool pass = !demo->failed && demo->online == demo->cpus && demo->verified == demo->cpus;

    /* failsafe counts a Xen guest's failsafe callbacks: there are none without a hypervisor. */
    printf("RESULT cpus=%" PRIu32 " online=%" PRIu32 " verified=%" PRIu32 " gdt_pages=%" PRIu32
           " page_per_cpu=%" PRIu32 " failsafe=0 layout=%s host=hosted %s\n",
           demo->cpus, demo->online, demo->verified, demo->pages, demo->cpus, demo->plan->name,
           pass ? "PASS" : "FAIL");
    return fflush(stdout) == 0 && pass;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct demo *demo = state->input;
    char *end;

    switch (key) {
    case 'n': {
        unsigned long value = strtoul(arg, &end, 10);
        if (*arg < '0' || *arg > '9' || *end != '\0' || value < 1 || value > MAX_CPUS)
            argp_failure(state, 1, 0, "--cpus must be 1 .. %u, not '%s'", MAX_CPUS, arg);
        demo->cpus = (uint32_t)value;
        return 0;
    }
    case 'l':
        for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
            if (strcmp(arg, plans[i].name) == 0) {
                demo->plan = &plans[i];
                return 0;
            }
        }
        argp_failure(state, 1, 0, "--layout must be page, window, common or page-per-cpu, not '%s'",
                     arg);
        return 0;
    case ARGP_KEY_END:
        if (demo->cpus > demo->plan->max_cpus)
            argp_failure(state, 1, 0, "--cpus must be 1 .. %" PRIu32 " with --layout %s",
                         demo->plan->max_cpus, demo->plan->name);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"cpus", 'n', "N", 0, "CPUs to bring online, 1 .. 1048576 (page-per-cpu: 262144); default 1024",
     0},
    {"layout", 'l', "LAYOUT", 0, "page (default), window, common or page-per-cpu", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Bring CPUs online in colored GDT slots, in one process, and verify each of them.",
};

int main(int argc, char **argv)
{
    struct demo demo = {.plan = &plans[0], .cpus = 1024};
    bool pass;

    argp_err_exit_status = 1;
    if (argp_parse(&argp, argc, argv, 0, NULL, &demo) != 0)
        return 1;
    run(&demo);
    pass = report(&demo);
    /*
     * The pool's pages go with the process's; destroying a pool that failed half-way proves
     * nothing.
     */
    cgdt_hosted_destroy(demo.hosted);
    free(demo.memory);
    return pass ? 0 : 1;
}
