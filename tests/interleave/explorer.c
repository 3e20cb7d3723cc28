/* SPDX-License-Identifier: MIT */
/* The search of explorer.h. */
#include "explorer.h"
#include "buffer.h"
#include "coroutine.h"

#include <string.h>

#define MAX_POINTS  4096u
#define STACK_BYTES (64u * 1024u)

/* A state of a schedule, the choice made there, and what remains to be chosen. */
struct node {
    struct op pending[AGENTS]; /* what each would do next */
    uint8_t enabled;           /* agents that can go on: a bit each */
    uint8_t wanted;            /* choices that must be tried here */
    uint8_t tried;
    uint8_t sleeping; /* whatever they would do next leads to nothing new */
    uint8_t agent;    /* the choice, and who was chosen before it */
    uint8_t previous;
    uint16_t preemptions;   /* up to and including the choice */
    uint16_t clock[AGENTS]; /* the last points of each agent that happened before this choice's */
};

struct cpu {
    void *stack_top;
    struct op next;
    bool finished;
    bool fresh; /* its call has begun, but done nothing yet */
};

static struct {
    const struct exploration *what;
    struct exploration_result *result;
    struct node nodes[MAX_POINTS];
    unsigned depth; /* nodes whose choice has been made in this schedule */
    struct cpu cpu[EXPLORER_CPUS];
    uint16_t clock[AGENTS][AGENTS];
    unsigned running;
    unsigned lock_holder;
    unsigned time;
    void *own_stack;
    const char *violation;
    bool again;                       /* a word has turned out to be shared */
    uint8_t readers[EXPLORER_PLACES]; /* CPUs, a bit each, in any schedule so far */
    uint8_t writers[EXPLORER_PLACES];
    uint8_t stack[EXPLORER_CPUS][STACK_BYTES];
} the = {.running = NO_CPU};

unsigned explorer_cpu(void)
{
    return the.running;
}

unsigned explorer_lock_holder(void)
{
    return the.lock_holder;
}

bool explorer_owns(const volatile void *at)
{
    return (uintptr_t)at - (uintptr_t)the.stack[the.running] < STACK_BYTES;
}

static bool reducing(void)
{
    return the.what->bound == UNBOUNDED;
}

static void stop_here(void)
{
    coroutine_switch(&the.cpu[the.running].stack_top, the.own_stack);
}

void explorer_violation(const char *what)
{
    if (the.violation == NULL)
        the.violation = what;
    while (the.running != NO_CPU)
        stop_here();
}

/* Announce an operation; come back when it is this CPU's turn to do it. */
static void point(enum op_kind kind, uint32_t place)
{
    struct cpu *self = &the.cpu[the.running];

    /* With a bound, a call begins with its first operation: nothing happens between. */
    if (self->fresh && !reducing() && (kind != OP_LOCK || the.lock_holder == NO_CPU)) {
        self->fresh = false;
        return;
    }
    self->fresh = kind == OP_CALL;
    self->next = (struct op){kind, place};
    if (op_waits(kind) && buffer_is_empty(the.running))
        clock_join(the.clock[the.running], the.clock[BUFFER(the.running)]);
    stop_here();
}

static bool is_shared(uint32_t place)
{
    const uint8_t writers = the.writers[place];
    const uint8_t all = the.readers[place] | writers;

    return writers != 0 && (all & (all - 1)) != 0;
}

/* Whether it was shared before this CPU's operation. */
static bool note(enum op_kind kind, uint32_t place)
{
    uint8_t *mask = kind == OP_READ ? &the.readers[place] : &the.writers[place];
    const bool before = is_shared(place);

    *mask |= (uint8_t)(1u << the.running);
    if (is_shared(place) && !before) {
        the.again = true;
        the.result->shared++;
    }
    return before;
}

void explorer_access(enum op_kind kind, uint32_t place)
{
    if (note(kind, place) || (op_waits(kind) && !buffer_is_empty(the.running)))
        point(kind, place);
}

