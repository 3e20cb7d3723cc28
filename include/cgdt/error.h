/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Error codes: every function that can fail returns 0 (or a count) or one of these NEGATED.
 *
 * The numbers are Linux errno values, so a kernel can pass them on. A port's own negative code (a
 * hypervisor's, say) is passed through unchanged, so other values occur too.
 *
 * A call that fails has changed nothing, unless its own text says otherwise. The text of each
 * function says in parentheses whose fault a code is: (caller), (port); where there is neither,
 * nobody's.
 */
#ifndef CGDT_ERROR_H
#define CGDT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/** What can go wrong, as positive numbers. */
enum cgdt_error {
    CGDT_OK = 0, /**< Nothing did. */

    /* The caller asked too early or for something this configuration has not. */
    /** (caller) The page is still private: call cgdt_seal() first. */
    CGDT_EPERM = 1,
    /** (caller) Not in this mode: cgdt_gdtr() when paged, cgdt_frames() when native, ... */
    CGDT_ENOTSUP = 95,

    /* The caller's arguments are wrong. */
    /** (caller) A parameter is outside the range that its text gives. */
    CGDT_EINVAL = 22,
    /** (caller) Entries outside the slot, a value that does not fit a descriptor's field. */
    CGDT_ERANGE = 34,
    /** (caller) A descriptor that the profile's hypervisor or CPU would refuse. */
    CGDT_EILSEQ = 84,
    /**
     * (caller) A segment whose accessed bit is clear, in a pool that the CPU reads through a
     * read-only mapping: its first load would be a page fault.
     */
    CGDT_EROFS = 30,
    /** (caller) No such thing: a handle of a slot that nobody owns, a CPU that is offline. */
    CGDT_ENOENT = 2,
    /** (caller) A handle from before the slot was freed: a double free, or a use after it. */
    CGDT_ESTALE = 116,
    /** (caller) The CPU is online already. */
    CGDT_EEXIST = 17,

    /**
     * (caller) A struct has fields that this version of the library does not know, and they are not
     * 0.
     */
    CGDT_E2BIG = 7,

    /* Somebody else is in the way; the call may succeed later. */
    /**
     * No slot in service was free, and the call may not get one: cgdt_alloc_nowait(). There is no
     * better place: cgdt_cpu_move_begin().
     */
    CGDT_EAGAIN = 11,
    /**
     * Another CPU is bringing this CPU on- or offline, or is moving; a CPU has the slot; or slots
     * are still owned, or in a cache.
     */
    CGDT_EBUSY = 16,

    /* Something is used up. */
    /**
     * Used up: the pool's ceiling (max_cpus) is reached, every slot is taken: owned, in a cache, or
     * on its way.
     */
    CGDT_ENOSPC = 28,
    /** Used up: the port has no page to give. */
    CGDT_ENOMEM = 12,

    /* The port broke its contract (port.h); nothing of what it gave is used. */
    /**
     * (port) A page not aligned, not zero, or already in this window; a view of seal or unseal that
     * is no page.
     */
    CGDT_EPROTO = 71,
};

/**
 * A short English sentence for a code. Pure; any CPU, any time.
 *
 * @param code  a cgdt_error, negated or not
 *
 * @return the sentence; "unknown error" for any other number; never NULL
 */
const char *cgdt_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
