/* SPDX-License-Identifier: MIT */
/* The memory models of candidate.h, each as its axioms over relations of up to 64 events. */
#include "candidate.h"

#include <string.h>

const char *const model_names[MODELS] = {"sc", "tso", "c++20", "rc11"};

typedef uint64_t relation[MAX_EVENTS]; /* bit j of row i: i comes before j */

/* What all models ask for. */
struct graph {
    const struct candidate *candidate;
    unsigned n;
    relation sb;
    relation rf;
    relation mo;
    relation fr;
};

#define BIT(i) ((uint64_t)1 << (i))

static void close_over(relation r, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        const uint64_t behind = r[k];

        for (unsigned i = 0; behind != 0 && i < n; i++)
            r[i] |= behind & -(r[i] >> k & 1);
    }
}

/* Closes it, too. */
static bool is_acyclic(relation r, unsigned n)
{
    close_over(r, n);
    for (unsigned i = 0; i < n; i++) {
        if ((r[i] & BIT(i)) != 0)
            return false;
    }
    return true;
}

static void unite(relation to, const relation a, const relation b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = a[i] | b[i];
}

/* a, then b. */
static void compose(relation to, const relation a, const relation b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t row = 0;

        for (uint64_t rest = a[i]; rest != 0; rest &= rest - 1)
            row |= b[__builtin_ctzll(rest)];
        to[i] = row;
    }
}

/* The events at each event's place. */
static void same_place(const struct graph *g, relation to)
{
    uint64_t at[MAX_PLACES] = {0};

    for (unsigned i = 0; i < g->n; i++)
        at[g->candidate->event[i].place] |= BIT(i);
    for (unsigned i = 0; i < g->n; i++)
        to[i] = at[g->candidate->event[i].place];
}

static void make_graph(struct graph *g, const struct candidate *candidate)
{
    uint64_t later[MAX_THREADS + 1] = {0};

    memset(g, 0, sizeof(*g));
    g->candidate = candidate;
    g->n = candidate->events;
    for (unsigned i = g->n; i-- > 0;) {
        const unsigned thread = candidate->event[i].thread;

        g->sb[i] = later[thread];
        if (thread != FIRST_WRITE)
            later[thread] |= BIT(i);
    }
    for (unsigned i = 0; i < g->n; i++) {
        if (candidate->event[i].thread == FIRST_WRITE)
            for (unsigned thread = 0; thread < MAX_THREADS; thread++)
                g->sb[i] |= later[thread];
    }
    for (unsigned place = 0; place < MAX_PLACES; place++) {
        uint64_t after = 0;

        for (unsigned k = candidate->writes[place]; k-- > 0;) {
            g->mo[candidate->written[place][k]] = after;
            after |= BIT(candidate->written[place][k]);
        }
    }
    for (unsigned i = 0; i < g->n; i++) {
        const struct event *event = &candidate->event[i];

        if (!event->reads || event->from == NOT_YET)
            continue;
        g->rf[event->from] |= BIT(i);
        g->fr[i] = g->mo[event->from] & ~BIT(i);
    }
}

/* Nothing is written between what a read-modify-write read and what it wrote. */
static bool is_atomic(const struct graph *g)
{
    for (unsigned i = 0; i < g->n; i++) {
        const struct event *event = &g->candidate->event[i];

        if (!event->reads || !event->writes || event->from == NOT_YET)
            continue;
        for (uint64_t rest = g->fr[i]; rest != 0; rest &= rest - 1) {
            if ((g->mo[__builtin_ctzll(rest)] & BIT(i)) != 0)
                return false;
        }
        if ((g->mo[event->from] & BIT(i)) == 0)
            return false;
    }
    return true;
}

static bool sc_allows(const struct graph *g)
{
    relation all;

    for (unsigned i = 0; i < g->n; i++)
        all[i] = g->sb[i] | g->rf[i] | g->mo[i] | g->fr[i];
    return is_acyclic(all, g->n);
}

static bool is_locked(const struct event *event)
{
    return event->writes && (event->reads || event->order == __ATOMIC_SEQ_CST);
}

static bool tso_allows(const struct graph *g)
{
    relation global;
    relation local;

    same_place(g, local);
    for (unsigned i = 0; i < g->n; i++) {
        const struct event *first = &g->candidate->event[i];
        const uint64_t communication = g->mo[i] | g->fr[i];
        uint64_t kept = g->sb[i];
        uint64_t external = g->rf[i];

        for (unsigned j = 0; j < g->n; j++) {
            const struct event *second = &g->candidate->event[j];

            /* A store waits in the CPU's buffer while loads behind it go on. */
            if (first->writes && !is_locked(first) && second->reads && !is_locked(second))
                kept &= ~BIT(j);
            if (first->thread == second->thread)
                external &= ~BIT(j);
        }
        if (first->thread == FIRST_WRITE)
            kept = g->sb[i];
        local[i] = (local[i] & g->sb[i]) | g->rf[i] | communication;
        global[i] = kept | external | communication;
    }
    return is_acyclic(local, g->n) && is_acyclic(global, g->n);
}

