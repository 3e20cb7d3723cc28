/* SPDX-License-Identifier: MIT */
/* Error codes in words; a file of its own, so that a linker leaves it out where nobody asks. */
#include "cgdt/error.h"

const char *cgdt_error_text(int code)
{
    switch (code < 0 ? -(unsigned)code : (unsigned)code) {
    case CGDT_OK:
        return "success";
    case CGDT_EPERM:
        return "the page is still private: seal the pool first";
    case CGDT_ENOTSUP:
        return "not available in this mode";
    case CGDT_EINVAL:
        return "a parameter is out of range";
    case CGDT_ERANGE:
        return "entries outside the slot, or a value that does not fit";
    case CGDT_EILSEQ:
        return "the profile refuses a descriptor";
    case CGDT_EROFS:
        return "a clear accessed bit, which the CPU would set through a read-only mapping";
    case CGDT_ENOENT:
        return "nobody owns this slot, or the CPU is offline";
    case CGDT_ESTALE:
        return "the slot was freed since this handle was given out";
    case CGDT_EEXIST:
        return "the CPU is online already";
    case CGDT_E2BIG:
        return "a struct has fields that this version of the library does not know";
    case CGDT_EAGAIN:
        return "no slot in service is free";
    case CGDT_EBUSY:
        return "in use, or another CPU is at it";
    case CGDT_ENOSPC:
        return "every slot under the pool's ceiling is owned";
    case CGDT_ENOMEM:
        return "the port has no page to give";
    case CGDT_EPROTO:
        return "the port broke its contract: page not aligned, not zero or given twice";
    default:
        return "unknown error";
    }
}
