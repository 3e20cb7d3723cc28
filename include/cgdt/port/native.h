/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A port for kernels that run on the CPU itself, x86-64 and i386: the CPU reads its slot by LGDT
 * through a read-only mapping, the kernel writes it through another.
 *
 * @verbatim
   physical page p:   base + p   writable: where the pool's pages come from, what live_write uses
                      alias + p  read-only: what a sealed page's view is, what cgdt_gdtr() gives
   @endverbatim
 *
 * Both are linear, as most kernels have the first one anyway (an identity map: base 0). Of the
 * second the pool's pages alone must be there, and in every page table that a CPU runs on. p is
 * counted from wherever you like: with one array of pages, base can be the array, alias its second
 * mapping and bytes its size. Nothing is mapped or unmapped when pages come and go, so no CPU ever
 * needs its TLB flushed. A kernel without a second map sets alias = base: everything works, but
 * nothing keeps a stray store from a table.
 *
 * @code
 * static struct cgdt_native native = {.base = 0, .bytes = 1u << 30, .alias = 0xc0000000,
 *                                     .pages = my_pages, .page_count = MY_PAGES};
 * config.port = &cgdt_native_direct_port;    // cgdt_native_port in a debug build: `poison`
 * config.port_ctx = &native;
 * config.alias_bytes = cgdt_native_alias_bytes(&native);
 * config.layout.mode = CGDT_MODE_NATIVE;
 * config.profile = CGDT_PROFILE_NATIVE64;            // CGDT_PROFILE_NATIVE32 on i386
 * @endcode
 *
 * Then per CPU: cgdt_cpu_online(), cgdt_write() of what is its own, and on the CPU cgdt_gdtr() and
 * the helpers of lgdt.h. CR0.WP must be 1, or the CPU writes through the read-only map in ring 0.
 */
#ifndef CGDT_PORT_NATIVE_H
#define CGDT_PORT_NATIVE_H

#include "../port.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What the kernel may supply; ctx is cgdt_native.ctx. Each may be NULL, or all of them with
 * cgdt_native.ops.
 */
struct cgdt_native_ops {
    /**
     * A page for page index `page` of the pool, by its address in the writable map, NULL if there
     * is none. It need not be zero. May be NULL: pages come from cgdt_native.pages. Under the lock.
     */
    void *(*page_get)(void *ctx, uint32_t page);
    /** And back, by the same address. Under the lock. */
    void (*page_put)(void *ctx, uint32_t page, void *at);

    /**
     * 0 once CPU `cpu` has itself loaded another table, CS and all, or has been reset: a CPU in HLT
     * still uses its table, for the next NMI. NULL: the caller of cgdt_cpu_offline() has made sure.
     */
    int (*quiesce)(void *ctx, uint32_t cpu);

    /**
     * A lock of the kernel's own. NULL: a spin lock inside struct cgdt_native, for short waits on
     * any CPU.
     */
    void (*lock)(void *ctx);
    /** Lets go of it; NULL exactly where lock is. */
    void (*unlock)(void *ctx);

    /**
     * With `poison`: a slot that is being freed is all poison now, not yet zero, and nobody else's.
     * Make whoever might still use it load a segment (send it an NMI): it faults here and now, not
     * in another CPU's table later. `slot_offset` is the entry of the page at which the slot
     * begins.
     */
    void (*poisoned)(void *ctx, uint32_t page, uint32_t slot_offset);

    /**
     * For cgdt_native_aliased_port (native_aliased.h), which needs both; the ports below do not
     * look at them. A read-only mapping of page `page`, whose address in the writable map is `at`,
     * in every page table that a CPU runs on: its address, aligned to 4096. NULL: there is none to
     * be had now. Under the lock.
     */
    void *(*alias_get)(void *ctx, uint32_t page, void *at);
    /**
     * Takes the mapping away: no CPU may find it any more, not in its TLB either. No CPU uses a
     * table on the page by then. Under the lock (rule 8 of port.h, where it waits for other CPUs).
     */
    void (*alias_put)(void *ctx, uint32_t page, void *alias);
};

/**
 * What a slot holds while poisoned() runs: code that is not present.
 *
 * A CPU that loads CS from it has `#NP` (a zero descriptor: `#GP`), and every other load is a fault
 * too.
 */
#define CGDT_NATIVE_POISON 0x5a5a1a5a5a5a5a5aull

/** Filled in by the caller; belongs to one pool, is its port_ctx, and must outlive it. */
struct cgdt_native {
    const struct cgdt_native_ops *ops; /**< What the kernel supplies; may be NULL. */
    void *ctx;                         /**< For the operations. */

    uintptr_t base; /**< Where physical address 0 is, or would be, mapped writable. */
    /** Where it is, or would be, mapped read-only; base: there is no such map. */
    uintptr_t alias;
    uintptr_t bytes; /**< How far both go; they must not overlap. Pages lie in between. */

    /**
     * Where page_get is NULL: an array, page i of the pool is its i-th; an address in the writable
     * map.
     */
    void *pages;
    uint32_t page_count; /**< Pages of that array. */

    bool poison;     /**< For debug builds: see poisoned(); cgdt_native_port only. */
    uint32_t locked; /**< The port's; 0 at first. */
};

/**
 * The operations; port_ctx is a struct cgdt_native. There is no common page on bare metal:
 * -CGDT_ENOTSUP.
 *
 * map() also says -CGDT_EINVAL where the two maps overlap, and -CGDT_EPROTO for a page that is not
 * aligned or not in the writable map.
 */
extern const struct cgdt_port cgdt_native_port;

/**
 * The same for pools whose cgdt_config.alias_bytes is cgdt_native_alias_bytes(): the core then
 * stores through the writable map itself, which is faster, and knows no poison.
 */
extern const struct cgdt_port cgdt_native_direct_port;

/**
 * From the read-only map to the writable one: for cgdt_config.alias_bytes.
 *
 * @param native  base and alias are filled in
 *
 * @return bytes
 */
CGDT_INLINE_ intptr_t cgdt_native_alias_bytes(const struct cgdt_native *native)
{
    return (intptr_t)(native->base - native->alias);
}

/**
 * Where a table that cgdt_gdtr() gave can be written: for LTR (lgdt.h), and for nothing else.
 *
 * @param native  of the pool
 * @param table   base of what cgdt_gdtr() gave
 *
 * @return the address in the writable map
 */
CGDT_INLINE_ uintptr_t cgdt_native_writable(const struct cgdt_native *native, uintptr_t table)
{
    return table - native->alias + native->base;
}

#ifdef __cplusplus
}
#endif
#endif
