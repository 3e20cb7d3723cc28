/* SPDX-License-Identifier: MIT */
/* The cgdt command: one program, a subcommand for each job. */
#include "commands.h"
#include "parse.h"

#include "cgdt/cgdt.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define VERSION  TEXT(CGDT_VERSION_MAJOR) "." TEXT(CGDT_VERSION_MINOR) "." TEXT(CGDT_VERSION_PATCH)

struct subcommand {
    const char *name;
    const char *text;
    int (*run)(int argc, char **argv); /* NULL: not in this build */
    char *title; /* argv[0] of the subcommand: argp begins its messages with it */
};

static char plan_title[] = "cgdt plan";
static char check_title[] = "cgdt check";
static char decode_title[] = "cgdt decode";
static char encode_title[] = "cgdt encode";
static char map_title[] = "cgdt map";
static char stress_title[] = "cgdt stress";

/* These run on the hosted port, which needs jemalloc; CMakeLists.txt says whether it is there. */
#ifdef CGDT_HAS_STRESS
#define IF_HOSTED(run) run
#else
#define IF_HOSTED(run) NULL
#endif

static const struct subcommand subcommands[] = {
    {"plan", "pages, windows, bytes, biases and selectors for so many CPUs", plan_command,
     plan_title},
    {"check", "a dump of GDT pages by the rules of Xen or of the CPU", check_command, check_title},
    {"decode", "what a descriptor means", decode_command, decode_title},
    {"encode", "a descriptor from its fields", encode_command, encode_title},
    {"map", "a live picture of a pool under stress", IF_HOSTED(map_command), map_title},
    {"stress", "concurrent hotplug on many threads, every slot verified", IF_HOSTED(stress_command),
     stress_title},
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static const char *title = "cgdt";

/* At exit, since argp leaves by itself after --help. What was not written was not said. */
static void check_output(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return;
    fprintf(stderr, "%s: stdout: %s\n", title, strerror(errno));
    _exit(2);
}

static int list_commands(void)
{
    puts("Usage: cgdt COMMAND [OPTION...]\n"
         "       cgdt help [COMMAND]\n"
         "       cgdt --help | --version\n\n"
         "Commands:");
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (subcommands[i].run != NULL)
            printf("  %-8s %s\n", subcommands[i].name, subcommands[i].text);
    }
    puts("\nExit status: 0 fine, 1 a violation was found, 2 wrong use or input.");
    return 0;
}

static int wrong_use(const char *what, const char *argument)
{
    parse_quoted quoted;

    fprintf(stderr, "cgdt: %s %s (try 'cgdt help')\n", what,
            parse_quote(quoted, argument, strlen(argument)));
    return 2;
}

/* argv[0] is the subcommand's name. */
static int run(int argc, char **argv)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[0], subcommands[i].name) != 0)
            continue;
        if (subcommands[i].run == NULL) {
            fprintf(
                stderr,
                "cgdt: %s needs the hosted port, without which this cgdt was built (no jemalloc)\n",
                argv[0]);
            return 2;
        }
        title = argv[0] = subcommands[i].title;
        return subcommands[i].run(argc, argv);
    }
    return wrong_use("unknown command", argv[0]);
}

/* arguments: those behind `help`, of which there may be one. */
static int help(int n, char **arguments)
{
    static char option[] = "--help";
    char *of_subcommand[] = {arguments[0], option, NULL};

    if (n > 1)
        return wrong_use("one argument too many:", arguments[1]);
    if (n == 0 || strcmp(arguments[0], "help") == 0)
        return list_commands();
    return run(2, of_subcommand);
}

static bool is_one_of(const char *argument, const char *first, const char *second)
{
    return strcmp(argument, first) == 0 || strcmp(argument, second) == 0;
}

int main(int argc, char **argv)
{
    if (atexit(check_output) != 0)
        return 2;
    argp_program_version = "cgdt " VERSION; /* of `cgdt COMMAND --version` */
    if (argc < 2) {
        fputs("cgdt: which command? (try 'cgdt help')\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 2, argv + 2);
    if (is_one_of(argv[1], "--help", "-h") || is_one_of(argv[1], "--version", "-V")) {
        if (argc > 2)
            return wrong_use("one argument too many:", argv[2]);
        if (is_one_of(argv[1], "--help", "-h"))
            return list_commands();
        puts(argp_program_version);
        return 0;
    }
    return run(argc - 1, argv + 1);
}
