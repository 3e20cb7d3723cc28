/* SPDX-License-Identifier: MIT */
/*
 * interleave [OPTION] [SCENARIO...]: takes every schedule of these scenarios (default: all of
 * them).
 *
 *   --find       the core has a seeded fault: succeed if one of the scenarios shows it
 *   --bound=N    at most N preemptions, without reduction, whatever the scenario says
 *   --compare=N  both: succeed if schedules of at most N preemptions, without reduction, end in no
 *                way that the reduced search has not seen
 *   --buffered   with store buffers (explorer.h); not with a bound
 *   --list       names and claims
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;

    (void)timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void report(const struct scenario *scenario, const struct how *how, const struct run *run,
                   double took)
{
    const struct exploration_result *result = &run->result;
    char bound[64] = "every one";

    if (how->bound != UNBOUNDED)
        (void)snprintf(bound, sizeof(bound), "every one with at most %u preemptions", how->bound);
    if (how->store_buffers)
        (void)snprintf(bound, sizeof(bound), "every one with store buffers");
    (void)printf(
        "%s: %lu schedules of %u CPUs (%s; %lu more were cut short), %u words shared, up to %u "
        "points and %u preemptions; %u different ends, %u states; %.2f s\n",
        scenario->name, result->schedules, scenario->cpus, bound, result->abandoned, result->shared,
        result->longest, result->preemptions_max, run->outcomes, run->states, took);
}

static bool run_one(const struct scenario *scenario, const struct how *how)
{
    struct run run;
    const double start = seconds();

    run_scenario(scenario, how, &run);
    report(scenario, how, &run, seconds() - start);
    if (run.result.violation == NULL)
        return true;
    (void)printf("%s: VIOLATION: %s\n", scenario->name, run.result.violation);
    run_print_calls(stdout);
    explorer_print(stdout, world_print_op);
    return false;
}

static bool compare(const struct scenario *scenario, unsigned preemptions)
{
    struct run reduced;
    struct run plain;

    run_scenario(scenario, &(struct how){.bound = UNBOUNDED}, &reduced);
    run_scenario(scenario, &(struct how){.bound = preemptions, .again = true}, &plain);
    (void)printf(
        "%s: %u different ends in %lu schedules; %lu schedules of at most %u preemptions without "
        "reduction have %u others\n",
        scenario->name, reduced.outcomes, reduced.result.schedules, plain.result.schedules,
        preemptions, plain.outcomes);
    return reduced.result.violation == NULL && plain.result.violation == NULL &&
           reduced.outcomes != 0 && plain.outcomes == 0;
}

static bool is_chosen(const char *name, int argc, char **argv)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0)
            continue;
        any = true;
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return !any;
}

static bool has(const char *option, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], option) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    const bool find = has("--find", argc, argv);
    unsigned chosen = 0;
    unsigned violations = 0;
    unsigned bound = 0;
    unsigned compared = 0;

    for (int i = 1; i < argc; i++) {
        (void)sscanf(argv[i], "--bound=%u", &bound);
        (void)sscanf(argv[i], "--compare=%u", &compared);
    }
    for (unsigned i = 0; i < scenario_count; i++) {
        if (!is_chosen(scenarios[i].name, argc, argv))
            continue;
        chosen++;
        if (has("--list", argc, argv))
            (void)printf("%s: %s\n", scenarios[i].name, scenarios[i].claim);
        else if (compared != 0)
            violations += compare(&scenarios[i], compared) ? 0 : 1;
        else if (!run_one(&scenarios[i], &(struct how){bound != 0 ? bound : scenarios[i].bound,
                                                       has("--buffered", argc, argv), false}))
            violations++;
        if (find && violations != 0)
            break;
    }
    if (chosen == 0) {
        (void)fprintf(stderr, "interleave: no such scenario\n");
        return 2;
    }
    return (violations != 0) == find ? 0 : 1;
}
