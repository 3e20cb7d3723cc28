/* SPDX-License-Identifier: MIT */
/*
 * The steps of a move, and a look after each: by the table of the old slot until the registers are
 * loaded anew, by that of the new one from then on. A vCPU that has a thread on it is looked at
 * through the thread's eyes, whose segments are in %fs and %gs; its own are saved meanwhile.
 *
 * Whoever moves is alone: vCPU 0 sends the next one when this one has done. So nothing here is for
 * two at a time.
 */

#include "mover.h"

#include "clock.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "sabotage.h"
#include "segment.h"
#include "threads.h"
#include "traps.h"
#include "verify.h"
#include "watch.h"
#include "worker.h"

#define NOBODY UINT32_MAX

struct selectors {
    uint16_t cs;
    uint16_t ss;
    uint16_t ds;
    uint16_t es;
    uint16_t fs;
    uint16_t gs;
};

static const struct args *args;
static struct cgdt_pool *pool;
static struct mover_counts counts;
static uint32_t stuck = NOBODY;              /* a vCPU */
static cgdt_frame_t frames[CGDT_MAX_FRAMES]; /* stacks are small */

void mover_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
}

struct mover_counts mover_counts(void)
{
    return counts;
}

bool mover_is_stuck(uint32_t vcpu)
{
    return __atomic_load_n(&stuck, __ATOMIC_ACQUIRE) == vcpu;
}

void mover_unstick(void)
{
    __atomic_store_n(&stuck, NOBODY, __ATOMIC_RELEASE);
}

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ---- registers ---------------------------------------------------------------------------- */

static struct selectors read_all(void)
{
    return (struct selectors){read_cs(), read_ss(), read_ds(), read_es(), read_fs(), read_gs()};
}

/* Each is tried, whatever became of the others. */
static bool load_all(const struct selectors *all)
{
    return (load_cs(all->cs) | load_ss(all->ss) | load_ds(all->ds) | load_es(all->es) |
            load_fs(all->fs) | load_gs(all->gs)) == 0;
}

/*
 * What set_gdt would leave behind means something else on another table, or nothing: onto Xen's own
 * segments, which are on every table.
 */
static void leave_slot(void)
{
    leave_segments();
    if ((load_ds(FLAT_KERNEL_SS) | load_es(FLAT_KERNEL_SS) | load_fs(0) | load_gs(0)) != 0)
        guest_fatal("Xen's segments, or null", 0);
}

/* A hypercall has put Xen's CS and SS in their place; in a control the slot's may be gone. */
static void enter_slot(const struct cpu *cpu)
{
    if ((load_cs(tables_selector(cpu->place, ENTRY_CODE)) |
         load_ss(tables_selector(cpu->place, ENTRY_DATA))) != 0 &&
        args->control == CONTROL_NONE)
        problem("the slot's CS and SS do not load, of vCPU", cpu->start.vcpu);
}

void mover_settle(struct cpu *cpu)
{
    const uint16_t data = tables_selector(cpu->place, ENTRY_DATA);

    demand("the slot's DS and ES", (int64_t)(load_ds(data) | load_es(data)));
}

void mover_let_go(struct cpu *cpu)
{
    leave_slot();
    worker_let_go(cpu->start.vcpu);
}

static uint16_t rebased(cgdt_slot_t from, cgdt_slot_t to, uint16_t selector)
{
    if (args->control == CONTROL_NO_REBASE)
        return selector;
    return cgdt_rebase(cgdt_pool_layout(pool), from, to, (cgdt_local_t){selector}).selector;
}

static struct selectors all_rebased(cgdt_slot_t from, cgdt_slot_t to, const struct selectors *all)
{
    return (struct selectors){rebased(from, to, all->cs), rebased(from, to, all->ss),
                              rebased(from, to, all->ds), rebased(from, to, all->es),
                              rebased(from, to, all->fs), rebased(from, to, all->gs)};
}

/* ---- looks -------------------------------------------------------------------------------- */

/* By the guest's own arithmetic, where the pages are read. NULL: no page is mapped there. */
static const volatile uint64_t *slot_at(uint32_t place)
{
    const uint64_t *page = watch_view(tables_page(place));

    return page == NULL ? NULL : page + tables_color(place) * args->slot_entries;
}

