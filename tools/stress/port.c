/* SPDX-License-Identifier: MIT */
/*
 * The port between the pool and the real port. It makes operations fail at random, it answers for
 * CPUs that will not let go, and it watches the contract of cgdt/port.h: pages change state in the
 * right order, under the lock, and none is unsealed while somebody owns a slot on it.
 */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct stress_run *run_of(void *ctx)
{
    return ctx;
}

static uint32_t place(const struct stress_run *run, uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? run->n_pages : page;
}

enum page_kind stress_page_kind(const struct stress_run *run, uint32_t page)
{
    return (enum page_kind)atomic_load_explicit(&run->pages[place(run, page)],
                                                memory_order_relaxed);
}

static void set_kind(struct stress_run *run, uint32_t page, enum page_kind kind)
{
    atomic_store_explicit(&run->pages[place(run, page)], (uint8_t)kind, memory_order_relaxed);
}

/* The result of one operation: 0, or the code of an injected failure. */
static int fate(const struct stress_run *run, enum stress_fault kind)
{
    struct stress_worker *worker = stress_self;

    if (run->fault_limit == 0 || worker->faults_off ||
        (stress_random(&worker->fault_random) >> 32) >= run->fault_limit)
        return 0;
    worker->faults |= 1u << kind;
    worker->n_faults++;
    worker->counts.faults++;
    return -(STRESS_FAULT + (int)kind);
}

static void demand_page(struct stress_run *run, uint32_t page, enum page_kind kind,
                        const char *what)
{
    const struct stress_place at = {.slot = CGDT_NO_SLOT,
                                    .entry = page,
                                    .expected = kind,
                                    .found = stress_page_kind(run, page)};

    if (at.found != at.expected)
        stress_violation(stress_self, what, &at);
    if (!run->config.serialized && atomic_load_explicit(&run->in_lock, memory_order_relaxed) != 1)
        stress_violation(stress_self, "port rule 4: without the lock", &at);
}

/* Invariant no-early-reuse: whoever owns a slot by the engine's own table still needs the page. */
static void demand_unowned(struct stress_run *run, uint32_t page)
{
    const uint32_t colors = cgdt_colors(&run->config.layout);

    if (page == CGDT_COMMON_PAGE)
        return;
    for (uint32_t color = 0; color < colors; color++) {
        const uint32_t number = page * colors + color;
        uint32_t owner = STRESS_NOBODY;

        if (number < run->config.max_cpus)
            owner = atomic_load_explicit(&run->owners[number], memory_order_relaxed);
        if (owner != STRESS_NOBODY)
            stress_violation(stress_self, "a page leaves with an owned slot",
                             &(struct stress_place){number + 1, STRESS_NO_ENTRY, 0, owner});
    }
}

static int port_map(void *ctx, uint32_t page, void **view)
{
    struct stress_run *run = run_of(ctx);
    int error = fate(run, FAULT_MAP);

    demand_page(run, page, PAGE_GONE, "port rule 1: map of a mapped page");
    if (error == 0)
        error = run->port->map(run->port_ctx, page, view);
    if (error < 0)
        return error;
    set_kind(run, page, PAGE_PRIVATE);
    atomic_fetch_add_explicit(&run->pages_out, 1, memory_order_relaxed);
    return 0;
}

static int port_seal(void *ctx, uint32_t page, void **view)
{
    struct stress_run *run = run_of(ctx);
    int error = fate(run, FAULT_SEAL);

    demand_page(run, page, PAGE_PRIVATE, "port rule 3: seal of a page that is not private");
    if (error == 0)
        error = run->port->seal(run->port_ctx, page, view);
    if (error >= 0)
        set_kind(run, page, PAGE_SEALED);
    return error;
}

static int port_unseal(void *ctx, uint32_t page, void **view)
{
    struct stress_run *run = run_of(ctx);
    int error = fate(run, FAULT_UNSEAL);

    demand_page(run, page, PAGE_SEALED, "port rule 3: unseal of a page that is not sealed");
    demand_unowned(run, page);
    if (error == 0)
        error = run->port->unseal(run->port_ctx, page, view);
    if (error >= 0)
        set_kind(run, page, PAGE_PRIVATE);
    return error;
}

static void port_unmap(void *ctx, uint32_t page, void *view)
{
    struct stress_run *run = run_of(ctx);

    demand_page(run, page, PAGE_PRIVATE, "port rule 7: unmap of a page that is not private");
    demand_unowned(run, page);
    set_kind(run, page, PAGE_GONE);
    atomic_fetch_sub_explicit(&run->pages_out, 1, memory_order_relaxed);
    run->port->unmap(run->port_ctx, page, view);
}

static int port_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    struct stress_run *run = run_of(ctx);
    const int error = fate(run, FAULT_FRAME);

    return error != 0 ? error : run->port->frame(run->port_ctx, page, view, frame);
}

static int port_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct stress_run *run = run_of(ctx);
    const int error = fate(run, FAULT_LIVE_WRITE);

    if (stress_page_kind(run, page) != PAGE_SEALED)
        stress_violation(stress_self, "port rule 3: live_write to a page that is not sealed",
                         &(struct stress_place){.entry = page});
    if (error != 0)
        return error;
    if (run->port->live_write != NULL && !run->port->direct)
        return run->port->live_write(run->port_ctx, page, view, batch);
    cgdt_batch_store(batch, run->port->writable != NULL
                                ? run->port->writable(run->port_ctx, page, view)
                                : (cgdt_desc_t *)(uintptr_t)view);
    return 0;
}

