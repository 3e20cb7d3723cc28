/* SPDX-License-Identifier: MIT */
/* The table of cases as it is put together, each subject in a file of its own. */
#ifndef CGDT_BENCH_CASES_H
#define CGDT_BENCH_CASES_H

#include "gbench.h"
#include "peers/peers.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct case_list {
    struct bench_case *cases;
    size_t n;
    size_t room;
};

typedef void case_run(struct bench_state *state, const void *arg);

/*
 * One more case. The name is formatted and copied; the case may be changed until the next one is
 * added.
 */
struct bench_case *case_add(struct case_list *list, case_run *run, const void *arg,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What a case about a peer gets as its argument. */
struct peer_case {
    const struct peer *peer;
    uint32_t n;       /* tables */
    uint32_t percent; /* of them in use */
};

struct bench_case *case_add_peer(struct case_list *list, case_run *run, struct peer_case about,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

void cases_alloc(struct case_list *list);
void cases_threads(struct case_list *list);
void cases_content(struct case_list *list);
void cases_checker(struct case_list *list);
void cases_walk(struct case_list *list);
void cases_growth(struct case_list *list);
void cases_fresh(struct case_list *list);

/* cgdt-bench --fresh PEER TABLES: the child of fresh.c. Prints bytes and ns; the exit code. */
int fresh_main(const char *peer_name, const char *tables);

#endif
