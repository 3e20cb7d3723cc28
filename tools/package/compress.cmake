# SPDX-License-Identifier: MIT
#
# Run by cpack before it packs: manual pages in a Debian package are compressed. What `cmake --install` leaves is not.

find_program(gzip gzip REQUIRED)
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_DIRECTORY}/*.[17])
list(FILTER pages INCLUDE REGEX /man/man[17]/)
foreach(page IN LISTS pages)
    execute_process(COMMAND ${gzip} -9nf ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
