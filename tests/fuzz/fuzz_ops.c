/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls, on any geometry, with a port that fails and lies as the input says,
 * against the plain model of model.h. After every call everything that can be seen is compared.
 *
 * Input: a configuration, then operations. An operation's first byte is its kind (bits 0-4),
 * whether the port's successes are numbers above 0 (bit 5), whether it collects live writes (bit 6)
 * and whether some of its operations fail (bit 7; then 2 bytes which, 1 how). Arguments follow.
 */
#define _POSIX_C_SOURCE 200809L
#include "../support/profiles.h"
#include "ops.h"

#define TEMPLATE_MAX 20u
#define CALLS_MAX    400u

/* Most inputs give a valid configuration; what varies is what pools differ in. */
static void take_config(struct input *input, struct cgdt_config *config, uint64_t *template_descs)
{
    const uint8_t shape = take8(input);
    const uint8_t size = take8(input);
    const uint32_t colors = 1u << size % 7;
    const uint32_t pages = 1 + take8(input) % MEM_MAX_PAGES;
    const uint8_t last = take8(input);

    *config = (struct cgdt_config){
        .struct_bytes = sizeof(struct cgdt_config),
        .layout = {.slot_entries = (uint16_t)(512 / colors),
                   .window_pages = (uint8_t)(1 + (shape >> 4) % 4),
                   .reserved_entry = (uint16_t)(512 * (5 + (size >> 4) % 12)),
                   .common = (shape & 4) != 0,
                   .mode = (shape & 8) != 0 ? CGDT_MODE_NATIVE : CGDT_MODE_PAGED},
        .profile = nth_profile(shape),
        .serialized = (size & 8u) != 0,
        .max_cpus = (pages - 1) * colors + 1 + last % colors,
        .keep_pages = shape >> 6,
        .template_descs = template_descs,
        .template_entries = take8(input) % TEMPLATE_MAX};
    if (config->layout.mode == CGDT_MODE_NATIVE && last != 0xfd)
        config->profile = (shape & 1) != 0 ? CGDT_PROFILE_NATIVE32 : CGDT_PROFILE_NATIVE64;
    if (last == 0xff)
        config->max_cpus = 0;
    if (last == 0xfe)
        config->layout.slot_entries--;
    for (uint32_t i = 1; i < config->template_entries && i < 4; i++)
        template_descs[i] = take_desc(input);
    if (config->template_entries % 8 == 7)
        template_descs[0] = take_desc(input);
}

/* Ask for the size, then for a pool; false if there is none to be had. */
static bool open_pool(struct run *run)
{
    static uint64_t template_descs[TEMPLATE_MAX];
    struct cgdt_config config;

    memset(template_descs, 0, sizeof(template_descs));
    take_config(run->input, &config, template_descs);
    config.port = config.serialized ? &mem_port_lockless : &mem_port;
    config.port_ctx = &run->port;
    const int verdict = model_config(&config);
    const size_t bytes = cgdt_pool_bytes(&config);

    MUST((bytes != 0) == (verdict == 0), "%zu bytes", bytes);
    run->pool = NULL;
    if (verdict == 0)
        model_open(&run->model, &config);
    mem_open(&run->port, &config, verdict == 0 ? run->model.pages : 0);
    const uint8_t fault = take8(run->input);
    mem_arm(&run->port, fault >= 0xe0 ? (uint16_t)(fault & 3) : 0,
            (enum mem_lie)((fault >> 2) % MEM_LIES), -1000);
    /* Any memory, not a clean one, and not a byte too many. */
    MUST(posix_memalign(&run->memory, CGDT_POOL_ALIGN, bytes) == 0, "no memory");
    memset(run->memory, 0xa5, bytes);
    if (verdict == 0) {
        MUST(cgdt_pool_init(&run->pool, run->memory, bytes - 1, &config) == -CGDT_EINVAL, "size");
        MUST(bytes <= 6 * config.max_cpus + 1024 || run->model.colors < 16, "%zu bytes", bytes);
    }
    if (is_as_wanted(run, cgdt_pool_init(&run->pool, run->memory, bytes, &config), verdict)) {
        caches_open(run);
        return true;
    }
    MUST(run->port.out == 0 && run->pool == NULL, "%u pages left", run->port.out);
    free(run->memory);
    return false;
}

