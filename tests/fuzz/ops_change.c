/* SPDX-License-Identifier: MIT */
/* Calls that change a pool; see ops.h. */
#include "ops.h"

int plan(const struct run *run, uint32_t n, uint32_t *slots)
{
    return n <= run->model.slots && model_plan(&run->model, n, slots) ? 0 : -CGDT_ENOSPC;
}

/*
 * After a failed bulk: nothing, but for slots on pages in service that the port refused to clean.
 */
static void adopt_leftovers(struct run *run, uint32_t n, const cgdt_slot_t *slots)
{
    for (uint32_t i = 0; i < n; i++) {
        if (slots[i] == CGDT_NO_SLOT)
            continue;
        const uint32_t slot = (slots[i] & 0x01ffffffu) - 1;
        MUST(run->port.fired > 1, "%u is left over", slot);
        MUST(slot < run->model.slots && slots[i] == model_handle(&run->model, slot) &&
                 run->model.serving[slot / run->model.colors] && !run->model.owned[slot],
             "%x is left over", slots[i]);
        model_take(&run->model, 1, &slot);
    }
}

void take_given(struct run *run, uint32_t n, const cgdt_slot_t *slots, uint32_t *planned)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t slot = (slots[i] & 0x01ffffffu) - 1;

        MUST(slot < run->model.slots && slots[i] == model_handle(&run->model, slot) &&
                 !run->model.owned[slot],
             "%x is given", slots[i]);
        MUST(slot == planned[i] || run->port.fired > 0, "%x, not slot %u", slots[i], planned[i]);
        model_take(&run->model, 1, &slot);
    }
    if (run->port.fired > 0)
        learn_serving(run);
}

static void alloc(struct run *run, uint32_t n)
{
    cgdt_slot_t slots[MODEL_MAX_SLOTS + 72];
    uint32_t planned[MODEL_MAX_SLOTS];

    if (n > COUNT_OF(slots))
        n = COUNT_OF(slots);
    for (uint32_t i = 0; i < n; i++)
        slots[i] = 99;
    const int wanted = plan(run, n, planned);
    const int result = n == 1 ? cgdt_alloc(run->pool, slots) : cgdt_alloc_bulk(run->pool, n, slots);
    if (!is_as_wanted_growing(run, result, wanted)) {
        adopt_leftovers(run, n, slots);
        return;
    }
    take_given(run, n, slots, planned);
}

void op_alloc(struct run *run)
{
    alloc(run, 1);
}

/* It has grown twice if it found no slot to share: what it says is what the port said then. */
bool is_near_as_wanted(const struct run *run, int result, int wanted)
{
    if (run->port.fired > 1 && result == -CGDT_EPROTO)
        return false;
    return is_as_wanted_growing(run, result, wanted);
}

void op_near(struct run *run)
{
    const uint32_t n = take8(run->input) % (NEAR_MAX + 1u);
    cgdt_slot_t near[NEAR_MAX], slot = 99;
    uint32_t planned = 0;

    for (uint32_t i = 0; i < n; i++)
        near[i] = take_handle(run);
    const int wanted = model_near(&run->model, n, near, &planned) ? 0 : -CGDT_ENOSPC;
    const int result = cgdt_alloc_near(run->pool, n, near, &slot);
    if (is_near_as_wanted(run, result, wanted))
        take_given(run, 1, &slot, &planned);
    else
        MUST(slot == CGDT_NO_SLOT, "%x on failure", slot);
    MUST(cgdt_alloc_near(run->pool, n, near, NULL) == -CGDT_EINVAL, "near, to nowhere");
    MUST(cgdt_alloc_near(run->pool, n + 1, NULL, &slot) == -CGDT_EINVAL, "near nothing");
}

void op_bulk(struct run *run)
{
    alloc(run, take_count(run->input));
    MUST(cgdt_alloc(run->pool, NULL) == -CGDT_EINVAL, "alloc to nowhere");
    MUST(cgdt_alloc_bulk(run->pool, 2, NULL) == -CGDT_EINVAL, "bulk to nowhere");
    cgdt_slot_t slot = 99;
    MUST(cgdt_alloc_bulk(run->pool, CGDT_MAX_SLOTS + 1, &slot) == -CGDT_EINVAL && slot == 99,
         "bulk of more than there can be");
}

