/* SPDX-License-Identifier: MIT */
/* A page made read-only and named to Xen by one multicall: cgdt_xen_pv_ops.introduce_with. */
#include <cgdt/port/xen_pv_introduce.h>

#include "must.h"
#include "xen_setup.h"

static void open_at_once(struct xen_setup *setup)
{
    xen_setup_prepare(setup, 64);
    setup->xen.ops.introduce_with = model_xen_introduce_with;
    xen_setup_open(setup);
}

static uint64_t hypercalls(const struct xen_setup *setup)
{
    const struct cgdt_xen_pv_counts *counts = &setup->xen.port.counts;

    return counts->update_va_mapping + counts->update_descriptor + counts->multicall;
}

static uint32_t read_only_pages(const struct xen_setup *setup)
{
    uint32_t n = 0;

    for (uint32_t page = 0; page < MODEL_PAGES; page++)
        n += !setup->xen.writable[page];
    return n;
}

Test(xen_pv_introduce_with, a_cpu_that_comes_with_its_descriptors_takes_one_hypercall_each_time)
{
    const cgdt_desc_t own[2] = {XEN_SETUP_DATA3 | 16, XEN_SETUP_DATA3 | 17};
    struct xen_setup setup;

    open_at_once(&setup);
    for (uint32_t cpu = 0; cpu < 40; cpu++) {
        const uint64_t before = hypercalls(&setup);

        MUST(cgdt_cpu_online_with(setup.pool, cpu, 3, own, 2, NULL) == 0, "CPU %u", cpu);
        MUST(hypercalls(&setup) == before + 1, "CPU %u", cpu);
    }
    cr_assert_eq(read_only_pages(&setup), 3);
    for (uint32_t cpu = 0; cpu < 40; cpu++)
        MUST(cgdt_cpu_offline(setup.pool, cpu) == 0, "CPU %u", cpu);
    xen_setup_close(&setup);
}

Test(xen_pv_introduce_with, a_page_is_typed_and_read_only_afterwards)
{
    struct xen_setup setup;

    open_at_once(&setup);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    cr_assert(setup.xen.typed[0]);
    cr_assert_not(setup.xen.writable[0]);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

static void must_not_join(struct xen_setup *setup, int code)
{
    cgdt_slot_t slot = 1;

    MUST(cgdt_alloc(setup->pool, &slot) == code && slot == CGDT_NO_SLOT, "alloc");
    MUST(read_only_pages(setup) == 0, "a page is read-only");
    MUST(setup->xen.port.refusal.frame == MODEL_FRAME - 2, "which frame it was, the last tried");
}

Test(xen_pv_introduce_with, a_page_that_cannot_be_introduced_is_writable_again)
{
    struct xen_setup setup;

    open_at_once(&setup);
    setup.xen.introduce_code = XEN_EFAULT;
    must_not_join(&setup, XEN_EFAULT);
    setup.xen.introduce_code = 0;
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

/* The multicall goes on, and Xen refuses a page that is writable still. */
Test(xen_pv_introduce_with, a_page_that_cannot_be_made_read_only_is_gone_round)
{
    struct xen_setup setup;

    open_at_once(&setup);
    model_xen_arm(&setup.xen, MODEL_VA_MAPPING, 1, XEN_EFAULT);
    const cgdt_slot_t slot = xen_setup_alloc(&setup);
    cr_assert_eq(cgdt_slot_number(slot), 32, "the next window's");
    cr_assert(setup.xen.writable[0]);
    cr_assert_eq(read_only_pages(&setup), 1);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}

/* A Xen that takes three calls. */
struct asked {
    struct cgdt_xen_pv_call calls[3];
    cgdt_frame_t with[2];
    cgdt_frame_t own;
    int64_t results[3];
    int64_t code;
};

static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
    struct asked *asked = ctx;

    MUST(n == 3, "%u calls", n);
    for (uint32_t i = 0; i < 3; i++) {
        asked->calls[i] = calls[i];
        calls[i].result = asked->results[i];
    }
    memcpy(asked->with, (const void *)(uintptr_t)calls[1].args[0], sizeof(asked->with));
    memcpy(&asked->own, (const void *)(uintptr_t)calls[2].args[0], sizeof(asked->own));
    return asked->code;
}

static const struct cgdt_xen_pv_gdt own = {{1000}, 1, 512};
static const struct cgdt_xen_pv_call first = {14, -1, {4096, 97, 6, 0, 0, 0}};

Test(xen_pv_introduce_with, the_call_comes_first_then_the_list_with_the_frame_then_the_own_one)
{
    struct asked asked = {.code = 0};

    cr_assert_eq(cgdt_xen_pv_introduce_with(&own, &first, 77, multicall, &asked), 0);
    cr_assert_eq(memcmp(&asked.calls[0], &first, sizeof(first)), 0);
    cr_assert(asked.calls[1].op == 2 && asked.calls[1].args[1] == 1024);
    cr_assert(asked.with[0] == 1000 && asked.with[1] == 77);
    cr_assert(asked.calls[2].op == 2 && asked.calls[2].args[1] == 512);
    cr_assert_eq(asked.own, 1000);
}

Test(xen_pv_introduce_with, the_first_code_that_is_negative_comes_through)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct asked asked = {.results = {[2] = -7}};

        asked.results[i] = XEN_EINVAL;
        MUST(cgdt_xen_pv_introduce_with(&own, &first, 77, multicall, &asked) == XEN_EINVAL, "%u",
             i);
    }
    struct asked asked = {.code = XEN_EFAULT, .results = {-7}};
    cr_assert_eq(cgdt_xen_pv_introduce_with(&own, &first, 77, multicall, &asked), XEN_EFAULT);
}

Test(xen_pv_introduce_with, what_is_no_list_is_no_call)
{
    const struct cgdt_xen_pv_gdt wrong = {.n_frames = 1};
    struct asked asked = {.code = XEN_EFAULT};

    cr_assert_eq(cgdt_xen_pv_introduce_with(&wrong, &first, 77, multicall, &asked), -CGDT_EINVAL);
}
