/* SPDX-License-Identifier: MIT */
/* The hosted port: what a window looks like, and that a sealed page cannot be stored to. */
#define _GNU_SOURCE
#include <cgdt/cgdt.h>
#include <cgdt/port/hosted.h>

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "must.h"

#define ENTRIES 32
#define DATA3   0x00cff3000000ffffull
#define FORKS   100

struct setup {
    struct cgdt_hosted *hosted;
    struct cgdt_pool *pool;
    void *memory;
    struct cgdt_layout layout;
};

static const cgdt_desc_t template_descs[] = {0, DATA3};

static void open_setup(struct setup *setup, uint8_t window_pages, bool common, uint32_t max_cpus)
{
    setup->layout = (struct cgdt_layout){.slot_entries = ENTRIES,
                                         .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                                         .window_pages = window_pages,
                                         .common = common};
    const struct cgdt_hosted_config hosted_config = {.max_cpus = max_cpus, .layout = setup->layout};
    cr_assert_eq(cgdt_hosted_create(&setup->hosted, &hosted_config), 0);
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .profile = CGDT_PROFILE_XEN_PV64,
        .port = &cgdt_hosted_port,
        .port_ctx = setup->hosted,
        .layout = setup->layout,
        .max_cpus = max_cpus,
        .template_descs = template_descs,
        .template_entries = COUNT_OF(template_descs),
    };
    const size_t bytes = cgdt_pool_bytes(&config);
    setup->memory = aligned_alloc(CGDT_POOL_ALIGN, (bytes + 63) & ~(size_t)63);
    cr_assert_not_null(setup->memory);
    cr_assert_eq(cgdt_pool_init(&setup->pool, setup->memory, bytes, &config), 0);
}

/* All slots must be 1 .. n with their first generation. */
static void close_setup(struct setup *setup, uint32_t n)
{
    for (cgdt_slot_t slot = 1; slot <= n; slot++)
        MUST(cgdt_free(setup->pool, slot) == 0, "free of %u", slot);
    cr_assert_eq(cgdt_pool_destroy(setup->pool), 0);
    cr_assert_eq(cgdt_hosted_pages_out(setup->hosted), 0);
    cgdt_hosted_destroy(setup->hosted);
    free(setup->memory);
}

static void fill(struct setup *setup, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        cgdt_slot_t slot;

        MUST(cgdt_alloc(setup->pool, &slot) == 0 && slot == i + 1, "slot %u", i);
    }
}

static void marked(struct setup *setup, cgdt_slot_t slot)
{
    const cgdt_desc_t desc = DATA3 | (uint64_t)slot << 16;

    MUST(cgdt_write(setup->pool, slot, 5, &desc, 1) == 0, "write to %u", slot);
}

/* Entry `entry` of a window as its CPUs see it. */
static cgdt_desc_t seen(const struct setup *setup, uint32_t window, uint32_t entry)
{
    const cgdt_desc_t *view = cgdt_hosted_window(setup->hosted, window);

    MUST(view, "no window %u", window);
    return view[entry];
}

Test(hosted, a_window_stands_at_consecutive_addresses)
{
    for (int common = 0; common < 2; common++) {
        struct setup setup;
        const uint32_t head = common ? 512 : 0;

        open_setup(&setup, 4, common, 200);
        cr_assert_eq(cgdt_seal(setup.pool), 0);
        cr_assert_eq(cgdt_hosted_window_pages(setup.hosted), common ? 5 : 4);
        fill(&setup, 200);
        for (cgdt_slot_t slot = 1; slot <= 200; slot++) {
            marked(&setup, slot);
            const uint32_t in_window = (slot - 1) % 64;
            MUST(seen(&setup, (slot - 1) / 64, head + in_window * ENTRIES + 5) ==
                     (DATA3 | (uint64_t)slot << 16),
                 "slot %u", slot);
        }
        close_setup(&setup, 200);
    }
}

Test(hosted, places_without_a_page_show_zeros)
{
    struct setup setup;

    open_setup(&setup, 4, false, 200);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    fill(&setup, 20); /* two pages of window 0 */
    for (uint32_t entry = 20 * ENTRIES; entry < 4 * 512; entry++)
        MUST(seen(&setup, 0, entry) == 0, "window 0, entry %u", entry);
    for (uint32_t entry = 0; entry < 4 * 512; entry++)
        MUST(seen(&setup, 3, entry) == 0, "window 3, entry %u", entry);
    close_setup(&setup, 20);
}

