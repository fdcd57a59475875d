/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asker: puts questions to a resolver and waits for what comes.
 */
#ifndef TESTS_RESOLVER_ASKER_H
#define TESTS_RESOLVER_ASKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "resolver/resolver.h"
#include "tests/resolver/fakens.h"

/* What fills all places does so for long enough to be looked at. */
#define ASKER_SLOW_MS 500
/* Of a try that is to be answered, however long a machine takes. */
#define ASKER_PATIENT 20000	/* ms */

struct ask {
	struct resolver_wait	 w;
	struct resolver		*resolver;
	const struct dns_answer	*answer;	/* NULL: not yet */
	bool			 at_once;
	unsigned int		 calls;		/* of the callback */
	pthread_t		 caller;	/* of the callback */
	/* Called within the callback, may be NULL. */
	void			(*then)(struct ask *a);
};

/* A resolver on these nameservers ("ADDRESS:PORT", up to two, the second
   may be NULL); ends the program when there is none. */
struct resolver	*asker_resolver(const char *ns1, const char *ns2,
		    unsigned int timeout_ms, unsigned int tries);
/* A nameserver, and a patient resolver on it. */
struct resolver	*asker_begin(fakens_script *script, struct fakens **ns);
/* Their end; did the figures agree, see asker_sums_agree()? */
bool	asker_end(struct resolver *r, struct fakens *ns);
/* Puts the question. */
void	asker_start(struct ask *a, struct resolver *r, const char *name,
	    enum dns_type type);
/* Waits for the answer, and ends the program after a minute without. */
const struct dns_answer	*asker_wait(struct ask *a);
/* Both; the reference is the caller's. */
const struct dns_answer	*asker_fetch(struct resolver *r, const char *name,
			    enum dns_type type);
/* The same, for the outcome alone. */
enum dns_outcome	 asker_outcome(struct resolver *r, const char *name,
			    enum dns_type type);
struct resolver_stats	 asker_stats(struct resolver *r);
/* Waits until a number of the statistics has this value. */
void	asker_wait_in_flight(struct resolver *r, uint64_t want);

/* Is each packet in one of the figures of its server? */
bool	asker_sums_agree(struct resolver *r);
/* To the first nameserver. */
unsigned int	asker_sockets(struct resolver *r);
/* c-ares may wait longer than we do for one that is silent.  False when one is
   still open after ASKER_PATIENT. */
bool	asker_wait_no_sockets(struct resolver *r);

/* Waits until a count is as high; false when it is not after ASKER_PATIENT. */
bool	asker_wait_count(atomic_uint *count, unsigned int want);

/* A lock and a condition for the test's own use: the callback holds it. */
extern pthread_mutex_t	asker_lock;
extern pthread_cond_t	asker_cond;

#endif
