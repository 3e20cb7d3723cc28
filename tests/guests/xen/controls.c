/* SPDX-License-Identifier: MIT */
/* The negative controls. */

#include "controls.h"

#include "bringup.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "pages.h"
#include "sabotage.h"
#include "tables.h"
#include "verify.h"
#include "watch.h"

#define PLANTED_ENTRY 7u
#define PLANTED_TSS   0x0000890000000067u /* present, DPL 0, available TSS, base 0, limit 0x67 */

static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t victim;    /* neighbour-base: reads what is its neighbour's */
static uint32_t neighbour; /* the one before */
static uint32_t unowned;   /* unowned-tss: the first slot that nobody owns */
static char sentence[256];

struct refusal {
    int64_t set_gdt;
    int64_t initialise; /* 0: not tried, as no vCPU but vCPU 0 has the page */
};

static struct refusal refusal;

void controls_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    victim = args->nr / 2;
    neighbour = victim - 1;
    unowned = bringup_early_count(args);
}

static _Noreturn void missed(const char *why, int64_t value)
{
    console_printf("CONTROL %s MISSED: %s: %" PRId64 "\n", args->control_name, why, value);
    guest_exit(GUEST_EXIT_FAIL);
}

static void must(bool condition, const char *why, int64_t value)
{
    if (!condition)
        missed(why, value);
}

void controls_before_slots(void)
{
    if (args->control == CONTROL_NEIGHBOUR_BASE)
        tables_mix_up(victim, neighbour);
    else if (args->control == CONTROL_WRITABLE_PAGE)
        sabotage_skip_seal(0);
}

/* ---- unowned-tss -------------------------------------------------------------------------- */

static uint64_t *planted_at(void)
{
    uint64_t *page = watch_view(tables_page(unowned));

    must(page != NULL, "the page of the unowned slot is not mapped", unowned);
    return page + tables_color(unowned) * args->slot_entries + PLANTED_ENTRY;
}

static void plant(void)
{
    struct cgdt_violation violation;

    /* Where a page is one slot, the unowned one needs a page of its own. */
    if (tables_color(unowned) == 0 && cgdt_reserve(pool, unowned + 1) != 0)
        guest_fatal("cgdt_reserve", unowned + 1);
    *planted_at() = PLANTED_TSS;
    must(cgdt_check(pool, &violation) == 1, "cgdt_check found nothing", 0);
    must(violation.window == tables_window(unowned), "named window", violation.window);
    must(violation.position == tables_position(unowned), "named page", violation.position);
    must(violation.color == tables_color(unowned), "named color", violation.color);
    must(violation.entry == PLANTED_ENTRY, "named entry", violation.entry);
    must(violation.reason == CGDT_BAD_SYSTEM_TYPE, "named reason", violation.reason);
    must(violation.effect == CGDT_REFUSED, "named effect", violation.effect);
    must(violation.found == PLANTED_TSS, "found", (int64_t)violation.found);
    (void)cgdt_violation_text(&violation, sentence, sizeof(sentence));
    must(cgdt_seal(pool) == -XEN_EINVAL, "Xen's answer when the page was sealed", 0);
    /* What the port has found out about that. */
    must(gdtpool_xen.refusal.cause == CGDT_XEN_PV_BAD_DESCRIPTOR, "the port's cause",
         gdtpool_xen.refusal.cause);
    must(gdtpool_xen.refusal.frame == page_mfn(watch_view(tables_page(unowned))),
         "the port's frame", (int64_t)gdtpool_xen.refusal.frame);
    must(gdtpool_xen.refusal.violation.entry ==
             tables_color(unowned) * args->slot_entries + PLANTED_ENTRY,
         "the port's entry", gdtpool_xen.refusal.violation.entry);
    sabotage_skip_introduction();
}

/* ---- what Xen says ------------------------------------------------------------------------ */

/* A vCPU, not vCPU 0, whose list of frames names the page; 0 if there is none that is early. */
static uint32_t user_of(uint32_t page)
{
    for (uint32_t vcpu = 1; vcpu < bringup_early_count(args); vcpu++)
        if (tables_page(vcpu) == page)
            return vcpu;
    return 0;
}

