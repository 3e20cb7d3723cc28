# SPDX-License-Identifier: MIT
#
# How a test kernel is built, and a test that boots one. To be included at the top of a guest's
# CMakeLists.txt: kernels are freestanding, so nothing of the host's flags may reach them
# (sanitizers, coverage, PIE, LTO); they are all cleared for that folder.

include(${CMAKE_CURRENT_LIST_DIR}/tests.cmake)

enable_language(ASM)

set(CMAKE_C_FLAGS "")
set(CMAKE_ASM_FLAGS "")
set(CMAKE_EXE_LINKER_FLAGS "")
foreach(config DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
    set(CMAKE_C_FLAGS_${config} "")
    set(CMAKE_ASM_FLAGS_${config} "")
    set(CMAKE_EXE_LINKER_FLAGS_${config} "")
endforeach()
if(CMAKE_BUILD_TYPE)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
    set(CMAKE_C_FLAGS_${config} "")
    set(CMAKE_ASM_FLAGS_${config} "")
    set(CMAKE_EXE_LINKER_FLAGS_${config} "")
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
set_directory_properties(PROPERTIES COMPILE_OPTIONS "" LINK_OPTIONS "")

# guest_kernel(TARGET WIDTH FLAGS SOURCE...): WIDTH is -m64 or -m32, FLAGS a list. The core is in it
# as every embedder has it, compiled anew with the flags of this kernel; link.ld is in the folder
# that calls.
function(guest_kernel target width flags)
    set(common ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    include(${PROJECT_SOURCE_DIR}/alloc/sources.cmake)
    list(TRANSFORM CGDT_CORE_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/alloc/)

    add_executable(${target} ${CGDT_CORE_SOURCES} ${common}/cmdline.c ${ARGN})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${common})
    guest_kernel_options(${target} ${width} "${flags}")
endfunction()

# guest_kernel_options(TARGET WIDTH FLAGS): how such a kernel is compiled and linked.
function(guest_kernel_options target width flags)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11
        C_STANDARD_REQUIRED ON
        C_EXTENSIONS OFF
        LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/link.ld
    )
    target_compile_options(${target} PRIVATE
        ${width} -g -ffreestanding -fno-pic -mgeneral-regs-only
        -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables ${flags}
        $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Werror>
    )
    target_link_options(${target} PRIVATE
        ${width} -static -nostdlib $<$<C_COMPILER_ID:GNU>:-no-pie>
        LINKER:-T,${CMAKE_CURRENT_SOURCE_DIR}/link.ld
        LINKER:--build-id=none
        LINKER:-z,max-page-size=4096
        LINKER:-z,noexecstack
    )
endfunction()

# guest_result(VARIABLE CPUS PAGES LAYOUT HOST): the last line of a bring-up in which all is well.
function(guest_result line cpus pages layout host)
    string(CONCAT result "RESULT cpus=${cpus} online=${cpus} verified=${cpus} gdt_pages=${pages} "
        "page_per_cpu=${cpus} failsafe=0 layout=${layout} host=${host} PASS")
    set(${line} ${result} PARENT_SCOPE)
endfunction()
