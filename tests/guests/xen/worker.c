/* SPDX-License-Identifier: MIT */
/* Workers: what they do, and what is done to them. */

#include "worker.h"

#include "clock.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "sabotage.h"
#include "segment.h"
#include "verify.h"
#include "watch.h"

struct worker workers[MAX_VCPUS];

static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t came; /* both only ever rise */
static uint32_t left;

void worker_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    if (args->control == CONTROL_EARLY_FREE)
        verify_takes_flat();
}

static void set_stage(struct worker *worker, enum stage stage)
{
    __atomic_store_n(&worker->stage, stage, __ATOMIC_SEQ_CST);
}

enum stage worker_stage(uint32_t vcpu)
{
    return (enum stage)__atomic_load_n(&workers[vcpu].stage, __ATOMIC_SEQ_CST);
}

int32_t workers_online(void)
{
    const uint32_t gone = __atomic_load_n(&left, __ATOMIC_SEQ_CST);

    /* Read in this order: nobody leaves who has not come. */
    return (int32_t)(__atomic_load_n(&came, __ATOMIC_SEQ_CST) - gone);
}

uint32_t worker_life(uint32_t vcpu)
{
    return __atomic_load_n(&workers[vcpu].ins, __ATOMIC_SEQ_CST);
}

/*
 * Another driver counts an end a moment after it: so a new life says it too, and a count that is
 * late is of an earlier life, and says nothing yet.
 */
bool worker_is_over(uint32_t vcpu, uint32_t life)
{
    return __atomic_load_n(&workers[vcpu].outs, __ATOMIC_SEQ_CST) >= life ||
           worker_life(vcpu) > life;
}

uint32_t worker_asked(uint32_t vcpu)
{
    return __atomic_load_n(&workers[vcpu].asked, __ATOMIC_SEQ_CST);
}

/* ---- by others ---------------------------------------------------------------------------- */

static const uint64_t *table_of(uint32_t vcpu)
{
    const uint32_t place = cpus[vcpu].place;
    const uint64_t *page = watch_view(tables_page(place));

    return page == NULL ? NULL : page + tables_color(place) * args->slot_entries;
}

/* Its entries below `own` are what they have to be, all others zero. */
static bool table_holds(uint32_t vcpu, uint32_t own)
{
    const volatile uint64_t *table = table_of(vcpu);

    if (table == NULL)
        return false;
    for (uint32_t entry = tables_first(); entry < tables_end(); entry++)
        if (table[entry - tables_first()] != (entry < own ? tables_expected(vcpu, entry) : 0))
            return false;
    return true;
}

bool worker_table_is_right(uint32_t vcpu)
{
    return table_holds(vcpu, ENTRY_EMPTY);
}

void worker_break_slot(uint32_t vcpu)
{
    (void)sabotage_break_slot(table_of(vcpu), args->slot_entries * CGDT_DESC_BYTES);
}

static void check_selectors(uint32_t vcpu)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(pool);

    for (uint16_t entry = ENTRY_CODE; entry < ENTRY_EMPTY; entry++) {
        const cgdt_canonical_t canonical = {tables_canonical(entry)};
        if (cgdt_to_local(layout, cpus[vcpu].slot, canonical).selector !=
            tables_selector(cpus[vcpu].place, entry))
            problem("local selector of vCPU", vcpu);
    }
}

static void get_frames(uint32_t vcpu)
{
    struct worker *worker = &workers[vcpu];
    const uint32_t pages = tables_frames(cpus[vcpu].place);
    uint32_t n = 0;
    const int error = cgdt_frames(pool, cpus[vcpu].slot, worker->frames, &n, &worker->entries);

    if (error != 0)
        guest_fatal("cgdt_frames", error);
    if (n != pages || worker->entries != pages * CGDT_PAGE_ENTRIES)
        problem("frame list of vCPU", vcpu);
}

void worker_adopt(uint32_t vcpu)
{
    __atomic_fetch_add(&workers[vcpu].ins, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&came, 1, __ATOMIC_SEQ_CST);
    set_stage(&workers[vcpu], STAGE_ONLINE);
}

