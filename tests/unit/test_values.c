/* SPDX-License-Identifier: MIT */
/*
 * Memory that another CPU changes all the while: each value is loaded once, so what was judged is
 * what is stored, and what is reported. The other CPU comes before every atomic operation.
 */
#include "../../alloc/atomic.h"

#include "fixture.h"
#include "oracle.h"

#define RING0 0x00cf93000000ffffull /* what Xen rewrites */

/* What happens before an atomic operation; `load`: it is the load of a descriptor at `at`. */
static void (*other_cpu)(bool load, const volatile void *at);

void hook(enum hooked kind, const volatile void *at)
{
    if (other_cpu != NULL)
        other_cpu(kind == HOOKED_DESCRIPTOR, at);
}

/* The caller's array, its index the entry: once value i has been loaded, it is later(i). */
static cgdt_desc_t values[512];
static uint32_t loads[512];
static uint32_t first_value, n_values;
static cgdt_desc_t (*later)(uint32_t i);

static void change_what_was_loaded(bool load, const volatile void *at)
{
    for (uint32_t i = first_value; i < first_value + n_values; i++) {
        if (loads[i] != 0)
            values[i] = later(i);
        if (load && at == &values[i])
            loads[i]++;
    }
}

static cgdt_desc_t fine(uint32_t i)
{
    return i == 0 ? 0 : mark(i);
}

static cgdt_desc_t refused(uint32_t i)
{
    return i == 0 ? DATA3 : TSS64;
}

static cgdt_desc_t rewritten(uint32_t i)
{
    return i == 0 ? 0 : RING0 | (uint64_t)i << 16;
}

static cgdt_desc_t last_is_refused(uint32_t i)
{
    return i + 1 == first_value + n_values ? refused(i) : fine(i);
}

static struct fixture fixture;
static cgdt_slot_t slot;

/* Slots of a whole page, so that any number of entries can be written. */
static void open_pool(bool common, bool live)
{
    other_cpu = NULL;
    fixture_prepare(&fixture, 512, 1, 4);
    if (common)
        fixture_set_common(&fixture);
    fixture.config.layout.window_pages = common ? 2 : 1;
    live ? fixture_open_live(&fixture) : fixture_open(&fixture);
    slot = fixture_alloc(&fixture);
}

/* From entry 1 on, but all of a page from entry 0. */
static int write_values(bool common, uint32_t n, cgdt_desc_t (*first)(uint32_t i),
                        cgdt_desc_t (*then)(uint32_t i))
{
    first_value = n == 512 ? 0 : 1;
    n_values = n;
    later = then;
    memset(loads, 0, sizeof(loads));
    for (uint32_t i = first_value; i < first_value + n; i++)
        values[i] = first(i);
    other_cpu = change_what_was_loaded;
    const int result = common
                           ? cgdt_write_common(fixture.pool, first_value, values + first_value, n)
                           : cgdt_write(fixture.pool, slot, first_value, values + first_value, n);
    other_cpu = NULL;
    return result;
}

static const cgdt_desc_t *page_of(bool common)
{
    return common ? strict_page(&fixture.strict, CGDT_COMMON_PAGE) : fixture_slot(&fixture, slot);
}

/* What Xen makes of it, by the oracle. */
static cgdt_desc_t as_stored(cgdt_desc_t desc)
{
    uint64_t stored = 0;

    MUST(oracle_xen(ORACLE_PV64, desc, &stored) < ORACLE_REFUSED_TYPE, "refused");
    return stored;
}

static const uint32_t counts[] = {1, 2, 31, 32, 33, 511, 512};

