/* SPDX-License-Identifier: MIT */
/*
 * The sequential model. (The search for an order: order.c.)
 *
 * Which answers the model allows where cgdt.h leaves a choice:
 *
 *   alloc    any free slots: that they are the lowest is what one CPU alone sees, and no promise
 *            among several. -CGDT_ENOSPC only if fewer than n are free; one that is being freed is
 *            not yet.
 *   free     two steps within the call (for each slot of a bulk): the slot is nobody's, then it is
 *            free. Between them another free of the same handle is told -CGDT_ESTALE ("being freed
 *            by another CPU"), and an alloc does not get the slot. A bulk that fails is one step:
 *            what it is told is true of one of its handles.
 *   offline  two steps likewise: the slot is free, then the CPU has none ("during offline it still
 *            has it").
 *   trim     as many steps as pages go, each at an instant of its own within the call: a page may
 *            go only while all of its slots are free. A trim may always leave a page.
 *   reserve  0 always (whether it keeps its promise is looked at when all is quiet: run.c);
 *            -CGDT_ENOSPC only if the pool has fewer than n slots.
 *   near     as alloc; where pages suffice, also: one of near[] is owned and on the slot's page, or
 *            no slot of that page is taken.
 *   any      the code of a port operation that was refused, and then nothing has changed.
 *   cache    an alloc takes a slot out of the CPU's cache, or free ones, of which others come into
 *            the cache at the same instant; -CGDT_ENOSPC only if neither is there. A free makes the
 *            slot the cache's in one step. What leaves a cache meanwhile, or by a flush, is free,
 *            each slot at an instant of its own within the call.
 *   look     whatever it sees; calls.c says when that is a mixture.
 *   move     a free slot, with what is in the CPU's own, is its other one from then on. At the end
 *            three steps: the CPU has that slot in place of its own, which is its other one now;
 *            that one is nobody's; it is free. Back: the last two. -CGDT_EAGAIN always: whether a
 *            CPU had to move is said elsewhere (unit-crowded).
 *   frames   as read; that the list's pages are there, and stay: run.c, world.c.
 *   -EBUSY   the directory's "another CPU is at it": no instant explains it, since it speaks of a
 *            call that is under way. Whoever checks a history sees to it that there is such a call:
 *            run.c.
 */
#include "history.h"

#include <string.h>

static uint32_t free_slots(const struct model *model)
{
    uint32_t n = 0;

    for (uint32_t slot = 0; slot < model->slots; slot++)
        n += model->owner[slot] == CGDT_NO_SLOT ? 1u : 0u;
    return n;
}

/* What the slot's next owner is given. */
static cgdt_slot_t next_handle(const struct model *model, uint32_t number)
{
    return (number + 1) | (uint32_t)model->generation[number] << CGDT_SLOT_GENERATION_SHIFT;
}

static bool take(struct model *model, cgdt_slot_t handle)
{
    const uint32_t number = cgdt_slot_number(handle);

    if (number >= model->slots || model->owner[number] != CGDT_NO_SLOT ||
        handle != next_handle(model, number))
        return false;
    model->owner[number] = handle;
    model->value[number] = 0;
    return true;
}

static bool alloc(struct model *model, const struct record *record)
{
    const uint32_t n = record->call.kind == CALL_ALLOC ? record->call.n : 1;

    if (record->result == -CGDT_ENOSPC)
        return free_slots(model) < n;
    for (uint32_t i = 0; i < n && record->result == 0; i++) {
        if (!take(model, record->slot[i]))
            return false;
    }
    return record->result == 0;
}

static bool cache_is_empty(const struct model *model, unsigned cpu)
{
    for (uint32_t slot = 0; slot < model->slots; slot++) {
        if (model->owner[slot] == CACHED(cpu))
            return false;
    }
    return true;
}

/* A slot leaves the CPU's cache. False: it was not in it, or has another handle. */
static bool uncache(struct model *model, unsigned cpu, cgdt_slot_t handle)
{
    const uint32_t number = cgdt_slot_number(handle);

    if (number >= model->slots || model->owner[number] != CACHED(cpu) ||
        handle != next_handle(model, number))
        return false;
    model->owner[number] = CGDT_NO_SLOT;
    return true;
}

static bool cache_alloc(struct model *model, const struct record *record)
{
    if (record->result == -CGDT_ENOSPC)
        return free_slots(model) == 0 && cache_is_empty(model, record->cpu);
    for (unsigned i = 1; i < MAX_BULK && record->slot[i] != CGDT_NO_SLOT; i++) {
        if (!take(model, record->slot[i]))
            return false;
        model->owner[cgdt_slot_number(record->slot[i])] = CACHED(record->cpu);
    }
    (void)uncache(model, record->cpu, record->slot[0]);
    return record->result == 0 && take(model, record->slot[0]);
}

/* Whether all slots of a page are free: then it may not even be there. */
static bool page_is_free(const struct model *model, uint32_t page)
{
    for (uint32_t i = 0; i < model->page_slots; i++) {
        const uint32_t slot = page * model->page_slots + i;

        if (slot < model->slots && model->owner[slot] != CGDT_NO_SLOT)
            return false;
    }
    return true;
}

