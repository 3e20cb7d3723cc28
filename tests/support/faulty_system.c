/* SPDX-License-Identifier: MIT */
/* Between the hosted port and the system; see faulty_system.h. */
#define _GNU_SOURCE
#include "faulty_system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

struct faulty_system faulty_system;

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t bytes);
int __real_memfd_create(const char *name, unsigned flags);
int __real_ftruncate(int file, off_t bytes);
int __real_open(const char *path, int flags, ...);
int __real_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes);
void *__real_mallocx(size_t bytes, int flags);
void *__real_calloc(size_t n, size_t bytes);
void __real_free(void *at);

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_ftruncate(int file, off_t bytes);
int __wrap_open(const char *path, int flags, ...);
int __wrap_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes);
void *__wrap_mallocx(size_t bytes, int flags);
void *__wrap_calloc(size_t n, size_t bytes);
void __wrap_free(void *at);

void faulty_system_arm(uint32_t n, bool drops)
{
    faulty_system.fail_at = n;
    faulty_system.seen = 0;
    faulty_system.fired = false;
    faulty_system.error = ENOMEM;
    faulty_system.drops = drops;
}

static bool fails(void)
{
    if (++faulty_system.seen != faulty_system.fail_at)
        return false;
    faulty_system.fired = true;
    errno = faulty_system.error;
    return true;
}

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    const bool full = faulty_system.full;

    if (full)
        errno = ENOMEM;
    if (full || fails()) {
        if (faulty_system.drops && (flags & MAP_FIXED) != 0)
            (void)__real_munmap(at, bytes);
        return MAP_FAILED;
    }
    faulty_system.mappings += (flags & MAP_FIXED) == 0 ? 1 : 0;
    return __real_mmap(at, bytes, protection, flags, file, offset);
}

int __wrap_munmap(void *at, size_t bytes)
{
    faulty_system.mappings--;
    faulty_system.full = false;
    return __real_munmap(at, bytes);
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
    return fails() ? -1 : __real_memfd_create(name, flags);
}

int __wrap_ftruncate(int file, off_t bytes)
{
    return fails() ? -1 : __real_ftruncate(file, bytes);
}

int __wrap_open(const char *path, int flags, ...)
{
    return fails() ? -1 : __real_open(path, flags, 0);
}

int __wrap_mallctl(const char *name, void *old, size_t *old_bytes, void *new_, size_t new_bytes)
{
    if (strstr(name, "destroy") != NULL)
        faulty_system.arenas--;
    else if (fails())
        return ENOMEM;
    if (faulty_system.no_retain && strstr(name, "retain_grow_limit") != NULL)
        return ENOENT;
    if (strcmp(name, "experimental.arenas_create_ext") == 0) {
        faulty_system.arenas++;
        faulty_system.hooks = *(extent_hooks_t **)new_;
    }
    return __real_mallctl(name, old, old_bytes, new_, new_bytes);
}

void *__wrap_mallocx(size_t bytes, int flags)
{
    return fails() ? NULL : __real_mallocx(bytes, flags);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    if (fails())
        return NULL;
    faulty_system.blocks++;
    return __real_calloc(n, bytes);
}

void __wrap_free(void *at)
{
    faulty_system.blocks -= at != NULL ? 1 : 0;
    __real_free(at);
}

bool faulty_system_has_all(void)
{
    return faulty_system.mappings == 0 && faulty_system.arenas == 0 && faulty_system.blocks == 0;
}
