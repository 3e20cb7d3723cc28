/* SPDX-License-Identifier: MIT */
/*
 * Words of any width into descriptors, and memory for these. Of the text that the words stood in it
 * knows nothing.
 */
#include "fill.h"

#include <stdlib.h>

/* Room for one descriptor more. */
static bool has_room(struct filler *filler)
{
    const size_t wanted = filler->capacity * 2 + CGDT_PAGE_ENTRIES;

    if (filler->n < filler->capacity)
        return true;
    cgdt_desc_t *const larger = realloc(filler->descs, wanted * sizeof(*larger));
    if (larger == NULL)
        return false;
    filler->descs = larger;
    filler->capacity = wanted;
    return true;
}

bool fill_word(struct filler *filler, uint64_t word, unsigned bits)
{
    filler->part |= word << filler->filled;
    filler->filled += bits;
    if (filler->filled < 64)
        return true;
    if (!has_room(filler))
        return false;
    filler->descs[filler->n++] = filler->part;
    filler->part = 0;
    filler->filled = 0;
    return true;
}
