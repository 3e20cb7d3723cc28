/* SPDX-License-Identifier: GPL-2.0-only */
/* PID 1 of the test machine: what its parts share. */

#ifndef INIT_H
#define INIT_H

#include "check.h"
#include "host.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_PROGRAMS = 32
};

struct options {
    const char *mode;
    unsigned cycles;
    unsigned seconds;
    uint64_t seed;
    unsigned count;    /* mode=thread-area: calls */
    unsigned switches; /* mode=measure */
    unsigned rounds;   /* mode=move */
};

/* In memory that the background's process shares. */
struct tally {
    unsigned runs[MAX_PROGRAMS];
    unsigned failed[MAX_PROGRAMS];
    bool stop;
    bool stop_moving; /* moves.c */
};

struct machine {
    struct options options;
    struct random random;
    enum host host;
    struct tally *tally;
    int cpus[MAX_CPUS]; /* present, whether on or off */
    int cpu_count;
    bool on[MAX_CPUS]; /* by number of the processor */
    unsigned failures; /* what no program has noticed, but init itself */
    unsigned cycles;
    unsigned verified;
    int background; /* its process, or 0 */
};

/* background.c: test programs. */
int program_index(const char *name);
const char *program_at(int index); /* NULL behind the last */
enum programs {
    PROGRAMS_ALL,
    PROGRAMS_WITHOUT_LDT,
    PROGRAMS_WITH_LDT
};
void background_start(struct machine *machine, enum programs set);
void background_stop(struct machine *machine);
/* Runs one in the foreground with up to two more arguments (NULL: none); true if it was right. */
bool program_run(struct machine *machine, const char *name, const char *second, const char *third);

/* cpus.c: processors off and on, and what is checked after. */
void cpus_find(struct machine *machine);
int cpu_switch(struct machine *machine, int cpu, bool on); /* 0 or an error number */
bool cpu_must_switch(struct machine *machine, int cpu, bool on);
void cpus_all(struct machine *machine, bool on);
void cpu_toggle_one(struct machine *machine); /* any but CPU 0 */
int cpus_on(const struct machine *machine);
bool kernel_asked(struct machine *machine, const char *command); /* true on a stock kernel */
void machine_verify(struct machine *machine);                    /* kernel, audit, every CPU */
void machine_round(struct machine *machine);                     /* the same, not counted */

/* audit.c: does /proc/cgdt agree with itself and with sysfs? */
void audit(struct machine *machine);
unsigned long long pages_held(const struct machine *machine);
void threads_forgotten(struct machine *machine); /* no slot of one that has ended is left */

/* A line that begins with FAILED, counted. */
void machine_failed(struct machine *machine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The modes. */
void mode_soak(struct machine *machine);
void mode_limit(struct machine *machine);
void mode_thread_area(struct machine *machine);
void mode_look(struct machine *machine);
void mode_watch(struct machine *machine);
void mode_boot_cpu(struct machine *machine);
void mode_nmi(struct machine *machine);
void mode_measure(struct machine *machine);
void mode_kept(struct machine *machine);
void mode_move(struct machine *machine);

#endif
