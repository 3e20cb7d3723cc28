/* SPDX-License-Identifier: MIT */
/* Between the pool, its port and Xen: see sabotage.h. */

#include "sabotage.h"

#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "watch.h"

#define NONE (CGDT_COMMON_PAGE - 1) /* no page has this index */

static const struct cgdt_xen_pv_ops *honest; /* gdtpool.c's */
static uint32_t unsealed_page = NONE;
static uint32_t break_in;
static uintptr_t broken_slot; /* its address; 0: none */
static uint32_t broken_bytes;
static uint32_t writes_refused;
static bool supply_stopped;
static bool introduction_skipped;
static bool zeros_skipped;
static struct sabotage_calls calls_seen; /* of one vCPU at a time, where it matters */

/* ---- before Xen: it refuses a machine address that is no multiple of 8 ---- */

static bool is_to_break(uint64_t machine_address)
{
    uintptr_t slot = __atomic_load_n(&broken_slot, __ATOMIC_ACQUIRE);

    if (slot != 0 && machine_address - page_machine_address((void *)slot) < broken_bytes &&
        __atomic_compare_exchange_n(&broken_slot, &slot, 0, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&writes_refused, 1, __ATOMIC_RELAXED);
        return true;
    }
    return break_in != 0 && --break_in == 0;
}

static int64_t update_descriptor(void *ctx, uint64_t machine_address, uint64_t descriptor)
{
    calls_seen.hypercalls++;
    calls_seen.descriptors++;
    if (is_to_break(machine_address))
        machine_address |= 4;
    return honest->update_descriptor(ctx, machine_address, descriptor);
}

static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
    calls_seen.hypercalls++;
    calls_seen.descriptors += n;
    if (is_to_break(call_address(&calls[0])))
        calls[n / 2].args[0] |= 4;
    return honest->multicall(ctx, calls, n);
}

static int introduce(void *ctx, uint64_t frame)
{
    return introduction_skipped ? 0 : honest->introduce(ctx, frame);
}

static void *page_get(void *ctx, uint32_t page)
{
    return supply_stopped ? NULL : honest->page_get(ctx, page);
}

/* ---- before the port ---- */

static int seal(void *ctx, uint32_t page, void **view)
{
    return page == unsealed_page ? 0 : cgdt_xen_pv_port.seal(ctx, page, view);
}

static int live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    if (zeros_skipped && batch->values == NULL)
        return 0;
    return cgdt_xen_pv_port.live_write(ctx, page, view, batch);
}

const struct cgdt_port *sabotage_port(void)
{
    static struct cgdt_xen_pv_ops ops;
    static struct cgdt_port port;

    honest = gdtpool_xen.ops;
    ops = *honest;
    ops.update_descriptor = update_descriptor;
    ops.multicall = multicall;
    ops.introduce = introduce;
    ops.introduce_with = NULL;
    ops.page_get = page_get;
    gdtpool_xen.ops = &ops;
    port = watch_port();
    port.seal = seal;
    port.live_write = live_write;
    return &port;
}

/* ---- what is asked for ---- */

void sabotage_skip_seal(uint32_t page)
{
    unsealed_page = page;
}

void sabotage_skip_introduction(void)
{
    introduction_skipped = true;
}

void sabotage_skip_zeros(bool skip)
{
    zeros_skipped = skip;
}

struct sabotage_calls sabotage_calls(void)
{
    return calls_seen;
}

void sabotage_break_write(uint32_t n)
{
    break_in = n;
}

bool sabotage_break_slot(const void *slot, uint32_t bytes)
{
    uintptr_t none = 0;

    broken_bytes = bytes; /* always the same: a slot's */
    return __atomic_compare_exchange_n(&broken_slot, &none, (uintptr_t)slot, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint32_t sabotage_writes_refused(void)
{
    return writes_refused;
}

void sabotage_stop_supply(bool stop)
{
    supply_stopped = stop;
}
