/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PID 1 of the test machine. Arguments stand behind "--" on the kernel's command line:
 *   mode=soak cycles=N seconds=S seed=X | limit | thread-area count=N seed=X | look | nmi |
 *   measure switches=N | kept | domu | watch count=N | boot-cpu cycles=N | move rounds=N cycles=N
 * The last line is RESULT ... PASS or FAIL; then the machine is left through QEMU's isa-debug-exit
 * (16: pass, 20: fail), or powered off where there is none.
 */

#include "domu.h"
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
    EXIT_PORT = 0xf4,
    EXIT_PORT_PASS = 16,
    EXIT_PORT_FAIL = 20
};

static const struct mode {
    const char *name;
    void (*run)(struct machine *machine);
} modes[] = {
    {"soak", mode_soak},         {"limit", mode_limit}, {"thread-area", mode_thread_area},
    {"look", mode_look},         {"nmi", mode_nmi},     {"kept", mode_kept},
    {"measure", mode_measure},   {"domu", mode_domu},   {"watch", mode_watch},
    {"boot-cpu", mode_boot_cpu}, {"move", mode_move},
};

void machine_failed(struct machine *machine, const char *format, ...)
{
    va_list arguments;

    machine->failures++;
    printf("FAILED init: ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void mount_at(const char *type, const char *path)
{
    mkdir(path, 0755);
    if (mount(type, path, type, 0, NULL) != 0 && errno != EBUSY)
        fail("mount of %s: %s", path, strerror(errno));
}

/* Whatever the kernel found before devtmpfs was there. */
static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    if (fd < 0)
        return;
    for (int i = 0; i < 3; i++) {
        if (fd != i)
            dup2(fd, i);
    }
    if (fd > 2)
        close(fd);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* What stands behind name=, or NULL if the argument is another one. */
static const char *value_of(const char *argument, const char *name)
{
    size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1
                                                                           : NULL;
}

static bool option_taken(struct options *options, const char *argument)
{
    const char *value;

    if ((value = value_of(argument, "mode")))
        options->mode = value;
    else if ((value = value_of(argument, "cycles")))
        options->cycles = (unsigned)number_of(value);
    else if ((value = value_of(argument, "seconds")))
        options->seconds = (unsigned)number_of(value);
    else if ((value = value_of(argument, "seed")))
        options->seed = number_of(value);
    else if ((value = value_of(argument, "count")))
        options->count = (unsigned)number_of(value);
    else if ((value = value_of(argument, "switches")))
        options->switches = (unsigned)number_of(value);
    else if ((value = value_of(argument, "rounds")))
        options->rounds = (unsigned)number_of(value);
    return value != NULL;
}

static void read_options(struct machine *machine, int argc, char **argv)
{
    machine->options = (struct options){
        .mode = "look", .cycles = 16, .seed = 1, .count = 4000, .switches = 10000, .rounds = 3};
    for (int i = 1; i < argc; i++) {
        /* The kernel hands over words of its own that it does not know, too: nokaslr. */
        if (!option_taken(&machine->options, argv[i]) && strchr(argv[i], '='))
            machine_failed(machine, "argument '%s' is not understood", argv[i]);
    }
    machine->random = random_from(machine->options.seed);
}

static void run_mode(struct machine *machine)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, machine->options.mode) == 0) {
            modes[i].run(machine);
            threads_forgotten(machine);
            return;
        }
    }
    machine_failed(machine, "there is no mode=%s", machine->options.mode);
}

static unsigned print_programs(const struct machine *machine)
{
    unsigned failed = 0;

    for (int i = 0; program_at(i); i++) {
        failed += machine->tally->failed[i];
        if (machine->tally->runs[i])
            printf("PROGRAM name=%s runs=%u failed=%u\n", program_at(i), machine->tally->runs[i],
                   machine->tally->failed[i]);
    }
    return failed;
}

static bool print_result(const struct machine *machine)
{
    static struct cgdt_file file;
    unsigned failures = machine->failures;
    char layout[32] = "page-per-cpu";
    unsigned online = (unsigned)cpus_on(machine);
    bool pass;

    if (cgdt_file_read(&file)) {
        cgdt_word(cgdt_line(&file, "LINUX"), "layout", layout, sizeof(layout));
        printf("%s", file.text);
    }
    failures += print_programs(machine);
    pass = failures == 0 && machine->verified == online && online > 0;
    printf("RESULT cpus=%d online=%u verified=%u gdt_pages=%llu page_per_cpu=%d failures=%u "
           "cycles=%u layout=%s host=%s %s\n",
           machine->cpu_count, online, machine->verified, pages_held(machine), machine->cpu_count,
           failures, machine->cycles, layout, host_name(machine->host), pass ? "PASS" : "FAIL");
    return pass;
}

static void no_such_port(int signal)
{
    (void)signal;
    _exit(EXIT_WRONG);
}

/* In a child: where the port is not the guest's the instruction faults. */
static void leave(bool pass)
{
    int child;

    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    child = fork();
    if (child == 0) {
        signal(SIGSEGV, no_such_port);
        if (iopl(3) == 0)
            outl(pass ? EXIT_PORT_PASS : EXIT_PORT_FAIL, EXIT_PORT);
        _exit(EXIT_WRONG);
    }
    waitpid(child, NULL, 0);
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    static struct machine machine;

    program_name = "init";
    if (getpid() != 1)
        return domu_shutdown_wanted();
    mount_at("devtmpfs", "/dev");
    open_console();
    mount_at("proc", "/proc");
    mount_at("sysfs", "/sys");
    machine.tally = mmap(NULL, sizeof(*machine.tally), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (machine.tally == MAP_FAILED)
        fail("no memory for the tally");
    read_options(&machine, argc, argv);
    machine.host = host_find();
    cpus_find(&machine);
    printf("INIT mode=%s host=%s cpus=%d online=%d\n", machine.options.mode,
           host_name(machine.host), machine.cpu_count, cpus_on(&machine));
    run_mode(&machine);
    leave(print_result(&machine));
}
