/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox: a list under a lock, and an eventfd.
 */
#include "tlspol/mailbox.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool
mailbox_init(struct mailbox *m)
{
	STAILQ_INIT(&m->letters);
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0)
		return false;
	if (pthread_mutex_init(&m->lock, NULL) == 0)
		return true;
	close(m->fd);
	return false;
}

void
mailbox_put(struct mailbox *m, struct letter *l)
{
	const uint64_t one = 1;
	ssize_t done;

	pthread_mutex_lock(&m->lock);
	STAILQ_INSERT_TAIL(&m->letters, l, link);
	/* It fails when there are 2^64 letters. */
	done = write(m->fd, &one, sizeof(one));
	(void)done;
	pthread_mutex_unlock(&m->lock);
}

void
mailbox_read(struct mailbox *m)
{
	struct letters letters;
	struct letter *l, *next;
	uint64_t count;
	ssize_t done;

	STAILQ_INIT(&letters);
	pthread_mutex_lock(&m->lock);
	done = read(m->fd, &count, sizeof(count));
	(void)done;
	STAILQ_CONCAT(&letters, &m->letters);
	pthread_mutex_unlock(&m->lock);
	for (l = STAILQ_FIRST(&letters); l != NULL; l = next) {
		next = STAILQ_NEXT(l, link);
		l->read(l);
	}
}
