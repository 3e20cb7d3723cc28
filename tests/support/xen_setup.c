/* SPDX-License-Identifier: MIT */
/* A pool on the model of Xen; see xen_setup.h. */
#include "xen_setup.h"

#include "must.h"

static const cgdt_desc_t plain[] = {0, XEN_SETUP_CODE3, XEN_SETUP_DATA3};

void xen_setup_prepare(struct xen_setup *setup, uint32_t max_cpus)
{
    memset(setup, 0, sizeof(*setup));
    cr_assert(model_xen_open(&setup->xen));
    setup->xen.ops.page_get = NULL;
    setup->xen.ops.page_put = NULL;
    setup->config = (struct cgdt_config){.struct_bytes = sizeof(struct cgdt_config),
                                         .port = &cgdt_xen_pv_port,
                                         .port_ctx = &setup->xen.port,
                                         .layout = {.slot_entries = XEN_SETUP_ENTRIES,
                                                    .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                                                    .window_pages = 2},
                                         .profile = CGDT_PROFILE_XEN_PV,
                                         .max_cpus = max_cpus,
                                         .template_descs = plain,
                                         .template_entries = COUNT_OF(plain)};
}

int xen_setup_try_open(struct xen_setup *setup)
{
    const size_t bytes = cgdt_pool_bytes(&setup->config);

    setup->memory = aligned_alloc(CGDT_POOL_ALIGN, (bytes + 63) & ~(size_t)63);
    MUST(bytes > 0 && setup->memory, "no memory");
    return cgdt_pool_init(&setup->pool, setup->memory, bytes, &setup->config);
}

void xen_setup_open(struct xen_setup *setup)
{
    cr_assert_eq(xen_setup_try_open(setup), 0);
    cr_assert_eq(cgdt_seal(setup->pool), 0);
}

void xen_setup_dispose(struct xen_setup *setup)
{
    for (uint32_t page = 0; page < MODEL_PAGES; page++) {
        MUST(setup->xen.writable[page], "page %u is not writable", page);
        MUST(!setup->xen.taken[page], "page %u was not put", page);
    }
    MUST(!setup->xen.locked[0] && !setup->xen.locked[1], "a lock is held");
    MUST(setup->xen.breaches == 0, "%u breaches: %s", setup->xen.breaches, setup->xen.first_breach);
    model_xen_close(&setup->xen);
    free(setup->memory);
}

void xen_setup_close(struct xen_setup *setup)
{
    cr_assert_eq(cgdt_pool_destroy(setup->pool), 0);
    xen_setup_dispose(setup);
}

cgdt_slot_t xen_setup_alloc(struct xen_setup *setup)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_alloc(setup->pool, &slot);

    MUST(result == 0, "alloc: %d", result);
    return slot;
}

uint32_t xen_setup_frames(struct xen_setup *setup, cgdt_slot_t slot, cgdt_frame_t *frames)
{
    uint32_t n = 0, entries = 0;

    MUST(cgdt_frames(setup->pool, slot, frames, &n, &entries) == 0, "frames");
    return n;
}

cgdt_desc_t *xen_setup_host(struct xen_setup *setup, cgdt_slot_t slot)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    const uint32_t n = xen_setup_frames(setup, slot, frames);

    return model_xen_frame(&setup->xen, frames[n - 1]) +
           cgdt_slot_offset(&setup->config.layout, slot);
}
