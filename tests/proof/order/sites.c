/* SPDX-License-Identifier: MIT */
/* See sites.h. */
#include "sites.h"
#include "search.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site {
    const char *caller;
    const char *by;
    const char *place;
    int order;
    bool locked;
    char name[SITE_NAME];
};

static struct site sites[MAX_SITES]; /* several of one name: a function that is inline in files */
static unsigned n_sites;
static const char *weak_sites[MAX_WEAKENED];
static unsigned n_weakened;
static int weak_order;

void mistaken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fputs("mistaken: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void sites_clear(void)
{
    n_sites = 0;
}

/* A function's name without what all of the core's have. */
static void put_function(char *to, size_t size, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(name, "cgdt_", 5) == 0) {
        name += 5;
        length -= 5;
    }
    if (length > 0 && name[length - 1] == '_')
        length--;
    (void)snprintf(to, size, "%.*s", (int)length, name);
}

static void name_site(struct site *site)
{
    char caller[48] = "";
    char by[48];

    if (site->caller != NULL)
        put_function(caller, sizeof(caller), site->caller);
    put_function(by, sizeof(by), site->by);
    (void)snprintf(site->name, sizeof(site->name), "%s%s%s of %s", caller,
                   site->caller != NULL ? " " : "", by, site->place);
}

/* The order in the name of one of alloc/atomic.h's functions is the one that it gives. */
static void check_name(const char *by, int order)
{
    static const char *const names[] = {"relaxed", "consume", "acquire",
                                        "release", "acq_rel", "seq_cst"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strstr(by, names[i]) != NULL && order != (int)i)
            mistaken("%s() is not what its name says", by);
    }
}

int site_at_most(const char *caller, const char *by, const char *place, int order, bool locked)
{
    unsigned i = 0;

    while (i < n_sites &&
           (sites[i].caller != caller || sites[i].by != by || sites[i].place != place))
        i++;
    if (i == n_sites) {
        if (n_sites == MAX_SITES)
            mistaken("too many sites");
        check_name(by, order);
        sites[n_sites] = (struct site){caller, by, place, order, locked, ""};
        name_site(&sites[n_sites++]);
    }
    for (unsigned k = 0; k < n_weakened; k++) {
        if (strcmp(sites[i].name, weak_sites[k]) == 0)
            return weak_order;
    }
    return AS_IT_IS;
}

static bool has_acquire(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool has_release(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

int8_t weaker_of(int order, int at_most)
{
    if (at_most == AS_IT_IS || order == PLAIN_ACCESS || order == at_most)
        return (int8_t)order;
    if (at_most == UNLOCKED)
        return __ATOMIC_RELAXED;
    const bool acquire = has_acquire(order) && has_acquire(at_most);
    const bool release = has_release(order) && has_release(at_most);
    if (acquire && release)
        return __ATOMIC_ACQ_REL;
    return acquire ? __ATOMIC_ACQUIRE : release ? __ATOMIC_RELEASE : __ATOMIC_RELAXED;
}

unsigned search_sites(struct search_site *to)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_sites; i++) {
        unsigned same = 0;

        while (same < n && strcmp(to[same].name, sites[i].name) != 0)
            same++;
        if (same < n)
            continue;
        (void)strcpy(to[n].name, sites[i].name);
        to[n].order = sites[i].order;
        to[n++].locked = sites[i].locked;
    }
    return n;
}

void search_weaken(const char *site, int order)
{
    if (n_weakened == MAX_WEAKENED)
        mistaken("too many to be weakened");
    weak_sites[n_weakened++] = site;
    weak_order = order;
}

void search_weaken_none(void)
{
    n_weakened = 0;
}
