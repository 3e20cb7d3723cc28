/* SPDX-License-Identifier: MIT */
/*
 * All that is wrong with a page: cgdt_check_slot() again and again, each time from behind what it
 * found.
 */
#include "check_pages.h"

struct walk {
    const struct check_rules *rules;
    struct cgdt_violation place;
    check_report *report;
    void *ctx;
    uint32_t n;
};

static void tell(struct walk *walk, uint32_t entry, cgdt_desc_t found, enum cgdt_reason reason)
{
    struct cgdt_violation *violation = &walk->place;

    violation->entry = entry;
    violation->reason = reason;
    violation->effect = cgdt_reason_effect(reason);
    violation->found = found;
    (void)cgdt_check_descriptor(walk->rules->profile, found, &violation->stored);
    walk->report(walk->ctx, violation);
    walk->n++;
}

/* A slot with an owner. The second half of a bad pair is not present, so it is fine by itself. */
static void walk_owned(struct walk *walk, const cgdt_desc_t *slot)
{
    const uint32_t entries = walk->rules->slot_entries;
    uint32_t rules = walk->rules->rules;
    uint32_t first = 0;

    while (first < entries) {
        uint32_t bad;
        const enum cgdt_reason reason =
            cgdt_check_slot(walk->rules->profile, rules, slot + first, entries - first, &bad);

        if (reason == CGDT_FINE)
            return;
        tell(walk, first + bad, slot[first + bad], reason);
        first += bad + 1;
        rules &= ~CGDT_RULE_NULL_ENTRY; /* what comes now is not the slot's entry 0 */
    }
}

/*
 * A slot without one: everything that is not zero, and what the profile refuses by its own reason.
 */
static void walk_unowned(struct walk *walk, const cgdt_desc_t *slot)
{
    const uint32_t entries = walk->rules->slot_entries;
    const uint32_t rules = walk->rules->rules & ~CGDT_RULE_NULL_ENTRY;

    for (uint32_t entry = 0; entry < entries; entry++) {
        uint32_t bad = 0;
        enum cgdt_reason reason;

        if (slot[entry] == 0)
            continue;
        /* With the entry after it, which may be its second half. */
        reason = cgdt_check_slot(walk->rules->profile, rules, slot + entry,
                                 entries - entry < 2 ? 1 : 2, &bad);
        if (reason == CGDT_FINE || bad != 0)
            reason = CGDT_UNOWNED_NOT_ZERO;
        tell(walk, entry, slot[entry], reason);
    }
}

uint32_t check_whole_page(const struct check_rules *rules, const cgdt_desc_t *page, uint32_t number,
                          uint64_t owned, check_report *report, void *ctx)
{
    struct walk walk = {.rules = rules, .place.position = number, .report = report, .ctx = ctx};
    const uint32_t colors = CGDT_PAGE_ENTRIES / rules->slot_entries;

    for (uint32_t color = 0; color < colors; color++) {
        walk.place.color = color;
        if ((owned >> color & 1u) != 0)
            walk_owned(&walk, page + (size_t)color * rules->slot_entries);
        else
            walk_unowned(&walk, page + (size_t)color * rules->slot_entries);
    }
    return walk.n;
}
