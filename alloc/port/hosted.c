/* SPDX-License-Identifier: MIT */
/*
 * The hosted port: pages of a memfd, written through one mapping and, once sealed, seen read-only at their
 * place in the window area (include/cgdt/port/hosted.h has the picture, hosted_arena.c the pages).
 *
 * The kernel bounds a process to some 65,000 mappings (vm.max_map_count). A run of places that shows a run
 * of frames is a single mapping to it, and jemalloc hands pages out in rising order of addresses, so
 * hundreds of thousands of sealed pages stay far below. Only common pages and holes interrupt a run.
 *
 * Rule 4 of port.h orders map, seal, unseal and unmap, so pages[] needs no lock of its own. live_write
 * and frame read the entry of a page that cannot leave meanwhile.
 */
#define _GNU_SOURCE

#include "cgdt/port/hosted.h"

#include "hosted_arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* State of a page: SEALED or not, and frame + 1; 0 = not mapped. */
#define SEALED 0x80000000u

struct cgdt_hosted {
    struct hosted_arena arena;
    struct cgdt_hosted_config config;
    pthread_mutex_t lock;
    atomic_uint pages_out;
    uint32_t max_pages; /* slot pages under the ceiling */
    uint32_t max_windows;
    uint32_t stride_pages; /* places in a window */
    uint32_t *pages;       /* state of each slot page; the common page's is the last */
    char *ro;
    size_t ro_bytes;
};

/* What stands at a place of the read-only area. */

static char *place_of(const struct cgdt_hosted *hosted, uint32_t page)
{
    const uint32_t window = page / hosted->config.layout.window_pages;
    const uint32_t position = page % hosted->config.layout.window_pages;
    const uint32_t head_pages = hosted->config.layout.common ? 1u : 0u;

    return hosted->ro +
           ((size_t)window * hosted->stride_pages + head_pages + position) * CGDT_PAGE_BYTES;
}

static char *head_of(const struct cgdt_hosted *hosted, uint32_t window)
{
    return hosted->ro + (size_t)window * hosted->stride_pages * CGDT_PAGE_BYTES;
}

static uint32_t *state_of(const struct cgdt_hosted *hosted, uint32_t page)
{
    return &hosted->pages[page == CGDT_COMMON_PAGE ? hosted->max_pages : page];
}

static uint32_t frame_of_state(uint32_t state)
{
    return (state & ~SEALED) - 1u;
}

static int map_frame(const struct cgdt_hosted *hosted, char *place, uint32_t frame)
{
    const off_t at = (off_t)frame * CGDT_PAGE_BYTES;

    if (mmap(place, CGDT_PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, hosted->arena.file_ro,
             at) == MAP_FAILED)
        return -errno;
    return 0;
}

