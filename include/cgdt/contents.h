/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What is in a slot, and where its CPU finds it. Part of cgdt.h, which says who may call what
 * together.
 */
#ifndef CGDT_CONTENTS_H
#define CGDT_CONTENTS_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write descriptors of one slot, entries first to first+n-1.
 *
 * All are checked against the profile first and stored in the form that the hypervisor would keep
 * (DPL raised, ...), so that what is read back is what was meant. Entries that are equal already
 * are skipped; if all are, the port is not called. desc is read once, into a copy on the stack: of
 * up to 32 descriptors 256 bytes, of more 4 KiB. O(n), no lock of the core's, at most one
 * live_write().
 *
 * @param pool   the pool
 * @param slot   the slot; its owner serialises writes to it
 * @param first  first entry, 0 .. slot_entries-1
 * @param desc   n descriptors, aligned as a cgdt_desc_t; may be NULL where n = 0
 * @param n      how many; 0 does nothing
 *
 * @retval 0             done
 * @retval -CGDT_ERANGE  (caller) entries outside the slot, or entry 0 (not zero) without a common
 *                       page
 * @retval -CGDT_EILSEQ  (caller) the profile refuses a descriptor, or would keep it in a form that
 *                       it changes or refuses when it sees the page again (a PV32 call gate of ring
 *                       2 or 3, of which Xen would make one of ring 1); or, native 64, the low half
 *                       of a 16-byte descriptor comes without its high half (both come in one call,
 *                       even where the high half is zero, as a forgotten one is), a high half is
 *                       replaced by what is none, what can be nothing but a high half comes or is
 *                       left alone, or a TSS or LDT has a base that is not canonical
 * @retval -CGDT_EROFS   (caller) a segment's accessed bit is clear, and the CPU reads this pool
 *                       through a read-only mapping (cgdt_config.alias_bytes): its first load would
 *                       be a page fault. Set CGDT_DESC_ACCESSED, as the builders of descriptor.h do
 * @retval -CGDT_EINVAL  (caller) desc is NULL or not aligned
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 * @return any other: the port's code, live_write failed, nothing written
 */
int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, const void *desc,
               uint32_t n);

/**
 * Read descriptors of one slot, entries first to first+n-1.
 *
 * @param      pool   the pool
 * @param      slot   the slot
 * @param      first  first entry, 0 .. slot_entries-1
 * @param[out] desc   receives n descriptors; aligned as a cgdt_desc_t; may be NULL where n = 0;
 *                    left alone on failure
 * @param      n      how many
 *
 * @retval 0             done
 * @retval -CGDT_ERANGE  (caller) entries outside the slot
 * @retval -CGDT_EINVAL  (caller) desc is NULL or not aligned
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 */
int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, void *desc,
              uint32_t n);

/**
 * Where a slot can be read: the address of its entry 0 in its page's view, which is read-only where
 * the port's seal() makes it so. Paged and native, before cgdt_seal() and after it. No lock, no
 * port call, O(1).
 *
 * The address is good until the slot is freed. cgdt_seal() may move it (as the native ports do): it
 * is asked for anew behind that. Descriptors change under whoever looks while the slot is written,
 * each by one store.
 *
 * @param      pool    the pool
 * @param      slot    the slot
 * @param[out] entry0  receives the address of slot_entries descriptors; left alone on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) entry0 is NULL
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 */
int cgdt_slot_view(const struct cgdt_pool *pool, cgdt_slot_t slot, const cgdt_desc_t **entry0);

/**
 * Write descriptors of the common page, entries first to first+n-1. Checked and stored as by
 * cgdt_write().
 *
 * @param pool   the pool; the caller serialises these calls
 * @param first  first entry, 0 .. 511; entry 0 must be zero
 * @param desc   n descriptors, aligned as a cgdt_desc_t; may be NULL where n = 0
 * @param n      how many; 0 does nothing
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) no common page
 * @retval -CGDT_ERANGE   (caller) entries outside the page, or entry 0 (not zero)
 * @retval -CGDT_EILSEQ   (caller) as for cgdt_write()
 * @retval -CGDT_EINVAL   (caller) desc is NULL or not aligned
 * @return any other: the port's code, live_write failed, nothing written
 */
