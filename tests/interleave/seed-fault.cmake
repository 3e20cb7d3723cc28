# SPDX-License-Identifier: MIT
#
# cmake -D FAULT=faults/NAME.fault -D CORE=alloc/ -D OUT=DIR -P seed-fault.cmake: a copy of one core
# file with a fault in it; if that is a header, with all core files beside it, which then include
# it. A .fault file is
#
#   what the fault is
#   @@ FILE
#   text of the file, whole lines; it must be there exactly once
#   @@ becomes
#   other text
#
# A text that is there no more, or more than once, is an error: the fault has gone stale.

file(READ "${FAULT}" fault)
string(REGEX MATCH "\n@@ ([a-z]+\\.[ch])\n" head "${fault}")
set(source "${CMAKE_MATCH_1}")
string(FIND "${fault}" "${head}" start)
string(FIND "${fault}" "@@ becomes\n" middle)
if(NOT source OR start LESS 0 OR middle LESS 0)
    message(FATAL_ERROR "${FAULT}: not a .fault file")
endif()
string(LENGTH "${head}" length)
math(EXPR start "${start} + ${length}")
math(EXPR length "${middle} - ${start}")
string(SUBSTRING "${fault}" ${start} ${length} old)
string(LENGTH "@@ becomes\n" length)
math(EXPR middle "${middle} + ${length}")
string(SUBSTRING "${fault}" ${middle} -1 new)

file(READ "${CORE}/${source}" text)
string(FIND "${text}" "${old}" first)
string(FIND "${text}" "${old}" last REVERSE)
if(first LESS 0 OR NOT first EQUAL last)
    message(FATAL_ERROR
        "${FAULT}: its text must be in alloc/${source} exactly once; found:\n${old}")
endif()
string(REPLACE "${old}" "${new}" text "${text}")
if(source MATCHES "[.]h$")
    file(GLOB files "${CORE}/*.[ch]")
    file(COPY ${files} DESTINATION "${OUT}")
else() # the fault may have been in a header once
    file(GLOB files "${OUT}/*.h")
    file(REMOVE "${OUT}/slotmap.h" ${files})
endif()
file(WRITE "${OUT}/${source}" "${text}")