/*
 * What a bulk free of these says, whose slots go to `numbers`. It takes them one after the other.
 */
static int lookup_all(const struct model *model, uint32_t n, const cgdt_slot_t *slots,
                      uint32_t *numbers)
{
    for (uint32_t i = 0; i < n; i++) {
        /* Taken already: its next owner's handle names nobody's slot, any other is stale. */
        for (uint32_t before = 0; before < i; before++)
            if (numbers[before] + 1 == (slots[i] & 0x03ffffffu))
                return slots[i] == slots[before] + (1u << 26) ? -CGDT_ENOENT : -CGDT_ESTALE;
        const int wanted = model_release(model, slots[i], &numbers[i]);
        if (wanted != 0)
            return wanted;
    }
    return 0;
}

void op_free_bulk(struct run *run)
{
    const uint8_t how = take8(run->input);
    const uint32_t n = how % 24u;
    cgdt_slot_t slots[24];
    uint32_t numbers[24] = {0};

    for (uint32_t i = 0; i < n; i++)
        slots[i] =
            i == 0 || how < 128
                ? take_handle(run)
                : model_handle(&run->model, cgdt_slot_number(slots[0] + i) % run->model.slots);
    const int wanted = lookup_all(&run->model, n, slots, numbers);
    const int result = cgdt_free_bulk(run->pool, n, slots);
    if (!is_as_wanted(run, result, wanted) && wanted != 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        MUST(slots[i] == CGDT_NO_SLOT || run->port.fired > 0, "%x stays", slots[i]);
        if (slots[i] == CGDT_NO_SLOT)
            model_free(&run->model, numbers[i]);
    }
}

void op_free(struct run *run)
{
    const uint32_t handle = take_handle(run);
    uint32_t slot = 0;
    const int wanted = model_release(&run->model, handle, &slot);

    if (is_as_wanted(run, cgdt_free(run->pool, handle), wanted))
        model_free(&run->model, slot);
}

void op_write(struct run *run)
{
    const uint32_t handle = take_handle(run);
    const uint32_t first = take_count(run->input);
    const uint32_t n = take_count(run->input);
    const struct cgdt_layout *layout = &run->model.config.layout;
    uint64_t table[512];
    uint32_t slot = 0;
    void *base;
    const uint64_t *descs = take_buffer(run->input, n, &base);
    int wanted = model_lookup(&run->model, handle, &slot);

    memcpy(table, model_slot(&run->model, slot), layout->slot_entries * 8u);
    if (wanted == 0)
        wanted =
            model_write(&run->model, table, layout->slot_entries, !layout->common, first, n, descs);
    if (is_as_wanted(run, cgdt_write(run->pool, handle, first, descs, n), wanted))
        memcpy(model_slot(&run->model, slot), table, layout->slot_entries * 8u);
    free(base);
}

void op_write_common(struct run *run)
{
    const uint32_t first = take_count(run->input) * 8u;
    const uint32_t n = take_count(run->input);
    uint64_t table[512];
    void *base;
    const uint64_t *descs = take_buffer(run->input, n, &base);
    int wanted = -CGDT_ENOTSUP;

    memcpy(table, run->model.image[MODEL_COMMON], sizeof(table));
    if (run->model.config.layout.common)
        wanted = model_write(&run->model, table, 512, true, first, n, descs);
    if (is_as_wanted(run, cgdt_write_common(run->pool, first, descs, n), wanted))
        memcpy(run->model.image[MODEL_COMMON], table, sizeof(table));
    free(base);
}

void op_reserve(struct run *run)
{
    const uint32_t n = take_count(run->input);
    struct model after = run->model;
    const int wanted = model_reserve(&after, n) ? 0 : -CGDT_ENOSPC;

    if (!is_as_wanted_growing(run, cgdt_reserve(run->pool, n), wanted))
        return;
    run->model = after;
    if (run->port.fired > 0) /* gone round what the port refused */
        learn_serving(run);
}

static uint32_t pages_mapped(const struct run *run)
{
    uint32_t n = 0;

    for (uint32_t page = 0; page < run->model.pages; page++)
        n += run->port.state[page] != MEM_GONE;
    return n;
}

/*
 * After several failures, or with pages held back or not sealed, which pages stay is up to the
 * core, within limits: what it says is what left, nobody's page is among it, and what came into
 * service is clean (check_all() looks).
 */
