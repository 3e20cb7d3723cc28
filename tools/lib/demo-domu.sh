# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The part of tools/demo that is about a guest that is no dom0. To be sourced by it; works on its
# variables.

# shellcheck disable=SC2034 # max is the caller's
check_domu_arguments() {
    host=xen-domu
    max=64
    : "${cpus:=64}"
    if ! [[ $cpus =~ ^[1-9][0-9]{0,2}$ ]] || [ "$cpus" -lt 4 ] || [ "$cpus" -gt "$max" ]; then
        die "--cpus must be 4 .. $max with --domu, not '$cpus'"
    fi
}

prepare_domu() {
    need_packages cpio
    prepare_xen
    say "fetching a dom0"
    tools/fetch-dom0 build/dom0 || exit 1 # it has said why
}

# How often all vCPUs have been verified, by the log.
# shellcheck disable=SC2317 # called by its name
looks_so_far() {
    grep -c '^dom0: [0-9]* vCPUs verified' -- "$1" 2>/dev/null || true
}

# run_domu LOG
run_domu() {
    say "booting Xen, Debian's Linux as dom0 and a guest with $(cpus_in_words "virtual CPU")" \
        "(layout $layout)"
    run_watched looks_so_far 10 "looks at all vCPUs, between them hotplug, save and restore" \
        tests/guests/domu/run-domu build/xen/xen.elf build/dom0/dom0 \
        build/release/tests/guests/xen/cgdt-guest-xen - "$1" $((3000 + 20 * cpus)) \
        tests/guests/xen/domu-scenario "vcpus=$cpus" "layout=$layout" || return
    sed -n 's/^guest: \(MAP .*\)/\1/p' "$1" >>"$1.map"
    cat -- "$1.map" >>"$1"
    rm -- "$1.map"
    grep -E '^(guest: (VERIFIED|RESTORED)|dom0: xen (gets|is (saved|restored))) ?' "$1" | tr -d '\r'
}
