/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: which edit broke a signature.
 *
 * What list software, filters and mail servers do to a message is undone, one
 * usual edit after the other and some of them together, until the signature
 * verifies again.  bh= checks the body alone, b= the header, so the two are
 * searched separately.  A cure is proved by the hash or by the signature: it is
 * not a guess.
 *
 * Pure: no clock, no questions.  The cost is bounded for any message.
 */
#ifndef DKIM_DOCTOR_H
#define DKIM_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dkim/context.h"
#include "dkim/signature.h"
#include "mail/header.h"
#include "resolver/dns.h"

/* What was done to the message, and is undone here. */
enum dkim_edit_kind {
	/* Of the body. */
	DKIM_EDIT_HEAD,		/* `number` lines on top: `text` */
	DKIM_EDIT_FOOT,		/* at the end */
	DKIM_EDIT_PART_FOOT,	/* `lines` at the end of part `number` */
	DKIM_EDIT_PART,		/* part `number` was added */
	DKIM_EDIT_WRAPPED,	/* put into a multipart, as part `number` */
	DKIM_EDIT_PREAMBLE,	/* text before the first part */
	DKIM_EDIT_EPILOGUE,	/* text after the last part */
	DKIM_EDIT_FIRST_BLANK,	/* an empty line on top was removed */
	DKIM_EDIT_BLANKS,	/* empty lines were added */
	DKIM_EDIT_QUOTED_FROM,	/* "From " became ">From " */
	DKIM_EDIT_UNQUOTED_FROM, /* ">From " became "From " */
	DKIM_EDIT_TRAILING,	/* blanks at the ends of lines were added */
	DKIM_EDIT_LINE_ENDS,	/* CR or LF alone, CR CR LF */
	DKIM_EDIT_DOTS,		/* a dot too many at the start of lines */
	DKIM_EDIT_NO_DOTS,	/* one too few */
	DKIM_EDIT_BROKEN_LINES,	/* long lines were broken */
	DKIM_EDIT_WAS_8BIT,	/* `text` names what it is now encoded in */
	DKIM_EDIT_WAS_QUOTED,	/* it was quoted-printable */
	DKIM_EDIT_WAS_BASE64,	/* it was base64, in these lines */
	/* Of the header: the field `name`. */
	DKIM_EDIT_FIELD,	/* was added; `number` from the top */
	DKIM_EDIT_PREFIX,	/* `text` was put before its value */
	DKIM_EDIT_SUFFIX,	/* `text` was put after it */
	DKIM_EDIT_MOVED,	/* "[tag]" was put before "Re:" */
	DKIM_EDIT_VALUE,	/* was `text` */
	DKIM_EDIT_BLANKS_IN,	/* white space or folds were changed */
	DKIM_EDIT_COMMAS	/* so were the blanks at commas */
};

struct dkim_edit {
	enum dkim_edit_kind	 kind;
	struct slice		 name;		/* of a field */
	size_t			 number, lines;
	struct slice		 text;		/* borrowed, or the arena's */
};

#define DKIM_CURE_EDITS 6

struct dkim_cure {
	bool			 found;
	bool			 cut;	/* the effort was spent first */
	bool			 no_memory;
	size_t			 count;
	struct dkim_edit	 edits[DKIM_CURE_EDITS];
};

/* What is left to spend; of one message together (LIMIT_DOCTOR_...). */
struct dkim_effort {
	uint64_t	octets;		/* hashed or rewritten */
	size_t		tries;		/* of a body; one of a signature
					   counts as DKIM_EFFORT_SIGNATURE */
};
#define DKIM_EFFORT_SIGNATURE 10	/* an RSA check takes 16 us and more */

void	dkim_effort_init(struct dkim_effort *effort);

struct dkim_patient {
	struct dkim_context		*ctx;
	const struct mail_header	*header;
	struct slice			 body;		/* with CRLF */
	struct arena			*arena;		/* of what is found */
	struct dkim_effort		*effort;
};

/* Of a signature whose body hash differs. */
void	dkim_doctor_body(const struct dkim_patient *p,
	    const struct dkim_request *request, struct dkim_cure *cure);
/*
 * Of one whose header differs; `field` is its own, `answer` has the key.
 */
void	dkim_doctor_header(const struct dkim_patient *p,
	    const struct dkim_request *request, size_t field,
	    const struct dns_answer *answer, struct dkim_cure *cure);

#endif
