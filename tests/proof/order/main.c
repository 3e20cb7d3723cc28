/* SPDX-License-Identifier: MIT */
/*
 * order-protocols NAME: one protocol by x86-TSO, RC11 and C++20, and each access of its as weak as
 * it can be (needs.txt). `--list`: the names. `--needs NAME`: what needs.txt would have to say of
 * it. `--find NAME`: the core has a fault, and one of the models shows it.
 */
#include "protocol.h"

#include <stdio.h>
#include <string.h>

#define MAX_NEEDS 32u

static const struct protocol *protocol;
static const char *wrong;
static bool reached;
static unsigned controls; /* that have shown what must never come */

void protocol_reached(void)
{
    reached = true;
}

static bool end(void)
{
    wrong = protocol->wrong();
    return wrong == NULL;
}

/* What must never come, or NULL: it does not. */
static const char *try(enum model model, struct search_result *result)
{
    struct program program = protocol->program;

    program.end = end;
    wrong = NULL;
    search(&program, model, result);
    if (wrong == NULL && result->races != 0)
        return "a data race";
    return wrong;
}

static const struct {
    int order;
    const char *name;
} strengths[] = {
    {UNLOCKED, "unlocked"},        {__ATOMIC_RELAXED, "relaxed"}, {__ATOMIC_ACQUIRE, "acquire"},
    {__ATOMIC_RELEASE, "release"}, {__ATOMIC_ACQ_REL, "acq_rel"}, {__ATOMIC_SEQ_CST, "seq_cst"},
};

#define STRENGTHS ((unsigned)(sizeof(strengths) / sizeof(strengths[0])))

/* With these accesses as weak as that. */
static const char *try_weakened(enum model model, unsigned n, char *const *sites, int order)
{
    struct search_result result;

    for (unsigned i = 0; i < n; i++)
        search_weaken(sites[i], order);
    const char *what = try(model, &result);
    search_weaken_none();
    return what;
}

/* The weakest order with which the protocol still holds; what is less are controls. */
static const char *least(enum model model, struct search_site *site)
{
    char *const name = site->name;

    for (unsigned i = site->locked ? 0 : 1; i < STRENGTHS; i++) {
        if (try_weakened(model, 1, &name, strengths[i].order) == NULL)
            return strengths[i].name;
        controls++;
    }
    return "nothing";
}

/* Of a locked operation: whether x86 may leave the lock out. */
static const char *least_by_tso(struct search_site *site)
{
    char *const name = site->name;

    if (!site->locked)
        return "-";
    if (try_weakened(MODEL_TSO, 1, &name, UNLOCKED) == NULL)
        return "unlocked";
    controls++;
    return "locked";
}

/* The lines of needs.txt that are about the protocol, without what they are indented by. */
static char needs[MAX_NEEDS][256];
static unsigned n_needs;

static void read_needs(void)
{
    char line[256];
    bool about_it = false;
    FILE *from = fopen(ORDER_NEEDS, "r");

    while (from != NULL && fgets(line, sizeof(line), from) != NULL) {
        const char *word = line + strspn(line, " ");

        line[strcspn(line, "\n")] = '\0';
        if (word == line)
            about_it = strcmp(line, protocol->name) == 0;
        else if (about_it && n_needs < MAX_NEEDS)
            (void)strcpy(needs[n_needs++], word);
    }
    if (from != NULL)
        (void)fclose(from);
}

/* A need is there once; and is judged. */
static bool is_needed(const char *need)
{
    for (unsigned i = 0; i < n_needs; i++) {
        if (strcmp(needs[i], need) == 0) {
            needs[i][0] = '\0';
            return true;
        }
    }
    return false;
}

/* Each access is as weak as needs.txt says. */
static bool try_accesses(bool print)
{
    struct search_site sites[MAX_SITES];
    const unsigned n = search_sites(sites);
    bool right = true;

    for (unsigned i = 0; i < n; i++) {
        char need[SITE_NAME + 32];

        /* Nothing can be taken from those. */
        if (sites[i].order == PLAIN_ACCESS || sites[i].order == __ATOMIC_RELAXED)
            continue;
        (void)snprintf(need, sizeof(need), "%s %s %.*s", least(MODEL_CPP20, &sites[i]),
                       least_by_tso(&sites[i]), (int)SITE_NAME, sites[i].name);
        const bool as_said = is_needed(need);
        (void)printf("%s%s\n", print ? "    " : as_said ? "ok: " : "FAIL: needs.txt lacks: ", need);
        right = right && as_said;
    }
    return right;
}

