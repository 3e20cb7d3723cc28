# SPDX-License-Identifier: GPL-2.0-only
#
# Of what a machine has said: "HOST CPUS FORM QUANTITY NUMBER", a line for each number.

# The threads' first hundred each, WARM_COUNT of user/switch.c, are counted by the kernel.
BEGIN { WARM_UP = 200 }

function value(key,    i) {
    for (i = 1; i <= NF; i++)
        if (index($i, key "=") == 1)
            return substr($i, length(key) + 2)
    printf "numbers.awk: no %s in '%s'\n", key, $0 >"/dev/stderr"
    exit failed = 1
}

function number(quantity, n) {
    print host, cpus, form, quantity, n
}

/^MEASURE loop / { ticks = value("tsc") / value("instructions") }
/^MEASURE on / { number("on_ns", value("ns_median")); cycles = value("times") }
/^MEASURE tables / { number("table_pages", value("pages")) }
/^SWITCH / {
    name = value("name")
    number(name "_instructions", value("tsc") / ticks / value("switches"))
    handed_over[name] = value("handed_over")
}
/^SWITCH name=switch32 / { number("thread_pages", value("thread_pages")) }
/^PAGES / {
    number("pages", value("gdt_pages"))
    number("bookkeeping", value("bookkeeping_bytes"))
    number("thread_bookkeeping", value("thread_bookkeeping_bytes"))
    number("supply", value("supply_bytes"))
}
/^MEASURE calls / {
    of = value("of")
    frames += value("frames")
    if (value("frames_beyond") > 0) {
        print "numbers.awk: more frames than there is room for" >"/dev/stderr"
        exit failed = 1
    }
    # Nobody has gone off and on where there is one CPU.
    if (of == "hotplug" && !cycles)
        next
    per = of == "hotplug" ? cycles : of == "boot" ? 1 : (handed_over[of] + WARM_UP) / 1000
    number(of "_set_gdt", value("set_gdt") / per)
    number(of "_update_descriptor", value("update_descriptor") / per)
}
/^MEASURE calls of=boot / { number("boot_frames", value("frames")) }
/^MEASURE counts of=boot / { number("boot_introduced", value("introduced")) }
/^COUNTS / { number("introduced", value("introduced")) }
/^RESULT / { done = / PASS$/ }

END {
    if (frames)
        number("frames", frames)
    if (!done && !failed)
        print "numbers.awk: no RESULT" >"/dev/stderr"
    exit !done || failed
}
