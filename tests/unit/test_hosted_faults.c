/* SPDX-License-Identifier: MIT */
/*
 * The hosted port when the system says no: the linker puts the functions below between the port and the
 * system (--wrap), each n-th call of any of them fails, and what is mapped, open and allocated is counted.
 */
#define _GNU_SOURCE
#include <cgdt/cgdt.h>
#include <cgdt/port/hosted.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jemalloc/jemalloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "must.h"

#define DATA3 0x00cff3000000ffffull

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t bytes);
int __real_memfd_create(const char *name, unsigned flags);
int __real_ftruncate(int file, off_t bytes);
int __real_open(const char *path, int flags, ...);
int __real_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes);
void *__real_mallocx(size_t bytes, int flags);
void *__real_calloc(size_t n, size_t bytes);
void __real_free(void *at);

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_ftruncate(int file, off_t bytes);
int __wrap_open(const char *path, int flags, ...);
int __wrap_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes);
void *__wrap_mallocx(size_t bytes, int flags);
void *__wrap_calloc(size_t n, size_t bytes);
void __wrap_free(void *at);

static struct system {
    uint32_t fail_at; /* the n-th call from now on, 1 up; 0: none */
    uint32_t seen;
    bool fired;
    int error;      /* its errno */
    bool full;      /* no mapping left: mmap() fails until something is unmapped */
    bool no_retain; /* jemalloc's option is off */
    bool
        drops; /* as old kernels: a mmap() at a fixed address that fails has unmapped what was there */

    int mappings; /* made and not unmapped */
    int arenas;
    int blocks;
    extent_hooks_t *hooks; /* of the arena made last */
} sys;

static void arm(uint32_t n, bool drops)
{
    sys.fail_at = n;
    sys.seen = 0;
    sys.fired = false;
    sys.error = ENOMEM;
    sys.drops = drops;
}

static bool fails(void)
{
    if (++sys.seen != sys.fail_at)
        return false;
    sys.fired = true;
    errno = sys.error;
    return true;
}

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    const bool full = sys.full;

    if (full)
        errno = ENOMEM;
    if (full || fails()) {
        if (sys.drops && (flags & MAP_FIXED) != 0)
            (void)__real_munmap(at, bytes);
        return MAP_FAILED;
    }
    sys.mappings += (flags & MAP_FIXED) == 0 ? 1 : 0;
    return __real_mmap(at, bytes, protection, flags, file, offset);
}

int __wrap_munmap(void *at, size_t bytes)
{
    sys.mappings--;
    sys.full = false;
    return __real_munmap(at, bytes);
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
    return fails() ? -1 : __real_memfd_create(name, flags);
}

int __wrap_ftruncate(int file, off_t bytes)
{
    return fails() ? -1 : __real_ftruncate(file, bytes);
}

int __wrap_open(const char *path, int flags, ...)
{
    return fails() ? -1 : __real_open(path, flags, 0);
}

int __wrap_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes)
{
    if (strstr(name, "destroy") != NULL)
        sys.arenas--;
    else if (fails())
        return ENOMEM;
    if (sys.no_retain && strstr(name, "retain_grow_limit") != NULL)
        return ENOENT;
    if (strcmp(name, "experimental.arenas_create_ext") == 0) {
        sys.arenas++;
        sys.hooks = *(extent_hooks_t **)new_;
    }
    return __real_mallctl(name, old, old_bytes, new_, new_bytes);
}

void *__wrap_mallocx(size_t bytes, int flags)
{
    return fails() ? NULL : __real_mallocx(bytes, flags);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    if (fails())
        return NULL;
    sys.blocks++;
    return __real_calloc(n, bytes);
}

void __wrap_free(void *at)
{
    sys.blocks -= at != NULL ? 1 : 0;
    __real_free(at);
}

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

/* Mappings of whatever has `what` in its line, of any size. */
static int mappings_of(const char *what)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int n = 0;

    cr_assert_not_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL)
        n += strstr(line, what) != NULL ? 1 : 0;
    (void)fclose(maps);
    return n;
}

