/* SPDX-License-Identifier: MIT */
/*
 * A pool on the strict port behind the faulty one: fill in `config` after fixture_prepare(), then
 * open.
 * fixture_close() demands that every page came back, the contract was kept, and no byte behind the
 * pool's memory was touched.
 */
#ifndef CGDT_TESTS_FIXTURE_H
#define CGDT_TESTS_FIXTURE_H

#include "faulty_port.h"
#include "must.h"
#include "strict_port.h"

#define CODE64 0x00affb000000ffffull /* DPL 3: as Xen keeps it */
#define DATA3  0x00cff3000000ffffull
#define TSS64  0x0000890000000067ull /* what Xen refuses */

struct fixture {
    struct cgdt_config config;
    struct strict strict;
    struct faulty faulty;
    void *memory;
    size_t bytes;
    struct cgdt_pool *pool;
};

/* Xen PV64, paged, no common page; a template of null, code, data. */
void fixture_prepare(struct fixture *fixture, uint16_t slot_entries, uint8_t window_pages,
                     uint32_t max_cpus);
void fixture_set_common(struct fixture *fixture);

/* 100 owned slots of 32 entries in windows of two pages, live, with a common page. */
void fixture_open_used(struct fixture *fixture);
void fixture_set_native(struct fixture *fixture, const struct cgdt_profile *profile);

/* Boot phase; or sealed at once. */
void fixture_open(struct fixture *fixture);
void fixture_open_live(struct fixture *fixture);

/* All slots must be free. */
void fixture_close(struct fixture *fixture);
/* Free every owned slot first. */
void fixture_free_all(struct fixture *fixture);
/* Nothing fails any more, all is sound and given back, and the pool closes. */
void fixture_end(struct fixture *fixture);

/* CPUs 0 to n-1 come online, each with its own mark() in `entry`; slots[] receives theirs. */
void fixture_bring_up(struct fixture *fixture, uint32_t n, uint32_t entry, cgdt_slot_t *slots);

struct cgdt_pool_stats fixture_stats(const struct fixture *fixture);

/* Alloc that must succeed. */
cgdt_slot_t fixture_alloc(struct fixture *fixture);

/* The handle of a slot's next owner. */
static inline cgdt_slot_t next_owner(cgdt_slot_t slot)
{
    return slot + (1u << CGDT_SLOT_GENERATION_SHIFT);
}

/* A descriptor of DPL 3 data that no other number gives (24 bits). */
cgdt_desc_t mark(uint32_t number);

/* The writable view of a slot, behind the pool's back. */
cgdt_desc_t *fixture_slot(const struct fixture *fixture, cgdt_slot_t slot);

/*
 * The pool's own check finds nothing, no contract was broken, and unowned slots are zero (looked at
 * here).
 */
void fixture_must_be_sound(struct fixture *fixture, const char *when);

/* Everything that a failed call must leave alone. */
struct snapshot {
    void *memory;
    void *pages;
    void *states;
    uint32_t out;
};

void snapshot_take(struct snapshot *snapshot, const struct fixture *fixture);
/* Compare and dispose of it; false: something changed. */
bool snapshot_same(struct snapshot *snapshot, const struct fixture *fixture);
/* The pages alone, without the pool's own memory. */
bool snapshot_same_pages(struct snapshot *snapshot, const struct fixture *fixture);

#endif
