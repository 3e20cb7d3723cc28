# SPDX-License-Identifier: MIT
#
# Theorems about a whole pool: one call from any state that it can be in (pool-any.h). Pools of 3
# slots on 2 pages, which are one window or native; a word of the slot map has 2 bits. The default
# ones are not serialized, and of LP64; with --full all are asked for ILP32, too, and for serialized
# pools together with pointers that go wrong.

set(loops look_exactly.0:2,look.0:2,look.1:3,find_room.0:2,lowest_bits.0:4)
string(APPEND loops ,cgdt_slotmap_claim_.0:2,cgdt_slotmap_mark_room_.0:2,cgdt_page_hole_.0:3)
string(APPEND loops ,cgdt_slotmap_claim_all_.0:2,cgdt_slotmap_claim_all_.1:4)
string(APPEND loops ,check_unknown.0:4,cgdt_grow_page_.0:3,grow_for_one.0:3)
foreach(copy IN ITEMS "" "$link1" "$link2" "$link3" "$link4") # of an inline function, one a file
    string(APPEND loops ,cgdt_plain_fill_${copy}.0:3,cgdt_plain_fill_${copy}.1:1)
    string(APPEND loops ,cgdt_plain_fill_${copy}.2:1,cgdt_plain_clear_${copy}.1:2)
endforeach()

# pool_proof(HARNESS CLAIM MUTANT [FULL] [CADICAL] [ONCE] [AS SUFFIX] [OPTIONS OPTION...]): by
# sources_HARNESS and run_HARNESS, options of `run`; the words are those of proof(). ONCE: neither
# for ILP32 nor serialized, where another case of the claim is.
function(pool_proof harness claim mutant)
    cmake_parse_arguments(PROOF "FULL;CADICAL;ONCE" "AS" "OPTIONS" ${ARGN})
    set(shape -D CGDT_SLOTMAP_WORD_SHIFT=1u -D CGDT_SLOTMAP_TRIES=1u
        -D CGDT_SLOTMAP_LINE_WORDS=1u -D PROOF_WINDOW=2 -D PROOF_CPUS=3 --object-bits 10
        --unwindset ${loops}${loops_${harness}})
    set(question ${harness} ${claim} ${sources_${harness}} -- ${shape} ${PROOF_OPTIONS})
    set(options --unwind 9 ${run_${harness}})
    if(PROOF_CADICAL)
        list(APPEND options --cadical)
    endif()
    set(fault ${CMAKE_CURRENT_SOURCE_DIR}/mutants/${mutant}.fault)

    set(labels proof)
    if(PROOF_FULL)
        set(labels proof full)
    endif()
    asked(proof-${harness}.${claim}${PROOF_AS} --no-pointers ${options} ${question}
        -D PROOF_SERIALIZED=0)
    asked(proof-mutant-${mutant}.is-refuted-by-${claim}${PROOF_AS} --no-pointers ${options}
        --mutant ${fault} ${question} -D PROOF_SERIALIZED=0)
    if(PROOF_ONCE)
        return()
    endif()
    set(labels proof full)
    asked(proof-ilp32-${harness}.${claim}${PROOF_AS} --bits 32 --no-pointers ${options} ${question}
        -D PROOF_SERIALIZED=0)
    asked(proof-serialized-${harness}.${claim}${PROOF_AS} ${options} ${question}
        -D PROOF_SERIALIZED=1)
endfunction()

set(core slotmap.c page.c pool.c accept.c check.c layout.c)

# Where it begins.
set(sources_pool-init ${core})
set(loops_pool-init ,is_zero.0:17,clean_held.0:17,lay_out.0:200,cgdt_accept_.0:3
    cgdt_pool_take_struct_.0:40 cgdt_pool_take_struct_.1:2 cgdt_slotmap_init_.0:3
    cgdt_slotmap_bytes_.0:3 a_pool_begins_with_the_invariant_or_nothing_is_mapped.1:33)
string(REPLACE ";" "," loops_pool-init "${loops_pool-init}")
set(run_pool-init --page-entries 16)
pool_proof(pool-init a_pool_begins_with_the_invariant_or_nothing_is_mapped memory-left-as-it-was
    FULL)

