/* SPDX-License-Identifier: MIT */
/*
 * The pool as the plainest program would have it: arrays of flags and the wanted bytes of every
 * page. One thread, no failures; what a failing port may change is up to fuzz_ops.c. Calls nothing
 * of the library.
 */
#ifndef CGDT_TESTS_FUZZ_MODEL_H
#define CGDT_TESTS_FUZZ_MODEL_H

#include <cgdt/cgdt.h>

#define MODEL_MAX_PAGES 8u
#define MODEL_MAX_SLOTS (MODEL_MAX_PAGES * 64u)
#define MODEL_COMMON    MODEL_MAX_PAGES /* the common page's place in image[] */

struct model {
    struct cgdt_config config;
    uint32_t slots;
    uint32_t colors;
    uint32_t pages;
    uint32_t windows;
    uint32_t reserved;
    bool live;
    bool mapped[MODEL_MAX_PAGES]; /* by the port: in service, or held back */
    bool serving[MODEL_MAX_PAGES];
    bool owned[MODEL_MAX_SLOTS];
    bool cached[MODEL_MAX_SLOTS];        /* of those, in a cache: nobody has a handle */
    uint8_t generation[MODEL_MAX_SLOTS]; /* frees so far, modulo 64 */
    uint32_t directory[MODEL_MAX_SLOTS];
    uint64_t image[MODEL_MAX_PAGES + 1][512];
};

/* What cgdt_pool_init() says to a configuration (memory apart). */
int model_config(const struct cgdt_config *config);

void model_open(struct model *model, const struct cgdt_config *config);

uint32_t model_handle(const struct model *model, uint32_t slot);

/* 0, or the error of a handle that is not an owner's; *slot is its number. */
int model_lookup(const struct model *model, uint32_t handle, uint32_t *slot);

/* The same for a free, which a CPU's slot is not there for. */
int model_release(const struct model *model, uint32_t handle, uint32_t *slot);

/* Which n slots come next, growing if need be. False: there are not so many. */
bool model_plan(const struct model *model, uint32_t n, uint32_t *slots);

/* Which slot comes near those of n handles. False: there is none. */
bool model_near(const struct model *model, uint32_t n, const uint32_t *handles, uint32_t *slot);

/* Those are owned from now on, and their pages in service. */
void model_take(struct model *model, uint32_t n, const uint32_t *slots);

void model_free(struct model *model, uint32_t slot);

/* Grow until n slots are free. False, and no change: there are not so many. */
bool model_reserve(struct model *model, uint32_t n);

/* Windows given back, but for the one with page `stuck` in it (which an error kept; ~0: none). */
int model_trim(struct model *model, uint32_t stuck);

/* What a write to `table` (entries, null entry kept) says; and does, if it says 0. */
int model_write(const struct model *model, uint64_t *table, uint32_t entries, bool null_entry,
                uint32_t first, uint32_t n, const uint64_t *descs);

/* The same for a slot that comes with n descriptors: `table` is what it has in the end. */
int model_with(const struct model *model, uint64_t *table, uint32_t first, uint32_t n,
               const uint64_t *descs);

uint64_t *model_slot(struct model *model, uint32_t slot);

/* Bit c: color c of a page is owned. */
uint64_t model_owned(const struct model *model, uint32_t page);

void model_stats(const struct model *model, struct cgdt_pool_stats *stats);

#endif
