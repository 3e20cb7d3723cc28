# SPDX-License-Identifier: MIT
#
# gnuplot -e "rows='...'; svg='...'" follow.gp: what follow.c prints, as curves.

set terminal svg size 900,460 font "sans-serif,13" background "#ffffff"
set output svg
set title "Pages while CPUs come, go and move: 1,024 CPUs, 16 to a page, windows of 14 pages"
set xlabel "events: a CPU comes, goes or moves; everything is trimmed after each"
set ylabel "pages"
set logscale y 2
set yrange [2:1400]
set key outside right top
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
plot rows every 8 using 1:3 with lines lw 1.5 lc rgb "#999999" title "a page per CPU", \
     rows every 8 using 1:4 with lines lw 1.5 lc rgb "#d95f02" title "whole windows (0.1)", \
     rows every 8 using 1:5 with lines lw 1.5 lc rgb "#7570b3" title "trim by page", \
     rows every 8 using 1:6 with lines lw 2.5 lc rgb "#1b9e77" title "CPUs move, too", \
     rows every 8 using 1:7 with lines lw 1 dt 2 lc rgb "#000000" title "the fewest there can be"
