/* SPDX-License-Identifier: MIT */
/*
 * What the checker says of a descriptor is what Xen's own check_descriptor() does with it: for
 * every 64-bit value, PV64 and PV32. Xen's code is what cut-xen prints when the
 * test runs.
 */
#include "proof.h"

#include <cgdt/check.h>

#include "oracle.h"
#include "xen_cut.h"

static const struct cgdt_profile *profile_of(bool pv32)
{
    return pv32 ? CGDT_PROFILE_XEN_PV32 : CGDT_PROFILE_XEN_PV64;
}

/* What Xen does: whether it takes the descriptor, and what it stores. */
static bool xen(bool pv32, cgdt_desc_t desc, cgdt_desc_t *stored)
{
    const struct domain domain = {.arch = {.hv_compat_vstart = __HYPERVISOR_COMPAT_VIRT_START},
                                  .is_32bit = pv32};
    seg_desc_t it = {.raw = desc};
    const bool takes = check_descriptor(&domain, &it);

    *stored = it.raw;
    return takes;
}

void every_verdict_and_stored_form_is_xens_own(void)
{
    const bool pv32 = any_bool();
    const cgdt_desc_t desc = any_u64();
    cgdt_desc_t xens;
    cgdt_desc_t ours;
    const bool takes = xen(pv32, desc, &xens);
    const enum cgdt_reason reason = cgdt_check_descriptor(profile_of(pv32), desc, &ours);
    const enum cgdt_effect effect = cgdt_reason_effect(reason);

    CLAIM((effect != CGDT_REFUSED) == takes, "refused where Xen refuses, and nowhere else");
    CLAIM(!takes || ours == xens, "what is taken is stored as Xen stores it");
    CLAIM(takes || ours == desc, "what is refused is left as it is");
    CLAIM(!takes || (effect == CGDT_REWRITTEN) == (xens != desc),
          "rewritten is said of what Xen changes, and of nothing else");
    CLAIM(reason != CGDT_FINE || (takes && xens == desc), "fine is what Xen takes as it is");
}

void stable_is_what_xen_keeps_when_it_looks_again(void)
{
    const bool pv32 = any_bool();
    const cgdt_desc_t desc = any_u64();
    cgdt_desc_t once;
    cgdt_desc_t twice;
    const bool takes = xen(pv32, desc, &once) && xen(pv32, once, &twice);

    CLAIM(cgdt_descriptor_is_stable(profile_of(pv32), desc) == (takes && once == twice),
          "stable: taken, and what is stored is taken again and stays");
}

void every_verdict_is_that_of_the_independent_reference(void)
{
    const bool pv32 = any_bool();
    const cgdt_desc_t desc = any_u64();
    uint64_t stored;
    cgdt_desc_t ours;
    const enum oracle_outcome outcome = oracle_xen(pv32 ? ORACLE_PV32 : ORACLE_PV64, desc, &stored);
    static const enum cgdt_reason reasons[] = {
        [ORACLE_KEPT] = CGDT_FINE,
        [ORACLE_DPL_RAISED] = CGDT_DPL_RAISED,
        [ORACLE_LIMIT_RAISED] = CGDT_LIMIT_RAISED,
        [ORACLE_GATE_MOVED] = CGDT_GATE_FORCED,
        [ORACLE_REFUSED_TYPE] = CGDT_BAD_SYSTEM_TYPE,
        [ORACLE_REFUSED_TARGET] = CGDT_BAD_GATE_SELECTOR,
        [ORACLE_REFUSED_BITS] = CGDT_BAD_GATE_RESERVED,
        [ORACLE_REFUSED_LONG] = CGDT_BAD_LONG_CODE32,
    };

    CLAIM(cgdt_check_descriptor(profile_of(pv32), desc, &ours) == reasons[outcome],
          "the reason is that of the reference");
    CLAIM(ours == stored, "the stored form is that of the reference");
}
