/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: libmilter's callbacks, one SMTP connection each.
 *
 * Callbacks of one session come one after another, though on changing
 * threads.  A message begins with HELO, if that is to be checked, or else
 * with MAIL; the first one of a connection with that itself, when something
 * is asked about the client.  It ends with end-of-message, abort, the next
 * MAIL or the end of the connection.  xxfi_close comes also for connections
 * that said nothing (port scanners, our own nudges), without private data.
 */
#include "milter/session.h"

#include <libmilter/mfapi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/log.h"
#include "message/message.h"
#include "milter/crew.h"
#include "milter/drain.h"
#include "milter/mta.h"
#include "milter/stack.h"
#include "milter/wire.h"

#define NAME_OCTETS	255	/* a longer one is cut */
#define PROGRESS_MS	5000	/* Sendmail waits for 10 s by default */

struct session {
	LIST_ENTRY(session)	 link;		/* of all */
	struct ipaddr		 client;
	/* Of the connection; NULL: none yet. */
	char			*client_name;
	char			*daemon_name;
	char			*mta;		/* its version */
	char			*host;		/* the MTA's own name */
	char			*helo;
	bool			 starved;	/* no memory for them */
	bool			 leading_space;	/* SMFIP_HDR_LEADSPC */
	bool			 started;	/* MAIL came */
	bool			 in_hand;	/* counted for the drain */
	struct message		*message;
	/* What its end is answered, until that is written. */
	bool			 answered;
	struct message_answer	 answer;
	struct policy_reply	*reply;	/* owned; NULL: none of ours */
};

/* While so few workers judge a message they keep their stacks, for giving
   back costs 2 % of a message: 1 MB at most, and no more are the smtpd
   processes of Postfix. */
#define STACKS_KEPT 100

static struct listener *own_listener;
static atomic_int busy;			/* workers that judge a message */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/*
 * All of them, under the lock.  At the end of the process libmilter forgets
 * its sessions: here they are still to be found.
 */
static LIST_HEAD(, session) sessions = LIST_HEAD_INITIALIZER(sessions);

static struct session *
session_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

/* The session, which is made by the first callback of a connection. */
static struct session *
session_need(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		return s;
	s = mem_alloc(sizeof(*s));
	if (s == NULL || smfi_setpriv(ctx, s) != MI_SUCCESS) {
		mem_free(s);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&sessions, s, link);
	pthread_mutex_unlock(&lock);
	return s;
}

/*
 * This is what became of the message, if its record is not published yet.
 * What HELO began may be there without a message.
 */
static void
forget_message(struct session *s, enum message_outcome outcome)
{
	const struct message_answer other = { .outcome = outcome };

	if (s->message != NULL)
		message_told(s->message, s->answered ? &s->answer : &other);
	message_free(s->message);
	mem_free(s->reply);
	s->message = NULL;
	s->reply = NULL;
	s->answered = false;
	s->started = false;
}

static void
end_message(struct session *s, enum message_outcome outcome)
{
	forget_message(s, outcome);
	if (s->in_hand)
		drain_end();
	s->in_hand = false;
}

/* In progress until the mail server has the answer. */
static void
end_message_with_reply(struct session *s, enum message_outcome outcome)
{
	forget_message(s, outcome);
	if (s->in_hand)
		drain_end_with_reply();
	s->in_hand = false;
}

/* What became of a message whose connection has ended. */
static enum message_outcome
unanswered(void)
{
	return drain_began() ? MESSAGE_SHUT_DOWN : MESSAGE_LOST;
}

/* Every macro set may bring it: Postfix knows it late, Sendmail at MAIL. */
static void
take_queue_id(SMFICTX *ctx, const struct session *s)
{
	const char *id = mta_macro(ctx, "i");

	if (s != NULL && s->message != NULL && id != NULL)
		message_set_queue_id(s->message, slice_str(id));
}

