/* SPDX-License-Identifier: MIT */
/*
 * The port for PV kernels on a model of Xen: what it asks for, what it undoes, what others see
 * meanwhile.
 */
#include "must.h"
#include "page_life.h"
#include "xen_setup.h"

Test(xen_pv, a_vcpu_can_load_the_frames_of_every_slot)
{
    struct xen_setup setup;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];

    xen_setup_prepare(&setup, 100);
    xen_setup_open(&setup);
    for (int i = 0; i < 100; i++) {
        const cgdt_slot_t slot = xen_setup_alloc(&setup);
        const uint32_t n = xen_setup_frames(&setup, slot, frames);

        MUST(xen_setup_host(&setup, slot)[1] == XEN_SETUP_CODE3, "slot %d", i);
        MUST(model_xen_set_gdt(&setup.xen, frames, n) == 0, "slot %d", i);
    }
    for (cgdt_slot_t slot = 1; slot <= 100; slot++) {
        model_xen_drop_gdt(&setup.xen, frames, xen_setup_frames(&setup, slot, frames));
        MUST(cgdt_free(setup.pool, slot) == 0, "slot %u", slot);
    }
    xen_setup_close(&setup);
}

/* docs/security.md: a pool for each trust domain keeps their CPUs apart. */
Test(xen_pv, cpus_of_two_pools_have_no_frame_in_common)
{
    struct xen_setup setup;
    struct cgdt_xen_pv second;
    struct cgdt_config config;
    struct cgdt_pool *pools[2];
    cgdt_frame_t seen[2][40 * CGDT_MAX_FRAMES];
    uint32_t count[2] = {0, 0};
    cgdt_slot_t slots[2][40];

    xen_setup_prepare(&setup, 40);
    setup.xen.port.page_count = MODEL_PAGES / 2;
    xen_setup_open(&setup);
    second = setup.xen.port;
    second.pages = setup.xen.guest + (size_t)MODEL_PAGES / 2 * CGDT_PAGE_BYTES;
    config = setup.config;
    config.port_ctx = &second;
    void *memory = aligned_alloc(CGDT_POOL_ALIGN, 4096);
    MUST(cgdt_pool_init(&pools[1], memory, 4096, &config) == 0, "init");
    MUST(cgdt_seal(pools[1]) == 0, "seal");
    pools[0] = setup.pool;
    for (int i = 0; i < 80; i++) { /* in turns */
        uint32_t n = 0, entries = 0;
        const int p = i % 2;

        MUST(cgdt_alloc(pools[p], &slots[p][i / 2]) == 0, "alloc %d", i);
        MUST(cgdt_frames(pools[p], slots[p][i / 2], &seen[p][count[p]], &n, &entries) == 0, "%d",
             i);
        count[p] += n;
    }
    for (uint32_t i = 0; i < count[0]; i++)
        for (uint32_t k = 0; k < count[1]; k++)
            MUST(seen[0][i] != seen[1][k], "frame %lx", (unsigned long)seen[0][i]);
    for (int i = 0; i < 80; i++)
        MUST(cgdt_free(pools[i % 2], slots[i % 2][i / 2]) == 0, "free %d", i);
    MUST(cgdt_pool_destroy(pools[1]) == 0, "destroy");
    free(memory);
    xen_setup_close(&setup);
}

Test(xen_pv, pages_that_were_not_scrubbed_are_zeroed)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 32);
    xen_setup_open(&setup);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    const cgdt_desc_t *slots = xen_setup_host(&setup, slot);
    for (uint32_t entry = setup.config.template_entries; entry < CGDT_PAGE_ENTRIES; entry++)
        MUST(slots[entry] == 0, "entry %u", entry);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

Test(xen_pv, a_page_that_a_vcpu_holds_does_not_leave)
{
    struct xen_setup setup;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];

    xen_setup_prepare(&setup, 32);
    xen_setup_open(&setup);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    const uint32_t n = xen_setup_frames(&setup, slot, frames);
    cr_assert_eq(model_xen_set_gdt(&setup.xen, frames, n), 0);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    cr_assert_eq(cgdt_trim(setup.pool), XEN_EBUSY);
    cr_assert_eq(cgdt_pool_destroy(setup.pool), XEN_EBUSY);
    cr_assert(!setup.xen.writable[0]);
    model_xen_drop_gdt(&setup.xen, frames, n);
    cr_assert_eq(cgdt_trim(setup.pool), 1);
    cr_assert(setup.xen.writable[0]);
    xen_setup_close(&setup);
}