bool has_held(const struct run *run)
{
    for (uint32_t page = 0; page < run->model.pages; page++) {
        if (run->model.mapped[page] && !run->model.serving[page])
            return true;
    }
    return false;
}

void learn_serving(struct run *run)
{
    for (uint32_t page = 0; page < run->model.pages; page++) {
        uint64_t owned;
        run->model.serving[page] = cgdt_page_taken(run->pool, page, &owned) == 1;
        MUST(run->model.serving[page] || model_owned(&run->model, page) == 0, "page %u", page);
    }
}

static uint32_t pages_in_service(const struct run *run)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(run->pool, &stats, sizeof(stats));
    return stats.mapped_pages;
}

void op_trim(struct run *run)
{
    const uint32_t served = pages_in_service(run);
    const uint32_t before = pages_mapped(run);
    const uint32_t keep = run->model.config.keep_pages;
    const bool held = has_held(run);
    const int result = cgdt_trim(run->pool);
    const uint32_t after = pages_mapped(run);

    MUST(before - after == (result > 0 ? (uint32_t)result : 0), "%d, from %u to %u", result, before,
         after);
    MUST(pages_in_service(run) >= (served < keep ? served : keep), "%u of %u pages left",
         pages_in_service(run), keep);
    MUST(result >= 0 || result == run->port.first_code, "%d", result);
    if (run->port.fired <= 1 && !held) {
        const int given = model_trim(&run->model, run->port.fired > 0 ? run->port.first_page : ~0u);
        const int wanted = given == 0 && run->port.fired > 0 ? run->port.first_code : given;
        MUST(result == wanted, "%d, not %d", result, wanted);
        return;
    }
    learn_serving(run);
}

void op_seal(struct run *run)
{
    if (is_as_wanted(run, cgdt_seal(run->pool), 0))
        run->model.live = true;
}

void op_online(struct run *run)
{
    const uint32_t cpu = take_count(run->input);
    cgdt_slot_t slot = 99;
    uint32_t planned = 0;
    int wanted = -CGDT_EINVAL;

    if (cpu < run->model.slots)
        wanted = run->model.directory[cpu] != 0 ? -CGDT_EEXIST : plan(run, 1, &planned);
    if (!is_as_wanted_growing(run, cgdt_cpu_online(run->pool, cpu, &slot), wanted)) {
        MUST(slot == 99 || slot == CGDT_NO_SLOT, "%x on failure", slot);
        return;
    }
    run->model.directory[cpu] = slot;
    take_given(run, 1, &slot, &planned);
}

void op_online_near(struct run *run)
{
    const uint32_t cpu = take_count(run->input);
    const uint32_t n = take8(run->input) % (NEAR_MAX + 1u);
    uint32_t near[NEAR_MAX], handles[NEAR_MAX], planned = 0;
    cgdt_slot_t slot = 99;
    int wanted = -CGDT_EINVAL;

    for (uint32_t i = 0; i < n; i++) {
        near[i] = take_count(run->input);
        handles[i] = near[i] < run->model.slots ? run->model.directory[near[i]] : 0;
    }
    if (cpu < run->model.slots && run->model.directory[cpu] != 0)
        wanted = -CGDT_EEXIST;
    else if (cpu < run->model.slots)
        wanted = model_near(&run->model, n, handles, &planned) ? 0 : -CGDT_ENOSPC;
    if (!is_near_as_wanted(run, cgdt_cpu_online_near(run->pool, cpu, n, near, &slot), wanted)) {
        MUST(slot == 99 || slot == CGDT_NO_SLOT, "%x on failure", slot);
        return;
    }
    run->model.directory[cpu] = slot;
    take_given(run, 1, &slot, &planned);
}

void op_offline(struct run *run)
{
    const uint32_t cpu = take_count(run->input);
    uint32_t slot = 0;
    int wanted = -CGDT_EINVAL;

    if (cpu < run->model.slots)
        wanted = run->model.directory[cpu] == 0
                     ? -CGDT_ENOENT
                     : model_lookup(&run->model, run->model.directory[cpu], &slot);
    if (is_as_wanted(run, cgdt_cpu_offline(run->pool, cpu), wanted)) {
        model_free(&run->model, slot);
        run->model.directory[cpu] = 0;
    }
}