/* HELO applies to every message of the connection. */
static struct message *
begin_message(struct session *s)
{
	struct engine *engine = engine_current();
	struct slice receiver = engine->config->authserv_id;

	if (receiver.len == 0)
		receiver = slice_str(s->host);
	if (s->starved)
		engine_unref(engine);
	else
		s->message = message_new(engine, &(struct message_client){
			.address = s->client,
			.name = slice_str(s->client_name),
			.daemon_name = slice_str(s->daemon_name),
			.mta = slice_str(s->mta) }, receiver);
	if (s->message == NULL)
		log_line(CONFIG_LOG_ERROR, "no memory for a message");
	else if (s->helo != NULL)
		message_helo(s->message, slice_str(s->helo));
	return s->message;
}

/* True when a reload has made the engine of this message an old one. */
static bool
is_outdated(const struct message *m)
{
	struct engine *engine = engine_current();
	bool outdated = message_results(m)->engine != engine;

	engine_unref(engine);
	return outdated;
}

/* The client has connected: what is asked about it is asked now. */
static void
begin_early(struct session *s)
{
	struct engine *engine = engine_current();
	bool early = message_begins_at_connect(engine->config);

	engine_unref(engine);
	if (early)
		begin_message(s);
}

/*
 * The steps that are not needed.  What is negotiated is valid as long as the
 * connection, and a reload may bring any rule: so nothing is left out that
 * only some rules need.  RCPT is one packet without an answer.
 *
 * MAIL is answered: Postfix delays commands that need no answer until DATA,
 * and the lookups for SPF would start late.  Over TCP the answer to DATA is
 * kept: it carries the acknowledgement for which the mail server would wait
 * some 40 ms otherwise.
 */
static unsigned long
steps_to_skip(void)
{
	return SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_RCPT | SMFIP_NR_HDR |
	    SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NOUNKNOWN |
	    SMFIP_HDR_LEADSPC |
	    (listener_is_inet(own_listener) ? 0 : SMFIP_NODATA);
}

static void
ask_for_macros(SMFICTX *ctx)
{
	static char at_connect[] = "j v {daemon_name}",
	    at_helo[] = "{tls_version} {cipher} {verify} {cn_subject} "
	    "{cert_subject}",
	    at_mail[] = "i {auth_type} {auth_authen}",
	    at_rcpt[] = "i", at_end[] = "i";

	smfi_setsymlist(ctx, SMFIM_CONNECT, at_connect);
	smfi_setsymlist(ctx, SMFIM_HELO, at_helo);
	smfi_setsymlist(ctx, SMFIM_ENVFROM, at_mail);
	smfi_setsymlist(ctx, SMFIM_ENVRCPT, at_rcpt);
	smfi_setsymlist(ctx, SMFIM_EOM, at_end);
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused2, unsigned long unused3, unsigned long *want_actions,
    unsigned long *want_steps, unsigned long *want2, unsigned long *want3)
{
	const unsigned long need = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	struct session *s = session_need(ctx);

	(void)unused2;
	(void)unused3;
	if (s == NULL)
		return SMFIS_REJECT;
	if ((actions & need) != need) {
		log_line(CONFIG_LOG_ERROR, "the mail server does not let a "
		    "milter add and change header fields");
		return SMFIS_REJECT;
	}
	*want_actions = actions & (need | SMFIF_QUARANTINE);
	*want_steps = steps & steps_to_skip();
	*want2 = *want3 = 0;
	s->leading_space = (*want_steps & SMFIP_HDR_LEADSPC) != 0;
	if ((actions & SMFIF_SETSYMLIST) != 0) {
		*want_actions |= SMFIF_SETSYMLIST;
		ask_for_macros(ctx);
	}
	return SMFIS_CONTINUE;
}

static void
forget_names(struct session *s)
{
	char **const names[] = { &s->client_name, &s->daemon_name, &s->mta,
		&s->host, &s->helo };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		mem_free(*names[i]);
		*names[i] = NULL;
	}
	s->starved = false;
}

