/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The rules that a hypervisor or CPU applies to descriptors, asked before it does, with the reason
 * that its EINVAL or `#GP` does not give.
 *
 * Xen checks all 512 entries of a page when its frame becomes one of descriptors, whatever limit
 * was asked for (validate_segdesc_page() and check_descriptor(),
 * xen/arch/x86/pv/descriptor-tables.c): when it is first named in a GDT or LDT, and again after it
 * has had another type meanwhile. A page that Xen refuses is left partly rewritten: what stands
 * before the bad entry has been stored as Xen keeps it.
 *
 * Everything here is a pure function of its arguments: any CPU, any time. A page that another CPU
 * changes meanwhile is read descriptor by descriptor, each whole (i386: each half whole), and each
 * is judged by a value that it had.
 */
#ifndef CGDT_CHECK_H
#define CGDT_CHECK_H

#include "descriptor.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @struct cgdt_profile
 * Whose rules apply: one of the five below, or what cgdt_profile_xen_pv32_from() makes. What is in
 * it is private; a program that names one of them has the code for its rules linked, and for no
 * others.
 */
struct cgdt_profile;

extern const struct cgdt_profile cgdt_profile_xen_pv64; /**< See CGDT_PROFILE_XEN_PV64. */
extern const struct cgdt_profile cgdt_profile_xen_pv32; /**< See CGDT_PROFILE_XEN_PV32. */
extern const struct cgdt_profile cgdt_profile_native64; /**< See CGDT_PROFILE_NATIVE64. */
/** See CGDT_PROFILE_NATIVE64_LA48. */
extern const struct cgdt_profile cgdt_profile_native64_la48;
extern const struct cgdt_profile cgdt_profile_native32; /**< See CGDT_PROFILE_NATIVE32. */

/** 64-bit PV guest of Xen; 4.14 to 4.21 have the same rules. */
#define CGDT_PROFILE_XEN_PV64 (&cgdt_profile_xen_pv64)
/**
 * 32-bit PV guest of Xen, which must be built with CONFIG_PV32 and use neither CET nor FRED. Its
 * part of the address space is taken to begin at CGDT_XEN_PV32_START, as it does in most domains:
 * for a dom0 that has it elsewhere there is cgdt_profile_xen_pv32_from().
 */
#define CGDT_PROFILE_XEN_PV32 (&cgdt_profile_xen_pv32)
/** The lowest address at which Xen's part of a 32-bit guest's address space begins. */
#define CGDT_XEN_PV32_START 0xf5800000u
/**
 * The CPU in 64-bit mode: what no load of it takes.
 *
 * Refused is what is present and faults whenever it is loaded where it belongs: code in CS, a TSS
 * by LTR, an LDT by LLDT (SDM vol. 3A sections 3.4.5, 3.5, 5.8.3 and 7.2).
 *
 * Accepted, though a load of it faults too, is what a kernel keeps on purpose: zeros, and whatever
 * is not present (`#NP`); a busy TSS (CGDT_RULE_NO_BUSY_TSS). Accepted as well is what faults only
 * when it is used: a call gate to a null selector, to data or to 32-bit code; a TSS that is too
 * short for what the CPU looks for in it. Bases may have 57 bits, as on a CPU that has 5-level
 * paging, enabled or not.
 */
#define CGDT_PROFILE_NATIVE64 (&cgdt_profile_native64)
/**
 * The same, on a CPU whose linear addresses have 48 bits (CPUID.80000008H:EAX[15:8]): a TSS's or
 * LDT's base must be canonical for them.
 */
#define CGDT_PROFILE_NATIVE64_LA48 (&cgdt_profile_native64_la48)
/**
 * The CPU in 32-bit protected mode: likewise.
 *
 * Code with L = 1 is accepted, as the CPU takes it: it ignores L there, and what
 * cgdt_desc_code64() makes runs as 16-bit code. cgdt_desc_code32() is meant.
 */
#define CGDT_PROFILE_NATIVE32 (&cgdt_profile_native32)

/** Room for a profile that a program makes. What is in it is private. */
struct cgdt_profile_room {
    uint64_t room[4]; /**< Private. */
};

/**
 * CGDT_PROFILE_XEN_PV32 for a domain in which Xen begins at another address: a 32-bit dom0 with the
 * ELF note HV_START_LOW (docs/porting/xen-pv.md). Limits are raised from there only. A guest hears
 * the address from Xen: virt_start of XENVER_platform_parameters.
 *
 * @param[out] room       where it is made; it must stay, unchanged, as long as the profile is used
 * @param      xen_start  CGDT_XEN_PV32_START or above, a multiple of 4096
 *
 * @return the profile, in room; NULL if xen_start is no such address, and room is unchanged
 */
