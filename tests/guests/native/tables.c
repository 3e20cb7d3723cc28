/* SPDX-License-Identifier: MIT */
/* Tables, built and expected. */

#include "tables.h"

#include "exit.h"
#include "gdtpool.h"

#define TSS_BYTES  104u
#define DATA_BITS  0x00400000u /* upper half of a byte-granular segment: 32-bit */
#define DATA_TYPE  0x9300u     /* present, DPL 0, writable data, accessed */
#define USER_TYPE  0xf300u
#define TSS_IN_USE 0x8b00u /* present, DPL 0, busy TSS */

#if defined(__x86_64__)
#define CODE_DESC 0x00af9b000000ffffull
#else
#define CODE_DESC 0x00cf9b000000ffffull
#endif
#define DATA_DESC 0x00cf93000000ffffull
#define RING3     0x0000600000000000ull

static uint32_t slot_entries;
static struct gs_record nobody_gs = {.mark = GS_MARK | NOBODY};
static struct fs_record nobody_fs = {.mark = FS_MARK | NOBODY};
static uintptr_t boot_address;

/*
 * Made at compile time, so not by the builders; that the library agrees is checked when the pool is
 * made.
 */
const cgdt_desc_t tables_template[TEMPLATE_ENTRIES] = {0, CODE_DESC, DATA_DESC, CODE_DESC | RING3,
                                                       DATA_DESC | RING3};

void tables_init(const struct args *args)
{
    slot_entries = args->slot_entries;
}

uintptr_t tables_stack(const struct cpu *cpu, enum stack stack)
{
    return (uintptr_t)cpu->stacks[stack] + TRAP_STACK_SIZE;
}

void tables_init_cpu(struct cpu *cpu)
{
    uint32_t *words = cpu->tss.words;

    cpu->gs.mark = GS_MARK | cpu->id;
    cpu->fs.mark = FS_MARK | cpu->id;
    words[1] = (uint32_t)tables_stack(cpu, STACK_TRAP);
#if defined(__x86_64__)
    words[9] = (uint32_t)tables_stack(cpu, STACK_NMI);
    words[11] = (uint32_t)tables_stack(cpu, STACK_DOUBLE_FAULT);
#else
    words[2] = SEL_DATA;
#endif
    words[25] = TSS_BYTES << 16; /* no I/O permissions */
}

static void must(int error)
{
    if (error != 0)
        guest_fatal("a descriptor", error);
}

void tables_init_boot(cgdt_desc_t boot[])
{
    boot_address = (uintptr_t)boot;
    must(cgdt_desc_segment(&boot[ENTRY_FS], (uint32_t)(uintptr_t)&nobody_fs, sizeof(nobody_fs) - 1,
                           CGDT_DESC_WRITABLE | CGDT_DESC_DB));
    must(cgdt_desc_segment(&boot[ENTRY_GS], (uint32_t)(uintptr_t)&nobody_gs, sizeof(nobody_gs) - 1,
                           CGDT_DESC_WRITABLE | CGDT_DESC_DB));
}

bool tables_is_boot(uintptr_t base)
{
    return base == boot_address;
}

void tables_build(const struct cpu *cpu, cgdt_desc_t own[OWN_ENTRIES], cgdt_desc_t *last)
{
    const uint32_t tss = (uint32_t)(uintptr_t)&cpu->tss;
    const uint64_t data = CGDT_DESC_WRITABLE | CGDT_DESC_DB;

#if defined(__x86_64__)
    must(cgdt_desc_system64(&own[0], tss, TSS_BYTES - 1, CGDT_SYS_TSS_AVAILABLE, 0));
#else
    must(cgdt_desc_system32(&own[0], tss, TSS_BYTES - 1, CGDT_SYS_TSS_AVAILABLE, 0));
    own[1] = 0;
#endif
    must(cgdt_desc_segment(&own[ENTRY_FS - ENTRY_TSS], (uint32_t)(uintptr_t)&cpu->fs,
                           sizeof(cpu->fs) - 1, data));
    must(cgdt_desc_segment(&own[ENTRY_GS - ENTRY_TSS], (uint32_t)(uintptr_t)&cpu->gs,
                           sizeof(cpu->gs) - 1, data));
    must(cgdt_desc_segment(&own[ENTRY_COOKIE - ENTRY_TSS], 0, COOKIE_LIMIT + cpu->id,
                           data | CGDT_DESC_DPL(3)));
    must(cgdt_desc_segment(last, 0, LAST_LIMIT + cpu->id, data | CGDT_DESC_DPL(3)));
}

/* ---- expected ----------------------------------------------------------------------------- */

uint32_t tables_slot_entries(void)
{
    return slot_entries;
}

uint32_t tables_page(cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) / (512 / slot_entries);
}

uint32_t tables_color(cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) % (512 / slot_entries);
}

uint32_t tables_pages(uint32_t nr)
{
    const uint32_t colors = 512 / slot_entries;

    return (nr + colors - 1) / colors;
}

uintptr_t tables_address(cgdt_slot_t slot)
{
    return MAP_ALIAS + gdtpool_page(tables_page(slot)) + tables_color(slot) * slot_entries * 8;
}

/* A byte-granular descriptor, from the picture in the SDM. */
static cgdt_desc_t segment(uintptr_t base, uint32_t limit, uint32_t type, uint32_t bits)
{
    const uint32_t at = (uint32_t)base;
    const uint32_t low = (at & 0xffff) << 16 | (limit & 0xffff);
    const uint32_t high =
        (at & 0xff000000) | bits | (limit & 0x000f0000) | type | (at >> 16 & 0x000000ff);

    return (cgdt_desc_t)high << 32 | low;
}

cgdt_desc_t tables_expected(const struct cpu *cpu, uint32_t entry)
{
    if (entry < TEMPLATE_ENTRIES)
        return tables_template[entry];
    if (entry == ENTRY_TSS)
        return segment((uintptr_t)&cpu->tss, TSS_BYTES - 1, TSS_IN_USE, 0);
    if (entry == ENTRY_FS)
        return segment((uintptr_t)&cpu->fs, sizeof(cpu->fs) - 1, DATA_TYPE, DATA_BITS);
    if (entry == ENTRY_GS)
        return segment((uintptr_t)&cpu->gs, sizeof(cpu->gs) - 1, DATA_TYPE, DATA_BITS);
    if (entry == ENTRY_COOKIE)
        return segment(0, COOKIE_LIMIT + cpu->id, USER_TYPE, DATA_BITS);
    if (entry == slot_entries - 1)
        return segment(0, LAST_LIMIT + cpu->id, USER_TYPE, DATA_BITS);
    return 0;
}

bool tables_are_right(const struct cpu *cpu, uint32_t *wrong)
{
    const volatile cgdt_desc_t *table = (const cgdt_desc_t *)tables_address(cpu->slot);

    for (uint32_t entry = 0; entry < slot_entries; entry++) {
        *wrong = entry;
        if (table[entry] != tables_expected(cpu, entry))
            return false;
    }
    return true;
}