static void must_be_refused(uint32_t page)
{
    const cgdt_frame_t frame = page_mfn(watch_view(page));

    refusal.set_gdt = bringup_set_gdt(&frame, CGDT_PAGE_ENTRIES);
    must(refusal.set_gdt == -XEN_EINVAL, "Xen's answer to set_gdt", refusal.set_gdt);
    if (user_of(page) != 0) {
        refusal.initialise = bringup_initialise(user_of(page));
        must(refusal.initialise == -XEN_EINVAL, "Xen's answer to initialise", refusal.initialise);
    }
}

/* That initialise works too is shown when the vCPUs are brought up. */
static void must_be_accepted(uint32_t page)
{
    const cgdt_frame_t frame = page_mfn(watch_view(page));
    const int64_t error = bringup_set_gdt(&frame, CGDT_PAGE_ENTRIES);

    must(error == 0, "Xen's answer to set_gdt after the repair", error);
    must(bringup_set_gdt(NULL, 0) == 0, "an empty GDT", 0);
}

static void tss_after_seal(void)
{
    const uint32_t page = tables_page(unowned);
    void *view = watch_view(page);

    must_be_refused(page);
    must(cgdt_xen_pv_port.unseal(&gdtpool_xen, page, &view) == 0, "unseal", page);
    *planted_at() = 0;
    must(cgdt_xen_pv_port.seal(&gdtpool_xen, page, &view) == 0, "seal", page);
    must(cgdt_check(pool, NULL) == 0, "cgdt_check after the repair", 1);
    must(cgdt_reserve(pool, 0) == 0, "cgdt_reserve", 0);
    must_be_accepted(page);
}

static void writable_after_seal(void)
{
    void *view = watch_view(0);

    must_be_refused(0);
    must(cgdt_xen_pv_port.seal(&gdtpool_xen, 0, &view) == 0, "seal", 0);
    must_be_accepted(0);
}

void controls_before_check(void)
{
    if (args->control == CONTROL_UNOWNED_TSS)
        plant();
}

void controls_after_seal(void)
{
    if (args->control == CONTROL_UNOWNED_TSS)
        tss_after_seal();
    else if (args->control == CONTROL_WRITABLE_PAGE)
        writable_after_seal();
}

/* ---- verdict ------------------------------------------------------------------------------ */

bool controls_explain(uint32_t failed, const struct walk *walk)
{
    if (args->control != CONTROL_NEIGHBOUR_BASE)
        return failed == 0 && walk->wrong == 0;
    return failed == 1 && cpus[victim].failed_step == STEP_FS_ID &&
           cpus[victim].failed_round == ROUND_FRESH &&
           cpus[victim].read_id == (FS_MARK | neighbour) && walk->wrong == 1 &&
           walk->first_wrong == victim;
}

_Noreturn void controls_verdict(bool rest_is_right)
{
    must(rest_is_right, "something else is wrong", 0);
    switch (args->control) {
    case CONTROL_NEIGHBOUR_BASE:
        console_printf("CONTROL %s caught: vCPU %u read id %" PRIu64
                       " through %%fs, its neighbour's; the other "
                       "%u vCPUs are fine\n",
                       args->control_name, victim, cpus[victim].read_id & ~FS_MARK, args->nr - 1);
        break;
    case CONTROL_UNOWNED_TSS:
        console_printf("CHECKER %s\n", sentence);
        console_printf(
            "CONTROL %s caught: cgdt_check named it, Xen refused the page (set_gdt %" PRId64 ", "
            "initialise %" PRId64 ") and took it once the entry was zero\n",
            args->control_name, refusal.set_gdt, refusal.initialise);
        break;
    default:
        console_printf("CONTROL %s caught: Xen refused the page (set_gdt %" PRId64
                       ", initialise %" PRId64 ") and took "
                       "it once it was read-only\n",
                       args->control_name, refusal.set_gdt, refusal.initialise);
        break;
    }
    guest_exit(GUEST_EXIT_CAUGHT);
}
