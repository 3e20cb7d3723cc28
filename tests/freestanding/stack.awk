# SPDX-License-Identifier: MIT
#
# For test-stack: reads the call graphs of gcc's -fcallgraph-info=su and prints the stack that each
# public function takes at most, itself and all that it calls: bytes, name, and the way there.
#
#   -v port=NAME     whose operations the core's calls through pointers reach
#   -v without=NAMES functions that are taken for such as are never called
#
# What a kernel's own operations take, those behind a port, is not in it.

function field(line, name,    at, rest)
{
    at = index(line, name ": \"")
    if (at == 0)
        return ""
    rest = substr(line, at + length(name) + 3)
    return substr(rest, 1, index(rest, "\"") - 1)
}

# A static function's title is its file's name, a colon, its own.
function own_name(title)
{
    sub(/.*:/, "", title)
    sub(/[.].*/, "", title)
    return title
}

function fail(what)
{
    print "FAIL: " what > "/dev/stderr"
    failed = 1
    exit 1
}

/^node: / {
    title = field($0, "title")
    label = field($0, "label")
    if (match(label, /[0-9]+ bytes \([a-z,]*\)/)) {
        if (label !~ /bytes \((static|dynamic,bounded)\)/)
            fail(title " has a stack of no fixed size")
        bytes[title] = substr(label, RSTART, RLENGTH) + 0
        split(label, part, "\\\\n")
        file[title] = part[2]
        sub(/:.*/, "", file[title])
        sub(/^(.*\/)?alloc\//, "", file[title])
    }
}

/^edge: / {
    from = field($0, "sourcename")
    callees[from] = callees[from] " " field($0, "targetname")
}

# The deepest of the functions whose names are like this.
function deepest(pattern,    title, most, found)
{
    if (pattern in deepest_of)
        return deepest_of[pattern]
    for (title in bytes) {
        if (own_name(title) !~ pattern)
            continue
        found = 1
        if (depth(title) > most)
            most = depth(title)
    }
    if (!found)
        fail("no function is like " pattern)
    return deepest_of[pattern] = most
}

# Through a pointer a port calls its kernel, check.c and batch.c a profile's rules, and everybody
# else the port.
function depth_through_pointer(from)
{
    if (file[from] ~ /^port\//)
        return 0
    if (file[from] == "check.c" || file[from] == "batch.c")
        return deepest("^judge_")
    return deepest("^" port "_(map|seal|unseal|unmap|frame|live_write|quiesce|lock|unlock)$")
}

function depth(title,    n, i, called, here, most)
{
    if (title in depth_of)
        return depth_of[title]
    if (!(title in bytes))
        fail(title " is called, and its stack is not known")
    if (title in entered)
        fail(title " comes to call itself: whom are pointers taken for?")
    entered[title] = 1
    n = split(callees[title], called, " ")
    for (i = 1; i <= n; i++) {
        if (index(" " without " ", " " own_name(called[i]) " "))
            continue
        here = called[i] == "__indirect_call" ? depth_through_pointer(title) : depth(called[i])
        if (here > most) {
            most = here
            way[title] = called[i]
        }
    }
    return depth_of[title] = bytes[title] + most
}

END {
    if (failed)
        exit 1
    for (title in bytes) {
        if (title ~ /:/ || title ~ /_$/ || index(" " without " ", " " title " "))
            continue
        if (file[title] ~ /^port\// && file[title] !~ "^port/" port)
            continue
        line = depth(title) " " title
        for (next_one = way[title]; next_one != ""; next_one = way[next_one])
            line = line " " own_name(next_one)
        print line
    }
}
