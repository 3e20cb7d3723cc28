/* SPDX-License-Identifier: MIT */
/*
 * published: whether search.c and model.c are what they say, by litmus tests whose answers are
 * published, so that the tool is not its own judge. Each row has a program, the answer that it is
 * known for, and whether sequential consistency, x86-TSO, C++20 and RC11 have it ('+') or not.
 *
 * For each row also: x86-TSO and sequential consistency have just the answers of a machine
 * (machine.c); whoever has more answers than another by its definition has them here.
 */
#include "litmus.h"

#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    const char *program;
    const char *answer;
    const char *has; /* a character a model, in their order */
};

/*
 * Where the answers are from:
 *   TSO      Sewell and others, "x86-TSO", CACM 53(7), 2010; Intel SDM vol. 3A section 9.2.3;
 *            Alglave, Maranget, Tautschnig, "Herding cats", TOPLAS 36(2), 2014
 *   C        Batty and others, "Mathematizing C++ concurrency", POPL 2011; Lahav and others,
 *            "Repairing sequential consistency in C/C++11", PLDI 2017 (Z6.U, IRIW-acq-sc; no load
 *            buffering); P0668R5 (what of that is C++20's); P0982R1 (release sequences)
 */
static const struct row rows[] = {
    {"MP+rlx", "Wx1.r Wy1.r | Ry.r Rx.r", "10 110", "--++"},
    {"MP+rel+rlx", "Wx1.r Wy1.l | Ry.r Rx.r", "10 110", "--++"},
    {"MP+rlx+acq", "Wx1.r Wy1.r | Ry.q Rx.r", "10 110", "--++"},
    {"MP+rel+acq", "Wx1.r Wy1.l | Ry.q Rx.r", "10 110", "----"},
    {"MP+sc", "Wx1.s Wy1.s | Ry.s Rx.s", "10 110", "----"},
    {"SB+rlx", "Wx1.r Ry.r | Wy1.r Rx.r", "00 110", "-+++"},
    {"SB+rel+acq", "Wx1.l Ry.q | Wy1.l Rx.q", "00 110", "-+++"},
    {"SB+sc", "Wx1.s Ry.s | Wy1.s Rx.s", "00 110", "----"},
    {"SB+sc+rel", "Wx1.s Ry.s | Wy1.l Rx.s", "00 110", "-+++"},
    {"SB+sc+acq", "Wx1.s Ry.s | Wy1.s Rx.q", "00 110", "--++"},
    {"SB+rmw-acq_rel", "Ux1.a Ry.q | Uy1.a Rx.q", "0000 110", "--++"},
    {"SB+rmw-sc", "Ux1.s Ry.s | Uy1.s Rx.s", "0000 110", "----"},
    {"LB+rlx", "Rx.r Wy1.r | Ry.r Wx1.r", "11 110", "--+-"},
    {"LB+acq", "Rx.q Wy1.r | Ry.q Wx1.r", "11 110", "--+-"},
    {"LB+rel", "Rx.r Wy1.l | Ry.r Wx1.l", "11 110", "--+-"},
    {"LB+rel+acq", "Rx.q Wy1.l | Ry.q Wx1.l", "11 110", "----"},
    {"LB+one-rel-acq", "Rx.r Wy1.l | Ry.q Wx1.r", "11 110", "----"},
    {"LB+data", "Rx.r Wy*.r | Ry.r Wx*.r", "11 110", "----"},
    {"IRIW+rlx", "Wx1.r | Rx.r Ry.r | Ry.r Rx.r | Wy1.r", "1010 110", "--++"},
    {"IRIW+rel+acq", "Wx1.l | Rx.q Ry.q | Ry.q Rx.q | Wy1.l", "1010 110", "--++"},
    {"IRIW+sc", "Wx1.s | Rx.s Ry.s | Ry.s Rx.s | Wy1.s", "1010 110", "----"},
    {"IRIW-acq-sc", "Wx1.s | Rx.q Ry.s | Ry.q Rx.s | Wy1.s", "1010 110", "--++"},
    {"2+2W+rlx", "Wx1.r Wy2.r | Wy1.r Wx2.r", " 110", "--++"},
    {"2+2W+rel", "Wx1.l Wy2.l | Wy1.l Wx2.l", " 110", "--++"},
    {"2+2W+sc", "Wx1.s Wy2.s | Wy1.s Wx2.s", " 110", "----"},
    {"ISA2+rlx", "Wx1.r Wy1.r | Ry.r Wz1.r | Rz.r Rx.r", "110 111", "--++"},
    {"ISA2+rel+acq", "Wx1.r Wy1.l | Ry.q Wz1.l | Rz.q Rx.r", "110 111", "----"},
    {"ISA2+rel+rlx+acq", "Wx1.r Wy1.l | Ry.r Wz1.l | Rz.q Rx.r", "110 111", "--++"},
    {"WRC+rlx", "Wx1.r | Rx.r Wy1.r | Ry.r Rx.r", "110 110", "--++"},
    {"WRC+rel+acq", "Wx1.l | Rx.q Wy1.l | Ry.q Rx.q", "110 110", "----"},
    {"WRC+rlx+rel+acq", "Wx1.r | Rx.r Wy1.l | Ry.q Rx.r", "110 110", "----"},
    {"RWC+rel+acq", "Wx1.l | Rx.q Ry.q | Wy1.l Rx.q", "100 110", "-+++"},
    {"RWC+sc", "Wx1.s | Rx.s Ry.s | Wy1.s Rx.s", "100 110", "----"},
    {"S+rlx", "Wx2.r Wy1.r | Ry.r Wx1.r", "1 210", "--++"},
    {"S+rel+acq", "Wx2.r Wy1.l | Ry.q Wx1.r", "1 210", "----"},
    {"R+rel+acq", "Wx1.l Wy1.l | Wy2.l Rx.q", "0 120", "-+++"},
    {"R+sc", "Wx1.s Wy1.s | Wy2.s Rx.s", "0 120", "----"},
    {"Z6.U", "Wx1.s Wy1.l | Uy2.s Ry.r | Wy3.s Rx.s", "130 130", "--++"},
    {"Z6.U+sc", "Wx1.s Wy1.s | Uy2.s Ry.r | Wy3.s Rx.s", "130 130", "----"},
    {"W+RWC+sc by rel+acq", "Wx1.s Wy1.l | Ry.q Rz.s | Wz1.s Rx.s", "100 111", "----"},
    {"W+RWC+rel+acq", "Wx1.r Wy1.l | Ry.q Rz.s | Wz1.s Rx.s", "100 111", "--++"},
    {"CoRR", "Wx1.r | Rx.r Rx.r", "10 100", "----"},
    {"CoWW", "Wx1.r Wx2.r", " 100", "----"},
    {"CoWR", "Wx1.r Rx.r", "0 100", "----"},
    {"CoRW1", "Rx.r Wx1.r", "1 100", "----"},
    {"CoRW2", "Rx.r Wx1.r | Wx2.r", "2 200", "----"},
    {"one order of writes: n5", "Wx1.r Rx.r | Wx2.r Rx.r", "21 100", "----"},
    {"n6", "Wx1.r Rx.r Ry.r | Wy2.r Wx2.r", "10 120", "-+++"},
    {"forwarding: iwp2.4", "Wx1.r Rx.r Ry.r | Wy1.r Ry.r Rx.r", "1010 110", "-+++"},
    {"two exchanges find one first value", "Ux1.r | Ux2.r", "00 100", "----"},
    {"an exchange is at once", "Ux1.r | Wx2.r", "0 100", "----"},
    {"a write into an exchange", "Ux1.r | Wx2.r Rx.r", "02 200", "++++"},
    {"the later of two equal writes", "Uy2.r | Wy1.r Wy3.r Wy1.r", "1 020", "++++"},
    {"release sequence of an exchange", "Wx1.r Wy1.l | Uy2.r | Ry.q Rx.r", "120 120", "----"},
    {"no release in it", "Wx1.r Wy1.r | Uy2.r | Ry.q Rx.r", "120 120", "--++"},
    {"a store ends a release sequence", "Wx1.r Wy1.l Wy2.r | Ry.q Rx.r", "20 120", "--++"},
    {"release sequence past a relaxed read", "Wx1.r Wy1.l | Uy2.l | Ry.r Rx.r", "120 120", "--++"},
};

