/* SPDX-License-Identifier: MIT */
/*
 * A slot on a page whose slots belong together. Must not know what makes slots belong together: it
 * is told slots, and sees to it that others do not come onto their pages; nor what goes into one.
 *
 * That holds beside all other calls, because each slot is claimed by one operation under a
 * condition that is true at that very moment:
 *
 *   a page of near[]   one of near[] is owned on it. It is looked at behind the claim: if it is
 *                      owned then, by that generation, it was owned at the claim, too. If not, the
 *                      page may have been emptied, and be others' by now: the slot goes back. Of a
 *                      CPU the directory is asked again: it has that slot now, and cannot have come
 *                      back to it behind the claim, since it is not alone there.
 *   a page to itself   no slot of it is taken: the claim is a compare-and-swap of a word with all
 *                      of the page's free bits set, as trim's.
 *   a new page         its lowest slot is claimed before the others can be seen (grow.h).
 *
 * So no page comes to have slots of two kinds, if all of them come this way and pages suffice.
 * Where they do not, any slot is better than none, and "none" is cgdt_alloc()'s, exact.
 *
 * Progress: one pass over near[], two over the pages. At a page it goes round again only when
 * another CPU has changed the word meanwhile: claimed or freed a slot in it.
 */
#include "near.h"
#include "alloc.h"
#include "slot.h"

/* True and stored if the word was `seen`, as it was just loaded. */
static bool swap_if_seen(const struct slotmap *map, cgdt_word_t *word, uint64_t seen,
                         uint64_t value)
{
    /* Acquires what publish and put released, a zeroed slot, as every claim. */
    if (!map->serialized)
        return cgdt_cas64_seq_cst_(word, seen, value) == seen;
    *word = value;
    return true;
}

/*
 * The lowest free slot of the first of n pages that has one, claimed; or CGDT_SLOTMAP_NONE. They
 * are the pages from `page` on, and round. `alone`: of the first of which all slots are free. A
 * word that becomes zero by it leaves the summary stale, as each claim (slotmap.c).
 */
static uint32_t claim_in(struct cgdt_pool *pool, uint32_t page, uint32_t n, bool alone)
{
    struct slotmap *map = &pool->map;

    for (; n > 0; n--, page++) {
        if (page >= pool->pages.count)
            page = 0;
        const uint32_t first = cgdt_pool_first_of_(pool, page);
        const uint32_t index = first >> CGDT_SLOTMAP_WORD_SHIFT;
        const uint32_t colors = 1u << pool->color_shift;
        const uint32_t left = map->slots - first; /* as cgdt_pool_slots_of_(), but in line */
        const uint64_t its = ~0ull >> (64u - (left < colors ? left : colors))
                                          << (first & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u));
        cgdt_word_t *word = &map->level[0][index];

        for (;;) {
            const uint64_t seen = cgdt_slotmap_load_(map, word);
            const uint64_t bits = seen & its;

            if (bits == 0 || (alone && bits != its))
                break;
            if (swap_if_seen(map, word, seen, seen ^ (bits & (~bits + 1))))
                return (index << CGDT_SLOTMAP_WORD_SHIFT) + cgdt_lowest_index_(bits);
        }
    }
    return CGDT_SLOTMAP_NONE;
}

/* A slot of the first of near[]'s pages that has one; and where the window of the first begins. */
static uint32_t claim_near(struct cgdt_pool *pool, uint32_t n, const uint32_t *near, uint32_t pin,
                           uint32_t *window)
{
    struct page_state unused;

    for (; n > 0; n--, near++) {
        const cgdt_slot_t slot = cgdt_near_slot_(pool, *near, pin);

        if (cgdt_slot_number(slot) >= pool->map.slots)
            continue;
        const uint32_t page = cgdt_pool_page_of_(pool, cgdt_slot_number(slot));
        if (*window == CGDT_SLOTMAP_NONE)
            *window = cgdt_page_window_first_(&pool->pages, page);
        const uint32_t number = claim_in(pool, page, 1, false);
        if (number == CGDT_SLOTMAP_NONE)
            continue;
        /* A CPU's word as it was, since a byte may be the same again, 64 owners later. */
        if (cgdt_slot_lookup_(pool, slot, &unused) == 0 &&
            cgdt_near_slot_(pool, *near, pin) == slot)
            return number;
        cgdt_slotmap_publish_bits_(&pool->map, number, 1);
    }
    return CGDT_SLOTMAP_NONE;
}

CGDT_COMPACT_ int cgdt_near_alloc_(struct cgdt_pool *pool, uint32_t n, const uint32_t *near,
                                   struct cgdt_batch *own, uint32_t pin, cgdt_slot_t *slot)
{
    uint32_t window = CGDT_SLOTMAP_NONE; /* the walks begin at page 0 then */
    uint32_t number = claim_near(pool, n, near, pin, &window);
    if (number == CGDT_SLOTMAP_NONE)
        number = claim_in(pool, window, pool->pages.count, true);
    if (number == CGDT_SLOTMAP_NONE) {
        if (cgdt_alloc_from_(pool, CGDT_ALLOC_NEW_PAGE_, own, pin, slot) == 0)
            return 0;
        number = claim_in(pool, window, pool->pages.count, false);
    }
    return cgdt_alloc_from_(pool, number, own, pin, slot);
}
