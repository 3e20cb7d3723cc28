/* SPDX-License-Identifier: MIT */
/* A CPU looks at its own table. */

#include "verify.h"

#include "apic.h"
#include "cpuops.h"
#include "segment.h"
#include "tables.h"
#include "traps.h"

#define FLAT_LIMIT   0xffffffffu
#define TSS_LIMIT    103u
#define DATA_RIGHTS  0x00c09300u
#define BYTES_RIGHTS 0x00409300u
#define USER_RIGHTS  0x0040f300u
#define TSS_RIGHTS   0x00008b00u
#if defined(__x86_64__)
#define CODE_RIGHTS 0x00a09b00u
#else
#define CODE_RIGHTS 0x00c09b00u
#endif
#define RING3_RIGHTS 0x00006000u

const char *verify_when_text(uint32_t when)
{
    static const char *const texts[] = {"when it had arrived", "when it was told to look",
                                        "in an interrupt", "in an NMI"};

    return texts[when];
}

const char *verify_step_text(uint32_t step)
{
    static const char *const texts[] = {
        "nothing",
        "GDTR is not on its slot, or goes further",
        "TR is not its TSS",
        "%fs or %gs leads to another CPU's record",
        "the cookie is not its own",
        "the cookie in the last entry is not its own",
        "its table does not hold what it should",
        "lsl gives a wrong limit",
        "lar gives wrong rights",
        "a segment register cannot be loaded",
        "loading an empty entry did not fault as it should",
        "something behind its last entry can be reached",
        "its table can be written through the read-only map",
        "a breakpoint was not taken",
        "an interrupt was not taken",
        "ring 3 sees another limit",
        "the way back from ring 3 did not use its TSS",
    };

    return texts[step];
}

static void record(struct cpu *cpu, enum when when, enum step step, uint64_t found)
{
    if (step == STEP_NONE || cpu->failed_step != STEP_NONE)
        return;
    cpu->failed_step = step;
    cpu->failed_when = when;
    cpu->found = found;
}

static bool has_limit(uint32_t selector, uint32_t limit, uint64_t *found)
{
    uint32_t got = 0;
    const bool ok = lsl((uint16_t)selector, &got);

    *found = got;
    return ok && got == limit;
}

static bool has_rights(uint32_t selector, uint32_t rights, uint64_t *found)
{
    uint32_t got = 0;
    const bool ok = lar((uint16_t)selector, &got);

    *found = got;
    return ok && got == rights;
}

static uint32_t slot_bytes(void)
{
    return tables_slot_entries() * CGDT_DESC_BYTES;
}

static uint32_t last_selector(void)
{
    return (slot_bytes() - CGDT_DESC_BYTES) | 3;
}

/* ---- without a fault ---------------------------------------------------------------------- */

static enum step glance(const struct cpu *cpu, uint64_t *found)
{
    struct cgdt_pseudo_descriptor gdtr;

    cgdt_sgdt(&gdtr);
    *found = gdtr.base;
    if (gdtr.base != tables_address(cpu->slot) &&
        (cpu->goal == CGDT_NO_SLOT || gdtr.base != tables_address(cpu->goal)))
        return STEP_GDTR;
    *found = gdtr.limit;
    if (gdtr.limit != slot_bytes() - 1)
        return STEP_GDTR;
    *found = cgdt_str();
    if (*found != SEL_TSS)
        return STEP_TR;
    *found = read_fs_u32();
    if (*found != (FS_MARK | cpu->id))
        return STEP_MARKS;
    *found = read_gs_u32();
    if (*found != (GS_MARK | cpu->id))
        return STEP_MARKS;
    if (!has_limit(SEL_COOKIE, COOKIE_LIMIT + cpu->id, found))
        return STEP_COOKIE;
    return has_limit(last_selector(), LAST_LIMIT + cpu->id, found) ? STEP_NONE : STEP_LAST;
}

void verify_glance(struct cpu *cpu, enum when when)
{
    uint64_t found = 0;
    const enum step step = glance(cpu, &found);

    record(cpu, when, step, found);
}

static enum step contents(const struct cpu *cpu, uint64_t *found)
{
    uint32_t wrong = 0;

    if (!tables_are_right(cpu, &wrong)) {
        *found = wrong;
        return STEP_TABLE;
    }
    if (!has_limit(SEL_CODE, FLAT_LIMIT, found) || !has_limit(SEL_DATA, FLAT_LIMIT, found) ||
        !has_limit(SEL_FS, sizeof(struct fs_record) - 1, found) ||
        !has_limit(SEL_GS, sizeof(struct gs_record) - 1, found) ||
        !has_limit(SEL_TSS, TSS_LIMIT, found))
        return STEP_LIMITS;
    if (!has_rights(SEL_CODE, CODE_RIGHTS, found) || !has_rights(SEL_DATA, DATA_RIGHTS, found) ||
        !has_rights(SEL_USER_CODE, CODE_RIGHTS | RING3_RIGHTS, found) ||
        !has_rights(SEL_USER_DATA, DATA_RIGHTS | RING3_RIGHTS, found) ||
        !has_rights(SEL_TSS, TSS_RIGHTS, found) || !has_rights(SEL_FS, BYTES_RIGHTS, found) ||
        !has_rights(SEL_GS, BYTES_RIGHTS, found) || !has_rights(SEL_COOKIE, USER_RIGHTS, found))
        return STEP_RIGHTS;
    return STEP_NONE;
}

