/* SPDX-License-Identifier: MIT */
/*
 * Drives a fuzz target without libFuzzer: replays files and folders of inputs, then as many random
 * inputs as asked for, the same ones each time. fuzz-replay-<target> [--random N] [FILE or
 * FOLDER...]
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX 4096u

static unsigned long replayed;

/* Exactly as large as the input, so that reading beyond it is noticed by whoever watches memory. */
static void run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));

    MUST(copy != NULL, "no memory");
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_file(const char *path)
{
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    MUST(file != NULL, "cannot open %s", path);
    const size_t size = fread(data, 1, sizeof(data), file);
    MUST(!ferror(file) && feof(file), "cannot read %s, or it is too long", path);
    (void)fclose(file);
    /* If this input ends the program, this line has its name. */
    (void)printf("%s\n", path);
    (void)fflush(stdout);
    run_one(data, size);
    replayed++;
}

static void replay_folder(const char *path)
{
    char name[4096];
    DIR *folder = opendir(path);

    MUST(folder != NULL, "cannot open %s", path);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        const int length = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        MUST(length > 0 && (size_t)length < sizeof(name), "%s is too long", path);
        replay_file(name);
    }
    (void)closedir(folder);
}

/* Random bytes, every eighth repeated now and then, so that runs of equal ones occur. */
static void run_random(unsigned long n)
{
    uint64_t state = 1;

    for (unsigned long i = 0; i < n; i++) {
        uint8_t data[256];
        const size_t size = i % sizeof(data);

        for (size_t at = 0; at < size; at++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            data[at] = (uint8_t)(state >> 56);
            if (at > 0 && (state >> 40 & 7) == 0)
                data[at] = data[at - 1];
        }
        run_one(data, size);
    }
}

int main(int argc, char **argv)
{
    unsigned long random = 0;
    int at = 1;

    if (argc > 2 && strcmp(argv[1], "--random") == 0) {
        random = strtoul(argv[2], NULL, 10);
        at = 3;
    }
    for (; at < argc; at++) {
        struct stat about;

        MUST(stat(argv[at], &about) == 0, "no %s", argv[at]);
        S_ISDIR(about.st_mode) ? replay_folder(argv[at]) : replay_file(argv[at]);
    }
    run_random(random);
    (void)printf("%lu inputs replayed, %lu random ones run\n", replayed, random);
    return replayed + random > 0 ? 0 : 1;
}