Test(xen_pv, a_refused_seal_comes_through_and_leaves_a_private_page)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 40);
    cr_assert_eq(xen_setup_try_open(&setup), 0);
    for (int i = 0; i < 40; i++)
        (void)xen_setup_alloc(&setup);
    for (uint32_t n = 1; n <= 3; n++) {
        model_xen_arm(&setup.xen, MODEL_VA_MAPPING, n, -1234);
        cr_assert_eq(cgdt_seal(setup.pool), -1234);
        for (uint32_t page = 0; page < 3; page++)
            cr_assert(setup.xen.writable[page], "call %u, page %u", n, page);
    }
    model_xen_arm(&setup.xen, MODEL_VA_MAPPING, 0, 0);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    for (cgdt_slot_t slot = 1; slot <= 40; slot++)
        cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

Test(xen_pv, the_array_gives_page_i_for_i_and_its_last_for_the_common_page)
{
    struct xen_setup setup;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];

    xen_setup_prepare(&setup, 64);
    setup.xen.port.page_count = 4;
    setup.config.layout.common = true;
    xen_setup_open(&setup);
    for (uint32_t page = 0; page < 3; page++) {
        cgdt_slot_t slots[16];

        cr_assert_eq(cgdt_alloc_bulk(setup.pool, 16, slots), 0);
        const uint32_t n = xen_setup_frames(&setup, slots[0], frames);
        cr_assert_eq(frames[0], MODEL_FRAME - 3, "the common page");
        cr_assert_eq(frames[n - 1], MODEL_FRAME - page, "page %u", page);
    }
    for (cgdt_slot_t slot = 1; slot <= 48; slot++)
        cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

Test(xen_pv, the_array_ends_with_enomem)
{
    struct xen_setup setup;
    cgdt_slot_t slots[32];

    xen_setup_prepare(&setup, 64);
    setup.xen.port.page_count = 1;
    xen_setup_open(&setup);
    cr_assert_eq(cgdt_alloc_bulk(setup.pool, 17, slots), -CGDT_ENOMEM);
    cr_assert_eq(cgdt_alloc_bulk(setup.pool, 16, slots), 0);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(cgdt_free(setup.pool, slots[i]), 0);
    xen_setup_close(&setup);
}

/* Neither is it wiped before the seal, nor stored to after it, where it is read-only. */
Test(xen_pv, the_common_page_is_never_a_slot_page)
{
    for (int live = 0; live < 2; live++) {
        struct xen_setup setup;
        const cgdt_desc_t desc = 0x00cff3000000ffff;
        cgdt_slot_t slots[32];

        xen_setup_prepare(&setup, 64);
        setup.xen.port.page_count = 2;
        setup.config.layout.common = true;
        cr_assert_eq(xen_setup_try_open(&setup), 0);
        if (live)
            cr_assert_eq(cgdt_seal(setup.pool), 0);
        cr_assert_eq(cgdt_write_common(setup.pool, 9, &desc, 1), 0);
        cr_assert_eq(cgdt_alloc_bulk(setup.pool, 17, slots), -CGDT_ENOMEM);
        cr_assert_eq(cgdt_check(setup.pool, NULL), 0);
        cr_assert_eq(((cgdt_desc_t *)setup.xen.guest)[CGDT_PAGE_ENTRIES + 9], desc);
        cr_assert_eq(cgdt_alloc_bulk(setup.pool, 16, slots), 0);
        for (int i = 0; i < 16; i++)
            cr_assert_eq(cgdt_free(setup.pool, slots[i]), 0);
        xen_setup_close(&setup);
    }
}

Test(xen_pv, the_kernels_pages_are_got_and_put)
{
    struct xen_setup setup;
    struct model_xen model;

    xen_setup_prepare(&setup, 64);
    cr_assert(model_xen_open(&model)); /* for its operations */
    setup.xen.ops.page_get = model.ops.page_get;
    setup.xen.ops.page_put = model.ops.page_put;
    model_xen_close(&model);
    setup.config.layout.common = true;
    xen_setup_open(&setup);
    cr_assert(setup.xen.taken[MODEL_PAGES - 1]);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    cr_assert(setup.xen.taken[MODEL_PAGES - 2]);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    cr_assert_eq(cgdt_trim(setup.pool), 1);
    cr_assert(!setup.xen.taken[MODEL_PAGES - 2]);
    xen_setup_close(&setup);
}

static struct crooked {
    void *given;
    void *put;
} crooked;

static void *get_crooked(void *ctx, uint32_t page)
{
    struct model_xen *model = ctx;

    (void)page;
    crooked.given = model->guest + 8;
    return crooked.given;
}