/* For each number of values, slot and common page, private and sealed. */
static void each_write(int wanted, cgdt_desc_t (*first)(uint32_t i),
                       cgdt_desc_t (*then)(uint32_t i))
{
    for (size_t k = 0; k < COUNT_OF(counts); k++)
        for (unsigned kind = 0; kind < 4; kind++) {
            const bool common = (kind & 1u) != 0;
            const uint32_t n = counts[k];
            struct snapshot before;

            open_pool(common, (kind & 2u) != 0);
            snapshot_take(&before, &fixture);
            const int result = write_values(common, n, first, then);
            const bool same = snapshot_same(&before, &fixture);
            MUST(result == wanted, "%u: %d", n, result);
            MUST(result == 0 || same, "%u values, kind %u: something changed", n, kind);
            for (uint32_t i = first_value; i < first_value + n; i++) {
                MUST(loads[i] == 1, "%u values, kind %u: %u loads", n, kind, loads[i]);
                MUST(result != 0 || page_of(common)[i] == as_stored(first(i)), "%u values: %u", n,
                     i);
            }
            fixture_must_be_sound(&fixture, "written");
            fixture_free_all(&fixture);
            fixture_close(&fixture);
        }
}

Test(values, what_becomes_refused_after_it_was_loaded_is_written_as_it_was)
{
    each_write(0, fine, refused);
}

Test(values, what_becomes_fine_after_it_was_loaded_is_refused_as_it_was)
{
    each_write(-CGDT_EILSEQ, last_is_refused, fine);
}

Test(values, what_is_rewritten_is_what_was_loaded)
{
    each_write(0, rewritten, refused);
}

/* What is on the page is what decides whether there is anything to do. */
Test(values, what_becomes_different_after_it_was_loaded_is_no_change)
{
    open_pool(false, true);
    cr_assert_eq(write_values(false, 40, fine, fine), 0);
    const uint32_t writes = fixture.faulty.tried[FAULTY_LIVE_WRITE];
    cr_assert_eq(write_values(false, 40, fine, refused), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], writes);
    cr_assert_eq(page_of(false)[39], fine(39));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* A page that changes before every load of one of its entries. */
static cgdt_desc_t page[512];
static uint64_t seed;
static unsigned native;     /* which of the two columns below */
static uint32_t given[512]; /* bit k: a load of this entry has found choices[k] */

/* With what each is by itself, for Xen's 64-bit guests and for the CPU, after the manuals. */
static const struct {
    cgdt_desc_t desc;
    enum cgdt_reason reason[2];
} choices[] = {
    {0, {CGDT_FINE, CGDT_FINE}},
    {DATA3, {CGDT_FINE, CGDT_FINE}},
    {CODE64, {CGDT_FINE, CGDT_FINE}},
    {RING0, {CGDT_DPL_RAISED, CGDT_FINE}},
    {TSS64, {CGDT_BAD_SYSTEM_TYPE, CGDT_BAD_HIGH_HALF}},
    {0x0000840000000067ull, {CGDT_BAD_SYSTEM_TYPE, CGDT_BAD_RESERVED_TYPE}},
    {0x00008e0000100000ull, {CGDT_BAD_SYSTEM_TYPE, CGDT_BAD_GATE_TYPE}},
    {0x0000ecff00100000ull, {CGDT_BAD_GATE_RESERVED, CGDT_BAD_HIGH_HALF}},
    {0x00effb000000ffffull, {CGDT_FINE, CGDT_BAD_LONG_AND_BIG}},
    {0x0000000000000005ull, {CGDT_FINE, CGDT_FINE}},
};

static void change_what_is_loaded(bool load, const volatile void *at)
{
    const uintptr_t offset = (uintptr_t)at - (uintptr_t)page;

    if (!load || offset >= sizeof(page))
        return;
    const uint32_t entry = (uint32_t)(offset / sizeof(*page));
    /* Mostly fine, so that a walk comes far. */
    const uint32_t k = random_below(&seed, 8) != 0 ? random_below(&seed, 3)
                                                   : random_below(&seed, COUNT_OF(choices));
    page[entry] = choices[k].desc;
    given[entry] |= 1u << k;
}

/* Whether choice k earns this reason, by itself or by where it is. */
static bool earns(uint32_t k, enum cgdt_reason reason, uint32_t rules)
{
    if (reason == CGDT_UNOWNED_NOT_ZERO)
        return choices[k].desc != 0;
    if (reason == CGDT_NULL_NOT_ZERO)
        return choices[k].desc != 0 && (rules & CGDT_RULE_NULL_ENTRY) != 0;
    return choices[k].reason[native] == reason;
}

