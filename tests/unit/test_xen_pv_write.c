/* SPDX-License-Identifier: MIT */
/*
 * Live writes through the Xen port: how many hypercalls, and that a write of which any part is
 * refused has changed nothing, nor shown another CPU halves of two call gates at any moment, while
 * it is undone included.
 */
#include "model_xen.h"
#include "must.h"

#define ENTRIES 128
#define CODE    (-4321) /* a hypervisor's own */
#define DATA3   0x00cff3000000ffffull

/* Two call gates as Xen keeps them; of a 64-bit guest, their low halves. */
#ifdef __x86_64__
#define GATE  0x00008c00000b0000ull
#define OTHER 0x00008c0000130000ull
#else
#define GATE  0x00008c0000090000ull
#define OTHER 0x00008c0000110000ull
#endif

struct setup {
    struct model_xen xen;
    struct cgdt_pool *pool;
    void *memory;
    cgdt_slot_t slot;
    cgdt_desc_t *host; /* the slot as the hypervisor and its CPUs see it */

    /* What the reader compares with. */
    cgdt_desc_t old[ENTRIES];
    cgdt_desc_t new_[ENTRIES];
    uint32_t torn;
    uint32_t looks;
};

/*
 * Whether the entry starts a 16-byte descriptor, which a 32-bit guest does not have; from the
 * manual, not from cgdt.
 */
static bool starts_wide(cgdt_desc_t desc)
{
    const unsigned attributes = (unsigned)(desc >> 40) & 0xff;

    return sizeof(void *) == 8 && (attributes & 0x90) == 0x80 && (attributes & 0x0f) != 0;
}

/*
 * Another CPU on the same page: each gate that it finds must be the old one or the new one, whole.
 */
static void reader(void *who)
{
    struct setup *setup = who;
    const cgdt_desc_t *now = setup->host;

    setup->looks++;
    for (int k = 0; k < ENTRIES - 1; k++)
        if (starts_wide(now[k]) && !(now[k] == setup->old[k] && now[k + 1] == setup->old[k + 1]) &&
            !(now[k] == setup->new_[k] && now[k + 1] == setup->new_[k + 1]))
            setup->torn++;
}

static void open_setup(struct setup *setup, const cgdt_desc_t *template_descs, uint32_t entries)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, unused = 0;

    memset(setup, 0, sizeof(*setup));
    cr_assert(model_xen_open(&setup->xen));
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .port = &cgdt_xen_pv_port,
                                       .port_ctx = &setup->xen.port,
                                       .layout = {.slot_entries = ENTRIES,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                                                  .window_pages = 2},
                                       .profile = CGDT_PROFILE_XEN_PV,
                                       .max_cpus = 16,
                                       .template_descs = template_descs,
                                       .template_entries = entries};
    const size_t bytes = cgdt_pool_bytes(&config);
    setup->memory = aligned_alloc(CGDT_POOL_ALIGN, (bytes + 63) & ~(size_t)63);
    cr_assert_eq(cgdt_pool_init(&setup->pool, setup->memory, bytes, &config), 0);
    cr_assert_eq(cgdt_seal(setup->pool), 0);
    cr_assert_eq(cgdt_alloc(setup->pool, &setup->slot), 0);
    cr_assert_eq(cgdt_frames(setup->pool, setup->slot, frames, &n, &unused), 0);
    setup->host = model_xen_frame(&setup->xen, frames[0]);
    setup->xen.look = reader;
    setup->xen.who = setup;
}

static void close_setup(struct setup *setup)
{
    setup->xen.look = NULL;
    model_xen_arm(&setup->xen, MODEL_DESCRIPTOR, 0, 0);
    cr_assert_eq(cgdt_free(setup->pool, setup->slot), 0);
    cr_assert_eq(cgdt_pool_destroy(setup->pool), 0);
    cr_assert_eq(setup->xen.breaches, 0, "%s", setup->xen.first_breach);
    model_xen_close(&setup->xen);
    free(setup->memory);
}

