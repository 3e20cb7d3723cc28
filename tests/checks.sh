# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For test scripts that look at many things and say all that is wrong: fail, finish, need, and a folder $work that goes
# away at the end. Sourced.

set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

finish() {
    if [ "$failures" -ne 0 ]; then
        echo "$failures failure(s)" >&2
        exit 1
    fi
    echo "ok: $*"
}

# A tool that is not there is a failure, never a silent pass.
need() {
    local tool

    for tool in "$@"; do
        command -v "$tool" >/dev/null || {
            echo "FAIL: $tool is not installed" >&2
            exit 1
        }
    done
}
