/* SPDX-License-Identifier: MIT */
/*
 * What a call leaves in the memory that it was to fill, for every call that has such a parameter
 * and every error of it: nothing, or what its text says.
 */
#include <setjmp.h>

#include "fixture.h"
#include "mortal_port.h"

#define CODE  (-4321)
#define SLOTS 40
#define BULK  12

/* All that calls write to, full of a byte that none of them writes. */
struct out {
    cgdt_slot_t slot;
    cgdt_slot_t slots[BULK];
    cgdt_desc_t desc[4];
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries, bad;
    cgdt_frame_t frame;
    const cgdt_desc_t *view;
    struct cgdt_pseudo_descriptor gdtr;
    struct cgdt_violation violation;
    uint64_t taken;
    char text[80];
    struct cgdt_pool *pool;
    struct cgdt_cache cache; /* what cgdt_cache_init() is to fill in */
};

static struct out out;
static struct fixture fixture;
static cgdt_slot_t mine, freed, a_cpus;
static struct cgdt_cache cache; /* empty */
static jmp_buf dead;
static uint32_t steps_left;
static bool dirty; /* what map() gives is not zero */

static void step(void)
{
    if (steps_left != 0 && --steps_left == 0)
        longjmp(dead, 1);
}

static int map_page(void *ctx, uint32_t page, void **view)
{
    const int result = mortal_port.map(ctx, page, view);

    if (result >= 0 && dirty)
        ((cgdt_desc_t *)*view)[9] = DATA3;
    return result;
}

static struct cgdt_port port;

static void prepare(void)
{
    mortal_step = step;
    steps_left = 0;
    dirty = false;
    port = mortal_port;
    port.map = map_page;
    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.port = &port;
}

/* A slot that is owned, one that was freed, and CPU 5's. */
static void use(void)
{
    mine = fixture_alloc(&fixture);
    freed = fixture_alloc(&fixture);
    MUST(cgdt_cpu_online(fixture.pool, 5, &a_cpus) == 0, "online");
    MUST(cgdt_free(fixture.pool, freed) == 0, "free");
    MUST(cgdt_cache_init(&cache, sizeof(cache), fixture.pool) == 0, "cache");
}

static void live(void)
{
    prepare();
    fixture_open_live(&fixture);
    use();
}

static void boot(void)
{
    prepare();
    fixture_open(&fixture);
    use();
}

static void native(void)
{
    prepare();
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    use();
}

static void native_boot(void)
{
    prepare();
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open(&fixture);
    use();
}

static void common(void)
{
    prepare();
    fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    use();
}

static void common_boot(void)
{
    prepare();
    fixture_set_common(&fixture);
    fixture_open(&fixture);
    use();
}

/* The next alloc has to grow. */
static void page_full(void)
{
    live();
    for (int i = 0; i < 14; i++)
        (void)fixture_alloc(&fixture);
}

static void dirty_pages(void)
{
    page_full();
    dirty = true;
}

static void full(void)
{
    live();
    for (int i = 0; i < SLOTS - 2; i++)
        (void)fixture_alloc(&fixture);
}

/* CPU 7 has died while it came online. */
static void with_a_dead_cpu(void)
{
    live();
    steps_left = 1;
    if (setjmp(dead) == 0)
        (void)cgdt_cpu_online(fixture.pool, 7, NULL);
    MUST(steps_left == 0, "it did not die");
}

/* 12 handles of slots that are owned. */
static void with_a_bulk(void)
{
    live();
    MUST(cgdt_alloc_bulk(fixture.pool, BULK, out.slots) == 0, "bulk");
}

static void with_a_stale_one(void)
{
    with_a_bulk();
    out.slots[9] = freed + (40u << CGDT_SLOT_GENERATION_SHIFT);
}

static void with_a_foreign_one(void)
{
    with_a_bulk();
    out.slots[9] = SLOTS;
}

static void with_a_cpus(void)
{
    with_a_bulk();
    out.slots[9] = a_cpus;
}

/* What the memory must be afterwards, from what it was. */
static void no_slot(struct out *wanted)
{
    wanted->slot = CGDT_NO_SLOT;
}

static void no_slots(struct out *wanted)
{
    for (int i = 0; i < BULK; i++)
        wanted->slots[i] = CGDT_NO_SLOT;
}

/* The third live_write is the one that failed. */
static void all_but_the_third(struct out *wanted)
{
    for (int i = 0; i < BULK; i++)
        if (i != 2)
            wanted->slots[i] = CGDT_NO_SLOT;
}

