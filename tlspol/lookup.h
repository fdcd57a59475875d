/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup: finds out what a domain asks for: DNS, the policy by HTTPS, DANE.
 *
 * One lookup of a domain at a time, for all who ask.  Its result goes into the
 * domain's entry.  All of it in the loop's thread; resolver and HTTPS client
 * pass their answers through the mailbox.
 */
#ifndef TLSPOL_LOOKUP_H
#define TLSPOL_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "https/https.h"
#include "resolver/resolver.h"
#include "tlspol/mailbox.h"
#include "tlspol/memory.h"
#include "tlspol/socketmap.h"
#include "tlspol/settings.h"

/* What all lookups share; filled by its owner. */
struct lookups {
	struct mailbox		*mailbox;
	struct https_client	*https;
	struct resolver		*resolver;	/* for those that begin now */
	struct memory		*memory;
	struct settings		*settings;
	/* Answers a question that waited for a lookup, which has ended. */
	void			(*answer)(void *arg,
				    struct socketmap_question *q,
				    const struct memory_entry *e);
	void			*arg;
	/* The module's own. */
	size_t			 open;
	bool			 stopping;
	struct {
		uint64_t	begun, refused, fetches, fetch_failures,
				dns_failures;
	} stats;
};

/* Of one that has ended, for the record of it. */
struct lookup_result {
	struct slice		 domain;
	struct sts_record	 record;
	bool			 fetched;	/* the policy was asked for */
	const char		*problem;	/* with that; NULL: none */
	bool			 has_dane;
	enum dane_summary	 dane;
	int64_t			 us;		/* it took */
};

/*
 * Starts a lookup of the entry's domain, unless one is running.  False:
 * LIMIT_TLSPOL_LOOKUPS are running, or memory is short.
 */
bool	lookup_begin(struct lookups *all, struct memory_entry *e);
/* One is running, and its result is not known yet. */
bool	lookup_is_open(const struct memory_entry *e);
/* The question waits for the running lookup. */
void	lookup_wait(struct memory_entry *e, struct socketmap_question *q);
void	lookup_forget(struct memory_entry *e, struct socketmap_question *q);

/* The policy, which is there, is to be fetched anew. */
bool	lookup_is_due(const struct memory_entry *e, int64_t wall);

/* Seconds since the Epoch, and of the monotonic clock. */
int64_t	lookup_wall(void);
int64_t	lookup_now(void);

#endif
