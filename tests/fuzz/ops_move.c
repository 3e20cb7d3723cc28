/* SPDX-License-Identifier: MIT */
/*
 * A CPU that moves; see ops.h. Where to is reckoned here in another way: a page's standing is the
 * least of the greatest averages around it, in fractions; the pages are counted one by one.
 */
#include "ops.h"

#define FIRST_ON(model, page) ((page) * (model)->colors)

static uint32_t slots_of(const struct model *model, uint32_t page)
{
    const uint32_t left = model->slots - FIRST_ON(model, page);

    return left < model->colors ? left : model->colors;
}

static uint32_t taken_on(const struct model *model, uint32_t page)
{
    uint32_t n = 0;

    for (uint32_t slot = FIRST_ON(model, page); slot < FIRST_ON(model, page + 1); slot++)
        n += slot < model->slots && model->owned[slot];
    return n;
}

/* The greatest average of pages from `from` on up to one that is not below `page`. */
static double greatest_average(const struct model *model, uint32_t from, uint32_t page,
                               uint32_t end)
{
    double greatest = -1, sum = 0, pages = 0;

    for (uint32_t i = from; i < end; i++) {
        if (!model->serving[i])
            continue;
        sum += slots_of(model, i) == model->colors ? taken_on(model, i) : 0;
        pages++;
        if (i >= page && sum / pages > greatest)
            greatest = sum / pages;
    }
    return greatest;
}

static double standing(const struct model *model, uint32_t page)
{
    const bool native = model->config.layout.mode == CGDT_MODE_NATIVE;
    const uint32_t width = native ? 1 : model->config.layout.window_pages;
    const uint32_t first = page / width * width;
    const uint32_t end = first + width < model->pages ? first + width : model->pages;
    double least = 1000;

    for (uint32_t from = first; from <= page; from++) {
        const double greatest = greatest_average(model, from, page, end);

        if (model->serving[from] && greatest < least)
            least = greatest;
    }
    return least;
}

static bool comes_before(const struct model *model, uint32_t a, uint32_t b)
{
    const double of_a = standing(model, a), of_b = standing(model, b);

    return of_a > of_b || (of_a == of_b && a < b);
}

/* Where a CPU with a slot on that page moves to. False: it stays. */
static bool plan_move(const struct model *model, uint32_t page, uint32_t *slot)
{
    uint32_t best = MODEL_MAX_PAGES, before = 0, taken = 0;

    for (uint32_t i = 0; i < model->pages; i++) {
        if (!model->serving[i])
            continue;
        taken += taken_on(model, i);
        if (!comes_before(model, i, page))
            continue;
        before++;
        if (taken_on(model, i) < slots_of(model, i) &&
            (best == MODEL_MAX_PAGES || comes_before(model, i, best)))
            best = i;
    }
    if (best == MODEL_MAX_PAGES || before < (taken + model->colors - 1) / model->colors)
        return false;
    for (*slot = FIRST_ON(model, best); model->owned[*slot];)
        ++*slot;
    return true;
}

/* The one slot is what the other was; the port may refuse to zero what is left: once more. */
static void end_move(struct run *run, uint32_t cpu, bool back, cgdt_slot_t from, cgdt_slot_t to)
{
    cgdt_slot_t slot = 99;
    int (*const end)(struct cgdt_pool *, uint32_t) = back ? cgdt_cpu_move_abort : cgdt_cpu_move_end;

    MUST(cgdt_cpu_slot(run->pool, cpu, &slot) == 0 && slot == from, "%x while it moves", slot);
    MUST(cgdt_cpu_offline(run->pool, cpu) == -CGDT_EBUSY, "offline while it moves");
    if (!is_as_wanted(run, end(run->pool, cpu), 0)) {
        check_all(run);
        mem_arm(&run->port, 0, MEM_HONEST, 0);
        MUST(end(run->pool, cpu) == 0, "CPU %u still moves", cpu);
    }
    model_free(&run->model, cgdt_slot_number(back ? to : from));
    run->model.directory[cpu] = back ? from : to;
    MUST(end(run->pool, cpu) == -CGDT_ENOENT, "CPU %u moves twice", cpu);
}

void op_move(struct run *run)
{
    struct model *model = &run->model;
    const uint32_t cpu = take_count(run->input);
    const bool back = (take8(run->input) & 1) != 0;
    const uint32_t from = cpu < model->slots ? model->directory[cpu] : 0;
    cgdt_slot_t slot = 99;
    uint32_t planned = 0;
    int wanted = -CGDT_EINVAL;

    if (cpu < model->slots)
        wanted = from == 0 ? -CGDT_ENOENT
                 : plan_move(model, cgdt_slot_number(from) / model->colors, &planned)
                     ? 0
                     : -CGDT_EAGAIN;
    if (!is_as_wanted(run, cgdt_cpu_move_begin(run->pool, cpu, 0, NULL, &slot), wanted)) {
        MUST(slot == 99, "%x on failure", slot);
        return;
    }
    MUST(slot == model_handle(model, planned), "%x, not slot %u", slot, planned);
    model->owned[planned] = true;
    memcpy(model_slot(model, planned), model_slot(model, cgdt_slot_number(from)),
           model->config.layout.slot_entries * 8u);
    end_move(run, cpu, back, from, slot);
}
