/* SPDX-License-Identifier: MIT */
/* Building and decoding descriptors, judged by the oracle's field tables. */
#include <cgdt/descriptor.h>
#include <cgdt/error.h>

#include "must.h"
#include "oracle.h"

#define RANDOM_DESCRIPTORS 200000

static struct cgdt_desc_fields decoded(cgdt_desc_t desc)
{
    struct cgdt_desc_fields fields;

    cgdt_desc_decode(desc, &fields);
    return fields;
}

static struct oracle_fields seen(cgdt_desc_t desc)
{
    struct oracle_fields fields;

    oracle_decode(desc, &fields);
    return fields;
}

static bool same(const struct cgdt_desc_fields *ours, const struct oracle_fields *theirs)
{
    return ours->base == theirs->base && ours->limit == theirs->limit &&
           ours->type == theirs->type && ours->dpl == theirs->dpl &&
           ours->segment == theirs->segment && ours->present == theirs->present &&
           ours->avl == theirs->avl && ours->long_mode == theirs->long_mode &&
           ours->default_big == theirs->big && ours->granular == theirs->granular;
}

Test(descriptor, every_single_bit_decodes_to_its_field)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        const struct cgdt_desc_fields ours = decoded(1ull << bit);
        const struct oracle_fields theirs = seen(1ull << bit);

        MUST(same(&ours, &theirs), "bit %u", bit);
    }
}

Test(descriptor, random_values_decode_as_the_manual_says)
{
    uint64_t seed = 1;

    for (int i = 0; i < RANDOM_DESCRIPTORS; i++) {
        const cgdt_desc_t desc = next_random(&seed);
        const struct cgdt_desc_fields ours = decoded(desc);
        const struct oracle_fields theirs = seen(desc);

        MUST(same(&ours, &theirs), "%016" PRIx64, desc);
    }
}

Test(descriptor, encode_is_the_inverse_of_decode)
{
    uint64_t seed = 2;

    for (int i = 0; i < RANDOM_DESCRIPTORS; i++) {
        const cgdt_desc_t desc = next_random(&seed);
        const struct cgdt_desc_fields fields = decoded(desc);

        MUST(cgdt_desc_encode(&fields) == desc, "%016" PRIx64, desc);
    }
}

Test(descriptor, encode_cuts_limit_type_and_dpl_to_their_width)
{
    const struct cgdt_desc_fields wide = {.limit = 0xfff12345, .type = 0xf3, .dpl = 0xfe};
    const struct oracle_fields fields = seen(cgdt_desc_encode(&wide));

    cr_assert_eq(fields.limit, 0x12345);
    cr_assert_eq(fields.type, 3);
    cr_assert_eq(fields.dpl, 2);
    cr_assert_eq(cgdt_desc_encode(&wide) & ~0x000143000000ffffull & ~(3ull << 45), 0,
                 "nothing spilt into a neighbouring field");
}

Test(descriptor, encode_does_not_read_last_offset)
{
    struct cgdt_desc_fields fields = {.base = 0x12345678, .limit = 0x9abcd, .type = 2};
    const cgdt_desc_t desc = cgdt_desc_encode(&fields);

    fields.last_offset = 0xffffffff;
    cr_assert_eq(cgdt_desc_encode(&fields), desc);
}

Test(descriptor, last_offset_counts_bytes_or_whole_pages)
{
    const struct {
        uint32_t limit;
        bool granular;
        uint32_t last;
    } rows[] = {
        {0, false, 0},    {0xfffff, false, 0xfffff},   {0x1234, false, 0x1234},
        {0, true, 0xfff}, {0xfffff, true, 0xffffffff}, {0x12, true, 0x12fff},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct cgdt_desc_fields fields = {.limit = rows[i].limit,
                                                .granular = rows[i].granular};

        cr_assert_eq(decoded(cgdt_desc_encode(&fields)).last_offset, rows[i].last, "row %zu", i);
    }
}

Test(descriptor, a_segment_is_present_accessed_and_has_its_base)
{
    uint64_t seed = 3;

    for (int i = 0; i < 10000; i++) {
        const uint32_t base = (uint32_t)next_random(&seed);
        cgdt_desc_t desc = 0;
        const int result = cgdt_desc_segment(&desc, base, 0xfff, CGDT_DESC_WRITABLE);
        const struct oracle_fields fields = seen(desc);

        MUST(result == 0 && fields.base == base && fields.present && fields.segment &&
                 fields.type == 3 && fields.limit == 0xfff && !fields.granular && !fields.dpl &&
                 !fields.avl && !fields.big && !fields.long_mode,
             "base %08" PRIx32 " gave %016" PRIx64, base, desc);
    }
}

