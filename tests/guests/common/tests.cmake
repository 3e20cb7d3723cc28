# SPDX-License-Identifier: MIT
#
# A test that boots a kernel, whoever's that is.

# guest_test(NAME LABEL SECONDS COMMAND...): one QEMU at a time, and all that beside other tests, so
# it begins early; the command ends by itself before SECONDS are over.
function(guest_test name label seconds)
    add_test(NAME ${name} COMMAND ${ARGN})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${seconds} RESOURCE_LOCK qemu
        COST ${COST_CHAIN})
endfunction()

# guest_expect(NAME VARIABLE=VALUE...): what run-qemu's environment says of this test.
function(guest_expect name)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ${ARGN})
endfunction()

# guest_full(NAME SECONDS): only tools/test --full runs it.
function(guest_full name seconds)
    set_property(TEST ${name} APPEND PROPERTY LABELS full)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds})
endfunction()
