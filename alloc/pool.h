/* SPDX-License-Identifier: MIT */
/*
 * The pool's state, and what its files ask of each other. Private to alloc/.
 *
 *   pool.c     size, init, destroy, seal                    life of a pool
 *   grow.c     reserve, trim, and growing for slot.c        pages in and out
 *   slot.c     alloc, free                                  one slot in, one out
 *   bulk.c     alloc_bulk, free_bulk                        several, and a slot that needs a new page
 *   content.c  write, read, frames, gdtr                    what is in a slot, where a CPU finds it
 *   cpu.c      online, offline, slot                        CPU number -> slot
 *   inspect.c  check, stats, page_owned, describe           looking only
 */
#ifndef CGDT_ALLOC_POOL_H
#define CGDT_ALLOC_POOL_H

#include "cgdt/cgdt.h"
#include "slotmap.h"
#include "page.h"

struct cgdt_pool {
    _Alignas(8) struct cgdt_config config; /* so that the slot map behind the pool is aligned */
    struct slotmap map;
    struct pages pages;
    uint32_t *directory;     /* [max_cpus]: cpu.c */
    uint32_t reserved_slots; /* changed under the lock */
    uint8_t color_shift;     /* log2 of the slots in a page */
    uint8_t entries_shift;   /* log2 of the entries in a slot */
    bool template_kept;      /* the template is in the form that the profile keeps */
    bool direct;             /* sealed pages are stored to through their alias; no live_write() */
    bool live;               /* the boot phase is over; set once, by cgdt_seal() */
};

/* Of a configuration that is valid. */
size_t cgdt_pool_bytes_of_(const struct cgdt_config *config);

/* The port's lock, where there is one to take. */
void cgdt_pool_lock_(const struct cgdt_pool *pool);
void cgdt_pool_unlock_(const struct cgdt_pool *pool);

/* Window rules that hold for every slot of the pool: CGDT_RULE_*. */
uint32_t cgdt_pool_rules_(const struct cgdt_pool *pool);

/* Pages that have been mapped for a call and are held back until it is certain to succeed. */
struct growth {
    uint32_t first; /* pages first .. end-1 that are held */
    uint32_t end;
    uint32_t slots; /* on them */
};

/* Under the lock. Hold pages with room for `slots` more; all or none. Ready to be filled: private, zero. */
int cgdt_grow_hold_(struct cgdt_pool *pool, uint32_t slots, struct growth *growth);

/* Under the lock. Seal them if the pool is live; on an error everything held is gone again. */
int cgdt_grow_seal_(struct cgdt_pool *pool, const struct growth *growth);

/* Under the lock. Put them in service; the lowest `taken` of their slots are owned already. */
void cgdt_grow_publish_(struct cgdt_pool *pool, const struct growth *growth, uint32_t taken);

/* Under the lock. Give them back. One that cannot be unsealed stays held, for the next growth to clean. */
void cgdt_grow_undo_(struct cgdt_pool *pool, const struct growth *growth);

/* Under the lock. All pages back to the port, the common one too; -CGDT_EBUSY if a slot is owned. */
int cgdt_grow_leave_(struct cgdt_pool *pool);

/* The page after `page` that belongs to a growth; growth->end if none. Begin with growth->first - 1. */
uint32_t cgdt_grow_next_(const struct cgdt_pool *pool, const struct growth *growth, uint32_t page);

/* Slots of a page, which is in the pool: all its colors, or what the ceiling leaves of the last page. */
uint32_t cgdt_pool_slots_of_(const struct cgdt_pool *pool, uint32_t page);

/* The page that a slot is on. */
static inline uint32_t cgdt_pool_page_of_(const struct cgdt_pool *pool, uint32_t number)
{
    return number >> pool->color_shift;
}

/* Number of a page's first slot. */
static inline uint32_t cgdt_pool_first_of_(const struct cgdt_pool *pool, uint32_t page)
{
    return page << pool->color_shift;
}

/* Entry of its page at which a slot begins. */
static inline uint32_t cgdt_pool_offset_(const struct cgdt_pool *pool, uint32_t number)
{
    return number << pool->entries_shift & (CGDT_PAGE_ENTRIES - 1u);
}

/* Which slots of a page in service are not free: claimed, owned or releasing. Bit 0 for color 0. */
uint64_t cgdt_pool_taken_bits_(const struct cgdt_pool *pool, uint32_t page);

/* 0 if the handle's owner may use it, with the page's state in *page; otherwise -CGDT_ENOENT, -ESTALE. */
int cgdt_slot_lookup_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page);

/* Where ordinary stores to a page go; NULL: only live_write() may change it. */
static inline cgdt_desc_t *cgdt_pool_writable_(const struct cgdt_pool *pool,
                                               const struct page_state *state)
{
    if (!state->sealed)
        return state->view;
    return pool->direct
               ? (cgdt_desc_t *)((uintptr_t)state->view + (uintptr_t)pool->config.alias_bytes)
               : NULL;
}

/* Some entries of a slot, and what they are to become. */
struct change {
    const cgdt_desc_t *values; /* NULL: zeros */
    uint32_t first;
    uint32_t n;
    bool fresh; /* the entries are known to be zero */
    bool kept;  /* the values are in the form that the profile keeps */
};

/*
 * Make a change to the slot that begins at entry `offset` of a page: through the port if the page is sealed,
 * by ordinary stores if it is private. The values have been checked.
 */
int cgdt_page_store_(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
                     uint32_t offset, const struct change *change);

/* Set bits of a word, without the compiler's help (which would be a libgcc call on i386). */
static inline uint32_t cgdt_count_bits_(uint64_t word)
{
    uint32_t n = 0;

    for (; word != 0; word &= word - 1)
        n++;
    return n;
}

#endif
