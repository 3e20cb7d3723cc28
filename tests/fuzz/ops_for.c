/* SPDX-License-Identifier: MIT */
/* A slot that comes with what a request asks for; see ops.h. */
#include "ops.h"

/* A request, and what it has to come to. */
struct asked {
    struct cgdt_request request;
    uint32_t near[NEAR_MAX];
    uint32_t handles[NEAR_MAX]; /* what near[] means */
    uint64_t table[512];        /* of the slot, in the end */
    void *base;                 /* of the descriptors */
    uint32_t planned;
    int wanted;
};

/* near[]: of CPUs, or handles. */
static void take_request(struct run *run, bool cpus, struct asked *asked)
{
    const uint8_t how = take8(run->input);
    const uint32_t first = take_count(run->input);
    const uint32_t n = (how & 0x40u) != 0 ? 0 : take_count(run->input);

    memset(asked, 0, sizeof(*asked));
    asked->request = (struct cgdt_request){.struct_bytes = sizeof(struct cgdt_request),
                                           .first = first,
                                           .count = n,
                                           .desc = take_buffer(run->input, n, &asked->base),
                                           .apart = (how & 0x80u) != 0,
                                           .near_count = how % (NEAR_MAX + 1u),
                                           .near = asked->near};
    for (uint32_t i = 0; i < asked->request.near_count; i++) {
        asked->near[i] = cpus ? take_count(run->input) : take_handle(run);
        asked->handles[i] = asked->near[i];
        if (cpus)
            asked->handles[i] = asked->near[i] < run->model.slots
                                    ? run->model.directory[asked->near[i]]
                                    : CGDT_NO_SLOT;
    }
}

static void judge(const struct run *run, struct asked *asked)
{
    const struct cgdt_request *request = &asked->request;

    asked->wanted =
        model_with(&run->model, asked->table, request->first, request->count, request->desc);
    if (request->apart == 0 && request->near_count != 0)
        asked->wanted = -CGDT_EINVAL;
    if (asked->wanted == 0 && request->apart == 0)
        asked->wanted = plan(run, 1, &asked->planned);
    else if (asked->wanted == 0)
        asked->wanted =
            model_near(&run->model, request->near_count, asked->handles, &asked->planned)
                ? 0
                : -CGDT_ENOSPC;
}

/* True: the slot came, and is in the model. */
static bool has_come(struct run *run, struct asked *asked, int result, cgdt_slot_t slot)
{
    const bool came = asked->request.apart != 0 ? is_near_as_wanted(run, result, asked->wanted)
                                                : is_as_wanted_growing(run, result, asked->wanted);

    free(asked->base);
    if (!came)
        return false;
    take_given(run, 1, &slot, &asked->planned);
    memcpy(model_slot(&run->model, cgdt_slot_number(slot)), asked->table,
           run->model.config.layout.slot_entries * 8u);
    return true;
}

void op_for(struct run *run)
{
    struct asked asked;
    cgdt_slot_t slot = 99;

    take_request(run, false, &asked);
    judge(run, &asked);
    const int result = cgdt_alloc_for(run->pool, &asked.request, &slot);
    if (!has_come(run, &asked, result, slot))
        MUST(slot == CGDT_NO_SLOT, "%x on failure", slot);
    asked.request.struct_bytes--;
    MUST(cgdt_alloc_for(run->pool, &asked.request, &slot) == -CGDT_EINVAL, "a short request");
}

void op_online_for(struct run *run)
{
    const uint32_t cpu = take_count(run->input);
    cgdt_slot_t slot = 99;
    struct asked asked;

    take_request(run, true, &asked);
    if (cpu >= run->model.slots)
        asked.wanted = -CGDT_EINVAL;
    else if (run->model.directory[cpu] != 0)
        asked.wanted = -CGDT_EEXIST;
    else
        judge(run, &asked);
    const int result = cgdt_cpu_online_for(run->pool, cpu, &asked.request, &slot);
    if (has_come(run, &asked, result, slot))
        run->model.directory[cpu] = slot;
    else
        MUST(slot == 99 || slot == CGDT_NO_SLOT, "%x on failure", slot);
}
