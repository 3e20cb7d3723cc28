/* SPDX-License-Identifier: MIT */
/*
 * What the Xen port says about a -22: each cause made on a model of Xen, which refuses for it, and
 * named.
 */
#include "model_xen.h"
#include "must.h"

#include <stdio.h>

#define PAGES 3
#define TSS   0x0000890000000067ull

/* Pages 0 .. 2 of the guest: empty, read-only, fit to be a GDT. */
struct setup {
    struct model_xen xen;
    cgdt_frame_t frames[PAGES];
};

static void prepare(struct setup *setup)
{
    memset(setup, 0, sizeof(*setup));
    cr_assert(model_xen_open(&setup->xen));
    memset(setup->xen.guest, 0, (size_t)PAGES * CGDT_PAGE_BYTES);
    for (uint32_t page = 0; page < PAGES; page++) {
        setup->frames[page] = MODEL_FRAME - page;
        setup->xen.writable[page] = false;
    }
}

static cgdt_desc_t *page_at(struct setup *setup, uint32_t page)
{
    return model_xen_frame(&setup->xen, MODEL_FRAME - page);
}

static void finish(struct setup *setup)
{
    MUST(!setup->xen.locked[0] && !setup->xen.locked[1], "a lock is held");
    MUST(setup->xen.breaches == 0, "%s", setup->xen.first_breach);
    for (uint32_t page = 0; page < MODEL_PAGES; page++)
        MUST(setup->xen.gdt_count[page] == 0, "page %u is still in a GDT", page);
    model_xen_close(&setup->xen);
}

/* Xen refuses these frames, and the port says why. */
static struct cgdt_xen_pv_refusal refused(struct setup *setup, enum cgdt_xen_pv_cause cause,
                                          uint32_t position)
{
    cr_assert_eq(model_xen_set_gdt(&setup->xen, setup->frames, PAGES), XEN_EINVAL);
    const struct cgdt_xen_pv_refusal refusal =
        cgdt_xen_pv_explain(&setup->xen.port, setup->frames, PAGES * CGDT_PAGE_ENTRIES);

    MUST(refusal.cause == cause, "cause %d", (int)refusal.cause);
    MUST(refusal.position == position, "position %u", refusal.position);
    MUST(refusal.frame == setup->frames[position], "frame %lx", (unsigned long)refusal.frame);
    return refusal;
}

Test(xen_pv_explain, frames_that_xen_takes_have_no_cause)
{
    struct setup setup;

    prepare(&setup);
    MUST(cgdt_xen_pv_explain(&setup.xen.port, setup.frames, PAGES * CGDT_PAGE_ENTRIES).cause ==
             CGDT_XEN_PV_NO_CAUSE,
         "a cause");
    MUST(setup.xen.locks_taken[CGDT_XEN_PV_LOCK_PAGES] == 1, "without the lock");
    finish(&setup);
}

Test(xen_pv_explain, no_entries_have_no_cause)
{
    struct setup setup;

    prepare(&setup);
    MUST(cgdt_xen_pv_explain(&setup.xen.port, NULL, 0).cause == CGDT_XEN_PV_NO_CAUSE, "a cause");
    finish(&setup);
}

Test(xen_pv_explain, too_many_entries_are_named_without_a_look_at_the_frames)
{
    struct setup setup;

    prepare(&setup);
    MUST(cgdt_xen_pv_explain(&setup.xen.port, NULL, CGDT_XEN_RESERVED_ENTRY + 1).cause ==
             CGDT_XEN_PV_TOO_MANY_ENTRIES,
         "another cause");
    finish(&setup);
}

Test(xen_pv_explain, as_many_entries_as_there_are_are_not_too_many)
{
    struct setup setup;
    cgdt_frame_t frames[CGDT_XEN_RESERVED_ENTRY / CGDT_PAGE_ENTRIES];

    prepare(&setup);
    for (uint32_t i = 0; i < COUNT_OF(frames); i++)
        frames[i] = setup.frames[0];
    MUST(cgdt_xen_pv_explain(&setup.xen.port, frames, CGDT_XEN_RESERVED_ENTRY).cause ==
             CGDT_XEN_PV_NO_CAUSE,
         "a cause");
    finish(&setup);
}

