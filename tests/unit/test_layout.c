/* SPDX-License-Identifier: MIT */
/*
 * Where slots lie and what selectors become, for all seven slot sizes, windows of 1 to 15 pages,
 * with and without a common page. The oracle counts: it walks windows, pages and colors with nested
 * loops.
 */
#include <cgdt/layout.h>

#include "must.h"

static const uint16_t sizes[] = {8, 16, 32, 64, 128, 256, 512};

#define SELECTORS 65536u

static struct cgdt_layout paged(uint16_t slot_entries, uint8_t window_pages, bool common)
{
    const struct cgdt_layout layout = {
        .slot_entries = slot_entries,
        .reserved_entry = (uint16_t)((window_pages + (common ? 1 : 0)) * 512),
        .window_pages = window_pages,
        .common = common,
        .mode = CGDT_MODE_PAGED,
    };
    return layout;
}

static struct cgdt_layout xen(uint16_t slot_entries, bool common)
{
    struct cgdt_layout layout = paged(slot_entries, common ? 13 : 14, common);

    layout.reserved_entry = CGDT_XEN_RESERVED_ENTRY;
    return layout;
}

static struct cgdt_layout native(void)
{
    const struct cgdt_layout layout = {
        .slot_entries = 16, .window_pages = 4, .mode = CGDT_MODE_NATIVE};
    return layout;
}

/* Call `visit` for every layout that today's 16-page area of Xen allows. */
static void for_each_layout(void (*visit)(const struct cgdt_layout *layout))
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (uint8_t pages = 1; pages <= CGDT_MAX_WINDOW_PAGES; pages++)
            for (int common = 0; common < 2; common++) {
                const struct cgdt_layout layout = paged(sizes[s], pages, common != 0);

                if (cgdt_layout_check(&layout) == 0)
                    visit(&layout);
                else
                    MUST(common && pages == 15, "%u entries, %u pages refused", sizes[s], pages);
            }
}

/* The first three windows, counted slot by slot. */
static void count_places(const struct cgdt_layout *layout)
{
    uint32_t handle = 0;
    uint32_t page = 0;

    for (uint32_t window = 0; window < 3; window++)
        for (uint32_t position = 0; position < layout->window_pages; position++, page++)
            for (uint32_t start = 0, color = 0; start < 512;
                 start += layout->slot_entries, color++) {
                handle++;
                MUST(cgdt_slot_number(handle) == handle - 1, "number of %u", handle);
                MUST(cgdt_slot_window(layout, handle) == window, "window of %u", handle);
                MUST(cgdt_slot_position(layout, handle) == position, "position of %u", handle);
                MUST(cgdt_slot_page(layout, handle) == page, "page of %u", handle);
                MUST(cgdt_slot_color(layout, handle) == color, "color of %u", handle);
                MUST(cgdt_bias_entries(layout, handle) == position * 512 + start, "bias of %u",
                     handle);
                MUST(cgdt_window_entries(layout, handle) ==
                         (position + 1 + (layout->common ? 1 : 0)) * 512,
                     "entries of %u", handle);
            }
}

Test(layout, every_slot_lies_where_counting_puts_it)
{
    for_each_layout(count_places);
}

static void generation_changes_no_place(const struct cgdt_layout *layout)
{
    for (uint32_t handle = 1; handle < 200; handle++) {
        const cgdt_slot_t later = handle | (handle % 64) << CGDT_SLOT_GENERATION_SHIFT;

        MUST(cgdt_slot_number(later) == cgdt_slot_number(handle), "number");
        MUST(cgdt_slot_window(layout, later) == cgdt_slot_window(layout, handle), "window");
        MUST(cgdt_bias_entries(layout, later) == cgdt_bias_entries(layout, handle), "bias");
    }
}

Test(layout, the_generation_changes_no_place)
{
    for_each_layout(generation_changes_no_place);
}

Test(layout, colors_times_entries_fill_a_page)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        const struct cgdt_layout layout = paged(sizes[s], 1, false);

        cr_assert_eq(cgdt_colors(&layout) * sizes[s], 512);
    }
}

