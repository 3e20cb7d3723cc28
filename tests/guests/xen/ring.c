/* SPDX-License-Identifier: MIT */
/* Console output through a ring. Any vCPU may print. */

#include "ring.h"

#include "console.h"
#include "hypercall.h"
#include "pages.h"

#define OUT_BYTES 2048u

struct console_ring {
    char in[1024];
    char out[OUT_BYTES];
    uint32_t in_cons;
    uint32_t in_prod;
    uint32_t out_cons; /* dom0's */
    uint32_t out_prod;
};

_Static_assert(offsetof(struct console_ring, out_prod) == 3084, "xencons_interface");

static const struct start_info *info; /* NULL: a dom0 */
static uint32_t lock;

static struct console_ring *ring(void)
{
    return page_of_mfn(info->console_mfn);
}

static void notify(void)
{
    const struct evtchn_send send = {.port = info->console_evtchn};

    (void)xen_event_channel_op(EVTCHNOP_send, &send);
}

static uint32_t unread(const struct console_ring *of)
{
    return of->out_prod - __atomic_load_n(&of->out_cons, __ATOMIC_ACQUIRE);
}

static void ring_write(const char *text, uint32_t length)
{
    struct console_ring *to = ring();

    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0)
        xen_yield();
    for (uint32_t i = 0; i < length; i++) {
        while (unread(to) == OUT_BYTES) {
            notify();
            xen_yield();
        }
        to->out[to->out_prod % OUT_BYTES] = text[i];
        __atomic_store_n(&to->out_prod, to->out_prod + 1, __ATOMIC_RELEASE);
    }
    notify();
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void ring_init(const struct start_info *start)
{
    if ((start->flags & SIF_INITDOMAIN) != 0)
        return;
    info = start;
    console_redirect(ring_write);
}

bool ring_in_use(void)
{
    return info != NULL;
}

void ring_flush(void)
{
    while (unread(ring()) != 0) {
        notify();
        xen_yield();
    }
}
