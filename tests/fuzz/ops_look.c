/* SPDX-License-Identifier: MIT */
/* Arguments, comparisons, and the calls that only look; see ops.h. */
#include "ops.h"

/* Descriptors worth writing; bytes above the end of the list are followed by any other one. */
uint64_t take_desc(struct input *input)
{
    static const uint64_t known[] = {
        0x00affb000000ffff,                     /* code, L, DPL 3 */
        0x00cff3000000ffff,                     /* data, flat */
        0x00af9b000000ffff,                     /* ring 0: raised */
        0x00cf93001234ffff, 0x00cfbb000000fffe, /* PV32: ring 1, nearly flat */
        0x0000ec0000100000,                     /* call gate of ring 3: moved */
        0x00008c00e0330000,                     /* into Xen's own code */
        0x0000890000001067,                     /* TSS */
        0x0000820012340fff,                     /* LDT */
        0x00000000ffff8880,                     /* a second half */
        0x00008b0000001067,                     /* busy TSS */
        0x00ef9b000000ffff,                     /* L and D */
        0x0000110000000000,                     /* a malformed second half */
    };
    const uint8_t byte = take8(input);

    if (byte % 16 == 0)
        return 0;
    return byte % 16 <= COUNT_OF(known) ? known[byte % 16 - 1] : take64(input);
}

uint32_t take_count(struct input *input)
{
    const uint8_t byte = take8(input);

    return byte < 0xf8 ? byte % 72 : byte < 0xfc ? take16(input) : take32(input);
}

uint32_t take_handle(struct run *run)
{
    const uint8_t byte = take8(run->input);

    if (byte >= 0xf0)
        return take32(run->input);
    const uint32_t handle = model_handle(&run->model, byte % 192u % run->model.slots);
    return byte < 192 ? handle : handle ^ 1u << (25 + byte % 7);
}

/* Eight descriptors at most come from the input, the rest repeats them. */
static void take_descs(struct input *input, uint64_t *descs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        descs[i] = i < 8 ? take_desc(input) : descs[i - 8];
}

uint64_t *take_buffer(struct input *input, uint32_t n, void **base)
{
    const uint8_t how = take8(input);

    *base = NULL;
    if (how == 0xff || n > 600)
        return NULL;
    *base = malloc(n * 8u + 1);
    if (how == 0xfe)
        return (uint64_t *)((uintptr_t)*base + 1);
    take_descs(input, *base, n);
    return *base;
}

bool is_as_wanted(const struct run *run, int result, int wanted)
{
    /* A lie may come to light by an operation that fails itself. */
    if (run->port.fired > 1 && result == run->port.code)
        return false;
    if (run->port.fired > 0)
        MUST(result == run->port.first_code, "%d, not the port's %d", result, run->port.first_code);
    else
        MUST(result == wanted, "%d, not %d", result, wanted);
    return result == 0;
}

bool is_as_wanted_growing(const struct run *run, int result, int wanted)
{
    if (run->port.fired > 0 && wanted == 0 && result == 0)
        return true;
    return is_as_wanted(run, result, wanted);
}

static void check_page(const struct run *run, uint32_t page)
{
    const struct model *model = &run->model;
    const enum mem_state state = run->port.state[page];
    uint64_t owned = 99;

    MUST(state != MEM_LIE, "page %u", page);
    MUST(cgdt_page_taken(run->pool, page, &owned) == model->serving[page], "page %u", page);
    MUST(owned == (model->serving[page] ? model_owned(model, page) : 0), "page %u: %" PRIx64, page,
         owned);
    if (!model->serving[page])
        return;
    MUST(state != MEM_GONE, "page %u is in service", page);
    MUST(state == MEM_SEALED || !model->live, "page %u is private", page);
    MUST(memcmp(mem_view(&run->port, page), model->image[page], 4096) == 0, "page %u", page);
    MUST(state != MEM_SEALED || memcmp(mem_alias(page), model->image[page], 4096) == 0,
         "page %u was changed by an ordinary store", page);
}