/*
 * What a selector must become on the CPU of a slot, by looking its entry up in a picture of the
 * window: the canonical entries of the slot are named from the window's first slot, the local ones
 * from `start`.
 */
static uint16_t expected(const struct cgdt_layout *layout, uint32_t from, uint32_t to,
                         uint32_t selector)
{
    const uint32_t index = selector / 8;
    const bool ldt = selector / 4 % 2;
    const bool null = selector < 4;
    const bool on_common = layout->common && index < 512;
    const bool xens = index >= layout->reserved_entry;

    if (ldt || null || on_common || xens)
        return (uint16_t)selector;
    for (uint32_t k = 0; k < layout->slot_entries; k++)
        if (from + k == index)
            return (uint16_t)((to + k) * 8 + selector % 4);
    return 0;
}

/* All 65536 selectors on the CPU of one slot, there and back. */
static void check_all_selectors(const struct cgdt_layout *layout, cgdt_slot_t slot,
                                uint32_t position, uint32_t color)
{
    const uint32_t head = layout->common ? 512 : 0;
    const uint32_t start = head + position * 512 + color * layout->slot_entries;

    for (uint32_t selector = 0; selector < SELECTORS; selector++) {
        const cgdt_canonical_t canonical = {(uint16_t)selector};
        const cgdt_local_t local = {(uint16_t)selector};
        const uint16_t to_local = cgdt_to_local(layout, slot, canonical).selector;
        const uint16_t to_canonical = cgdt_to_canonical(layout, slot, local).selector;

        const struct cgdt_selector_shift shift = cgdt_selector_shift_of(layout, slot);

        MUST(cgdt_shift_to_local(&shift, canonical).selector == to_local &&
                 cgdt_shift_to_canonical(&shift, local).selector == to_canonical,
             "shifted %04x of slot %u", selector, slot);
        MUST(to_local == expected(layout, head, start, selector), "local %04x of slot %u: %04x",
             selector, slot, to_local);
        MUST(to_canonical == expected(layout, start, head, selector),
             "canonical %04x of slot %u: %04x", selector, slot, to_canonical);
    }
}

static void check_some_slots(const struct cgdt_layout *layout)
{
    const uint32_t colors = 512u / layout->slot_entries;
    const uint32_t positions[] = {0, layout->window_pages / 2u, layout->window_pages - 1u};

    for (size_t p = 0; p < COUNT_OF(positions); p++)
        for (uint32_t c = 0; c < 2; c++) {
            const uint32_t color = c ? colors - 1 : 0;
            const uint32_t window = 5;
            const cgdt_slot_t slot =
                (window * layout->window_pages + positions[p]) * colors + color + 1;

            if (p == 0 || positions[p] != positions[p - 1])
                check_all_selectors(layout, slot, positions[p], color);
        }
}

Test(layout, all_65536_selectors_on_windows_of_every_length)
{
    const uint16_t some[] = {8, 32, 512};

    for (size_t s = 0; s < COUNT_OF(some); s++)
        for (uint8_t pages = 1; pages <= 15; pages++) {
            const struct cgdt_layout layout = paged(some[s], pages, false);

            check_some_slots(&layout);
        }
}

Test(layout, all_65536_selectors_on_windows_with_a_common_page)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (uint8_t pages = 1; pages <= 14; pages += 6) {
            const struct cgdt_layout layout = paged(sizes[s], pages, true);

            check_some_slots(&layout);
        }
}

Test(layout, all_65536_selectors_on_every_slot_size_of_todays_xen)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        const struct cgdt_layout layout = xen(sizes[s], false);

        check_some_slots(&layout);
    }
}

Test(layout, a_short_window_below_xens_entries_leaves_a_gap_that_becomes_null)
{
    struct cgdt_layout layout = paged(32, 1, false);

    layout.reserved_entry = CGDT_XEN_RESERVED_ENTRY;
    check_some_slots(&layout);
    cr_assert_eq(cgdt_to_local(&layout, 1, (cgdt_canonical_t){0x2003}).selector, 0);
    cr_assert_eq(cgdt_to_local(&layout, 1, (cgdt_canonical_t){0xe033}).selector, 0xe033);
}

