/* SPDX-License-Identifier: GPL-2.0-only */
/* Segments as a program in ring 3 sees them; user_desc and what becomes of it. */

#ifndef SEGMENT_H
#define SEGMENT_H

#include <asm/ldt.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux's entries of an x86-64 table, the same from 6.1 to 6.12. */
enum {
    ENTRY_USER32_CS = 4,
    ENTRY_USER_DS = 5,
    ENTRY_USER_CS = 6,
    ENTRY_FREE = 7,
    ENTRY_TSS = 8,
    ENTRY_LDT = 10,
    ENTRY_TLS = 12,
    ENTRY_TLS_LAST = 14,
    ENTRY_NUMBER = 15,
    TABLE_ENTRIES = 16
};

/* glibc for i386 asks for any free TLS entry and gets the first. */
enum {
    GLIBC_SELECTOR = 0x63,
    USER_DS_SELECTOR = 0x2b,
    NUMBER_SELECTOR = 0x7b
};

/* What LAR gives in bits 16 to 19 is undefined. */
#define RIGHTS_MASK 0x00f0ff00u

static inline uint32_t gdt_selector(uint32_t entry)
{
    return entry << 3 | 3;
}

static inline uint32_t ldt_selector(uint32_t entry)
{
    return entry << 3 | 7;
}

/* LSL and LAR do not fault: they say that there is nothing to be read. */
static inline bool segment_limit(uint32_t selector, uint32_t *limit)
{
    uint32_t value = 0;
    bool readable;

    __asm__ volatile("lsl %2, %0" : "+r"(value), "=@ccz"(readable) : "r"(selector));
    *limit = value;
    return readable;
}

static inline bool segment_rights(uint32_t selector, uint32_t *rights)
{
    uint32_t value = 0;
    bool readable;

    __asm__ volatile("lar %2, %0" : "+r"(value), "=@ccz"(readable) : "r"(selector));
    *rights = value & RIGHTS_MASK;
    return readable;
}

#define SEGMENT_REGISTER(name)                                                                     \
    static inline uint32_t get_##name(void)                                                        \
    {                                                                                              \
        unsigned long selector;                                                                    \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(selector));                                  \
        return (uint16_t)selector;                                                                 \
    }                                                                                              \
    static inline void set_##name(uint32_t selector)                                               \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #name : : "r"(selector) : "memory");                         \
    }                                                                                              \
    static inline uint32_t word_in_##name(uint32_t offset)                                         \
    {                                                                                              \
        uint32_t word;                                                                             \
        __asm__ volatile("movl %%" #name ":(%1), %0"                                               \
                         : "=r"(word)                                                              \
                         : "r"((unsigned long)offset)                                              \
                         : "memory");                                                              \
        return word;                                                                               \
    }

SEGMENT_REGISTER(ds)
SEGMENT_REGISTER(es)
SEGMENT_REGISTER(fs)
SEGMENT_REGISTER(gs)

struct table_register {
    uint16_t limit;
    unsigned long base;
} __attribute__((packed));

static inline struct table_register stored_gdtr(void)
{
    struct table_register gdtr = {0, 0};

    __asm__ volatile("sgdt %0" : "=m"(gdtr));
    return gdtr;
}

static inline uint32_t stored_task_register(void)
{
    unsigned long selector = 0;

    __asm__ volatile("str %0" : "=r"(selector));
    return (uint16_t)selector;
}

static inline uint32_t stored_ldt_register(void)
{
    unsigned long selector = 0;

    __asm__ volatile("sldt %0" : "=r"(selector));
    return (uint16_t)selector;
}

/* A program's addresses are below 4 GiB in those that use this: -m32, or asked for so. */
static inline uint32_t address32(const volatile void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* Data, all of the address space from `base` on. */
static inline struct user_desc flat_data(uint32_t entry, uint32_t base)
{
    struct user_desc desc;

    memset(&desc, 0, sizeof(desc));
    desc.entry_number = entry;
    desc.base_addr = base;
    desc.limit = 0xfffff;
    desc.seg_32bit = 1;
    desc.limit_in_pages = 1;
    desc.useable = 1;
    return desc;
}

/* The processor's view of a segment that user_desc describes (Intel SDM, volume 3, 3.4.5). */
static inline uint32_t rights_of(const struct user_desc *desc)
{
    uint32_t type = 1u | (uint32_t)!desc->read_exec_only << 1 | (uint32_t)desc->contents << 2;
    uint32_t access = type | 0x70u | (uint32_t)!desc->seg_not_present << 7;

    return access << 8 | (uint32_t)desc->useable << 20 | (uint32_t)desc->seg_32bit << 22 |
           (uint32_t)desc->limit_in_pages << 23;
}

static inline uint32_t limit_of(const struct user_desc *desc)
{
    uint32_t limit = desc->limit & 0xfffffu;

    return desc->limit_in_pages ? limit << 12 | 0xfffu : limit;
}

/* set_thread_area(2) says no such thing as "empty" of its own: these two forms mean it. */
static inline bool desc_is_empty_form(const struct user_desc *desc)
{
    bool rest = desc->base_addr == 0 && desc->limit == 0 && desc->contents == 0 &&
                desc->seg_32bit == 0 && desc->limit_in_pages == 0 && desc->useable == 0;

    return rest && desc->read_exec_only == desc->seg_not_present;
}

#ifdef __i386__
/* Zero, or a negative error number. */
static inline int set_thread_area(struct user_desc *desc)
{
    return syscall(SYS_set_thread_area, desc) == 0 ? 0 : -errno;
}

static inline int get_thread_area(uint32_t entry, struct user_desc *desc)
{
    memset(desc, 0, sizeof(*desc));
    desc->entry_number = entry;
    return syscall(SYS_get_thread_area, desc) == 0 ? 0 : -errno;
}
#endif

#endif
