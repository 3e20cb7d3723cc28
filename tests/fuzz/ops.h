/* SPDX-License-Identifier: MIT */
/*
 * The operations of fuzz_ops.c: each takes its arguments from the input, does one call, and
 * compares what comes back with the model. ops_change.c has those that change the pool, ops_cache.c
 * those of caches, ops_for.c those by request, ops_move.c that which moves, ops_look.c the others.
 */
#ifndef CGDT_TESTS_FUZZ_OPS_H
#define CGDT_TESTS_FUZZ_OPS_H

#include "fuzz.h"
#include "mem_port.h"
#include "model.h"
#include "reference.h"

#define CACHES     2u
#define CACHED_MAX 5u
#define NEAR_MAX   4u

/* A cache, and which slots must be in it, the next to come last. */
struct cached {
    struct cgdt_cache cache;
    uint32_t room;
    uint32_t n;
    uint32_t slots[CACHED_MAX];
};

struct run {
    struct input *input;
    struct mem_port port;
    struct model model;
    struct cgdt_pool *pool;
    void *memory;
    struct cached cached[CACHES];
};

/* Arguments. */
uint64_t take_desc(struct input *input);
uint32_t take_count(struct input *input); /* small most of the time */
uint32_t take_handle(struct run *run);    /* a slot's present one, an outdated one, or anything */

/*
 * n descriptors in memory that ends with them; NULL or misaligned if the input says so. Free *base.
 */
uint64_t *take_buffer(struct input *input, uint32_t n, void **base);

/* A result must be `wanted`, or the first error of the port if there was one. True: it is 0. */
bool is_as_wanted(const struct run *run, int result, int wanted);

/* The same of a call that grows the pool: what the port refused it may have gone round. */
bool is_as_wanted_growing(const struct run *run, int result, int wanted);

/* The same of one that wants a page of a kind. */
bool is_near_as_wanted(const struct run *run, int result, int wanted);

/* Which slots n allocs give: 0, or what they say. */
int plan(const struct run *run, uint32_t n, uint32_t *slots);

/* Everything that can be seen, against the model. */
void check_all(struct run *run);

/* Whether a page is mapped but in no service, so that a failing call may bring it back. */
bool has_held(const struct run *run);

/* Which pages are in service, after a call that may decide so; owned slots stay. */
void learn_serving(struct run *run);

/*
 * Slots that a call gave: the planned ones. If the port refused a page meanwhile, the core has gone
 * round it, and which slots come instead is up to it; they were nobody's.
 */
void take_given(struct run *run, uint32_t n, const cgdt_slot_t *slots, uint32_t *planned);

/* Caches of a new pool, empty; and all that is in them back to it. */
void caches_open(struct run *run);
void caches_close(struct run *run);

void op_alloc(struct run *run);
void op_near(struct run *run);
void op_for(struct run *run);
void op_bulk(struct run *run);
void op_free(struct run *run);
void op_free_bulk(struct run *run);
void op_cache_alloc(struct run *run);
void op_cache_free(struct run *run);
void op_cache_flush(struct run *run);
void op_write(struct run *run);
void op_write_common(struct run *run);
void op_read(struct run *run);
void op_reserve(struct run *run);
void op_trim(struct run *run);
void op_seal(struct run *run);
void op_online(struct run *run);
void op_online_near(struct run *run);
void op_online_for(struct run *run);
void op_offline(struct run *run);
void op_move(struct run *run);
void op_cpu_slot(struct run *run);
void op_frames(struct run *run);
void op_gdtr(struct run *run);
void op_check(struct run *run);
void op_check_window(struct run *run);
void op_corrupt(struct run *run);
void op_describe(struct run *run);

#endif
