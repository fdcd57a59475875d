/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * land: what c-ares brings back is read, judged, and goes on or ends (steps 3
 * to 5 of query.c), in the resolver thread.
 *
 * 4. The landing is judged (judge):
 *    - an answer, or one past our limits: done;
 *    - CNAMEs without an end: on with their target, as a new question of
 *      the same query; LIMIT_DNS_FOLLOWED times, since a name server that
 *      resolves gives the whole chain, and each costs packets.  It does
 *      not join another query for that name: two chains that lead to each
 *      other would wait for each other.
 *    - truncated: the same server again by TCP (RFC 7766 section 5), and
 *      when c-ares 1.34 is told to use TCP alone (resolv.conf: use-vc);
 *    - the TCP connection broke, with all questions on it: the same server
 *      again, TCP_BREAKS times;
 *    - a name in other letters than it was asked in: the same server again
 *      by TCP, or as casing_internal.h says;
 *    - FORMERR without OPT: the same server again without OPT (RFC 6891
 *      section 7).  What is known of OPT holds until a reload;
 *    - no descriptor for a socket: the same server again, until the time of
 *      the try is over;
 *    - no memory to send it: done, and no fault of the server's;
 *    - silence by TCP before the time of the try is over, which c-ares 1.34
 *      knows better: the same server again;
 *    - else the next try: another server in order of health.
 * 5. After max(tries, servers) tries, or when every server has answered with
 *    a failure: timeout when one was silent, else malformed when one was,
 *    else not asked when there was no descriptor, else server failure.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/query_internal.h"

#define RCODE_FORMERR	1
/* So often in one try is it asked again whose TCP connection broke: it may
   have been another's fault, and next time they are apart (ours). */
#define TCP_BREAKS	5

enum step {
	STEP_DONE,	/* q->answer, or past a limit */
	STEP_FOLLOW,	/* the target of a CNAME */
	STEP_AGAIN,	/* same server, same try */
	STEP_NEXT	/* next try */
};

/* ---- reading ---- */

/* The end of a chain as the answer to the question; NULL: no memory. */
static const struct dns_answer *
answer_make(const struct query *q, struct slice packet)
{
	const struct packet_reply *reply = q->reply;
	bool by_cname = reply->kind == PACKET_FOUND &&
	    q->links + reply->links > 0;
	struct domain owner = { .len = 0 };
	struct dns_draft draft;

	if (by_cname)
		(void)packet_name_to_text(&reply->target, &owner);
	if (!dns_answer_new(q->type, q->node.key.name, reply->count,
	    reply->bytes + owner.len, &draft))
		return NULL;
	if (by_cname) {
		memcpy(draft.text + reply->bytes, owner.text, owner.len);
		draft.answer->owner = (struct slice){
			draft.text + reply->bytes, owner.len };
	}
	if (reply->kind == PACKET_FOUND)
		packet_fill(packet, q->type, reply, &draft);
	else if (reply->kind == PACKET_NO_NAME)
		draft.answer->outcome = DNS_NO_NAME;
	draft.answer->rcode = reply->rcode;
	draft.answer->authenticated = q->authenticated &&
	    reply->authenticated && q->server->trusted;
	draft.answer->ttl = reply->ttl < q->ttl ? reply->ttl : q->ttl;
	return draft.answer;
}

/* Is it an answer to the name as it was sent? */
static bool
is_mismatch(const struct query *q, struct slice packet,
    const struct packet_name *name)
{
	struct packet_name asked;

	if (!q->mixed)
		return false;
	casing_mix(name, q->letters, &asked);
	if (!casing_repeats(packet, &asked))
		return true;
	casing_match(&q->server->casing, &asked);
	return false;
}

/* No socket to ask with: our shortage, and no fault of the server's. */
static bool
is_short_of_descriptors(const struct resolver *r)
{
	int fd = fcntl(r->wake, F_DUPFD_CLOEXEC, 0);

	if (fd != -1)
		(void)close(fd);
	return fd == -1;
}

/* No reply and no answer: no memory for them. */
static void
read_reply(struct query *q, struct slice packet,
    const struct packet_name *asked)
{
	struct packet_reply *reply = mem_alloc(sizeof(*reply));

	q->reply = reply;
	if (reply == NULL)
		return;
	packet_read(packet, asked, q->type, LIMIT_DNS_CNAMES - q->links, reply);
	if (reply->kind == PACKET_FOUND || reply->kind == PACKET_NO_DATA ||
	    reply->kind == PACKET_NO_NAME)
		q->answer = answer_make(q, packet);
}

void
query_landed_empty(struct query *q, int status)
{
	struct resolver *r = q->resolver;

	q->status = status;
	q->has_packet = q->mismatch = q->overdue = false;
	q->answer = NULL;
	q->starved = status != ARES_ETIMEOUT && is_short_of_descriptors(r);
	if (q->starved)
		q->server->starved = true;
	STAILQ_INSERT_TAIL(&r->landed, q, landing);
}

