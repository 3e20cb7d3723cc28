/* SPDX-License-Identifier: MIT */
/*
 * How a pool begins: its size, init, seal; and what the files above ask of its pages and slots.
 * Must not know how it grows, shrinks or ends (grow.c, trim.c). The caller's memory holds
 *
 *   struct cgdt_pool | slot map: free bits, summary, marks, owners | page words | directory
 */
#include "pool.h"
#include "accept.h"
#include "profile.h"

/* Marks and owners each have up to a word more than the macro counts for their slots. */
_Static_assert(
    sizeof(struct cgdt_pool) + (CGDT_SLOTMAP_APART_WORDS + 2u) * sizeof(cgdt_word_t) <=
        CGDT_POOL_HEAD_BYTES,
    "what CGDT_POOL_BYTES() counts for it; half of the 1 KiB that cgdt_pool_bytes() promises");
_Static_assert(sizeof(struct cgdt_pool) % 8 == 0,
               "the slot map that follows must be 8-byte aligned");

/* A field that comes after these would otherwise lie where an older program has padding. */
_Static_assert(CGDT_END_OF_(struct cgdt_config, template_descs) == sizeof(struct cgdt_config),
               "cgdt_config ends with its last field");
_Static_assert(CGDT_END_OF_(struct cgdt_port, writable) == sizeof(struct cgdt_port),
               "cgdt_port ends with its last field");

/* What both had in 0.2, the first version whose programs run with a later library. */
#define CONFIG_BYTES_0_2 CGDT_END_OF_(struct cgdt_config, template_descs)
#define PORT_BYTES_0_2   CGDT_END_OF_(struct cgdt_port, writable)

static uint32_t pages_of(const struct cgdt_config *config)
{
    const uint32_t colors = cgdt_colors(&config->layout);

    return (config->max_cpus + colors - 1) / colors;
}

void cgdt_pool_lock_(const struct cgdt_pool *pool)
{
    if (!pool->given.config.serialized)
        pool->given.port.lock(pool->given.config.port_ctx);
}

void cgdt_pool_unlock_(const struct cgdt_pool *pool)
{
    if (!pool->given.config.serialized)
        pool->given.port.unlock(pool->given.config.port_ctx);
}

uint32_t cgdt_pool_slots_of_(const struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t left = pool->map.slots - cgdt_pool_first_of_(pool, page);
    const uint32_t colors = 1u << pool->color_shift;

    return left < colors ? left : colors;
}

uint64_t cgdt_pool_taken_bits_(const struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t slots = cgdt_pool_slots_of_(pool, page);
    const uint32_t first = cgdt_pool_first_of_(pool, page);

    return (~0ull >> (64u - slots)) & ~cgdt_slotmap_free_bits_(&pool->map, first, slots);
}

/* Not as small as can be: for i386 clang would call libgcc for the shift. */
CGDT_COMPACT_ __attribute__((__noinline__)) void cgdt_pool_serve_(struct cgdt_pool *pool,
                                                                  uint32_t page, uint32_t taken)
{
    const uint32_t slots = cgdt_pool_slots_of_(pool, page);
    const uint32_t first = cgdt_pool_first_of_(pool, page);

    cgdt_page_serve_(&pool->pages, page);
    pool->served_slots += slots;
    cgdt_slotmap_cover_(&pool->map, first + slots - 1);
    if (taken < slots)
        cgdt_slotmap_publish_bits_(&pool->map, first + taken, ~0ull >> (64u - (slots - taken)));
}

CGDT_SELDOM_ bool cgdt_pool_retire_(struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t slots = cgdt_pool_slots_of_(pool, page);

    if (!cgdt_slotmap_retire_(&pool->map, cgdt_pool_first_of_(pool, page), slots))
        return false;
    cgdt_page_hold_(&pool->pages, page);
    pool->served_slots -= slots;
    return true;
}

uint32_t cgdt_pool_behind_(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_pool_layout_(pool)->mode == CGDT_MODE_NATIVE
               ? page + 1
               : cgdt_page_window_end_(&pool->pages, page);
}

bool cgdt_pool_is_below_another_(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_pool_layout_(pool)->mode == CGDT_MODE_PAGED &&
           page + 1 < cgdt_page_window_end_(&pool->pages, page) &&
           cgdt_page_view_(&pool->pages, page + 1) != NULL;
}

