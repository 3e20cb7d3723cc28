/* SPDX-License-Identifier: MIT */
/*
 * random: what must be true of every program, of programs that nobody has chosen:
 *
 *   x86-TSO and sequential consistency have just the answers of a machine (machine.c)
 *   sequential consistency has no answer that x86-TSO has not, and that none that RC11 and C++20
 *   have not, as compilers for x86 rely on it
 *   RC11 has none that C++20 has not, but where seq_cst and weaker accesses of one place meet
 *   with one order made stronger C++20 has no more answers than before
 */
#include "litmus.h"

#include <stdio.h>
#include <string.h>

#define PROGRAMS 20000u
#define STEPS    7u /* of all threads */

static uint64_t state = 2026;

/* 0 .. below-1; SplitMix64, the same numbers everywhere. */
static unsigned draw(unsigned below)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ z >> 31) % below);
}

static const int orders[3][5] = {
    {__ATOMIC_RELAXED, __ATOMIC_RELEASE, __ATOMIC_SEQ_CST},
    {__ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_SEQ_CST},
    {__ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_ACQ_REL, __ATOMIC_SEQ_CST},
};

static void draw_step(struct litmus *litmus, struct step *step, bool apart)
{
    const unsigned what = draw(5) % 3; /* stores and loads twice as often */

    *step = (struct step){.what = what == 0   ? STORE
                                  : what == 1 ? LOAD
                                              : EXCHANGE,
                          .place = draw(2),
                          .value = 1 + draw(2),
                          .order = orders[what][draw(what == 2 ? 5 : 3)]};
    /* In half of the programs seq_cst is x's alone. */
    if (apart)
        step->order = step->place == 0 ? __ATOMIC_SEQ_CST : orders[what][draw(what == 2 ? 4 : 2)];
    if (what != 0)
        step->read = litmus->reads++;
    else
        step->last_found = draw(6) == 0;
}

static void draw_program(struct litmus *litmus)
{
    const unsigned threads = 2 + draw(2);
    const bool apart = draw(2) == 0;

    memset(litmus, 0, sizeof(*litmus));
    litmus->threads = threads;
    for (unsigned thread = 0; thread < threads; thread++) {
        const unsigned steps = 1 + draw(STEPS / threads);

        for (unsigned step = 0; step < steps; step++)
            draw_step(litmus, &litmus->step[thread][step], apart);
    }
}

static void print_program(const struct litmus *litmus)
{
    static const char letters[] = "r?qlas";

    for (unsigned thread = 0; thread < litmus->threads; thread++) {
        (void)printf("%s", thread == 0 ? "    " : " |");
        for (const struct step *step = litmus->step[thread]; step->what != END; step++) {
            (void)printf(" %c%c", " WRU"[step->what], "xyz"[step->place]);
            if (step->what != LOAD)
                (void)putchar(step->last_found ? '*' : (int)('0' + step->value));
            (void)printf(".%c", letters[step->order]);
        }
    }
    (void)putchar('\n');
}

/* Whether both seq_cst and weaker accesses of one place meet. */
static bool is_mixed(const struct litmus *litmus)
{
    bool strong[PLACES] = {false};
    bool weak[PLACES] = {false};

    for (unsigned thread = 0; thread < litmus->threads; thread++) {
        for (const struct step *step = litmus->step[thread]; step->what != END; step++)
            (step->order == __ATOMIC_SEQ_CST ? strong : weak)[step->place] = true;
    }
    return (strong[0] && weak[0]) || (strong[1] && weak[1]);
}

static const char *try_program(struct litmus *litmus)
{
    static struct answers answers[MODELS];
    static struct answers other;

    for (unsigned model = 0; model < MODELS; model++)
        litmus_answers(litmus, (enum model)model, &answers[model]);
    machine_answers(litmus, false, &other);
    if (!answers_are_equal(&answers[MODEL_SC], &other))
        return "sc is no machine's";
    machine_answers(litmus, true, &other);
    if (!answers_are_equal(&answers[MODEL_TSO], &other))
        return "tso is no machine's";
    if (!answers_are_among(&answers[MODEL_SC], &answers[MODEL_TSO]) ||
        !answers_are_among(&answers[MODEL_TSO], &answers[MODEL_RC11]) ||
        !answers_are_among(&answers[MODEL_TSO], &answers[MODEL_CPP20]) ||
        (!is_mixed(litmus) && !answers_are_among(&answers[MODEL_RC11], &answers[MODEL_CPP20])))
        return "a model lacks what it has to have";

    struct step *step = &litmus->step[draw(litmus->threads)][0];
    step->order = __ATOMIC_SEQ_CST;
    litmus_answers(litmus, MODEL_CPP20, &other);
    return answers_are_among(&other, &answers[MODEL_CPP20]) ? NULL : "stronger is not less";
}

int main(void)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct litmus litmus;

        draw_program(&litmus);
        const char *what = try_program(&litmus);
        if (what == NULL)
            continue;
        (void)printf("FAIL: %s:\n", what);
        print_program(&litmus);
        wrong++;
    }
    (void)printf("%u programs, %u wrong\n", PROGRAMS, wrong);
    return wrong == 0 ? 0 : 1;
}
