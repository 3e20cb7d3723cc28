/* SPDX-License-Identifier: MIT */
/* How many pages and windows each scheme takes. */
#include "plan.h"

#include "cgdt/port/fixed.h"

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/* Tables packed into windows. */
static void count_packed(const struct plan *plan, struct plan_scheme *scheme, uint32_t window_pages,
                         uint64_t most_cpus)
{
    const uint64_t slot_pages = divide_up(plan->cpus, cgdt_colors(&plan->layout));

    scheme->most_cpus = most_cpus;
    if (plan->cpus > most_cpus)
        return;
    scheme->pages = slot_pages + (plan->layout.common ? 1 : 0);
    scheme->windows = divide_up(slot_pages, window_pages);
    scheme->bytes = scheme->pages * CGDT_PAGE_BYTES;
}

static void count_page_per_cpu(const struct plan *plan, struct plan_scheme *scheme)
{
    scheme->most_cpus = CGDT_MAX_SLOTS;
    scheme->pages = plan->cpus;
    scheme->windows = plan->cpus;
    scheme->bytes = scheme->pages * CGDT_PAGE_BYTES;
}

/*
 * An array that is linked for exactly so many CPUs. Where a hypervisor maps it, it is one window,
 * and ends with it; where the CPU reads it itself, nothing ends it but the number that it was
 * linked for.
 */
static void count_array(const struct plan *plan, struct plan_scheme *scheme, uint64_t window_cpus)
{
    const uint64_t bytes = (uint64_t)plan->cpus * plan->layout.slot_entries * CGDT_DESC_BYTES;
    const bool native = plan->layout.mode == CGDT_MODE_NATIVE;

    scheme->most_cpus = native ? plan->cpus : window_cpus;
    if (plan->cpus > scheme->most_cpus)
        return;
    scheme->pages = divide_up(bytes, CGDT_PAGE_BYTES) + (plan->layout.common ? 1 : 0);
    scheme->windows = 1;
    scheme->bytes = scheme->pages * CGDT_PAGE_BYTES;
}

void plan_count(struct plan *plan)
{
    const struct cgdt_layout *layout = &plan->layout;
    const bool native = layout->mode == CGDT_MODE_NATIVE;
    const uint32_t area_pages =
        layout->reserved_entry / CGDT_PAGE_ENTRIES - (layout->common ? 1 : 0);
    const uint64_t window_cpus = (uint64_t)area_pages * cgdt_colors(layout);
    struct cgdt_fixed fixed = {0};
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = *layout,
        .profile = native ? CGDT_PROFILE_NATIVE64 : CGDT_PROFILE_XEN_PV64,
        .max_cpus = plan->cpus,
    };
    struct plan_scheme *schemes = plan->schemes;

    schemes[PLAN_CGDT] = (struct plan_scheme){.key = "cgdt", .title = "cgdt, this layout"};
    schemes[PLAN_PAGE_PER_CPU] =
        (struct plan_scheme){.key = "page_per_cpu", .title = "one page per CPU"};
    schemes[PLAN_ARRAY] =
        (struct plan_scheme){.key = "array", .title = "array of that size, linked in (head.S)"};
    schemes[PLAN_ONE_WINDOW] =
        (struct plan_scheme){.key = "one_window", .title = "one window for all CPUs"};
    plan->bookkeeping_bytes = cgdt_pool_bytes(&config);
    count_packed(plan, &schemes[PLAN_CGDT], layout->window_pages, CGDT_MAX_SLOTS);
    count_page_per_cpu(plan, &schemes[PLAN_PAGE_PER_CPU]);
    count_array(plan, &schemes[PLAN_ARRAY], window_cpus);
    plan->n_schemes = native ? PLAN_ONE_WINDOW : PLAN_SCHEMES;
    if (!native)
        count_packed(plan, &schemes[PLAN_ONE_WINDOW], area_pages, window_cpus);
}

cgdt_slot_t plan_slot(uint32_t n)
{
    return n + 1; /* generation 0: see layout.h */
}