/* ---- with loads, and faults on purpose ---------------------------------------------------- */

static enum step loads(const struct cpu *cpu, uint64_t *found)
{
    cgdt_load_cs(SEL_CODE);
    *found = load_ds(SEL_DATA) | load_es(SEL_USER_DATA) | load_ss(SEL_DATA) | load_fs(SEL_FS) |
             load_gs(SEL_GS) | load_es(SEL_COOKIE) | load_es(SEL_DATA);
    if (*found != 0 || read_cs() != SEL_CODE || read_ss() != SEL_DATA || read_fs() != SEL_FS)
        return STEP_LOADS;
    *found = read_fs_u32();
    if (*found != (FS_MARK | cpu->id) || read_gs_u32() != (GS_MARK | cpu->id))
        return STEP_MARKS;
    return STEP_NONE;
}

/* A load of a selector that must not work; what the register held stays. */
static bool faults(uint32_t selector, uint64_t *found)
{
    *found = load_es((uint16_t)selector);
    return *found == FAULT(TRAP_GENERAL_PROTECTION, selector & ~7u) && read_es() == SEL_DATA;
}

static enum step borders(uint64_t *found)
{
    uint32_t ignored;

    if (!faults(ENTRY_EMPTY << 3, found))
        return STEP_EMPTY;
    /* The neighbour's data segment, cookie and last entry, as they would be counted from here. */
    for (uint32_t entry = 0; entry < tables_slot_entries(); entry++) {
        *found = slot_bytes() + entry * CGDT_DESC_BYTES;
        if (lsl((uint16_t)*found, &ignored) || lar((uint16_t)*found, &ignored))
            return STEP_PAST_LIMIT;
    }
    if (!faults(slot_bytes() + SEL_DATA, found) || !faults(slot_bytes() + SEL_COOKIE, found) ||
        !faults(slot_bytes() + slot_bytes() - 8, found))
        return STEP_PAST_LIMIT;
    return STEP_NONE;
}

static enum step read_only(const struct cpu *cpu, uint64_t *found)
{
    const uintptr_t at = tables_address(cpu->slot) + SEL_DATA;

    *found = try_store((uintptr_t *)at, 0);
    if (*found != FAULT(TRAP_PAGE_FAULT, PAGE_FAULT_WRITE_PROTECTED))
        return STEP_READ_ONLY;
    *found = traps_fault_address();
    return *found == at ? STEP_NONE : STEP_READ_ONLY;
}

/* ---- traps, interrupts, ring 3 ------------------------------------------------------------ */

static enum step taken(struct cpu *cpu, uint64_t *found)
{
    const uint32_t breakpoints = cpu->breakpoints;
    const uint32_t pokes = cpu->pokes;
    const struct wait wait = wait_begin("an interrupt to itself is not taken", cpu->id);

    breakpoint();
    *found = cpu->breakpoints;
    if (*found != breakpoints + 1)
        return STEP_TRAP;
    apic_send(cpu->id, VECTOR_POKE);
    interrupts_on();
    while (__atomic_load_n(&cpu->pokes, __ATOMIC_RELAXED) == pokes)
        wait_step(&wait);
    interrupts_off();
    return STEP_NONE;
}

static enum step ring3(struct cpu *cpu, uint64_t *found)
{
    *found = user_visit(SEL_COOKIE, &cpu->resume);
    if (*found != COOKIE_LIMIT + cpu->id)
        return STEP_RING3;
    *found = cpu->user_frame;
    return *found == tables_stack(cpu, STACK_TRAP) - sizeof(struct trap_frame) ? STEP_NONE
                                                                               : STEP_STACK;
}

void verify_look(struct cpu *cpu, enum when when)
{
    const int on = interrupts_save();
    uint64_t found = 0;
    enum step step = glance(cpu, &found);

    if (step == STEP_NONE)
        step = contents(cpu, &found);
    if (step == STEP_NONE)
        step = loads(cpu, &found);
    if (step == STEP_NONE)
        step = borders(&found);
    if (step == STEP_NONE)
        step = read_only(cpu, &found);
    if (step == STEP_NONE)
        step = taken(cpu, &found);
    if (step == STEP_NONE)
        step = ring3(cpu, &found);
    record(cpu, when, step, found);
    cpu->looks++;
    interrupts_restore(on);
}
