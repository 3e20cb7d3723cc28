/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ldt32, ldt64 SEED [CPU]: modify_ldt in children pinned before their first call: under Xen a
 * process that migrates between two calls meets a bug of every Linux (set_aliased_prot). Entries
 * are written, read back, seen by LAR and LSL, loaded, and read through, before and after others
 * have run.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    CHILDREN = 4,
    CALLS = 20,
    ENTRIES = 24,
    BLOCK_WORDS = 64,
    READ_LDT = 0,
    WRITE_LDT = 0x11,
    LDT_REGISTER = 0x50, /* the LDT's entry in a native table */
    BLOCK_BYTES = 4096
};

struct table {
    bool used[ENTRIES];
    struct user_desc descs[ENTRIES];
    uint32_t *block; /* below 4 GiB */
};

static enum host host;

/* %fs is glibc's in a 64-bit process, %gs in a 32-bit one. */
#ifdef __i386__
#define set_spare  set_fs
#define get_spare  get_fs
#define word_there word_in_fs
#else
#define set_spare  set_gs
#define get_spare  get_gs
#define word_there word_in_gs
#endif

static struct user_desc random_desc(struct random *random, const uint32_t *block)
{
    struct user_desc desc;
    uint32_t flags = random_next(random);

    memset(&desc, 0, sizeof(desc));
    desc.entry_number = random_below(random, ENTRIES);
    desc.base_addr = address32(&block[random_below(random, BLOCK_WORDS)]);
    desc.limit = 3 + random_below(random, 0xff000);
    desc.seg_32bit = 1;
    desc.contents = flags % 4 == 3 ? 2 : 0; /* now and then code */
    desc.read_exec_only = flags >> 2 & 1;
    desc.limit_in_pages = flags >> 3 & 1;
    desc.seg_not_present = (flags >> 4 & 7) == 0;
    desc.useable = flags >> 7 & 1;
    return desc;
}

static void write_entry(struct table *table, const struct user_desc *desc)
{
    if (syscall(SYS_modify_ldt, WRITE_LDT, desc, sizeof(*desc)) != 0)
        fail("modify_ldt of entry %u: %s", desc->entry_number, strerror(errno));
    table->used[desc->entry_number] = true;
    table->descs[desc->entry_number] = *desc;
}

static void check_seen(const struct table *table, uint32_t entry)
{
    const struct user_desc *desc = &table->descs[entry];
    uint32_t rights;
    uint32_t limit;
    bool readable = segment_rights(ldt_selector(entry), &rights);
    bool limited = segment_limit(ldt_selector(entry), &limit);

    if (readable != table->used[entry] || limited != table->used[entry])
        fail("entry %u: LAR says there is %s", entry, readable ? "one" : "none");
    if (readable && (rights != rights_of(desc) || limit != limit_of(desc)))
        fail("entry %u: rights 0x%x limit 0x%x, not 0x%x 0x%x", entry, rights, limit,
             rights_of(desc), limit_of(desc));
}

/* Code that cannot be read, and what is not there, is not loaded. */
static bool can_be_read_through(const struct table *table, uint32_t entry)
{
    const struct user_desc *desc = &table->descs[entry];

    return table->used[entry] && !desc->seg_not_present &&
           (desc->contents == 0 || !desc->read_exec_only);
}

static void check_loads(const struct table *table, uint32_t entry)
{
    uint32_t selector = ldt_selector(entry);
    uint32_t data_selector = host_keeps_data_selectors(host) ? selector : USER_DS_SELECTOR;
    uint32_t expected;

    if (!can_be_read_through(table, entry))
        return;
    expected = table->block[(table->descs[entry].base_addr - address32(table->block)) / 4];
    set_spare(selector);
    set_es(data_selector);
    sched_yield();
    if (get_spare() != selector || get_es() != data_selector)
        fail("entry %u: selectors 0x%x 0x%x after a yield, not 0x%x", entry, get_spare(), get_es(),
             selector);
    if (word_there(0) != expected)
        fail("entry %u: the word there is 0x%x, not 0x%x", entry, word_there(0), expected);
    set_spare(0);
#ifdef __i386__
    if (data_selector == selector && word_in_es(0) != expected)
        fail("entry %u: the word in %%es is 0x%x, not 0x%x", entry, word_in_es(0), expected);
#endif
    set_es(USER_DS_SELECTOR);
}

/* The descriptor's bytes, taken apart as the manual of the processor has them. */
static void check_read_back(const struct table *table)
{
    uint32_t words[ENTRIES][2];
    long bytes = syscall(SYS_modify_ldt, READ_LDT, words, sizeof(words));

    for (long i = 0; i < ENTRIES; i++) {
        const struct user_desc *desc = &table->descs[i];
        uint32_t low = i * 8 < bytes ? words[i][0] : 0;
        uint32_t high = i * 8 < bytes ? words[i][1] : 0;
        uint32_t base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
        uint32_t limit = (low & 0xffff) | (high & 0xf0000);

        if (!table->used[i] && (low || high))
            fail("entry %ld: %08x %08x is read back, and nothing was set", i, high, low);
        if (table->used[i] && (base != desc->base_addr || limit != desc->limit ||
                               (high & RIGHTS_MASK) != rights_of(desc)))
            fail("entry %ld: %08x %08x is read back", i, high, low);
    }
}

static void see_register(void *what, int cpu)
{
    (void)cpu;
    *(uint32_t *)what = stored_ldt_register();
}

static void check_register(void)
{
    uint32_t selector;

    steady_observe(see_register, &selector);
    if (!host_is_xen(host) && selector != LDT_REGISTER)
        fail("SLDT says 0x%x", selector);
}

static _Noreturn void in_child(uint64_t seed, int cpu)
{
    struct random random = random_from(seed);
    struct table table;

    memset(&table, 0, sizeof(table));
    pin_to(cpu);
    table.block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (table.block == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        table.block[i] = 0x1d700000u + i;
    for (int call = 0; call < CALLS; call++) {
        struct user_desc desc = random_desc(&random, table.block);

        write_entry(&table, &desc);
        check_register();
        for (uint32_t entry = 0; entry < ENTRIES; entry++)
            check_seen(&table, entry);
        check_loads(&table, desc.entry_number);
        check_loads(&table, random_below(&random, ENTRIES));
    }
    check_read_back(&table);
    _exit(EXIT_RIGHT);
}

int ldt(int argc, char **argv)
{
    int cpus[MAX_CPUS];
    int count = cpus_online(cpus);
    struct random random;

    if (argc < 2 || argc > 3 || count == 0)
        fail("usage: %s SEED [CPU]", program_name);
    host = host_find();
    random = random_from(number_of(argv[1]));
    for (int i = 0; i < CHILDREN; i++) {
        int cpu =
            argc == 3 ? (int)number_of(argv[2]) : cpus[random_below(&random, (uint32_t)count)];
        uint64_t seed = random_next(&random);
        int pid = fork();

        if (pid < 0)
            fail("fork: %s", strerror(errno));
        if (pid == 0)
            in_child(seed, cpu);
        wait_for(pid, "child");
    }
    return EXIT_RIGHT;
}
