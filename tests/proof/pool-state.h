/* SPDX-License-Identifier: MIT */
/*
 * What a pool is made of, in a proof, and what is true of it between two calls: has_invariant() is
 * written from docs/design.md and from the headers, not from the code, and asks nothing of alloc/
 * but the names of the fields. pool-port.h has its port, pool-any.h any state in which this is
 * true.
 *
 * Of what is on pages one entry is looked at, `watched`, which is any. What all others hold is not
 * told, so each load of one gives whatever it could. What is true of the watched one is true of
 * all. A page has two slots here, a word of the slot map two bits.
 */
#ifndef CGDT_TESTS_POOL_STATE_H
#define CGDT_TESTS_POOL_STATE_H

#include "proof.h"

#include "cgdt/cgdt.h"
#include "cpu.h"
#include "pool.h"
#include "profile.h"

#define SLOTS   ((uint32_t)PROOF_CPUS)
#define ENTRIES (CGDT_PAGE_ENTRIES / COLORS) /* of a slot */
#define COLORS  2u
#define PAGES   (((uint32_t)PROOF_CPUS + 1) / 2)
#define LINES   (1 + PAGES) /* the common page, page 0, page 1, ... */
#define COMMON  0u
#define NO_PAGE ((uintptr_t)(LINES + 1) * CGDT_PAGE_BYTES) /* pages lie below that address */

struct marks_and_owners {
    cgdt_word_t marks[1];
    uint8_t owners[8];
};

/* All that a pool is made of. */
static cgdt_word_t free_words[PAGES]; /* a word of two bits for each page */
static cgdt_word_t summary[1];
static struct marks_and_owners bytes;
static uintptr_t words[LINES];
static uint32_t directory[SLOTS];
static struct cgdt_pool pool;

/* The entry that is looked at: of which line, where there, and what it holds. */
static uint32_t watched_line;
static uint32_t watched_entry;
static cgdt_desc_t watched;

/* What all this was. */
static struct {
    cgdt_word_t free[PAGES];
    struct marks_and_owners bytes;
    uintptr_t words[LINES];
    uint32_t directory[SLOTS];
    struct cgdt_pool pool;
    cgdt_desc_t watched;
} was;

/* What the port knows. */
static bool mapped[LINES];
static bool sealed[LINES];
static bool zeroed[LINES]; /* all of it is zero */
static bool locked;
static cgdt_frame_t frames[LINES];
static int port_code;     /* the negative code by which it fails */
static bool failed;       /* it has */
static bool out_of_pages; /* map() has said -CGDT_ENOMEM */
static bool lied;         /* about a page */
static bool stuck;        /* a page could not be unsealed */
static bool dying;        /* the pool is being destroyed */
static bool stays;        /* a CPU has not let go of its table */

/* Slots that are in caches: claimed, and no call's. */
static bool cached[SLOTS];

static cgdt_desc_t template_descs[2];

/* Any profile: what it refuses, what it rewrites. */
static struct cgdt_profile profile;
static cgdt_desc_t refused_mask, refused_bits, raised_bits;

static enum cgdt_reason judge(const struct cgdt_profile *its, cgdt_desc_t desc, cgdt_desc_t *stored)
{
    (void)its;
    if (desc == 0)
        return CGDT_FINE;
    if (profile.plain != 0 && (desc & profile.plain) == profile.plain)
        return CGDT_FINE;
    if ((desc & refused_mask) == refused_bits)
        return CGDT_BAD_SYSTEM_TYPE;
    *stored = desc | raised_bits;
    return *stored == desc ? CGDT_FINE : CGDT_DPL_RAISED;
}

/* What a page may hold: the profile takes it, and leaves it as it is. */
static bool is_kept(cgdt_desc_t desc)
{
    cgdt_desc_t stored = desc;

    return judge(&profile, desc, &stored) == CGDT_FINE && stored == desc;
}

/* State, in words of the design. */

static uintptr_t address_of(uint32_t line)
{
    return (uintptr_t)(line + 1) * CGDT_PAGE_BYTES;
}