static bool releases(const struct event *event)
{
    return event->writes && (event->order == __ATOMIC_RELEASE || event->order == __ATOMIC_ACQ_REL ||
                             event->order == __ATOMIC_SEQ_CST);
}

static bool acquires(const struct event *event)
{
    return event->reads && (event->order == __ATOMIC_ACQUIRE || event->order == __ATOMIC_ACQ_REL ||
                            event->order == __ATOMIC_SEQ_CST);
}

/* What the C models share. */
struct c_graph {
    relation sw;  /* synchronizes with */
    relation hb;  /* happens before */
    relation eco; /* extended coherence order; the standard's "coherence-ordered before" */
    uint64_t seq_cst;
};

static void make_c_graph(const struct graph *g, struct c_graph *c)
{
    const struct event *event = g->candidate->event;

    memset(c, 0, sizeof(*c));
    for (unsigned i = 0; i < g->n; i++) {
        if (event[i].order == __ATOMIC_SEQ_CST)
            c->seq_cst |= BIT(i);
        if (!acquires(&event[i]))
            continue;
        /* A release sequence is its head and the read-modify-writes that follow each other. */
        for (unsigned from = event[i].from; from != NOT_YET; from = event[from].from) {
            if (releases(&event[from]))
                c->sw[from] |= BIT(i);
            if (!event[from].reads)
                break;
        }
    }
    unite(c->hb, g->sb, c->sw, g->n);
    close_over(c->hb, g->n);
    for (unsigned i = 0; i < g->n; i++)
        c->eco[i] = g->rf[i] | g->mo[i] | g->fr[i];
    close_over(c->eco, g->n);
}

/* Write-write, read-write, write-read, read-read coherence; no event before itself. */
static bool is_coherent(const struct graph *g, const struct c_graph *c)
{
    for (unsigned i = 0; i < g->n; i++) {
        if ((c->hb[i] & BIT(i)) != 0)
            return false;
        for (uint64_t rest = c->hb[i]; rest != 0; rest &= rest - 1) {
            if ((c->eco[__builtin_ctzll(rest)] & BIT(i)) != 0)
                return false;
        }
    }
    return true;
}

/* Between seq_cst events alone. */
static bool one_order(const struct graph *g, const struct c_graph *c, relation r)
{
    for (unsigned i = 0; i < g->n; i++)
        r[i] = (c->seq_cst & BIT(i)) != 0 ? r[i] & c->seq_cst : 0;
    return is_acyclic(r, g->n);
}

static bool cpp20_allows(const struct graph *g, const struct c_graph *c)
{
    relation strongly; /* happens before */
    relation through;

    compose(through, g->sb, c->hb, g->n);
    compose(strongly, through, g->sb, g->n);
    for (unsigned i = 0; i < g->n; i++) {
        strongly[i] |= g->sb[i];
        if ((c->seq_cst & BIT(i)) != 0)
            strongly[i] |= c->sw[i] & c->seq_cst;
    }
    close_over(strongly, g->n);
    unite(strongly, strongly, c->eco, g->n);
    return one_order(g, c, strongly);
}

static bool rc11_allows(const struct graph *g, const struct c_graph *c)
{
    relation elsewhere; /* sb between different places */
    relation through;
    relation scb;
    relation porf;

    same_place(g, scb);
    for (unsigned i = 0; i < g->n; i++) {
        elsewhere[i] = g->sb[i] & ~scb[i];
        scb[i] = (scb[i] & c->hb[i]) | g->sb[i] | g->mo[i] | g->fr[i];
    }
    compose(through, elsewhere, c->hb, g->n);
    compose(porf, through, elsewhere, g->n);
    unite(scb, scb, porf, g->n);
    if (!one_order(g, c, scb))
        return false;
    unite(porf, g->sb, g->rf, g->n);
    return is_acyclic(porf, g->n);
}

bool model_allows(enum model model, const struct candidate *candidate)
{
    struct graph g;
    struct c_graph c;

    make_graph(&g, candidate);
    if (!is_atomic(&g))
        return false;
    if (model == MODEL_SC)
        return sc_allows(&g);
    if (model == MODEL_TSO)
        return tso_allows(&g);
    make_c_graph(&g, &c);
    return is_coherent(&g, &c) &&
           (model == MODEL_CPP20 ? cpp20_allows(&g, &c) : rc11_allows(&g, &c));
}

bool has_data_race(const struct candidate *candidate)
{
    struct graph g;
    struct c_graph c;

    make_graph(&g, candidate);
    make_c_graph(&g, &c);
    for (unsigned i = 0; i < g.n; i++) {
        for (unsigned j = i + 1; j < g.n; j++) {
            const struct event *a = &candidate->event[i];
            const struct event *b = &candidate->event[j];

            if (a->place == b->place && (a->writes || b->writes) && a->thread != b->thread &&
                (a->order == PLAIN_ACCESS || b->order == PLAIN_ACCESS) &&
                ((c.hb[i] | BIT(i)) & BIT(j)) == 0 && (c.hb[j] & BIT(i)) == 0)
                return true;
        }
    }
    return false;
}
