/* SPDX-License-Identifier: MIT */
/*
 * Where a slot lies, and what its entries are called: handle <-> window, page, color; bias; selectors.
 *
 *   window w of a paged pool, as CPUs of that window see it (14 slot pages fit below Xen's own entries):
 *
 *     entry 0        512        1024                 7168             7680
 *     | common page? | page 0   | page 1  | ...      | hypervisor's   |
 *                    |c0|c1|c2..| colors of slot_entries descriptors each
 *
 * Everything here is a pure function of its arguments: no memory is read but *layout, any CPU, any time.
 */
#ifndef CGDT_LAYOUT_H
#define CGDT_LAYOUT_H

#include "descriptor.h"
#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* First entry that belongs to Xen: FIRST_RESERVED_GDT_ENTRY, xen/include/public/arch-x86/xen.h (14 pages). */
#define CGDT_XEN_RESERVED_ENTRY 7168u
/* The same in the Xen of 2005: 15 pages for the guest. */
#define CGDT_XEN_2005_RESERVED_ENTRY 7680u

#define CGDT_MIN_SLOT_ENTRIES 8u
#define CGDT_MAX_SLOT_ENTRIES 512u
#define CGDT_MAX_WINDOW_PAGES 15u /* 16 pages of Xen's area, less at least one for Xen itself */
#define CGDT_MAX_FRAMES       15u /* the most that cgdt_frames() gives: common page and slot pages */

enum cgdt_mode {
    CGDT_PAGED, /* the table's base is a page boundary (a hypervisor maps it): entries are biased */
    CGDT_NATIVE, /* the base is byte-granular (LGDT): bias 0, nothing in the kernel changes */
};

/* Filled in by the caller; cgdt_layout_check() says whether it makes sense. */
struct cgdt_layout {
    uint16_t slot_entries; /* descriptors in a slot: 8, 16, 32, 64, 128, 256 or 512 */
    uint16_t
        reserved_entry; /* paged: first entry of the hypervisor, a multiple of 512; native: unused */
    uint8_t window_pages; /* slot pages in a window, 1 .. 15 */
    bool common;          /* paged only: a common page heads every window */
    enum cgdt_mode mode;
};

/*
 * 0, or -CGDT_EINVAL (the caller's fault): slot_entries is not one of the seven sizes, window_pages is
 * not 1 .. 15, the pages do not fit below reserved_entry, or a native layout asks for a common page.
 */
int cgdt_layout_check(const struct cgdt_layout *layout);

/*
 * Handle of a slot. Zero-initialised memory holds no slot.
 *
 *   31 ....... 26   25   24 .................................. 0
 *   generation      0    slot number + 1 (slot = page x colors + color)
 *
 * The generation goes up by one each time the slot is freed, so a handle kept across 1 to 63 frees is noticed.
 * One kept across 64 looks like the present owner's: nothing here can tell them apart.
 */
typedef uint32_t cgdt_slot_t;

#define CGDT_NO_SLOT               ((cgdt_slot_t)0)
#define CGDT_MAX_SLOTS             (1u << 24)
#define CGDT_SLOT_NUMBER_MASK      0x01ffffffu
#define CGDT_SLOT_GENERATION_SHIFT 26u

/* Slots in a page. */
static inline uint32_t cgdt_colors(const struct cgdt_layout *layout)
{
    return CGDT_PAGE_ENTRIES / layout->slot_entries;
}

/* Number of a slot in its pool, 0 up; the handle must not be CGDT_NO_SLOT. */
static inline uint32_t cgdt_slot_number(cgdt_slot_t slot)
{
    return (slot & CGDT_SLOT_NUMBER_MASK) - 1u;
}

/* Slot page of the pool, 0 up, counted through all windows (common pages are not counted). */
static inline uint32_t cgdt_slot_page(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) / cgdt_colors(layout);
}

/* Color, 0 .. colors-1. */
static inline uint32_t cgdt_slot_color(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) % cgdt_colors(layout);
}

/* Entry of its page at which the slot begins, 0 .. 511. */
static inline uint32_t cgdt_slot_offset(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_color(layout, slot) * layout->slot_entries;
}