/* Whether the slot that was given is on a page where it belongs, `near` being its neighbour. */
static bool belongs(const struct model *model, const struct record *record, cgdt_slot_t near)
{
    const uint32_t number = cgdt_slot_number(near);
    const uint32_t page = cgdt_slot_number(record->slot[0]) / model->page_slots;

    if (record->result != 0 || model->shares || page_is_free(model, page))
        return true;
    return number < model->slots && model->owner[number] == near &&
           number / model->page_slots == page;
}

/*
 * Whether the answer is what a handle deserves: 0 if it is its owner's, else the code that says why
 * not.
 */
static bool owner_check(const struct model *model, const struct record *record)
{
    const uint32_t number = cgdt_slot_number(record->slot[0]);

    if (number >= model->slots)
        return record->result == -CGDT_ENOENT;
    if (model->owner[number] == record->slot[0])
        return record->result == 0;
    const bool is_next = record->slot[0] == next_handle(model, number);
    return record->result == (is_next ? -CGDT_ENOENT : -CGDT_ESTALE);
}

/* Whether a CPU of the directory owns the handle's slot, so that only its offline frees it. */
static bool has_cpu(const struct model *model, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    for (uint32_t cpu = 0; cpu < model->slots; cpu++) {
        if (model->cpu[cpu] == slot && number < model->slots && model->owner[number] == slot)
            return true;
    }
    return model->mover != 0 && slot == model->other && model->owner[number] == slot;
}

static bool give(struct model *model, const struct record *record)
{
    const uint32_t number = cgdt_slot_number(record->slot[0]);

    if (record->call.kind != CALL_OFFLINE && record->result == 0 && has_cpu(model, record->slot[0]))
        return false;

    for (unsigned i = 0; record->call.n > 1 && record->result < 0; i++) {
        struct record one =
            *record; /* of a bulk that failed: one of them at least was not its owner's */

        if (i == record->call.n)
            return false;
        one.slot[0] = record->slot[i];
        if (owner_check(model, &one))
            return true;
    }
    if (!owner_check(model, record))
        return false;
    if (record->result == 0) {
        model->owner[number] = RELEASING;
        model->generation[number]++; /* 64 are more than a schedule has frees */
    }
    return true;
}

static bool cache_free(struct model *model, const struct record *record)
{
    if (!give(model, record))
        return false;
    if (record->result == 0)
        model->owner[cgdt_slot_number(record->slot[0])] = CACHED(record->cpu);
    return true;
}

/* The second step of a free. */
static bool given(struct model *model, const struct record *record)
{
    const uint32_t number = cgdt_slot_number(record->slot[0]);

    if (model->owner[number] != RELEASING)
        return false;
    model->owner[number] = CGDT_NO_SLOT;
    return true;
}

static bool content(struct model *model, const struct record *record)
{
    const uint32_t number = cgdt_slot_number(record->slot[0]);

    if (!owner_check(model, record))
        return false;
    if (record->result == 0 && record->call.kind == CALL_WRITE)
        model->value[number] = record->call.n;
    return record->result != 0 || record->call.kind != CALL_READ ||
           model->value[number] == record->value;
}

static bool online(struct model *model, const struct record *record)
{
    if (record->result == -CGDT_EEXIST)
        return model->cpu[record->call.n] != CGDT_NO_SLOT;
    if (model->cpu[record->call.n] != CGDT_NO_SLOT || !alloc(model, record))
        return false;
    model->cpu[record->call.n] = record->slot[0];
    return true;
}

/* What a slot has that came with it. */
static bool comes_with(struct model *model, const struct record *record)
{
    if (record->result == 0)
        model->value[cgdt_slot_number(record->slot[0])] = record->call.near;
    return true;
}

static bool online_near(struct model *model, const struct record *record)
{
    const uint8_t near = record->call.near;

    return belongs(model, record, near != 0 ? model->cpu[near - 1] : CGDT_NO_SLOT) &&
           online(model, record);
}

static bool online_at(struct model *model, const struct record *record)
{
    if (record->result == -CGDT_EEXIST)
        return model->cpu[record->call.n] != CGDT_NO_SLOT;
    if (model->cpu[record->call.n] != CGDT_NO_SLOT || !owner_check(model, record))
        return false;
    if (record->result == 0) {
        if (has_cpu(model, record->slot[0]))
            return false;
        model->cpu[record->call.n] = record->slot[0];
    }
    return true;
}

static bool offline(struct model *model, const struct record *record)
{
    struct record its = *record;

    its.slot[0] = model->cpu[record->call.n];
    if (its.slot[0] == CGDT_NO_SLOT)
        return record->result == -CGDT_ENOENT;
    return record->result == 0 && model->mover != record->call.n + 1u && give(model, &its) &&
           given(model, &its);
}