static int file_mappings(void)
{
    return mappings_of("cgdt-pages");
}

static int all_mappings(void)
{
    return mappings_of("");
}

/* 32 entries, two pages to a window, four windows. */
static const struct cgdt_hosted_config config = {
    .max_cpus = 8 * 16,
    .layout = {.slot_entries = 32,
               .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
               .window_pages = 2,
               .common = true}};

Test(hosted_faults, create_fails_at_any_point_and_leaves_nothing)
{
    struct cgdt_hosted *hosted = NULL;
    uint32_t n = 0;
    int result = -1;

    while (result != 0) {
        const int files = open_files();

        hosted = (struct cgdt_hosted *)&n; /* to be overwritten */
        arm(++n, false);
        result = cgdt_hosted_create(&hosted, &config);
        const bool fired = sys.fired;
        arm(0, false);
        cr_assert_eq(result, fired ? -ENOMEM : 0, "call %u: %d", n, result);
        if (result == 0)
            break;
        cr_assert_null(hosted, "call %u", n);
        cr_assert_eq(open_files(), files, "call %u", n);
        cr_assert_eq(file_mappings(), 0, "call %u", n);
        cr_assert(sys.mappings == 0 && sys.arenas == 0 && sys.blocks == 0, "call %u: %d %d %d", n,
                  sys.mappings, sys.arenas, sys.blocks);
    }
    cr_assert_gt(n, 10, "only %u calls could fail", n - 1);
    cr_assert_gt(file_mappings(), 0, "this way of counting sees nothing");
    cgdt_hosted_destroy(hosted);
    cr_assert_eq(file_mappings(), 0);
    cr_assert(sys.mappings == 0 && sys.arenas == 0 && sys.blocks == 0);
}

Test(hosted_faults, destroying_nothing_does_nothing)
{
    cgdt_hosted_destroy(NULL);
    cr_assert(sys.mappings == 0 && sys.arenas == 0 && sys.blocks == 0);
}

/* The port without a pool: pages 0, 1, 2 and 6, and the common page; window 2 has none. */
static struct cgdt_hosted *hosted;
static void *views[9]; /* [8]: the common page */

static void **view_of(uint32_t page)
{
    return &views[page == CGDT_COMMON_PAGE ? 8 : page];
}

static void open_port(void)
{
    const uint32_t pages[] = {0, 1, 2, 6, CGDT_COMMON_PAGE};

    cr_assert_eq(cgdt_hosted_create(&hosted, &config), 0);
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        cr_assert_eq(cgdt_hosted_port.map(hosted, pages[i], view_of(pages[i])), 0);
        for (uint64_t entry = 0; entry < 512; entry++)
            ((cgdt_desc_t *)*view_of(pages[i]))[entry] = DATA3 | (entry + 512u * i) << 16;
    }
}

static void close_port(void)
{
    const uint32_t pages[] = {0, 1, 2, 6, CGDT_COMMON_PAGE};

    for (size_t i = 0; i < COUNT_OF(pages); i++)
        cgdt_hosted_port.unmap(hosted, pages[i], *view_of(pages[i]));
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 0);
    cgdt_hosted_destroy(hosted);
}

struct step {
    bool seal;
    uint32_t page;
};

#define AREA_BYTES ((size_t)4 * 3 * 4096)

/*
 * One step, in which each mapping fails once before it is let through: the error comes back, and what the
 * windows show and the page's own view are as they were.
 */
