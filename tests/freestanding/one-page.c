/* SPDX-License-Identifier: MIT */
/* The smallest use there is, for test-one-page: a pool on one static page, CPUs come and go. */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

enum {
    CPUS = 8,
    ENTRIES = 16,
};

static _Alignas(4096) cgdt_desc_t pages[1][CGDT_PAGE_ENTRIES];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(CPUS, ENTRIES)];
static struct cgdt_fixed fixed = {.pages = pages, .count = 1};
static cgdt_desc_t initial[3];
static struct cgdt_pool *pool;

int one_page_init(void);
int one_page_cpu(uint32_t cpu, uintptr_t tss);
void _start(void);

int one_page_init(void)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(config),
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = CPUS,
        .template_descs = initial,
        .template_entries = 3};
    initial[1] = cgdt_desc_code64(0);
    initial[2] = cgdt_desc_data_flat(0);
    const int error = cgdt_pool_init(&pool, memory, sizeof(memory), &config);

    return error ? error : cgdt_seal(pool);
}

int one_page_cpu(uint32_t cpu, uintptr_t tss)
{
    struct cgdt_pseudo_descriptor gdtr;
    cgdt_slot_t slot;
    cgdt_desc_t own[2];
    int error = cgdt_cpu_online(pool, cpu, &slot);

    if (error == 0)
        error = cgdt_desc_system64(own, tss, 103, CGDT_SYS_TSS_AVAILABLE, 0);
    if (error == 0)
        error = cgdt_write(pool, slot, 3, own, 2);
    if (error == 0)
        error = cgdt_gdtr(pool, slot, &gdtr);
    return error ? error : cgdt_cpu_offline(pool, cpu);
}

void _start(void)
{
    (void)one_page_init();
    (void)one_page_cpu(1, 4096);
}