Test(xen_pv_explain, entries_that_begin_a_page_count_as_all_of_it)
{
    struct setup setup;

    prepare(&setup);
    setup.frames[1] = MODEL_FOREIGN_FRAME;
    MUST(cgdt_xen_pv_explain(&setup.xen.port, setup.frames, CGDT_PAGE_ENTRIES).cause ==
             CGDT_XEN_PV_NO_CAUSE,
         "the second frame is looked at");
    MUST(cgdt_xen_pv_explain(&setup.xen.port, setup.frames, CGDT_PAGE_ENTRIES + 1).cause ==
             CGDT_XEN_PV_NOT_OURS,
         "the second frame is not looked at");
    finish(&setup);
}

Test(xen_pv_explain, a_foreign_frame_is_named)
{
    struct setup setup;

    prepare(&setup);
    setup.frames[2] = MODEL_FOREIGN_FRAME;
    (void)refused(&setup, CGDT_XEN_PV_NOT_OURS, 2);
    finish(&setup);
}

Test(xen_pv_explain, a_page_that_is_still_writable_is_named)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.writable[1] = true;
    (void)refused(&setup, CGDT_XEN_PV_STILL_WRITABLE, 1);
    finish(&setup);
}

Test(xen_pv_explain, a_bad_descriptor_is_named_with_its_entry_and_reason)
{
    struct setup setup;

    prepare(&setup);
    page_at(&setup, 2)[7] = 0x00cf93000000ffffull; /* is rewritten: no reason to refuse */
    page_at(&setup, 2)[511] = TSS;
    const struct cgdt_xen_pv_refusal refusal = refused(&setup, CGDT_XEN_PV_BAD_DESCRIPTOR, 2);
    MUST(refusal.violation.position == 2, "page %u", refusal.violation.position);
    MUST(refusal.violation.entry == 511, "entry %u", refusal.violation.entry);
    MUST(refusal.violation.reason == CGDT_BAD_SYSTEM_TYPE, "reason %d",
         (int)refusal.violation.reason);
    MUST(refusal.violation.found == TSS, "found %lx", (unsigned long)refusal.violation.found);
    finish(&setup);
}

/* A gate with a parameter is for 32-bit guests alone, code with L = 1 for 64-bit ones. */
#ifdef __x86_64__
#define OF_THE_OTHER_WIDTH 0x00008c0100080000ull
#else
#define OF_THE_OTHER_WIDTH 0x00affb000000ffffull
#endif

Test(xen_pv_explain, what_only_a_guest_of_the_other_width_may_have_is_named)
{
    struct setup setup;

    prepare(&setup);
    page_at(&setup, 1)[5] = OF_THE_OTHER_WIDTH;
    const struct cgdt_xen_pv_refusal refusal = refused(&setup, CGDT_XEN_PV_BAD_DESCRIPTOR, 1);
    MUST(refusal.violation.found == OF_THE_OTHER_WIDTH, "another one");
    finish(&setup);
}

Test(xen_pv_explain, of_several_causes_the_first_frame_has_the_one_that_is_named)
{
    struct setup setup;

    prepare(&setup);
    page_at(&setup, 1)[1] = TSS;
    setup.xen.writable[2] = true;
    (void)refused(&setup, CGDT_XEN_PV_BAD_DESCRIPTOR, 1);
    finish(&setup);
}

Test(xen_pv_explain, a_writable_mapping_elsewhere_is_another_use)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.aliased[1] = true;
    (void)refused(&setup, CGDT_XEN_PV_OTHER_USE, 1);
    finish(&setup);
}

Test(xen_pv_explain, a_page_table_is_another_use)
{
    struct setup setup;

    prepare(&setup);
    setup.frames[0] = MODEL_TABLE_FRAME;
    (void)refused(&setup, CGDT_XEN_PV_OTHER_USE, 0);
    finish(&setup);
}

Test(xen_pv_explain, without_a_look_at_mappings_it_is_said_that_nobody_looked)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.ops.is_writable = NULL;
    setup.xen.writable[1] = true;
    (void)refused(&setup, CGDT_XEN_PV_NOT_LOOKED_AT, 1);
    finish(&setup);
}

