/* SPDX-License-Identifier: MIT */
#ifndef CGDT_BENCH_SELFTEST_CHECKER_H
#define CGDT_BENCH_SELFTEST_CHECKER_H

/* 0: the plain checkers and cgdt_check_page() agree. 1: they do not, and where is printed. */
int selftest_checker(void);

#endif
