/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lex: the lexical rules that fields of mail share, one function for each
 * rule of RFC 5322 section 3.2 and RFC 2045 section 5.1.
 *
 * Each takes what its rule matches from the cursor and returns true, or
 * leaves the cursor alone and returns false.  Line ends may be CRLF or LF;
 * a line end without a blank after it is no part of any rule.  8-bit text
 * must be well-formed UTF-8 (RFC 6532) wherever it may be.  Control
 * characters, which RFC 5322 section 4.1 still lets old messages have in
 * comments and quoted strings, are not accepted: readers differ on them.
 */
#ifndef MAIL_LEX_H
#define MAIL_LEX_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/slice.h"

/* [FWS]: any run of blanks and folds (obsolete forms too).  Always true. */
bool	lex_fws(struct cursor *c);
/*
 * [CFWS]: comments nest up to LIMIT_COMMENT_NESTING.  False, and the cursor
 * unmoved, only for a comment that does not end, nests too deep, or holds
 * an octet that no comment may hold.
 */
bool	lex_cfws(struct cursor *c);
/* token of RFC 2045: no SPACE, controls, tspecials or 8-bit. */
bool	lex_token(struct cursor *c, struct slice *out);
/* The same with 8-bit UTF-8 (RFC 8601 section 2.5: U-labels). */
bool	lex_token_utf8(struct cursor *c, struct slice *out);
/* Keyword = Ldh-str of RFC 5321 4.1.2 */
bool	lex_keyword(struct cursor *c, struct slice *out);
/* 1*atext, 8-bit UTF-8 allowed (RFC 6532). */
bool	lex_atom(struct cursor *c, struct slice *out);
/* atom *("." atom), without CFWS. */
bool	lex_dot_atom(struct cursor *c, struct slice *out);
/*
 * quoted-string.  `raw` is all of it with its quotes; the content, without
 * quotes, backslashes and line ends, is added to `out` when not NULL.
 */
bool	lex_quoted_string(struct cursor *c, struct slice *raw,
	    struct buf *out);
/*
 * As utf8_take(), but for characters that change how the text around them is
 * shown: the controls U+0080 to U+009F, the line and paragraph separators
 * U+2028 and U+2029, and those that turn the direction of writing (U+061C,
 * U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
bool	lex_utf8_shown(struct cursor *c);

#endif
