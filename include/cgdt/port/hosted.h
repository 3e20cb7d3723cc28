/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A port for ordinary Linux processes: tests, demos, benchmarks.
 *
 * Pages come from a jemalloc arena of their own, whose memory is a memfd that is mapped twice:
 *
 * @verbatim
   read-write   the whole file: how a private page is filled, and a sealed one by live_write()
   read-only    window after window at consecutive addresses, as a hypervisor's GDT area shows them:

     | common page? | page 0 | page 1 | ... | zeros | zeros || common page? | page 14 | ...
       window 0                                                window 1
   @endverbatim
 *
 * A sealed page is seen at its place in the read-only area and nowhere else; a store to it is a
 * SIGSEGV that no mprotect() can talk away. Every place without a sealed page shows one shared page
 * of zeros. The frame number of a page is its page number in the file.
 *
 * Hosted code may use libc: unlike the core, this port allocates.
 *
 * A child after fork() shares the pages with its parent, but not the records of who has which: it
 * may call nothing of this port, by way of a pool or directly, cgdt_hosted_destroy() included. It
 * may fork, exec and exit. Make the pool in the process that uses it.
 *
 * Limits of the system:
 * - Mappings (vm.max_map_count, as a rule 65,530 to a process): a run of neighbours that were
 *   sealed in order is one, but a common page between the windows interrupts it. At the limit no
 *   page can be sealed (-CGDT_ENOMEM). The port keeps 16 mappings in reserve with which pages can
 *   still be taken back; when it had to use them, it gives out no page (-CGDT_ENOMEM) until it
 *   could make them anew.
 * - The size of a file (ulimit -f, RLIMIT_FSIZE): the file has room for all pages from the
 *   beginning, though without memory. Above the limit cgdt_hosted_create() does not return, for the
 *   system sends SIGXFSZ, which ends a process; one that ignores it gets -EFBIG.
 * - Addresses: on 32 bits too many pages are -CGDT_ENOMEM.
 */
#ifndef CGDT_PORT_HOSTED_H
#define CGDT_PORT_HOSTED_H

#include "../cgdt.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @struct cgdt_hosted
 * An arena and its views. What is in it is private.
 */
struct cgdt_hosted;

/** What an arena is to be. */
struct cgdt_hosted_config {
    uint32_t max_cpus;         /**< As in the pool's cgdt_config: 1 to CGDT_MAX_SLOTS. */
    struct cgdt_layout layout; /**< Likewise. */

    /**
     * What port->quiesce does, with quiesce_ctx and the CPU: 0 when it let go of its table,
     * otherwise a negative code. May be NULL: every CPU has always let go.
     */
    int (*quiesce)(void *ctx, uint32_t cpu);
    void *quiesce_ctx; /**< For quiesce. */
};

/**
 * Make an arena and its views. Only addresses are reserved; memory is used page by page.
 *
 * @param[out] hosted  the port_ctx for one pool; cgdt_hosted_port has the operations. NULL on
 *                     failure, and nothing is left behind
 * @param      config  copied
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) a layout or count out of range
 * @retval -CGDT_ENOMEM  no memory, mappings or addresses
 * @return any other: the system's, a negative errno
 */
int cgdt_hosted_create(struct cgdt_hosted **hosted, const struct cgdt_hosted_config *config);

/**
 * Give everything back; the pool must be gone. jemalloc keeps the addresses of its records of the
 * arena, some 2 MiB without memory, unless its option retain is off.
 *
 * @param hosted  the arena; NULL does nothing
 */
void cgdt_hosted_destroy(struct cgdt_hosted *hosted);

/**
 * All operations are given; lock and unlock are a pthread mutex. port_ctx is a struct cgdt_hosted.
 */
extern const struct cgdt_port cgdt_hosted_port;

/**
 * Pages in a window's read-only view: the common page, if the layout has one, and window_pages.
 *
 * @param hosted  the arena
 *
 * @return the pages
 */
uint32_t cgdt_hosted_window_pages(const struct cgdt_hosted *hosted);

/**
 * Where a window begins in the read-only view. Any thread, any time.
 *
 * @param hosted  the arena
 * @param window  0 up
 *
 * @return its first descriptor; NULL if there is no such window
 */
const cgdt_desc_t *cgdt_hosted_window(const struct cgdt_hosted *hosted, uint32_t window);

/**
 * The read-write view of a frame: what a test uses to look behind the pool's back, or to break it.
 * Any thread.
 *
 * @param hosted  the arena
 * @param frame   one that the port gave out; any other must not be touched
 *
 * @return its first descriptor; NULL beyond the end of the file
 */
cgdt_desc_t *cgdt_hosted_frame_page(const struct cgdt_hosted *hosted, cgdt_frame_t frame);

/**
 * Pages that were mapped and not yet unmapped. Any thread, any time.
 *
 * @param hosted  the arena
 *
 * @return the pages: 0 after cgdt_pool_destroy()
 */
uint32_t cgdt_hosted_pages_out(const struct cgdt_hosted *hosted);

#ifdef __cplusplus
}
#endif
#endif
