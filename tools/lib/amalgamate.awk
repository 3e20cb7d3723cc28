# SPDX-License-Identifier: MIT
#
# For tools/amalgamate: joins the files named as arguments and what they include by quotes. -v
# mode=header: public headers. -v mode=source: .c files and private headers; the public ones are
# taken for included.
#
# What one file may have to itself but several in one must not share:
#   macros of a .c        are undefined behind it
#   static functions      that two .c have get the file's name behind theirs
#   private declarations  are hidden, so that a shared library does not export them
#   inline functions      of private headers may stay unused, as in a header (clang asks where they
#                         stand)

function folder_of(path)
{
    return match(path, /.*\//) ? substr(path, 1, RLENGTH) : ""
}

function exists(path,    line, status)
{
    status = (getline line < path)
    close(path)
    return status >= 0
}

# Where a file that `from` includes is, without a/../ on the way.
function resolve(from, name,    path)
{
    path = folder_of(from) name
    if (!exists(path))
        path = exists("include/" name) ? "include/" name : "alloc/" name
    while (sub(/[^\/]+\/\.\.\//, "", path))
        ;
    if (!exists(path)) {
        print "tools/amalgamate: " from " includes " name ", which is nowhere" > "/dev/stderr"
        exit 1
    }
    return path
}

# Static functions begin a line with `static`, their name stands before the first parenthesis.
function static_name(line)
{
    if (line !~ /^static .*\(/ || line ~ /^static [^(]*=/)
        return ""
    sub(/\(.*/, "", line)
    sub(/.*[^A-Za-z0-9_]/, "", line)
    return line
}

function collect_statics(path,    line, name)
{
    while ((getline line < path) > 0) {
        name = static_name(line)
        if (name != "" && !((path, name) in statics)) {
            statics[path, name] = 1
            if (owners[name]++)
                shared[name] = 1
        }
    }
    close(path)
}

# Calls and the definition of `name` in a line, not a member's: name_suffix.
function rename_calls(line, name, suffix,    done, at, before)
{
    done = ""
    while ((at = index(line, name "(")) > 0) {
        before = at > 1 ? substr(line, at - 1, 1) : " "
        done = done substr(line, 1, at - 1) name (before ~ /[A-Za-z0-9_.>]/ ? "" : suffix)
        line = substr(line, at + length(name))
    }
    return done line
}

function rename_shared(path, line,    name, suffix)
{
    suffix = path
    gsub(/.*\/|\.c$/, "", suffix)
    for (name in shared)
        if ((path, name) in statics)
            line = rename_calls(line, name, "_in_" suffix)
    return line
}

function included(line)
{
    if (line !~ /^#include "/)
        return ""
    split(line, part, "\"")
    return part[2]
}

function emit(path,    line, name, is_source, is_private, macros, n, i, word)
{
    if (path in emitted)
        return
    emitted[path] = 1
    is_source = path ~ /\.c$/
    is_private = !is_source && mode == "source"
    print "\n/* ---- " path " ---- */"
    if (is_private) {
        print "#pragma GCC visibility push(hidden)"
        print "#pragma GCC diagnostic ignored \"-Wunused-function\""
    }
    while ((getline line < path) > 0) {
        name = included(line)
        if (name != "") {
            name = resolve(path, name)
            if (mode == "header" || name !~ /^include\//)
                emit(name)
        } else if (line !~ /SPDX-License-Identifier/) {
            if (is_source && line ~ /^#define /) {
                split(line, word, /[ (]/)
                macros[++n] = word[2]
            }
            print is_source ? rename_shared(path, line) : line
        }
    }
    close(path)
    if (is_private)
        print "#pragma GCC visibility pop"
    for (i = 1; i <= n; i++)
        print "#undef " macros[i]
}

BEGIN {
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] ~ /\.c$/)
            collect_statics(ARGV[i])
    # What the files ignore is ignored to the end of this one, not in a file that includes it. And
    # what gcc supposes at -O3, where it sees all of them: that a function could fail with 0.
    if (mode == "source") {
        print "#pragma GCC diagnostic push"
        print "#ifndef __clang__"
        print "#pragma GCC diagnostic ignored \"-Wmaybe-uninitialized\""
        print "#endif"
    }
    for (i = 1; i < ARGC; i++)
        emit(ARGV[i])
    if (mode == "source")
        print "\n#pragma GCC diagnostic pop"
}