const struct cgdt_profile *cgdt_profile_xen_pv32_from(struct cgdt_profile_room *room,
                                                      uint32_t xen_start);

/** What becomes of a descriptor. */
enum cgdt_effect {
    CGDT_ACCEPTED,  /**< Stays as it is. */
    CGDT_REWRITTEN, /**< Accepted, but the hypervisor silently stores something else. */
    CGDT_REFUSED,   /**< Xen: the whole page is refused (-EINVAL); native: a load of it faults. */
    CGDT_HOUSE,     /**< Harmless to the hypervisor, but against the house rule: unowned is zero. */
};

/**
 * Why. cgdt_reason_text() has the sentence, cgdt_reason_effect() what it leads to:
 *
 * - CGDT_REFUSED: CGDT_BAD_*, and of a page as a whole CGDT_FRAME_TWICE; only where asked for,
 *   CGDT_ACCESSED_CLEAR with CGDT_RULE_READ_ONLY_ALIAS and CGDT_TSS_BUSY with
 *   CGDT_RULE_NO_BUSY_TSS;
 * - CGDT_REWRITTEN: CGDT_DPL_RAISED, CGDT_GATE_FORCED, CGDT_LIMIT_RAISED;
 * - CGDT_HOUSE: CGDT_UNOWNED_NOT_ZERO, CGDT_NULL_NOT_ZERO.
 */
enum cgdt_reason {
    CGDT_FINE = 0, /**< Nothing is wrong. Effect CGDT_ACCEPTED. */

    /* CGDT_REFUSED */
    /** Xen: a present system descriptor that is neither type 0 nor a call gate. */
    CGDT_BAD_SYSTEM_TYPE,
    CGDT_BAD_GATE_SELECTOR, /**< Xen: a call gate into the hypervisor's own segments. */
    CGDT_BAD_GATE_RESERVED, /**< Xen: a call gate with reserved bits set. */
    CGDT_BAD_LONG_CODE32,   /**< PV32: L = 1. */
    CGDT_BAD_LONG_AND_BIG,  /**< Native 64: code with L = 1 and D = 1, which faults in CS. */
    CGDT_BAD_RESERVED_TYPE, /**< Native: a system type that does not exist in this mode. */
    CGDT_BAD_GATE_TYPE,     /**< Native: an interrupt or trap gate, which belongs in the IDT. */
    /**
     * Native 64: second half of a 16-byte descriptor missing or malformed, or a TSS's base not
     * canonical.
     */
    CGDT_BAD_HIGH_HALF,

    /* CGDT_REWRITTEN */
    CGDT_DPL_RAISED,  /**< Xen: DPL becomes 3 (PV64) or at least 1 (PV32). */
    CGDT_GATE_FORCED, /**< Xen: a call gate's DPL moves into its selector's RPL. */
    /**
     * PV32: the limit of a segment that begins at 0 and reaches into Xen's part becomes 0xfffff: 4
     * GiB; but an expand-down segment is empty then.
     */
    CGDT_LIMIT_RAISED,

    /* CGDT_REFUSED only where asked for */
    /**
     * Native, with CGDT_RULE_READ_ONLY_ALIAS: A = 0 would be written on first load: a page fault on
     * a read-only page.
     */
    CGDT_ACCESSED_CLEAR,
    /** Native, with CGDT_RULE_NO_BUSY_TSS: LTR of a busy TSS is a general protection fault. */
    CGDT_TSS_BUSY,

    /* CGDT_HOUSE */
    CGDT_UNOWNED_NOT_ZERO, /**< A descriptor in a slot that nobody owns. */
    CGDT_NULL_NOT_ZERO,    /**< Entry 0 of a slot where windows have no common page. */

    /* Of a page as a whole; effect CGDT_REFUSED */
    CGDT_FRAME_TWICE, /**< The frame is in the pool at two places. */
};

/**
 * The sentence for a reason: what is wrong and what the hypervisor or CPU would do.
 *
 * @param reason  a reason
 *
 * @return the sentence; "unknown reason" for any other number; never NULL
 */
const char *cgdt_reason_text(enum cgdt_reason reason);

/**
 * Whether the profile takes a descriptor, and its stored form is one that it keeps for good.
 *
 * A PV32 call gate of ring 2 or 3 is taken but not stable: its stored form has DPL 0, which becomes
 * ring 1 when the page is checked again; or the gate is refused then, if its selector is one of
 * Xen's own.
 *
 * @param profile  whose rules
 * @param desc     any descriptor
 *
 * @return false if it is refused, or changes again or is refused when the page is seen again
 */
bool cgdt_descriptor_is_stable(const struct cgdt_profile *profile, cgdt_desc_t desc);

