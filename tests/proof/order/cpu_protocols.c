/* SPDX-License-Identifier: MIT */
/* Protocols of CPUs by their numbers: the directory, moves; and the lock of the ports. */
#include "near.h"
#include "one_pool.h"
#include "protocol.h"

static const char *is_ones(void)
{
    const uint64_t had_it = search_told(0, 0) + search_told(1, 0);

    if (had_it != 0)
        protocol_reached();
    return had_it < 2 ? NULL : "two have it";
}

/* The directory. */

static void come_online(void)
{
    cgdt_slot_t slot;

    search_tell(0, cgdt_cpu_online(pool, 0, &slot) == 0);
}

static void go_offline(void)
{
    search_tell(0, cgdt_cpu_offline(pool, 0) == 0);
}

static void free_it(void)
{
    search_tell(0, cgdt_free(pool, had[0]) == 0);
}

static void come_online_there(void)
{
    search_tell(0, cgdt_cpu_online_at(pool, 0, had[0]) == 0);
}

static void ask_for_its_slot(void)
{
    cgdt_slot_t slot;

    if (cgdt_cpu_slot(pool, 0, &slot) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&the_page[0][1]));
}

static const char *has_its_template(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == initial[1] ? NULL : "the handle is there before the contents";
}

/* What was set aside for it is there. */
static void write_and_come_online_there(void)
{
    cgdt_store_descriptor(&the_page[0][2], OWNERS + 1);
    (void)cgdt_cpu_online_at(pool, 0, had[0]);
}

static void ask_for_what_was_set_aside(void)
{
    cgdt_slot_t slot;

    if (cgdt_cpu_slot(pool, 0, &slot) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&the_page[0][2]));
}

static const char *has_what_was_set_aside(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == OWNERS + 1 ? NULL : "the handle is there before the contents";
}

/* As near.c: whose slot the directory names owns it. */
static void look_for_a_neighbour(void)
{
    const cgdt_slot_t slot = cgdt_near_slot_(pool, 0, CGDT_SLOTMAP_PINNED);
    struct page_state state;

    if (slot == CGDT_NO_SLOT || (slot & CGDT_CPU_BUSY_) != 0)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_slot_lookup_(pool, slot, &state) == 0);
}

static const char *is_a_neighbour(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) != 0 ? NULL : "the directory names a slot that is not owned yet";
}

static const char *is_offline_once(void)
{
    const char *wrong = is_ones();

    if (wrong != NULL || search_told(0, 0) + search_told(1, 0) == 0)
        return wrong;
    return search_final(&pool->directory[0]) == 0 ? NULL
                                                  : "the directory names a slot that is free";
}

/* As cgdt_cpu_move_begin(). */
static void be_busy_with_a_move(void)
{
    search_tell(0, cgdt_cpu_swap_(pool, &pool->directory[0], had[0], had[0] | CGDT_CPU_BUSY_));
}

/* What the kernel's port keeps of a CPU is nobody else's while BUSY is set. */
static void own_word_set(void)
{
    cpu_online_asked();
    own_word = 1;
}

static void come_and_use_the_kernels(void)
{
    if (!cgdt_cpu_swap_(pool, &pool->directory[0], 0, CGDT_CPU_BUSY_))
        return;
    search_tell(0, 1);
    search_tell(1, PLAIN_LOAD(&kernels));
}

static const char *has_the_kernels(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 1 ? NULL : "the port's own data is not what the last call left";
}

/* A CPU leaves its slot, and tells so; the port's quiesce asks for that. */
static void leave_its_slot(void)
{
    search_tell(0, cgdt_load_descriptor_(&the_page[0][2]));
    search_store(&own_word, sizeof(own_word), 1, __ATOMIC_RELEASE, "kernel_leaves");
}

static const char *is_zeroed_behind_its_last_use(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(0, 0) == OWNERS ? NULL : "a slot is zeroed before its CPU has left it";
}

/* Moves: what move.c does with its two words, the goal a plain one. */

#define MOVING 0x80000000u

static void begin_a_move_of(uint32_t cpu)
{
    if (!cgdt_cpu_swap_(pool, &pool->mover, 0, MOVING | (cpu + 1)))
        return;
    search_tell(0, 1);
    PLAIN_STORE(&pool->goal, 7 + cpu);
    cgdt_store32_release_(&pool->mover, cpu + 1);
}