static uint32_t descriptors_at(uint32_t place)
{
    const volatile uint64_t *slot = slot_at(place);
    uint32_t n = 0;

    for (uint32_t entry = 0; slot != NULL && entry < args->slot_entries; entry++)
        n += slot[entry] != 0;
    return n;
}

static void compare(uint32_t place, uint32_t with)
{
    const volatile uint64_t *a = slot_at(place);
    const volatile uint64_t *b = slot_at(with);

    for (uint32_t entry = 0; entry < args->slot_entries; entry++)
        if (a == NULL || b == NULL || a[entry] != b[entry]) {
            problem("two slots of a vCPU that moves differ in entry", entry);
            return;
        }
}

/* After a hypercall. */
static void look(struct cpu *cpu, struct thread *thread)
{
    uint32_t limit = 0;

    if (thread == NULL) {
        verify_again(cpu, ROUND_MOVING);
        return;
    }
    threads_go_on(thread);
    if (!lsl(tables_selector(cpu->place, ENTRY_NUMBER), &limit) ||
        limit != NUMBER_LIMIT + cpu->start.vcpu)
        problem("the number behind a thread, of vCPU", cpu->start.vcpu);
}

/* Before the next one, on the new table. */
static void look_reloaded(struct cpu *cpu, struct thread *thread, bool loaded)
{
    const struct selectors now = read_all();
    const uint16_t data = tables_selector(cpu->place, ENTRY_DATA);

    if (thread == NULL)
        verify_reloaded(cpu, loaded);
    else
        threads_go_on(thread);
    if (args->control == CONTROL_NONE &&
        (!loaded || now.cs != tables_selector(cpu->place, ENTRY_CODE) || now.ss != data ||
         now.ds != data || now.es != data))
        problem("selectors after the reload, of vCPU", cpu->start.vcpu);
}

static void look_at_directory(const struct cpu *cpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    (void)problem_unless("directory on a vCPU that moves",
                         cgdt_cpu_slot(pool, cpu->start.vcpu, &slot), 0);
    (void)problem_unless("its slot there", slot, cpu->slot);
}

static uint32_t taken(void)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(pool, &stats, sizeof(stats));
    return stats.taken_slots;
}

/* ---- steps -------------------------------------------------------------------------------- */

struct move {
    struct cpu *cpu;
    struct thread *thread; /* NULL: none */
    enum trouble trouble;
    uint32_t descriptors; /* in the slot, when the move began */
    uint32_t hypercalls;  /* of what succeeded */
    cgdt_slot_t goal;
};

/* Hypercalls since `before`, which must be no more than so many descriptors take. */
static uint64_t count(struct move *move, const struct sabotage_calls *before, const char *what)
{
    const struct sabotage_calls now = sabotage_calls();
    const uint64_t calls = now.hypercalls - before->hypercalls;
    const uint64_t descriptors = now.descriptors - before->descriptors;

    (void)problem_unless(what, (int64_t)descriptors, move->descriptors);
    (void)problem_unless(what, (int64_t)calls,
                         (move->descriptors + CGDT_XEN_PV_CHUNK - 1) / CGDT_XEN_PV_CHUNK);
    counts.descriptors += descriptors;
    move->hypercalls += (uint32_t)calls;
    return calls;
}

/* The next hypercall of a live write is refused, and nothing has happened. */
static void refuse(const struct move *move, const char *what, int error)
{
    counts.troubles[move->trouble]++;
    (void)problem_unless(what, error, -XEN_EINVAL);
    look(move->cpu, move->thread);
    look_at_directory(move->cpu);
}

static void begin(struct move *move)
{
    const uint32_t vcpu = move->cpu->start.vcpu;
    const struct sabotage_calls before = sabotage_calls();
    const uint32_t slots = taken();

    demand("cgdt_cpu_move_begin", cgdt_cpu_move_begin(pool, vcpu, 0, NULL, &move->goal));
    counts.copy += count(move, &before, "hypercalls of a copy, and descriptors");
    (void)problem_unless("slots taken by a move", taken() - slots, 1);
    compare(move->cpu->place, tables_place(move->goal));
    if (args->control == CONTROL_EARLY_END)
        demand("an early cgdt_cpu_move_end", cgdt_cpu_move_end(pool, vcpu));
    look(move->cpu, move->thread);
    if (args->control != CONTROL_EARLY_END)
        look_at_directory(move->cpu);
}

