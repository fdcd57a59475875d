/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_internal: what the searches of the doctor share.
 */
#ifndef DKIM_DOCTOR_INTERNAL_H
#define DKIM_DOCTOR_INTERNAL_H

#include "base/buf.h"
#include "dkim/doctor.h"

/* False, and `cut` set, when so much is not left. */
bool	effort_spend(struct dkim_effort *e, uint64_t octets, size_t tries,
	    struct dkim_cure *cure);

/* ---- parts of a body ---- */

struct doctor_part {
	size_t		from;		/* where its boundary line begins */
	size_t		to;		/* where the next one does */
	struct slice	text;		/* with its header */
	struct slice	body;		/* without */
};

struct doctor_parts {
	size_t			count;	/* 0: no multipart */
	size_t			end;	/* after the line that closes */
	struct doctor_part	list[LIMIT_DOCTOR_PARTS];
};

/* `type` is the value of Content-Type. */
void		doctor_parts_find(struct slice body, struct slice type,
		    struct doctor_parts *out);
/*
 * The value of a field in the header of a part or of a message, from after
 * the colon to the end of its last line without CRLF; empty: none.
 */
struct slice	doctor_part_field(struct slice text, struct slice name);

/* ---- ways to rewrite a body ---- */

struct doctor_recipe {
	enum dkim_edit_kind	 kind;
	/* Adds the body as it may have been; what it cannot do it leaves. */
	void			(*write)(struct slice body,
				    const struct doctor_recipe *recipe,
				    struct buf *out);
	size_t			 width;		/* of encoded lines */
	bool			 lf;		/* it encoded LF alone */
	bool			 encodes;	/* text, not what came */
};

/* Ends with a recipe without `write`. */
extern const struct doctor_recipe doctor_recipes[];

/* The text of a body with this transfer encoding, line ends as CRLF. */
void	doctor_decode(struct slice body, struct slice encoding,
	    struct buf *out);
/* A multipart, each part of it decoded and said to be 8bit. */
void	doctor_decode_parts(struct slice body, const struct doctor_parts *p,
	    struct buf *out);

#endif
