/* SPDX-License-Identifier: MIT */
/* The hosted port at the limits of a process (no mapping left, no memory), and what it refuses. */
#include <errno.h>
#include <stdio.h>

#include "faulty_system.h"
#include "hosted_pages.h"
#include "must.h"

static int all_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int n = 0;

    cr_assert_not_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL)
        n++;
    (void)fclose(maps);
    return n;
}

/* What a window shows of a page, in the layout above. */
static cgdt_desc_t shown(uint32_t page)
{
    return cgdt_hosted_window(hosted, page / 2)[(page % 2 + 1) * 512];
}

static int seal(uint32_t page)
{
    return cgdt_hosted_port.seal(hosted, page, hosted_view_of(page));
}

static int unseal_when_full(uint32_t page)
{
    faulty_system.full = true;
    const int result = cgdt_hosted_port.unseal(hosted, page, hosted_view_of(page));
    faulty_system.full = false;
    return result;
}

Test(hosted_limits, a_page_can_be_taken_back_when_the_process_has_no_mapping_left)
{
    hosted_pages_open();
    cr_assert_eq(seal(0), 0);
    cr_assert_eq(shown(0), HOSTED_DATA3);
    cr_assert_eq(unseal_when_full(0), 0);
    cr_assert_eq(shown(0), 0);
    hosted_pages_close();
}

Test(hosted_limits, a_place_that_was_lost_when_no_mapping_is_left_shows_zeros_again)
{
    hosted_pages_open();
    faulty_system.drops = true;
    faulty_system.full = true;
    cr_assert_eq(seal(0), -ENOMEM);
    faulty_system.drops = false;
    cr_assert_eq(shown(0), 0);
    cr_assert_eq(seal(0), 0);
    cr_assert_eq(unseal_when_full(0), -ENOMEM, "the reserve is used up");
    cr_assert_eq(shown(0), HOSTED_DATA3);
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, hosted_view_of(0)), 0);
    hosted_pages_close();
}

Test(hosted_limits, the_reserve_of_mappings_is_made_anew_before_another_page_is_given)
{
    void *view = NULL;

    hosted_pages_open();
    for (uint32_t page = 0; page < 2; page++)
        cr_assert_eq(seal(page), 0);
    cr_assert_eq(unseal_when_full(0), 0);
    faulty_system.full = true;
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), -ENOMEM);
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 5);
    faulty_system.full = false;
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), 0);
    cr_assert_eq(unseal_when_full(1), 0);
    cgdt_hosted_port.unmap(hosted, 3, view);
    hosted_pages_close();
}

Test(hosted_limits, the_reserve_is_many_mappings)
{
    const int before = all_mappings();

    cr_assert_eq(cgdt_hosted_create(&hosted, &hosted_config), 0);
    const int made = all_mappings();
    cr_assert_geq(made - before, 16, "%d", made - before);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_limits, without_jemallocs_retain_there_is_no_growth_to_limit)
{
    faulty_system.no_retain = true;
    hosted_pages_open();
    hosted_pages_close();
}

Test(hosted_limits, no_memory_for_a_page_is_enomem)
{
    void *view = &view;

    hosted_pages_open();
    faulty_system_arm(1, false);
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), -ENOMEM);
    faulty_system_arm(0, false);
    cr_assert_eq(view, (void *)&view);
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 5);
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), 0);
    cgdt_hosted_port.unmap(hosted, 3, view);
    hosted_pages_close();
}

Test(hosted_limits, what_no_core_should_ask_is_refused)
{
    cgdt_frame_t frame = 99;
    void *view = NULL;

    hosted_pages_open();
    cr_assert_eq(cgdt_hosted_port.map(hosted, 8, &view), -EINVAL, "beyond the ceiling");
    cr_assert_eq(cgdt_hosted_port.map(hosted, 0, &view), -EEXIST);
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 5, &view), -EINVAL, "not mapped");
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, hosted_view_of(0)), -EINVAL, "not sealed");
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 0, hosted_view_of(0)), 0);
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 0, hosted_view_of(0)), -EINVAL, "sealed already");
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, hosted_view_of(0)), 0);
    cr_assert_eq(cgdt_hosted_port.frame(hosted, 5, NULL, &frame), -ENOENT);
    cr_assert_eq(frame, 99);
    cr_assert_null(cgdt_hosted_frame_page(hosted, (cgdt_frame_t)1 << 40));
    cr_assert_eq(cgdt_hosted_port.quiesce(hosted, 3), 0, "every CPU has let go");
    hosted_pages_close();
}

Test(hosted_limits, a_layout_without_a_common_page_has_none_to_map)
{
    struct cgdt_hosted_config without = hosted_config;
    void *view = NULL;

    without.layout.common = false;
    cr_assert_eq(cgdt_hosted_create(&hosted, &without), 0);
    cr_assert_eq(cgdt_hosted_port.map(hosted, CGDT_COMMON_PAGE, &view), -EINVAL);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_limits, the_file_gives_no_more_than_it_has)
{
    bool zero = false, commit = false;

    cr_assert_eq(cgdt_hosted_create(&hosted, &hosted_config), 0);
    extent_hooks_t *hooks = faulty_system.hooks;
    cr_assert_null(hooks->alloc(hooks, hosted, 4096, 4096, &zero, &commit, 0), "not at a wish");
    cr_assert_null(hooks->alloc(hooks, NULL, (size_t)1 << 40, 4096, &zero, &commit, 0),
                   "too large");
    cr_assert_null(hooks->alloc(hooks, NULL, 4096, (size_t)1 << 46, &zero, &commit, 0),
                   "aligned beyond the end");
    cr_assert_not_null(hooks->alloc(hooks, NULL, 4096, 4096, &zero, &commit, 0));
    cr_assert(zero && commit);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_limits, create_refuses_a_pool_of_nothing_of_too_many_or_of_no_layout)
{
    struct cgdt_hosted_config wrong = hosted_config;

    wrong.max_cpus = 0;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    wrong.max_cpus = CGDT_MAX_SLOTS + 1;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    wrong.max_cpus = 16;
    wrong.layout.window_pages = 0;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    cr_assert_eq(faulty_system.blocks, 0);
}
