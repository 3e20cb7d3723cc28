/* SPDX-License-Identifier: MIT */
/* The words in which the rows of scenario.c are written. */
#ifndef CGDT_TESTS_WORDS_H
#define CGDT_TESTS_WORDS_H

#include "scenario.h"

enum {
    h0,
    h1,
    h2,
    h3,
    h4,
    h5
};

/* What cgdt_cpu_online() and cgdt_cpu_slot() answer goes into this one, which nobody uses. */
#define CPUS_HANDLE (MAX_HANDLES - 1)

/* Numbers, where 0 means "none". */
#define SLOT(n) ((uint8_t)((n) + 1))
#define PAGE(n) ((uint8_t)((n) + 1))

/* What a CPU does, call after call. */
#define DO(...)                                                                                    \
    {                                                                                              \
        sizeof((struct call[]){__VA_ARGS__}) / sizeof(struct call),                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define TWO_CPUS(...)           .bound = UNBOUNDED, .cpus = 2, .program = {__VA_ARGS__}
#define THREE_CPUS(...)         .bound = UNBOUNDED, .cpus = 3, .program = {__VA_ARGS__}
#define THREE_CPUS_BOUNDED(...) .bound = 3, .cpus = 3, .program = {__VA_ARGS__}

/* The calls: history.h has more on each. */
/* clang-format off */
#define ALLOC(to)             {CALL_ALLOC, to, 1, 0}
#define ALLOC_BULK(first, n)  {CALL_ALLOC, first, n, 0}
#define ALLOC_NOWAIT(to)      {CALL_ALLOC_NOWAIT, to, 1, 0}
#define ALLOC_NEAR(to, handle) {CALL_ALLOC_NEAR, to, 1, 1 + handle}
#define ALLOC_ALONE(to)       {CALL_ALLOC_NEAR, to, 1, 0}
#define ALLOC_WITH(to, value) {CALL_ALLOC_WITH, to, 1, value}
#define FREE(handle)          {CALL_FREE, handle, 0, 0}
#define FREE_BULK(first, n)   {CALL_FREE, first, n, 0}
#define TRIM                  {CALL_TRIM, 0, 0, 0}
#define RESERVE(n)            {CALL_RESERVE, 0, n, 0}
#define ONLINE(cpu)           {CALL_ONLINE, CPUS_HANDLE, cpu, 0}
#define ONLINE_NEAR(cpu, other) {CALL_ONLINE_NEAR, CPUS_HANDLE, cpu, 1 + other}
#define ONLINE_ALONE(cpu)     {CALL_ONLINE_NEAR, CPUS_HANDLE, cpu, 0}
#define ONLINE_WITH(cpu, value) {CALL_ONLINE_WITH, CPUS_HANDLE, cpu, value}
#define ONLINE_AT(cpu, handle) {CALL_ONLINE_AT, handle, cpu, 0}
#define OFFLINE(cpu)          {CALL_OFFLINE, CPUS_HANDLE, cpu, 0}
#define CPU_SLOT(cpu)         {CALL_CPU_SLOT, CPUS_HANDLE, cpu, 0}
#define WRITE(handle, value)  {CALL_WRITE, handle, value, 0}
#define READ(handle)          {CALL_READ, handle, 0, 0}
#define LOOK(handle)          {CALL_LOOK, handle, 0, 0}
#define FRAMES(handle)        {CALL_FRAMES, handle, 0, 0}
#define MOVE(cpu)             {CALL_MOVE, CPUS_HANDLE, cpu, 0}
#define MOVE_END(cpu)         {CALL_MOVE_END, CPUS_HANDLE, cpu, 0}
#define MOVE_BACK(cpu)        {CALL_MOVE_BACK, CPUS_HANDLE, cpu, 0}
/* Through the CPU's own cache (caches.h), in which .cached = {{...}, {...}} are at first. */
#define CACHE_ALLOC(to)       {CALL_CACHE_ALLOC, to, 1, 0}
#define CACHE_FREE(handle)    {CALL_CACHE_FREE, handle, 0, 0}
#define CACHE_FLUSH           {CALL_CACHE_FLUSH, 0, 0, 0}
/* clang-format on */

#endif
