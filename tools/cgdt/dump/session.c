/* SPDX-License-Identifier: MIT */
/* Prompts, pagers and QEMU's registers; see session.h. */
#include "session.h"
#include "dump.h"

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

/* Digits of a group, of which WinDbg's ` is none; 0: it is no group. */
static size_t group_digits(struct span word)
{
    size_t n = 0;

    for (; word.at < word.end; word.at++) {
        if (parse_digit(*word.at) >= 0 && parse_digit(*word.at) < 16)
            n++;
        else if (*word.at != '`' || n == 0)
            return 0;
    }
    return n;
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

/*
 * Whether a command stands behind a prompt. A row may begin with a letter as well: "dd 8003f000" is
 * none, "dd 00 00" and "fffff800`00001000  00" are.
 */
static bool is_command(struct span rest)
{
    if (*rest.at == '!')
        return true;
    if (!is_letter(*rest.at))
        return false;
    const size_t digits = group_digits(take_until(&rest, ":"));

    (void)skip_blanks(&rest);
    return digits < 2 ||
           (digits == 2 && rest.at < rest.end && group_digits(take_until(&rest, ":")) != 2);
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

static uint64_t group_value(struct span digits)
{
    uint64_t value = 0;

    for (; digits.at < digits.end; digits.at++) {
        if (*digits.at != '`')
            value = value << 4 | (unsigned)parse_digit(*digits.at);
    }
    return value;
}

/*
 * A command has an address, or two, from where and to where; in a shell, none. A number of 8 or 16
 * digits that is no such address may be of a row.
 */
static bool may_have(struct span word, bool shell, uint64_t *from)
{
    const size_t prefix = parse_prefix(word.at, span_length(word));
    const struct span digits = {word.at + prefix, word.end};
    const size_t n = group_digits(digits);
    const bool is_long = n == 8 || n == 16;

    if (is_long &&
        (shell || (*from != UINT64_MAX && group_value(digits) - *from >= DUMP_MAX_BYTES)))
        return false;
    if (is_long || (n != 0 && prefix != 0))
        *from = group_value(digits);
    return true;
}

/* A command has a few words and no row behind it. */
static bool take_command(struct reader *reader, struct span command, bool shell)
{
    struct span rest = command;
    struct span word = command;
    unsigned words = 0;
    uint64_t from = UINT64_MAX;

    if (!session_ends(reader))
        return false;
    while (rest.at < rest.end) {
        word = take_until(&rest, "");
        if (++words > 4 || !may_have(word, shell, &from) || has_any(word, ":|"))
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

/*
 * The lines of QEMU. "%2", "%4", "%8": so many hexadecimal digits; "%G": 16; "%A": 8 or 16; "%x",
 * "%d": any number of either radix; "%S": a segment register; "%w": a name; "%f": flags; a blank:
 * one or more.
 */
static const char *const qemu_lines[] = {
    "RAX=%G RBX=%G RCX=%G RDX=%G",
    "RSI=%G RDI=%G RBP=%G RSP=%G",
    "R8 =%G R9 =%G R10=%G R11=%G",
    "R%d=%G R%d=%G R%d=%G R%d=%G",
    "RIP=%G RFL=%8 [%f] CPL=%d II=%d A20=%d SMM=%d HLT=%d",
    "EAX=%8 EBX=%8 ECX=%8 EDX=%8",
    "ESI=%8 EDI=%8 EBP=%8 ESP=%8",
    "EIP=%8 EFL=%8 [%f] CPL=%d II=%d A20=%d SMM=%d HLT=%d",
    "%S=%4 %A %8 %8",
    "%S=%4 %A %8 %8 DPL=%d %w",
    "%S=%4 %A %8 %8 DPL=%d %w [%f]",
    "CR0=%8 CR2=%A CR3=%A CR4=%8",
    "DR0=%A DR1=%A DR2=%A DR3=%A",
    "DR6=%A DR7=%A",
    "CCS=%A CCD=%A CCO=%w",
    "EFER=%G",
    "FCW=%4 FSW=%4 [ST=%d] FTW=%2 MXCSR=%8",
    "FPR%d=%G %4 FPR%d=%G %4",
    "Opmask%2=%G Opmask%2=%G Opmask%2=%G Opmask%2=%G",
    "XMM%2=%G %G XMM%2=%G %G",
    "XMM%2=%G%G XMM%2=%G%G",
    "YMM%2=%G %G %G %G",
    "ZMM%2=%G %G %G %G %G %G %G %G",
    /* -d int */
    "%d: v=%2 e=%4 i=%d cpl=%d IP=%4:%A pc=%A SP=%4:%A CR2=%A",
    "%d: v=%2 e=%4 i=%d cpl=%d IP=%4:%A pc=%A SP=%4:%A EAX=%A",
    "%d: v=%2 e=%4 i=%d cpl=%d IP=%4:%A pc=%A SP=%4:%A env->regs[R_EAX]=%A",
    "CPU#%d",
    "CPU Reset (CPU %d)",
    "check_exception old: 0x%x new 0x%x",
    "Servicing hardware INT=0x%2",
    "Servicing virtual hardware INT=0x%2",
    "Triple fault",
    "SMM: enter",
    "SMM: after RSM",
};

/* Behind digits of this radix, so many at most. Returns how many. */
static size_t take_digits(struct span *rest, int radix, size_t most)
{
    size_t n = 0;

    while (n < most && rest->at < rest->end && parse_digit(*rest->at) >= 0 &&
           parse_digit(*rest->at) < radix) {
        rest->at++;
        n++;
    }
    return n;
}

static bool take_segment(struct span *rest)
{
    static const char *const names[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR"};
    const struct span name = take_until(rest, "=");

    (void)skip_blanks(rest);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_length(name) == strlen(names[i]) && begins_with(name, names[i]))
            return true;
    }
    return false;
}

/* "TSS64-busy", "<hiword>"; flags have no digits. */
static bool take_name(struct span *rest, bool digits)
{
    const char *const from = rest->at;

    while (rest->at < rest->end &&
           (is_letter(*rest->at) || has_any((struct span){rest->at, rest->at + 1}, "-<>") ||
            (digits && rest->at > from && parse_digit(*rest->at) >= 0)))
        rest->at++;
    return rest->at > from && rest->at - from <= 12 &&
           group_digits((struct span){from, rest->at}) < 8;
}

/* What stands for `kind` in a line's shape. */
static bool take_kind(struct span *rest, char kind)
{
    const char *const from = rest->at;
    size_t n;

    switch (kind) {
    case 'A':
        n = take_digits(rest, 16, 16);
        return n == 8 || n == 16;
    case 'G':
        return take_digits(rest, 16, 16) == 16;
    case 'S':
        return take_segment(rest);
    case 'w':
    case 'f':
        return take_name(rest, kind == 'w');
    case 'd': /* with as many digits as half a descriptor it would be one, perhaps */
        n = take_digits(rest, 10, 7);
        return n == 1 || (n > 1 && *from != '0');
    case 'x':
        return take_digits(rest, 16, 8) > 0;
    default:
        n = (size_t)(kind - '0');
        return take_digits(rest, 16, n) == n;
    }
}

static bool has_shape(struct span rest, const char *shape)
{
    for (; *shape != '\0'; shape++) {
        if (*shape == ' ') {
            if (skip_blanks(&rest) == 0)
                return false;
        } else if (*shape == '%') {
            if (!take_kind(&rest, *++shape))
                return false;
        } else if (rest.at == rest.end || *rest.at++ != *shape) {
            return false;
        }
    }
    return rest.at == rest.end;
}

static bool is_of_qemu(struct span rest)
{
    for (size_t i = 0; i < sizeof(qemu_lines) / sizeof(qemu_lines[0]); i++) {
        if (has_shape(rest, qemu_lines[i]))
            return true;
    }
    return false;
}

/* "NAME=" or "NAME =" */
static bool is_register(struct span rest)
{
    const char *const from = rest.at;

    while (rest.at < rest.end && ((*rest.at >= 'A' && *rest.at <= 'Z') ||
                                  (rest.at > from && *rest.at >= '0' && *rest.at <= '9')))
        rest.at++;
    if (rest.at == from)
        return false;
    (void)skip_blanks(&rest);
    return rest.at < rest.end && *rest.at == '=';
}

/* Nobody can have read more of this line than its words: no other refusal comes before this. */
static bool refuse_line(struct reader *reader, const char *at, const char *why)
{
    (void)refuse(reader, at, "%s", why);
    reader->reached = reader->line_end;
    return false;
}

/* ---- lines of other tools -------------------------------------------------------------------- */

/* gdb's, where Return is not echoed, stands before the next row; a c for "continue" is echoed. */
static bool take_pager(struct span *rest)
{
    static const char *const pagers[] = {
        "--Type <RET> for more, q to quit, c to continue without paging--",
        "---Type <return> to continue, or q <return> to quit---"};

    for (size_t i = 0; i < sizeof(pagers) / sizeof(pagers[0]); i++) {
        if (begins_with(*rest, pagers[i])) {
            rest->at += strlen(pagers[i]);
            (void)skip_blanks(rest);
            return rest->at == rest->end || (*rest->at == 'c' && rest->at + 1 == rest->end);
        }
    }
    return false;
}

/* readelf -x and objdump -s: nothing in their rows tells bytes from numbers. */
static bool is_of_binutils(struct span rest)
{
    static const char *const heads[] = {"Hex dump of section '", "Contents of section "};

    if (begins_with(rest, heads[0]) || begins_with(rest, heads[1]))
        return true;
    while (rest.at < rest.end && !begins_with(rest, ":     file format "))
        rest.at++;
    return rest.at < rest.end;
}

bool session_line(struct reader *reader, struct span *rest)
{
    if (reader->refused_line != 0)
        return false;
    if (take_pager(rest))
        return true;
    const bool shell = begins_with(*rest, "$ ");

    if (take_prompt(rest) && (rest->at == rest->end || is_command(*rest)))
        return take_command(reader, *rest, shell);
    if (begins_with(*rest, "GDT=") || begins_with(*rest, "IDT="))
        return take_table(reader, *rest);
    if (is_of_binutils(*rest))
        return refuse_line(reader, rest->at,
                           "readelf -x or objdump -s: use objcopy -O binary -j SECTION");
    if (is_of_qemu(*rest))
        return true;
    if (is_register(*rest))
        return refuse_line(reader, rest->at, "not as QEMU prints its registers");
    return false;
}
