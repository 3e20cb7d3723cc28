/* SPDX-License-Identifier: MIT */
/* The local APIC in xAPIC mode (SDM vol. 3A chapter 11). */

#include "apic.h"

#include "cpuops.h"
#include "layout.h"

#define REG_ID           0x020u
#define REG_EOI          0x0b0u
#define REG_SPURIOUS     0x0f0u
#define REG_COMMAND_LOW  0x300u
#define REG_COMMAND_HIGH 0x310u

#define SPURIOUS_ENABLE 0x100u
#define COMMAND_NMI     0x0400u
#define COMMAND_INIT    0x0500u
#define COMMAND_STARTUP 0x0600u
#define COMMAND_PENDING 0x1000u
#define COMMAND_ASSERT  0x4000u

extern const uint8_t trampoline_start[];
extern const uint8_t trampoline_end[];

static volatile uint32_t *apic(uint32_t reg)
{
    return (volatile uint32_t *)(uintptr_t)(APIC_BASE + reg);
}

void apic_init(void)
{
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)TRAMPOLINE;

    for (const uint8_t *from = trampoline_start; from < trampoline_end; from++)
        *to++ = *from;
    /* No interrupts from the old controllers. */
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

void apic_enable(void)
{
    *apic(REG_SPURIOUS) = SPURIOUS_ENABLE | VECTOR_SPURIOUS;
}

uint32_t apic_id(void)
{
    return *apic(REG_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
    *apic(REG_EOI) = 0;
}

/* Both halves without an interrupt in between, whose handler might send something too. */
static void command(uint32_t id, uint32_t what)
{
    const int on = interrupts_save();

    *apic(REG_COMMAND_HIGH) = id << 24;
    *apic(REG_COMMAND_LOW) = what;
    while ((*apic(REG_COMMAND_LOW) & COMMAND_PENDING) != 0)
        pause_cpu();
    interrupts_restore(on);
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
