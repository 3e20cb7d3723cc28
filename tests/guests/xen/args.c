/* SPDX-License-Identifier: MIT */
/* The guest's arguments. */

#include "args.h"

#include "cgdt/descriptor.h"
#include "cmdline.h"
#include "console.h"
#include "exit.h"
#include "vcpu.h"

#define NR(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define IN(mode)  (1u << (mode))

static const char *const layouts[] = {"page", "window", "common", "page-per-cpu", "by-hand"};
static const uint32_t slot_entries[] = {32, 32, 8, 512, 512};
static const uint32_t window_pages[] = {1, 14, 13, 1, 1};
static const bool common[] = {false, false, true, false, false};
static const bool by_hand[] = {false, false, false, false, true};
static const char *const modes[] = {"bringup", "hotplug",    "checker", "threads", "explain",
                                    "flips",   "neighbours", "measure", "domu",    "move"};
static const char *const controls[] = {
    "none",         "neighbour-base", "unowned-tss", "writable-page", "early-free",   "no-drop",
    "no-introduce", "wrong-profile",  "wrong-start", "no-conversion", "through-zero", "kept-frame",
    "early-end",    "no-rebase",      "stale-saved", "stale-frame",   "kept-slot"};
static const enum mode control_modes[] = {
    MODE_BRINGUP, MODE_BRINGUP, MODE_BRINGUP, MODE_BRINGUP, MODE_HOTPLUG, MODE_HOTPLUG,
    MODE_HOTPLUG, MODE_CHECKER, MODE_CHECKER, MODE_THREADS, MODE_FLIPS,   MODE_DOMU,
    MODE_MOVE,    MODE_MOVE,    MODE_MOVE,    MODE_MOVE,    MODE_MOVE};

_Static_assert(NR(control_modes) == NR(controls), "a mode for every control");

/* Numbers that some modes have. */
static const struct number {
    const char *key;
    uint32_t modes;
    uint32_t least;
    uint32_t most;
    uint32_t otherwise;
    size_t at;
} numbers[] = {
    {"rounds", IN(MODE_BRINGUP) | IN(MODE_MOVE), 0, 1000, 0, offsetof(struct args, rounds)},
    {"cycles", IN(MODE_HOTPLUG), 1, UINT32_MAX, 100000, offsetof(struct args, cycles)},
    {"seconds", IN(MODE_HOTPLUG), 1, 86400, 0, offsetof(struct args, seconds)},
    {"drivers", IN(MODE_HOTPLUG), 1, MAX_DRIVERS, 4, offsetof(struct args, drivers)},
    {"pcpus", IN(MODE_HOTPLUG) | IN(MODE_FLIPS), 0, MAX_DRIVERS, 0, offsetof(struct args, pcpus)},
    {"count", IN(MODE_CHECKER) | IN(MODE_THREADS) | IN(MODE_FLIPS), 1, UINT32_MAX, 100000,
     offsetof(struct args, count)},
    {"seed", IN(MODE_MOVE), 1, UINT32_MAX, 1, offsetof(struct args, seed)},
    {"pages", IN(MODE_CHECKER), 0, 10000000, 1000, offsetof(struct args, pages)},
};

static _Noreturn void refuse(const char *what, const char *line)
{
    console_printf("FATAL: %s, not: %s\n", what, line);
    guest_exit(GUEST_EXIT_ARGUMENT);
}

static bool begins_with_key(const char *word, const char *key)
{
    size_t n = 0;

    while (key[n] != '\0' && key[n] == word[n])
        n++;
    return key[n] == '\0' && word[n] == '=';
}

/* Which key a word begins with, or -1. */
static int key_of(const char *word)
{
    static const char *const keys[] = {"cpus", "layout", "control", "mode"};

    for (int i = 0; i < NR(keys); i++)
        if (begins_with_key(word, keys[i]))
            return i;
    for (int i = 0; i < NR(numbers); i++)
        if (begins_with_key(word, numbers[i].key))
            return NR(keys) + i;
    return -1;
}

