# SPDX-License-Identifier: GPL-2.0-only
#
# Of lines "HOST CPUS FORM QUANTITY NUMBER": tables in Markdown, each number the median of its kind.

BEGIN { PAGE = 4096 }

NF != 5 || $5 !~ /^[0-9.e+]+$/ {
    printf "table.awk: line %d is '%s'\n", NR, $0 >"/dev/stderr"
    exit failed = 1
}

{
    key = $1 " " $2 " " $3 " " $4
    values[key, ++count[key]] = $5 + 0
    if ($2 != "any" && !(($1, $2) in seen)) {
        seen[$1, $2]
        cpus_of[$1, ++hosts[$1]] = $2
    }
}

function median(key,    i, j, n, sorted, x) {
    n = count[key]
    for (i = 1; i <= n; i++) {
        x = values[key, i]
        for (j = i - 1; j > 0 && sorted[j] > x; j--)
            sorted[j + 1] = sorted[j]
        sorted[j + 1] = x
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# What has not been measured is no number.
function get(host, cpus, form, quantity,    key) {
    key = host " " cpus " " form " " quantity
    return key in count ? median(key) : "-"
}

function plain(x, digits,    text, head, out) {
    if (x == "-")
        return x
    text = sprintf("%." digits "f", x)
    head = text
    sub(/\..*/, "", head)
    text = substr(text, length(head) + 1)
    while (length(head) > 3) {
        out = "," substr(head, length(head) - 2) out
        head = substr(head, 1, length(head) - 3)
    }
    return head out text
}

function ratio(stock, ours) {
    return stock == "-" || ours == "-" || stock + 0 == 0 ? "-" : sprintf("%.2f", ours / stock)
}

function row(what, host, cpus, stock, ours, digits) {
    if (stock == "-" && ours == "-")
        return
    printf "| %s | %s | %d | %s | %s | %s |\n", what, host, cpus, plain(stock, digits),
        plain(ours, digits), ratio(stock, ours)
}

function head(what) {
    printf "\n| %s | host | CPUs | stock | cgdt | cgdt / stock |\n|---|---|---:|---:|---:|---:|\n",
        what
}

# On bare metal both are what SGDT says on each CPU.
function pages(host, cpus, form) {
    if (host == "native")
        return get(host, cpus, form, "table_pages")
    return form == "stock" ? cpus : get(host, cpus, form, "pages")
}

function more(quantity) {
    return get("any", "any", "cgdt", quantity) - get("any", "any", "stock", quantity)
}

# What the one with cgdt has beside these pages: more variables, the boot table among them; the
# pools' own memory; and what each CPU has of variables that a stock kernel's do not, whose table is
# one of them.
function beside(host, cpus) {
    return more("static") + get(host, cpus, "cgdt", "bookkeeping") + \
        get(host, cpus, "cgdt", "thread_bookkeeping") + get(host, cpus, "cgdt", "supply") + \
        cpus * (more("per_cpu") + PAGE)
}

function bytes(host, cpus, form,    n) {
    n = pages(host, cpus, form)
    if (n == "-" || (form == "cgdt" && get(host, cpus, form, "supply") == "-"))
        return "-"
    return n * PAGE + (form == "cgdt" ? beside(host, cpus) : 0)
}

function scaled(x, by) {
    return x == "-" ? x : x / by
}

function memory(host,    i, cpus) {
    for (i = 1; i <= hosts[host]; i++) {
        cpus = cpus_of[host, i]
        row("pages of descriptors", host, cpus, pages(host, cpus, "stock"),
            pages(host, cpus, "cgdt"), 0)
    }
    for (i = 1; i <= hosts[host]; i++) {
        cpus = cpus_of[host, i]
        row("bytes, all told", host, cpus, bytes(host, cpus, "stock"), bytes(host, cpus, "cgdt"), 0)
    }
}

function times(host,    i, cpus) {
    for (i = 1; i <= hosts[host]; i++) {
        cpus = cpus_of[host, i]
        row("a CPU goes on, ms", host, cpus,
            scaled(get(host, cpus, "stock", "on_ns"), 1000000),
            scaled(get(host, cpus, "cgdt", "on_ns"), 1000000), 2)
    }
}

function instructions(host, bits) {
    row("a switch between " bits "-bit threads", host, 1,
        get(host, 1, "stock", "switch" bits "_instructions"),
        get(host, 1, "cgdt", "switch" bits "_instructions"), 0)
}

function calls(what, quantity, digits,    i, cpus) {
    for (i = 1; i <= hosts["xen"]; i++) {
        cpus = cpus_of["xen", i]
        row(what, "xen", cpus, get("xen", cpus, "counted", quantity),
            get("xen", cpus, "counted-cgdt", quantity), digits)
    }
}

END {
    if (failed)
        exit 1
    split(versions, version, " ")
    for (i in version)
        sub(/.*=/, "", version[i])
    printf "Seen with linux-source-6.1 %s, QEMU %s (TCG, one thread for all CPUs), Xen %s;\n" \
        "stock and cgdt of the same options, booted in turns.\n", version[1], version[2], version[3]
    head("memory")
    memory("native")
    memory("xen")
    row("pages of two 32-bit threads", "xen", 1, 0, get("xen", 1, "cgdt", "thread_pages"), 0)
    head("time")
    times("native")
    times("xen")
    head("instructions")
    instructions("native", 32)
    instructions("native", 64)
    instructions("xen", 32)
    instructions("xen", 64)
    head("asked of Xen")
    calls("`set_gdt` until init runs", "boot_set_gdt", 0)
    calls("`set_gdt` per CPU off and on", "hotplug_set_gdt", 1)
    calls("`set_gdt` per 1,000 switches, 32-bit", "switch32_set_gdt", 0)
    calls("`set_gdt` per 1,000 switches, 64-bit", "switch64_set_gdt", 0)
    calls("`update_descriptor` until init runs", "boot_update_descriptor", 0)
    calls("`update_descriptor` per CPU off and on", "hotplug_update_descriptor", 1)
    calls("`update_descriptor` per 1,000 switches, 32-bit", "switch32_update_descriptor", 0)
    calls("`update_descriptor` per 1,000 switches, 64-bit", "switch64_update_descriptor", 0)
    calls("frames named until init runs", "boot_frames", 0)
    calls("frames named in all", "frames", 0)
    print ""
    while ((getline line <notes) > 0) {
        if (line ~ /^<!--/)
            continue
        gsub(/@REPEATS@/, repeats == 1 ? "one boot" : repeats " boots", line)
        gsub(/@SWITCHES@/, plain(switches, 0), line)
        print line
    }
}