static void check_counts(const struct run *run)
{
    struct cgdt_pool_stats stats;
    struct cgdt_pool_stats wanted;
    uint32_t sealed = 0;

    cgdt_stats(run->pool, &stats, sizeof(stats));
    model_stats(&run->model, &wanted);
    for (uint32_t page = 0; page < run->model.pages; page++)
        sealed += run->model.serving[page] && run->port.state[page] == MEM_SEALED;
    MUST(stats.max_slots == wanted.max_slots && stats.reserved_slots == wanted.reserved_slots,
         "%u reserved", stats.reserved_slots);
    MUST(stats.mapped_pages == wanted.mapped_pages && stats.held_pages == wanted.held_pages,
         "%u mapped, %u held", stats.mapped_pages, stats.held_pages);
    MUST(stats.common_pages == wanted.common_pages && stats.sealed_pages == sealed, "%u sealed",
         stats.sealed_pages);
    MUST(stats.mapped_windows == wanted.mapped_windows, "%u windows", stats.mapped_windows);
    MUST(stats.taken_slots == wanted.taken_slots && stats.free_slots == wanted.free_slots,
         "%u owned, %u free", stats.taken_slots, stats.free_slots);
    MUST(run->port.out == stats.mapped_pages + stats.held_pages + stats.common_pages,
         "%u pages out", run->port.out);
}

void check_all(struct run *run)
{
    const uint64_t *common = run->model.image[MODEL_COMMON];

    MUST(!run->port.locked, "the port is still locked");
    for (uint32_t page = 0; page < run->model.pages; page++) {
        run->model.mapped[page] = run->port.state[page] != MEM_GONE;
        check_page(run, page);
    }
    if (run->model.config.layout.common) {
        MUST(memcmp(mem_view(&run->port, CGDT_COMMON_PAGE), common, 4096) == 0, "common page");
        MUST(run->port.state[MEM_MAX_PAGES] != MEM_SEALED ||
                 memcmp(mem_alias(CGDT_COMMON_PAGE), common, 4096) == 0,
             "common page");
    }
    check_counts(run);
}

void op_read(struct run *run)
{
    const uint32_t handle = take_handle(run);
    const uint32_t first = take_count(run->input);
    const uint32_t n = take_count(run->input);
    uint32_t slot = 0;
    void *base;
    uint64_t *descs = take_buffer(run->input, n, &base);
    int wanted = model_lookup(&run->model, handle, &slot);

    if (wanted == 0 && (uint64_t)first + n > run->model.config.layout.slot_entries)
        wanted = -CGDT_ERANGE;
    if (wanted == 0 && n != 0 && (descs == NULL || descs != base))
        wanted = -CGDT_EINVAL;
    const int result = cgdt_read(run->pool, handle, first, descs, n);
    MUST(result == wanted, "%d, not %d", result, wanted);
    if (result == 0 && n != 0)
        MUST(memcmp(descs, model_slot(&run->model, slot) + first, n * 8u) == 0, "slot %u", slot);
    free(base);
}

void op_cpu_slot(struct run *run)
{
    const uint32_t cpu = take_count(run->input);
    cgdt_slot_t slot = 0;
    const int result = cgdt_cpu_slot(run->pool, cpu, &slot);

    if (cpu >= run->model.slots)
        MUST(result == -CGDT_EINVAL, "%d", result);
    else
        MUST(slot == run->model.directory[cpu] && result == (slot != 0 ? 0 : -CGDT_ENOENT),
             "CPU %u: %d, %x", cpu, result, slot);
}

/* frames: the window up to the slot's page, and how many entries those are. */
void op_frames(struct run *run)
{
    const struct cgdt_layout *layout = &run->model.config.layout;
    const uint32_t handle = take_handle(run);
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t slot = 0;
    uint32_t n = 99;
    uint32_t entries = 99;
    uint32_t at = 0;
    int wanted = model_lookup(&run->model, handle, &slot);
    const uint32_t own = slot / run->model.colors;

    if (wanted == 0 && run->port.state[own] != MEM_SEALED)
        wanted = -CGDT_EPERM;
    if (layout->mode == CGDT_MODE_NATIVE)
        wanted = -CGDT_ENOTSUP;
    if (!is_as_wanted(run, cgdt_frames(run->pool, handle, frames, &n, &entries), wanted))
        return;
    if (layout->common)
        MUST(frames[at++] == mem_frame_of(CGDT_COMMON_PAGE), "no common page");
    for (uint32_t page = own / layout->window_pages * layout->window_pages; page <= own; page++)
        MUST(frames[at++] == mem_frame_of(page), "frame %u", at);
    MUST(n == at && entries == n * 512, "%u frames, %u entries", n, entries);
}

void op_gdtr(struct run *run)
{
    const struct cgdt_layout *layout = &run->model.config.layout;
    const uint32_t handle = take_handle(run);
    struct cgdt_pseudo_descriptor gdtr;
    uint32_t slot = 0;
    int wanted = model_lookup(&run->model, handle, &slot);
    const uint32_t page = slot / run->model.colors;

    if (wanted == 0 && run->port.state[page] != MEM_SEALED)
        wanted = -CGDT_EPERM;
    if (layout->mode != CGDT_MODE_NATIVE)
        wanted = -CGDT_ENOTSUP;
    const int result = cgdt_gdtr(run->pool, handle, &gdtr);
    MUST(result == wanted, "%d, not %d", result, wanted);
    if (result == 0)
        MUST(gdtr.base == (uintptr_t)(mem_view(&run->port, page) +
                                      slot % run->model.colors * layout->slot_entries) &&
                 gdtr.limit == layout->slot_entries * 8 - 1,
             "slot %u", slot);
}

