/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: the life of one message, without the mail server around it.
 *
 * The callbacks of libmilter feed it, and so may any other reader of a
 * message.  Calls come in the order of the SMTP dialogue: message_new(),
 * message_helo(), message_mail(), message_field() for each field,
 * message_header_end(), message_body(), message_finish(), message_told(),
 * message_free().
 * A client of the milter protocol may leave out steps: a body or the end
 * without the end of the header implies it, fields after it do not count,
 * and a message without MAIL is not checked.  It may be freed at any point.
 * One thread at a time.
 *
 * Lookups start with the call that makes their name known, message_new() for
 * the names of the client.  No call waits
 * but message_finish().
 */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "mail/address.h"
#include "mail/header.h"
#include "message/engine.h"
#include "message/inquiry.h"
#include "message/origin.h"
#include "message/signing.h"
#include "policy/policy.h"

struct message;

/* Why dmarc=fail is not held against a message. */
enum message_override_kind {
	MESSAGE_NO_OVERRIDE,
	MESSAGE_TRUSTED_SEALER,		/* trusted-sealers */
	MESSAGE_FORWARDER		/* forwarders */
};

struct message_override {
	enum message_override_kind	kind;
	struct slice			name;	/* of a sealer: its domain */
};

/* TLS of the connection, as the mail server reports it; absent text is
   empty. */
struct message_tls {
	struct slice	version;	/* "TLSv1.3"; empty: no TLS */
	struct slice	cipher;
	bool		verified;	/* the certificate of the client */
	struct slice	certificate;	/* see struct origin_facts */
};

/*
 * What is known of a message at its end, but for what the methods found: see
 * message/spf.h, message/dkim.h, message/arc.h, message/dmarc.h.  Borrowed
 * from the message.
 */
struct message_results {
	struct engine			*engine;
	/* Who handed the message in; NULL: a stranger. */
	const struct config_origin	*origin;
	bool				 checked;
	bool				 ours;	/* may be signed */
	/* Of a relay: those of the Received field that it wrote, or none
	   when it has another form (`relayed`, and client unknown). */
	bool				 relayed;
	struct ipaddr			 relay;	/* who connected */
	struct ipaddr			 client;
	struct slice			 helo;	/* as the client gave it */
	struct slice			 helo_domain;	/* empty: not a name */
	struct slice			 mail;	/* MAIL FROM as given */
	struct mail_path		 path;
	bool				 utf8;	/* SMTPUTF8 */
	struct message_tls		 tls;
	struct slice			 user;	/* SMTP AUTH; empty: none */
	struct slice			 mechanism;	/* of SASL; likewise */
	/* Canonical; those of recipients without a domain name left out. */
	const struct slice		*recipient_domains;
	size_t				 recipient_domain_count;
	struct mail_from		 from;
	struct slice			 receiver;	/* authserv-id */

	size_t				 questions;
	size_t				 unanswered;	/* timeouts, failures */
	size_t				 stale;		/* expired answers */
	int64_t				 dns_us;	/* slowest lookup */
	int64_t				 waited_us;	/* at the end */
	unsigned int			 forged;	/* fields removed */
	/* A field of ours came with it: it was here before. */
	bool				 seen_before;
	/* Mail of ours, when signing is configured. */
	struct signing_plan		 signing;
	unsigned int			 hazards;	/* dkim_hazard bits */
	struct slice			 left_out;	/* not signed: would
							   not survive */
	/* Written by DMARC; it counts for a message that is accepted. */
	struct message_override		 override;
	struct policy_decision		 decision;
	/* Of the policy to observe, if there is one. */
	struct policy_decision		 observed;
	bool				 at_mail;	/* decided at MAIL: only
						   some methods know theirs */
	bool				 finished;	/* decided at the end */
};

enum message_edit_kind {
	MESSAGE_REMOVE,
	MESSAGE_INSERT		/* on top of all fields */
};

struct message_edit {
	enum message_edit_kind	kind;
	struct slice		name;	/* of the field; NUL-terminated */
	unsigned int		index;	/* to remove: its instance, 1 ... */
	struct slice		value;	/* to insert, with its leading blank;
					   NUL-terminated */
};

/* What the mail server has to do.  Borrowed from the message. */
struct message_orders {
	/* Changes of the header, to be done in this order: of a name the
	   highest instance goes first, as Postfix renumbers after each. */
	const struct message_edit	*edits;
	size_t				 edit_count;
	enum policy_action		 action;
	struct policy_reply		 reply;	/* for reject and tempfail */
};

