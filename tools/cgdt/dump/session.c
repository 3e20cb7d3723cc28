/* SPDX-License-Identifier: MIT */
/* Prompts, pagers and QEMU's registers; see session.h. */
#include "session.h"

#include <inttypes.h>
#include <string.h>

static bool begins_with(struct span rest, const char *word)
{
    const size_t length = strlen(word);

    return span_length(rest) >= length && memcmp(rest.at, word, length) == 0;
}

static void skip_digits(struct span *rest)
{
    while (rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9')
        rest->at++;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether somewhere in it there is one of these characters. */
static bool has_any(struct span rest, const char *characters)
{
    for (; rest.at < rest.end; rest.at++) {
        if (*rest.at != '\0' && strchr(characters, *rest.at) != NULL)
            return true;
    }
    return false;
}

/* ---- prompts --------------------------------------------------------------------------------- */

/* The number before "[0]kdb>" and "0: kd>". */
static void skip_cpu(struct span *rest)
{
    struct span look = *rest;
    const bool bracket = begins_with(look, "[");

    look.at += bracket;
    const char *const digits = look.at;
    skip_digits(&look);
    if (look.at == digits || look.at == look.end || *look.at != (bracket ? ']' : ':'))
        return;
    look.at++;
    if (bracket ? begins_with(look, "kdb>") : begins_with(look, " kd>"))
        rest->at = look.at + !bracket;
}

static bool take_prompt(struct span *rest)
{
    static const char *const prompts[] = {"(qemu)", "(gdb)", "crash>", "crash64>", "crash32>",
                                          "kdb>",   "kd>",   "lkd>",   "=>",       "$ "};
    struct span look = *rest;

    skip_cpu(&look);
    for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
        if (begins_with(look, prompts[i])) {
            rest->at = look.at + strlen(prompts[i]);
            (void)skip_blanks(rest);
            return true;
        }
    }
    return false;
}

/* The bytes that x/NFU of gdb and QEMU asks for; 0: it does not say. */
#define ASKED_ODDLY UINT64_MAX /* for something that is not hexadecimal */

static uint64_t asked_bytes(struct span command)
{
    uint64_t n = 0;
    uint64_t unit = 0;

    const bool is_x = begins_with(command, "x");

    command.at += begins_with(command, "xp") ? 2 : begins_with(command, "x") ? 1 : 0;
    const size_t blanks = skip_blanks(&command);
    if (!begins_with(command, "/"))
        return is_x && blanks != 0 ? ASKED_ODDLY : 0;
    for (command.at++; command.at < command.end && !parse_is_space(*command.at); command.at++) {
        const char c = *command.at;

        if (c >= '0' && c <= '9' && n < 1u << 24)
            n = n * 10 + (unsigned)(c - '0');
        else if (c == 'b' || c == 'h' || c == 'w' || c == 'g')
            unit = c == 'b' ? 1 : c == 'h' ? 2 : c == 'w' ? 4 : 8;
        else if (c != 'x')
            return ASKED_ODDLY;
    }
    return (n == 0 ? 1 : n) * unit;
}

/* A command has a few words and no row behind it. */
static bool take_command(struct reader *reader, struct span command)
{
    struct span rest = command;
    struct span word = command;
    unsigned words = 0;

    if (!session_ends(reader))
        return false;
    while (rest.at < rest.end) {
        word = take_until(&rest, "");
        if (++words > 4 || has_any(word, ":|"))
            return refuse_token(reader, word, "is no part of a command behind a prompt");
        (void)skip_blanks(&rest);
    }
    if (asked_bytes(command) == ASKED_ODDLY)
        return refuse_token(reader, command, "asks for no hexadecimal numbers");
    reader->asked_from =
        asked_bytes(command) != 0 && parse_prefix(word.at, span_length(word)) != 0 &&
        parse_hex_digits(word.at + 2, span_length(word) - 2, &reader->asked_address);
    reader->asked_bytes = asked_bytes(command);
    reader->asked = reader->asked_bytes != 0;
    reader->asked_at_bytes = fill_bytes(&reader->fill);
    return true;
}

bool session_ends(struct reader *reader)
{
    const uint64_t bytes = fill_bytes(&reader->fill) - reader->asked_at_bytes;

    if (!reader->asked || bytes == reader->asked_bytes)
        return true;
    return refuse(reader, reader->line_at,
                  "the command asked for %" PRIu64 " bytes, and %" PRIu64 " are here",
                  reader->asked_bytes, bytes);
}

/* ---- QEMU's registers ------------------------------------------------------------------------ */

/* "GDT=     fffffe0000001000 0000007f" */
static bool take_table(struct reader *reader, struct span rest)
{
    struct gdt_told told = {.known = true};
    const bool is_gdt = *rest.at == 'G';
    uint64_t limit;

    rest.at += strlen("GDT=");
    (void)skip_blanks(&rest);
    const struct span base = take_until(&rest, "");
    (void)skip_blanks(&rest);
    const struct span last = take_until(&rest, "");
    if (rest.at != rest.end || span_length(last) != 8 ||
        (span_length(base) != 8 && span_length(base) != 16) ||
        !parse_hex_digits(base.at, span_length(base), &told.base) ||
        !parse_hex_digits(last.at, 8, &limit))
        return refuse(reader, base.at, "not the base and the limit that QEMU prints here");
    told.limit = (uint32_t)limit;
    if (is_gdt)
        reader->gdt = told;
    return true;
}

/* "RAX=0000000000000000 RBX=...", "ES =0010 0000000000000000 ffffffff 00cf9300 DPL=0 DS [-WA]" */
static bool is_registers(struct span rest)
{
    struct span look = rest;

    while (look.at < look.end && ((*look.at >= 'A' && *look.at <= 'Z') ||
                                  (look.at > rest.at && *look.at >= '0' && *look.at <= '9')))
        look.at++;
    if (look.at == rest.at)
        return false;
    (void)skip_blanks(&look);
    return look.at < look.end && *look.at == '=' && !has_any(rest, ":,;|{}()x");
}

/* What -d int prints before the registers: "     0: v=0e e=0003 i=0 cpl=0 IP=..." */
static bool is_interrupt(struct span rest)
{
    struct span look = rest;

    skip_digits(&look);
    if (look.at == rest.at || !begins_with(look, ": v="))
        return false;
    for (look.at += 2; look.at < look.end; (void)skip_blanks(&look)) {
        if (!has_any(take_until(&look, ""), "="))
            return false;
    }
    return true;
}

static bool is_event(struct span rest)
{
    static const char *const lines[] = {
        "CPU#",         "CPU Reset (CPU ", "check_exception old: 0x", "Servicing hardware INT=0x",
        "Triple fault", "SMM: enter",      "SMM: after RSM"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (begins_with(rest, lines[i]) && span_length(rest) < strlen(lines[i]) + 22)
            return true;
    }
    return false;
}

bool session_line(struct reader *reader, struct span *rest)
{
    if (reader->refused_line != 0)
        return false;
    const bool prompt = take_prompt(rest);

    if (prompt && (rest->at == rest->end || is_letter(*rest->at) || *rest->at == '!'))
        return take_command(reader, *rest);
    if (begins_with(*rest, "GDT=") || begins_with(*rest, "IDT="))
        return take_table(reader, *rest);
    return is_registers(*rest) || is_interrupt(*rest) || is_event(*rest) ||
           begins_with(*rest, "--Type <RET>") || begins_with(*rest, "---Type <return>");
}
