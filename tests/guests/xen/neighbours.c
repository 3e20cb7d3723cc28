/* SPDX-License-Identifier: MIT */
/*
 * The kernel of a 64-bit PV guest runs in ring 3 as its processes do, so what the processor allows
 * to one it allows to the other: what is seen here is seen by any process too. That of a 32-bit
 * guest is in ring 1; its processes look for themselves, in i386/processes.c.
 *
 * Two vCPUs look: the first and the last, whose list has all of its window's pages. They ask LSL,
 * LAR, VERR and VERW about every selector there is. What they may find is worked out from the
 * vCPUs' places.
 */

#include "neighbours.h"

#include "clock.h"
#include "console.h"
#include "descriptors.h"
#include "exit.h"
#include "hypercall.h"
#include "problem.h"
#include "segment.h"
#include "traps.h"

#define ALL_ENTRIES 8192u /* that a selector can name */
#define OWN_ENTRIES (ENTRY_EMPTY - ENTRY_FS)
#define VICTIM      2u /* its descriptor is taken away */
#define BORROWER    1u /* while this one has it in %fs */

/* Of whom a vCPU sees descriptors. */
struct view {
    uint32_t own;
    uint32_t common;
    uint32_t page;       /* of others on its page */
    uint32_t window;     /* of others on its window's other pages */
    uint32_t xen;        /* of the hypervisor's */
    uint32_t unexpected; /* seen where nothing should be, or not seen where something is */
    uint32_t readable;   /* VERR, of page and window */
    uint32_t writable;   /* VERW */
    uint32_t loaded;     /* into %fs, of page and window */
    uint32_t own_read;   /* of these, that led to the record of the vCPU whose it is */
    bool cs;             /* a neighbour's code segment was loaded */
    bool ss;
    uint32_t gate_fault; /* what calling through a neighbour's call gate earned */
};

static const struct args *args;
static struct cgdt_pool *pool;
static struct view views[2];

/*
 * 1: the last vCPU looks, 2: has; 3: BORROWER borrows, 4: has; 5: BORROWER looks again, 6: has;
 * 7: a process on the last vCPU looks, 8: has.
 */
static uint32_t turn;
static struct {
    uint16_t before;
    uint16_t after;
} borrowed;

void neighbours_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
}

static void await(uint32_t wanted)
{
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) < wanted)
        xen_yield();
}

static void set_turn(uint32_t now)
{
    __atomic_store_n(&turn, now, __ATOMIC_SEQ_CST);
}

static uint16_t selector_of(uint32_t index)
{
    return (uint16_t)(index << 3 | KERNEL_RING);
}

/* ---- looking ------------------------------------------------------------------------------ */

/* Whose descriptor it is, by the places alone: a vCPU; or one of these. */
#define NOBODYS UINT32_MAX
#define COMMONS (UINT32_MAX - 1)
#define XENS    (UINT32_MAX - 2)

static uint32_t owner_of(const struct cpu *viewer, uint32_t index)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / args->slot_entries;
    const uint32_t heads = args->common ? 1 : 0;
    const uint32_t position = index / CGDT_PAGE_ENTRIES;
    const uint32_t entry = index % args->slot_entries + tables_first();

    if (index >= FIRST_RESERVED_GDT_ENTRY)
        return XENS;
    if (position < heads)
        return index != 0 && index < ENTRY_FS ? COMMONS : NOBODYS;
    if (position - heads > tables_position(viewer->place) || entry == 0 || entry >= ENTRY_EMPTY)
        return NOBODYS;
    const uint32_t page = tables_window(viewer->place) * args->window_pages + (position - heads);
    const uint32_t place = page * colors + index % CGDT_PAGE_ENTRIES / args->slot_entries;
    return place < args->nr ? place : NOBODYS; /* vCPU n is at place n */
}

static bool is_seen(uint16_t selector)
{
    uint32_t unused;
    const bool by_limit = lsl(selector, &unused);
    const bool by_rights = lar(selector, &unused);

    return by_limit || by_rights;
}