static cgdt_desc_t *view_of(uint32_t line)
{
    return (cgdt_desc_t *)address_of(line);
}

static bool is_watched(const cgdt_desc_t *at)
{
    return (uintptr_t)at == address_of(watched_line) + watched_entry * CGDT_DESC_BYTES;
}

/* The slot of the watched entry; that of the common page is none. */
static uint32_t watched_slot(void)
{
    return watched_line == COMMON ? SLOTS : (watched_line - 1) * COLORS + watched_entry / ENTRIES;
}

static uint32_t watched_offset(void)
{
    return watched_entry % ENTRIES;
}

#ifdef PROOF_COPIES
static cgdt_desc_t any_entry(uintptr_t at); /* of which is true what is of the watched one */
#else
static cgdt_desc_t any_entry(uintptr_t at)
{
    (void)at;
    return any_u64();
}
#endif

/* What the core loads and stores on pages; and what it loads elsewhere. */

uint64_t proof_load(const uint64_t *from)
{
    const uintptr_t at = (uintptr_t)from;

    if (is_watched(from))
        return watched;
    if (at >= NO_PAGE)
        return *from;
    return zeroed[at / CGDT_PAGE_BYTES - 1] ? 0 : any_entry(at);
}

static void change(const cgdt_desc_t *at, cgdt_desc_t value)
{
    if (is_watched(at))
        watched = value;
    if (value != 0)
        zeroed[(uintptr_t)at / CGDT_PAGE_BYTES - 1] = false;
}

void proof_store(uint64_t *to, uint64_t value)
{
    const uint32_t line = (uint32_t)((uintptr_t)to / CGDT_PAGE_BYTES - 1);

    CLAIM((uintptr_t)to < NO_PAGE && mapped[line],
          "descriptors are stored to pages that are there");
    CLAIM(!sealed[line] || pool.given.port.direct || pool.given.port.writable != NULL,
          "a sealed page takes no ordinary stores");
    change(to, value);
}

static bool is_paged(void)
{
    return pool.given.config.layout.mode == CGDT_MODE_PAGED;
}

static uint32_t window_pages(void)
{
    return PROOF_WINDOW;
}

static uint32_t slots_of(uint32_t page)
{
    return SLOTS - page * COLORS < COLORS ? SLOTS - page * COLORS : COLORS;
}

static bool is_mapped_now(uint32_t page)
{
    return words[page + 1] != 0;
}

static bool is_held(uint32_t page)
{
    return (words[page + 1] & CGDT_PAGE_HELD_) != 0;
}

static bool is_coming(uint32_t page)
{
    return (words[page + 1] & CGDT_PAGE_COMING_) != 0;
}

static bool serves(uint32_t page)
{
    return is_mapped_now(page) && !is_held(page);
}

static bool is_free(uint32_t slot)
{
    return (free_words[slot / COLORS] >> slot % COLORS & 1) != 0;
}

static bool is_owned(uint32_t slot)
{
    return (bytes.owners[slot] & CGDT_SLOTMAP_OWNED) != 0;
}

static bool is_pinned(uint32_t slot)
{
    return (bytes.owners[slot] & CGDT_SLOTMAP_PINNED) != 0;
}

static bool is_marked(uint32_t slot)
{
    return (bytes.marks[0] >> slot & 1) != 0;
}

/* The handle of whoever owns it. */
static cgdt_slot_t handle_of(uint32_t slot)
{
    return (slot + 1) | (uint32_t)(bytes.owners[slot] & 63u) << 26;
}

static bool is_zero(uint32_t slot)
{
    return watched_slot() != slot || watched == 0;
}

/* Entries that no free looks at where there is no mark. */
static bool is_zero_behind_template(uint32_t slot)
{
    return watched_offset() < pool.clear_entries || is_zero(slot);
}

/* A CPU that loads the segment writes to it. */
static bool sets_accessed(cgdt_desc_t desc)
{
    return (desc & (1ull << 47 | 1ull << 44 | 1ull << 40)) == (1ull << 47 | 1ull << 44);
}

