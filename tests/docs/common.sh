# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of the documentation share. Sourced, with the tree to look at as the script's first
# argument, where it is not the repository.

# shellcheck source=tests/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/../checks.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "${1:-$here/../..}" && pwd)

# For the tests of tests. fresh_tree PATH...: these of the repository in $work/tree, as they are
# now.
fresh_tree() {
    rm -rf "$work/tree"
    mkdir "$work/tree"
    (cd "$tree" && cp -r --parents "$@" "$work/tree")
}

# change FILE SCRIPT: by sed; a script that changes nothing is a mistake of the test.
change() {
    cp "$work/tree/$1" "$work/before"
    sed -i -E "$2" "$work/tree/$1"
    ! cmp -s "$work/before" "$work/tree/$1" || fail "'$2' changes nothing in $1"
}

# expect_red TEST WORDS WHAT: the test fails on the changed tree, and says so in these words.
expect_red() {
    if "$here/$1" "$work/tree" >"$work/red" 2>&1; then
        fail "$1 does not notice: $3"
    elif ! grep -qF -- "$2" "$work/red"; then
        cat "$work/red" >&2
        fail "$1 fails for another reason: $3"
    else
        echo "$1 is red: $3"
    fi
}
