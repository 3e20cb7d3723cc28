/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exec32 SEED: a thread with all three TLS entries set executes another image (bare32, bare64),
 * which must begin with none.
 */

#include "check.h"
#include "programs.h"
#include "segment.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS = 6,
    PATH_BYTES = 256
};

static uint32_t block[16];

static const char *next_image(int round)
{
    static char path[PATH_BYTES];
    char *slash;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);

    if (length < 0)
        fail("readlink of /proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
    slash = strrchr(path, '/');
    strcpy(slash + 1, round % 2 ? "bare64" : "bare32");
    return path;
}

static void *replace_image(void *image)
{
    for (uint32_t entry = ENTRY_TLS + 1; entry <= ENTRY_TLS_LAST; entry++) {
        struct user_desc desc = flat_data(entry, address32(&block[entry]));
        int error = set_thread_area(&desc);

        if (error)
            fail("set_thread_area of entry %u: %s", entry, strerror(-error));
    }
    set_fs(gdt_selector(ENTRY_TLS + 1));
    set_es(gdt_selector(ENTRY_TLS_LAST));
    set_es(USER_DS_SELECTOR);
    execl(image, image, (char *)NULL);
    fail("%s: %s", (const char *)image, strerror(errno));
}

static void in_child(int round)
{
    pthread_t id;

    if (pthread_create(&id, NULL, replace_image, (void *)next_image(round)) != 0)
        fail("pthread_create");
    pthread_join(id, NULL);
    fail("the thread has ended, and the process goes on");
}

int exec_fresh(int argc, char **argv)
{
    if (argc != 2)
        fail("usage: exec32 SEED");
    number_of(argv[1]);
    for (int round = 0; round < ROUNDS; round++) {
        int pid = fork();

        if (pid < 0)
            fail("fork: %s", strerror(errno));
        if (pid == 0)
            in_child(round);
        wait_for(pid, next_image(round));
    }
    return EXIT_RIGHT;
}
