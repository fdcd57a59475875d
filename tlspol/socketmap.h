/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socketmap: the clients (socketmap_table(5)), on one epoll loop.
 *
 * A client asks one question after the other, and may send several at once,
 * which are answered in order.  Neither a client that floods, nor one that
 * sends half a request, nor one that does not read, costs the others more than
 * its turn.  One thread.
 */
#ifndef TLSPOL_SOCKETMAP_H
#define TLSPOL_SOCKETMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "process/listen.h"
#include "tlspolicy/tlspolicy.h"

/* A question that waits for its answer; part of its connection. */
struct socketmap_question {
	TAILQ_ENTRY(socketmap_question)	 waiting;	/* the asker's */
	enum tlspolicy_dialect	 dialect;
	int64_t			 deadline;	/* clock_us() */
	/* What it waits for, the caller's; NULL: it does not wait. */
	void			*on;
};

struct socketmap_calls {
	/*
	 * A request without its length.  Answers with socketmap_reply(), now
	 * or, when it has set `q->on` and `q->deadline`, later.  `request`
	 * lives as long as this call.
	 */
	void	(*ask)(void *arg, struct socketmap_question *q,
		    struct slice request);
	/* It is late: must answer now. */
	void	(*late)(void *arg, struct socketmap_question *q);
	/* Its client has gone: `q->on` must forget it. */
	void	(*gone)(void *arg, struct socketmap_question *q);
	/* Once in a while, a second at least. */
	void	(*tick)(void *arg);
	/* A descriptor of socketmap_watch() is readable. */
	void	(*readable)(void *arg, int fd);
};

struct socketmap;

/* NULL: no memory or no descriptor.  `max_clients` is for tests. */
struct socketmap	*socketmap_new(const struct socketmap_calls *calls,
			    void *arg, size_t max_clients);
/* The listener stays the caller's, and is open for longer. */
bool		 socketmap_listen(struct socketmap *s, struct listener *l);
bool		 socketmap_watch(struct socketmap *s, int fd);

void		 socketmap_reply(struct socketmap *s,
		    struct socketmap_question *q, struct slice reply);

/* Until socketmap_stop(). */
void		 socketmap_run(struct socketmap *s);
/*
 * No new connection and no new question is taken.  Questions that wait are
 * late now; socketmap_run() returns when their answers are sent, or after
 * LIMIT_TLSPOL_DRAIN_MS.
 */
void		 socketmap_stop(struct socketmap *s);

struct socketmap_stats {
	uint64_t	connections, requests, bad;
	uint64_t	crowded;	/* closed to make room for another */
	size_t		open;		/* now */
};
void		 socketmap_get_stats(const struct socketmap *s,
		    struct socketmap_stats *out);

#endif
