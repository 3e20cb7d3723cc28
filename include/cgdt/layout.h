/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Where a slot lies, and what its entries are called: handle <-> window, page, color; bias;
 * selectors.
 *
 * A window w of a paged pool, as CPUs of that window see it (14 slot pages fit below Xen's own
 * entries):
 *
 * @verbatim
   entry 0        512        1024                 7168             7680
   | common page? | page 0   | page 1  | ...      | hypervisor's   |
                  |c0|c1|c2..| colors of slot_entries descriptors each
   @endverbatim
 *
 * Everything here is a pure function of its arguments: no memory is read but `*layout`, any CPU,
 * any time.
 */
#ifndef CGDT_LAYOUT_H
#define CGDT_LAYOUT_H

#include "descriptor.h"
#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * First entry that belongs to Xen: FIRST_RESERVED_GDT_ENTRY, xen/include/public/arch-x86/xen.h (14
 * pages).
 */
#define CGDT_XEN_RESERVED_ENTRY 7168u
/**
 * The same as the mail of September 2005 has it that packing comes from: 15 pages for the guest.
 * No Xen had that: its first reserved entry was 256 until 18 May 2005, and is 7168 since.
 */
#define CGDT_XEN_2005_RESERVED_ENTRY 7680u

#define CGDT_MIN_SLOT_ENTRIES 8u   /**< The smallest slot, in descriptors: 64 to a page. */
#define CGDT_MAX_SLOT_ENTRIES 512u /**< The largest slot, in descriptors: a page. */
/** Most slot pages in a window: 16 pages of Xen's area, less at least one for Xen itself. */
#define CGDT_MAX_WINDOW_PAGES 15u
/** The most that cgdt_frames() gives: common page and slot pages. */
#define CGDT_MAX_FRAMES 15u

/** Who finds a table, and how. */
enum cgdt_mode {
    /** The table's base is a page boundary (a hypervisor maps it): entries are biased. */
    CGDT_MODE_PAGED,
    /** The base is byte-granular (LGDT): bias 0, nothing in the kernel changes. */
    CGDT_MODE_NATIVE,
};

/** Geometry of a pool. Filled in by the caller; cgdt_layout_check() says whether it makes sense. */
struct cgdt_layout {
    /** Descriptors in a slot: 8, 16, 32, 64, 128, 256 or 512. */
    uint16_t slot_entries;
    /** Paged: first entry of the hypervisor, a multiple of 512, at most 7680; native: unused. */
    uint16_t reserved_entry;
    uint8_t window_pages; /**< Slot pages in a window, 1 to 15. */
    bool common;          /**< Paged only: a common page heads every window. */
    enum cgdt_mode mode;  /**< Who finds a table. */
};

/**
 * Whether a layout makes sense.
 *
 * @param layout  the layout
 *
 * @retval 0             it does
 * @retval -CGDT_EINVAL  (caller) slot_entries is not one of the seven sizes, window_pages is not 1
 *                       .. 15, mode is neither; paged: reserved_entry is not a multiple of 512 up
 *                       to 7680, or the pages do not fit below it; native: a common page is asked
 *                       for
 */
int cgdt_layout_check(const struct cgdt_layout *layout);

/**
 * Handle of a slot. Zero-initialised memory holds no slot.
 *
 * @verbatim
   31 ....... 26   25   24 .................................. 0
   generation      0    slot number + 1 (slot = page x colors + color)
   @endverbatim
 *
 * The generation goes up by one each time the slot is freed, so a handle kept across 1 to 63 frees
 * is noticed. One kept across 64 looks like the present owner's: nothing here can tell them apart.
 */
typedef uint32_t cgdt_slot_t;

#define CGDT_NO_SLOT               ((cgdt_slot_t)0) /**< No slot: what no handle is equal to. */
#define CGDT_MAX_SLOTS             (1u << 24)       /**< Most slots of a pool, and so most CPUs. */
#define CGDT_SLOT_NUMBER_MASK      0x01ffffffu      /**< Slot number + 1 in a handle. */
#define CGDT_SLOT_GENERATION_SHIFT 26u              /**< Where the generation begins in a handle. */

/**
 * Slots in a page.
 *
 * @param layout  a valid layout, here and below: one that cgdt_layout_check() takes
 *
 * @return 1 .. 64
 */
CGDT_INLINE_ uint32_t cgdt_colors(const struct cgdt_layout *layout)
{
    return CGDT_PAGE_ENTRIES / layout->slot_entries;
}

/**
 * Number of a slot in its pool, 0 up.
 *
 * @param slot  any handle but CGDT_NO_SLOT, here and below
 *
 * @return the number
 */
