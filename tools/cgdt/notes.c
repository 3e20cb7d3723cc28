/* SPDX-License-Identifier: MIT */
/* What is worth a word beside a verdict, though no rule is broken. */
#include "notes.h"

#define LEAST_16 0x2bu /* limits of a TSS: SDM vol. 3A sections 7.2.2, 7.2.3 and 7.6 */
#define LEAST    0x67u

static bool is_native64(const struct check_rules *rules)
{
    return rules->profile == CGDT_PROFILE_NATIVE64 || rules->profile == CGDT_PROFILE_NATIVE64_LA48;
}

static bool is_wide_profile(const struct check_rules *rules)
{
    return is_native64(rules) || rules->profile == CGDT_PROFILE_XEN_PV64;
}

/*
 * S and the type of a descriptor would be where a second half has zeros (SDM vol. 3A section
 * 5.8.3.1).
 */
static bool is_high_half(cgdt_desc_t desc)
{
    return cgdt_desc_type(desc) == 0 && (desc & CGDT_DESC_SEGMENT) == 0;
}

bool is_pair(const struct check_rules *rules, const cgdt_desc_t *page, size_t at)
{
    return is_wide_profile(rules) && cgdt_desc_wide64(page[at]) &&
           (at + 1) % rules->slot_entries != 0 && is_high_half(page[at + 1]);
}

bool is_cut_pair(const struct check_rules *rules, const cgdt_desc_t *page, size_t at)
{
    return is_wide_profile(rules) && cgdt_desc_wide64(page[at]) &&
           (at + 1) % rules->slot_entries == 0 && at + 1 < CGDT_PAGE_ENTRIES &&
           is_high_half(page[at + 1]);
}

/* The least limit of a TSS of this profile; 0: it is none. */
static unsigned least_limit(const struct check_rules *rules, cgdt_desc_t desc)
{
    const bool native64 = is_native64(rules);

    if ((desc & CGDT_DESC_SEGMENT) != 0 || (!native64 && rules->profile != CGDT_PROFILE_NATIVE32))
        return 0;
    switch (cgdt_desc_type(desc)) {
    case CGDT_SYS_TSS_AVAILABLE:
    case CGDT_SYS_TSS_BUSY:
        return LEAST;
    case 1:
    case 3:
        return native64 ? 0 : LEAST_16;
    default:
        return 0;
    }
}

enum note note_of(const struct check_rules *rules, const cgdt_desc_t *page, size_t at,
                  unsigned *least)
{
    struct cgdt_desc_fields fields;

    if (page[at] == 0 || (at % rules->slot_entries != 0 && at > 0 && is_pair(rules, page, at - 1)))
        return NOTE_NONE;
    if (!cgdt_desc_present(page[at]))
        return NOTE_NOT_PRESENT;
    *least = least_limit(rules, page[at]);
    cgdt_desc_decode(page[at], &fields);
    return fields.last_offset < *least ? NOTE_TSS_LIMIT : NOTE_NONE;
}

const char *note_section(unsigned least)
{
    return least == LEAST_16 ? "SDM vol. 3A section 7.6" : "SDM vol. 3A section 7.2.3";
}
