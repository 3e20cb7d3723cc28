/* SPDX-License-Identifier: MIT */
/* The common page by itself: for a CPU that has no slot. */
#include "cgdt/contents.h"
#include "pool.h"

CGDT_COMPACT_ int cgdt_common_frame(const struct cgdt_pool *pool, cgdt_frame_t *frame,
                                    const cgdt_desc_t **view)
{
    const struct page_state common = cgdt_page_state_(&pool->pages, CGDT_COMMON_PAGE);
    cgdt_frame_t its = 0;

    if (common.view == NULL)
        return -CGDT_ENOTSUP;
    if (frame == NULL)
        return -CGDT_EINVAL;
    if (!common.sealed)
        return -CGDT_EPERM;
    const int error =
        pool->given.port.frame(pool->given.config.port_ctx, CGDT_COMMON_PAGE, common.view, &its);
    if (error < 0)
        return error;
    *frame = its;
    if (view != NULL)
        *view = common.view;
    return 0;
}
