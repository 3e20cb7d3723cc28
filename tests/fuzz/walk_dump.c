/* SPDX-License-Identifier: MIT */
/*
 * walk_dump WALKS [SEED]: random pages, printed in a random format by write_dump.c, damaged once or
 * twice or not at all, and read by tools/cgdt/dump/.
 *
 * The truth. Undamaged, a text is its page. Damaged, it is whatever page some tool would have
 * printed as that text, blanks aside (comments and commas too in a list): so a reading of another
 * page than was printed is right only if write_dump.c, given that page, prints the damaged text.
 * Where damage cannot be seen (a digit is another one; a line without an address is lost) that is
 * so, and nothing else is: what was skipped, misplaced or misread cannot be printed again. Damage
 * does not make comments: those are to be skipped.
 *
 * Never may a text be read as a page that it is not, nor be found fine if its page is not.
 */
#include "walk_dump.h"

#include "cgdt/check.h"

#define DESCS_MAX 96u

static uint64_t state;

uint64_t walk_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

size_t walk_below(size_t n)
{
    return (size_t)(walk_random() >> 16) % n;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static uint64_t random_desc(void)
{
    static const uint64_t usual[] = {0x00affb000000ffff, 0x00cff3000000ffff, 0x00cf9b000000ffff,
                                     0x00af9b000000ffff, 0x00008b0000000067, 0x00000000ffff8881,
                                     0x00008900000020ab, 0x4142434445464748};

    switch (walk_below(4)) {
    case 0:
        return 0;
    case 1:
        return walk_random();
    case 2: /* characters, so that the text column has something to say */
        return 0x2020202020202020ull + (walk_random() & 0x5f5f5f5f5f5f5f5full);
    default:
        return usual[walk_below(COUNT_OF(usual))];
    }
}

static void random_page(struct page_text *page, uint64_t *descs)
{
    const bool zeros = walk_below(3) == 0; /* so that rows repeat */

    *page = (struct page_text){.descs = descs};
    page->n = 2 + walk_below(walk_below(4) == 0 ? DESCS_MAX - 2 : 14);
    page->address = walk_below(3) == 0
                        ? 0
                        : (walk_random() & 0xfffff) * 4096 + 8 * walk_below(2) * walk_below(512);
    page->prompt = walk_below(3) == 0;
    for (size_t i = 0; i < page->n; i++)
        descs[i] = zeros && walk_below(4) != 0 ? 0 : random_desc();
}

static bool same_page(const struct page_text *page, const struct dump *dump)
{
    return dump->n == page->n && memcmp(dump->descs, page->descs, page->n * 8) == 0;
}

static bool is_fine(const uint64_t *descs, size_t n)
{
    static uint64_t page[CGDT_PAGE_ENTRIES];

    memset(page, 0, sizeof(page));
    memcpy(page, descs, (n < CGDT_PAGE_ENTRIES ? n : CGDT_PAGE_ENTRIES) * 8);
    return cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_REWRITE_IS_OK, page, 32, ~0ull, NULL) ==
           CGDT_FINE;
}

/* ---- walks ----------------------------------------------------------------------------------- */

static struct {
    unsigned long undamaged;
    unsigned long ambiguous;
    unsigned long refused;
    unsigned long harmless; /* damaged, and read as the page that was printed */
    unsigned long other;    /* read as the other page that the text has become */
    unsigned long fine;     /* of these: fine, where the page that was printed is not */
} count;

static void show(const char *what, unsigned writer, const struct text *text)
{
    (void)fprintf(stderr, "%s, written as %s:\n%.*s\n", what, writer_name(writer), (int)text->n,
                  text->at);
}

/* Without damage: read as it is, or, where bytes and numbers look alike, once it is said which. */
static void demand_page(unsigned writer, const struct page_text *page, const struct text *text)
{
    const uint8_t *const data = (const uint8_t *)text->at;
    struct dump dump;
    parse_why why;
    bool bytes = false;
    bool good = dump_parse(data, text->n, DUMP_AUTO, true, &dump, why);

    count.undamaged++;
    if (!good && strncmp(why, "ambiguous", 9) == 0 && writer_may_be_ambiguous(writer, &bytes)) {
        count.ambiguous++;
        good = dump_parse(data, text->n, bytes ? DUMP_BYTES : DUMP_NUMBERS, true, &dump, why);
    }
    if (!good && page->n <= 2 && writer_needs_rows(writer))
        return;
    if (!good && strncmp(why, "ambiguous", 9) == 0 && writer_may_hide_radix(writer))
        return;
    if (!good || !same_page(page, &dump))
        show(good ? "another page" : why, writer, text);
    MUST(good, "refused");
    MUST(same_page(page, &dump), "read as another page");
    dump_free(&dump);
}

static void demand_truth(unsigned writer, const struct page_text *page, struct text *text)
{
    struct dump dump;
    parse_why why;

    if (!dump_parse((const uint8_t *)text->at, text->n, DUMP_AUTO, true, &dump, why)) {
        count.refused++;
        return;
    }
    text_trim_lines(text);
    if (strstr(dump.format, "[NAME]") != NULL) {
        count.refused++; /* it says itself that it does not know where they lie */
    } else if (same_page(page, &dump)) {
        count.harmless++;
    } else {
        const bool good = is_true(writer, &dump, text);

        if (!good) {
            show(dump.format, writer, text);
            for (size_t i = 0; i < dump.n; i++)
                (void)fprintf(stderr, "%zu: 0x%016" PRIx64 "\n", i, dump.descs[i]);
        }
        MUST(good, "no tool prints that page as this text");
        count.other++;
        count.fine += is_fine(dump.descs, dump.n) && !is_fine(page->descs, page->n);
    }
    dump_free(&dump);
}

static void walk(void)
{
    static struct text text;
    uint64_t descs[DESCS_MAX];
    struct page_text page;
    const unsigned writer = (unsigned)walk_below(WRITERS);
    const size_t times = walk_below(4);

    random_page(&page, descs);
    text.n = write_dump(writer, &page, text.at, sizeof(text.at));
    if (times == 0) {
        demand_page(writer, &page, &text);
        return;
    }
    damage(&text);
    if (times == 3)
        damage(&text);
    demand_truth(writer, &page, &text);
}

int main(int argc, char **argv)
{
    const unsigned long walks = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
    const unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;

    for (unsigned long i = 0; i < walks; i++) {
        state = (seed << 32) + (uint64_t)i * 0x9e3779b97f4a7c15ull + 1;
        (void)walk_random();
        walk();
    }
    printf("%lu walks: %lu undamaged and read whole (%lu once bytes or numbers was said); damaged: "
           "%lu refused, %lu read as printed, %lu as the other page that the text has become (%lu "
           "of these fine, and not printed so)\n",
           walks, count.undamaged, count.ambiguous, count.refused, count.harmless, count.other,
           count.fine);
    return 0;
}
