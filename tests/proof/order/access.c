/* SPDX-License-Identifier: MIT */
/* See access.h. */
#include "access.h"
#include "sites.h"

#include <string.h>

#define MAX_VALUES 16u

struct place {
    volatile unsigned char *at;
    size_t bytes;
    const char *name;
    uint64_t first;      /* what it holds at first */
    uint64_t now;        /* of one that is no shared one, in this run */
    unsigned touched_by; /* bits of threads */
    unsigned written_by;
    bool shared;
    uint8_t event;   /* of a shared one: its first write */
    unsigned values; /* that threads write, and bits of who does */
    uint64_t value[MAX_VALUES];
    unsigned writers[MAX_VALUES];
};

struct candidate candidate;
static struct place places[MAX_PLACES];
static unsigned n_places;
static unsigned running = NOBODY;
static unsigned accesses; /* of the thread */
static const char *caller_of_next;

static uint64_t memory_value(const volatile void *at, size_t bytes)
{
    uint64_t value = 0;

    memcpy(&value, (const void *)(uintptr_t)at, bytes);
    return value;
}

static unsigned place_of(const volatile void *at, size_t bytes)
{
    const uintptr_t begin = (uintptr_t)at;

    for (unsigned i = 0; i < n_places; i++) {
        const uintptr_t its = (uintptr_t)places[i].at;

        if (begin == its && places[i].bytes == bytes)
            return i;
        if (begin == its && places[i].bytes == 0) { /* it had but a name */
            places[i].bytes = bytes;
            places[i].first = places[i].now = memory_value(at, bytes);
            return i;
        }
        if (begin < its + places[i].bytes && its < begin + bytes)
            mistaken("%s is touched by accesses of two sizes", places[i].name);
    }
    if (n_places == MAX_PLACES)
        mistaken("too many places");
    places[n_places] = (struct place){.at = (volatile unsigned char *)(uintptr_t)at,
                                      .bytes = bytes,
                                      .name = "?",
                                      .first = memory_value(at, bytes)};
    places[n_places].now = places[n_places].first;
    return n_places++;
}

/* A thread comes to a place: is it a shared one? */
static bool touch(struct place *place, bool writes)
{
    place->touched_by |= 1u << running;
    if (writes && (place->written_by & 1u << running) == 0) {
        if (place->written_by == 0)
            spoil(place->at, place->bytes);
        place->written_by |= 1u << running;
    }
    if (!place->shared && place->written_by != 0 &&
        (place->touched_by & (place->touched_by - 1)) != 0) {
        place->shared = true;
        end_run(AGAIN);
    }
    return place->shared;
}

static unsigned add_event(const struct event *event)
{
    if (candidate.events == MAX_EVENTS || accesses == access_limit())
        end_run(CUT);
    accesses++;
    candidate.event[candidate.events] = *event;
    return candidate.events++;
}

/* Whether a thread behind this one writes the value. */
static bool is_to_come(const struct place *place, unsigned value, unsigned thread)
{
    return place->writers[value] >> (thread + 1) != 0;
}

/* Earlier threads may read a value that a later one writes. */
static void announce_value(struct place *place, uint64_t value)
{
    unsigned i = 0;

    while (i < place->values && place->value[i] != value)
        i++;
    if (i == MAX_VALUES)
        mistaken("too many values of %s", place->name);
    if (i == place->values)
        place->value[place->values++] = value;
    if ((place->writers[i] & 1u << running) != 0)
        return;
    place->writers[i] |= 1u << running;
    if (running != 0)
        end_run(AGAIN);
}

/* Where a write comes in its place's order: just behind what it read, if that is there. */
static unsigned choose_position(const struct event *event)
{
    const unsigned writes = candidate.writes[event->place];
    unsigned position = 0;

    if (!event->reads || event->from == NOT_YET)
        return writes - choose(writes); /* last, ..., just behind the first write */
    while (candidate.written[event->place][position++] != event->from)
        continue;
    return position;
}

