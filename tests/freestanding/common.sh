# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the freestanding tests share: where the core is, and how it is built for a target. Sourced.

# shellcheck source=tests/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/../checks.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# The core: every alloc/*.c, ports aside.
core_sources() {
    local sources=("$root"/alloc/*.c)

    [ -e "${sources[0]}" ] || {
        echo "FAIL: no sources in $root/alloc" >&2
        exit 1
    }
    printf '%s\n' "${sources[@]}"
}

# The ports that need no libc either.
kernel_port_sources() {
    printf '%s\n' "$root"/alloc/port/{fixed,native,native_aliased}.c "$root"/alloc/port/xen_pv*.c
}

# The flags of a target: x86-64 or i386.
target_flags() {
    case $1 in
    x86-64) echo "-m64" ;;
    i386) echo "-m32" ;;
    *)
        echo "unknown target $1" >&2
        exit 2
        ;;
    esac
}

# What ld calls it.
emulation_of() {
    case $1 in
    x86-64) echo elf_x86_64 ;;
    *) echo elf_i386 ;;
    esac
}

freestanding_flags="-std=c11 -ffreestanding -nostdlib -mgeneral-regs-only -fno-stack-protector"
freestanding_flags+=" -fno-pic -fno-asynchronous-unwind-tables -ffunction-sections"
strict_flags="-Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Werror"

# compile_into FOLDER COMPILER TARGET OPTION-OR-SOURCE...: an object of each source in the folder,
# which is a new one, by one call for all of them. Names are whole paths.
compile_into() {
    local folder=$1 compiler=$2 flags
    flags=$(target_flags "$3") || return
    shift 3

    rm -rf -- "$folder"
    mkdir -p -- "$folder"
    (cd -- "$folder" && "$compiler" "$flags" -I"$root/include" -c "$@")
}

# build_core compiler target level [flag...]: compile the core; the linked object's name goes to
# stdout.
build_core() {
    local compiler=$1 target=$2 level=$3 sources
    local folder="$work/$compiler-$target$level"
    shift 3

    mapfile -t sources < <(core_sources)
    # shellcheck disable=SC2086 # lists of flags
    compile_into "$folder" "$compiler" "$target" $freestanding_flags $strict_flags "$level" "$@" \
        "${sources[@]}" || return 1
    ld -m "$(emulation_of "$target")" -r -o "$folder/core" "$folder"/*.o || return 1
    echo "$folder/core"
}

# The levels that cgdt/env.h names, or those that CMakeLists.txt wants.
readonly levels=${CGDT_LEVELS:--O1 -O2 -O3 -Os -Og}

# What kernels set for themselves: Linux, the Xen Test Framework, mini-os, kvm-unit-tests, others.
kernels_warnings=(-Wall -Wextra -Werror -Winline -Wdeclaration-after-statement
    -Waddress-of-packed-member -Wundef -Wcast-qual -Wcast-align -Wconversion -Wsign-conversion
    -Wshadow -Wpointer-arith -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes
    -Wmissing-declarations -Wredundant-decls -Wnested-externs -Wwrite-strings -Wvla -Wformat=2
    -Wimplicit-fallthrough -Wunused -Wstrict-aliasing=2 -Wtype-limits -Wempty-body)

# compile_for_kernels FOLDER COMPILER TARGET OPTION...: the core, the ports of kernels, and a
# kernel's file that uses all of the headers.
compile_for_kernels() {
    local folder=$1 compiler=$2 target=$3 sources
    shift 3
    mapfile -t sources < <(
        core_sources
        kernel_port_sources
        printf '%s\n' "$root"/tests/freestanding/kernel.c
    )
    # shellcheck disable=SC2086 # a list of flags
    compile_into "$folder" "$compiler" "$target" $freestanding_flags "${kernels_warnings[@]}" "$@" \
        "${sources[@]}"
}

# compile_levels FOLDER COMPILER TARGET: that at each level, in FOLDER/LEVEL; of gcc with call
# graphs. test-flags does it for those that come after it.
compile_levels() {
    local folder=$1 compiler=$2 target=$3 level graphs=()
    [ "$compiler" != gcc ] || graphs=(-fcallgraph-info=su)
    for level in $levels; do
        compile_for_kernels "$folder/$level" "$compiler" "$target" "$level" "${graphs[@]}" || {
            fail "at $level"
            return 1
        }
    done
}

# need_levels FOLDER COMPILER TARGET: if they are not there.
need_levels() {
    [ -d "$1" ] || compile_levels "$@" || finish
}

# objects_of FOLDER SOURCES: what the function SOURCES lists, as objects in FOLDER.
objects_of() {
    "$2" | sed "s|.*/|$1/|; s|[.]c\$|.o|"
}

# Sum of the sizes of an object's sections whose names match a pattern.
section_bytes() {
    objdump -h "$1" | awk -v pattern="$2" '$1 ~ /^[0-9]+$/ && $2 ~ pattern { print $3 }' |
        while read -r hex; do echo $((16#$hex)); done | awk '{ sum += $1 } END { print sum + 0 }'
}