static void begin_a_move(void)
{
    begin_a_move_of(0);
}

static void begin_another_move(void)
{
    begin_a_move_of(1);
}

static void end_a_move(void)
{
    if (!cgdt_cpu_swap_(pool, &pool->mover, 1, MOVING | 1))
        return;
    search_tell(0, 1);
    search_tell(1, PLAIN_LOAD(&pool->goal));
    cgdt_store32_release_(&pool->mover, 0);
}

static const char *goes_where_it_began_to(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 7 ? NULL : "a move ends where another one goes";
}

/* The lock of the ports. */

static void count_under_the_lock(uint32_t value)
{
    cgdt_pool_lock_(pool);
    search_tell(0, PLAIN_LOAD(&pool->served_slots) == CPUS);
    PLAIN_STORE(&pool->served_slots, value);
    cgdt_pool_unlock_(pool);
}

static void count_as_one(void)
{
    count_under_the_lock(7);
}

static void count_as_another(void)
{
    count_under_the_lock(8);
}

const struct protocol cpu_protocols[] = {
    {.name = "of-two-onlines-of-a-cpu-one-succeeds",
     .program = {2, 0, in_service, {come_online, come_online}, NULL},
     .wrong = is_ones},
    {.name = "of-two-offlines-of-a-cpu-one-succeeds",
     .program = {2, 0, cpu_online, {go_offline, go_offline}, NULL},
     .wrong = is_offline_once},
    {.name = "a-cpu-goes-offline-or-moves",
     .program = {2, 0, cpu_online, {go_offline, be_busy_with_a_move}, NULL},
     .wrong = is_ones,
     .quotes = {{"move.c", "cgdt_cpu_swap_(pool, word, old, old | BUSY)"}}},
    {.name = "a-slot-is-freed-or-a-cpus",
     .program = {2, 0, all_owned, {free_it, come_online_there}, NULL},
     .wrong = is_ones},
    {.name = "who-has-a-cpus-handle-finds-its-template",
     .program = {2, 0, in_service, {come_online, ask_for_its_slot}, NULL},
     .wrong = has_its_template},
    {.name = "who-has-the-handle-of-a-slot-set-aside-finds-its-contents",
     .program = {2, 0, all_owned, {write_and_come_online_there, ask_for_what_was_set_aside}, NULL},
     .wrong = has_what_was_set_aside},
    {.name = "a-neighbour-that-the-directory-names-owns-its-slot",
     .program = {2, 0, in_service, {come_online, look_for_a_neighbour}, NULL},
     .wrong = is_a_neighbour},
    {.name = "what-a-port-keeps-of-a-cpu-is-ones-while-it-is-busy",
     .program = {2, 0, own_word_set, {go_offline, come_and_use_the_kernels}, NULL},
     .wrong = has_the_kernels},
    {.name = "a-slot-is-zeroed-behind-its-cpus-last-use",
     .program = {2, 0, cpu_online_asked, {leave_its_slot, go_offline}, NULL},
     .wrong = is_zeroed_behind_its_last_use},
    {.name = "a-move-ends-where-it-began-to-go",
     .program = {3, 0, in_service, {begin_a_move, end_a_move, begin_another_move}, NULL},
     .wrong = goes_where_it_began_to,
     .quotes = {{"move.c", "!cgdt_cpu_swap_(pool, &pool->mover, 0, MOVING | (cpu + 1))"},
                {"move.c", "!cgdt_cpu_swap_(pool, &pool->mover, cpu + 1, MOVING | (cpu + 1))"},
                {"move.c", "cgdt_store32_release_(&pool->mover, error == 0 ? cpu + 1 : 0);"},
                {"move.c", "cgdt_store32_release_(&pool->mover, error != 0 ? cpu + 1 : 0);"},
                {"move.c", "cgdt_copy_slot_(pool, old, &kind, &pool->goal);"},
                {"move.c", "const uint32_t stays = back ? old : pool->goal;"}}},
    {.name = "one-at-a-time-holds-the-lock",
     .program = {2, 7, in_service, {count_as_one, count_as_another}, NULL},
     .wrong = is_ones},
    {.name = NULL},
};
