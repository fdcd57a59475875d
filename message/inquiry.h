/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inquiry: the loop of one message around its checks.
 *
 * The checks are pure functions of the answers so far.  An inquiry puts
 * their questions to the resolver, all at once, and runs them again when an
 * answer comes.  It belongs to one message but two threads touch it, the
 * worker that serves the message and the resolver's; its lock is the only
 * thing between them.
 */
#ifndef MESSAGE_INQUIRY_H
#define MESSAGE_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/ipaddr.h"
#include "resolver/ledger.h"
#include "resolver/resolver.h"

struct inquiry;

/*
 * Runs the checks as far as the answers go.  True when none of them waits
 * for an answer.  Called with the lock held, in the worker's thread or in
 * the one that runs the steps of all messages.
 */
typedef bool inquiry_step_fn(void *arg, struct dns_ledger *ledger);

/* What inquiry_wait() does while it waits. */
struct inquiry_waiting {
	/* Called once, before it blocks for the first time; may be NULL. */
	void	(*blocks)(void *arg);
	/* Called about every `progress_ms` while it blocks; may be NULL. */
	void	(*progress)(void *arg);
	unsigned int	 progress_ms;
	void		*arg;
};

/* `resolver` is borrowed and outlives it.  NULL: no memory. */
struct inquiry	*inquiry_new(struct resolver *resolver,
		    inquiry_step_fn *step, void *arg);
/*
 * Whose questions they are: places at the resolver are shared among networks
 * (/24 of IPv4, /64 of IPv6).  Before the first question.
 */
void		 inquiry_set_network(struct inquiry *q,
		    const struct ipaddr *client);
/*
 * Whose message it says it is: DMARC records, and keys of domains that may be
 * aligned with this name, decide.  They have reserved places, so that the other
 * questions of a message do not prevent its result.
 * Borrowed until the inquiry is freed.
 */
void		 inquiry_set_author(struct inquiry *q,
		    struct slice author);
/*
 * Takes back all questions; no step is running or will run once it has
 * returned.  NULL is harmless.
 */
void		 inquiry_free(struct inquiry *q);

/*
 * The lock keeps the steps away while the message changes what they read.
 */
void		 inquiry_lock(struct inquiry *q);
void		 inquiry_unlock(struct inquiry *q);
/* Runs the checks and puts their new questions.  The lock is held. */
void		 inquiry_run(struct inquiry *q);

/*
 * Waits until no check waits for an answer, `deadline_ms` at most, and
 * leaves the inquiry open.  False when the time was not enough.
 */
bool		 inquiry_settle(struct inquiry *q, unsigned int deadline_ms,
		    const struct inquiry_waiting *waiting);

/*
 * Waits until no check waits for an answer, `deadline_ms` at most.  Then
 * the inquiry is closed: what is still open is answered with DNS_TIMEOUT,
 * what a check asks after that with DNS_NOT_ASKED, so that every check
 * comes to its verdict.  The ledger may be read without the lock from here
 * on.  Returns the microseconds that it blocked.
 */
int64_t		 inquiry_wait(struct inquiry *q, unsigned int deadline_ms,
		    const struct inquiry_waiting *waiting);

/* Borrowed; after inquiry_wait() only. */
struct dns_ledger	*inquiry_ledger(const struct inquiry *q);

#endif
