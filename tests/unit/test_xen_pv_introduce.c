/* SPDX-License-Identifier: MIT */
/*
 * A page that comes to a live pool of a PV kernel is named to Xen before any CPU of it is written
 * for.
 */
#include <cgdt/port/xen_pv_introduce.h>

#include "must.h"
#include "xen_setup.h"

/* Another CPU, which starts at the very moment at which a neighbour's slot is written. */
struct starter {
    struct xen_setup *setup;
    cgdt_slot_t slot;
    int refused;
    int started;
};

static void start(void *who)
{
    struct starter *starter = who;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    const uint32_t n = xen_setup_frames(starter->setup, starter->slot, frames);

    if (model_xen_set_gdt(&starter->setup->xen, frames, n) != 0) {
        starter->refused++;
        return;
    }
    starter->started++;
    model_xen_drop_gdt(&starter->setup->xen, frames, n);
}

/* How a CPU of a new page fares while its neighbour's slot is written. */
static struct starter write_beside(struct xen_setup *setup)
{
    struct starter starter = {setup, xen_setup_alloc(setup), 0, 0};
    const cgdt_slot_t neighbour = xen_setup_alloc(setup);
    const cgdt_desc_t own = XEN_SETUP_DATA3 | 16;

    setup->xen.look = start;
    setup->xen.who = &starter;
    MUST(cgdt_write(setup->pool, neighbour, 4, &own, 1) == 0, "write");
    setup->xen.look = NULL;
    MUST(cgdt_free(setup->pool, neighbour) == 0 && cgdt_free(setup->pool, starter.slot) == 0,
         "free");
    return starter;
}

Test(xen_pv_introduce, a_cpu_of_a_new_page_starts_while_its_neighbours_slot_is_written)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 64);
    xen_setup_open(&setup);
    const struct starter starter = write_beside(&setup);
    cr_assert_eq(starter.refused, 0);
    cr_assert_eq(starter.started, 1);
    xen_setup_close(&setup);
}

Test(xen_pv_introduce, that_takes_introduce)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 64);
    setup.xen.ops.introduce = NULL;
    xen_setup_open(&setup);
    const struct starter starter = write_beside(&setup);
    cr_assert_eq(starter.refused, 1);
    cr_assert_eq(starter.started, 0);
    xen_setup_close(&setup);
}

Test(xen_pv_introduce, a_page_that_cannot_be_introduced_does_not_join_the_pool)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    xen_setup_prepare(&setup, 64);
    xen_setup_open(&setup);
    setup.xen.introduce_code = XEN_EFAULT;
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    for (uint32_t page = 0; page < MODEL_PAGES; page++)
        MUST(setup.xen.writable[page], "page %u", page);
    setup.xen.introduce_code = 0;
    slot = xen_setup_alloc(&setup);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

/* A Xen that makes pages read-only, but not writable again. */
static struct {
    int64_t (*update_va_mapping)(void *ctx, uint64_t va, uint64_t pte, uint64_t flags);
    bool keeps;
} stubborn;

static int64_t keep_read_only(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
    const bool writable = (pte & 2) != 0;

    return stubborn.keeps && writable ? XEN_EINVAL
                                      : stubborn.update_va_mapping(ctx, va, pte, flags);
}

static void open_stubborn(struct xen_setup *setup, uint32_t max_cpus)
{
    xen_setup_prepare(setup, max_cpus);
    stubborn.update_va_mapping = setup->xen.ops.update_va_mapping;
    setup->xen.ops.update_va_mapping = keep_read_only;
    xen_setup_open(setup);
    stubborn.keeps = true;
    setup->xen.introduce_code = XEN_EFAULT;
}

static uint32_t read_only_pages(const struct xen_setup *setup)
{
    uint32_t n = 0;

    for (uint32_t page = 0; page < MODEL_PAGES; page++)
        n += !setup->xen.writable[page];
    return n;
}

/* page_put() of a page that is not writable is a breach, which xen_setup_close() shows. */
static void all_come_back(struct xen_setup *setup)
{
    stubborn.keeps = false;
    setup->xen.introduce_code = 0;
    const cgdt_slot_t slot = xen_setup_alloc(setup);
    MUST(read_only_pages(setup) == 1, "the page of the slot alone");
    MUST(cgdt_free(setup->pool, slot) == 0, "free");
    xen_setup_close(setup);
}