void worker_prepare(uint32_t vcpu, cgdt_slot_t slot, bool watches)
{
    struct worker *worker = &workers[vcpu];
    uint32_t expected = STAGE_OFFLINE;
    cgdt_desc_t own[ENTRY_EMPTY - ENTRY_FS];

    if (!__atomic_compare_exchange_n(&worker->stage, &expected, STAGE_COMING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        guest_fatal("brought online twice", vcpu);
    __atomic_fetch_add(&worker->ins, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&came, 1, __ATOMIC_SEQ_CST);
    cpus[vcpu].slot = slot;
    cpus[vcpu].place = tables_place(slot);
    if (!table_holds(vcpu, TEMPLATE_ENTRIES))
        problem("a new slot that holds more or less than the template, of vCPU", vcpu);
    check_selectors(vcpu);
    tables_build(vcpu, own);
    const int error =
        cgdt_write(pool, slot, ENTRY_FS - tables_first(), own, ENTRY_EMPTY - ENTRY_FS);
    if (error != 0)
        guest_fatal("cgdt_write", error);
    get_frames(vcpu);
    worker->watches = watches;
    __atomic_store_n(&worker->order, ORDER_STAY, __ATOMIC_SEQ_CST);
}

void worker_order(uint32_t vcpu, enum order order)
{
    struct wait wait = clock_begin_wait("a worker that sleeps does not go down", vcpu);

    __atomic_store_n(&workers[vcpu].order, order, __ATOMIC_SEQ_CST);
    if (order == ORDER_STAY || workers[vcpu].watches)
        return;
    /* It is about to go down, or down; to wake it too early would be to wake it in vain. */
    while (worker_stage(vcpu) == STAGE_LEAVING && vcpu_is_up(vcpu))
        clock_wait(&wait);
    if (vcpu_up(vcpu) != 0)
        guest_fatal("up", vcpu);
}

bool worker_is_gone(uint32_t vcpu)
{
    /* vCPU 0 cannot go down: it has nobody to wake it, and its last act is to end the run. */
    return worker_stage(vcpu) == STAGE_LEFT && (vcpu == 0 || !vcpu_is_up(vcpu));
}

int worker_quiesce(uint32_t cpu)
{
    if (args->control == CONTROL_EARLY_FREE && cpu >= args->drivers &&
        worker_stage(cpu) == STAGE_LEAVING)
        return 0; /* a lie */
    if (!worker_is_gone(cpu))
        return -CGDT_EBUSY;
    /* Whoever gets here is alone: the CPU's word in the directory is busy. */
    set_stage(&workers[cpu], STAGE_OFFLINE);
    __atomic_fetch_add(&workers[cpu].asked, 1, __ATOMIC_SEQ_CST);
    return 0;
}

void worker_roll_back(uint32_t vcpu)
{
    __atomic_fetch_add(&workers[vcpu].kept, 1, __ATOMIC_SEQ_CST);
    set_stage(&workers[vcpu], STAGE_LEFT);
}

void worker_left(uint32_t vcpu)
{
    __atomic_fetch_add(&left, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&workers[vcpu].outs, 1, __ATOMIC_SEQ_CST);
}

/* ---- by itself ---------------------------------------------------------------------------- */

static enum order order_of(const struct worker *worker)
{
    return (enum order)__atomic_load_n(&worker->order, __ATOMIC_SEQ_CST);
}

void worker_arrived(uint32_t vcpu)
{
    set_stage(&workers[vcpu], STAGE_ONLINE);
}

/* On the common page alone: what is on it stays good, and the slot is out of sight. */
static void park_on_common_page(const struct cpu *cpu)
{
    cgdt_frame_t frame = 0;
    uint32_t rights;

    if (cgdt_common_frame(pool, &frame, NULL) != 0 || xen_set_gdt(&frame, CGDT_PAGE_ENTRIES) != 0)
        guest_fatal("the common page alone", cpu->start.vcpu);
    if (!lar(tables_selector(cpu->place, ENTRY_CODE), &rights) ||
        lar(tables_selector(cpu->place, ENTRY_NUMBER), &rights))
        problem("what is seen on the common page alone, by vCPU", cpu->start.vcpu);
}

void worker_let_go(uint32_t vcpu)
{
    const bool keeps = args->control == CONTROL_NO_DROP && vcpu >= args->drivers;

    leave_segments();
    if (load_fs(0) != 0 || load_gs(0) != 0)
        guest_fatal("null selectors", vcpu);
    if (!keeps && args->common)
        park_on_common_page(&cpus[vcpu]);
    if (!keeps && xen_set_gdt(NULL, 0) != 0)
        guest_fatal("an empty GDT", vcpu);
    set_stage(&workers[vcpu], STAGE_LEFT);
}

/* Online, until an order comes. Ends with a hypercall. */
static void idle(struct cpu *cpu, const struct worker *worker)
{
    /* With its code or stack segment gone a vCPU would not even come to notice. */
    if (args->control == CONTROL_EARLY_FREE)
        leave_segments();
    if (!worker->watches) {
        vcpu_down_self(cpu->start.vcpu);
        return;
    }
    do {
        xen_yield();
        verify_again(cpu, ROUND_WATCHING);
    } while (order_of(worker) == ORDER_STAY);
    xen_yield();
}

/* Until it is told to leave. */
static void stay(struct cpu *cpu, struct worker *worker)
{
    for (;;) {
        worker_arrived(cpu->start.vcpu);
        idle(cpu, worker);
        verify_again(cpu, ROUND_WOKEN);
        if (order_of(worker) == ORDER_LEAVE)
            return;
        set_stage(worker, STAGE_HOLDING);
        do
            xen_yield();
        while (order_of(worker) == ORDER_HOLD);
        verify_again(cpu, ROUND_LAST);
    }
}

/* Down, until it is brought online again. */
static void be_away(const struct cpu *cpu, struct worker *worker)
{
    vcpu_down_self(cpu->start.vcpu);
    while (order_of(worker) == ORDER_DROP) {
        if (xen_set_gdt(NULL, 0) != 0)
            guest_fatal("an empty GDT", cpu->start.vcpu);
        set_stage(worker, STAGE_LEFT);
        vcpu_down_self(cpu->start.vcpu);
    }
}

void worker_come_back(struct cpu *cpu)
{
    const struct worker *worker = &workers[cpu->start.vcpu];
    const int64_t error = xen_set_gdt(worker->frames, worker->entries);

    if (error != 0)
        guest_fatal("set_gdt", error);
    cpu->start.cs = 0;
    if (load_cs(tables_selector(cpu->place, ENTRY_CODE)) == 0 &&
        load_ss(tables_selector(cpu->place, ENTRY_DATA)) == 0 &&
        load_data(tables_selector(cpu->place, ENTRY_DATA)) == 0) {
        cpu->start.cs = read_cs();
        cpu->start.ss = read_ss();
    }
    verify_arrival(cpu);
}

void worker_run(struct vcpu_start *start)
{
    struct cpu *cpu = &cpus[start->vcpu];
    struct worker *worker = &workers[start->vcpu];

    verify_arrival(cpu);
    for (;;) {
        stay(cpu, worker);
        worker_let_go(start->vcpu);
        be_away(cpu, worker);
        worker_come_back(cpu);
    }
}