static void one_call(struct run *run)
{
    static void (*const calls[])(struct run *) = {
        op_alloc,        op_bulk,        op_free,       op_write,       op_write_common,
        op_read,         op_trim,        op_seal,       op_online,      op_offline,
        op_cpu_slot,     op_frames,      op_gdtr,       op_check,       op_reserve,
        op_check_window, op_corrupt,     op_describe,   op_for,         op_online_for,
        op_free,         op_write,       op_offline,    op_trim,        op_bulk,
        op_free_bulk,    op_cache_alloc, op_cache_free, op_cache_flush, op_near,
        op_online_near,  op_move,
    };
    _Static_assert(COUNT_OF(calls) == 0x20, "each kind has a call, each call a kind");
    const uint8_t kind = take8(run->input);
    uint16_t fail = 0;
    uint8_t how = 0;

    if ((kind & 0x80) != 0) {
        fail = take16(run->input);
        how = take8(run->input);
    }
    run->port.success = (kind & 0x20) != 0 ? 7 : 0;
    run->port.gather = (kind & 0x40) != 0;
    mem_arm(&run->port, fail, (enum mem_lie)((how & 0x0fu) % MEM_LIES), -1 - how);
    calls[(kind & 0x1f) % COUNT_OF(calls)](run);
}

/* True: the pool is gone, and every page is back. */
static bool destroy(struct run *run)
{
    const bool held = has_held(run);
    bool used = false;

    for (uint32_t page = 0; page < run->model.pages; page++)
        used |= model_owned(&run->model, page) != 0;
    if (is_as_wanted(run, cgdt_pool_destroy(run->pool), used ? -CGDT_EBUSY : 0)) {
        MUST(run->port.out == 0, "%u pages left", run->port.out);
        free(run->memory);
        return true;
    }
    if (run->port.fired > 1 || held)
        learn_serving(run);
    check_all(run);
    return false;
}

/* Every slot back, with a port that works again, and then every page. */
static void close_pool(struct run *run)
{
    mem_arm(&run->port, 0, MEM_HONEST, 0);
    caches_close(run);
    for (uint32_t cpu = 0; cpu < run->model.slots; cpu++) {
        if (run->model.directory[cpu] == 0)
            continue;
        MUST(cgdt_cpu_offline(run->pool, cpu) == 0, "CPU %u", cpu);
        model_free(&run->model, cgdt_slot_number(run->model.directory[cpu]));
        run->model.directory[cpu] = 0;
    }
    for (uint32_t slot = 0; slot < run->model.slots; slot++) {
        if (!run->model.owned[slot])
            continue;
        const uint32_t handle = model_handle(&run->model, slot);
        MUST(cgdt_free(run->pool, handle) == 0, "slot %u", slot);
        model_free(&run->model, slot);
        MUST(cgdt_free(run->pool, handle) == -CGDT_ESTALE, "slot %u, twice", slot);
    }
    check_all(run);
    MUST(destroy(run), "nothing is in the way");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    struct input input = {data, size};

    memset(&run, 0, sizeof(run));
    run.input = &input;
    if (!open_pool(&run))
        return 0;
    check_all(&run);
    for (uint32_t calls = 0; input.left > 0 && calls < CALLS_MAX; calls++) {
        one_call(&run);
        check_all(&run);
        /* Now and then: if it works there is nothing left to do. */
        if (input.left > 0 && *input.data == 0xff) {
            (void)take8(&input);
            mem_arm(&run.port, take16(&input), MEM_HONEST, -77);
            if (destroy(&run))
                return 0;
        }
    }
    close_pool(&run);
    return 0;
}
