/* SPDX-License-Identifier: MIT */
/*
 * The checker against the reference: verdict, stored value and place of the first violation; and
 * its text.
 *
 * Input: what (1), profile and rules (1), then by `what`: single descriptors (8 each); a slot of so
 * many entries (8 each); or a page: slot size (1), owned (8), then entry (2) and descriptor (8),
 * repeated.
 */
#include "../support/profiles.h"
#include "fuzz.h"
#include "reference.h"

/* The text of a violation, and every way of cutting it short that an input picks. */
static void check_text(const struct cgdt_violation *violation, size_t size)
{
    char wanted[512];
    char place[64] = ", common page";
    char stored[40] = "";

    if (violation->position != CGDT_COMMON_POSITION)
        (void)snprintf(place, sizeof(place), ", page %u, color %u", violation->position,
                       violation->color);
    if (violation->effect == CGDT_REWRITTEN)
        (void)snprintf(stored, sizeof(stored), " (stored: 0x%016" PRIx64 ")", violation->stored);
    const int length = snprintf(
        wanted, sizeof(wanted), "window %u%s, entry %u: 0x%016" PRIx64 ": %s%s", violation->window,
        place, violation->entry, violation->found, cgdt_reason_text(violation->reason), stored);
    /* Exactly as large as it says, so that the sanitizer sees a byte too many. */
    char *text = malloc(size);

    MUST(cgdt_violation_text(violation, text, size) == (size_t)length, "length of '%s'", wanted);
    const size_t kept = size == 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
    if (size != 0)
        MUST(memcmp(text, wanted, kept) == 0 && text[kept] == '\0', "'%s'", wanted);
    free(text);
}

static const char *name_of(const struct cgdt_profile *profile)
{
    static const char *const names[PROFILES] = {"xen-pv64", "xen-pv32", "native64", "native32",
                                                "native64-la48"};
    unsigned n = 0;

    while (nth_profile(n) != profile)
        n++;
    return names[n];
}

static void check_descriptors(struct input *input, const struct cgdt_profile *profile)
{
    while (input->left > 0) {
        const uint64_t raw = take64(input);
        uint64_t wanted;
        uint64_t stored = ~raw;
        const enum cgdt_reason reason = reference_descriptor(profile, raw, &wanted);

        MUST(cgdt_check_descriptor(profile, raw, &stored) == reason,
             "profile %s, 0x%016" PRIx64 ": reason %d", name_of(profile), raw, reason);
        MUST(cgdt_check_descriptor(profile, raw, NULL) == reason, "without a place for it");
        MUST(stored == wanted, "profile %s, 0x%016" PRIx64 ": 0x%016" PRIx64, name_of(profile), raw,
             stored);
        MUST(cgdt_descriptor_is_stable(profile, raw) == reference_kept(profile, raw),
             "profile %s, 0x%016" PRIx64, name_of(profile), raw);
        MUST((cgdt_reason_effect(reason) == CGDT_REFUSED) == reference_refuses(reason), "%d",
             reason);
    }
}

static void check_slot(struct input *input, const struct cgdt_profile *profile, uint32_t rules)
{
    const uint32_t entries = (uint32_t)(input->left + 7) / 8;
    uint64_t *descs = malloc(entries * sizeof(*descs));
    uint32_t wanted = 77;
    uint32_t bad = 77;

    for (uint32_t entry = 0; entry < entries; entry++)
        descs[entry] = take64(input);
    const enum cgdt_reason reason = reference_slot(profile, rules, descs, entries, &wanted);
    MUST(cgdt_check_slot(profile, rules, descs, entries, &bad) == reason, "reason %d at %u", reason,
         wanted);
    MUST(bad == wanted, "%u, not %u", bad, wanted);
    MUST(cgdt_check_slot(profile, rules, descs, entries, NULL) == reason, "without a place for it");
    free(descs);
}

/* What a violation must say of entry `bad` of a page. */
static void check_violation(const struct cgdt_violation *violation,
                            const struct cgdt_profile *profile, const uint64_t *page,
                            uint32_t slot_entries, uint32_t bad)
{
    uint64_t stored;

    (void)reference_descriptor(profile, page[bad], &stored);
    MUST(violation->window == 0 && violation->position == 0, "the place of a page is its caller's");
    MUST(violation->color * slot_entries + violation->entry == bad &&
             violation->entry < slot_entries,
         "color %u, entry %u, not %u", violation->color, violation->entry, bad);
    MUST(violation->found == page[bad] && violation->stored == stored, "entry %u", bad);
    MUST(violation->effect == cgdt_reason_effect(violation->reason), "entry %u", bad);
    MUST(cgdt_violation_text(violation, NULL, 0) < 200, "200 bytes are enough");
}

static void check_page(struct input *input, const struct cgdt_profile *profile, uint32_t rules)
{
    static uint64_t page[512];
    uint16_t touched[64];
    const uint32_t slot_entries = 8u << take8(input) % 7;
    const uint64_t owned = take64(input);
    struct cgdt_violation violation;
    uint32_t n = 0;
    uint32_t bad = 0;

    while (input->left > 0 && n < COUNT_OF(touched)) {
        touched[n] = take16(input) % 512;
        page[touched[n++]] = take64(input);
    }
    const enum cgdt_reason reason = reference_page(profile, rules, page, slot_entries, owned, &bad);
    MUST(cgdt_check_page(profile, rules, page, slot_entries, owned, &violation) == reason,
         "reason %d at %u", reason, bad);
    if (reason != CGDT_FINE) {
        MUST(violation.reason == reason, "reason %d", reason);
        check_violation(&violation, profile, page, slot_entries, bad);
        check_text(&violation, owned % 256);
    }
    while (n > 0)
        page[touched[--n]] = 0;
}

/* Any violation at all, also one that no checker would report. */
static void check_any_text(struct input *input)
{
    const size_t size = take16(input) % 300;
    struct cgdt_violation violation = {.window = take32(input),
                                       .position = take32(input),
                                       .color = take32(input),
                                       .entry = take32(input),
                                       .reason = (enum cgdt_reason)take8(input),
                                       .effect = (enum cgdt_effect)(take8(input) % 4),
                                       .found = take64(input),
                                       .stored = take64(input)};

    check_text(&violation, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const uint8_t what = take8(&input);
    const uint8_t how = take8(&input);
    const struct cgdt_profile *profile = nth_profile(how);
    const uint32_t rules = how >> 2 & 15u;

    switch (what % 4) {
    case 0:
        check_descriptors(&input, profile);
        break;
    case 1:
        check_slot(&input, profile, rules);
        break;
    case 2:
        check_page(&input, profile, rules);
        break;
    default:
        check_any_text(&input);
    }
    return 0;
}
