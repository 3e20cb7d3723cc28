/* SPDX-License-Identifier: GPL-2.0-only */

#include "host.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"linux", "linux-xen", "linux-stock", "linux-xen-stock"};

static bool file_begins(const char *path, const char *text)
{
    char start[128] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, start, sizeof(start) - 1);
    close(fd);
    return got > 0 && strncmp(start, text, strlen(text)) == 0;
}

enum host host_find(void)
{
    if (file_begins("/proc/cgdt", "LINUX host=linux-xen "))
        return HOST_LINUX_XEN;
    if (file_begins("/proc/cgdt", "LINUX host=linux "))
        return HOST_LINUX;
    if (access("/proc/cgdt", F_OK) == 0)
        fail("the first line of /proc/cgdt names no host that is known here");
    return file_begins("/sys/hypervisor/type", "xen") ? HOST_LINUX_XEN_STOCK : HOST_LINUX_STOCK;
}

const char *host_name(enum host host)
{
    return names[host];
}

bool host_has_cgdt(enum host host)
{
    return host == HOST_LINUX || host == HOST_LINUX_XEN;
}

bool host_is_xen(enum host host)
{
    return host == HOST_LINUX_XEN || host == HOST_LINUX_XEN_STOCK;
}

bool host_keeps_data_selectors(enum host host)
{
    return !host_is_xen(host);
}

bool proc_file_read(struct cgdt_file *file, const char *path)
{
    size_t used = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    file->text[0] = '\0';
    if (fd < 0)
        return false;
    while (got > 0 && used < sizeof(file->text) - 1) {
        got = read(fd, file->text + used, sizeof(file->text) - 1 - used);
        if (got > 0)
            used += (size_t)got;
    }
    close(fd);
    if (got < 0)
        fail("%s: %s", path, strerror(errno));
    if (got > 0)
        fail("%s is longer than %d bytes", path, CGDT_FILE_BYTES - 1);
    file->text[used] = '\0';
    return true;
}

bool cgdt_file_read(struct cgdt_file *file)
{
    return proc_file_read(file, "/proc/cgdt");
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end && end[1] ? end + 1 : NULL;
}

static bool line_is(const char *line, const char *word)
{
    size_t length = strlen(word);

    return strncmp(line, word, length) == 0 && line[length] == ' ';
}

const char *cgdt_line(const struct cgdt_file *file, const char *word)
{
    for (const char *line = file->text; line && *line; line = next_line(line)) {
        if (line_is(line, word))
            return line;
    }
    return NULL;
}

const char *cgdt_line_with(const struct cgdt_file *file, const char *word, const char *key,
                           unsigned long long value)
{
    unsigned long long found;

    for (const char *line = file->text; line && *line; line = next_line(line)) {
        if (line_is(line, word) && cgdt_number(line, key, &found) && found == value)
            return line;
    }
    return NULL;
}

/* Behind " key=", or NULL. */
static const char *value_of(const char *line, const char *key)
{
    size_t length = strlen(key);

    for (; line && *line && *line != '\n'; line++) {
        if (*line == ' ' && strncmp(line + 1, key, length) == 0 && line[length + 1] == '=')
            return line + length + 2;
    }
    return NULL;
}

bool cgdt_number(const char *line, const char *key, unsigned long long *value)
{
    const char *text = value_of(line, key);
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 0);
    return *end == ' ' || *end == '\n' || *end == '\0';
}

void cgdt_word(const char *line, const char *key, char *word, size_t bytes)
{
    const char *text = value_of(line, key);
    size_t length = text ? strcspn(text, " \n") : 0;

    if (length >= bytes)
        length = bytes - 1;
    if (length)
        memcpy(word, text, length);
    word[length] = '\0';
}
