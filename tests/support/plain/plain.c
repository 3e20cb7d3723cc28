/* SPDX-License-Identifier: MIT */
/*
 * Runs the tests of plain/criterion/criterion.h: all, or those whose suite is named; with --first
 * up to the first that fails. Tests that end by a signal are left to Criterion, since valgrind has
 * something to say of each.
 */
#define _POSIX_C_SOURCE 200809L
#include <criterion/criterion.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct plain_test *first;
static struct plain_test **last = &first;

void plain_add(struct plain_test *test)
{
    *last = test;
    last = &test->next;
}

_Noreturn void plain_fail(const char *file, int line, const char *condition, const char *format,
                          ...)
{
    va_list list;

    (void)fprintf(stderr, "%s:%d: %s: ", file, line, condition);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
    exit(1);
}

static bool passes(const struct plain_test *test)
{
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
        test->body();
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool wanted(const struct plain_test *test, int argc, char **argv)
{
    bool any = false;

    if (test->signal != 0 || test->disabled)
        return false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], test->suite) == 0)
            return true;
        any |= strcmp(argv[i], "--first") != 0;
    }
    return !any;
}

static bool only_the_first(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--first") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    unsigned run = 0;
    unsigned failed = 0;

    for (const struct plain_test *test = first; test != NULL; test = test->next) {
        if (!wanted(test, argc, argv))
            continue;
        run++;
        if (!passes(test)) {
            failed++;
            (void)fprintf(stderr, "FAILED %s::%s\n", test->suite, test->name);
            if (only_the_first(argc, argv))
                break;
        }
    }
    (void)printf("%u tests, %u failed\n", run, failed);
    return run == 0 || failed != 0;
}
