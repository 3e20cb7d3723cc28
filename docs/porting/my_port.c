/* SPDX-License-Identifier: MIT */
/* Template of a port; see my_port.h. The numbers are the rules of cgdt/port.h. */
#include "my_port.h"

#include <cgdt/error.h>

/*
 * A private page: aligned, zero, in this pool only, known to no CPU (rules 1 and 3). On failure
 * nothing has changed (rule 5).
 */
static int my_map(void *ctx, uint32_t page, void **view)
{
    struct my_port *port = ctx;

    if (page >= port->page_count) /* CGDT_COMMON_PAGE too: only hypervisors' windows have one */
        return -CGDT_ENOMEM;
    cgdt_desc_t *at = kernel_page_alloc();
    if (at == NULL)
        return -CGDT_ENOMEM;
    /* By descriptor stores: a kernel without memset() has none that the compiler could call. */
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&at[entry], 0);
    port->pages[page].writable = at;
    *view = at;
    return 0;
}

/* From here on CPUs use the page, and only through this view. */
static int my_seal(void *ctx, uint32_t page, void **view)
{
    struct my_port *port = ctx;
    void *read_only = kernel_map_read_only(port->pages[page].writable);

    if (read_only == NULL)
        return -CGDT_ENOMEM;
    port->pages[page].read_only = read_only;
    *view = read_only;
    return 0;
}

/*
 * Private again. The core asks when no slot of the page is owned, and each was freed after
 * my_quiesce() had said yes. A hypervisor may still hold the page: pass on its error, and change
 * nothing (rule 7).
 */
static int my_unseal(void *ctx, uint32_t page, void **view)
{
    struct my_port *port = ctx;

    kernel_unmap(port->pages[page].read_only);
    port->pages[page].read_only = NULL;
    *view = port->pages[page].writable;
    return 0;
}

/* Whatever it contains. Cannot fail (rule 7). */
static void my_unmap(void *ctx, uint32_t page, void *view)
{
    struct my_port *port = ctx;

    (void)view;
    kernel_page_free(port->pages[page].writable);
    port->pages[page].writable = NULL;
}

/* The same for a page's whole life, private or sealed; another one for each page. */
static int my_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    const struct my_port *port = ctx;

    (void)view;
    *frame = kernel_frame_of(port->pages[page].writable);
    return 0;
}

/*
 * All of it or nothing, each descriptor at once; other CPUs may be at other slots of the page (rule
 * 4).
 */
static int my_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    const struct my_port *port = ctx;

    (void)view;
    cgdt_batch_store(batch, port->pages[page].writable);
    return 0;
}

/*
 * 0 only when the CPU has loaded another table, by itself, with no selector of this one left to be
 * loaded: by an interrupt, an NMI, a return. A CPU in HLT still uses its table.
 */
static int my_quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    return kernel_cpu_is_off(cpu) ? 0 : -CGDT_EBUSY;
}

static void my_lock(void *ctx)
{
    struct my_port *port = ctx;

    kernel_lock(&port->lock);
}

static void my_unlock(void *ctx)
{
    struct my_port *port = ctx;

    kernel_unlock(&port->lock);
}

const struct cgdt_port my_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = my_map,
    .seal_read_only = true, /* my_seal() leaves the CPU no other mapping */
    .seal = my_seal,
    .unseal = my_unseal,
    .unmap = my_unmap,
    .frame = my_frame,
    .live_write = my_live_write,
    .quiesce = my_quiesce,
    .lock = my_lock,
    .unlock = my_unlock,
};

uintptr_t my_port_writable(const struct my_port *port, uintptr_t table)
{
    for (uint32_t page = 0; page < port->page_count; page++) {
        const struct my_page *at = &port->pages[page];

        if (at->read_only != NULL && table - (uintptr_t)at->read_only < CGDT_PAGE_BYTES)
            return (uintptr_t)at->writable + (table - (uintptr_t)at->read_only);
    }
    return 0;
}