/* NULL is as good as "". */
static char *
keep_name(struct session *s, const char *text)
{
	char *kept;

	if (text == NULL || text[0] == '\0')
		return NULL;
	kept = mem_dup(text, strnlen(text, NAME_OCTETS));
	if (kept == NULL)
		s->starved = true;
	return kept;
}

/* The mail server's name, or else that of this host. */
static char *
keep_host(struct session *s, const char *host)
{
	char own[NAME_OCTETS + 1] = "";

	if (host != NULL && host[0] != '\0')
		return keep_name(s, host);
	if (gethostname(own, sizeof(own) - 1) != 0)
		return keep_name(s, "localhost");
	return keep_name(s, own);
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *addr)
{
	struct session *s = session_need(ctx);

	if (s == NULL)
		return SMFIS_NOREPLY;
	/* Another client (XCLIENT, a connection used again): nothing stays. */
	end_message(s, MESSAGE_ABORTED);
	forget_names(s);
	s->client = (struct ipaddr){ .family = IPADDR_NONE };
	ipaddr_from_sockaddr(addr, &s->client);
	s->client_name = keep_name(s, name);
	s->daemon_name = keep_name(s, mta_macro(ctx, "{daemon_name}"));
	s->mta = keep_name(s, mta_macro(ctx, "v"));
	s->host = keep_host(s, mta_macro(ctx, "j"));
	begin_early(s);
	return SMFIS_NOREPLY;
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_NOREPLY;
	if (s->helo != NULL || s->started)
		end_message(s, MESSAGE_ABORTED);
	mem_free(s->helo);
	s->helo = mem_dup(name, strlen(name));
	/* It may have begun when the client connected. */
	if (s->message == NULL)
		begin_message(s);
	else if (s->helo != NULL)
		message_helo(s->message, slice_str(s->helo));
	return SMFIS_NOREPLY;
}

static bool
has_argument(char **argv, const char *word)
{
	for (argv++; *argv != NULL; argv++)
		if (strcasecmp(*argv, word) == 0)
			return true;
	return false;
}

static void
nudge(void)
{
	listener_nudge(own_listener);
}

static void
about_to_block(void *arg)
{
	(void)arg;
	(void)crew_block();
	if (atomic_load(&busy) > STACKS_KEPT)
		stack_give_back();
}

/* A wire_replied_fn: the end of the message. */
static void
replied(void *arg, bool written)
{
	struct session *s = arg;

	if (!written)
		s->answer = (struct message_answer){
			.outcome = unanswered(),
			.why = "the answer could not be written" };
	end_message_with_reply(s, s->answer.outcome);
}

/* For the record, until the answer is written.  False: no memory. */
static bool
keep_reply(struct session *s, const struct policy_reply *reply)
{
	s->reply = mem_alloc(sizeof(*s->reply));
	if (s->reply != NULL)
		*s->reply = *reply;
	return s->reply != NULL;
}

/* The answer; with it the message ends. */
static sfsistat
answer(SMFICTX *ctx, struct session *s, const struct message_answer *a)
{
	static const struct message_answer starved = {
		.outcome = MESSAGE_DEFERRED, .why = "out of memory" };

	if (a->reply != NULL && !keep_reply(s, a->reply))
		a = &starved;
	s->answer = *a;
	s->answered = true;
	if (a->reply != NULL) {
		s->answer.reply = s->reply;
		mta_set_reply(ctx, message_queue_id(s->message), a->reply);
	}
	if (wire_is_guarded())
		wire_await_reply(replied, s);
	else
		replied(s, true);
	switch (a->outcome) {
	case MESSAGE_REJECTED:
		return SMFIS_REJECT;
	case MESSAGE_DEFERRED:
		return SMFIS_TEMPFAIL;
	case MESSAGE_DISCARDED:
		return SMFIS_DISCARD;
	case MESSAGE_ACCEPTED:
	case MESSAGE_QUARANTINED:
	case MESSAGE_ABORTED:
	case MESSAGE_LOST:
	case MESSAGE_SHUT_DOWN:
		break;
	}
	return SMFIS_CONTINUE;
}

