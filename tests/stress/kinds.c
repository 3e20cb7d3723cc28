/* SPDX-License-Identifier: MIT */
/*
 * CPUs of two kinds come and go by cgdt_cpu_online_near(), each told all CPUs of its kind, on
 * several threads, while pages are trimmed: no page ever has CPUs of both.
 *
 * How many CPUs of a kind a page has is counted by whoever brought one online, who then looks for
 * the other kind's; and by the port's quiesce(), before the slot is freed, which does not let the
 * CPU go until it has been counted. So what is counted is there, and who counts last sees both.
 */
#define _GNU_SOURCE
#include "bodies.h"

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#define KINDS      2u
#define KINDS_CPUS 4u /* few, so that pages are emptied all the time */
#define COLORS     16u
/* A CPU is on one page at most; and some that are on their way. */
#define PAGES     (KINDS * KINDS_CPUS + 16u)
#define MAX_SLOTS (PAGES * COLORS)

static struct {
    struct cgdt_fixed fixed; /* the first, so that the port's ctx is this */
    struct cgdt_pool *pool;
    uint32_t near[KINDS][KINDS_CPUS];
    atomic_bool counted[KINDS * KINDS_CPUS];
    _Atomic uint32_t count[PAGES][KINDS];
    _Atomic uint32_t beside; /* CPUs that came to a page which had one of their kind */
    atomic_bool mixed;
    uint64_t operations; /* of each thread */
} now;

static uint32_t page_of(cgdt_slot_t slot)
{
    return cgdt_slot_page(cgdt_pool_layout(now.pool), slot);
}

static int kinds_quiesce(void *ctx, uint32_t cpu)
{
    cgdt_slot_t slot;

    (void)ctx;
    if (!atomic_exchange(&now.counted[cpu], false))
        return -CGDT_EBUSY;
    if (cgdt_cpu_slot(now.pool, cpu, &slot) == 0)
        atomic_fetch_sub(&now.count[page_of(slot)][cpu % KINDS], 1);
    return 0;
}

/* Whether the answer is one of those that cgdt.h has for CPUs that others are at. */
static bool is_fine(int error)
{
    return error == 0 || error == -CGDT_EEXIST || error == -CGDT_ENOENT || error == -CGDT_EBUSY;
}

static bool bring(uint32_t cpu)
{
    const uint32_t kind = cpu % KINDS;
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int error = cgdt_cpu_online_near(now.pool, cpu, KINDS_CPUS, now.near[kind], &slot);

    if (error != 0)
        return is_fine(error);
    _Atomic uint32_t *count = now.count[page_of(slot)];
    if (atomic_fetch_add(&count[kind], 1) > 0)
        atomic_fetch_add_explicit(&now.beside, 1, memory_order_relaxed);
    const bool alone = atomic_load(&count[(kind + 1) % KINDS]) == 0;
    atomic_store(&now.counted[cpu], true);
    return alone;
}

static void *come_and_go(void *arg)
{
    uint64_t random = (uintptr_t)arg;

    for (uint64_t i = 0; i < now.operations && !atomic_load(&now.mixed); i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint32_t cpu = (uint32_t)(random >> 33) % (KINDS * KINDS_CPUS);
        const bool comes = (random >> 20 & 1u) != 0;
        const bool fine = comes ? bring(cpu) : is_fine(cgdt_cpu_offline(now.pool, cpu));

        if (!fine)
            atomic_store(&now.mixed, true);
        if (i % 64 == 0 && cgdt_trim(now.pool) < 0)
            atomic_store(&now.mixed, true);
    }
    return NULL;
}

static bool open_pool(void)
{
    static _Alignas(4096) cgdt_desc_t pages[PAGES][CGDT_PAGE_ENTRIES];
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(MAX_SLOTS, 32)];
    static struct cgdt_port port;
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .port = &port,
                                       .port_ctx = &now.fixed,
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .max_cpus = MAX_SLOTS,
                                       .layout = {.slot_entries = 512u / COLORS,
                                                  .window_pages = 1,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY}};

    port = cgdt_fixed_port;
    port.quiesce = kinds_quiesce;
    now.fixed = (struct cgdt_fixed){.pages = pages, .count = PAGES};
    for (uint32_t cpu = 0; cpu < KINDS * KINDS_CPUS; cpu++)
        now.near[cpu % KINDS][cpu / KINDS] = cpu;
    return cgdt_pool_init(&now.pool, memory, sizeof(memory), &config) == 0 &&
           cgdt_seal(now.pool) == 0;
}

int stress_body_kinds(const struct stress_params *params)
{
    pthread_t threads[STRESS_MAX_THREADS];

    if (!open_pool())
        return 1;
    now.operations = params->operations / params->threads;
    for (uint32_t i = 0; i < params->threads; i++)
        if (pthread_create(&threads[i], NULL, come_and_go, (void *)(uintptr_t)(i + 1)) != 0)
            return 1;
    for (uint32_t i = 0; i < params->threads; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%" PRIu32 " CPUs came to a page of their kind\n", atomic_load(&now.beside));
    if (atomic_load(&now.mixed) || atomic_load(&now.beside) == 0) {
        fputs("a page had CPUs of two kinds, or a call failed, or no CPU came to another\n",
              stderr);
        return 1;
    }
    for (uint32_t cpu = 0; cpu < KINDS * KINDS_CPUS; cpu++)
        (void)cgdt_cpu_offline(now.pool, cpu);
    return cgdt_pool_destroy(now.pool) == 0 ? 0 : 1;
}
