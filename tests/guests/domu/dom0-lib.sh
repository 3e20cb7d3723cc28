# SPDX-License-Identifier: MIT
# shellcheck shell=dash
#
# For scenarios: a script that dom0-init sources, with the guest's kernel and initrd (perhaps an
# empty file) in /scenario/. It ends with pass or fail. Names beginning with _ are the library's.
#
#   domu_config NAME LINE...   the guest to be, each LINE of xl.cfg(5) in addition to its files
#   domu_create                creates it; its console appears here, each line after "guest: "
#   domu_says PATTERN          waits for a line of the guest that the shell's pattern matches, after
#                              the last one that was waited for; it is in $line then
#   domu_skip                  what the guest has said so far is not waited for any more
#   domu_vcpus N               xl vcpu-set
#   domu_save_and_restore      the guest goes into a file and comes back, a new domain
#   domu_checkpoint            the guest goes into a file, and goes on as the domain that it is
#   domu_off                   xl shutdown, and waits until the domain is gone
#   pass LINE, fail TEXT...    the last line, and the end

# What the guest has said, whole lines, and where reading goes on.
readonly _said=/tmp/said
: >$_said
exec 3<$_said

pass() {
    echo "$*"
    leave 16
}

fail() {
    echo "dom0: FAILED: $*"
    leave 1
}

# try COMMAND...: what it says is printed when it fails.
_try() {
    "$@" >/tmp/try.log 2>&1 && return
    cat /tmp/try.log
    fail "$*"
}

_elapsed() {
    cut -d ' ' -f 1 /proc/uptime
}

domu_config() {
    _name=$1
    shift
    {
        echo "name = \"$_name\""
        echo 'type = "pv"'
        echo 'kernel = "/scenario/kernel"'
        [ ! -s /scenario/initrd ] || echo 'ramdisk = "/scenario/initrd"'
        printf '%s\n' "$@"
    } >/tmp/guest.cfg
}

# A restored guest goes on in the same file. Carriage returns are the terminal's.
_follow_console() {
    tail -n +1 -F "$_console" 2>/dev/null | tr -d '\r' |
        while IFS= read -r _line; do
            echo "guest: $_line"
            echo "$_line" >>$_said
        done
}

domu_create() {
    echo "dom0: creates $_name"
    _console=/var/log/xen/console/guest-$_name.log
    _follow_console &
    _try xl create /tmp/guest.cfg
}

domu_skip() {
    while [ "$(wc -l <$_said)" -lt "$(wc -l <"$_console")" ]; do
        usleep 100000
    done
    while IFS= read -r _line <&3; do
        :
    done
}

# The next line that matches, if the guest has said it. It and those before it are gone then.
_find_line() {
    while IFS= read -r line <&3; do
        # shellcheck disable=SC2254 # a pattern
        case $line in
        $1) return 0 ;;
        esac
    done
    return 1
}

_gone() {
    ! xl domid "$_name" >/dev/null 2>&1
}

domu_says() {
    _polls=0
    while ! _find_line "$1"; do
        _polls=$((_polls + 1))
        # It takes xl a while to say so.
        if [ $((_polls % 50)) -eq 0 ] && _gone; then
            _find_line "$1" && return
            fail "$_name is gone and has not said '$1'"
        fi
        usleep 100000
    done
}

domu_vcpus() {
    echo "dom0: $_name gets $1 vCPUs"
    # The machine may have fewer processors.
    _try xl vcpu-set --ignore-host "$_name" "$1"
}

domu_save_and_restore() {
    _from=$(_elapsed)
    _try xl save "$_name" /tmp/guest.save
    echo "dom0: $_name is saved, $(wc -c </tmp/guest.save) bytes, at $_from to $(_elapsed) s"
    domu_skip
    _try xl restore /tmp/guest.save
    rm /tmp/guest.save
    echo "dom0: $_name is restored, domain $(xl domid "$_name"), at $(_elapsed) s"
}

# Its suspend is cancelled, as after a save that went wrong.
domu_checkpoint() {
    _try xl save -c "$_name" /tmp/guest.save
    rm /tmp/guest.save
    echo "dom0: $_name is saved and goes on, domain $(xl domid "$_name"), at $(_elapsed) s"
    domu_skip
}

domu_off() {
    echo "dom0: shuts $_name down"
    _try xl shutdown -w "$_name"
}
