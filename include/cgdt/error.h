/* SPDX-License-Identifier: MIT */
/*
 * Error codes. Every function that can fail returns 0 (or a count) or one of these NEGATED. The numbers
 * are Linux errno values, so a kernel can pass them on. A port's own negative code (a hypervisor's, say)
 * is passed through unchanged, so other values occur too.
 *
 * A call that fails has changed nothing, unless its own text says otherwise.
 */
#ifndef CGDT_ERROR_H
#define CGDT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum cgdt_error {
    CGDT_OK = 0,

    /* The caller asked too early or for something this configuration has not. */
    CGDT_EPERM = 1, /* The page is still private: call cgdt_seal() first. */
    CGDT_ENOTSUP =
        95, /* Not in this mode: cgdt_gdtr() when paged, cgdt_frames() when native, ... */

    /* The caller's arguments are wrong. */
    CGDT_EINVAL = 22, /* A parameter is outside the range that its text gives. */
    CGDT_ERANGE =
        34, /* Entries outside the slot, a value that does not fit a descriptor's field. */
    CGDT_EILSEQ = 84, /* A descriptor that the profile's hypervisor or CPU would refuse. */
    CGDT_ENOENT =
        2, /* No such thing: a handle of a slot that nobody owns, a CPU that is offline. */
    CGDT_ESTALE =
        116, /* A handle from before the slot was freed: a double free, or a use after it. */
    CGDT_EEXIST = 17, /* The CPU is online already. */

    /* Somebody else is in the way; the call may succeed later. */
    CGDT_EBUSY =
        16, /* Another CPU is bringing this CPU on- or offline; or slots are still owned. */

    /* Something is used up. */
    CGDT_ENOSPC = 28, /* The pool's ceiling (max_cpus) is reached: every slot is owned. */
    CGDT_ENOMEM = 12, /* The port has no page to give. */

    /* The port broke its contract (port.h); nothing of what it gave is used. */
    CGDT_EPROTO = 71, /* A page that is not aligned, not zero, or already in this window. */
};

/*
 * A short English sentence for a code, negated or not; "unknown error" for any other. Pure; any CPU, any time.
 */
const char *cgdt_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
