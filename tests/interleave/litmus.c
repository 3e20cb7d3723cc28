/* SPDX-License-Identifier: MIT */
/*
 * litmus: whether the explorer's store buffers are x86's. Each row is a program of two CPUs and
 * what their loads can find in memory that is zero at first, as published for x86 (Sewell, Sarkar,
 * Owens, Zappa Nardelli, Myreen: x86-TSO, CACM 53(7), 2010; Intel SDM vol. 3, 9.2.3): every answer
 * of the row must come, and no other.
 */
#include "explorer.h"

#include <string.h>

enum what {
    END,
    STORE,    /* to `word`, `value` */
    LOAD,     /* of `word`; its answer is the next digit */
    EXCHANGE, /* a locked operation: like STORE, at once */
};

struct step {
    enum what what;
    uint8_t word;
    uint8_t value;
};

struct litmus {
    const char *name;
    struct step program[2][4];
    /* Digits: what the loads of CPU 0 found, those of CPU 1, then the words at the end. */
    const char *in_order; /* without store buffers */
    const char *buffered;
};

enum {
    x,
    y
};

static const struct litmus rows[] = {
    {"store buffering (SDM 9.2.3.4)",
     {{{STORE, x, 1}, {LOAD, y, 0}}, {{STORE, y, 1}, {LOAD, x, 0}}},
     "0111 1011 1111",
     "0011 0111 1011 1111"},
    {"store buffering, with locked operations (SDM 9.2.3.9)",
     {{{EXCHANGE, x, 1}, {LOAD, y, 0}}, {{EXCHANGE, y, 1}, {LOAD, x, 0}}},
     "0111 1011 1111",
     "0111 1011 1111"},
    {"message passing (SDM 9.2.3.2)",
     {{{STORE, x, 1}, {STORE, y, 1}}, {{LOAD, y, 0}, {LOAD, x, 0}}},
     "0011 0111 1111",
     "0011 0111 1111"},
    {"load buffering (SDM 9.2.3.3)",
     {{{LOAD, x, 0}, {STORE, y, 1}}, {{LOAD, y, 0}, {STORE, x, 1}}},
     "0011 0111 1011",
     "0011 0111 1011"},
    {"forwarding inside a CPU (SDM 9.2.3.5)",
     {{{STORE, x, 1}, {LOAD, x, 0}, {LOAD, y, 0}}, {{STORE, y, 1}, {LOAD, y, 0}, {LOAD, x, 0}}},
     "101111 111011 111111",
     "101011 101111 111011 111111"},
    {"two stores in the order of the program: n6",
     {{{STORE, x, 1}, {LOAD, x, 0}, {LOAD, y, 0}}, {{STORE, y, 2}, {STORE, x, 2}}},
     "1022 1212 1222 2222",
     "1012 1022 1212 1222 2222"},
    {"stores to one word have one order: n5",
     {{{STORE, x, 1}, {LOAD, x, 0}}, {{STORE, x, 2}, {LOAD, x, 0}}},
     "1110 1210 1220 2220",
     "1110 1210 1220 2220"},
};

#define ROWS ((unsigned)(sizeof(rows) / sizeof(rows[0])))

static const struct litmus *row;
static uint64_t words[2];
static unsigned answers[2][4];
static char seen[64][8];
static unsigned n_seen;

static void begin(void)
{
    memset(words, 0, sizeof(words));
    memset(answers, 0, sizeof(answers));
}

static void body(unsigned cpu)
{
    unsigned loads = 0;

    (void)explorer_call_begins();
    for (const struct step *step = row->program[cpu]; step->what != END; step++) {
        if (step->what == STORE) {
            explorer_store(step->word, &words[step->word], sizeof(words[0]), step->value);
            continue;
        }
        explorer_access(step->what == LOAD ? OP_READ : OP_LOCKED, step->word);
        if (step->what == EXCHANGE)
            words[step->word] = step->value;
        else
            answers[cpu][loads++] =
                (unsigned)explorer_load(&words[step->word], sizeof(words[0]), words[step->word]);
    }
}

static void arrive(unsigned cpu, void *at, unsigned bytes, uint64_t value)
{
    (void)cpu;
    memcpy(at, &value, bytes);
}

static const char *end(void)
{
    char *answer = seen[n_seen];
    unsigned n = 0;

    for (unsigned cpu = 0; cpu < 2; cpu++) {
        unsigned loads = 0;

        for (const struct step *step = row->program[cpu]; step->what != END; step++)
            if (step->what == LOAD)
                answer[n++] = (char)('0' + answers[cpu][loads++]);
    }
    for (unsigned word = 0; word < 2; word++)
        answer[n++] = (char)('0' + words[word]);
    answer[n] = '\0';
    for (unsigned i = 0; i < n_seen; i++)
        if (strcmp(seen[i], answer) == 0)
            return NULL;
    n_seen++;
    return NULL;
}

/* Whether what was seen is what the row says: as many, and each of them there. */
static bool as_published(const char *wanted)
{
    const size_t length = strcspn(wanted, " ");
    bool right = n_seen * (length + 1) - 1 == strlen(wanted);

    for (unsigned i = 0; i < n_seen; i++)
        right = right && strstr(wanted, seen[i]) != NULL;
    return right;
}

static bool run(bool store_buffers)
{
    const struct exploration what = {.cpus = 2,
                                     .bound = UNBOUNDED,
                                     .store_buffers = store_buffers,
                                     .begin = begin,
                                     .body = body,
                                     .end = end,
                                     .arrive = arrive};
    struct exploration_result result;

    n_seen = 0;
    explore(&what, &result);
    const bool right = as_published(store_buffers ? row->buffered : row->in_order);
    (void)printf("%s: %s, %s: %u answers in %lu schedules:", right ? "ok" : "FAIL", row->name,
                 store_buffers ? "store buffers" : "in order", n_seen, result.schedules);
    for (unsigned i = 0; i < n_seen; i++)
        (void)printf(" %s", seen[i]);
    (void)putchar('\n');
    return right;
}

int main(void)
{
    bool right = true;

    for (unsigned i = 0; i < ROWS; i++) {
        row = &rows[i];
        right = run(false) && right;
        right = run(true) && right;
    }
    return right ? 0 : 1;
}
