# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# circles_of: which files call each other in a loop, by the symbols of their objects. Sourced, with
# nothing else of this folder, so that any test can ask about any objects. Calls through pointers
# are no arrows here: a table of functions that is handed over is how a lower file comes to call a
# higher one without knowing it.

# circles_of OBJECT...: prints each circle: a line with its files, then a line for each arrow in it,
# with the symbols. Nothing where there is none. Fails where the symbols cannot be read, or the
# objects have nothing to do with each other, in which case nothing would have been looked at. Files
# are named as given, without a ".o" at the end.
circles_of() {
    local symbols

    symbols=$(nm -A -P -g "$@") || return 1
    awk '
        # "FILE: SYMBOL TYPE ...": U, and weak ones without a value, are used; all others are
        # defined.
        {
            file = $1
            sub(/:$/, "", file)
            sub(/\.o$/, "", file)
            if ($3 == "U" || $3 == "w" || $3 == "v")
                used[file, $2] = 1
            else
                definers[$2] = definers[$2] " " file
            if (!(file in known)) {
                known[file] = 1
                files[++n] = file
            }
        }

        function add_arrows(from, symbol,   list, k, i) {
            k = split(definers[symbol], list, " ")
            for (i = 1; i <= k; i++) {
                if (list[i] == from)
                    continue
                names[from, list[i]] = names[from, list[i]] " " symbol
                reaches[from, list[i]] = 1
                arrows++
            }
        }

        # A line of names in their order, whatever order awk has them in.
        function sorted(text,   list, k, i, j, swap) {
            k = split(text, list, " ")
            for (i = 2; i <= k; i++)
                for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
                    swap = list[j]
                    list[j] = list[j - 1]
                    list[j - 1] = swap
                }
            text = list[1]
            for (i = 2; i <= k; i++)
                text = text " " list[i]
            return text
        }

        function show(first,   members, list, k, i, j) {
            for (i = 1; i <= n; i++)
                if (reaches[first, files[i]] && reaches[files[i], first])
                    members = members " " files[i]
            k = split(sorted(members), list, " ")
            printf "a circle of %d files: %s\n", k, sorted(members)
            for (i = 1; i <= k; i++) {
                shown[list[i]] = 1
                for (j = 1; j <= k; j++)
                    if ((list[i], list[j]) in names)
                        printf "    %s uses %s of %s\n",
                            list[i], sorted(names[list[i], list[j]]), list[j]
            }
        }

        END {
            for (pair in used) {
                split(pair, part, SUBSEP)
                add_arrows(part[1], part[2])
            }
            if (arrows == 0)
                exit 1
            # Warshall: whom each reaches, also by way of others.
            for (via = 1; via <= n; via++)
                for (from = 1; from <= n; from++)
                    if (reaches[files[from], files[via]])
                        for (to = 1; to <= n; to++)
                            if (reaches[files[via], files[to]])
                                reaches[files[from], files[to]] = 1
            for (i = 1; i <= n; i++)
                if (reaches[files[i], files[i]] && !(files[i] in shown))
                    show(files[i])
        }
    ' <<<"$symbols"
}
