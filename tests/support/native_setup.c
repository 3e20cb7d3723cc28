/* SPDX-License-Identifier: MIT */
/* A pool on the native port; see native_setup.h. */
#define _GNU_SOURCE
#include "native_setup.h"

#include <sys/mman.h>
#include <unistd.h>

#include "must.h"

static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[8192];
static const cgdt_desc_t template_descs[] = {0, NATIVE_DATA0};

struct cgdt_native native_two_maps(void)
{
    const int fd = memfd_create("physical", 0);
    struct cgdt_native native = {.page_count = NATIVE_PAGES, .bytes = NATIVE_BYTES};

    MUST(fd >= 0 && ftruncate(fd, NATIVE_BYTES) == 0, "memfd");
    native.pages = mmap(NULL, NATIVE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    native.base = (uintptr_t)native.pages;
    native.alias = (uintptr_t)mmap(NULL, NATIVE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    MUST(native.pages != MAP_FAILED && native.alias != (uintptr_t)MAP_FAILED, "mmap");
    (void)close(fd);
    return native;
}

struct cgdt_pool *native_open_with(const struct cgdt_port *port, struct cgdt_native *native,
                                   bool sealed)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = port,
        .port_ctx = native,
        .alias_bytes = cgdt_native_alias_bytes(native), /* not read but with the direct port */
        .layout = {.slot_entries = NATIVE_ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = NATIVE_PAGES * 16,
        .template_descs = template_descs,
        .template_entries = COUNT_OF(template_descs),
    };
    struct cgdt_pool *pool = NULL;

    MUST(cgdt_pool_init(&pool, memory, sizeof(memory), &config) == 0, "init");
    MUST(!sealed || cgdt_seal(pool) == 0, "seal");
    return pool;
}

struct cgdt_pool *native_open(struct cgdt_native *native, bool sealed)
{
    return native_open_with(&cgdt_native_port, native, sealed);
}

cgdt_slot_t native_alloc(struct cgdt_pool *pool)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    MUST(cgdt_alloc(pool, &slot) == 0, "alloc");
    return slot;
}

struct cgdt_pseudo_descriptor native_gdtr_of(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    struct cgdt_pseudo_descriptor gdtr = {0, 0};

    MUST(cgdt_gdtr(pool, slot, &gdtr) == 0, "gdtr");
    return gdtr;
}