/* Random data, zeros and gates; entry 0 is zero. */
static void random_slot(uint64_t *seed, cgdt_desc_t *slot)
{
    memset(slot, 0, ENTRIES * sizeof(*slot));
    for (int k = 1; k < ENTRIES; k++) {
        const uint32_t kind = random_below(seed, 4);

        if (kind >= 2 && k + 1 < ENTRIES) {
            slot[k++] = kind == 2 ? GATE : OTHER;
            slot[k] = random_below(seed, 3);
        } else if (kind == 1) {
            slot[k] = DATA3 | (uint64_t)random_below(seed, 3) << 16;
        }
    }
}

static void counts_of(const struct setup *setup, struct cgdt_xen_pv_counts *counts)
{
    *counts = setup->xen.port.counts;
}

Test(xen_write, one_change_is_one_hypercall)
{
    struct setup setup;
    struct cgdt_xen_pv_counts before, after;
    const cgdt_desc_t desc = DATA3;

    open_setup(&setup, NULL, 0);
    counts_of(&setup, &before);
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 9, &desc, 1), 0);
    counts_of(&setup, &after);
    cr_assert_eq(after.update_descriptor, before.update_descriptor + 1);
    cr_assert_eq(after.multicall, before.multicall);
    close_setup(&setup);
}

Test(xen_write, few_segments_and_gates_take_each_others_place_whole)
{
    struct setup setup;
    const cgdt_desc_t sets[][2] = {{DATA3, DATA3}, {DATA3 | 1u << 16, DATA3},
                                   {GATE, 1},      {OTHER, 2},
                                   {DATA3, DATA3}, {0, DATA3},
                                   {GATE, 0},      {0, 0},
                                   {DATA3, 0}};
    cgdt_desc_t out[2];

    open_setup(&setup, NULL, 0);
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        memcpy(setup.old, setup.host, sizeof(setup.old));
        memcpy(setup.new_, setup.host, sizeof(setup.new_));
        memcpy(setup.new_ + 9, sets[i], sizeof(sets[i]));
        MUST(cgdt_write(setup.pool, setup.slot, 9, sets[i], 2) == 0, "set %zu", i);
        MUST(cgdt_read(setup.pool, setup.slot, 9, out, 2) == 0, "set %zu", i);
        MUST(memcmp(out, sets[i], sizeof(out)) == 0, "set %zu", i);
        MUST(memcmp(setup.host + 9, sets[i], sizeof(out)) == 0, "set %zu, on the page", i);
    }
    cr_assert_eq(setup.torn, 0);
    close_setup(&setup);
}

Test(xen_write, several_changes_are_multicalls_of_at_most_a_chunk)
{
    struct setup setup;
    struct cgdt_xen_pv_counts before, after;
    cgdt_desc_t descs[2 * CGDT_XEN_PV_CHUNK + 1];

    open_setup(&setup, NULL, 0);
    for (size_t i = 0; i < COUNT_OF(descs); i++)
        descs[i] = DATA3 | (uint64_t)i << 16;
    counts_of(&setup, &before);
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 1, descs, COUNT_OF(descs)), 0);
    counts_of(&setup, &after);
    cr_assert_eq(after.multicall, before.multicall + 2);
    cr_assert_eq(after.batched, before.batched + COUNT_OF(descs) - 1);
    cr_assert_eq(after.update_descriptor, before.update_descriptor + 1);
    cr_assert_eq(memcmp(setup.host + 1, descs, sizeof(descs)), 0);
    close_setup(&setup);
}

