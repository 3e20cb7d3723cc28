/* SPDX-License-Identifier: MIT */
/* vCPU life cycle on top of vcpu_op. */

#include "vcpu.h"

#include "context.h"
#include "hypercall.h"
#include "pages.h"
#include "traps.h"

extern const char vcpu_entry[]; /* head.S */

static struct vcpu_guest_context context;
static uint8_t stacks[MAX_VCPUS][VCPU_STACK_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* Aligned to its own size, so that none crosses a page. */
static struct vcpu_info infos[MAX_VCPUS] __attribute__((aligned(PAGE_SIZE)));

void vcpu_init(void)
{
    context_begin(&context);
    context.ctrlreg[3] = pages_cr3();
    traps_fill_context(&context);
}

void *vcpu_stack(uint32_t vcpu)
{
    return stacks[vcpu] + VCPU_STACK_SIZE;
}

void vcpu_set_root(unsigned long cr3)
{
    context.ctrlreg[3] = cr3;
}

uint32_t vcpu_stack_spare(void)
{
    uint32_t fewest = VCPU_STACK_SIZE;

    for (uint32_t vcpu = 0; vcpu < MAX_VCPUS; vcpu++) {
        uint32_t spare = 0;
        while (spare < fewest && stacks[vcpu][spare] == 0)
            spare++;
        fewest = spare;
    }
    return fewest;
}

int64_t vcpu_register_info(uint32_t vcpu)
{
    const uint64_t address = page_machine_address(&infos[vcpu]);
    const struct vcpu_register_vcpu_info where = {.mfn = address >> PAGE_SHIFT,
                                                  .offset = (uint32_t)address & (PAGE_SIZE - 1)};

    return xen_vcpu_op(VCPUOP_register_vcpu_info, vcpu, &where);
}

int64_t vcpu_initialise(uint32_t vcpu, const struct vcpu_plan *plan)
{
    const void *stack = plan->stack != NULL ? plan->stack : vcpu_stack(vcpu);

    context_enter(&context, plan->entry != 0 ? plan->entry : (uintptr_t)vcpu_entry,
                  (uintptr_t)stack, (uintptr_t)plan->start, plan->cs, plan->ss);
    for (uint32_t i = 0; i < sizeof(context.gdt_frames) / sizeof(context.gdt_frames[0]); i++)
        context.gdt_frames[i] = i < plan->nr_frames ? plan->frames[i] : 0;
    context.gdt_ents = plan->entries;
    return xen_vcpu_op(VCPUOP_initialise, vcpu, &context);
}

int64_t vcpu_up(uint32_t vcpu)
{
    return xen_vcpu_op(VCPUOP_up, vcpu, NULL);
}

bool vcpu_is_up(uint32_t vcpu)
{
    return xen_vcpu_op(VCPUOP_is_up, vcpu, NULL) == 1;
}

const volatile struct vcpu_time_info *vcpu_time(uint32_t vcpu)
{
    return &infos[vcpu].time;
}

void vcpu_down_self(uint32_t vcpu)
{
    (void)xen_vcpu_op(VCPUOP_down, vcpu, NULL);
}

_Noreturn void vcpu_park(void)
{
    /* No ports, no time-out, upcalls masked: nothing ever wakes this vCPU. */
    const struct sched_poll poll = {.ports = NULL, .nr_ports = 0, .timeout = 0};

    for (;;)
        (void)xen_sched_op(SCHEDOP_poll, &poll);
}
