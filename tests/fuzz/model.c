/* SPDX-License-Identifier: MIT */
/* The plain pool; see model.h. */
#include "model.h"
#include "reference.h"

#include <string.h>

static bool is_high_half(const struct cgdt_profile *profile, const uint64_t *table, uint32_t entry)
{
    return reference_is_native64(profile) && entry > 0 && reference_begins_pair(table, entry - 1);
}

static int template_verdict(const struct cgdt_config *config)
{
    const uint64_t *descs = config->template_descs;
    const uint32_t n = config->template_entries;
    uint64_t table[512] = {0};

    if (n > config->layout.slot_entries || (n > 0 && !descs))
        return -CGDT_EINVAL;
    for (uint32_t entry = 0; entry < n; entry++) {
        (void)reference_descriptor(config->profile, descs[entry], &table[entry]);
        if (!is_high_half(config->profile, table, entry) &&
            !reference_kept(config->profile, descs[entry]))
            return -CGDT_EILSEQ;
    }
    const uint32_t rules = config->layout.common ? 0 : CGDT_RULE_NULL_ENTRY;
    uint32_t bad;
    return reference_slot(config->profile, rules, table, n, &bad) ? -CGDT_EILSEQ : 0;
}

int model_config(const struct cgdt_config *config)
{
    if (!reference_layout_is_valid(&config->layout) || config->profile == NULL ||
        (config->layout.mode == CGDT_MODE_NATIVE && !reference_is_native64(config->profile) &&
         config->profile != CGDT_PROFILE_NATIVE32) ||
        config->max_cpus == 0 || config->max_cpus > 1u << 24)
        return -CGDT_EINVAL;
    return template_verdict(config);
}

void model_open(struct model *model, const struct cgdt_config *config)
{
    memset(model, 0, sizeof(*model));
    model->config = *config;
    model->slots = config->max_cpus;
    model->colors = 512u / config->layout.slot_entries;
    model->pages = (model->slots + model->colors - 1) / model->colors;
    model->windows = (model->pages + config->layout.window_pages - 1) / config->layout.window_pages;
}

uint32_t model_handle(const struct model *model, uint32_t slot)
{
    return (slot + 1) | (uint32_t)model->generation[slot] << 26;
}

int model_lookup(const struct model *model, uint32_t handle, uint32_t *slot)
{
    const uint32_t place = handle % 0x02000000u;

    if (place == 0 || place > model->slots)
        return -CGDT_ENOENT;
    *slot = place - 1;
    if (handle != model_handle(model, *slot))
        return -CGDT_ESTALE;
    return model->owned[*slot] && !model->cached[*slot] ? 0 : -CGDT_ENOENT;
}

int model_release(const struct model *model, uint32_t handle, uint32_t *slot)
{
    const int wanted = model_lookup(model, handle, slot);

    for (uint32_t cpu = 0; wanted == 0 && cpu < model->slots; cpu++)
        if (model->directory[cpu] == handle)
            return -CGDT_EBUSY;
    return wanted;
}

bool model_plan(const struct model *model, uint32_t n, uint32_t *slots)
{
    uint32_t found = 0;

    /* First what is in service, then what is not. */
    for (int service = 1; service >= 0; service--)
        for (uint32_t slot = 0; slot < model->slots && found < n; slot++)
            if (model->serving[slot / model->colors] == (service == 1) && !model->owned[slot])
                slots[found++] = slot;
    return found == n;
}

/* The lowest slot of a page that nobody owns; MODEL_MAX_SLOTS: it is not to be had. */
static uint32_t free_on(const struct model *model, uint32_t page, bool serving, bool alone)
{
    uint32_t lowest = MODEL_MAX_SLOTS;

    for (uint32_t slot = model->slots; slot-- > 0;) {
        if (slot / model->colors != page)
            continue;
        if (model->owned[slot] && alone)
            return MODEL_MAX_SLOTS;
        if (!model->owned[slot])
            lowest = slot;
    }
    return model->serving[page] == serving ? lowest : MODEL_MAX_SLOTS;
}

bool model_near(const struct model *model, uint32_t n, const uint32_t *handles, uint32_t *slot)
{
    uint32_t from = MODEL_MAX_PAGES;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t place = handles[i] & 0x01ffffffu;

        if (place == 0 || place > model->slots)
            continue;
        const uint32_t page = (place - 1) / model->colors;
        if (from == MODEL_MAX_PAGES)
            from = page - page % model->config.layout.window_pages;
        if (model_lookup(model, handles[i], slot) == 0 &&
            (*slot = free_on(model, page, true, false)) != MODEL_MAX_SLOTS)
            return true;
    }
    /* To itself, then a new one, then any. */
    for (uint32_t i = 0; i < 3 * model->pages; i++) {
        const uint32_t round = i / model->pages;
        const uint32_t first = round == 1 || from == MODEL_MAX_PAGES ? 0 : from;

        *slot = free_on(model, (first + i) % model->pages, round != 1, round == 0);
        if (*slot != MODEL_MAX_SLOTS)
            return true;
    }
    return false;
}

uint64_t *model_slot(struct model *model, uint32_t slot)
{
    const uint32_t entries = model->config.layout.slot_entries;

    return &model->image[slot / model->colors][slot % model->colors * entries];
}

static void lay_template(const struct model *model, uint64_t *table)
{
    const uint64_t *descs = model->config.template_descs;

    for (uint32_t entry = 0; entry < model->config.template_entries; entry++)
        (void)reference_descriptor(model->config.profile, descs[entry], &table[entry]);
}

