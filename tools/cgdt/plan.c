/* SPDX-License-Identifier: MIT */
/*
 * `cgdt plan`: what so many CPUs take, by this layout and by other schemes; and where each slot
 * lies.
 */
#include "plan.h"
#include "commands.h"
#include "shared.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct command {
    struct plan plan;
    int64_t selector; /* -1: of the slot's entry 1, ring 3 */
    const char *svg;
    uint16_t slot_entries; /* 0: as the layout has it */
    uint8_t window_pages;  /* likewise */
    bool reserved;         /* given */
    bool all;
    bool json;
};

enum {
    KEY_JSON = 256,
    KEY_SVG,
    KEY_RESERVED,
    KEY_ALL,
};

static const struct argp_option options[] = {
    {"cpus", 'n', "N", 0, "CPUs that may come, 1 to 16777216; default 1024", 0},
    {"layout", 'l', "LAYOUT", 0,
     "page (default): windows of one page; window: of all pages that fit; common: those behind a "
     "common page, 8 private descriptors a CPU; page-per-cpu: 512 descriptors a CPU; native: no "
     "hypervisor",
     0},
    {"slot-entries", 's', "N", 0, "Descriptors in a slot, 8 to 512, a power of two", 0},
    {"window-pages", 'w', "N", 0, "Slot pages in a window, 1 to 15", 0},
    {"reserved", KEY_RESERVED, "ENTRY", 0,
     "First entry of the hypervisor's own; default 7168 (Xen; a mail of 2005 has 7680)", 0},
    {"selector", 'x', "SELECTOR", 0,
     "The canonical selector to show as each CPU loads it; default: a slot's entry 1, ring 3", 0},
    {"all", KEY_ALL, 0, 0, "Every slot, not only those at the edges", 0},
    {"svg", KEY_SVG, "FILE", 0, "Also draw it into FILE; with - on stdout, in place of the tables",
     0},
    {"json", KEY_JSON, 0, 0, "One JSON object on stdout", 0},
    {0},
};

static const char doc[] =
    "Pages, windows and bytes for the tables of so many CPUs, against other schemes; and where "
    "slots lie.\v"
    "A scheme that cannot serve so many CPUs has '-'. The n-th row of the second table is the slot "
    "that the n-th CPU gets if they come one after the other: its bias in descriptors, the "
    "number of entries to tell the hypervisor, and what the CPU loads for the selector.\n\n"
    "Exit status: 0 fine, 2 wrong use, or a file that cannot be written.";

static const struct {
    const char *name;
    uint16_t slot_entries;
    bool wide; /* as many pages in a window as fit */
    bool common;
    enum cgdt_mode mode;
} layouts[] = {
    {"page", 32, false, false, CGDT_MODE_PAGED},
    {"window", 32, true, false, CGDT_MODE_PAGED},
    {"common", 8, true, true, CGDT_MODE_PAGED},
    {"page-per-cpu", 512, false, false, CGDT_MODE_PAGED},
    {"native", 32, false, false, CGDT_MODE_NATIVE},
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* Whether the selector means something to a CPU that is on a slot. */
static bool has_meaning(const struct cgdt_layout *layout, uint16_t selector)
{
    const uint32_t entry = selector >> 3;
    const uint32_t first = cgdt_first_canonical(layout);
    const bool of_hypervisor = layout->mode == CGDT_MODE_PAGED && entry >= layout->reserved_entry;

    return (selector & 4u) != 0 || of_hypervisor || entry < first + layout->slot_entries;
}

static void check_selector(const struct command *command, const struct argp_state *state)
{
    const struct cgdt_layout *layout = &command->plan.layout;
    const uint32_t first = cgdt_first_canonical(layout);

    if (!has_meaning(layout, (uint16_t)command->selector))
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--selector 0x%04x names entry %u: a slot has %u to %u%s",
                     (unsigned)command->selector, (unsigned)command->selector >> 3, first,
                     first + layout->slot_entries - 1,
                     layout->mode == CGDT_MODE_PAGED ? ", and the hypervisor its own" : "");
}

/* Options that would take from a layout what its name says. */
static void check_together(const struct command *command, const struct argp_state *state)
{
    const struct cgdt_layout *layout = &command->plan.layout;

    if (strcmp(command->plan.layout_name, "page-per-cpu") == 0 &&
        layout->slot_entries != CGDT_PAGE_ENTRIES)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--layout page-per-cpu has slots of 512: --slot-entries goes with the others");
    if (layout->mode == CGDT_MODE_NATIVE && command->reserved)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--layout native has no hypervisor: --reserved goes with the others");
    if (command->svg != NULL && strcmp(command->svg, "-") == 0 && command->json)
        argp_failure(state, EXIT_UNUSABLE, 0, "--svg - and --json: both on stdout");
}

