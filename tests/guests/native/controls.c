/* SPDX-License-Identifier: MIT */
/*
 * The negative controls. Where a CPU loses the table that it is on, the next segment load is a
 * fault that cannot be delivered: the machine is gone. So the loss is seen by LSL, which does not
 * fault, with interrupts off; or, in late-user and parked-on-slot, the end of the machine is what
 * must happen, and run-qemu looks for it.
 */

#include "controls.h"

#include "console.h"
#include "cpuops.h"
#include "exit.h"
#include "gdtpool.h"
#include "nmi.h"
#include "segment.h"
#include "tables.h"
#include "traps.h"
#include "verify.h"

#define NONE MAX_CPUS

enum watch {
    WATCH_NO,
    WATCH_ON,
    WATCH_LOST
};

static const struct args *args;
static uint32_t nr;
static uint32_t victim;
static uint32_t neighbour; /* has the slot behind the victim's, on the same page */
static uint32_t watch;
static bool pretend_parked;

void controls_init(const struct args *arguments, uint32_t nr_cpus)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / arguments->slot_entries;

    args = arguments;
    nr = nr_cpus;
    victim = nr / 2;
    if ((victim + 1) % colors == 0)
        victim--;
    neighbour = victim + 1;
    if (args->control != CONTROL_NONE && (nr < 4 || colors < 2)) {
        console_printf("FATAL: a control needs 4 CPUs or more, and more than one in a page\n");
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
}

static _Noreturn void missed(const char *why, uint64_t value)
{
    console_printf("CONTROL %s MISSED: %s: 0x%llx\n", args->control_name, why,
                   (unsigned long long)value);
    guest_exit(GUEST_EXIT_FAIL);
}

static void must(bool condition, const char *why, uint64_t value)
{
    if (!condition)
        missed(why, value);
}

/* Every CPU is as it should be, but the one that the control hits. */
static void rest_is_fine(uint32_t hit)
{
    for (uint32_t id = 0; id < nr; id++)
        must(id == hit || cpus[id].failed_step == STEP_NONE, "another CPU failed", id);
}

/* ---- shared-slot -------------------------------------------------------------------------- */

void controls_change_slot(struct cpu *cpu)
{
    if (args->control != CONTROL_SHARED_SLOT || cpu->id != neighbour)
        return;
    cpu->slot = cpus[victim].slot;
    gdtpool_fill(cpu);
}

static void shared_slot(void)
{
    const struct cpu *cpu = &cpus[victim];

    cpu_order(victim, ORDER_LOOK);
    cpu_finish_order(victim);
    must(cpu->failed_step == STEP_MARKS, "failed step", cpu->failed_step);
    must(cpu->failed_when == WHEN_POKE, "failed when", cpu->failed_when);
    must(cpu->found == (FS_MARK | neighbour), "found", cpu->found);
    rest_is_fine(victim);
    console_printf("CONTROL %s caught: CPU %u found the record of CPU %u behind %%fs in its next "
                   "interrupt\n",
                   args->control_name, victim, neighbour);
}

/* ---- wipe-neighbour, early-wipe ----------------------------------------------------------- */

static int wiping_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const struct cgdt_native *native = ctx;
    cgdt_desc_t *at = (cgdt_desc_t *)cgdt_native_writable(native, (uintptr_t)view);
    const bool frees = batch->values == NULL;
    const uint32_t behind = batch->slot_offset + args->slot_entries;
    const int error = cgdt_native_port.live_write(ctx, page, view, batch);

    for (uint32_t i = 0; frees && i < args->slot_entries; i++)
        cgdt_store_descriptor(&at[behind + i], 0);
    return error;
}

static int early_quiesce(void *ctx, uint32_t id)
{
    return pretend_parked && id == victim ? 0 : gdtpool_port()->quiesce(ctx, id);
}

const struct cgdt_port *controls_port(void)
{
    static struct cgdt_port port;

    port = *gdtpool_port();
    if (args->control != CONTROL_NONE)
        port.quiesce = early_quiesce;
    if (args->control == CONTROL_WIPE_NEIGHBOUR) {
        port.live_write = wiping_live_write;
        port.direct = false;
    }
    return &port;
}

void controls_watch(struct cpu *cpu)
{
    uint32_t limit;

    interrupts_off();
    nmi_close(cpu);
    __atomic_store_n(&watch, WATCH_ON, __ATOMIC_RELEASE);
    const struct wait wait = wait_begin("nothing happens to the table", cpu->id);
    while (lsl(SEL_COOKIE, &limit))
        wait_step(&wait);
    cpu_leave_slot();
    __atomic_store_n(&watch, WATCH_LOST, __ATOMIC_RELEASE);
    for (;;)
        halt();
}

