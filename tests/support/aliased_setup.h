/* SPDX-License-Identifier: MIT */
/*
 * A pool on the native port of kernels that map each page's alias by themselves, and such a kernel:
 * the aliases of its pages 0, 1, ... lie in falling order, so no two are at one distance from their
 * pages, and none is there but from seal to unseal. The template is null and a data segment. Any
 * failure of the set-up is the test's.
 */
#ifndef CGDT_TESTS_ALIASED_SETUP_H
#define CGDT_TESTS_ALIASED_SETUP_H

#include <cgdt/cgdt.h>
#include <cgdt/port/native_aliased.h>

#include <stdbool.h>

#define ALIASED_PAGES   4u
#define ALIASED_ENTRIES 32u /* 16 slots to a page */
#define ALIASED_SLOTS   (ALIASED_PAGES * 16u)
#define ALIASED_DATA0   0x00cf93000000ffffull

/* The kernel behind the operations; ctx. */
struct aliased_kernel {
    int fd;
    char *writable; /* ALIASED_PAGES pages */
    char *aliases;  /* as many, PROT_NONE where there is none */
    uint32_t made, gone;
    uint32_t refuse_from;   /* the aliases made so far with which there are enough; 0: no end */
    uint32_t crooked_bytes; /* added to an alias' address */
    void *last_at;          /* of the last alias */
    void *last_put;         /* the last alias that was taken away */
    void *gives;            /* what a suite's page_get() does */
    void *given_back;
    int locks, locked;
    int quiesce;
    uint32_t asked;
    uint32_t poisonings;
    bool all_poison;
};

extern struct aliased_kernel aliased_kernel;
extern void *aliased_writable[ALIASED_PAGES]; /* the port's */
extern struct cgdt_native_aliased aliased_native;

/* alias_get() and alias_put(), and no other operations. */
void *aliased_get(void *ctx, uint32_t page, void *at);
void aliased_put(void *ctx, uint32_t page, void *alias);
extern const struct cgdt_native_ops aliased_ops;

/* Where the alias of an array's page is, while it has one. */
char *aliased_place(uint32_t page);

/* Kernel and port as at the beginning; then a pool with these two descriptors on them. */
void aliased_prepare(const struct cgdt_native_ops *ops);
int aliased_try_open(struct cgdt_pool **pool, const cgdt_desc_t descs[2]);

/* Both, one pool at a time; sealed or not. */
struct cgdt_pool *aliased_open(const struct cgdt_native_ops *ops, bool sealed);

cgdt_slot_t aliased_alloc(struct cgdt_pool *pool);
uintptr_t aliased_base_of(const struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