static void push(struct store store)
{
    const unsigned cpu = the.running;

    memcpy(store.clock, the.clock[cpu], sizeof(store.clock));
    if (buffer_is_empty(cpu))
        clock_join(the.clock[BUFFER(cpu)], store.clock);
    if (!buffer_push(cpu, &store))
        explorer_violation("more stores than the explorer's buffer holds");
}

void explorer_store(uint32_t place, void *at, unsigned bytes, uint64_t value)
{
    if (!the.what->store_buffers) {
        explorer_access(OP_WRITE, place);
        the.what->arrive(the.running, at, bytes, value);
    } else if (note(OP_WRITE, place)) {
        push((struct store){{OP_WRITE, place}, .bytes = bytes, .at = at, .value = value});
    } else {
        the.what->arrive(the.running, at, bytes, value);
    }
}

uint64_t explorer_load(const volatile void *at, unsigned bytes, uint64_t value)
{
    return buffer_load(the.running, at, bytes, value);
}

void explorer_lock(uint32_t place)
{
    if (the.lock_holder == the.running)
        explorer_violation("the lock is taken inside the lock");
    point(OP_LOCK, place);
    the.lock_holder = the.running;
}

void explorer_unlock(uint32_t place)
{
    if (the.lock_holder != the.running)
        explorer_violation("the lock is given back by another than its holder");
    /*
     * Others can do nothing sooner by letting it go later; only the reduction must know when it
     * went.
     */
    if (reducing())
        point(OP_UNLOCK, place);
    the.lock_holder = NO_CPU;
}

unsigned explorer_call_begins(void)
{
    point(OP_CALL, 0);
    return ++the.time;
}

void explorer_call_returns(unsigned *returned)
{
    *returned = NEVER;
    the.cpu[the.running].fresh = false;
    if (!buffer_is_empty(the.running)) {
        push((struct store){{OP_RETURN, 0}, .returned = returned});
        return;
    }
    if (reducing())
        point(OP_RETURN, 0);
    the.cpu[the.running].fresh = false;
    *returned = ++the.time;
}

static void entry(void)
{
    the.what->body(the.running);
    the.cpu[the.running].finished = true;
    for (;;)
        stop_here();
}

/* Let a CPU do what it has announced, and whatever follows up to its next point. */
static void run_cpu(unsigned cpu)
{
    the.running = cpu;
    coroutine_switch(&the.own_stack, the.cpu[cpu].stack_top);
    the.running = NO_CPU;
}

/* The oldest store of a CPU comes to memory. */
static void drain(unsigned cpu)
{
    const struct store *store = buffer_oldest(cpu);

    buffer_pop(cpu);
    if (store->op.kind == OP_RETURN)
        *store->returned = ++the.time;
    else
        the.what->arrive(cpu, store->at, store->bytes, store->value);
    if (!buffer_is_empty(cpu))
        clock_join(the.clock[BUFFER(cpu)], buffer_oldest(cpu)->clock);
    else if (op_waits(the.cpu[cpu].next.kind))
        clock_join(the.clock[cpu], the.clock[BUFFER(cpu)]);
}

static void step(unsigned agent)
{
    if (agent < EXPLORER_CPUS)
        run_cpu(agent);
    else
        drain(agent - EXPLORER_CPUS);
}

static const struct op *op_of(const struct node *node)
{
    return &node->pending[node->agent];
}

/*
 * What happened before the choice that was made at this depth; `known` if the last schedule made it
 * too.
 */
static void set_clock(unsigned depth, bool known)
{
    struct node *node = &the.nodes[depth];
    uint16_t *clock = the.clock[node->agent];

    if (known) {
        memcpy(clock, node->clock, sizeof(node->clock));
        return;
    }
    for (unsigned i = depth; i-- > 0;) {
        const struct node *earlier = &the.nodes[i];

        if (clock[earlier->agent] <= i && op_are_dependent(op_of(earlier), op_of(node)))
            clock_join(clock, earlier->clock);
    }
    clock[node->agent] = (uint16_t)(depth + 1);
    memcpy(node->clock, clock, sizeof(node->clock));
}

