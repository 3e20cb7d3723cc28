/* SPDX-License-Identifier: MIT */
/*
 * What slots of an explored pool hold: the template, then one of a few values in two entries, then
 * zeros. It knows pages and descriptors, and nothing of schedules.
 */
#ifndef CGDT_TESTS_CONTENTS_H
#define CGDT_TESTS_CONTENTS_H

#include "pool.h"

#define TEMPLATE_ENTRIES 2u
#define VALUE_ENTRIES    2u

/* What contents_value() says of descriptors that nobody has written so. */
#define NO_VALUE 99u

/* The first of a value: right behind the template; in slots of 16 so far behind that it marks. */
static inline uint32_t contents_value_entry(const struct cgdt_layout *layout)
{
    return layout->slot_entries == 16 ? 8 : TEMPLATE_ENTRIES;
}

/* What every new slot starts with: TEMPLATE_ENTRIES. */
const cgdt_desc_t *contents_template(void);

/* What value n looks like; 0: zeros. */
void contents_of_value(const struct cgdt_pool *pool, uint32_t n, cgdt_desc_t descs[VALUE_ENTRIES]);
uint32_t contents_value(const struct cgdt_pool *pool, const cgdt_desc_t descs[VALUE_ENTRIES]);

/* Whether a slot holds the template, value n, and zeros; or zeros alone. */
bool contents_are(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t n);
bool contents_are_zero(const struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
