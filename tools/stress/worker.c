/* SPDX-License-Identifier: MIT */
/*
 * One thread of the stress: steps drawn at random, each one or a few calls of the library, every
 * answer and every slot verified.
 *
 * All threads go through the same phases (drain, fill, mixed), so that the pool is now full and now
 * empty, and pages really leave and come back.
 */
#define _GNU_SOURCE
#include "state.h"

#define BLOCK_STEPS 256u /* between looks at the clock of phases */
#define BULK_MAX    16u
#define HOT_CPUS    4u /* a quarter of all on- and offlines is about these, so that threads meet */
#define TRIES       1000u /* of giving something back while the port fails, before it recovers */

/* What a phase asks for. */
struct phase {
    uint32_t target;        /* slots that the thread wants to hold */
    uint32_t online_of_256; /* how many of 256 directory calls bring a CPU online */
};

static struct phase phase_of(const struct stress_worker *worker)
{
    const struct stress_run *run = worker->run;
    uint64_t draw = run->params->seed ^ (worker->steps / run->phase_steps + 1) << 20;

    (void)stress_random(&draw);
    switch (stress_random(&draw) >> 40 & 3u) {
    case 0:
        return (struct phase){0, 16};
    case 1:
        return (struct phase){worker->quota, 240};
    case 2:
        return (struct phase){worker->quota / 2, 128};
    default:
        return (struct phase){worker->quota / 16, 64};
    }
}

static uint32_t me(const struct stress_worker *worker)
{
    return worker->id + 1;
}

/* -CGDT_ENOSPC is right only where more slots are wanted than there are. */
static unsigned may_be_full(const struct stress_worker *worker)
{
    return worker->run->params->full ? MAY_NOSPC : 0;
}

/* New descriptors of the owner's own into a slot. On a fault it must be as it was. */
static bool write_own(struct stress_worker *worker, struct holding *holding, uint32_t owner)
{
    cgdt_desc_t own[STRESS_OWN];
    uint32_t counter = ++worker->counter;

    if (counter == 0)
        counter = ++worker->counter;
    stress_own(own, owner, counter);
    stress_call(worker);
    const int error =
        cgdt_write(worker->run->pool, holding->slot, STRESS_TEMPLATE, own, STRESS_OWN);
    if (!stress_judge(worker, "write", error, 0))
        return false;
    if (error < 0)
        return stress_verify(worker, holding, owner, "a slot after a write that failed");
    worker->counts.write++;
    holding->counter = counter;
    return true;
}

/* A slot that the library has just handed out. */
static bool adopt(struct stress_worker *worker, cgdt_slot_t slot)
{
    struct holding *holding = &worker->held[worker->n_held];

    *holding = (struct holding){slot, 0};
    if (!stress_take(worker, slot, me(worker)) ||
        !stress_verify(worker, holding, me(worker), "a new slot"))
        return false;
    worker->n_held++;
    return true;
}

static bool alloc_one(struct stress_worker *worker)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    stress_call(worker);
    const int error = stress_alloc_slot(worker, &slot);
    if (!stress_judge(worker, "alloc", error, may_be_full(worker) | MAY_HIDE))
        return false;
    if (error < 0) {
        worker->counts.full += error == -CGDT_ENOSPC;
        if (slot == CGDT_NO_SLOT)
            return true;
        stress_violation(worker, "alloc failed and gave a slot",
                         &(struct stress_place){slot, STRESS_NO_ENTRY, 0, 0});
        return false;
    }
    worker->counts.alloc++;
    return adopt(worker, slot);
}

/* Slots that a failed bulk leaves: only those that the port refused even to clean. */
static bool adopt_leftovers(struct stress_worker *worker, uint32_t n, const cgdt_slot_t *slots)
{
    const uint32_t live_writes = worker->faults >> FAULT_LIVE_WRITE & 1u;
    const uint32_t n_faults = worker->n_faults;

    for (uint32_t i = 0; i < n; i++) {
        if (slots[i] == CGDT_NO_SLOT)
            continue;
        if (live_writes == 0 || n_faults < 2) {
            stress_violation(worker, "bulk failed and kept a slot that could have been cleaned",
                             &(struct stress_place){slots[i], STRESS_NO_ENTRY, 0, 0});
            return false;
        }
        if (!adopt(worker, slots[i]))
            return false;
    }
    return true;
}

