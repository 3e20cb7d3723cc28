/* SPDX-License-Identifier: MIT */
/* Sending NMIs, and taking them. */

#include "nmi.h"

#include "apic.h"
#include "cpuops.h"
#include "machine.h"
#include "tables.h"
#include "verify.h"

enum gate {
    GATE_CLOSED,
    GATE_OPEN,
    GATE_PENDING
};

static bool move(struct cpu *cpu, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&cpu->nmi_gate, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static uint32_t gate_of(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->nmi_gate, __ATOMIC_ACQUIRE);
}

void nmi_open(struct cpu *cpu)
{
    (void)move(cpu, GATE_CLOSED, GATE_OPEN);
}

void nmi_close(struct cpu *cpu)
{
    const struct wait wait = wait_begin("an NMI is not taken", cpu->id);

    while (!move(cpu, GATE_OPEN, GATE_CLOSED) && gate_of(cpu) != GATE_CLOSED)
        wait_step(&wait);
}

bool nmi_send(uint32_t id)
{
    if (!move(&cpus[id], GATE_OPEN, GATE_PENDING))
        return false;
    apic_send_nmi(id);
    return true;
}

void nmi_finish(uint32_t id)
{
    const struct wait wait = wait_begin("an NMI is not taken", id);

    while (gate_of(&cpus[id]) == GATE_PENDING)
        wait_step(&wait);
}

/* One that another CPU has on its way may have been taken already, before what the caller did. */
bool nmi_send_surely(uint32_t id)
{
    const struct wait wait = wait_begin("an NMI cannot be sent", id);
    bool sent = false;

    while (!sent && gate_of(&cpus[id]) != GATE_CLOSED) {
        nmi_finish(id);
        sent = nmi_send(id);
        wait_step(&wait);
    }
    nmi_finish(id);
    return sent;
}

uint32_t nmi_broadcast(void)
{
    const uint32_t self = apic_id();
    uint32_t sent = 0;

    for (uint32_t id = 0; id < machine_most_cpus(); id++)
        sent += id != self && nmi_send(id);
    return sent;
}

/*
 * Nothing in here faults on purpose: the IRET of an inner fault would let the next NMI in, onto the
 * same stack. That one may come as soon as the gate is open, so opening is the last thing.
 */
void nmi_taken(struct cpu *cpu)
{
    struct cgdt_pseudo_descriptor gdtr;

    cgdt_sgdt(&gdtr);
    cpu->nmis++;
    if (tables_is_boot(gdtr.base))
        cpu->parked_nmis++;
    else
        verify_glance(cpu, WHEN_NMI);
    (void)move(cpu, GATE_PENDING, GATE_OPEN);
}
