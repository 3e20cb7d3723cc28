# SPDX-License-Identifier: MIT
#
# awk -f goals.awk goals.txt figures.tsv: the table of goals, met or missed. Exit 1 if one is missed
# or not measured. goals.txt says how a goal is written.

# The cases of a field that has a list's name in braces, one for each name of the list; else itself.
# Into expanded[]; their number.
function expand(field,   name, before, after, n, i) {
    if (!match(field, /\{[a-z]+\}/)) {
        expanded[1] = field
        return 1
    }
    name = substr(field, RSTART + 1, RLENGTH - 2)
    before = substr(field, 1, RSTART - 1)
    after = substr(field, RSTART + RLENGTH)
    n = split(list[name], expanded, " ")
    for (i = 1; i <= n; i++)
        expanded[i] = before expanded[i] after
    return n
}

# The least of a field's cases; "" if one of them did not run: it might have been the least.
function least(field,   n, i, best) {
    n = expand(field)
    best = ""
    for (i = 1; i <= n; i++) {
        if (!(expanded[i] in median)) {
            lacking = expanded[i]
            return ""
        }
        if (best == "" || median[expanded[i]] < median[best])
            best = expanded[i]
    }
    if (best == "")
        lacking = field
    return best
}

function between_slashes(field) {
    return substr(field, 2, length(field) - 2)
}

function counterpart(name, from, to) {
    sub(from, to, name)
    return name
}

# "each FROM as TO": each matching case against the one with TO in its name, and of these pairs the
# one that is worst for the goal. Into of[1], of[2]; none where one of any pair did not run.
function worst(field, rule, at_most,   regex, word, name, other, ratio, far, found) {
    split(rule, word, " ")
    regex = between_slashes(field)
    lacking = field
    found = 0
    for (name in median) {
        if (name ~ regex)
            other = counterpart(name, word[2], word[4])
        else if (name ~ counterpart(regex, word[2], word[4]))
            other = counterpart(name, word[4], word[2])
        else
            continue
        if (!(other in median)) {
            lacking = other
            return 0
        }
        if (name !~ regex)
            continue
        ratio = median[name] / median[other]
        if (!found || (at_most ? ratio > far : ratio < far)) {
            found = 1
            far = ratio
            of[1] = name
            of[2] = other
        }
    }
    return found
}

# The case of bookkeeping with the most bytes beyond 6 for each CPU.
function beyond(field,   name, part, most, at, regex) {
    regex = between_slashes(field)
    lacking = field
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

# The cases that goal i is about, into of[1], of[2]; 0 if they did not all run.
function find(i, at_most) {
    if (second[i] ~ /^each /)
        return worst(first[i], second[i], at_most)
    of[1] = second[i] == "beyond-6-per-cpu" ? beyond(first[i]) : least(first[i])
    if (of[1] == "")
        return 0
    of[2] = second[i] == "beyond-6-per-cpu" ? of[1] : least(second[i])
    return of[2] != ""
}

# What was measured of goal i, into value, shown and text.
function measure(i,   part, n_parts) {
    if (second[i] == "beyond-6-per-cpu") {
        value = extra
        shown = sprintf("%d", value)
        text = of[1] ": " amount(of[1])
        return
    }
    value = median[of[1]] / median[of[2]]
    shown = sprintf("%.2f", value)
    text = amount(of[1]) " / " amount(of[2])
    if (second[i] ~ /^each /) {
        n_parts = split(of[1], part, "/")
        text = text " (" part[n_parts] ")"
    # Who is the best of a list.
    } else if (split(first[i] ~ /\{/ ? of[1] : second[i] ~ /\{/ ? of[2] : "", part, "/"))
        text = text " (" part[2] ")"
}

FNR == NR && /^[a-z]+ = / {
    name = $1
    sub(/^[a-z]+ = /, "")
    list[name] = $0
    next
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
    form = markdown ? "| %-50s | %-13s | %-8s | %-8s | %s |\n" : "%-50s  %-13s  %8s  %-8s  %s\n"
    printf form, "goal", "bound", "measured", "", "medians, half the distance of the quartiles"
    if (markdown)
        print "|---|---|---|---|---|"
    goals = 0
    missed = 0
    for (i = 1; i <= n; i++) {
        split(bound[i], word, " ")
        is_goal = word[1] == "at"
        goals += is_goal
        if (!find(i, word[2] != "least")) {
            printf form, label[i], bound[i], "-", "not run", "no " lacking
            missed += is_goal
            continue
        }
        measure(i)
        verdict = ""
        if (is_goal) {
            met = word[2] == "most" ? value <= word[3] + 0 : value >= word[3] + 0
            missed += !met
            verdict = met ? "met" : "MISSED"
        }
        printf form, label[i], bound[i], shown, verdict, text
    }
    printf "%s%d of %d goals met\n", markdown ? "\n" : "", goals - missed, goals
    exit missed > 0
}
