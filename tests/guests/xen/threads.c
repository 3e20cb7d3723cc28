/* SPDX-License-Identifier: MIT */
/*
 * One queue of threads for all vCPUs. Each vCPU takes the first, runs it until it yields, puts it
 * at the end and lets the next vCPU run; so a thread is almost never twice on the same one.
 *
 * Switching in, in this order: null selectors, as the descriptors behind the old ones may go; the
 * TLS entries, of which cgdt_write() leaves out what is there already; the thread's selectors, made
 * local.
 */

#include "threads.h"

#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "samples.h"
#include "segment.h"
#include "traps.h"
#include "user_look.h"
#include "verify.h"

#define NR_THREADS     64u
#define STACK_BYTES    4096u
#define TLS_ENTRIES    3u
#define ENTRY_TLS      ENTRY_EMPTY /* the first of them in the table */
#define TLS_MARK       0x7150000000000000u
#define TLS_LIMIT      0x2000u /* limit of entry 0 of thread 0 */
#define TLS_ATTRIBUTES (CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3))

struct thread {
    struct thread *next; /* in the queue */
    uintptr_t sp;        /* while it does not run */
    uintptr_t *cpu_sp;   /* while it runs: where its vCPU goes on */
    uint32_t id;
    uint32_t nr_tls; /* 1 .. TLS_ENTRIES; the others are empty */
    uint32_t fs_tls; /* which it has in %fs, and in %gs */
    uint32_t gs_tls;
    cgdt_canonical_t fs;
    cgdt_canonical_t gs;
    cgdt_desc_t tls[TLS_ENTRIES];
    uint64_t random;
    uint32_t vcpu; /* the last one */
    uint32_t looks;
};

/* head.S: puts away the caller's registers and stack, and goes on where `to` was put away. */
void thread_switch(uintptr_t *from, uintptr_t to);
extern const char thread_entry[];
void thread_main(struct thread *thread);

_Static_assert(NR_THREADS <= MOST_USERS, "each is one");

static const struct args *args;
static struct cgdt_pool *pool;
static struct thread threads[NR_THREADS];
static uint64_t blocks[NR_THREADS][TLS_ENTRIES] /* what the threads' descriptors point at */
    __attribute__((aligned(PAGE_SIZE)));
static uint8_t stacks[NR_THREADS][STACK_BYTES] __attribute__((aligned(16)));
static struct thread *first;
static struct thread **last = &first;
static uint32_t queue_lock;
static uint32_t begun;
static uint32_t stopped;
static uint32_t finished;

static struct {
    uint32_t switches;
    uint32_t moved;     /* to another vCPU */
    uint32_t recolored; /* whose slot has another color */
    uint32_t same;      /* to the same vCPU */
    uint32_t wrong;     /* looks that did not find the thread's own */
    uint32_t strangers; /* of these, that found another thread's */
    uint64_t first_read;
    uint32_t first_thread;
    uint32_t first_vcpu;
} found;

