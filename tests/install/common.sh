# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the install tests share. Sourced with the tests' build folder as the script's first argument.

set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/need.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../need.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # where test-stage builds and installs
stage=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$root/tests/install

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# Shows a command's output only if it fails.
quiet() {
    "$@" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        fail "$*"
    }
}

# The sources as a release has them, in a folder of their own: what git tracks, as it is now.
copy_sources() {
    mkdir -p "$1"
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
        (cd "$root" && git ls-files -z -- CMakeLists.txt LICENSE alloc include tools |
            tar --null --ignore-failed-read -cf - -T - 2>/dev/null) | tar -C "$1" -xf -
    else
        cp -r "$root"/{CMakeLists.txt,LICENSE,alloc,include,tools} "$1"
    fi
}

# expect_consumers COUNT PROGRAM...: that many there are, and each runs and says what it should.
expect_consumers() {
    local count=$1 program
    shift
    [ $# -eq "$count" ] || fail "$count programs expected: $*"
    for program in "$@"; do
        [ "$("$program")" = "consumer: 40 CPUs on 3 pages" ] || fail "$program: $("$program" 2>&1)"
    done
    echo "ok: $count programs: ${*##*/}"
}

# build_consumer WAY CMAKE-ARGUMENT...: in $work/consumer.
build_consumer() {
    local way=$1
    shift
    quiet cmake -S "$here/consumer" -B "$work/consumer" -G Ninja -DWAY="$way" "$@"
    quiet cmake --build "$work/consumer"
}