CGDT_INLINE_ uint32_t cgdt_slot_number(cgdt_slot_t slot)
{
    return (slot & CGDT_SLOT_NUMBER_MASK) - 1u;
}

/**
 * Slot page of the pool, 0 up, counted through all windows (common pages are not counted).
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return the page's index, by which ports and cgdt_describe() know it
 */
CGDT_INLINE_ uint32_t cgdt_slot_page(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) / cgdt_colors(layout);
}

/**
 * Color: the slot's position in its page.
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return 0 .. colors-1
 */
CGDT_INLINE_ uint32_t cgdt_slot_color(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) % cgdt_colors(layout);
}

/**
 * Entry of its page at which the slot begins.
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return 0 .. 511
 */
CGDT_INLINE_ uint32_t cgdt_slot_offset(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_color(layout, slot) * layout->slot_entries;
}

/**
 * Window of a slot, 0 up.
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return the window
 */
CGDT_INLINE_ uint32_t cgdt_slot_window(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_page(layout, slot) / layout->window_pages;
}

/**
 * The page's position among its window's slot pages.
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return 0 .. window_pages-1
 */
CGDT_INLINE_ uint32_t cgdt_slot_position(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_page(layout, slot) % layout->window_pages;
}

/**
 * First canonical entry of every slot.
 *
 * @param layout  the pool's layout
 *
 * @return 512 behind a common page, otherwise 0
 */
CGDT_INLINE_ uint32_t cgdt_first_canonical(const struct cgdt_layout *layout)
{
    return layout->common ? CGDT_PAGE_ENTRIES : 0u;
}

/**
 * Descriptors between the window's first slot and this one.
 *
 * @param layout  the pool's layout
 * @param slot    a slot
 *
 * @return page position x 512 + color x slot_entries; 0 where the base is byte-granular
 */
CGDT_INLINE_ uint32_t cgdt_bias_entries(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    if (layout->mode == CGDT_MODE_NATIVE)
        return 0;
    return cgdt_slot_position(layout, slot) * CGDT_PAGE_ENTRIES + cgdt_slot_offset(layout, slot);
}

/**
 * Entries that set_gdt or VCPUOP_initialise must be told: from the window's start to this page's
 * end.
 *
 * @param layout  the pool's layout, paged
 * @param slot    a slot
 *
 * @return a multiple of 512
 */
CGDT_INLINE_ uint32_t cgdt_window_entries(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_first_canonical(layout) +
           (cgdt_slot_position(layout, slot) + 1u) * CGDT_PAGE_ENTRIES;
}

/**
 * A selector as the kernel stores it (in thread state, signal frames, ...), the same on all CPUs.
 *
 * Two kinds of selector, kept apart by the compiler: what the kernel stores is canonical; what a
 * CPU loads is local (cgdt_local_t). Convert at exactly two points, save and load.
 */
typedef struct {
    uint16_t selector; /**< As from the window's first slot: entry << 3, TI, RPL. */
} cgdt_canonical_t;

/** A selector as one CPU loads it; see cgdt_canonical_t. */
typedef struct {
    uint16_t selector; /**< As this CPU's table has it: entry << 3, TI, RPL. */
} cgdt_local_t;

/**
 * What the CPU of `slot` must load for a canonical selector. A total function:
 *
 * - null (0 .. 3), LDT (TI = 1), common-page and hypervisor selectors come back as they are;
 * - entries of the slot get its bias; RPL and TI are kept;
 * - any other paged selector names no entry of this CPU, perhaps a neighbour's: it becomes null
 *   (0).
 *
 * In native mode every selector comes back as it is.
 *
 * @param layout     the pool's layout
 * @param slot       the slot of the CPU that will load it
 * @param canonical  any 16 bits
 *
 * @return what to load
 */
CGDT_INLINE_ cgdt_local_t cgdt_to_local(const struct cgdt_layout *layout, cgdt_slot_t slot,
                                        cgdt_canonical_t canonical)
{
    cgdt_local_t local = {canonical.selector};
    const uint32_t entry = canonical.selector >> 3;
    const uint32_t first = cgdt_first_canonical(layout);

    if (layout->mode == CGDT_MODE_NATIVE || (canonical.selector & 4u) != 0 ||
        canonical.selector <= 3u || entry < first || entry >= layout->reserved_entry)
        return local;
    if (entry - first >= layout->slot_entries)
        local.selector = 0;
    else
        local.selector = (uint16_t)(canonical.selector + (cgdt_bias_entries(layout, slot) << 3));
    return local;
}

/**
 * The inverse: what the kernel stores for a selector that the CPU of `slot` had loaded. Total
 * likewise.
 *
 * @param layout  the pool's layout
 * @param slot    the slot of the CPU that had loaded it
 * @param local   any 16 bits
 *
 * @return what to store; null (0) for a private entry of another slot
 */
