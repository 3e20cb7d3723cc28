/* SPDX-License-Identifier: MIT */
/* The same as consumer.c for somebody who writes C++. */
#ifdef CONSUMER_AMALGAMATED
#include "cgdt.h"
#else
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#endif
#ifdef CONSUMER_HOSTED
#include <cgdt/port/hosted.h>
#endif

#include <cstdio>

namespace
{

constexpr uint32_t cpus = 40;

alignas(4096) cgdt_desc_t pages[3][CGDT_PAGE_ENTRIES];
alignas(CGDT_POOL_ALIGN) unsigned char memory[2048];
cgdt_fixed fixed{};

bool choose_port(cgdt_config &config)
{
    fixed.pages = pages;
    fixed.count = 3;
    config.port = &cgdt_fixed_port;
    config.port_ctx = &fixed;
#ifdef CONSUMER_HOSTED
    cgdt_hosted_config wanted{};
    cgdt_hosted *hosted;

    wanted.max_cpus = cpus;
    wanted.layout = config.layout;
    if (cgdt_hosted_create(&hosted, &wanted) != 0)
        return false;
    config.port = &cgdt_hosted_port;
    config.port_ctx = hosted;
#endif
    return true;
}

} // namespace

int main()
{
    cgdt_config config{};
    cgdt_pool_stats stats;
    cgdt_pool *pool;

    config.struct_bytes = sizeof(config);
    config.layout.slot_entries = 32;
    config.layout.window_pages = 14;
    config.layout.reserved_entry = CGDT_XEN_RESERVED_ENTRY;
    config.profile = CGDT_PROFILE_XEN_PV64;
    config.max_cpus = cpus;
    if (!choose_port(config) || cgdt_pool_init(&pool, memory, sizeof(memory), &config) != 0 ||
        cgdt_seal(pool) != 0)
        return 1;
    for (uint32_t cpu = 0; cpu < cpus; cpu++)
        if (cgdt_cpu_online(pool, cpu, nullptr) != 0)
            return 1;
    cgdt_stats(pool, &stats, sizeof(stats));
    if (cgdt_check(pool, nullptr) != 0 || stats.mapped_pages != 3)
        return 1;
    std::printf("consumer: %u CPUs on %u pages\n", stats.taken_slots, stats.mapped_pages);
    return 0;
}
