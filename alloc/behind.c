/* SPDX-License-Identifier: MIT */
/* The frames of a CPU that has another page in place of the common one. */
#include "cgdt/contents.h"
#include "pool.h"

/* Its own slot begins at entry 512 in either list, so all that cgdt_frames() says of it holds. */
CGDT_COMPACT_ int cgdt_frames_behind(const struct cgdt_pool *pool, cgdt_slot_t slot,
                                     cgdt_frame_t head, cgdt_frame_t frames[CGDT_MAX_FRAMES],
                                     uint32_t *n_frames, uint32_t *entries)
{
    if (!cgdt_pool_layout_(pool)->common)
        return -CGDT_ENOTSUP;
    const int error = cgdt_frames(pool, slot, frames, n_frames, entries);
    if (error == 0)
        frames[0] = head;
    return error;
}