static bool port_is_complete(const struct cgdt_port *port, bool serialized)
{
    if (port->map == NULL || port->seal == NULL || port->unseal == NULL || port->unmap == NULL ||
        port->frame == NULL ||
        (port->live_write == NULL && port->writable == NULL && !port->direct))
        return false;
    return serialized || (port->lock != NULL && port->unlock != NULL);
}

/* A hypervisor sets accessed bits through a mapping of its own. */
static CGDT_INLINE_UNLESS_SMALL_ bool is_read_only(const struct given *given)
{
    return !given->config.profile->xen &&
           (given->config.alias_bytes != 0 || given->port.seal_read_only);
}

/*
 * 0: all of it is in its stored form, so that nobody has to look at it again; 1: not all; or why it
 * is none.
 */
static int check_template(const struct given *given)
{
    const struct cgdt_config *config = &given->config;
    const struct table table = {.entries = config->template_entries,
                                .null_entry = !config->layout.common,
                                .read_only = is_read_only(given)};
    const struct cgdt_batch batch = {.profile = config->profile,
                                     .values = config->template_descs,
                                     .count = (uint16_t)config->template_entries};
    int error;

    if (config->template_entries > config->layout.slot_entries ||
        cgdt_accept_range_(&table, 0, config->template_entries, config->template_descs) != 0)
        return -CGDT_EINVAL;
    error = cgdt_accept_(&batch, &table, NULL);
    return error == -CGDT_ERANGE ? -CGDT_EILSEQ : error;
}

/* Atomic stores, so that no compiler turns the loops into calls of memcpy() and memset(). */
CGDT_SELDOM_ int cgdt_pool_take_struct_(void *to, size_t bytes, const void *from, size_t from_bytes)
{
    const any_word *words = from;
    any_word *place = to;
    const size_t ours = bytes / sizeof(*place);
    const size_t theirs = from_bytes / sizeof(*place);

    if (from_bytes % sizeof(*place) != 0)
        return -CGDT_EINVAL;
    for (size_t i = 0; i < ours; i++)
        cgdt_store_pointer_release_(&place[i], i < theirs ? words[i] : 0);
    for (size_t i = ours; i < theirs; i++) {
        if (words[i] != 0)
            return -CGDT_E2BIG;
    }
    return 0;
}

CGDT_SELDOM_ static int take_given(struct given *given, const struct cgdt_config *config)
{
    int error;

    if (config == NULL || config->struct_bytes < CONFIG_BYTES_0_2 || config->port == NULL ||
        config->port->struct_bytes < PORT_BYTES_0_2)
        return -CGDT_EINVAL;
    error = cgdt_pool_take_struct_(&given->port, sizeof(given->port), config->port,
                                   config->port->struct_bytes);
    if (error == 0)
        error = cgdt_pool_take_struct_(&given->config, sizeof(given->config), config,
                                       config->struct_bytes);
    return error;
}

/* As check_template(). */
CGDT_SELDOM_ static int check_given(const struct given *given)
{
    const struct cgdt_config *config = &given->config;

    if (cgdt_layout_check(&config->layout) != 0 || config->profile == NULL ||
        (config->layout.mode == CGDT_MODE_NATIVE && config->profile->xen) || config->max_cpus < 1 ||
        config->max_cpus > CGDT_MAX_SLOTS || !port_is_complete(&given->port, config->serialized))
        return -CGDT_EINVAL;
    return check_template(given);
}

size_t cgdt_pool_bytes_of_(const struct cgdt_config *config)
{
    return sizeof(struct cgdt_pool) + cgdt_slotmap_bytes_(config->max_cpus) +
           (pages_of(config) + 1) * sizeof(uintptr_t) + config->max_cpus * sizeof(uint32_t);
}

size_t cgdt_pool_bytes(const struct cgdt_config *config)
{
    struct given given;

    return take_given(&given, config) == 0 && check_given(&given) >= 0
               ? cgdt_pool_bytes_of_(&given.config)
               : 0;
}

#ifdef __OPTIMIZE_SIZE__
#define set_store_bias(pool) ((void)0)
#else

