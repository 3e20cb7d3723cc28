/* SPDX-License-Identifier: MIT */
/* A pool to test on; see fixture.h. */
#include "fixture.h"

#define CANARY       0xa5
#define CANARY_BYTES 64

static const cgdt_desc_t template_paged[] = {0, CODE64, DATA3};

void fixture_prepare(struct fixture *fixture, uint16_t slot_entries, uint8_t window_pages,
                     uint32_t max_cpus)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->config = (struct cgdt_config){
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &faulty_port,
        .port_ctx = &fixture->faulty,
        .layout = {.slot_entries = slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = window_pages,
                   .mode = CGDT_MODE_PAGED},
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = max_cpus,
        .template_descs = template_paged,
        .template_entries = COUNT_OF(template_paged),
    };
}

void fixture_set_common(struct fixture *fixture)
{
    fixture->config.layout.common = true;
}

void fixture_set_native(struct fixture *fixture, const struct cgdt_profile *profile)
{
    fixture->config.layout.mode = CGDT_MODE_NATIVE;
    fixture->config.layout.reserved_entry = 0;
    fixture->config.profile = profile;
}

void fixture_open(struct fixture *fixture)
{
    const struct cgdt_config *config = &fixture->config;
    const uint32_t colors = 512u / config->layout.slot_entries;
    const uint32_t pages = (config->max_cpus + colors - 1) / colors;

    /* Natively windows are nothing to the port. */
    const uint32_t window_pages =
        config->layout.mode == CGDT_MODE_NATIVE ? 1 : config->layout.window_pages;

    cr_assert(strict_open(&fixture->strict, pages, window_pages, config->serialized));
    faulty_open(&fixture->faulty, &strict_port, &fixture->strict);
    fixture->bytes = cgdt_pool_bytes(config);
    cr_assert_gt(fixture->bytes, 0);
    fixture->memory = aligned_alloc(CGDT_POOL_ALIGN, (fixture->bytes + 2 * CANARY_BYTES) & ~63ull);
    cr_assert_not_null(fixture->memory);
    memset(fixture->memory, CANARY, (fixture->bytes + 2 * CANARY_BYTES) & ~63ull);
    cr_assert_eq(cgdt_pool_init(&fixture->pool, fixture->memory, fixture->bytes, config), 0);
}

void fixture_open_live(struct fixture *fixture)
{
    fixture_open(fixture);
    cr_assert_eq(cgdt_seal(fixture->pool), 0);
}

static void no_breach(const struct fixture *fixture, const char *when)
{
    MUST(fixture->strict.breaches == 0, "%s: %u breaches, first: %s", when,
         fixture->strict.breaches, fixture->strict.first_breach);
    MUST(!fixture->strict.locked, "%s: the port is still locked", when);
}

void fixture_close(struct fixture *fixture)
{
    cr_assert_eq(cgdt_pool_destroy(fixture->pool), 0);
    cr_assert_eq(fixture->strict.out, 0, "pages out: %u", fixture->strict.out);
    no_breach(fixture, "close");
    const unsigned char *end = (unsigned char *)fixture->memory + fixture->bytes;
    for (int i = 0; i < CANARY_BYTES; i++)
        MUST(end[i] == CANARY, "byte %d behind the pool's memory was written", i);
    strict_close(&fixture->strict);
    free(fixture->memory);
}

void fixture_end(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, 0, 0, 0);
    fixture_must_be_sound(fixture, "at the end");
    fixture_free_all(fixture);
    fixture_close(fixture);
}

void fixture_bring_up(struct fixture *fixture, uint32_t n, uint32_t entry, cgdt_slot_t *slots)
{
    for (uint32_t cpu = 0; cpu < n; cpu++) {
        const cgdt_desc_t desc = mark(cpu);

        MUST(cgdt_cpu_online(fixture->pool, cpu, &slots[cpu]) == 0, "CPU %u", cpu);
        MUST(cgdt_write(fixture->pool, slots[cpu], entry, &desc, 1) == 0, "CPU %u", cpu);
    }
}

struct cgdt_pool_stats fixture_stats(const struct fixture *fixture)
{
    struct cgdt_pool_stats stats;

    memset(&stats, 0xee, sizeof(stats));
    cgdt_stats(fixture->pool, &stats, sizeof(stats));
    return stats;
}

