/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of cgdt. argv[0] is the name to show; the result is the exit status (shared.h).
 */
#ifndef CGDT_TOOLS_COMMANDS_H
#define CGDT_TOOLS_COMMANDS_H

int plan_command(int argc, char **argv);
int check_command(int argc, char **argv);
int decode_command(int argc, char **argv);
int encode_command(int argc, char **argv);
int map_command(int argc, char **argv);
int stress_command(int argc, char **argv); /* in stress.c */

#endif