static void resolve_layout(struct command *command, const struct argp_state *state)
{
    struct plan *plan = &command->plan;
    struct cgdt_layout *layout = &plan->layout;
    parse_quoted quoted;
    size_t i = 0;

    while (i < LAYOUTS && strcmp(layouts[i].name, plan->layout_name) != 0)
        i++;
    if (i == LAYOUTS) {
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--layout must be page, window, common, page-per-cpu or native, not %s",
                     parse_quote(quoted, plan->layout_name, strlen(plan->layout_name)));
        return;
    }
    layout->mode = layouts[i].mode;
    layout->common = layouts[i].common;
    layout->slot_entries = command->slot_entries ? command->slot_entries : layouts[i].slot_entries;
    layout->window_pages = 1;
    if (layouts[i].wide)
        layout->window_pages =
            (uint8_t)(layout->reserved_entry / CGDT_PAGE_ENTRIES - (layout->common ? 1 : 0));
    if (command->window_pages != 0)
        layout->window_pages = command->window_pages;
    if (layout->reserved_entry % CGDT_PAGE_ENTRIES != 0)
        argp_failure(state, EXIT_UNUSABLE, 0, "--reserved must be a multiple of 512, not %u",
                     layout->reserved_entry);
    if (cgdt_layout_check(layout) != 0)
        argp_failure(state, EXIT_UNUSABLE, 0, "%u slot page%s%s do not fit below entry %u",
                     layout->window_pages, plural(layout->window_pages),
                     layout->common ? " and a common page" : "", layout->reserved_entry);
    check_together(command, state);
    if (command->selector < 0)
        command->selector = (cgdt_first_canonical(layout) + 1) << 3 | 3;
    check_selector(command, state);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct command *command = state->input;
    struct plan *plan = &command->plan;
    parse_quoted quoted;

    switch (key) {
    case 'n':
        plan->cpus = (uint32_t)option_number(state, "cpus", arg, 1, CGDT_MAX_SLOTS);
        return 0;
    case 'l':
        plan->layout_name = arg;
        return 0;
    case 's':
        command->slot_entries = option_slot_entries(state, arg);
        return 0;
    case 'w':
        command->window_pages =
            (uint8_t)option_number(state, "window-pages", arg, 1, CGDT_MAX_WINDOW_PAGES);
        return 0;
    case KEY_RESERVED:
        command->reserved = true;
        plan->layout.reserved_entry = (uint16_t)option_number(
            state, "reserved", arg, 2 * CGDT_PAGE_ENTRIES, CGDT_XEN_2005_RESERVED_ENTRY);
        return 0;
    case 'x':
        command->selector = (int64_t)option_number(state, "selector", arg, 0, UINT16_MAX);
        return 0;
    case KEY_SVG:
        command->svg = arg;
        return 0;
    case KEY_ALL:
        command->all = true;
        return 0;
    case KEY_JSON:
        command->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_failure(state, EXIT_UNUSABLE, 0, "%s is no option: --cpus N?",
                     parse_quote(quoted, arg, strlen(arg)));
        return 0;
    case ARGP_KEY_END:
        resolve_layout(command, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse, .doc = doc};

/*
 * Whether slot n is the first or last one of a page or window where that is seen for the first
 * time.
 */
static bool is_edge(const struct plan *plan, uint32_t n)
{
    const uint32_t colors = cgdt_colors(&plan->layout);
    const uint32_t window = colors * plan->layout.window_pages;

    return n <= 1 || n + 1 == colors || n == colors || n + 1 == window || n == window ||
           n + 1 == plan->cpus;
}

static void print_slot(const struct command *command, uint32_t n, const char *format)
{
    const struct cgdt_layout *layout = &command->plan.layout;
    const cgdt_slot_t slot = plan_slot(n);
    const cgdt_canonical_t canonical = {(uint16_t)command->selector};

    printf(format, n, cgdt_slot_window(layout, slot), cgdt_slot_position(layout, slot),
           cgdt_slot_color(layout, slot), cgdt_bias_entries(layout, slot),
           layout->mode == CGDT_MODE_NATIVE ? layout->slot_entries
                                            : cgdt_window_entries(layout, slot),
           cgdt_to_local(layout, slot, canonical).selector);
}

static void print_slots(const struct command *command)
{
    uint32_t shown = 0;

    for (uint32_t n = 0; n < command->plan.cpus; n++) {
        if (!command->all && !is_edge(&command->plan, n))
            continue;
        if (command->json)
            fputs(shown++ == 0 ? "" : ", ", stdout);
        print_slot(command, n,
                   command->json ? "{\"cpu\": %u, \"window\": %u, \"page\": %u, \"color\": %u, "
                                   "\"bias_entries\": %u, \"entries\": %u, \"selector\": %u}"
                                 : "%10u %10u %6u %6u %6u %8u    0x%04x\n");
    }
}

static void print_scheme(const struct plan_scheme *scheme)
{
    if (scheme->pages == 0)
        printf("%-40s %10s %10s %14s %10" PRIu64 "\n", scheme->title, "-", "-", "-",
               scheme->most_cpus);
    else
        printf("%-40s %10" PRIu64 " %10" PRIu64 " %14" PRIu64 " %10" PRIu64 "\n", scheme->title,
               scheme->pages, scheme->windows, scheme->bytes, scheme->most_cpus);
}

static void print_text(const struct command *command)
{
    const struct plan *plan = &command->plan;
    const struct cgdt_layout *layout = &plan->layout;

    printf("%" PRIu32 " CPU%s, layout %s: slots of %u descriptors, %" PRIu32
           " to a page; windows of %u page%s%s\n\n",
           plan->cpus, plural(plan->cpus), plan->layout_name, layout->slot_entries,
           cgdt_colors(layout), layout->window_pages, plural(layout->window_pages),
           layout->common ? " behind a common page" : "");
    printf("%-40s %10s %10s %14s %10s\n", "scheme", "pages", "windows", "bytes", "most CPUs");
    for (unsigned i = 0; i < plan->n_schemes; i++)
        print_scheme(&plan->schemes[i]);
    printf("\nbookkeeping of the pool: %zu bytes\n\n", plan->bookkeeping_bytes);
    printf("%10s %10s %6s %6s %6s %8s    0x%04x as\n", "CPU", "window", "page", "color", "bias",
           "entries", (unsigned)command->selector);
    print_slots(command);
}

static void print_json(const struct command *command)
{
    const struct plan *plan = &command->plan;
    const struct cgdt_layout *layout = &plan->layout;

    printf("{\"cpus\": %" PRIu32 ", \"layout\": \"%s\", \"slot_entries\": %u, \"colors\": %" PRIu32
           ", \"window_pages\": %u, \"common\": %s, \"native\": %s, \"reserved_entry\": %u, "
           "\"bookkeeping_bytes\": %zu, \"schemes\": {",
           plan->cpus, plan->layout_name, layout->slot_entries, cgdt_colors(layout),
           layout->window_pages, layout->common ? "true" : "false",
           layout->mode == CGDT_MODE_NATIVE ? "true" : "false", layout->reserved_entry,
           plan->bookkeeping_bytes);
    for (unsigned i = 0; i < plan->n_schemes; i++) {
        const struct plan_scheme *scheme = &plan->schemes[i];

        printf("%s\"%s\": {\"possible\": %s, \"pages\": %" PRIu64 ", \"windows\": %" PRIu64
               ", \"bytes\": %" PRIu64 ", \"most_cpus\": %" PRIu64 "}",
               i == 0 ? "" : ", ", scheme->key, scheme->pages != 0 ? "true" : "false",
               scheme->pages, scheme->windows, scheme->bytes, scheme->most_cpus);
    }
    printf("}, \"canonical_selector\": %u, \"slots\": [", (unsigned)command->selector);
    print_slots(command);
    puts("]}");
}

int plan_command(int argc, char **argv)
{
    struct command command = {
        .plan = {.cpus = 1024,
                 .layout_name = "page",
                 .layout = {.reserved_entry = CGDT_XEN_RESERVED_ENTRY}},
        .selector = -1,
    };

    if (parse_options(&argp, argc, argv, &command) != 0)
        return EXIT_UNUSABLE;
    plan_count(&command.plan);
    if (command.svg != NULL) {
        const int error = plan_draw(&command.plan, command.svg);

        if (strcmp(command.svg, "-") == 0)
            return EXIT_FINE; /* that all arrived is seen to at exit */
        if (error != 0) {
            fprintf(stderr, "%s: %s: %s\n", argv[0], command.svg, strerror(error));
            return EXIT_UNUSABLE;
        }
    }
    command.json ? print_json(&command) : print_text(&command);
    return EXIT_FINE;
}
