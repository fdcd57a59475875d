/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: the records of messages in a database, and what is kept with them.
 *
 * The daemon writes (store/writer.h); this is the interface of those who read
 * it and of who sends DMARC aggregate reports (RFC 9990).  A store is used by
 * one thread.  Text that is handed out is borrowed until the function that
 * was called returns; it is text of senders and of the DNS, printable ASCII,
 * at most LIMIT_EVENT_TEXT octets a value.
 *
 * A day is the number of whole days since the Epoch, in UTC: its first second
 * is day * 86400.  Other times are seconds since the Epoch.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"

struct store;

enum store_status {
	STORE_OK,
	STORE_NO_MEMORY,
	/* Not there, not to be reached, full, read-only, locked for too long,
	   damaged: later it may be well again.  See store_why(). */
	STORE_AWAY,
	STORE_ABSENT,		/* there, but without tables of ours */
	STORE_NEWER,		/* made by a later version */
	STORE_REFUSED		/* the database does not take these values */
};

enum store_mode {
	STORE_READ,
	STORE_WRITE,		/* rows only */
	STORE_MAKE		/* the tables as well: the daemon alone */
};

/*
 * `name` is "sqlite:/PATH" or "postgresql://...".  NULL, with the status and a
 * sentence, when it cannot be opened.
 */
struct store		*store_open(const char *name, enum store_mode mode,
			    enum store_status *status, char *why,
			    size_t why_size);
void			 store_close(struct store *s);
/* What went wrong last; a sentence for the postmaster. */
const char		*store_why(const struct store *s);
/* Is `name` spelled so, and built in?  Else a static sentence. */
bool			 store_name_check(struct slice name,
			    const char **problem);

/*
 * Loads the library that a store of this name needs; store_open() does so as
 * well.  False, with a sentence in `why`.  One thread at a time.
 */
bool			 store_load(const char *name, char *why,
			    size_t why_size);

/*
 * A secret for one purpose, the same for all that use this store and for as
 * long as it lives.
 */
void			 store_key(const struct store *s, const char *purpose,
			    uint64_t key[2]);

/* ---- what a DMARC aggregate report is made of ---- */

/*
 * One policy domain with one configuration of its record on one day: a report.
 * Words are those of RFC 9990; empty: not in the record.  Whom the report goes
 * to (rua) is not kept, since it is asked for anew when it is sent; there are
 * only policies whose record had a usable rua.
 */
struct store_policy {
	/* Of this day, domain and configuration, in this store; never used
	   again for others.  Fit for a report_id. */
	uint64_t	 id;
	int64_t		 day;
	struct slice	 domain, p, sp, np, adkim, aspf, testing, discovery;
	struct slice	 psd;			/* y, n or u */
	uint64_t	 messages;		/* all of them */
	uint64_t	 rows;
	bool		 part;			/* of store_policy_split() */
	/* Messages that have no row, since LIMIT_STORE_ROWS are there. */
	uint64_t	 beyond;
};

struct store_auth {
	struct slice	 domain, selector, result;
};

struct store_reason {
	struct slice	 type, comment;		/* comment may be empty */
};

/* Messages that are alike in all of this. */
struct store_row {
	uint64_t		 count;
	struct ipaddr		 source;
	struct slice		 disposition;	/* none, pass ... */
	bool			 dkim, spf;	/* aligned and passed */
	struct slice		 header_from;
	struct slice		 envelope_from;	/* empty for "<>" */
	/* Of all recipients; empty when they have several. */
	struct slice		 envelope_to;
	/* In the order of RFC 9990 3.1.3, at most LIMIT_STORE_RESULTS. */
	const struct store_auth	*dkim_results;
	size_t			 dkim_count;
	/* Of MAIL FROM's domain, or of HELO's for "<>"; the scope is always
	   mfrom (RFC 9990 3.1.1.13).  Empty result: none. */
	struct slice		 spf_domain, spf_result;
	const struct store_reason *reasons;
	size_t			 reason_count;
};

/* False: no more.  Neither may use the store. */
typedef bool	store_policy_fn(void *arg, const struct store_policy *p);
typedef bool	store_row_fn(void *arg, const struct store_row *r);

/*
 * Those of the days from..to, both with them, by day and domain; only of
 * `domain` unless that is empty.
 */
enum store_status	store_policies(struct store *s, int64_t from,
			    int64_t to, struct slice domain,
			    store_policy_fn *fn, void *arg);
/* One of them, if it is there. */
enum store_status	store_policy_find(struct store *s, uint64_t policy,
			    store_policy_fn *fn, void *arg);
/*
 * The rows of a policy, one after the other as they are read: memory does not
 * grow with them.  Without `envelope_to` rows that differ only in it are one.
 */
enum store_status	store_rows(struct store *s, uint64_t policy,
			    bool envelope_to, store_row_fn *fn, void *arg);

/* ---- the messages themselves ---- */

struct store_signature {
	struct slice	 result, domain, selector, aligned;
};

