/* SPDX-License-Identifier: MIT */
/*
 * xxd, hexdump and od, which print files. xxd's groups are bytes as they lie in memory, but for
 * xxd -e. Groups of more than 2 digits look the same either way, so that both are read and have to
 * agree (dump.c): where bytes that differ stand in the text column, only one of the two is read.
 */
#include "rows.h"

#define XXD                                                                                        \
    .address_min = 8, .address_max = 16, .radix = 16, .colon = true, .blanks_min = 1,              \
    .blanks_max = 1, .between_max = 1, .text = TEXT_MAY_BE, .text_blanks = 2, .folds = true

/*
 * od's addresses have 7 digits in octal and decimal, 6 in hexadecimal, and more only where they
 * need. Where rows are left out before the second, the radix cannot be told: ambiguous (dump.c).
 */
#define OD(least)                                                                                  \
    .address_min = (least), .address_max = 12, .blanks_min = 1, .blanks_max = 1, .between_max = 1, \
    .text = TEXT_MAY_BE, .open = '>', .close = '<', .text_blanks = 2, .must_rise = true,           \
    .folds = true

const struct row_format listing_formats[] = {
    /* 00000010: ffff 0000 00fb af00 ffff 0000 00f3 cf00  ................ */
    {.names = {"xxd -g1", "xxd", "xxd -g4", "xxd -g8"}, .bytes = true, XXD},
    /* 00000010: 0000ffff 00affb00 0000ffff 00cff300  ................ */
    {.names = {NULL, "xxd -e -g2", "xxd -e", "xxd -e -g8"}, XXD},
    /* 00000010  ff ff 00 00 00 fb af 00  ff ff 00 00 00 f3 cf 00  |................| */
    {.names = {"hexdump -C"},
     .address_min = 8,
     .address_max = 16,
     .radix = 16,
     .blanks_min = 2,
     .blanks_max = 2,
     .bytes = true,
     .middle = ' ',
     .between_max = 2,
     .text = TEXT_MUST_BE,
     .open = '|',
     .close = '|',
     .text_blanks = 2,
     .folds = true},
    /* 0000010 ffff 0000 fb00 00af ffff 0000 f300 00cf; -x has four blanks between */
    {.names = {NULL, "hexdump"},
     .address_min = 7,
     .address_max = 12,
     .radix = 16,
     .blanks_min = 1,
     .blanks_max = 4,
     .between_max = 4,
     .folds = true},
    /* 0000020 00cff3000000ffff 12008b3456780067  >........g.xV4...< */
    {.names = {"od -tx1", "od -tx2", "od -tx4", "od -tx8"}, .radix = 8, OD(7)},
    {.names = {"od -Ax -tx1", "od -Ax -tx2", "od -Ax -tx4", "od -Ax -tx8"}, .radix = 16, OD(6)},
    {.names = {"od -Ad -tx1", "od -Ad -tx2", "od -Ad -tx4", "od -Ad -tx8"}, .radix = 10, OD(7)},
    {.names = {NULL}},
};