static void round_trip(const struct cgdt_layout *layout)
{
    const cgdt_slot_t last = cgdt_colors(layout) * layout->window_pages;
    const uint32_t first = cgdt_first_canonical(layout);

    for (uint32_t k = 0; k < layout->slot_entries; k++)
        for (uint32_t rpl = 0; rpl < 4; rpl++) {
            const cgdt_canonical_t canonical = {(uint16_t)((first + k) * 8 + rpl)};
            const cgdt_local_t local = cgdt_to_local(layout, last, canonical);
            const cgdt_canonical_t back = cgdt_to_canonical(layout, last, local);

            MUST(back.selector == canonical.selector, "%04x came back as %04x", canonical.selector,
                 back.selector);
        }
}

Test(layout, own_selectors_survive_the_round_trip_with_their_rpl)
{
    for_each_layout(round_trip);
}

Test(layout, rebase_of_null_stays_null)
{
    const struct cgdt_layout layout = xen(32, false);

    for (uint16_t null = 0; null < 4; null++)
        for (cgdt_slot_t to = 1; to <= 224; to++)
            MUST(cgdt_rebase(&layout, 7, to, (cgdt_local_t){null}).selector == null, "null %u",
                 null);
}

Test(layout, rebase_moves_a_selector_from_slot_to_slot)
{
    const struct cgdt_layout layout = xen(32, false);

    for (cgdt_slot_t from = 1; from <= 224; from += 5)
        for (cgdt_slot_t to = 1; to <= 224; to += 3)
            for (uint32_t k = 1; k < 32; k++) {
                const uint32_t before = ((from - 1) * 32 + k) * 8 + 3;
                const uint32_t after = ((to - 1) * 32 + k) * 8 + 3;
                const cgdt_local_t local = {(uint16_t)before};

                MUST(cgdt_rebase(&layout, from, to, local).selector == after, "%u to %u, entry %u",
                     from, to, k);
            }
}

Test(layout, rebase_of_a_neighbours_selector_is_null)
{
    const struct cgdt_layout layout = xen(32, false);
    const cgdt_local_t neighbours = {(uint16_t)(33 * 8 + 3)};

    cr_assert_eq(cgdt_rebase(&layout, 1, 3, neighbours).selector, 0);
}

Test(layout, rebase_keeps_ldt_common_and_hypervisor_selectors)
{
    const struct cgdt_layout layout = xen(8, true);
    const uint16_t kept[] = {0x0004, 0x000f, 0xffff, 0x0008, 0x0ffb, 0xe033, 0xe02b, 0xfff8};

    for (size_t i = 0; i < COUNT_OF(kept); i++)
        cr_assert_eq(cgdt_rebase(&layout, 5, 700, (cgdt_local_t){kept[i]}).selector, kept[i],
                     "%04x", kept[i]);
}

Test(layout, native_tables_have_no_bias_and_change_no_selector)
{
    const struct cgdt_layout layout = native();

    for (cgdt_slot_t slot = 1; slot < 300; slot += 37) {
        cr_assert_eq(cgdt_bias_entries(&layout, slot), 0);
        for (uint32_t selector = 0; selector < SELECTORS; selector++) {
            const uint16_t value = (uint16_t)selector;

            MUST(cgdt_to_local(&layout, slot, (cgdt_canonical_t){value}).selector == value,
                 "local");
            MUST(cgdt_to_canonical(&layout, slot, (cgdt_local_t){value}).selector == value, "back");
            const struct cgdt_selector_shift shift = cgdt_selector_shift_of(&layout, slot);
            MUST(cgdt_shift_to_local(&shift, (cgdt_canonical_t){value}).selector == value &&
                     cgdt_shift_to_canonical(&shift, (cgdt_local_t){value}).selector == value,
                 "shifted %04x", value);
        }
    }
}

