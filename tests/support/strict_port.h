/* SPDX-License-Identifier: MIT */
/*
 * A port that holds the core to the contract in cgdt/port.h. Pages lie in a memfd that is mapped
 * twice: a private page is seen read-write, a sealed one read-only, so an ordinary store to it is a
 * SIGSEGV. Every breach of the contract by the core is counted, and the first one is kept in words.
 */
#ifndef CGDT_TESTS_STRICT_PORT_H
#define CGDT_TESTS_STRICT_PORT_H

#include <cgdt/cgdt.h>

enum strict_state {
    STRICT_GONE,
    STRICT_PRIVATE,
    STRICT_SEALED,
};

struct strict {
    uint32_t pages;        /* slot pages; the common page is kept behind them */
    uint32_t window_pages; /* rule 2; 1: any page may be absent, as natively */
    bool serialized;       /* nobody takes the lock */

    unsigned char *rw; /* (pages + 1) x 4096 */
    unsigned char *ro;
    uint8_t *state; /* enum strict_state */
    bool locked;
    uint32_t out; /* pages mapped, the common page included */
    uint32_t breaches;
    char first_breach[96];
};

/* Frame number of page i: STRICT_FRAME + i; of the common page STRICT_FRAME + pages. */
#define STRICT_FRAME 0x1000u

extern const struct cgdt_port strict_port;
/* Without lock and unlock, for serialized pools. */
extern const struct cgdt_port strict_port_lockless;

/* False: no memory. */
bool strict_open(struct strict *strict, uint32_t pages, uint32_t window_pages, bool serialized);
void strict_close(struct strict *strict);

/* Behind the core's back: the writable view of a page (CGDT_COMMON_PAGE too). */
cgdt_desc_t *strict_page(const struct strict *strict, uint32_t page);
enum strict_state strict_state_of(const struct strict *strict, uint32_t page);

#endif
