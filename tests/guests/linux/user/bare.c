/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bare32, bare64: what a new image begins with, before any libc could change it: no TLS entry, no
 * selector in %fs and %gs. No library is linked. Exit status: 0, or the number of what was wrong.
 */

#include <asm/ldt.h>
#include <stdint.h>

enum {
    WRONG_FS = 10,
    WRONG_GS = 11,
    WRONG_READABLE = 20,
    WRONG_GET = 30,
    WRONG_NOT_EMPTY = 40,
    WRONG_SET = 50,
    WRONG_SET_ENTRY = 51,
    FIRST_ENTRY = 12,
    LAST_ENTRY = 14,
    /* Numbers of i386, whatever the program's size: int $0x80. */
    CALL_EXIT = 1,
    CALL_SET_THREAD_AREA = 243,
    CALL_GET_THREAD_AREA = 244
};

/* In the image, so below 4 GiB. */
static struct user_desc desc;

void _start(void);

static int call(int number, unsigned long argument)
{
    int result;

    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(argument) : "memory");
    return result;
}

static int readable(uint32_t selector)
{
    uint32_t rights = 0;
    unsigned char zero_flag;

    __asm__ volatile("lar %2, %0\n\tsetz %1"
                     : "+r"(rights), "=q"(zero_flag)
                     : "r"(selector)
                     : "cc");
    return zero_flag;
}

static int wrong_registers(void)
{
    unsigned long selector;

    __asm__ volatile("mov %%fs, %0" : "=r"(selector));
    if (selector & 0xffff)
        return WRONG_FS;
    __asm__ volatile("mov %%gs, %0" : "=r"(selector));
    return selector & 0xffff ? WRONG_GS : 0;
}

static int wrong_entry(uint32_t entry)
{
    desc.entry_number = entry;
    if (call(CALL_GET_THREAD_AREA, (unsigned long)&desc) != 0)
        return WRONG_GET + (int)entry - FIRST_ENTRY;
    if (desc.base_addr || desc.limit || desc.seg_32bit || !desc.seg_not_present)
        return WRONG_NOT_EMPTY + (int)entry - FIRST_ENTRY;
    return 0;
}

/*
 * The first free one is the first. The processor's table is only known to follow from here on: exec
 * forgets the entries, but leaves them in the table until they are next written.
 */
static int wrong_first_free(void)
{
    desc.entry_number = (unsigned)-1;
    desc.base_addr = 0;
    desc.limit = 0xfffff;
    desc.seg_32bit = 1;
    desc.contents = 0;
    desc.read_exec_only = 0;
    desc.limit_in_pages = 1;
    desc.seg_not_present = 0;
    desc.useable = 1;
    if (call(CALL_SET_THREAD_AREA, (unsigned long)&desc) != 0)
        return WRONG_SET;
    if (desc.entry_number != FIRST_ENTRY || !readable(FIRST_ENTRY << 3 | 3))
        return WRONG_SET_ENTRY;
    for (uint32_t entry = FIRST_ENTRY + 1; entry <= LAST_ENTRY; entry++) {
        if (readable(entry << 3 | 3))
            return WRONG_READABLE + (int)entry - FIRST_ENTRY;
    }
    return 0;
}

void _start(void)
{
    int wrong = wrong_registers();

    for (uint32_t entry = FIRST_ENTRY; entry <= LAST_ENTRY && !wrong; entry++)
        wrong = wrong_entry(entry);
    if (!wrong)
        wrong = wrong_first_free();
    for (;;)
        call(CALL_EXIT, (unsigned long)wrong);
}
