# SPDX-License-Identifier: MIT
#
# The files of the core, relative to alloc/: the one list of them, for every kind of build.

set(CGDT_CORE_SOURCES
    batch.c
    bulk.c
    check.c
    content.c
    cpu.c
    descriptor.c
    error.c
    grow.c
    inspect.c
    layout.c
    pool.c
    slot.c
    slotmap.c
    text.c
    window.c
)