/*
 * A CPU lets go if no thread is using it. It is nobody's from then on: the slot is about to be
 * freed.
 */
static int port_quiesce(void *ctx, uint32_t cpu)
{
    struct stress_run *run = run_of(ctx);
    struct stress_worker *worker = stress_self;
    uint32_t word = atomic_load_explicit(&run->cpus[cpu].word, memory_order_relaxed);
    const int error = fate(run, FAULT_QUIESCE);

    if (error != 0)
        return error;
    if (word == 0 || (word & STRESS_HELD) != 0 ||
        !atomic_compare_exchange_strong_explicit(&run->cpus[cpu].word, &word, 0,
                                                 memory_order_acquire, memory_order_relaxed)) {
        worker->not_let_go = true;
        return -STRESS_NOT_LET_GO;
    }
    worker->quiesced = word;
    const struct holding holding = {word, run->cpus[cpu].counter};
    /* Not through the library: this is a port operation, inside one of its calls. */
    (void)stress_compare(worker, &holding, STRESS_OF_CPU | cpu, "a CPU's slot before offline",
                         stress_slot_view(run, word));
    (void)stress_drop(worker, word, STRESS_OF_CPU | cpu);
    return 0;
}

/*
 * The fixed port spins for its lock, as a kernel that cannot be preempted may. Where there are more
 * threads than processors a spinning thread would keep the owner from going on, so they wait here
 * first.
 */
static void port_lock(void *ctx)
{
    struct stress_run *run = run_of(ctx);

    if (run->patient)
        (void)pthread_mutex_lock(&run->patience);
    run->port->lock(run->port_ctx);
    if (atomic_fetch_add_explicit(&run->in_lock, 1, memory_order_relaxed) != 0)
        stress_violation(stress_self, "two threads hold the port's lock", NULL);
}

static void port_unlock(void *ctx)
{
    struct stress_run *run = run_of(ctx);

    atomic_fetch_sub_explicit(&run->in_lock, 1, memory_order_relaxed);
    run->port->unlock(run->port_ctx);
    if (run->patient)
        (void)pthread_mutex_unlock(&run->patience);
}

const struct cgdt_port stress_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = port_map,
    .seal = port_seal,
    .unseal = port_unseal,
    .unmap = port_unmap,
    .frame = port_frame,
    .live_write = port_live_write,
    .quiesce = port_quiesce,
    .lock = port_lock,
    .unlock = port_unlock,
};

const cgdt_desc_t *stress_frame_page(const struct stress_run *run, cgdt_frame_t frame)
{
    if (run->hosted != NULL)
        return cgdt_hosted_frame_page(run->hosted, frame);
    return frame <= run->n_pages ? (const cgdt_desc_t *)run->fixed.pages + frame * CGDT_PAGE_ENTRIES
                                 : NULL;
}

const cgdt_desc_t *stress_slot_view(const struct stress_run *run, cgdt_slot_t slot)
{
    const struct cgdt_layout *layout = &run->config.layout;
    cgdt_frame_t frame = 0;

    if (run->port->frame(run->port_ctx, cgdt_slot_page(layout, slot), NULL, &frame) < 0)
        return NULL;
    return stress_frame_page(run, frame) + cgdt_slot_offset(layout, slot);
}

static int open_fixed(struct stress_run *run)
{
    run->fixed_bytes = ((size_t)run->n_pages + 1) * CGDT_PAGE_BYTES;
    void *pages = mmap(NULL, run->fixed_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (pages == MAP_FAILED)
        return -errno;
    run->fixed = (struct cgdt_fixed){.pages = pages, .count = run->n_pages + 1};
    run->port = &cgdt_fixed_port;
    run->port_ctx = &run->fixed;
    return 0;
}

static int open_hosted(struct stress_run *run)
{
    const struct cgdt_hosted_config config = {.max_cpus = run->config.max_cpus,
                                              .layout = run->config.layout};
    const int error = cgdt_hosted_create(&run->hosted, &config);

    run->port = &cgdt_hosted_port;
    run->port_ctx = run->hosted;
    return error;
}

int stress_port_open(struct stress_run *run)
{
    const uint32_t colors = cgdt_colors(&run->config.layout);

    run->n_pages = (run->config.max_cpus + colors - 1) / colors;
    run->pages = calloc((size_t)run->n_pages + 1, sizeof(*run->pages));
    run->patient = (long)run->params->threads > sysconf(_SC_NPROCESSORS_ONLN);
    run->config.port = &stress_port;
    run->config.port_ctx = run;
    if (run->pages == NULL)
        return -ENOMEM;
    return run->params->hosted ? open_hosted(run) : open_fixed(run);
}

void stress_port_close(struct stress_run *run)
{
    if (run->fixed.pages != NULL)
        (void)munmap(run->fixed.pages, run->fixed_bytes);
    cgdt_hosted_destroy(run->hosted);
    free(run->pages);
}