static void any_frames(struct out *wanted)
{
    memcpy(wanted->frames, out.frames, sizeof(out.frames));
}

static void none_taken(struct out *wanted)
{
    wanted->taken = 0;
}

static const uint32_t cpu_5 = 5;
static const cgdt_desc_t plain = DATA3, bad = TSS64;

/* The calls, each as one expression. */
#define CALL(name, expression)                                                                     \
    static int name(void)                                                                          \
    {                                                                                              \
        struct cgdt_pool *pool = fixture.pool;                                                     \
                                                                                                   \
        (void)pool;                                                                                \
        return (int)(expression);                                                                  \
    }

CALL(alloc, cgdt_alloc(pool, &out.slot))
CALL(nowait, cgdt_alloc_nowait(pool, &out.slot))
CALL(cached, cgdt_cache_alloc(&cache, &out.slot))
CALL(cache_small, cgdt_cache_init(&out.cache, CGDT_CACHE_BYTES(2) - 1, pool))
CALL(cache_no_pool, cgdt_cache_init(&out.cache, sizeof(out.cache), NULL))
CALL(near, cgdt_alloc_near(pool, 1, &mine, &out.slot))
CALL(with, cgdt_alloc_with(pool, 3, &plain, 1, &out.slot))
CALL(with_bad, cgdt_alloc_with(pool, 3, &bad, 1, &out.slot))
CALL(with_outside, cgdt_alloc_with(pool, 32, &plain, 1, &out.slot))
CALL(with_null, cgdt_alloc_with(pool, 3, NULL, 1, &out.slot))
CALL(for_nothing, cgdt_alloc_for(pool, NULL, &out.slot))
CALL(online_with_beyond, cgdt_cpu_online_with(pool, SLOTS, 3, &plain, 1, &out.slot))
CALL(online_with_5, cgdt_cpu_online_with(pool, 5, 3, &plain, 1, &out.slot))
CALL(online_with_7, cgdt_cpu_online_with(pool, 7, 3, &plain, 1, &out.slot))
CALL(online_with_bad, cgdt_cpu_online_with(pool, 7, 3, &bad, 1, &out.slot))
CALL(online_for_nothing, cgdt_cpu_online_for(pool, 7, NULL, &out.slot))
CALL(near_null, cgdt_alloc_near(pool, 1, NULL, &out.slot))
CALL(online_near_beyond, cgdt_cpu_online_near(pool, SLOTS, 1, &cpu_5, &out.slot))
CALL(online_near_null, cgdt_cpu_online_near(pool, 7, 1, NULL, &out.slot))
CALL(online_near_5, cgdt_cpu_online_near(pool, 5, 1, &cpu_5, &out.slot))
CALL(online_near_7, cgdt_cpu_online_near(pool, 7, 1, &cpu_5, &out.slot))
CALL(bulk, cgdt_alloc_bulk(pool, BULK, out.slots))
CALL(bulk_of_none, cgdt_alloc_bulk(pool, 0, out.slots))
CALL(bulk_gone_wrong, cgdt_alloc_bulk(pool, CGDT_MAX_SLOTS + 1, out.slots))
CALL(free_bulk, cgdt_free_bulk(pool, BULK, out.slots))
CALL(free_bulk_gone_wrong, cgdt_free_bulk(pool, CGDT_MAX_SLOTS + 1, out.slots))
CALL(online_beyond, cgdt_cpu_online(pool, SLOTS, &out.slot))
CALL(online_5, cgdt_cpu_online(pool, 5, &out.slot))
CALL(online_7, cgdt_cpu_online(pool, 7, &out.slot))
CALL(slot_beyond, cgdt_cpu_slot(pool, SLOTS, &out.slot))
CALL(slot_7, cgdt_cpu_slot(pool, 7, &out.slot))
CALL(read_outside, cgdt_read(pool, mine, 31, out.desc, 2))
CALL(read_foreign, cgdt_read(pool, SLOTS, 1, out.desc, 2))
CALL(read_stale, cgdt_read(pool, freed, 1, out.desc, 2))
CALL(read_crooked, cgdt_read(pool, mine, 1, (char *)out.desc + 1, 2))
CALL(read_none, cgdt_read(pool, mine, 32, out.desc, 0))
#define FRAMES(slot, frames, n, entries) cgdt_frames(pool, slot, frames, n, entries)
CALL(frames_mine, FRAMES(mine, out.frames, &out.n, &out.entries))
CALL(frames_foreign, FRAMES(SLOTS, out.frames, &out.n, &out.entries))
CALL(frames_stale, FRAMES(freed, out.frames, &out.n, &out.entries))
CALL(frames_null, FRAMES(mine, NULL, &out.n, &out.entries))
CALL(frames_null_n, FRAMES(mine, out.frames, NULL, &out.entries))
CALL(frames_null_entries, FRAMES(mine, out.frames, &out.n, NULL))
#define BEHIND(slot, frames, n, entries) cgdt_frames_behind(pool, slot, 9, frames, n, entries)
CALL(behind_mine, BEHIND(mine, out.frames, &out.n, &out.entries))
CALL(behind_foreign, BEHIND(SLOTS, out.frames, &out.n, &out.entries))
CALL(behind_stale, BEHIND(freed, out.frames, &out.n, &out.entries))
CALL(behind_null, BEHIND(mine, NULL, &out.n, &out.entries))
CALL(behind_null_n, BEHIND(mine, out.frames, NULL, &out.entries))
CALL(behind_null_entries, BEHIND(mine, out.frames, &out.n, NULL))
CALL(common_frame, cgdt_common_frame(pool, &out.frame, &out.view))
CALL(common_frame_null, cgdt_common_frame(pool, NULL, &out.view))
CALL(view_foreign, cgdt_slot_view(pool, SLOTS, &out.view))
CALL(view_stale, cgdt_slot_view(pool, freed, &out.view))
CALL(gdtr_mine, cgdt_gdtr(pool, mine, &out.gdtr))
CALL(gdtr_foreign, cgdt_gdtr(pool, SLOTS, &out.gdtr))
CALL(gdtr_stale, cgdt_gdtr(pool, freed, &out.gdtr))
CALL(check, cgdt_check(pool, &out.violation))
CALL(window_beyond, cgdt_check_window(pool, 2, &out.violation))
CALL(window_0, cgdt_check_window(pool, 0, &out.violation))
CALL(taken_beyond, cgdt_page_taken(pool, 3, &out.taken))
CALL(taken_absent, cgdt_page_taken(pool, 2, &out.taken))
CALL(describe_beyond, cgdt_describe(pool, 3, out.text, sizeof(out.text)))
CALL(describe_absent, cgdt_describe(pool, 2, out.text, sizeof(out.text)))
CALL(describe_size_0, cgdt_describe(pool, 0, out.text, 0) > 0)
CALL(text_size_0, cgdt_violation_text(&(struct cgdt_violation){0}, out.text, 0) > 0)
CALL(segment, cgdt_desc_segment(out.desc, 0, 0x100000, 0))
CALL(segment_bits, cgdt_desc_segment(out.desc, 0, 0, 1))
CALL(system64, cgdt_desc_system64(out.desc, 1ull << 56, 0, CGDT_SYS_LDT, 0))
CALL(system64_limit, cgdt_desc_system64(out.desc, 0, 0x100000, CGDT_SYS_LDT, 0))
CALL(system32, cgdt_desc_system32(out.desc, 0, 0, CGDT_SYS_CALL_GATE, 0))
CALL(system32_dpl, cgdt_desc_system32(out.desc, 0, 0, CGDT_SYS_LDT, 4))
CALL(fine_slot,
     cgdt_check_slot(CGDT_PROFILE_XEN_PV64, 0, fixture_slot(&fixture, mine), 32, &out.bad))
