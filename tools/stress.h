/* SPDX-License-Identifier: MIT */
/* `cgdt stress`: concurrent hotplug for people to run. */
#ifndef CGDT_TOOLS_STRESS_H
#define CGDT_TOOLS_STRESS_H

/* argv[0] is the name to show. The exit status: 0 pass, 1 a violation, 2 wrong use or no memory. */
int stress_command(int argc, char **argv);

#endif
