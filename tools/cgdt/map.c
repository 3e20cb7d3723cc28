/* SPDX-License-Identifier: MIT */
/* `cgdt map`: a live picture of a pool while threads take and free slots (../stress/engine.h). */
#define _GNU_SOURCE
#include "commands.h"
#include "interrupt.h"
#include "map_draw.h"
#include "map_moves.h"
#include "shared.h"
#include "../stress/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PLAIN_PERIOD_S 1.0 /* between pictures where stdout is no terminal */
#define DEFAULT_WIDTH  80u

struct map {
    struct stress_params params;
    struct map_view view;
    struct map_picture picture;
    bool json;
    bool moves;
    bool threads_given;
    double period_s;
    double next_s;
    uint64_t pictures;
};

enum {
    KEY_JSON = 256,
    KEY_ROWS,
    KEY_PERIOD,
    KEY_MOVES,
};

static const struct argp_option options[] = {
    {"cpus", 'n', "N", 0, "Possible CPUs, 1 to 1048576 (page-per-cpu: 262144); default 1024", 0},
    {"layout", 'l', "LAYOUT", 0, "page (default), window, common or page-per-cpu", 0},
    {"threads", 't', "N", 0, "Threads, 1 to 256; default 2", 0},
    {"seconds", 's', "S", 0, "How long, in whole seconds; default 10", 0},
    {"seed", 'r', "N", 0, "What the random steps begin with; default: the time", 0},
    {"period", KEY_PERIOD, "MS", 0,
     "Milliseconds between pictures; default 200 on a terminal, 1000 otherwise", 0},
    {"rows", KEY_ROWS, "N", 0,
     "Rows of a picture, at most what fits on a terminal, which is the "
     "default; otherwise 20",
     0},
    {"moves", KEY_MOVES, 0, 0,
     "Pages follow the CPUs: at most 65536 come, one of twenty stays, and those move onto the "
     "fewest pages; --seconds is how long it shall take on a terminal, and --threads is not for it",
     0},
    {"json", KEY_JSON, 0, 0, "One JSON object a picture, one a line, with all pages", 0},
    {0},
};

static const char doc[] =
    "A live picture of a pool under stress.\v"
    "Between bars is a page, a character is a slot: its color where a CPU has it, '.' where it is "
    "free, nothing where the page is not mapped or the pool has no such slot. CPUs come and go on "
    "several threads at once; each slot is verified as by cgdt stress.\n\n"
    "With --moves they come and go one by one, and the last line says how many pages they had. "
    "Where stdout is no terminal, there is a picture of each step, and one each time that half of "
    "the pages have left; the same seed draws the same ones.\n\n"
    "Ctrl-C (SIGINT, and SIGTERM and SIGHUP) ends the run as if its time were up, and then the "
    "process by the signal.\n\n"
    "Exit status: 0 fine, 1 a violation was found, 2 wrong use or no memory.";

static void set_layout(struct map *map, const struct argp_state *state, const char *arg)
{
    parse_quoted quoted;

    for (unsigned i = 0; i < STRESS_LAYOUTS; i++) {
        if (strcmp(arg, stress_layout_name((enum stress_layout)i)) == 0) {
            map->params.layout = (enum stress_layout)i;
            return;
        }
    }
    argp_failure(state, EXIT_UNUSABLE, 0,
                 "--layout must be page, window, common or page-per-cpu, not %s",
                 parse_quote(quoted, arg, strlen(arg)));
}

