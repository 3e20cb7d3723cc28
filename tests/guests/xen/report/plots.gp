# SPDX-License-Identifier: MIT
#
# gnuplot -e "folder='...'; docs='...'" plots.gp: SVG plots from the curves.

set terminal svg size 620,400 font "sans-serif,13" background "#ffffff"
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set logscale x 2
set format x "%.0f"
set xlabel "vCPUs"
names = "page window common page-per-cpu by-hand"
color(name) = name eq "page" ? 0x0b6e4f : name eq "window" ? 0x3aa57c : \
    name eq "common" ? 0x2f8fd0 : name eq "page-per-cpu" ? 0xc1440e : 0x777777
curve(name) = folder . "/" . name . ".curve"

set output docs . "/xen-pages.svg"
set title "Pages of descriptors on Xen"
set logscale y 2
set format y "%.0f"
plot for [name in names] curve(name) using 1:2 with linespoints lw 2 lc rgb color(name) title name

unset logscale y
set yrange [0:*]
set output docs . "/xen-hypercalls.svg"
set title "Hypercalls for tables, per CPU brought online at boot"
set format y "%.1f"
plot for [name in names] curve(name) using 1:3 with linespoints lw 2 lc rgb color(name) title name

set output docs . "/xen-instructions.svg"
set title "Instructions, the guest's and Xen's, per CPU brought online at boot"
set format y "%.0f"
plot for [name in names] curve(name) using 1:4 with linespoints lw 2 lc rgb color(name) title name
