/* SPDX-License-Identifier: MIT */
/*
 * Layouts, places, selectors and descriptors against arithmetic written in another way.
 *
 * Input: what (1); a layout (7), two handles (4 each), selectors (2 each); or a raw descriptor and
 * fields.
 */
#include "fuzz.h"
#include "reference.h"
#include "../support/oracle.h"

static struct cgdt_layout take_layout(struct input *input)
{
    const uint8_t shape = take8(input);
    struct cgdt_layout layout = {.slot_entries = take16(input),
                                 .reserved_entry = take16(input),
                                 .window_pages = take8(input),
                                 .common = (shape & 1) != 0,
                                 .mode = (shape & 2) != 0 ? CGDT_MODE_NATIVE : CGDT_MODE_PAGED};

    if ((shape & 4) != 0) /* nearly always valid */
        layout.slot_entries = (uint16_t)(8 << layout.slot_entries % 7);
    if ((shape & 8) != 0)
        layout.reserved_entry = (uint16_t)(512 * (layout.reserved_entry % 17));
    if ((shape & 16) != 0)
        layout.window_pages %= 17;
    if ((shape & 0xe0) == 0xe0)
        layout.mode = (enum cgdt_mode)2;
    return layout;
}

/* Where a slot lies; returns the entry of its window at which it begins. */
static uint32_t check_place(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    const uint64_t number = (slot & 0x01ffffffu) - 1ull;
    const uint32_t head = layout->common ? 512 : 0;
    uint64_t window;
    const uint32_t begin = reference_slot_begin(layout, number, &window);

    MUST(cgdt_slot_number(slot) == number, "%x", slot);
    MUST(cgdt_slot_window(layout, slot) == window, "%x", slot);
    MUST(cgdt_slot_position(layout, slot) == begin >> 9, "%x", slot);
    MUST(cgdt_slot_offset(layout, slot) == (begin & 511), "%x", slot);
    MUST(cgdt_slot_color(layout, slot) * layout->slot_entries == (begin & 511), "%x", slot);
    MUST(cgdt_slot_page(layout, slot) == number * layout->slot_entries >> 9, "%x", slot);
    MUST(cgdt_slot_color(layout, slot) < cgdt_colors(layout), "%x", slot);
    MUST(cgdt_bias_entries(layout, slot) == (layout->mode == CGDT_MODE_NATIVE ? 0 : begin), "%x",
         slot);
    MUST(cgdt_window_entries(layout, slot) == head + (begin | 511) + 1, "%x", slot);
    MUST(cgdt_first_canonical(layout) == head, "%x", slot);
    MUST(layout->mode == CGDT_MODE_NATIVE ||
             cgdt_window_entries(layout, slot) <= layout->reserved_entry,
         "%x reaches into the hypervisor's entries", slot);
    return begin;
}

/* Both directions, and there and back wherever something is left to come back from. */
static void check_selector(const struct cgdt_layout *layout, cgdt_slot_t slot, uint32_t begin,
                           uint16_t selector)
{
    const cgdt_local_t local = cgdt_to_local(layout, slot, (cgdt_canonical_t){selector});
    const cgdt_canonical_t canonical = cgdt_to_canonical(layout, slot, (cgdt_local_t){selector});

    MUST(local.selector == reference_local(layout, begin, selector), "%x -> %x", selector,
         local.selector);
    MUST(canonical.selector == reference_canonical(layout, begin, selector), "%x -> %x", selector,
         canonical.selector);
    MUST(local.selector == 0 || cgdt_to_canonical(layout, slot, local).selector == selector,
         "%x -> %x and back", selector, local.selector);
    /* Entry 0 of a slot is the null entry without a common page: its name is gone for good. */
    MUST(canonical.selector <= 3 || cgdt_to_local(layout, slot, canonical).selector == selector,
         "%x <- %x and back", selector, canonical.selector);
}

static void check_rebase(const struct cgdt_layout *layout, const cgdt_slot_t slots[2],
                         const uint32_t begins[2], uint16_t selector)
{
    const uint16_t canonical = reference_canonical(layout, begins[0], selector);
    const cgdt_local_t moved = cgdt_rebase(layout, slots[0], slots[1], (cgdt_local_t){selector});

    MUST(moved.selector == reference_local(layout, begins[1], canonical), "%x", selector);
    if (canonical > 3)
        MUST(cgdt_rebase(layout, slots[1], slots[0], moved).selector == selector, "%x", selector);
}

static void check_layout(struct input *input)
{
    const struct cgdt_layout layout = take_layout(input);
    const bool valid = reference_layout_is_valid(&layout);
    cgdt_slot_t slots[2];
    uint32_t begins[2];

    MUST(cgdt_layout_check(&layout) == (valid ? 0 : -CGDT_EINVAL),
         "slots of %u, %u pages, %u reserved, common %d, mode %d", layout.slot_entries,
         layout.window_pages, layout.reserved_entry, layout.common, layout.mode);
    if (!valid)
        return;
    for (int i = 0; i < 2; i++) {
        slots[i] = take32(input);
        if ((slots[i] & 0x01ffffffu) == 0 || (slots[i] & 0x01ffffffu) > CGDT_MAX_SLOTS)
            slots[i] = (slots[i] & 0x80ffffffu) + 1;
        begins[i] = check_place(&layout, slots[i]);
    }
    do {
        const uint16_t selector = take16(input);

        check_selector(&layout, slots[0], begins[0], selector);
        check_rebase(&layout, slots, begins, selector);
    } while (input->left > 0);
}

