/* SPDX-License-Identifier: MIT */
/* Looking only: check, stats, page_taken, describe. */
#include "cgdt/inspect.h"
#include "pool.h"
#include "format.h"

/*
 * How far back cgdt_check() looks for a frame that is in the pool twice: all pairs of a pool of
 * 16,384 CPUs in 16 colors, and a bounded cost per page beyond that. A port that repeats itself
 * does so close by.
 */
#define TWICE_REACH_PAGES 1024u

static void locate(const struct cgdt_pool *pool, uint32_t page, struct cgdt_violation *violation)
{
    violation->window = page == CGDT_COMMON_PAGE ? 0 : page / pool->pages.window_pages;
    violation->position =
        page == CGDT_COMMON_PAGE ? CGDT_COMMON_POSITION : page % pool->pages.window_pages;
}

static int report(const struct cgdt_pool *pool, uint32_t page, enum cgdt_reason reason,
                  struct cgdt_violation *violation)
{
    *violation = (struct cgdt_violation){.reason = reason, .effect = cgdt_reason_effect(reason)};
    locate(pool, page, violation);
    return 1;
}

/* Rules that hold for every slot of the pool. */
static uint32_t rules_of(const struct cgdt_pool *pool)
{
    return (cgdt_pool_layout_(pool)->common ? 0u : CGDT_RULE_NULL_ENTRY) |
           (pool->read_only ? CGDT_RULE_READ_ONLY_ALIAS : 0u);
}

/* Returns 1 if the common page or another page in reach has the same frame. */
static int check_frame(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
                       struct cgdt_violation *violation)
{
    const struct cgdt_port *port = &pool->given.port;
    cgdt_frame_t frame = 0;
    cgdt_frame_t other = 0;
    int error = port->frame(pool->given.config.port_ctx, page, state->view, &frame);

    for (uint32_t back = 0; error >= 0 && back <= TWICE_REACH_PAGES && back <= page; back++) {
        const uint32_t earlier = back == 0 ? CGDT_COMMON_PAGE : page - back;
        const cgdt_desc_t *view = cgdt_page_view_(&pool->pages, earlier);

        if (view == NULL)
            continue;
        error = port->frame(pool->given.config.port_ctx, earlier, view, &other);
        if (error >= 0 && other == frame)
            return report(pool, page, CGDT_FRAME_TWICE, violation);
    }
    return error < 0 ? error : 0;
}

static int check_one(const struct cgdt_pool *pool, uint32_t page, struct cgdt_violation *violation)
{
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    if (state.view == NULL)
        return 0;
    if (page == CGDT_COMMON_PAGE) {
        if (cgdt_check_page(pool->given.config.profile, CGDT_RULE_NULL_ENTRY, state.view,
                            CGDT_PAGE_ENTRIES, ~0ull, violation) == CGDT_FINE)
            return 0;
    } else {
        const uint64_t owned = state.held ? 0 : cgdt_pool_taken_bits_(pool, page);
        const int twice = check_frame(pool, page, &state, violation);

        if (twice != 0)
            return twice;
        if (cgdt_check_page(pool->given.config.profile, rules_of(pool), state.view,
                            pool->given.config.layout.slot_entries, owned, violation) == CGDT_FINE)
            return 0;
    }
    locate(pool, page, violation);
    return 1;
}

static int check_pages(struct cgdt_pool *pool, uint32_t first, uint32_t end,
                       struct cgdt_violation *violation)
{
    struct cgdt_violation unwanted;
    struct cgdt_violation *to = violation != NULL ? violation : &unwanted;

    cgdt_pool_lock_(pool);
    int result = check_one(pool, CGDT_COMMON_PAGE, to);
    for (uint32_t page = first; page < end && result == 0; page++)
        result = check_one(pool, page, to);
    cgdt_pool_unlock_(pool);
    return result;
}

int cgdt_check(struct cgdt_pool *pool, struct cgdt_violation *violation)
{
    return check_pages(pool, 0, pool->pages.count, violation);
}

int cgdt_check_window(struct cgdt_pool *pool, uint32_t window, struct cgdt_violation *violation)
{
    const uint32_t per_window = pool->pages.window_pages;
    const uint32_t windows = (pool->pages.count + per_window - 1) / per_window;

    if (window >= windows)
        return -CGDT_EINVAL;
    const uint32_t end = (window + 1) * per_window;
    return check_pages(pool, window * per_window, end < pool->pages.count ? end : pool->pages.count,
                       violation);
}

