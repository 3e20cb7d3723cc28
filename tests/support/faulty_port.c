/* SPDX-License-Identifier: MIT */
/* The wrapper that counts and fails; see faulty_port.h. */
#include "faulty_port.h"

void faulty_open(struct faulty *faulty, const struct cgdt_port *inner, void *inner_ctx)
{
    *faulty = (struct faulty){.inner = inner, .inner_ctx = inner_ctx};
}

void faulty_arm(struct faulty *faulty, uint32_t kinds, uint32_t n, int code)
{
    faulty->kinds = kinds;
    faulty->fail_at = n;
    faulty->code = code;
    faulty->from_then_on = false;
    faulty->then_after = 0;
    faulty->then_all = false;
    faulty->seen = 0;
    faulty->fired = 0;
}

/* Whether the operation that has just been seen is one to fail. */
static bool chosen(const struct faulty *faulty)
{
    const uint32_t again = faulty->fail_at + faulty->then_after;

    if (faulty->fail_at == 0 || faulty->seen < faulty->fail_at)
        return false;
    if (faulty->seen == faulty->fail_at || faulty->from_then_on)
        return true;
    return faulty->then_after != 0 &&
           (faulty->seen == again || (faulty->seen > again && faulty->then_all));
}

/* Count one operation; whether it is to fail. */
static bool fails(struct faulty *faulty, enum faulty_kind kind)
{
    faulty->tried[kind]++;
    if ((faulty->kinds >> kind & 1u) == 0)
        return false;
    faulty->seen++;
    if (!chosen(faulty))
        return false;
    faulty->fired++;
    return true;
}

static int finish(struct faulty *faulty, enum faulty_kind kind, int result)
{
    if (result >= 0)
        faulty->did[kind]++;
    return result;
}

static int faulty_map(void *ctx, uint32_t page, void **view)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_MAP))
        return faulty->code;
    return finish(faulty, FAULTY_MAP, faulty->inner->map(faulty->inner_ctx, page, view));
}

static int faulty_seal(void *ctx, uint32_t page, void **view)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_SEAL))
        return faulty->code;
    return finish(faulty, FAULTY_SEAL, faulty->inner->seal(faulty->inner_ctx, page, view));
}

static int faulty_unseal(void *ctx, uint32_t page, void **view)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_UNSEAL))
        return faulty->code;
    return finish(faulty, FAULTY_UNSEAL, faulty->inner->unseal(faulty->inner_ctx, page, view));
}

static void faulty_unmap(void *ctx, uint32_t page, void *view)
{
    struct faulty *faulty = ctx;

    (void)fails(faulty, FAULTY_UNMAP);
    faulty->inner->unmap(faulty->inner_ctx, page, view);
    (void)finish(faulty, FAULTY_UNMAP, 0);
}

static int faulty_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_FRAME))
        return faulty->code;
    return finish(faulty, FAULTY_FRAME, faulty->inner->frame(faulty->inner_ctx, page, view, frame));
}

static int faulty_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_LIVE_WRITE))
        return faulty->code;
    return finish(faulty, FAULTY_LIVE_WRITE,
                  faulty->inner->live_write(faulty->inner_ctx, page, view, batch));
}

static int faulty_quiesce(void *ctx, uint32_t cpu)
{
    struct faulty *faulty = ctx;

    if (fails(faulty, FAULTY_QUIESCE))
        return faulty->code;
    return finish(faulty, FAULTY_QUIESCE, faulty->inner->quiesce(faulty->inner_ctx, cpu));
}

static void faulty_lock(void *ctx)
{
    struct faulty *faulty = ctx;

    (void)fails(faulty, FAULTY_LOCK);
    faulty->inner->lock(faulty->inner_ctx);
    (void)finish(faulty, FAULTY_LOCK, 0);
}

static void faulty_unlock(void *ctx)
{
    struct faulty *faulty = ctx;

    (void)fails(faulty, FAULTY_UNLOCK);
    faulty->inner->unlock(faulty->inner_ctx);
    (void)finish(faulty, FAULTY_UNLOCK, 0);
}

const struct cgdt_port faulty_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = faulty_map,
    .seal = faulty_seal,
    .unseal = faulty_unseal,
    .unmap = faulty_unmap,
    .frame = faulty_frame,
    .live_write = faulty_live_write,
    .quiesce = faulty_quiesce,
    .lock = faulty_lock,
    .unlock = faulty_unlock,
};
