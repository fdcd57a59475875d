/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver: lookups for all messages at once.
 *
 * One thread runs c-ares and its timers.  A question goes to the zone, then
 * to the shared cache, then to the network; questions for the same (name,
 * type) share one query.  Any thread may ask.
 *
 * All times are of the monotonic clock.
 */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/limits.h"
#include "base/slice.h"
#include "resolver/dns.h"
#include "resolver/ledger.h"
#include "resolver/zone.h"

#define RESOLVER_ADDRESS 64	/* room for an address with its port */

enum resolver_trust_ad {
	RESOLVER_TRUST_AD_AUTO,	/* believe AD of loopback nameservers only */
	RESOLVER_TRUST_AD_YES,
	RESOLVER_TRUST_AD_NO
};

/* Questions in letters of random case, which the answer must repeat. */
enum resolver_random_case {
	RESOLVER_RANDOM_CASE_AUTO,	/* to nameservers that are elsewhere */
	RESOLVER_RANDOM_CASE_YES,
	RESOLVER_RANDOM_CASE_NO
};

struct resolver_options {
	/* "ADDRESS", "IPV4:PORT", "[IPV6]", "[IPV6]:PORT"; none: those of
	   resolv_conf, read at start (at most LIMIT_DNS_SERVERS; when it
	   has none or is not there, 127.0.0.1). */
	const struct slice	*nameservers;
	size_t			 nameserver_count;	/* LIMIT_DNS_SERVERS */
	const char		*resolv_conf;	/* NULL: /etc/resolv.conf */
	unsigned int		 timeout_ms;	/* one try; > 0 */
	/* Of one question; > 0.  Each goes to another server, and every
	   server gets one even when there are more of them than tries.  A
	   server that has answered with a failure is not asked again. */
	unsigned int		 tries;
	enum resolver_trust_ad	 trust_ad;
	enum resolver_random_case random_case;
	size_t			 cache_bytes;
	/* How long an answer may be used after its end when the servers do
	   not answer or fail; at most LIMIT_DNS_STALE_MS, 0: never. */
	unsigned int		 stale_ms;
	/* How long a question without an answer holds its place; 0:
	   SERVER_SLOW_US. */
	unsigned int		 slow_ms;
	/* Borrowed for the life of the resolver; NULL: none.  With a zone
	   the network is never asked. */
	const struct dns_zone	*zone;
};

/*
 * True when `text` names a nameserver.  If not, *problem (may be NULL) says
 * in a few static words what is wrong with it.  A scoped address
 * ("fe80::1%eth0") is refused, and passed over in resolv.conf.
 */
bool	resolver_nameserver_check(struct slice text, const char **problem);

struct resolver;

/*
 * Starts the thread.  On failure NULL, and `why` (size `why_size`) holds a
 * sentence for a human: which nameserver could not be read, for example.
 */
struct resolver	*resolver_new(const struct resolver_options *options,
		    char *why, size_t why_size);
/* One more owner, for whom resolver_free() is due as well. */
struct resolver	*resolver_ref(struct resolver *r);
/*
 * Would a new one with these options be the same?  The nameservers of
 * resolv.conf are read again for that; false when there is a zone.
 */
bool		 resolver_matches(const struct resolver *r,
		    const struct resolver_options *options);

/* A nameserver as it is now. */
struct resolver_server {
	char	address[RESOLVER_ADDRESS];	/* "192.0.2.1:53" */
	bool	failed;		/* now: silent, unreachable */
	unsigned long outages;	/* times that it came to be so */
	bool	folds;		/* does not repeat the letters of names */
	/* Answers that were not taken: the name in other letters. */
	unsigned long long mismatches;
};
/* Fills up to LIMIT_DNS_SERVERS; returns how many, 0 with a zone. */
size_t		 resolver_servers(struct resolver *r,
		    struct resolver_server *out);
/*
 * May an answer be authenticated (dns.h)?  False when the AD bit of none of
 * the nameservers is believed, so that nothing is known of DNSSEC.
 */
