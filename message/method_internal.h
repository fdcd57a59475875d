/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * method: one way to check a message, as the life of a message sees it.
 *
 * A method is one file of this folder and one row in message/methods.c; its
 * state is its own.  Rows are in the order of the results in the header
 * field, and every hook is called in that order, so a method may read what
 * those before it have found (message/spf.h, message/dkim.h).
 *
 * Every hook may be NULL.  All but `ask` run in the thread that feeds the
 * message, without the inquiry's lock: a hook that changes what its `ask`
 * reads does so between message_lock() and message_unlock().  Hashing and
 * cryptography hold no lock.  Memory comes from the message's arena; a hook
 * that finds none need not report it, since the life of a message knows.
 */
#ifndef MESSAGE_METHOD_INTERNAL_H
#define MESSAGE_METHOD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "event/event.h"
#include "mail/authres.h"
#include "mail/header.h"
#include "policy/policy.h"
#include "resolver/ledger.h"

struct message;

struct message_method {
	const char	*name;
	/* Of `state`, which is zero when the message begins. */
	size_t		 state_size;
	/* Its result is known at MAIL already, and recorded then. */
	bool		 at_mail;

	/*
	 * Its hooks are called for our own mail as well, which is not checked:
	 * its result is about the client, not about the sender.
	 */
	bool		 ours;

	/*
	 * Does it ask something about the client itself, so that its questions
	 * should be asked as soon as the client has connected?
	 */
	bool	(*at_connect)(const struct config *c);

	/* ---- as it arrives: only if it is checked, or ours ---- */

	/*
	 * The client is known.  When it has connected or, for mail of a relay,
	 * with the Received field that the relay wrote, after `begin`.
	 */
	void	(*connect)(struct message *m, void *state);
	/*
	 * HELO is known.  Before MAIL or, for mail of a relay, with the
	 * Received field that the relay wrote, after `begin`.
	 */
	void	(*helo)(struct message *m, void *state);
	/* MAIL came: the message will be checked. */
	void	(*begin)(struct message *m, void *state);
	/* Client and MAIL FROM are known; later than `begin` likewise. */
	void	(*mail)(struct message *m, void *state);
	/* RCPT came: its argument, as typed. */
	void	(*recipient)(struct message *m, void *state,
		    struct slice path);
	/* A field that is kept, when its name is in `fields` (any case). */
	const char *const	*fields;	/* ends with NULL */
	void	(*field)(struct message *m, void *state,
		    const struct mail_field *field, size_t index);
	/* The header is complete, and From is read. */
	void	(*header_end)(struct message *m, void *state);
	/* A piece of the body. */
	void	(*body)(struct message *m, void *state, struct slice chunk);

	/* The body is complete: what it took may go before the wait. */
	void	(*body_end)(void *state);

	/*
	 * Asks the ledger for all that it needs by now.  In either thread,
	 * with the inquiry's lock held, again and again.  True: it has all.
	 */
	bool	(*ask)(struct message *m, void *state,
		    struct dns_ledger *ledger);
	/* All is there, and every question has its answer at once. */
	void	(*finish)(struct message *m, void *state,
		    struct dns_ledger *ledger);
	/* Frees what is not the arena's.  Also when nothing else came. */
	void	(*fini)(void *state);

	/* ---- what was found ---- */

	/* Its results for Authentication-Results; after `finish`. */
	void	(*write)(const struct message *m, const void *state,
		    struct authres_writer *w);
	/* For the policy; at MAIL as well. */
	void	(*facts)(const struct message *m, const void *state,
		    struct policy_facts *f);
	/* For the record, as far as it is known. */
	void	(*record)(const struct message *m, const void *state,
		    struct event *e);
};

/* In the order of the results in the header field. */
extern const struct message_method *const message_methods[];
extern const size_t message_method_count;

#endif
