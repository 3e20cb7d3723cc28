/* SPDX-License-Identifier: MIT */
/*
 * Xen as a PV guest meets it where GDT pages are concerned, a 64-bit one or, where the tests are
 * compiled for i386, a 32-bit one: frames that have a type and a count, page tables that decide
 * whether the guest may store, and the four hypercalls. A guest's page is mapped a second time for
 * the hypervisor; the guest's own mapping is really made read-only, so a stray store is a SIGSEGV.
 * What a descriptor becomes is asked of oracle.h.
 *
 * Everything that the port should not do is counted as a breach; any hypercall can be made to fail.
 */
#ifndef CGDT_TESTS_MODEL_XEN_H
#define CGDT_TESTS_MODEL_XEN_H

#include <cgdt/cgdt.h>
#include <cgdt/port/xen_pv.h>

#define MODEL_PAGES 16

/* Machine frame of page 0, above 4 GiB; the others follow in falling order. */
#define MODEL_FRAME 0x112340u

/*
 * Frames that model_xen_open() does not back: another domain's, and one of this domain's page
 * tables.
 */
#define MODEL_FOREIGN_FRAME 0x777u
#define MODEL_TABLE_FRAME   0x112341u

#define XEN_EFAULT (-14)
#define XEN_EBUSY  (-16)
#define XEN_EINVAL (-22)

/* What can be made to fail. */
enum model_call {
    MODEL_VA_MAPPING,
    MODEL_DESCRIPTOR, /* one change of a descriptor, in a multicall or not */
    MODEL_MULTICALL,  /* the multicall itself: none of its calls is made */
    MODEL_CALLS,
};

struct model_xen {
    struct cgdt_xen_pv_ops ops; /* all operations, to be changed by a test */
    struct cgdt_xen_pv port;    /* ready to be a pool's port_ctx */

    unsigned char *guest; /* MODEL_PAGES x 4096 as the guest sees them */
    unsigned char *host;
    uint32_t gdt_count[MODEL_PAGES]; /* references of the type "segment descriptor page" */
    bool writable[MODEL_PAGES];      /* the guest's mapping */
    bool typed[MODEL_PAGES];         /* a GDT has named it since it was writable */
    bool aliased[MODEL_PAGES];       /* it has a writable mapping that the guest does not know */
    uint32_t changing;  /* page + 1 that is changed as ordinary memory: no GDT can have it now */
    int introduce_code; /* what introduce answers if it is not 0 */
    bool taken[MODEL_PAGES]; /* by page_get */

    /* The n-th call of this kind (1 up) fails with `code`, and all later ones if from_then_on. */
    enum model_call fail;
    uint32_t fail_at; /* 0: none */
    bool from_then_on;
    bool deaf; /* a multicall says 0 and does not touch its results */
    int code;
    uint32_t seen[MODEL_CALLS];
    uint32_t fired;

    bool locked[2];
    uint32_t locks_taken[2];
    uint32_t breaches;
    const char *first_breach;

    /*
     * Called after each change of a descriptor that was made, in the place of a CPU that uses the
     * page.
     */
    void (*look)(void *who);
    void *who;
};

bool model_xen_open(struct model_xen *model);
void model_xen_close(struct model_xen *model);

/* From now on the n-th call of this kind fails; 0: none. */
void model_xen_arm(struct model_xen *model, enum model_call fail, uint32_t n, int code);

/* What a vCPU asks of Xen: use these frames as its GDT, or use them no longer. 0 or XEN_EINVAL. */
int model_xen_set_gdt(struct model_xen *model, const cgdt_frame_t *frames, uint32_t n);
void model_xen_drop_gdt(struct model_xen *model, const cgdt_frame_t *frames, uint32_t n);

/* For ops.introduce_with, which is NULL at first. */
int model_xen_introduce_with(void *ctx, const struct cgdt_xen_pv_call *first, uint64_t frame);

/*
 * A page's descriptors as the hypervisor and its CPUs see them; the guest's page with that frame
 * number.
 */
cgdt_desc_t *model_xen_frame(const struct model_xen *model, cgdt_frame_t frame);

#endif
