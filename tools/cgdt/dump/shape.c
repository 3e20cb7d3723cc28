/* SPDX-License-Identifier: MIT */
/* Braces within braces: what is full, and what would be zero without being there. */
#include "shape.h"

#include "dump.h"

#include <inttypes.h>

/* Elements of the dimensions from this one on. */
static uint64_t product(const struct shape *shape, unsigned from)
{
    uint64_t n = 1;

    for (unsigned i = from; i < shape->dims; i++)
        n *= shape->dim[i];
    return n;
}

bool shape_dimension(struct reader *reader, struct shape *shape, struct span token, uint64_t n)
{
    if (shape->dims == SHAPE_DIMS)
        return refuse_token(reader, token, "is one dimension too many");
    if (!shape->rust && shape->dims > 0 && n == 0)
        return refuse_token(reader, token, "does not say how many: write the number");
    if (shape->rust) {
        for (unsigned i = shape->dims; i > 0; i--)
            shape->dim[i] = shape->dim[i - 1];
        shape->dim[0] = n;
    } else {
        shape->dim[shape->dims] = n;
    }
    shape->dims++;
    uint64_t all = 1;
    for (unsigned i = 0; i < shape->dims; i++) {
        if (shape->dim[i] > DUMP_MAX_BYTES)
            return refuse_token(reader, token, "makes more elements than are read");
        all *= shape->dim[i] != 0 ? shape->dim[i] : 1;
        if (all > DUMP_MAX_BYTES)
            return refuse_token(reader, token, "makes more elements than are read");
    }
    return true;
}

bool shape_number(struct reader *reader, struct shape *shape, struct span token)
{
    if (shape->lists_at[shape->level])
        return refuse_token(reader, token, "has no braces, and what stands beside it has");
    shape->numbers_at[shape->level] = true;
    shape->numbers++;
    shape->items += shape->level == 1;
    return true;
}

bool shape_open(struct reader *reader, struct shape *shape, struct span token)
{
    if (shape->level == SHAPE_LEVELS)
        return refuse_token(reader, token, "opens no list here");
    if (shape->numbers_at[shape->level])
        return refuse_token(reader, token, "has braces, and what stands beside it has none");
    shape->lists_at[shape->level] = true;
    shape->items += shape->level == 1;
    shape->level++;
    shape->begun_at[shape->level] = shape->numbers;
    return true;
}

/* Whether an inner list of n numbers is all that the type has there; a struct is a descriptor. */
static bool check_full(struct reader *reader, const struct shape *shape, const char *at, uint64_t n,
                       unsigned bits)
{
    const uint64_t full = product(shape, shape->level - 1);
    const uint64_t here = shape->scalar ? n : n * bits / 64;

    if (!shape->scalar && n * bits % 64 != 0)
        return refuse(reader, at,
                      "an inner list of %" PRIu64 " numbers of %u bits is no whole descriptor: "
                      "write the zeros out",
                      n, bits);
    if (here == full)
        return true;
    return refuse(reader, at, "an inner list of %" PRIu64 ", where the type has %" PRIu64 " %s%s",
                  here, full, shape->scalar ? "there" : "descriptors there",
                  here < full ? ": write the zeros out" : "");
}

bool shape_close(struct reader *reader, struct shape *shape, struct span token, unsigned bits)
{
    const unsigned level = shape->level;
    const uint64_t n = shape->numbers - shape->begun_at[level];

    if (n == 0)
        return refuse(reader, token.at, "an inner list of no number: write the zeros out");
    if (shape->size[level] != 0 && shape->size[level] != n)
        return refuse(reader, token.at,
                      "an inner list of %" PRIu64 ", the others have %" PRIu64
                      ": write the zeros out",
                      n, shape->size[level]);
    if (bits != 0 && !shape->rust && !check_full(reader, shape, token.at, n, bits))
        return false;
    shape->size[level] = n;
    shape->level--;
    return true;
}

uint64_t shape_unit(const struct shape *shape)
{
    return shape->lists_at[1] ? shape->size[2] : 1;
}

bool shape_end(struct reader *reader, const struct shape *shape, const char *at, unsigned bits,
               bool placed, uint64_t *missing)
{
    const bool nested = shape->lists_at[1] && !shape->rust;
    const uint64_t row = nested ? 1 : product(shape, 1);
    const uint64_t here = shape->rust ? shape->numbers : shape->items;
    const bool open = shape->dims != 0 && shape->dim[0] == 0 && !shape->rust; /* whole rows */
    /* A struct's size is not known; but one that is full shows. */
    const bool halves = !nested && !shape->scalar && bits != 64;
    const uint64_t elements = halves ? (here * bits + 63) / 64 : here;
    const uint64_t declared = open     ? (elements + row - 1) / row * row
                              : nested ? shape->dim[0]
                                       : product(shape, 0);

    *missing = 0;
    if (shape->dims == 0 || declared == 0 ||
        (halves ? here * bits == declared * 64 : here == declared))
        return true;
    if (halves && here == declared)
        return refuse(reader, at,
                      "of how many bits an element is, the type does not say: write u%u", bits);
    if (here < declared && placed && !shape->rust && !halves) {
        *missing = (declared - here) * shape_unit(shape);
        return true;
    }
    return refuse(reader, at, "%" PRIu64 " elements are declared, %" PRIu64 " %s here%s", declared,
                  here, halves ? "numbers are" : "are",
                  here < declared || halves ? ": write the zeros out, if none was lost" : "");
}
