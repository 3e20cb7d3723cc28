/* SPDX-License-Identifier: MIT */
/*
 * Three pages that Xen takes; one thing is made wrong with one of them; Xen refuses the list, by
 * set_gdt and by VCPUOP_initialise, and the port says why; the thing is put right, and Xen takes
 * the list again.
 */

#include "explain.h"

#include "cgdt/port/xen_pv.h"
#include "console.h"
#include "descriptors.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "vcpu.h"

#define PAGES         3u
#define SPARE_VCPU    1u /* is never brought up */
#define FOREIGN_FRAME 1u /* of the first MiB, which is no domain's memory */
#define TOO_MANY      (CGDT_XEN_RESERVED_ENTRY + 1)
#define MOST_PAGES    15u

static uint64_t pages[PAGES][CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint64_t other[CGDT_PAGE_ENTRIES]
    __attribute__((aligned(PAGE_SIZE))); /* its address is lent */
static cgdt_frame_t frames[MOST_PAGES];
static uint32_t entries;
static uint32_t cases;
static uint32_t named;

/* What is made wrong, with the page at a position. */
enum wrong {
    NOTHING,
    COUNT,
    FOREIGN,
    WILD,
    WRITABLE,
    DESCRIPTOR,
    ALIAS,
    PAGE_TABLE,
    ROOT /* no page table for the new vCPU: not the GDT's fault */
};

struct kase {
    const char *name;
    enum wrong wrong;
    uint32_t position;
    enum cgdt_xen_pv_cause cause;
    uint32_t entry; /* DESCRIPTOR: where, what, and why it is wrong */
    uint64_t desc;
    enum cgdt_reason reason;
};

static const struct kase kases[] = {
    {"count", COUNT, 0, CGDT_XEN_PV_TOO_MANY_ENTRIES, 0, 0, CGDT_FINE},
    {"foreign", FOREIGN, 0, CGDT_XEN_PV_NOT_OURS, 0, 0, CGDT_FINE},
    {"wild", WILD, 2, CGDT_XEN_PV_NOT_OURS, 0, 0, CGDT_FINE},
    {"writable", WRITABLE, 1, CGDT_XEN_PV_STILL_WRITABLE, 0, 0, CGDT_FINE},
    {"tss", DESCRIPTOR, 2, CGDT_XEN_PV_BAD_DESCRIPTOR, 511, 0x0000890000000067u,
     CGDT_BAD_SYSTEM_TYPE},
    {"ldt", DESCRIPTOR, 0, CGDT_XEN_PV_BAD_DESCRIPTOR, 1, 0x0000820000000fffu,
     CGDT_BAD_SYSTEM_TYPE},
    {"gate-into-xen", DESCRIPTOR, 1, CGDT_XEN_PV_BAD_DESCRIPTOR, 300, GATE_INTO_XEN,
     CGDT_BAD_GATE_SELECTOR},
    {"gate-reserved", DESCRIPTOR, 1, CGDT_XEN_PV_BAD_DESCRIPTOR, 0, GATE_RESERVED,
     CGDT_BAD_GATE_RESERVED},
    {"alias", ALIAS, 1, CGDT_XEN_PV_OTHER_USE, 0, 0, CGDT_FINE},
    {"page-table", PAGE_TABLE, 2, CGDT_XEN_PV_OTHER_USE, 0, 0, CGDT_FINE},
    {"root", ROOT, 0, CGDT_XEN_PV_NO_CAUSE, 0, 0, CGDT_FINE},
};

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

static void list_own(void)
{
    for (uint32_t i = 0; i < MOST_PAGES; i++)
        frames[i] = page_mfn(pages[i < PAGES ? i : 0]);
    entries = PAGES * CGDT_PAGE_ENTRIES;
}

static void put(const struct kase *kase, uint64_t desc)
{
    demand("writable", page_protect(pages[kase->position], true));
    pages[kase->position][kase->entry] = desc;
    demand("read-only", page_protect(pages[kase->position], false));
}

static void make_wrong(const struct kase *kase)
{
    list_own();
    if (kase->wrong == COUNT)
        entries = TOO_MANY;
    else if (kase->wrong == FOREIGN)
        frames[kase->position] = FOREIGN_FRAME;
    else if (kase->wrong == WILD)
        frames[kase->position] = WILD_FRAME;
    else if (kase->wrong == WRITABLE)
        demand("writable", page_protect(pages[kase->position], true));
    else if (kase->wrong == DESCRIPTOR)
        put(kase, kase->desc);
    else if (kase->wrong == ALIAS)
        demand("alias", page_map(other, frames[kase->position], true));
    else if (kase->wrong == PAGE_TABLE)
        frames[kase->position] = pages_root_mfn();
    else if (kase->wrong == ROOT)
        vcpu_set_root(0);
}

static void put_right(const struct kase *kase)
{
    list_own();
    if (kase->wrong == WRITABLE)
        demand("read-only", page_protect(pages[kase->position], false));
    else if (kase->wrong == DESCRIPTOR)
        put(kase, 0);
    else if (kase->wrong == ALIAS)
        demand("no alias", page_map(other, page_mfn(other), true));
    else if (kase->wrong == ROOT)
        vcpu_set_root(pages_cr3());
}

/*
 * Xen's answers; a vCPU that it does initialise is gone for other cases, so that one is for the
 * end.
 */
static int64_t ask_set_gdt(void)
{
    const int64_t error = xen_set_gdt(frames, entries);

    if (error == 0)
        demand("an empty GDT", xen_set_gdt(NULL, 0));
    return error;
}

static int64_t ask_initialise(void)
{
    static struct vcpu_start start = {.vcpu = SPARE_VCPU};
    const struct vcpu_plan plan = {.start = &start,
                                   .frames = frames,
                                   .nr_frames =
                                       (entries + CGDT_PAGE_ENTRIES - 1) / CGDT_PAGE_ENTRIES,
                                   .entries = entries,
                                   .cs = FLAT_KERNEL_CS,
                                   .ss = FLAT_KERNEL_SS};

    return vcpu_initialise(SPARE_VCPU, &plan);
}

static struct cgdt_xen_pv_refusal explain(void)
{
    return cgdt_xen_pv_explain(&gdtpool_xen, frames, entries);
}

static bool is_named_right(const struct kase *kase, const struct cgdt_xen_pv_refusal *refusal)
{
    bool right = problem_unless("cause", refusal->cause, kase->cause);

    right &= problem_unless("position", refusal->position, kase->position);
    if (kase->cause != CGDT_XEN_PV_BAD_DESCRIPTOR)
        return right;
    right &= problem_unless("page", refusal->violation.position, kase->position);
    right &= problem_unless("entry", refusal->violation.entry, kase->entry);
    right &= problem_unless("reason", refusal->violation.reason, kase->reason);
    return problem_unless("found", (int64_t)refusal->violation.found, (int64_t)kase->desc) && right;
}

static void say(const struct kase *kase, int64_t set_gdt, int64_t initialise,
                const struct cgdt_xen_pv_refusal *refusal)
{
    char text[256];

    (void)cgdt_xen_pv_refusal_text(refusal, text, sizeof(text));
    console_printf("EXPLAINED %s: set_gdt %" PRId64 ", initialise %" PRId64 ": %s\n", kase->name,
                   set_gdt, initialise, text);
}

static void play(const struct kase *kase)
{
    const int64_t wanted = kase->wrong == ROOT ? 0 : -XEN_EINVAL;

    make_wrong(kase);
    const int64_t set_gdt = ask_set_gdt();
    const int64_t initialise = ask_initialise();
    const struct cgdt_xen_pv_refusal refusal = explain();

    cases++;
    bool right = problem_unless("Xen's answer to set_gdt", set_gdt, wanted);
    right &= problem_unless("Xen's answer to initialise", initialise, -XEN_EINVAL);
    named += is_named_right(kase, &refusal) && right;
    say(kase, set_gdt, initialise, &refusal);
    put_right(kase);
    (void)problem_unless("Xen's answer once it was put right", ask_set_gdt(), 0);
    (void)problem_unless("cause once it was put right", explain().cause, CGDT_XEN_PV_NO_CAUSE);
}

_Noreturn void explain_run(const struct args *args)
{
    for (uint32_t i = 0; i < PAGES; i++)
        demand("read-only", page_protect(pages[i], false));
    for (uint32_t i = 0; i < sizeof(kases) / sizeof(kases[0]); i++)
        play(&kases[i]);
    (void)problem_unless("initialise with everything put right", ask_initialise(), 0);

    const bool pass = named == cases && problem_count() == 0;
    console_printf("RESULT mode=explain cases=%u named=%u layout=%s host=" HOST_NAME " %s\n", cases,
                   named, args->layout_name, pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
