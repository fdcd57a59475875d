/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer: one lookup and what DNS said to it, in words.
 */
#ifndef TOOLS_ANSWER_H
#define TOOLS_ANSWER_H

#include "base/json.h"
#include "base/slice.h"
#include "resolver/dns.h"
#include "tools/text.h"

/*
 * "MX example.com: 10 mx1.example.com, 20 mx2.example.com (TTL 300)", or
 * the outcome instead of the records.  `answer` NULL: not asked.
 */
void	answer_text(struct text *t, enum dns_type type, struct slice name,
	    const struct dns_answer *answer);
/* The same, but of what was found just how much: "found". */
void	answer_text_short(struct text *t, enum dns_type type,
	    struct slice name, const struct dns_answer *answer);
/* One record of an answer of that type. */
void	answer_record_text(struct text *t, enum dns_type type,
	    const struct dns_record *r);
/* {"type", "name", "outcome", "rcode", "ttl", "dnssec", "records"} */
void	answer_json(struct json *j, const char *key, enum dns_type type,
	    struct slice name, const struct dns_answer *answer);

#endif
