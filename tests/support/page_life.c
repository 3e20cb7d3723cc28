/* SPDX-License-Identifier: MIT */
/* See page_life.h. */
#include "page_life.h"

#include "must.h"

void page_life_of_successes(const struct cgdt_port *port, void *ctx,
                            const struct cgdt_profile *profile)
{
    const cgdt_desc_t data = 0x00cff3000000ffff;
    cgdt_frame_t frame = 0;
    void *view = NULL;

    port->lock(ctx);
    cr_assert_eq(port->map(ctx, 0, &view), 0);
    cr_assert_eq(port->seal(ctx, 0, &view), 0);
    port->unlock(ctx);
    cr_assert_eq(port->frame(ctx, 0, view, &frame), 0);
    if (port->live_write != NULL) {
        struct cgdt_batch batch = {
            .slot = view, .values = &data, .profile = profile, .first = 1, .count = 1};

        cr_assert_eq(port->live_write(ctx, 0, view, &batch), 0);
    }
    if (port->quiesce != NULL)
        cr_assert_eq(port->quiesce(ctx, 0), 0);
    port->lock(ctx);
    cr_assert_eq(port->unseal(ctx, 0, &view), 0);
    port->unmap(ctx, 0, view);
    port->unlock(ctx);
}
