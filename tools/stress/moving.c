/* SPDX-License-Identifier: MIT */
/* One slot to another place, its owner's or a CPU's: begun, looked at, ended or taken back. */
#define _GNU_SOURCE
#include "state.h"

#define TRIES     1000u /* of an end while the port fails, before it recovers */
#define FEW_PAGES 64u   /* a plan looks at all pages: in larger pools it is made less often */

static bool is_cpu(uint32_t owner)
{
    return (owner & STRESS_OF_CPU) != 0;
}

static int begin(struct stress_worker *worker, const struct holding *holding, uint32_t owner,
                 cgdt_slot_t *goal)
{
    struct cgdt_pool *pool = worker->run->pool;

    return is_cpu(owner) ? cgdt_cpu_move_begin(pool, owner & ~STRESS_OF_CPU, 0, NULL, goal)
                         : cgdt_move_begin(pool, holding->slot, 0, NULL, goal);
}

static int end(struct stress_worker *worker, uint32_t owner, bool back, cgdt_slot_t leaves)
{
    struct cgdt_pool *pool = worker->run->pool;

    if (!is_cpu(owner))
        return cgdt_free(pool, leaves);
    return back ? cgdt_cpu_move_abort(pool, owner & ~STRESS_OF_CPU)
                : cgdt_cpu_move_end(pool, owner & ~STRESS_OF_CPU);
}

/* Until the port lets it: both slots are as they were, whenever it does not. */
static bool let_go(struct stress_worker *worker, uint32_t owner, bool back,
                   const struct holding *stays, const struct holding *leaves)
{
    for (uint32_t tries = 0;; tries++) {
        worker->faults_off = tries > TRIES;
        if (!stress_drop(worker, leaves->slot, owner))
            return false;
        stress_call(worker);
        const int error = end(worker, owner, back, leaves->slot);
        worker->faults_off = false;
        if (!stress_judge(worker, back ? "move back" : "move end", error, 0) ||
            !stress_verify(worker, stays, owner, "the slot that stays after a move"))
            return false;
        if (error == 0)
            return true;
        if (!stress_take(worker, leaves->slot, owner) ||
            !stress_verify(worker, leaves, owner, "a slot after an end of a move that failed"))
            return false;
    }
}

bool stress_move(struct stress_worker *worker, struct holding *holding, uint32_t owner)
{
    const uint32_t draw = (uint32_t)(stress_random(&worker->random) >> 32);
    const bool back = (draw & 3u) == 0;
    struct holding goal = {CGDT_NO_SLOT, holding->counter};

    if ((draw >> 2) % (worker->run->n_pages / FEW_PAGES + 1) != 0)
        return true;
    stress_call(worker);
    const int error = begin(worker, holding, owner, &goal.slot);
    if (!stress_judge(worker, "move", error,
                      MAY_AGAIN |
                          (is_cpu(owner) && worker->run->params->threads > 1 ? MAY_BUSY : 0)))
        return false;
    if (error < 0)
        return true;
    if (!stress_take(worker, goal.slot, owner) ||
        !stress_verify(worker, &goal, owner, "a slot that was moved to") ||
        !let_go(worker, owner, back, back ? holding : &goal, back ? &goal : holding))
        return false;
    worker->counts.moved += !back;
    *holding = back ? *holding : goal;
    return true;
}
