/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread-area SEED [COUNT [print]]: set_thread_area with random arguments, right and wrong ones.
 * What comes back is compared with what set_thread_area(2) says, and with the processor's view
 * (LAR, LSL, a load and a read). With "print" there is a line for every 500 calls with a digest
 * of arguments and answers: addresses are left out of it, so another kernel must print the same
 * lines.
 */

#include "check.h"
#include "programs.h"
#include "segment.h"

#include <sched.h>
#include <stdio.h>

enum {
    DEFAULT_COUNT = 300,
    BLOCK_WORDS = 64,
    LINE_CALLS = 500,
    YIELD_CALLS = 8,
    FREE_ENTRIES = 2 /* glibc has the first of three */
};

/* What was last taken for an entry; `used` false: empty. */
struct known {
    bool used;
    struct user_desc desc;
};

struct run {
    struct random random;
    struct known known[FREE_ENTRIES];
    uint32_t glibc_base;
    uint64_t digest;
    unsigned taken;
    unsigned refused;
    unsigned loads;
};

static uint32_t block[BLOCK_WORDS];

/* FNV-1a. */
static void digest(struct run *run, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        run->digest = (run->digest ^ (value >> (8 * i) & 0xff)) * 0x100000001b3u;
}

static uint32_t random_entry(struct random *random)
{
    static const uint32_t odd[] = {0, 1, 6, 7, 8, 10, 11, 15, 16, 31, 255, 0x7fffffff, 0xfffffffe};

    switch (random_below(random, 6)) {
    case 0:
        return (uint32_t)-1;
    case 1:
        return odd[random_below(random, sizeof(odd) / sizeof(odd[0]))];
    default:
        return ENTRY_TLS + 1 + random_below(random, FREE_ENTRIES);
    }
}

/* Every field is used by one or the other; most of the time such that it can be taken. */
static struct user_desc random_desc(struct random *random)
{
    struct user_desc desc;
    uint32_t flags = random_next(random);
    uint32_t kind = random_below(random, 8);

    memset(&desc, 0, sizeof(desc));
    desc.entry_number = random_entry(random);
    if (kind == 0)
        return desc; /* all zero: empty */
    desc.base_addr = random_next(random) % 2 ? address32(&block[random_below(random, BLOCK_WORDS)])
                                             : random_next(random) & 0x7fffffff;
    desc.limit = random_next(random) >> random_below(random, 32);
    desc.seg_32bit = kind > 2 || (flags & 1);
    desc.contents = kind > 2 ? flags >> 1 & 1 : flags >> 1 & 3;
    desc.read_exec_only = flags >> 3 & 1;
    desc.limit_in_pages = flags >> 4 & 1;
    desc.seg_not_present = kind <= 2 && (flags >> 5 & 1);
    desc.useable = flags >> 6 & 1;
    if (kind == 1) {
        memset(&desc.base_addr, 0, sizeof(desc) - sizeof(desc.entry_number));
        desc.read_exec_only = 1;
        desc.seg_not_present = 1; /* empty, in the words of modify_ldt */
    }
    return desc;
}

/* The rules of set_thread_area(2) and what the kernel has refused since Linux 3.19. */
static int expected_result(const struct run *run, const struct user_desc *desc, int *place)
{
    uint32_t entry = desc->entry_number;

    *place = -1;
    if (!desc_is_empty_form(desc) &&
        (!desc->seg_32bit || desc->contents > 1 || desc->seg_not_present))
        return -EINVAL;
    if (entry == (uint32_t)-1) {
        for (int i = FREE_ENTRIES - 1; i >= 0; i--)
            *place = run->known[i].used ? *place : i;
        return *place < 0 ? -ESRCH : 0;
    }
    if (entry < ENTRY_TLS || entry > ENTRY_TLS_LAST)
        return -EINVAL;
    *place = (int)entry - ENTRY_TLS - 1;
    return 0;
}

static void check_got(const struct known *known, const struct user_desc *got, uint32_t entry)
{
    const struct user_desc *desc = &known->desc;
    bool same = got->base_addr == desc->base_addr && got->limit == (desc->limit & 0xfffff) &&
                got->seg_32bit == desc->seg_32bit && got->contents == desc->contents &&
                got->read_exec_only == desc->read_exec_only &&
                got->limit_in_pages == desc->limit_in_pages && got->useable == desc->useable &&
                !got->seg_not_present;
    bool empty = got->base_addr == 0 && got->limit == 0 && !got->seg_32bit && got->read_exec_only &&
                 got->seg_not_present;

    if (got->entry_number != entry || !(known->used ? same : empty))
        fail("entry %u: get_thread_area says base 0x%x limit 0x%x, not what was set (0x%x 0x%x)",
             entry, got->base_addr, got->limit, desc->base_addr, desc->limit);
}

