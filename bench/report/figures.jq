# SPDX-License-Identifier: MIT
#
# Google Benchmark's JSON (one or more) -> a line per case: name, unit, median, lower quartile,
# upper quartile, and each repetition's figure, tab-separated. Bytes or ns that a case counts by
# itself; otherwise ns per item where it counts items, per iteration where not: of wall-clock time
# where threads wait, else of CPU time.

def figure:
    if .bytes != null then .bytes
    elif .ns != null then .ns
    elif .items_per_second then 1e9 / .items_per_second
    else .cpu_time end;
def at(part): .[((length - 1) * part + 0.5) | floor];
def median:
    if length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;

[.[].benchmarks[] | select(.run_type == "iteration" and (.error_occurred | not))]
| group_by(.run_name)[]
| . as $runs
| (map(figure) | sort) as $sorted
| [($runs[0].run_name | sub("/real_time"; "") | sub("/iterations:1$"; "")),
   (if $runs[0].bytes != null then "bytes" else "ns" end),
   ($sorted | median), ($sorted | at(0.25)), ($sorted | at(0.75))] + $sorted
| @tsv
