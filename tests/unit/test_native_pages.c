/* SPDX-License-Identifier: MIT */
/* The port for bare metal: where its pages come from, and where they go. */
#include <errno.h>
#include <string.h>

#include "must.h"
#include "native_setup.h"

Test(native_pages, the_array_ends_with_enomem)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool;
    cgdt_slot_t slot;

    native.page_count = 1;
    pool = native_open(&native, true);
    for (int i = 0; i < 16; i++)
        (void)native_alloc(pool);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
}

Test(native_pages, there_is_no_common_page)
{
    struct cgdt_native native = native_two_maps();
    void *view = NULL;

    cr_assert_eq(cgdt_native_port.map(&native, CGDT_COMMON_PAGE, &view), -CGDT_ENOTSUP);
}

Test(native_pages, a_page_that_is_not_zero_is_zeroed)
{
    struct cgdt_native native = native_two_maps();

    memset(native.pages, 0xa5, NATIVE_BYTES);
    struct cgdt_pool *pool = native_open(&native, true);
    (void)native_alloc(pool);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
    for (int entry = 2; entry < 512; entry++)
        MUST(((const cgdt_desc_t *)native.alias)[entry] == 0, "entry %d", entry);
}

/* A kernel that gives pages out one by one; ctx. */
struct kernel {
    void *next;     /* the page that it gives */
    void *returned; /* the last that it got back */
};

static void *page_get(void *ctx, uint32_t page)
{
    struct kernel *kernel = ctx;

    (void)page;
    return kernel->next;
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    struct kernel *kernel = ctx;

    (void)page;
    kernel->returned = at;
}

static const struct cgdt_native_ops page_ops = {.page_get = page_get, .page_put = page_put};
static const struct cgdt_native_ops no_ops;

Test(native_pages, a_page_comes_from_the_kernel_and_goes_back_where_it_was_writable)
{
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.next = (char *)native.pages + 8192};

    native.ops = &page_ops;
    native.ctx = &kernel;
    struct cgdt_pool *pool = native_open(&native, true);
    const cgdt_slot_t slot = native_alloc(pool);
    cr_assert_eq(native_gdtr_of(pool, slot).base, native.alias + 8192);
    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(kernel.returned, kernel.next);
}

Test(native_pages, a_kernel_without_a_page_is_enomem)
{
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.next = NULL};
    void *view = NULL;

    native.ops = &page_ops;
    native.ctx = &kernel;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), -CGDT_ENOMEM);
}

/* Nothing may be written to it: it is not the port's to write to. */
Test(native_pages, a_page_outside_the_map_or_not_aligned_goes_back_at_once)
{
    static _Alignas(4096) cgdt_desc_t outside[512] = {NATIVE_DATA0};
    struct cgdt_native native = native_two_maps();
    void *const bad[] = {outside, (char *)native.pages + 8, (char *)native.pages + NATIVE_BYTES};

    native.ops = &page_ops;
    ((cgdt_desc_t *)native.pages)[1] = NATIVE_DATA0;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct kernel kernel = {.next = bad[i]};
        void *view = NULL;

        native.ctx = &kernel;
        cr_assert_eq(cgdt_native_port.map(&native, 0, &view), -CGDT_EPROTO, "%zu", i);
        cr_assert_eq(kernel.returned, bad[i], "%zu", i);
    }
    cr_assert_eq(outside[0], NATIVE_DATA0);
    cr_assert_eq(((cgdt_desc_t *)native.pages)[1], NATIVE_DATA0);
}

Test(native_pages, a_page_that_is_in_the_map_in_part_goes_back_too)
{
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.next = (char *)native.pages + NATIVE_BYTES - 4096};
    void *view = NULL;

    native.ops = &page_ops;
    native.ctx = &kernel;
    native.bytes = NATIVE_BYTES - 1;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), -CGDT_EPROTO);
    cr_assert_eq(kernel.returned, kernel.next);
    native.bytes = NATIVE_BYTES;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), 0);
}

Test(native_pages, operations_that_are_not_given_have_a_default)
{
    struct cgdt_native native = native_two_maps();

    native.ops = &no_ops;
    native.poison = true;
    struct cgdt_pool *pool = native_open(&native, true);
    cr_assert_eq(cgdt_cpu_online(pool, 3, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(pool, 3), 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

Test(native_pages, operations_need_not_be_given_at_all)
{
    struct cgdt_native native = native_two_maps();

    native.poison = true;
    struct cgdt_pool *pool = native_open(&native, true);
    cr_assert_eq(cgdt_cpu_online(pool, 3, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(pool, 3), 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}