static void try_neighbours(struct view *view, uint32_t owner, uint16_t selector)
{
    uint64_t id = 0;

    view->readable += verr(selector);
    view->writable += verw(selector);
    if (load_fs(selector) != 0)
        return;
    view->loaded++;
    if (selector >> 3 != 0 && load_u64(&cpus[owner].fs.id, &id) == 0 && id == (FS_MARK | owner)) {
        uint64_t read = 0;
        view->own_read += read_fs_u64(&read) == 0 && read == id;
    }
}

static void look_at(const struct cpu *viewer, struct view *view, uint32_t index)
{
    const uint32_t owner = owner_of(viewer, index);
    const bool seen = is_seen(selector_of(index));

    if (owner == XENS) {
        view->xen += seen;
        return;
    }
    view->unexpected += seen != (owner != NOBODYS);
    if (!seen || owner == NOBODYS)
        return;
    if (owner == COMMONS) {
        view->common++;
    } else if (owner == viewer->start.vcpu) {
        view->own++;
    } else {
        view->page += tables_page(owner) == tables_page(viewer->place);
        view->window += tables_page(owner) != tables_page(viewer->place);
        try_neighbours(view, owner, selector_of(index));
    }
}

/* Another one on the same page, or the viewer itself where there is none. */
static const struct cpu *neighbour_of(const struct cpu *viewer)
{
    const uint32_t vcpu = viewer->start.vcpu;

    if (vcpu > 0 && tables_page(vcpu - 1) == tables_page(vcpu))
        return &cpus[vcpu - 1];
    if (vcpu + 1 < args->nr && tables_page(vcpu + 1) == tables_page(vcpu))
        return &cpus[vcpu + 1];
    return viewer;
}

static void look(struct cpu *viewer, struct view *view)
{
    const struct cpu *neighbour = neighbour_of(viewer);

    for (uint32_t index = 0; index < ALL_ENTRIES; index++)
        look_at(viewer, view, index);
    /* The gate is the neighbour's first spare entry: see neighbours_run(). */
    view->gate_fault = far_call(tables_selector(neighbour->place, ENTRY_EMPTY));
    view->cs = load_cs(tables_selector(neighbour->place, ENTRY_CODE)) == 0;
    view->ss = load_ss(tables_selector(neighbour->place, ENTRY_DATA)) == 0;
    (void)load_fs(tables_selector(viewer->place, ENTRY_FS));
}

/* ---- borrowing ---------------------------------------------------------------------------- */

static void borrow(const struct cpu *borrower)
{
    if (load_fs(tables_selector(cpus[VICTIM].place, ENTRY_FS)) != 0)
        problem("a neighbour's segment cannot be loaded", VICTIM);
    borrowed.before = read_fs();
    set_turn(4);
    await(5);
    xen_yield();
    borrowed.after = read_fs();
    (void)load_fs(tables_selector(borrower->place, ENTRY_FS));
    set_turn(6);
}

static void write_victim(cgdt_desc_t desc)
{
    const int error = cgdt_write(pool, cpus[VICTIM].slot, ENTRY_FS - tables_first(), &desc, 1);

    if (error != 0)
        guest_fatal("cgdt_write", error);
}

/* What is in a segment register goes away: the one who has it there is hurt, and nobody else. */
static uint32_t take_away(void)
{
    const uint32_t before = traps_failsafe_count();
    const cgdt_desc_t desc = tables_expected(VICTIM, ENTRY_FS);

    set_turn(3);
    await(4);
    xen_yield();
    write_victim(0);
    set_turn(5);
    await(6);
    write_victim(desc);
    return traps_failsafe_count() - before;
}

/* Where processes are in another ring than the kernel. */
static void look_as_process(const struct cpu *viewer)
{
#if KERNEL_RING == 3
    (void)viewer;
#else
    processes_look(viewer, neighbour_of(viewer));
#endif
}

static void look_as_processes(void)
{
#if KERNEL_RING != 3
    processes_prepare(args, pool);
#endif
    look_as_process(&cpus[0]);
    set_turn(7);
    await(8);
}

