/* SPDX-License-Identifier: MIT */
/*
 * Template of a port: copy both files, rename, and put your kernel's functions in the place of the kernel_*() ones.
 * Walked through in docs/porting.md; compiled and run by tests/porting.
 *
 * It is for a kernel that runs on the CPU itself and maps pages one by one. (One whose physical memory is mapped
 * twice anyway, or that runs under Xen PV, finds a finished port in alloc/port/.)
 */
#ifndef MY_PORT_H
#define MY_PORT_H

#include <cgdt/port.h>

/* What your kernel has under other names. */
void *kernel_page_alloc(void); /* 4096 bytes, aligned to 4096, writable; NULL: there is none */
void kernel_page_free(void *page);
void *kernel_map_read_only(void *page); /* a second mapping of the same page; NULL: no room */
void kernel_unmap(void *mapping);       /* and no CPU has it in its TLB when this returns */
uintptr_t kernel_physical_address(const void *page);
bool kernel_cpu_is_off(uint32_t cpu); /* it has left its table: see my_quiesce() */
void kernel_lock(void *lock);
void kernel_unlock(void *lock);

/* Where a page is, while it is in the pool. */
struct my_page {
    void *writable;
    void *read_only; /* while it is sealed */
};

/* One pool's port; its address is cgdt_config.port_ctx. All zero at first, but for pages and page_count. */
struct my_port {
    struct my_page
        *pages; /* as many as the pool can have: max_cpus / colors, rounded up to a window */
    uint32_t page_count;
    uintptr_t lock; /* or what your kernel's lock is */
};

extern const struct cgdt_port my_port;

#endif
