/* SPDX-License-Identifier: MIT */
/*
 * Two entries flip, each between two descriptors. Were one seen with a part of the other, its base
 * would lead to a word that is neither's, and its limit would be neither's.
 *
 *   loaded  by %fs, LSL and LAR. With one processor the two descriptors differ in both 32-bit
 *           halves. With more, only in the low one: QEMU's TCG fetches a descriptor by two loads of
 *           4 bytes, as no real processor is known to do.
 *   read    by plain 8-byte loads from the page's read-only mapping: the two differ in every 16-bit
 *           part
 */

#include "flips.h"

#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "segment.h"
#include "traps.h"
#include "watch.h"

#define READER       1u
#define ENTRY_LOADED ENTRY_EMPTY
#define ENTRY_READ   (ENTRY_EMPTY + 1)
#define NEAR         0x100u   /* only the low 16-bit part of the base differs */
#define FAR          0x10100u /* both do */
#define LOADS_A_TURN 64u      /* between two looks at whether it is over */
#define FEWEST_TURNS 500u     /* times that the reader found another value than before */
#define BURST        63u      /* flips between two rests; odd, so that values take turns */
#define SHORT_BURST  7u       /* the same with one processor */
#define ATTRIBUTES   (CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(KERNEL_RING))

/* The words that the two bases lead to. What a mixture would lead to is in here too, and zero. */
static uint64_t space[2 * FAR / 8] __attribute__((aligned(0x10000)));

static const struct args *args;
static struct cgdt_pool *pool;
static cgdt_desc_t loaded[2];
static cgdt_desc_t read[2];
static uint32_t limits[2];
static uint32_t rights[2];
static uint32_t begun;
static uint32_t stopped;
static uint32_t finished;

/* The reader's. */
static struct {
    uint64_t loads;
    uint64_t saw[2];
    uint32_t turns; /* it found the other value than the time before */
    uint32_t faults;
    uint64_t strange_bases; /* neither's */
    uint64_t strange_limits;
    uint64_t strange_rights;
    uint64_t reads;
    uint64_t strange_reads;
    uint64_t first_strange;
} found;

static uint64_t word_of(uint32_t which)
{
    return 0xf11b000000000001u + which;
}

static cgdt_desc_t make(uint32_t offset, uint64_t word, uint32_t last_offset, uint64_t attributes)
{
    uint64_t *at = &space[offset / sizeof(space[0])];
    cgdt_desc_t desc = 0;
    const int error =
        cgdt_desc_segment(&desc, (uint32_t)(uintptr_t)at, last_offset, attributes | ATTRIBUTES);

    if (error != 0)
        guest_fatal("cgdt_desc_segment", error);
    *at = word;
    return desc;
}

void flips_init(const struct args *arguments, struct cgdt_pool *in)
{
    const bool alone = arguments->pcpus < 2;

    args = arguments;
    pool = in;
    limits[0] = 0x12345;
    limits[1] = alone ? 0x6a9cfff : 0x1cdef;
    loaded[0] = make(0x40, word_of(0), limits[0], 0);
    loaded[1] = make(0x40 + (alone ? FAR : NEAR), word_of(1), limits[1], alone ? CGDT_DESC_AVL : 0);
    read[0] = make(0x80, 0, 0x12345, 0);
    read[1] = make(0x80 + FAR, 0, 0x6a9cfff, CGDT_DESC_AVL);
    for (uint32_t i = 0; i < 2; i++)
        rights[i] = (uint32_t)(loaded[i] >> 32) & LAR_MASK;
}

/* ---- the reader --------------------------------------------------------------------------- */

static void strange(uint64_t *counter, uint64_t value)
{
    if (found.first_strange == 0)
        found.first_strange = value;
    ++*counter;
}

/* Whole, as the processor reads it from the page. */
static void look_at_page(const volatile uint64_t *entry)
{
    const uint64_t value = load_whole(entry);

    found.reads++;
    if (value != read[0] && value != read[1])
        strange(&found.strange_reads, value);
}

static void look(uint16_t selector, uint32_t *last)
{
    uint64_t word = 0;
    uint32_t value = 0;

    found.loads++;
    if (load_fs(selector) != 0 || read_fs_u64(&word) != 0) {
        __atomic_store_n(&found.faults, found.faults + 1, __ATOMIC_RELAXED);
    } else if (word != word_of(0) && word != word_of(1)) {
        strange(&found.strange_bases, word);
    } else {
        const uint32_t which = word == word_of(1);
        found.saw[which]++;
        if (which != *last)
            __atomic_store_n(&found.turns, found.turns + 1, __ATOMIC_RELAXED);
        *last = which;
    }
    if (lsl(selector, &value) && value != limits[0] && value != limits[1])
        strange(&found.strange_limits, value);
    if (lar(selector, &value) && value != rights[0] && value != rights[1])
        strange(&found.strange_rights, value);
}

