/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kernel this is, and what /proc/cgdt of the one with cgdt says. */

#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

enum host {
    HOST_LINUX,
    HOST_LINUX_XEN,
    HOST_LINUX_STOCK,
    HOST_LINUX_XEN_STOCK
};

enum host host_find(void);
const char *host_name(enum host host);
bool host_has_cgdt(enum host host);
bool host_is_xen(enum host host);

/*
 * Whether %ds and %es may hold selectors whose descriptors are switched with the thread. Under Xen
 * they may not: Linux saves the two after it has changed the descriptors, and a virtual processor
 * that Xen takes away in between gets them back as zero. Seen on the stock kernel.
 */
bool host_keeps_data_selectors(enum host host);

enum {
    CGDT_FILE_BYTES = 65536
};

struct cgdt_file {
    char text[CGDT_FILE_BYTES];
};

/* False if there is no such file; /proc/cgdt: a stock kernel. */
bool proc_file_read(struct cgdt_file *file, const char *path);
bool cgdt_file_read(struct cgdt_file *file);

/* The first line with this first word, or the one of that word with key=value too; else NULL. */
const char *cgdt_line(const struct cgdt_file *file, const char *word);
const char *cgdt_line_with(const struct cgdt_file *file, const char *word, const char *key,
                           unsigned long long value);

/* A number behind key= in this line; false if there is none. NULL is a line without any. */
bool cgdt_number(const char *line, const char *key, unsigned long long *value);

/* What stands behind key= in this line, cut at the end of `word`; "" if the key is not there. */
void cgdt_word(const char *line, const char *key, char *word, size_t bytes);

#endif
