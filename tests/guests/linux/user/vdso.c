/* SPDX-License-Identifier: GPL-2.0-only */

#include "vdso.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

struct image {
    const char *start;
    const ElfW(Sym) * symbols;
    const char *names;
    uint32_t symbol_count;
};

/* A DT_HASH table's second word is the number of symbols. */
static void read_dynamic(struct image *image, const ElfW(Dyn) * dynamic)
{
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const void *there = image->start + dynamic->d_un.d_ptr;

        if (dynamic->d_tag == DT_SYMTAB)
            image->symbols = there;
        else if (dynamic->d_tag == DT_STRTAB)
            image->names = there;
        else if (dynamic->d_tag == DT_HASH)
            image->symbol_count = ((const uint32_t *)there)[1];
    }
}

void *vdso_function(const char *name)
{
    struct image image = {.start = (const char *)getauxval(AT_SYSINFO_EHDR)};
    const ElfW(Ehdr) *header = (const void *)image.start;
    const ElfW(Phdr) * segments;

    if (!image.start)
        return NULL;
    segments = (const void *)(image.start + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_DYNAMIC)
            read_dynamic(&image, (const void *)(image.start + segments[i].p_offset));
    }
    if (!image.symbols || !image.names)
        return NULL;
    for (uint32_t i = 0; i < image.symbol_count; i++) {
        const ElfW(Sym) *symbol = &image.symbols[i];

        if (symbol->st_shndx != SHN_UNDEF && strcmp(image.names + symbol->st_name, name) == 0)
            return (void *)(uintptr_t)(image.start + symbol->st_value);
    }
    return NULL;
}
