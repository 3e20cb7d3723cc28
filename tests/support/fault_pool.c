/* SPDX-License-Identifier: MIT */
#include "fault_pool.h"

const char *const fault_layout_names[LAYOUTS] = {"page", "window", "common", "native"};

cgdt_slot_t fault_owned[FAULT_SLOTS];

void fault_pool_open(struct fixture *fixture, enum fault_layout layout, bool live)
{
    const uint8_t window_pages[] = {1, 3, 2, 3};

    fixture_prepare(fixture, 64, window_pages[layout], FAULT_SLOTS);
    if (layout == COMMON)
        fixture_set_common(fixture);
    if (layout == NATIVE)
        fixture_set_native(fixture, CGDT_PROFILE_NATIVE64);
    fixture_open(fixture);
    memset(fault_owned, 0, sizeof(fault_owned));
    MUST(cgdt_cpu_online(fixture->pool, 9, &fault_owned[0]) == 0, "online");
    MUST(cgdt_alloc_bulk(fixture->pool, 40, &fault_owned[1]) == 0, "bulk");
    MUST(!live || cgdt_seal(fixture->pool) == 0, "seal");
    for (int i = 1; i < 41; i++)
        if (i % 3 == 0 || i >= 24) {
            MUST(i == 24 || cgdt_free(fixture->pool, fault_owned[i]) == 0, "free");
            MUST(i != 24 || cgdt_cpu_online_at(fixture->pool, 40, fault_owned[i]) == 0, "online");
            fault_owned[i] = CGDT_NO_SLOT;
        }
}

void fault_pool_close(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, 0, 0, 0);
    fixture_free_all(fixture);
    fixture_close(fixture); /* frames out = frames in */
}