/*
 * The last point that `agent`, with what it would do next, could have come before: there it must be
 * tried, or, if it was not able to go on there, everything else. Points before `from` have been
 * looked at before.
 */
static void want_reversal(unsigned agent, const struct op *next, unsigned from)
{
    for (unsigned i = the.depth; i-- > from;) {
        struct node *node = &the.nodes[i];

        if (node->agent == agent || the.clock[agent][node->agent] > i ||
            !op_are_dependent(op_of(node), next) || !op_may_be_coenabled(op_of(node), next))
            continue;
        if ((node->enabled >> agent & 1u) != 0)
            node->wanted |= (uint8_t)(1u << agent);
        else
            node->wanted |= node->enabled;
        return;
    }
}

/* Preemptions up to here, if this choice is made. */
static unsigned preemptions_with(const struct node *node, unsigned agent)
{
    const unsigned before = the.depth == 0 ? 0 : node[-1].preemptions;
    const unsigned previous = node->previous;
    const bool preempts = previous != NO_AGENT && previous != agent &&
                          (node->enabled >> previous & 1u) != 0 &&
                          !op_is_call_edge(&node->pending[previous]);

    return before + (preempts ? 1 : 0);
}

static bool has_next(unsigned agent)
{
    if (agent >= EXPLORER_CPUS)
        return !buffer_is_empty(agent - EXPLORER_CPUS);
    return agent < the.what->cpus && !the.cpu[agent].finished;
}

/* What must be tried in a state, as far as it can be known there. */
static void set_wishes(struct node *node)
{
    const struct node *before = the.depth == 0 ? NULL : node - 1;

    for (unsigned agent = 0; agent < AGENTS; agent++) {
        const struct op *next = &node->pending[agent];
        const unsigned bit = 1u << agent;

        if (!has_next(agent))
            continue;
        if (!reducing()) {
            if ((node->enabled & bit) != 0 && preemptions_with(node, agent) <= the.what->bound)
                node->wanted |= (uint8_t)bit;
            continue;
        }
        if (before == NULL)
            continue;
        /* Whether a buffer's oldest is a new one is not worth finding out. */
        const bool fresh = agent == before->agent || agent >= EXPLORER_CPUS;
        want_reversal(agent, next, fresh ? 0 : the.depth - 1);
        if (agent != before->agent && ((before->sleeping | before->tried) & bit) != 0 &&
            !op_are_dependent(op_of(before), next))
            node->sleeping |= (uint8_t)bit;
    }
}

static const struct op *next_of(unsigned agent)
{
    return agent < EXPLORER_CPUS ? &the.cpu[agent].next : &buffer_oldest(agent - EXPLORER_CPUS)->op;
}

static bool is_held_up(unsigned agent, enum op_kind kind)
{
    return agent < EXPLORER_CPUS && ((kind == OP_LOCK && the.lock_holder != NO_CPU) ||
                                     (op_waits(kind) && !buffer_is_empty(agent)));
}

/* A state that no schedule has been in before. */
static void new_node(struct node *node)
{
    *node = (struct node){.previous = the.depth == 0 ? NO_AGENT : node[-1].agent};
    for (unsigned agent = 0; agent < AGENTS; agent++) {
        if (!has_next(agent))
            continue;
        node->pending[agent] = *next_of(agent);
        if (!is_held_up(agent, node->pending[agent].kind))
            node->enabled |= (uint8_t)(1u << agent);
    }
    set_wishes(node);
}

/* The choices that are left in a state; where nothing is asked for yet, any will do. */
static unsigned choices(const struct node *node)
{
    const unsigned possible = node->enabled & ~(unsigned)node->sleeping;

    return node->wanted == 0 ? possible : possible & node->wanted & ~(unsigned)node->tried;
}

