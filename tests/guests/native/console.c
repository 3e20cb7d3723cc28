/* SPDX-License-Identifier: MIT */
/* A minimal printf on the serial port, and the two ways to end a run. */

#include "console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "cpuops.h"
#include "exit.h"
#include "layout.h"

#define COM1        0x3f8
#define LINE_STATUS 5
#define CAN_SEND    0x20

static uint32_t locked;
static bool forced;

static bool lock(void)
{
    const bool on = interrupts_save();

    /* Pairs with the release in unlock(). */
    while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE) != 0 && !forced)
        pause_cpu();
    return on;
}

static void unlock(bool on)
{
    /* Pairs with the acquire in lock(). */
    __atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
    interrupts_restore(on);
}

void console_force(void)
{
    forced = true;
}

static void put(char c)
{
    while ((inb(COM1 + LINE_STATUS) & CAN_SEND) == 0)
        pause_cpu();
    outb(COM1, (uint8_t)c);
}

static void put_text(const char *text)
{
    while (*text != '\0')
        put(*text++);
}

/*
 * Hexadecimal of any width; decimal of 32 bits, as i386 has no 64-bit division without a library.
 */
static void put_number(uint64_t value, uint32_t base, uint32_t width)
{
    char digits[17];
    uint32_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        const uint32_t digit = base == 16 ? (uint32_t)value & 15u : (uint32_t)value % 10u;
        digits[--at] = "0123456789abcdef"[digit];
        value = base == 16 ? value >> 4 : (uint32_t)value / 10u;
    } while (value != 0 || (at > 0 && sizeof(digits) - 1 - at < width));
    put_text(digits + at);
}

/* A va_list inside a struct can be passed down portably. */
struct arguments {
    va_list list;
};

static uint64_t next_number(struct arguments *from, uint32_t longs)
{
    if (longs >= 2)
        return va_arg(from->list, unsigned long long);
    return longs == 1 ? va_arg(from->list, unsigned long) : va_arg(from->list, unsigned int);
}

static const char *convert(const char *at, struct arguments *from)
{
    uint32_t width = 0;
    uint32_t longs = 0;

    while (*at >= '0' && *at <= '9')
        width = width * 10 + (uint32_t)(*at++ - '0');
    while (*at == 'l') {
        longs++;
        at++;
    }
    if (*at == 's') {
        put_text(va_arg(from->list, const char *));
    } else if (*at == 'd') {
        const int64_t value = longs ? va_arg(from->list, long) : va_arg(from->list, int);
        if (value < 0)
            put('-');
        put_number((uint64_t)(value < 0 ? -value : value), 10, width);
    } else if (*at == 'u' || *at == 'x') {
        put_number(next_number(from, longs), *at == 'x' ? 16 : 10, width);
    } else {
        put(*at);
    }
    return at + 1;
}

void console_printf(const char *format, ...)
{
    struct arguments from;
    const bool on = lock();

    va_start(from.list, format);
    for (const char *at = format; *at != '\0';) {
        if (*at == '%')
            at = convert(at + 1, &from);
        else
            put(*at++);
    }
    va_end(from.list);
    unlock(on);
}

_Noreturn void guest_exit(enum guest_exit value)
{
    outl(DEBUG_EXIT_PORT, value);
    for (;;)
        halt(); /* without the device the run ends by its time limit */
}

_Noreturn void guest_fatal(const char *what, int64_t value)
{
    console_printf("FATAL: %s: %ld\n", what, (long)value);
    guest_exit(GUEST_EXIT_SETUP);
}
