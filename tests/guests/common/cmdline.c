/* SPDX-License-Identifier: MIT */
/* Parsing of the guest's command line. */

#include "cmdline.h"

static bool starts_with(const char *text, const char *prefix, size_t *length)
{
    size_t n = 0;

    while (prefix[n] != '\0') {
        if (text[n] != prefix[n])
            return false;
        n++;
    }
    *length = n;
    return true;
}

const char *cmdline_find(const char *line, const char *key, size_t *length)
{
    const char *at = line;

    while (*at != '\0') {
        size_t n;
        if (starts_with(at, key, &n) && at[n] == '=') {
            const char *value = at + n + 1;
            n = 0;
            while (value[n] != '\0' && value[n] != ' ')
                n++;
            *length = n;
            return value;
        }
        while (*at != '\0' && *at != ' ')
            at++;
        while (*at == ' ')
            at++;
    }
    return NULL;
}

bool cmdline_u32(const char *line, const char *key, uint32_t *value)
{
    size_t length;
    const char *text = cmdline_find(line, key, &length);
    uint64_t sum = 0;

    if (text == NULL)
        return true;
    if (length == 0 || length > 10)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        sum = sum * 10 + (uint64_t)(text[i] - '0');
    }
    if (sum > UINT32_MAX)
        return false;
    *value = (uint32_t)sum;
    return true;
}

int cmdline_choice(const char *line, const char *key, const char *const words[], int nr_words,
                   int otherwise)
{
    size_t length;
    const char *text = cmdline_find(line, key, &length);

    if (text == NULL)
        return otherwise;
    for (int i = 0; i < nr_words; i++) {
        size_t n;
        if (starts_with(text, words[i], &n) && n == length)
            return i;
    }
    return -1;
}
