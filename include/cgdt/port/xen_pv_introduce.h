/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What a kernel needs to write cgdt_xen_pv_ops.introduce and introduce_with, which say what they
 * are for.
 *
 * @code
 * static struct cgdt_xen_pv_gdt loaded[MY_VCPUS];    // written where the kernel calls set_gdt
 *
 * static int my_introduce(void *ctx, uint64_t frame)
 * {
 *     return cgdt_xen_pv_introduce(&loaded[this_vcpu()], frame, my_set_gdt, ctx);
 * }
 * @endcode
 *
 * (A kernel without data of its own per vCPU knows it by its stack, or by LSL of a descriptor in a
 * slot whose limit is the vCPU's number.)
 *
 * cgdt_frames() fills one in: cgdt_frames(pool, slot, gdt->frames, &gdt->n_frames, &gdt->entries).
 * So does cgdt_frames_behind(), where a thread's page is in place of the common page: what is
 * loaded again is what was loaded, that page included. A kernel that calls set_gdt at the switch of
 * threads fills in the list of this vCPU there, and lets nobody switch while a frame is introduced.
 * One function serves all pools of a kernel: the list is the vCPU's, not a pool's.
 * No state of the pool's or the port's is looked at: any vCPU, any time.
 */
#ifndef CGDT_PORT_XEN_PV_INTRODUCE_H
#define CGDT_PORT_XEN_PV_INTRODUCE_H

#include "../layout.h"
#include "xen_pv.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a vCPU has as its GDT, as it was given to set_gdt; all 0: none. */
struct cgdt_xen_pv_gdt {
    cgdt_frame_t frames[CGDT_MAX_FRAMES]; /**< The list. */
    uint32_t n_frames;                    /**< How many: (entries + 511) / 512, at most 14. */
    uint32_t entries;                     /**< gdt_ents, 0 to CGDT_XEN_RESERVED_ENTRY. */
};

/**
 * The list by which a frame is introduced: a vCPU's own, and the frame with it.
 *
 * It comes behind the others. Where there are 14 it takes the place of the second: the first can be
 * a common page, or one in its place, and the last has the vCPU's own slot, so that no selector in
 * use is from it.
 *
 * @param      own    what the vCPU has now; what is loaded again afterwards
 * @param      frame  the frame
 * @param[out] with   receives the list; left alone on failure; not `own`
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) own is no list: see its fields
 */
int cgdt_xen_pv_gdt_with(const struct cgdt_xen_pv_gdt *own, cgdt_frame_t frame,
                         struct cgdt_xen_pv_gdt *with);

/**
 * Hypercall 2 on the calling vCPU, with that list; what Xen returned.
 *
 * @param ctx      as given to cgdt_xen_pv_introduce()
 * @param frames   (entries + 511) / 512 of them; may point anywhere if entries is 0
 * @param entries  gdt_ents
 */
typedef int64_t cgdt_xen_pv_set_gdt(void *ctx, const cgdt_frame_t *frames, uint32_t entries);

/**
 * Introduce a frame on the calling vCPU: set_gdt with the list above, and with its own again. Xen
 * keeps a vCPU's GDT when it refuses another (pv_set_gdt(), xen/arch/x86/pv/descriptor-tables.c),
 * so a frame that it refuses costs one hypercall and changes nothing.
 *
 * The caller stays on this vCPU and loads no other GDT meanwhile.
 *
 * @param own      what the vCPU has now
 * @param frame    the frame
 * @param set_gdt  the hypercall
 * @param ctx      for it
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) as for cgdt_xen_pv_gdt_with()
 * @return any other negative code: Xen's, from the first set_gdt; or from the second, which no Xen
 *         refuses: it takes what it had before
 */
int cgdt_xen_pv_introduce(const struct cgdt_xen_pv_gdt *own, cgdt_frame_t frame,
                          cgdt_xen_pv_set_gdt *set_gdt, void *ctx);

/** Hypercall 13, as cgdt_xen_pv_ops.multicall. */
typedef int64_t cgdt_xen_pv_multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n);

/**
 * The same as one multicall, behind another call: cgdt_xen_pv_ops.introduce_with.
 *
 * @param own        what the vCPU has now
 * @param first      the call that comes first
 * @param frame      the frame
 * @param multicall  the hypercall
 * @param ctx        for it
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) as for cgdt_xen_pv_gdt_with(); nothing was called
 * @return any other negative code: that of the multicall, or of the first of its calls that failed;
 *         those behind that one were made
 */
int cgdt_xen_pv_introduce_with(const struct cgdt_xen_pv_gdt *own,
                               const struct cgdt_xen_pv_call *first, cgdt_frame_t frame,
                               cgdt_xen_pv_multicall *multicall, void *ctx);

#ifdef __cplusplus
}
#endif
#endif
