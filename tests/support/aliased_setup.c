/* SPDX-License-Identifier: MIT */
/* A pool on the native port with aliases one by one; see aliased_setup.h. */
#define _GNU_SOURCE
#include "aliased_setup.h"

#include <sys/mman.h>
#include <unistd.h>

#include "must.h"

struct aliased_kernel aliased_kernel;
void *aliased_writable[ALIASED_PAGES];
struct cgdt_native_aliased aliased_native;

char *aliased_place(uint32_t page)
{
    return aliased_kernel.aliases + (ALIASED_PAGES - 1 - page) * 4096;
}

static void map_at(char *place, int protection, int flags, int fd, off_t offset)
{
    MUST(mmap(place, 4096, protection, flags | MAP_FIXED, fd, offset) == place, "mmap");
}

void *aliased_get(void *ctx, uint32_t page, void *at)
{
    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.last_at = at;
    if (aliased_kernel.refuse_from != 0 && aliased_kernel.made == aliased_kernel.refuse_from)
        return NULL;
    aliased_kernel.made++;
    map_at(aliased_place(page), PROT_READ, MAP_SHARED, aliased_kernel.fd,
           (char *)at - aliased_kernel.writable);
    return aliased_place(page) + aliased_kernel.crooked_bytes;
}

void aliased_put(void *ctx, uint32_t page, void *alias)
{
    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.gone++;
    aliased_kernel.last_put = alias;
    map_at(aliased_place(page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void aliased_prepare(const struct cgdt_native_ops *ops)
{
    memset(&aliased_kernel, 0, sizeof(aliased_kernel));
    memset(aliased_writable, 0, sizeof(aliased_writable));
    aliased_kernel.fd = memfd_create("physical", 0);
    MUST(aliased_kernel.fd >= 0 && ftruncate(aliased_kernel.fd, ALIASED_PAGES * 4096) == 0,
         "memfd");
    aliased_kernel.writable =
        mmap(NULL, ALIASED_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, aliased_kernel.fd, 0);
    aliased_kernel.aliases =
        mmap(NULL, ALIASED_PAGES * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(aliased_kernel.writable != MAP_FAILED && aliased_kernel.aliases != MAP_FAILED, "mmap");
    aliased_native = (struct cgdt_native_aliased){.ops = ops,
                                                  .ctx = &aliased_kernel,
                                                  .pages = aliased_kernel.writable,
                                                  .writable = aliased_writable,
                                                  .page_count = ALIASED_PAGES};
}

const struct cgdt_native_ops aliased_ops = {.alias_get = aliased_get, .alias_put = aliased_put};

static const cgdt_desc_t template_descs[2] = {0, ALIASED_DATA0};

int aliased_try_open(struct cgdt_pool **pool, const cgdt_desc_t descs[2])
{
    static _Alignas(
        CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(ALIASED_SLOTS, ALIASED_ENTRIES)];
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_native_aliased_port,
        .port_ctx = &aliased_native,
        .layout = {.slot_entries = ALIASED_ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = ALIASED_SLOTS,
        .template_descs = descs,
        .template_entries = 2,
    };

    return cgdt_pool_init(pool, memory, sizeof(memory), &config);
}

struct cgdt_pool *aliased_open(const struct cgdt_native_ops *ops, bool sealed)
{
    struct cgdt_pool *pool = NULL;

    aliased_prepare(ops);
    MUST(aliased_try_open(&pool, template_descs) == 0, "init");
    MUST(!sealed || cgdt_seal(pool) == 0, "seal");
    return pool;
}

cgdt_slot_t aliased_alloc(struct cgdt_pool *pool)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    MUST(cgdt_alloc(pool, &slot) == 0, "alloc");
    return slot;
}

uintptr_t aliased_base_of(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    struct cgdt_pseudo_descriptor gdtr = {0, 0};

    MUST(cgdt_gdtr(pool, slot, &gdtr) == 0, "gdtr");
    return gdtr.base;
}
