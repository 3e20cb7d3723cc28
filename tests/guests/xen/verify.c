/* SPDX-License-Identifier: MIT */
/* A vCPU looks at its own slot. */

#include "verify.h"

#include "descriptors.h"
#include "hypercall.h"
#include "segment.h"

static uint32_t released;
static bool flat_is_fine;
static uint32_t reached[PHASE_DONE + 1];

const char *verify_round_text(uint32_t round)
{
    static const char *const texts[] = {"before its first hypercall",
                                        "after a yield",
                                        "while its page was written",
                                        "after it was woken",
                                        "after its last yield",
                                        "after it was parked in a poll",
                                        "while it moved",
                                        "after it had moved"};

    return texts[round];
}

const char *verify_step_text(uint32_t step)
{
    static const char *const texts[] = {
        "nothing",
        "CS and SS are not what a hypercall leaves",
        "%fs or %gs lost its base in a context switch",
        "CS and SS are not the slot's",
        "%fs or %gs cannot be loaded",
        "%fs reads what is not this vCPU's",
        "%gs reads what is not this vCPU's",
        "the limit that says the number is another's",
        "lsl gives a wrong limit",
        "lar gives wrong rights",
        "an entry that must be empty is not",
        "loading an empty entry did not fault, or had an effect",
    };

    return texts[step];
}

static bool has_limit(const struct cpu *cpu, uint32_t entry, uint32_t limit)
{
    uint32_t got;

    return lsl(tables_selector(cpu->place, entry), &got) && got == limit;
}

static bool has_rights(const struct cpu *cpu, uint32_t entry, uint32_t rights)
{
    uint32_t got;

    return lar(tables_selector(cpu->place, entry), &got) && got == rights;
}

static bool is_empty(const struct cpu *cpu, uint32_t entry)
{
    const uint16_t selector = tables_selector(cpu->place, entry);
    uint32_t got;

    return !lsl(selector, &got) && !lar(selector, &got);
}

/* All of them in the first round; later the ends, which a neighbour's mistake would hit. */
static bool rest_is_empty(const struct cpu *cpu, enum round round)
{
    if (!is_empty(cpu, 0) || !is_empty(cpu, tables_end() - 1))
        return false;
    for (uint32_t entry = ENTRY_EMPTY; entry < tables_end(); entry++) {
        if (!is_empty(cpu, entry))
            return false;
        if (round != ROUND_FRESH)
            break;
    }
    return true;
}

static bool is_in_slot(const struct cpu *cpu)
{
    return read_cs() == tables_selector(cpu->place, ENTRY_CODE) &&
           read_ss() == tables_selector(cpu->place, ENTRY_DATA);
}

/* Selectors of the slot, loaded by hand, outlive a fault. */
static bool empty_faults(const struct cpu *cpu)
{
    const uint16_t empty = tables_selector(cpu->place, ENTRY_EMPTY);
    const uint32_t refused = FAULT(TRAP_GENERAL_PROTECTION, empty & ~7u);

    return load_fs(empty) == refused && load_cs(empty) == refused && is_in_slot(cpu) &&
           read_fs() == tables_selector(cpu->place, ENTRY_FS);
}

/* %fs and %gs as they are. */
static enum step check_bases(struct cpu *cpu)
{
    uint64_t fs = 0;
    uint64_t gs = 0;

    if (read_fs_u64(&fs) != 0 || fs != cpu->fs.id) {
        cpu->read_id = fs;
        return STEP_FS_ID;
    }
    if (read_gs_u64(&gs) != 0 || gs != cpu->gs.id) {
        cpu->read_id = gs;
        return STEP_GS_ID;
    }
    return STEP_NONE;
}

static enum step check_contents(const struct cpu *cpu, enum round round)
{
    if (!has_limit(cpu, ENTRY_NUMBER, NUMBER_LIMIT + cpu->start.vcpu))
        return STEP_NUMBER;
    if (!has_limit(cpu, ENTRY_DATA, UINT32_MAX) ||
        !has_limit(cpu, ENTRY_FS, sizeof(struct fs_record) - 1) ||
        !has_limit(cpu, ENTRY_GS, sizeof(struct gs_record) - 1))
        return STEP_LIMITS;
    if (!has_rights(cpu, ENTRY_CODE, CODE_RIGHTS) || !has_rights(cpu, ENTRY_DATA, DATA_RIGHTS) ||
        !has_rights(cpu, ENTRY_FS, BYTES_RIGHTS) || !has_rights(cpu, ENTRY_GS, BYTES_RIGHTS) ||
        !has_rights(cpu, ENTRY_NUMBER, BYTES_RIGHTS))
        return STEP_RIGHTS;
    return rest_is_empty(cpu, round) ? STEP_NONE : STEP_EMPTY;
}

