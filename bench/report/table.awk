# SPDX-License-Identifier: MIT
#
# awk -f table.awk figures.tsv: every case, its median, and its spread: the distance of the
# quartiles from each other as a part of the median.

BEGIN { FS = "\t"; printf "%-48s %14s %-5s %8s %s\n", "case", "median", "", "spread", "runs" }
{
    spread = $3 > 0 ? sprintf("%.1f %%", 100 * ($5 - $4) / $3) : "-"
    figure = $2 == "bytes" ? sprintf("%d", $3) : sprintf("%.2f", $3)
    printf "%-48s %14s %-5s %8s %d\n", $1, figure, $2, spread, NF - 5
}
