# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For all test scripts. Sourced.

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