static int map_zeros(char *place)
{
    if (mmap(place, CGDT_PAGE_BYTES, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        return -errno;
    return 0;
}

/* Old kernels drop what stood at a fixed address before they notice that they cannot map: put it back. */
static int show_frame(const struct cgdt_hosted *hosted, char *place, uint32_t frame)
{
    const int error = map_frame(hosted, place, frame);

    if (error != 0)
        (void)map_zeros(place);
    return error;
}

static int show_zeros(const struct cgdt_hosted *hosted, char *place, uint32_t frame)
{
    const int error = map_zeros(place);

    if (error != 0)
        (void)map_frame(hosted, place, frame);
    return error;
}

/* The common page stands at the head of the first window, and of every other that has a sealed page. */

static uint32_t sealed_in_window(const struct cgdt_hosted *hosted, uint32_t window)
{
    const uint32_t first = window * hosted->config.layout.window_pages;
    uint32_t sealed = 0;

    for (uint32_t i = 0; i < hosted->config.layout.window_pages; i++)
        if (first + i < hosted->max_pages && (hosted->pages[first + i] & SEALED) != 0)
            sealed++;
    return sealed;
}

static bool common_sealed(const struct cgdt_hosted *hosted)
{
    return (*state_of(hosted, CGDT_COMMON_PAGE) & SEALED) != 0;
}

/* Whether the head of a page's window changes with this page, being the only sealed one of it. */
static bool heads_with(const struct cgdt_hosted *hosted, uint32_t page, uint32_t others_sealed)
{
    const uint32_t window = page / hosted->config.layout.window_pages;

    return window != 0 && common_sealed(hosted) &&
           sealed_in_window(hosted, window) == others_sealed;
}

static int show_heads(const struct cgdt_hosted *hosted, uint32_t frame)
{
    for (uint32_t window = 0; window < hosted->max_windows; window++) {
        int error;

        if (window != 0 && sealed_in_window(hosted, window) == 0)
            continue;
        error = show_frame(hosted, head_of(hosted, window), frame);
        if (error == 0)
            continue;
        while (window-- > 0)
            if (window == 0 || sealed_in_window(hosted, window) != 0)
                (void)map_zeros(head_of(hosted, window));
        return error;
    }
    return 0;
}

static int hide_heads(const struct cgdt_hosted *hosted, uint32_t frame)
{
    for (uint32_t window = 0; window < hosted->max_windows; window++) {
        int error;

        if (window != 0 && sealed_in_window(hosted, window) == 0)
            continue;
        error = show_zeros(hosted, head_of(hosted, window), frame);
        if (error == 0)
            continue;
        while (window-- > 0)
            if (window == 0 || sealed_in_window(hosted, window) != 0)
                (void)map_frame(hosted, head_of(hosted, window), frame);
        return error;
    }
    return 0;
}

static int show_page(const struct cgdt_hosted *hosted, uint32_t page, uint32_t frame)
{
    const bool with_head = heads_with(hosted, page, 0);
    char *head = head_of(hosted, page / hosted->config.layout.window_pages);
    const uint32_t common = frame_of_state(*state_of(hosted, CGDT_COMMON_PAGE));
    int error = 0;

    if (with_head)
        error = show_frame(hosted, head, common);
    if (error != 0)
        return error;
    error = show_frame(hosted, place_of(hosted, page), frame);
    if (error != 0 && with_head)
        (void)map_zeros(head);
    return error;
}

static int hide_page(const struct cgdt_hosted *hosted, uint32_t page, uint32_t frame)
{
    const bool with_head = heads_with(hosted, page, 1);
    char *head = head_of(hosted, page / hosted->config.layout.window_pages);
    const uint32_t common = frame_of_state(*state_of(hosted, CGDT_COMMON_PAGE));
    int error = 0;

    if (with_head)
        error = show_zeros(hosted, head, common);
    if (error != 0)
        return error;
    error = show_zeros(hosted, place_of(hosted, page), frame);
    if (error != 0 && with_head)
        (void)map_frame(hosted, head, common);
    return error;
}

/* The port. */

static int hosted_map(void *ctx, uint32_t page, void **view)
{
    struct cgdt_hosted *hosted = ctx;
    char *at;

    if (page != CGDT_COMMON_PAGE ? page >= hosted->max_pages : !hosted->config.layout.common)
        return -EINVAL;
    if (*state_of(hosted, page) != 0)
        return -EEXIST;
    at = hosted_arena_take(&hosted->arena);
    if (at == NULL)
        return -ENOMEM;
    *state_of(hosted, page) = (uint32_t)((size_t)(at - hosted->arena.rw) / CGDT_PAGE_BYTES) + 1u;
    atomic_fetch_add_explicit(&hosted->pages_out, 1, memory_order_relaxed);
    *view = at;
    return 0;
}

static int hosted_seal(void *ctx, uint32_t page, void **view)
{
    struct cgdt_hosted *hosted = ctx;
    const bool common = page == CGDT_COMMON_PAGE;
    uint32_t *state = state_of(hosted, page);
    int error;

    if (*state == 0 || (*state & SEALED) != 0)
        return -EINVAL;
    error = common ? show_heads(hosted, frame_of_state(*state))
                   : show_page(hosted, page, frame_of_state(*state));
    if (error != 0)
        return error;
    *state |= SEALED;
    *view = common ? head_of(hosted, 0) : place_of(hosted, page);
    return 0;
}

static int hosted_unseal(void *ctx, uint32_t page, void **view)
{
    struct cgdt_hosted *hosted = ctx;
    uint32_t *state = state_of(hosted, page);
    const uint32_t frame = frame_of_state(*state);
    int error;

    if ((*state & SEALED) == 0)
        return -EINVAL;
    error = page == CGDT_COMMON_PAGE ? hide_heads(hosted, frame) : hide_page(hosted, page, frame);
    if (error != 0)
        return error;
    *state &= ~SEALED;
    *view = hosted->arena.rw + (size_t)frame * CGDT_PAGE_BYTES;
    return 0;
}

static void hosted_unmap(void *ctx, uint32_t page, void *view)
{
    struct cgdt_hosted *hosted = ctx;
    uint32_t *state = state_of(hosted, page);

    *state = 0;
    hosted_arena_put(&hosted->arena, view);
    atomic_fetch_sub_explicit(&hosted->pages_out, 1, memory_order_relaxed);
}

static int hosted_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    const uint32_t state = *state_of(ctx, page);

    (void)view;
    if (state == 0)
        return -ENOENT;
    *frame = frame_of_state(state);
    return 0;
}

static int hosted_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const struct cgdt_hosted *hosted = ctx;
    const uint32_t frame = frame_of_state(*state_of(hosted, page));

    (void)view;
    cgdt_batch_store(batch, cgdt_hosted_frame_page(hosted, frame));
    return 0;
}