/* "together SITE + SITE": neither is needed if the other is there, and one of them is. */
static bool try_together(char *need)
{
    char *sites[2] = {need + strlen("together "), strstr(need, " + ")};

    if (sites[1] == NULL)
        return false;
    *sites[1] = '\0';
    sites[1] += strlen(" + ");
    const bool right = try_weakened(MODEL_CPP20, 2, sites, __ATOMIC_RELAXED) != NULL;
    (void)printf("%s: not both relaxed: %s, %s\n", right ? "ok" : "FAIL", sites[0], sites[1]);
    controls++;
    return right;
}

static bool try_rest_of_needs(void)
{
    bool right = true;

    for (unsigned i = 0; i < n_needs; i++) {
        if (strncmp(needs[i], "together ", strlen("together ")) == 0) {
            right = try_together(needs[i]) && right;
        } else if (needs[i][0] != '\0') {
            (void)printf("FAIL: is not so: %s\n", needs[i]);
            right = false;
        }
    }
    return right;
}

/* As the core has it. */
static bool try_model(enum model model)
{
    struct search_result result;
    const bool promised = model == MODEL_TSO || !protocol->by_tso_alone;

    reached = false;
    const char *what = try(model, &result);
    const bool right = (what == NULL) == promised && reached;
    (void)printf("%s: by %s%s%s: %lu executions, %lu cut, %lu runs\n", right ? "ok" : "FAIL",
                 model_names[model],
                 what != NULL ? (promised ? ", " : ", as it promises nothing here, ") : "",
                 what != NULL ? what : "", result.candidates, result.cut, result.runs);
    if (!reached)
        (void)puts("FAIL: what it is about never came");
    return right;
}

static bool is_there_once(const char *file, const char *text)
{
    static char source[128 * 1024];
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", ORDER_CORE, file);
    FILE *from = fopen(path, "r");
    if (from == NULL)
        return false;
    source[fread(source, 1, sizeof(source) - 1, from)] = '\0';
    (void)fclose(from);
    const char *first = strstr(source, text);
    return first != NULL && strstr(first + 1, text) == NULL;
}

static bool try_quotes(void)
{
    bool right = true;

    for (unsigned i = 0; i < MAX_QUOTES && protocol->quotes[i].file != NULL; i++) {
        if (!is_there_once(protocol->quotes[i].file, protocol->quotes[i].text)) {
            (void)printf("FAIL: %s has not just once: %s\n", protocol->quotes[i].file,
                         protocol->quotes[i].text);
            right = false;
        }
    }
    return right;
}

static const struct protocol *const tables[] = {slot_protocols, owner_protocols, near_protocols,
                                                page_protocols, pool_protocols,  cpu_protocols};

static const struct protocol *find(const char *name)
{
    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct protocol *row = tables[i]; row->name != NULL; row++) {
            if (name == NULL)
                (void)puts(row->name);
            else if (strcmp(row->name, name) == 0)
                return row;
        }
    }
    return NULL;
}

/* Of a core with a fault: what must never come does. */
static bool find_fault(void)
{
    bool found = false;

    for (enum model model = MODEL_TSO; model <= MODEL_CPP20; model++) {
        struct search_result result;
        const char *what = try(model, &result);

        (void)printf("by %s: %s\n", model_names[model], what != NULL ? what : "nothing");
        found = found || what != NULL;
    }
    return found;
}

int main(int argc, char **argv)
{
    const char *option = argc == 3 ? argv[1] : "";
    const bool print = strcmp(option, "--needs") == 0;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return find(NULL) == NULL ? 0 : 1;
    protocol = argc == 2 || argc == 3 ? find(argv[argc - 1]) : NULL;
    if (protocol == NULL) {
        (void)fprintf(stderr, "usage: %s --list | [--needs | --find] NAME\n", argv[0]);
        return 2;
    }
    if (strcmp(option, "--find") == 0)
        return find_fault() ? 0 : 1;
    read_needs();
    bool right = try_quotes();
    right = try_model(MODEL_TSO) && right;
    right = try_model(MODEL_RC11) && right;
    right = try_model(MODEL_CPP20) && right;
    if (right || print) {
        right = try_accesses(print) && right;
        right = try_rest_of_needs() && right;
    }
    if (right && controls == 0 && !protocol->by_tso_alone) {
        (void)puts("FAIL: whatever is weakened, nothing comes of it");
        right = false;
    }
    (void)printf("%u controls have shown it\n", controls);
    return right ? 0 : 1;
}