Test(xen_pv_introduce, a_page_that_stays_read_only_is_given_to_nobody_until_xen_lets_go)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    open_stubborn(&setup, 16);
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT);
    cr_assert_eq(read_only_pages(&setup), 1);
    cr_assert_eq(setup.xen.breaches, 0, "%s", setup.xen.first_breach);
    all_come_back(&setup);
}

Test(xen_pv_introduce, with_too_many_such_pages_there_is_none_to_be_had)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    open_stubborn(&setup, 16 * 2 * (CGDT_XEN_PV_STUCK + 2));
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT, "one page of each window is tried");
    cr_assert_eq(read_only_pages(&setup), CGDT_XEN_PV_STUCK);
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(read_only_pages(&setup), CGDT_XEN_PV_STUCK);
    all_come_back(&setup);
}

Test(xen_pv_introduce, with_too_many_such_pages_none_is_made_read_only)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    open_stubborn(&setup, 16 * 2 * (CGDT_XEN_PV_STUCK + 2));
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT);
    void *view = setup.xen.guest + (MODEL_PAGES - 1) * CGDT_PAGE_BYTES;
    const uint64_t asked = setup.xen.port.counts.update_va_mapping;
    cr_assert_eq(cgdt_xen_pv_port.seal(&setup.xen.port, MODEL_PAGES - 1, &view), -CGDT_ENOMEM);
    cr_assert_eq(setup.xen.port.counts.update_va_mapping, asked);
    all_come_back(&setup);
}

Test(xen_pv_introduce, of_an_array_another_page_is_taken_meanwhile)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    xen_setup_prepare(&setup, 64);
    setup.xen.ops.page_get = NULL;
    setup.xen.ops.page_put = NULL;
    setup.xen.port.pages = setup.xen.guest;
    setup.xen.port.page_count = 4;
    stubborn.update_va_mapping = setup.xen.ops.update_va_mapping;
    setup.xen.ops.update_va_mapping = keep_read_only;
    setup.config.max_cpus = 16;
    xen_setup_open(&setup);
    stubborn.keeps = true;
    setup.xen.introduce_code = XEN_EFAULT;
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT);
    setup.xen.introduce_code = 0;
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), -CGDT_EBUSY, "the only page is out of reach");
    stubborn.keeps = false;
    slot = xen_setup_alloc(&setup);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

/* A vCPU with n frames, 1000 up, the last of them not used to its end. */
static struct cgdt_xen_pv_gdt own_of(uint32_t n)
{
    struct cgdt_xen_pv_gdt own = {.n_frames = n, .entries = n == 0 ? 0 : n * 512 - 500};

    for (uint32_t i = 0; i < n; i++)
        own.frames[i] = 1000 + i;
    return own;
}

Test(xen_pv_gdt_with, a_frame_comes_behind_the_others_and_at_14_in_the_place_of_the_second)
{
    for (uint32_t n = 0; n <= 14; n++) {
        const struct cgdt_xen_pv_gdt own = own_of(n);
        const uint32_t at = n < 14 ? n : 1;
        struct cgdt_xen_pv_gdt with;

        cr_assert_eq(cgdt_xen_pv_gdt_with(&own, 77, &with), 0);
        MUST(with.n_frames == (n < 14 ? n + 1 : 14), "%u: %u", n, with.n_frames);
        MUST(with.entries == with.n_frames * 512, "%u: %u", n, with.entries);
        for (uint32_t i = 0; i < with.n_frames; i++)
            MUST(with.frames[i] == (i == at ? 77 : 1000 + i), "%u frames: number %u", n, i);
    }
}

Test(xen_pv_gdt_with, what_is_no_list_is_refused_and_nothing_is_written)
{
    const uint32_t wrong[][2] = {{0, 1}, {1, 0}, {1, 513}, {2, 512}, {15, 7680}, {14, 7169}};
    struct cgdt_xen_pv_gdt with, before;

    memset(&before, 0x5a, sizeof(before));
    with = before;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct cgdt_xen_pv_gdt own = {.n_frames = wrong[i][0], .entries = wrong[i][1]};

        MUST(cgdt_xen_pv_gdt_with(&own, 77, &with) == -CGDT_EINVAL, "%zu", i);
        MUST(memcmp(&with, &before, sizeof(with)) == 0, "%zu", i);
    }
}

