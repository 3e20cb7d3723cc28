/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * move32, move64 SEED [CPU]: sends the processor it runs on to another slot while it has segments
 * of its own there: TLS entries (32 bits), an entry of an LDT, a selector of either in a register.
 * All of it is there as before, what is written afterwards is seen, and natively SGDT says another
 * table. With CPU, that one must move; else one at random may have nowhere better to go, or not be
 * the only one that moves. Under Xen no LDT selector is in a register: Linux loses it there now and
 * then.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    BLOCK_BYTES = 4096,
    WORDS = BLOCK_BYTES / 4,
    WORD_MARK = 0x30f00000,
    WRITE_LDT = 0x11,
    LDT_ENTRY = 3,
    OWN_TLS = ENTRY_TLS + 1,
    SOME_TRIES = 3
};

/* What can be read without a load; for the number, which others look at, the LDT's entry. */
struct view {
    bool readable[ENTRY_NUMBER + 1];
    uint32_t rights[ENTRY_NUMBER + 1];
    uint32_t limits[ENTRY_NUMBER + 1];
    uint32_t fs;
    uint32_t gs;
};

struct segments {
    uint32_t *block; /* below 4 GiB */
    uint32_t ldt_word;
    uint32_t tls_word;
    bool has_ldt;
    bool may_load_ldt;
    bool ldt_is_loaded;
};

static __thread uint32_t own_word;

/* %fs is glibc's in a 64-bit process, %gs in a 32-bit one. */
#ifdef __i386__
#define set_spare  set_fs
#define word_there word_in_fs
#else
#define set_spare  set_gs
#define word_there word_in_gs
#endif

/* Compared byte for byte, so those between its members are written too. */
static void see(struct view *view)
{
    memset(view, 0, sizeof(*view));
    view->fs = get_fs();
    view->gs = get_gs();
    for (uint32_t i = 0; i <= ENTRY_NUMBER; i++) {
        uint32_t selector = i < ENTRY_NUMBER ? gdt_selector(i) : ldt_selector(LDT_ENTRY);

        view->readable[i] = segment_rights(selector, &view->rights[i]);
        segment_limit(selector, &view->limits[i]);
    }
}

static void write_ldt(struct segments *segments, uint32_t word)
{
    struct user_desc desc = flat_data(LDT_ENTRY, address32(&segments->block[word]));

    segments->ldt_word = word;
    if (segments->has_ldt && syscall(SYS_modify_ldt, WRITE_LDT, &desc, sizeof(desc)) != 0)
        fail("modify_ldt: %s", strerror(errno));
}

static void write_tls(struct segments *segments, uint32_t word)
{
    segments->tls_word = word;
#ifdef __i386__
    struct user_desc desc = flat_data(OWN_TLS, address32(&segments->block[word]));
    int error = set_thread_area(&desc);

    if (error)
        fail("set_thread_area: %s", strerror(-error));
#endif
}

/* What was loaded before is what the register still has, whatever the table says by now. */
static void load(struct segments *segments, struct random *random)
{
    segments->ldt_is_loaded = segments->may_load_ldt && random_below(random, 2) == 0;
    if (segments->ldt_is_loaded)
        set_spare(ldt_selector(LDT_ENTRY));
    else
        set_spare(sizeof(long) == 4 ? gdt_selector(OWN_TLS) : 0);
}

static void check_words(const struct segments *segments)
{
    uint32_t expected = WORD_MARK;

    if (sizeof(long) == 4 && get_gs() != GLIBC_SELECTOR)
        fail("%%gs is 0x%x", get_gs());
    if (own_word != segments->tls_word)
        fail("the thread's own variable is %u, not %u", own_word, segments->tls_word);
    if (sizeof(long) == 8 && !segments->ldt_is_loaded)
        return;
    expected += segments->ldt_is_loaded ? segments->ldt_word : segments->tls_word;
    if (word_there(0) != expected)
        fail("through the %s's entry: 0x%x, not 0x%x", segments->ldt_is_loaded ? "LDT" : "thread",
             word_there(0), expected);
}

static struct segments segments_made(struct random *random, bool pinned)
{
    bool xen = host_is_xen(host_find());
    struct segments segments = {.has_ldt = pinned || !xen, .may_load_ldt = !xen};

    segments.block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (segments.block == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    for (uint32_t i = 0; i < WORDS; i++)
        segments.block[i] = WORD_MARK + i;
    write_ldt(&segments, random_below(random, WORDS));
    write_tls(&segments, random_below(random, WORDS));
    own_word = segments.tls_word;
    load(&segments, random);
    return segments;
}

/* 0 or an error number. */
static int ask_for_move(void)
{
    int fd = open("/proc/cgdt", O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0)
        fail("/proc/cgdt: %s", strerror(errno));
    if (write(fd, "move", 4) != 4)
        error = errno;
    close(fd);
    return error;
}

static void move_once(const struct segments *segments, bool must)
{
    struct table_register table = stored_gdtr();
    struct view before;
    struct view after;
    int error;

    see(&before);
    error = ask_for_move();
    see(&after);
    if (error && (must || (error != EAGAIN && error != EBUSY)))
        fail("the move: %s", strerror(error));
    if (memcmp(&before, &after, sizeof(before)) != 0)
        fail("what can be seen of the table is not as before the move");
    if (must && !host_is_xen(host_find()) && stored_gdtr().base == table.base)
        fail("SGDT says 0x%lx, as before the move", table.base);
    check_words(segments);
    sched_yield();
    check_words(segments);
}

/* What is written now is what is loaded next. */
static void write_anew(struct segments *segments, struct random *random)
{
    write_ldt(segments, random_below(random, WORDS));
    write_tls(segments, random_below(random, WORDS));
    own_word = segments->tls_word;
    load(segments, random);
    check_words(segments);
    sched_yield();
    check_words(segments);
}

int move(int argc, char **argv)
{
    int cpus[MAX_CPUS];
    int count = cpus_online(cpus);
    bool must = argc == 3;
    struct segments segments;
    struct random random;

    if (argc < 2 || argc > 3 || count == 0)
        fail("usage: %s SEED [CPU]", program_name);
    random = random_from(number_of(argv[1]));
    if (!pin_to(must ? (int)number_of(argv[2]) : cpus[random_below(&random, (uint32_t)count)]) &&
        must)
        fail("CPU %s is off", argv[2]);
    segments = segments_made(&random, must);
    for (int i = 0; i < (must ? 1 : SOME_TRIES); i++) {
        move_once(&segments, must);
        write_anew(&segments, &random);
    }
    return EXIT_RIGHT;
}