/**
 * What a reason leads to.
 *
 * @param reason  a reason
 *
 * @return the effect; CGDT_REFUSED for a number that is no reason
 */
enum cgdt_effect cgdt_reason_effect(enum cgdt_reason reason);

/**
 * One descriptor by a profile's rules.
 *
 * One descriptor has 8 bytes: of one that has 16, by the native 64-bit profiles, this is about the
 * first half. cgdt_check_slot() looks at pairs, and cgdt_write() takes them by both halves only.
 *
 * @param      profile  whose rules
 * @param      desc     any descriptor
 * @param[out] stored   where not NULL: what the table would hold afterwards; equal to desc unless
 *                      it is rewritten
 *
 * @return CGDT_FINE, or the first reason in the order in which Xen looks
 */
enum cgdt_reason cgdt_check_descriptor(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored);

/* Additional rules, or-ed together. */
/**
 * Native: the CPU uses a read-only mapping of the page, so no segment may lack its accessed bit.
 * True of a table at any time. See CGDT_ACCESSED_CLEAR.
 */
#define CGDT_RULE_READ_ONLY_ALIAS (1u << 0)
#define CGDT_RULE_NULL_ENTRY      (1u << 1) /**< Entry 0 of every slot must be zero. */
#define CGDT_RULE_REWRITE_IS_OK   (1u << 2) /**< Do not report what is accepted but rewritten. */
/**
 * Native: no TSS may be busy, of 16 bits or more: for a table whose LTR is still to come. In a
 * table that is in use the TSS is busy, and right. See CGDT_TSS_BUSY.
 */
#define CGDT_RULE_NO_BUSY_TSS (1u << 3)

/**
 * The descriptors of one slot, with the rules that need more than one descriptor (16-byte pairs).
 *
 * @param      profile  whose rules
 * @param      rules    CGDT_RULE_* on top, or-ed
 * @param      desc     `entries` descriptors, entry 0 first, aligned as a cgdt_desc_t; may be a
 *                      live page
 * @param      entries  how many
 * @param[out] bad      where not NULL: set to the first offending entry when the result is not
 *                      CGDT_FINE
 *
 * @return CGDT_FINE, or the reason at the first offending entry
 */
enum cgdt_reason cgdt_check_slot(const struct cgdt_profile *profile, uint32_t rules,
                                 const void *desc, uint32_t entries, uint32_t *bad);

/** The first thing that is wrong, and where. */
struct cgdt_violation {
    uint32_t window; /**< The window, 0 up. */
    uint32_t
        position; /**< The page's in its window, 0 up; CGDT_COMMON_POSITION for the common page. */
    uint32_t color;          /**< The slot's place in the page, 0 up. */
    uint32_t entry;          /**< In the slot, 0 up. */
    enum cgdt_reason reason; /**< What is wrong. */
    enum cgdt_effect effect; /**< What that leads to: cgdt_reason_effect(). */
    cgdt_desc_t found;       /**< The descriptor as it is. */
    cgdt_desc_t stored; /**< What the table would hold afterwards (CGDT_REWRITTEN), else found. */
    uint64_t spare[2];  /**< 0: room for what later versions of the library tell. */
};

/** cgdt_violation.position of the common page. */
#define CGDT_COMMON_POSITION 0xffffffffu

/**
 * A whole page of 512 descriptors: every entry by the profile, and unowned slots by the house rule
 * (zero).
 *
 * @param      profile       whose rules
 * @param      rules         CGDT_RULE_* on top, or-ed
 * @param      page          512 descriptors, aligned as a cgdt_desc_t; may be a live page
 * @param      slot_entries  8 .. 512, a power of two
 * @param      owned         bit c set: the slot of color c has an owner; ~0 to judge by the profile
 *                           alone
 * @param[out] violation     where not NULL: filled in when the result is not CGDT_FINE, window and
 *                           position as 0
 *
 * @return CGDT_FINE, or the reason at the lowest offending entry, where REFUSED comes before
 *         REWRITTEN before HOUSE if one entry earns several
 */
enum cgdt_reason cgdt_check_page(const struct cgdt_profile *profile, uint32_t rules,
                                 const void *page, uint32_t slot_entries, uint64_t owned,
                                 struct cgdt_violation *violation);

/**
 * The violation as one line of text, NUL-terminated, without a newline: place, descriptor,
 * sentence.
 *
 * @param      violation  as cgdt_check() or cgdt_check_page() filled it in
 * @param[out] buffer     receives at most size bytes, the NUL included
 * @param      size       bytes of the buffer; 200 are enough, 0 writes nothing
 *
 * @return the length that the whole line has, so a result >= size means that it was cut
 */
size_t cgdt_violation_text(const struct cgdt_violation *violation, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