static void check_together(const struct map *map, const struct argp_state *state)
{
    if (map->params.layout == STRESS_PAGE_PER_CPU && map->params.cpus > STRESS_MAX_CPUS_BY_PAGE)
        argp_failure(state, EXIT_UNUSABLE, 0, "--cpus must be 1 .. %u with --layout page-per-cpu",
                     STRESS_MAX_CPUS_BY_PAGE);
    if (!map->moves)
        return;
    if (map->params.layout == STRESS_PAGE_PER_CPU)
        argp_failure(state, EXIT_UNUSABLE, 0, "--moves wants a layout in which CPUs share pages");
    if (map->params.cpus > MAP_MOVES_MAX_CPUS)
        argp_failure(state, EXIT_UNUSABLE, 0, "--cpus must be 1 .. %u with --moves",
                     MAP_MOVES_MAX_CPUS);
    if (map->threads_given)
        argp_failure(state, EXIT_UNUSABLE, 0, "--threads does not go with --moves");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct map *map = state->input;
    struct stress_params *params = &map->params;
    parse_quoted quoted;

    switch (key) {
    case 'n':
        params->cpus = (uint32_t)option_number(state, "cpus", arg, 1, STRESS_MAX_CPUS);
        return 0;
    case 'l':
        set_layout(map, state, arg);
        return 0;
    case 't':
        map->threads_given = true;
        params->threads = (uint32_t)option_number(state, "threads", arg, 1, STRESS_MAX_THREADS);
        return 0;
    case 's':
        params->seconds = (double)option_number(state, "seconds", arg, 1, 1000000000);
        return 0;
    case 'r':
        params->seed = option_number(state, "seed", arg, 0, UINT64_MAX - 1);
        return 0;
    case KEY_PERIOD:
        map->period_s = (double)option_number(state, "period", arg, 200, 1000000) / 1000;
        return 0;
    case KEY_ROWS:
        map->view.rows = (uint32_t)option_number(state, "rows", arg, 1, 100000);
        return 0;
    case KEY_MOVES:
        map->moves = true;
        return 0;
    case KEY_JSON:
        map->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_failure(state, EXIT_UNUSABLE, 0, "one argument too many: %s",
                     parse_quote(quoted, arg, strlen(arg)));
        return 0;
    case ARGP_KEY_END:
        check_together(map, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse, .doc = doc};

/* As wide as the terminal is, and as high: asked for each picture, as people resize windows. */
static void measure(struct map_view *view)
{
    struct winsize size = {0};

    view->width = DEFAULT_WIDTH;
    view->lines = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return; /* no terminal */
    if (size.ws_col != 0)
        view->width = size.ws_col;
    if (view->live)
        view->lines = size.ws_row;
}

static void picture(struct map *map, const struct stress_progress *progress)
{
    if (map->picture.pages == NULL) {
        map->picture.pages = calloc(progress->pages, sizeof(*map->picture.pages));
        map->picture.n_pages = map->picture.pages != NULL ? progress->pages : 0;
    }
    map->pictures++;
    map_look(&map->picture, progress);
    measure(&map->view);
    if (map->json)
        map_print_json(&map->picture, progress);
    else
        map_draw(&map->view, &map->picture, progress);
    (void)fflush(stdout);
}

static bool is_due(struct map *map, const struct stress_progress *progress)
{
    if (progress->seconds < map->next_s)
        return false;
    map->next_s = progress->seconds + map->period_s;
    return true;
}

static void show(void *ctx, const struct stress_progress *progress)
{
    if (is_due(ctx, progress))
        picture(ctx, progress);
}

static void show_moves(void *ctx, const struct stress_progress *progress, const char *phase,
                       bool now)
{
    struct map *map = ctx;

    map->picture.phase = phase;
    if (now || (map->view.live && is_due(map, progress)))
        picture(map, progress);
}

/* What the options left open depends on where the picture goes. */
static void settle(struct map *map)
{
    const char *term = getenv("TERM");
    const bool terminal = isatty(STDOUT_FILENO) != 0 && term != NULL && strcmp(term, "dumb") != 0;

    map->view.live = terminal && !map->json;
    map->view.hues = map->view.live && getenv("NO_COLOR") == NULL;
    if (map->period_s <= 0)
        map->period_s = map->view.live ? 0 : PLAIN_PERIOD_S;
}

/* The exit status. */
static int run_moves(struct map *map, const char *name)
{
    const struct map_moves moves = {.cpus = map->params.cpus,
                                    .layout = map->params.layout,
                                    .seed = map->params.seed,
                                    .seconds = map->view.live ? map->params.seconds : 0,
                                    .enough = map->params.enough,
                                    .show = show_moves,
                                    .ctx = map};
    struct map_moves_result result;

    if (map_moves_run(&moves, &result) == 2) {
        fprintf(stderr, "%s: cannot run: %s\n", name, result.first);
        return EXIT_UNUSABLE;
    }
    if (result.violations != 0)
        fprintf(stderr, "%s: VIOLATION: %s (seed %" PRIu64 ")\n", name, result.first,
                map->params.seed);
    if (!map->json)
        printf("%s%" PRIu32 " CPU%s on %" PRIu32 " page%s; %" PRIu32 " left, on %" PRIu32
               " page%s, after %" PRIu32 " move%s on %" PRIu32 "; %" PRIu64 " violation%s\n",
               map->view.live && interrupt_name() != NULL ? "\n" : "", map->params.cpus,
               plural(map->params.cpus), result.pages, plural(result.pages), result.left,
               result.trimmed, plural(result.trimmed), result.moves, plural(result.moves),
               result.moved, result.violations, plural(result.violations));
    return result.violations != 0 ? EXIT_VIOLATION : EXIT_FINE;
}

int map_command(int argc, char **argv)
{
    struct map map = {.params = {.threads = 2,
                                 .cpus = 1024,
                                 .seconds = 10,
                                 .seed = (uint64_t)time(NULL),
                                 .watch = show}};
    struct stress_result result;

    if (parse_options(&argp, argc, argv, &map) != 0)
        return EXIT_UNUSABLE;
    settle(&map);
    map.params.watch_ctx = &map;
    map.params.enough = interrupt_catch();
    if (map.moves) {
        const int status = run_moves(&map, argv[0]);

        free(map.picture.pages);
        if (status == EXIT_FINE)
            interrupt_die();
        return status;
    }
    if (stress_run(&map.params, &result) == 2) {
        fprintf(stderr, "%s: cannot run: %s\n", argv[0], result.first);
        return EXIT_UNUSABLE;
    }
    free(map.picture.pages);
    if (result.violations != 0)
        fprintf(stderr, "%s: VIOLATION: %s (seed %" PRIu64 ")\n", argv[0], result.first,
                map.params.seed);
    if (!map.json)
        printf("%s%" PRIu64 " operation%s in %.1f s, %" PRIu64 " picture%s, %" PRIu64
               " violation%s\n",
               map.view.live && interrupt_name() != NULL ? "\n" : "", result.operations,
               plural(result.operations), result.seconds, map.pictures, plural(map.pictures),
               result.violations, plural(result.violations));
    if (result.violations != 0)
        return EXIT_VIOLATION;
    interrupt_die();
    return EXIT_FINE;
}