int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const void *desc, uint32_t n);

/**
 * What set_gdt and VCPUOP_initialise need for the CPU of a slot: the frames of its window, from the
 * window's head to the slot's own page, and the number of entries. No lock; one frame() each.
 *
 * @param      pool      the pool, paged
 * @param      slot      the slot
 * @param[out] frames    receives up to CGDT_MAX_FRAMES frame numbers; of no meaning on failure
 * @param[out] n_frames  receives how many; left alone on failure
 * @param[out] entries   receives gdt_ents, a multiple of 512; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) native: see cgdt_gdtr()
 * @retval -CGDT_ENOENT   (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE   (caller) as for cgdt_free()
 * @retval -CGDT_EINVAL   (caller) frames, n_frames or entries is NULL
 * @retval -CGDT_EPERM    (caller) before cgdt_seal()
 * @return any other: the port's code
 */
int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames, uint32_t *entries);

/**
 * The common page by itself: its frame, for a CPU that has no slot, or none any more (a set_gdt or
 * VCPUOP_initialise with that frame alone, 512 entries), and where it can be read.
 *
 * The common page comes with the pool: cgdt_pool_init() maps it, cgdt_seal() seals it, and
 * cgdt_pool_destroy() alone gives it back, so frame and view stay what they are until then. No
 * lock; one frame() of the port.
 *
 * @param      pool   the pool
 * @param[out] frame  receives the frame number; left alone on failure
 * @param[out] view   receives the address of its entry 0; may be NULL; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) no common page
 * @retval -CGDT_EINVAL   (caller) frame is NULL
 * @retval -CGDT_EPERM    (caller) before cgdt_seal()
 * @return any other: the port's code
 */
int cgdt_common_frame(const struct cgdt_pool *pool, cgdt_frame_t *frame, const cgdt_desc_t **view);

/**
 * As cgdt_frames(), but with another page at the head in place of the common page, as a kernel may
 * have one for a thread: one with descriptors of its own at entries that all CPUs call the same.
 * The slot's selectors stay what they are.
 *
 * The page is the caller's, perhaps the only slot (512 entries) of a page of another pool, which
 * cgdt_frames() of that pool names. What is in it is not looked at here: it must pass the
 * hypervisor's check, and have what the CPU uses of the common page. It must not be one of the
 * frames behind it.
 *
 * @param      pool      the pool, with a common page
 * @param      slot      the slot
 * @param      head      frame of the page that comes first
 * @param[out] frames    receives up to CGDT_MAX_FRAMES frame numbers; of no meaning on failure
 * @param[out] n_frames  receives how many; left alone on failure
 * @param[out] entries   receives gdt_ents, a multiple of 512; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) no common page
 * @return any other: as cgdt_frames()
 */
int cgdt_frames_behind(const struct cgdt_pool *pool, cgdt_slot_t slot, cgdt_frame_t head,
                       cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames, uint32_t *entries);

/** What LGDT needs (native), the SDM's "pseudo-descriptor" unpacked. */
struct cgdt_pseudo_descriptor {
    uintptr_t base; /**< The table's linear address in the view. */
    uint16_t limit; /**< Its last byte: slot_entries x 8 - 1. */
};

/**
 * What LGDT needs for the CPU of a slot.
 *
 * @param      pool  the pool, native
 * @param      slot  the slot
 * @param[out] gdtr  receives base and limit; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) not native: see cgdt_frames()
 * @retval -CGDT_ENOENT   (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE   (caller) as for cgdt_free()
 * @retval -CGDT_EINVAL   (caller) gdtr is NULL
 * @retval -CGDT_EPERM    (caller) before cgdt_seal()
 */
int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_pseudo_descriptor *gdtr);

#ifdef __cplusplus
}
#endif
#endif
