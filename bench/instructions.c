/* SPDX-License-Identifier: MIT */
/*
 * instructions CASE: does one thing OPERATIONS times, in a function that callgrind is told to count
 * in and that has nothing else in it. bench/test-instructions divides and compares: instructions
 * repeat exactly, where times do not. --kinds: the KINDs of page of check/KIND and plain/KIND.
 */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

#include "pages.h"

#include <stdio.h>
#include <string.h>

#define OPERATIONS   1024u
#define SLOT_ENTRIES 32u
#define TEMPLATE     8u
#define PAGES        (OPERATIONS / (CGDT_PAGE_ENTRIES / SLOT_ENTRIES))

static _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t pages[PAGES][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[6 * OPERATIONS + 1024];
static cgdt_slot_t slots[OPERATIONS];
static cgdt_desc_t template[TEMPLATE];
static struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};
static struct cgdt_pool *pool;
static struct cgdt_cache cache;

/* Each counted_*() is what is counted, calls included. */

__attribute__((noinline)) static int counted_pair(void)
{
    int error = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++) {
        cgdt_slot_t slot;

        error |= cgdt_alloc(pool, &slot);
        error |= cgdt_free(pool, slot);
    }
    return error;
}

__attribute__((noinline)) static int counted_bring_up(void)
{
    int error = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++)
        error |= cgdt_alloc(pool, &slots[i]);
    for (uint32_t i = 0; i < OPERATIONS; i++)
        error |= cgdt_free(pool, slots[i]);
    return error;
}

__attribute__((noinline)) static int counted_cache_pair(void)
{
    int error = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++) {
        cgdt_slot_t slot;

        error |= cgdt_cache_alloc(&cache, &slot);
        error |= cgdt_cache_free(&cache, slot);
    }
    return error;
}

__attribute__((noinline)) static int counted_cache_bring_up(void)
{
    int error = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++)
        error |= cgdt_cache_alloc(&cache, &slots[i]);
    for (uint32_t i = 0; i < OPERATIONS; i++)
        error |= cgdt_cache_free(&cache, slots[i]);
    return error;
}

__attribute__((noinline)) static int counted_bulk(void)
{
    return cgdt_alloc_bulk(pool, OPERATIONS, slots);
}

__attribute__((noinline)) static int counted_check(const struct page_kind *kind)
{
    int found = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++)
        found |= cgdt_check_page(kind->profile, kind->rules, pages[0], kind->slot_entries,
                                 kind->owned, NULL) != CGDT_FINE;
    return found;
}

__attribute__((noinline)) static int counted_plain(const struct page_kind *kind)
{
    int found = 0;

    for (uint32_t i = 0; i < OPERATIONS; i++)
        found |= kind->plain(pages[0], kind->slot_entries, kind->owned, pages[1]) != CGDT_FINE;
    return found;
}

static int open_pool(bool serialized)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = SLOT_ENTRIES,
                   .window_pages = 14,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY},
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = OPERATIONS,
        .serialized = serialized,
        .template_descs = template,
        .template_entries = TEMPLATE,
    };
    int error;

    for (uint32_t i = 1; i < TEMPLATE; i++)
        template[i] = i % 2 == 0 ? cgdt_desc_code64(3) : cgdt_desc_data_flat(3);
    error = cgdt_pool_init(&pool, memory, sizeof(memory), &config);
    if (error == 0)
        error = cgdt_cache_init(&cache, sizeof(cache), pool);
    if (error == 0)
        error = cgdt_seal(pool);
    /* Pages are in service before anything is counted. */
    return error == 0 ? cgdt_reserve(pool, OPERATIONS) : error;
}

/* CGDT's checker, or the plain one, on a page of a kind. */
static int check_pages(const char *name, int (*counted)(const struct page_kind *kind))
{
    const struct page_kind *kind = page_kind_find(name);

    if (kind == NULL)
        return 1;
    kind->fill(pages[0]);
    return counted(kind);
}

static int list_kinds(void)
{
    for (uint32_t i = 0; i < page_kinds_count; i++)
        puts(page_kinds[i].name);
    return 0;
}

static int use_pool(const char *what)
{
    if (strcmp(what, "pair") == 0)
        return counted_pair();
    if (strcmp(what, "bring-up") == 0)
        return counted_bring_up();
    if (strcmp(what, "cache-pair") == 0)
        return counted_cache_pair();
    if (strcmp(what, "cache-bring-up") == 0)
        return counted_cache_bring_up();
    return strcmp(what, "bulk") == 0 ? counted_bulk() : 1;
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    const char *part = strchr(name, '/');

    if (strcmp(name, "--kinds") == 0)
        return list_kinds();
    if (part != NULL && strncmp(name, "check/", 6) == 0)
        return check_pages(part + 1, counted_check);
    if (part != NULL && strncmp(name, "plain/", 6) == 0)
        return check_pages(part + 1, counted_plain);
    if (part != NULL && strncmp(name, "concurrent/", 11) == 0)
        return open_pool(false) != 0 ? 1 : use_pool(part + 1);
    if (part != NULL && strncmp(name, "serialized/", 11) == 0)
        return open_pool(true) != 0 ? 1 : use_pool(part + 1);
    fputs("usage: instructions concurrent|serialized/pair|bring-up|cache-pair|cache-bring-up|bulk, "
          "check|plain/KIND, --kinds\n",
          stderr);
    return 2;
}