Test(descriptor, every_attribute_of_a_segment_reaches_its_field)
{
    cgdt_desc_t desc = 0;
    const uint64_t all = CGDT_DESC_READABLE | CGDT_DESC_CONFORMING | CGDT_DESC_CODE |
                         CGDT_DESC_DPL(2) | CGDT_DESC_AVL | CGDT_DESC_LONG | CGDT_DESC_DB;

    cr_assert_eq(cgdt_desc_segment(&desc, 0, 0, all), 0);
    const struct oracle_fields fields = seen(desc);
    cr_assert_eq(fields.type, 0xf);
    cr_assert_eq(fields.dpl, 2);
    cr_assert(fields.avl && fields.long_mode && fields.big && !fields.granular);
}

Test(descriptor, a_segment_of_representable_length_is_exactly_that_long)
{
    const uint32_t lengths[] = {0,        1,        0xffe,      0xfffff,    0x100fff,
                                0x101fff, 0x123fff, 0x7fffffff, 0xffffefff, 0xffffffff};

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        cgdt_desc_t desc = 0;

        cr_assert_eq(cgdt_desc_segment(&desc, 0, lengths[i], 0), 0, "length %x", lengths[i]);
        const struct oracle_fields fields = seen(desc);
        const uint64_t last = fields.granular ? fields.limit * 4096ull + 4095 : fields.limit;
        cr_assert_eq(last, lengths[i], "length %x became %" PRIx64, lengths[i], last);
    }
}

Test(descriptor, a_segment_of_another_length_is_out_of_range)
{
    const uint32_t lengths[] = {0x100000, 0x100ffe, 0x101000, 0xfffffffe, 0x80000000};

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        cgdt_desc_t desc = 77;

        cr_assert_eq(cgdt_desc_segment(&desc, 0, lengths[i], 0), -CGDT_ERANGE, "%x", lengths[i]);
        cr_assert_eq(desc, 77, "a failed call changed its result");
    }
}

Test(descriptor, bits_that_are_no_attribute_are_out_of_range)
{
    const uint64_t not_attributes = 0xff0f00ffffffffffull; /* base and limit */

    for (unsigned bit = 0; bit < 64; bit++) {
        cgdt_desc_t desc = 77;

        if (!(not_attributes >> bit & 1))
            continue;
        cr_assert_eq(cgdt_desc_segment(&desc, 0, 0, 1ull << bit), -CGDT_ERANGE, "bit %u", bit);
        cr_assert_eq(desc, 77, "a failed call changed its result");
    }
}

Test(descriptor, code64_is_flat_long_code_of_its_ring)
{
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        const struct oracle_fields fields = seen(cgdt_desc_code64(dpl));

        cr_assert_eq(fields.dpl, dpl);
        cr_assert_eq(fields.type, 0xb, "code, readable, accessed");
        cr_assert_eq(fields.limit, 0xfffff);
        cr_assert(fields.present && fields.segment && fields.long_mode && !fields.big);
        cr_assert(fields.granular && fields.base == 0);
    }
}

Test(descriptor, code32_is_four_gibibytes_of_code_of_its_ring)
{
    for (unsigned dpl = 0; dpl < 8; dpl++) {
        const struct oracle_fields fields = seen(cgdt_desc_code32(dpl));

        cr_assert_eq(fields.segment, 1);
        cr_assert_eq(fields.type, 11);
        cr_assert_eq(fields.long_mode, 0);
        cr_assert_eq(fields.big, 1);
        cr_assert_eq(fields.present, 1);
        cr_assert_eq(fields.dpl, dpl % 4, "other bits of the ring are cut off");
        cr_assert(fields.base == 0 && fields.limit == 0xfffff && fields.granular);
    }
}

Test(descriptor, data_flat_is_four_gibibytes_of_its_ring)
{
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        const struct oracle_fields fields = seen(cgdt_desc_data_flat(dpl));

        cr_assert_eq(fields.dpl, dpl);
        cr_assert_eq(fields.type, 3, "data, writable, accessed");
        cr_assert_eq(fields.limit, 0xfffff);
        cr_assert(fields.present && fields.segment && !fields.long_mode && fields.big);
        cr_assert(fields.granular && fields.base == 0);
    }
}

Test(descriptor, a_64_bit_system_segment_spreads_its_base_over_two_descriptors)
{
    uint64_t seed = 4;

    for (int i = 0; i < 10000; i++) {
        cgdt_desc_t desc[2] = {0, 0};
        const uint64_t base = (uint64_t)((int64_t)(next_random(&seed) << 7) >> 7);
        const uint32_t limit = random_below(&seed, 0x100000);
        const int result = cgdt_desc_system64(desc, base, limit, CGDT_SYS_TSS_AVAILABLE, 1);
        const struct oracle_fields low = seen(desc[0]);

        MUST(result == 0 && low.base == (uint32_t)base && desc[1] == base >> 32 &&
                 low.limit == limit && low.type == 9 && low.dpl == 1 && low.present &&
                 !low.segment && !low.granular && !low.avl && !low.long_mode && !low.big,
             "base %016" PRIx64 " limit %x: %016" PRIx64 " %016" PRIx64, base, limit, desc[0],
             desc[1]);
    }
}

