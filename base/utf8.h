/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: UTF-8 as RFC 3629 section 4 has it: no long forms, no surrogates,
 * nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/slice.h"

/* Takes one character that is not ASCII; else the cursor stays. */
bool		utf8_take(struct cursor *c);
/* The code point of what utf8_take() has taken. */
uint32_t	utf8_code(struct slice taken);
/* True when all of `s` is well-formed. */
bool		utf8_is_valid(struct slice s);
/* At most `max` octets of `s`, without the beginning of a character. */
struct slice	utf8_head(struct slice s, size_t max);

#endif
