/* SPDX-License-Identifier: MIT */
/* Trap table, fault fixups and the report of an unexpected fault. */

#include "traps.h"

#include "console.h"
#include "exit.h"
#include "hypercall.h"

#define NR_EXCEPTIONS 32

/* From head.S. */
extern uint32_t event_count;
extern uint32_t failsafe_count;

/* Two more: a system call, if there is one; a zero address ends the list. */
static struct trap_info trap_table[NR_EXCEPTIONS + 2];

static void (*invalid_opcode)(struct trap_frame *frame);

static void register_callback(uint16_t type, const char *address)
{
    const struct callback_register callback = {.type = type, .address = CALLBACK(address)};
    int64_t error = xen_callback_op(CALLBACKOP_register, &callback);

    if (error != 0)
        guest_fatal("callback_op", error);
}

void traps_init(void)
{
    for (const struct trap_stub *stub = trap_stubs; stub < trap_stubs_end; stub++)
        trap_table[stub->vector] = (struct trap_info){.vector = (uint8_t)stub->vector,
                                                      .flags = TI_MASK_EVENTS,
                                                      .cs = FLAT_KERNEL_CS,
                                                      .address = stub->address};

#ifdef SYSTEM_CALL_VECTOR
    trap_table[NR_EXCEPTIONS] = (struct trap_info){.vector = SYSTEM_CALL_VECTOR,
                                                   .flags = TI_MASK_EVENTS | 3, /* from ring 3 */
                                                   .cs = FLAT_KERNEL_CS,
                                                   .address = (uintptr_t)system_call};
#endif

    int64_t error = xen_set_trap_table(trap_table);
    if (error != 0)
        guest_fatal("set_trap_table", error);
    register_callback(CALLBACKTYPE_event, event_callback);
    register_callback(CALLBACKTYPE_failsafe, failsafe_callback);
}

void traps_fill_context(struct vcpu_guest_context *context)
{
    for (const struct trap_info *info = trap_table; info->address != 0; info++)
        context->trap_ctxt[info->vector] = *info;
}

uint32_t traps_failsafe_count(void)
{
    return __atomic_load_n(&failsafe_count, __ATOMIC_ACQUIRE);
}

uint32_t traps_event_count(void)
{
    return __atomic_load_n(&event_count, __ATOMIC_ACQUIRE);
}

static _Noreturn void unexpected(struct trap_frame *frame)
{
    static uint32_t reported;

    /* A fault inside the report must not start another one. */
    if (__atomic_exchange_n(&reported, 1, __ATOMIC_RELAXED) == 0) {
        console_printf("FATAL: unexpected trap: vector %u error code 0x%x ip 0x%lx sp 0x%lx "
                       "cs 0x%x ss 0x%lx\n",
                       (uint32_t)frame->vector, (uint32_t)frame->error_code,
                       (unsigned long)*frame_ip(frame), (unsigned long)frame_sp(frame), frame->cs,
                       (unsigned long)frame_ss(frame));
    }
    guest_exit(GUEST_EXIT_TRAP);
}

/*
 * Where the fault happened. A vCPU that is switched out between a fault and its delivery, with a
 * selector that cannot be loaded again, comes back with the failsafe frame on its stack first and
 * the fault's on top of it.
 */
static uintptr_t *origin(struct trap_frame *frame)
{
    if (*frame_ip(frame) != (uintptr_t)failsafe_callback)
        return frame_ip(frame);
    return (uintptr_t *)frame_sp(frame) + FAILSAFE_IP;
}

void traps_on_invalid_opcode(void (*handler)(struct trap_frame *frame))
{
    invalid_opcode = handler;
}

void trap_handle(struct trap_frame *frame)
{
    uintptr_t *ip = origin(frame);
    const uintptr_t to = fixup_of(*ip);

    if (to == 0)
        unexpected(frame);
    if (frame->vector == TRAP_INVALID_OPCODE && invalid_opcode != NULL)
        invalid_opcode(frame);
    *ip = to;
    *frame_accumulator(frame) = FAULT(frame->vector, frame->error_code);
}
