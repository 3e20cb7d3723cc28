/* SPDX-License-Identifier: MIT */
/*
 * fw_cfg for the number of CPUs (no tables to parse), and the ACPI CPU hotplug block without an
 * interrupt.
 */

#include "machine.h"

#include "apic.h"
#include "cpuops.h"
#include "exit.h"
#include "layout.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA     0x511
#define FW_CFG_NB_CPUS  0x05
#define FW_CFG_MAX_CPUS 0x0f

/* Registers of the hotplug block. */
#define REG_SELECTOR 0
#define REG_FLAGS    4
#define REG_COMMAND  5
#define REG_DATA     8

#define FLAG_ENABLED  0x01u
#define FLAG_INSERT   0x02u
#define FLAG_REMOVE   0x04u
#define FLAG_EJECT    0x08u
#define COMMAND_NEXT  0
#define COMMAND_APICS 3

static uint32_t cpus_now;
static uint32_t cpus_most;
static uint16_t block;

static uint32_t fw_cfg_u16(uint16_t key)
{
    outw(FW_CFG_SELECTOR, key);
    const uint32_t low = inb(FW_CFG_DATA);

    return low | (uint32_t)inb(FW_CFG_DATA) << 8;
}

void machine_init(void)
{
    cpus_now = fw_cfg_u16(FW_CFG_NB_CPUS);
    cpus_most = fw_cfg_u16(FW_CFG_MAX_CPUS);
    if (cpus_now == 0 || cpus_most < cpus_now || cpus_most > apic_most_cpus())
        guest_fatal("the machine's number of CPUs", cpus_most);
}

uint32_t machine_cpus(void)
{
    return cpus_now;
}

uint32_t machine_most_cpus(void)
{
    return cpus_most;
}

void machine_hotplug_init(uint16_t base)
{
    block = base;
    outl(block + REG_SELECTOR, 0); /* leaves the old interface, a bitmap */
    if (!machine_is_enabled(0))
        guest_fatal("no CPU hotplug block at port", base);
}

bool machine_is_enabled(uint32_t id)
{
    outl(block + REG_SELECTOR, id);
    return (inb(block + REG_FLAGS) & FLAG_ENABLED) != 0;
}

/* The selected CPU's APIC id. */
static uint32_t selected_id(void)
{
    outb(block + REG_COMMAND, COMMAND_APICS);
    return inl(block + REG_DATA);
}

enum machine_event machine_poll(uint32_t *id)
{
    outb(block + REG_COMMAND, COMMAND_NEXT);
    const uint8_t flags = inb(block + REG_FLAGS);

    *id = selected_id();
    if ((flags & FLAG_INSERT) != 0) {
        outb(block + REG_FLAGS, FLAG_INSERT);
        return MACHINE_ADDED;
    }
    return (flags & FLAG_REMOVE) != 0 ? MACHINE_WANTS_REMOVAL : MACHINE_NOTHING;
}

void machine_eject(uint32_t id)
{
    outl(block + REG_SELECTOR, id);
    outb(block + REG_FLAGS, FLAG_REMOVE);
    outb(block + REG_FLAGS, FLAG_EJECT);
}
