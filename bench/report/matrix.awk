# SPDX-License-Identifier: MIT
#
# awk -v title=... -v pattern=REGEX -v row_part=2 -v column_part=3 [-v scale=1] -f matrix.awk
# figures.tsv: a Markdown table of the medians of the cases that match. A case's name has parts
# between slashes: one names the row, one the column. Columns stand in the order of their numbers.

BEGIN { FS = "\t"; if (!scale) scale = 1 }

$1 ~ pattern {
    if (!split($1, part, "/"))
        next
    row = part[row_part]
    column = part[column_part]
    if (!(row in rows)) { rows[row] = ++n_rows; name_of[n_rows] = row }
    if (!(column in columns)) { columns[column] = ++n_columns; head_of[n_columns] = column }
    value[row, column] = $3 / scale
}

# 1024 -> 1,024
function thousands(number,   text) {
    text = number
    while (text ~ /[0-9][0-9][0-9][0-9]/)
        match(text, /[0-9]+/) && text = substr(text, 1, RSTART + RLENGTH - 4) "," \
            substr(text, RSTART + RLENGTH - 3)
    return text
}

# Numbers in rising order, anything else as it came.
function sort_columns(   i, k, swap) {
    for (i = 1; i <= n_columns; i++)
        for (k = i + 1; k <= n_columns; k++)
            if (digits(head_of[k]) < digits(head_of[i])) {
                swap = head_of[i]; head_of[i] = head_of[k]; head_of[k] = swap
            }
}

function digits(text) { gsub(/[^0-9]/, "", text); return text + 0 }

function cell(row, column) {
    if (!((row, column) in value))
        return "-"
    return sprintf(value[row, column] >= 100 ? "%.0f" : "%.1f", value[row, column])
}

END {
    sort_columns()
    line = "| " title " |"
    rule = "|---|"
    for (c = 1; c <= n_columns; c++) {
        head = head_of[c]
        sub(/^threads:/, "", head)
        line = line " " (head ~ /^[0-9]+$/ ? thousands(head) : head) " |"
        rule = rule "---:|"
    }
    print line
    print rule
    for (r = 1; r <= n_rows; r++) {
        line = "| " name_of[r] " |"
        for (c = 1; c <= n_columns; c++)
            line = line " " cell(name_of[r], head_of[c]) " |"
        print line
    }
}
