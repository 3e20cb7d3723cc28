# SPDX-License-Identifier: MIT
#
# The atomic accesses in files of alloc/, as order-protocols names them: "FUNCTION OPERATION".

function bare(name) {
    sub(/^cgdt_/, "", name)
    sub(/_$/, "", name)
    return name
}

FNR == 1 { function_name = "" }

# A function's name stands at the beginning of a line, or behind its type there.
/^[A-Za-z_].*\(/ {
    line = $0
    while (match(line, /__attribute__\(\([^)]*(\([^)]*\))*[^)]*\)\)/))
        line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
    if (match(line, /[a-z_][a-z0-9_]*\(/))
        function_name = bare(substr(line, RSTART, RLENGTH - 1))
}

{
    line = $0
    access = "cgdt_[a-z]+[0-9]*(_pointer)?_(relaxed|acquire|release|acq_rel|seq_cst)_[(]"
    while (match(line, access)) {
        print function_name, bare(substr(line, RSTART, RLENGTH - 1))
        line = substr(line, RSTART + RLENGTH)
    }
}
