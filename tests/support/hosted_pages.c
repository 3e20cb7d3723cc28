/* SPDX-License-Identifier: MIT */
/* The hosted port without a pool; see hosted_pages.h. */
#include "hosted_pages.h"

#include "must.h"

const struct cgdt_hosted_config hosted_config = {
    .max_cpus = 8 * 16,
    .layout = {.slot_entries = 32,
               .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
               .window_pages = 2,
               .common = true}};

struct cgdt_hosted *hosted;
static void *views[9]; /* [8]: the common page */

void **hosted_view_of(uint32_t page)
{
    return &views[page == CGDT_COMMON_PAGE ? 8 : page];
}

void hosted_pages_open(void)
{
    const uint32_t pages[] = {0, 1, 2, 6, CGDT_COMMON_PAGE};

    cr_assert_eq(cgdt_hosted_create(&hosted, &hosted_config), 0);
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        cr_assert_eq(cgdt_hosted_port.map(hosted, pages[i], hosted_view_of(pages[i])), 0);
        for (uint64_t entry = 0; entry < 512; entry++)
            ((cgdt_desc_t *)*hosted_view_of(pages[i]))[entry] = HOSTED_DATA3 | (entry + 512u * i)
                                                                                   << 16;
    }
}

void hosted_pages_close(void)
{
    const uint32_t pages[] = {0, 1, 2, 6, CGDT_COMMON_PAGE};

    for (size_t i = 0; i < COUNT_OF(pages); i++)
        cgdt_hosted_port.unmap(hosted, pages[i], *hosted_view_of(pages[i]));
    cr_assert_eq(cgdt_hosted_pages_out(hosted), 0);
    cgdt_hosted_destroy(hosted);
}
