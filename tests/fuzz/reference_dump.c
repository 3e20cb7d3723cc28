/* SPDX-License-Identifier: MIT */
/* Dumps as text; see reference_dump.h. */
#define _POSIX_C_SOURCE 200809L /* strndup() */
#include "reference_dump.h"
#include "fuzz.h"

#include <regex.h>

#define BLANKS  " \t\v\f\r"
#define HEX     "0123456789abcdefABCDEF"
#define ADDRESS "^[" BLANKS "]*([[:xdigit:]]{8,16})"

static bool matches(const char *pattern, const char *text)
{
    regex_t compiled;

    MUST(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0, "%s", pattern);
    const bool result = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return result;
}

long reference_numbers(const char *data, size_t size, uint8_t *bytes)
{
    char *const copy = strndup(data, size);
    size_t width = 0;
    long n = 0;

    for (char *line = copy, *next; line != NULL && n >= 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        char *const colon = strrchr(line, ':');
        for (char *token = strtok(colon ? colon + 1 : line, BLANKS ","); token && n >= 0;
             token = strtok(NULL, BLANKS ",")) {
            const size_t all = strlen(token);
            const size_t prefix = all > 2 && token[0] == '0' && (token[1] | ' ') == 'x' ? 2 : 0;
            const size_t digits = strspn(token + prefix, HEX);

            width = width == 0 ? digits : width;
            if (digits + prefix != all || digits != width ||
                (width != 2 && width != 8 && width != 16)) {
                n = -1;
                break;
            }
            const unsigned long long word = strtoull(token + prefix, NULL, 16);
            for (size_t i = 0; i < width / 2; i++)
                bytes[n++] = (uint8_t)(word >> (8 * i));
        }
    }
    free(copy);
    return n;
}

bool reference_is_listing(const char *data, size_t size)
{
    char *const copy = strndup(data, size);
    char *const first = copy + strspn(copy, BLANKS "\n");

    first[strcspn(first, "\n")] = '\0';
    const bool result =
        matches(ADDRESS "[" BLANKS "]+[[:xdigit:]]{2}[" BLANKS "].*[|]", first) ||
        matches(ADDRESS ":[" BLANKS "]([[:xdigit:]]{2}|[[:xdigit:]]{4})([" BLANKS "]|$)", first);
    free(copy);
    return result;
}

/* Inputs are no longer than this. */
#define REFERENCE_LINE_BYTES (64u << 10)

struct sum {
    uint8_t *bytes;
    long n; /* or -1, REFERENCE_UNKNOWN */
    uint64_t base;
    bool repeats;
    size_t line_bytes;
    uint8_t line[REFERENCE_LINE_BYTES]; /* the last line's */
};

static void add(struct sum *sum, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && sum->n >= 0; i++) {
        if (sum->n >= REFERENCE_DUMP_BYTES)
            sum->n = REFERENCE_UNKNOWN;
        else
            sum->bytes[sum->n++] = bytes[i];
    }
}

static void place(struct sum *sum, uint64_t address)
{
    const uint64_t n = (uint64_t)sum->n;
    const uint64_t want = address - sum->base;

    if (sum->repeats) {
        sum->repeats = false;
        if (n % 8 != 0 || sum->line_bytes == 0 || sum->line_bytes % 8 != 0 || want < n ||
            (want - n) % sum->line_bytes != 0 || want > 64u << 20) {
            sum->n = -1;
            return;
        }
        for (uint64_t i = n; i < want && sum->n >= 0; i += sum->line_bytes)
            add(sum, sum->line, sum->line_bytes);
    } else if (n % 4096 == 0) {
        sum->base = address - n;
    } else if (want != n) {
        sum->n = -1;
    }
}

/* The bytes that stand behind the address. */
static void groups(struct sum *sum, const char *text, bool fenced)
{
    sum->line_bytes = 0;
    for (bool first = true;; first = false) {
        const size_t blanks = strspn(text, BLANKS);
        const size_t digits = strspn(text + blanks, HEX);
        const size_t all = strcspn(text + blanks, BLANKS);

        text += blanks;
        if (*text == '\0' || (fenced ? *text == '|' : !first && blanks > 1))
            break;
        if (digits != all || (digits != 2 && digits != 4)) {
            sum->n = -1;
            return;
        }
        for (size_t i = 0; i < digits; i += 2) {
            const char byte[] = {text[i], text[i + 1], '\0'};

            sum->line[sum->line_bytes++] = (uint8_t)strtoul(byte, NULL, 16);
        }
        text += all;
    }
    add(sum, sum->line, sum->line_bytes);
}

long reference_listing(const char *data, size_t size, uint8_t *bytes)
{
    char *const copy = strndup(data, size);
    struct sum sum = {.bytes = bytes};

    for (char *line = copy, *next; line != NULL && sum.n >= 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line += strspn(line, BLANKS);
        if (*line == '\0')
            continue;
        if (matches("^[*]([" BLANKS "]|$)", line)) {
            sum.repeats = true;
            continue;
        }
        if (!matches(ADDRESS ":?([" BLANKS "]|$)", line)) {
            sum.n = -1;
            break;
        }
        char *behind;
        place(&sum, strtoull(line, &behind, 16));
        const bool fenced = *behind != ':';
        if (sum.n >= 0)
            groups(&sum, behind + (fenced ? 0 : 1), fenced);
    }
    if (sum.n >= 0 && sum.repeats)
        sum.n = -1;
    free(copy);
    return sum.n;
}
