/* SPDX-License-Identifier: MIT */
/* The IDT, fault fixups, and the report of an unexpected fault. */

#include "traps.h"

#include "apic.h"
#include "console.h"
#include "cpu.h"
#include "cpuops.h"
#include "exit.h"
#include "nmi.h"
#include "verify.h"

#define GATE_INTERRUPT 0x8e00u
#define GATE_RING3     0x6000u

#if defined(__x86_64__)
#define GATE_WORDS 4
#else
#define GATE_WORDS 2
#endif

static uint32_t idt[256][GATE_WORDS] __attribute__((aligned(16)));
static uint32_t unexpected;

/* Which stack of the TSS; i386 stays on the one that is in use. */
static uint32_t stack_of(uintptr_t vector)
{
#if defined(__x86_64__)
    return vector == TRAP_NMI ? 1 : vector == TRAP_DOUBLE_FAULT ? 2 : 0;
#else
    (void)vector;
    return 0;
#endif
}

void traps_init(void)
{
    for (const struct trap_stub *stub = trap_stubs; stub < trap_stubs_end; stub++) {
        const uint32_t address = (uint32_t)stub->address; /* the kernel is linked low */
        const uint32_t ring = stub->vector == VECTOR_USER ? GATE_RING3 : 0;

        idt[stub->vector][0] = SEL_CODE << 16 | (address & 0xffff);
        idt[stub->vector][1] =
            (address & 0xffff0000) | GATE_INTERRUPT | ring | stack_of(stub->vector);
    }
}

void traps_load(void)
{
    const struct cgdt_gdtr_image image = {sizeof(idt) - 1, (uintptr_t)idt};

    __asm__ volatile("lidt %0" : : "m"(image));
}

uintptr_t traps_fault_address(void)
{
    return cpus[apic_id()].fault_address;
}

uint32_t traps_unexpected(void)
{
    return __atomic_load_n(&unexpected, __ATOMIC_RELAXED);
}

static _Noreturn void die(const struct trap_frame *frame)
{
    /* A fault inside the report must not start another one. */
    if (__atomic_fetch_add(&unexpected, 1, __ATOMIC_RELAXED) == 0) {
        struct cgdt_pseudo_descriptor gdtr;

        cgdt_sgdt(&gdtr);
        console_force();
        console_printf("FATAL: unexpected trap on CPU %u: vector %u error code 0x%lx ip 0x%lx "
                       "cs 0x%lx cr2 0x%lx gdtr 0x%lx\n",
                       apic_id(), (unsigned)frame->vector, (unsigned long)frame->error_code,
                       (unsigned long)frame->ip, (unsigned long)frame->cs,
                       (unsigned long)read_cr2(), (unsigned long)gdtr.base);
    }
    guest_exit(GUEST_EXIT_TRAP);
}

static void fault(struct cpu *cpu, struct trap_frame *frame)
{
    const uintptr_t to = fixup_of(frame->ip);

    if (to == 0)
        die(frame);
    frame->ip = to;
    frame->ax = FAULT(frame->vector, frame->error_code);
    cpu->fault_address = read_cr2();
}

/*
 * Whoever sleeps is woken by an interrupt that comes before its HLT, too. STI holds interrupts back
 * until HLT has begun, unless an NMI comes between the two: its IRET lets them in, and HLT would
 * then sleep with an order to obey (SDM vol. 2B, STI).
 */
static void leave_sleep(struct trap_frame *frame)
{
    if (frame->ip == (uintptr_t)sleep_hlt)
        frame->ip += 1; /* bytes of HLT */
}

void trap_handle(struct trap_frame *frame)
{
    struct cpu *cpu = &cpus[apic_id()];

    switch (frame->vector) {
    case TRAP_NMI:
        nmi_taken(cpu);
        break;
    case VECTOR_BREAKPOINT:
        cpu->breakpoints++;
        break;
    case VECTOR_POKE:
        cpu->pokes++;
        verify_glance(cpu, WHEN_POKE);
        apic_end_of_interrupt();
        leave_sleep(frame);
        break;
    case VECTOR_SPURIOUS:
        break;
    case VECTOR_USER:
        if (frame->cs != SEL_USER_CODE)
            die(frame);
        cpu->user_frame = (uintptr_t)frame;
        user_return(cpu->resume, (uint32_t)frame->bx);
    default:
        fault(cpu, frame);
        break;
    }
}
