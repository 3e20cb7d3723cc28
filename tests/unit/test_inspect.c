/* SPDX-License-Identifier: MIT */
/* Counts and texts of a pool: cgdt_stats() and cgdt_describe(). */
#include <stdio.h>

#include "fixture.h"

Test(describe, shows_each_descriptor_and_its_full_length)
{
    struct fixture fixture;
    static char text[200000];

    fixture_open_used(&fixture);
    const int length = cgdt_describe(fixture.pool, 1, text, sizeof(text));
    cr_assert_eq(length, (int)strlen(text));
    cr_assert(strstr(text, "00affb000000ffff"), "%s", text);
    cr_assert(strstr(text, "00cff3000000ffff"), "%s", text);
    cr_assert(strstr(text, "color 15"), "%s", text);
    cr_assert_eq(text[length - 1], '\n');
    char cut[50];
    memset(cut, '#', sizeof(cut));
    cr_assert_eq(cgdt_describe(fixture.pool, 1, cut, 40), length);
    cr_assert_eq(strlen(cut), 39);
    cr_assert_eq(memcmp(cut, text, 39), 0);
    cr_assert_eq(cut[40], '#');
    cr_assert_eq(cgdt_describe(fixture.pool, 1, NULL, 0), length);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(stats, counts_add_up_at_every_step)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 100);
    fixture_open_live(&fixture);
    for (uint32_t n = 1; n <= 100; n++) {
        (void)fixture_alloc(&fixture);
        const struct cgdt_pool_stats stats = fixture_stats(&fixture);

        MUST(stats.max_slots == 100 && stats.taken_slots == n && stats.common_pages == 0, "%u", n);
        MUST(stats.mapped_pages == (n + 15) / 16 && stats.mapped_windows == (n + 31) / 32, "%u", n);
        MUST(stats.sealed_pages == stats.mapped_pages && stats.held_pages == 0, "%u", n);
        MUST(stats.free_slots + n == (n > 96 ? 100 : (n + 15) / 16 * 16), "%u: %u free", n,
             stats.free_slots);
        MUST(stats.bookkeeping_bytes == fixture.bytes, "bytes");
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(describe, names_what_is_private_absent_code_system_or_nobodys)
{
    struct fixture fixture;
    static char text[20000];

    fixture_prepare(&fixture, 256, 2, 4);
    fixture_open(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cgdt_desc_t *slot_entries = fixture_slot(&fixture, slot);
    slot_entries[5] = TSS64;
    slot_entries[6] = DATA3 & ~CGDT_DESC_PRESENT;
    slot_entries[300] = DATA3; /* of color 1 */
    cr_assert_gt(cgdt_describe(fixture.pool, 0, text, sizeof(text)), 0);
    cr_assert(strstr(text, "private\n"), "%s", text);
    cr_assert(strstr(text, " code "), "%s", text);
    cr_assert(strstr(text, " system "), "%s", text);
    cr_assert(strstr(text, " absent\n"), "%s", text);
    const char *nobodys = strstr(text, "UNOWNED");
    cr_assert(nobodys && strstr(nobodys, "entry 44:"), "%s", text);
    slot_entries[300] = 0;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * The directory lies behind the pages' words. Handles of the second generation would be views of
 * pages there, of 16-bit numbers tags.
 */
Test(stats, pages_are_counted_to_the_last_and_no_further)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 32);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 32), 0);
    for (int round = 0; round < 2; round++)
        for (uint32_t cpu = 0; cpu < 32; cpu++) {
            MUST(cgdt_cpu_online(fixture.pool, cpu, NULL) == 0, "CPU %u", cpu);
            if (round == 0)
                MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
        }
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    cr_assert(stats.mapped_pages == 2 && stats.sealed_pages == 2 && stats.held_pages == 0);
    cr_assert(stats.taken_slots == 32 && stats.free_slots == 0 && stats.mapped_windows == 1);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(describe, names_a_page_by_its_window_and_its_place_there)
{
    struct fixture fixture;
    char text[100];
    cgdt_slot_t slots[14];

    fixture_prepare(&fixture, 256, 3, 14);
    fixture.config.template_entries = 0;
    fixture_open(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 14, slots), 0);
    cr_assert_gt(cgdt_describe(fixture.pool, 5, text, sizeof(text)), 0);
    cr_assert_str_eq(text, "window 1 page 2 private\n  color 0\n  color 1\n");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* What the fields are, by hand after SDM vol. 3A figure 3-8. */
Test(describe, has_a_line_for_each_descriptor_with_all_of_its_fields)
{
    static const struct {
        cgdt_desc_t desc;
        const char *line;
    } lines[] = {
        {0x00affb000000ffffull, "code type 11 base 0x00000000 last 0xffffffff dpl 3 present long"},
        {0x00cff3000000ffffull, "data type 3 base 0x00000000 last 0xffffffff dpl 3 present"},
        {0x12409a3456780fffull, "code type 10 base 0x12345678 last 0x00000fff dpl 0 present"},
        {0x124072345678000full, "data type 2 base 0x12345678 last 0x0000000f dpl 3 absent"},
        {0x1200893456780067ull, "system type 9 base 0x12345678 last 0x00000067 dpl 0 present"},
        {0x0020180000000000ull, "code type 8 base 0x00000000 last 0x00000000 dpl 0 absent long"},
    };
    struct fixture fixture;
    char text[2000];
    char wanted[2000];
    size_t length;

    fixture_prepare(&fixture, 256, 2, 4);
    fixture.config.template_entries = 0;
    fixture_open(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    length = (size_t)snprintf(wanted, sizeof(wanted), "window 0 page 0 private\n  color 0\n");
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        fixture_slot(&fixture, slot)[9 + i] = lines[i].desc;
        length += (size_t)snprintf(wanted + length, sizeof(wanted) - length,
                                   "    entry %zu: 0x%016" PRIx64 " %s\n", 9 + i, lines[i].desc,
                                   lines[i].line);
    }
    cr_assert_eq(cgdt_describe(fixture.pool, 0, text, sizeof(text)), (int)length);
    cr_assert_str_eq(text, wanted);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
