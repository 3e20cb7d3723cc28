/* SPDX-License-Identifier: MIT */
/* Descriptors to ask about. */

#include "samples.h"

#define GATE_TYPE 0x00000c0000000000u /* call gate; P and DPL are added */
#define PRESENT   0x0000800000000000u
#define SEGMENT   0x0000100000000000u

#define COMBINATIONS 4096u /* of the bits 40..47 and 52..55 */
#define GATES        (8u * 65536u)
#define BYTES        (20u * 4u * 256u)
#define FLIPPED      (16u * 2080u)
#define LIMITS       (32u * 1024u)

uint64_t chance(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

uint32_t chance_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)((chance(state) >> 32) * limit >> 32);
}

/* Base, limit, or a gate's offset and selector: the bits that the combinations leave. */
static uint64_t rest(uint32_t i)
{
    static const uint64_t rests[26] = {
        0,
        0xff0f00ffffffffffu, /* all ones */
        0x000f00000000ffffu, /* flat */
        0x000000000000ffffu, /* 64 KiB */
        0x0000000000000001u, /* limit 1 */
        0x000f000000000000u,
        0x0f000000ffff0000u, /* limits and bases at the ends */
        0x8000000000000000u,
        0xff0000ff00000000u,
        0x0000000080000000u,
        0x0000000000080000u, /* as a gate: selector 0x0008 */
        0x00000000dff80000u, /* the last of the guest's, 7167 */
        0x00000000e0000000u, /* the first of Xen's, 7168 */
        0x00000000e0030000u,
        0x00000000e0080000u,
        0x00000000e0300000u, /* Xen's code selector without its RPL */
        0x00000000e0330000u, /* and as it is */
        0x00000000e0180000u, /* the same for 32-bit guests */
        0x00000000e0190000u,
        0x00000000e0340000u,
        0x00000000ffff0000u, /* TI = 1 */
        0x0000000000040000u,
        0x00000000e0370000u,
        0x00000001e0330000u, /* reserved bits */
        0x00000080e0330000u,
        0x000000ff00080000u,
    };

    return rests[i];
}

static cgdt_desc_t combination(uint32_t n)
{
    const uint64_t bits = n % COMBINATIONS;

    return (bits & 0xff) << 40 | (bits >> 8) << 52 | rest(n / COMBINATIONS);
}

static cgdt_desc_t gate(uint64_t selector, uint64_t dpl, uint64_t reserved)
{
    return PRESENT | GATE_TYPE | dpl << 45 | selector << 16 | reserved << 32 |
           0x1234000000005678u; /* some offset */
}

static cgdt_desc_t gate_to(uint32_t n)
{
    const uint64_t selector = n / 8;

    return gate(selector, n / 2 % 4, n % 2 == 0 ? 0 : 1u << selector % 8);
}

static cgdt_desc_t gate_with(uint32_t n)
{
    static const uint16_t selectors[20] = {0x0000, 0x0003, 0x0004, 0x0008, 0x000b, 0xdff8, 0xdffb,
                                           0xdfff, 0xe000, 0xe004, 0xe008, 0xe018, 0xe019, 0xe01b,
                                           0xe01d, 0xe023, 0xe030, 0xe033, 0xe037, 0xfff8};

    return gate(selectors[n / 1024], n / 256 % 4, n % 256);
}

/* 64 with one bit flipped, then the pairs of bits. */
static uint64_t flips(uint32_t n)
{
    if (n < 64)
        return (uint64_t)1 << n;
    n -= 64;
    for (uint32_t high = 1;; high++) {
        if (n < high)
            return (uint64_t)1 << high | (uint64_t)1 << n;
        n -= high;
    }
}

static cgdt_desc_t flipped(uint32_t n)
{
    static const uint64_t common[16] = {
        0x00affb000000ffffu, 0x00cff3000000ffffu, 0x00af9b000000ffffu, 0x00cf93000000ffffu,
        0x00cffb000000ffffu, 0x0040f30000001000u, 0x0000890000000067u, 0x00008b0000000067u,
        0x0000820000000fffu, 0x00008c0000080000u, 0x0000ec0000080000u, 0x0000ee0000100000u,
        0x0000850000280000u, 0x00000000ffff8000u, 0x0000800000000000u, 0,
    };

    return common[n / 2080] ^ flips(n % 2080);
}

/* The last page that a limit reaches: places where Xen may begin are between the middle ones. */
static uint64_t last_page(uint32_t n)
{
    static const uint32_t starts[6] = {0xf5800, 0xf6800, 0xfec00, 0xfee00, 0xff800, 0xffc00};
    static const uint32_t others[8] = {0, 1, 0x7ffff, 0x80000, 0xeffff, 0xf0000, 0xffffe, 0xfffff};

    return n < 24 ? starts[n / 4] + n % 4 - 2 : others[n - 24];
}

/* A segment of every type, DPL, G and D. */
static cgdt_desc_t limited(uint32_t n)
{
    static const uint64_t bases[4] = {0, 0x0000000000010000u, 0x0000008000000000u,
                                      0x8000000000000000u};
    const uint64_t limit = last_page(n / 1024);

    return PRESENT | SEGMENT | (limit & 0xf0000) << 32 | (limit & 0xffff) | bases[n % 4] |
           (uint64_t)(n / 4 % 16) << 40 | (uint64_t)(n / 64 % 4) << 45 |
           (uint64_t)(n / 256 % 4) << 54;
}

/* Begins at 0 or nearly, and ends within the last 256 MiB. */
static uint64_t flat(uint64_t value)
{
    const uint64_t base = value % 7 == 0 ? (uint64_t)1 << (16 + value % 24) : 0;

    return (value & ~0xff0000ffffff0000u) | base | PRESENT | SEGMENT | 0x008f000000000000u;
}

static cgdt_desc_t by_chance(uint32_t n)
{
    uint64_t state = 0x9e3779b97f4a7c15u * (n + (uint64_t)1);
    const uint64_t value = chance(&state);

    switch (n % 4) {
    case 0:
        return value;
    case 1:
        return n % 8 < 4 ? value | PRESENT : flat(value);
    case 2:
        return (value | PRESENT) & ~SEGMENT;
    default: /* a call gate, its reserved byte zero every other time */
        return (((value | PRESENT) & ~SEGMENT & ~0x00000f0000000000u) | GATE_TYPE) &
               (n % 8 < 4 ? ~0x000000ff00000000u : ~(uint64_t)0);
    }
}

cgdt_desc_t sample(uint32_t n)
{
    if (n < COMBINATIONS * 26)
        return combination(n);
    n -= COMBINATIONS * 26;
    if (n < GATES)
        return gate_to(n);
    n -= GATES;
    if (n < BYTES)
        return gate_with(n);
    n -= BYTES;
    if (n < FLIPPED)
        return flipped(n);
    n -= FLIPPED;
    return n < LIMITS ? limited(n) : by_chance(n - LIMITS);
}

_Static_assert(SAMPLES_IN_ORDER == COMBINATIONS * 26 + GATES + BYTES + FLIPPED + LIMITS,
               "samples.h");
