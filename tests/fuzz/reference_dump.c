/* SPDX-License-Identifier: MIT */
/* Dumps as text; see reference_dump.h. */
#define _POSIX_C_SOURCE 200809L /* strndup() */
#include "reference_dump.h"
#include "fuzz.h"

#define BLANKS " \t\v\f\r"
#define HEX    "0123456789abcdefABCDEF"

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
        for (char *token = strtok(line, BLANKS ","); token && n >= 0;
             token = strtok(NULL, BLANKS ",")) {
            const size_t all = strlen(token);
            const size_t prefix = all > 2 && token[0] == '0' && (token[1] | ' ') == 'x' ? 2 : 0;
            const size_t digits = strspn(token + prefix, HEX);

            width = width == 0 ? digits : width;
            if (digits + prefix != all || digits != width ||
                (width != 2 && width != 8 && width != 16)) {
                n = strspn(token, HEX "xX") == all ? -1 : REFERENCE_UNKNOWN;
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