static void wait_for_watch(uint32_t state)
{
    const struct wait wait = wait_begin("the loss of a table is not seen", victim);

    while (__atomic_load_n(&watch, __ATOMIC_ACQUIRE) != state)
        wait_step(&wait);
}

static void wipe_neighbour(void)
{
    uint32_t wrong = 0;

    cpu_order(neighbour, ORDER_WATCH);
    wait_for_watch(WATCH_ON);
    must(tables_are_right(&cpus[neighbour], &wrong), "wrong before", wrong);
    cpu_offline(victim);
    wait_for_watch(WATCH_LOST);
    must(!tables_are_right(&cpus[neighbour], &wrong), "right after all", 0);
    rest_is_fine(NONE);
    console_printf("CONTROL %s caught: CPU %u lost its table when the slot of CPU %u was freed\n",
                   args->control_name, neighbour, victim);
}

static void early_wipe(void)
{
    uint32_t wrong = 0;

    cpu_order(victim, ORDER_WATCH);
    wait_for_watch(WATCH_ON);
    const int refusal = cgdt_cpu_offline(gdtpool, victim);
    must(refusal == -CGDT_EBUSY, "offline before it has parked", (uint32_t)-refusal);
    must(tables_are_right(&cpus[victim], &wrong), "the refusal changed entry", wrong);
    pretend_parked = true;
    cpu_free(victim);
    wait_for_watch(WATCH_LOST);
    rest_is_fine(NONE);
    console_printf("CONTROL %s caught: the pool refused (%d) to take the slot from CPU %u; once "
                   "quiesce lied, the CPU lost its table while it was on it\n",
                   args->control_name, refusal, victim);
}

/* ---- late-user, parked-on-slot: the last line is said before --------------------------------- */

bool controls_stays_on_slot(const struct cpu *cpu)
{
    return args->control == CONTROL_PARKED_ON_SLOT && cpu->id == victim;
}

static void late_user(void)
{
    console_printf("CONTROL %s armed: CPU %u is on a slot that is freed now, and gets an NMI\n",
                   args->control_name, victim);
    if (args->control == CONTROL_PARKED_ON_SLOT) {
        cpu_offline(victim);
    } else {
        pretend_parked = true;
        cpu_free(victim);
    }
    (void)nmi_send_surely(victim); /* where nothing was poisoned */
    missed("it took the NMI", victim);
}

/* ---- what the CPU itself refuses; all on CPU 0 ----------------------------------------------- */

static struct cgdt_pseudo_descriptor own_gdtr(void)
{
    struct cgdt_pseudo_descriptor gdtr = {0, 0};

    (void)cgdt_gdtr(gdtpool, cpus[0].slot, &gdtr);
    return gdtr;
}

static void write_entries(uint32_t first, const cgdt_desc_t *descs, uint32_t n)
{
    const int error = cgdt_write(gdtpool, cpus[0].slot, first, descs, n);

    if (error != 0)
        guest_fatal("cgdt_write", error);
}

/* What the checker says of two entries of the slot, asked as a kernel would before it uses them. */
static void checker_must_name(uint32_t entry, enum cgdt_reason reason)
{
    const struct cgdt_profile *profile =
        sizeof(void *) == 8 ? CGDT_PROFILE_NATIVE64 : CGDT_PROFILE_NATIVE32;
    const cgdt_desc_t *table = (const cgdt_desc_t *)own_gdtr().base;
    uint32_t bad = 2;
    const uint32_t rules = CGDT_RULE_READ_ONLY_ALIAS | CGDT_RULE_NO_BUSY_TSS;
    const enum cgdt_reason found = cgdt_check_slot(profile, rules, table + entry, 2, &bad);

    must(found == reason, "the checker's reason", found);
    must(bad == 0, "the checker's entry", bad);
}

static void cpu0_is_fine_again(void)
{
    verify_look(&cpus[0], WHEN_ORDERED);
    must(cpus[0].failed_step == STEP_NONE, "afterwards, failed step", cpus[0].failed_step);
    rest_is_fine(NONE);
}

