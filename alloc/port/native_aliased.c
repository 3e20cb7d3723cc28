/* SPDX-License-Identifier: MIT */
/*
 * The native port of kernels that map each page's alias by itself; see
 * include/cgdt/port/native_aliased.h.
 *
 * A view tells nothing of where its page can be written, so that is remembered page by page, in the
 * caller's memory. An entry of it is set by map() and stays until unmap(): who may ask for a page
 * may look there without a lock.
 */
#include "cgdt/port/native_aliased.h"

#include "cgdt/error.h"
#include "native_ops.h"

static bool is_aligned(const void *address)
{
    return (uintptr_t)address % CGDT_PAGE_BYTES == 0;
}

static void native_aliased_unmap(void *ctx, uint32_t page, void *view)
{
    const struct cgdt_native_aliased *native = ctx;
    void *at = native->writable[page];

    (void)view;
    native->writable[page] = NULL;
    cgdt_native_give_(native->ops, native->ctx, page, at);
}

static int native_aliased_map(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native_aliased *native = ctx;
    void *at;

    if (page == CGDT_COMMON_PAGE)
        return -CGDT_ENOTSUP;
    if (native->ops == NULL || native->ops->alias_get == NULL || native->ops->alias_put == NULL)
        return -CGDT_EINVAL;
    if (page >= native->page_count)
        return -CGDT_ENOMEM;
    at = cgdt_native_take_(native->ops, native->ctx, native->pages, native->page_count, page);
    if (at == NULL)
        return -CGDT_ENOMEM;
    /* One that is not aligned would be zeroed in part. */
    if (!is_aligned(at)) {
        cgdt_native_give_(native->ops, native->ctx, page, at);
        return -CGDT_EPROTO;
    }
    cgdt_native_clear_(at);
    native->writable[page] = at;
    *view = at;
    return 0;
}

static int native_aliased_seal(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native_aliased *native = ctx;
    void *alias = native->ops->alias_get(native->ctx, page, *view);

    if (alias == NULL)
        return -CGDT_ENOMEM;
    /* The pool would refuse it too, but not take it back. */
    if (!is_aligned(alias)) {
        native->ops->alias_put(native->ctx, page, alias);
        return -CGDT_EPROTO;
    }
    *view = alias;
    return 0;
}

/* No slot of the page is owned, and each was freed after its CPU had let go: nobody looks at it. */
static int native_aliased_unseal(void *ctx, uint32_t page, void **view)
{
    const struct cgdt_native_aliased *native = ctx;

    native->ops->alias_put(native->ctx, page, *view);
    *view = native->writable[page];
    return 0;
}

static int native_aliased_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    const struct cgdt_native_aliased *native = ctx;

    (void)view;
    *frame = (uintptr_t)native->writable[page] / CGDT_PAGE_BYTES;
    return 0;
}

static int native_aliased_live_write(void *ctx, uint32_t page, const void *view,
                                     struct cgdt_batch *batch)
{
    const struct cgdt_native_aliased *native = ctx;
    cgdt_desc_t *at = native->writable[page];

    (void)view;
    if (native->poison && batch->values == NULL)
        cgdt_native_poison_(native->ops, native->ctx, page, batch, at);
    cgdt_batch_store(batch, at);
    return 0;
}

static int native_aliased_quiesce(void *ctx, uint32_t cpu)
{
    const struct cgdt_native_aliased *native = ctx;

    return cgdt_native_quiesce_(native->ops, native->ctx, cpu);
}

static void native_aliased_lock(void *ctx)
{
    struct cgdt_native_aliased *native = ctx;

    cgdt_native_lock_(native->ops, native->ctx, &native->locked);
}

static void native_aliased_unlock(void *ctx)
{
    struct cgdt_native_aliased *native = ctx;

    cgdt_native_unlock_(native->ops, native->ctx, &native->locked);
}

const struct cgdt_port cgdt_native_aliased_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = native_aliased_map,
    .seal = native_aliased_seal,
    .unseal = native_aliased_unseal,
    .unmap = native_aliased_unmap,
    .frame = native_aliased_frame,
    .live_write = native_aliased_live_write,
    .quiesce = native_aliased_quiesce,
    .lock = native_aliased_lock,
    .unlock = native_aliased_unlock,
    .seal_read_only = true,
};