void neighbours_take_part(struct cpu *cpu)
{
    if (cpu->start.vcpu == args->nr - 1) {
        await(1);
        look(cpu, &views[1]);
        set_turn(2);
        await(7);
        look_as_process(cpu);
        set_turn(8);
    } else if (cpu->start.vcpu == BORROWER && neighbour_of(cpu) != cpu) {
        await(3);
        borrow(cpu);
    }
}

/* ---- verdict ------------------------------------------------------------------------------ */

/* In the spare entries of the neighbours that the two will try. */
static void write_gate(const struct cpu *viewer, bool there)
{
    const struct cpu *neighbour = neighbour_of(viewer);
    const cgdt_desc_t gate[2] = {
        there ? GATE_LOW(tables_selector(neighbour->place, ENTRY_CODE)) : 0, 0};
    const int error = cgdt_write(pool, neighbour->slot, ENTRY_EMPTY - tables_first(), gate, 2);

    if (error != 0)
        guest_fatal("cgdt_write of a gate", error);
}

static void print(const char *who, uint32_t vcpu, const struct view *view)
{
    console_printf("SEEN by=%s vcpu=%u own=%u common=%u page=%u window=%u xen=%u unexpected=%u "
                   "readable=%u writable=%u loaded=%u read=%u cs=%d ss=%d gate_fault=%u\n",
                   who, vcpu, view->own, view->common, view->page, view->window, view->xen,
                   view->unexpected, view->readable, view->writable, view->loaded, view->own_read,
                   (int)view->cs, (int)view->ss, FAULT_VECTOR(view->gate_fault));
}

/* Descriptors that each vCPU on the viewer's page, and on its window's earlier ones, has. */
static void judge(const struct cpu *viewer, const struct view *view)
{
    const uint32_t each = args->common ? OWN_ENTRIES : ENTRY_EMPTY - ENTRY_CODE;
    uint32_t page = 0;
    uint32_t window = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        const bool same = tables_page(vcpu) == tables_page(viewer->place);
        page += same && vcpu != viewer->start.vcpu;
        window += !same && tables_window(vcpu) == tables_window(viewer->place) &&
                  tables_position(vcpu) < tables_position(viewer->place);
    }
    (void)problem_unless("own", view->own, each);
    (void)problem_unless("common", view->common, args->common ? 2 : 0);
    (void)problem_unless("of others on the page", view->page, page * each);
    (void)problem_unless("of others in the window", view->window, window * each);
    (void)problem_unless("unexpected", view->unexpected, 0);
    (void)problem_unless("read through a neighbour's %fs", view->own_read, page + window);
    (void)problem_unless("a call through a neighbour's gate", GATE_IS_CALLED(view->gate_fault), 1);
}

_Noreturn void neighbours_run(void)
{
    struct cpu *last = &cpus[args->nr - 1];

    write_gate(&cpus[0], true);
    write_gate(last, true);
    look(&cpus[0], &views[0]);
    set_turn(1);
    await(2);
    write_gate(&cpus[0], false);
    write_gate(last, false);
    print("first", 0, &views[0]);
    print("last", last->start.vcpu, &views[1]);
    judge(&cpus[0], &views[0]);
    judge(last, &views[1]);
    if (neighbour_of(&cpus[BORROWER]) != &cpus[BORROWER]) {
        const uint32_t failsafe = take_away();
        console_printf("BORROWED %%fs=0x%x of vCPU %u, which was emptied: failsafe=%u %%fs=0x%x\n",
                       borrowed.before, VICTIM, failsafe, borrowed.after);
        (void)problem_unless("failsafe callbacks of the borrower", failsafe, 1);
        (void)problem_unless("%fs of the borrower", borrowed.after, 0);
    }
    look_as_processes();
    const bool pass = problem_count() == 0;
    console_printf(
        "RESULT mode=neighbours cpus=%u first_sees=%u last_sees=%u layout=%s host=" HOST_NAME
        " %s\n",
        args->nr, views[0].page + views[0].window, views[1].page + views[1].window,
        args->layout_name, pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