/* In the words of assay-events(5); what is not known is empty. */
struct store_message {
	int64_t		 time;
	struct ipaddr	 client;	/* IPADDR_NONE: not known */
	struct slice	 origin, helo, mail_from_domain, from_domain, from,
			 auth_user, tls, tls_verified, iprev, spf, spf_helo,
			 arc, arc_sealers, arc_trusted, forwarder, dmarc,
			 dmarc_spf, dmarc_dkim, policy_domain, published,
			 testing, disposition, dnssec, stage, action, rule,
			 why, told, decided;
	bool		 ours;
	bool		 incomplete;	/* values are missing */
	const struct store_signature *signatures;
	size_t		 signature_count;
	const struct slice *recipients;	/* domains */
	size_t		 recipient_count;
};

typedef bool	store_message_fn(void *arg, const struct store_message *m);

/* All since then, as they are read: memory does not grow with them. */
enum store_status	store_messages(struct store *s, int64_t since,
			    store_message_fn *fn, void *arg);

/* ---- what the sender of reports keeps ---- */

/*
 * The lease `name` for `owner` until then; its owner may take it again.
 * `*got` is false when someone else has it at `now`.
 */
enum store_status	store_lease(struct store *s, const char *name,
			    const char *owner, int64_t now, int64_t until,
			    bool *got);
enum store_status	store_lease_end(struct store *s, const char *name,
			    const char *owner);

/*
 * No message is counted any more for the last day that has a policy, up to
 * this one, and for those before: it counts for the next one.  From then on
 * the rows of a closed day do not change.
 */
enum store_status	store_day_close(struct store *s, int64_t day);

/* A report on its way to one destination. */
struct store_delivery {
	uint64_t	 policy;
	int64_t		 day;		/* of the policy; for forgetting */
	struct slice	 destination;	/* an address, as it was made usable */
	/* What it is about; empty and 0: not known.  These stay as they were
	   put at first. */
	struct slice	 domain;
	int64_t		 messages;
	struct slice	 state;		/* the sender's: sent, refused */
	int64_t		 tries;
	int64_t		 at, next;	/* the last try and the next one */
	struct slice	 error;
};

typedef bool	store_delivery_fn(void *arg, const struct store_delivery *d);

/*
 * Makes it, or takes the place of the one with its policy and destination, but
 * not if the state of that is `unless`: `*put` is then false.
 */
enum store_status	store_delivery_put(struct store *s,
			    const struct store_delivery *d,
			    struct slice unless, bool *put);
/* Those of a policy, by destination; of all for the policy 0, by day. */
enum store_status	store_deliveries(struct store *s, uint64_t policy,
			    store_delivery_fn *fn, void *arg);
/* Its rows have been accepted, or nobody wants them: they are deleted.  What
   was delivered stays known until store_forget(). */
enum store_status	store_policy_done(struct store *s, uint64_t policy);

/*
 * Makes `parts` reports of one, or as many as it has different rows: of each
 * new one `fn` gets the id.  Only before it was delivered to anybody.  All of
 * it, or nothing, is done.
 */
typedef void	store_part_fn(void *arg, uint64_t policy);
enum store_status	store_policy_split(struct store *s, uint64_t policy,
			    size_t parts, store_part_fn *fn, void *arg);

/* A destination (an address or a domain) that is left alone for a while. */
struct store_suppression {
	struct slice	 destination;
	int64_t		 until;
	int64_t		 hits;		/* how often it was suppressed */
	struct slice	 why;
};

typedef bool	store_suppression_fn(void *arg,
		    const struct store_suppression *x);

/* Once more, until then; `hits` is counted here. */
enum store_status	store_suppress(struct store *s,
			    struct slice destination, int64_t until,
			    struct slice why);
enum store_status	store_suppress_end(struct store *s,
			    struct slice destination);
/* All, or that of one destination; those that are over as well. */
enum store_status	store_suppressions(struct store *s,
			    struct slice destination,
			    store_suppression_fn *fn, void *arg);

/*
 * Has someone here written to this domain or one below it, on the day
 * `since` or later?  For a report ask for the Organizational Domain of its
 * policy: who writes to news.example.com has to do with example.com.  Bounces
 * and what programs send by themselves (RFC 3834), as reports, do not count.
 * At least LIMIT_STORE_CORRESPONDENTS names are remembered.
 */
enum store_status	store_corresponds(struct store *s,
			    struct slice domain, int64_t since, bool *yes);

/*
 * Forgets what is older than `keep` days: messages, who wrote them, policies
 * with their rows, deliveries; correspondents not written to for
 * LIMIT_STORE_CORRESPONDENT days; and suppressions that ended
 * LIMIT_STORE_SUPPRESSION days ago.  A part of it in one call, so that nobody
 * is held up; `*more` when there is something left.
 */
enum store_status	store_forget(struct store *s, int64_t today,
			    int64_t keep, bool *more);
/*
 * The day for store_forget(), to be asked for once an hour: `today`, unless
 * that is more than LIMIT_STORE_JUMP days after the last one.  Then a clock is
 * wrong, or nobody was here for a while: it is the day after the last one, so
 * that a wrong clock costs a day an hour and not all there is.
 */
enum store_status	store_forget_day(struct store *s, int64_t today,
			    int64_t *day);

#endif
