/* SPDX-License-Identifier: MIT */
/*
 * What grow.h and slot.h promise, in place of grow.c and slot.c, for what calls these
 * (PROOF_GROWTH, PROOF_SLOT). That those two files do as is said here is proven in pool-pages.c and
 * pool-slot.c.
 */
#ifndef CGDT_TESTS_POOL_CONTRACTS_H
#define CGDT_TESTS_POOL_CONTRACTS_H

#include "pool-any.h"

#include "grow.h"
#include "slot.h"

/* What the watched entry of a slot that has the template holds. */
static cgdt_desc_t template_there(void)
{
    cgdt_desc_t value = 0;

    if (watched_offset() < pool.given.config.template_entries) {
        value = template_descs[watched_offset()];
        (void)judge(&profile, value, &value);
    }
    return value;
}

#ifdef PROOF_GROWTH

static int refuses(struct growth *growth)
{
    if (growth->refused == 0) {
        failed = true;
        growth->refused = any_bool() ? port_code : any_bool() ? -CGDT_EPROTO : -CGDT_ENOMEM;
        lied = lied || growth->refused == -CGDT_EPROTO;
        out_of_pages = out_of_pages || growth->refused == -CGDT_ENOMEM;
    }
    return growth->refused;
}

int cgdt_grow_page_(struct cgdt_pool *its, struct growth *growth, uint32_t *page)
{
    bool hole = false;

    (void)its;
    is_called_under_the_lock();
    for (uint32_t p = 0; p < PAGES; p++)
        hole = hole || (p >= growth->from && !serves(p));
    if (!hole)
        return growth->refused != 0 ? growth->refused : -CGDT_ENOSPC;
    if (any_bool())
        return refuses(growth);
    *page = any_below(PAGES);
    ASSUME(*page >= growth->from && !serves(*page));
    ASSUME(!is_paged() || *page % window_pages() == 0 || serves(*page - 1) || is_coming(*page - 1));
    if (*page != growth->from && any_bool())
        (void)refuses(growth);
    for (uint32_t p = 0; p < PAGES; p++) {
        if (p != *page)
            continue;
        words[p + 1] = address_of(p + 1) | CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_;
        zeroed[p + 1] = true;
        if (watched_line == p + 1)
            watched = 0;
        mapped[p + 1] = true;
        sealed[p + 1] = false;
    }
    if (growth->end == 0)
        growth->first = *page;
    growth->from = growth->end = *page + 1;
    return 0;
}

/* A private page that is not to be: away, or held where another of its window is above it. */
static void goes(uint32_t page)
{
    if (is_paged() && (page + 1) % window_pages() != 0 && page + 1 < PAGES && mapped[page + 2]) {
        words[page + 1] &= ~CGDT_PAGE_COMING_;
    } else {
        mapped[page + 1] = false;
        words[page + 1] = 0;
    }
}

bool cgdt_grow_seal_(struct cgdt_pool *its, struct growth *growth, uint32_t page)
{
    CLAIM(page < PAGES && is_coming(page) && !sealed[page + 1], "a page that is coming");
    if (!its->live)
        return true;
    if (any_bool()) {
        sealed[page + 1] = true;
        words[page + 1] |= CGDT_PAGE_SEALED_;
        return true;
    }
    (void)refuses(growth);
    growth->from = !is_paged() ? page + 1 : (page / window_pages() + 1) * window_pages();
    goes(page);
    return false;
}

void cgdt_grow_serve_(struct cgdt_pool *its, const struct growth *growth, uint32_t taken)
{
    is_called_under_the_lock();
    for (uint32_t page = 0; page < PAGES; page++) {
        if (page < growth->first || page >= growth->end || !is_coming(page))
            continue;
        const uint32_t here = taken < slots_of(page) ? taken : slots_of(page);

        taken -= here;
        cgdt_pool_serve_(its, page, here);
    }
}

