/* SPDX-License-Identifier: MIT */
/* What each vCPU's table holds, once by the library and once by hand. */

#include "tables.h"

#include "descriptors.h"
#include "exit.h"

#define PAGE_PLACES 512u

struct cpu cpus[MAX_VCPUS] __attribute__((aligned(64)));

const cgdt_desc_t tables_template[TEMPLATE_ENTRIES] = {
    0, WRITTEN_CODE, /* as the library builds them, which are no constant expressions */
    WRITTEN_DATA};

static const struct args *args;
static uint32_t mixed_up = UINT32_MAX;
static uint32_t mixed_up_with;

void tables_init(const struct args *arguments)
{
    args = arguments;
    if (tables_template[ENTRY_CODE] != BUILT_CODE ||
        tables_template[ENTRY_DATA] != cgdt_desc_data_flat(WRITTEN_DPL))
        guest_fatal("template", 0);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        cpus[vcpu].start.vcpu = vcpu;
        cpus[vcpu].place = vcpu;
        cpus[vcpu].fs.id = FS_MARK | vcpu;
        cpus[vcpu].gs.id = GS_MARK | vcpu;
    }
}

void tables_mix_up(uint32_t vcpu, uint32_t neighbour)
{
    mixed_up = vcpu;
    mixed_up_with = neighbour;
}

static cgdt_desc_t build(const void *base, uint32_t last_offset)
{
    cgdt_desc_t desc = 0;
    const int error =
        cgdt_desc_segment(&desc, (uint32_t)(uintptr_t)base, last_offset,
                          CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(WRITTEN_DPL));

    if (error != 0)
        guest_fatal("cgdt_desc_segment", error);
    return desc;
}

void tables_build(uint32_t vcpu, cgdt_desc_t own[ENTRY_EMPTY - ENTRY_FS])
{
    const uint32_t fs_owner = vcpu == mixed_up ? mixed_up_with : vcpu;

    own[0] = build(&cpus[fs_owner].fs, sizeof(struct fs_record) - 1);
    own[1] = build(&cpus[vcpu].gs, sizeof(struct gs_record) - 1);
    own[2] = build(NULL, NUMBER_LIMIT + vcpu);
}

uint32_t tables_place(cgdt_slot_t slot)
{
    return (slot & 0x1ffffffu) - 1; /* above: the generation */
}

uint32_t tables_color(uint32_t place)
{
    return place % (PAGE_PLACES / args->slot_entries);
}

uint32_t tables_page(uint32_t place)
{
    return place / (PAGE_PLACES / args->slot_entries);
}

uint32_t tables_window(uint32_t place)
{
    return tables_page(place) / args->window_pages;
}

uint32_t tables_position(uint32_t place)
{
    return tables_page(place) % args->window_pages;
}

uint32_t tables_pages(uint32_t nr)
{
    return tables_page(nr - 1) + 1;
}

uint32_t tables_frames(uint32_t place)
{
    return tables_position(place) + (args->common ? 2 : 1);
}

uint32_t tables_first(void)
{
    return args->common ? ENTRY_FS : 0;
}

uint32_t tables_end(void)
{
    return tables_first() + args->slot_entries;
}

/* 512 entries of the common page come first, and then those that are not there. */
uint16_t tables_canonical(uint32_t entry)
{
    const uint32_t index = args->common && entry >= ENTRY_FS ? 512 + (entry - ENTRY_FS) : entry;

    return (uint16_t)(index << 3 | KERNEL_RING);
}

uint16_t tables_selector(uint32_t place, uint32_t entry)
{
    const uint32_t bias =
        tables_position(place) * PAGE_PLACES + tables_color(place) * args->slot_entries;

    if (args->common && entry < ENTRY_FS)
        return tables_canonical(entry);
    return (uint16_t)(tables_canonical(entry) + (bias << 3));
}

static cgdt_desc_t by_hand(uint64_t base, uint64_t limit)
{
    return STORED_BYTES | (limit & 0xffffu) | (limit >> 16 & 0xfu) << 48 |
           (base & 0xffffffu) << 16 | (base >> 24 & 0xffu) << 56;
}

cgdt_desc_t tables_expected(uint32_t vcpu, uint32_t entry)
{
    switch (entry) {
    case ENTRY_CODE:
        return STORED_CODE;
    case ENTRY_DATA:
        return STORED_DATA;
    case ENTRY_FS:
        return by_hand((uintptr_t)&cpus[vcpu].fs, 7);
    case ENTRY_GS:
        return by_hand((uintptr_t)&cpus[vcpu].gs, 15);
    case ENTRY_NUMBER:
        return by_hand(0, 0x1000 + vcpu);
    default:
        return 0;
    }
}