void model_take(struct model *model, uint32_t n, const uint32_t *slots)
{
    for (uint32_t i = 0; i < n; i++) {
        model->owned[slots[i]] = true;
        model->serving[slots[i] / model->colors] = true;
        lay_template(model, model_slot(model, slots[i]));
    }
}

void model_free(struct model *model, uint32_t slot)
{
    model->owned[slot] = false;
    model->generation[slot] = (uint8_t)((model->generation[slot] + 1) % 64);
    memset(model_slot(model, slot), 0, model->config.layout.slot_entries * 8u);
}

static uint32_t count_free(const struct model *model)
{
    uint32_t n = 0;

    for (uint32_t slot = 0; slot < model->slots; slot++)
        n += model->serving[slot / model->colors] && !model->owned[slot];
    return n;
}

/* Slots on pages in service. */
static uint32_t count_served(const struct model *model)
{
    uint32_t n = 0;

    for (uint32_t slot = 0; slot < model->slots; slot++)
        n += model->serving[slot / model->colors];
    return n;
}

bool model_reserve(struct model *model, uint32_t n)
{
    if (n > model->slots)
        return false;
    for (uint32_t page = 0; page < model->pages && count_served(model) < n; page++)
        model->serving[page] = true;
    model->reserved = n;
    return true;
}

static bool window_has(const bool *flags, const struct model *model, uint32_t window)
{
    const uint32_t size = model->config.layout.window_pages;

    for (uint32_t page = window * size; page < model->pages && page < (window + 1) * size; page++)
        if (flags[page])
            return true;
    return false;
}

/*
 * Whether a page can be spared: nobody lives there or above it in its window, and enough is left
 * without it.
 */
static bool can_go(struct model *model, uint32_t page)
{
    const uint32_t size = model->config.layout.window_pages;
    uint32_t pages = 0;

    for (uint32_t slot = 0; slot < model->slots; slot++)
        if (slot / model->colors == page && model->owned[slot])
            return false;
    if (model->config.layout.mode == CGDT_MODE_PAGED && (page + 1) % size != 0 &&
        page + 1 < model->pages && model->serving[page + 1])
        return false;
    for (uint32_t other = 0; other < model->pages; other++)
        pages += model->serving[other];
    model->serving[page] = false;
    const bool enough = pages > model->config.keep_pages && count_served(model) >= model->reserved;
    model->serving[page] = true;
    return enough;
}

int model_trim(struct model *model, uint32_t stuck)
{
    int given = 0;

    for (uint32_t page = model->pages; page-- > 0;) {
        if (!model->serving[page] || page == stuck || !can_go(model, page))
            continue;
        model->serving[page] = false;
        given++;
    }
    return given;
}

/* `same`: what is there already is judged, too. */
static int write_judged(const struct model *model, uint64_t *table, uint32_t entries,
                        bool null_entry, uint32_t first, uint32_t n, const uint64_t *descs,
                        bool same)
{
    const struct cgdt_profile *profile = model->config.profile;
    uint64_t after[512];
    uint32_t bad;

    if ((uint64_t)first + n > entries)
        return -CGDT_ERANGE;
    if (n == 0)
        return 0;
    if (descs == NULL || (uintptr_t)descs % 8 != 0)
        return -CGDT_EINVAL;
    if (null_entry && first == 0 && descs[0] != 0)
        return -CGDT_ERANGE;
    memcpy(after, table, entries * sizeof(*after));
    for (uint32_t i = 0; i < n; i++) {
        (void)reference_descriptor(profile, descs[i], &after[first + i]);
        if (!is_high_half(profile, after, first + i) && !reference_kept(profile, descs[i]))
            return -CGDT_EILSEQ;
    }
    if (reference_is_native64(profile) &&
        (same || memcmp(after, table, entries * sizeof(*after)) != 0) &&
        (reference_slot(profile, 0, after, entries, &bad) != CGDT_FINE ||
         reference_begins_pair(after, first + n - 1)))
        return -CGDT_EILSEQ;
    memcpy(table, after, entries * sizeof(*after));
    return 0;
}

int model_write(const struct model *model, uint64_t *table, uint32_t entries, bool null_entry,
                uint32_t first, uint32_t n, const uint64_t *descs)
{
    return write_judged(model, table, entries, null_entry, first, n, descs, false);
}

int model_with(const struct model *model, uint64_t *table, uint32_t first, uint32_t n,
               const uint64_t *descs)
{
    const uint32_t entries = model->config.layout.slot_entries;

    memset(table, 0, entries * sizeof(*table));
    lay_template(model, table);
    return write_judged(model, table, entries, !model->config.layout.common, first, n, descs, true);
}

uint64_t model_owned(const struct model *model, uint32_t page)
{
    uint64_t bits = 0;

    for (uint32_t color = 0; color < model->colors; color++)
        if (page * model->colors + color < model->slots &&
            model->owned[page * model->colors + color])
            bits |= 1ull << color;
    return bits;
}

void model_stats(const struct model *model, struct cgdt_pool_stats *stats)
{
    *stats = (struct cgdt_pool_stats){.max_slots = model->slots,
                                      .common_pages = model->config.layout.common,
                                      .reserved_slots = model->reserved,
                                      .free_slots = count_free(model)};
    for (uint32_t page = 0; page < model->pages; page++) {
        stats->mapped_pages += model->serving[page];
        stats->held_pages += model->mapped[page] && !model->serving[page];
    }
    for (uint32_t window = 0; window < model->windows; window++)
        stats->mapped_windows += window_has(model->serving, model, window);
    for (uint32_t slot = 0; slot < model->slots; slot++)
        stats->taken_slots += model->owned[slot];
}
