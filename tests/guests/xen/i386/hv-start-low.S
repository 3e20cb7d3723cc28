// SPDX-License-Identifier: MIT
//
// The note by which a 32-bit dom0 leaves Xen as much of the address space as it wants from there
// on, and gets what it does not need: Xen begins where its table of machine frames does, 0xffc00000
// on a small machine. Without the note it begins at 0xf5800000.

#include "notes.inc"

    .section .note.Xen, "a", @note
    elfnote_number XEN_ELFNOTE_HV_START_LOW, 0xf5800000

    .section .note.GNU-stack, "", @progbits
