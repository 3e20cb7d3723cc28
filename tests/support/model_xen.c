/* SPDX-License-Identifier: MIT */
/* Xen, as far as GDT pages are concerned; see model_xen.h. */
#define _GNU_SOURCE
#include "model_xen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oracle.h"

#define BYTES ((size_t)MODEL_PAGES * CGDT_PAGE_BYTES)

/* Page-table bits and flags of xen/include/public/xen.h, spelt out anew. */
#define PTE_PRESENT  0x1u
#define PTE_WRITABLE 0x2u
#define FLUSH_ONE    0x2u
#define FLUSH_ON_ALL 0x4u

/* What tells the two kinds of guests apart. */
#ifdef __x86_64__
#define GUEST ORACLE_PV64
#else
#define GUEST ORACLE_PV32
#endif

static void breach(struct model_xen *model, const char *what)
{
    if (model->breaches++ == 0)
        model->first_breach = what;
}

/* Whether this call is to fail. */
static bool fails(struct model_xen *model, enum model_call call)
{
    const uint32_t seen = ++model->seen[call];

    if (model->fail != call || model->fail_at == 0 || seen < model->fail_at ||
        (seen > model->fail_at && !model->from_then_on))
        return false;
    model->fired++;
    return true;
}

/* MODEL_PAGES: no frame of this guest. */
static uint32_t page_of_frame(uint64_t frame)
{
    return frame <= MODEL_FRAME && MODEL_FRAME - frame < MODEL_PAGES
               ? (uint32_t)(MODEL_FRAME - frame)
               : MODEL_PAGES;
}

cgdt_desc_t *model_xen_frame(const struct model_xen *model, cgdt_frame_t frame)
{
    return (cgdt_desc_t *)(void *)(model->host + (size_t)page_of_frame(frame) * CGDT_PAGE_BYTES);
}

static int64_t update_va_mapping(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
    struct model_xen *model = ctx;
    const uint64_t offset = va - (uintptr_t)model->guest;
    const uint32_t page = (uint32_t)(offset / CGDT_PAGE_BYTES);
    const bool writable = (pte & PTE_WRITABLE) != 0;

    if (offset >= BYTES || offset % CGDT_PAGE_BYTES != 0 ||
        page_of_frame((pte & 0x000ffffffffff000ull) >> 12) != page)
        breach(model, "update_va_mapping of another page, or to another frame");
    if ((pte & PTE_PRESENT) == 0 || flags != (FLUSH_ONE | FLUSH_ON_ALL))
        breach(model, "update_va_mapping without present, or not flushed on all CPUs");
    if (!model->locked[CGDT_XEN_PV_LOCK_PAGES] && model->ops.lock != NULL)
        breach(model, "update_va_mapping without the lock");
    if (fails(model, MODEL_VA_MAPPING))
        return model->code;
    if (writable && model->gdt_count[page] != 0)
        return XEN_EBUSY;
    model->writable[page] = writable;
    model->typed[page] = model->typed[page] && !writable;
    (void)mprotect(model->guest + offset, CGDT_PAGE_BYTES,
                   writable ? PROT_READ | PROT_WRITE : PROT_READ);
    return 0;
}

static int64_t change(struct model_xen *model, uint64_t machine_address, uint64_t descriptor)
{
    const uint32_t page = page_of_frame(machine_address >> 12);
    uint64_t stored = 0;

    if (page == MODEL_PAGES || machine_address % 8 != 0) {
        breach(model, "a descriptor outside the guest's frames");
        return XEN_EINVAL;
    }
    if (fails(model, MODEL_DESCRIPTOR))
        return model->code;
    if (oracle_xen(GUEST, descriptor, &stored) >= ORACLE_REFUSED_TYPE)
        return XEN_EINVAL;
    model_xen_frame(model, machine_address >> 12)[machine_address % CGDT_PAGE_BYTES / 8] = stored;
    model->changing = model->typed[page] ? 0 : page + 1;
    if (model->look != NULL)
        model->look(model->who);
    model->changing = 0;
    return 0;
}

