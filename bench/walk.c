/* SPDX-License-Identifier: MIT */
/*
 * The touch walk: one descriptor of every CPU's table, in random order, as switches between vCPUs
 * read them.
 */
#include "cases.h"

#include <stdlib.h>

#define WALK_ENTRY 2u /* kernel code */

/*
 * Each read must be over before the next begins, as one switch ends before another begins: the next
 * address depends on what was read, by a bit that no table has. The addresses themselves are read
 * ahead.
 */
static uint64_t walk(cgdt_desc_t *const *order, uint32_t n, cgdt_desc_t never)
{
    cgdt_desc_t read = 0;

    for (uint32_t i = 0; i < n; i++)
        read = order[i][WALK_ENTRY + (read & never)];
    return read;
}

static void shuffle(cgdt_desc_t **order, uint32_t n)
{
    uint64_t random = 0x9e3779b97f4a7c15ull;

    for (uint32_t i = n; i > 1; i--) {
        const uint32_t other = (uint32_t)(peer_random(&random) % i);
        cgdt_desc_t *const moved = order[i - 1];

        order[i - 1] = order[other];
        order[other] = moved;
    }
}

static void run_walk(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    void *ctx = it->peer->open(it->n);
    uintptr_t *handles = calloc(it->n, sizeof(*handles));
    cgdt_desc_t **order = calloc(it->n, sizeof(*order));
    volatile const cgdt_desc_t never = CGDT_DESC_AVL; /* volatile: the compiler is not to know it */
    const bool fine = ctx != NULL && handles != NULL && order != NULL &&
                      it->peer->take_many(ctx, 0, it->n, handles);

    for (uint32_t i = 0; fine && i < it->n; i++)
        order[i] = it->peer->table(ctx, handles, i);
    if (fine)
        shuffle(order, it->n);
    else
        bench_skip(state, "no table could be had");
    while (fine && bench_batch(state, 1)) {
        const uint64_t read = walk(order, it->n, never);

        bench_keep(&read);
    }
    if (fine)
        it->peer->give_many(ctx, it->n, handles);
    free(handles);
    free(order);
    if (ctx != NULL)
        it->peer->close(ctx);
    bench_items(state, it->n);
}

void cases_walk(struct case_list *list)
{
    static const uint32_t sizes[] = {64, 1024, 16384};
    static const char *const names[][2] = {{"packed", "cgdt-concurrent"},
                                           {"page-per-cpu", "page-mmap"}};

    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        for (uint32_t k = 0; k < COUNT_OF(sizes); k++)
            case_add_peer(list, run_walk,
                          (struct peer_case){.peer = peer_find(names[i][1]), .n = sizes[k]},
                          "walk/%s/%u", names[i][0], sizes[k]);
}