static void clear_accessed(void)
{
    const struct cgdt_pseudo_descriptor gdtr = own_gdtr();
    const struct cgdt_pseudo_descriptor writable = {
        cgdt_native_writable(&gdtpool_native, gdtr.base), gdtr.limit};
    const volatile cgdt_desc_t *entry = (const cgdt_desc_t *)gdtr.base + ENTRY_EMPTY;
    const cgdt_desc_t clear = tables_template[ENTRY_DATA] & ~CGDT_DESC_ACCESSED;
    const cgdt_desc_t nothing = 0;

    must(cgdt_write(gdtpool, cpus[0].slot, ENTRY_EMPTY, &clear, 1) == -CGDT_EROFS,
         "the pool took it", clear);
    cgdt_store_descriptor((cgdt_desc_t *)writable.base + ENTRY_EMPTY, clear);
    checker_must_name(ENTRY_EMPTY, CGDT_ACCESSED_CLEAR);
    const uint32_t refused = load_es(ENTRY_EMPTY << 3);
    must(refused == FAULT(TRAP_PAGE_FAULT, PAGE_FAULT_WRITE_PROTECTED), "the load's fault",
         refused);
    must(traps_fault_address() - (uintptr_t)entry < 8, "its address", traps_fault_address());
    must(*entry == clear, "the descriptor changed", *entry);
    cgdt_lgdt(&writable);
    must(load_es(ENTRY_EMPTY << 3) == 0, "the load through the writable map", 0);
    cgdt_lgdt(&gdtr);
    must(*entry == (clear | CGDT_DESC_ACCESSED), "the descriptor then", *entry);
    write_entries(ENTRY_EMPTY, &nothing, 1);
    cpu0_is_fine_again();
    console_printf("CONTROL %s caught: the pool refused it, the checker named it, a load through "
                   "the read-only map is #PF 3, the same one through the writable map sets the "
                   "bit\n",
                   args->control_name);
}

static void rewrite_tss(void)
{
    cgdt_desc_t own[OWN_ENTRIES];
    cgdt_desc_t last;

    tables_build(&cpus[0], own, &last);
    write_entries(ENTRY_TSS, own, OWN_ENTRIES);
}

static void ltr_alias(void)
{
    const struct cgdt_pseudo_descriptor gdtr = own_gdtr();
    const volatile cgdt_desc_t *tss = (const cgdt_desc_t *)gdtr.base + ENTRY_TSS;

    rewrite_tss();
    const cgdt_desc_t available = *tss;
    const uint32_t refused = try_ltr(SEL_TSS);
    must(refused == FAULT(TRAP_PAGE_FAULT, PAGE_FAULT_WRITE_PROTECTED), "LTR's fault", refused);
    must(traps_fault_address() - (uintptr_t)tss < 8, "its address", traps_fault_address());
    must(*tss == available, "the descriptor changed", *tss);
    cpu_use_slot(&cpus[0]);
    cpu0_is_fine_again();
    console_printf("CONTROL %s caught: LTR through the read-only map is #PF 3, through the "
                   "writable map it works\n",
                   args->control_name);
}

static void busy_tss(void)
{
    const struct cgdt_pseudo_descriptor gdtr = own_gdtr();
    const struct cgdt_pseudo_descriptor writable = {
        cgdt_native_writable(&gdtpool_native, gdtr.base), gdtr.limit};

    checker_must_name(ENTRY_TSS, CGDT_TSS_BUSY);
    cgdt_lgdt(&writable);
    const uint32_t refused = try_ltr(SEL_TSS);
    must(refused == FAULT(TRAP_GENERAL_PROTECTION, SEL_TSS), "LTR's fault", refused);
    cgdt_lgdt(&gdtr);
    rewrite_tss();
    cpu_use_slot(&cpus[0]);
    cpu0_is_fine_again();
    console_printf(
        "CONTROL %s caught: the checker named it, LTR is #GP 0x%x, and with an available "
        "one in its place it works\n",
        args->control_name, SEL_TSS);
}

static void wide_limit(void)
{
    struct cgdt_pseudo_descriptor gdtr = own_gdtr();
    const uint32_t slot_bytes = args->slot_entries * CGDT_DESC_BYTES;
    uint32_t limit = 0;

    gdtr.limit = 0xffff;
    cgdt_lgdt(&gdtr);
    verify_look(&cpus[0], WHEN_ORDERED);
    must(cpus[0].failed_step == STEP_GDTR && cpus[0].found == 0xffff, "failed step",
         cpus[0].failed_step);
    must(lsl((uint16_t)(slot_bytes + SEL_COOKIE), &limit), "the neighbour's cookie", 0);
    must(limit == COOKIE_LIMIT + 1, "whose cookie", limit);
    rest_is_fine(0);
    console_printf("CONTROL %s caught: CPU 0 saw a limit of 0xffff, and reads the cookie of CPU 1 "
                   "behind its own table\n",
                   args->control_name);
}

_Noreturn void controls_run(void)
{
    static void (*const runs[])(void) = {
        [CONTROL_SHARED_SLOT] = shared_slot,  [CONTROL_WIPE_NEIGHBOUR] = wipe_neighbour,
        [CONTROL_EARLY_WIPE] = early_wipe,    [CONTROL_LATE_USER] = late_user,
        [CONTROL_PARKED_ON_SLOT] = late_user, [CONTROL_CLEAR_ACCESSED] = clear_accessed,
        [CONTROL_LTR_ALIAS] = ltr_alias,      [CONTROL_BUSY_TSS] = busy_tss,
        [CONTROL_WIDE_LIMIT] = wide_limit,
    };

    runs[args->control]();
    guest_exit(GUEST_EXIT_CAUGHT);
}