/* The topmost field of that name that is inserted, or NULL. */
const struct message_edit	*message_inserted(
				    const struct message_orders *o,
				    struct slice name);

/* What is known when a client has connected.  Absent text is empty. */
struct message_client {
	struct ipaddr	address;
	struct slice	name;		/* see struct origin_facts */
	struct slice	daemon_name;
	/* Macro v: "Postfix 3.7.11", "8.17.1" of Sendmail. */
	struct slice	mta;
};

/*
 * Should a message begin when a client has connected, as something is asked
 * about the client itself?
 */
bool		 message_begins_at_connect(const struct config *c);
/*
 * `engine`: a reference that the message takes over in any case.
 * `client` is copied.  `receiver` is the authserv-id to use.  NULL: no
 * memory.
 */
struct message	*message_new(struct engine *engine,
		    const struct message_client *client,
		    struct slice receiver);
void		 message_free(struct message *m);

/* What comes with MAIL FROM. */
struct message_envelope {
	struct slice	path;		/* the argument, as typed */
	bool		utf8;		/* SMTPUTF8 */
	bool		authenticated;	/* SMTP AUTH */
	struct slice	user;		/* who did, {auth_authen} */
	struct slice	mechanism;	/* how, {auth_type} */
	struct message_tls	tls;
	bool		eight_bit;	/* BODY=8BITMIME */
	int64_t		now;		/* seconds since the Epoch */
	int64_t		steady;		/* s of a clock that nobody sets */
};

/* Again with another argument: the later one counts. */
void	message_helo(struct message *m, struct slice helo);
void	message_mail(struct message *m,
	    const struct message_envelope *envelope);
/*
 * A decision before DATA, if a rule of the policy asks for one (`stage:
 * mail`): waits for SPF when such a rule needs it.  False: no decision to
 * refuse or defer, go on; otherwise `orders` has action and reply.
 */
bool	message_decide_at_mail(struct message *m,
	    const struct inquiry_waiting *waiting,
	    struct message_orders *orders);
/* `path` is the argument of RCPT TO, as typed. */
void	message_recipient(struct message *m, struct slice path);
void	message_field(struct message *m, struct slice name,
	    struct slice value);
void	message_header_end(struct message *m);
void	message_body(struct message *m, struct slice chunk);

/*
 * The end of the message: waits for the lookups, within the deadline of
 * the configuration, and decides.  False: memory was short, so that nothing
 * is known of the message, and it ought to come again later.
 */
bool	message_finish(struct message *m,
	    const struct inquiry_waiting *waiting,
	    struct message_orders *orders);

/*
 * What became of the message: what the mail server was answered in the end,
 * which need not be what message_finish() ordered.
 */
enum message_outcome {
	MESSAGE_ACCEPTED,
	MESSAGE_REJECTED,
	MESSAGE_DEFERRED,
	MESSAGE_QUARANTINED,
	MESSAGE_DISCARDED,
	MESSAGE_ABORTED,	/* the client gave it up, or another filter
				   or the mail server refused it */
	MESSAGE_LOST,		/* the connection ended before the answer */
	MESSAGE_SHUT_DOWN	/* the process ended before the answer */
};

struct message_answer {
	enum message_outcome		 outcome;
	const struct policy_reply	*reply;	/* NULL: none of ours */
	/* Static: why it is not what was ordered; NULL: it is. */
	const char			*why;
};

/* The mail server's name of the message, as soon as it is known. */
void	message_set_queue_id(struct message *m, struct slice id);
/* "-" when it is not known.  Borrowed. */
const char	*message_queue_id(const struct message *m);

/*
 * The end of a message that has reached MAIL, whatever the way out, also
 * when message_finish() was not called or false.  Its record is published
 * now (see event/event.h).  Again: nothing happens.
 */
void	message_told(struct message *m, const struct message_answer *answer);

/*
 * Why a message has no signature of ours although its sender or its From is
 * ours: static.  NULL when it has one, or nobody expects one.  `accepted`: it
 * was or will be.
 */
const char	*message_unsigned_why(const struct message *m, bool accepted);

/* After message_finish(). */
const struct message_results	*message_results(const struct message *m);

/*
 * The questions and what DNS answered, for those who explain a check: after
 * message_finish(), borrowed, NULL for a message that was not checked.
 */
struct dns_ledger		*message_ledger(const struct message *m);
const struct mail_header	*message_header(const struct message *m);

#endif
