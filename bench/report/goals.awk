# SPDX-License-Identifier: MIT
#
# awk -f goals.awk goals.txt figures.tsv: the table of goals, met or missed. Exit 1 if one is missed
# or not measured.

# The least of the cases that a goal names; "" if there is none.
function least(pattern,   name, best, regex) {
    if (pattern !~ /^\/.*\/$/)
        return pattern in median ? pattern : ""
    regex = substr(pattern, 2, length(pattern) - 2)
    best = ""
    for (name in median)
        if (name ~ regex && (best == "" || median[name] < median[best]))
            best = name
    return best
}

# The case of bookkeeping with the most bytes beyond 6 for each CPU.
function beyond(pattern,   name, part, most, at, regex) {
    regex = substr(pattern, 2, length(pattern) - 2)
    at = ""
    for (name in median)
        if (name ~ regex) {
            split(name, part, "/")
            if (at == "" || median[name] - 6 * part[2] > most) {
                most = median[name] - 6 * part[2]
                at = name
            }
        }
    extra = most
    return at
}

function amount(name) {
    if (unit[name] == "bytes")
        return sprintf("%d bytes", median[name])
    return sprintf("%.1f ns +- %.0f %%", median[name], 50 * spread[name] / median[name])
}

# Bars in a regular expression have no blanks around them.
FNR == NR {
    if ($0 ~ /^#/ || split($0, field, / +\| +/) != 4)
        next
    n++
    label[n] = field[1]
    bound[n] = field[2]
    first[n] = field[3]
    second[n] = field[4]
    next
}

{
    split($0, field, "\t")
    unit[field[1]] = field[2]
    median[field[1]] = field[3]
    spread[field[1]] = field[5] - field[4] # of the quartiles
}

END {
    form = markdown ? "| %-44s | %-12s | %-8s | %-8s | %s |\n" : "%-44s  %-12s  %8s  %-8s  %s\n"
    printf form, "goal", "bound", "measured", "", "medians, half the distance of the quartiles"
    if (markdown)
        print "|---|---|---|---|---|"
    goals = 0
    missed = 0
    for (i = 1; i <= n; i++) {
        a = second[i] == "beyond-6-per-cpu" ? beyond(first[i]) : least(first[i])
        b = second[i] == "beyond-6-per-cpu" ? a : least(second[i])
        split(bound[i], word, " ")
        goals += word[1] == "at"
        if (a == "" || b == "") {
            printf form, label[i], bound[i], "-", "not run", ""
            missed += word[1] == "at"
            continue
        }
        if (second[i] == "beyond-6-per-cpu") {
            value = extra
            text = a ": " amount(a)
            shown = sprintf("%d", value)
        } else {
            value = median[a] / median[b]
            text = amount(a) " / " amount(b)
            if (first[i] ~ /^\//) {
                split(a, part, "/")
                text = text " (" part[2] ")"
            }
            shown = sprintf("%.2f", value)
        }
        verdict = ""
        if (word[1] == "at") {
            met = word[2] == "most" ? value <= word[3] + 0 : value >= word[3] + 0
            missed += !met
            verdict = met ? "met" : "MISSED"
        }
        printf form, label[i], bound[i], shown, verdict, text
    }
    printf "%s%d of %d goals met\n", markdown ? "\n" : "", goals - missed, goals
    exit missed > 0
}