static void begin_refused(struct move *move)
{
    const uint32_t slots = taken();

    sabotage_break_write(1);
    refuse(move, "cgdt_cpu_move_begin, refused",
           cgdt_cpu_move_begin(pool, move->cpu->start.vcpu, 0, NULL, &move->goal));
    (void)problem_unless("goal of a move that has not begun", move->goal, CGDT_NO_SLOT);
    (void)problem_unless("slots taken by it", taken(), slots);
}

/* Both steps back to where begin() was called. */
static void go_back(struct move *move)
{
    const uint32_t slots = taken();
    const uint32_t goal = tables_place(move->goal);

    if (move->trouble == TROUBLE_BACK) {
        sabotage_break_write(1);
        refuse(move, "cgdt_cpu_move_abort, refused",
               cgdt_cpu_move_abort(pool, move->cpu->start.vcpu));
        compare(move->cpu->place, goal);
    }
    demand("cgdt_cpu_move_abort", cgdt_cpu_move_abort(pool, move->cpu->start.vcpu));
    (void)problem_unless("descriptors left by a move that was taken back", descriptors_at(goal), 0);
    (void)problem_unless("slots that a move gives back", taken(), slots - 1);
    look(move->cpu, move->thread);
    look_at_directory(move->cpu);
}

/* vCPU 0 sees it, and takes the move back. */
static void get_stuck(const struct move *move)
{
    struct wait wait = clock_begin_wait("nobody takes back the move of a vCPU", stuck);

    counts.troubles[TROUBLE_STUCK]++;
    __atomic_store_n(&stuck, move->cpu->start.vcpu, __ATOMIC_RELEASE);
    while (mover_is_stuck(move->cpu->start.vcpu))
        clock_wait(&wait);
    look(move->cpu, move->thread);
    look_at_directory(move->cpu);
}

/* Into frames[]: how many. */
static uint32_t get_frames(const struct move *move, uint32_t *entries)
{
    uint32_t n = 0;

    demand("cgdt_frames", cgdt_frames(pool, move->goal, frames, &n, entries));
    return n;
}

/* A frame that is mapped writable, among the others: the old list stays in force. */
static void set_gdt_refused(const struct move *move)
{
    struct selectors all;
    uint32_t entries;
    const uint32_t n = get_frames(move, &entries);

    frames[n - 1] = page_mfn(cpus);
    enter_slot(move->cpu);
    all = read_all();
    leave_slot();
    counts.troubles[move->trouble]++;
    (void)problem_unless("set_gdt, refused", xen_set_gdt(frames, entries), -XEN_EINVAL);
    if (!load_all(&all))
        problem("the old table after a set_gdt that was refused, of vCPU", move->cpu->start.vcpu);
}

/* The new frames, and every register anew. */
static void change_tables(struct move *move)
{
    struct cpu *cpu = move->cpu;
    const cgdt_slot_t old = cpu->slot;
    uint32_t entries;

    (void)problem_unless("frames of a new slot", get_frames(move, &entries),
                         tables_frames(tables_place(move->goal)));
    enter_slot(cpu);
    const struct selectors had = read_all();
    leave_slot();
    demand("set_gdt", xen_set_gdt(frames, entries));
    counts.set_gdt++;
    move->hypercalls++;
    cpu->slot = move->goal;
    cpu->place = tables_place(move->goal);
    const struct selectors has = all_rebased(old, move->goal, &had);
    const bool loaded = load_all(&has);
    if (cpu->start.vcpu < MAX_DRIVERS)
        gdtpool_uses(cpu->start.vcpu, frames, entries);
    look_reloaded(cpu, move->thread, loaded);
}