Test(hosted, the_common_page_stands_at_the_head_of_every_window_in_use)
{
    struct setup setup;
    const cgdt_desc_t desc = DATA3 | 0x77 << 16;

    open_setup(&setup, 2, true, 200);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    fill(&setup, 100);
    cr_assert_eq(cgdt_write_common(setup.pool, 9, &desc, 1), 0);
    for (uint32_t window = 0; window < 4; window++)
        cr_assert_eq(seen(&setup, window, 9), desc, "window %u", window);
    close_setup(&setup, 100);
}

Test(hosted, a_window_beyond_the_last_has_no_view)
{
    struct setup setup;

    open_setup(&setup, 2, false, 64);
    cr_assert_not_null(cgdt_hosted_window(setup.hosted, 1));
    cr_assert_null(cgdt_hosted_window(setup.hosted, 2));
    cr_assert_null(cgdt_hosted_window(setup.hosted, 0xffffffff));
    close_setup(&setup, 0);
}

Test(hosted, private_pages_are_not_in_the_window_yet)
{
    struct setup setup;

    open_setup(&setup, 2, false, 64);
    fill(&setup, 10);
    for (uint32_t entry = 0; entry < 512; entry++)
        MUST(seen(&setup, 0, entry) == 0, "entry %u", entry);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    cr_assert_eq(seen(&setup, 0, 1), DATA3);
    close_setup(&setup, 10);
}

Test(hosted, the_frame_number_is_the_page_of_the_memfd)
{
    struct setup setup;

    open_setup(&setup, 4, false, 200);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    fill(&setup, 200);
    for (cgdt_slot_t slot = 1; slot <= 200; slot++) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t n = 0, entries = 0;

        marked(&setup, slot);
        MUST(cgdt_frames(setup.pool, slot, frames, &n, &entries) == 0, "slot %u", slot);
        const cgdt_desc_t *page = cgdt_hosted_frame_page(setup.hosted, frames[n - 1]);
        MUST(page && page[(slot - 1) % 16 * ENTRIES + 5] == (DATA3 | (uint64_t)slot << 16),
             "slot %u is not on its frame", slot);
    }
    close_setup(&setup, 200);
}

Test(hosted, a_store_through_the_frames_alias_is_seen_in_the_window)
{
    struct setup setup;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;

    open_setup(&setup, 4, false, 200);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    fill(&setup, 1);
    cr_assert_eq(cgdt_frames(setup.pool, 1, frames, &n, &entries), 0);
    cgdt_hosted_frame_page(setup.hosted, frames[0])[11] = DATA3;
    cr_assert_eq(seen(&setup, 0, 11), DATA3);
    cgdt_hosted_frame_page(setup.hosted, frames[0])[11] = 0;
    close_setup(&setup, 1);
}

Test(hosted, no_two_pages_have_the_same_frame)
{
    struct setup setup;
    cgdt_frame_t all[64];
    uint32_t pages = 0;

    open_setup(&setup, 1, false, 1000);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    fill(&setup, 1000);
    for (cgdt_slot_t slot = 1; slot <= 1000; slot += 16) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t n = 0, entries = 0;

        cr_assert_eq(cgdt_frames(setup.pool, slot, frames, &n, &entries), 0);
        for (uint32_t i = 0; i < pages; i++)
            MUST(all[i] != frames[0], "pages %u and %u", i, pages);
        all[pages++] = frames[0];
    }
    cr_assert_eq(cgdt_hosted_pages_out(setup.hosted), 63);
    cr_assert_eq(cgdt_check(setup.pool, NULL), 0);
    close_setup(&setup, 1000);
}

static void store_to_sealed(void (*before)(volatile cgdt_desc_t *view))
{
    struct setup setup;

    open_setup(&setup, 4, false, 200);
    MUST(cgdt_seal(setup.pool) == 0, "seal");
    fill(&setup, 1);
    volatile cgdt_desc_t *view =
        (volatile cgdt_desc_t *)(uintptr_t)cgdt_hosted_window(setup.hosted, 0);
    if (before)
        before(view);
    view[7] = DATA3;
    MUST(false, "the store went through");
}

Test(hosted, an_ordinary_store_to_a_sealed_page_faults, .signal = SIGSEGV)
{
    store_to_sealed(NULL);
}

static void ask_for_write(volatile cgdt_desc_t *view)
{
    MUST(mprotect((void *)(uintptr_t)view, 4096, PROT_READ | PROT_WRITE) != 0, "mprotect() worked");
}

Test(hosted, no_mprotect_makes_a_sealed_page_writable, .signal = SIGSEGV)
{
    store_to_sealed(ask_for_write);
}

