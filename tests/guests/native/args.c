/* SPDX-License-Identifier: MIT */
/* The kernel's arguments, from a multiboot or a PVH loader. */

#include "args.h"

#include "cmdline.h"
#include "console.h"
#include "exit.h"

#define MULTIBOOT_MAGIC   0x2badb002u
#define MULTIBOOT_CMDLINE 0x4u /* flag: there is one */
#define PVH_MAGIC         0x336ec578u

#define NR(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Multiboot specification 0.6.96, section 3.3. */
struct multiboot_info {
    uint32_t flags;
    uint32_t memory[3];
    uint32_t cmdline;
};

/* xen/include/public/arch-x86/hvm/start_info.h */
struct pvh_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modules;
    uint64_t cmdline;
};

static const char *const keys[] = {"layout",  "control", "mode",  "paging",  "spare", "cycles",
                                   "drivers", "seed",    "block", "changes", "quiet"};
static const char *const controls[] = {
    "none",           "shared-slot",    "wipe-neighbour", "early-wipe", "late-user",
    "parked-on-slot", "clear-accessed", "ltr-alias",      "busy-tss",   "wide-limit"};
static const char *const modes[] = {"bringup", "hotplug", "acpi", "move"};
static const char *const layouts[] = {"page", "window", "page-per-cpu"};
static const char *const pagings[] = {"legacy", "pae"};
static const char *const answers[] = {"no", "yes"};
static const uint32_t window_pages[] = {1, 14, 1};

/* What these kernels' Linux has: 32 descriptors on i386, 16 on x86-64. */
#if defined(__x86_64__)
#define SLOT_ENTRIES 16u
#else
#define SLOT_ENTRIES 32u
#endif

static const char *line_of(uint32_t magic, const void *info)
{
    const struct multiboot_info *multiboot = info;
    const struct pvh_info *pvh = info;

    if (magic != MULTIBOOT_MAGIC)
        return pvh->magic == PVH_MAGIC ? (const char *)(uintptr_t)pvh->cmdline : "";
    if ((multiboot->flags & MULTIBOOT_CMDLINE) == 0)
        return "";
    /* The first word is the kernel's name. */
    const char *line = (const char *)(uintptr_t)multiboot->cmdline;
    while (*line != '\0' && *line != ' ')
        line++;
    return line;
}

static _Noreturn void refuse(const char *what, const char *line)
{
    console_printf("FATAL: %s, not: %s\n", what, line);
    guest_exit(GUEST_EXIT_ARGUMENT);
}

static bool is_known(const char *word)
{
    for (int i = 0; i < NR(keys); i++) {
        uint32_t n = 0;
        while (keys[i][n] != '\0' && keys[i][n] == word[n])
            n++;
        if (keys[i][n] == '\0' && word[n] == '=')
            return true;
    }
    return false;
}

static void refuse_strangers(const char *line)
{
    for (const char *at = line; *at != '\0'; at++)
        if (*at != ' ' && (at == line || at[-1] == ' ') && !is_known(at))
            refuse("an argument is unknown", line);
}

static void parse_number(const char *line, const char *key, uint32_t *value, uint32_t most)
{
    if (!cmdline_u32(line, key, value) || *value > most) {
        console_printf("FATAL: %s must be a number up to %u, not as in: %s\n", key, most, line);
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
}

static int parse_word(const char *line, const char *key, const char *const words[], int nr)
{
    const int word = cmdline_choice(line, key, words, nr, 0);

    if (word < 0) {
        console_printf("FATAL: %s must be one of", key);
        for (int i = 0; i < nr; i++)
            console_printf(" %s", words[i]);
        console_printf(", not as in: %s\n", line);
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
    return word;
}

void args_parse(uint32_t magic, const void *info, struct args *args)
{
    const char *line = line_of(magic, info);

    refuse_strangers(line);
    const int layout = parse_word(line, "layout", layouts, NR(layouts));
    const int control = parse_word(line, "control", controls, NR(controls));

    *args = (struct args){
        .layout_name = layouts[layout],
        .slot_entries = layout == 2 ? 512 : SLOT_ENTRIES,
        .window_pages = window_pages[layout],
        .control = (enum control)control,
        .control_name = controls[control],
        .mode = (enum mode)parse_word(line, "mode", modes, NR(modes)),
        .pae = parse_word(line, "paging", pagings, NR(pagings)) == 1,
        .quiet = parse_word(line, "quiet", answers, NR(answers)) == 1,
        .cycles = 1000,
        .drivers = 2,
        .seed = 1,
        .block = 0xaf00,
        .changes = 4,
    };
    parse_number(line, "spare", &args->spare, 256);
    parse_number(line, "cycles", &args->cycles, 100000000);
    parse_number(line, "drivers", &args->drivers, MAX_DRIVERS);
    parse_number(line, "seed", &args->seed, UINT32_MAX);
    parse_number(line, "block", &args->block, 0xffff);
    parse_number(line, "changes", &args->changes, 200);
    if (args->drivers == 0)
        refuse("drivers must be 1 or more", line);
    if (args->control != CONTROL_NONE && args->mode != MODE_BRINGUP)
        refuse("a control needs mode=bringup", line);
}