# What slot.h promises, for those below.
set(sources_pool-slot ${core} slot.c store.c)
pool_proof(pool-slot a_claimed_slot_gets_the_template_or_stays_zero template-without-its-end)
pool_proof(pool-slot the_same_by_the_quick_way quick-fill-of-any-page)
pool_proof(pool-slot a_slot_is_zeroed_with_its_mark_or_is_as_it_was mark-lost-with-the-port)
pool_proof(pool-slot a_slot_without_a_mark_is_zeroed_by_the_quick_way quick-erase-of-a-marked-slot)
pool_proof(pool-slot a_handle_is_good_while_its_generation_owns_the_slot handle-of-any-generation)

# Slots in and out.
set(sources_pool-slots ${core} alloc.c nowait.c bulk.c claim.c)
set(loops_pool-slots ,claim_locked.0:3,claim.0:3,note.0:3,write_claimed.0:3,own.0:3
    undo_claims.0:3 undo_claims.1:3 fill_page.0:3 grow_for_all.0:3 cgdt_free_bulk.0:4
    cgdt_free_bulk.1:4 finish.0:4)
string(REPLACE ";" "," loops_pool-slots "${loops_pool-slots}")
pool_proof(pool-slots an_alloc_takes_the_lowest_free_slot_or_changes_nothing
    alloc-keeps-what-it-cannot-fill FULL)
pool_proof(pool-slots an_alloc_that_may_not_wait_asks_for_no_page nowait-without-no-slot)
pool_proof(pool-slots a_free_zeroes_and_frees_its_slot_or_changes_nothing free-not-taken-back)
pool_proof(pool-slots a_bulk_gives_all_or_nothing bulk-undone-but-for-one FULL)
pool_proof(pool-slots a_bulk_free_frees_what_it_can_and_nothing_that_is_not_its_owners
    bulk-free-begun-for-one FULL)

# The same with what their owners ask for: by how many descriptors, on whose page.
set(run_pool-with --page-entries 16)
set(sources_pool-with ${core} with.c near.c alloc.c)
set(loops_pool-with ,cgdt_accept_.0:3,lay_table.0:6,load_each.0:3,claim_near.0:3,claim_in.0:2
    claim_in.1:3)
string(REPLACE ";" "," loops_pool-with "${loops_pool-with}")
function(with_proof case mutant)
    pool_proof(pool-with a_slot_comes_with_its_descriptors_or_nothing_changes ${mutant} FULL CADICAL
        AS -${case} ${ARGN})
endfunction()
with_proof(of-none alloc-keeps-what-it-cannot-fill ONCE OPTIONS -D PROOF_COUNT=0 -D PROOF_APART=0)
with_proof(of-none-apart near-not-put-back OPTIONS -D PROOF_COUNT=0 -D PROOF_APART=1)
with_proof(of-1 own-descriptors-at-the-beginning ONCE OPTIONS -D PROOF_COUNT=1 -D PROOF_APART=0)
with_proof(of-1-apart own-descriptors-at-the-beginning ONCE
    OPTIONS -D PROOF_COUNT=1 -D PROOF_APART=1)
with_proof(of-2 own-descriptors-at-the-beginning OPTIONS -D PROOF_COUNT=2 -D PROOF_APART=0)
with_proof(of-2-apart own-descriptors-at-the-beginning ONCE
    OPTIONS -D PROOF_COUNT=2 -D PROOF_APART=1)
with_proof(of-no-request apart-of-any-number ONCE
    OPTIONS -D PROOF_COUNT=0 -D PROOF_APART=more_than_1)

# What is in slots. Small pages make small copies.
set(run_pool-contents --page-entries 16)
set(sources_pool-contents ${core} slot.c store.c content.c)
set(loops_pool-contents ,write_copy.0:4,load_values.0:4,is_plain.0:4,cgdt_accept_.0:4,cgdt_read.0:4)
foreach(count RANGE 3)
    set(once ONCE)
    if(count EQUAL 2)
        set(once)
    endif()
    set(mutants write-of-unsettled-values common-null-entry)
    if(count EQUAL 0)
        set(mutants range-of-its-count-only range-of-its-count-only)
    endif()
    list(GET mutants 0 own)
    list(GET mutants 1 common)
    pool_proof(pool-contents a_write_is_whole_and_of_its_slot_alone_or_nothing ${own} FULL CADICAL
        ${once} AS -of-${count} OPTIONS -D PROOF_COUNT=${count})
    pool_proof(pool-contents a_write_to_the_common_page_is_whole_or_nothing ${common} FULL CADICAL
        ${once} AS -of-${count} OPTIONS -D PROOF_COUNT=${count})
endforeach()
pool_proof(pool-contents a_read_gives_what_is_there read-from-the-beginning)

