/* SPDX-License-Identifier: MIT */
/* The port on plain memory; see mem_port.h. */
#include "mem_port.h"
#include "fuzz.h"
#include "reference.h"

#define PLACES (MEM_MAX_PAGES + 1u)

static _Alignas(4096) uint64_t private_memory[PLACES][512];
static _Alignas(4096) uint64_t sealed_memory[PLACES][512];
static uint64_t alias_memory[PLACES][512];

uint32_t mem_place(uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? MEM_MAX_PAGES : page;
}

uint64_t *mem_view(const struct mem_port *port, uint32_t page)
{
    const uint32_t place = mem_place(page);

    return port->state[place] == MEM_SEALED ? sealed_memory[place] : private_memory[place];
}

uint64_t *mem_alias(uint32_t page)
{
    return alias_memory[mem_place(page)];
}

cgdt_frame_t mem_frame_of(uint32_t page)
{
    return 0x1000u + mem_place(page);
}

void mem_open(struct mem_port *port, const struct cgdt_config *config, uint32_t pages)
{
    *port = (struct mem_port){.pages = pages,
                              .window_pages = config->layout.window_pages,
                              .gaps = config->layout.mode == CGDT_MODE_NATIVE,
                              .serialized = config->serialized,
                              .profile = config->profile};
}

void mem_arm(struct mem_port *port, uint16_t fail, enum mem_lie lie, int code)
{
    port->fail = fail;
    port->lie = lie;
    port->code = code;
    port->calls = 0;
    port->fired = 0;
}

/* Count an operation that can fail; whether it is to. */
static bool fails(struct mem_port *port, uint32_t page)
{
    const uint32_t call = port->calls++;

    if (call >= 16 || (port->fail >> call & 1) == 0)
        return false;
    if (port->fired++ == 0) {
        port->first_code = port->code;
        port->first_page = page;
    }
    return true;
}

static void must_be(const struct mem_port *port, uint32_t page, enum mem_state state,
                    const void *view)
{
    MUST(page == CGDT_COMMON_PAGE || page < port->pages, "rule 2: page %u", page);
    MUST(port->state[mem_place(page)] == state, "rule 3: page %u is in state %d", page,
         port->state[mem_place(page)]);
    MUST(view == mem_view(port, page), "rule 3: page %u, another view", page);
}

static void must_hold_lock(const struct mem_port *port)
{
    MUST(port->locked || port->serialized, "rule 4: without the lock");
}

/* Another mapped page of the same window; CGDT_COMMON_PAGE if there is none. */
static uint32_t neighbour(const struct mem_port *port, uint32_t page)
{
    const uint32_t head = page - page % port->window_pages;

    for (uint32_t other = head; other < port->pages && other < head + port->window_pages; other++)
        if (other != page && port->state[other] != MEM_GONE)
            return other;
    return CGDT_COMMON_PAGE;
}

/* False: this lie cannot be told here. */
static bool lie_about(struct mem_port *port, uint32_t page, void **view)
{
    const uint32_t other = page == CGDT_COMMON_PAGE ? page : neighbour(port, page);

    *view = private_memory[mem_place(page)];
    if (port->lie == MEM_MISALIGNED)
        *view = private_memory[mem_place(page)] + 1;
    else if (port->lie == MEM_NULL)
        *view = NULL;
    else if (port->lie == MEM_DIRTY)
        private_memory[mem_place(page)][page % 512] = 1;
    else if (port->lie != MEM_HONEST && other == CGDT_COMMON_PAGE)
        return false;
    else if (port->lie == MEM_SAME_VIEW)
        *view = mem_view(port, other);
    return port->lie != MEM_HONEST;
}

static int mem_map(void *ctx, uint32_t page, void **view)
{
    struct mem_port *port = ctx;
    const uint32_t place = mem_place(page);

    must_hold_lock(port);
    MUST(page == CGDT_COMMON_PAGE || page < port->pages, "rule 2: page %u", page);
    MUST(port->state[place] == MEM_GONE, "rule 1: page %u is mapped", page);
    MUST(page == CGDT_COMMON_PAGE || port->gaps || page % port->window_pages == 0 ||
             port->state[page - 1] != MEM_GONE,
         "rule 2: page %u before the page below it", page);
    memset(private_memory[place], 0, 4096);
    if (!fails(port, page)) {
        *view = private_memory[place];
        port->state[place] = MEM_PRIVATE;
        port->out++;
        return port->success;
    }
    if (!lie_about(port, page, view))
        return port->code;
    if (port->fired == 1)
        port->first_code = -CGDT_EPROTO;
    port->state[place] = MEM_LIE;
    port->lied[place] = *view;
    port->out++;
    return port->success;
}

static int mem_seal(void *ctx, uint32_t page, void **view)
{
    struct mem_port *port = ctx;
    const uint32_t place = mem_place(page);

    must_hold_lock(port);
    must_be(port, page, MEM_PRIVATE, *view);
    if (fails(port, page))
        return port->code;
    memcpy(sealed_memory[place], private_memory[place], 4096);
    memcpy(alias_memory[place], private_memory[place], 4096);
    memset(private_memory[place], 0xee, 4096);
    port->state[place] = MEM_SEALED;
    *view = sealed_memory[place];
    return port->success;
}