static enum step check_slot(struct cpu *cpu, enum round round)
{
    enum step step;

    if (load_fs(tables_selector(cpu->place, ENTRY_FS)) != 0 ||
        load_gs(tables_selector(cpu->place, ENTRY_GS)) != 0)
        return STEP_LOAD;
    step = check_bases(cpu);
    if (step == STEP_NONE)
        step = check_contents(cpu, round);
    if (step == STEP_NONE &&
        (load_cs(tables_selector(cpu->place, ENTRY_CODE)) != 0 ||
         load_ss(tables_selector(cpu->place, ENTRY_DATA)) != 0 || !is_in_slot(cpu)))
        step = STEP_CS_SS;
    if (step == STEP_NONE && !empty_faults(cpu))
        step = STEP_NO_FAULT;
    return step;
}

void verify_takes_flat(void)
{
    flat_is_fine = true;
}

static enum step check_after_switch(struct cpu *cpu, enum round round)
{
    const bool flat = read_cs() == FLAT_KERNEL_CS && read_ss() == FLAT_KERNEL_SS;

    if (HYPERCALL_KEEPS_CS_SS ? !is_in_slot(cpu) && !(flat && flat_is_fine) : !flat)
        return STEP_KEPT;
    if (check_bases(cpu) != STEP_NONE)
        return STEP_SURVIVED;
    return check_slot(cpu, round);
}

static void note(struct cpu *cpu, enum round round, enum step step)
{
    cpu->rounds++;
    if (step != STEP_NONE && cpu->failed_step == STEP_NONE) {
        cpu->failed_round = round;
        cpu->failed_step = step;
    }
}

static void reach(struct cpu *cpu, enum phase phase)
{
    __atomic_store_n(&cpu->phase, phase, __ATOMIC_RELEASE);
    __atomic_fetch_add(&reached[phase], 1, __ATOMIC_RELEASE);
}

uint32_t verify_count(enum phase phase)
{
    return __atomic_load_n(&reached[phase], __ATOMIC_ACQUIRE);
}

void verify_arrival(struct cpu *cpu)
{
    enum step step = STEP_CS_SS;

    if (cpu->start.cs == tables_selector(cpu->place, ENTRY_CODE) &&
        cpu->start.ss == tables_selector(cpu->place, ENTRY_DATA))
        step = check_slot(cpu, ROUND_FRESH);
    note(cpu, ROUND_FRESH, step);
    xen_yield();
    note(cpu, ROUND_YIELDED, check_after_switch(cpu, ROUND_YIELDED));
}

void verify_reloaded(struct cpu *cpu, bool loaded)
{
    enum step step = STEP_LOAD;

    if (loaded)
        step = is_in_slot(cpu) ? check_bases(cpu) : STEP_CS_SS;
    if (step == STEP_NONE)
        step = check_slot(cpu, ROUND_FRESH);
    note(cpu, ROUND_MOVING, step);
    xen_yield();
    note(cpu, ROUND_MOVING, check_after_switch(cpu, ROUND_MOVING));
}

void verify_restored(struct cpu *cpu, bool loaded)
{
    note(cpu, ROUND_MOVED, loaded ? check_bases(cpu) : STEP_LOAD);
}

void verify_again(struct cpu *cpu, enum round round)
{
    note(cpu, round, check_after_switch(cpu, round));
}

void verify_first(struct cpu *cpu)
{
    verify_arrival(cpu);
    reach(cpu, PHASE_ONLINE);
}

void verify_release(void)
{
    __atomic_store_n(&released, 1, __ATOMIC_RELEASE);
}

void verify_watch(struct cpu *cpu)
{
    while (__atomic_load_n(&released, __ATOMIC_ACQUIRE) == 0) {
        xen_yield();
        verify_again(cpu, ROUND_WATCHING);
    }
    xen_yield();
}

void verify_last(struct cpu *cpu)
{
    verify_again(cpu, ROUND_WOKEN);
    xen_yield();
    verify_again(cpu, ROUND_LAST);
    reach(cpu, PHASE_DONE);
}
