/* SPDX-License-Identifier: MIT */
/*
 * The pool's state, and what every file above it asks. Private to alloc/.
 *
 * Ten words that the files of alloc/ use in one sense only:
 *
 *   stored form  what a profile makes of a descriptor: Xen raises DPL 0, and keeps that
 *   stable       a descriptor whose stored form the profile keeps when it sees the page again
 *   taken        not free: claimed, owned or releasing (slotmap.h)
 *   owned        its handle was given out, and not yet freed
 *   view         where a page is read; `writable`: where ordinary stores to it go, if anywhere
 *   common page  the page that heads every window; in a walk it comes before page 0 (page.h)
 *   hole         a page that is absent or held: where the pool can grow
 *   held         mapped, but in no service (page.h)
 *   growth       pages that a call has mapped and will put into service, or give back (grow.h)
 *   live         the boot phase is over: pages are sealed before anybody gets a slot on them
 *
 * A slot lies in one page: its entries are a power of two, at most a page's, and begin at a
 * multiple of their number. store.c, slot.h, content.c and check.c rest on that.
 */
#ifndef CGDT_ALLOC_POOL_H
#define CGDT_ALLOC_POOL_H

#include "cgdt/pool.h"
#include "page.h"
#include "slotmap.h"

/* What the caller handed in, of whatever length: what it does not have is zero here. */
struct given {
    struct cgdt_config config; /* its `port` is the one below */
    struct cgdt_port port;
};

struct cgdt_pool {
    _Alignas(8) struct given given; /* so that the slot map behind the pool is aligned */
    struct slotmap map;
    struct pages pages;
    uint32_t *directory;  /* [max_cpus]: cpu.c */
    uintptr_t store_bias; /* cgdt_slot_writable_() */
    uint32_t mover;       /* who is moving, and where to: move.c */
    cgdt_slot_t goal;
    uint32_t reserved_slots; /* changed under the lock */
    uint32_t served_slots;   /* on pages in service; under the lock */
    uint32_t clear_entries;  /* of a slot without a mark, those behind these are zero */
    uint8_t color_shift;     /* log2 of the slots in a page */
    bool template_stored;    /* the template is in its stored form */
    bool read_only;          /* the CPU cannot write to sealed pages, not even an accessed bit */
    bool direct;             /* sealed pages are stored to through their alias, at one distance */
    bool live;               /* the boot phase is over; set once, by cgdt_seal() */
};

/* A word of any struct. */
typedef uintptr_t any_word __attribute__((__may_alias__));

/* Behind a field of a struct that says how long it is. */
#define CGDT_END_OF_(type, field) (__builtin_offsetof(type, field) + sizeof(((type *)0)->field))

/*
 * A struct of one version into that of another: what `from` has not is zero; what it has more must
 * be zero, or it is -CGDT_E2BIG. -CGDT_EINVAL: its size is no multiple of a word.
 */
int cgdt_pool_take_struct_(void *to, size_t bytes, const void *from, size_t from_bytes);

/* Of a configuration that is valid. */
size_t cgdt_pool_bytes_of_(const struct cgdt_config *config);

static inline const struct cgdt_layout *cgdt_pool_layout_(const struct cgdt_pool *pool)
{
    return &pool->given.config.layout;
}

/* The port's lock, where there is one to take. */
void cgdt_pool_lock_(const struct cgdt_pool *pool);
void cgdt_pool_unlock_(const struct cgdt_pool *pool);

/*
 * Slots of a page, which is in the pool: all its colors, or what the ceiling leaves of the last
 * page.
 */
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
    return number * cgdt_pool_layout_(pool)->slot_entries & (CGDT_PAGE_ENTRIES - 1u);
}

/* Which slots of a page in service are taken. Bit 0 for color 0. */
uint64_t cgdt_pool_taken_bits_(const struct cgdt_pool *pool, uint32_t page);

/* Where ordinary stores to a page go; NULL: only live_write() may change it. */
static inline cgdt_desc_t *cgdt_pool_writable_(const struct cgdt_pool *pool, uint32_t page,
                                               const struct page_state *state)
{
    if (!state->sealed)
        return state->view;
    if (pool->direct)
        return (cgdt_desc_t *)((uintptr_t)state->view + (uintptr_t)pool->given.config.alias_bytes);
    return pool->given.port.writable != NULL
               ? pool->given.port.writable(pool->given.config.port_ctx, page, state->view)
               : NULL;
}

/*
 * Under the lock. A held page, ready for use, into service; slots from `taken` on are free. And out
 * again.
 */
void cgdt_pool_serve_(struct cgdt_pool *pool, uint32_t page, uint32_t taken);
bool cgdt_pool_retire_(struct cgdt_pool *pool, uint32_t page); /* false: a slot of it is taken */

/* The next page that can be in service where `page` cannot: a window has no gap. */
uint32_t cgdt_pool_behind_(const struct cgdt_pool *pool, uint32_t page);

/* Whether the page above it in its window is there: pages leave from the top, held or not. */
bool cgdt_pool_is_below_another_(const struct cgdt_pool *pool, uint32_t page);

/* Set bits of a word, without the compiler's help (which would be a libgcc call on i386). */
static inline uint32_t cgdt_count_bits_(uint64_t word)
{
    uint32_t n = 0;

    for (; word != 0; word &= word - 1)
        n++;
    return n;
}

#endif