int
session_busy(void)
{
	return atomic_load(&busy);
}

static sfsistat
decide_at_mail(SMFICTX *ctx, struct session *s)
{
	const struct inquiry_waiting waiting = { .blocks = about_to_block };
	struct message_orders orders;
	bool decided;

	atomic_fetch_add(&busy, 1);
	decided = message_decide_at_mail(s->message, &waiting, &orders);
	crew_unblock();
	atomic_fetch_sub(&busy, 1);
	if (!decided)
		return SMFIS_CONTINUE;
	return answer(ctx, s, &(struct message_answer){
		.outcome = orders.action == POLICY_REJECT ?
		    MESSAGE_REJECTED : MESSAGE_DEFERRED,
		.reply = &orders.reply });
}

static struct message_tls
tls_of(SMFICTX *ctx)
{
	const char *verify = mta_macro(ctx, "{verify}");
	const char *cn = mta_macro(ctx, "{cn_subject}");
	const char *subject = mta_macro(ctx, "{cert_subject}");

	return (struct message_tls){
		.version = slice_str(mta_macro(ctx, "{tls_version}")),
		.cipher = slice_str(mta_macro(ctx, "{cipher}")),
		.verified = origin_is_verified(verify, cn, subject),
		.certificate = origin_certificate(verify, cn, subject) };
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	static const struct policy_reply restarting = { .code = "451",
		.enhanced = "4.3.2",
		.text = "the mail filter is being restarted" };
	struct session *s = session_of(ctx);
	const char *auth = mta_macro(ctx, "{auth_type}");

	if (s == NULL)
		return SMFIS_CONTINUE;
	if (s->started || (s->message != NULL && is_outdated(s->message)))
		end_message(s, MESSAGE_ABORTED);
	/* It would be cut off: better that it comes again. */
	s->in_hand = drain_begin();
	if (!s->in_hand) {
		mta_set_reply(ctx, "-", &restarting);
		return SMFIS_TEMPFAIL;
	}
	s->started = true;
	if (s->message == NULL && begin_message(s) == NULL)
		return SMFIS_CONTINUE;
	take_queue_id(ctx, s);
	message_mail(s->message, &(struct message_envelope){
		.path = slice_str(argv[0]),
		.utf8 = has_argument(argv, "SMTPUTF8"),
		.authenticated = auth != NULL && *auth != '\0',
		.user = slice_str(mta_macro(ctx, "{auth_authen}")),
		.mechanism = slice_str(auth),
		.tls = tls_of(ctx),
		.eight_bit = has_argument(argv, "BODY=8BITMIME"),
		.now = (int64_t)time(NULL),
		.steady = clock_us() / 1000000 });
	return decide_at_mail(ctx, s);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->message != NULL) {
		take_queue_id(ctx, s);
		message_recipient(s->message, slice_str(argv[0]));
	}
	return SMFIS_NOREPLY;
}

static sfsistat
on_data(SMFICTX *ctx)
{
	take_queue_id(ctx, session_of(ctx));
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = session_of(ctx);
	struct buf b;

	if (s == NULL || s->message == NULL)
		return SMFIS_NOREPLY;
	if (s->leading_space) {
		message_field(s->message, slice_str(name), slice_str(value));
		return SMFIS_NOREPLY;
	}
	/* The mail server took one blank away; which fields had one is lost. */
	buf_init(&b, LIMIT_HEADER_BYTES);
	buf_addc(&b, ' ');
	buf_adds(&b, value);
	message_field(s->message, slice_str(name), buf_slice(&b));
	buf_fini(&b);
	return SMFIS_NOREPLY;
}

