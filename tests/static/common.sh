# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the static checks share: the files, the flags, and findings that are known to be wrong.
# Sourced, with the checker as its argument, by a test whose own may be another tree than the
# repository (test-finds).

set -euo pipefail
export LC_ALL=C

cd "${tree:-$(dirname "${BASH_SOURCE[0]}")/../..}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2034 # used by the tests
flags=(-std=c11 -Iinclude)
files=(alloc/*.c alloc/port/*.c)
# A file of the tools that nobody has committed yet is somebody's work of this minute.
if git rev-parse --git-dir >/dev/null 2>&1; then
    mapfile -t tools < <(git ls-files -- 'tools/*.c')
else
    tools=(tools/*/*.c)
fi
files+=("${tools[@]}")
# Each public header, as not all are in a file of ours.
for header in include/cgdt/*.h include/cgdt/port/*.h; do
    echo "#include <${header#include/}>"
done >"$work/headers.c"
files+=("$work/headers.c")

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

command -v "$1" >/dev/null || fail "$1 is not installed"

# judge NAME REPORT: fails if the report has a finding (a line FILE:LINE:...[checker] at its end)
# that tests/static/NAME.txt does not have as "FILE checker", or has one that is not found any more.
judge() {
    local known=tests/static/$1.txt

    sed -nE 's/^([^: ]+):[0-9]+:.*(warning|error): .*\[([^] ]*)\]$/\1 \3/p' "$2" |
        sort -u >"$work/found"
    { [ ! -e "$known" ] || sed -E '/^#|^$/d' "$known"; } | sort -u >"$work/known"
    if ! diff "$work/known" "$work/found" >"$work/diff"; then
        cat "$2" >&2
        cat "$work/diff" >&2
        fail "found (>), or known but not found any more (<)"
    fi
    echo "ok: ${#files[@]} files; known to be wrong: $(wc -l <"$work/known")"
}
