/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: what a signature that verifies says nothing about.
 *
 *  1. Octets of the body after l=; with l= and an unsigned Content-Type
 *     also all of it, since another Content-Type shows another part (8.2).
 *  2. A field above the signed one of the same name: h= takes the lowest,
 *     many programs show the highest (8.15).
 */
#include "dkim/coverage.h"

#include "mail/taglist.h"

static const struct {
	struct slice	 name;
	const char	*problem;
} doubles[] = {
	[DKIM_DOUBLE_FROM] = { SLICE_INIT("From"),
	    "a second From is not signed" },
	[DKIM_DOUBLE_SUBJECT] = { SLICE_INIT("Subject"),
	    "a second Subject is not signed" },
	[DKIM_DOUBLE_TO] = { SLICE_INIT("To"), "a second To is not signed" },
	[DKIM_DOUBLE_CC] = { SLICE_INIT("Cc"), "a second Cc is not signed" },
	[DKIM_DOUBLE_DATE] = { SLICE_INIT("Date"),
	    "a second Date is not signed" },
	[DKIM_DOUBLE_REPLY_TO] = { SLICE_INIT("Reply-To"),
	    "a second Reply-To is not signed" },
	[DKIM_DOUBLE_SENDER] = { SLICE_INIT("Sender"),
	    "a second Sender is not signed" },
	[DKIM_DOUBLE_MESSAGE_ID] = { SLICE_INIT("Message-ID"),
	    "a second Message-ID is not signed" },
	[DKIM_DOUBLE_CONTENT_TYPE] = { SLICE_INIT("Content-Type"),
	    "a second Content-Type is not signed" }
};

static unsigned int
times_named(struct slice h, struct slice field)
{
	unsigned int times = 0;
	struct slice name;
	bool more = true;

	while (taglist_next(&h, &more, &name))
		times += slice_eq_nocase(name, field);
	return times;
}

void
coverage_find(struct slice h, const struct mail_header *header,
    struct dkim_signature *sig)
{
	unsigned int times, i;

	sig->partial = sig->has_length && (sig->unsigned_octets > 0 ||
	    times_named(h, SLICE("Content-Type")) == 0);
	for (i = 0; i < DKIM_DOUBLES; i++) {
		times = times_named(h, doubles[i].name);
		if (times > 0 && mail_header_instances(header,
		    doubles[i].name) > times)
			sig->doubled |= 1u << i;
	}
}

const char *
coverage_problem(const struct dkim_signature *sig, bool partial_refused,
    unsigned int doubles_refused)
{
	unsigned int refused = sig->doubled & doubles_refused, i;

	if (sig->partial && partial_refused)
		return sig->unsigned_octets > 0 ?
		    "part of the body is not signed" :
		    "with l=, Content-Type is not signed";
	for (i = 0; i < DKIM_DOUBLES; i++) {
		if ((refused & 1u << i) != 0)
			return doubles[i].problem;
	}
	return NULL;
}