/* What a slot may hold, or the common page. */
static bool is_acceptable_there(cgdt_desc_t desc, bool null_entry, bool read_only)
{
    return is_kept(desc) && (!null_entry || desc == 0) && !(read_only && sets_accessed(desc));
}

static bool is_acceptable(bool null_entry, bool read_only)
{
    return is_acceptable_there(watched, null_entry, read_only);
}

#ifdef PROOF_COPIES
static cgdt_desc_t any_entry(uintptr_t at)
{
    const uint32_t entry = (uint32_t)(at / CGDT_DESC_BYTES) % CGDT_PAGE_ENTRIES;
    const uint32_t slot = (uint32_t)(at / CGDT_PAGE_BYTES - 2) * COLORS + entry / ENTRIES;
    const uint32_t offset = entry % ENTRIES;
    const cgdt_desc_t value = any_u64();

    CLAIM(slot < SLOTS && is_owned(slot), "of an owner's slot");
    ASSUME(is_acceptable_there(value, !pool.given.config.layout.common && offset == 0,
                               pool.read_only));
    ASSUME(is_marked(slot) || offset < pool.clear_entries || value == 0);
    return value;
}
#endif

/* The common page has no slots that could be put in service: it stays as it came. */
static uintptr_t tags_of_common(void)
{
    return CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_;
}

/* A page's word, and what the port knows of it. */
static bool page_is_sane(uint32_t line)
{
    const uintptr_t tags = words[line] & (CGDT_PAGE_BYTES - 1u);
    const uintptr_t others = tags & ~CGDT_PAGE_SEALED_;

    if (words[line] == 0)
        return !mapped[line];
    return mapped[line] && words[line] - tags == address_of(line) &&
           (line == COMMON ? others == tags_of_common() : (others & ~CGDT_PAGE_HELD_) == 0) &&
           sealed[line] == ((tags & CGDT_PAGE_SEALED_) != 0);
}

/* Pages: in service from the first of a window on, without a gap; sealed once the pool is live. */
static bool pages_are_sane(void)
{
    uint32_t serving = 0;
    uint32_t slots = 0;
    uint32_t hole = PAGES;

    if (!page_is_sane(COMMON) || is_mapped_now((uint32_t)-1) != pool.given.config.layout.common ||
        (pool.live && pool.given.config.layout.common && !sealed[COMMON]))
        return false;
    for (uint32_t page = PAGES; page-- > 0;) {
        const bool inside = is_paged() && page % window_pages() != 0;

        if (!page_is_sane(page + 1) || (serves(page) && pool.live && !sealed[page + 1]))
            return false;
        if (inside && ((is_mapped_now(page) && !is_mapped_now(page - 1)) ||
                       (serves(page) && !serves(page - 1))))
            return false;
        if (serves(page)) {
            serving++;
            slots += slots_of(page);
        } else {
            hole = page;
        }
    }
    return pool.pages.serving == serving && pool.served_slots == slots &&
           pool.pages.first_hole == hole && pool.reserved_slots <= slots;
}

/* A frame is in one window once. */
static bool frames_differ(void)
{
    for (uint32_t a = 0; a < LINES; a++) {
        for (uint32_t b = a + 1; b < LINES; b++) {
            const bool together =
                a == COMMON || (a - 1) / window_pages() == (b - 1) / window_pages();

            if (together && mapped[a] && mapped[b] && frames[a] == frames[b])
                return false;
        }
    }
    return true;
}

/*
 * A slot is free, owned or in a cache if its page is in service, and none of them if not. Nobody's
 * is zero. A mark is an owner's.
 */
static bool slot_is_sane(uint32_t slot)
{
    const bool in_service = serves(slot / COLORS);
    const uint32_t ways =
        (is_free(slot) ? 1u : 0u) + (is_owned(slot) ? 1u : 0u) + (cached[slot] ? 1u : 0u);

    if (ways != (in_service ? 1u : 0u))
        return false;
    if (is_owned(slot))
        return (is_marked(slot) || is_zero_behind_template(slot)) &&
               (watched_slot() != slot ||
                is_acceptable(!pool.given.config.layout.common && watched_offset() == 0,
                              pool.read_only));
    return !is_pinned(slot) && !is_marked(slot) && (!in_service || is_zero(slot));
}

