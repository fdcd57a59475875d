/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox: what other threads have for the one that runs the loop.
 */
#ifndef TLSPOL_MAILBOX_H
#define TLSPOL_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

/* Part of what is sent; its maker says who reads it. */
struct letter {
	STAILQ_ENTRY(letter)	 link;
	void			(*read)(struct letter *l);
};
STAILQ_HEAD(letters, letter);

struct mailbox {
	pthread_mutex_t	lock;
	struct letters	letters;
	int		fd;		/* readable when there are any */
};

/* False: no descriptor. */
bool	mailbox_init(struct mailbox *m);
/* Any thread. */
void	mailbox_put(struct mailbox *m, struct letter *l);
/* Reads all letters, in order; from the loop alone. */
void	mailbox_read(struct mailbox *m);

#endif
