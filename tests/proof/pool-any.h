/* SPDX-License-Identifier: MIT */
/*
 * Any state that a pool can be in between two calls of one CPU, and any port, for pool-*.c.
 *
 * any_pool() makes a pool whose fields are whatever they can be while has_invariant() is true of
 * them. Each operation, from any such state, with any arguments, leads to one of which it is true
 * again; so it is true after any sequence of them. At the end: what a call has changed.
 */
#ifndef CGDT_TESTS_POOL_ANY_H
#define CGDT_TESTS_POOL_ANY_H

#include "pool-port.h"

static void any_config(void)
{
    struct cgdt_config *config = &pool.given.config;

    config->max_cpus = SLOTS;
    config->layout.slot_entries = ENTRIES;
    config->layout.reserved_entry = 7168;
    config->layout.window_pages = PROOF_WINDOW;
    config->layout.mode = any_bool() ? CGDT_MODE_PAGED : CGDT_MODE_NATIVE;
    config->layout.common = is_paged() && any_bool();
    config->keep_pages = any_u32();
    config->template_entries = any_below(3);
    config->template_descs = template_descs;
    config->serialized = PROOF_SERIALIZED;
    config->profile = &profile;
    config->port = &pool.given.port;
    profile.judge = judge;
    profile.xen = any_bool();
    /* Only a hypervisor's profile has such (profile.h, check.c). */
    profile.plain =
        profile.xen && any_bool() ? any_u64() | CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT : 0;
    refused_mask = any_u64();
    refused_bits = any_u64();
    raised_bits = any_u64();
}

static void any_port(void)
{
    struct cgdt_port *port = &pool.given.port;

    port->direct = any_bool();
    port->map = port_map;
    port->seal = port_seal;
    port->unseal = port_unseal;
    port->unmap = port_unmap;
    port->frame = port_frame;
    port->live_write = port_live_write;
    port->quiesce = any_bool() ? port_quiesce : NULL;
    port->lock = port_lock;
    port->unlock = port_unlock;
    port->writable = any_bool() ? port_writable : NULL;
    port_code = any_int();
    ASSUME(port_code < 0);
    for (uint32_t line = 0; line < LINES; line++)
        frames[line] = any_size();
    watched_line = any_below(LINES);
    watched_entry = any_below(CGDT_PAGE_ENTRIES);
    watched = any_u64();
}

/* The template was taken, as it is or as it is stored: cgdt_pool_init() says so. */
static void any_template(void)
{
    bool all = true;

    pool.read_only = !profile.xen && any_bool(); /* a hypervisor sets accessed bits itself */
    for (uint32_t i = 0; i < 2; i++) {
        cgdt_desc_t stored = template_descs[i] = any_u64();
        const enum cgdt_reason reason = judge(&profile, template_descs[i], &stored);

        ASSUME(reason != CGDT_BAD_SYSTEM_TYPE && is_kept(stored));
        ASSUME(!pool.read_only || !sets_accessed(stored));
        all = all && (stored == template_descs[i] || i >= pool.given.config.template_entries);
    }
    ASSUME(pool.given.config.layout.common || template_descs[0] == 0);
    pool.template_stored = all;
    pool.clear_entries = pool.given.config.template_entries != 0 ? 8 : 0;
    pool.store_bias = !all ? CGDT_PAGE_HELD_ : pool.given.port.direct ? -CGDT_PAGE_SEALED_ : 0;
    pool.direct = pool.given.port.direct;
}

static void any_page(uint32_t line)
{
    const uintptr_t tags = (any_u8() & (CGDT_PAGE_SEALED_ | CGDT_PAGE_HELD_)) |
                           (line == COMMON ? tags_of_common() : 0);

    mapped[line] = any_bool();
    sealed[line] = any_bool();
    zeroed[line] = false;
    words[line] = mapped[line] ? address_of(line) | tags : 0;
}

static void any_map(void)
{
    for (uint32_t page = 0; page < PAGES; page++)
        free_words[page] = any_u64();
    summary[0] = any_u64();
    bytes.marks[0] = any_u64();
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        bytes.owners[slot] = any_u8();
        cached[slot] = any_bool();
    }
    pool.map.level[0] = free_words;
    pool.map.level[1] = summary;
    pool.map.owners = bytes.owners;
    pool.map.slots = SLOTS;
    pool.map.top = 1;
    pool.map.serialized = pool.given.config.serialized;
    pool.map.end = any_u32();
    pool.map.events = any_u64();
}

