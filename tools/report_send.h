/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_send: assay report send, and what its parts share.
 */
#ifndef TOOLS_REPORT_SEND_H
#define TOOLS_REPORT_SEND_H

#include <signal.h>

#include "config/config.h"
#include "dmarc/destination.h"
#include "tools/report_rows.h"
#include "tools/tool.h"

/* What became of a report to one destination, or of all of it. */
enum send_outcome {
	SEND_SENT,
	SEND_WOULD,		/* --dry-run */
	SEND_LATER,		/* to be tried again */
	SEND_WAITS,		/* until its next try */
	SEND_REFUSED,		/* by the mail server: given up */
	SEND_GIVEN_UP,		/* too late, or too large */
	SEND_NOBODY,		/* DNS: nobody wants it, or has agreed to it */
	SEND_SUPPRESSED,	/* the destination is left alone */
	SEND_OPTED_OUT,		/* by the configuration */
	SEND_NOT_OURS,		/* likewise: report.to */
	SEND_SPLIT,		/* too large: several reports now */
	SEND_OUTCOMES
};

struct day_list;

struct sending {
	struct tool			*t;
	const struct config_report	*config;
	struct store			*store;
	struct mail_mailbox		 from, bounce;
	uint64_t			 key[2];	/* of tags */
	bool				 dry_run, retry;
	int64_t				 now;		/* when it began */
	char				 owner[300];	/* of the lease */
	bool				 lost;		/* the lease */
	enum store_status		 status;	/* of the store */
	bool				 no_memory;
	unsigned long			 counts[SEND_OUTCOMES];
	bool				 paused;	/* one was sent */
	struct day_list			*list;
};

/* A report, while it is on its way. */
struct send_report {
	uint64_t		 policy;
	int64_t			 day;
	struct domain		 domain;
	char			 id[REPORT_ID];
};

/* Set by a signal: to end after the mail in hand. */
extern volatile sig_atomic_t	send_stopped;

/* One more report of the day, like `r` but for its policy. */
void	send_also(struct sending *s, const struct send_report *r,
	    uint64_t policy);
/* All that is due of one report.  False: the run is over. */
bool	send_one(struct sending *s, const struct send_report *r);
/*
 * Takes the lease, or makes it longer.  False: someone else has it, or the
 * store is away.
 */
bool	send_lease(struct sending *s);
/* False, noted, when the store failed. */
bool	send_store(struct sending *s, enum store_status status);
/*
 * Notes what became of a delivery, unless it has come back meanwhile: `*put`
 * is then false, and what assay report bounce has noted stays.  False: the
 * store failed.
 */
bool	send_note(struct sending *s, const struct store_delivery *d,
	    bool *put);
/* A line about a report; `to` and `why` may be empty. */
void	send_say(struct sending *s, const struct send_report *r,
	    struct slice to, enum send_outcome outcome, const char *why);

#endif
