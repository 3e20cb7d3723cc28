/* SPDX-License-Identifier: MIT */
/*
 * For test-grown: a program that uses libcgdt.so, compiled with the headers of one version and run
 * with the library of another. ONE_MORE is what it sets the fields to that only the later headers
 * have.
 *
 * Behind each of its structs lies memory that is not zero: a library that reads or writes beyond is
 * found out.
 */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

#include <stdio.h>
#include <string.h>

static _Alignas(4096) cgdt_desc_t pages[2][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(32, 32)];
static struct cgdt_fixed fixed = {.pages = pages, .count = 2};

static struct {
    struct cgdt_port port;
    unsigned char guard[64];
} own;

static struct {
    struct cgdt_config config;
    unsigned char guard[64];
} wanted;

static struct {
    struct cgdt_pool_stats stats;
    unsigned char guard[64];
} counted;

static int is_guarded(const unsigned char guard[64])
{
    for (int i = 0; i < 64; i++) {
        if (guard[i] != 0x5a)
            return 0;
    }
    return 1;
}

static void prepare(void)
{
    memset(&own, 0x5a, sizeof(own));
    memset(&wanted, 0x5a, sizeof(wanted));
    memset(&counted, 0x5a, sizeof(counted));
    own.port = cgdt_fixed_port;
    wanted.config = (struct cgdt_config){
        .struct_bytes = sizeof(wanted.config),
        .port = &own.port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = 32, .window_pages = 2, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = 32,
    };
#ifdef ONE_MORE
    wanted.config.one_more = ONE_MORE;
#endif
}

int main(void)
{
    const cgdt_desc_t code = cgdt_desc_code64(0);
    struct cgdt_pool *pool = NULL;
    cgdt_slot_t slot;

    prepare();
    int error = cgdt_pool_init(&pool, memory, sizeof(memory), &wanted.config);
    if (error == 0)
        error = cgdt_seal(pool);
    if (error == 0)
        error = cgdt_cpu_online(pool, 7, &slot);
    if (error == 0)
        error = cgdt_write(pool, slot, 1, &code, 1);
    if (error == 0)
        cgdt_stats(pool, &counted.stats, sizeof(counted.stats));
    if (error != 0) {
        printf("error %d\n", error);
        return 0;
    }
    if (counted.stats.mapped_pages != 1 || counted.stats.taken_slots != 1 || pages[0][1] != code)
        return 1;
#ifdef ONE_MORE
    if (counted.stats.one_more != EXPECTED)
        return 1;
#endif
    if (!is_guarded(own.guard) || !is_guarded(wanted.guard) || !is_guarded(counted.guard))
        return 1;
    printf("fine\n");
    return 0;
}
