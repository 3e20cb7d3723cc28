# SPDX-License-Identifier: MIT
#
# gnuplot -e "folder='...'; docs='...'" tools/lib/series.gp plots.gp: SVG plots from the curves.

set terminal svg size 700,400 font "sans-serif,13" background "#ffffff"
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set logscale x 2
set format x "%.0f"
set xlabel "vCPUs"
names = series_sorted("page window common page-per-cpu by-hand")
curve(name) = folder . "/" . name . ".curve"

set output docs . "/xen-pages.svg"
set title "Pages of descriptors on Xen"
set logscale y 2
set format y "%.0f"
plot for [name in names] curve(name) using 1:2 with linespoints lw series_width(name) \
    dt series_dash(name) lc rgb series_color(name) pt series_point(name) ps series_size(name) \
    title name

unset logscale y
set yrange [0:*]
set output docs . "/xen-hypercalls.svg"
set title "Hypercalls for tables,\nper CPU brought online at boot"
set format y "%.1f"
plot for [name in names] curve(name) using 1:3 with linespoints lw series_width(name) \
    dt series_dash(name) lc rgb series_color(name) pt series_point(name) ps series_size(name) \
    title name

set output docs . "/xen-instructions.svg"
set title "Instructions, the guest's and Xen's,\nper CPU brought online at boot"
set format y "%.0f"
plot for [name in names] curve(name) using 1:4 with linespoints lw series_width(name) \
    dt series_dash(name) lc rgb series_color(name) pt series_point(name) ps series_size(name) \
    title name
