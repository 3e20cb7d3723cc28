/* SPDX-License-Identifier: MIT */
/* See search.h. */
#include "search.h"
#include "access.h"
#include "sites.h"

#include <setjmp.h>
#include <string.h>

#define MAX_CHOICES       256u
#define MAX_WATCHED       2u
#define MAX_WATCHED_BYTES 16384u

static const struct program *program;
static enum model model;
static struct {
    unsigned taken;
    unsigned of;
} choices[MAX_CHOICES];
static unsigned n_choices; /* known ones */
static unsigned at_choice; /* the next of this run */
static unsigned thread;    /* that is running */
static uint64_t told[MAX_THREADS][MAX_RESULTS];
static jmp_buf run_ends;
static struct {
    unsigned char *at;
    size_t bytes;
    unsigned char as_it_was[MAX_WATCHED_BYTES];
} watched[MAX_WATCHED];
static unsigned n_watched;

void end_run(enum end how)
{
    longjmp(run_ends, (int)how);
}

unsigned access_limit(void)
{
    return program->limit != 0 ? program->limit : MAX_EVENTS;
}

/* Of `of` ways, the one that is to be taken in this run. */
unsigned choose(unsigned of)
{
    if (of == 1)
        return 0;
    if (at_choice == MAX_CHOICES)
        mistaken("too many choices");
    if (at_choice == n_choices) {
        choices[n_choices].taken = 0;
        choices[n_choices++].of = of;
    }
    if (choices[at_choice].of != of)
        mistaken("a thread does not do the same by the same choices");
    return choices[at_choice++].taken;
}

/* The next run takes another way at the last choice that has one. False: there is none. */
static bool next_choices(void)
{
    n_choices = at_choice;
    while (n_choices > 0 && choices[n_choices - 1].taken + 1 == choices[n_choices - 1].of)
        n_choices--;
    if (n_choices == 0)
        return false;
    choices[n_choices - 1].taken++;
    return true;
}

void check(void)
{
    /* What was allowed in the run before is so still. */
    if (at_choice >= n_choices && !model_allows(model, &candidate))
        end_run(FORBIDDEN);
}

/* Watched memory. */

void search_watch(void *at, size_t bytes)
{
    if (n_watched == MAX_WATCHED || bytes > MAX_WATCHED_BYTES)
        mistaken("too much to watch");
    watched[n_watched].at = at;
    watched[n_watched++].bytes = bytes;
}

static void remember(void)
{
    for (unsigned i = 0; i < n_watched; i++)
        memcpy(watched[i].as_it_was, watched[i].at, watched[i].bytes);
}

void spoil(volatile void *at, size_t bytes)
{
    unsigned char *begin = (unsigned char *)(uintptr_t)at;

    memset(begin, 0xa5, bytes);
    for (unsigned i = 0; i < n_watched; i++) {
        if (begin >= watched[i].at && begin < watched[i].at + watched[i].bytes)
            memset(watched[i].as_it_was + (begin - watched[i].at), 0xa5, bytes);
    }
}

static void compare(void)
{
    for (unsigned i = 0; i < n_watched; i++) {
        if (memcmp(watched[i].as_it_was, watched[i].at, watched[i].bytes) != 0)
            mistaken("a plain store to what is watched");
    }
}

void search_tell(unsigned index, uint64_t value)
{
    told[thread][index] = value;
}

uint64_t search_told(unsigned of, unsigned index)
{
    return told[of][index];
}

/* The search. */

static enum end run(void)
{
    const int how = setjmp(run_ends);

    if (how == WHOLE) {
        memset(told, 0, sizeof(told));
        at_choice = 0;
        run_begins();
        for (thread = 0; thread < program->threads; thread++) {
            thread_begins(thread);
            program->thread[thread]();
            thread_ends();
        }
    }
    thread_begins(NOBODY);
    return (enum end)how;
}

static bool count_whole(struct search_result *result)
{
    compare();
    result->candidates++;
    if ((model == MODEL_CPP20 || model == MODEL_RC11) && has_data_race(&candidate))
        result->races++;
    return program->end();
}

/* With what is known of places and values. False: something is new. */
static bool search_once(struct search_result *result)
{
    memset(result, 0, sizeof(*result));
    n_choices = 0;
    do {
        const enum end how = run();

        if (how == AGAIN)
            return false;
        result->runs++;
        result->cut += how == CUT ? 1 : 0;
        if (how == WHOLE && !count_whole(result))
            return true;
    } while (next_choices());
    return true;
}

void search(const struct program *what, enum model by, struct search_result *result)
{
    program = what;
    model = by;
    n_watched = 0;
    accesses_begin();
    program->setup();
    remember();
    while (!search_once(result))
        continue;
    accesses_end();
}
