/* SPDX-License-Identifier: MIT */
/*
 * What the files of the stress engine share. Private to it. Each calls those below it only:
 *
 *   engine.c   set-up, threads, meetings, the end
 *   worker.c   one thread's steps
 *   uses.c     what leaves a slot as it was: read, frames, stale handles
 *   cached.c   one slot in or out, now and then through a cache
 *   moving.c   one slot to another place
 *   pool.c     the pool as a whole: trim, reserve, check; all of it while everybody rests
 *   port.c     the port between pool and real port: faults, quiesce, the contract
 *   verify.c   what is right: contents of a slot, results of calls; violations
 *   state.c    who this thread is; what it has done
 *
 * The engine's own tables use relaxed atomics wherever the contract of cgdt.h does not ask the
 * caller for an order, so that neither the thread sanitizer nor the processor takes an order from
 * here that the core ought to make itself.
 */
#ifndef CGDT_TOOLS_STRESS_STATE_H
#define CGDT_TOOLS_STRESS_STATE_H

#include "engine.h"

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"
#include "cgdt/port/hosted.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define STRESS_TEMPLATE 3u          /* entries of the template, entry 0 zero where it must be */
#define STRESS_OWN      2u          /* entries behind it that a slot's owner writes */
#define STRESS_NOBODY   0u          /* in owners[] */
#define STRESS_OF_CPU   0x80000000u /* in owners[]: a CPU; otherwise a thread's number + 1 */
/* Bit 25, in no handle; in a CPU's word: a thread is using it, it will not let go. */
#define STRESS_HELD     0x02000000u
#define STRESS_NO_ENTRY 0xffffffffu

/* Port operations that can be made to fail; the code of kind k is -(STRESS_FAULT + k). */
enum stress_fault {
    FAULT_MAP,
    FAULT_SEAL,
    FAULT_UNSEAL,
    FAULT_FRAME,
    FAULT_LIVE_WRITE,
    FAULT_QUIESCE,
    FAULT_KINDS,
};
#define STRESS_FAULT      70000
#define STRESS_NOT_LET_GO 71000 /* quiesce of a CPU that a thread is using */

/* A slot and what its owner wrote to it: `counter` in its own descriptors, nothing if 0. */
struct holding {
    cgdt_slot_t slot;
    uint32_t counter;
};

/*
 * A possible CPU. word: 0 offline, or on its way; handle | STRESS_HELD: in the hands of one thread,
 * which alone may touch `counter`; handle: online, anybody may take it or take it offline.
 */
struct stress_cpu {
    _Atomic uint32_t word;
    uint32_t counter;
};

struct stress_run;

struct stress_worker {
    _Alignas(64) struct stress_run *run;
    uint32_t id;
    uint64_t random;
    uint64_t fault_random;

    struct holding *held;
    uint32_t n_held;
    uint32_t quota; /* the most that it may hold */
    uint32_t counter;

    /* Of the call under way. */
    uint32_t faults; /* bit k: kind k was made to fail */
    uint32_t n_faults;
    bool not_let_go;
    bool faults_off;
    uint32_t quiesced; /* the word that quiesce took from the CPU */

    struct cgdt_cache cache; /* nobody else's */
    cgdt_slot_t cached_last; /* freed into it, and not yet come again */
    uint64_t steps;
    struct stress_counts counts;
    _Alignas(64) _Atomic uint64_t operations; /* now and then, for the watcher */
};

struct stress_run {
    const struct stress_params *params;
    struct stress_result *result;
    struct cgdt_config config;
    struct cgdt_pool *pool;
    void *memory;
    uint64_t fault_limit; /* a 32-bit random number below it means failure */

    const struct cgdt_port *port; /* the real one */
    void *port_ctx;
    struct cgdt_fixed fixed;
    size_t fixed_bytes;
    struct cgdt_hosted *hosted;
    _Atomic uint8_t *pages; /* enum page_kind of each slot page; the common page's is the last */
    uint32_t n_pages;
    _Atomic uint32_t pages_out;
    _Atomic uint32_t in_lock; /* threads that hold the port's lock: 0 or 1 */
    pthread_mutex_t patience; /* see port_lock() */
    bool patient;

    _Atomic uint32_t *owners; /* by slot number */
    struct stress_cpu *cpus;
    uint32_t n_cpus; /* CPU numbers in use, of config.max_cpus slots */
    uint32_t phase_steps;

    struct stress_worker *workers; /* [threads + 1]: the last is the main thread */
    pthread_barrier_t barrier;
    uint64_t round_steps;
    struct timespec began;
    bool finished;     /* changes only while all threads but one wait */
    _Atomic bool stop; /* a violation */
    pthread_mutex_t report;
};