static const volatile uint64_t *entry_in_page(const struct cpu *cpu, uint32_t entry)
{
    const uint64_t *page = watch_view(tables_page(cpu->place));

    return page + tables_color(cpu->place) * args->slot_entries + (entry - tables_first());
}

void flips_take_part(struct cpu *cpu)
{
    const uint16_t selector = tables_selector(cpu->place, ENTRY_LOADED);
    const volatile uint64_t *in_page = entry_in_page(cpu, ENTRY_READ);
    uint32_t last = 0;

    if (cpu->start.vcpu != READER)
        return;
    while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 0)
        xen_yield();
    while (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE) == 0) {
        for (uint32_t i = 0; i < LOADS_A_TURN; i++) {
            look(selector, &last);
            look_at_page(in_page);
        }
        if (args->pcpus < 2)
            xen_yield();
    }
    if (load_fs(0) != 0)
        problem("null selector", 0);
    __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
}

/* ---- the writer --------------------------------------------------------------------------- */

static void write(uint32_t entry, cgdt_desc_t value)
{
    const int error = cgdt_write(pool, cpus[READER].slot, entry - tables_first(), &value, 1);

    if (error != 0)
        guest_fatal("cgdt_write", error);
}

/* Rests let a host that has no processor to spare run the reader's. */
static void rest(uint32_t flips)
{
    if (args->pcpus >= 2 && flips % BURST == 0)
        clock_doze();
    else if (args->pcpus < 2 && flips % SHORT_BURST == 0)
        xen_yield();
}

static void flip(uint32_t flips)
{
    const uint32_t which = flips % 2;

    if (args->control == CONTROL_THROUGH_ZERO)
        write(ENTRY_LOADED, 0);
    write(ENTRY_LOADED, loaded[which]);
    write(ENTRY_READ, read[which]);
    rest(flips);
}

/* What the run is for. */
static bool has_seen_enough(void)
{
    if (args->control == CONTROL_THROUGH_ZERO)
        return __atomic_load_n(&found.faults, __ATOMIC_RELAXED) != 0;
    return __atomic_load_n(&found.turns, __ATOMIC_RELAXED) >= FEWEST_TURNS;
}

/* Even so the reader may miss most of it: on until it has seen enough. */
static uint32_t flip_all(void)
{
    uint32_t flips = 0;

    while (flips < args->count || !has_seen_enough())
        flip(++flips);
    return flips;
}

static _Noreturn void judge(uint32_t flips, uint64_t hypercalls)
{
    const uint64_t strangers = found.faults + found.strange_bases + found.strange_limits +
                               found.strange_rights + found.strange_reads;
    const uint32_t failsafe = traps_failsafe_count();

    console_printf("FLIPS n=%u hypercalls=%" PRIu64 " loads=%" PRIu64 " first=%" PRIu64
                   " second=%" PRIu64 " turns=%u faults=%u "
                   "strange_bases=%" PRIu64 " strange_limits=%" PRIu64 " strange_rights=%" PRIu64
                   " reads=%" PRIu64 " "
                   "strange_reads=%" PRIu64 " (0x%" PRIx64 ")\n",
                   flips, hypercalls, found.loads, found.saw[0], found.saw[1], found.turns,
                   found.faults, found.strange_bases, found.strange_limits, found.strange_rights,
                   found.reads, found.strange_reads, found.first_strange);
    if (args->control == CONTROL_THROUGH_ZERO) {
        const bool caught = found.faults != 0 && problem_count() == 0;
        console_printf("CONTROL %s %s: %u of %" PRIu64 " loads found neither descriptor\n",
                       args->control_name, caught ? "caught" : "MISSED", found.faults, found.loads);
        guest_exit(caught ? GUEST_EXIT_CAUGHT : GUEST_EXIT_FAIL);
    }
    (void)problem_unless("failsafe callbacks", failsafe, 0);
    const bool pass = strangers == 0 && problem_count() == 0;
    console_printf("RESULT mode=flips flips=%u strange=%" PRIu64
                   " failsafe=%u layout=%s host=" HOST_NAME " %s\n",
                   flips, strangers, failsafe, args->layout_name, pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}

_Noreturn void flips_run(void)
{
    const struct cgdt_xen_pv_counts *counts = &gdtpool_xen.counts;

    clock_init();
    write(ENTRY_LOADED, loaded[0]);
    write(ENTRY_READ, read[0]);
    const uint64_t before = counts->update_descriptor;
    __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
    const uint32_t flips = flip_all();
    __atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
    struct wait wait = clock_begin_wait("the reader does not finish", READER);
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) == 0)
        clock_wait(&wait);
    judge(flips, counts->update_descriptor - before);
}
