/* SPDX-License-Identifier: MIT */
/*
 * The port for PV kernels on Xen; see include/cgdt/port/xen_pv.h.
 *
 * A live write is all or nothing although a multicall is not: it goes on after a call that failed,
 * and what it did stays done. So the old contents are kept until the last call has succeeded, and
 * undoing is a batch in the other direction: from what the page holds now to what it held before,
 * in the order that cgdt_batch_next() demands for any change.
 */
#include "cgdt/port/xen_pv.h"

#include "array.h"
#include "cgdt/error.h"
#include "xen_pv_explain.h"

#if !defined(__i386__) && (!defined(__x86_64__) || defined(__ILP32__))
#error "xen_pv.c is for 64-bit and for 32-bit PV kernels"
#endif

/* xen/include/public/xen.h */
#define HYPERVISOR_UPDATE_DESCRIPTOR 10u
#define HYPERVISOR_UPDATE_VA_MAPPING 14u
#define UVMF_INVLPG                  2u
#define UVMF_ALL                     4u

#define PAGE_SHIFT 12
#define PTE_RW     0x02ull
/*
 * Present, accessed and dirty: no CPU has to write them later, into a page table that Xen guards.
 */
#define PTE_DEFAULT 0x61ull

_Static_assert(sizeof(struct cgdt_xen_pv_call) == 8 * sizeof(void *), "struct multicall_entry");

/*
 * Words of a 64-bit argument: of a 32-bit kernel two, the low half first
 * (compat_update_descriptor(), compat_update_va_mapping()).
 */
#define WORDS_OF_64 ((uint32_t)(sizeof(uint64_t) / sizeof(uintptr_t)))

/* Calls gathered for one multicall. */
struct chunk {
    struct cgdt_xen_pv_call calls[CGDT_XEN_PV_CHUNK];
    uint32_t n;
};

/* Relaxed, as the header says: a count may be lost between two CPUs, but is never torn. */
static void count(uintptr_t *counter, uint32_t n)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static void lock(struct cgdt_xen_pv *xen, enum cgdt_xen_pv_lock which)
{
    if (xen->ops->lock != NULL)
        xen->ops->lock(xen->ctx, which);
}

static void unlock(struct cgdt_xen_pv *xen, enum cgdt_xen_pv_lock which)
{
    if (xen->ops->unlock != NULL)
        xen->ops->unlock(xen->ctx, which);
}

static void put_argument(struct cgdt_xen_pv_call *call, uint32_t at, uint64_t value)
{
    call->args[at] = (uintptr_t)value;
    if (WORDS_OF_64 == 2)
        call->args[at + 1] = (uintptr_t)(value >> 32);
}

static uint64_t argument(const struct cgdt_xen_pv_call *call, uint32_t at)
{
    const uint64_t low = call->args[at];

    return WORDS_OF_64 == 2 ? low | (uint64_t)call->args[at + 1] << 32 : low;
}

/* Pages. */

/*
 * On all CPUs: an old writable translation elsewhere would let a store pass until Xen takes the
 * page, an old read-only one would fault a store after the page has left the pool.
 */
#define ON_ALL_CPUS (UVMF_INVLPG | UVMF_ALL)

static uint64_t pte_of(struct cgdt_xen_pv *xen, const void *page, uint64_t rw)
{
    const uint64_t frame = xen->ops->virt_to_mfn(xen->ctx, page) << PAGE_SHIFT;
    const uint64_t flags = xen->pte_flags != 0 ? xen->pte_flags & ~PTE_RW : PTE_DEFAULT;

    return frame | flags | rw;
}

static int set_mapping(struct cgdt_xen_pv *xen, const void *page, uint64_t rw)
{
    const uint64_t pte = pte_of(xen, page, rw);

    count(&xen->counts.update_va_mapping, 1);
    return (int)xen->ops->update_va_mapping(xen->ctx, (uintptr_t)page, pte, ON_ALL_CPUS);
}

static void give_to_kernel(struct cgdt_xen_pv *xen, uint32_t page, void *at)
{
    if (xen->ops->page_put != NULL)
        xen->ops->page_put(xen->ctx, page, at);
}

/* The entry of the page at that address; with NULL: one that is free. NULL if there is none. */
static struct cgdt_xen_pv_stuck *stuck_at(struct cgdt_xen_pv *xen, const void *at)
{
    for (uint32_t i = 0; i < CGDT_XEN_PV_STUCK; i++)
        if (xen->stuck[i].at == at)
            return &xen->stuck[i];
    return NULL;
}

