/* SPDX-License-Identifier: MIT */
/*
 * Two ways to have tables, for mode=measure: the library, in any layout, and by hand a page per
 * CPU, which is what kernels do today with as few steps as there can be.
 */

#ifndef GUEST_WAYS_H
#define GUEST_WAYS_H

#include "cgdt/cgdt.h"
#include "tables.h"

#define TLS_ENTRIES 3u

struct way {
    void (*begin)(const struct args *args); /* as a kernel at boot, with nothing yet */
    void (*boot)(uint32_t nr);              /* tables of vCPUs 0 .. nr-1, before any runs */
    void (*late)(uint32_t vcpu);            /* one more, while others run */
    void (*frames)(uint32_t vcpu, cgdt_frame_t *frames, uint32_t *n, uint32_t *entries);

    void (*begin_switches)(void); /* on vCPU 0 */
    /*
     * The running thread's TLS on vCPU 0, and the selector to load; and back, when it is put away.
     */
    uint16_t (*switch_in)(const cgdt_desc_t tls[TLS_ENTRIES], uint16_t selector);
    uint16_t (*switch_out)(uint16_t loaded);
};

extern const struct way way_library;
extern const struct way way_by_hand;

struct way_counts {
    uint64_t update_va_mapping;
    uint64_t update_descriptor;
    uint64_t multicall;
    uint64_t batched;     /* update_descriptor in multicalls */
    uint64_t validations; /* pages new to Xen as descriptors since they were writable */
    uint64_t pages;
    uint64_t bookkeeping; /* bytes */
};

/*
 * Since begin(). The library's page validations are the pages it has sealed, see docs/results.md.
 */
void way_count(struct way_counts *counts);

/* Where TLS is in the table. */
#define ENTRY_TLS ENTRY_EMPTY

#endif /* GUEST_WAYS_H */
