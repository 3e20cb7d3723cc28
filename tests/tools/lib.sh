# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the tests of the cgdt command share. To be sourced with the command's path as $1, after set
# -euo pipefail.

export LC_ALL=C
# shellcheck source=tests/need.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../need.sh"
cgdt=$1
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
out=$work/out
err=$work/err
checked=0

fail() {
    echo "FAIL: $*" >&2
    [ ! -s "$out" ] || sed 's/^/stdout: /' -- "$out" | head -n 20 >&2
    [ ! -s "$err" ] || sed 's/^/stderr: /' -- "$err" | head -n 20 >&2
    exit 1
}

# expect STATUS ARGUMENT...: runs cgdt, its output into $out and $err; stdin is the caller's.
expect() {
    local wanted=$1 status=0
    shift
    "$cgdt" "$@" >"$out" 2>"$err" || status=$?
    [ "$status" -eq "$wanted" ] || fail "cgdt $*: exit status $status, not $wanted"
    checked=$((checked + 1))
}

# refused WORDS ARGUMENT...: wrong use or input: status 2, nothing on stdout, one line of plain text
# on stderr that begins with the command's name and contains WORDS.
refused() {
    local words=$1
    shift
    expect 2 "$@"
    [ ! -s "$out" ] || fail "cgdt $*: something on stdout"
    [ "$(wc -l <"$err")" -eq 1 ] || fail "cgdt $*: not one line on stderr"
    grep -qF -- "cgdt $1: " "$err" || fail "cgdt $*: the line does not begin with the command"
    grep -qF -- "$words" "$err" || fail "cgdt $*: the line does not say '$words'"
    ! grep -q '[^[:print:]]' "$err" || fail "cgdt $*: the line has what cannot be printed"
    [ "$(wc -c <"$err")" -lt 300 ] || fail "cgdt $*: that is no line, but a page"
}

# same WANTED FOUND WHAT
same() {
    [ "$1" = "$2" ] || fail "$3: '$2', not '$1'"
    checked=$((checked + 1))
}

# json FILTER: what jq makes of $out.
json() {
    jq -r "$1" "$out" || fail "not the JSON that '$1' needs"
}

finish() {
    [ "$checked" -gt 0 ] || fail "nothing was checked"
    echo "$(basename -- "$0"): $checked checks"
}
