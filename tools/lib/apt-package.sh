# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Packages of this host's Debian, or of another release by the same mirror, with lists of packages
# of their own: nothing is installed, and the host's apt is as it was. To be sourced by bash.
#
# Who sources it has $work, a folder that apt's own user may write to; $log; fail and say.

readonly apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt=(apt-get -q)

# own_apt SUITE [TYPE]: from here on apt has that one release, and folders of its own. TYPE is deb
# (default) or deb-src.
own_apt() {
    local code uri keys=
    code=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    uri=$(apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" \
        "Release: ${code:-none}" "Component: main" | head -n 1)
    if [ -z "$uri" ] && [ "$(id -u)" -eq 0 ]; then
        apt-get -q update >>"$log" 2>&1 || true
        uri=$(apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" \
            "Release: ${code:-none}" "Component: main" | head -n 1)
    fi
    [ -n "$uri" ] || fail "apt's sources name no mirror for this host's release, '$code'"
    [ ! -r "$apt_keyring" ] || keys="[signed-by=$apt_keyring]"
    mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
    echo "${2:-deb} $keys $uri $1 main" >"$work/apt/sources.list"
    # What the host's configuration runs after an update is not for this one.
    cat >"$work/apt/apt.conf" <<CONF
#clear APT::Update;
Dir::State "$work/apt/state";
Dir::Cache "$work/apt/cache";
Dir::Etc::SourceList "$work/apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Acquire::Languages "none";
CONF
    chmod -R a+rX "$work/apt"
    apt=(apt-get -q -c "$work/apt/apt.conf")
    say "reading the list of $1"
    apt_update || {
        ! grep -q NO_PUBKEY "$log" ||
            fail "the keys of Debian here ($apt_keyring) do not know $1's; log: $log"
        fail "apt-get update for $1 failed (log: $log)"
    }
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
    # Most often the lists are missing (fresh image).
    if [ -z "$bytes" ] && [ "$(id -u)" -eq 0 ]; then
        say "no $name in the lists of packages: apt-get update"
        apt_update || fail "apt-get update failed (log: $log)"
        bytes=$(apt_bytes download "$name")
    fi
    if [ -z "$bytes" ]; then
        own_apt "$from"
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
    own_apt "$from" deb-src
    bytes=$(apt_bytes source --download-only "$name")
    [ -n "$bytes" ] || fail "$from has no source package $name (log: $log)"
    say "downloading the source of $name, $((bytes / 1000000)) MB"
    apt_download "$bytes" source --download-only "$name" ||
        fail "apt-get could not download the source of $name (log: $log)"
}