Test(xen_write, only_what_differs_is_kept_for_an_undo)
{
    struct setup setup;
    cgdt_desc_t descs[ENTRIES] = {0};

    open_setup(&setup, NULL, 0);
    const uint32_t taken = setup.xen.locks_taken[CGDT_XEN_PV_LOCK_UNDO];
    descs[40] = DATA3;
    descs[43] = DATA3;
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 0, descs, ENTRIES), 0);
    cr_assert_eq(setup.xen.locks_taken[CGDT_XEN_PV_LOCK_UNDO], taken, "four entries fit the stack");
    descs[2] = DATA3;
    descs[43] = 0;
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 0, descs, ENTRIES), 0);
    cr_assert_eq(setup.xen.locks_taken[CGDT_XEN_PV_LOCK_UNDO], taken, "42 entries, too");
    descs[100] = DATA3;
    descs[3] = DATA3;
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 0, descs, ENTRIES), 0);
    cr_assert_eq(setup.xen.locks_taken[CGDT_XEN_PV_LOCK_UNDO], taken + 1, "98 entries do not");
    cr_assert_eq(memcmp(setup.host, descs, sizeof(descs)), 0);
    close_setup(&setup);
}

Test(xen_write, a_batch_that_changes_nothing_is_no_hypercall)
{
    struct setup setup;
    struct cgdt_xen_pv_counts before, after;
    cgdt_desc_t same[8] = {0};

    open_setup(&setup, NULL, 0);
    struct cgdt_batch batch = {
        .slot = setup.host, .values = same, .count = 8, .profile = CGDT_PROFILE_XEN_PV};
    counts_of(&setup, &before);
    cr_assert_eq(cgdt_xen_pv_port.live_write(&setup.xen.port, 0, setup.xen.guest, &batch), 0);
    counts_of(&setup, &after);
    cr_assert_eq(memcmp(&before, &after, sizeof(before)), 0);
    close_setup(&setup);
}

/*
 * One write from old to new in which the n-th call of a kind fails. False: there was none to fail.
 */
static bool write_failing(struct setup *setup, enum model_call fail, uint32_t n, const char *when)
{
    cgdt_desc_t before[CGDT_PAGE_ENTRIES];

    model_xen_arm(&setup->xen, MODEL_DESCRIPTOR, 0, 0);
    setup->xen.look = NULL;
    MUST(cgdt_write(setup->pool, setup->slot, 0, setup->old, ENTRIES) == 0, "%s: prepare", when);
    setup->xen.look = reader;
    memcpy(before, setup->host, sizeof(before));
    model_xen_arm(&setup->xen, fail, n, CODE);
    const int result = cgdt_write(setup->pool, setup->slot, 0, setup->new_, ENTRIES);
    MUST(setup->torn == 0, "%s %u: another CPU saw halves of two gates", when, n);
    if (setup->xen.fired == 0) {
        MUST(result == 0, "%s %u: %d, and nothing failed", when, n, result);
        MUST(memcmp(setup->host, setup->new_, sizeof(setup->new_)) == 0, "%s: not done", when);
        return false;
    }
    MUST(result == CODE, "%s %u: %d", when, n, result);
    MUST(memcmp(before, setup->host, sizeof(before)) == 0, "%s %u: not undone", when, n);
    return true;
}

static void write_failing_everywhere(struct setup *setup, const char *when)
{
    for (uint32_t n = 1; write_failing(setup, MODEL_DESCRIPTOR, n, when); n++)
        ;
    for (uint32_t n = 1; write_failing(setup, MODEL_MULTICALL, n, when); n++)
        ;
}

Test(xen_write, a_write_refused_anywhere_is_undone_and_never_seen_torn)
{
    struct setup setup;
    uint64_t seed = 91;

    open_setup(&setup, NULL, 0);
    for (int round = 0; round < 40; round++) {
        random_slot(&seed, setup.old);
        random_slot(&seed, setup.new_);
        write_failing_everywhere(&setup, "long");
    }
    cr_assert_gt(setup.looks, 1000);
    cr_assert_gt(setup.xen.port.counts.undone, 100);
    cr_assert_eq(setup.xen.port.counts.undo_failed, 0);
    close_setup(&setup);
}

Test(xen_write, a_first_write_of_gates_refused_anywhere_is_never_seen_torn)
{
    struct setup setup;
    uint64_t seed = 92;

    open_setup(&setup, NULL, 0);
    for (int round = 0; round < 20; round++) {
        random_slot(&seed, setup.new_);
        write_failing_everywhere(&setup, "onto zeros");
    }
    close_setup(&setup);
}