static sfsistat
on_eoh(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->message != NULL)
		message_header_end(s->message);
	return SMFIS_NOREPLY;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->message != NULL)
		message_body(s->message,
		    (struct slice){ (const char *)chunk, len });
	return SMFIS_NOREPLY;
}

static void
show_progress(void *arg)
{
	(void)smfi_progress(arg);
}

/* What the mail server would not let be done leaves for another time. */
static sfsistat
defer(SMFICTX *ctx, struct session *s, const char *why)
{
	static const struct policy_reply reply = { .code = "451",
		.enhanced = "4.3.0",
		.text = "the message cannot be checked at this time" };

	log_line(CONFIG_LOG_ERROR, "%s: %s, message deferred",
	    message_queue_id(s->message), why);
	return answer(ctx, s, &(struct message_answer){ .why = why,
		.outcome = MESSAGE_DEFERRED, .reply = &reply });
}

static sfsistat
carry_out(SMFICTX *ctx, struct session *s, const struct message_orders *o)
{
	struct message_answer a = { .outcome = MESSAGE_ACCEPTED };

	switch (o->action) {
	case POLICY_REJECT:
	case POLICY_TEMPFAIL:
		a.outcome = o->action == POLICY_REJECT ? MESSAGE_REJECTED :
		    MESSAGE_DEFERRED;
		a.reply = &o->reply;
		return answer(ctx, s, &a);
	case POLICY_DISCARD:
		a.outcome = MESSAGE_DISCARDED;
		return answer(ctx, s, &a);
	case POLICY_QUARANTINE:
		a.outcome = MESSAGE_QUARANTINED;
		break;
	case POLICY_ACCEPT:
		break;
	}
	if (!mta_change_header(ctx, s->leading_space, o))
		return defer(ctx, s, "the header could not be changed");
	if (o->action == POLICY_QUARANTINE &&
	    !mta_quarantine(ctx,
	    message_results(s->message)->decision.rule->name))
		return defer(ctx, s, "the mail server cannot quarantine");
	return answer(ctx, s, &a);
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	const struct inquiry_waiting waiting = { .blocks = about_to_block,
		.progress = show_progress, .progress_ms = PROGRESS_MS,
		.arg = ctx };
	struct session *s = session_of(ctx);
	const char *id = mta_macro(ctx, "i");
	struct message_orders orders;
	bool finished;

	take_queue_id(ctx, s);
	if (s == NULL || s->message == NULL) {
		log_line(CONFIG_LOG_ERROR, "%s: out of memory, message "
		    "deferred", id != NULL ? id : "-");
		if (s != NULL)
			end_message_with_reply(s, MESSAGE_DEFERRED);
		return SMFIS_TEMPFAIL;
	}
	atomic_fetch_add(&busy, 1);
	finished = message_finish(s->message, &waiting, &orders);
	crew_unblock();
	atomic_fetch_sub(&busy, 1);
	if (!finished)
		return defer(ctx, s, "out of memory");
	return carry_out(ctx, s, &orders);
}

/* Also for a connection that has ended within a message. */
static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s == NULL || !s->started)
		return SMFIS_CONTINUE;
	take_queue_id(ctx, s);
	end_message(s, wire_is_lost() ? unanswered() : MESSAGE_ABORTED);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	wire_closed();
	if (s == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	wire_await_reply(NULL, NULL);
	end_message(s, unanswered());
	pthread_mutex_lock(&lock);
	LIST_REMOVE(s, link);
	pthread_mutex_unlock(&lock);
	forget_names(s);
	mem_free(s);
	return SMFIS_CONTINUE;
}

bool
session_register(struct listener *listener)
{
	static char name[] = "assay-milter";
	const struct smfiDesc callbacks = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS |
		    SMFIF_QUARANTINE | SMFIF_SETSYMLIST,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate
	};

	own_listener = listener;
	crew_set_nudge(nudge);
	return smfi_register(callbacks) == MI_SUCCESS;
}
