/* SPDX-License-Identifier: MIT */
/* What user space finds through its TLS; of each width that has a ring for it. */

#ifndef GUEST_USER_LOOK_H
#define GUEST_USER_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#define MOST_USERS 64u

/* What the segments in %fs and %gs begin with, and their limits. */
struct user_look {
    bool done;
    uint64_t fs;
    uint64_t gs;
    uint32_t fs_limit;
    uint32_t gs_limit;
};

/* Once: the memory that the segments are in. */
void user_look_init(const void *from, uintptr_t bytes);

/* One of MOST_USERS, on any vCPU, with %fs and %gs as they are. */
void user_look(uint32_t user, struct user_look *look);

#endif /* GUEST_USER_LOOK_H */
