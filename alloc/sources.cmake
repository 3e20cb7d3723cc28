# SPDX-License-Identifier: MIT
#
# The files of the core, relative to alloc/: the one list of them, for every kind of build.

set(CGDT_CORE_SOURCES
    batch.c
    check.c
    cpu.c
    describe.c
    descriptor.c
    error.c
    layout.c
    pool.c
    slotmap.c
    text.c
    window.c
)