/* A vCPU as Xen has it. */
struct vcpu {
    struct cgdt_xen_pv_gdt has;
    uint32_t calls;
    bool saw;        /* frame 77 was in its list */
    bool moved;      /* another frame was its first for a while */
    uint32_t refuse; /* which call */
};

static int64_t set_gdt(void *ctx, const cgdt_frame_t *frames, uint32_t entries)
{
    struct vcpu *vcpu = ctx;

    if (++vcpu->calls == vcpu->refuse)
        return XEN_EINVAL;
    vcpu->moved = vcpu->moved || frames[0] != vcpu->has.frames[0];
    vcpu->has = (struct cgdt_xen_pv_gdt){.entries = entries, .n_frames = (entries + 511) / 512};
    for (uint32_t i = 0; i < vcpu->has.n_frames; i++) {
        vcpu->has.frames[i] = frames[i];
        vcpu->saw = vcpu->saw || frames[i] == 77;
    }
    return 0;
}

Test(xen_pv_introduce, a_vcpu_names_the_frame_and_has_its_own_list_again)
{
    for (uint32_t n = 0; n <= 14; n++) {
        const struct cgdt_xen_pv_gdt own = own_of(n);
        struct vcpu vcpu = {.has = own};

        cr_assert_eq(cgdt_xen_pv_introduce(&own, 77, set_gdt, &vcpu), 0);
        cr_assert(vcpu.saw);
        cr_assert_eq(vcpu.calls, 2);
        cr_assert_eq(memcmp(&vcpu.has, &own, sizeof(own)), 0, "%u frames", n);
    }
}

/* A thread's page in place of the common page, in lists of 2 to 14. */
Test(xen_pv_introduce, a_vcpu_behind_a_page_of_its_own_has_it_all_the_time)
{
    struct xen_setup setup;
    cgdt_slot_t slots[13];

    xen_setup_prepare(&setup, 13);
    setup.config.layout.slot_entries = 512;
    setup.config.layout.window_pages = 13;
    setup.config.layout.common = true;
    setup.config.template_entries = 0;
    xen_setup_open(&setup);
    MUST(cgdt_alloc_bulk(setup.pool, COUNT_OF(slots), slots) == 0, "alloc");
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        struct cgdt_xen_pv_gdt own = {.n_frames = 0};

        MUST(cgdt_frames_behind(setup.pool, slots[i], 5, own.frames, &own.n_frames, &own.entries) ==
                 0,
             "frames of page %zu", i);
        struct vcpu vcpu = {.has = own};
        MUST(cgdt_xen_pv_introduce(&own, 77, set_gdt, &vcpu) == 0 && vcpu.saw, "page %zu", i);
        MUST(!vcpu.moved && vcpu.has.frames[0] == 5, "page %zu", i);
        MUST(memcmp(&vcpu.has, &own, sizeof(own)) == 0, "page %zu", i);
    }
    MUST(cgdt_free_bulk(setup.pool, COUNT_OF(slots), slots) == 0, "free");
    xen_setup_close(&setup);
}

Test(xen_pv_introduce, a_frame_that_xen_refuses_costs_one_call_and_leaves_the_vcpu_its_list)
{
    const struct cgdt_xen_pv_gdt own = own_of(3);
    struct vcpu vcpu = {.has = own, .refuse = 1};

    cr_assert_eq(cgdt_xen_pv_introduce(&own, 77, set_gdt, &vcpu), XEN_EINVAL);
    cr_assert_eq(vcpu.calls, 1);
    cr_assert_eq(memcmp(&vcpu.has, &own, sizeof(own)), 0);
}

Test(xen_pv_introduce, a_code_of_the_second_call_comes_through)
{
    const struct cgdt_xen_pv_gdt own = own_of(3);
    struct vcpu vcpu = {.has = own, .refuse = 2};

    cr_assert_eq(cgdt_xen_pv_introduce(&own, 77, set_gdt, &vcpu), XEN_EINVAL);
}

Test(xen_pv_introduce, what_is_no_list_is_no_call)
{
    const struct cgdt_xen_pv_gdt own = {.n_frames = 1};
    struct vcpu vcpu = {.calls = 0};

    cr_assert_eq(cgdt_xen_pv_introduce(&own, 77, set_gdt, &vcpu), -CGDT_EINVAL);
    cr_assert_eq(vcpu.calls, 0);
}
