/* SPDX-License-Identifier: MIT */
/*
 * What is in slots, by induction (pool-any.h): writes and reads of up to 3 entries, by any
 * profile that finds no pairs.
 */
#include "pool-any.h"

#define MOST 3u

/* How many entries; PROOF_COUNT: a question a count, where one for all is too much for a solver. */
#ifdef PROOF_COUNT
#define any_count() ((uint32_t)PROOF_COUNT)
#else
#define any_count() any_below(MOST + 1)
#endif

static cgdt_desc_t values[MOST];

/* What is wrong with a value, by the words of contents.h. */
static bool is_bad(cgdt_desc_t value)
{
    cgdt_desc_t stored = value;

    return judge(&profile, value, &stored) == CGDT_BAD_SYSTEM_TYPE || !is_kept(stored);
}

static bool is_fault(cgdt_desc_t value)
{
    return pool.read_only && sets_accessed(stored_form(value));
}

static bool is_refused(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (is_bad(values[i]))
            return true;
    return false;
}

static bool is_read_only_fault(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (is_fault(values[i]))
            return true;
    return false;
}

static void any_values(void)
{
    for (uint32_t i = 0; i < MOST; i++)
        values[i] = any_u64();
}

void a_write_is_whole_and_of_its_slot_alone_or_nothing(void)
{
    const uint32_t slot = any_below(SLOTS);
    const cgdt_slot_t handle = any_u32();
    const uint32_t first = any_u32();
    const uint32_t n = any_count();
    const bool given = any_bool();

    any_pool();
    any_values();
    const bool mine = is_owned(slot) && handle == handle_of(slot);
    const bool inside = first <= ENTRIES && n <= ENTRIES - first;
    const int error = cgdt_write(&pool, handle, first, given ? values : NULL, n);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(watched_slot() == slot && mine && is_in(watched_offset(), first, n)
              ? error != 0 || watched == stored_form(values[watched_offset() - first])
              : watched_slot() != slot || watched == was.watched || (!mine && error == 0),
          "its entries are as they are stored, and no others");
    CLAIM(!mine || error != 0 || (inside && (given || n == 0)), "entries of the slot");
    CLAIM(!mine || inside || error == -CGDT_ERANGE, "else out of range");
    CLAIM(!mine || !inside || given || n == 0 || error == -CGDT_EINVAL, "values that are there");
    /* Of the watched entry, since what is there already is not looked at. */
    const bool here = watched_slot() == slot && is_in(watched_offset(), first, n);
    const cgdt_desc_t value = here ? values[watched_offset() - first] : 0;
    CLAIM(!mine || !given || error != 0 || value == 0 || watched_offset() != 0 ||
              pool.given.config.layout.common,
          "never into the null entry");
    CLAIM(!mine || !inside || !given || error != 0 || !is_bad(value), "nothing that is refused");
    CLAIM(!mine || !inside || !given || error != 0 || !is_fault(value), "nor a page fault");
    CLAIM(error != -CGDT_EILSEQ || failed || is_refused(n), "refused only what is refused");
    CLAIM(error != -CGDT_EROFS || failed || is_read_only_fault(n), "read-only likewise");
    CLAIM(error == 0 || error == -CGDT_ENOENT || error == -CGDT_ESTALE || error == -CGDT_EBUSY ||
              error == -CGDT_ERANGE || error == -CGDT_EILSEQ || error == -CGDT_EROFS ||
              error == -CGDT_EINVAL || is_the_ports(error),
          "a code that is documented");
}

void a_write_to_the_common_page_is_whole_or_nothing(void)
{
    const uint32_t first = any_u32();
    const uint32_t n = any_count();

    any_pool();
    any_values();
    const bool common = mapped[COMMON];
    const bool inside = first <= CGDT_PAGE_ENTRIES && n <= CGDT_PAGE_ENTRIES - first;
    const int error = cgdt_write_common(&pool, first, values, n);

    keeps_invariant();
    CLAIM(error == 0 || nothing_has_changed(), "nothing has changed where it fails");
    CLAIM(error != 0 || watched_line != COMMON || !is_in(watched_entry, first, n) ||
              watched == stored_form(values[watched_entry - first]),
          "its entries are as they are stored");
    CLAIM((watched_line == COMMON && is_in(watched_entry, first, n)) || watched == was.watched,
          "and no others");
    CLAIM(common || error == -CGDT_ENOTSUP, "where there is one");
    CLAIM(error != 0 || inside, "entries of the page");
    /* Of the watched entry, since what is there already is not looked at. */
    CLAIM(error != 0 || watched_line != COMMON || !is_in(watched_entry, first, n) ||
              !is_bad(values[watched_entry - first]),
          "nothing that is refused");
    CLAIM(error == 0 || error == -CGDT_ENOTSUP || error == -CGDT_ERANGE || error == -CGDT_EILSEQ ||
              is_the_ports(error),
          "a code that is documented");
}

void a_read_gives_what_is_there(void)
{
    const uint32_t slot = any_below(SLOTS);
    const cgdt_slot_t handle = any_u32();
    const uint32_t first = any_u32();
    const uint32_t n = any_count();

    any_pool();
    any_values();
    const cgdt_desc_t before = values[0];
    const bool mine = is_owned(slot) && handle == handle_of(slot);
    const bool inside = first <= ENTRIES && n <= ENTRIES - first;
    const int error = cgdt_read(&pool, handle, first, values, n);

    CLAIM(nothing_has_changed(), "it is only looked at");
    CLAIM(!mine || (error == 0) == inside, "what the slot has");
    CLAIM(!mine || error != 0 || watched_slot() != slot || !is_in(watched_offset(), first, n) ||
              values[watched_offset() - first] == watched,
          "each entry");
    CLAIM(error == 0 || values[0] == before, "left alone where it fails");
}