/* Window, 0 up. */
static inline uint32_t cgdt_slot_window(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_page(layout, slot) / layout->window_pages;
}

/* The page's position among its window's slot pages, 0 .. window_pages-1. */
static inline uint32_t cgdt_slot_position(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_slot_page(layout, slot) % layout->window_pages;
}

/* First canonical entry of a slot: 512 behind a common page, otherwise 0. */
static inline uint32_t cgdt_first_canonical(const struct cgdt_layout *layout)
{
    return layout->common ? CGDT_PAGE_ENTRIES : 0u;
}

/* Descriptors between the window's first slot and this one; 0 where the base is byte-granular. */
static inline uint32_t cgdt_bias_entries(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    if (layout->mode == CGDT_NATIVE)
        return 0;
    return cgdt_slot_position(layout, slot) * CGDT_PAGE_ENTRIES + cgdt_slot_offset(layout, slot);
}

/* Entries that set_gdt or VCPUOP_initialise must be told: from the window's start to this page's end. */
static inline uint32_t cgdt_window_entries(const struct cgdt_layout *layout, cgdt_slot_t slot)
{
    return cgdt_first_canonical(layout) +
           (cgdt_slot_position(layout, slot) + 1u) * CGDT_PAGE_ENTRIES;
}

/*
 * Two kinds of selector, kept apart by the compiler: what the kernel stores (in thread state, signal
 * frames, ...) is canonical; what a CPU loads is local. Convert at exactly two points, save and load.
 */
typedef struct {
    uint16_t selector;
} cgdt_canonical_t;

typedef struct {
    uint16_t selector;
} cgdt_local_t;

/*
 * What the CPU of `slot` must load for a canonical selector. A total function:
 *   null (0 .. 3), LDT (TI = 1), common-page and hypervisor selectors come back as they are;
 *   entries of the slot get its bias; RPL and TI are kept;
 *   any other paged selector names no entry of this CPU, perhaps a neighbour's: it becomes null (0).
 * In native mode every selector comes back as it is.
 */
static inline cgdt_local_t cgdt_to_local(const struct cgdt_layout *layout, cgdt_slot_t slot,
                                         cgdt_canonical_t canonical)
{
    cgdt_local_t local = {canonical.selector};
    const uint32_t entry = canonical.selector >> 3;
    const uint32_t first = cgdt_first_canonical(layout);

    if (layout->mode == CGDT_NATIVE || (canonical.selector & 4u) != 0 || canonical.selector <= 3u ||
        entry < first || entry >= layout->reserved_entry)
        return local;
    if (entry - first >= layout->slot_entries)
        local.selector = 0;
    else
        local.selector = (uint16_t)(canonical.selector + (cgdt_bias_entries(layout, slot) << 3));
    return local;
}

/* The inverse: what the kernel stores for a selector that the CPU of `slot` had loaded. Total likewise. */
static inline cgdt_canonical_t cgdt_to_canonical(const struct cgdt_layout *layout, cgdt_slot_t slot,
                                                 cgdt_local_t local)
{
    cgdt_canonical_t canonical = {local.selector};
    const uint32_t entry = local.selector >> 3;
    const uint32_t first = cgdt_first_canonical(layout);
    const uint32_t bias = cgdt_bias_entries(layout, slot);

    if (layout->mode == CGDT_NATIVE || (local.selector & 4u) != 0 || local.selector <= 3u ||
        entry < first || entry >= layout->reserved_entry)
        return canonical;
    if (entry < first + bias || entry - first - bias >= layout->slot_entries)
        canonical.selector = 0;
    else
        canonical.selector = (uint16_t)(local.selector - (bias << 3));
    return canonical;
}

/* A selector loaded on the CPU of slot `from`, as the CPU of slot `to` of the same pool must load it. */
static inline cgdt_local_t cgdt_rebase(const struct cgdt_layout *layout, cgdt_slot_t from,
                                       cgdt_slot_t to, cgdt_local_t local)
{
    return cgdt_to_local(layout, to, cgdt_to_canonical(layout, from, local));
}

#ifdef __cplusplus
}
#endif
#endif