static void check_seen(const struct known *known, uint32_t entry, struct run *run)
{
    uint32_t selector = gdt_selector(entry);
    uint32_t rights;
    uint32_t limit;
    bool readable = segment_rights(selector, &rights) & segment_limit(selector, &limit);

    digest(run, readable);
    digest(run, rights);
    digest(run, limit);
    if (readable != known->used)
        fail("entry %u: LAR and LSL say there is %s", entry, readable ? "one" : "none");
    if (readable && (rights != rights_of(&known->desc) || limit != limit_of(&known->desc)))
        fail("entry %u: rights 0x%x limit 0x%x, not 0x%x 0x%x", entry, rights, limit,
             rights_of(&known->desc), limit_of(&known->desc));
}

/* Through the segment, where it is one of our own memory that reaches so far. */
static void check_load(const struct known *known, uint32_t entry, struct run *run)
{
    uint32_t at = known->desc.base_addr - address32(block);
    bool ours = at % 4 == 0 && at / 4 < BLOCK_WORDS;

    if (!known->used || !ours || known->desc.contents != 0 || limit_of(&known->desc) < 3)
        return;
    set_fs(gdt_selector(entry));
    if (word_in_fs(0) != block[at / 4])
        fail("entry %u: the word at %%fs:0 is 0x%x, not 0x%x", entry, word_in_fs(0), block[at / 4]);
    set_fs(0);
    run->loads++;
}

static void check_all(struct run *run)
{
    struct user_desc got;

    for (uint32_t i = 0; i < FREE_ENTRIES; i++) {
        uint32_t entry = ENTRY_TLS + 1 + i;

        if (get_thread_area(entry, &got) != 0)
            fail("get_thread_area of entry %u is refused", entry);
        check_got(&run->known[i], &got, entry);
        check_seen(&run->known[i], entry, run);
        check_load(&run->known[i], entry, run);
    }
    if (get_thread_area(ENTRY_TLS, &got) != 0 || got.base_addr != run->glibc_base)
        fail("glibc's entry has changed");
}

static void one_call(struct run *run)
{
    struct user_desc desc = random_desc(&run->random);
    struct user_desc asked = desc;
    int place;
    int expected = expected_result(run, &desc, &place);
    int result = set_thread_area(&desc);
    bool ours = desc.base_addr - address32(block) < sizeof(block);

    digest(run, asked.entry_number);
    digest(run, ours ? desc.base_addr - address32(block) : desc.base_addr);
    digest(run, desc.limit);
    digest(run, (uint32_t)result);
    if (result != expected)
        fail("entry %d: result %d, not %d", (int)asked.entry_number, result, expected);
    if (result == 0 && desc.entry_number != ENTRY_TLS + 1 + (uint32_t)place)
        fail("entry %d became %u", (int)asked.entry_number, desc.entry_number);
    if (result == 0) {
        run->known[place].used = !desc_is_empty_form(&desc);
        run->known[place].desc = desc;
    }
    run->taken += result == 0;
    run->refused += result != 0;
    check_all(run);
}

int thread_area(int argc, char **argv)
{
    struct run run = {.digest = 0xcbf29ce484222325u, .glibc_base = word_in_gs(0)};
    unsigned count = argc > 2 ? (unsigned)number_of(argv[2]) : DEFAULT_COUNT;
    bool print = argc > 3;

    if (argc < 2 || argc > 4 || (print && strcmp(argv[3], "print") != 0))
        fail("usage: thread-area SEED [COUNT [print]]");
    run.random = random_from(number_of(argv[1]));
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        block[i] = 0xb10c0000u + i;
    for (unsigned call = 1; call <= count; call++) {
        one_call(&run);
        if (call % YIELD_CALLS == 0)
            sched_yield();
        if (print && (call % LINE_CALLS == 0 || call == count))
            printf("THREAD-AREA calls=%u taken=%u refused=%u loads=%u digest=%016llx\n", call,
                   run.taken, run.refused, run.loads, (unsigned long long)run.digest);
    }
    if (run.taken == 0 || run.refused == 0 || run.loads == 0)
        fail("%u taken, %u refused, %u loaded: nothing was tried", run.taken, run.refused,
             run.loads);
    return EXIT_RIGHT;
}
