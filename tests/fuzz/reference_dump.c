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

struct sum {
    uint8_t *bytes;
    long n; /* or -1, REFERENCE_UNKNOWN */
    uint64_t base;
    bool addressed;
    bool repeats;
};

static void place(struct sum *sum, uint64_t address)
{
    const uint64_t want = address - sum->base;

    if (sum->repeats) {
        sum->repeats = false;
        if (!sum->addressed || sum->n % 8 != 0 || sum->n < 16 || want < (uint64_t)sum->n ||
            want % 16 != 0 || want > 64u << 20)
            sum->n = -1;
        else if (want > REFERENCE_DUMP_BYTES)
            sum->n = REFERENCE_UNKNOWN;
        for (; sum->n >= 0 && (uint64_t)sum->n < want; sum->n++)
            sum->bytes[sum->n] = sum->bytes[sum->n - 16];
    } else if (!sum->addressed || sum->n % 4096 == 0) {
        sum->base = address - (uint64_t)sum->n;
        sum->addressed = true;
    } else if (want != (uint64_t)sum->n) {
        sum->n = -1;
    }
}

/* What stands behind the address; whether there was any. */
static bool groups(struct sum *sum, const char *text, bool fenced)
{
    bool some = false;

    for (;; some = true) {
        const size_t blanks = strspn(text, BLANKS);
        const size_t digits = strspn(text + blanks, HEX);
        const size_t all = strcspn(text + blanks, BLANKS);

        text += blanks;
        if (*text == '\0' || (fenced ? *text == '|' : some && blanks > 1))
            return some;
        if (digits != all || (digits != 2 && digits != 4)) {
            sum->n = -1;
            return some;
        }
        for (size_t i = 0; i < digits; i += 2) {
            const char byte[] = {text[i], text[i + 1], '\0'};

            if (sum->n >= REFERENCE_DUMP_BYTES) {
                sum->n = REFERENCE_UNKNOWN;
                return some;
            }
            sum->bytes[sum->n++] = (uint8_t)strtoul(byte, NULL, 16);
        }
        text += all;
    }
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
            sum.addressed = groups(&sum, behind + (fenced ? 0 : 1), fenced);
    }
    if (sum.n >= 0 && sum.repeats)
        sum.n = -1;
    free(copy);
    return sum.n;
}
