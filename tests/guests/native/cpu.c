/* SPDX-License-Identifier: MIT */
/* The life of a CPU. */

#include "cpu.h"

#include "apic.h"
#include "console.h"
#include "controls.h"
#include "cpuops.h"
#include "exit.h"
#include "gdtpool.h"
#include "hotplug.h"
#include "moves.h"
#include "nmi.h"
#include "segment.h"
#include "tables.h"
#include "traps.h"
#include "verify.h"

/* Ticks of the time stamp counter, about a quarter of an hour: against hanging. */
#define PATIENCE (1ull << 41)

struct cpu cpus[MAX_CPUS];

extern cgdt_desc_t boot_gdt[];
extern const cgdt_desc_t boot_gdt_end[];

/* By the CPU that frees: whose slot. */
static uint32_t leaving[MAX_CPUS];

struct wait wait_begin(const char *what, uint32_t id)
{
    const struct wait wait = {.until = clock_ticks() + PATIENCE, .what = what, .id = id};

    return wait;
}

void wait_step(const struct wait *wait)
{
    pause_cpu();
    if (clock_ticks() > wait->until) {
        console_printf("FATAL: %s: CPU %u, state %u, order %u, NMI gate %u\n", wait->what, wait->id,
                       cpus[wait->id].state, cpus[wait->id].order, cpus[wait->id].nmi_gate);
        guest_exit(GUEST_EXIT_SETUP);
    }
}

void cpu_init(void)
{
    for (uint32_t id = 0; id < MAX_CPUS; id++) {
        cpus[id].id = id;
        leaving[id] = MAX_CPUS;
        tables_init_cpu(&cpus[id]);
    }
    tables_init_boot(boot_gdt);
    cpu_leave_slot();
}

enum state cpu_state(uint32_t id)
{
    /* Pairs with set_state(). */
    return (enum state)__atomic_load_n(&cpus[id].state, __ATOMIC_ACQUIRE);
}

static void set_state(struct cpu *cpu, enum state state)
{
    /* Pairs with cpu_state(): who sees the state sees what the CPU recorded before. */
    __atomic_store_n(&cpu->state, state, __ATOMIC_RELEASE);
}

bool cpu_is_parked(uint32_t id)
{
    return cpu_state(id) == STATE_PARKED;
}

/* ---- tables ------------------------------------------------------------------------------- */

static void load_selectors(void)
{
    cgdt_load_cs(SEL_CODE);
    cgdt_load_data_segments(SEL_DATA);
    (void)load_fs(SEL_FS);
    (void)load_gs(SEL_GS);
}

void cpu_use_slot(struct cpu *cpu)
{
    struct cgdt_pseudo_descriptor gdtr;
    const int error = cgdt_gdtr(gdtpool, cpu->slot, &gdtr);

    if (error != 0)
        guest_fatal("cgdt_gdtr", error);
    cgdt_lgdt_with_tss(&gdtr, cgdt_native_writable(&gdtpool_native, gdtr.base), SEL_TSS);
    load_selectors();
}

/*
 * Selectors are the same in both tables, so an NMI may come between any two of these instructions.
 */
void cpu_leave_slot(void)
{
    const struct cgdt_pseudo_descriptor boot = {
        (uintptr_t)boot_gdt, (uint16_t)((uintptr_t)boot_gdt_end - (uintptr_t)boot_gdt - 1)};

    cgdt_lgdt(&boot);
    load_selectors();
}

/* ---- the CPU itself ----------------------------------------------------------------------- */

static _Noreturn void park(struct cpu *cpu)
{
    interrupts_off();
    if (!controls_stays_on_slot(cpu))
        cpu_leave_slot();
    set_state(cpu, STATE_PARKED);
    for (;;)
        halt(); /* an NMI wakes it, on the boot table */
}

static void obey(struct cpu *cpu, enum order order)
{
    if (order == ORDER_LOOK)
        verify_look(cpu, WHEN_ORDERED);
    else if (order == ORDER_DRIVE)
        hotplug_drive(cpu);
    else if (order == ORDER_WATCH)
        controls_watch(cpu);
    else if (order == ORDER_MOVE)
        moves_move(cpu);
    else if (order == ORDER_LEAVE)
        park(cpu);
    /* Pairs with cpu_finish_order(). */
    __atomic_store_n(&cpu->order, ORDER_NONE, __ATOMIC_RELEASE);
}

_Noreturn void cpu_arrive(uint32_t id)
{
    struct cpu *cpu = &cpus[id];

    traps_load();
    apic_enable();
    cpu_use_slot(cpu);
    nmi_open(cpu);
    cpu->looks = 0;
    verify_look(cpu, WHEN_FRESH);
    set_state(cpu, STATE_ONLINE);
    for (;;) {
        /* The order is looked for with interrupts off, so that the poke behind it ends the HLT. */
        interrupts_off();
        const enum order order = (enum order)__atomic_load_n(&cpu->order, __ATOMIC_ACQUIRE);
        if (order == ORDER_NONE) {
            sleep_until_interrupt();
            continue;
        }
        interrupts_on();
        obey(cpu, order);
    }
}

/* ---- other CPUs --------------------------------------------------------------------------- */

bool cpu_take(uint32_t id)
{
    /* Pairs with cpu_release(). */
    return __atomic_exchange_n(&cpus[id].busy, 1, __ATOMIC_ACQUIRE) == 0;
}

void cpu_release(uint32_t id)
{
    __atomic_store_n(&cpus[id].busy, 0, __ATOMIC_RELEASE);
}

void cpu_order(uint32_t id, enum order order)
{
    __atomic_store_n(&cpus[id].order, order, __ATOMIC_RELEASE);
    apic_send(id, VECTOR_POKE);
}

void cpu_finish_order(uint32_t id)
{
    const struct wait wait = wait_begin("an order is not obeyed", id);

    while (__atomic_load_n(&cpus[id].order, __ATOMIC_ACQUIRE) != ORDER_NONE)
        wait_step(&wait);
}

void cpu_online(uint32_t id)
{
    struct cpu *cpu = &cpus[id];

    gdtpool_online(cpu);
    controls_change_slot(cpu);
    nmi_close(cpu); /* it may be parked; from INIT to its IDT it can take none */
    cpu->order = ORDER_NONE;
    set_state(cpu, STATE_OFFLINE);
    apic_start(id);
    const struct wait wait = wait_begin("a CPU does not arrive", id);
    while (cpu_state(id) != STATE_ONLINE)
        wait_step(&wait);
}

uint32_t cpu_leaving(void)
{
    return leaving[apic_id()];
}

void cpu_free(uint32_t id)
{
    leaving[apic_id()] = id;
    gdtpool_offline(&cpus[id]);
    leaving[apic_id()] = MAX_CPUS;
}

void cpu_offline(uint32_t id)
{
    const struct wait wait = wait_begin("a CPU does not park", id);

    cpu_order(id, ORDER_LEAVE);
    while (cpu_state(id) != STATE_PARKED)
        wait_step(&wait);
    cpu_free(id);
}
