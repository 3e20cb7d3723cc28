# SPDX-License-Identifier: MIT
#
# Run by cpack before it packs what Debian wants and `cmake --install` does not: compressed manual
# pages, and Debian's own changelog, in the name of whoever packs and, where SOURCE_DATE_EPOCH is
# set, of that day.

find_program(gzip gzip REQUIRED)
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_DIRECTORY}/*.[17])
list(FILTER pages INCLUDE REGEX /man/man[17]/)
foreach(page IN LISTS pages)
    execute_process(COMMAND ${gzip} -9nf ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(GLOB_RECURSE copyrights ${CPACK_TEMPORARY_DIRECTORY}/copyright)
foreach(copyright IN LISTS copyrights)
    cmake_path(GET copyright PARENT_PATH folder)
    cmake_path(GET folder FILENAME package)
    file(WRITE ${folder}/changelog.Debian
        "cgdt (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; "
        "urgency=medium\n\n"
        "  * See /usr/share/doc/${package}/changelog.gz.\n\n"
        " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
    execute_process(COMMAND ${gzip} -9nf ${folder}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
endforeach()
