/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: who a message claims to be from.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/slice.h"
#include "mail/header.h"

/*
 * A reverse-path, as the client typed it behind MAIL FROM: (RFC 5321
 * 4.1.2): "<a@b>", "a@b", "<@h1,@h2:a@b>", "<\"q@x\"@b>", "<>", "< a@b >".
 */
struct mail_path {
	bool		null;		/* "<>" or empty */
	struct slice	local;		/* as typed, quotes kept; borrowed */
	struct slice	domain_text;	/* behind the last unquoted "@";
					   borrowed; empty or nonsense, too */
	bool		has_domain;	/* domain_text is a domain name */
	struct domain	domain;		/* then its canonical form */
};

/*
 * Never fails: what cannot be read has has_domain false.  Source routes
 * are dropped.
 */
void	mail_path_parse(struct slice text, struct mail_path *out);

/* What From: says (RFC 5322 3.6.2, RFC 6854 groups, RFC 6532). */
enum mail_from_state {
	MAIL_FROM_OK,		/* one field, and all its domains are one */
	MAIL_FROM_ABSENT,	/* no field */
	MAIL_FROM_MULTIPLE,	/* several fields, or several domains */
	MAIL_FROM_UNPARSABLE	/* not a mailbox-list, no mailbox in it, no
				   domain name, or past a limit */
};

struct mail_from {
	enum mail_from_state	state;
	size_t			fields;		/* From fields there are */
	size_t			mailboxes;	/* read in all of them */
	/* MAIL_FROM_OK: the one domain.  MAIL_FROM_MULTIPLE: the first. */
	bool			has_domain;
	struct domain		domain;
	const char		*problem;	/* static text, NULL when ok */
};

const char	*mail_from_state_name(enum mail_from_state s);
/* Strict: reads every octet of every From field, skips nothing. */
void	mail_from_read(const struct mail_header *h, struct mail_from *out);
/* The same for the text of one field. */
void	mail_from_parse(struct slice value, struct mail_from *out);

#endif
