/* SPDX-License-Identifier: MIT */
/*
 * Reasons and violations in words; a file of its own, so that a linker leaves it out where nobody
 * asks.
 */
#include "cgdt/check.h"
#include "format.h"

static const char *const reason_texts[] = {
    [CGDT_FINE] = "accepted as it is",
    [CGDT_BAD_SYSTEM_TYPE] = "a present system descriptor that is no call gate (a TSS, LDT or "
                             "other gate): Xen refuses the whole page with -EINVAL",
    [CGDT_BAD_GATE_SELECTOR] =
        "a call gate into Xen's own segments: Xen refuses the whole page with -EINVAL",
    [CGDT_BAD_GATE_RESERVED] =
        "a call gate with reserved bits set: Xen refuses the whole page with -EINVAL",
    [CGDT_BAD_LONG_CODE32] = "L = 1 in a 32-bit guest: Xen refuses the whole page with -EINVAL",
    [CGDT_BAD_LONG_AND_BIG] = "code with L = 1 and D = 1: the CPU raises #GP on a load",
    [CGDT_BAD_RESERVED_TYPE] =
        "a system type that does not exist in this mode: the CPU raises #GP on a load",
    [CGDT_BAD_GATE_TYPE] =
        "an interrupt or trap gate, which belongs in the IDT: the CPU raises #GP on a load",
    [CGDT_BAD_HIGH_HALF] = "a 16-byte descriptor without a well-formed second half in its slot: "
                           "the CPU raises #GP on a load",
    [CGDT_DPL_RAISED] =
        "Xen silently raises the DPL to the guest kernel's (3, or 1 for a 32-bit guest)",
    [CGDT_GATE_FORCED] =
        "Xen silently moves a call gate's DPL into its selector's RPL and stores DPL 0",
    [CGDT_LIMIT_RAISED] = "Xen silently raises a flat segment's limit to 0xfffff",
    [CGDT_ACCESSED_CLEAR] =
        "the accessed bit is clear: the CPU sets it on the first load, a #PF on a read-only page",
    [CGDT_TSS_BUSY] = "a busy TSS: the CPU raises #GP on LTR",
    [CGDT_UNOWNED_NOT_ZERO] = "not zero in a slot that nobody owns: the hypervisor takes it, but "
                              "the slot's next owner would not expect it",
    [CGDT_NULL_NOT_ZERO] = "entry 0 of a slot is not zero: as color 0 of a window it is the null "
                           "descriptor, which no CPU ever fetches",
    [CGDT_FRAME_TWICE] =
        "the frame is in the pool at two places: two CPUs would write the same slots",
};

#define REASONS (sizeof(reason_texts) / sizeof(reason_texts[0]))

const char *cgdt_reason_text(enum cgdt_reason reason)
{
    return (size_t)reason < REASONS ? reason_texts[reason] : "unknown reason";
}

size_t cgdt_violation_text(const struct cgdt_violation *violation, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};
    const uint64_t values[] = {violation->window, violation->position, violation->color,
                               violation->entry, violation->found};
    const bool common = violation->position == CGDT_COMMON_POSITION;

    cgdt_format_put_(&text, common ? "window #, common page" : "window #, page #, color #", values);
    cgdt_format_put_(&text, ", entry #: 0x&: ", values + 3);
    cgdt_format_put_(&text, cgdt_reason_text(violation->reason), NULL);
    if (violation->effect == CGDT_REWRITTEN)
        cgdt_format_put_(&text, " (stored: 0x&)", &violation->stored);
    return text.length;
}
