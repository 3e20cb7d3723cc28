/* SPDX-License-Identifier: MIT */
/*
 * Where a slot lies and what its entries are called, for every layout, slot and selector. Nothing
 * is divided here: a place is built from its parts, and the core has to find them again.
 */
#include "proof.h"

#include <cgdt/layout.h>

static struct cgdt_layout any_layout(void)
{
    struct cgdt_layout layout = {.slot_entries = any_u16(),
                                 .reserved_entry = any_u16(),
                                 .window_pages = any_u8(),
                                 .common = any_bool(),
                                 .mode = (enum cgdt_mode)any_unsigned()};

    return layout;
}

static struct cgdt_layout any_valid_layout(void)
{
    const struct cgdt_layout layout = any_layout();

    ASSUME(cgdt_layout_check(&layout) == 0);
    return layout;
}

/*
 * A slot of a window, any generation. Of the first: what follows knows of a slot its position and
 * color alone, and that those are the same in each window is shown by the first theorem below.
 */
static cgdt_slot_t any_slot(const struct cgdt_layout *layout)
{
    const uint32_t number = any_below(CGDT_MAX_WINDOW_PAGES * 64u);

    ASSUME(number < layout->window_pages * cgdt_colors(layout));
    return (any_below(64) << CGDT_SLOT_GENERATION_SHIFT) | (number + 1);
}

void a_layout_is_valid_just_when_the_header_says_so(void)
{
    const struct cgdt_layout layout = any_layout();
    const unsigned size = layout.slot_entries;
    const bool fits = size == 8 || size == 16 || size == 32 || size == 64 || size == 128 ||
                      size == 256 || size == 512;
    const bool pages = layout.window_pages >= 1 && layout.window_pages <= 15;
    const unsigned need = 512u * (layout.window_pages + (layout.common ? 1u : 0u));
    const bool paged = layout.mode == CGDT_MODE_PAGED && layout.reserved_entry % 512 == 0 &&
                       layout.reserved_entry <= 7680 && need <= layout.reserved_entry;
    const bool native = layout.mode == CGDT_MODE_NATIVE && !layout.common;
    const int error = cgdt_layout_check(&layout);

    CLAIM((error == 0) == (fits && pages && (paged || native)), "valid as the header has it");
    CLAIM(error == 0 || error == -CGDT_EINVAL, "else the header's code");
}

/* Of one slot size and one count of pages, since a division by a variable is a large formula. */
static void place_is_found_again(uint32_t size, uint32_t pages)
{
    const struct cgdt_layout layout = {.slot_entries = (uint16_t)size,
                                       .reserved_entry = 7680,
                                       .window_pages = (uint8_t)pages,
                                       .mode = CGDT_MODE_PAGED};
    const uint32_t colors = 512 / size;
    const uint32_t window = any_below(CGDT_MAX_SLOTS);
    const uint32_t position = any_below(pages);
    const uint32_t color = any_below(colors);
    const uint64_t page = (uint64_t)window * pages + position;
    const uint64_t number = page * colors + color;

    ASSUME(number < CGDT_MAX_SLOTS);
    const cgdt_slot_t slot = any_below(64) << CGDT_SLOT_GENERATION_SHIFT | ((uint32_t)number + 1);
    CLAIM(cgdt_colors(&layout) == colors, "colors");
    CLAIM(cgdt_slot_number(slot) == number, "the number of a handle");
    CLAIM(cgdt_slot_page(&layout, slot) == page, "the page");
    CLAIM(cgdt_slot_color(&layout, slot) == color, "the color");
    CLAIM(cgdt_slot_window(&layout, slot) == window, "the window");
    CLAIM(cgdt_slot_position(&layout, slot) == position, "the position in it");
    CLAIM(cgdt_slot_offset(&layout, slot) == color * size, "the entry of the page");
    CLAIM(cgdt_bias_entries(&layout, slot) == position * 512 + color * size, "the bias");
    CLAIM(cgdt_window_entries(&layout, slot) == (position + 1) * 512, "the window's entries");
}

void every_slot_has_one_place_and_every_place_one_slot(void)
{
    for (uint32_t pages = PROOF_FIRST_PAGES; pages <= PROOF_LAST_PAGES; pages++)
        place_is_found_again(PROOF_SLOT_ENTRIES, pages);
}

/*
 * Of one slot size and any count of pages. What a slot's window, position and color are, tells its
 * number: no two slots have the same.
 */