void cgdt_grow_undo_(struct cgdt_pool *its, const struct growth *growth)
{
    (void)its;
    is_called_under_the_lock();
    for (uint32_t page = PAGES; page-- > 0;) {
        if (page < growth->first || page >= growth->end || !is_coming(page))
            continue;
        if (sealed[page + 1] && any_bool()) {
            stuck = true;
            words[page + 1] &= ~CGDT_PAGE_COMING_;
            continue;
        }
        sealed[page + 1] = false;
        words[page + 1] &= ~CGDT_PAGE_SEALED_;
        goes(page);
    }
}

#endif

#ifdef PROOF_SLOT

static bool is_nobodys(uint32_t number)
{
    return number < SLOTS && mapped[number / COLORS + 1] && !is_free(number) && !is_owned(number);
}

/* Whether the port says no: it is asked where no ordinary store goes. */
static bool port_says_no(uint32_t number)
{
    if (!sealed[number / COLORS + 1] || pool.given.port.direct || pool.given.port.writable != NULL)
        return false;
    if (!any_bool())
        return false;
    failed = true;
    return true;
}

int cgdt_slot_refused_(const struct cgdt_pool *its, cgdt_slot_t slot, uint32_t byte)
{
    (void)its;
    if (slot == 0 || (slot & CGDT_SLOT_NUMBER_MASK) > SLOTS)
        return -CGDT_ENOENT;
    if (slot != ((slot & CGDT_SLOT_NUMBER_MASK) | (byte & 63u) << 26))
        return -CGDT_ESTALE;
    return (byte & CGDT_SLOTMAP_PINNED) != 0 ? -CGDT_EBUSY : -CGDT_ENOENT;
}

int cgdt_slot_lookup_(const struct cgdt_pool *its, cgdt_slot_t slot, struct page_state *page)
{
    const uint32_t number = (slot & CGDT_SLOT_NUMBER_MASK) - 1;

    if (number >= SLOTS || (slot & CGDT_CPU_BUSY_) != 0)
        return cgdt_slot_refused_(its, slot, 0);
    if (!is_owned(number) || slot != handle_of(number))
        return cgdt_slot_refused_(its, slot, bytes.owners[number]);
    *page = (struct page_state){.view = view_of(number / COLORS + 1),
                                .sealed = sealed[number / COLORS + 1],
                                .held = false,
                                .coming = false};
    return 0;
}

/* The watched entry of a slot that got `own` in place of the template. */
static cgdt_desc_t own_there(const struct cgdt_batch *own)
{
    cgdt_desc_t value = 0;

    if (watched_offset() < own->count) {
        value = own->values[watched_offset()];
        if (!own->stored)
            (void)judge(&profile, value, &value);
    }
    return value;
}

int cgdt_slot_fill_slowly_(const struct cgdt_pool *its, uint32_t number, struct cgdt_batch *own)
{
    (void)its;
    CLAIM(is_nobodys(number) && is_zero(number), "a claimed slot that is zero gets the template");
    CLAIM(own == NULL || own->first == 0, "or what is from entry 0 on");
    if (port_says_no(number))
        return port_code;
    if (watched_slot() == number)
        watched = own == NULL ? template_there() : own_there(own);
    zeroed[number / COLORS + 1] = false;
    return 0;
}

int cgdt_slot_erase_all_(struct cgdt_pool *its, uint32_t number)
{
    (void)its;
    CLAIM(is_nobodys(number), "of what is nobody's");
    if (port_says_no(number))
        return port_code;
    if (watched_slot() == number)
        watched = 0;
    bytes.marks[0] &= ~(1ull << number);
    return 0;
}

int cgdt_slot_erase_slowly_(struct cgdt_pool *its, uint32_t number)
{
    CLAIM(is_marked(number) || is_zero_behind_template(number), "a mark says what it has to");
    return cgdt_slot_erase_all_(its, number);
}

#endif
#endif