CALL(fine_page, cgdt_check_page(CGDT_PROFILE_XEN_PV64, 0, fixture_slot(&fixture, mine), 32, ~0ull,
                                &out.violation))

#define WRITES (1u << FAULTY_LIVE_WRITE)
#define MAPS   (1u << FAULTY_MAP)
#define SEALS  (1u << FAULTY_SEAL)
#define ASKS   (1u << FAULTY_FRAME)

static const struct row {
    const char *name;
    void (*prepare)(void);
    int (*call)(void);
    int code;
    void (*change)(struct out *wanted); /* NULL: everything is left alone */
    uint32_t kinds;                     /* of port operations, the n-th of which fails */
    uint32_t n;
} rows[] = {
    {"alloc, full", full, alloc, -CGDT_ENOSPC, no_slot, 0, 0},
    {"alloc, live_write", live, alloc, CODE, no_slot, WRITES, 1},
    {"alloc, map", page_full, alloc, CODE, no_slot, MAPS, 1},
    {"alloc, seal", page_full, alloc, CODE, no_slot, SEALS, 1},
    {"alloc, a dirty page", dirty_pages, alloc, -CGDT_EPROTO, no_slot, 0, 0},
    {"nowait, full", page_full, nowait, -CGDT_EAGAIN, no_slot, 0, 0},
    {"nowait, live_write", live, nowait, CODE, no_slot, WRITES, 1},
    {"cache_alloc, full", full, cached, -CGDT_ENOSPC, no_slot, 0, 0},
    {"cache_alloc, live_write", live, cached, CODE, no_slot, WRITES, 1},
    {"cache_alloc, map", page_full, cached, CODE, no_slot, MAPS, 1},
    {"cache_alloc, seal", page_full, cached, CODE, no_slot, SEALS, 1},
    {"cache_alloc, a dirty page", dirty_pages, cached, -CGDT_EPROTO, no_slot, 0, 0},
    {"cache_init, too small", live, cache_small, -CGDT_EINVAL, NULL, 0, 0},
    {"cache_init, no pool", live, cache_no_pool, -CGDT_EINVAL, NULL, 0, 0},
    {"near, full", full, near, -CGDT_ENOSPC, no_slot, 0, 0},
    {"near, live_write", live, near, CODE, no_slot, WRITES, 1},
    {"near, map", page_full, near, CODE, no_slot, MAPS, 1},
    {"near, a dirty page", dirty_pages, near, -CGDT_EPROTO, no_slot, 0, 0},
    {"near, NULL", live, near_null, -CGDT_EINVAL, no_slot, 0, 0},
    {"with, full", full, with, -CGDT_ENOSPC, no_slot, 0, 0},
    {"with, live_write", live, with, CODE, no_slot, WRITES, 1},
    {"with, map", page_full, with, CODE, no_slot, MAPS, 1},
    {"with, seal", page_full, with, CODE, no_slot, SEALS, 1},
    {"with, a dirty page", dirty_pages, with, -CGDT_EPROTO, no_slot, 0, 0},
    {"with, bad", live, with_bad, -CGDT_EILSEQ, no_slot, 0, 0},
    {"with, outside", live, with_outside, -CGDT_ERANGE, no_slot, 0, 0},
    {"with, NULL", live, with_null, -CGDT_EINVAL, no_slot, 0, 0},
    {"for, NULL", live, for_nothing, -CGDT_EINVAL, no_slot, 0, 0},
    {"bulk, full", full, bulk, -CGDT_ENOSPC, no_slots, 0, 0},
    {"bulk, live_write", live, bulk, CODE, no_slots, WRITES, 3},
    {"bulk, map", page_full, bulk, CODE, no_slots, MAPS, 1},
    {"bulk, seal", page_full, bulk, CODE, no_slots, SEALS, 1},
    {"bulk, a dirty page", dirty_pages, bulk, -CGDT_EPROTO, no_slots, 0, 0},
    {"bulk of none", live, bulk_of_none, 0, NULL, 0, 0},
    {"bulk gone wrong", live, bulk_gone_wrong, -CGDT_EINVAL, NULL, 0, 0},
    {"free_bulk, stale", with_a_stale_one, free_bulk, -CGDT_ESTALE, NULL, 0, 0},
    {"free_bulk, foreign", with_a_foreign_one, free_bulk, -CGDT_ENOENT, NULL, 0, 0},
    {"free_bulk, a CPU's", with_a_cpus, free_bulk, -CGDT_EBUSY, NULL, 0, 0},
    {"free_bulk, gone wrong", with_a_bulk, free_bulk_gone_wrong, -CGDT_EINVAL, NULL, 0, 0},
    {"free_bulk, live_write", with_a_bulk, free_bulk, CODE, all_but_the_third, WRITES, 3},
    {"online, no such CPU", live, online_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"online, it is", live, online_5, -CGDT_EEXIST, NULL, 0, 0},
    {"online, coming", with_a_dead_cpu, online_7, -CGDT_EBUSY, NULL, 0, 0},
    {"online, full", full, online_7, -CGDT_ENOSPC, no_slot, 0, 0},
    {"online, live_write", live, online_7, CODE, no_slot, WRITES, 1},
    {"online, map", page_full, online_7, CODE, no_slot, MAPS, 1},
    {"online, a dirty page", dirty_pages, online_7, -CGDT_EPROTO, no_slot, 0, 0},
    {"online_near, no such CPU", live, online_near_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"online_near, NULL", live, online_near_null, -CGDT_EINVAL, no_slot, 0, 0},
    {"online_near, it is", live, online_near_5, -CGDT_EEXIST, NULL, 0, 0},
    {"online_near, coming", with_a_dead_cpu, online_near_7, -CGDT_EBUSY, NULL, 0, 0},
    {"online_near, full", full, online_near_7, -CGDT_ENOSPC, no_slot, 0, 0},
    {"online_near, live_write", live, online_near_7, CODE, no_slot, WRITES, 1},
    {"online_near, a dirty page", dirty_pages, online_near_7, -CGDT_EPROTO, no_slot, 0, 0},
    {"online_with, no such CPU", live, online_with_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"online_with, it is", live, online_with_5, -CGDT_EEXIST, NULL, 0, 0},
    {"online_with, coming", with_a_dead_cpu, online_with_7, -CGDT_EBUSY, NULL, 0, 0},
    {"online_with, full", full, online_with_7, -CGDT_ENOSPC, no_slot, 0, 0},
    {"online_with, live_write", live, online_with_7, CODE, no_slot, WRITES, 1},
    {"online_with, a dirty page", dirty_pages, online_with_7, -CGDT_EPROTO, no_slot, 0, 0},
    {"online_with, bad", live, online_with_bad, -CGDT_EILSEQ, no_slot, 0, 0},
    {"online_for, NULL", live, online_for_nothing, -CGDT_EINVAL, no_slot, 0, 0},
    {"cpu_slot, no such CPU", live, slot_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"cpu_slot, offline", live, slot_7, -CGDT_ENOENT, NULL, 0, 0},
    {"cpu_slot, coming", with_a_dead_cpu, slot_7, -CGDT_EBUSY, NULL, 0, 0},
    {"read, outside", live, read_outside, -CGDT_ERANGE, NULL, 0, 0},
    {"read, foreign", live, read_foreign, -CGDT_ENOENT, NULL, 0, 0},
    {"read, stale", live, read_stale, -CGDT_ESTALE, NULL, 0, 0},
    {"read, crooked", live, read_crooked, -CGDT_EINVAL, NULL, 0, 0},
    {"read, none", live, read_none, 0, NULL, 0, 0},
    {"frames, native", native, frames_mine, -CGDT_ENOTSUP, NULL, 0, 0},
    {"frames, foreign", live, frames_foreign, -CGDT_ENOENT, any_frames, 0, 0},
    {"frames, stale", live, frames_stale, -CGDT_ESTALE, any_frames, 0, 0},
    {"frames, NULL", live, frames_null, -CGDT_EINVAL, any_frames, 0, 0},
    {"frames, NULL n", live, frames_null_n, -CGDT_EINVAL, any_frames, 0, 0},
    {"frames, NULL entries", live, frames_null_entries, -CGDT_EINVAL, any_frames, 0, 0},
    {"frames, boot", boot, frames_mine, -CGDT_EPERM, any_frames, 0, 0},
    {"frames, frame", live, frames_mine, CODE, any_frames, ASKS, 1},
    {"behind, native", native, behind_mine, -CGDT_ENOTSUP, NULL, 0, 0},
    {"behind, no common page", live, behind_mine, -CGDT_ENOTSUP, NULL, 0, 0},
    {"behind, foreign", common, behind_foreign, -CGDT_ENOENT, any_frames, 0, 0},
    {"behind, stale", common, behind_stale, -CGDT_ESTALE, any_frames, 0, 0},
    {"behind, NULL", common, behind_null, -CGDT_EINVAL, any_frames, 0, 0},
    {"behind, NULL n", common, behind_null_n, -CGDT_EINVAL, any_frames, 0, 0},
    {"behind, NULL entries", common, behind_null_entries, -CGDT_EINVAL, any_frames, 0, 0},
    {"behind, boot", common_boot, behind_mine, -CGDT_EPERM, any_frames, 0, 0},
    {"behind, frame", common, behind_mine, CODE, any_frames, ASKS, 2},
    {"common_frame, native", native, common_frame, -CGDT_ENOTSUP, NULL, 0, 0},
    {"common_frame, no common page", live, common_frame, -CGDT_ENOTSUP, NULL, 0, 0},
    {"common_frame, NULL", common, common_frame_null, -CGDT_EINVAL, NULL, 0, 0},
    {"common_frame, boot", common_boot, common_frame, -CGDT_EPERM, NULL, 0, 0},
    {"common_frame, frame", common, common_frame, CODE, NULL, ASKS, 1},
    {"slot_view, foreign", live, view_foreign, -CGDT_ENOENT, NULL, 0, 0},
    {"slot_view, stale", live, view_stale, -CGDT_ESTALE, NULL, 0, 0},
    {"gdtr, paged", live, gdtr_mine, -CGDT_ENOTSUP, NULL, 0, 0},
    {"gdtr, foreign", native, gdtr_foreign, -CGDT_ENOENT, NULL, 0, 0},
    {"gdtr, stale", native, gdtr_stale, -CGDT_ESTALE, NULL, 0, 0},
    {"gdtr, boot", native_boot, gdtr_mine, -CGDT_EPERM, NULL, 0, 0},
    {"check, fine", live, check, 0, NULL, 0, 0},
    {"check, frame", live, check, CODE, NULL, ASKS, 1},
    {"check_window, beyond", live, window_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"check_window, fine", live, window_0, 0, NULL, 0, 0},
    {"check_window, frame", live, window_0, CODE, NULL, ASKS, 1},
    {"page_taken, beyond", live, taken_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"page_taken, absent", live, taken_absent, 0, none_taken, 0, 0},
    {"describe, beyond", live, describe_beyond, -CGDT_EINVAL, NULL, 0, 0},
    {"describe, absent", live, describe_absent, -CGDT_EINVAL, NULL, 0, 0},
    {"describe, size 0", live, describe_size_0, 1, NULL, 0, 0},
    {"violation_text, size 0", live, text_size_0, 1, NULL, 0, 0},
    {"segment, last", live, segment, -CGDT_ERANGE, NULL, 0, 0},
    {"segment, attributes", live, segment_bits, -CGDT_ERANGE, NULL, 0, 0},
    {"system64, base", live, system64, -CGDT_ERANGE, NULL, 0, 0},
    {"system64, limit", live, system64_limit, -CGDT_ERANGE, NULL, 0, 0},
    {"system32, type", live, system32, -CGDT_ERANGE, NULL, 0, 0},
    {"system32, dpl", live, system32_dpl, -CGDT_ERANGE, NULL, 0, 0},
    {"check_slot, fine", live, fine_slot, CGDT_FINE, NULL, 0, 0},
    {"check_page, fine", live, fine_page, CGDT_FINE, NULL, 0, 0},
};

