/* SPDX-License-Identifier: MIT */
/* The hosted port when the system says no, at any point: all or nothing, and nothing is left. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "faulty_system.h"
#include "hosted_pages.h"
#include "must.h"

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    cr_assert_not_null(folder);
    while (readdir(folder) != NULL)
        n++;
    (void)closedir(folder);
    return n;
}

/* Mappings of the port's file, of any size. */
static int file_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int n = 0;

    cr_assert_not_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL)
        n += strstr(line, "cgdt-pages") != NULL ? 1 : 0;
    (void)fclose(maps);
    return n;
}

Test(hosted_faults, create_fails_at_any_point_and_leaves_nothing)
{
    uint32_t n = 0;
    int result = -1;

    while (result != 0) {
        const int files = open_files();

        hosted = (struct cgdt_hosted *)&n; /* to be overwritten */
        faulty_system_arm(++n, false);
        result = cgdt_hosted_create(&hosted, &hosted_config);
        const bool fired = faulty_system.fired;
        faulty_system_arm(0, false);
        cr_assert_eq(result, fired ? -ENOMEM : 0, "call %u: %d", n, result);
        if (result == 0)
            break;
        cr_assert_null(hosted, "call %u", n);
        cr_assert_eq(open_files(), files, "call %u", n);
        cr_assert_eq(file_mappings(), 0, "call %u", n);
        cr_assert(faulty_system_has_all(), "call %u: %d %d %d", n, faulty_system.mappings,
                  faulty_system.arenas, faulty_system.blocks);
    }
    cr_assert_gt(n, 10, "only %u calls could fail", n - 1);
    cr_assert_gt(file_mappings(), 0, "this way of counting sees nothing");
    cgdt_hosted_destroy(hosted);
    cr_assert_eq(file_mappings(), 0);
    cr_assert(faulty_system_has_all());
}

Test(hosted_faults, destroying_nothing_does_nothing)
{
    cgdt_hosted_destroy(NULL);
    cr_assert(faulty_system_has_all());
}

struct step {
    bool seal;
    uint32_t page;
};

#define AREA_BYTES ((size_t)4 * 3 * 4096)

/*
 * One step, in which each mapping fails once before it is let through: the error comes back, and
 * what the windows show and the page's own view are as they were.
 */
static void do_step(const struct step *step, bool drops)
{
    static unsigned char before[AREA_BYTES];
    int (*const op)(void *, uint32_t, void **) =
        step->seal ? cgdt_hosted_port.seal : cgdt_hosted_port.unseal;
    void **view = hosted_view_of(step->page);

    for (uint32_t n = 1;; n++) {
        void *const was = *view;

        memcpy(before, cgdt_hosted_window(hosted, 0), sizeof(before));
        faulty_system_arm(n, drops);
        faulty_system.error = EAGAIN; /* which the port's reserve does not help */
        const int result = op(hosted, step->page, view);
        const bool fired = faulty_system.fired;
        faulty_system_arm(0, false);
        MUST(result == (fired ? -EAGAIN : 0), "page %x, mapping %u: %d", step->page, n, result);
        if (!fired)
            break;
        MUST(memcmp(before, cgdt_hosted_window(hosted, 0), sizeof(before)) == 0,
             "page %x, mapping %u: the windows changed", step->page, n);
        MUST(*view == was, "page %x, mapping %u: the view changed", step->page, n);
    }
    MUST(step->seal ==
             ((const char *)*view >= (const char *)cgdt_hosted_window(hosted, 0) &&
              (const char *)*view < (const char *)cgdt_hosted_window(hosted, 0) + AREA_BYTES),
         "page %x is seen at the wrong place", step->page);
}

static void do_steps(const struct step *steps, size_t n)
{
    for (int drops = 0; drops < 2; drops++) {
        hosted_pages_open();
        for (size_t i = 0; i < n; i++)
            do_step(&steps[i], drops != 0);
        hosted_pages_close();
    }
}

Test(hosted_faults, pages_first_and_the_common_page_last_each_step_is_all_or_nothing)
{
    static const struct step steps[] = {
        {true, 0},  {true, 1},  {true, 2},  {true, 6},  {true, CGDT_COMMON_PAGE},
        {false, 0}, {false, 1}, {false, 2}, {false, 6}, {false, CGDT_COMMON_PAGE}};

    do_steps(steps, COUNT_OF(steps));
}

Test(hosted_faults, the_common_page_first_and_away_first_each_step_is_all_or_nothing)
{
    static const struct step steps[] = {
        {true, CGDT_COMMON_PAGE},  {true, 6},  {true, 2},  {true, 1},  {true, 0},
        {false, CGDT_COMMON_PAGE}, {false, 6}, {false, 2}, {false, 1}, {false, 0}};

    do_steps(steps, COUNT_OF(steps));
}

static cgdt_desc_t *pool_page(uint32_t window, uint32_t position)
{
    const cgdt_desc_t *at = cgdt_hosted_window(hosted, window) + (position + 1u) * 512u;
    static cgdt_desc_t copy[512];

    return memcpy(copy, at, sizeof(copy));
}

/* The whole path: a pool whose growth, seal and trim meet mappings that fail. */
Test(hosted_faults, a_pool_goes_on_when_the_system_cannot_map)
{
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[16384];
    static const cgdt_desc_t template_descs[] = {HOSTED_DATA3};
    const struct cgdt_config pool_config = {.struct_bytes = sizeof(struct cgdt_config),
                                            .profile = CGDT_PROFILE_XEN_PV64,
                                            .port = &cgdt_hosted_port,
                                            .layout = hosted_config.layout,
                                            .max_cpus = hosted_config.max_cpus,
                                            .template_descs = template_descs,
                                            .template_entries = 1};
    struct cgdt_config mine = pool_config;
    struct cgdt_pool *pool = NULL;
    cgdt_slot_t slots[128];
    uint32_t met = 0;

    cr_assert_eq(cgdt_hosted_create(&hosted, &hosted_config), 0);
    mine.port_ctx = hosted;
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &mine), 0);
    cr_assert_eq(cgdt_seal(pool), 0);
    for (uint32_t n = 1;; n++) {
        faulty_system_arm(n, true);
        const int result = cgdt_alloc_bulk(pool, 128, slots);
        const bool fired = faulty_system.fired;
        faulty_system_arm(0, false);
        cr_assert_eq(result, fired ? -ENOMEM : 0, "call %u: %d", n, result);
        if (!fired)
            break;
        met++;
        cr_assert_eq(cgdt_hosted_pages_out(hosted), 1, "call %u: the common page alone", n);
    }
    cr_assert_gt(met, 16, "8 pages and 8 places");
    cr_assert_eq(pool_page(3, 1)[0], HOSTED_DATA3);
    for (int i = 0; i < 128; i++)
        cr_assert_eq(cgdt_free(pool, slots[i]), 0);
    faulty_system_arm(3, true);
    faulty_system.error = EAGAIN;
    cr_assert_eq(cgdt_trim(pool), 7, "one page could not go");
    faulty_system_arm(0, false);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
    cgdt_hosted_destroy(hosted);
    cr_assert(faulty_system_has_all());
}
