/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aggregate: a DMARC aggregate report (RFC 9990, and RFC 7489 appendix C).
 *
 * What others wrote is kept as text where a reader may want to see it, cut
 * after LIMIT_REPORT_TEXT octets, and is any UTF-8: it must be escaped before
 * it is printed.  All memory is the arena's.
 */
#ifndef REPORT_AGGREGATE_H
#define REPORT_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ipaddr.h"
#include "base/slice.h"

enum report_disposition {
	REPORT_NONE,
	REPORT_PASS,		/* RFC 9990: passed, and the policy enforces */
	REPORT_QUARANTINE,
	REPORT_REJECT,
	REPORT_OTHER_DISPOSITION
};

/* One element of auth_results; `selector` and `scope` as the method has. */
struct report_auth {
	struct slice		 domain, selector, scope, result, human;
	struct report_auth	*next;
};

struct report_reason {
	struct slice		 type, comment;
	struct report_reason	*next;
};

struct report_row {
	struct ipaddr		 source;	/* IPADDR_NONE: not readable */
	struct slice		 source_text;
	uint64_t		 count;		/* messages */
	enum report_disposition	 disposition;
	bool			 dkim, spf;	/* aligned and passed */
	struct slice		 header_from, envelope_from, envelope_to;
	struct report_auth	*dkim_results, *spf_results;
	struct report_reason	*reasons;
	struct report_row	*next;
};

struct report {
	/* report_metadata */
	struct slice	 org_name, email, contact, report_id;
	int64_t		 begin, end;		/* seconds since the Epoch */
	/* policy_published; empty: not given */
	struct slice	 domain, p, sp, np, adkim, aspf, testing, discovery;
	struct report_row *rows;
	size_t		 row_count;
	uint64_t	 messages;		/* all counts together */
	/* Rows without a usable address or count; they are not kept. */
	size_t		 bad_rows;
};

enum report_status {
	REPORT_READ,
	REPORT_NO_MEMORY,
	REPORT_NOT_XML,		/* `line` is where it ends to be */
	REPORT_NOT_A_REPORT,	/* no <feedback>, or no metadata in it */
	REPORT_DOCTYPE,		/* a document type: entities are refused */
	REPORT_TOO_DEEP,	/* LIMIT_REPORT_DEPTH */
	REPORT_TOO_MANY_ROWS,	/* LIMIT_REPORT_ROWS */
	REPORT_TOO_LARGE	/* LIMIT_REPORT_XML, when unpacked */
};

/*
 * Reads one XML document.  Any namespace is taken that the root has;
 * elements of others, and those that are not known, are passed over.  No
 * entity is expanded and nothing is fetched.  `*line` is set when the result
 * is not REPORT_READ.  Time and memory grow with the length of `xml`.
 */
enum report_status	report_read_xml(struct slice xml, struct arena *arena,
			    struct report *out, unsigned int *line);

/* What is wrong, for a message: "not XML" ... */
const char		*report_status_text(enum report_status status);
const char		*report_disposition_name(enum report_disposition d);
/* "2026-11-29", in UTC; "unknown" where no calendar reaches. */
#define REPORT_DAY 32
void			 report_day(int64_t when, char out[REPORT_DAY]);

#endif