enum page_kind {
    PAGE_GONE,
    PAGE_PRIVATE,
    PAGE_SEALED,
};

/* state.c */
extern _Thread_local struct stress_worker *stress_self;
/* The sum of the first group of counts. */
uint64_t stress_operations(const struct stress_counts *counts);

static inline uint64_t stress_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* worker.c: n steps, fewer after a violation; and giving everything back. */
void stress_steps(struct stress_worker *worker, uint64_t n);
void stress_drain(struct stress_worker *worker);

/*
 * uses.c: calls about a slot that nobody else has, what they answer, and what they leave. False: a
 * violation.
 */
bool stress_read_own(struct stress_worker *worker, const struct holding *holding, uint32_t owner);
bool stress_ask_frames(struct stress_worker *worker, const struct holding *holding, uint32_t owner);
bool stress_show_stale(struct stress_worker *worker, const struct holding *holding, uint32_t owner);

/* cached.c: cgdt_alloc() and cgdt_free(), or the same through the worker's cache. */
int stress_alloc_slot(struct stress_worker *worker, cgdt_slot_t *slot);
int stress_free_slot(struct stress_worker *worker, cgdt_slot_t slot);
/* Whether a handle that is out of date is, in the thread's cache too, where it has one. */
bool stress_cache_refuses(struct stress_worker *worker, cgdt_slot_t stale);
/* An empty cache; and one emptied. Where caches are not asked for, nothing. */
int stress_open_cache(struct stress_worker *worker);
void stress_flush_cache(struct stress_worker *worker);

/*
 * moving.c: a slot of the owner's, or of the CPU that it holds, moves, or tries to. False: a
 * violation.
 */
bool stress_move(struct stress_worker *worker, struct holding *holding, uint32_t owner);

/* port.c */
extern const struct cgdt_port stress_port;
int stress_port_open(struct stress_run *run);
void stress_port_close(struct stress_run *run);
/* The writable view of a frame, behind the pool's back. */
const cgdt_desc_t *stress_frame_page(const struct stress_run *run, cgdt_frame_t frame);
/* Where a slot lies behind the pool's back; NULL if its page is not there. */
const cgdt_desc_t *stress_slot_view(const struct stress_run *run, cgdt_slot_t slot);
enum page_kind stress_page_kind(const struct stress_run *run, uint32_t page);

/* verify.c */

/* What a call may answer besides 0; an injected code is always possible. */
enum stress_may {
    MAY_NOSPC = 1,
    MAY_EXIST = 2,
    MAY_BUSY = 4,
    MAY_NOENT = 8,
    MAY_KEEP = 16,
    MAY_STALE = 32,
    MAY_AGAIN = 128,
    MAY_HIDE = 64, /* answer 0 although a port operation failed inside */
};

static inline void stress_call(struct stress_worker *worker)
{
    worker->faults = 0;
    worker->n_faults = 0;
    worker->not_let_go = false;
}

/* Judge the result of the call since stress_call(). False: a violation, already reported. */
bool stress_judge(struct stress_worker *worker, const char *call, int result, unsigned may);

/* A place in a slot and two values, for the report. */
struct stress_place {
    cgdt_slot_t slot;
    uint32_t entry;
    uint64_t expected;
    uint64_t found;
};

void stress_violation(struct stress_worker *worker, const char *what,
                      const struct stress_place *place);

/* The two descriptors that the owner writes when its counter is `counter`. */
void stress_own(cgdt_desc_t own[STRESS_OWN], uint32_t owner, uint32_t counter);
/* The template, as the pool keeps it. */
extern const cgdt_desc_t stress_template[STRESS_TEMPLATE];

/* Read the whole slot through the library, and compare. */
bool stress_verify(struct stress_worker *worker, const struct holding *holding, uint32_t owner,
                   const char *when);
/* The same for a copy, or a view that nobody is writing to. */
bool stress_compare(struct stress_worker *worker, const struct holding *holding, uint32_t owner,
                    const char *when, const cgdt_desc_t *found);

/* The slot becomes, or stops being, somebody's. False: a violation. */
bool stress_take(struct stress_worker *worker, cgdt_slot_t slot, uint32_t owner);
bool stress_drop(struct stress_worker *worker, cgdt_slot_t slot, uint32_t owner);

/* pool.c */

/* Now and then one of trim, reserve, check; by chance. False: a violation. */
bool stress_rare(struct stress_worker *worker, uint32_t draw);

/* All threads wait: the pool's counts, pages and order against the threads' and the port's. */
void stress_verify_pool(struct stress_worker *worker);

#endif