static void do_step(const struct step *step, bool drops)
{
    static unsigned char before[AREA_BYTES];
    int (*const op)(void *, uint32_t, void **) =
        step->seal ? cgdt_hosted_port.seal : cgdt_hosted_port.unseal;
    void **view = view_of(step->page);

    for (uint32_t n = 1;; n++) {
        void *const was = *view;

        memcpy(before, cgdt_hosted_window(hosted, 0), sizeof(before));
        arm(n, drops);
        sys.error = EAGAIN; /* which the port's reserve does not help */
        const int result = op(hosted, step->page, view);
        const bool fired = sys.fired;
        arm(0, false);
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
        open_port();
        for (size_t i = 0; i < n; i++)
            do_step(&steps[i], drops != 0);
        close_port();
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

/* What a window shows of a page, in the layout above. */
static cgdt_desc_t shown(uint32_t page)
{
    return cgdt_hosted_window(hosted, page / 2)[(page % 2 + 1) * 512];
}

static int seal(uint32_t page)
{
    return cgdt_hosted_port.seal(hosted, page, view_of(page));
}

static int unseal_when_full(uint32_t page)
{
    sys.full = true;
    const int result = cgdt_hosted_port.unseal(hosted, page, view_of(page));
    sys.full = false;
    return result;
}

Test(hosted_faults, a_page_can_be_taken_back_when_the_process_has_no_mapping_left)
{
    open_port();
    cr_assert_eq(seal(0), 0);
    cr_assert_eq(shown(0), DATA3);
    cr_assert_eq(unseal_when_full(0), 0);
    cr_assert_eq(shown(0), 0);
    close_port();
}

Test(hosted_faults, a_place_that_was_lost_when_no_mapping_is_left_shows_zeros_again)
{
    open_port();
    sys.drops = true;
    sys.full = true;
    cr_assert_eq(seal(0), -ENOMEM);
    sys.drops = false;
    cr_assert_eq(shown(0), 0);
    cr_assert_eq(seal(0), 0);
    cr_assert_eq(unseal_when_full(0), -ENOMEM, "the reserve is used up");
    cr_assert_eq(shown(0), DATA3);
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, view_of(0)), 0);
    close_port();
}

Test(hosted_faults, the_reserve_of_mappings_is_made_anew_before_another_page_is_given)
{
    void *view = NULL;

    open_port();
    for (uint32_t page = 0; page < 2; page++)
        cr_assert_eq(seal(page), 0);
    cr_assert_eq(unseal_when_full(0), 0);
    sys.full = true;
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), -ENOMEM);
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 5);
    sys.full = false;
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), 0);
    cr_assert_eq(unseal_when_full(1), 0);
    cgdt_hosted_port.unmap(hosted, 3, view);
    close_port();
}

Test(hosted_faults, the_reserve_is_many_mappings)
{
    const int before = all_mappings();

    cr_assert_eq(cgdt_hosted_create(&hosted, &config), 0);
    const int made = all_mappings();
    cr_assert_geq(made - before, 16, "%d", made - before);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_faults, without_jemallocs_retain_there_is_no_growth_to_limit)
{
    sys.no_retain = true;
    open_port();
    close_port();
}

Test(hosted_faults, no_memory_for_a_page_is_enomem)
{
    void *view = &view;

    open_port();
    arm(1, false);
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), -ENOMEM);
    arm(0, false);
    cr_assert_eq(view, (void *)&view);
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 5);
    cr_assert_eq(cgdt_hosted_port.map(hosted, 3, &view), 0);
    cgdt_hosted_port.unmap(hosted, 3, view);
    close_port();
}

Test(hosted_faults, what_no_core_should_ask_is_refused)
{
    cgdt_frame_t frame = 99;
    void *view = NULL;

    open_port();
    cr_assert_eq(cgdt_hosted_port.map(hosted, 8, &view), -EINVAL, "beyond the ceiling");
    cr_assert_eq(cgdt_hosted_port.map(hosted, 0, &view), -EEXIST);
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 5, &view), -EINVAL, "not mapped");
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, &views[0]), -EINVAL, "not sealed");
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 0, &views[0]), 0);
    cr_assert_eq(cgdt_hosted_port.seal(hosted, 0, &views[0]), -EINVAL, "sealed already");
    cr_assert_eq(cgdt_hosted_port.unseal(hosted, 0, &views[0]), 0);
    cr_assert_eq(cgdt_hosted_port.frame(hosted, 5, NULL, &frame), -ENOENT);
    cr_assert_eq(frame, 99);
    cr_assert_null(cgdt_hosted_frame_page(hosted, (cgdt_frame_t)1 << 40));
    cr_assert_eq(cgdt_hosted_port.quiesce(hosted, 3), 0, "every CPU has let go");
    close_port();
}