static void put_crooked(void *ctx, uint32_t page, void *at)
{
    (void)ctx;
    (void)page;
    crooked.put = at;
}

Test(xen_pv, a_page_that_is_not_aligned_is_put_back_untouched)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 99;

    xen_setup_prepare(&setup, 64);
    setup.xen.ops.page_get = get_crooked;
    setup.xen.ops.page_put = put_crooked;
    xen_setup_open(&setup);
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(crooked.put, crooked.given);
    cr_assert_eq(setup.xen.guest[8], 0x5a, "it was zeroed");
    xen_setup_close(&setup);
}

static uint64_t last_pte;

static int64_t remember_pte(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
    struct model_xen model;

    last_pte = pte;
    cr_assert(model_xen_open(&model));
    model_xen_close(&model);
    return model.ops.update_va_mapping(ctx, va, pte, flags);
}

Test(xen_pv, the_kernels_page_table_bits_are_kept_and_rw_is_the_ports)
{
    struct xen_setup setup;
    const uint64_t no_execute = 1ull << 63;

    xen_setup_prepare(&setup, 32);
    setup.xen.ops.update_va_mapping = remember_pte;
    setup.xen.port.pte_flags = no_execute | 0x163; /* global, and RW, which the port takes out */
    xen_setup_open(&setup);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    cr_assert_eq(last_pte, no_execute | (uint64_t)MODEL_FRAME << 12 | 0x161);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    cr_assert_eq(cgdt_trim(setup.pool), 1);
    cr_assert_eq(last_pte, no_execute | (uint64_t)MODEL_FRAME << 12 | 0x163);
    setup.xen.port.pte_flags = 0;
    const cgdt_slot_t again = xen_setup_alloc(&setup);
    cr_assert_eq(last_pte, (uint64_t)MODEL_FRAME << 12 | 0x61);
    cr_assert_eq(cgdt_free(setup.pool, again), 0);
    xen_setup_close(&setup);
}

static int refuse_cpu(void *ctx, uint32_t cpu)
{
    (void)ctx;
    return cpu == 7 ? XEN_EBUSY : 0;
}

Test(xen_pv, an_operation_that_succeeds_says_0)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 32);
    page_life_of_successes(setup.config.port, setup.config.port_ctx, CGDT_PROFILE_XEN_PV);
    xen_setup_dispose(&setup);
}

Test(xen_pv, quiesce_is_the_kernels_and_may_be_missing)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 32);
    xen_setup_open(&setup);
    cr_assert_eq(cgdt_cpu_online(setup.pool, 7, NULL), 0);
    setup.xen.ops.quiesce = refuse_cpu;
    cr_assert_eq(cgdt_cpu_offline(setup.pool, 7), XEN_EBUSY);
    setup.xen.ops.quiesce = NULL;
    cr_assert_eq(cgdt_cpu_offline(setup.pool, 7), 0);
    xen_setup_close(&setup);
}

Test(xen_pv, a_serialized_pool_needs_no_lock)
{
    struct xen_setup setup;
    cgdt_desc_t many[100]; /* 64 at once need no lock anyway */

    xen_setup_prepare(&setup, 32);
    setup.config.layout.slot_entries = 128;
    setup.xen.ops.lock = NULL;
    setup.xen.ops.unlock = NULL;
    setup.config.serialized = true;
    xen_setup_open(&setup);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = XEN_SETUP_DATA3 | (uint64_t)i << 16;
    cr_assert_eq(cgdt_write(setup.pool, slot, 4, many, COUNT_OF(many)), 0);
    cr_assert_eq(cgdt_check(setup.pool, NULL), 0);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

/*
 * The array may be another pool's when the first is gone, and then its last page is a slot page
 * again.
 */
Test(xen_pv, the_last_page_is_a_slot_page_again_when_the_common_page_has_left)
{
    struct xen_setup setup;
    cgdt_slot_t slots[32];

    xen_setup_prepare(&setup, 32);
    setup.xen.port.page_count = 2;
    setup.config.layout.common = true;
    xen_setup_open(&setup);
    cr_assert_eq(cgdt_pool_destroy(setup.pool), 0);
    free(setup.memory);
    setup.config.layout.common = false;
    xen_setup_open(&setup);
    cr_assert_eq(cgdt_alloc_bulk(setup.pool, 32, slots), 0);
    cr_assert_eq(cgdt_free_bulk(setup.pool, 32, slots), 0);
    xen_setup_close(&setup);
}