static uint32_t choice_of(cgdt_desc_t desc)
{
    uint32_t k = 0;

    while (k < COUNT_OF(choices) && choices[k].desc != desc)
        k++;
    MUST(k < COUNT_OF(choices), "%016" PRIx64 " was never there", desc);
    return k;
}

static const struct cgdt_profile *begin_round(void)
{
    native = random_below(&seed, 2);
    memset(page, 0, sizeof(page));
    memset(given, 0, sizeof(given));
    return native != 0 ? CGDT_PROFILE_NATIVE64 : CGDT_PROFILE_XEN_PV64;
}

Test(values, what_a_check_of_a_page_reports_is_what_it_judged)
{
    uint32_t met[32] = {0};

    seed = 91;
    other_cpu = change_what_is_loaded;
    for (uint32_t round = 0; round < 100000; round++) {
        struct cgdt_violation violation = {.reason = CGDT_FINE};
        const struct cgdt_profile *profile = begin_round();
        const uint32_t rules = random_below(&seed, 2) != 0 ? CGDT_RULE_NULL_ENTRY : 0;
        const enum cgdt_reason reason =
            cgdt_check_page(profile, rules, page, 64, next_random(&seed) | 1, &violation);
        const uint32_t entry = violation.color * 64 + violation.entry;

        MUST(reason == violation.reason, "round %u", round);
        if (reason == CGDT_FINE)
            continue;
        const uint32_t k = choice_of(violation.found);
        MUST(earns(k, reason, rules), "round %u: %016" PRIx64 " does not earn %d", round,
             violation.found, (int)reason);
        MUST((given[entry] >> k & 1u) != 0, "round %u: that was not in entry %u", round, entry);
        MUST(violation.stored == (reason == CGDT_DPL_RAISED ? DATA3 : violation.found), "round %u",
             round);
        met[reason]++;
    }
    for (size_t k = 3; k < 9; k++)
        cr_assert(met[choices[k].reason[0]] + met[choices[k].reason[1]] > 100, "%zu", k);
    cr_assert(met[CGDT_UNOWNED_NOT_ZERO] > 100 && met[CGDT_NULL_NOT_ZERO] > 100);
}

Test(values, what_a_check_of_a_slot_says_is_earned_by_a_value_of_that_entry)
{
    seed = 92;
    other_cpu = change_what_is_loaded;
    for (uint32_t round = 0; round < 100000; round++) {
        uint32_t bad = 99;
        bool earned = false;
        const struct cgdt_profile *profile = begin_round();
        const enum cgdt_reason reason = cgdt_check_slot(profile, 0, page, 32, &bad);

        if (reason == CGDT_FINE)
            continue;
        for (uint32_t k = 0; k < COUNT_OF(choices); k++)
            earned |= (given[bad] >> k & 1u) != 0 && earns(k, reason, 0);
        MUST(earned, "round %u: entry %u never earned %d", round, bad, (int)reason);
    }
}

/* What entries of a page are, from load to load, and where. */
static const cgdt_desc_t *among; /* any of these, at random */
static uint32_t n_among;
static bool changes[512];

static void change_among(bool load, const volatile void *at)
{
    const uintptr_t offset = (uintptr_t)at - (uintptr_t)page;

    if (load && offset < sizeof(page) && changes[offset / sizeof(*page)])
        page[offset / sizeof(*page)] = among[random_below(&seed, n_among)];
}

/* A page of few kinds, all of them fine; some of its entries change. Returns how many. */
static uint32_t begin_changes(const cgdt_desc_t *kinds, uint32_t n_kinds, uint32_t n)
{
    const uint32_t kind = random_below(&seed, n_kinds);
    const uint32_t share = random_below(&seed, 9);
    uint32_t count = 0;

    memset(changes, 0, sizeof(changes));
    for (uint32_t i = 0; i < 512; i++)
        page[i] = random_below(&seed, 8) < share ? kinds[kind] : 0;
    for (; n > 0; n--) {
        bool *const one = &changes[random_below(&seed, 512)];

        count += !*one;
        *one = true;
    }
    return count;
}

