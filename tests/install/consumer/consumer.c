/* SPDX-License-Identifier: MIT */
/*
 * What somebody else's program does with the library: 40 CPUs on three pages of an array, or, with
 * CONSUMER_HOSTED, of a memfd. Says so and returns 0 if that worked.
 */
#ifdef CONSUMER_AMALGAMATED
#include "cgdt.h"
#else
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#endif
#ifdef CONSUMER_HOSTED
#include <cgdt/port/hosted.h>
#endif

#include <stdio.h>

#define CPUS 40u

static _Alignas(4096) cgdt_desc_t pages[3][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[2048];
static struct cgdt_fixed fixed = {.pages = pages, .count = 3};

static int choose_port(struct cgdt_config *config)
{
    config->port = &cgdt_fixed_port;
    config->port_ctx = &fixed;
#ifdef CONSUMER_HOSTED
    const struct cgdt_hosted_config hosted = {.max_cpus = CPUS, .layout = config->layout};

    config->port = &cgdt_hosted_port;
    return cgdt_hosted_create((struct cgdt_hosted **)&config->port_ctx, &hosted);
#else
    return 0;
#endif
}

int main(void)
{
    struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                 .layout = {.slot_entries = 32,
                                            .window_pages = 14,
                                            .reserved_entry = CGDT_XEN_RESERVED_ENTRY},
                                 .profile = CGDT_PROFILE_XEN_PV64,
                                 .max_cpus = CPUS};
    struct cgdt_pool_stats stats;
    struct cgdt_pool *pool;

    if (choose_port(&config) != 0 || cgdt_pool_init(&pool, memory, sizeof(memory), &config) != 0 ||
        cgdt_seal(pool) != 0)
        return 1;
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        if (cgdt_cpu_online(pool, cpu, NULL) != 0)
            return 1;
    cgdt_stats(pool, &stats, sizeof(stats));
    if (cgdt_check(pool, NULL) != 0 || stats.mapped_pages != 3)
        return 1;
    printf("consumer: %u CPUs on %u pages\n", stats.taken_slots, stats.mapped_pages);
    return 0;
}
