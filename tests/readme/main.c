/* SPDX-License-Identifier: MIT */
/* Calls the README's example for 64 CPUs and looks at the selectors that it gives. */
#include <stdint.h>
#include <stdio.h>

int start_cpu(uint32_t cpu, uint32_t percpu_base, uint16_t *fs_selector);

int main(void)
{
    for (uint32_t cpu = 0; cpu < 64; cpu++) {
        uint16_t selector = 0;
        /* Entry 3 of the slot: 32 entries to a slot, 16 slots to a page, one page to a window; RPL 3. */
        const uint32_t expected = (cpu % 16 * 32 + 3) << 3 | 3;

        if (start_cpu(cpu, 0x100000 + cpu * 4096, &selector) != 0 || selector != expected) {
            printf("CPU %u: selector 0x%x, not 0x%x\n", cpu, selector, expected);
            return 1;
        }
    }
    uint16_t unused;
    return start_cpu(64, 0, &unused) == 0; /* there is no 65th CPU */
}
