/* SPDX-License-Identifier: MIT */
/*
 * A whole kernel with a pool: four CPUs' tables in one page. It has one CPU, which takes the four
 * in turn. entry.S has brought it to 64-bit mode; `make run` boots it. README.md shows the part
 * from the pages to use_table().
 */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <cgdt/port/lgdt.h>

#define CPUS    4
#define ENTRIES 16 /* of a table: 1 code, 2 data, 3 and 4 TSS, the rest is free */

static unsigned char tss[CPUS][104];

static _Alignas(4096) cgdt_desc_t pages[1][CGDT_PAGE_ENTRIES]; /* room for 32 tables of 16 */
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(CPUS, ENTRIES)];
static struct cgdt_fixed fixed = {.pages = pages, .count = 1};
static cgdt_desc_t initial[3]; /* what every table starts with */
static struct cgdt_pool *pool;

static int make_pool(void)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = CPUS,
        .template_descs = initial,
        .template_entries = 3};
    int error;

    initial[1] = cgdt_desc_code64(0);
    initial[2] = cgdt_desc_data_flat(0);
    error = cgdt_pool_init(&pool, memory, sizeof(memory), &config);
    return error ? error : cgdt_seal(pool);
}

/* This CPU onto a table of its own, with its TSS. 0, or the code of what failed. */
static int use_table(uint32_t cpu)
{
    struct cgdt_pseudo_descriptor gdtr;
    cgdt_slot_t slot;
    cgdt_desc_t own[2];
    int error;

    if ((error = cgdt_cpu_online(pool, cpu, &slot)) ||
        (error = cgdt_desc_system64(own, (uintptr_t)tss[cpu], 103, CGDT_SYS_TSS_AVAILABLE, 0)) ||
        (error = cgdt_write(pool, slot, 3, own, 2)) || (error = cgdt_gdtr(pool, slot, &gdtr)))
        return error;
    cgdt_lgdt(&gdtr);
    cgdt_load_cs(1 << 3);
    cgdt_load_data_segments(2 << 3);
    cgdt_ltr(3 << 3);
    return 0;
}

/*
 * Asked of the CPU, not of the pool: where is its table, and was it there that LTR set the TSS's
 * busy bit?
 */
static bool is_on_table(uint32_t cpu)
{
    const cgdt_desc_t *table = pages[0] + cpu * ENTRIES;
    struct cgdt_pseudo_descriptor gdtr;

    cgdt_sgdt(&gdtr);
    return gdtr.base == (uintptr_t)table && gdtr.limit == ENTRIES * 8 - 1 &&
           cgdt_desc_type(table[3]) == CGDT_SYS_TSS_BUSY;
}

static void print(const char *text)
{
    for (; *text; text++)
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)0x3f8)); /* COM1 */
}

void kernel_main(void)
{
    int error = make_pool();

    for (uint32_t cpu = 0; cpu < CPUS && !error; cpu++) {
        error = use_table(cpu);
        print(error ? "" : is_on_table(cpu) ? "on its own table\n" : "not on its table\n");
    }
    print(error ? cgdt_error_text(error) : cgdt_check(pool, NULL) ? "check: FAIL" : "check: PASS");
    print("\n");
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0x2000), "Nd"((uint16_t)0x604)); /* off */
}
