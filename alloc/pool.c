/* SPDX-License-Identifier: MIT */
/*
 * The life of a pool. The caller's memory holds
 *
 *   struct cgdt_pool | slot map: free bits, summary, owners | page words | directory
 */
#include "pool.h"

_Static_assert(sizeof(struct cgdt_pool) <= 512,
               "leaves half of the 1 KiB that cgdt_pool_bytes() promises");
_Static_assert(sizeof(struct cgdt_pool) % 8 == 0,
               "the slot map that follows must be 8-byte aligned");

static uint32_t pages_of(const struct cgdt_config *config)
{
    const uint32_t colors = cgdt_colors(&config->layout);

    return (config->max_cpus + colors - 1) / colors;
}

void cgdt_pool_lock_(const struct cgdt_pool *pool)
{
    if (!pool->config.serialized)
        pool->config.port->lock(pool->config.port_ctx);
}

void cgdt_pool_unlock_(const struct cgdt_pool *pool)
{
    if (!pool->config.serialized)
        pool->config.port->unlock(pool->config.port_ctx);
}

uint32_t cgdt_pool_rules_(const struct cgdt_pool *pool)
{
    return pool->config.layout.common ? 0u : CGDT_RULE_NULL_ENTRY;
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

static bool port_is_complete(const struct cgdt_port *port, bool serialized)
{
    if (port == NULL || port->map == NULL || port->seal == NULL || port->unseal == NULL ||
        port->unmap == NULL || port->frame == NULL || (port->live_write == NULL && !port->direct))
        return false;
    return serialized || (port->lock != NULL && port->unlock != NULL);
}

static int check_template(const struct cgdt_config *config)
{
    const uint32_t rules =
        CGDT_RULE_REWRITE_IS_OK | (config->layout.common ? 0u : CGDT_RULE_NULL_ENTRY);

    if (config->template_entries > config->layout.slot_entries ||
        (config->template_entries != 0 && config->template_descs == NULL) ||
        (uintptr_t)config->template_descs % _Alignof(cgdt_desc_t) != 0)
        return -CGDT_EINVAL;
    for (uint32_t i = 0; i < config->template_entries; i++) {
        if (!cgdt_descriptor_is_kept(config->profile, config->template_descs[i]))
            return -CGDT_EILSEQ;
    }
    if (config->template_entries != 0 &&
        cgdt_check_slot(config->profile, rules, config->template_descs, config->template_entries,
                        NULL) != CGDT_FINE)
        return -CGDT_EILSEQ;
    return 0;
}

/* Whether the template is in the form that the profile keeps, so that nobody has to look at it again. */
static bool template_is_kept(const struct cgdt_config *config)
{
    cgdt_desc_t stored;

    for (uint32_t i = 0; i < config->template_entries; i++) {
        (void)cgdt_check_descriptor(config->profile, config->template_descs[i], &stored);
        if (stored != config->template_descs[i])
            return false;
    }
    return true;
}

CGDT_SELDOM_ static int check_config(const struct cgdt_config *config)
{
    if (config == NULL || cgdt_layout_check(&config->layout) != 0 ||
        (unsigned)config->profile > CGDT_NATIVE32 ||
        (config->layout.mode == CGDT_NATIVE && config->profile < CGDT_NATIVE64) ||
        config->max_cpus < 1 || config->max_cpus > CGDT_MAX_SLOTS ||
        !port_is_complete(config->port, config->serialized))
        return -CGDT_EINVAL;
    return check_template(config);
}

size_t cgdt_pool_bytes_of_(const struct cgdt_config *config)
{
    return sizeof(struct cgdt_pool) + cgdt_slotmap_bytes_(config->max_cpus) +
           pages_of(config) * sizeof(uintptr_t) + config->max_cpus * sizeof(uint32_t);
}

size_t cgdt_pool_bytes(const struct cgdt_config *config)
{
    return check_config(config) == 0 ? cgdt_pool_bytes_of_(config) : 0;
}

/* Atomic stores, so that no compiler turns the loops into calls of memset(). */
static void lay_out(struct cgdt_pool *pool, const struct cgdt_config *config)
{
    const uint32_t pages = pages_of(config);
    uint8_t *next = (uint8_t *)(pool + 1);

    pool->config = *config;
    cgdt_slotmap_init_(&pool->map, next, config->max_cpus, config->serialized);
    next += cgdt_slotmap_bytes_(config->max_cpus);
    pool->pages = (struct pages){.port = config->port,
                                     .ctx = config->port_ctx,
                                     .views = (uintptr_t *)(void *)next,
                                     .pages = pages,
                                     .window_pages = config->layout.window_pages};
    for (uint32_t page = 0; page < pages; page++)
        cgdt_store_pointer_release_(&pool->pages.views[page], 0);
    pool->directory = (uint32_t *)(void *)(next + pages * sizeof(uintptr_t));
    for (uint32_t cpu = 0; cpu < config->max_cpus; cpu++)
        cgdt_store32_relaxed_(&pool->directory[cpu], 0);
    pool->reserved_slots = 0;
    pool->color_shift = (uint8_t)__builtin_ctz(cgdt_colors(&config->layout));
    pool->entries_shift = (uint8_t)__builtin_ctz(config->layout.slot_entries);
    pool->template_kept = template_is_kept(config);
    pool->direct = config->port->direct;
    pool->live = false;
}

CGDT_SELDOM_ int cgdt_pool_init(struct cgdt_pool **pool, void *memory, size_t bytes,
                                const struct cgdt_config *config)
{
    const int invalid = check_config(config);

    if (invalid != 0)
        return invalid;
    if (pool == NULL || memory == NULL || (uintptr_t)memory % CGDT_POOL_ALIGN != 0 ||
        bytes < cgdt_pool_bytes_of_(config))
        return -CGDT_EINVAL;
    struct cgdt_pool *made = memory;
    lay_out(made, config);
    if (config->layout.common) {
        cgdt_pool_lock_(made); /* rule 4 of port.h, though nobody else can be here */
        const int error = cgdt_page_map_(&made->pages, CGDT_COMMON_PAGE);
        cgdt_pool_unlock_(made);
        if (error < 0)
            return error;
    }
    *pool = made;
    return 0;
}

const struct cgdt_layout *cgdt_pool_layout(const struct cgdt_pool *pool)
{
    return &pool->config.layout;
}

/* Pages in a walk over all of them: the common page last, so that every index is the page's own. */
static uint32_t nth_page(const struct cgdt_pool *pool, uint32_t n)
{
    return n == pool->pages.count ? CGDT_COMMON_PAGE : n;
}

static bool is_mapped(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_page_state_(&pool->pages, page).view != NULL;
}

/* Seal every mapped page; all or none. */
static int seal_all(struct cgdt_pool *pool)
{
    uint32_t done = 0;
    int error = 0;

    for (; done <= pool->pages.count && error >= 0; done++) {
        if (is_mapped(pool, nth_page(pool, done)))
            error = cgdt_page_seal_(&pool->pages, nth_page(pool, done));
    }
    if (error >= 0)
        return 0;
    while (done-- > 0) {
        if (is_mapped(pool, nth_page(pool, done)))
            (void)cgdt_page_unseal_(&pool->pages, nth_page(pool, done));
    }
    return error;
}

CGDT_SELDOM_ int cgdt_seal(struct cgdt_pool *pool)
{
    cgdt_pool_lock_(pool);
    const int error = pool->live ? 0 : seal_all(pool);
    if (error == 0)
        pool->live = true;
    cgdt_pool_unlock_(pool);
    return error;
}

int cgdt_pool_destroy(struct cgdt_pool *pool)
{
    cgdt_pool_lock_(pool);
    const int error = cgdt_grow_leave_(pool);
    cgdt_pool_unlock_(pool);
    return error;
}
