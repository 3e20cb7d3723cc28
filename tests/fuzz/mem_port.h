/* SPDX-License-Identifier: MIT */
/*
 * A port on plain memory, for one thread, fast enough for a fuzzer. It holds the core to
 * cgdt/port.h (any breach ends the program), fails when told to, and can lie about a page that it
 * maps.
 *
 * A page has three places: where it is private, the view of it when it is sealed, and what a
 * hypervisor sees. live_write() changes the last two alike; an ordinary store to a sealed page
 * makes them differ.
 */
#ifndef CGDT_TESTS_FUZZ_MEM_PORT_H
#define CGDT_TESTS_FUZZ_MEM_PORT_H

#include <cgdt/cgdt.h>

#define MEM_MAX_PAGES 8u /* slot pages; the common page comes behind them */

enum mem_state {
    MEM_GONE,
    MEM_PRIVATE,
    MEM_SEALED,
    MEM_LIE, /* map() gave something that the core must not take */
};

/* What a map() that is to fail does instead of returning an error. */
enum mem_lie {
    MEM_HONEST,
    MEM_MISALIGNED,
    MEM_NULL,
    MEM_DIRTY,
    MEM_SAME_VIEW,  /* as another page of the window */
    MEM_SAME_FRAME, /* likewise */
    MEM_LIES,
};

struct mem_port {
    uint32_t pages;
    uint32_t window_pages;
    bool gaps;       /* native: a page may be there without the one below it */
    bool serialized; /* nobody takes the lock */
    const struct cgdt_profile *profile;

    bool locked;
    uint32_t out; /* pages mapped, the common page included */
    enum mem_state state[MEM_MAX_PAGES + 1];
    void *lied[MEM_MAX_PAGES + 1];

    uint16_t fail; /* bit i: the i-th operation since mem_arm() fails */
    enum mem_lie lie;
    int code;    /* what it returns then: negative */
    int success; /* what all others return: 0 up */
    bool gather; /* live_write collects all stores before it does the first */
    uint32_t calls;
    uint32_t fired;      /* how many failed */
    int first_code;      /* what the call's caller must hear of it */
    uint32_t first_page; /* where the first failed */
};

extern const struct cgdt_port mem_port;
extern const struct cgdt_port mem_port_lockless;

void mem_open(struct mem_port *port, const struct cgdt_config *config, uint32_t pages);

/* For the next call: failures by `fail`, and everything else that a port may choose. */
void mem_arm(struct mem_port *port, uint16_t fail, enum mem_lie lie, int code);

/* Place of a page in state[]: its number, or MEM_MAX_PAGES for CGDT_COMMON_PAGE. */
uint32_t mem_place(uint32_t page);

/* Where a mapped page is to be read, and what the hypervisor sees of a sealed one. */
uint64_t *mem_view(const struct mem_port *port, uint32_t page);
uint64_t *mem_alias(uint32_t page);

cgdt_frame_t mem_frame_of(uint32_t page);

#endif
