/* SPDX-License-Identifier: MIT */
/* After a restore: see restore.h. */

#include "restore.h"

#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "tables.h"
#include "vcpu.h"
#include "watch.h"
#include "worker.h"

static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t restores;
static uint32_t seen[MAX_VCPUS];       /* restores after which it has registered itself */
static bool has_context[MAX_VCPUS];    /* Xen has it initialised */
static uint64_t before[MAX_VCPUS];     /* frames of the pool's pages when the guest was saved */
static struct cgdt_xen_pv_ops caching; /* control kept-frame */

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

void restore_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    has_context[0] = true;
}

bool restore_has_context(uint32_t vcpu)
{
    return has_context[vcpu];
}

void restore_began(uint32_t vcpu)
{
    has_context[vcpu] = true;
    seen[vcpu] = restores; /* by whoever initialised it */
}

/* Each page's frame at the save, behind whatever the port asks later: what must not be kept. */
static uint64_t kept_frame(void *ctx, const void *page)
{
    (void)ctx;
    for (uint32_t index = 0; index < args->nr; index++)
        if (watch_view(index) == page)
            return before[index];
    return page_mfn(page);
}

void restore_prepare(void)
{
    for (uint32_t index = 0; index < args->nr; index++)
        before[index] = watch_view(index) == NULL ? 0 : page_mfn(watch_view(index));
    if (args->control != CONTROL_KEPT_FRAME)
        return;
    caching = *gdtpool_xen.ops;
    caching.virt_to_mfn = kept_frame;
    gdtpool_xen.ops = &caching;
}

static void say_what_moved(void)
{
    uint32_t pages = 0;
    uint32_t moved = 0;

    for (uint32_t index = 0; index < args->nr; index++) {
        if (before[index] == 0)
            continue;
        pages++;
        moved += page_mfn(watch_view(index)) != before[index];
    }
    console_printf("RESTORED n=%u pages=%u with_another_frame=%u\n", restores, pages, moved);
}

/* With frames from before, Xen must have said no to vCPU 0's list. */
static _Noreturn void judge_control(int64_t error)
{
    const uint64_t is = page_mfn(watch_view(0));
    const bool caught = error == -XEN_EINVAL && is != before[0];

    console_printf("CONTROL %s %s: page 0 is frame 0x%" PRIx64 ", the list has 0x%" PRIx64
                   " of before the save: "
                   "set_gdt %" PRId64 "\n",
                   args->control_name, caught ? "caught" : "MISSED", is, before[0], error);
    guest_exit(caught ? GUEST_EXIT_CAUGHT : GUEST_EXIT_FAIL);
}

static void take_frames_anew(void)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n;
    uint32_t entries;

    demand("cgdt_frames", cgdt_frames(pool, cpus[0].slot, frames, &n, &entries));
    const int64_t error = xen_set_gdt(frames, entries);
    if (args->control == CONTROL_KEPT_FRAME)
        judge_control(error);
    demand("set_gdt after a restore", error);
    gdtpool_uses(0, frames, entries);
}

static void introduce(uint32_t page)
{
    const void *view = watch_view(page);

    if (view != NULL)
        demand("introduce after a restore", gdtpool_xen.ops->introduce(NULL, page_mfn(view)));
}

void restore_all(void)
{
    __atomic_store_n(&restores, restores + 1, __ATOMIC_SEQ_CST);
    demand("register_vcpu_info", vcpu_register_info(0));
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        if (worker_stage(vcpu) == STAGE_ONLINE)
            continue;
        has_context[vcpu] = false;
        cpus[vcpu].registered = false;
    }
    say_what_moved();
    take_frames_anew();
    for (uint32_t page = 0; page < args->nr; page++)
        introduce(page);
    introduce(CGDT_COMMON_PAGE);
}

void restore_self(uint32_t vcpu)
{
    const uint32_t now = __atomic_load_n(&restores, __ATOMIC_SEQ_CST);

    if (seen[vcpu] == now)
        return;
    demand("register_vcpu_info by itself", vcpu_register_info(vcpu));
    seen[vcpu] = now;
}