/* Whatever Xen lets go of now is the kernel's again. False: there is no room for another. */
static bool ask_again(struct cgdt_xen_pv *xen)
{
    for (uint32_t i = 0; i < CGDT_XEN_PV_STUCK; i++) {
        const struct cgdt_xen_pv_stuck stuck = xen->stuck[i];

        if (stuck.at == NULL || set_mapping(xen, stuck.at, PTE_RW) < 0)
            continue;
        xen->stuck[i].at = NULL;
        give_to_kernel(xen, stuck.page, stuck.at);
    }
    return stuck_at(xen, NULL) != NULL;
}

static void *take_page(struct cgdt_xen_pv *xen, uint32_t page)
{
    const uint32_t index = cgdt_array_index_(xen->page_count, xen->common, page);

    if (xen->ops->page_get != NULL)
        return xen->ops->page_get(xen->ctx, page);
    if (index == xen->page_count)
        return NULL;
    if (page == CGDT_COMMON_PAGE) /* others are looking */
        xen->common = true;
    return (char *)xen->pages + (size_t)index * CGDT_PAGE_BYTES;
}

static int xen_pv_map(void *ctx, uint32_t page, void **view)
{
    struct cgdt_xen_pv *xen = ctx;
    cgdt_desc_t *at = ask_again(xen) ? take_page(xen, page) : NULL;

    if (at == NULL)
        return -CGDT_ENOMEM;
    if (stuck_at(xen, at) != NULL) /* of the array: the next page may be had */
        return -CGDT_EBUSY;
    *view = at;
    /* The core will see that it is not aligned, and give it back. */
    if ((uintptr_t)at % CGDT_PAGE_BYTES != 0)
        return 0;
    /*
     * Memory that Xen gives a domain is not scrubbed. Descriptor stores, for no compiler to call
     * memset().
     */
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&at[entry], 0);
    return 0;
}

static void xen_pv_unmap(void *ctx, uint32_t page, void *view)
{
    struct cgdt_xen_pv *xen = ctx;

    if (page == CGDT_COMMON_PAGE)
        xen->common = false;
    if (stuck_at(xen, view) == NULL)
        give_to_kernel(xen, page, view);
    else
        (void)ask_again(xen);
}

/* A page that stays read-only is out of reach until Xen lets go of it. */
static void undo_seal(struct cgdt_xen_pv *xen, uint32_t page, void *at,
                      struct cgdt_xen_pv_stuck *room)
{
    if (set_mapping(xen, at, PTE_RW) < 0)
        *room = (struct cgdt_xen_pv_stuck){at, page};
}

/* Both halves of a seal. Which of them failed is not known; the first may be undone in any case. */
static int seal_at_once(struct cgdt_xen_pv *xen, const void *view, cgdt_frame_t frame)
{
    struct cgdt_xen_pv_call first = {.op = HYPERVISOR_UPDATE_VA_MAPPING,
                                     .result = -CGDT_EPROTO, /* unless Xen says otherwise */
                                     .args = {(uintptr_t)view}};

    put_argument(&first, 1, pte_of(xen, view, 0));
    first.args[1 + WORDS_OF_64] = ON_ALL_CPUS;
    count(&xen->counts.multicall, 1);
    return xen->ops->introduce_with(xen->ctx, &first, frame);
}

static int xen_pv_seal(void *ctx, uint32_t page, void **view)
{
    struct cgdt_xen_pv *xen = ctx;
    struct cgdt_xen_pv_stuck *room = stuck_at(xen, NULL);
    const cgdt_frame_t frame = (cgdt_frame_t)xen->ops->virt_to_mfn(xen->ctx, *view);
    int error;

    /* Not after map(), but of pages that are sealed again because a destroy has failed. */
    if (room == NULL)
        return -CGDT_ENOMEM;
    if (xen->ops->introduce_with != NULL) {
        error = seal_at_once(xen, *view, frame);
    } else {
        error = set_mapping(xen, *view, 0);
        if (error < 0 || xen->ops->introduce == NULL)
            return error;
        error = xen->ops->introduce(xen->ctx, frame);
    }
    if (error < 0) {
        xen->refusal = cgdt_xen_pv_explain_frame_(xen, frame, *view);
        xen->refusal.page = page;
        undo_seal(xen, page, *view, room);
    }
    return error;
}

