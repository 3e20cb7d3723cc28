/* SPDX-License-Identifier: MIT */
/*
 * Words: each reason and each code has a sentence, and no text is written behind its buffer.
 */
#include "proof.h"

#include <cgdt/check.h>
#include <cgdt/error.h>

#include "format.h"

/* Whether that is the sentence for what is unknown: both begin so, and no other does. */
static bool is_unknown(const char *text)
{
    return text[0] == 'u' && text[1] == 'n' && text[2] == 'k';
}

void every_reason_has_a_sentence_and_no_other_number(void)
{
    const unsigned reason = any_unsigned();
    const char *text = cgdt_reason_text((enum cgdt_reason)reason);
    const char *error = cgdt_error_text(any_int());

    CLAIM(text != NULL && text[0] != '\0', "there is a sentence for any number");
    CLAIM(is_unknown(text) == (reason > CGDT_FRAME_TWICE), "its own for each reason");
    CLAIM(error != NULL && error[0] != '\0', "there is a sentence for any code");
}

/* State of a text between any two of its characters: what is in the buffer ends with a NUL. */
static bool is_text(const struct text *text)
{
    return text->size == 0 ||
           text->buffer[text->length < text->size ? text->length : text->size - 1] == '\0';
}

#define MOST_BYTES 16u

/*
 * By induction over the characters: from any such state, one more character leads to such a state
 * again, and nothing in front of the old end or behind the buffer changes. A text of any length is
 * so many steps; of any size of the buffer, since only where the end lies in it is asked.
 */
void no_step_of_a_text_leaves_its_buffer(void)
{
    char memory[MOST_BYTES + 1];
    char before[MOST_BYTES + 1];
    const char format[2] = {(char)any_u8(), '\0'};
    const uint32_t witness = any_below(MOST_BYTES + 1);
    struct text text = {memory, any_below(MOST_BYTES + 1), any_below(2 * MOST_BYTES)};
    const size_t length = text.length;

    for (uint32_t i = 0; i <= MOST_BYTES; i++)
        before[i] = memory[i] = (char)any_u8();
    ASSUME(format[0] != '\0');
    ASSUME(length == 0 || is_text(&text)); /* an empty text has written nothing yet */
    cgdt_format_put_(&text, format, NULL);
    CLAIM(is_text(&text), "what is there ends with a NUL");
    CLAIM(text.length == length + 1, "the length counts on");
    CLAIM((witness >= length && witness < text.size) || memory[witness] == before[witness],
          "nothing in front of it and nothing behind the buffer has changed");
}

/* And a number is at most so many such steps, as it has digits. */
void a_number_has_at_most_so_many_digits(void)
{
    const uint64_t decimal = any_u32();
    const uint64_t hexadecimal = any_u64();
    struct text of_ten = {NULL, 0, 0};
    struct text of_sixteen = {NULL, 0, 0};

    cgdt_format_put_(&of_ten, "#", &decimal);
    CLAIM(of_ten.length >= 1 && of_ten.length <= 10, "decimal: one to ten, and all have room");
    cgdt_format_put_(&of_sixteen, "&", &hexadecimal);
    CLAIM(of_sixteen.length == 16, "hexadecimal: sixteen");
}

/* The whole line of a violation, for the sizes around its length. */
void a_violation_in_words_stays_in_its_buffer(void)
{
    static const struct cgdt_violation violation = {.window = 0xffffffffu,
                                                    .position = 0xfffffffeu,
                                                    .color = 63,
                                                    .entry = 511,
                                                    .reason = CGDT_GATE_FORCED,
                                                    .effect = CGDT_REWRITTEN,
                                                    .found = ~0ull};
    static char buffer[256];
    const size_t size = any_below(sizeof(buffer) - 1);

    buffer[size] = 'x';
    const size_t length = cgdt_violation_text(&violation, buffer, size);
    CLAIM(length > 0 && length < 200, "200 bytes are enough");
    CLAIM(buffer[size] == 'x', "nothing is written behind the size");
    CLAIM(size == 0 || buffer[length < size ? length : size - 1] == '\0', "it ends with a NUL");
}
