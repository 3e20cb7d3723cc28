# SPDX-License-Identifier: MIT
#
# gnuplot -e "folder='...'" plots.gp: SVG plots from the files that tools/bench makes of the
# figures, one per curve: x, median, lower quartile, upper quartile.

set terminal svg size 760,460 font "sans-serif,13" background "#ffffff"
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set logscale x 2
set format x "%.0f"
file(name) = folder . "/data/" . name
# A peer has the same color in every plot; our own are drawn heavier.
width(name) = strstrt(name, "cgdt") || name eq "packed" ? 3 : 1.5
color(name) = name eq "cgdt-concurrent" || name eq "packed" ? 0x0b6e4f : \
    name eq "cgdt-serialized" ? 0x3aa57c : \
    name eq "cgdt-bulk" ? 0x8ad1b5 : \
    name eq "mimalloc" ? 0xc1440e : \
    name eq "mimalloc-unaligned" ? 0xe8a77c : \
    name eq "jemalloc" ? 0x5b5ea6 : \
    name eq "glibc" ? 0xb0892f : \
    name eq "ck-list" ? 0x2f8fd0 : \
    name eq "spinlock-bitmap" ? 0xb02f86 : \
    name eq "floor" ? 0xb0b0b0 : \
    name eq "static-array" ? 0xc9c93a : \
    name eq "page-mmap" ? 0x777777 : 0x222222

set output folder . "/bring-up.svg"
set title "Bring N CPUs up and take them down again, memory at hand"
set xlabel "N"
set ylabel "ns per CPU"
set logscale y
plot for [name in bring_up] file("bring-up." . name) using 1:2 \
    with linespoints lw width(name) lc rgb color(name) title name

set output folder . "/threads.svg"
set title "Churn where another thread gives the table back"
set xlabel "threads"
set ylabel "million tables per second"
plot for [name in threads] file("threads." . name) using 1:(1000 / $2) \
    with linespoints lw width(name) lc rgb color(name) title name

set output folder . "/walk.svg"
set title "Read one descriptor of each of N CPUs, in random order"
set xlabel "N"
set ylabel "ns per CPU"
unset logscale y
set yrange [0:*]
plot for [name in walk] file("walk." . name) using 1:2 \
    with linespoints lw width(name) lc rgb color(name) title name

set output folder . "/growth.svg"
set title "A pair in a pool of which one slot is free"
set xlabel "slots in the pool"
set ylabel "ns"
plot file("growth") using 1:2:3:4 \
    with yerrorlines lw 3 lc rgb color("cgdt-concurrent") title "cgdt-concurrent"

set output folder . "/resident.svg"
set title "Resident memory for N CPUs' tables"
set xlabel "N"
set ylabel "MiB"
set logscale y
set autoscale y
plot for [name in resident] file("resident." . name) using 1:($2 / 1048576) \
    with linespoints lw width(name) lc rgb color(name) title name
