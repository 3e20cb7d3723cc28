/* SPDX-License-Identifier: MIT */
/*
 * The hosted port: pages of a memfd, written through one mapping and, once sealed, seen read-only
 * at their place in the window area (include/cgdt/port/hosted.h has the picture, hosted_arena.c the
 * pages).
 *
 * The kernel bounds a process to some 65,000 mappings (vm.max_map_count). A run of places that
 * shows a run of frames is a single mapping to it, and jemalloc hands pages out in rising order of
 * addresses, so hundreds of thousands of sealed pages stay far below. Only common pages and holes
 * interrupt a run. To take a page back can need mappings, too, since it cuts a run in two: some are
 * kept in reserve for that.
 *
 * Rule 4 of port.h orders map, seal, unseal and unmap, so pages[] needs no lock of its own.
 * writable and frame read the entry of a page that cannot leave meanwhile.
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

/* What map_at() shows where there is no frame. */
#define ZEROS UINT32_MAX

/* Mappings in reserve, of one page each. */
#define SPARE_MAPPINGS 16u
#define SPARE_BYTES    ((size_t)SPARE_MAPPINGS * CGDT_PAGE_BYTES)

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
    char *spare; /* the mappings in reserve; NULL when they were needed */
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

static int map_at(const struct cgdt_hosted *hosted, char *place, uint32_t frame)
{
    const void *at = frame == ZEROS
                         ? mmap(place, CGDT_PAGE_BYTES, PROT_READ,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0)
                         : mmap(place, CGDT_PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED,
                                hosted->arena.file_ro, (off_t)frame * CGDT_PAGE_BYTES);

    return at == MAP_FAILED ? -errno : 0;
}

/* The reserve. Neighbours of the same protection would be one mapping. */

static void drop_spare(struct cgdt_hosted *hosted)
{
    if (hosted->spare != NULL)
        (void)munmap(hosted->spare, SPARE_BYTES);
    hosted->spare = NULL;
}

static int make_spare(struct cgdt_hosted *hosted)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *at = mmap(NULL, SPARE_BYTES, PROT_NONE, flags, -1, 0);
    int error = at == MAP_FAILED ? -errno : 0;

    if (error != 0)
        return error;
    hosted->spare = at;
    for (uint32_t i = 0; i < SPARE_MAPPINGS && error == 0; i += 2)
        if (mmap(hosted->spare + (size_t)i * CGDT_PAGE_BYTES, CGDT_PAGE_BYTES, PROT_READ,
                 flags | MAP_FIXED, -1, 0) == MAP_FAILED)
            error = -errno;
    if (error != 0)
        drop_spare(hosted);
    return error;
}

/* For whoever takes back or undoes: when there is no mapping left, the reserve is used up. */
static int map_back(struct cgdt_hosted *hosted, char *place, uint32_t frame)
{
    const int error = map_at(hosted, place, frame);

    if (error != -ENOMEM || hosted->spare == NULL)
        return error;
    drop_spare(hosted);
    return map_at(hosted, place, frame);
}

/*
 * A place that showed `from` shows `to` afterwards, one of which is a frame and the other ZEROS. To
 * take a frame back may cost the reserve, to show one may not. Old kernels drop what stood at a
 * fixed address before they notice that they cannot map: put it back.
 */
static int change_place(struct cgdt_hosted *hosted, char *place, uint32_t from, uint32_t to)
{
    const int error = to == ZEROS ? map_back(hosted, place, to) : map_at(hosted, place, to);

    if (error != 0)
        (void)map_back(hosted, place, from);
    return error;
}

/*
 * The common page stands at the head of the first window, and of every other that has a sealed
 * page.
 */

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

/* The same for the common page: all of its places, or none. */
static int change_heads(struct cgdt_hosted *hosted, uint32_t from, uint32_t to)
{
    for (uint32_t window = 0; window < hosted->max_windows; window++) {
        int error;

        if (window != 0 && sealed_in_window(hosted, window) == 0)
            continue;
        error = change_place(hosted, head_of(hosted, window), from, to);
        if (error == 0)
            continue;
        while (window-- > 0)
            if (window == 0 || sealed_in_window(hosted, window) != 0)
                (void)map_back(hosted, head_of(hosted, window), from);
        return error;
    }
    return 0;
}

