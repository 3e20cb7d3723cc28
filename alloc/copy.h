/* SPDX-License-Identifier: MIT */
/* What cgdt_move_begin() and the directory's moves have in common. Private to alloc/. */
#ifndef CGDT_ALLOC_COPY_H
#define CGDT_ALLOC_COPY_H

#include "plan.h"

/* As cgdt_move_begin(). A slot that is pinned as `kind` says, and so is its copy. */
int cgdt_copy_slot_(struct cgdt_pool *pool, cgdt_slot_t slot, const struct group *kind,
                    cgdt_slot_t *goal);

#endif