static void
landed_with_packet(struct query *q, int status, struct slice packet)
{
	struct packet_name asked;

	query_asked_name(q, &asked);
	q->status = status;
	q->has_packet = true;
	q->starved = q->overdue = false;
	q->answer = NULL;
	q->mismatch = is_mismatch(q, packet, &asked);
	if (!q->mismatch)
		read_reply(q, packet, &asked);
	STAILQ_INSERT_TAIL(&q->resolver->landed, q, landing);
}

/* Step 3. */
void
query_landed(struct flight_ticket *t, int status, struct slice packet)
{
	bool ended = status == ARES_EDESTRUCTION;
	struct query *q = flight_give_ticket(t, ended);

	if (q == NULL || ended)
		return;
	if (status == ARES_ECANCELLED && q->channel->moving)
		STAILQ_INSERT_TAIL(&q->resolver->moved, q, landing);
	else if (packet.len == 0)
		query_landed_empty(q, status);
	else
		landed_with_packet(q, status, packet);
}

/* ---- judging ---- */

static size_t
server_index(const struct query *q)
{
	return (size_t)(q->server - q->resolver->servers);
}

/* The server has answered, and it was no use. */
static enum step
useless(struct query *q)
{
	q->tries.answered[server_index(q)] = true;
	return STEP_NEXT;
}

static enum step
by_tcp(struct query *q)
{
	if (q->tcp) {
		q->broken = true;
		return useless(q);
	}
	q->tcp = true;
	q->by_casing = false;
	return STEP_AGAIN;
}

static enum step
judge_failure(struct query *q)
{
	const struct packet_reply *reply = q->reply;

	q->rcode = reply->rcode;
	if (reply->rcode == RCODE_FORMERR && !reply->edns && q->edns) {
		q->plain = true;
		return STEP_AGAIN;
	}
	return useless(q);
}

/* Someone else's answer, or a server that does not keep the letters. */
static enum step
judge_mismatch(struct query *q, int64_t now_us)
{
	bool tcp = casing_mismatch(&q->server->casing, now_us);

	if (++q->mismatches > CASING_FOLDS) {
		q->broken = true;
		return useless(q);
	}
	q->tcp = q->by_casing = tcp;
	return STEP_AGAIN;
}

static enum step
judge_packet(struct query *q)
{
	struct packet_reply *reply = q->reply;

	if (reply == NULL)
		return STEP_DONE;	/* no memory */
	/* Without OPT it understood us: so it is to be from now on. */
	if (q->plain && reply->rcode != RCODE_FORMERR &&
	    reply->kind != PACKET_BROKEN)
		q->server->edns = false;
	switch (reply->kind) {
	case PACKET_FOUND:
	case PACKET_NO_DATA:
	case PACKET_NO_NAME:
	case PACKET_EXCESS:
		return STEP_DONE;
	case PACKET_FOLLOW:
		if (q->followed < LIMIT_DNS_FOLLOWED)
			return STEP_FOLLOW;
		reply->kind = PACKET_EXCESS;
		return STEP_DONE;
	case PACKET_TRUNCATED:
		return by_tcp(q);
	case PACKET_FAILURE:
		return judge_failure(q);
	case PACKET_BROKEN:
		break;
	}
	q->broken = true;
	return useless(q);
}

/* To have its place; a TCP connection that has ended is cancelled, too. */
static bool
is_given_up(const struct query *q)
{
	return q->status == ARES_ECANCELLED &&
	    !server_is_tcp(q->channel);
}

/* By TCP c-ares 1.34 writes no name that is no host name (carry_internal.h):
   nothing was sent. */
static bool
is_unwritten(const struct query *q)
{
	return q->status == ARES_EBADNAME || q->status == ARES_EFORMERR;
}

/* For reasons that have nothing to do with the server. */
static bool
is_unsent(const struct query *q)
{
	return q->starved || q->status == ARES_ENOMEM || is_unwritten(q) ||
	    q->status == SERVER_BY_TCP;
}

/* Step 4. */
static enum step
judge(struct query *q, int64_t now_us)
{
	q->unheard = false;
	if (q->has_packet)
		return q->mismatch ? judge_mismatch(q, now_us) :
		    judge_packet(q);
	if (q->starved)
		return now_us - q->try_us < q->resolver->timeout_us ?
		    STEP_AGAIN : STEP_NEXT;
	if (q->status == ARES_ENOMEM)
		return STEP_DONE;	/* with no answer */
	if (is_unwritten(q))
		return useless(q);
	if (q->status == SERVER_BY_TCP)
		return by_tcp(q);
	if (q->status == ARES_EBADRESP)
		q->broken = true;
	q->unheard = q->status == ARES_ETIMEOUT || is_given_up(q);
	if (q->tcp && !q->unheard && q->channel != NULL &&
	    q->breaks < TCP_BREAKS) {
		q->breaks++;
		return STEP_AGAIN;
	}
	if (q->status == ARES_EBADRESP)
		return useless(q);
	if (q->by_casing) {
		casing_tcp_failed(&q->server->casing);
		q->tcp = q->by_casing = false;
		return STEP_AGAIN;
	}
	if (is_given_up(q))
		q->silent = true;
	if (q->status != ARES_ETIMEOUT)
		return STEP_NEXT;
	/* c-ares keeps time by its own clock: a quarter is well apart. */
	if (now_us - q->try_us < q->resolver->timeout_us / 4 * 3) {
		q->breaks++;
		return STEP_AGAIN;
	}
	q->silent = true;
	return STEP_NEXT;
}