static void end(struct move *move, uint32_t old)
{
    const uint32_t vcpu = move->cpu->start.vcpu;
    const uint32_t slots = taken();

    if (move->trouble == TROUBLE_END) {
        sabotage_break_write(1);
        counts.troubles[TROUBLE_END]++;
        (void)problem_unless("cgdt_cpu_move_end, refused", cgdt_cpu_move_end(pool, vcpu),
                             -XEN_EINVAL);
        look(move->cpu, move->thread);
        compare(old, move->cpu->place);
    }
    const struct sabotage_calls before = sabotage_calls();
    sabotage_skip_zeros(args->control == CONTROL_KEPT_SLOT);
    demand("cgdt_cpu_move_end", cgdt_cpu_move_end(pool, vcpu));
    sabotage_skip_zeros(false);
    if (args->control != CONTROL_KEPT_SLOT)
        counts.zero += count(move, &before, "hypercalls of a zeroing, and descriptors");
    (void)problem_unless("slots that a move frees", taken(), slots - 1);
    (void)problem_unless("descriptors left in the old slot", descriptors_at(old), 0);
    look(move->cpu, move->thread);
    look_at_directory(move->cpu);
}

static void run(struct move *move)
{
    const uint32_t old = move->cpu->place;

    if (move->trouble == TROUBLE_COPY)
        begin_refused(move);
    begin(move);
    if (move->trouble == TROUBLE_SET_GDT || move->trouble == TROUBLE_BACK ||
        move->trouble == TROUBLE_STUCK) {
        if (move->trouble == TROUBLE_SET_GDT)
            set_gdt_refused(move);
        if (move->trouble == TROUBLE_STUCK)
            get_stuck(move);
        else
            go_back(move);
        counts.copy -= move->hypercalls;
        counts.descriptors -= move->descriptors;
        move->hypercalls = 0;
        begin(move);
    }
    change_tables(move);
    if (args->control != CONTROL_EARLY_END)
        end(move, old);
    counts.moves++;
    counts.with_thread += move->thread != NULL;
    if (move->hypercalls > counts.most)
        counts.most = move->hypercalls;
}

/* Who moves inside an exception, and from where. */
static struct move *trapped;
static cgdt_slot_t trapped_on;

static uint16_t other_selector(uint16_t selector)
{
    return rebased(trapped_on, trapped->cpu->slot, selector);
}

/* What returns from the exception loads what the frame has. */
static void run_in_trap(struct trap_frame *frame)
{
    trapped_on = trapped->cpu->slot;
    enter_slot(trapped->cpu); /* a handler begins on Xen's own segments */
    mover_settle(trapped->cpu);
    run(trapped);
    if (args->control != CONTROL_STALE_FRAME)
        frame_change_selectors(frame, other_selector);
}

static void raise_trap(struct move *move)
{
    struct cpu *cpu = move->cpu;
    uintptr_t fault = 0;

    trapped = move;
    traps_on_invalid_opcode(run_in_trap);
    enter_slot(cpu);
    __asm__ volatile("1: ud2\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     :
                     : "memory");
    if (read_cs() != tables_selector(cpu->place, ENTRY_CODE) ||
        read_ss() != tables_selector(cpu->place, ENTRY_DATA))
        problem("CS and SS behind an exception in which it moved, of vCPU", cpu->start.vcpu);
    traps_on_invalid_opcode(NULL);
    counts.in_trap++;
}

void mover_move(struct cpu *cpu, enum trouble trouble, bool with_thread)
{
    struct move move = {.cpu = cpu, .trouble = trouble, .goal = CGDT_NO_SLOT};
    const cgdt_slot_t old = cpu->slot;
    struct selectors saved = read_all(); /* the vCPU's own, while a thread is there */

    if (with_thread)
        move.thread = threads_begin(cpu);
    move.descriptors = descriptors_at(cpu->place);
    if (cpu->stack != NULL &&
        (args->control == CONTROL_NONE || args->control == CONTROL_STALE_FRAME))
        raise_trap(&move);
    else
        run(&move);
    if (move.thread != NULL) {
        threads_finish(cpu, move.thread);
        if (args->control != CONTROL_STALE_SAVED)
            saved = all_rebased(old, cpu->slot, &saved);
        verify_restored(cpu, (load_fs(saved.fs) | load_gs(saved.gs)) == 0);
    }
    xen_yield();
    verify_again(cpu, ROUND_MOVED);
}
