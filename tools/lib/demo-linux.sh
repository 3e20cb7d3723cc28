# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The part of tools/demo that is about Linux. To be sourced by it; works on its variables.

readonly linux=build/linux
linux_guest=$top/tests/guests/linux

# Native, a page has 32 slots; on Xen another page is common to all.
check_linux_arguments() {
    local with= max=255 # QEMU's own limit without KVM
    [ -z "$layout$arch" ] || die "--linux takes neither --layout nor --arch"
    layout=page
    pages_before=0
    if $on_xen; then
        max=64 with=" --xen"
        layout=common
        pages_before=1
        host=linux-xen
        : "${cycles:=16}"
    fi
    : "${cpus:=16}" "${cycles:=50}"
    if ! [[ $cpus =~ ^[1-9][0-9]{0,8}$ ]] || [ "$cpus" -lt 2 ] || [ "$cpus" -gt "$max" ]; then
        die "--cpus must be 2 .. $max with --linux$with, not '$cpus'"
    fi
    [[ $cycles =~ ^[1-9][0-9]{0,5}$ ]] || die "--cycles must be 1 .. 999999, not '$cycles'"
    [ -d "$linux_guest" ] ||
        die "tests/guests/linux is missing: --linux needs a checkout by git, archives have it not"
}

prepare_linux() {
    local version
    need_packages "${linux_packages[@]}"
    version=$(tools/fetch-linux "$linux") || exit 1 # it has said why
    say "Linux is Debian's linux-source-6.1, $version"
    if $on_xen; then
        tools/fetch-xen build/xen || exit 1
    fi
    "$linux_guest/build" cgdt "$linux" || exit 1
    quietly linux-initrd "$linux_guest/user/build" "$linux/user"
}

# The cycles in the last "ROUND cycles=K ..." of the log; a round may end after what was asked for.
# shellcheck disable=SC2317 # called by its name
cycles_so_far() {
    tail -c 65536 -- "$1" 2>/dev/null | tr -d '\r' |
        sed -n 's/^ROUND cycles=\([0-9]*\) .*/\1/p' | tail -n 1 |
        awk -v most="$cycles" '{ print $1 < most ? $1 : most }'
}

# run_linux LOG
run_linux() {
    local boot=("$linux_guest/run-qemu") pages=$((pages_before + (cpus + 31) / 32))
    ! $on_xen || boot+=(--xen build/xen/xen.elf)
    say "booting Linux on $(cpus_in_words CPU)$(! $on_xen || echo " as Xen's dom0")"
    export GUEST_CYCLES=$cycles
    export GUEST_LAST="RESULT cpus=$cpus online=$cpus verified=$cpus gdt_pages=$pages \
page_per_cpu=$cpus failures=0 cycles=* layout=$layout host=$host PASS"
    run_watched cycles_so_far "$cycles" "cycles of CPUs off and on" \
        "${boot[@]}" "$linux/bzImage-cgdt" "$linux/user/initrd.gz" "$1" "$cpus" \
        $((3000 + 30 * cpus)) -- mode=soak "cycles=$cycles" seed=1
}
