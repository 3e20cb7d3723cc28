/* SPDX-License-Identifier: MIT */
/*
 * memset and friends. String instructions, so that the compiler cannot turn a loop in here into
 * a call of the very function it implements.
 */

#include "mem.h"

void *memset(void *to, int value, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *last = (char *)to + size - 1;
    const char *last_from = (const char *)from + size - 1;

    /* A forward copy is right unless the target begins inside the source. */
    if ((size_t)((char *)to - (const char *)from) >= size)
        return memcpy(to, from, size);
    __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(last_from), "+c"(size) : : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}
