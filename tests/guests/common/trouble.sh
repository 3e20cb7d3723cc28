# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# To be sourced: $trouble, a regular expression (grep -E) for lines in which a kernel under test, a
# dom0 or Xen says that something went wrong. Stalls are not among them: a busy host makes them, and
# so does a save.

signs=(
    "Xen's failsafe" "\(XEN\).*(domain[_ ]crash|[Dd]omain .* crashed|[Pp]anic)"
    "Oops" "\<BUG:" "[Kk]ernel BUG" "WARNING:" "INFO: possible" "INFO: trying to register"
    "[Kk]ernel panic" "general protection" "segfault" "double fault" "bad frame in" "cgdt: FAILED"
)
trouble=$(IFS='|' && echo "${signs[*]}")
# shellcheck disable=SC2034 # for who sources it
readonly trouble
