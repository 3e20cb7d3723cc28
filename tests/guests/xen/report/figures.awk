# SPDX-License-Identifier: MIT
#
# What the other awk programs here share: the lines of measured.txt as figures.
#
#   figure[kind, layout, cpus, key]     kind is SIZE, BOOT, LATE, TLS3, ...

function layouts(list) {
    return split("page window common page-per-cpu by-hand", list)
}

# Hypercalls for tables, without those that start a vCPU.
function table_calls(kind, layout, cpus) {
    return figure[kind, layout, cpus, "update_va_mapping"] + \
        figure[kind, layout, cpus, "multicall"] + figure[kind, layout, cpus, "update_descriptor"]
}

function per(value, n) {
    return n > 0 ? value / n : 0
}

/^(SIZE|BOOT|LATE|TLS[0-9]) / {
    layout = ""
    for (i = 2; i <= NF; i++) {
        split($i, part, "=")
        if (part[1] == "layout") layout = part[2]
        else if (part[1] == "cpus") cpus = part[2]
        else figure[$1, layout, cpus, part[1]] = part[2]
    }
    seen[cpus] = 1
}