static void count_pages(const struct cgdt_pool *pool, struct cgdt_pool_stats *stats)
{
    uint32_t last_window = 0; /* + 1; 0: none yet */

    for (uint32_t page = 0; page < pool->pages.count; page++) {
        const struct page_state state = cgdt_page_state_(&pool->pages, page);

        if (state.view != NULL && state.held)
            stats->held_pages++;
        if (!cgdt_page_serves_(&state))
            continue;
        const uint32_t window = page / pool->pages.window_pages + 1;
        stats->mapped_windows += window != last_window ? 1u : 0u;
        last_window = window;
        stats->mapped_pages++;
        stats->sealed_pages += state.sealed ? 1u : 0u;
        const uint32_t taken = cgdt_count_bits_(cgdt_pool_taken_bits_(pool, page));
        stats->taken_slots += taken;
        stats->free_slots += cgdt_pool_slots_of_(pool, page) - taken;
    }
}

void cgdt_stats(const struct cgdt_pool *pool, struct cgdt_pool_stats *stats, size_t bytes)
{
    struct cgdt_pool_stats counted = {
        .max_slots = pool->map.slots,
        .common_pages = cgdt_pool_layout_(pool)->common ? 1u : 0u,
        .reserved_slots = cgdt_load32_relaxed_(&pool->reserved_slots),
        .bookkeeping_bytes = cgdt_pool_bytes_of_(&pool->given.config),
    };

    count_pages(pool, &counted);
    (void)cgdt_pool_take_struct_(stats, bytes, &counted, sizeof(counted));
}

int cgdt_page_taken(const struct cgdt_pool *pool, uint32_t page, uint64_t *taken)
{
    if (page >= pool->pages.count || taken == NULL)
        return -CGDT_EINVAL;
    const struct page_state state = cgdt_page_state_(&pool->pages, page);
    *taken = cgdt_page_serves_(&state) ? cgdt_pool_taken_bits_(pool, page) : 0;
    return cgdt_page_serves_(&state) ? 1 : 0;
}

static void describe_descriptor(struct text *text, uint32_t entry, cgdt_desc_t desc)
{
    struct cgdt_desc_fields fields;

    cgdt_desc_decode(desc, &fields);
    const uint64_t values[] = {entry,     desc, fields.type, fields.base, fields.last_offset,
                               fields.dpl};
    cgdt_format_put_(text, "    entry #: 0x&", values);
    cgdt_format_put_(text, fields.segment ? (fields.type & 8u) != 0 ? " code" : " data" : " system",
                     NULL);
    cgdt_format_put_(text, " type # base 0x$ last 0x$ dpl #", values + 2);
    cgdt_format_put_(text, fields.present ? " present" : " absent", NULL);
    cgdt_format_put_(text, fields.long_mode ? " long\n" : "\n", NULL);
}

static void describe_page(const struct cgdt_pool *pool, uint32_t page,
                          const struct page_state *state, struct text *text)
{
    const uint32_t entries = pool->given.config.layout.slot_entries;
    const uint64_t owned = cgdt_pool_taken_bits_(pool, page);

    const uint64_t place[] = {page / pool->pages.window_pages, page % pool->pages.window_pages};
    cgdt_format_put_(text, state->sealed ? "window # page # sealed\n" : "window # page # private\n",
                     place);
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
        const uint64_t color = entry / entries;
        const bool is_owned = (owned >> color & 1u) != 0;
        const cgdt_desc_t desc = cgdt_load_descriptor_(&state->view[entry]);

        if (entry % entries == 0 && is_owned)
            cgdt_format_put_(text, "  color #\n", &color);
        if (desc == 0)
            continue;
        if (!is_owned)
            cgdt_format_put_(text, "  UNOWNED", NULL);
        describe_descriptor(text, entry % entries, desc);
    }
}

int cgdt_describe(struct cgdt_pool *pool, uint32_t page, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};

    if (page >= pool->pages.count || (buffer == NULL && size != 0))
        return -CGDT_EINVAL;
    cgdt_pool_lock_(pool);
    const struct page_state state = cgdt_page_state_(&pool->pages, page);
    if (state.view != NULL)
        describe_page(pool, page, &state, &text);
    cgdt_pool_unlock_(pool);
    return state.view != NULL ? (int)text.length : -CGDT_EINVAL;
}