Test(hosted_faults, a_layout_without_a_common_page_has_none_to_map)
{
    struct cgdt_hosted_config without = config;
    void *view = NULL;

    without.layout.common = false;
    cr_assert_eq(cgdt_hosted_create(&hosted, &without), 0);
    cr_assert_eq(cgdt_hosted_port.map(hosted, CGDT_COMMON_PAGE, &view), -EINVAL);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_faults, the_file_gives_no_more_than_it_has)
{
    bool zero = false, commit = false;

    cr_assert_eq(cgdt_hosted_create(&hosted, &config), 0);
    extent_hooks_t *hooks = sys.hooks;
    cr_assert_null(hooks->alloc(hooks, hosted, 4096, 4096, &zero, &commit, 0), "not at a wish");
    cr_assert_null(hooks->alloc(hooks, NULL, (size_t)1 << 40, 4096, &zero, &commit, 0),
                   "too large");
    cr_assert_null(hooks->alloc(hooks, NULL, 4096, (size_t)1 << 46, &zero, &commit, 0),
                   "aligned beyond the end");
    cr_assert_not_null(hooks->alloc(hooks, NULL, 4096, 4096, &zero, &commit, 0));
    cr_assert(zero && commit);
    cgdt_hosted_destroy(hosted);
}

Test(hosted_faults, create_refuses_a_pool_of_nothing_of_too_many_or_of_no_layout)
{
    struct cgdt_hosted_config wrong = config;

    wrong.max_cpus = 0;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    wrong.max_cpus = CGDT_MAX_SLOTS + 1;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    wrong.max_cpus = 16;
    wrong.layout.window_pages = 0;
    cr_assert_eq(cgdt_hosted_create(&hosted, &wrong), -EINVAL);
    cr_assert_eq(sys.blocks, 0);
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
    static const cgdt_desc_t template_descs[] = {DATA3};
    const struct cgdt_config pool_config = {.struct_bytes = sizeof(struct cgdt_config),
                                            .profile = CGDT_PROFILE_XEN_PV64,
                                            .port = &cgdt_hosted_port,
                                            .layout = config.layout,
                                            .max_cpus = config.max_cpus,
                                            .template_descs = template_descs,
                                            .template_entries = 1};
    struct cgdt_config mine = pool_config;
    struct cgdt_pool *pool = NULL;
    cgdt_slot_t slots[128];
    uint32_t met = 0;

    cr_assert_eq(cgdt_hosted_create(&hosted, &config), 0);
    mine.port_ctx = hosted;
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &mine), 0);
    cr_assert_eq(cgdt_seal(pool), 0);
    for (uint32_t n = 1;; n++) {
        arm(n, true);
        const int result = cgdt_alloc_bulk(pool, 128, slots);
        const bool fired = sys.fired;
        arm(0, false);
        cr_assert_eq(result, fired ? -ENOMEM : 0, "call %u: %d", n, result);
        if (!fired)
            break;
        met++;
        cr_assert_eq(cgdt_hosted_pages_out(hosted), 1, "call %u: the common page alone", n);
    }
    cr_assert_gt(met, 16, "8 pages and 8 places");
    cr_assert_eq(pool_page(3, 1)[0], DATA3);
    for (int i = 0; i < 128; i++)
        cr_assert_eq(cgdt_free(pool, slots[i]), 0);
    arm(3, true);
    sys.error = EAGAIN;
    cr_assert_eq(cgdt_trim(pool), 7, "one page could not go");
    arm(0, false);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
    cgdt_hosted_destroy(hosted);
    cr_assert(sys.mappings == 0 && sys.arenas == 0 && sys.blocks == 0);
}
