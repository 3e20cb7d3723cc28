/* SPDX-License-Identifier: MIT */
/* See litmus.h. */
#include "litmus.h"
#include "sites.h"

#include <ctype.h>
#include <string.h>

static int order_of(char letter)
{
    switch (letter) {
    case 'r':
        return __ATOMIC_RELAXED;
    case 'q':
        return __ATOMIC_ACQUIRE;
    case 'l':
        return __ATOMIC_RELEASE;
    case 'a':
        return __ATOMIC_ACQ_REL;
    case 's':
        return __ATOMIC_SEQ_CST;
    case 'p':
        return PLAIN_ACCESS;
    default:
        mistaken("no order '%c'", letter);
    }
}

/* Returns what follows. */
static const char *read_step(const char *at, struct litmus *litmus, struct step *step)
{
    step->what = *at == '?' ? IF : *at == 'W' ? STORE : *at == 'R' ? LOAD : EXCHANGE;
    if (*at++ == '?')
        return at;
    step->place = (unsigned)(*at++ - 'x');
    if (step->what != LOAD) {
        step->last_found = *at == '*';
        step->value = (unsigned)(*at++ - '0');
    }
    if (step->place >= PLACES || *at++ != '.')
        mistaken("not a step: %s", at - 3);
    step->order = order_of(*at++);
    if (step->what != STORE)
        step->read = litmus->reads++;
    return at;
}

void litmus_read(const char *line, struct litmus *litmus)
{
    unsigned step = 0;

    memset(litmus, 0, sizeof(*litmus));
    litmus->threads = 1;
    for (const char *at = line; *at != '\0';) {
        if (*at == ' ') {
            at++;
        } else if (*at == '|') {
            litmus->threads++;
            step = 0;
            at++;
        } else if (litmus->threads > MAX_THREADS || step == MAX_STEPS) {
            mistaken("too long: %s", line);
        } else {
            at = read_step(at, litmus, &litmus->step[litmus->threads - 1][step++]);
        }
    }
}

bool answers_have(const struct answers *answers, const char *answer)
{
    for (unsigned i = 0; i < answers->n; i++) {
        if (strcmp(answers->answer[i], answer) == 0)
            return true;
    }
    return false;
}

bool answers_are_among(const struct answers *few, const struct answers *many)
{
    for (unsigned i = 0; i < few->n; i++) {
        if (!answers_have(many, few->answer[i]))
            return false;
    }
    return true;
}

bool answers_are_equal(const struct answers *a, const struct answers *b)
{
    return answers_are_among(a, b) && answers_are_among(b, a);
}

void answers_add(struct answers *answers, const char *answer)
{
    if (answers_have(answers, answer))
        return;
    if (answers->n == MAX_ANSWERS)
        mistaken("too many answers");
    strcpy(answers->answer[answers->n++], answer);
}

/* For the search. */

static const struct litmus *running;
static struct answers *found;
static uint32_t memory[PLACES];

static void setup(void)
{
    static const char *const names[PLACES] = {"x", "y", "z"};

    memset(memory, 0, sizeof(memory));
    for (unsigned place = 0; place < PLACES; place++)
        search_name(&memory[place], names[place]);
}

static void take(unsigned thread)
{
    uint64_t last = 0;

    for (const struct step *step = running->step[thread]; step->what != END; step++) {
        uint32_t *at = &memory[step->place];
        const uint64_t value = step->last_found ? last : step->value;

        if (step->what == IF && last == 0)
            return;
        if (step->what == STORE)
            search_store(at, sizeof(*at), value, step->order, "store");
        else if (step->what == LOAD)
            last = search_load(at, sizeof(*at), step->order, "load");
        else if (step->what == EXCHANGE)
            last = search_change(at, sizeof(*at), CHANGE_TO, value, step->order, "exchange");
        if (step->what == LOAD || step->what == EXCHANGE)
            search_tell(step->read, last + 1);
    }
}

static void take_0(void)
{
    take(0);
}

static void take_1(void)
{
    take(1);
}

static void take_2(void)
{
    take(2);
}

static void take_3(void)
{
    take(3);
}

static bool uses(const struct litmus *litmus, unsigned place)
{
    for (unsigned thread = 0; thread < litmus->threads; thread++) {
        for (const struct step *step = litmus->step[thread]; step->what != END; step++) {
            if (step->what != IF && step->place == place)
                return true;
        }
    }
    return false;
}

static bool end(void)
{
    char answer[ANSWER] = "";
    unsigned n = 0;

    for (; n < running->reads; n++) {
        uint64_t said = 0;

        for (unsigned thread = 0; thread < running->threads; thread++)
            said |= search_told(thread, n);
        answer[n] = said == 0 ? '-' : (char)('0' + said - 1);
    }
    answer[n++] = ' ';
    for (unsigned place = 0; place < PLACES; place++)
        answer[n++] = uses(running, place) ? (char)('0' + search_final(&memory[place])) : '0';
    answers_add(found, answer);
    return true;
}

void litmus_answers(const struct litmus *litmus, enum model model, struct answers *answers)
{
    const struct program program = {.threads = litmus->threads,
                                    .setup = setup,
                                    .thread = {take_0, take_1, take_2, take_3},
                                    .end = end};
    struct search_result result;

    memset(answers, 0, sizeof(*answers));
    running = litmus;
    found = answers;
    search(&program, model, &result);
    answers->races = result.races;
}
