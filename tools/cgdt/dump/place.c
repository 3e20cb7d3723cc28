/* SPDX-License-Identifier: MIT */
/* Addresses of rows: no gap, no repeat, no other order goes unseen. */
#include "place.h"
#include "dump.h"

#include <inttypes.h>

/* Repeat the last row until the dump goes on at `address`. */
static bool repeat(const struct place *place, struct reader *reader, uint64_t address,
                   const char *at)
{
    const uint64_t want = address - place->base;
    const size_t have = fill_bytes(&reader->fill);

    if (reader->fill.filled != 0 || place->row_bytes % CGDT_DESC_BYTES != 0 || want < have ||
        (want - have) % place->row_bytes != 0 || want > DUMP_MAX_BYTES)
        return refuse(reader, at,
                      "'*' cannot stand for what lies between 0x%" PRIx64 " and 0x%" PRIx64
                      ": print with -v",
                      place->base + have, address);
    while (fill_bytes(&reader->fill) < want) {
        const size_t from = reader->fill.n - place->row_bytes / CGDT_DESC_BYTES;

        if (!put_word(reader, at, reader->fill.descs[from], 64))
            return false;
    }
    return true;
}

bool place_row(struct place *place, struct reader *reader, uint64_t address, const char *at)
{
    const size_t bytes = fill_bytes(&reader->fill);
    const uint64_t follows = place->base + bytes;

    if (!place->begun) {
        place->begun = true;
        place->base = address;
        reader->has_address = true;
        reader->address = address;
        return true;
    }
    if (place->repeats) {
        place->repeats = false;
        return repeat(place, reader, address, at);
    }
    if (address == follows && !place->ended)
        return true;
    if (bytes % CGDT_PAGE_BYTES == 0 && (address - place->base) % CGDT_PAGE_BYTES == 0) {
        place->base = address - bytes;
        place->ended = false;
        return true;
    }
    if (place->ended)
        return refuse(reader, at, "a row behind the address that ended the dump");
    return refuse(reader, at, "address 0x%" PRIx64 ", where 0x%" PRIx64 " follows", address,
                  follows);
}

bool place_star(struct place *place, struct reader *reader, const char *at)
{
    if (place->repeats || place->ended || place->row_bytes == 0)
        return refuse(reader, at, "'*' repeats the row before it, and there is none");
    place->repeats = true;
    return true;
}

bool place_ends(const struct place *place, struct reader *reader)
{
    if (!place->repeats)
        return true;
    return refuse(reader, reader->line_at, "'*' at the end: how far it goes is not said");
}