Test(xen_pv_explain, without_a_look_at_pages_it_is_said_that_nobody_looked)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.ops.mfn_to_virt = NULL;
    page_at(&setup, 1)[1] = TSS;
    (void)refused(&setup, CGDT_XEN_PV_NOT_LOOKED_AT, 1);
    finish(&setup);
}

Test(xen_pv_explain, without_asking_xen_a_frame_that_looks_right_is_doubtful)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.ops.introduce = NULL;
    setup.xen.aliased[1] = true;
    (void)refused(&setup, CGDT_XEN_PV_CANNOT_TELL, 0);
    finish(&setup);
}

Test(xen_pv_explain, without_asking_xen_what_can_be_seen_is_named_all_the_same)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.ops.introduce = NULL;
    page_at(&setup, 2)[0] = TSS;
    (void)refused(&setup, CGDT_XEN_PV_BAD_DESCRIPTOR, 2);
    finish(&setup);
}

Test(xen_pv_explain, a_serialized_kernel_has_no_lock)
{
    struct setup setup;

    prepare(&setup);
    setup.xen.ops.lock = NULL;
    setup.xen.ops.unlock = NULL;
    setup.xen.aliased[2] = true;
    (void)refused(&setup, CGDT_XEN_PV_OTHER_USE, 2);
    finish(&setup);
}

Test(xen_pv_explain, seal_keeps_why_a_page_could_not_be_introduced)
{
    struct setup setup;
    void *view;

    prepare(&setup);
    page_at(&setup, 0)[33] = TSS;
    view = setup.xen.guest;
    setup.xen.ops.lock(&setup.xen, CGDT_XEN_PV_LOCK_PAGES);
    cr_assert_eq(cgdt_xen_pv_port.seal(&setup.xen.port, 5, &view), XEN_EINVAL);
    setup.xen.ops.unlock(&setup.xen, CGDT_XEN_PV_LOCK_PAGES);
    MUST(setup.xen.port.refusal.cause == CGDT_XEN_PV_BAD_DESCRIPTOR, "cause %d",
         (int)setup.xen.port.refusal.cause);
    MUST(setup.xen.port.refusal.violation.entry == 33, "entry %u",
         setup.xen.port.refusal.violation.entry);
    MUST(setup.xen.port.refusal.frame == setup.frames[0], "frame");
    MUST(setup.xen.port.refusal.page == 5, "page %u", setup.xen.port.refusal.page);
    MUST(setup.xen.writable[0], "the page is not private again");
    finish(&setup);
}

/* The cause of a seal that Xen refuses, where the kernel has no operations for diagnosis. */
static enum cgdt_xen_pv_cause cause_of_seal(struct setup *setup)
{
    void *view = setup->xen.guest;

    setup->xen.ops.mfn_to_virt = NULL;
    setup->xen.ops.is_writable = NULL;
    setup->xen.ops.lock(&setup->xen, CGDT_XEN_PV_LOCK_PAGES);
    cr_assert_eq(cgdt_xen_pv_port.seal(&setup->xen.port, 0, &view), XEN_EINVAL);
    setup->xen.ops.unlock(&setup->xen, CGDT_XEN_PV_LOCK_PAGES);
    return setup->xen.port.refusal.cause;
}

Test(xen_pv_explain, seal_looks_at_its_page_without_the_operations_for_diagnosis)
{
    struct setup setup;

    prepare(&setup);
    page_at(&setup, 0)[33] = TSS;
    cr_assert_eq(cause_of_seal(&setup), CGDT_XEN_PV_BAD_DESCRIPTOR);
    cr_assert_eq(setup.xen.port.refusal.violation.entry, 33);
    page_at(&setup, 0)[33] = 0;
    setup.xen.aliased[0] = true;
    cr_assert_eq(cause_of_seal(&setup), CGDT_XEN_PV_OTHER_USE);
    finish(&setup);
}

static const struct cgdt_xen_pv_refusal bad_entry = {
    .cause = CGDT_XEN_PV_BAD_DESCRIPTOR,
    .page = 5,
    .position = 2,
    .frame = 0x12abc,
    .violation = {.entry = 305, .reason = CGDT_BAD_SYSTEM_TYPE, .found = TSS}};

