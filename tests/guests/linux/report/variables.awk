# SPDX-License-Identifier: GPL-2.0-only
#
# Of nm -S of vmlinux: "PER_CPU STATIC", bytes of all variables that each CPU has of its own, and of
# all others. The former are linked from address 0 up to __per_cpu_end.

function number(hex,    i, n) {
    for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return n
}

$3 == "__per_cpu_end" { end = number($1) }
NF == 4 && $3 ~ /^[dDbBvV]$/ { address[NR] = $1; bytes[NR] = number($2) }

END {
    for (i in address) {
        if (address[i] ~ /^00000000/ && number(address[i]) < end)
            per_cpu += bytes[i]
        else
            others += bytes[i]
    }
    print per_cpu + 0, others + 0
    exit !per_cpu || !others
}
