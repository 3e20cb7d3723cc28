# SPDX-License-Identifier: MIT
#
# CGDT_CORE_SOURCES: the files of the core, relative to alloc/, from the one list of them,
# sources.txt.

file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/sources.txt" CGDT_CORE_SOURCES REGEX "^[^#]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_LIST_DIR}/sources.txt")