Test(hosted, a_store_to_a_place_without_a_page_faults, .signal = SIGSEGV)
{
    struct setup setup;

    open_setup(&setup, 4, false, 200);
    volatile cgdt_desc_t *view =
        (volatile cgdt_desc_t *)(uintptr_t)cgdt_hosted_window(setup.hosted, 2);
    view[0] = 1;
}

Test(hosted, trimmed_windows_show_zeros_again_and_come_back_clean)
{
    struct setup setup;

    open_setup(&setup, 2, true, 200);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    for (int round = 0; round < 4; round++) {
        cgdt_slot_t slots[200];

        cr_assert_eq(cgdt_alloc_bulk(setup.pool, 200, slots), 0);
        for (uint32_t i = 0; i < 200; i++)
            marked(&setup, slots[i]);
        cr_assert_eq(cgdt_check(setup.pool, NULL), 0);
        for (uint32_t i = 0; i < 200; i++)
            MUST(cgdt_free(setup.pool, slots[i]) == 0, "free");
        cr_assert_eq(cgdt_trim(setup.pool), 13);
        cr_assert_eq(cgdt_hosted_pages_out(setup.hosted), 1, "the common page");
        for (uint32_t window = 0; window < 7; window++)
            for (uint32_t entry = 512; entry < 3 * 512; entry++)
                MUST(seen(&setup, window, entry) == 0, "window %u, entry %u", window, entry);
    }
    close_setup(&setup, 0);
}

/*
 * Whoever forks, though he never calls the port, has jemalloc take the mutexes of every arena. Were
 * they in the file, which the child shares with its parent, each would wait for the other's threads
 * for ever.
 */
Test(hosted, a_child_that_forks_does_not_hang_its_parent)
{
    struct setup setup;
    int status = 0;

    open_setup(&setup, 1, false, 1000);
    cr_assert_eq(cgdt_seal(setup.pool), 0);
    (void)alarm(60); /* ends who hangs */
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        for (int i = 0; i < FORKS; i++) {
            const pid_t grandchild = fork();

            if (grandchild == 0)
                _exit(0);
            (void)waitpid(grandchild, NULL, 0);
        }
        _exit(0);
    }
    cr_assert_gt(child, 0);
    while (waitpid(child, &status, WNOHANG) == 0) {
        cgdt_slot_t slots[64];

        MUST(cgdt_alloc_bulk(setup.pool, 64, slots) == 0, "alloc_bulk");
        MUST(cgdt_free_bulk(setup.pool, 64, slots) == 0, "free_bulk");
        MUST(cgdt_trim(setup.pool) > 0, "trim");
    }
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_setup(&setup, 0);
}

static int will_not(void *ctx, uint32_t cpu)
{
    (void)ctx;
    return cpu == 3 ? -EAGAIN : 0;
}

Test(hosted, quiesce_is_the_callers)
{
    struct setup setup;
    struct cgdt_hosted_config hosted_config;

    memset(&hosted_config, 0, sizeof(hosted_config));
    open_setup(&setup, 2, false, 64);
    close_setup(&setup, 0);
    hosted_config.max_cpus = 64;
    hosted_config.layout = setup.layout;
    hosted_config.quiesce = will_not;
    cr_assert_eq(cgdt_hosted_create(&setup.hosted, &hosted_config), 0);
    cr_assert_eq(cgdt_hosted_port.quiesce(setup.hosted, 2), 0);
    cr_assert_eq(cgdt_hosted_port.quiesce(setup.hosted, 3), -EAGAIN);
    cgdt_hosted_destroy(setup.hosted);
}

Test(hosted, create_refuses_what_no_pool_could_be)
{
    struct cgdt_hosted *hosted = (struct cgdt_hosted *)(uintptr_t)1;
    struct cgdt_hosted_config config;

    memset(&config, 0, sizeof(config));
    cr_assert_eq(cgdt_hosted_create(&hosted, &config), -EINVAL, "no layout");
    cr_assert_null(hosted);
    config.layout = (struct cgdt_layout){
        .slot_entries = 32, .reserved_entry = CGDT_XEN_RESERVED_ENTRY, .window_pages = 2};
    cr_assert_eq(cgdt_hosted_create(&hosted, &config), -EINVAL, "no CPU");
    config.max_cpus = CGDT_MAX_SLOTS + 1;
    cr_assert_eq(cgdt_hosted_create(&hosted, &config), -EINVAL, "too many CPUs");
    cgdt_hosted_destroy(NULL);
}
