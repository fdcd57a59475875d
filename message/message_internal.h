/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message as the files of this folder see it, methods among them.
 */
#ifndef MESSAGE_MESSAGE_INTERNAL_H
#define MESSAGE_MESSAGE_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "mail/forged.h"
#include "mail/header.h"
#include "message/message.h"
#include "message/method_internal.h"

#define MESSAGE_QUEUE_ID 64	/* octets; a longer one is cut */

/* A set of ours, for a message that leaves again. */
struct message_sealing {
	struct dkim_signer		*signer;	/* NULL: not wanted */
	struct dkim_sign_options	 options;
	struct dkim_sign_key		 key;
	unsigned int			 instance;	/* 0: not sealed */
	const char			*problem;	/* static: why not */
};

struct message {
	struct message_results	 results;
	struct arena		*arena;
	struct arena		*scratch;	/* of `ask` and `finish`, for
						   as long as they run */
	struct inquiry		*inquiry;	/* NULL: nothing to ask */
	bool			 failed;	/* memory ran out */
	bool			 starved;	/* so it did in a step: under
						   the inquiry's lock */
	bool			 began;		/* MAIL came */
	bool			 told;
	char			 queue_id[MESSAGE_QUEUE_ID];
	struct mail_header	 header;
	bool			 header_ended;
	bool			 checking;	/* MAIL came, it is checked */
	bool			 annotating;	/* likewise, it is ours and gets
						   the field as well */
	void			**states;	/* as message_methods */

	struct forged_search	 forged;
	struct dkim_signer	*signer;	/* mail of ours */
	struct slice		*signatures;
	struct buf		 left_out;	/* names, for the record */
	struct message_sealing	 sealing;
	bool			 rewrites_addresses;
	bool			 eight_bit;
	struct authres_writer	 writer;
	bool			 writing;

	int64_t			 now, steady;	/* of the envelope */
	struct origin_facts	 facts;
	bool			 relay_open;	/* its Received is to come */
	struct slice		*recipients;
	size_t			 recipients_cap;
};

/* Are the hooks of this method called? */
bool	message_has_method(const struct message *m,
	    const struct message_method *method);
/* The state of that method, which is in message_methods. */
void	*message_state(const struct message *m,
	    const struct message_method *method);

/*
 * Keeps `ask` away while a hook changes what it reads.  Nothing to keep away
 * before the inquiry is there.
 */
void	message_lock(struct message *m);
void	message_unlock(struct message *m);

/*
 * What runs between these two lines of a function is guarded: memory that
 * runs out there makes the message one that nothing is known of.
 */
unsigned long	message_guard(void);
void	message_unguard(struct message *m, unsigned long before);

/* Is there an inquiry, made now if need be?  False: memory is short. */
bool	message_open_inquiry(struct message *m);
/* Puts the questions that hooks have made possible, to an open inquiry. */
void	message_ask(struct message *m);
/* Calls the hook `fini` of all methods. */
void	message_end_methods(struct message *m);

/* ---- message/envelope.c ---- */

/* The client is known: starts what is asked about the client itself. */
void	message_connected(struct message *m);
/*
 * Mail of a relay: `field` is the topmost Received field, which the relay
 * wrote, NULL when there is none.  The checks of the envelope begin.
 */
void	message_relay_received(struct message *m,
	    const struct mail_field *field);

/* ---- message/sign.c ---- */

/* At the end of the header: chooses the keys, if it is mail of ours. */
void	message_sign_begin(struct message *m);
/*
 * Signs an accepted message of ours.  It goes out unsigned when it cannot be
 * signed, or the orders change to a deferral, as the configuration says.
 */
void	message_sign(struct message *m, struct message_orders *orders);
/* The edits that insert the signatures, at most one for each key. */
size_t	message_signatures(const struct message *m,
	    struct message_edit *edits);

/* ---- message/orders.c: what follows from what was found ---- */

/* A decision by the policy, with its reply. */
void	message_decide(struct message *m, bool at_mail,
	    struct message_orders *orders);
/*
 * What all methods found, as a value of Authentication-Results or, `sealed`,
 * for the ARC set of ours.  `w` is begun here and ended by the caller, who
 * has borrowed the value.  False: no memory.
 */
bool	message_write_results(const struct message *m, bool sealed,
	    struct authres_writer *w, struct slice *value);
/* Decision, signatures and changes of the header.  False: no memory. */
bool	message_give_orders(struct message *m,
	    struct message_orders *orders);

/* ---- message/auth.c ---- */

/*
 * Is this value of Authentication-Results one that was written into mail of
 * ours: a result of auth, and none but of methods that testify of ours?
 */
bool	message_is_annotation(struct slice value, struct arena *arena);

/* ---- message/dmarc.c ---- */

/* Is dmarc=fail not held against a message that was decided on? */
bool	message_is_overridden(const struct message *m);

/* ---- message/seal.c ---- */

/* At the end of the header. */
void	message_seal_begin(struct message *m);
/* Of an accepted message: the edits that seal it, at most ARC_PARTS. */
size_t	message_seal(struct message *m, struct message_edit *edits);
void	message_record_seal(const struct message *m, struct event *e);

/* ---- message/record.c ---- */

void	message_record(const struct message *m,
	    const struct message_answer *answer);

/* ---- message/disposition.c ---- */

/* What was done for DMARC, and why it is not what the domain asks for. */
void	message_record_disposition(const struct message *m,
	    const struct message_answer *answer, struct event *e);

#endif
