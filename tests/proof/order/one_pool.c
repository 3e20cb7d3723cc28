/* SPDX-License-Identifier: MIT */
/* See one_pool.h. */
#include "one_pool.h"
#include "port/fixed.c" /* so that its lock is searched, too */

#include <stdlib.h>
#include <string.h>

_Alignas(4096) cgdt_desc_t the_page[1][CGDT_PAGE_ENTRIES];
struct cgdt_pool *pool;
cgdt_desc_t initial[2];
cgdt_slot_t had[CPUS];
uint32_t own_word;
uint32_t kernels;

static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(CPUS, ENTRIES)];
static struct cgdt_fixed fixed;
static struct cgdt_port port;

static int quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx, (void)cpu;
    PLAIN_STORE(&kernels, 1);
    return search_load(&own_word, sizeof(own_word), __ATOMIC_ACQUIRE, "kernel_asks") != 0
               ? 0
               : -CGDT_EBUSY;
}

static void make_pool(uint32_t reserved, bool asks)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = CPUS,
        .template_descs = initial,
        .template_entries = 2};

    memset(the_page, 0, sizeof(the_page));
    memset(memory, 0, sizeof(memory));
    fixed = (struct cgdt_fixed){.pages = the_page, .count = 1};
    port = cgdt_fixed_port;
    port.quiesce = asks ? quiesce : NULL;
    own_word = kernels = 0;
    initial[1] = cgdt_desc_code64(0);
    if (cgdt_pool_init(&pool, memory, sizeof(memory), &config) != 0 || cgdt_seal(pool) != 0 ||
        cgdt_reserve(pool, reserved) != 0)
        abort();
    search_name(&pool->map.level[0][0], "free bits");
    search_name(&pool->map.owners[0], "byte");
    search_name(&pool->map.owners[1], "other byte");
    search_name(&pool->map.lookers, "lookers");
    search_name(&pool->map.events, "events");
    search_name(&pool->map.end, "end");
    search_name(&pool->pages.words[1], "page's word");
    search_name(&pool->directory[0], "directory");
    search_name(&pool->mover, "mover");
    search_name(&pool->goal, "goal");
    search_name(&pool->served_slots, "served slots");
    search_name(&fixed.locked, "lock");
    search_name(&own_word, "own word");
    search_name(&kernels, "the kernel's");
    search_name(&the_page[0][0], "slot's null");
    search_name(&the_page[0][1], "slot's template");
    search_name(&the_page[0][2], "slot's own");
    for (uint32_t entry = 3; entry < 8; entry++)
        search_name(&the_page[0][entry], "slot's rest");
    search_watch(memory, sizeof(memory));
}

void in_service(void)
{
    make_pool(CPUS, false);
}

void all_owned(void)
{
    make_pool(CPUS, false);
    for (uint32_t i = 0; i < CPUS; i++) {
        if (cgdt_alloc(pool, &had[i]) != 0)
            abort();
    }
    the_page[0][2] = OWNERS;
}

static void cpu_online_as(bool asks)
{
    make_pool(CPUS, asks);
    if (cgdt_cpu_online(pool, 0, &had[0]) != 0)
        abort();
    the_page[0][2] = OWNERS;
}

void cpu_online(void)
{
    cpu_online_as(false);
}

void cpu_online_asked(void)
{
    cpu_online_as(true);
}

void coming(void)
{
    make_pool(0, false);
    if (cgdt_page_map_(&pool->pages, 0) != 0 || cgdt_page_seal_(&pool->pages, 0) != 0)
        abort();
}
