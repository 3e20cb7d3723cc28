/* SPDX-License-Identifier: MIT */
/* See supply.h. */
#include "supply.h"
#include "explorer.h"

#include <string.h>

#define MOST_SLOTS 80u
#define WORD_BITS  (1u << CGDT_SLOTMAP_WORD_SHIFT)

static struct {
    const struct slotmap *map;
    bool coming[EXPLORER_CPUS][MOST_SLOTS]; /* freed by a call of this CPU that goes on */
    bool always[EXPLORER_CPUS][MOST_SLOTS]; /* free bit set since this CPU's call began */
    bool is_short[EXPLORER_CPUS];           /* at some moment there were too few for its call */
    uint32_t mine[EXPLORER_CPUS];           /* slots that its call has claimed */
    uint32_t wants[EXPLORER_CPUS];          /* slots; 0: not in such a call */
} now;

static bool bit_of(uint32_t slot)
{
    return (now.map->level[0][slot / WORD_BITS] >> slot % WORD_BITS & 1u) != 0;
}

/* Free, and its free has returned. */
static uint32_t settled(void)
{
    uint32_t n = 0;

    for (uint32_t slot = 0; slot < now.map->slots; slot++) {
        bool is_coming = false;

        for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++)
            is_coming |= now.coming[cpu][slot];
        n += bit_of(slot) && !is_coming;
    }
    return n;
}

static void look_who_is_short(void)
{
    const uint32_t n = settled();

    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++)
        now.is_short[cpu] |= n + now.mine[cpu] < now.wants[cpu];
}

void supply_reset(const struct cgdt_pool *pool)
{
    memset(&now, 0, sizeof(now));
    now.map = &pool->map;
}

void supply_changed(unsigned cpu, const volatile void *at, uint64_t old, uint64_t value)
{
    const size_t index = (size_t)((const volatile cgdt_word_t *)at - now.map->level[0]);

    if (now.map == NULL || index >= (now.map->slots + WORD_BITS - 1) / WORD_BITS)
        return;
    for (uint32_t bit = 0; bit < WORD_BITS; bit++) {
        const uint32_t slot = (uint32_t)index * WORD_BITS + bit;

        if (((old ^ value) >> bit & 1u) == 0)
            continue;
        if ((value >> bit & 1u) != 0) {
            now.coming[cpu][slot] = true;
            now.mine[cpu] -= now.mine[cpu] > 0;
            continue;
        }
        now.mine[cpu]++;
        for (unsigned other = 0; other < EXPLORER_CPUS; other++)
            now.coming[other][slot] = now.always[other][slot] = false;
    }
    look_who_is_short();
}

void supply_call_begins(unsigned cpu, uint32_t n)
{
    now.wants[cpu] = n;
    now.mine[cpu] = 0;
    now.is_short[cpu] = false;
    for (uint32_t slot = 0; slot < now.map->slots; slot++)
        now.always[cpu][slot] = bit_of(slot);
    look_who_is_short();
}

void supply_call_returns(unsigned cpu)
{
    now.wants[cpu] = 0;
    memset(now.coming[cpu], 0, sizeof(now.coming[cpu]));
}

const char *supply_was_short(unsigned cpu)
{
    uint32_t overlooked = 0;

    if (now.wants[cpu] == 0)
        return NULL;
    for (uint32_t slot = 0; slot < now.map->slots; slot++)
        overlooked += now.always[cpu][slot];
    if (overlooked + now.mine[cpu] >= now.wants[cpu])
        return "slots that were free all the time are overlooked";
    return now.is_short[cpu] ? NULL : "there were slots enough at every moment of the call";
}