cgdt_slot_t fixture_alloc(struct fixture *fixture)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_alloc(fixture->pool, &slot);

    MUST(result == 0 && slot != CGDT_NO_SLOT, "alloc: %d", result);
    return slot;
}

void fixture_free_all(struct fixture *fixture)
{
    const uint32_t colors = 512u / fixture->config.layout.slot_entries;

    /* A CPU's slot is freed by its offline alone. */
    for (uint32_t cpu = 0; cpu < fixture->config.max_cpus; cpu++) {
        (void)cgdt_cpu_move_abort(fixture->pool, cpu);
        (void)cgdt_cpu_offline(fixture->pool, cpu);
    }
    for (uint32_t page = 0; page < fixture->strict.pages; page++) {
        uint64_t owned = 0;

        MUST(cgdt_page_taken(fixture->pool, page, &owned) >= 0, "page %u", page);
        for (uint32_t color = 0; color < colors; color++) {
            cgdt_slot_t slot = page * colors + color + 1;
            uint32_t refused = 0;

            if (!(owned >> color & 1))
                continue;
            /* Any generation may be the owner's; the others are refused. */
            for (; refused < 64 && cgdt_free(fixture->pool, slot) != 0; refused++)
                slot = next_owner(slot);
            MUST(refused < 64, "free of slot %u", slot);
        }
    }
}

cgdt_desc_t mark(uint32_t number)
{
    return DATA3 | (uint64_t)(number & 0xffffffu) << 16;
}

cgdt_desc_t *fixture_slot(const struct fixture *fixture, cgdt_slot_t slot)
{
    const uint32_t entries = fixture->config.layout.slot_entries;
    const uint64_t from = (uint64_t)((slot & 0x01ffffffu) - 1) * entries;

    return strict_page(&fixture->strict, (uint32_t)(from / 512)) + from % 512;
}

void fixture_must_be_sound(struct fixture *fixture, const char *when)
{
    const uint32_t entries = fixture->config.layout.slot_entries;
    struct cgdt_violation violation;

    if (cgdt_check(fixture->pool, &violation) != 0) {
        char text[256];

        (void)cgdt_violation_text(&violation, text, sizeof(text));
        MUST(false, "%s: %s", when, text);
    }
    no_breach(fixture, when);
    for (uint32_t page = 0; page < fixture->strict.pages; page++) {
        uint64_t owned = 0;

        (void)cgdt_page_taken(fixture->pool, page, &owned);
        for (uint32_t entry = 0; entry < 512; entry++)
            MUST((owned >> entry / entries & 1) || strict_page(&fixture->strict, page)[entry] == 0,
                 "%s: page %u, entry %u is nobody's and not zero", when, page, entry);
    }
}

static void *copy_of(const void *from, size_t bytes)
{
    void *copy = malloc(bytes);

    cr_assert_not_null(copy);
    return memcpy(copy, from, bytes);
}

void snapshot_take(struct snapshot *snapshot, const struct fixture *fixture)
{
    const size_t pages = (size_t)fixture->strict.pages + 1;

    snapshot->memory = copy_of(fixture->memory, fixture->bytes);
    snapshot->pages = copy_of(fixture->strict.rw, pages * CGDT_PAGE_BYTES);
    snapshot->states = copy_of(fixture->strict.state, pages);
    snapshot->out = fixture->strict.out;
}

static bool compare(struct snapshot *snapshot, const struct fixture *fixture, bool with_memory)
{
    const size_t pages = (size_t)fixture->strict.pages + 1;
    const bool same =
        (!with_memory || memcmp(snapshot->memory, fixture->memory, fixture->bytes) == 0) &&
        memcmp(snapshot->pages, fixture->strict.rw, pages * CGDT_PAGE_BYTES) == 0 &&
        memcmp(snapshot->states, fixture->strict.state, pages) == 0 &&
        snapshot->out == fixture->strict.out;

    free(snapshot->memory);
    free(snapshot->pages);
    free(snapshot->states);
    return same;
}

bool snapshot_same(struct snapshot *snapshot, const struct fixture *fixture)
{
    return compare(snapshot, fixture, true);
}

bool snapshot_same_pages(struct snapshot *snapshot, const struct fixture *fixture)
{
    return compare(snapshot, fixture, false);
}

void fixture_open_used(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, 100);
    fixture_set_common(fixture);
    fixture_open_live(fixture);
    for (int i = 0; i < 100; i++)
        (void)fixture_alloc(fixture);
}
