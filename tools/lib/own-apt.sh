# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What those of tools/fetch-* share that need another release: packages of any release of Debian by
# the host's own mirror, with lists of packages of their own; nothing of the host's is touched. To
# be sourced by bash, after `set -euo pipefail`.

# One clear line, and exit 1.
fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# fetch_begin DIR TOOL...: enters a new folder in DIR, $work, that goes away at the end.
fetch_begin() {
    local tool
    mkdir -p -- "$1" 2>/dev/null || fail "cannot create the folder $1"
    dir=$(cd -- "$1" && pwd)
    shift
    for tool in apt-get dpkg-deb "$@"; do
        command -v "$tool" >/dev/null || fail "$tool is missing (this script needs a Debian host)"
    done
    log=$dir/${0##*/}.log
    work=$(mktemp -d "$dir/${0##*/}.XXXXXX" 2>/dev/null) || fail "cannot write to $dir"
    trap 'rm -rf -- "$work"' EXIT
    : >"$log"
    # apt drops its rights to a user of its own while it downloads; let that user write here.
    chmod 0777 "$work"
    cd -- "$work"
}

# own_apt TYPE SUITE: from here on ${apt[@]} has the one release; TYPE: deb or deb-src.
own_apt() {
    local type=$1 suite=$2 code uri keys= keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    code=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    uri=$(apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" \
        "Release: ${code:-none}" "Component: main" | head -n 1)
    [ -n "$uri" ] || fail "apt's sources name no mirror for this host's release, '$code'"
    [ ! -r "$keyring" ] || keys="[signed-by=$keyring]"
    mkdir -p apt/state/lists/partial apt/cache/archives/partial
    echo "$type $keys $uri $suite main" >apt/sources.list
    # What the host's configuration runs after an update is not for this one.
    cat >apt/apt.conf <<CONF
#clear APT::Update;
Dir::State "$work/apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$work/apt/cache";
Dir::Etc::SourceList "$work/apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Acquire::Languages "none";
CONF
    chmod -R a+rX apt
    apt=(apt-get -q -c "$work/apt/apt.conf")
    "${apt[@]}" update >>"$log" 2>&1 || {
        ! grep -q NO_PUBKEY "$log" ||
            fail "the keys of Debian here ($keyring) do not know $suite's; log: $log"
        fail "apt-get update for $suite failed (log: $log)"
    }
}