bool		 resolver_knows_dnssec(const struct resolver *r);
/* Is resolv.conf what counts, and is not there or names no nameserver? */
bool		 resolver_conf_is_empty(const struct resolver_options *o);
/* Domains whose name servers do not answer. */
struct resolver_silence {
	uint64_t	domains;	/* now */
	uint64_t	marks;		/* of them, ever */
	uint64_t	refused;	/* questions that were not sent */
	char		last[256];	/* marked last; NUL-terminated */
};
void		 resolver_silence(struct resolver *r,
		    struct resolver_silence *out);
/*
 * The last owner ends the thread and frees.  Questions still open get their
 * callback with DNS_NOT_ASKED first, from the calling thread.
 */
void		 resolver_free(struct resolver *r);

/*
 * A question in wait, in memory of the asker's that stays until the
 * callback came or resolver_cancel() said true.
 */
struct resolver_wait {
	/* Set by the asker.  Called once, from the resolver's thread, with
	   no lock of the resolver's held; it owns the reference `answer`.
	   It may ask again. */
	void	(*done)(struct resolver_wait *w,
		    const struct dns_answer *answer);
	/* Set by the asker, or NULL: called from the resolver's thread when
	   `done` has been for all that came together. */
	void	(*told)(void);
	/* Set by the asker: resolver_go() follows, and until then the thread
	   need not be woken for this. */
	bool			 later;
	/*
	 * Set by the asker.  Places are shared among networks and their
	 * messages, each in its turn: any number that is the same for one and
	 * differs for others; messages are numbered one after the other.  What
	 * decides (DMARC, aligned keys) counts less of its message's share.
	 */
	uint32_t		 network;
	uint32_t		 message;
	bool			 decides;
	/* Set by the asker: this may be the domain that the mail is from, see
	   resolver_note_path(). */
	bool			 leads;
	/* The resolver's own; zeroed by the asker before the first use. */
	void			*query;
	TAILQ_ENTRY(resolver_wait) link;
};

/*
 * Puts a question.  `name` is in the form of domain_parse_dns().
 * Returns the answer, a reference owned by the caller, when it is known at
 * once (zone, cache, refused with DNS_NOT_ASKED because LIMIT_DNS_QUEUE
 * questions wait already, DNS_TIMEOUT because the name servers of its domain
 * are silent, or dns_answer_no_memory()); `w` is then not used.
 * Otherwise NULL, and w->done will be called.
 */
const struct dns_answer	*resolver_ask(struct resolver *r, struct slice name,
			    enum dns_type type, struct resolver_wait *w);
/* Sends what was put with `later`. */
void			 resolver_go(struct resolver *r);
/*
 * Remembers what a message asked, which has asked for the TXT record of
 * `name`: when that is asked for again and `leads`, the other questions are
 * put with it, as far as their answers are not in the cache any more.  Those
 * are guesses:
 * they are bounded, given up first when places are short, and change nothing
 * but the time that an answer takes.
 */
void			 resolver_note_path(struct resolver *r,
			    struct slice name, const struct dns_entry *first);
/*
 * Takes back a question.  True: done has not been and will not be called.
 * False: it has been, or is just being called.  A query that nobody waits
 * for any more is not sent if it has not been; one in progress is finished
 * for the cache.
 */
bool	resolver_cancel(struct resolver *r, struct resolver_wait *w);

struct resolver_stats {
	uint64_t	asked;		/* resolver_ask() calls */
	uint64_t	zone_answers;
	uint64_t	cache_hits;
	uint64_t	coalesced;	/* joined a query in flight */
	uint64_t	queries;	/* packets sent first, by question */
	uint64_t	retries;	/* sent again, to any server */
	uint64_t	cancelled;
	uint64_t	renewals;	/* queries before an entry ran out */
	uint64_t	stale;		/* expired answers given out */
	uint64_t	guesses;	/* queries by resolver_note_path() */
	/* Of queries; DNS_NOT_ASKED: questions refused at once. */
	uint64_t	outcomes[DNS_NOT_ASKED + 1];
	uint64_t	cache_entries;
	uint64_t	cache_bytes;
	uint64_t	in_flight;	/* now */
	uint64_t	waiting;	/* now, for a place among them */
};
void	resolver_get_stats(struct resolver *r, struct resolver_stats *out);

#endif
