/* SPDX-License-Identifier: MIT */
/*
 * A page that comes to a live pool of a PV kernel is named to Xen before any CPU of it is written
 * for.
 */
#include "must.h"
#include "xen_setup.h"

/* Another CPU, which starts at the very moment at which a neighbour's slot is written. */
struct starter {
    struct xen_setup *setup;
    cgdt_slot_t slot;
    int refused;
    int started;
};

static void start(void *who)
{
    struct starter *starter = who;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    const uint32_t n = xen_setup_frames(starter->setup, starter->slot, frames);

    if (model_xen_set_gdt(&starter->setup->xen, frames, n) != 0) {
        starter->refused++;
        return;
    }
    starter->started++;
    model_xen_drop_gdt(&starter->setup->xen, frames, n);
}

/* How a CPU of a new page fares while its neighbour's slot is written. */
static struct starter write_beside(struct xen_setup *setup)
{
    struct starter starter = {setup, xen_setup_alloc(setup), 0, 0};
    const cgdt_slot_t neighbour = xen_setup_alloc(setup);
    const cgdt_desc_t own = XEN_SETUP_DATA3 | 16;

    setup->xen.look = start;
    setup->xen.who = &starter;
    MUST(cgdt_write(setup->pool, neighbour, 4, &own, 1) == 0, "write");
    setup->xen.look = NULL;
    MUST(cgdt_free(setup->pool, neighbour) == 0 && cgdt_free(setup->pool, starter.slot) == 0,
         "free");
    return starter;
}

Test(xen_pv_introduce, a_cpu_of_a_new_page_starts_while_its_neighbours_slot_is_written)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 64);
    xen_setup_open(&setup);
    const struct starter starter = write_beside(&setup);
    cr_assert_eq(starter.refused, 0);
    cr_assert_eq(starter.started, 1);
    xen_setup_close(&setup);
}

Test(xen_pv_introduce, that_takes_introduce)
{
    struct xen_setup setup;

    xen_setup_prepare(&setup, 64);
    setup.xen.ops.introduce = NULL;
    xen_setup_open(&setup);
    const struct starter starter = write_beside(&setup);
    cr_assert_eq(starter.refused, 1);
    cr_assert_eq(starter.started, 0);
    xen_setup_close(&setup);
}

Test(xen_pv_introduce, a_page_that_cannot_be_introduced_does_not_join_the_pool)
{
    struct xen_setup setup;
    cgdt_slot_t slot = 1;

    xen_setup_prepare(&setup, 64);
    xen_setup_open(&setup);
    setup.xen.introduce_code = XEN_EFAULT;
    cr_assert_eq(cgdt_alloc(setup.pool, &slot), XEN_EFAULT);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    for (uint32_t page = 0; page < MODEL_PAGES; page++)
        MUST(setup.xen.writable[page], "page %u", page);
    setup.xen.introduce_code = 0;
    slot = xen_setup_alloc(&setup);
    cr_assert_eq(cgdt_free(setup.pool, slot), 0);
    xen_setup_close(&setup);
}
