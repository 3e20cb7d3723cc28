/* SPDX-License-Identifier: MIT */
/* A port in whose operations a CPU can die; see mortal_port.h. */
#include "mortal_port.h"

void (*mortal_step)(void);

static int after(int result)
{
    mortal_step();
    return result;
}

static int mortal_map(void *ctx, uint32_t page, void **view)
{
    mortal_step();
    return after(faulty_port.map(ctx, page, view));
}

static int mortal_seal(void *ctx, uint32_t page, void **view)
{
    mortal_step();
    return after(faulty_port.seal(ctx, page, view));
}

static int mortal_unseal(void *ctx, uint32_t page, void **view)
{
    mortal_step();
    return after(faulty_port.unseal(ctx, page, view));
}

static void mortal_unmap(void *ctx, uint32_t page, void *view)
{
    mortal_step();
    faulty_port.unmap(ctx, page, view);
    mortal_step();
}

static int mortal_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    mortal_step();
    return after(faulty_port.frame(ctx, page, view, frame));
}

static int mortal_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    mortal_step();
    return after(faulty_port.live_write(ctx, page, view, batch));
}

static int mortal_quiesce(void *ctx, uint32_t cpu)
{
    mortal_step();
    return after(faulty_port.quiesce(ctx, cpu));
}

static void mortal_lock(void *ctx)
{
    mortal_step();
    faulty_port.lock(ctx);
    mortal_step();
}

static void mortal_unlock(void *ctx)
{
    mortal_step();
    faulty_port.unlock(ctx);
    mortal_step();
}

const struct cgdt_port mortal_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = mortal_map,
    .seal = mortal_seal,
    .unseal = mortal_unseal,
    .unmap = mortal_unmap,
    .frame = mortal_frame,
    .live_write = mortal_live_write,
    .quiesce = mortal_quiesce,
    .lock = mortal_lock,
    .unlock = mortal_unlock,
};
