# SPDX-License-Identifier: MIT
#
# awk -f figures.awk -f goals.awk measured.txt: a line per goal and number of vCPUs; exit 1 if one
# is missed. With -v markdown=1 a table.

function total(kind, layout, cpus) {
    if (kind == "pages")
        return figure["SIZE", layout, cpus, "pages"]
    if (kind == "hypercalls")
        return (table_calls("BOOT", layout, cpus) + table_calls("LATE", layout, cpus)) / cpus
    if (kind == "late")
        return table_calls("LATE", layout, cpus) / figure["LATE", layout, cpus, "n"]
    if (kind == "TLS0")
        return per(figure["TLS0", layout, cpus, "instructions"], figure["TLS0", layout, cpus, "n"])
    return (figure["BOOT", layout, cpus, kind] + figure["LATE", layout, cpus, kind]) / cpus
}

# Each of our layouts against a share of what `other` has.
function judge(goal, kind, other, share, format, cpus,    i, limit, got, line, bad) {
    limit = total(kind, other, cpus) * share
    if (limit == 0)
        return # not measured
    for (i = 1; i <= 3; i++) {
        if (!(("SIZE", list[i], cpus, "pages") in figure))
            continue
        got = total(kind, list[i], cpus)
        bad += got > limit
        line = line sprintf(markdown ? " " format " |" : " " list[i] " " format, got)
    }
    if (markdown)
        printf "| %s | %d |%s " format " | %s |\n", goal, cpus, line, limit,
            bad ? "**missed**" : "met"
    else
        printf "%s %s, %d vCPUs:%s, at most " format "\n", bad ? "MISSED" : "ok    ", goal, cpus,
            line, limit
    missed += bad
    judged++
}

END {
    layouts(list)
    split("1024 8192", at)
    if (markdown)
        print "| goal | vCPUs | page | window | common | at most | |\n|---|---|---|---|---|---|---|"
    for (a = 1; a in at; a++)
        if (at[a] in seen) {
            judge("pages: a fifteenth", "pages", "by-hand", 1 / 15, "%.0f", at[a])
            judge("hypercalls for tables per CPU: page-per-cpu",
                "hypercalls", "page-per-cpu", 1, "%.2f", at[a])
            judge("hypercalls for tables per CPU: by-hand",
                "hypercalls", "by-hand", 1, "%.2f", at[a])
            judge("hypercalls for tables per CPU that comes late: by-hand",
                "late", "by-hand", 1, "%.3f", at[a])
            judge("instructions of a TLS switch that changes nothing: by-hand",
                "TLS0", "by-hand", 1, "%.0f", at[a])
            judge("instructions per CPU online: page-per-cpu",
                "instructions", "page-per-cpu", 1, "%.0f", at[a])
            judge("instructions per CPU online: by-hand",
                "instructions", "by-hand", 1, "%.0f", at[a])
        }
    if (judged == 0)
        print "goals: nothing to judge" > "/dev/stderr"
    exit missed > 0 || judged == 0
}
