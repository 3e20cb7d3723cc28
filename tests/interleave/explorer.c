/* SPDX-License-Identifier: MIT */
/* The search of explorer.h. */
#include "explorer.h"
#include "coroutine.h"

#include <string.h>

#define MAX_POINTS  4096u
#define STACK_BYTES (64u * 1024u)

/* A state of a schedule, the choice made there, and what remains to be chosen. */
struct node {
    struct op pending[EXPLORER_CPUS]; /* what each CPU would do next */
    uint8_t enabled;                  /* CPUs that can go on: a bit each */
    uint8_t wanted;                   /* choices that must be tried here */
    uint8_t tried;
    uint8_t sleeping; /* whatever they would do next leads to nothing new */
    uint8_t cpu;      /* the choice, and who was chosen before it */
    uint8_t previous;
    uint16_t preemptions; /* up to and including the choice */
    uint16_t
        clock[EXPLORER_CPUS]; /* the last points of each CPU that happened before this choice's */
};

struct cpu {
    void *stack_top;
    struct op next;
    bool finished;
    bool fresh; /* its call has begun, but done nothing yet */
    uint16_t clock[EXPLORER_CPUS];
};

static struct {
    const struct exploration *what;
    struct exploration_result *result;
    struct node nodes[MAX_POINTS];
    unsigned depth; /* nodes whose choice has been made in this schedule */
    struct cpu cpu[EXPLORER_CPUS];
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
    stop_here();
}

static bool is_shared(uint32_t place)
{
    const uint8_t writers = the.writers[place];
    const uint8_t all = the.readers[place] | writers;

    return writers != 0 && (all & (all - 1)) != 0;
}

void explorer_access(bool write, uint32_t place)
{
    uint8_t *mask = write ? &the.writers[place] : &the.readers[place];
    const bool before = is_shared(place);

    *mask |= (uint8_t)(1u << the.running);
    if (is_shared(place) && !before) {
        the.again = true;
        the.result->shared++;
    }
    if (before)
        point(write ? OP_WRITE : OP_READ, place);
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

unsigned explorer_call_returns(void)
{
    if (reducing())
        point(OP_RETURN, 0);
    the.cpu[the.running].fresh = false;
    return ++the.time;
}

static void entry(void)
{
    the.what->body(the.running);
    the.cpu[the.running].finished = true;
    for (;;)
        stop_here();
}

/* Let a CPU do what it has announced, and whatever follows up to its next point. */
static void step(unsigned cpu)
{
    the.running = cpu;
    coroutine_switch(&the.own_stack, the.cpu[cpu].stack_top);
    the.running = NO_CPU;
}

static bool is_call_edge(const struct op *op)
{
    return op->kind == OP_CALL || op->kind == OP_RETURN;
}

static bool dependent(const struct op *a, const struct op *b)
{
    if (is_call_edge(a) || is_call_edge(b))
        return is_call_edge(a) && is_call_edge(b) && a->kind != b->kind;
    return a->place == b->place && (a->kind != OP_READ || b->kind != OP_READ);
}

/* Whether there can be a state in which both are possible. */
static bool may_be_coenabled(const struct op *a, const struct op *b)
{
    return a->kind != OP_UNLOCK && b->kind != OP_UNLOCK;
}

static const struct op *op_of(const struct node *node)
{
    return &node->pending[node->cpu];
}

static void join(uint16_t *clock, const uint16_t *other)
{
    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++) {
        if (clock[cpu] < other[cpu])
            clock[cpu] = other[cpu];
    }
}

/*
 * What happened before the choice that was made at this depth; `known` if the last schedule made it
 * too.
 */
static void set_clock(unsigned depth, bool known)
{
    struct node *node = &the.nodes[depth];
    uint16_t *clock = the.cpu[node->cpu].clock;

    if (known) {
        memcpy(clock, node->clock, sizeof(node->clock));
        return;
    }
    for (unsigned i = depth; i-- > 0;) {
        const struct node *earlier = &the.nodes[i];

        if (clock[earlier->cpu] <= i && dependent(op_of(earlier), op_of(node)))
            join(clock, earlier->clock);
    }
    clock[node->cpu] = (uint16_t)(depth + 1);
    memcpy(node->clock, clock, sizeof(node->clock));
}

