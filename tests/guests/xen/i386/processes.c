/* SPDX-License-Identifier: MIT */
/* What a process in ring 3 sees of a GDT: see processes.h. */

#include "processes.h"

#include "console.h"
#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "process.h"
#include "segment.h"
#include "watch.h"

#define TLS_ENTRY   ENTRY_EMPTY
#define GATE1_ENTRY (ENTRY_EMPTY + 1)
#define GATE3_ENTRY (ENTRY_EMPTY + 2)
#define NR_ENTRIES  2u /* that the library writes */
#define WORD_MARK   0x71500000u
#define STACK_WORDS 256u

#define SEEN_LIMIT  1u /* LSL */
#define SEEN_RIGHTS 2u /* LAR */
#define READABLE    4u /* VERR */
#define WRITABLE    8u /* VERW */
#define LOADED      16u
#define ALL_OF_IT   31u

/* In pages of processes. */
static struct {
    uint32_t words[MAX_VCPUS]; /* what the vCPUs' TLS points at */
    uint32_t read[FIRST_RESERVED_GDT_ENTRY];
    uint8_t seen[FIRST_RESERVED_GDT_ENTRY];
    uint16_t gate3;
    uint16_t gate1;
    uint32_t gate3_result;
    uint32_t gate1_result;
    uint32_t stack[STACK_WORDS];
} room __attribute__((aligned(PAGE_SIZE)));

static const struct args *args;

/*
 * The library takes no gate of DPL 3: what Xen stores would become another at its next look. Xen
 * takes it.
 */
static int64_t write_gate3(uint32_t vcpu, cgdt_desc_t desc)
{
    const uint32_t place = cpus[vcpu].place;
    const uint64_t *page = watch_view(tables_page(place));
    const uint32_t entry = tables_color(place) * args->slot_entries + GATE3_ENTRY - tables_first();

    return xen_update_descriptor(page_machine_address(page + entry), desc);
}

static cgdt_desc_t gate(uint64_t dpl)
{
    const uint64_t offset = (uintptr_t)gate_target;

    return 0x00008c0000000000u | CGDT_DESC_DPL(dpl) | (uint64_t)FLAT_KERNEL_CS << 16 |
           (offset & 0xffffu) | (offset >> 16) << 48;
}

void processes_prepare(const struct args *arguments, struct cgdt_pool *pool)
{
    args = arguments;
    process_init();
    process_open(&room, sizeof(room));
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        cgdt_desc_t own[NR_ENTRIES] = {0, gate(1)};
        int error = cgdt_desc_segment(&own[0], (uintptr_t)&room.words[vcpu], 3,
                                      CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3));
        if (error == 0)
            error = cgdt_write(pool, cpus[vcpu].slot, TLS_ENTRY - tables_first(), own, NR_ENTRIES);
        if (error != 0 || write_gate3(vcpu, gate(3)) != 0)
            guest_fatal("descriptors for processes", error);
        room.words[vcpu] = WORD_MARK | vcpu;
    }
}

/* ---- in ring 3 ---------------------------------------------------------------------------- */

static inline uint32_t read_gs_word(uint32_t *value)
{
    uint32_t fault = 0;
    uint32_t read = 0;

    __asm__ volatile("1: movl %%gs:0, %1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault), "+r"(read)
                     :
                     : "memory");
    *value = read;
    return fault;
}

static PROCESS_CODE void look_around(void *unused)
{
    (void)unused;
    for (uint32_t index = 1; index < FIRST_RESERVED_GDT_ENTRY; index++) {
        const uint16_t selector = (uint16_t)(index << 3 | 3);
        uint32_t value;
        uint32_t seen = lsl(selector, &value) ? SEEN_LIMIT : 0;

        seen |= lar(selector, &value) ? SEEN_RIGHTS : 0;
        seen |= verr(selector) ? READABLE : 0;
        seen |= verw(selector) ? WRITABLE : 0;
        if (load_gs(selector) == 0 && read_gs_word(&value) == 0) {
            seen |= LOADED;
            room.read[index] = value;
        }
        room.seen[index] = (uint8_t)seen;
    }
    room.gate3_result = far_call(room.gate3);
    room.gate1_result = far_call(room.gate1);
}

/* ---- and what it must have seen ----------------------------------------------------------- */

/* Whose TLS that is, in the viewer's list; MAX_VCPUS: nobody's. */
static uint32_t owner_of_tls(const struct cpu *viewer, uint32_t index)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / args->slot_entries;
    const uint32_t heads = args->common ? 1 : 0;
    const uint32_t position = index / CGDT_PAGE_ENTRIES;

    if (position < heads || position - heads > tables_position(viewer->place) ||
        index % args->slot_entries + tables_first() != TLS_ENTRY)
        return MAX_VCPUS;
    const uint32_t page = tables_window(viewer->place) * args->window_pages + (position - heads);
    const uint32_t place = page * colors + index % CGDT_PAGE_ENTRIES / args->slot_entries;
    return place < args->nr ? place : MAX_VCPUS; /* vCPU n is at place n */
}

static void judge(const struct cpu *viewer)
{
    uint32_t own = 0;
    uint32_t others = 0;
    uint32_t strange = 0;

    for (uint32_t index = 1; index < FIRST_RESERVED_GDT_ENTRY; index++) {
        const uint32_t owner = owner_of_tls(viewer, index);
        if (owner == MAX_VCPUS) {
            strange += room.seen[index] != 0;
            continue;
        }
        if (room.seen[index] != ALL_OF_IT || room.read[index] != (WORD_MARK | owner))
            problem("a process does not see what is for ring 3, entry", index);
        own += owner == viewer->start.vcpu;
        others += owner != viewer->start.vcpu;
    }
    (void)problem_unless("entries seen by a process, and not for ring 3", strange, 0);
    (void)problem_unless("a process's own TLS", own, 1);
    (void)problem_unless("a call through a neighbour's gate of DPL 3", room.gate3_result,
                         GATE_PASSED);
    (void)problem_unless("a call through one of DPL 1", FAULT_VECTOR(room.gate1_result),
                         TRAP_GENERAL_PROTECTION);
    console_printf("PROCESS vcpu=%u own_tls=%u others_tls=%u others=%u gate_dpl3=0x%x "
                   "gate_dpl1_fault=%u\n",
                   viewer->start.vcpu, own, others, strange, room.gate3_result,
                   FAULT_VECTOR(room.gate1_result));
}

void processes_look(const struct cpu *viewer, const struct cpu *neighbour)
{
    room.gate3 = (uint16_t)(tables_selector(neighbour->place, GATE3_ENTRY) | 3);
    room.gate1 = (uint16_t)(tables_selector(neighbour->place, GATE1_ENTRY) | 3);
    process_run(look_around, NULL, room.stack + STACK_WORDS);
    if (load_fs(0) != 0 || load_gs(0) != 0)
        problem("null selectors after a process, vCPU", viewer->start.vcpu);
    judge(viewer);
}