static void add(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* ---- what a thread does ------------------------------------------------------------------- */

static uint64_t mark(const struct thread *thread, uint32_t tls)
{
    return TLS_MARK | (uint64_t)thread->id << 8 | tls;
}

static uint32_t limit_of(const struct thread *thread, uint32_t tls)
{
    return TLS_LIMIT + thread->id * TLS_ENTRIES + tls;
}

static void note_wrong(const struct thread *thread, uint64_t read)
{
    if (__atomic_fetch_add(&found.wrong, 1, __ATOMIC_RELAXED) == 0) {
        found.first_read = read;
        found.first_thread = thread->id;
        found.first_vcpu = thread->vcpu;
    }
    if ((read & TLS_MARK) == TLS_MARK && (read >> 8 & 0xff) != thread->id)
        add(&found.strangers);
}

/* The same by a process, in ring 3; where the kernel is in another ring. */
static void look_as_process(struct thread *thread)
{
    struct user_look look = {.done = false};

    user_look(thread->id, &look);
    if (!look.done)
        return;
    thread->looks++;
    if (look.fs != mark(thread, thread->fs_tls) ||
        look.fs_limit != limit_of(thread, thread->fs_tls))
        note_wrong(thread, look.fs);
    if (look.gs != mark(thread, thread->gs_tls) ||
        look.gs_limit != limit_of(thread, thread->gs_tls))
        note_wrong(thread, look.gs);
}

/* Through both registers, and by the limits, which are no two threads' alike. */
static void look(struct thread *thread)
{
    uint64_t fs = 0;
    uint64_t gs = 0;
    uint32_t limit = 0;

    thread->looks++;
    if (read_fs() <= 3 || read_fs_u64(&fs) != 0 || fs != mark(thread, thread->fs_tls) ||
        !lsl(read_fs(), &limit) || limit != limit_of(thread, thread->fs_tls))
        note_wrong(thread, fs);
    if (read_gs() <= 3 || read_gs_u64(&gs) != 0 || gs != mark(thread, thread->gs_tls) ||
        !lsl(read_gs(), &limit) || limit != limit_of(thread, thread->gs_tls))
        note_wrong(thread, gs);
}

static uint16_t canonical_of(uint32_t tls)
{
    return tables_canonical(ENTRY_TLS + tls) | 3;
}

static uint16_t to_local(const struct cpu *cpu, cgdt_canonical_t canonical)
{
    if (args->control == CONTROL_NO_CONVERSION)
        return canonical.selector;
    return cgdt_to_local(cgdt_pool_layout(pool), cpu->slot, canonical).selector;
}

static cgdt_canonical_t to_canonical(const struct cpu *cpu, uint16_t local)
{
    if (args->control == CONTROL_NO_CONVERSION)
        return (cgdt_canonical_t){local};
    return cgdt_to_canonical(cgdt_pool_layout(pool), cpu->slot, (cgdt_local_t){local});
}

/* As a system call of the thread's: another of its descriptors into a register. */
static void change_segments(struct thread *thread)
{
    const struct cpu *cpu = &cpus[thread->vcpu];

    thread->fs_tls = chance_below(&thread->random, thread->nr_tls);
    thread->gs_tls = chance_below(&thread->random, thread->nr_tls);
    if (load_fs(to_local(cpu, (cgdt_canonical_t){canonical_of(thread->fs_tls)})) != 0 ||
        load_gs(to_local(cpu, (cgdt_canonical_t){canonical_of(thread->gs_tls)})) != 0)
        note_wrong(thread, 0);
}

void thread_main(struct thread *thread)
{
    for (;;) {
        look(thread);
        look_as_process(thread);
        if (chance_below(&thread->random, 4) == 0)
            change_segments(thread);
        if (chance_below(&thread->random, 4) == 0)
            xen_yield(); /* other vCPUs run; this thread stays where it is */
        look(thread);
        look_as_process(thread);
        thread_switch(&thread->sp, *thread->cpu_sp);
    }
}

/* ---- the queue ---------------------------------------------------------------------------- */

static void lock(void)
{
    while (__atomic_exchange_n(&queue_lock, 1, __ATOMIC_ACQUIRE) != 0)
        xen_yield();
}

static void unlock(void)
{
    __atomic_store_n(&queue_lock, 0, __ATOMIC_RELEASE);
}

static struct thread *take(void)
{
    lock();
    struct thread *thread = first;
    if (thread != NULL) {
        first = thread->next;
        if (first == NULL)
            last = &first;
    }
    unlock();
    return thread;
}

static void put(struct thread *thread)
{
    lock();
    thread->next = NULL;
    *last = thread;
    last = &thread->next;
    unlock();
}

/* ---- what a vCPU does --------------------------------------------------------------------- */

static void write_tls(const struct cpu *cpu, const cgdt_desc_t *tls)
{
    const int error = cgdt_write(pool, cpu->slot, ENTRY_TLS - tables_first(), tls, TLS_ENTRIES);

    if (error != 0)
        guest_fatal("cgdt_write", error);
}

static void count_switch(const struct cpu *cpu, struct thread *thread)
{
    const uint32_t vcpu = cpu->start.vcpu;

    add(&found.switches);
    add(vcpu == thread->vcpu ? &found.same : &found.moved);
    if (tables_color(cpu->place) != tables_color(cpus[thread->vcpu].place))
        add(&found.recolored);
    thread->vcpu = vcpu;
}

static void clear_segments(void)
{
    if (load_fs(0) != 0 || load_gs(0) != 0)
        guest_fatal("null selectors", 0);
}

static void switch_in(const struct cpu *cpu, struct thread *thread)
{
    clear_segments();
    write_tls(cpu, thread->tls);
    if (load_fs(to_local(cpu, thread->fs)) != 0 || load_gs(to_local(cpu, thread->gs)) != 0)
        note_wrong(thread, 0);
}

static void switch_out(const struct cpu *cpu, struct thread *thread)
{
    thread->fs = to_canonical(cpu, read_fs());
    thread->gs = to_canonical(cpu, read_gs());
    if (args->control == CONTROL_NONE && (thread->fs.selector != canonical_of(thread->fs_tls) ||
                                          thread->gs.selector != canonical_of(thread->gs_tls)))
        problem("a canonical selector changed; thread", thread->id);
}

/* Until it yields, or never. */
void threads_go_on(struct thread *thread)
{
    uintptr_t sp;

    thread->cpu_sp = &sp;
    thread_switch(&sp, thread->sp);
}

struct thread *threads_begin(const struct cpu *cpu)
{
    struct thread *thread = take();

    if (thread == NULL)
        return NULL;
    count_switch(cpu, thread);
    switch_in(cpu, thread);
    threads_go_on(thread);
    return thread;
}

static void run_one(const struct cpu *cpu)
{
    struct thread *thread = threads_begin(cpu);

    if (thread == NULL)
        return;
    switch_out(cpu, thread);
    put(thread);
}

/* The table is as it was before there were threads. */
static void clear_tls(const struct cpu *cpu)
{
    static const cgdt_desc_t none[TLS_ENTRIES];

    clear_segments();
    write_tls(cpu, none);
}

void threads_finish(const struct cpu *cpu, struct thread *thread)
{
    switch_out(cpu, thread);
    put(thread);
    clear_tls(cpu);
}

uint32_t threads_wrong(void)
{
    return __atomic_load_n(&found.wrong, __ATOMIC_RELAXED);
}

static bool is_over(void)
{
    return __atomic_load_n(&stopped, __ATOMIC_ACQUIRE) != 0;
}

static void work(struct cpu *cpu)
{
    while (!is_over()) {
        run_one(cpu);
        xen_yield();
        if (__atomic_load_n(&found.recolored, __ATOMIC_RELAXED) >= args->count)
            __atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
    }
    clear_tls(cpu);
    if (load_fs(tables_selector(cpu->place, ENTRY_FS)) != 0 ||
        load_gs(tables_selector(cpu->place, ENTRY_GS)) != 0)
        problem("the vCPU's own segments, vCPU", cpu->start.vcpu);
    xen_yield();
    verify_again(cpu, ROUND_LAST);
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

void threads_take_part(struct cpu *cpu)
{
    while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 0)
        xen_yield();
    work(cpu);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void make(struct thread *thread, uint32_t id)
{
    uintptr_t *sp = (uintptr_t *)(stacks[id] + STACK_BYTES);

    *thread = (struct thread){.id = id,
                              .nr_tls = id % TLS_ENTRIES + 1,
                              .fs = {canonical_of(0)},
                              .gs = {canonical_of(0)},
                              .random = 0x9e3779b97f4a7c15u * (id + 1)};
    for (uint32_t tls = 0; tls < thread->nr_tls; tls++) {
        const int error =
            cgdt_desc_segment(&thread->tls[tls], (uint32_t)(uintptr_t)&blocks[id][tls],
                              limit_of(thread, tls), TLS_ATTRIBUTES);
        if (error != 0)
            guest_fatal("cgdt_desc_segment", error);
        blocks[id][tls] = mark(thread, tls);
    }
    *--sp = 0;                       /* thread_main does not return */
    *--sp = (uintptr_t)thread_entry; /* where the first switch goes */
    *--sp = (uintptr_t)thread;       /* a register, and the others */
    for (uint32_t i = 1; i < PRESERVED_REGISTERS; i++)
        *--sp = 0;
    thread->sp = (uintptr_t)sp;
    put(thread);
}

void threads_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    if (args->mode != MODE_THREADS && args->mode != MODE_MOVE)
        return;
    user_look_init(blocks, sizeof(blocks));
    for (uint32_t id = 0; id < NR_THREADS; id++)
        make(&threads[id], id);
}

static _Noreturn void judge_control(void)
{
    const bool caught = found.wrong != 0;

    console_printf(
        "CONTROL %s %s: %u looks were wrong, %u found another thread's TLS (thread %u on "
        "vCPU %u read 0x%" PRIx64 ")\n",
        args->control_name, caught ? "caught" : "MISSED", found.wrong, found.strangers,
        found.first_thread, found.first_vcpu, found.first_read);
    guest_exit(caught ? GUEST_EXIT_CAUGHT : GUEST_EXIT_FAIL);
}

static _Noreturn void judge(const struct cgdt_xen_pv_counts *before)
{
    const struct cgdt_xen_pv_counts *now = &gdtpool_xen.counts;
    const uint64_t calls =
        now->update_descriptor + now->multicall - before->update_descriptor - before->multicall;
    uint32_t verified = 0;
    uint64_t looks = 0;
    uint32_t idle = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        verified += cpus[vcpu].failed_step == STEP_NONE;
    for (uint32_t id = 0; id < NR_THREADS; id++) {
        looks += threads[id].looks;
        idle += threads[id].looks < 4;
    }
    /* Xen may leave a few vCPUs waiting on a busy host, and the threads that they have. */
    (void)problem_unless("more than a quarter of the threads hardly ran", idle > NR_THREADS / 4, 0);
    (void)problem_unless("vCPUs verified", verified, args->nr);
    (void)problem_unless("failsafe callbacks", traps_failsafe_count(), 0);
    (void)problem_unless("cgdt_check", cgdt_check(pool, NULL), 0);
    console_printf("SWITCHES n=%u moved=%u recolored=%u same_vcpu=%u looks=%" PRIu64 " wrong=%u "
                   "hypercalls_per_1000=%" PRIu64 "\n",
                   found.switches, found.moved, found.recolored, found.same, looks, found.wrong,
                   calls * 1000 / found.switches);
    if (args->control == CONTROL_NO_CONVERSION)
        judge_control();
    const bool pass = found.wrong == 0 && problem_count() == 0 && found.recolored >= args->count;
    console_printf("RESULT mode=threads cpus=%u threads=%u recolored=%u wrong=%u failsafe=%u "
                   "layout=%s host=" HOST_NAME " %s\n",
                   args->nr, NR_THREADS, found.recolored, found.wrong, traps_failsafe_count(),
                   args->layout_name, pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}

_Noreturn void threads_run(void)
{
    const struct cgdt_xen_pv_counts before = gdtpool_xen.counts;

    clock_init();
    __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
    work(&cpus[0]);
    struct wait wait = clock_begin_wait("a vCPU does not finish", 0);
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != args->nr)
        clock_wait(&wait);
    judge(&before);
}
