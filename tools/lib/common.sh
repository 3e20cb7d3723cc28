# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Shared by the scripts in tools/: messages, packages, the build. To be sourced by bash, after
# `set -euo pipefail`; defines $top, the repository's folder, and enters it.

readonly me=${0##*/}
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly top
cd -- "$top" || exit 1
mkdir -p build/log

# One clear line, and exit 1.
die() {
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

# A progress line. On stderr, so that stdout holds results only.
say() {
    printf '%s\n' "-- $*" >&2
}

# quietly NAME COMMAND...: runs it with its output in build/log/NAME.log; on failure shows the end
# of that.
quietly() {
    local log=$top/build/log/$1.log
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 -- "$log" >&2
        die "'$*' failed (log: $log)"
    fi
}

# What it takes to fetch and build a Linux, and the programs that run on it.
# shellcheck disable=SC2034 # used by the scripts
readonly linux_packages=(gcc gcc-multilib libc6-dev libc6-dev-i386 make flex bison bc cpio perl
    libelf-dev xz-utils ccache qemu-system-x86)

missing_packages() {
    local package
    for package in "$@"; do
        # Virtual and renamed packages count when something provides them.
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
            printf '%s\n' "$package"
    done
}

# need_packages PACKAGE...: installs what is missing when root, otherwise says how to.
need_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "no apt-get here: taking for granted that these are installed: $*"
        return
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        die "packages are missing; run: sudo apt-get install ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be absent (a fresh image) or old; if they cannot be had, those at hand may still
    # do.
    apt-get -q update >build/log/apt.log 2>&1 || true
    apt-get -q install -y --no-install-recommends "${missing[@]}" >>build/log/apt.log 2>&1 ||
        die "apt-get could not install ${missing[*]} (log: $top/build/log/apt.log)"
}

# build_preset PRESET [TARGET...]: configures by the preset and builds the targets, or everything.
build_preset() {
    local preset=$1
    shift
    say "building $preset${*:+: $*}"
    quietly "configure-$preset" cmake --preset "$preset"
    quietly "build-$preset" cmake --build --preset "$preset" ${1:+--target "$@"}
}
