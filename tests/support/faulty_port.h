/* SPDX-License-Identifier: MIT */
/*
 * A wrapper around any port that counts every operation (tried and did) and makes chosen ones fail:
 * the n-th of any kind or of one kind, once or from then on. A failed operation never reaches the
 * port behind.
 */
#ifndef CGDT_TESTS_FAULTY_PORT_H
#define CGDT_TESTS_FAULTY_PORT_H

#include <cgdt/cgdt.h>

enum faulty_kind {
    FAULTY_MAP,
    FAULTY_SEAL,
    FAULTY_UNSEAL,
    FAULTY_FRAME,
    FAULTY_LIVE_WRITE,
    FAULTY_QUIESCE,
    FAULTY_CAN_FAIL, /* the kinds above return a code */
    FAULTY_UNMAP = FAULTY_CAN_FAIL,
    FAULTY_LOCK,
    FAULTY_UNLOCK,
    FAULTY_KINDS,
};

/* A bit for each kind that can fail. */
#define FAULTY_ANY ((1u << FAULTY_CAN_FAIL) - 1u)

struct faulty {
    const struct cgdt_port *inner;
    void *inner_ctx;

    uint32_t tried[FAULTY_KINDS];
    uint32_t did[FAULTY_KINDS];

    uint32_t kinds;   /* which may fail: 1 << FAULTY_MAP | ... */
    uint32_t fail_at; /* the n-th tried one of those, 1 up; 0: none */
    bool from_then_on;
    uint32_t then_after; /* and one more, so many operations after the n-th; 0: none */
    bool then_all;       /* and all that follow that one */
    int code;            /* what the failed operation returns */

    uint32_t seen;  /* operations of `kinds` since faulty_arm() */
    uint32_t fired; /* how many were made to fail */
};

extern const struct cgdt_port faulty_port;

void faulty_open(struct faulty *faulty, const struct cgdt_port *inner, void *inner_ctx);

/* From now on the n-th operation of `kinds` fails with `code`. n = 0 disarms. */
void faulty_arm(struct faulty *faulty, uint32_t kinds, uint32_t n, int code);

#endif