static void must_leave(const struct row *row)
{
    struct out wanted;

    memset(&out, 0xee, sizeof(out));
    row->prepare();
    memcpy(&wanted, &out, sizeof(out));
    faulty_arm(&fixture.faulty, row->kinds, row->n, CODE);
    fixture.faulty.from_then_on = (row->kinds & (MAPS | SEALS)) != 0; /* no page is gone round */
    const int result = row->call();
    faulty_arm(&fixture.faulty, 0, 0, 0);
    MUST(result == row->code, "%s: %d", row->name, result);
    if (row->change != NULL)
        row->change(&wanted);
    MUST(memcmp(&wanted, &out, sizeof(out)) == 0, "%s: not what its text says", row->name);
    dirty = false;
    MUST(cgdt_recover(fixture.pool) >= 0, "%s: recover", row->name);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(outputs, each_error_of_each_call_leaves_what_its_text_says)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        must_leave(&rows[i]);
}

/* An init that fails: the handle is left alone. */
static void must_not_init(const struct cgdt_config *config, int code)
{
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[16384];
    struct cgdt_pool *const before = (struct cgdt_pool *)(void *)&out;
    struct cgdt_pool *pool = before;

    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), config), code);
    cr_assert_eq(pool, before, "%d", code);
}

Test(outputs, an_init_that_fails_leaves_the_handle_alone)
{
    static const cgdt_desc_t tss[] = {0, TSS64};
    struct {
        struct cgdt_config config;
        uintptr_t more;
    } later;

    prepare();
    fixture_set_common(&fixture);
    cr_assert(strict_open(&fixture.strict, 8, 2, false));
    faulty_open(&fixture.faulty, &strict_port, &fixture.strict);
    memset(&later, 0, sizeof(later));
    later.config = fixture.config;
    later.config.struct_bytes = sizeof(later);
    later.more = 1;
    must_not_init(&later.config, -CGDT_E2BIG);
    must_not_init(NULL, -CGDT_EINVAL);
    faulty_arm(&fixture.faulty, MAPS, 1, CODE);
    must_not_init(&fixture.config, CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    dirty = true;
    must_not_init(&fixture.config, -CGDT_EPROTO);
    fixture.config.template_descs = tss;
    fixture.config.template_entries = 2;
    must_not_init(&fixture.config, -CGDT_EILSEQ);
    cr_assert_eq(fixture.strict.out, 0);
    strict_close(&fixture.strict);
}
