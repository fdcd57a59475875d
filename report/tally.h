/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: the messages of aggregate reports, added up by one key after
 * another: source, day, domain in From, reporter.
 */
#ifndef REPORT_TALLY_H
#define REPORT_TALLY_H

#include "report/aggregate.h"

struct tally_line {
	struct slice	 key;
	struct slice	 name;		/* the caller's: of a source */
	struct ipaddr	 source;	/* likewise */
	uint64_t	 messages;
	uint64_t	 passed;	/* DMARC: aligned DKIM or SPF passed */
	uint64_t	 dkim, spf;	/* aligned and passed */
	uint64_t	 dispositions[REPORT_OTHER_DISPOSITION + 1];
};

struct tally_table {
	struct arena	 *arena;
	struct tally_line *lines;
	size_t		 count;
	/* private: indexes into lines plus 1, by the hash of the key */
	uint32_t	*slots;
	size_t		 slot_count, room;
};

/*
 * Adds a message to the line of `key`; to that of "(other)" when there are
 * `most` lines.  Short memory shows in arena_failed().
 */
void	tally_count(struct tally_table *t, struct slice key, size_t most);
/* The most messages first. */
void	tally_sort(struct tally_table *t);

/* What reports, each added once, come to. */
struct tallies {
	struct arena		*arena;
	struct tally_line	 all;
	struct tally_table	 sources, days, froms, reporters;
	struct tally_table	 policies;
	/* Of the reports added. */
	size_t			 reports;
	int64_t			 begin, end;
	/* private: reports seen, by reporter and id */
	struct tally_table		 seen;
};

void	tallies_init(struct tallies *t, struct arena *arena);
/*
 * False when the report was added before: reporters repeat themselves.
 * (org_name, report_id) names a report (RFC 9990 section 3.5.1); some give an
 * id to several, so the domain and the begin count as well.  Nothing of `r` is
 * kept.  Short memory shows in arena_failed().
 */
bool	tallies_add(struct tallies *t, const struct report *r);
/*
 * The same for one row that is not from a report: who reported it, or what
 * else the table `reporters` is for; and its policy domain.
 */
void	tallies_add_row(struct tallies *t, int64_t time,
	    const struct report_row *row, struct slice reporter,
	    struct slice policy);
/* The most messages first; days by date. */
void	tallies_sort(struct tallies *t);

#endif
