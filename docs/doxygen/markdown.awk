# SPDX-License-Identifier: MIT
#
# What Doxyfile has done to docs/*.md before doxygen reads them, line by line: Markdown as the
# forges have it is not quite doxygen's (1.9.4).
#
#   headings      get the label that links to them use: "## One file" of embedding.md is
#                 #embedding-one-file, its title #embedding
#   links         to a page or heading use that; those to files that are no page of the site
#                 (../LICENSE) become their text
#   #GP, #PF      are exceptions of the CPU, not links

# The anchor that forges give a heading; the second of that name gets -1.
function slug(heading)
{
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading (seen[heading]++ ? "-" (seen[heading] - 1) : "")
}

function page_of(path)
{
    sub(/.*\//, "", path)
    sub(/\.md$/, "", path)
    return tolower(path)
}

# As docs/README.md would write it.
function from_docs(target)
{
    if (FILENAME !~ /docs\/porting\/[^\/]*$/ || target ~ /^(#|[a-z]+:)/)
        return target
    return target ~ /^\.\.\// ? substr(target, 4) : "porting/" target
}

function link(text, target,    part)
{
    target = from_docs(target)
    if (target ~ /^[a-z]+:/ || target ~ /^[^\/]+\.svg$/)
        return "[" text "](" target ")"
    if (target ~ /^(porting\/)?[^\/]+\.md$/)
        return "[" text "](#" page_of(target) ")"
    if (target ~ /^\.\.\/include\/cgdt\/.*\.h$/) {
        sub(/.*\//, "", target)
        return "[" text "](@ref " target ")"
    }
    if (split(target, part, "#") == 2)
        return "[" text "](#" page_of(part[1] != "" ? part[1] : FILENAME) "-" part[2] ")"
    target = target ~ /^\.\.\// ? substr(target, 4) : "docs/" target
    return index(text, "`") || text == target ? text : text " (`" target "`)"
}

function links(line,    done, text, target)
{
    while (match(line, /\[[^][]*\]\([^() ]+\)/)) {
        done = done substr(line, 1, RSTART - 1)
        text = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        target = substr(text, index(text, "](") + 2)
        done = done link(substr(text, 1, index(text, "](") - 1), target)
    }
    return done line
}

# Outside of `code`: every second piece between backquotes.
function exceptions(line,    piece, n, i, done)
{
    n = split(line, piece, "`")
    for (i = 1; i <= n; i++) {
        if (i % 2 == 1)
            gsub(/#[A-Z]/, "\\\\&", piece[i])
        done = done (i > 1 ? "`" : "") piece[i]
    }
    return done
}

/^ *```/ { fenced = !fenced }
fenced || /^ *```/ || /^    / { print; next }
/^# / && FILENAME !~ /README\.md$/ { $0 = $0 " {#" page_of(FILENAME) "}" }
/^##+ / { $0 = $0 " {#" page_of(FILENAME) "-" slug(substr($0, index($0, " ") + 1)) "}" }
{ print exceptions(links($0)) }
