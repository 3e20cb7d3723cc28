/* SPDX-License-Identifier: GPL-2.0-only */

#include "programs.h"

#include "check.h"

#include <string.h>

static const struct program {
    const char *name;
    int (*run)(int argc, char **argv);
} programs[] = {
#ifdef __i386__
    {"tls32", tls32},
    {"thread-area", thread_area},
    {"ldt32", ldt},
    {"signals32", signals},
    {"ptrace32", ptrace_areas},
    {"fork32", fork_areas},
    {"clone32", clone_areas},
    {"exec32", exec_fresh},
    {"look32", look},
    {"switch32", switches},
    {"kept32", kept},
    {"move32", move},
#else
    {"tls64", tls64}, {"ldt64", ldt},         {"ptrace64", ptrace_areas},
    {"look64", look}, {"switch64", switches}, {"move64", move},
#endif
};

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');

    program_name = slash ? slash + 1 : argv[0];
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (strcmp(programs[i].name, program_name) == 0)
            return programs[i].run(argc, argv);
    }
    fail("no program of this name is in here");
}
