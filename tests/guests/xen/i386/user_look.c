/* SPDX-License-Identifier: MIT */
/* Each user is a process with a stack of its own, which reads through its segments in ring 3. */

#include "user_look.h"

#include "process.h"
#include "segment.h"

#define STACK_WORDS 128u

/* In pages of processes. */
static struct {
    struct user_look look;
    uint32_t stack[STACK_WORDS];
} rooms[MOST_USERS] __attribute__((aligned(PAGE_SIZE)));

void user_look_init(const void *from, uintptr_t bytes)
{
    process_init();
    process_open(from, bytes);
    process_open(rooms, sizeof(rooms));
}

static PROCESS_CODE void read_through(void *argument)
{
    struct user_look *look = argument;

    look->fs = 0;
    look->gs = 0;
    look->done = read_fs_u64(&look->fs) == 0 && read_gs_u64(&look->gs) == 0 &&
                 lsl(read_fs(), &look->fs_limit) && lsl(read_gs(), &look->gs_limit);
}

void user_look(uint32_t user, struct user_look *look)
{
    process_run(read_through, &rooms[user].look, rooms[user].stack + STACK_WORDS);
    *look = rooms[user].look;
    look->done = true; /* a fault is a look that found nothing */
}