Test(descriptor, only_canonical_bases_of_57_bits_make_a_system_segment)
{
    const struct {
        uint64_t base;
        int result;
    } rows[] = {
        {0, 0},
        {0x00ffffffffffffff, 0},
        {0x0100000000000000, -CGDT_ERANGE},
        {0x7fffffffffffffff, -CGDT_ERANGE},
        {0x8000000000000000, -CGDT_ERANGE},
        {0xfeffffffffffffff, -CGDT_ERANGE},
        {0xff00000000000000, 0},
        {0xffffffffffffffff, 0},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cgdt_desc_t desc[2] = {7, 7};

        cr_assert_eq(cgdt_desc_system64(desc, rows[i].base, 103, CGDT_SYS_LDT, 0), rows[i].result,
                     "base %" PRIx64, rows[i].base);
        cr_assert(rows[i].result == 0 || (desc[0] == 7 && desc[1] == 7));
    }
}

Test(descriptor, only_ldt_and_tss_are_system_segments)
{
    for (int type = 0; type < 16; type++) {
        const bool good = type == 2 || type == 9 || type == 11;
        cgdt_desc_t wide[2];
        cgdt_desc_t narrow;

        cr_assert_eq(cgdt_desc_system64(wide, 0, 0, (enum cgdt_system_type)type, 0),
                     good ? 0 : -CGDT_ERANGE, "type %d", type);
        cr_assert_eq(cgdt_desc_system32(&narrow, 0, 0, (enum cgdt_system_type)type, 0),
                     good ? 0 : -CGDT_ERANGE, "type %d", type);
    }
}

Test(descriptor, a_system_segment_ends_below_one_mebibyte)
{
    cgdt_desc_t desc[2] = {7, 7};

    cr_assert_eq(cgdt_desc_system64(desc, 0, 0x100000, CGDT_SYS_LDT, 0), -CGDT_ERANGE);
    cr_assert_eq(cgdt_desc_system32(desc, 0, 0x100000, CGDT_SYS_LDT, 0), -CGDT_ERANGE);
    cr_assert(desc[0] == 7 && desc[1] == 7);
    cr_assert_eq(cgdt_desc_system64(desc, 0, 0xfffff, CGDT_SYS_LDT, 0), 0);
    cr_assert_eq(cgdt_desc_system32(desc, 0, 0xfffff, CGDT_SYS_LDT, 0), 0);
}

Test(descriptor, a_32_bit_system_segment_has_its_fields_in_one_descriptor)
{
    cgdt_desc_t desc = 0;

    cr_assert_eq(cgdt_desc_system32(&desc, 0x89abcdef, 0x54321, CGDT_SYS_TSS_BUSY, 2), 0);
    const struct oracle_fields fields = seen(desc);
    cr_assert_eq(fields.base, 0x89abcdef);
    cr_assert_eq(fields.limit, 0x54321);
    cr_assert_eq(fields.type, 11);
    cr_assert_eq(fields.dpl, 2);
    cr_assert(fields.present && !fields.segment && !fields.granular && !fields.avl);
}

Test(descriptor, a_call_gate_carries_selector_offset_and_ring)
{
    uint64_t seed = 5;

    for (int i = 0; i < 10000; i++) {
        cgdt_desc_t desc[2] = {0, 0};
        const uint64_t offset = next_random(&seed);
        const uint16_t selector = (uint16_t)next_random(&seed);
        struct oracle_gate gate;

        cgdt_desc_call_gate64(desc, selector, offset, (unsigned)i & 3u);
        oracle_decode_gate(desc[0], &gate);
        MUST(gate.offset == (uint32_t)offset && desc[1] == offset >> 32 &&
                 gate.selector == selector && gate.dpl == ((unsigned)i & 3u) && gate.type == 12 &&
                 gate.present && gate.low_byte == 0 && !(desc[0] >> 44 & 1),
             "%04x:%016" PRIx64, selector, offset);
    }
}

Test(descriptor, only_present_system_descriptors_with_a_type_are_wide)
{
    for (unsigned type = 0; type < 16; type++)
        for (unsigned s = 0; s < 2; s++)
            for (unsigned p = 0; p < 2; p++) {
                const cgdt_desc_t desc =
                    (uint64_t)type << 40 | (uint64_t)s << 44 | (uint64_t)p << 47;

                MUST(cgdt_desc_wide64(desc) == (p && !s && type), "type %u s %u p %u", type, s, p);
                MUST(cgdt_desc_present(desc) == (p != 0), "present");
                MUST(cgdt_desc_type(desc) == type, "type");
            }
}

Test(descriptor, a_privilege_level_above_3_does_not_fit)
{
    cgdt_desc_t desc[2] = {77, 77};

    cr_assert_eq(cgdt_desc_system32(desc, 0, 0, CGDT_SYS_LDT, 4), -CGDT_ERANGE);
    cr_assert_eq(cgdt_desc_system64(desc, 0, 0, CGDT_SYS_LDT, 0xffffffff), -CGDT_ERANGE);
    cr_assert(desc[0] == 77 && desc[1] == 77, "a failed call wrote");
}
