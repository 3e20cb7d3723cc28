# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Packages of this host's Debian, or of another release by the same mirror, with what is downloaded
# shown. To be sourced by bash; own-apt.sh comes with it, and its fetch_begin before what is here.

# shellcheck source=tools/lib/own-apt.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/own-apt.sh"

apt=(apt-get -q)

# A progress line. On stderr, so that stdout holds results only.
say() {
    echo "-- $*" >&2
}

apt_update() {
    "${apt[@]}" update >>"$log" 2>&1
}

# The bytes of what apt-get ARGUMENT... would download, or nothing where the lists have none.
apt_bytes() {
    { "${apt[@]}" --print-uris "$@" 2>/dev/null || true; } |
        awk '$3 ~ /^[0-9]+$/ { sum += $3 } END { if (sum) print sum }'
}

# apt_download BYTES ARGUMENT...: apt-get ARGUMENT... in $work. Shows how far it is, four times in
# all, or all the time on a terminal.
apt_download() {
    local bytes=$1 pid now shown=0 status=0
    shift
    mkdir -p "$work/packages"
    chmod 0777 "$work/packages"
    (cd -- "$work/packages" && exec "${apt[@]}" "$@") >>"$log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.5
        now=$(du -sb -- "$work/packages" 2>/dev/null | cut -f 1) || now=0
        if [ -t 2 ]; then
            printf '\r-- %d of %d MB ' $((now / 1000000)) $((bytes / 1000000)) >&2
        elif [ $((4 * now / bytes)) -gt "$shown" ]; then
            shown=$((4 * now / bytes))
            say "$((now / 1000000)) of $((bytes / 1000000)) MB"
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
    wait "$pid" || status=$?
    return "$status"
}

# apt_package PACKAGE SUITE: leaves the package, and nothing else, in $work/packages; from the
# host's release if that has it, else from SUITE.
apt_package() {
    local name=$1 from=$2 bytes
    bytes=$(apt_bytes download "$name")
    # Most often the lists are missing (fresh image). Those of another release are not the host's.
    if [ -z "$bytes" ] && [ "$(id -u)" -eq 0 ] &&
        [ "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" = "$from" ]; then
        say "no $name in the lists of packages: apt-get update"
        apt_update || fail "apt-get update failed (log: $log)"
        bytes=$(apt_bytes download "$name")
    fi
    if [ -z "$bytes" ]; then
        say "reading the list of $from"
        own_apt deb "$from"
        bytes=$(apt_bytes download "$name")
    fi
    [ -n "$bytes" ] || fail "no list of packages has $name (log: $log)"
    say "downloading $name, $((bytes / 1000000)) MB"
    if ! apt_download "$bytes" download "$name"; then
        # The lists name a version that is gone.
        [ "$(id -u)" -eq 0 ] || fail "apt-get could not download $name;" \
            "as root run 'apt-get update', then try again (log: $log)"
        apt_update || fail "apt-get update failed (log: $log)"
        bytes=$(apt_bytes download "$name")
        apt_download "${bytes:-1}" download "$name" ||
            fail "apt-get could not download $name (log: $log)"
    fi
}

# apt_source PACKAGE SUITE: leaves the source package, not unpacked, in $work/packages.
apt_source() {
    local name=$1 from=$2 bytes
    say "reading the list of $from"
    own_apt deb-src "$from"
    bytes=$(apt_bytes source --download-only "$name")
    [ -n "$bytes" ] || fail "$from has no source package $name (log: $log)"
    say "downloading the source of $name, $((bytes / 1000000)) MB"
    apt_download "$bytes" source --download-only "$name" ||
        fail "apt-get could not download the source of $name (log: $log)"
}
