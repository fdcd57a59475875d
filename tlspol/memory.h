/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory: what is known of domains, and of smart hosts.
 *
 * Bounded in number and in octets: the domain not asked for longest goes, those
 * without a policy before those that have one.  One that is being
 * looked up stays.  The loop's thread alone.
 */
#ifndef TLSPOL_MEMORY_H
#define TLSPOL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "tlspolicy/tlspolicy.h"

struct lookup;

/* Times of `wall` are seconds since the Epoch, others of the monotonic
   clock. */
struct memory_entry {
	/* By last use, unless it is looked up; those with a policy. */
	TAILQ_ENTRY(memory_entry)	 used, round;
	struct memory_entry		*next;		/* in its slot */
	uint64_t		 hash;
	size_t			 size;		/* octets it takes */
	struct lookup		*lookup;	/* NULL: none is running */

	/* The last policy that was fetched, owned; NULL: none. */
	struct sts_policy	*policy;
	char			 id[STS_ID_MAX + 1];	/* of its record */
	int64_t			 fetched;	/* wall */
	int64_t			 asked;		/* wall */

	bool			 known;		/* a lookup has ended */
	int64_t			 look_at;	/* not before */
	int64_t			 retry_at;	/* a fetch: not before */
	enum dane_summary	 dane, last_dane;
	int64_t			 failing_since;	/* DANE_FAILED */

	/* After it: tlspolicy_hop_text(), and the domain therein. */
	struct slice		 key, domain;
	bool			 is_host;
	uint16_t		 port;
};

struct memory;

/* NULL: no memory. */
struct memory	*memory_new(size_t max_domains, size_t max_octets);
void		 memory_free(struct memory *m);
void		 memory_set_limits(struct memory *m, size_t max_domains,
		    size_t max_octets);

/* By tlspolicy_hop_text().  NULL: not there. */
struct memory_entry	*memory_find(const struct memory *m,
			    struct slice key);
/* The same, made when it is not there.  NULL: no memory, no room. */
struct memory_entry	*memory_get(struct memory *m,
			    const struct tlspolicy_hop *hop);
/* A client asks for it now. */
void		 memory_touch(struct memory *m, struct memory_entry *e,
		    int64_t wall);
/* A lookup begins; it ends with NULL. */
void		 memory_pin(struct memory *m, struct memory_entry *e,
		    struct lookup *lookup);
/* Takes over the policy, or with NULL forgets the present one. */
void		 memory_set_policy(struct memory *m, struct memory_entry *e,
		    struct sts_policy *policy, const char *id,
		    int64_t fetched);
/* The policy that is valid at that time; NULL: none. */
const struct sts_policy	*memory_policy(const struct memory_entry *e,
			    int64_t wall);

/*
 * The next domain with a policy, each in its turn; those that have expired
 * lose it on the way.  NULL: none.
 */
struct memory_entry	*memory_next(struct memory *m, int64_t wall);
/* All with a policy, for the cache file. */
struct memory_entry	*memory_first_policy(const struct memory *m);

size_t		 memory_count(const struct memory *m);
size_t		 memory_policies(const struct memory *m);
size_t		 memory_octets(const struct memory *m);

#endif
