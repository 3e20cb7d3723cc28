/* SPDX-License-Identifier: MIT */
/*
 * Page tables of 2, 3 or 4 levels by one piece of code: what differs is the number of levels, the
 * bits of an address that choose an entry, and the size of an entry.
 */

#include "paging.h"

#include "apic.h"
#include "exit.h"
#include "layout.h"

#define PAGE_BYTES 4096u
#define NR_TABLES  128u

#define PTE_PRESENT  0x01u
#define PTE_WRITABLE 0x02u
#define PTE_USER     0x04u
#define PTE_UNCACHED 0x10u

#define CR0_WP  0x00010000u
#define CR0_PG  0x80000000u
#define CR4_PAE 0x20u

extern uint32_t ap_cr3;
extern uint32_t ap_cr4;
extern const uint8_t user_start[];
extern const uint8_t image_end[];

static struct {
    uint32_t levels;
    uint32_t bits; /* of an address, per level */
    uint32_t entry_bytes;
} shape;

static uint8_t tables[NR_TABLES][PAGE_BYTES] __attribute__((aligned(4096)));
static uint32_t nr_tables;
static uint8_t *root;

static uint8_t *new_table(void)
{
    if (nr_tables == NR_TABLES)
        guest_fatal("page tables", NR_TABLES);
    return tables[nr_tables++];
}

static uint64_t get(const uint8_t *entry)
{
    return shape.entry_bytes == 8 ? *(const uint64_t *)(const void *)entry
                                  : *(const uint32_t *)(const void *)entry;
}

static void set(uint8_t *entry, uint64_t value)
{
    if (shape.entry_bytes == 8)
        *(uint64_t *)(void *)entry = value;
    else
        *(uint32_t *)(void *)entry = (uint32_t)value;
}

static uint8_t *entry_of(uint8_t *table, uint32_t level, uintptr_t address)
{
    const uint32_t shift = 12 + (level - 1) * shape.bits;
    const uint32_t index = (uint32_t)(address >> shift) & ((1u << shape.bits) - 1u);

    return table + index * shape.entry_bytes;
}

/*
 * Tables above the last level allow everything; the four entries at the head of PAE must not (SDM
 * 4.4.1).
 */
static uint64_t table_flags(uint32_t level)
{
    return shape.levels == 3 && level == 3 ? PTE_PRESENT : PTE_PRESENT | PTE_WRITABLE | PTE_USER;
}

static void map(uintptr_t address, uintptr_t physical, uint32_t flags)
{
    uint8_t *table = root;

    for (uint32_t level = shape.levels; level > 1; level--) {
        uint8_t *entry = entry_of(table, level, address);
        if (get(entry) == 0)
            set(entry, (uintptr_t)new_table() | table_flags(level));
        table = (uint8_t *)(uintptr_t)(get(entry) & ~(uint64_t)(PAGE_BYTES - 1));
    }
    set(entry_of(table, 1, address), physical | flags | PTE_PRESENT);
}

static uint32_t flags_at(uintptr_t address)
{
    if (address == (uintptr_t)user_start)
        return PTE_USER;
    return PTE_WRITABLE;
}

static void map_all(uintptr_t supply, uint32_t supply_bytes)
{
    for (uintptr_t at = 0; at < (uintptr_t)image_end; at += PAGE_BYTES)
        if (at - supply >= supply_bytes)
            map(at, at, flags_at(at));
    for (uintptr_t at = supply; at - supply < supply_bytes; at += PAGE_BYTES) {
        map(MAP_WRITABLE + at, at, PTE_WRITABLE);
        map(MAP_ALIAS + at, at, 0);
    }
    map(APIC_BASE, APIC_BASE, PTE_WRITABLE | PTE_UNCACHED);
}

static void turn_on(void)
{
    uintptr_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    ap_cr4 = shape.levels > 2 ? (uint32_t)value | CR4_PAE : (uint32_t)value;
    ap_cr3 = (uint32_t)(uintptr_t)root;
    __asm__ volatile("mov %0, %%cr4" : : "r"((uintptr_t)ap_cr4) : "memory");
    __asm__ volatile("mov %0, %%cr3" : : "r"((uintptr_t)ap_cr3) : "memory");
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    /* WP: read-only holds for ring 0 too. */
    __asm__ volatile("mov %0, %%cr0" : : "r"(value | CR0_PG | CR0_WP) : "memory");
}

void paging_init(bool pae, void *supply, uint32_t supply_bytes)
{
    shape.levels = sizeof(void *) == 8 ? 4 : pae ? 3 : 2;
    shape.bits = shape.levels == 2 ? 10 : 9;
    shape.entry_bytes = shape.levels == 2 ? 4 : 8;
    root = new_table();
    map_all((uintptr_t)supply, supply_bytes);
    turn_on();
}