/*
 * The last point that `cpu`, with what it would do next, could have come before: there it must be
 * tried, or, if it was not able to go on there, everything else. Points before `from` have been
 * looked at before.
 */
static void want_reversal(unsigned cpu, const struct op *next, unsigned from)
{
    for (unsigned i = the.depth; i-- > from;) {
        struct node *node = &the.nodes[i];

        if (node->cpu == cpu || the.cpu[cpu].clock[node->cpu] > i ||
            !dependent(op_of(node), next) || !may_be_coenabled(op_of(node), next))
            continue;
        if ((node->enabled >> cpu & 1u) != 0)
            node->wanted |= (uint8_t)(1u << cpu);
        else
            node->wanted |= node->enabled;
        return;
    }
}

/* Preemptions up to here, if this choice is made. */
static unsigned preemptions_with(const struct node *node, unsigned cpu)
{
    const unsigned before = the.depth == 0 ? 0 : node[-1].preemptions;
    const unsigned previous = node->previous;
    const bool preempts = previous != NO_CPU && previous != cpu &&
                          (node->enabled >> previous & 1u) != 0 &&
                          !is_call_edge(&node->pending[previous]);

    return before + (preempts ? 1 : 0);
}

/* What must be tried in a state, as far as it can be known there. */
static void set_wishes(struct node *node)
{
    const struct node *before = the.depth == 0 ? NULL : node - 1;

    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        const struct op *next = &node->pending[cpu];
        const unsigned bit = 1u << cpu;

        if (the.cpu[cpu].finished)
            continue;
        if (!reducing()) {
            if ((node->enabled & bit) != 0 && preemptions_with(node, cpu) <= the.what->bound)
                node->wanted |= (uint8_t)bit;
            continue;
        }
        if (before == NULL)
            continue;
        want_reversal(cpu, next, cpu == before->cpu ? 0 : the.depth - 1);
        if (cpu != before->cpu && ((before->sleeping | before->tried) & bit) != 0 &&
            !dependent(op_of(before), next))
            node->sleeping |= (uint8_t)bit;
    }
}

/* A state that no schedule has been in before. */
static void new_node(struct node *node)
{
    *node = (struct node){.previous = the.depth == 0 ? NO_CPU : node[-1].cpu};
    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        if (the.cpu[cpu].finished)
            continue;
        node->pending[cpu] = the.cpu[cpu].next;
        if (node->pending[cpu].kind != OP_LOCK || the.lock_holder == NO_CPU)
            node->enabled |= (uint8_t)(1u << cpu);
    }
    set_wishes(node);
}

/* The choices that are left in a state; where nothing is asked for yet, any will do. */
static unsigned choices(const struct node *node)
{
    const unsigned possible = node->enabled & ~(unsigned)node->sleeping;

    return node->wanted == 0 ? possible : possible & node->wanted & ~(unsigned)node->tried;
}

/* Make a choice in the state that the schedule is in. Prefers to let the same CPU go on. */
static void choose(struct node *node, unsigned among)
{
    unsigned cpu = node->previous;

    if (cpu == NO_CPU || (among >> cpu & 1u) == 0)
        cpu = (unsigned)__builtin_ctz(among);
    node->cpu = (uint8_t)cpu;
    node->tried |= (uint8_t)(1u << cpu);
    node->wanted |= (uint8_t)(1u << cpu);
    node->preemptions = (uint16_t)preemptions_with(node, cpu);
}

static void start_cpus(void)
{
    the.depth = 0;
    the.time = 0;
    the.lock_holder = NO_CPU;
    the.violation = NULL;
    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        the.cpu[cpu] = (struct cpu){
            .stack_top = coroutine_prepare(the.stack[cpu], sizeof(the.stack[cpu]), entry)};
        step(cpu); /* to its first call */
    }
}

static bool all_finished(void)
{
    for (unsigned cpu = 0; cpu < the.what->cpus; cpu++) {
        if (!the.cpu[cpu].finished)
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
        step(node->cpu);
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

        (void)fprintf(to, "  %3u  CPU %u  ", i, node->cpu);
        print_op(to, op_of(node));
        (void)fputc('\n', to);
    }
}
