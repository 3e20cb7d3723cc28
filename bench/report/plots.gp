# SPDX-License-Identifier: MIT
#
# gnuplot -e "folder='...'" plots.gp: SVG plots from the files that tools/bench makes of the figures, one per curve:
# x, median, lower quartile, upper quartile.

set terminal svg size 760,460 font "sans-serif,13" background "#ffffff"
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set logscale x 2
set format x "%.0f"
file(name) = folder . "/data/" . name
# Our own are drawn heavier than the others.
width(name) = strstrt(name, "cgdt") ? 3 : (name eq "packed" ? 3 : 1.5)

set output folder . "/bring-up.svg"
set title "Bring N CPUs up and take them down again, memory at hand"
set xlabel "N"
set ylabel "ns per CPU"
set logscale y
plot for [name in bring_up] file("bring-up." . name) using 1:2 with linespoints lw width(name) title name

set output folder . "/threads.svg"
set title "Churn where another thread gives the table back"
set xlabel "threads"
set ylabel "million tables per second"
unset logscale y
set yrange [0:*]
plot for [name in threads] file("threads." . name) using 1:(1000 / $2) with linespoints lw width(name) title name

set output folder . "/walk.svg"
set title "Read one descriptor of each of N CPUs, in random order"
set xlabel "N"
set ylabel "ns per CPU"
plot for [name in walk] file("walk." . name) using 1:2 with linespoints lw width(name) title name

set output folder . "/growth.svg"
set title "A pair in a pool of which one slot is free"
set xlabel "slots in the pool"
set ylabel "ns"
plot file("growth") using 1:2:3:4 with yerrorlines lw 3 title "cgdt-concurrent"

set output folder . "/resident.svg"
set title "Resident memory for N CPUs' tables"
set xlabel "N"
set ylabel "MiB"
set logscale y
set autoscale y
plot for [name in resident] file("resident." . name) using 1:($2 / 1048576) with linespoints lw width(name) title name