Test(xen_write, a_short_write_refused_anywhere_is_undone_and_never_seen_torn)
{
    struct setup setup;
    uint64_t seed = 93;

    open_setup(&setup, NULL, 0);
    for (int round = 0; round < 100; round++) {
        random_slot(&seed, setup.old);
        memset(setup.old + 8, 0, sizeof(setup.old) - 8 * sizeof(setup.old[0]));
        random_slot(&seed, setup.new_);
        memset(setup.new_ + 8, 0, sizeof(setup.new_) - 8 * sizeof(setup.new_[0]));
        setup.old[8] = setup.new_[8] = DATA3; /* behind a gate that ends there */
        write_failing_everywhere(&setup, "short");
    }
    close_setup(&setup);
}

/* Three segments onto others, in which the n-th call of a kind fails. False: none did. */
static bool few_failing(struct setup *setup, enum model_call fail, uint32_t n)
{
    static const cgdt_desc_t before[] = {DATA3, DATA3 | 1u << 16, 0};
    static const cgdt_desc_t after[] = {DATA3 | 2u << 16, DATA3 | 3u << 16, DATA3 | 4u << 16};

    model_xen_arm(&setup->xen, MODEL_DESCRIPTOR, 0, 0);
    MUST(cgdt_write(setup->pool, setup->slot, 9, before, 3) == 0, "prepare");
    model_xen_arm(&setup->xen, fail, n, CODE);
    const int result = cgdt_write(setup->pool, setup->slot, 9, after, 3);
    MUST(result == (setup->xen.fired == 0 ? 0 : CODE), "call %u: %d", n, result);
    MUST(memcmp(setup->host + 9, result == 0 ? after : before, sizeof(after)) == 0,
         "call %u: not undone", n);
    return result != 0;
}

Test(xen_write, a_few_segments_refused_anywhere_are_undone)
{
    struct setup setup;
    uint32_t failed = 0;

    open_setup(&setup, NULL, 0);
    for (uint32_t n = 1; few_failing(&setup, MODEL_DESCRIPTOR, n); n++)
        failed++;
    for (uint32_t n = 1; few_failing(&setup, MODEL_MULTICALL, n); n++)
        failed++;
    cr_assert_geq(failed, 4);
    close_setup(&setup);
}

Test(xen_write, of_a_few_segments_those_that_are_there_are_no_hypercall)
{
    struct setup setup;
    struct cgdt_xen_pv_counts before, after;
    cgdt_desc_t descs[4] = {DATA3, DATA3, DATA3, DATA3};

    open_setup(&setup, NULL, 0);
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 9, descs, 4), 0);
    descs[2] = DATA3 | 1u << 16;
    counts_of(&setup, &before);
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 9, descs, 4), 0);
    counts_of(&setup, &after);
    cr_assert_eq(after.update_descriptor, before.update_descriptor + 1);
    cr_assert_eq(after.multicall, before.multicall);
    close_setup(&setup);
}

static const cgdt_desc_t gates[] = {0, GATE, 1, OTHER, 2, DATA3, GATE, 3, GATE, 4, GATE, 5};

Test(xen_write, an_alloc_refused_anywhere_leaves_zeros_and_no_torn_gate)
{
    struct setup setup;
    uint32_t n = 0;
    int result = CODE;
    cgdt_slot_t slot = 99;

    open_setup(&setup, gates, COUNT_OF(gates));
    setup.host += ENTRIES; /* the slot that is given next */
    memcpy(setup.new_, gates, sizeof(gates));
    while (result != 0) {
        model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, ++n, CODE);
        result = cgdt_alloc(setup.pool, &slot);
        cr_assert_eq(setup.torn, 0, "store %u: another CPU saw half a gate", n);
        cr_assert_eq(result, setup.xen.fired ? CODE : 0, "store %u", n);
        for (int k = 0; result != 0 && k < ENTRIES; k++)
            cr_assert_eq(setup.host[k], 0, "store %u left entry %d", n, k);
    }
    cr_assert_gt(n, COUNT_OF(gates) - 2, "all were tried");
    model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, 0, 0);
    const int freed = cgdt_free(setup.pool, slot);
    cr_assert_eq(freed, 0, "free of %x: %d", slot, freed);
    close_setup(&setup);
}