/* The lock is held. */
static void
note_health(struct resolver *r, struct query *q, enum step step,
    int64_t now_us)
{
	struct server *s = q->server;
	bool failed = false;
	size_t i;

	if (q->has_packet || q->status == ARES_EBADRESP)
		server_note_answer(&s->health, q->sent_us, now_us);
	else if (q->status == ARES_ETIMEOUT)
		failed = step == STEP_NEXT &&
		    server_note_silence(&s->health, q->try_us, now_us);
	else if (!is_unsent(q) && !is_given_up(q) &&
	    !server_is_tcp(q->channel))
		failed = server_note_unreachable(&s->health, now_us);
	if (q->has_packet)
		flight_note_answer(r, q);
	else if (q->unheard && step == STEP_NEXT && !q->noted)
		flight_note_silence(r, q, now_us);
	for (i = 0; failed && r->server_count > 1 && i < SERVER_LINES; i++)
		queue_reassign(r, s, &s->queues[i], now_us);
}

/* Step 5. */
static const struct dns_answer *
answer_failure(const struct query *q)
{
	if (q->starved && !q->silent && !q->broken)
		return dns_answer_of(DNS_NOT_ASKED);
	return query_answer_empty(q, q->silent ? DNS_TIMEOUT :
	    q->broken ? DNS_MALFORMED : DNS_SERVER_FAILURE);
}

/* ---- going on ---- */

static void
follow(struct query *q)
{
	mem_free(q->led);
	q->led = q->reply;
	q->reply = NULL;
	q->links += q->led->links;
	q->followed++;
	if (q->led->ttl < q->ttl)
		q->ttl = q->led->ttl;
	q->authenticated = q->authenticated && q->led->authenticated &&
	    q->server->trusted;
	query_begin_question(q);
}

/* Queues what `step` wants; false when the query is at its end.  The lock
   is held. */
static bool
go_on(struct resolver *r, struct query *q, enum step step, int64_t now_us)
{
	if (TAILQ_EMPTY(&q->waits))
		return false;
	if (step == STEP_AGAIN) {
		q->again = true;
		queue_add(r, q->server, q, !q->unheard, now_us);
		return true;
	}
	if (step == STEP_FOLLOW)
		follow(q);
	else if (q->silent && query_find_domain(r, q, now_us) != NULL)
		return false;	/* a silent domain gets one try */
	query_leave_server(q);
	return queue_next_try(r, q, now_us, !q->unheard);
}

/* A query whose end is known: with an answer of its own or a failure. */
static const struct dns_answer *
final_answer(struct query *q, enum step step)
{
	if (step != STEP_DONE)
		return answer_failure(q);
	if (q->reply != NULL && q->reply->kind == PACKET_EXCESS)
		return query_answer_empty(q, DNS_MALFORMED);
	/* No memory for it: our budget, not the server's fault. */
	return q->answer != NULL ? q->answer : dns_answer_no_memory();
}

static void
land(struct resolver *r, struct query *q)
{
	int64_t now = clock_us();
	enum step step = judge(q, now);
	const struct dns_answer *answer = NULL;
	bool goes_on = false, dropped = false;

	flight_remove(q);
	/* Else it will when c-ares calls back. */
	if (q->channel != NULL && !q->overdue)
		server_landed(q->channel);
	(void)pthread_mutex_lock(&r->lock);
	if (q->slow)
		q->server->slow--;
	else
		flight_leave_place(q);
	note_health(r, q, step, now);
	statistics_note_landing(q, now);
	if (step != STEP_DONE) {
		goes_on = go_on(r, q, step, now);
		/* Half the tries are no verdict for the cache. */
		dropped = !goes_on && TAILQ_EMPTY(&q->waits);
		if (dropped)
			query_leave_table(r, q);
	}
	if (!goes_on && !dropped)
		answer = query_settle(r, q, final_answer(q, step), now);
	(void)pthread_mutex_unlock(&r->lock);
	if (dropped)
		query_free(q);
	else if (!goes_on)
		query_tell(r, q, answer);
}

bool
queries_land(struct resolver *r)
{
	struct landed some = STAILQ_HEAD_INITIALIZER(some);
	struct query *q;
	bool any = !STAILQ_EMPTY(&r->landed);

	STAILQ_CONCAT(&some, &r->landed);
	while ((q = STAILQ_FIRST(&some)) != NULL) {
		STAILQ_REMOVE_HEAD(&some, landing);
		land(r, q);
	}
	queries_tell_all(r);
	return any;
}