/* A write of the last event's into its place's order; reads that waited for it may have it. */
static void place_write(unsigned index)
{
    struct event *event = &candidate.event[index];
    uint8_t *order = candidate.written[event->place];
    const unsigned position = choose_position(event);
    const unsigned writes = candidate.writes[event->place]++;

    memmove(&order[position + 1], &order[position], writes - position);
    order[position] = (uint8_t)index;
    check();
    for (unsigned i = 0; i < index; i++) {
        struct event *reader = &candidate.event[i];

        if (reader->place == event->place && reader->reads && reader->from == NOT_YET &&
            reader->thread != event->thread && reader->found == event->left && choose(2) == 1) {
            reader->from = (uint8_t)index;
            check();
        }
    }
}

/* What a read finds, and where it is from. */
static void choose_source(const struct place *place, struct event *event)
{
    const unsigned writes = candidate.writes[event->place];
    unsigned to_come = 0;

    for (unsigned i = 0; i < place->values; i++)
        to_come += is_to_come(place, i, running) ? 1 : 0;
    unsigned chosen = choose(writes + to_come);
    if (chosen < writes) {
        event->from = candidate.written[event->place][writes - 1 - chosen];
        event->found = candidate.event[event->from].left;
        return;
    }
    event->from = NOT_YET;
    for (unsigned i = 0;; i++) {
        if (is_to_come(place, i, running) && chosen-- == writes) {
            event->found = place->value[i];
            return;
        }
    }
}

