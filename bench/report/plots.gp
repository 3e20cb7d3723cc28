# SPDX-License-Identifier: MIT
#
# gnuplot -e "folder='...'; ..." tools/lib/series.gp plots.gp: SVG plots from the files that
# tools/bench makes of the figures, one per curve: x, median, lower quartile, upper quartile.

set terminal svg size 760,460 font "sans-serif,13" background "#ffffff"
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set logscale x 2
set format x "%.0f"
file(name) = folder . "/data/" . name
unknown = series_unknown(bring_up . " " . threads . " " . walk . " " . resident)
if (unknown ne "") { exit error "tools/lib/series.gp has no row for " . unknown }

set output folder . "/bring-up.svg"
set title "Bring N CPUs up and take them down again, memory at hand"
set xlabel "N"
set ylabel "ns per CPU"
set logscale y
set xtics 1, 16
plot for [name in series_sorted(bring_up)] file("bring-up." . name) using 1:2 \
    with linespoints lw series_width(name) dt series_dash(name) lc rgb series_color(name) \
    pt series_point(name) ps series_size(name) title name

set output folder . "/threads.svg"
set title "Churn where another thread gives the table back"
set xlabel "threads"
set ylabel "million tables per second"
set xtics 1, 2
plot for [name in series_sorted(threads)] file("threads." . name) using 1:(1000 / $2) \
    with linespoints lw series_width(name) dt series_dash(name) lc rgb series_color(name) \
    pt series_point(name) ps series_size(name) title name

set output folder . "/walk.svg"
set title "Read one descriptor of each of N CPUs, in random order"
set xlabel "N"
set ylabel "ns per CPU"
unset logscale y
set yrange [0:*]
set xtics 64, 4
plot for [name in series_sorted(walk)] file("walk." . name) using 1:2 \
    with linespoints lw series_width(name) dt series_dash(name) lc rgb series_color(name) \
    pt series_point(name) ps series_size(name) title name

set output folder . "/growth.svg"
set title "A pair in a pool of which one slot is free"
set xlabel "slots in the pool"
set xtics 16, 16
set ylabel "ns"
plot file("growth") using 1:2:3:4 \
    with yerrorlines lw series_width("cgdt-concurrent") lc rgb series_color("cgdt-concurrent") \
    pt series_point("cgdt-concurrent") ps series_size("cgdt-concurrent") title "cgdt-concurrent"

set output folder . "/resident.svg"
set title "Resident memory for N CPUs' tables"
set xlabel "N"
set ylabel "MiB"
set xtics 1024, 8
set logscale y
set autoscale y
plot for [name in series_sorted(resident)] file("resident." . name) using 1:($2 / 1048576) \
    with linespoints lw series_width(name) dt series_dash(name) lc rgb series_color(name) \
    pt series_point(name) ps series_size(name) title name
