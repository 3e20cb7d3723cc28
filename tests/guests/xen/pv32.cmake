# SPDX-License-Identifier: MIT
#
# Tests of the 32-bit guest, beside the checker's and those of moves. What the tests of the 64-bit
# one have shown of the sources that the two share is not shown at the same length again.

# pv32_test(NAME STATUS LAST CPUS [guest arguments...])
function(pv32_test name)
    xen_pv32_test(${name} cgdt-guest-xen-i386 ${ARGN})
endfunction()

function(pv32_full_test name)
    set(XEN_SECONDS 8800)
    pv32_test(${name} ${ARGN})
    guest_full(${name} 9000)
endfunction()

xen_layout_test(pv32 xen-pv32 page 64 4)
xen_layout_test(pv32 xen-pv32 page 1024 64)
xen_layout_test(pv32 xen-pv32 page 8192 512) # Xen's ceiling
xen_layout_test(pv32 xen-pv32 window 225 15) # one more than a window has
xen_layout_test(pv32 xen-pv32 window 1024 64)
xen_layout_test(pv32 xen-pv32 common 833 15)
xen_layout_test(pv32 xen-pv32 common 1024 17)
xen_layout_test(pv32 xen-pv32 common 8192 129)
xen_layout_test(pv32 xen-pv32 page-per-cpu 64 64)

pv32_test(xen-pv32-control-neighbour-base 41 "CONTROL neighbour-base caught: vCPU 20 read id 19 *"
    40 layout=page control=neighbour-base)
pv32_test(xen-pv32-control-unowned-tss 41
    "CONTROL unowned-tss caught: * (set_gdt -22, initialise -22) *" 40
    layout=page control=unowned-tss)
pv32_test(xen-pv32-control-writable-page 41
    "CONTROL writable-page caught: * (set_gdt -22, initialise -22) *" 40
    layout=page control=writable-page)

pv32_test(xen-pv32-explain 33
    "RESULT mode=explain cases=11 named=11 layout=page host=xen-pv32 PASS" 4 mode=explain)

pv32_test(xen-pv32-flips 33
    "RESULT mode=flips flips=* strange=0 failsafe=0 layout=page host=xen-pv32 PASS" 16
    mode=flips count=100000)
pv32_test(xen-pv32-control-through-zero 41
    "CONTROL through-zero caught: * found neither descriptor" 16
    mode=flips count=20000 pcpus=2 control=through-zero)
xen_on_two_processors(xen-pv32-control-through-zero)

# What vCPUs see of each other is what a 64-bit guest's see; a process sees the descriptors of ring
# 3 alone, and can call through a neighbour's gate.
function(pv32_neighbours_test layout first last)
    set(seen "first_sees=${first} last_sees=${last}")
    pv32_test(xen-pv32-neighbours-${layout} 33
        "RESULT mode=neighbours cpus=300 ${seen} layout=${layout} host=xen-pv32 PASS"
        300 mode=neighbours layout=${layout})
endfunction()

pv32_neighbours_test(page 75 55)
pv32_neighbours_test(window 75 375)
pv32_neighbours_test(common 189 897)

# Software threads between vCPUs of different colors.
foreach(layout page common)
    pv32_test(xen-pv32-threads-${layout} 33
        "RESULT mode=threads cpus=100 threads=64 * wrong=0 failsafe=0 layout=${layout} * PASS"
        100 mode=threads count=2000 layout=${layout})
endforeach()
pv32_test(xen-pv32-control-no-conversion 41 "CONTROL no-conversion caught: *" 100
    mode=threads count=1000 layout=page control=no-conversion)

# Moves: three hypercalls each here too. The control early-end is not for this guest, whose stack
# goes with its slot.
foreach(layout page window common)
    set(counts "cpus=256 verified=256 * hypercalls_per_move=3 failsafe=0")
    pv32_test(xen-pv32-move-${layout}-256 33
        "RESULT mode=move ${counts} layout=${layout} host=xen-pv32 PASS"
        256 mode=move layout=${layout})
endforeach()
foreach(control no-rebase stale-saved)
    pv32_test(xen-pv32-move-control-${control} 41
        "CONTROL ${control} caught: vCPU *: %fs or %gs cannot be loaded" 64
        mode=move layout=window control=${control})
endforeach()
pv32_test(xen-pv32-move-control-kept-slot 41
    "CONTROL kept-slot caught: vCPU *: its old slot holds descriptors" 64
    mode=move layout=window control=kept-slot)
pv32_test(xen-pv32-move-control-stale-frame 5 "FATAL: unexpected trap: vector 13 error code 0x*" 256
    mode=move layout=window control=stale-frame)

# Real parallelism is the subject: two processors, four vCPUs at once.
function(pv32_hotplug_test name status last cycles)
    pv32_test(${name} ${status}
        "${last}" 300 mode=hotplug cycles=${cycles} drivers=4 pcpus=2 ${ARGN})
    xen_on_two_processors(${name})
endfunction()

foreach(layout_and_pages page:19 window:19 common:6)
    string(REPLACE ":" ";" layout_and_pages ${layout_and_pages})
    list(GET layout_and_pages 0 layout)
    list(GET layout_and_pages 1 pages)
    guest_result(line 300 ${pages} ${layout} xen-pv32)
    pv32_hotplug_test(xen-pv32-hotplug-${layout} 33 "${line}" 1000 layout=${layout})
endforeach()
pv32_hotplug_test(xen-pv32-hotplug-control-early-free 41
    "CONTROL early-free caught: * CPUs lost their table while they used it *" 300
    layout=page control=early-free)
pv32_hotplug_test(xen-pv32-hotplug-control-no-drop 41
    "CONTROL no-drop caught: Xen kept * destroy -16 with the pool intact, 0 once all had dropped"
    300 layout=page control=no-drop)
