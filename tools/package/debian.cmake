# SPDX-License-Identifier: MIT
#
# The Debian packages: configure with CMAKE_INSTALL_PREFIX=/usr, build, `cpack -G DEB`.

# As a subproject the packaging is the parent's.
if(NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()

# Debian's rules: documents under these names, the changelog by gzip -9n.
set(packages libcgdt-dev/development)
if(TARGET cgdt-command)
    list(APPEND packages cgdt/tool)
endif()
if(TARGET cgdt_shared)
    list(APPEND packages libcgdt${CGDT_SOVERSION}/runtime)
endif()
find_program(CGDT_GZIP gzip)
mark_as_advanced(CGDT_GZIP)
set(changelog ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz)
if(CGDT_GZIP)
    execute_process(COMMAND ${CGDT_GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        OUTPUT_FILE ${changelog})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
        ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
endif()
foreach(package IN LISTS packages)
    string(REGEX MATCH "(.*)/(.*)" package ${package})
    set(folder ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CMAKE_MATCH_1})
    install(FILES ${PROJECT_SOURCE_DIR}/LICENSE RENAME copyright DESTINATION ${folder}
        COMPONENT ${CMAKE_MATCH_2})
    install(FILES ${changelog} OPTIONAL DESTINATION ${folder} COMPONENT ${CMAKE_MATCH_2})
endforeach()

# An archive of the sources (the target package_source) has what git's have, see .gitattributes.
set(CPACK_SOURCE_IGNORE_FILES /[.]git/ "^${PROJECT_SOURCE_DIR}/build" "[.]o$"
    "^${PROJECT_SOURCE_DIR}/tests/guests/linux/")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cgdt)
set(CPACK_PACKAGE_VENDOR "the cgdt authors")
# Whoever publishes packages says who that is: cpack -D CPACK_PACKAGE_CONTACT="Name <address>".
set(CPACK_PACKAGE_CONTACT "the cgdt authors <cgdt@localhost>")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian-files.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL development)
if(TARGET cgdt-command)
    list(APPEND CPACK_COMPONENTS_ALL tool)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME cgdt)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_TOOL_DESCRIPTION
    "The command-line tool: plans, checks and decodes pages that hold the Global
Descriptor Tables of several CPUs, and puts the library that manages them
under stress.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcgdt-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "libjemalloc-dev (>= 5.3), pkgconf | pkg-config")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "A freestanding C library that packs the Global Descriptor Tables of several
CPUs into shared pages, by rules that Xen and the CPU accept. Headers, static
libraries, and what CMake and pkg-config need.")

if(TARGET cgdt_shared)
    list(APPEND CPACK_COMPONENTS_ALL runtime)
    set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libcgdt${CGDT_SOVERSION})
    set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
    # By hand, since what CPack generates calls ldconfig in scripts of the package instead of by a
    # trigger.
    set(control ${CMAKE_CURRENT_BINARY_DIR}/control)
    file(WRITE ${control}/triggers "activate-noawait ldconfig\n")
    file(WRITE ${control}/shlibs "libcgdt ${CGDT_SOVERSION} \
${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (>= ${PROJECT_VERSION})\n")
    set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${control}/triggers ${control}/shlibs)
    set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)
    file(WRITE ${control}/${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME}
        "# It is freestanding: it needs no libc, so it is linked with none.\n"
        "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME}: shared-library-lacks-prerequisites\n")
    install(FILES ${control}/${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME}
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides COMPONENT runtime)
    set(version ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
    set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
        "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (= ${version})")
    set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
        "The core as a shared library, for programs that plan or check such pages.")
endif()

include(CPack)