static void remember(void)
{
    for (uint32_t page = 0; page < PAGES; page++)
        was.free[page] = free_words[page];
    was.bytes = bytes;
    for (uint32_t line = 0; line < LINES; line++)
        was.words[line] = words[line];
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++)
        was.directory[cpu] = directory[cpu];
    was.pool = pool;
    was.watched = watched;
}

static void any_pool(void)
{
    any_config();
    any_port();
    any_template();
    for (uint32_t line = 0; line < LINES; line++)
        any_page(line);
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++)
        directory[cpu] = any_u32();
    any_map();
    pool.pages.port = &pool.given.port;
    pool.pages.words = words;
    pool.pages.count = PAGES;
    pool.pages.window_pages = PROOF_WINDOW;
    pool.pages.first_hole = any_u32();
    pool.pages.serving = any_u32();
    pool.served_slots = any_u32();
    pool.reserved_slots = any_u32();
    pool.directory = directory;
    pool.mover = any_u32();
    pool.goal = any_u32();
    pool.color_shift = 1;
    pool.live = any_bool();
    has_invariant();
    remember();
}

/* What changed. */

static bool slot_is_as_it_was(uint32_t slot)
{
    return bytes.owners[slot] == was.bytes.owners[slot] &&
           ((bytes.marks[0] ^ was.bytes.marks[0]) >> slot & 1) == 0 &&
           ((free_words[slot / COLORS] ^ was.free[slot / COLORS]) >> slot % COLORS & 1) == 0;
}

static bool served(uint32_t page)
{
    return was.words[page + 1] != 0 && (was.words[page + 1] & CGDT_PAGE_HELD_) == 0;
}

/*
 * A page that was in service is as it was, its word to the bit; one that was not is absent, or held
 * as a page was that could not leave again.
 */
static bool page_is_as_it_was(uint32_t page)
{
    if (words[page + 1] == was.words[page + 1])
        return true;
    return !served(page) && !serves(page) && (stuck || was.words[page + 1] != 0);
}

static bool nothing_has_changed(void)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (!slot_is_as_it_was(slot))
            return false;
    for (uint32_t page = 0; page < PAGES; page++)
        if (!page_is_as_it_was(page))
            return false;
    if (watched != was.watched && (watched_line == COMMON || served(watched_line - 1)))
        return false;
    return words[COMMON] == was.words[COMMON] && pool.pages.serving == was.pool.pages.serving &&
           pool.served_slots == was.pool.served_slots &&
           pool.reserved_slots == was.pool.reserved_slots &&
           pool.pages.first_hole == was.pool.pages.first_hole && pool.live == was.pool.live &&
           directory_is_as_it_was();
}

/* Of all that is not this slot's nothing has changed, nor whose it is. */
static inline void keeps_nothing_but(uint32_t slot)
{
    for (uint32_t other = 0; other < SLOTS; other++)
        CLAIM(other == slot || slot_is_as_it_was(other), "another slot is as it was");
    for (uint32_t line = 0; line < LINES; line++)
        CLAIM(words[line] == was.words[line], "no page has changed");
    CLAIM(watched_slot() == slot || watched == was.watched, "nothing beside it is written");
    CLAIM(bytes.owners[slot] == was.bytes.owners[slot], "nor its owner's byte");
    CLAIM(directory_is_as_it_was() && !locked, "no CPU's, and no lock");
}

/* A code that says what the port said, or what there was not. */
static inline bool is_the_ports(int error)
{
    return (failed && error == port_code) || (out_of_pages && error == -CGDT_ENOMEM) ||
           (lied && error == -CGDT_EPROTO);
}

static inline cgdt_desc_t stored_form(cgdt_desc_t value)
{
    (void)judge(&profile, value, &value);
    return value;
}

/* Whether an entry is one of n from `first` on. */
static inline bool is_in(uint32_t at, uint32_t first, uint32_t n)
{
    return at >= first && at - first < n;
}

#endif