/* See cgdt_slot_writable_(). Without a stored template: a tag, so that all is done slowly. */
static void set_store_bias(struct cgdt_pool *pool)
{
    const uintptr_t alias = (uintptr_t)pool->given.config.alias_bytes;

    if (!pool->template_stored)
        pool->store_bias = CGDT_PAGE_HELD_;
    else if (pool->direct)
        pool->store_bias = alias - CGDT_PAGE_SEALED_;
}

#endif

/* What follows `given`: all of it zero at first. Atomic stores, as in cgdt_pool_take_struct_(). */
CGDT_SELDOM_ static void lay_out(struct cgdt_pool *pool, bool template_stored)
{
    const struct cgdt_config *config = &pool->given.config;
    const size_t bytes = cgdt_pool_bytes_of_(config);
    uint32_t *words = (uint32_t *)(void *)pool;
    uint8_t *next = (uint8_t *)(pool + 1);

    for (size_t i = sizeof(pool->given) / sizeof(*words); i < bytes / sizeof(*words); i++)
        cgdt_store32_relaxed_(&words[i], 0);
    cgdt_slotmap_init_(&pool->map, next, config->max_cpus, config->serialized);
    next += cgdt_slotmap_bytes_(config->max_cpus);
    pool->pages.port = &pool->given.port;
    pool->pages.ctx = config->port_ctx;
    pool->pages.words = (uintptr_t *)(void *)next;
    pool->pages.count = pages_of(config);
    pool->pages.window_pages = config->layout.window_pages;
    pool->directory = (uint32_t *)(void *)(pool->pages.words + pool->pages.count + 1);
    pool->color_shift = (uint8_t)__builtin_ctz(cgdt_colors(&config->layout));
    pool->clear_entries = (config->template_entries + 7u) & ~7u; /* whole groups */
    pool->template_stored = template_stored;
    pool->read_only = is_read_only(&pool->given);
    pool->direct = pool->given.port.direct;
    set_store_bias(pool);
}

CGDT_SELDOM_ int cgdt_pool_init(struct cgdt_pool **pool, void *memory, size_t bytes,
                                const struct cgdt_config *config)
{
    struct given given;
    int error = take_given(&given, config);

    if (error == 0)
        error = check_given(&given);
    if (error < 0)
        return error;
    if (pool == NULL || memory == NULL || (uintptr_t)memory % CGDT_POOL_ALIGN != 0 ||
        bytes < cgdt_pool_bytes_of_(&given.config))
        return -CGDT_EINVAL;
    struct cgdt_pool *made = memory;
    (void)cgdt_pool_take_struct_(&made->given, sizeof(given), &given, sizeof(given));
    made->given.config.port = &made->given.port;
    lay_out(made, error == 0);
    if (given.config.layout.common) {
        cgdt_pool_lock_(made); /* rule 4 of port.h, though nobody else can be here */
        error = cgdt_page_map_(&made->pages, CGDT_COMMON_PAGE);
        cgdt_pool_unlock_(made);
        if (error < 0)
            return error;
    }
    *pool = made;
    return 0;
}

const struct cgdt_layout *cgdt_pool_layout(const struct cgdt_pool *pool)
{
    return cgdt_pool_layout_(pool);
}

/* Seal every mapped page up to the first that the port refuses (and return its code), or unseal. */
CGDT_SELDOM_ static int reseal_all(struct cgdt_pool *pool, bool seal)
{
    int error = 0;

    for (uint32_t page = CGDT_COMMON_PAGE; error >= 0 && page != pool->pages.count;
         page = cgdt_page_next_(page, 0)) {
        if (cgdt_page_view_(&pool->pages, page) == NULL)
            continue;
        if (seal)
            error = cgdt_page_seal_(&pool->pages, page);
        else
            (void)cgdt_page_unseal_(&pool->pages, page);
    }
    return error;
}

/* All are sealed, or none. */
static int seal_all(struct cgdt_pool *pool)
{
    const int error = reseal_all(pool, true);

    if (error >= 0)
        return 0;
    (void)reseal_all(pool, false);
    return error;
}

CGDT_SELDOM_ int cgdt_seal(struct cgdt_pool *pool)
{
    int error = 0;

    cgdt_pool_lock_(pool);
    if (!pool->live)
        error = seal_all(pool);
    if (error == 0)
        pool->live = true;
    cgdt_pool_unlock_(pool);
    return error;
}
