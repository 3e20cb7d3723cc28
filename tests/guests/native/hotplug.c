/* SPDX-License-Identifier: MIT */
/*
 * The drivers. Each keeps some CPUs off and brings them back in random order, so slots move from
 * one CPU to another, also between CPUs of different drivers. Drivers are CPUs like the others:
 * they take NMIs and interrupts on slots of their own, but stay online.
 */

#include "hotplug.h"

#include "apic.h"
#include "console.h"
#include "cpuops.h"
#include "exit.h"
#include "gdtpool.h"
#include "nmi.h"
#include "tables.h"

#define MOST_OFF    64u /* by one driver */
#define MOST_PAUSES 64u

static const struct args *args;
static uint32_t nr;
static uint32_t cycles;
static uint32_t trims;
static uint32_t broadcasts;

struct driver {
    uint32_t random;
    uint32_t off[MOST_OFF];
    uint32_t nr_off;
    uint32_t ebb; /* it takes CPUs off until there are so many; 0: it brings them back */
    uint32_t steps;
};

void hotplug_init(const struct args *arguments, uint32_t nr_cpus)
{
    args = arguments;
    nr = nr_cpus;
    if (args->mode == MODE_HOTPLUG && nr <= args->drivers) {
        console_printf("FATAL: hotplug needs more CPUs than drivers\n");
        guest_exit(GUEST_EXIT_ARGUMENT);
    }
}

struct hotplug_counts hotplug_counts(void)
{
    const struct hotplug_counts counts = {cycles, trims, broadcasts};

    return counts;
}

/* xorshift32; the state is never 0. */
static uint32_t below(struct driver *driver, uint32_t bound)
{
    driver->random ^= driver->random << 13;
    driver->random ^= driver->random >> 17;
    driver->random ^= driver->random << 5;
    return driver->random % bound;
}

static bool is_over(void)
{
    return __atomic_load_n(&cycles, __ATOMIC_RELAXED) >= args->cycles;
}

/*
 * An interrupt for a CPU, so that the order to come meets it at any point of its way back to sleep.
 */
static void wake(struct driver *driver, uint32_t id)
{
    const uint32_t *pokes = &cpus[id].pokes;
    const uint32_t before = __atomic_load_n(pokes, __ATOMIC_RELAXED);
    const struct wait wait = wait_begin("an interrupt is not taken", id);

    apic_send(id, VECTOR_POKE);
    while (__atomic_load_n(pokes, __ATOMIC_RELAXED) == before)
        wait_step(&wait);
    for (uint32_t i = below(driver, MOST_PAUSES); i > 0; i--)
        pause_cpu();
}

static void take_one_off(struct driver *driver)
{
    const uint32_t id = args->drivers + below(driver, nr - args->drivers);

    if (!cpu_take(id)) /* another driver has it, or this one */
        return;
    wake(driver, id);
    cpu_offline(id);
    driver->off[driver->nr_off++] = id;
}

static void bring_one_back(struct driver *driver)
{
    const uint32_t at = below(driver, driver->nr_off);
    const uint32_t id = driver->off[at];

    driver->off[at] = driver->off[--driver->nr_off];
    cpu_online(id);
    cpu_release(id);
    __atomic_fetch_add(&cycles, 1, __ATOMIC_RELAXED);
}

/* One that is online looks at its table again, while others come and go. */
static void make_one_look(struct driver *driver)
{
    const uint32_t id = args->drivers + below(driver, nr - args->drivers);

    if (!cpu_take(id))
        return;
    wake(driver, id);
    cpu_order(id, ORDER_LOOK);
    cpu_finish_order(id);
    cpu_release(id);
}

static void disturb(struct driver *driver)
{
    if (!args->quiet)
        apic_send(below(driver, args->drivers), VECTOR_POKE);
    if (!args->quiet && driver->steps % 16 == 0) {
        (void)nmi_broadcast();
        __atomic_fetch_add(&broadcasts, 1, __ATOMIC_RELAXED);
    }
    if (driver->steps % 8 == 0)
        make_one_look(driver);
    if (driver->steps % 32 == 0) {
        const int gone = cgdt_trim(gdtpool);
        if (gone > 0)
            __atomic_fetch_add(&trims, (uint32_t)gone, __ATOMIC_RELAXED);
    }
}

/*
 * Ebb and flood, each with every fourth step the other way. An ebb is anything from one CPU to all
 * that are this driver's share, so sometimes whole pages are free and leave, and mostly the pool is
 * nearly full.
 */
static void step(struct driver *driver)
{
    const uint32_t share = (nr - args->drivers) / args->drivers;
    const uint32_t most = share < 1 ? 1 : share > MOST_OFF ? MOST_OFF : share;
    const bool against = below(driver, 4) == 0;

    if (driver->ebb != 0 && driver->nr_off >= driver->ebb)
        driver->ebb = 0;
    else if (driver->ebb == 0 && driver->nr_off == 0)
        driver->ebb = 1 + below(driver, most);
    if (driver->nr_off == 0 || (driver->nr_off < most && (driver->ebb != 0) != against))
        take_one_off(driver);
    else
        bring_one_back(driver);
}

void hotplug_drive(struct cpu *cpu)
{
    struct driver driver = {.random = (args->seed + cpu->id) * 2654435761u | 1u};

    while (!is_over()) {
        step(&driver);
        driver.steps++;
        disturb(&driver);
        pause_cpu(); /* a step that found nothing to do must not use up QEMU's turn for this CPU */
    }
    while (driver.nr_off != 0)
        bring_one_back(&driver);
}

void hotplug_run(void)
{
    for (uint32_t id = 1; id < args->drivers; id++)
        cpu_order(id, ORDER_DRIVE);
    hotplug_drive(&cpus[0]);
    for (uint32_t id = 1; id < args->drivers; id++)
        cpu_finish_order(id);
}