static int xen_pv_unseal(void *ctx, uint32_t page, void **view)
{
    (void)page;
    return set_mapping(ctx, *view, PTE_RW);
}

static int xen_pv_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    struct cgdt_xen_pv *xen = ctx;

    (void)page;
    *frame = (cgdt_frame_t)xen->ops->virt_to_mfn(xen->ctx, view);
    return 0;
}

/* Live writes. */

static uint64_t machine_page(struct cgdt_xen_pv *xen, const void *view)
{
    return xen->ops->virt_to_mfn(xen->ctx, view) << PAGE_SHIFT;
}

static int64_t store_one(struct cgdt_xen_pv *xen, uint64_t machine_address, cgdt_desc_t value)
{
    count(&xen->counts.update_descriptor, 1);
    return xen->ops->update_descriptor(xen->ctx, machine_address, value);
}

static int flush(struct cgdt_xen_pv *xen, struct chunk *chunk)
{
    const uint32_t n = chunk->n;
    int64_t error;

    chunk->n = 0;
    if (n == 0)
        return 0;
    if (n == 1) {
        error = store_one(xen, argument(chunk->calls, 0), argument(chunk->calls, WORDS_OF_64));
        return error < 0 ? (int)error : 0;
    }
    count(&xen->counts.multicall, 1);
    count(&xen->counts.batched, n);
    error = xen->ops->multicall(xen->ctx, chunk->calls, n);
    for (uint32_t i = 0; i < n && error >= 0; i++)
        error = chunk->calls[i].result;
    return error < 0 ? (int)error : 0;
}

static void add(struct chunk *chunk, uint64_t machine_address, cgdt_desc_t value)
{
    struct cgdt_xen_pv_call *call = &chunk->calls[chunk->n++];

    /* What Xen does not look at stays as it is: this is what a switch of threads waits for. */
    call->op = HYPERVISOR_UPDATE_DESCRIPTOR;
    call->result = -CGDT_EPROTO; /* unless Xen says otherwise */
    put_argument(call, 0, machine_address);
    put_argument(call, WORDS_OF_64, value);
}

/*
 * The stores of a batch, in order. A multicall does not cross from one pass to the next: a low half
 * must not be published when its high half was refused, and a multicall would go on to do it.
 */
static int store_all(struct cgdt_xen_pv *xen, uint64_t machine, struct cgdt_batch *batch)
{
    struct chunk chunk;
    struct cgdt_update update;
    uint8_t pass = batch->pass;
    int error = 0;

    chunk.n = 0;
    while (error == 0 && cgdt_batch_next(batch, &update)) {
        if (chunk.n == CGDT_XEN_PV_CHUNK || batch->pass != pass)
            error = flush(xen, &chunk);
        pass = batch->pass;
        add(&chunk, machine + update.entry * CGDT_DESC_BYTES, update.value);
    }
    return error == 0 ? flush(xen, &chunk) : error;
}

/* One by one: whatever made a multicall fail should not make this fail. */
static void undo(struct cgdt_xen_pv *xen, uint64_t machine, const struct cgdt_batch *done,
                 const cgdt_desc_t *old)
{
    struct cgdt_batch back = *done;
    struct cgdt_update update;

    count(&xen->counts.undone, 1);
    back.values = old;
    back.order = CGDT_BATCH_ANY;
    back.stored = true;
    cgdt_batch_rewind(&back);
    while (cgdt_batch_next(&back, &update))
        if (store_one(xen, machine + update.entry * CGDT_DESC_BYTES, update.value) < 0)
            count(&xen->counts.undo_failed, 1);
}

/* What the page holds where the batch's i-th value goes. */
static cgdt_desc_t now_in(const struct cgdt_batch *batch, uint32_t i)
{
    return *(const volatile cgdt_desc_t *)&batch->slot[batch->first + i];
}

/* All of the batch or nothing; `old` has room for batch->count descriptors. */
static int store_or_undo(struct cgdt_xen_pv *xen, const void *view, struct cgdt_batch *batch,
                         cgdt_desc_t *old)
{
    const uint64_t machine = machine_page(xen, view);
    int error;

    for (uint32_t i = 0; i < batch->count; i++)
        old[i] = now_in(batch, i);
    error = store_all(xen, machine, batch);
    if (error != 0)
        undo(xen, machine, batch, old);
    return error;
}

/*
 * The batch without the equal entries at either end: freeing a slot of few descriptors is a short
 * batch.
 */