/* Whether two readings of a descriptor agree in every field. */
static bool same_fields(const struct cgdt_desc_fields *fields, const struct oracle_fields *oracle)
{
    const uint64_t bytes = (oracle->limit + 1ull) << (oracle->granular ? 12 : 0);

    return fields->base == oracle->base && fields->limit == oracle->limit &&
           fields->type == oracle->type && fields->dpl == oracle->dpl &&
           fields->segment == oracle->segment && fields->present == oracle->present &&
           fields->avl == oracle->avl && fields->long_mode == oracle->long_mode &&
           fields->default_big == oracle->big && fields->granular == oracle->granular &&
           fields->last_offset == bytes - 1;
}

/* Decode and encode: every bit of a descriptor belongs to one field. */
static void check_codec(struct input *input)
{
    const uint64_t raw = take64(input);
    struct cgdt_desc_fields fields;
    struct oracle_fields oracle;

    cgdt_desc_decode(raw, &fields);
    oracle_decode(raw, &oracle);
    MUST(same_fields(&fields, &oracle), "0x%016" PRIx64, raw);
    MUST(cgdt_desc_encode(&fields) == raw, "0x%016" PRIx64, raw);
    MUST(cgdt_desc_present(raw) == oracle.present && cgdt_desc_type(raw) == oracle.type,
         "0x%016" PRIx64, raw);
    MUST(cgdt_desc_wide64(raw) == (oracle.present && !oracle.segment && oracle.type != 0),
         "0x%016" PRIx64, raw);
    /* Too large values are cut to their fields, and disturb no other. */
    fields.limit = take32(input);
    fields.type = take8(input);
    fields.dpl = take8(input);
    const uint64_t other = cgdt_desc_encode(&fields);
    oracle.limit = fields.limit % 0x100000;
    oracle.type = fields.type % 16;
    oracle.dpl = fields.dpl % 4;
    cgdt_desc_decode(other, &fields);
    MUST(same_fields(&fields, &oracle), "0x%016" PRIx64, other);
}

static void check_segment(struct input *input)
{
    const uint32_t base = take32(input);
    const uint32_t last = take32(input);
    /* Bits 41-43, 45-46 and 52-54 are the caller's. */
    const uint64_t bits = take64(input);
    const uint64_t attributes = (bits & 1) != 0 ? bits & 0x00706e0000000000u : bits;
    const bool valid =
        (attributes & 0xff8f91ffffffffffu) == 0 && (last < 1u << 20 || last % 4096 == 4095);
    uint64_t raw = 1;
    struct oracle_fields oracle;

    MUST(cgdt_desc_segment(&raw, base, last, attributes) == (valid ? 0 : -CGDT_ERANGE), "%x", last);
    if (!valid) {
        MUST(raw == 1, "changed on failure");
        return;
    }
    oracle_decode(raw, &oracle);
    MUST(oracle.base == base && (oracle.limit + 1ull) * (oracle.granular ? 4096 : 1) == last + 1ull,
         "0x%016" PRIx64, raw);
    MUST(oracle.present && oracle.segment && oracle.type % 2 == 1, "0x%016" PRIx64, raw);
    MUST(oracle.dpl == (attributes >> 45 & 3) && oracle.type / 2 == (attributes >> 41 & 7) &&
             (oracle.avl | oracle.long_mode << 1 | oracle.big << 2) == (attributes >> 52 & 7),
         "0x%016" PRIx64, raw);
    MUST(cgdt_desc_code64(last) == (0x00af9b000000ffffu | (last & 3ull) << 45), "%x", last);
    MUST(cgdt_desc_data_flat(last) == (0x00cf93000000ffffu | (last & 3ull) << 45), "%x", last);
}

static void check_system(struct input *input)
{
    const uint64_t base = take64(input);
    const uint32_t limit = take32(input);
    const unsigned type = take8(input);
    const unsigned dpl = take8(input);
    const bool fits = limit < 1u << 20 && (type == 2 || type == 9 || type == 11) && dpl < 4;
    const bool canonical = base < 1ull << 56 || base >= 0xffull << 56;
    struct oracle_fields oracle;
    uint64_t narrow = 0;
    uint64_t wide[2];

    MUST(cgdt_desc_system32(&narrow, (uint32_t)base, limit, (enum cgdt_system_type)type, dpl) ==
             (fits ? 0 : -CGDT_ERANGE),
         "limit %x type %u dpl %u", limit, type, dpl);
    MUST(cgdt_desc_system64(wide, base, limit, (enum cgdt_system_type)type, dpl) ==
             (fits && canonical ? 0 : -CGDT_ERANGE),
         "base %" PRIx64 " limit %x type %u dpl %u", base, limit, type, dpl);
    if (!fits)
        return;
    oracle_decode(narrow, &oracle);
    MUST(oracle.base == (uint32_t)base && oracle.limit == limit && oracle.type == type &&
             oracle.dpl == dpl && oracle.present && !oracle.segment && !oracle.granular,
         "0x%016" PRIx64, narrow);
    if (canonical)
        MUST(wide[0] == narrow && wide[1] == base >> 32, "0x%016" PRIx64, wide[1]);
}

static void check_gate(struct input *input)
{
    const uint16_t selector = take16(input);
    const uint64_t offset = take64(input);
    const unsigned dpl = take8(input);
    struct oracle_gate gate;
    uint64_t wide[2];

    cgdt_desc_call_gate64(wide, selector, offset, dpl);
    oracle_decode_gate(wide[0], &gate);
    MUST(gate.selector == selector && (gate.offset | wide[1] << 32) == offset && gate.type == 12 &&
             gate.dpl == dpl % 4 && gate.present && gate.low_byte == 0,
         "0x%016" PRIx64 " 0x%016" PRIx64, wide[0], wide[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct input *) = {check_layout, check_codec, check_segment,
                                                     check_system, check_gate,  check_layout};
    struct input input = {data, size};
    const uint8_t what = take8(&input);

    checks[what % COUNT_OF(checks)](&input);
    return 0;
}