static int64_t update_descriptor(void *ctx, uint64_t machine_address, uint64_t descriptor)
{
    return change(ctx, machine_address, descriptor);
}

/* An argument of 64 bits in a multicall, from its n-th word on. */
static uint64_t wide_argument(const struct cgdt_xen_pv_call *call, unsigned n)
{
#ifdef __x86_64__
    return call->args[n];
#else
    return call->args[n] | (uint64_t)call->args[n + 1] << 32;
#endif
}

/* A call that fails does not stop the ones behind it. */
static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
    struct model_xen *model = ctx;

    if (n < 2 || n > CGDT_XEN_PV_CHUNK)
        breach(model, "a multicall of another length than promised");
    if (fails(model, MODEL_MULTICALL))
        return model->code;
    for (uint32_t i = 0; i < n && !model->deaf; i++) {
        if (calls[i].op != 10)
            breach(model, "a multicall of something else");
        calls[i].result = (intptr_t)change(model, wide_argument(&calls[i], 0),
                                           wide_argument(&calls[i], GUEST == ORACLE_PV64 ? 1 : 2));
    }
    return 0;
}

static uint64_t virt_to_mfn(void *ctx, const void *page)
{
    const struct model_xen *model = ctx;

    return MODEL_FRAME - ((uintptr_t)page - (uintptr_t)model->guest) / CGDT_PAGE_BYTES;
}

/* Any page will do, so not the one with the pool's number. */
static void *page_get(void *ctx, uint32_t page)
{
    struct model_xen *model = ctx;

    (void)page;
    for (uint32_t i = MODEL_PAGES; i-- > 0;)
        if (!model->taken[i]) {
            model->taken[i] = true;
            return model->guest + (size_t)i * CGDT_PAGE_BYTES;
        }
    return NULL;
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    struct model_xen *model = ctx;
    const size_t i = (size_t)((unsigned char *)at - model->guest) / CGDT_PAGE_BYTES;

    (void)page;
    if (!model->taken[i])
        breach(model, "a page put that was not got");
    if (!model->writable[i])
        breach(model, "a page put that is not writable");
    model->taken[i] = false;
}

static void lock(void *ctx, enum cgdt_xen_pv_lock which)
{
    struct model_xen *model = ctx;

    if (model->locked[which])
        breach(model, "a lock taken twice");
    if (which == CGDT_XEN_PV_LOCK_PAGES && model->locked[CGDT_XEN_PV_LOCK_UNDO])
        breach(model, "locks in the wrong order");
    model->locked[which] = true;
    model->locks_taken[which]++;
}

static void unlock(void *ctx, enum cgdt_xen_pv_lock which)
{
    struct model_xen *model = ctx;

    if (!model->locked[which])
        breach(model, "unlock without lock");
    model->locked[which] = false;
}

/* For the moment of this call some vCPU has the frame in its GDT. */
static int introduce(void *ctx, uint64_t frame)
{
    struct model_xen *model = ctx;
    const cgdt_frame_t frames[] = {(cgdt_frame_t)frame};

    if (!model->locked[CGDT_XEN_PV_LOCK_PAGES] && model->ops.lock != NULL)
        breach(model, "introduce without the lock");
    if (model->introduce_code != 0)
        return model->introduce_code;
    const int error = model_xen_set_gdt(model, frames, 1);
    if (error == 0)
        model_xen_drop_gdt(model, frames, 1);
    return error;
}

/* As a multicall: what fails does not stop what comes behind it. */
int model_xen_introduce_with(void *ctx, const struct cgdt_xen_pv_call *first, uint64_t frame)
{
    struct model_xen *model = ctx;

    if (first->op != 14)
        breach(model, "a page made read-only by something else");
    const int64_t error = update_va_mapping(ctx, first->args[0], wide_argument(first, 1),
                                            first->args[GUEST == ORACLE_PV64 ? 2 : 3]);
    const int introduced = introduce(ctx, frame);
    return error < 0 ? (int)error : introduced;
}