static int hosted_quiesce(void *ctx, uint32_t cpu)
{
    const struct cgdt_hosted_config *config = &((const struct cgdt_hosted *)ctx)->config;

    return config->quiesce == NULL ? 0 : config->quiesce(config->quiesce_ctx, cpu);
}

static void hosted_lock(void *ctx)
{
    (void)pthread_mutex_lock(&((struct cgdt_hosted *)ctx)->lock);
}

static void hosted_unlock(void *ctx)
{
    (void)pthread_mutex_unlock(&((struct cgdt_hosted *)ctx)->lock);
}

const struct cgdt_port cgdt_hosted_port = {
    .map = hosted_map,
    .seal = hosted_seal,
    .unseal = hosted_unseal,
    .unmap = hosted_unmap,
    .frame = hosted_frame,
    .live_write = hosted_live_write,
    .quiesce = hosted_quiesce,
    .lock = hosted_lock,
    .unlock = hosted_unlock,
};

uint32_t cgdt_hosted_window_pages(const struct cgdt_hosted *hosted)
{
    return hosted->stride_pages;
}

const cgdt_desc_t *cgdt_hosted_window(const struct cgdt_hosted *hosted, uint32_t window)
{
    if (window >= hosted->max_windows)
        return NULL;
    return (const cgdt_desc_t *)(const void *)head_of(hosted, window);
}

cgdt_desc_t *cgdt_hosted_frame_page(const struct cgdt_hosted *hosted, cgdt_frame_t frame)
{
    if (frame >= hosted->arena.rw_bytes / CGDT_PAGE_BYTES)
        return NULL;
    return (cgdt_desc_t *)(void *)(hosted->arena.rw + frame * CGDT_PAGE_BYTES);
}

uint32_t cgdt_hosted_pages_out(const struct cgdt_hosted *hosted)
{
    return atomic_load_explicit(&hosted->pages_out, memory_order_relaxed);
}

/* Life and death. */

static int set_sizes(struct cgdt_hosted *hosted, const struct cgdt_hosted_config *config)
{
    const struct cgdt_layout *layout = &config->layout;

    if (config->max_cpus < 1 || config->max_cpus > CGDT_MAX_SLOTS || cgdt_layout_check(layout) != 0)
        return -EINVAL;
    hosted->config = *config;
    hosted->max_pages = (config->max_cpus - 1u) / cgdt_colors(layout) + 1u;
    hosted->max_windows = (hosted->max_pages - 1u) / layout->window_pages + 1u;
    hosted->stride_pages = layout->window_pages + (layout->common ? 1u : 0u);
    hosted->pages = calloc((size_t)hosted->max_pages + 1u, sizeof(*hosted->pages));
    return hosted->pages == NULL ? -ENOMEM : 0;
}

static int reserve_windows(struct cgdt_hosted *hosted)
{
    void *at;

    hosted->ro_bytes = (size_t)hosted->max_windows * hosted->stride_pages * CGDT_PAGE_BYTES;
    at =
        mmap(NULL, hosted->ro_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return -errno;
    hosted->ro = at;
    return 0;
}

int cgdt_hosted_create(struct cgdt_hosted **hosted, const struct cgdt_hosted_config *config)
{
    struct cgdt_hosted *made = calloc(1, sizeof(*made));
    int error;

    *hosted = NULL;
    if (made == NULL)
        return -ENOMEM;
    error = set_sizes(made, config);
    if (error != 0) {
        free(made);
        return error;
    }
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail with default attributes */
    error = hosted_arena_open(&made->arena, (size_t)made->max_pages + 1u);
    if (error == 0)
        error = reserve_windows(made);
    if (error != 0) {
        cgdt_hosted_destroy(made);
        return error;
    }
    *hosted = made;
    return 0;
}

void cgdt_hosted_destroy(struct cgdt_hosted *hosted)
{
    if (hosted == NULL)
        return;
    if (hosted->ro != NULL)
        (void)munmap(hosted->ro, hosted->ro_bytes);
    hosted_arena_close(&hosted->arena);
    (void)pthread_mutex_destroy(&hosted->lock);
    free(hosted->pages);
    free(hosted);
}