void no_two_slots_have_the_same_place(void)
{
    const uint32_t pages = any_u8() & 15u; /* so few bits: the multiplications are small */
    const uint32_t colors = 512 / PROOF_SLOT_ENTRIES;
    const uint32_t number = any_u32() & (CGDT_MAX_SLOTS - 1u);
    const struct cgdt_layout layout = {.slot_entries = PROOF_SLOT_ENTRIES,
                                       .reserved_entry = 7680,
                                       .window_pages = (uint8_t)pages,
                                       .mode = CGDT_MODE_PAGED};
    const cgdt_slot_t slot = number + 1;

    ASSUME(cgdt_layout_check(&layout) == 0);
    const uint32_t window = cgdt_slot_window(&layout, slot) & 0xffffffu;
    const uint32_t position = cgdt_slot_position(&layout, slot);
    const uint32_t color = cgdt_slot_color(&layout, slot);

    CLAIM(cgdt_slot_window(&layout, slot) == window, "no more windows than slots");
    CLAIM(position < pages && color < colors, "a page of its window, a color of its page");
    CLAIM((window * pages + position) * colors + color == number, "its place tells its number");
    CLAIM(cgdt_slot_page(&layout, slot) == window * pages + position, "windows lie end to end");
    CLAIM(cgdt_slot_offset(&layout, slot) == color * PROOF_SLOT_ENTRIES, "as do slots of a page");
}

void no_table_reaches_out_of_its_page_or_window(void)
{
    const struct cgdt_layout layout = any_valid_layout();
    const cgdt_slot_t slot = any_slot(&layout);
    const uint32_t bias = cgdt_bias_entries(&layout, slot);
    const uint32_t first = cgdt_first_canonical(&layout);
    const uint32_t entries = cgdt_window_entries(&layout, slot);

    CLAIM(cgdt_slot_offset(&layout, slot) + layout.slot_entries <= CGDT_PAGE_ENTRIES,
          "a slot lies in one page");
    CLAIM(cgdt_slot_position(&layout, slot) < layout.window_pages, "and that in a window");
    CLAIM(layout.mode == CGDT_MODE_PAGED || bias == 0, "native: no bias");
    CLAIM(layout.mode == CGDT_MODE_NATIVE ||
              first + bias + layout.slot_entries <= layout.reserved_entry,
          "it ends below the hypervisor's entries");
    CLAIM(layout.mode == CGDT_MODE_NATIVE ||
              (entries <= layout.reserved_entry && first + bias + layout.slot_entries <= entries),
          "the window that is told of has it all");
}

/* Entry 0 of a slot without a common page is the null descriptor, and a selector of it is null. */
void local_and_canonical_selectors_are_inverse(void)
{
    const struct cgdt_layout layout = any_valid_layout();
    const cgdt_slot_t slot = any_slot(&layout);
    const cgdt_canonical_t canonical = {any_u16()};
    const cgdt_local_t local = {any_u16()};
    const cgdt_local_t there = cgdt_to_local(&layout, slot, canonical);
    const cgdt_canonical_t back = cgdt_to_canonical(&layout, slot, there);
    const cgdt_canonical_t here = cgdt_to_canonical(&layout, slot, local);
    const cgdt_local_t again = cgdt_to_local(&layout, slot, here);

    CLAIM(there.selector == 0 || back.selector == canonical.selector,
          "canonical, local, canonical");
    CLAIM(here.selector <= 3 || again.selector == local.selector, "local, canonical, local");
    CLAIM(cgdt_rebase(&layout, slot, slot, local).selector == again.selector,
          "onto its own slot: the same");
}

void no_bias_carries_into_rpl_or_ti_or_reaches_the_hypervisor(void)
{
    const struct cgdt_layout layout = any_valid_layout();
    const cgdt_slot_t slot = any_slot(&layout);
    const cgdt_canonical_t from = {any_u16()};
    const cgdt_local_t to = cgdt_to_local(&layout, slot, from);
    const uint32_t entry = from.selector >> 3;
    const uint32_t first = cgdt_first_canonical(&layout);
    const bool moved = layout.mode == CGDT_MODE_PAGED && (from.selector & 4) == 0 &&
                       from.selector > 3 && entry >= first && entry < layout.reserved_entry;

    CLAIM(moved || to.selector == from.selector,
          "null, LDT, common, Xen's and native: as they are");
    CLAIM(!moved || to.selector == 0 || (to.selector & 7) == (from.selector & 7),
          "RPL and TI stay");
    CLAIM(!moved || (to.selector == 0) == (entry - first >= layout.slot_entries),
          "null just where it names no entry of the slot");
    CLAIM(!moved || to.selector == 0 ||
              (to.selector >> 3) - cgdt_bias_entries(&layout, slot) == entry,
          "else that entry, by the bias");
    CLAIM(!moved || (to.selector >> 3) < layout.reserved_entry, "never one of the hypervisor's");
}

void no_two_slots_of_a_window_overlap(void)
{
    const struct cgdt_layout layout = any_valid_layout();
    const cgdt_slot_t one = any_slot(&layout);
    const cgdt_slot_t other = any_slot(&layout);
    const uint32_t a = cgdt_slot_offset(&layout, one);
    const uint32_t b = cgdt_slot_offset(&layout, other);

    ASSUME(cgdt_slot_number(one) != cgdt_slot_number(other));
    ASSUME(cgdt_slot_page(&layout, one) == cgdt_slot_page(&layout, other));
    CLAIM(a + layout.slot_entries <= b || b + layout.slot_entries <= a,
          "of two slots of a page one ends before the other begins");
}