Test(xen_write, a_free_refused_anywhere_keeps_the_slot_and_no_gate_is_seen_torn)
{
    struct setup setup;
    uint32_t n = 0;
    int result = CODE;

    open_setup(&setup, gates, COUNT_OF(gates));
    memcpy(setup.old, gates, sizeof(gates));
    while (result != 0) {
        model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, ++n, CODE);
        result = cgdt_free(setup.pool, setup.slot);
        cr_assert_eq(setup.torn, 0, "store %u: another CPU saw half a gate", n);
        cr_assert_eq(result, setup.xen.fired ? CODE : 0, "store %u", n);
        if (result != 0)
            cr_assert_eq(memcmp(setup.host, gates, sizeof(gates)), 0, "store %u", n);
    }
    cr_assert_gt(n, COUNT_OF(gates) - 2, "all were tried");
    model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, 0, 0);
    cr_assert_eq(cgdt_alloc(setup.pool, &setup.slot), 0);
    close_setup(&setup);
}

/* Entries 1 to count of the gates. */
static void give_zeros(uint16_t count)
{
    static const cgdt_desc_t zeros[4];
    struct setup setup;
    uint32_t n = 0;

    open_setup(&setup, gates, COUNT_OF(gates));
    memcpy(setup.old, gates, sizeof(gates));
    const void *view = setup.xen.guest + ((unsigned char *)setup.host - setup.xen.host);
    do {
        struct cgdt_batch batch = {.slot = setup.host,
                                   .values = zeros,
                                   .first = 1,
                                   .count = count,
                                   .profile = CGDT_PROFILE_XEN_PV,
                                   .order = CGDT_BATCH_RISING};
        model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, ++n, CODE);
        const int result = cgdt_xen_pv_port.live_write(&setup.xen.port, 0, view, &batch);
        cr_assert_eq(setup.torn, 0, "store %u: another CPU saw half a gate", n);
        cr_assert_eq(result, setup.xen.fired ? CODE : 0, "store %u", n);
        for (size_t k = 0; k < COUNT_OF(gates); k++)
            cr_assert_eq(setup.host[k], result == 0 && k >= 1 && k < 1u + count ? 0 : gates[k],
                         "store %u: %d, entry %zu", n, result, k);
    } while (setup.xen.fired != 0);
    cr_assert_gt(n, count, "all were tried");
    close_setup(&setup);
}

Test(xen_write, zeros_given_over_gates_and_refused_anywhere_are_undone_and_never_seen_torn)
{
    give_zeros(2);
    give_zeros(4);
}

Test(xen_write, a_result_that_xen_did_not_write_is_no_success)
{
    struct setup setup;
    const cgdt_desc_t descs[2] = {DATA3, DATA3};

    open_setup(&setup, NULL, 0);
    setup.xen.deaf = true;
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 1, descs, 2), -CGDT_EPROTO);
    setup.xen.deaf = false;
    close_setup(&setup);
}

Test(xen_write, an_undo_that_is_refused_too_is_counted)
{
    struct setup setup;
    const cgdt_desc_t descs[4] = {DATA3, DATA3, DATA3, DATA3};

    open_setup(&setup, NULL, 0);
    model_xen_arm(&setup.xen, MODEL_DESCRIPTOR, 4, CODE);
    setup.xen.from_then_on = true;
    cr_assert_eq(cgdt_write(setup.pool, setup.slot, 1, descs, 4), CODE);
    cr_assert_eq(setup.xen.port.counts.undone, 1);
    cr_assert_eq(setup.xen.port.counts.undo_failed, 3);
    close_setup(&setup);
}