static uint64_t of_bytes(uint64_t value, size_t bytes)
{
    return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

/* Accesses. */

static const char *take_caller(void)
{
    const char *caller = caller_of_next;

    caller_of_next = NULL;
    return caller;
}

static int at_most_at(const struct place *place, const char *by, int order, bool locked)
{
    return site_at_most(take_caller(), by, place->name, order, locked);
}

static uint64_t load_at(struct place *place, int order)
{
    struct event event = {.thread = (uint8_t)running,
                          .place = (uint8_t)(place - places),
                          .order = (int8_t)order,
                          .reads = true};

    choose_source(place, &event);
    (void)add_event(&event);
    check();
    return event.found;
}

static void store_at(struct place *place, uint64_t value, int order)
{
    const struct event event = {.thread = (uint8_t)running,
                                .place = (uint8_t)(place - places),
                                .order = (int8_t)order,
                                .writes = true,
                                .left = value};

    announce_value(place, value);
    place_write(add_event(&event));
}

uint64_t search_load(const volatile void *at, size_t bytes, int order, const char *by)
{
    if (running == NOBODY) {
        (void)take_caller();
        return memory_value(at, bytes);
    }
    struct place *place = &places[place_of(at, bytes)];
    if (!touch(place, false)) {
        (void)take_caller();
        return place->now;
    }
    return load_at(place, weaker_of(order, at_most_at(place, by, order, false)));
}

void search_store(volatile void *at, size_t bytes, uint64_t value, int order, const char *by)
{
    if (running == NOBODY) {
        (void)take_caller();
        memcpy((void *)(uintptr_t)at, &value, bytes);
        return;
    }
    struct place *place = &places[place_of(at, bytes)];
    if (!touch(place, true)) {
        (void)take_caller();
        place->now = value;
        return;
    }
    store_at(place, value,
             weaker_of(order, at_most_at(place, by, order, order == __ATOMIC_SEQ_CST)));
}

/* A read-modify-write of any kind. */
struct change_of {
    enum change change;
    uint64_t operand;
    bool conditional; /* a compare-and-swap */
    uint64_t expected;
    int order;
    int failure;
};

static uint64_t changed(const struct change_of *what, uint64_t old, size_t bytes)
{
    switch (what->change) {
    case CHANGE_ADD:
        return of_bytes(old + what->operand, bytes);
    case CHANGE_AND:
        return old & what->operand;
    case CHANGE_OR:
        return old | what->operand;
    default:
        return what->operand;
    }
}

static uint64_t change_shared(struct place *place, const struct change_of *what, int at_most)
{
    struct event event = {.thread = (uint8_t)running,
                          .place = (uint8_t)(place - places),
                          .order = weaker_of(what->order, at_most),
                          .reads = true,
                          .writes = true};

    if (at_most == UNLOCKED) {
        const uint64_t old = load_at(place, __ATOMIC_RELAXED);
        if (!what->conditional || old == what->expected)
            store_at(place, changed(what, old, place->bytes), __ATOMIC_RELAXED);
        return old;
    }
    choose_source(place, &event);
    if (what->conditional && event.found != what->expected) {
        event.writes = false;
        event.order = weaker_of(what->failure, at_most);
        (void)add_event(&event);
        check();
        return event.found;
    }
    event.left = changed(what, event.found, place->bytes);
    announce_value(place, event.left);
    place_write(add_event(&event));
    return event.found;
}

static uint64_t change_anywhere(volatile void *at, size_t bytes, const struct change_of *what,
                                const char *by)
{
    struct place in_memory = {.bytes = bytes};
    struct place *place = &in_memory;

    if (running == NOBODY)
        place->now = memory_value(at, bytes);
    else
        place = &places[place_of(at, bytes)];
    if (running != NOBODY && touch(place, true))
        return change_shared(place, what, at_most_at(place, by, what->order, true));
    const uint64_t old = place->now;
    (void)take_caller();
    if (!what->conditional || old == what->expected)
        place->now = changed(what, old, bytes);
    if (running == NOBODY)
        memcpy((void *)(uintptr_t)at, &place->now, bytes);
    return old;
}

uint64_t search_change(volatile void *at, size_t bytes, enum change change, uint64_t operand,
                       int order, const char *by)
{
    const struct change_of what = {
        .change = change, .operand = of_bytes(operand, bytes), .order = order};

    return change_anywhere(at, bytes, &what, by);
}

bool search_swap(volatile void *at, size_t bytes, void *expected, uint64_t value, int success,
                 int failure, const char *by)
{
    const struct change_of what = {.change = CHANGE_TO,
                                   .operand = of_bytes(value, bytes),
                                   .conditional = true,
                                   .expected = memory_value(expected, bytes),
                                   .order = success,
                                   .failure = failure};
    const uint64_t old = change_anywhere(at, bytes, &what, by);

    memcpy(expected, &old, bytes);
    return old == what.expected;
}

void search_called(const char *caller)
{
    caller_of_next = caller;
}

/* What a program asks for. */

static struct place *known_place(const volatile void *at)
{
    for (unsigned i = 0; i < n_places; i++) {
        if (places[i].at == at)
            return &places[i];
    }
    return NULL;
}

void search_name(const volatile void *at, const char *name)
{
    if (n_places == MAX_PLACES)
        mistaken("too many places");
    places[n_places++] =
        (struct place){.at = (volatile unsigned char *)(uintptr_t)at, .name = name};
}

uint64_t search_final(const volatile void *at)
{
    const struct place *place = known_place(at);

    if (place == NULL || place->bytes == 0)
        mistaken("nobody has touched that");
    if (!place->shared)
        return place->now;
    const unsigned i = (unsigned)(place - places);
    return candidate.event[candidate.written[i][candidate.writes[i] - 1]].left;
}

/* What the search asks for. */

void accesses_begin(void)
{
    n_places = 0;
    sites_clear();
}

void run_begins(void)
{
    memset(&candidate, 0, sizeof(candidate));
    for (unsigned i = 0; i < n_places; i++) {
        struct place *place = &places[i];

        place->now = place->first;
        if (!place->shared)
            continue;
        const struct event event = {.thread = FIRST_WRITE,
                                    .place = (uint8_t)i,
                                    .order = __ATOMIC_RELAXED,
                                    .writes = true,
                                    .left = place->first};
        candidate.written[i][candidate.writes[i]++] = (uint8_t)candidate.events;
        candidate.event[candidate.events++] = event;
    }
}

void thread_begins(unsigned thread)
{
    running = thread;
    accesses = 0;
}

void thread_ends(void)
{
    for (unsigned k = 0; k < candidate.events; k++) {
        const struct event *event = &candidate.event[k];
        const struct place *place = &places[event->place];

        if (!event->reads || event->from != NOT_YET)
            continue;
        unsigned i = 0;
        while (place->value[i] != event->found)
            i++;
        if (!is_to_come(place, i, running))
            end_run(FORBIDDEN);
    }
}

void accesses_end(void)
{
    for (unsigned i = 0; i < n_places; i++)
        memcpy((void *)(uintptr_t)places[i].at, &places[i].first, places[i].bytes);
}
