/* SPDX-License-Identifier: MIT */
/* Where the induction begins: a pool that has just been made (pool-any.h). */
#define PROOF_FRAMES
#define PROOF_DIRECTORY
#include "pool-any.h"

static _Alignas(CGDT_POOL_ALIGN) struct {
    struct cgdt_pool pool;
    cgdt_word_t rest[32];
} room;

static struct cgdt_config config;
static struct cgdt_port port;

/* Of any contents; and what is given of it. */
void a_pool_begins_with_the_invariant_or_nothing_is_mapped(void)
{
    const size_t given = any_size();
    struct cgdt_pool *made = NULL;

    any_config();
    any_port();
    pool.given.config.template_entries = 0; /* what is taken of a template is tested */
    pool.read_only = any_bool();
    for (uint32_t line = 0; line < LINES; line++)
        zeroed[line] = mapped[line] = sealed[line] = false;
    ASSUME(given <= sizeof(room));
    port = pool.given.port;
    port.struct_bytes = sizeof(port);
    config = pool.given.config;
    config.struct_bytes = sizeof(config);
    config.port = &port;
    config.alias_bytes = 0;
    port.seal_read_only = pool.read_only;
    for (uint32_t i = 0; i < 32; i++)
        room.rest[i] = any_u64();
    const int error = cgdt_pool_init(&made, &room, given, &config);

    CLAIM((error == 0) == (made == &room.pool), "a pool, or none");
    CLAIM(error == 0 || !mapped[COMMON], "nothing is left mapped");
    CLAIM(error == 0 || error == -CGDT_EINVAL || (failed && error == port_code) ||
              (out_of_pages && error == -CGDT_ENOMEM) || (lied && error == -CGDT_EPROTO),
          "a code that is documented");
    if (error != 0)
        return;
    CLAIM((uintptr_t)(room.pool.directory + SLOTS) <= (uintptr_t)&room + given,
          "within what was given");
    for (uint32_t page = 0; page < PAGES; page++)
        free_words[page] = room.pool.map.level[0][page];
    summary[0] = room.pool.map.level[1][0];
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        bytes.owners[slot] = room.pool.map.owners[slot];
    bytes.marks[0] = *cgdt_slotmap_marks_(&room.pool.map, 0);
    for (uint32_t line = 0; line < LINES; line++)
        words[line] = room.pool.pages.words[line];
    for (uint32_t cpu = 0; cpu < SLOTS; cpu++)
        directory[cpu] = room.pool.directory[cpu];
    pool = room.pool;
    keeps_invariant();
    CLAIM(!pool.read_only || !profile.xen, "a hypervisor writes accessed bits itself");
    CLAIM(!pool.live && pool.pages.serving == 0 && pool.pages.count == PAGES, "no page, in boot");
    CLAIM(pool.clear_entries == 0, "what a free looks at");
}