static int mem_unseal(void *ctx, uint32_t page, void **view)
{
    struct mem_port *port = ctx;
    const uint32_t place = mem_place(page);

    must_hold_lock(port);
    must_be(port, page, MEM_SEALED, *view);
    if (fails(port, page))
        return port->code;
    memcpy(private_memory[place], alias_memory[place], 4096);
    memset(sealed_memory[place], 0xee, 4096);
    port->state[place] = MEM_PRIVATE;
    *view = private_memory[place];
    return port->success;
}

static void mem_unmap(void *ctx, uint32_t page, void *view)
{
    struct mem_port *port = ctx;
    const uint32_t place = mem_place(page);

    must_hold_lock(port);
    if (port->state[place] == MEM_LIE)
        MUST(view == port->lied[place], "rule 7: page %u, another view", page);
    else
        must_be(port, page, MEM_PRIVATE, view);
    port->state[place] = MEM_GONE;
    port->out--;
}

static int mem_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    struct mem_port *port = ctx;
    const enum mem_state state = port->state[mem_place(page)];

    MUST(state != MEM_GONE, "frame of no page: %u", page);
    MUST(state == MEM_LIE || view == mem_view(port, page), "frame of page %u, another view", page);
    if (state != MEM_LIE && fails(port, page))
        return port->code;
    *frame = mem_frame_of(page);
    if (state == MEM_LIE && port->lie == MEM_SAME_FRAME)
        *frame = mem_frame_of(neighbour(port, page));
    return port->success;
}

static bool is_wide(uint64_t desc)
{
    return (desc >> 47 & 1) == 1 && (desc >> 44 & 1) == 0 && (desc >> 40 & 15) != 0;
}

/*
 * Invariant no-torn-descriptor, after each store: a 16-byte descriptor that a CPU can load is the
 * old one or the new one. Where a second half is a first half itself (Xen would keep such pairs)
 * there is no saying.
 */
static void must_not_be_torn(const struct mem_port *port, const uint64_t *slot, const uint64_t *old,
                             const struct cgdt_batch *batch, uint32_t entry)
{
    uint64_t after[2];

    if (port->profile == CGDT_PROFILE_XEN_PV32 || port->profile == CGDT_PROFILE_NATIVE32 ||
        !is_wide(slot[entry]))
        return;
    for (uint32_t i = 0; i < 2; i++) {
        after[i] = 0;
        if (batch->values != NULL)
            (void)reference_descriptor(port->profile, batch->values[entry + i - batch->first],
                                       &after[i]);
    }
    if (is_wide(old[entry + 1]) || is_wide(after[1]))
        return;
    MUST((slot[entry] == old[entry] && slot[entry + 1] == old[entry + 1]) ||
             (slot[entry] == after[0] && slot[entry + 1] == after[1]),
         "entry %u: 0x%016" PRIx64 " 0x%016" PRIx64 " is half a descriptor", entry, slot[entry],
         slot[entry + 1]);
}

static void store(struct mem_port *port, uint32_t page, const struct cgdt_batch *batch,
                  const uint64_t *old, const struct cgdt_update *update)
{
    const uint32_t place = mem_place(page);
    const uint32_t entry = update->entry - batch->slot_offset;
    const uint64_t *slot = &alias_memory[place][batch->slot_offset];

    MUST(entry - batch->first < batch->count, "a store to entry %u of a slot", entry);
    alias_memory[place][update->entry] = update->value;
    sealed_memory[place][update->entry] = update->value;
    if (entry + 1u < (uint32_t)batch->first + batch->count)
        must_not_be_torn(port, slot, old, batch, entry);
    if (entry > batch->first)
        must_not_be_torn(port, slot, old, batch, entry - 1);
}

static int mem_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    /* A batch has three passes, and no entry is stored twice in one of them. */
    static struct cgdt_update updates[3 * 512];
    static uint64_t old[513];
    struct mem_port *port = ctx;
    uint32_t n = 0;

    must_be(port, page, MEM_SEALED, view);
    MUST(batch->slot == (const uint64_t *)view + batch->slot_offset, "page %u", page);
    if (fails(port, page))
        return port->code;
    memcpy(&old[batch->first], &batch->slot[batch->first], batch->count * sizeof(*old));
    while (n < COUNT_OF(updates) && cgdt_batch_next(batch, &updates[n])) {
        if (!port->gather)
            store(port, page, batch, old, &updates[n]);
        n++;
    }
    for (uint32_t i = 0; port->gather && i < n; i++)
        store(port, page, batch, old, &updates[i]);
    return port->success;
}

static int mem_quiesce(void *ctx, uint32_t cpu)
{
    struct mem_port *port = ctx;

    return fails(port, cpu) ? port->code : port->success;
}

static void mem_lock(void *ctx)
{
    struct mem_port *port = ctx;

    MUST(!port->locked, "rule 8: lock inside lock");
    port->locked = true;
}

static void mem_unlock(void *ctx)
{
    struct mem_port *port = ctx;

    MUST(port->locked, "unlock without lock");
    port->locked = false;
}

const struct cgdt_port mem_port = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = mem_map,
    .seal = mem_seal,
    .unseal = mem_unseal,
    .unmap = mem_unmap,
    .frame = mem_frame,
    .live_write = mem_live_write,
    .quiesce = mem_quiesce,
    .lock = mem_lock,
    .unlock = mem_unlock,
};

const struct cgdt_port mem_port_lockless = {
    .struct_bytes = sizeof(struct cgdt_port),
    .map = mem_map,
    .seal = mem_seal,
    .unseal = mem_unseal,
    .unmap = mem_unmap,
    .frame = mem_frame,
    .live_write = mem_live_write,
    .quiesce = mem_quiesce,
};