/* For each profile: what it takes, whatever is behind, and what it never does. */
static const struct {
    const struct cgdt_profile *const profile;
    cgdt_desc_t fine[6];
    cgdt_desc_t wrong[6];
} tastes[] = {
    {CGDT_PROFILE_XEN_PV64,
     {0, DATA3, CODE64, 0x0000090000000067, 0x12348c00000b5678, 0x0000800000000001},
     {TSS64, RING0, 0x12348c00e0085678, 0x12348c01000b5678, 0x00008e0000100000,
      0x0000820000000067}},
    {CGDT_PROFILE_XEN_PV32,
     {0, DATA3, 0x00cfbb000000ffff, 0x0040f30000000fff, 0x12348c0000095678, 0x0000800000000001},
     {TSS64, RING0, CODE64, 0x00cff3000000fffe, 0x12348c00e0085678, 0x0000ef0000100000}},
    {CGDT_PROFILE_NATIVE64,
     {0, DATA3, CODE64, RING0, 0x0000090000000067, 0x00cf9b000000ffff},
     {0x00effb000000ffff, 0x0000840000000067, 0x00008e0000100000, 0x0000800000000001,
      0x00ef9b000000ffff, 0x0000880000000000}},
    {CGDT_PROFILE_NATIVE32,
     {0, DATA3, CODE64, RING0, TSS64, 0x0000850000000000},
     {0x0000800000000001, 0x0000880000000000, 0x00008e0000100000, 0x0000860000000000,
      0x00008a0000000000, 0x00008d0000000000}},
};

Test(values, what_is_wrong_at_every_load_is_never_taken_for_fine)
{
    seed = 94;
    other_cpu = change_among;
    for (uint32_t round = 0; round < 100000; round++) {
        const uint32_t k = round % COUNT_OF(tastes);
        uint32_t count;

        among = tastes[k].wrong;
        n_among = COUNT_OF(tastes[k].wrong);
        count = begin_changes(tastes[k].fine, COUNT_OF(tastes[k].fine), 1 + round % 2);
        MUST(count > 0 &&
                 cgdt_check_page(tastes[k].profile, 0, page, 512, ~0ull, NULL) != CGDT_FINE,
             "round %u", round);
    }
}

Test(values, what_is_fine_at_every_load_is_always_taken_for_fine)
{
    seed = 95;
    other_cpu = change_among;
    for (uint32_t round = 0; round < 100000; round++) {
        const uint32_t k = round % COUNT_OF(tastes);

        among = tastes[k].fine;
        n_among = COUNT_OF(tastes[k].fine);
        (void)begin_changes(tastes[k].fine, COUNT_OF(tastes[k].fine), random_below(&seed, 512));
        MUST(cgdt_check_page(tastes[k].profile, 0, page, 8u << round % 7, ~0ull, NULL) == CGDT_FINE,
             "round %u", round);
    }
}

/* Both halves, and what is behind, are loaded once. */
Test(values, a_check_of_a_slot_loads_each_entry_once)
{
    seed = 93;
    first_value = 0;
    n_values = 32;
    other_cpu = change_what_was_loaded;
    for (uint32_t round = 0; round < 20000; round++) {
        memset(loads, 0, sizeof(loads));
        later = fine;
        for (uint32_t i = 0; i < 32; i++)
            values[i] = choices[random_below(&seed, COUNT_OF(choices))].desc;
        uint32_t bad = 31;
        (void)cgdt_check_slot(round % 2 != 0 ? CGDT_PROFILE_NATIVE64 : CGDT_PROFILE_XEN_PV64,
                              CGDT_RULE_REWRITE_IS_OK, values, 32, &bad);
        for (uint32_t i = 0; i < 32; i++)
            MUST(loads[i] <= 1 && (i > bad || loads[i] == 1), "round %u, entry %u: %u", round, i,
                 loads[i]);
    }
}
