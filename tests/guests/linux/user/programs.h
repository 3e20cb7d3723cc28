/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test programs of one binary (programs32, programs64): which of them it is, its name says.
 * Each takes a seed as first argument. Exit 0: everything was as it should be.
 */

#ifndef PROGRAMS_H
#define PROGRAMS_H

int look(int argc, char **argv);
int ldt(int argc, char **argv);
int ptrace_areas(int argc, char **argv);
int switches(int argc, char **argv);
int move(int argc, char **argv);

#ifdef __i386__
int tls32(int argc, char **argv);
int thread_area(int argc, char **argv);
int signals(int argc, char **argv);
int fork_areas(int argc, char **argv);
int clone_areas(int argc, char **argv);
int exec_fresh(int argc, char **argv);
int kept(int argc, char **argv);
#else
int tls64(int argc, char **argv);
#endif

#endif