/* How many CPUs one window serves. */
static uint32_t window_cpus(uint16_t slot_entries, uint16_t reserved_entry, bool common)
{
    struct cgdt_layout layout = paged(slot_entries, 1, common);
    cgdt_slot_t slot = 1;

    layout.window_pages = (uint8_t)(reserved_entry / 512 - (common ? 1 : 0));
    layout.reserved_entry = reserved_entry;
    cr_assert_eq(cgdt_layout_check(&layout), 0);
    while (cgdt_slot_window(&layout, slot) == 0)
        slot++;
    return slot - 1;
}

Test(layout, fifteen_pages_of_16_tables_are_the_240_cpus_of_2005)
{
    cr_assert_eq(window_cpus(32, CGDT_XEN_2005_RESERVED_ENTRY, false), 240);
}

Test(layout, fourteen_pages_of_16_tables_are_224_cpus_today)
{
    cr_assert_eq(window_cpus(32, CGDT_XEN_RESERVED_ENTRY, false), 224);
}

Test(layout, fourteen_pages_of_16_entries_are_448_cpus)
{
    cr_assert_eq(window_cpus(16, CGDT_XEN_RESERVED_ENTRY, false), 448);
}

Test(layout, a_common_page_leaves_13_pages_of_64_tables)
{
    cr_assert_eq(window_cpus(8, CGDT_XEN_RESERVED_ENTRY, true), 832);
}

Test(layout, the_largest_handle_is_16777216_slots)
{
    const struct cgdt_layout layout = xen(8, false);

    cr_assert_eq(cgdt_slot_number(CGDT_MAX_SLOTS), CGDT_MAX_SLOTS - 1);
    cr_assert_eq(cgdt_slot_page(&layout, CGDT_MAX_SLOTS), 262143);
}

Test(layout, only_the_seven_sizes_make_a_slot)
{
    for (uint32_t entries = 0; entries <= 0xffff; entries++) {
        struct cgdt_layout layout = paged(8, 1, false);
        bool known = false;

        layout.slot_entries = (uint16_t)entries;
        for (size_t s = 0; s < COUNT_OF(sizes); s++)
            known = known || sizes[s] == entries;
        MUST(cgdt_layout_check(&layout) == (known ? 0 : -CGDT_EINVAL), "%u entries", entries);
    }
}

Test(layout, a_window_has_1_to_15_pages_that_fit_below_the_reserved_entry)
{
    for (uint32_t pages = 0; pages < 256; pages++)
        for (uint32_t reserved = 0; reserved <= 0xffff; reserved += 256)
            for (uint32_t common = 0; common < 2; common++) {
                const struct cgdt_layout layout = {
                    .slot_entries = 32,
                    .reserved_entry = (uint16_t)reserved,
                    .window_pages = (uint8_t)pages,
                    .common = common != 0,
                };
                const bool good = pages >= 1 && pages <= 15 && reserved % 512 == 0 &&
                                  (pages + common) * 512 <= reserved;
                const int result = cgdt_layout_check(&layout);

                /*
                 * At least one of the area's 16 pages is Xen's: what lies beyond is not asked here.
                 */
                MUST(reserved > CGDT_XEN_2005_RESERVED_ENTRY || result == (good ? 0 : -CGDT_EINVAL),
                     "%u pages, reserved %u, common %u: %d", pages, reserved, common, result);
            }
}

Test(layout, no_layout_gives_more_frames_than_the_list_holds)
{
    struct cgdt_layout layout = paged(8, 15, true);

    cr_assert_eq(cgdt_layout_check(&layout), -CGDT_EINVAL, "16 frames do not fit");
    layout.reserved_entry = 8192;
    cr_assert_eq(cgdt_layout_check(&layout), -CGDT_EINVAL, "16 frames do not fit");
}

Test(layout, native_with_a_common_page_is_refused)
{
    struct cgdt_layout layout = native();

    cr_assert_eq(cgdt_layout_check(&layout), 0);
    layout.common = true;
    cr_assert_eq(cgdt_layout_check(&layout), -CGDT_EINVAL);
}

Test(layout, an_unknown_mode_is_refused)
{
    struct cgdt_layout layout = xen(32, false);

    layout.mode = (enum cgdt_mode)7;
    cr_assert_eq(cgdt_layout_check(&layout), -CGDT_EINVAL);
}
