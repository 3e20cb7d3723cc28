/* SPDX-License-Identifier: MIT */
/*
 * Template of a port: copy both files, rename, and put your kernel's functions in the place of the
 * kernel_*() ones. Walked through in docs/porting.md; compiled and run by tests/porting.
 *
 * It is for a kernel that runs on the CPU itself and maps pages one by one. (One whose physical
 * memory is mapped twice anyway, or that runs under Xen PV, finds a finished port in alloc/port/.)
 */
#ifndef MY_PORT_H
#define MY_PORT_H

#include <cgdt/layout.h>
#include <cgdt/port.h>

/* What your kernel has under other names. */
void *kernel_page_alloc(void); /* 4096 bytes, aligned to 4096, writable; NULL: there is none */
void kernel_page_free(void *page);
void *kernel_map_read_only(void *page); /* a second mapping of the same page; NULL: no room */
/*
 * And no CPU has it in its TLB when this returns. It runs under kernel_lock(): a CPU that waits for
 * the lock must be able to answer an IPI that this waits for.
 */
void kernel_unmap(void *mapping);
/* The physical address / 4096. The address itself has more bits than a pointer on i386 with PAE. */
cgdt_frame_t kernel_frame_of(const void *page);
bool kernel_cpu_is_off(uint32_t cpu); /* it has left its table: see my_quiesce() */
void kernel_lock(void *lock);
void kernel_unlock(void *lock);

/* Where a page is, while it is in the pool. */
struct my_page {
    void *writable;
    void *read_only; /* while it is sealed */
};

/*
 * One pool's port; its address is cgdt_config.port_ctx. All zero at first, but for pages and
 * page_count: as many as the pool can have, max_cpus x slot_entries / 512, rounded up; and at least
 * two, for the self-test.
 */
struct my_port {
    struct my_page *pages;
    uint32_t page_count;
    uintptr_t lock; /* or what your kernel's lock is */
};

extern const struct cgdt_port my_port;

/*
 * Where a table that cgdt_gdtr() gave, its base, can be written, as LTR does: for
 * cgdt_lgdt_with_tss(), and for nothing else. 0: it is of no page that is sealed.
 */
uintptr_t my_port_writable(const struct my_port *port, uintptr_t table);

#endif
