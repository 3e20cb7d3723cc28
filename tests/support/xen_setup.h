/* SPDX-License-Identifier: MIT */
/*
 * A pool on the port for PV kernels, on a model of Xen; the port's array has the pages. Change
 * config and xen after
 * xen_setup_prepare(), then open.
 */
#ifndef CGDT_TESTS_XEN_SETUP_H
#define CGDT_TESTS_XEN_SETUP_H

#include "model_xen.h"

#define XEN_SETUP_ENTRIES 32
#ifdef __x86_64__
#define XEN_SETUP_CODE3 0x00affb000000ffffull
#else
#define XEN_SETUP_CODE3 0x00cffb000000ffffull
#endif
#define XEN_SETUP_DATA3 0x00cff3000000ffffull

struct xen_setup {
    struct model_xen xen;
    struct cgdt_config config;
    struct cgdt_pool *pool;
    void *memory;
};

/* Two pages to a window; the template is null, code, data. */
void xen_setup_prepare(struct xen_setup *setup, uint32_t max_cpus);

int xen_setup_try_open(struct xen_setup *setup);
void xen_setup_open(struct xen_setup *setup); /* and seal */

/* Every page must be the guest's again, and the port must have asked for nothing odd. */
void xen_setup_dispose(struct xen_setup *setup);
void xen_setup_close(struct xen_setup *setup); /* destroys the pool first */

cgdt_slot_t xen_setup_alloc(struct xen_setup *setup);
uint32_t xen_setup_frames(struct xen_setup *setup, cgdt_slot_t slot, cgdt_frame_t *frames);

/* A slot as the hypervisor sees it. */
cgdt_desc_t *xen_setup_host(struct xen_setup *setup, cgdt_slot_t slot);

#endif