static bool move(struct model *model, const struct record *record)
{
    const cgdt_slot_t its = model->cpu[record->call.n];

    if (its == CGDT_NO_SLOT || record->result == -CGDT_ENOENT)
        return its == CGDT_NO_SLOT && record->result == -CGDT_ENOENT;
    if (record->result == -CGDT_EAGAIN)
        return model->mover == 0;
    if (record->result != 0 || model->mover != 0 || model->owner[cgdt_slot_number(its)] != its ||
        !take(model, record->slot[0]))
        return false;
    model->value[cgdt_slot_number(record->slot[0])] = model->value[cgdt_slot_number(its)];
    model->mover = record->call.n + 1u;
    model->other = record->slot[0];
    return true;
}

static bool end_move(struct model *model, const struct record *record)
{
    const cgdt_slot_t its = model->cpu[record->call.n];

    if (record->result == -CGDT_ENOENT)
        return model->mover != record->call.n + 1u;
    if (record->result != 0 || model->mover != record->call.n + 1u || model->ending)
        return false;
    model->ending = true;
    if (its == CGDT_NO_SLOT) /* an order that is tried, and leads nowhere */
        return false;
    if (record->call.kind == CALL_MOVE_END) {
        model->cpu[record->call.n] = model->other;
        model->other = its;
    }
    return true;
}

static bool let_go(struct model *model)
{
    const uint32_t number = cgdt_slot_number(model->other);

    if (!model->ending || model->owner[number] != model->other)
        return false;
    model->owner[number] = RELEASING;
    model->generation[number]++;
    return true;
}

static bool moved(struct model *model)
{
    const uint32_t number = cgdt_slot_number(model->other);

    if (!model->ending || model->owner[number] != RELEASING)
        return false;
    model->owner[number] = CGDT_NO_SLOT;
    model->other = CGDT_NO_SLOT;
    model->mover = 0;
    model->ending = false;
    return true;
}

bool model_allows(struct model *model, const struct record *record)
{
    const cgdt_slot_t its = model->cpu[record->call.n];

    /* The port refused something: nothing has changed. */
    if (record->result == WORLD_REFUSED)
        return world_has_refused();
    if (record->result == -CGDT_EBUSY &&
        (record->call.kind == CALL_FREE || record->call.kind == CALL_CACHE_FREE))
        return has_cpu(model, record->slot[0]);
    if (record->result == -CGDT_EBUSY)
        return record->call.kind == CALL_ONLINE || record->call.kind == CALL_ONLINE_NEAR ||
               record->call.kind == CALL_ONLINE_WITH || record->call.kind == CALL_OFFLINE ||
               record->call.kind == CALL_CPU_SLOT || record->call.kind == CALL_ONLINE_AT ||
               record->call.kind == CALL_MOVE || record->call.kind == CALL_MOVE_END ||
               record->call.kind == CALL_MOVE_BACK;
    switch (record->call.kind) {
    case CALL_ALLOC_NOWAIT: /* whether it may find none: supply.h */
        return record->result == -CGDT_EAGAIN || alloc(model, record);
    case CALL_ALLOC:
        return alloc(model, record);
    case CALL_CACHE_ALLOC:
        return cache_alloc(model, record);
    case CALL_CACHE_FREE:
        return cache_free(model, record);
    case CALL_CACHE_FLUSH:
        return record->result == 0;
    case STEP_UNCACHED:
        return uncache(model, record->cpu, record->slot[0]);
    case CALL_ALLOC_NEAR:
        return belongs(model, record, record->near) && alloc(model, record);
    case CALL_ALLOC_WITH:
        return alloc(model, record) && comes_with(model, record);
    case CALL_ONLINE_WITH:
        return online(model, record) && comes_with(model, record);
    case CALL_FREE:
        return give(model, record);
    case STEP_FREED:
        return given(model, record);
    case STEP_LEFT:
        return page_is_free(model, record->call.n);
    case CALL_TRIM:
    case CALL_LOOK:
        return record->result >= 0;
    case CALL_RESERVE:
        return record->result == 0 ||
               (record->result == -CGDT_ENOSPC && model->slots < record->call.n);
    case CALL_ONLINE:
        return online(model, record);
    case CALL_ONLINE_NEAR:
        return online_near(model, record);
    case CALL_ONLINE_AT:
        return online_at(model, record);
    case CALL_OFFLINE:
        return offline(model, record);
    case STEP_OFF:
        model->cpu[record->call.n] = CGDT_NO_SLOT;
        return its != CGDT_NO_SLOT;
    case CALL_CPU_SLOT:
        return its == CGDT_NO_SLOT ? record->result == -CGDT_ENOENT
                                   : record->result == 0 && record->slot[0] == its;
    case CALL_MOVE:
        return move(model, record);
    case CALL_MOVE_END:
    case CALL_MOVE_BACK:
        return end_move(model, record);
    case STEP_LETS_GO:
        return let_go(model);
    case STEP_MOVED:
        return moved(model);
    case CALL_FRAMES:
    case CALL_WRITE:
    case CALL_READ:
        return content(model, record);
    }
    return false;
}