static bool alloc_bulk(struct stress_worker *worker, uint32_t n)
{
    cgdt_slot_t slots[BULK_MAX];

    stress_call(worker);
    const int error = cgdt_alloc_bulk(worker->run->pool, n, slots);
    if (!stress_judge(worker, "bulk", error, may_be_full(worker) | MAY_HIDE))
        return false;
    if (error < 0) {
        worker->counts.full += error == -CGDT_ENOSPC;
        return adopt_leftovers(worker, n, slots);
    }
    worker->counts.bulk += n;
    for (uint32_t i = 0; i < n; i++) {
        if (!adopt(worker, slots[i]))
            return false;
    }
    return true;
}

/* Free one of the thread's own slots. After a fault it is still the thread's, and as it was. */
static bool free_one(struct stress_worker *worker, uint32_t which)
{
    struct holding *holding = &worker->held[which];

    if (!stress_verify(worker, holding, me(worker), "a slot before free") ||
        !stress_drop(worker, holding->slot, me(worker)))
        return false;
    stress_call(worker);
    const int error = stress_free_slot(worker, holding->slot);
    if (!stress_judge(worker, "free", error, 0))
        return false;
    if (error < 0)
        return stress_take(worker, holding->slot, me(worker)) &&
               stress_verify(worker, holding, me(worker), "a slot after a free that failed");
    worker->counts.free++;
    *holding = worker->held[--worker->n_held];
    return true;
}

/*
 * Free the n slots that the thread took last. Those that the port would not zero stay, as they
 * were.
 */
static bool free_bulk(struct stress_worker *worker, uint32_t n)
{
    const struct holding *first = &worker->held[worker->n_held - n];
    cgdt_slot_t slots[BULK_MAX];

    for (uint32_t i = 0; i < n; i++) {
        slots[i] = first[i].slot;
        if (!stress_verify(worker, &first[i], me(worker), "a slot before a bulk free") ||
            !stress_drop(worker, first[i].slot, me(worker)))
            return false;
    }
    stress_call(worker);
    const int error = cgdt_free_bulk(worker->run->pool, n, slots);
    if (!stress_judge(worker, "bulk free", error, 0))
        return false;
    worker->n_held -= n;
    for (uint32_t i = 0; i < n; i++) {
        const struct holding holding = first[i];

        if (slots[i] == CGDT_NO_SLOT) {
            worker->counts.free++;
            continue;
        }
        if (error >= 0 || slots[i] != holding.slot) {
            stress_violation(worker, "bulk free left what it had freed",
                             &(struct stress_place){slots[i], STRESS_NO_ENTRY, 0, 0});
            return false;
        }
        if (!stress_take(worker, holding.slot, me(worker)) ||
            !stress_verify(worker, &holding, me(worker), "a slot after a bulk free that failed"))
            return false;
        worker->held[worker->n_held++] = holding;
    }
    return true;
}

static bool step_anonymous(struct stress_worker *worker, uint32_t draw, uint32_t target)
{
    if (worker->n_held < target) {
        const uint32_t room = worker->quota - worker->n_held;
        const uint32_t n = 2 + (draw >> 3 & 15u);

        if ((draw & 7u) == 0 && room >= 2)
            return alloc_bulk(worker, n > BULK_MAX || n > room ? 2 : n);
        return alloc_one(worker);
    }
    if (worker->n_held == 0)
        return true;
    const uint32_t n = 2 + (draw >> 3 & 15u);
    if ((draw & 7u) == 0 && n <= BULK_MAX && n <= worker->n_held)
        return free_bulk(worker, n);
    return free_one(worker, (uint32_t)((uint64_t)draw * worker->n_held >> 32));
}

/* The CPUs, which all threads share. */

