# SPDX-License-Identifier: MIT
#
# awk -f figures.awk -f tables.awk measured.txt: the tables of docs/results.md.

function heading(text) {
    printf "\n### %s\n\n", text
}

# A row per number of vCPUs, a column per layout.
function matrix(kind, key,    a, i, columns) {
    columns = layouts(list)
    printf "| vCPUs |"
    for (i = 1; i <= columns; i++) printf " %s |", list[i]
    printf "\n|---|"
    for (i = 1; i <= columns; i++) printf "---|"
    print ""
    for (a = 1; a <= numbers; a++) {
        printf "| %d |", number[a]
        for (i = 1; i <= columns; i++) printf " %d |", figure[kind, list[i], number[a], key]
        print ""
    }
}

function cost_row(kind, layout, cpus,    n) {
    n = figure[kind, layout, cpus, "n"]
    printf "| %s | %.3f | %.3f | %.3f | %.3f | %.2f | %.3f | %d |\n", layout,
        per(figure[kind, layout, cpus, "update_va_mapping"], n),
        per(figure[kind, layout, cpus, "multicall"], n),
        per(figure[kind, layout, cpus, "update_descriptor"], n),
        per(table_calls(kind, layout, cpus), n),
        per(figure[kind, layout, cpus, "start"], n),
        per(figure[kind, layout, cpus, "validations"], n),
        per(figure[kind, layout, cpus, "instructions"], n)
}

function costs(kind, cpus,    i, columns) {
    columns = layouts(list)
    print "| layout | update_va_mapping | multicall | update_descriptor | all for tables " \
        "| to start it | page validations | instructions |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= columns; i++) cost_row(kind, list[i], cpus)
}

function tls(cpus,    i, k, n, columns, kinds) {
    columns = layouts(list)
    split("TLS3 TLS1 TLS0", kinds)
    print "| layout | all 3 differ: hypercalls | instructions | 1 differs: hypercalls " \
        "| instructions | none: hypercalls | instructions |"
    print "|---|---|---|---|---|---|---|"
    for (i = 1; i <= columns; i++) {
        printf "| %s |", list[i]
        for (k = 1; k <= 3; k++) {
            n = figure[kinds[k], list[i], cpus, "n"]
            printf " %d | %d |", per(table_calls(kinds[k], list[i], cpus), n),
                per(figure[kinds[k], list[i], cpus, "instructions"], n)
        }
        print ""
    }
}

function sort_numbers(    cpus, i, j) {
    for (cpus in seen) number[++numbers] = cpus + 0
    for (i = 2; i <= numbers; i++)
        for (j = i; j > 1 && number[j] < number[j - 1]; j--) {
            cpus = number[j]; number[j] = number[j - 1]; number[j - 1] = cpus
        }
}

END {
    sort_numbers()
    heading("Pages of descriptors")
    matrix("SIZE", "pages")
    print "\n![Pages against vCPUs](xen-pages.svg)"
    heading("Bookkeeping, bytes")
    matrix("SIZE", "bookkeeping")
    for (a = 1; a <= numbers; a++)
        if (number[a] == 1024 || number[a] == 8192) {
            heading(sprintf("Per CPU brought online at boot, %d vCPUs", number[a]))
            costs("BOOT", number[a])
            heading(sprintf("Per CPU brought online later, one by one, %d vCPUs", number[a]))
            costs("LATE", number[a])
        }
    print "\n![Hypercalls per CPU against vCPUs](xen-hypercalls.svg) " \
        "![Instructions per CPU against vCPUs](xen-instructions.svg)"
    heading("Per TLS switch")
    tls(1024)
    printf "\nA page validation is %d of these instructions: naming a page in a GDT for the " \
        "first time, less naming it again.\n",
        figure["SIZE", "page", number[1], "validation_instructions"]
}
