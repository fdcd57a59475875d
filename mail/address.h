/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: who a message claims to be from.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/header.h"

/*
 * A reverse-path, as the client typed it after MAIL FROM: (RFC 5321
 * 4.1.2): "<a@b>", "a@b", "<@h1,@h2:a@b>", "<\"q@x\"@b>", "<>", "< a@b >".
 */
struct mail_path {
	bool		null;		/* "<>" or empty */
	struct slice	local;		/* as typed, quotes kept; borrowed */
	struct slice	domain_text;	/* after the last unquoted "@";
					   borrowed; empty or nonsense, too */
	bool		has_domain;	/* domain_text is a domain name */
	struct domain	domain;		/* then its canonical form */
};

/*
 * Never fails: what cannot be read has has_domain false.  Source routes
 * are dropped.
 */
void	mail_path_parse(struct slice text, struct mail_path *out);

/*
 * What From says (RFC 5322 3.6.2, RFC 6854 groups, RFC 6532).
 *
 * Programs show an author also where a field is not well formed, each by
 * rules of its own.  MAIL_FROM_SLOPPY means that all of them name the same
 * domain; mail/scan.c says how that is known.
 */
enum mail_from_state {
	MAIL_FROM_OK,		/* one field, and all its domains are one */
	MAIL_FROM_ABSENT,	/* no field */
	MAIL_FROM_MULTIPLE,	/* several fields, or several domains */
	MAIL_FROM_UNPARSABLE,	/* not a mailbox-list, no mailbox in it, no
				   domain name, or past a limit */
	MAIL_FROM_SLOPPY	/* not a mailbox-list, but all programs find
				   the same domain in it */
};
#define MAIL_FROM_STATES (MAIL_FROM_SLOPPY + 1)

struct mail_from {
	enum mail_from_state	state;
	size_t			fields;		/* From fields there are */
	size_t			mailboxes;	/* read in all of them */
	/* MAIL_FROM_OK, MAIL_FROM_SLOPPY: the one domain.
	   MAIL_FROM_MULTIPLE: the first. */
	bool			has_domain;
	struct domain		domain;
	/* Of MAIL_FROM_OK with one address, written without quotes, comments
	   and blanks: its local part, borrowed; else empty. */
	struct slice		local;
	/* Every domain that was read or that a program may show, up to
	   LIMIT_FROM_DOMAINS of them, and whether there are more. */
	struct slice		domains[LIMIT_FROM_DOMAINS];
	size_t			domain_count;
	bool			more_domains;
	const char		*problem;	/* static text, NULL when ok */
	struct arena		*arena;		/* private */
};

/* Is there exactly one author domain? */
static inline bool
mail_from_has_author(const struct mail_from *f)
{
	return f->has_domain && (f->state == MAIL_FROM_OK ||
	    f->state == MAIL_FROM_SLOPPY);
}

const char	*mail_from_state_name(enum mail_from_state s);
/*
 * Strict first: every octet of every From field, nothing skipped.  Then, for
 * one field that is not well formed, the tolerant reading.  `domains` are in
 * the header's arena, or that which is given: when it has no memory,
 * `more_domains` is set, and arena_failed().
 */
void	mail_from_read(const struct mail_header *h, struct mail_from *out);
/* The same for the text of one field. */
void	mail_from_parse(struct slice value, struct arena *arena,
	    struct mail_from *out);

#endif