static uint32_t draw_cpu(const struct stress_worker *worker, uint32_t draw)
{
    const uint32_t all = worker->run->n_cpus;
    const uint32_t range = (draw & 3u) == 0 && all > HOT_CPUS ? HOT_CPUS : all;

    return (uint32_t)((uint64_t)draw * range >> 32);
}

/* Whoever has brought a CPU online prepares it, then lets the others have it. */
static bool prepare_cpu(struct stress_worker *worker, uint32_t number, cgdt_slot_t slot)
{
    struct stress_cpu *cpu = &worker->run->cpus[number];
    struct holding holding = {slot, 0};
    const uint32_t was =
        atomic_exchange_explicit(&cpu->word, slot | STRESS_HELD, memory_order_relaxed);

    if (was != 0) {
        stress_violation(worker, "two threads brought one CPU online",
                         &(struct stress_place){slot, STRESS_NO_ENTRY, 0, was});
        return false;
    }
    if (!stress_take(worker, slot, STRESS_OF_CPU | number) ||
        !stress_verify(worker, &holding, STRESS_OF_CPU | number, "a CPU's new slot") ||
        !write_own(worker, &holding, STRESS_OF_CPU | number))
        return false;
    cpu->counter = holding.counter;
    atomic_store_explicit(&cpu->word, slot, memory_order_release);
    return true;
}

/* With one thread nobody interferes: the answer is known beforehand. */
static unsigned may_lose(const struct stress_worker *worker, uint32_t word, unsigned if_set,
                         unsigned if_clear)
{
    if (worker->run->params->threads > 1)
        return MAY_BUSY | if_set | if_clear;
    return word != 0 ? if_set : if_clear;
}

static bool bring_online(struct stress_worker *worker, uint32_t number)
{
    const uint32_t word =
        atomic_load_explicit(&worker->run->cpus[number].word, memory_order_relaxed);
    cgdt_slot_t slot = CGDT_NO_SLOT;

    stress_call(worker);
    const int error = cgdt_cpu_online(worker->run->pool, number, &slot);
    if (!stress_judge(worker, "online", error,
                      may_lose(worker, word, MAY_EXIST, 0) | may_be_full(worker) | MAY_HIDE))
        return false;
    if (error == 0) {
        worker->counts.online++;
        return prepare_cpu(worker, number, slot);
    }
    worker->counts.full += error == -CGDT_ENOSPC;
    worker->counts.lost += error == -CGDT_EEXIST || error == -CGDT_EBUSY;
    return true;
}

static bool take_offline(struct stress_worker *worker, uint32_t number)
{
    struct stress_cpu *cpu = &worker->run->cpus[number];
    const uint32_t word = atomic_load_explicit(&cpu->word, memory_order_relaxed);

    stress_call(worker);
    worker->quiesced = 0;
    const int error = cgdt_cpu_offline(worker->run->pool, number);
    if (!stress_judge(worker, "offline", error,
                      may_lose(worker, word, 0, MAY_NOENT) |
                          (worker->run->params->threads > 1 ? MAY_KEEP : 0)))
        return false;
    worker->counts.offline += error == 0;
    worker->counts.lost += error == -CGDT_ENOENT || error == -CGDT_EBUSY;
    worker->counts.kept += error == -STRESS_NOT_LET_GO;
    if (error == 0 || worker->quiesced == 0)
        return true;
    /* It had let go, then its slot could not be freed: it goes on with it. */
    const struct holding holding = {worker->quiesced, cpu->counter};
    if (!stress_take(worker, holding.slot, STRESS_OF_CPU | number) ||
        !stress_verify(worker, &holding, STRESS_OF_CPU | number, "a CPU's slot that stays"))
        return false;
    atomic_store_explicit(&cpu->word, holding.slot, memory_order_release);
    return true;
}

/* What is done with a slot of either kind. */

typedef bool use_fn(struct stress_worker *worker, struct holding *holding, uint32_t owner);

static bool use_read(struct stress_worker *worker, struct holding *holding, uint32_t owner)
{
    return stress_read_own(worker, holding, owner);
}

