# SPDX-License-Identifier: MIT
#
# awk -v folder=... -f figures.awk -f curves.awk measured.txt: FOLDER/LAYOUT.curve for the plots:
# vCPUs, pages, hypercalls for tables per CPU at boot, instructions per CPU at boot.

END {
    n = layouts(list)
    for (i = 1; i <= n; i++) {
        sorted = "sort -n >" folder "/" list[i] ".curve"
        for (cpus in seen) {
            boot = figure["BOOT", list[i], cpus, "n"]
            print cpus, figure["SIZE", list[i], cpus, "pages"],
                per(table_calls("BOOT", list[i], cpus), boot),
                per(figure["BOOT", list[i], cpus, "instructions"], boot) | sorted
        }
        close(sorted)
    }
}
