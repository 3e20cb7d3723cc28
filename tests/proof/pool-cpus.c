/* SPDX-License-Identifier: MIT */
/*
 * The directory of CPUs, by induction (pool-any.h), moves among them; plan.c may say anything of
 * which page is better.
 */
#define PROOF_COPIES
#define PROOF_DIRECTORY
#define PROOF_GROWTH
#define PROOF_SLOT
#include "pool-contracts.h"

#include "cgdt/move.h"
#include "plan.h"

/* Which page a CPU should move to is no matter of safety. */
bool cgdt_plan_gives_up_(const struct cgdt_pool *its, const struct group *group, uint32_t page,
                         uint32_t *better)
{
    (void)its, (void)group;
    *better = any_below(PAGES);
    return *better != page && serves(*better) && any_bool();
}

bool cgdt_plan_is_about_(const struct cgdt_pool *its, const struct group *group, uint32_t page)
{
    (void)its, (void)group, (void)page;
    return any_bool();
}

void a_cpu_comes_online_on_a_slot_of_its_own_or_nothing_changes(void)
{
    const uint32_t cpu = any_u32();
    const uint32_t other = any_below(SLOTS);
    cgdt_slot_t got = any_u32();

    any_pool();
    const int error = cgdt_cpu_online(&pool, cpu, &got);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM((cpu < SLOTS) != (error == -CGDT_EINVAL && !failed), "a CPU of the pool");
    CLAIM(error != 0 || (was.directory[cpu] == 0 && directory[cpu] == got && got != CGDT_NO_SLOT &&
                         is_pinned(cgdt_slot_number(got))),
          "it was offline, and has a slot");
    CLAIM(other == cpu || directory[other] == was.directory[other], "no other CPU's word");
    CLAIM(cpu >= SLOTS || was.directory[cpu] == 0 ||
              error == ((was.directory[cpu] & CGDT_CPU_BUSY_) != 0 ? -CGDT_EBUSY : -CGDT_EEXIST),
          "it is told if it has one");
    CLAIM(error == 0 || error == -CGDT_EINVAL || error == -CGDT_EEXIST || error == -CGDT_EBUSY ||
              error == -CGDT_ENOSPC || is_the_ports(error),
          "a code that is documented");
}

void a_slot_that_was_set_aside_becomes_a_cpus_or_nothing_changes(void)
{
    const uint32_t cpu = any_u32();
    const uint32_t slot = any_below(SLOTS);
    const cgdt_slot_t handle = any_u32();

    any_pool();
    const bool good = is_owned(slot) && !is_pinned(slot) && handle == handle_of(slot);
    const int error = cgdt_cpu_online_at(&pool, cpu, handle);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || directory[cpu] == handle, "the directory names it");
    CLAIM(!good || error != 0 || is_pinned(slot), "it is pinned");
    CLAIM(!good || error == 0 || cpu >= SLOTS || was.directory[cpu] != 0, "an owner's is taken");
    CLAIM(!failed && watched == was.watched, "the port is not asked, nothing is written");
    CLAIM(error == 0 || error == -CGDT_EINVAL || error == -CGDT_EEXIST || error == -CGDT_EBUSY ||
              error == -CGDT_ENOENT || error == -CGDT_ESTALE,
          "a code that is documented");
}

void a_cpu_goes_offline_when_it_has_let_go_or_keeps_its_slot(void)
{
    const uint32_t cpu = any_u32();
    const uint32_t slot = any_below(SLOTS);

    any_pool();
    const bool mine = cpu < SLOTS && is_owned(slot) && directory[cpu] == handle_of(slot);
    const bool others = is_owned(slot) && !mine;
    const int error = cgdt_cpu_offline(&pool, cpu);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || (directory[cpu] == 0 && !stays), "it is offline, and has let go");
    CLAIM(error != 0 || !mine || (is_free(slot) && is_zero(slot)), "its slot is free, and zero");
    CLAIM(!others || slot_is_as_it_was(slot), "no other slot has changed");
    CLAIM(cpu >= SLOTS || was.directory[cpu] != 0 || error == -CGDT_ENOENT, "it has none");
    CLAIM(cpu >= SLOTS || (was.directory[cpu] & CGDT_CPU_BUSY_) == 0 || error == -CGDT_EBUSY,
          "who moves does not go");
    CLAIM(!mine || error == 0 || (failed && error == port_code), "the port's code");
}

void a_move_begins_with_a_whole_copy_or_nothing_changes(void)
{
    const uint32_t cpu = any_u32();
    cgdt_slot_t got = any_u32();
    const cgdt_slot_t before = got;

    any_pool();
    const int error = cgdt_cpu_move_begin(&pool, cpu, 0, NULL, &got);
    const uint32_t to = cgdt_slot_number(got);

    keeps_invariant();
    /* The goal of no move has no meaning. */
    if (error != 0)
        pool.goal = was.pool.goal;
    CLAIM(error == 0 || (nothing_has_changed() && got == before), "nothing has changed");
    CLAIM(error != 0 || (pool.mover == cpu + 1 && pool.goal == got && was.pool.mover == 0 &&
                         directory[cpu] == (was.directory[cpu] | CGDT_CPU_BUSY_)),
          "it is moving, and nobody was");
    CLAIM(error != 0 || (is_pinned(to) && got == handle_of(to) && got != was.directory[cpu]),
          "to another slot, which is pinned");
    CLAIM(error != 0 || is_marked(to) || !is_marked(cgdt_slot_number(was.directory[cpu])),
          "with the mark of the old one");
    CLAIM(error == 0 || error == -CGDT_EINVAL || error == -CGDT_ENOENT || error == -CGDT_EBUSY ||
              error == -CGDT_EAGAIN || is_the_ports(error),
          "a code that is documented");
}

void a_move_ends_on_one_slot_or_goes_on(void)
{
    const uint32_t cpu = any_u32();
    const bool back = any_bool();

    any_pool();
    const cgdt_slot_t goal = pool.goal;
    const bool moves = cpu < SLOTS && pool.mover == cpu + 1;
    const cgdt_slot_t old = moves ? directory[cpu] & ~CGDT_CPU_BUSY_ : 0;
    const int error = back ? cgdt_cpu_move_abort(&pool, cpu) : cgdt_cpu_move_end(&pool, cpu);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || (moves && pool.mover == 0), "who moves moves no more");
    CLAIM(error != 0 || directory[cpu] == (back ? old : goal), "the directory names the one");
    CLAIM(error != 0 || (is_free(cgdt_slot_number(back ? goal : old)) &&
                         is_zero(cgdt_slot_number(back ? goal : old))),
          "the other is free, and zero");
    CLAIM(!moves || error == 0 || (failed && error == port_code), "the port's code");
    CLAIM(moves || error == (cpu < SLOTS ? -CGDT_ENOENT : -CGDT_EINVAL), "nobody else ends it");
}