#define ROWS ((unsigned)(sizeof(rows) / sizeof(rows[0])))

static bool try_row(const struct row *row)
{
    static struct answers answers[MODELS];
    static struct answers machine[2];
    struct litmus litmus;
    bool right = true;

    litmus_read(row->program, &litmus);
    for (unsigned model = 0; model < MODELS; model++) {
        litmus_answers(&litmus, (enum model)model, &answers[model]);
        if (answers_have(&answers[model], row->answer) != (row->has[model] == '+')) {
            (void)printf("FAIL: %s: %s says otherwise\n", row->name, model_names[model]);
            right = false;
        }
    }
    machine_answers(&litmus, false, &machine[0]);
    machine_answers(&litmus, true, &machine[1]);
    if (!answers_are_equal(&answers[MODEL_SC], &machine[0]) ||
        !answers_are_equal(&answers[MODEL_TSO], &machine[1])) {
        (void)printf("FAIL: %s: axioms and machine differ\n", row->name);
        right = false;
    }
    if (!answers_are_among(&answers[MODEL_SC], &answers[MODEL_TSO]) ||
        !answers_are_among(&answers[MODEL_SC], &answers[MODEL_RC11]) ||
        !answers_are_among(&answers[MODEL_RC11], &answers[MODEL_CPP20]) ||
        !answers_are_among(&answers[MODEL_TSO], &answers[MODEL_CPP20])) {
        (void)printf("FAIL: %s: a model lacks what it has to have\n", row->name);
        right = false;
    }
    /* Where no read can depend on itself the two definitions of C's are one. */
    if ((row->has[MODEL_CPP20] == row->has[MODEL_RC11]) !=
        answers_are_equal(&answers[MODEL_CPP20], &answers[MODEL_RC11])) {
        (void)printf("FAIL: %s: C++20 and RC11 differ, or not\n", row->name);
        right = false;
    }
    (void)printf("%s: %-36s %-46s \"%s\": %s; answers %u %u %u %u\n", right ? "ok" : "FAIL",
                 row->name, row->program, row->answer, row->has, answers[0].n, answers[1].n,
                 answers[2].n, answers[3].n);
    return right;
}

/* A plain access that another thread's may meet. */
static bool try_race(const char *program, bool races)
{
    static struct answers answers;
    struct litmus litmus;

    litmus_read(program, &litmus);
    litmus_answers(&litmus, MODEL_CPP20, &answers);
    const bool right = (answers.races != 0) == races;
    (void)printf("%s: %s: %s\n", right ? "ok" : "FAIL", program, races ? "a data race" : "no race");
    return right;
}

int main(void)
{
    bool right = true;

    for (unsigned i = 0; i < ROWS; i++)
        right = try_row(&rows[i]) && right;
    right = try_race("Wx1.p Wy1.l | Ry.q ? Rx.p", false) && right;
    right = try_race("Wx1.p Wy1.r | Ry.q ? Rx.p", true) && right;
    right = try_race("Wx1.p Wy1.l | Ry.r ? Rx.p", true) && right;
    right = try_race("Wx1.p Wy1.l | Ry.q Rx.p", true) && right;
    right = try_race("Rx.p | Rx.p", false) && right;
    return right ? 0 : 1;
}
