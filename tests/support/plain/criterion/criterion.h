/* SPDX-License-Identifier: MIT */
/*
 * As much of Criterion's interface as the suites use, for programs in which Criterion itself is too
 * slow: under valgrind it starts anew for every test. Here each test is a fork of one process;
 * plain.c runs them.
 */
#ifndef CGDT_TESTS_PLAIN_CRITERION_H
#define CGDT_TESTS_PLAIN_CRITERION_H

#include <stdbool.h>
#include <string.h>

struct plain_test {
    const char *suite;
    const char *name;
    void (*body)(void);
    int signal; /* the test is to end by this one: not run here */
    bool disabled;
    struct plain_test *next;
};

/* Called before main(), in the order in which the linker has the files. */
void plain_add(struct plain_test *test);

/* Says where and why, and ends the test. */
_Noreturn void plain_fail(const char *file, int line, const char *condition, const char *format,
                          ...);

#define Test(suite_, name_, ...)                                                                   \
    static void suite_##_##name_##_body(void);                                                     \
    static struct plain_test suite_##_##name_##_test = {                                           \
        .suite = #suite_, .name = #name_, .body = suite_##_##name_##_body, __VA_ARGS__};           \
    __attribute__((constructor)) static void suite_##_##name_##_add(void)                          \
    {                                                                                              \
        plain_add(&suite_##_##name_##_test);                                                       \
    }                                                                                              \
    static void suite_##_##name_##_body(void)

#define cr_assert(condition, ...)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            plain_fail(__FILE__, __LINE__, #condition, "" __VA_ARGS__);                            \
    } while (0)

#define cr_expect                          cr_assert
#define cr_assert_not(a, ...)              cr_assert(!(a), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)            cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)           cr_assert((a) != (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)            cr_assert((a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)           cr_assert((a) >= (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)            cr_assert((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)           cr_assert((a) <= (b), __VA_ARGS__)
#define cr_assert_null(a, ...)             cr_assert((a) == (void *)0, __VA_ARGS__)
#define cr_assert_not_null(a, ...)         cr_assert((a) != (void *)0, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, bytes, ...) cr_assert(memcmp((a), (b), (bytes)) == 0, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)        cr_assert(strcmp((a), (b)) == 0, __VA_ARGS__)

#endif