/*
 * What a check of some pages must report: the first violation by the reference, the common page
 * first.
 */
static bool find_violation(const struct run *run, uint32_t first, uint32_t end,
                           struct cgdt_violation *violation)
{
    const struct cgdt_layout *layout = &run->model.config.layout;
    const uint32_t rules = layout->common ? 0 : CGDT_RULE_NULL_ENTRY;
    uint32_t bad = 0;

    if (layout->common) {
        violation->reason =
            reference_page(run->model.config.profile, CGDT_RULE_NULL_ENTRY,
                           mem_view(&run->port, CGDT_COMMON_PAGE), 512, ~0ull, &bad);
        violation->window = 0;
        violation->position = CGDT_COMMON_POSITION;
        violation->color = 0;
        violation->entry = bad;
        if (violation->reason != CGDT_FINE)
            return true;
    }
    for (uint32_t page = first; page < end && page < run->model.pages; page++) {
        if (run->port.state[page] == MEM_GONE)
            continue;
        violation->reason =
            reference_page(run->model.config.profile, rules, mem_view(&run->port, page),
                           layout->slot_entries, model_owned(&run->model, page), &bad);
        violation->window = page / layout->window_pages;
        violation->position = page % layout->window_pages;
        violation->color = bad / layout->slot_entries;
        violation->entry = bad % layout->slot_entries;
        if (violation->reason != CGDT_FINE)
            return true;
    }
    return false;
}

static void check_range(struct run *run, uint32_t first, uint32_t end, int result,
                        const struct cgdt_violation *found)
{
    struct cgdt_violation wanted = {0};
    const bool bad = find_violation(run, first, end, &wanted);

    if (result < 0) {
        MUST(run->port.fired > 0 && result == run->port.first_code, "%d", result);
        return;
    }
    MUST(result == (bad ? 1 : 0), "%d; wanted reason %d", result, wanted.reason);
    if (bad)
        MUST(found->reason == wanted.reason && found->window == wanted.window &&
                 found->position == wanted.position && found->color == wanted.color &&
                 found->entry == wanted.entry,
             "reason %d at window %u page %u color %u entry %u", found->reason, found->window,
             found->position, found->color, found->entry);
}

void op_check(struct run *run)
{
    struct cgdt_violation found;

    check_range(run, 0, run->model.pages, cgdt_check(run->pool, &found), &found);
}

void op_check_window(struct run *run)
{
    const uint32_t window = take_count(run->input);
    const uint32_t size = run->model.config.layout.window_pages;
    struct cgdt_violation found;
    const int result = cgdt_check_window(run->pool, window, &found);

    if (window >= run->model.windows)
        MUST(result == -CGDT_EINVAL, "%d", result);
    else
        check_range(run, window * size, (window + 1) * size, result, &found);
}

/* Somebody else changes a page; the check must say so, and where. */
void op_corrupt(struct run *run)
{
    const uint32_t at = take8(run->input) % (run->model.pages + 1);
    const uint32_t page = at == run->model.pages ? CGDT_COMMON_PAGE : at;
    const uint32_t entry = take16(run->input) % 512;
    const uint64_t desc = take_desc(run->input);

    if (run->port.state[mem_place(page)] != MEM_GONE) {
        uint64_t *place = &mem_view(&run->port, page)[entry];
        const uint64_t before = *place;

        *place = desc;
        op_check(run);
        *place = before;
    }
}

/* The text is the same however short the buffer is, and ends where it must. */
void op_describe(struct run *run)
{
    const uint32_t page = take_count(run->input);
    const size_t size = take16(run->input) % 4096 + 1u;
    char *text = malloc(size);
    const bool there = page < run->model.pages && run->port.state[page] != MEM_GONE;
    const int length = cgdt_describe(run->pool, page, NULL, 0);

    MUST(there ? length > 0 : length == -CGDT_EINVAL, "page %u: %d", page, length);
    MUST(cgdt_describe(run->pool, page, text, size) == length, "page %u", page);
    if (there)
        MUST(strlen(text) == ((size_t)length < size ? (size_t)length : size - 1), "page %u", page);
    free(text);
}
