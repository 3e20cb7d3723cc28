/* SPDX-License-Identifier: MIT */
/*
 * An x86-TSO machine that takes every way through a litmus test, one step at a time: what the
 * axioms of model.c are held against. It shares nothing with them.
 */
#include "litmus.h"

#include <string.h>

struct state {
    unsigned next[MAX_THREADS];
    bool stopped[MAX_THREADS];
    unsigned last[MAX_THREADS];
    unsigned memory[PLACES];
    struct {
        unsigned place;
        unsigned value;
    } buffer[MAX_THREADS][MAX_STEPS]; /* the oldest first */
    unsigned buffered[MAX_THREADS];
    char reads[ANSWER];
};

static const struct litmus *litmus;
static bool has_buffers;
static struct answers *found;

static void go_on(const struct state *state);

static unsigned look(const struct state *state, unsigned thread, unsigned place)
{
    for (unsigned i = state->buffered[thread]; i-- > 0;) {
        if (state->buffer[thread][i].place == place)
            return state->buffer[thread][i].value;
    }
    return state->memory[place];
}

/* The thread's next step, if the machine lets it. */
static void step_on(struct state state, unsigned thread)
{
    const struct step *step = &litmus->step[thread][state.next[thread]++];
    const unsigned value = step->last_found ? state.last[thread] : step->value;
    const bool locked =
        step->what == EXCHANGE || (step->what == STORE && step->order == __ATOMIC_SEQ_CST);

    if (locked && state.buffered[thread] != 0)
        return; /* waits until the buffer is empty */
    if (step->what == IF) {
        state.stopped[thread] = state.last[thread] == 0;
    } else if (step->what != STORE) {
        state.last[thread] = look(&state, thread, step->place);
        state.reads[step->read] = (char)('0' + state.last[thread]);
    }
    if (step->what == STORE && !locked && has_buffers) {
        state.buffer[thread][state.buffered[thread]].place = step->place;
        state.buffer[thread][state.buffered[thread]++].value = value;
    } else if (step->what == STORE || step->what == EXCHANGE) {
        state.memory[step->place] = value;
    }
    go_on(&state);
}

/* The thread's oldest store comes to memory. */
static void drain(struct state state, unsigned thread)
{
    state.memory[state.buffer[thread][0].place] = state.buffer[thread][0].value;
    state.buffered[thread]--;
    memmove(&state.buffer[thread][0], &state.buffer[thread][1],
            state.buffered[thread] * sizeof(state.buffer[thread][0]));
    go_on(&state);
}

static void go_on(const struct state *state)
{
    bool at_end = true;

    for (unsigned thread = 0; thread < litmus->threads; thread++) {
        if (state->buffered[thread] != 0) {
            at_end = false;
            drain(*state, thread);
        }
        if (!state->stopped[thread] && litmus->step[thread][state->next[thread]].what != END) {
            at_end = false;
            step_on(*state, thread);
        }
    }
    if (!at_end)
        return;
    char answer[ANSWER] = "";
    memset(answer, '-', litmus->reads);
    for (unsigned i = 0; i < litmus->reads; i++) {
        if (state->reads[i] != '\0')
            answer[i] = state->reads[i];
    }
    answer[litmus->reads] = ' ';
    for (unsigned place = 0; place < PLACES; place++)
        answer[litmus->reads + 1 + place] = (char)('0' + state->memory[place]);
    answers_add(found, answer);
}

void machine_answers(const struct litmus *what, bool buffers, struct answers *answers)
{
    const struct state state = {.reads = ""};

    memset(answers, 0, sizeof(*answers));
    litmus = what;
    has_buffers = buffers;
    found = answers;
    go_on(&state);
}