static void refuse_strangers(const char *line)
{
    uint32_t seen = 0;

    for (const char *at = line; *at != '\0';) {
        if (*at == ' ') {
            at++;
            continue;
        }
        const int key = key_of(at);
        if (key < 0 || (seen & 1u << key) != 0)
            refuse("every argument must be key=value with a key that is known, at most once", line);
        seen |= 1u << key;
        while (*at != '\0' && *at != ' ')
            at++;
    }
}

static void parse_number(const char *line, const struct number *number, struct args *args)
{
    uint32_t *value = (uint32_t *)((char *)args + number->at);
    size_t length;

    *value = number->otherwise;
    if (cmdline_find(line, number->key, &length) == NULL)
        return;
    if ((number->modes & IN(args->mode)) == 0) {
        console_printf("FATAL: %s needs another mode, not: %s\n", number->key, line);
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
    if (!cmdline_u32(line, number->key, value) || *value < number->least || *value > number->most) {
        console_printf("FATAL: %s must be %u .. %u, not: %s\n", number->key, number->least,
                       number->most, line);
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
}

/* What must be so in some modes. */
static void check(const char *line, const struct args *args)
{
    if (args->control != CONTROL_NONE && control_modes[args->control] != args->mode)
        refuse("control must be one of the mode", line);
    /* A neighbour, or a slot that nobody owns, must exist. */
    const bool several = args->control != CONTROL_NONE || args->mode > MODE_HOTPLUG;
    if (several && args->mode != MODE_MEASURE && args->nr < 4)
        refuse("cpus must be 4 or more with a control, and in modes like this", line);
    if (args->by_hand && args->mode != MODE_MEASURE)
        refuse("layout by-hand needs mode=measure", line);
    const bool colors = args->mode == MODE_THREADS || args->mode == MODE_MOVE;
    if (colors && args->slot_entries == CGDT_PAGE_ENTRIES)
        refuse("layout must have colors in mode=threads and mode=move", line);
    if (args->control != CONTROL_NONE && args->rounds != 0)
        refuse("rounds must be 0 with a control", line);
    if (args->mode == MODE_HOTPLUG && args->pcpus > args->drivers)
        refuse("pcpus must be at most the drivers'", line);
    if (args->control == CONTROL_NO_INTRODUCE && args->drivers < 2)
        refuse("drivers must be 2 or more with control=no-introduce", line);
    if (args->mode == MODE_HOTPLUG && args->nr < args->drivers + FEWEST_WORKERS)
        refuse("cpus must be at least 16 more than drivers", line);
}

void args_parse(const char *line, struct args *args)
{
    uint32_t nr = 1024;
    const int layout = cmdline_choice(line, "layout", layouts, NR(layouts), 0);
    const int control = cmdline_choice(line, "control", controls, NR(controls), CONTROL_NONE);
    const int mode = cmdline_choice(line, "mode", modes, NR(modes), MODE_BRINGUP);

    refuse_strangers(line);
    if (!cmdline_u32(line, "cpus", &nr) || nr == 0 || nr > MAX_VCPUS)
        refuse("cpus must be 1 .. 8192", line);
    if (layout < 0)
        refuse("layout must be page, window, common or page-per-cpu", line);
    if (control < 0)
        refuse("control must be one that is known", line);
    if (mode < 0)
        refuse("mode must be one that is known", line);
    *args = (struct args){.nr = nr,
                          .layout_name = layouts[layout],
                          .slot_entries = slot_entries[layout],
                          .window_pages = window_pages[layout],
                          .common = common[layout],
                          .by_hand = by_hand[layout],
                          .control = (enum control)control,
                          .control_name = controls[control],
                          .mode = (enum mode)mode};
    for (int i = 0; i < NR(numbers); i++)
        parse_number(line, &numbers[i], args);
    check(line, args);
}

_Static_assert(MAX_VCPUS == 8192 && FEWEST_WORKERS == 16, "the text above");
