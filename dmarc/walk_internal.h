/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk: the DNS Tree Walk of RFC 9989 section 4.10, and what follows from
 * one or two of them.
 */
#ifndef DMARC_WALK_INTERNAL_H
#define DMARC_WALK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/slice.h"
#include "dmarc/dmarc.h"
#include "resolver/ledger.h"

#define DMARC_PREFIX_LEN	7	/* "_dmarc." */

enum dmarc_found {
	DMARC_FOUND_OPEN,	/* no answer yet */
	DMARC_FOUND_FAILED,	/* DNS did not tell */
	DMARC_FOUND_NOTHING,
	DMARC_FOUND_TOO_LONG,	/* no name that can be asked: nothing */
	DMARC_FOUND_SEVERAL,	/* records, all dropped: nothing */
	DMARC_FOUND_OVERSIZE,	/* one record, past a limit: nothing */
	DMARC_FOUND_RECORD
};

struct dmarc_place {
	struct slice		 name;		/* "mail.example.com" */
	const struct dns_answer	*answer;	/* of "_dmarc." before it */
	enum dmarc_found	 found;
	struct dmarc_record	 record;
};

struct dmarc_walk {
	struct dmarc_place	places[LIMIT_DMARC_WALK]; /* longest first */
	size_t			count;
	/* The places from here on are in another walk, too. */
	size_t			shared;
	/* After the place where the walk stops.  What is beyond was asked
	   ahead, and means nothing. */
	size_t			end;
};

/*
 * The names of the walk from `start`, which they borrow, and how many:
 * 0 for an empty one.
 */
size_t	dmarc_walk_names(struct slice start,
	    struct slice names[LIMIT_DMARC_WALK]);
/* "_dmarc." before `name`.  False: too long for the DNS. */
bool	dmarc_walk_query(struct slice name, struct domain *out);

/* The last of the records that count in an answer, and how many do. */
struct slice	dmarc_walk_record(const struct dns_answer *answer,
		    size_t *count);

/* How many names of the walk from `start` are not in `other`. */
size_t	dmarc_walk_own(struct slice start, const struct dmarc_walk *other);

/*
 * The walk from `start`, which it borrows: asks all its names, and reads
 * the known answers.  Names that are in `other` (may be NULL)
 * are taken from there.
 */
void	dmarc_walk_read(struct dmarc_walk *w, struct slice start,
	    const struct dmarc_walk *other, struct dns_ledger *l);
/* An answer that counts has not come, or did not tell. */
bool	dmarc_walk_is_open(const struct dmarc_walk *w);
bool	dmarc_walk_has_failed(const struct dmarc_walk *w);
/* A record that counts was found. */
bool	dmarc_walk_has_record(const struct dmarc_walk *w);

/*
 * The Organizational Domain of its start (4.10.2).  When a lookup has
 * failed: the highest name that it may be.
 */
struct slice	dmarc_walk_organization(const struct dmarc_walk *w);

/*
 * Whether the starts of both walks, which are not the same name, have the
 * same Organizational Domain: aligned relaxed, or not, or not known.  `b`
 * was read with `a` as its other walk, and neither is open.
 */
enum dmarc_alignment	dmarc_walk_align(const struct dmarc_walk *a,
			    const struct dmarc_walk *b);

#endif
