/* SPDX-License-Identifier: MIT */
/*
 * A system that says no. The linker puts functions between the hosted port and the system (--wrap,
 * see tests/unit/CMakeLists.txt): each n-th call of any of them fails, and what is mapped and
 * allocated is counted.
 */
#ifndef CGDT_TESTS_FAULTY_SYSTEM_H
#define CGDT_TESTS_FAULTY_SYSTEM_H

#include <jemalloc/jemalloc.h>
#include <stdbool.h>
#include <stdint.h>

extern struct faulty_system {
    uint32_t fail_at; /* the n-th call from now on, 1 up; 0: none */
    uint32_t seen;
    bool fired;
    int error;      /* its errno */
    bool full;      /* no mapping left: mmap() fails until something is unmapped */
    bool no_retain; /* jemalloc's option is off */
    bool drops; /* as old kernels: mmap() at a fixed address unmaps what is there, and then fails */

    int mappings; /* made and not unmapped */
    int arenas;
    int blocks;
    extent_hooks_t *hooks; /* of the arena made last */
} faulty_system;

/* The n-th call from now on fails with ENOMEM, 1 up; 0: none does. */
void faulty_system_arm(uint32_t n, bool drops);

/* Whether all that was mapped, made and allocated is gone again. */
bool faulty_system_has_all(void);

#endif
