// SPDX-License-Identifier: MIT
//
// Proof of the skeleton, to be replaced: every vCPU on a GDT page of its own, filled by hand.

#include "cmdline.h"
#include "console.h"
#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "segment.h"
#include "traps.h"
#include "vcpu.h"

#define ENTRIES      512
#define SELECTOR(k)  ((uint16_t)((k) << 3 | 3))
#define CODE_RIGHTS  0x00a0fb00u
#define BYTES_RIGHTS 0x0040f300u // 32-bit data, byte-granular, accessed

enum {
    ENTRY_CODE = 1,
    ENTRY_DATA,
    ENTRY_FS,
    ENTRY_GS,
    ENTRY_EMPTY
};

enum {
    PHASE_NONE,
    PHASE_VERIFIED,
    PHASE_FAILED
};

struct cpu {
    struct vcpu_start start;
    uint64_t fs_value;
    uint64_t gs_value;
    uint32_t phase;
    uint32_t failed_step;
};

static struct cpu cpus[MAX_VCPUS] __attribute__((aligned(64)));
static uint64_t gdts[MAX_VCPUS][ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint32_t finished;

void kernel_main(const struct start_info *info);

static uint64_t data_descriptor(const void *base, uint32_t limit)
{
    const uint64_t address = (uintptr_t)base;

    return 0x0040f30000000000u | (limit & 0xffffu) | (uint64_t)(limit >> 16 & 0xfu) << 48 |
           (address & 0xffffffu) << 16 | (address >> 24 & 0xffu) << 56;
}

static uint32_t fs_limit(uint32_t vcpu)
{
    return 4096 + vcpu;
}

static void fill(uint32_t vcpu)
{
    struct cpu *cpu = &cpus[vcpu];
    uint64_t *gdt = gdts[vcpu];

    cpu->start.vcpu = vcpu;
    cpu->fs_value = 0xf500000000000000u | vcpu;
    cpu->gs_value = 0x6500000000000000u | vcpu;
    gdt[ENTRY_CODE] = 0x00affb000000ffffu;
    gdt[ENTRY_DATA] = 0x00cff3000000ffffu;
    gdt[ENTRY_FS] = data_descriptor(&cpu->fs_value, fs_limit(vcpu));
    gdt[ENTRY_GS] = data_descriptor(&cpu->gs_value, fs_limit(vcpu) + 1);
    int64_t error = page_set_readonly(gdt);
    if (error != 0) {
        guest_fatal("update_va_mapping", error);
    }
}

static bool check_segments(const struct cpu *cpu)
{
    const uint32_t limit = fs_limit(cpu->start.vcpu);
    uint64_t fs = 0;
    uint64_t gs = 0;
    uint32_t got;

    return read_fs_u64(&fs) == 0 && fs == cpu->fs_value && read_gs_u64(&gs) == 0 &&
           gs == cpu->gs_value && lsl(SELECTOR(ENTRY_FS), &got) && got == limit &&
           lsl(SELECTOR(ENTRY_GS), &got) && got == limit + 1 && lar(SELECTOR(ENTRY_FS), &got) &&
           got == BYTES_RIGHTS && lar(SELECTOR(ENTRY_CODE), &got) && got == CODE_RIGHTS &&
           !lsl(SELECTOR(ENTRY_EMPTY), &got) && !lar(SELECTOR(ENTRY_EMPTY), &got);
}

// A slot's CS and SS, loaded by hand, outlive a fault and its fixup.
static bool check_code_segment(void)
{
    const uint32_t refused = FAULT(TRAP_GENERAL_PROTECTION, ENTRY_EMPTY << 3);

    return load_cs(SELECTOR(ENTRY_CODE)) == 0 && load_ss(SELECTOR(ENTRY_DATA)) == 0 &&
           load_fs(SELECTOR(ENTRY_EMPTY)) == refused && load_cs(SELECTOR(ENTRY_EMPTY)) == refused &&
           read_cs() == SELECTOR(ENTRY_CODE) && read_ss() == SELECTOR(ENTRY_DATA) &&
           load_fs(SELECTOR(ENTRY_FS)) == 0;
}

static uint32_t first_failure(const struct cpu *cpu)
{
    if (cpu->start.cs != SELECTOR(ENTRY_CODE) || cpu->start.ss != SELECTOR(ENTRY_DATA)) {
        return 1;
    }
    if (load_fs(SELECTOR(ENTRY_FS)) != 0 || load_gs(SELECTOR(ENTRY_GS)) != 0) {
        return 2;
    }
    if (!check_segments(cpu)) {
        return 3;
    }
    if (!check_code_segment()) {
        return 4;
    }
    xen_yield();
    if (read_cs() != FLAT_KERNEL_CS || read_ss() != FLAT_KERNEL_SS) {
        return 5;
    }
    return check_segments(cpu) ? 0 : 6;
}

static void verify(struct vcpu_start *start)
{
    struct cpu *cpu = &cpus[start->vcpu];

    cpu->failed_step = first_failure(cpu);
    __atomic_store_n(&cpu->phase, cpu->failed_step == 0 ? PHASE_VERIFIED : PHASE_FAILED,
                     __ATOMIC_RELEASE);
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static void start_boot_cpu(void)
{
    const uint64_t frame = page_mfn(gdts[0]);
    struct vcpu_start *start = &cpus[0].start;
    int64_t error;

    error = xen_set_gdt(&frame, ENTRIES);
    if (error != 0) {
        guest_fatal("set_gdt", error);
    }
    if (load_cs(SELECTOR(ENTRY_CODE)) == 0 && load_ss(SELECTOR(ENTRY_DATA)) == 0) {
        start->cs = read_cs();
        start->ss = read_ss();
    }
    verify(start);
}

static void initialise(uint32_t vcpu)
{
    const uint64_t frame = page_mfn(gdts[vcpu]);
    const struct vcpu_plan plan = {.start = &cpus[vcpu].start,
                                   .frames = &frame,
                                   .nr_frames = 1,
                                   .entries = ENTRIES,
                                   .cs = SELECTOR(ENTRY_CODE),
                                   .ss = SELECTOR(ENTRY_DATA)};
    int64_t error;

    cpus[vcpu].start.run = verify;
    error = vcpu_register_info(vcpu);
    if (error != 0) {
        guest_fatal("register_vcpu_info", error);
    }
    error = vcpu_initialise(vcpu, &plan);
    if (error != 0) {
        guest_fatal("initialise", error);
    }
}

static bool wait_for(uint32_t nr)
{
    const uint64_t patience = (uint64_t)1 << 36; // TSC ticks: tens of seconds
    uint64_t since = __builtin_ia32_rdtsc();
    uint32_t seen = 0;

    for (;;) {
        uint32_t now = __atomic_load_n(&finished, __ATOMIC_ACQUIRE);
        if (now == nr) {
            return true;
        }
        if (now != seen) {
            seen = now;
            since = __builtin_ia32_rdtsc();
        } else if (__builtin_ia32_rdtsc() - since > patience) {
            return false;
        }
        xen_yield();
    }
}

static bool report(uint32_t nr)
{
    uint32_t online = 0;
    uint32_t verified = 0;

    for (uint32_t i = 0; i < nr; i++) {
        const uint32_t phase = __atomic_load_n(&cpus[i].phase, __ATOMIC_ACQUIRE);
        online += vcpu_is_up(i);
        verified += phase == PHASE_VERIFIED;
        if (phase == PHASE_FAILED) {
            console_printf("vcpu %u failed step %u\n", i, cpus[i].failed_step);
        }
    }
    const uint32_t failsafe = traps_failsafe_count();
    const bool pass = online == nr && verified == nr && failsafe == 0 && traps_event_count() == 0;
    console_printf("RESULT cpus=%u online=%u verified=%u gdt_pages=%u page_per_cpu=%u failsafe=%u "
                   "layout=page-per-cpu host=xen %s\n",
                   nr, online, verified, nr, nr, failsafe, pass ? "PASS" : "FAIL");
    return pass;
}

void kernel_main(const struct start_info *info)
{
    uint32_t nr = 1024;

    if (!cmdline_u32(info->cmd_line, "cpus", &nr) || nr == 0 || nr > MAX_VCPUS) {
        console_printf("FATAL: cpus must be 1 .. %u: %s\n", MAX_VCPUS, info->cmd_line);
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
    pages_init(info);
    traps_init();
    vcpu_init();
    for (uint32_t i = 0; i < nr; i++) {
        fill(i);
    }
    start_boot_cpu();
    // First all, then up: alternating costs ten times as much with more than one processor.
    for (uint32_t i = 1; i < nr; i++) {
        initialise(i);
    }
    for (uint32_t i = 1; i < nr; i++) {
        int64_t error = vcpu_up(i);
        if (error != 0) {
            guest_fatal("up", error);
        }
    }
    (void)wait_for(nr);
    guest_exit(report(nr) ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
