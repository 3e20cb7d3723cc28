# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For test scripts that look at many things and say all that is wrong: fail, finish, need, and a
# folder $work that goes away at the end. Sourced.

set -euo pipefail
export LC_ALL=C

# shellcheck source=tests/need.sh
source "$(dirname "${BASH_SOURCE[0]}")/need.sh"

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
