/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: an SPF record by the grammar of RFC 7208 section 12.
 */
#ifndef SPF_RECORD_INTERNAL_H
#define SPF_RECORD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ipaddr.h"
#include "base/slice.h"
#include "mail/result.h"

enum spf_term_kind {
	SPF_TERM_ALL,
	SPF_TERM_INCLUDE,
	SPF_TERM_A,
	SPF_TERM_MX,
	SPF_TERM_PTR,
	SPF_TERM_IP4,
	SPF_TERM_IP6,
	SPF_TERM_EXISTS,
	SPF_TERM_REDIRECT,
	SPF_TERM_EXP,
	SPF_TERM_UNKNOWN	/* a modifier, which is left out */
};

/* All slices are borrowed from the text of the record. */
struct spf_term {
	struct spf_term		*next;
	enum spf_term_kind	 kind;
	enum auth_result	 result;	/* of a match: the qualifier */
	struct slice		 text;		/* all of it, as it is */
	struct slice		 domain_spec;	/* "" when absent */
	unsigned int		 letters;	/* of the macros in it */
	unsigned char		 bits4, bits6;	/* a, mx: dual-cidr-length */
	struct ipnet		 net;		/* ip4, ip6 */
	/* The question of a term without macros, once it has been put: it is
	   the same for all who evaluate the record. */
	struct dns_entry	*question;
};

struct spf_record {
	struct slice		 text;
	struct spf_term		*first;		/* directives, in order */
	struct spf_term		*redirect;	/* NULL: none */
	struct spf_term		*exp;		/* NULL: none */
	/* Of what was refused as SPF_RECORD_SYNTAX: the term at fault, a part
	   of `text` with any octets, and what is wrong with it (static). */
	struct slice		 fault;
	const char		*why;
};

enum spf_record_status {
	SPF_RECORD_OK,
	SPF_RECORD_SYNTAX,	/* 4.6: permerror */
	SPF_RECORD_TOO_LONG,	/* LIMIT_SPF_RECORD, LIMIT_SPF_RECORD_TERMS */
	SPF_RECORD_NO_MEMORY
};

/* 4.5: the text begins with the version, and a space or the end follows. */
bool	spf_record_is(struct slice text);
/*
 * Parses all of a record for which spf_record_is() is true (4.6: a syntax
 * error anywhere counts, also after a term that would match).  The terms
 * are in the arena.  With a `client`, networks that it is not in are left
 * out: a record may have a thousand of them, and is evaluated at each
 * answer.  NULL: all terms.
 */
enum spf_record_status	spf_record_parse(struct slice text,
			    const struct ipaddr *client, struct arena *a,
			    struct spf_record *out);

#endif
