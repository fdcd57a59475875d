/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: the one parser of domain names.
 *
 * A name that passed it is held in one form: lower case, U-labels turned
 * into A-labels (IDNA2008, RFC 5891; RFC 8616), no dot at the end.  Equal
 * names are therefore equal octet strings.
 */
#ifndef BASE_DOMAIN_H
#define BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define DOMAIN_MAX	253	/* octets of text without the last dot,
				   RFC 1035 section 2.3.4 */
#define DOMAIN_LABEL_MAX 63	/* RFC 1035 section 2.3.4 */

struct domain {
	size_t	len;
	char	text[DOMAIN_MAX + 1];	/* NUL-terminated */
};

/*
 * A name that a mail domain, a HELO argument, d= or s= may be: labels of
 * letters, digits, '-' and '_', none empty, none beginning or ending with
 * '-', U-labels converted; one dot at the end is taken off.  False for
 * anything else: empty text, address literals, NUL, 8-bit text that is not
 * UTF-8 or not allowed by IDNA, labels that only IDNA's mapping would
 * separate (U+3002 and the like).  How many labels are needed is for the
 * caller to say (domain_labels()).  `*out` is empty when false is returned;
 * that holds for both parsers.
 */
bool	domain_parse(struct slice text, struct domain *out);

/*
 * A name that can be asked in the DNS at all (RFC 2181 section 11): labels
 * of 1 to 63 octets of any value but '.' and those above 0x7E or below 0x20
 * (SPF macros may make a space), and at most DOMAIN_MAX octets; one dot at
 * the end is taken off.  For names made by SPF macros and for owner names in
 * answers.  Lower case in `out`.
 */
bool	domain_parse_dns(struct slice text, struct domain *out);

/* "LABELS.NAME"; false when that is no name to ask (domain_parse_dns()). */
bool	domain_below(struct slice labels, struct slice name,
	    struct domain *out);

struct slice	domain_slice(const struct domain *d);
bool		domain_eq(const struct domain *a, const struct domain *b);
size_t		domain_labels(struct slice name);
/*
 * True when `name` is `zone` or is below it, by whole labels.  Both in
 * the form that the parsers make; false when `zone` is empty.
 */
bool		domain_is_at_or_below(struct slice name, struct slice zone);
/* `name` without its first label; empty when it has only one. */
struct slice	domain_parent(struct slice name);
/* Its last label is a number: an address, or one that is mistyped. */
bool		domain_ends_in_number(struct slice name);

#endif
