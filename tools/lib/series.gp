# SPDX-License-Identifier: MIT
#
# gnuplot -e ... series.gp plots.gp: how each series is drawn, in whatever plot it is: one color,
# one point, one line. A row: name, color, pointtype, pointsize, linewidth, dashtype.
#
# Rows are drawn from the first to the last, wide lines first, so that of two curves that lie on
# each other both are seen: those that can are not of the same width.

series = "\
    page                0x14532d   4 1.2 5   1 \
    page-per-cpu        0xe2725b   6 1.2 5   1 \
    packed              0x00a37a   5 1.0 5   1 \
    cgdt-concurrent     0x0b6e4f   7 0.8 5   1 \
    cgdt-serialized     0x3aa57c   6 0.9 3   1 \
    cgdt-bulk           0x8ad1b5   5 0.7 3   1 \
    cgdt-hosted         0x1f3d7a   4 0.9 3   1 \
    common              0x2f8fd0   8 1.1 3   1 \
    window              0xf5b700   7 0.6 2   2 \
    by-hand             0x222222   2 0.8 2   2 \
    cgdt-cache          0x5fb05a  15 0.9 2   1 \
    mimalloc            0xc1440e   9 0.8 1.5 1 \
    tcmalloc            0xe8a77c   8 0.9 1.5 1 \
    jemalloc            0x5b5ea6  11 0.8 1.5 1 \
    glibc               0xb0892f  10 0.9 1.5 1 \
    ck-list             0x2fb8d0  13 0.8 1.5 1 \
    spinlock-bitmap     0xb02f86  12 0.9 1.5 2 \
    sbitmap             0xc9c93a   1 0.8 1.5 1 \
    floor               0xb0b0b0   2 0.8 1.5 1 \
    page-jemalloc       0x8a5a44   3 0.8 1.5 2 \
    page-mmap           0x777777  14 0.9 1.5 2 \
"
series_n = words(series) / 6
series_name(i) = word(series, 6 * i - 5)
series_value(i, k) = real(word(series, 6 * i - 5 + k))
series_row(name, i) = i > series_n ? 0 : series_name(i) eq name ? i : series_row(name, i + 1)

# A list of names in the order of the rows.
series_in(names, name) = strstrt(" " . names . " ", " " . name . " ") > 0
series_from(names, i) = i > series_n ? "" : \
    (series_in(names, series_name(i)) ? series_name(i) . " " : "") . series_from(names, i + 1)
series_sorted(names) = series_from(names, 1)

series_color(name) = int(series_value(series_row(name, 1), 1))
series_point(name) = int(series_value(series_row(name, 1), 2))
series_size(name) = series_value(series_row(name, 1), 3)
series_width(name) = series_value(series_row(name, 1), 4)
series_dash(name) = int(series_value(series_row(name, 1), 5))

# "": each name has a row. Else those that have none.
series_rest(names) = names[strlen(word(names, 1)) + 2 : *]
series_unknown(names) = words(names) == 0 ? "" : \
    (series_row(word(names, 1), 1) ? "" : word(names, 1) . " ") . \
    series_unknown(series_rest(names))