/* The same for a slot page, and for the head of its window where that changes with it. */
static int change_page(struct cgdt_hosted *hosted, uint32_t page, uint32_t from, uint32_t to)
{
    const bool with_head = heads_with(hosted, page, to == ZEROS ? 1 : 0);
    const uint32_t common = frame_of_state(*state_of(hosted, CGDT_COMMON_PAGE));
    const uint32_t head_from = from == ZEROS ? ZEROS : common;
    char *head = head_of(hosted, page / hosted->config.layout.window_pages);
    int error = 0;

    if (with_head)
        error = change_place(hosted, head, head_from, to == ZEROS ? ZEROS : common);
    if (error != 0)
        return error;
    error = change_place(hosted, place_of(hosted, page), from, to);
    if (error != 0 && with_head)
        (void)map_back(hosted, head, head_from);
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
    if (hosted->spare == NULL && make_spare(hosted) != 0)
        return -ENOMEM; /* what could not be taken back is not given */
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
    error = common ? change_heads(hosted, ZEROS, frame_of_state(*state))
                   : change_page(hosted, page, ZEROS, frame_of_state(*state));
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
    error = page == CGDT_COMMON_PAGE ? change_heads(hosted, frame, ZEROS)
                                     : change_page(hosted, page, frame, ZEROS);
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

static cgdt_desc_t *hosted_writable(void *ctx, uint32_t page, const void *view)
{
    const struct cgdt_hosted *hosted = ctx;
    const uint32_t frame = frame_of_state(*state_of(hosted, page));

    (void)view;
    return (cgdt_desc_t *)(void *)(hosted->arena.rw + (size_t)frame * CGDT_PAGE_BYTES);
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
    .struct_bytes = sizeof(struct cgdt_port),
    .map = hosted_map,
    .seal = hosted_seal,
    .unseal = hosted_unseal,
    .unmap = hosted_unmap,
    .frame = hosted_frame,
    .quiesce = hosted_quiesce,
    .lock = hosted_lock,
    .unlock = hosted_unlock,
    .writable = hosted_writable,
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

static uint64_t area_bytes(const struct cgdt_hosted *hosted)
{
    return (uint64_t)hosted->max_windows * hosted->stride_pages * CGDT_PAGE_BYTES;
}

static int set_sizes(struct cgdt_hosted *hosted, const struct cgdt_hosted_config *config)
{
    const struct cgdt_layout *layout = &config->layout;

    if (config->max_cpus < 1 || config->max_cpus > CGDT_MAX_SLOTS || cgdt_layout_check(layout) != 0)
        return -EINVAL;
    hosted->config = *config;
    hosted->max_pages = (config->max_cpus - 1u) / cgdt_colors(layout) + 1u;
    hosted->max_windows = (hosted->max_pages - 1u) / layout->window_pages + 1u;
    hosted->stride_pages = layout->window_pages + (layout->common ? 1u : 0u);
    hosted->ro_bytes = (size_t)area_bytes(hosted);
#if SIZE_MAX < UINT64_MAX
    /* With pages of a few slots, 32 bits do not have the addresses. */
    if (area_bytes(hosted) > SIZE_MAX / 2 ||
        hosted_arena_bytes(hosted->max_pages + 1u) > SIZE_MAX / 2)
        return -ENOMEM;
#endif
    hosted->pages = calloc((size_t)hosted->max_pages + 1u, sizeof(*hosted->pages));
    return hosted->pages == NULL ? -ENOMEM : 0;
}

static int reserve_windows(struct cgdt_hosted *hosted)
{
    void *at =
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
    error = hosted_arena_open(&made->arena, made->max_pages + 1u);
    if (error == 0)
        error = reserve_windows(made);
    if (error == 0)
        error = make_spare(made);
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
    drop_spare(hosted);
    hosted_arena_close(&hosted->arena);
    (void)pthread_mutex_destroy(&hosted->lock);
    free(hosted->pages);
    free(hosted);
}
