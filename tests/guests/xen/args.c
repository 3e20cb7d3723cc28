/* SPDX-License-Identifier: MIT */
/* The guest's arguments. */

#include "args.h"

#include "cmdline.h"
#include "console.h"
#include "exit.h"
#include "vcpu.h"

#define NR(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define MOST_SECONDS 3600u

static const char *const keys[] = {"cpus",    "layout",  "control", "mode",
                                   "seconds", "drivers", "pcpus"};
static const char *const controls[] = {"none",          "neighbour-base", "unowned-tss",
                                       "writable-page", "early-free",     "no-drop",
                                       "no-introduce"};
static const char *const modes[] = {"bringup", "hotplug"};
static const char *const layouts[] = {"page", "window", "common", "page-per-cpu"};
static const uint32_t slot_entries[] = {32, 32, 8, 512};
static const uint32_t window_pages[] = {1, 14, 13, 1};
static const bool common[] = {false, false, true, false};

static _Noreturn void refuse(const char *what, const char *line)
{
    console_printf("FATAL: %s, not: %s\n", what, line);
    guest_exit(GUEST_EXIT_ARGUMENT);
}

/* Which key a word begins with, or -1. */
static int key_of(const char *word)
{
    for (int i = 0; i < NR(keys); i++) {
        size_t n = 0;
        while (keys[i][n] != '\0' && keys[i][n] == word[n])
            n++;
        if (keys[i][n] == '\0' && word[n] == '=')
            return i;
    }
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
            refuse(
                "arguments must be cpus=, layout=, control=, mode=, seconds=, drivers= and pcpus=, "
                "each at most once",
                line);
        seen |= 1u << key;
        while (*at != '\0' && *at != ' ')
            at++;
    }
}

static bool is_given(const char *line, const char *key)
{
    size_t length;

    return cmdline_find(line, key, &length) != NULL;
}

/* What belongs to hotplug alone. */
static void parse_hotplug(const char *line, struct args *args)
{
    const bool hotplug = args->mode == MODE_HOTPLUG;

    if (!hotplug &&
        (is_given(line, "seconds") || is_given(line, "drivers") || is_given(line, "pcpus")))
        refuse("seconds, drivers and pcpus need mode=hotplug", line);
    if (args->control != CONTROL_NONE && hotplug != (args->control >= CONTROL_EARLY_FREE))
        refuse("control must be early-free, no-drop or no-introduce with mode=hotplug, and another "
               "one without",
               line);
    if (!cmdline_u32(line, "seconds", &args->seconds) || args->seconds == 0 ||
        args->seconds > MOST_SECONDS)
        refuse("seconds must be 1 .. 3600", line);
    if (!cmdline_u32(line, "drivers", &args->drivers) || args->drivers == 0 ||
        args->drivers > MAX_DRIVERS)
        refuse("drivers must be 1 .. 16", line);
    if (!cmdline_u32(line, "pcpus", &args->pcpus) || args->pcpus > args->drivers)
        refuse("pcpus must be a number, at most the drivers'", line);
    if (args->control == CONTROL_NO_INTRODUCE && args->drivers < 2)
        refuse("drivers must be 2 or more with control=no-introduce", line);
    if (hotplug && args->nr < args->drivers + FEWEST_WORKERS)
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
        refuse("control must be none, neighbour-base, unowned-tss, writable-page, early-free or "
               "no-drop",
               line);
    if (mode < 0)
        refuse("mode must be bringup or hotplug", line);
    /* A neighbour, or a slot that nobody owns, must exist. */
    if (control != CONTROL_NONE && nr < 4)
        refuse("cpus must be 4 or more with a control", line);
    *args = (struct args){.nr = nr,
                          .layout_name = layouts[layout],
                          .slot_entries = slot_entries[layout],
                          .window_pages = window_pages[layout],
                          .common = common[layout],
                          .control = (enum control)control,
                          .control_name = controls[control],
                          .mode = (enum mode)mode,
                          .seconds = 60,
                          .drivers = 4,
                          .pcpus = 0};
    parse_hotplug(line, args);
}

_Static_assert(MAX_VCPUS == 8192 && MAX_DRIVERS == 16 && FEWEST_WORKERS == 16 &&
                   MOST_SECONDS == 3600,
               "the text above");