static bool use_frames(struct stress_worker *worker, struct holding *holding, uint32_t owner)
{
    return stress_ask_frames(worker, holding, owner);
}

static bool use_stale(struct stress_worker *worker, struct holding *holding, uint32_t owner)
{
    return stress_show_stale(worker, holding, owner);
}

/* One CPU, if it is there and nobody else has it; meanwhile it does not let go. */
static bool use_cpu(struct stress_worker *worker, uint32_t number, use_fn *use)
{
    struct stress_cpu *cpu = &worker->run->cpus[number];
    uint32_t word = atomic_load_explicit(&cpu->word, memory_order_relaxed);

    if (word == 0 || (word & STRESS_HELD) != 0 ||
        !atomic_compare_exchange_strong_explicit(&cpu->word, &word, word | STRESS_HELD,
                                                 memory_order_acquire, memory_order_relaxed))
        return true;
    struct holding holding = {word, cpu->counter};
    if (!use(worker, &holding, STRESS_OF_CPU | number))
        return false;
    cpu->counter = holding.counter;
    atomic_store_explicit(&cpu->word, holding.slot, memory_order_release);
    return true;
}

static bool step_use(struct stress_worker *worker, uint32_t draw, use_fn *use)
{
    if ((draw & 4u) != 0 || worker->n_held == 0)
        return use_cpu(worker, draw_cpu(worker, draw), use);
    return use(worker, &worker->held[(uint64_t)draw * worker->n_held >> 32], me(worker));
}

static bool step(struct stress_worker *worker, struct phase phase)
{
    const uint64_t random = stress_random(&worker->random);
    const uint32_t kind = random & 255u;
    const uint32_t draw = (uint32_t)(random >> 32);

    if (kind < 80)
        return worker->quota == 0 || step_anonymous(worker, draw, phase.target);
    if (kind < 140)
        return (random >> 8 & 255u) < phase.online_of_256
                   ? bring_online(worker, draw_cpu(worker, draw))
                   : take_offline(worker, draw_cpu(worker, draw));
    if (kind < 190)
        return step_use(worker, draw, write_own);
    if (kind < 238)
        return step_use(worker, draw, use_read);
    if (kind < 244)
        return step_use(worker, draw, use_frames);
    if (kind < 248)
        return step_use(worker, draw, stress_move);
    if (kind < 254)
        return step_use(worker, draw, use_stale);
    return stress_rare(worker, draw);
}

void stress_steps(struct stress_worker *worker, uint64_t n)
{
    while (n > 0 && !atomic_load_explicit(&worker->run->stop, memory_order_relaxed)) {
        const struct phase phase = phase_of(worker);
        const uint32_t block = n < BLOCK_STEPS ? (uint32_t)n : BLOCK_STEPS;

        for (uint32_t i = 0; i < block; i++) {
            if (!step(worker, phase))
                return;
        }
        worker->steps += block;
        n -= block;
        atomic_store_explicit(&worker->operations, stress_operations(&worker->counts),
                              memory_order_relaxed);
    }
}

/*
 * All threads give back what they hold; the CPUs are shared out. The port may fail for a long
 * while.
 */
void stress_drain(struct stress_worker *worker)
{
    struct stress_run *run = worker->run;
    uint32_t tries = 0;

    while (worker->n_held > 0 && !atomic_load_explicit(&run->stop, memory_order_relaxed)) {
        const uint32_t before = worker->n_held;

        if (!free_one(worker, before - 1))
            return;
        tries = worker->n_held == before ? tries + 1 : 0;
        worker->faults_off = tries > TRIES;
    }
    for (uint32_t cpu = worker->id; cpu < run->n_cpus; cpu += run->params->threads) {
        for (tries = 0; atomic_load_explicit(&run->cpus[cpu].word, memory_order_relaxed) != 0;
             tries++) {
            worker->faults_off = tries > TRIES;
            if (!take_offline(worker, cpu))
                return;
        }
    }
    worker->faults_off = false;
}
