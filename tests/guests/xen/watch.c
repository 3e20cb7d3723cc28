/* SPDX-License-Identifier: MIT */
/* A port before the port: see watch.h. */

#include "watch.h"

#include "cgdt/port/xen_pv.h"
#include "vcpu.h"

static void *views[MAX_VCPUS + 1]; /* the last: the common page */
static uint32_t unseal_refused;

static uint32_t place_of(uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? MAX_VCPUS : page;
}

static int map(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_xen_pv_port.map(ctx, page, view);

    if (error == 0)
        views[place_of(page)] = *view;
    return error;
}

static int unseal(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_xen_pv_port.unseal(ctx, page, view);

    unseal_refused += error != 0;
    return error;
}

static void unmap(void *ctx, uint32_t page, void *view)
{
    views[place_of(page)] = NULL;
    cgdt_xen_pv_port.unmap(ctx, page, view);
}

struct cgdt_port watch_port(void)
{
    struct cgdt_port port = cgdt_xen_pv_port;

    port.map = map;
    port.unseal = unseal;
    port.unmap = unmap;
    return port;
}

void *watch_view(uint32_t page)
{
    return views[place_of(page)];
}

uint32_t watch_unseal_refused(void)
{
    return unseal_refused;
}
