/* SPDX-License-Identifier: MIT */
/*
 * What compilers call for 64 bits where the processor has no instruction, or none that they know to
 * be there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);
int64_t __divdi3(int64_t dividend, int64_t divisor);

/* Other types than the compiler's functions of these names have, which take an order more. */
uint64_t load_8(const volatile void *from, int order) __asm__("__atomic_load_8");
void store_8(volatile void *to, uint64_t value, int order) __asm__("__atomic_store_8");
uint64_t fetch_add_8(volatile void *to, uint64_t value, int order) __asm__("__atomic_fetch_add_8");
bool compare_exchange_8(volatile void *at, uint64_t *expected, uint64_t value, int order,
                        int otherwise) __asm__("__atomic_compare_exchange_8");

/* Bit by bit: nothing here is in a hurry. */
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
    uint64_t quotient = 0;
    uint64_t rest = 0;

    for (int bit = 63; bit >= 0; bit--) {
        const uint64_t carry = rest >> 63;
        rest = rest << 1 | (dividend >> bit & 1);
        if (carry != 0 || rest >= divisor) {
            rest -= divisor;
            quotient |= (uint64_t)1 << bit;
        }
    }
    if (remainder != NULL)
        *remainder = rest;
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    return __udivmoddi4(dividend, divisor, NULL);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t remainder;

    (void)__udivmoddi4(dividend, divisor, &remainder);
    return remainder;
}

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

int64_t __divdi3(int64_t dividend, int64_t divisor)
{
    const uint64_t quotient = __udivdi3(magnitude(dividend), magnitude(divisor));

    return (int64_t)((dividend < 0) == (divisor < 0) ? quotient : 0 - quotient);
}

/* What was there; `value` is there now if that was `expected`. */
static uint64_t compare_and_swap(volatile uint64_t *at, uint64_t expected, uint64_t value)
{
    __asm__ volatile("lock cmpxchg8b %1"
                     : "+A"(expected), "+m"(*at)
                     : "b"((uint32_t)value), "c"((uint32_t)(value >> 32))
                     : "cc", "memory");
    return expected;
}

uint64_t load_8(const volatile void *from, int order)
{
    (void)order;
    return compare_and_swap((volatile uint64_t *)(uintptr_t)from, 0, 0);
}

uint64_t fetch_add_8(volatile void *to, uint64_t value, int order)
{
    uint64_t before = load_8(to, order);
    uint64_t found = compare_and_swap(to, before, before + value);

    while (found != before) {
        before = found;
        found = compare_and_swap(to, before, before + value);
    }
    return before;
}

void store_8(volatile void *to, uint64_t value, int order)
{
    uint64_t before = load_8(to, order);

    while (!compare_exchange_8(to, &before, value, order, order))
        ;
}

bool compare_exchange_8(volatile void *at, uint64_t *expected, uint64_t value, int order,
                        int otherwise)
{
    const uint64_t found = compare_and_swap(at, *expected, value);
    const bool done = found == *expected;

    (void)order;
    (void)otherwise;
    *expected = found;
    return done;
}