# Pages in and out; and what grow.h promises for those above. Pages of 16 entries, since each is
# looked at.
set(sources_pool-pages ${core} grow.c trim.c)
set(loops_pool-pages ,is_zero.0:17,clean_held.0:17,make_room.0:4,cgdt_grow_serve_.0:3
    cgdt_grow_undo_.0:3)
string(REPLACE ";" "," loops_pool-pages "${loops_pool-pages}")
set(run_pool-pages --page-entries 16)
pool_proof(pool-pages a_growth_holds_the_lowest_page_that_can_be_had page-believed-zero FULL)
pool_proof(pool-pages a_page_that_cannot_be_sealed_leaves_or_is_left_held
    page-out-from-below-another FULL)
pool_proof(pool-pages a_reserve_has_so_many_slots_in_service_or_changes_nothing
    reserve-keeps-what-came FULL CADICAL)
pool_proof(pool-pages a_trim_gives_back_what_is_above_all_that_is_needed trim-keeps-one-less)
pool_proof(pool-pages a_seal_seals_all_or_none seal-of-some)
pool_proof(pool-pages a_destroy_gives_all_pages_back_or_none in-service-above-a-held-one)

# The directory of CPUs.
set(sources_pool-cpus ${core} store.c alloc.c cpu.c aside.c move.c copy.c)
set(loops_pool-cpus ,claim_on.0:2)
pool_proof(pool-cpus a_cpu_comes_online_on_a_slot_of_its_own_or_nothing_changes
    online-that-failed-stays-busy FULL)
pool_proof(pool-cpus a_slot_that_was_set_aside_becomes_a_cpus_or_nothing_changes
    aside-named-in-any-case)
pool_proof(pool-cpus a_cpu_goes_offline_when_it_has_let_go_or_keeps_its_slot offline-without-leave)
pool_proof(pool-cpus a_move_begins_with_a_whole_copy_or_nothing_changes copy-without-its-mark FULL)
pool_proof(pool-cpus a_move_ends_on_one_slot_or_goes_on back-to-the-goal)

# A cache of slots.
set(sources_pool-cache ${core} alloc.c cache.c)
set(loops_pool-cache ,publish_all.0:17,publish_all.1:4,publish_all.2:4,publish_all.3:17
    publish_word.0:4 keep_claimed.0:1 keep_claimed.1:4 cgdt_count_bits_.0:4)
string(REPLACE ";" "," loops_pool-cache "${loops_pool-cache}")
pool_proof(pool-cache an_alloc_takes_from_the_cache_or_fills_it_or_nothing_changes
    cache-filled-in-vain FULL CADICAL)
pool_proof(pool-cache a_free_into_the_cache_zeroes_its_slot_or_changes_nothing
    cache-free-not-taken-back)
pool_proof(pool-cache a_flush_frees_all_that_is_in_it flush-keeps-the-count)

# After CPUs that died, from fewer assumptions.
set(sources_pool-recover ${core} recover.c)
pool_proof(pool-recover what_dead_cpus_had_is_nobodys_and_all_else_as_it_was
    recovered-with-its-handle)

# The slot map for ILP32, and where it has eight slots.
set(eight -D CGDT_SLOTMAP_WORD_SHIFT=1u -D CGDT_SLOTMAP_TRIES=2u -D PROOF_SLOTS=15
    -D CGDT_SLOTMAP_LINE_WORDS=1u)
proof(slotmap eight_owners_release_together_or_none UNWIND 20 MUTANTS eight-where-seven-are
    OPTIONS ${eight})
set(labels proof full)
foreach(claim IN ITEMS a_map_begins_with_the_invariant
        a_take_at_once_takes_the_lowest_free_slot_if_any published_bits_are_free_and_no_others
        only_the_owner_of_a_generation_releases_and_only_once
        a_claimed_slot_becomes_its_owners_and_can_be_pinned_once a_mark_is_of_its_own_slot)
    asked(proof-ilp32-slotmap.${claim} --bits 32 --unwind 10 slotmap ${claim} slotmap.c -- ${small})
endforeach()
foreach(claim IN ITEMS a_page_is_retired_with_all_its_slots_or_not_at_all
        what_is_put_back_is_found_again a_claim_takes_the_lowest_free_slots_or_there_is_none
        as_many_as_are_asked_for_come_from_the_lowest_word_or_none)
    asked(proof-ilp32-slotmap.${claim} --bits 32 --unwind 10 slotmap ${claim} slotmap.c --
        ${walked})
endforeach()
