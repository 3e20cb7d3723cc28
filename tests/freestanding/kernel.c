/* SPDX-License-Identifier: MIT */
/*
 * A file of a kernel, for test-flags: it uses every inline function of the public headers, more
 * than once, and has a descriptor type of its own, packed as Linux's desc_struct is.
 */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <cgdt/port/lgdt.h>
#include <cgdt/port/native_aliased.h>

struct my_desc {
    uint16_t limit0, base0;
    uint16_t base1_type, limit1_base2;
} __attribute__((packed));

static struct my_desc template_descs[4];

uint32_t kernel_places(const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other);
uint32_t kernel_selectors(const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other);
uint64_t kernel_descriptors(cgdt_desc_t desc);
int kernel_write(struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_config *config);
void kernel_load(const struct cgdt_native *native, struct cgdt_pseudo_descriptor *gdtr);
uintptr_t kernel_writable(const struct cgdt_native_aliased *native,
                          const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other);
void kernel_port_again(struct cgdt_batch *batch);

uint32_t kernel_places(const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other)
{
    return cgdt_colors(layout) + cgdt_slot_number(slot) + cgdt_slot_page(layout, slot) +
           cgdt_slot_color(layout, slot) + cgdt_slot_offset(layout, slot) +
           cgdt_slot_window(layout, slot) + cgdt_slot_position(layout, slot) +
           cgdt_bias_entries(layout, slot) + cgdt_window_entries(layout, slot) +
           cgdt_slot_number(other) + cgdt_slot_page(layout, other) +
           cgdt_slot_color(layout, other) + cgdt_slot_offset(layout, other) +
           cgdt_slot_window(layout, other) + cgdt_slot_position(layout, other) +
           cgdt_bias_entries(layout, other) + cgdt_window_entries(layout, other);
}

uint32_t kernel_selectors(const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other)
{
    const cgdt_canonical_t canonical = {(uint16_t)((cgdt_first_canonical(layout) + 1u) << 3)};
    const cgdt_local_t local = cgdt_to_local(layout, slot, canonical);
    const cgdt_local_t rebased = cgdt_rebase(layout, slot, other, local);

    return (uint32_t)cgdt_to_canonical(layout, other, rebased).selector +
           cgdt_to_local(layout, other, canonical).selector +
           cgdt_rebase(layout, other, slot, rebased).selector;
}

uint64_t kernel_descriptors(cgdt_desc_t desc)
{
    return cgdt_desc_code64(0) + cgdt_desc_code32(0) + cgdt_desc_data_flat(0) +
           cgdt_desc_code64(3) + cgdt_desc_code32(3) + cgdt_desc_data_flat(3) +
           cgdt_desc_present(desc) + cgdt_desc_type(desc) + cgdt_desc_wide64(desc);
}

int kernel_write(struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_config *config)
{
    struct my_desc mine[2] __attribute__((aligned(8)));
    int error;

    config->template_descs = template_descs;
    error = cgdt_read(pool, slot, 3, mine, 2);
    if (error == 0)
        error = cgdt_write(pool, slot, 3, mine, 2);
    if (error == 0)
        error = cgdt_write_common(pool, 3, &mine[1], 1);
    return error;
}

void kernel_load(const struct cgdt_native *native, struct cgdt_pseudo_descriptor *gdtr)
{
    cgdt_sgdt(gdtr);
    cgdt_lgdt(gdtr);
    cgdt_load_cs(1 << 3);
    cgdt_load_data_segments(2 << 3);
    cgdt_ltr(3 << 3);
    if (cgdt_str() != 0 && cgdt_native_alias_bytes(native) != 0)
        cgdt_lgdt_with_tss(gdtr, cgdt_native_writable(native, gdtr->base), 3 << 3);
}

uintptr_t kernel_writable(const struct cgdt_native_aliased *native,
                          const struct cgdt_layout *layout, cgdt_slot_t slot, cgdt_slot_t other)
{
    return cgdt_native_aliased_writable(native, layout, slot) -
           cgdt_native_aliased_writable(native, layout, other);
}

void kernel_port_again(struct cgdt_batch *batch)
{
    cgdt_batch_rewind(batch);
    cgdt_batch_rewind(batch);
}