/* The kernel has its page tables mapped too, somewhere. */
static const void *mfn_to_virt(void *ctx, uint64_t frame)
{
    static const cgdt_desc_t table[CGDT_PAGE_ENTRIES];
    const struct model_xen *model = ctx;
    const uint32_t page = page_of_frame(frame);

    if (frame == MODEL_TABLE_FRAME)
        return table;
    return page == MODEL_PAGES ? NULL : model->guest + (size_t)page * CGDT_PAGE_BYTES;
}

static bool is_writable(void *ctx, const void *page)
{
    const struct model_xen *model = ctx;
    const uintptr_t offset = (uintptr_t)page - (uintptr_t)model->guest;

    return offset < BYTES && model->writable[offset / CGDT_PAGE_BYTES];
}

bool model_xen_open(struct model_xen *model)
{
    const int file = memfd_create("xen", MFD_CLOEXEC);

    memset(model, 0, sizeof(*model));
    if (file < 0 || ftruncate(file, (off_t)BYTES) != 0)
        return false;
    model->guest = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    model->host = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    memset(model->writable, true, sizeof(model->writable));
    memset(model->host, 0x5a, BYTES); /* nobody scrubs a domain's memory */
    model->ops = (struct cgdt_xen_pv_ops){.update_va_mapping = update_va_mapping,
                                          .update_descriptor = update_descriptor,
                                          .multicall = multicall,
                                          .virt_to_mfn = virt_to_mfn,
                                          .page_get = page_get,
                                          .page_put = page_put,
                                          .introduce = introduce,
                                          .mfn_to_virt = mfn_to_virt,
                                          .is_writable = is_writable,
                                          .lock = lock,
                                          .unlock = unlock};
    model->port = (struct cgdt_xen_pv){
        .ops = &model->ops, .ctx = model, .pages = model->guest, .page_count = MODEL_PAGES};
    return model->guest != MAP_FAILED && model->host != MAP_FAILED;
}

void model_xen_close(struct model_xen *model)
{
    (void)munmap(model->guest, BYTES);
    (void)munmap(model->host, BYTES);
}

void model_xen_arm(struct model_xen *model, enum model_call fail, uint32_t n, int code)
{
    memset(model->seen, 0, sizeof(model->seen));
    model->fail = fail;
    model->fail_at = n;
    model->from_then_on = false;
    model->code = code;
    model->fired = 0;
}

/* A page that is not writable anywhere becomes a page of descriptors when all 512 are valid. */
static bool validate(struct model_xen *model, uint32_t page)
{
    cgdt_desc_t *descs = (cgdt_desc_t *)(void *)(model->host + (size_t)page * CGDT_PAGE_BYTES);

    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        uint64_t stored = 0;

        if (oracle_xen(GUEST, descs[i], &stored) >= ORACLE_REFUSED_TYPE)
            return false;
        descs[i] = stored;
    }
    return true;
}

int model_xen_set_gdt(struct model_xen *model, const cgdt_frame_t *frames, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t page = page_of_frame(frames[i]);

        if (page == MODEL_PAGES || model->changing == page + 1 || model->writable[page] ||
            model->aliased[page] || (model->gdt_count[page] == 0 && !validate(model, page))) {
            model_xen_drop_gdt(model, frames, i);
            return XEN_EINVAL;
        }
        model->gdt_count[page]++;
        model->typed[page] = true;
    }
    return 0;
}

void model_xen_drop_gdt(struct model_xen *model, const cgdt_frame_t *frames, uint32_t n)
{
    while (n-- > 0)
        model->gdt_count[page_of_frame(frames[n])]--;
}
