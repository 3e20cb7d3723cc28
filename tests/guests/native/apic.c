/* SPDX-License-Identifier: MIT */
/*
 * The local APIC (SDM vol. 3A chapter 11): as an x2APIC where there is one, whose registers are
 * MSRs and whose ids have 32 bits (section 11.12), else as an xAPIC.
 */

#include "apic.h"

#include <stdbool.h>

#include "cpuops.h"
#include "layout.h"

#define REG_ID           0x020u
#define REG_EOI          0x0b0u
#define REG_SPURIOUS     0x0f0u
#define REG_COMMAND_LOW  0x300u
#define REG_COMMAND_HIGH 0x310u

#define MSR_APIC_BASE    0x01bu
#define APIC_BASE_X2APIC 0x400u
#define APIC_BASE_ENABLE 0x800u
#define CPUID_X2APIC     (1u << 21)
#define MSR_OF(reg)      (0x800u + ((reg) >> 4)) /* SDM table 11-6 */
#define XAPIC_MOST_CPUS  255u

#define SPURIOUS_ENABLE 0x100u
#define COMMAND_NMI     0x0400u
#define COMMAND_INIT    0x0500u
#define COMMAND_STARTUP 0x0600u
#define COMMAND_PENDING 0x1000u
#define COMMAND_ASSERT  0x4000u

extern const uint8_t trampoline_start[];
extern const uint8_t trampoline_end[];

static bool is_x2;

static volatile uint32_t *apic(uint32_t reg)
{
    return (volatile uint32_t *)(uintptr_t)(APIC_BASE + reg);
}

static uint32_t read_register(uint32_t reg)
{
    return is_x2 ? (uint32_t)read_msr(MSR_OF(reg)) : *apic(reg);
}

static void write_register(uint32_t reg, uint32_t value)
{
    if (is_x2)
        write_msr(MSR_OF(reg), value);
    else
        *apic(reg) = value;
}

uint32_t apic_most_cpus(void)
{
    return is_x2 ? MAX_CPUS : XAPIC_MOST_CPUS;
}

void apic_init(void)
{
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)TRAMPOLINE;

    for (const uint8_t *from = trampoline_start; from < trampoline_end; from++)
        *to++ = *from;
    is_x2 = (cpuid_features() & CPUID_X2APIC) != 0;
    /* No interrupts from the old controllers. */
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

void apic_enable(void)
{
    if (is_x2)
        write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_BASE_X2APIC | APIC_BASE_ENABLE);
    write_register(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

uint32_t apic_id(void)
{
    const uint32_t id = read_register(REG_ID);

    return is_x2 ? id : id >> 24;
}

void apic_end_of_interrupt(void)
{
    write_register(REG_EOI, 0);
}

/*
 * One MSR is all of the command, and is not pending. Unlike a store to an xAPIC the write can
 * overtake stores before it (SDM 11.12.3), which the interrupt's handler is to find.
 */
static void command_x2(uint32_t id, uint32_t what)
{
    __asm__ volatile("mfence\n\tlfence" : : : "memory");
    write_msr(MSR_OF(REG_COMMAND_LOW), (uint64_t)id << 32 | what);
}

/* Both halves without an interrupt in between, whose handler might send something too. */
static void command_x(uint32_t id, uint32_t what)
{
    const int on = interrupts_save();

    *apic(REG_COMMAND_HIGH) = id << 24;
    *apic(REG_COMMAND_LOW) = what;
    while ((*apic(REG_COMMAND_LOW) & COMMAND_PENDING) != 0)
        pause_cpu();
    interrupts_restore(on);
}

static void command(uint32_t id, uint32_t what)
{
    if (is_x2)
        command_x2(id, what);
    else
        command_x(id, what);
}

void apic_send(uint32_t id, uint32_t vector)
{
    command(id, COMMAND_ASSERT | vector);
}

void apic_send_nmi(uint32_t id)
{
    command(id, COMMAND_ASSERT | COMMAND_NMI);
}

/*
 * QEMU needs no pause between the two; a part of the Pentium's time wants 10 ms and a second
 * startup IPI.
 */
void apic_start(uint32_t id)
{
    command(id, COMMAND_ASSERT | COMMAND_INIT);
    command(id, COMMAND_ASSERT | COMMAND_STARTUP | TRAMPOLINE >> 12);
}
