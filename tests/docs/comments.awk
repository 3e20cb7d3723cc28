# SPDX-License-Identifier: MIT
#
# Takes sources apart: with want=comments their comments, a line "FILE:LINE: text" for each line
# that has some; with want=code the rest, without what is in literals. What begins a comment:
# language=c, or language=script for a # at the beginning of a word.

function keep_literal(quote) {
    if (match(rest, quote == "\"" ? /^([^"\\]|\\.)*"/ : /^([^'\\]|\\.)*'/))
        rest = substr(rest, RLENGTH + 1)
    else
        rest = "" # it goes on in the next line, or is none
    code = code quote quote
}

function c_line(    end, found) {
    while (rest != "") {
        if (inside) {
            end = index(rest, "*/")
            comment = comment " " (end ? substr(rest, 1, end - 1) : rest)
            rest = end ? substr(rest, end + 2) : ""
            inside = !end
        } else if (match(rest, /\/\*|\/\/|"|'/)) {
            code = code substr(rest, 1, RSTART - 1)
            found = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            if (found == "/*")
                inside = 1
            else if (found == "//") {
                comment = comment " " rest
                rest = ""
            } else
                keep_literal(found)
        } else {
            code = code rest
            rest = ""
        }
    }
}

# A # inside of quotes is none: there is an odd number of them before it.
function script_line(    before) {
    code = rest
    if (match(rest, /(^|[ \t])#([ \t]|$)/)) {
        before = substr(rest, 1, RSTART)
        if (gsub(/"/, "\"", before) % 2 == 0 && gsub(/'/, "'", before) % 2 == 0) {
            code = before
            comment = substr(rest, RSTART + RLENGTH)
        }
    }
    gsub(/'[^']*'/, "''", code)
    gsub(/"[^"]*"/, "\"\"", code)
}

FNR == 1 { inside = 0 }
{
    rest = $0
    code = comment = ""
    if (language == "c")
        c_line()
    else
        script_line()
    if (want == "code")
        print code
    else if (comment ~ /[^ \t*]/)
        print FILENAME ":" FNR ": " comment
}