/* Where a free slot is, a walk from the top comes; and no bit is where no slot is. */
static bool map_is_sane(void)
{
    uint64_t with_room = 0;

    for (uint32_t page = 0; page < PAGES; page++) {
        if ((free_words[page] >> slots_of(page)) != 0)
            return false;
        if (free_words[page] != 0)
            with_room |= 1ull << page;
        if (serves(page) && page >= pool.map.end)
            return false;
    }
    return pool.map.end <= PAGES && pool.map.lookers == 0 && (summary[0] >> PAGES) == 0 &&
           (summary[0] & with_room) == with_room;
}

/* Who has a slot by the directory: how many words name it, the one of a moving CPU twice. */
static uint32_t names_of(uint32_t slot)
{
    uint32_t names = pool.mover != 0 && pool.goal == handle_of(slot) ? 1u : 0u;

    for (uint32_t cpu = 0; cpu < SLOTS; cpu++)
        if ((directory[cpu] & ~CGDT_CPU_BUSY_) == handle_of(slot))
            names++;
    return names;
}

/* A word names a slot that is pinned for it alone; BUSY is who moves. */
static bool directory_is_sane(void)
{
    uint32_t named = 0;
    uint32_t pinned = 0;

    if (pool.mover > SLOTS || (pool.mover != 0 && directory[pool.mover - 1] == 0))
        return false;
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++) {
        if ((directory[cpu] & CGDT_CPU_BUSY_) != (pool.mover == cpu + 1 ? CGDT_CPU_BUSY_ : 0))
            return false;
        if (directory[cpu] != 0)
            named++;
    }
    if (pool.mover != 0)
        named++;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const uint32_t pins = is_pinned(slot) ? 1 : 0;

        if (names_of(slot) != pins || (pins != 0 && !is_owned(slot)))
            return false;
        pinned += pins;
    }
    return named == pinned; /* so each name is one of these */
}

static bool directory_is_as_it_was(void)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (((bytes.owners[slot] | was.bytes.owners[slot]) & CGDT_SLOTMAP_PINNED) != 0 &&
            bytes.owners[slot] != was.bytes.owners[slot])
            return false;
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++)
        if (directory[cpu] != was.directory[cpu])
            return false;
    return pool.mover == was.pool.mover && pool.goal == was.pool.goal;
}

static bool slots_are_sane(void)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (!slot_is_sane(slot))
            return false;
    return watched_line != COMMON || !mapped[COMMON] || is_acceptable(watched_entry == 0, false);
}

/*
 * Two parts only where they are told for: what comes from a port's frames, and what the directory
 * has. Who touches neither leaves them as they are.
 */
static void keeps_invariant(void)
{
    CLAIM(pages_are_sane(), "pages in service have no gap, are sealed, and counted");
    CLAIM(map_is_sane(), "what is free is found");
    CLAIM(slots_are_sane(), "each slot is free, owned or in a cache; it is zero or acceptable");
    CLAIM(!locked, "the lock is free");
#ifdef PROOF_FRAMES
    CLAIM(frames_differ(), "no frame is in a window twice");
#endif
#ifdef PROOF_DIRECTORY
    CLAIM(directory_is_sane(), "each CPU's slot is pinned for it alone");
#else
    CLAIM(directory_is_as_it_was(), "no CPU's slot has changed");
#endif
}

static void has_invariant(void)
{
#ifdef PROOF_NO_INVARIANT
    return;
#endif
    ASSUME(pages_are_sane());
    ASSUME(map_is_sane());
    ASSUME(slots_are_sane());
#ifdef PROOF_FRAMES
    ASSUME(frames_differ());
#endif
#ifdef PROOF_DIRECTORY
    ASSUME(directory_is_sane());
#endif
}

#endif