static struct cgdt_batch narrowed(const struct cgdt_batch *batch)
{
    struct cgdt_batch all = *batch;
    struct cgdt_batch part = *batch;
    struct cgdt_update update;
    uint32_t lowest = CGDT_PAGE_ENTRIES;
    uint32_t end = 0;

    cgdt_batch_rewind(&all);
    while (cgdt_batch_next(&all, &update)) {
        const uint32_t i = update.entry - batch->slot_offset - batch->first;

        lowest = i < lowest ? i : lowest;
        end = i >= end ? i + 1 : end;
    }
    cgdt_batch_rewind(&part);
    part.order = CGDT_BATCH_ANY; /* the passes tell store_all() where a multicall must end */
    part.count = (uint16_t)(lowest < end ? end - lowest : 0);
    if (part.count == 0)
        return part;
    part.first = (uint16_t)(batch->first + lowest);
    part.values = batch->values != NULL ? batch->values + lowest : NULL;
    return part;
}

/*
 * Few 8-byte descriptors, a thread's TLS or a new slot's table: one multicall, in any order. *code:
 * what came of it. False: it is another kind of batch, and nothing has been done.
 */
static bool write_simple(struct cgdt_xen_pv *xen, const void *view, struct cgdt_batch *batch,
                         int *code)
{
    const uint64_t machine =
        machine_page(xen, view) + (batch->slot_offset + (uint64_t)batch->first) * CGDT_DESC_BYTES;
    cgdt_desc_t old[CGDT_XEN_PV_CHUNK];
    struct chunk chunk;

    if (!batch->stored || batch->count > CGDT_XEN_PV_CHUNK ||
        batch->values == NULL) /* GCOVR_EXCL_BR_LINE: nobody says so of zeros */
        return false;
    chunk.n = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const cgdt_desc_t value = batch->values[i];

        old[i] = now_in(batch, i);
        if (old[i] == value)
            continue;
        if ((value & CGDT_DESC_SEGMENT) == 0 ||
            (old[i] != 0 && (old[i] & CGDT_DESC_SEGMENT) == 0)) /* may be half of something */
            return false;
        add(&chunk, machine + i * CGDT_DESC_BYTES, value);
    }
    *code = flush(xen, &chunk);
    if (*code != 0)
        undo(xen, machine_page(xen, view), batch, old);
    return true;
}

/* Out of line, so that most writes take no such room on the stack. */
__attribute__((__noinline__)) static int write_some(struct cgdt_xen_pv *xen, const void *view,
                                                    struct cgdt_batch *batch)
{
    cgdt_desc_t some[CGDT_XEN_PV_FEW];

    return store_or_undo(xen, view, batch, some);
}

static int xen_pv_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct cgdt_xen_pv *xen = ctx;
    struct cgdt_batch part;
    cgdt_desc_t few[CGDT_XEN_PV_CHUNK];
    int error;

    (void)page;
    if (write_simple(xen, view, batch, &error))
        return error;
    part = narrowed(batch);
    if (part.count <= CGDT_XEN_PV_CHUNK)
        return store_or_undo(xen, view, &part, few);
    if (part.count <= CGDT_XEN_PV_FEW)
        return write_some(xen, view, &part);
    lock(xen, CGDT_XEN_PV_LOCK_UNDO);
    error = store_or_undo(xen, view, &part, xen->undo);
    unlock(xen, CGDT_XEN_PV_LOCK_UNDO);
    return error;
}

/* The rest. */

static int xen_pv_quiesce(void *ctx, uint32_t cpu)
{
    struct cgdt_xen_pv *xen = ctx;

    return xen->ops->quiesce == NULL ? 0 : xen->ops->quiesce(xen->ctx, cpu);
}

static void xen_pv_lock(void *ctx)
{
    lock(ctx, CGDT_XEN_PV_LOCK_PAGES);
}

static void xen_pv_unlock(void *ctx)
{
    unlock(ctx, CGDT_XEN_PV_LOCK_PAGES);
}

const struct cgdt_port cgdt_xen_pv_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = xen_pv_map,
    .seal = xen_pv_seal,
    .unseal = xen_pv_unseal,
    .unmap = xen_pv_unmap,
    .frame = xen_pv_frame,
    .live_write = xen_pv_live_write,
    .quiesce = xen_pv_quiesce,
    .lock = xen_pv_lock,
    .unlock = xen_pv_unlock,
};
