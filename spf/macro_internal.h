/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * macro: the macros of RFC 7208 section 7, their grammar and what they
 * expand to.
 *
 * Pure: text and values in, text out, in memory of the caller's.
 */
#ifndef SPF_MACRO_INTERNAL_H
#define SPF_MACRO_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/slice.h"

/* A set of macro letters, which are in lower case here. */
#define SPF_MACRO_LETTER(c)	(1u << ((c) - 'a'))

/*
 * One function for each rule (section 7.1): true when all of `text` is of
 * it, and then `*letters` is the set of the letters used.  In a record the
 * letters c, r and t are a syntax error (7.2).
 */
bool	spf_macro_string(struct slice text, unsigned int *letters);
bool	spf_domain_spec(struct slice text, unsigned int *letters);
bool	spf_explain_string(struct slice text, unsigned int *letters);

/* The values of the letters (7.2).  All borrowed. */
struct spf_macros {
	struct slice	sender;		/* s */
	struct slice	local;		/* l */
	struct slice	sender_domain;	/* o */
	struct slice	domain;		/* d */
	struct ipaddr	ip;		/* i, c, v; not of family NONE */
	struct slice	client_name;	/* p; "" becomes "unknown" */
	struct slice	helo;		/* h */
	struct slice	receiver;	/* r; "" becomes "unknown" */
	int64_t		now;		/* t */
};

/*
 * The target-name of a domain-spec (4.8), which spf_domain_spec() has
 * passed: the last dot taken off, labels taken off at the left while there
 * are more than 253 octets (7.3).  False when that is no name which could
 * be asked in the DNS, or when the text, or the values that went into it,
 * came to more than LIMIT_SPF_EXPANSION octets.
 */
bool	spf_macro_domain(const struct spf_macros *m, struct slice spec,
	    struct domain *out);
/*
 * The text of an explain-string, which spf_explain_string() has passed;
 * NUL-terminated, cut at `size` - 1 octets, or where the values that went
 * into it passed LIMIT_SPF_EXPANSION octets.  False, with "" in `out`, when
 * it would hold anything but printable ASCII.
 */
bool	spf_macro_text(const struct spf_macros *m, struct slice text, char *out,
	    size_t size);

#endif