CGDT_INLINE_ cgdt_canonical_t cgdt_to_canonical(const struct cgdt_layout *layout, cgdt_slot_t slot,
                                                cgdt_local_t local)
{
    cgdt_canonical_t canonical = {local.selector};
    const uint32_t entry = local.selector >> 3;
    const uint32_t first = cgdt_first_canonical(layout);
    const uint32_t bias = cgdt_bias_entries(layout, slot);

    if (layout->mode == CGDT_MODE_NATIVE || (local.selector & 4u) != 0 || local.selector <= 3u ||
        entry < first || entry >= layout->reserved_entry)
        return canonical;
    if (entry < first + bias || entry - first - bias >= layout->slot_entries)
        canonical.selector = 0;
    else
        canonical.selector = (uint16_t)(local.selector - (bias << 3));
    return canonical;
}

/**
 * What the two conversions need to know of a layout and a slot, worked out once: for a kernel that
 * converts at each switch of threads, and keeps this per CPU for as long as the CPU has the slot.
 */
struct cgdt_selector_shift {
    uint16_t first;   /**< First canonical entry of the slot. */
    uint16_t entries; /**< Of the slot; 0: all selectors come back as they are. */
    uint16_t end;     /**< Where those entries begin that come back as they are. */
    uint16_t bias;    /**< What is added to a selector. */
};

/**
 * Works it out.
 *
 * @param layout  the pool's layout
 * @param slot    the CPU's slot
 *
 * @return for cgdt_shift_to_local(), cgdt_shift_to_canonical()
 */
CGDT_INLINE_ struct cgdt_selector_shift cgdt_selector_shift_of(const struct cgdt_layout *layout,
                                                               cgdt_slot_t slot)
{
    struct cgdt_selector_shift shift = {0, 0, 0, 0};

    if (layout->mode == CGDT_MODE_NATIVE)
        return shift;
    shift.first = (uint16_t)cgdt_first_canonical(layout);
    shift.entries = layout->slot_entries;
    shift.end = layout->reserved_entry;
    shift.bias = (uint16_t)(cgdt_bias_entries(layout, slot) << 3);
    return shift;
}

/**
 * Both of the following.
 *
 * @param shift     of the CPU
 * @param selector  any 16 bits
 * @param bias      entries from `first` to where the slot's begin
 * @param add       what is added to a selector of the slot
 *
 * @return the selector; null (0) for a private entry of another slot
 */
CGDT_INLINE_ uint16_t cgdt_shift_(const struct cgdt_selector_shift *shift, uint16_t selector,
                                  uint32_t bias, uint32_t add)
{
    const uint32_t entry = selector >> 3;

    if ((selector & 4u) != 0 || selector <= 3u)
        return selector;
    if (entry - shift->first - bias < shift->entries)
        return (uint16_t)(selector + add);
    return entry >= shift->first && entry < shift->end ? 0 : selector;
}

/**
 * As cgdt_to_local().
 *
 * @param shift      of the CPU that will load it
 * @param canonical  any 16 bits
 *
 * @return what to load
 */
CGDT_INLINE_ cgdt_local_t cgdt_shift_to_local(const struct cgdt_selector_shift *shift,
                                              cgdt_canonical_t canonical)
{
    const cgdt_local_t local = {cgdt_shift_(shift, canonical.selector, 0, shift->bias)};

    return local;
}

/**
 * As cgdt_to_canonical().
 *
 * @param shift  of the CPU that had loaded it
 * @param local  any 16 bits
 *
 * @return what to store; null (0) for a private entry of another slot
 */
CGDT_INLINE_ cgdt_canonical_t cgdt_shift_to_canonical(const struct cgdt_selector_shift *shift,
                                                      cgdt_local_t local)
{
    const cgdt_canonical_t canonical = {
        cgdt_shift_(shift, local.selector, shift->bias >> 3, 0u - shift->bias)};

    return canonical;
}

/**
 * A selector loaded on one CPU, as another CPU of the same pool must load it.
 *
 * @param layout  the pool's layout
 * @param from    the slot of the CPU that had loaded it
 * @param to      the slot of the CPU that will
 * @param local   any 16 bits
 *
 * @return what to load on the CPU of `to`; null (0) for a private entry of a slot other than `from`
 */
CGDT_INLINE_ cgdt_local_t cgdt_rebase(const struct cgdt_layout *layout, cgdt_slot_t from,
                                      cgdt_slot_t to, cgdt_local_t local)
{
    return cgdt_to_local(layout, to, cgdt_to_canonical(layout, from, local));
}

#ifdef __cplusplus
}
#endif
#endif