/* Make a choice in the state that the schedule is in. Prefers to let the same one go on. */
static void choose(struct node *node, unsigned among)
{
    unsigned agent = node->previous;

    if (agent == NO_AGENT || (among >> agent & 1u) == 0)
        agent = (unsigned)__builtin_ctz(among);
    node->agent = (uint8_t)agent;
    node->tried |= (uint8_t)(1u << agent);
    node->wanted |= (uint8_t)(1u << agent);
    node->preemptions = (uint16_t)preemptions_with(node, agent);
}

static void start_cpus(void)
{
    the.depth = 0;
    the.time = 0;
    the.lock_holder = NO_CPU;
    the.violation = NULL;
    memset(the.clock, 0, sizeof(the.clock));
    buffers_clear();
    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        the.cpu[cpu] = (struct cpu){
            .stack_top = coroutine_prepare(the.stack[cpu], sizeof(the.stack[cpu]), entry)};
        run_cpu(cpu); /* to its first call */
    }
}

static bool all_finished(void)
{
    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        if (!the.cpu[cpu].finished || !buffer_is_empty(cpu))
            return false;
    }
    return true;
}

/* One schedule; the first `kept` choices are made already. False: it leads to nothing new. */
static bool take_schedule(unsigned kept)
{
    start_cpus();
    while (the.violation == NULL && !all_finished()) {
        struct node *node = &the.nodes[the.depth];

        if (the.depth >= kept) {
            new_node(node);
            if (node->enabled == 0) {
                explorer_violation("deadlock: every CPU waits for the lock");
                break;
            }
            const unsigned among = choices(node);
            if (among == 0)
                return false;
            choose(node, among);
        }
        if (reducing())
            set_clock(the.depth, the.depth + 1 < kept);
        the.depth++;
        step(node->agent);
        if (the.depth == MAX_POINTS)
            explorer_violation("a call does not end");
    }
    if (the.violation == NULL)
        the.violation = the.what->end();
    return true;
}

/*
 * The deepest state with a choice left makes it. Returns the choices to keep, 0 if nothing is left.
 */
static unsigned next_prefix(void)
{
    while (the.depth > 0) {
        struct node *node = &the.nodes[--the.depth];
        const unsigned among = choices(node);

        if (among != 0) {
            choose(node, among);
            return the.depth + 1;
        }
    }
    return 0;
}

static void count(bool complete)
{
    const unsigned preemptions = the.depth == 0 ? 0 : the.nodes[the.depth - 1].preemptions;

    if (complete)
        the.result->schedules++;
    else
        the.result->abandoned++;
    if (the.result->longest < the.depth)
        the.result->longest = the.depth;
    if (the.result->preemptions_max < preemptions)
        the.result->preemptions_max = preemptions;
}

void explore(const struct exploration *what, struct exploration_result *result)
{
    unsigned kept = 0;

    *result = (struct exploration_result){0};
    the.what = what;
    the.result = result;
    memset(the.readers, 0, sizeof(the.readers));
    memset(the.writers, 0, sizeof(the.writers));
    do {
        the.again = false;
        what->begin();
        count(take_schedule(kept));
        result->violation = the.violation;
        if (the.violation != NULL)
            break;
        if (the.again) {
            /* What has been left out so far may have mattered. */
            *result =
                (struct exploration_result){.shared = result->shared, .violation = the.violation};
            kept = 0;
        } else {
            kept = next_prefix();
        }
    } while (kept != 0 || the.again);
}

void explorer_print(FILE *to, void (*print_op)(FILE *to, const struct op *op))
{
    for (unsigned i = 0; i < the.depth; i++) {
        const struct node *node = &the.nodes[i];

        (void)fprintf(to, "  %3u  CPU %u%s  ", i, node->agent % EXPLORER_CPUS,
                      node->agent < EXPLORER_CPUS ? "" : "'s store buffer");
        print_op(to, op_of(node));
        (void)fputc('\n', to);
    }
}