static const char *text_of(const struct cgdt_xen_pv_refusal *refusal)
{
    static char text[240];
    const size_t length = cgdt_xen_pv_refusal_text(refusal, text, sizeof(text));

    MUST(length < sizeof(text) && length == strlen(text), "%zu", length);
    return text;
}

Test(refusal_text, names_page_frame_entry_and_descriptor)
{
    char wanted[240];

    (void)snprintf(wanted, sizeof(wanted),
                   "page 5 of the pool (0x12abc): entry 305, 0x890000000067: %s",
                   cgdt_reason_text(CGDT_BAD_SYSTEM_TYPE));
    cr_assert_str_eq(text_of(&bad_entry), wanted);
}

Test(refusal_text, names_the_place_in_a_list_of_frames)
{
    struct cgdt_xen_pv_refusal refusal = bad_entry;

    refusal.page = CGDT_XEN_PV_NO_PAGE;
    refusal.cause = CGDT_XEN_PV_STILL_WRITABLE;
    cr_assert_str_eq(text_of(&refusal),
                     "frame 2 of the list (0x12abc): the page is still mapped writable");
}

Test(refusal_text, names_the_common_page)
{
    struct cgdt_xen_pv_refusal refusal = bad_entry;

    refusal.page = CGDT_COMMON_PAGE;
    refusal.cause = CGDT_XEN_PV_NOT_OURS;
    cr_assert_str_eq(text_of(&refusal), "the common page (0x12abc): not a frame of this domain");
}

Test(refusal_text, names_no_frame_where_none_is_the_cause)
{
    struct cgdt_xen_pv_refusal refusal = {.page = CGDT_XEN_PV_NO_PAGE};

    refusal.cause = CGDT_XEN_PV_TOO_MANY_ENTRIES;
    cr_assert_str_eq(text_of(&refusal), cgdt_xen_pv_cause_text(CGDT_XEN_PV_TOO_MANY_ENTRIES));
    refusal.cause = CGDT_XEN_PV_NO_CAUSE;
    cr_assert_str_eq(text_of(&refusal), cgdt_xen_pv_cause_text(CGDT_XEN_PV_NO_CAUSE));
}

Test(refusal_text, says_that_there_was_none)
{
    const struct cgdt_xen_pv_refusal none = {.page = 0};

    cr_assert_str_eq(text_of(&none), "nothing was refused");
}

Test(refusal_text, fits_its_240_bytes_and_is_cut_at_any_size)
{
    struct cgdt_xen_pv_refusal longest = bad_entry;
    char whole[240];
    char cut[240];

    longest.page = CGDT_XEN_PV_NO_PAGE;
    longest.position = 13;
    longest.frame = UINTPTR_MAX;
    longest.violation.found = UINT64_MAX;
    for (int reason = 0; reason <= CGDT_FRAME_TWICE; reason++) {
        longest.violation.reason = (enum cgdt_reason)reason;
        MUST(cgdt_xen_pv_refusal_text(&longest, whole, sizeof(whole)) < sizeof(whole), "%d",
             reason);
    }
    const size_t length = cgdt_xen_pv_refusal_text(&longest, whole, sizeof(whole));
    for (size_t size = 0; size <= length + 1; size++) {
        memset(cut, '#', sizeof(cut));
        MUST(cgdt_xen_pv_refusal_text(&longest, cut, size) == length, "%zu", size);
        MUST(cut[size] == '#', "%zu: beyond the buffer", size);
        MUST(size == 0 || (strlen(cut) == size - 1 && memcmp(cut, whole, size - 1) == 0), "%zu",
             size);
    }
}

Test(xen_pv_explain, every_cause_has_a_sentence_of_its_own)
{
    const char *unknown = cgdt_xen_pv_cause_text((enum cgdt_xen_pv_cause)99);

    for (int cause = 0; cause <= CGDT_XEN_PV_NOT_LOOKED_AT; cause++) {
        const char *text = cgdt_xen_pv_cause_text((enum cgdt_xen_pv_cause)cause);

        MUST(strlen(text) > 10 && strcmp(text, unknown) != 0, "cause %d", cause);
        for (int other = 0; other < cause; other++)
            MUST(strcmp(text, cgdt_xen_pv_cause_text((enum cgdt_xen_pv_cause)other)) != 0, "%d, %d",
                 cause, other);
    }
}
