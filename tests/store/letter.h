/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * letter: the record of a message, for the tests and the figures of the store.
 */
#ifndef TESTS_STORE_LETTER_H
#define TESTS_STORE_LETTER_H

#include "event/event.h"

/* Nothing for a value of NULL. */
static inline void
letter_text(struct event *e, const char *key, const char *value)
{
	if (value != NULL)
		event_text(e, key, slice_str(value));
}

/* The DMARC record that applied: where it was found, and p= of it. */
static inline void
letter_policy(struct event *e, const char *domain, const char *p,
    const char *aspf)
{
	letter_text(e, "dmarc-domain", domain);
	letter_text(e, "dmarc-p", p);
	letter_text(e, "dmarc-adkim", "r");
	letter_text(e, "dmarc-aspf", aspf);
	letter_text(e, "dmarc-testing", "n");
	letter_text(e, "dmarc-discovery", "treewalk");
}

static inline void
letter_signature(struct event *e, const char *result, const char *domain,
    const char *selector, const char *aligned)
{
	struct event_object *o = event_object(e, "signatures");

	event_object_text(e, o, "result", slice_str(result));
	event_object_text(e, o, "domain", slice_str(domain));
	event_object_text(e, o, "selector", slice_str(selector));
	event_object_text(e, o, "aligned", slice_str(aligned));
}

static inline void
letter_recipient(struct event *e, const char *domain)
{
	event_object_text(e, event_object(e, "recipients"), "domain",
	    slice_str(domain));
}

#endif
