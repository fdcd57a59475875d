/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: the life of one (name, type) from its first asker to its last
 * waiter.
 *
 * 1. The first asker makes it, others join (query_ask).  It gets a server
 *    (server_pick) and waits there for its turn among those who cause
 *    questions (fair_internal.h), and for one of the LIMIT_DNS_IN_FLIGHT
 *    places.  What will hardly be answered is in a line of its own, and
 *    takes at most LIMIT_DNS_SUSPECT of them: another try after a silent
 *    one, questions below a domain whose servers are silent
 *    (silence_internal.h), and those of networks that mostly ask such.
 * 2. The resolver thread sends it (queries_dispatch).  What is not answered in
 *    SERVER_SLOW_US gives its place up, what is not in SERVER_SILENT_US is
 *    noted against its domain and its network, if the server answers others.
 * 3. c-ares calls back, perhaps at once or for many at a time.  The packet
 *    is read there, for its octets live no longer; all else waits until
 *    c-ares has returned (queries_land), so that it is never called from
 *    within itself.
 * 4. The landing is judged (judge):
 *    - an answer, or one past our limits: done;
 *    - CNAMEs without an end: on with their target, as a new question of
 *      the same query; LIMIT_DNS_FOLLOWED times, since a name server that
 *      resolves gives the whole chain, and each costs packets.  It does
 *      not join another query for that name: two chains that lead to each
 *      other would wait for each other.
 *    - truncated: the same server again by TCP (RFC 7766 section 5);
 *    - the TCP connection broke, with all questions on it: the same server
 *      again, TCP_BREAKS times;
 *    - a name in other letters than it was asked in: the same server again
 *      by TCP, or as casing_internal.h says;
 *    - FORMERR without OPT: the same server again without OPT (RFC 6891
 *      section 7).  c-ares 1.18 has then done so itself and takes no more
 *      than 512 octets by UDP from now on; an answer that it cut off there
 *      is asked for by TCP.  What is known of OPT holds until a reload;
 *    - no DNS message (c-ares 1.34 takes it for the answer, whatever its id
 *      is): the same server again by TCP, where nobody else can send;
 *    - no descriptor for a socket: the same server again, until the time of
 *      the try is over;
 *    - silence before the time of the try is over, which c-ares 1.34 knows
 *      better: the same server again;
 *    - else the next try: another server in order of health.
 * 5. After max(tries, servers) tries, or when every server has answered with
 *    a failure: timeout when one was silent, else malformed when one was,
 *    else not asked when there was no descriptor, else server failure.
 * 6. The end (finish): out of the table, into the cache, which may have an
 *    expired answer instead of a failure (RFC 8767), and every waiter is
 *    called, with no lock held.
 *
 * When nobody waits any more, a query in a queue ends at once, and one under
 * way is finished for the cache, but no further packet is sent for it.
 */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/resolver_internal.h"

#define RCODE_FORMERR	1
/* RFC 1035 section 4.2.1: where c-ares 1.18 cuts answers without EDNS. */
#define PLAIN_UDP_SIZE	512
/* So often in one try is it asked again whose TCP connection broke: it may
   have been another's fault, and next time they are apart (ours). */
#define TCP_BREAKS	2

enum step {
	STEP_DONE,	/* q->answer, or past a limit */
	STEP_FOLLOW,	/* the target of a CNAME */
	STEP_AGAIN,	/* same server, same try */
	STEP_NEXT	/* next try */
};

static struct query *
query_of(struct table_node *n)
{
	return (struct query *)((uintptr_t)n - offsetof(struct query, node));
}

/* ---- queues (all under the lock) ---- */

/* Whose turn is first? */
static bool
is_before(const struct query *a, const struct query *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->seq < b->seq;
}

static void
heap_put(struct query_heap *h, size_t at, struct query *q)
{
	h->items[at] = q;
	q->heap_at = at;
}

static void
heap_up(struct query_heap *h, size_t at, struct query *q)
{
	for (; at > 0 && is_before(q, h->items[(at - 1) / 2]);
	    at = (at - 1) / 2)
		heap_put(h, at, h->items[(at - 1) / 2]);
	heap_put(h, at, q);
}

static void
heap_down(struct query_heap *h, size_t at, struct query *q)
{
	size_t child;

	while ((child = 2 * at + 1) < h->count) {
		if (child + 1 < h->count &&
		    is_before(h->items[child + 1], h->items[child]))
			child++;
		if (!is_before(h->items[child], q))
			break;
		heap_put(h, at, h->items[child]);
		at = child;
	}
	heap_put(h, at, q);
}

static enum server_line
line_of(struct resolver *r, const struct query *q, int64_t now_us)
{
	return q->unheard || q->domain != NULL ||
	    fair_is_suspect(&r->fair, q->who, now_us) ? SERVER_SUSPECT :
	    SERVER_HOPEFUL;
}

/* What goes on after an answer is before all: it has had its turn. */
static void
queue_add(struct resolver *r, struct server *s, struct query *q, bool front,
    int64_t now_us)
{
	struct query_heap *h;
	uint64_t turn = fair_enter(&r->fair, q->who, q->decides);

	q->server = s;
	q->state = QUERY_QUEUED;
	q->seq = ++r->seq;
	q->turn = front ? 0 : turn;
	q->line = line_of(r, q, now_us);
	h = &s->queues[q->line];
	/* There is room for all that can be, see server_open(). */
	assert(h->count < h->cap);
	heap_up(h, h->count++, q);
	r->waiting++;
	r->suspects += q->line == SERVER_SUSPECT;
}

static void
queue_remove(struct resolver *r, struct query *q)
{
	struct query_heap *h = &q->server->queues[q->line];
	struct query *last = h->items[--h->count];

	fair_leave(&r->fair, q->who);
	r->waiting--;
	r->suspects -= q->line == SERVER_SUSPECT;
	if (last == q)
		return;
	if (q->heap_at > 0 && is_before(last, h->items[(q->heap_at - 1) / 2]))
		heap_up(h, q->heap_at, last);
	else
		heap_down(h, q->heap_at, last);
}

/* Queues the next try; false when there is no server left for it. */
static bool
queue_next_try(struct resolver *r, struct query *q, int64_t now_us,
    bool front)
{
	size_t i;

	if (q->tries.total >= r->max_tries)
		return false;
	i = server_pick(r->servers, r->server_count, &q->tries, now_us);
	if (i == r->server_count)
		return false;
	q->tries.total++;
	q->tries.asked[i]++;
	queue_add(r, &r->servers[i], q, front, now_us);
	return true;
}

/* What holds for one server. */
static void
leave_server(struct query *q)
{
	q->again = q->plain = false;
	if (q->by_casing)
		q->tcp = q->by_casing = false;
	q->mismatches = 0;
	q->breaks = 0;
}

/* The server has failed: who waits for it may find a better one.  In the
   resolver thread. */
static void
queue_reassign(struct resolver *r, struct server *s, struct query_heap *h,
    int64_t now_us)
{
	size_t index = (size_t)(s - r->servers), count = h->count;
	struct query *q;
	bool placed;

	for (; count > 0; count--) {
		q = h->items[h->count - 1];
		queue_remove(r, q);
		q->tries.asked[index]--;
		q->tries.total--;
		leave_server(q);
		placed = queue_next_try(r, q, now_us, false);
		assert(placed);		/* this server is still to be had */
		(void)placed;
	}
}

/* ---- asking and cancelling ---- */

static void
wait_link(struct query *q, struct resolver_wait *w)
{
	w->query = q;
	TAILQ_INSERT_TAIL(&q->waits, w, link);
}

/* What is asked now: the name itself, or where CNAMEs led. */
static void
asked_name(const struct query *q, struct packet_name *out)
{
	if (q->led != NULL)
		*out = q->led->target;
	else
		(void)packet_name_from_text(q->node.key.name, out);
}

/* The same as text, empty when it has none; `room` is where it may be. */
static struct slice
asked_text(const struct query *q, struct domain *room)
{
	if (q->led == NULL)
		return q->node.key.name;
	(void)packet_name_to_text(&q->led->target, room);
	return domain_slice(room);
}

static void
query_free(struct query *q)
{
	mem_free(q->led);
	mem_free(q->reply);
	mem_free(q);
}

static void
wait_unlink(struct query *q, struct resolver_wait *w)
{
	TAILQ_REMOVE(&q->waits, w, link);
	w->query = NULL;
}

static void
begin_question(struct query *q)
{
	q->tries = (struct server_tries){ .total = 0 };
	q->sent = q->again = q->tcp = q->plain = false;
	q->silent = q->unheard = q->broken = q->by_casing = false;
	q->mismatches = 0;
	q->breaks = 0;
	q->rcode = 0;
}

/* Half of the queue is for those who are not suspect. */
static bool
has_room(struct resolver *r, struct fair_who who, int64_t now_us)
{
	return r->waiting < LIMIT_DNS_QUEUE &&
	    (r->suspects < LIMIT_DNS_QUEUE / 2 ||
	    !fair_is_suspect(&r->fair, who, now_us));
}

/* NULL: `why`. */
static struct query *
query_new(struct resolver *r, const struct table_key *key,
    const struct resolver_wait *w, int64_t now_us, enum query_asked *why)
{
	struct fair_who who = { w->network, w->message };
	struct packet_name wire;
	struct domain name;
	struct query *q;

	*why = QUERY_REFUSED;
	if (r->stopping || !has_room(r, who, now_us) ||
	    !domain_parse_dns(key->name, &name) ||
	    !packet_name_from_text(key->name, &wire))
		return NULL;
	q = mem_alloc(sizeof(*q) + name.len);
	if (q == NULL) {
		*why = QUERY_NO_MEMORY;
		return NULL;
	}
	memcpy(q->text, name.text, name.len);
	TAILQ_INIT(&q->waits);
	q->resolver = r;
	q->type = (enum dns_type)key->type;
	q->asked_us = now_us;
	q->who = who;
	q->decides = w->decides;
	q->ttl = LIMIT_DNS_TTL_MAX;
	q->authenticated = true;
	q->node.key = *key;
	q->node.key.name = (struct slice){ q->text, name.len };
	begin_question(q);
	return q;
}

enum query_asked
query_ask(struct resolver *r, const struct table_key *key,
    struct resolver_wait *w, int64_t now_us)
{
	struct table_node *n = table_find(&r->queries, key);
	struct silent_domain *domain;
	enum query_asked why;
	struct query *q;

	if (n != NULL) {
		r->stats.coalesced++;
		wait_link(query_of(n), w);
		return QUERY_JOINED;
	}
	domain = silence_find(&r->silence, key->name, now_us);
	if (domain != NULL && !silence_take(&r->silence, domain))
		return QUERY_SILENT;
	q = query_new(r, key, w, now_us, &why);
	if (q == NULL) {
		if (domain != NULL)
			silence_give_back(domain);
		r->stats.outcomes[DNS_NOT_ASKED]++;
		return why;
	}
	q->domain = domain;
	(void)queue_next_try(r, q, now_us, false);
	table_insert(&r->queries, &q->node);
	wait_link(q, w);
	return QUERY_BEGUN;
}

/* Nobody joins it from here on.  The lock is held. */
static void
leave_table(struct resolver *r, struct query *q)
{
	table_remove(&r->queries, &q->node);
	if (q->domain != NULL)
		silence_give_back(q->domain);
	q->domain = NULL;
}

void
query_cancel(struct resolver *r, struct resolver_wait *w)
{
	struct query *q = w->query;

	wait_unlink(q, w);
	r->stats.cancelled++;
	if (!TAILQ_EMPTY(&q->waits) || q->state != QUERY_QUEUED)
		return;
	queue_remove(r, q);
	leave_table(r, q);
	query_free(q);
}

/* ---- sending ---- */

static void
take_random(struct resolver *r, void *out, size_t len)
{
	/* 256 octets or less are never cut short nor interrupted. */
	if (r->random_left < len) {
		if (getrandom(r->random, sizeof(r->random), 0) == -1)
			memset(r->random, 0, sizeof(r->random));
		r->random_left = sizeof(r->random);
	}
	r->random_left -= len;
	memcpy(out, r->random + r->random_left, len);
}

static const struct dns_answer *
answer_empty(const struct query *q, enum dns_outcome outcome)
{
	struct dns_draft draft;

	if (!dns_answer_new(q->type, q->node.key.name, 0, 0, &draft))
		return dns_answer_of(outcome);
	draft.answer->outcome = outcome;
	draft.answer->rcode = q->rcode;
	return draft.answer;
}

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

/* Step 3. */
static void
on_landed(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct query *q = arg;
	struct resolver *r = q->resolver;
	struct slice packet = { (const char *)bytes, 0 };
	struct packet_name asked;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION)
		return;
	q->status = status;
	q->has_packet = bytes != NULL && len > 0;
	q->starved = !q->has_packet && status != ARES_ETIMEOUT &&
	    is_short_of_descriptors(r);
	if (q->starved)
		q->server->starved = true;
	q->answer = NULL;
	if (q->has_packet) {
		asked_name(q, &asked);
		packet.len = q->packet_len = (size_t)len;
		q->mismatch = is_mismatch(q, packet, &asked);
		if (!q->mismatch)
			read_reply(q, packet, &asked);
	}
	STAILQ_INSERT_TAIL(&r->landed, q, landing);
}

/* ---- what is with c-ares, in the order of sending ---- */

static void
flight_add(struct query *q, int64_t now_us)
{
	struct server *s = q->server;

	q->sent_us = now_us;
	q->noted = false;
	TAILQ_INSERT_TAIL(&s->flights, q, flight);
	if (s->fast == NULL)
		s->fast = q;
	if (s->unheard == NULL)
		s->unheard = q;
}

static void
flight_remove(struct query *q)
{
	struct server *s = q->server;

	if (s->fast == q)
		s->fast = TAILQ_NEXT(q, flight);
	if (s->unheard == q)
		s->unheard = TAILQ_NEXT(q, flight);
	TAILQ_REMOVE(&s->flights, q, flight);
}

/* Against its domain and its asker, unless the server itself is silent.
   The lock is held. */
static void
note_silence(struct resolver *r, struct query *q, int64_t now_us)
{
	struct domain room;
	struct slice name;

	q->noted = server_is_heard(&q->server->health, q->sent_us);
	if (!q->noted)
		return;
	fair_note_silence(&r->fair, q->who, now_us);
	name = asked_text(q, &room);
	if (name.len > 0)
		silence_note(&r->silence, name, now_us);
}

static void
note_answer(struct resolver *r, struct query *q)
{
	struct domain room;
	struct slice name;

	if (q->noted)
		return;
	fair_note_answer(&r->fair, q->who);
	name = asked_text(q, &room);
	if (r->silence.count > 0 && name.len > 0)
		silence_note_answer(&r->silence, name);
}

static bool
is_slow(const struct resolver *r, const struct server *s, int64_t now_us)
{
	return s->fast != NULL && now_us - s->fast->sent_us >= r->slow_us;
}

/* The lock is held. */
static void
leave_place(struct query *q)
{
	q->server->in_flight--;
	q->server->suspects -= q->line == SERVER_SUSPECT;
}

/* Gives up the places of those that have waited long.  The lock is held. */
static void
make_room(struct resolver *r, struct server *s, int64_t now_us)
{
	while (s->slow < LIMIT_DNS_SLOW && is_slow(r, s, now_us)) {
		leave_place(s->fast);
		s->fast->slow = true;
		s->fast = TAILQ_NEXT(s->fast, flight);
		s->slow++;
	}
	for (; s->unheard != NULL && now_us - s->unheard->sent_us >=
	    SERVER_SILENT_US; s->unheard = TAILQ_NEXT(s->unheard, flight))
		note_silence(r, s->unheard, now_us);
}

/* The name in the letters that it is to be asked in, and by TCP if need
   be. */
static void
spell(struct resolver *r, struct query *q, int64_t now_us,
    struct packet_name *out)
{
	enum casing_way way = q->tcp ? CASING_PLAIN :
	    casing_choose(&q->server->casing, now_us);
	struct packet_name name;

	q->mixed = way == CASING_MIXED;
	if (way == CASING_TCP)
		q->tcp = q->by_casing = true;
	if (q->mixed)
		take_random(r, q->letters, sizeof(q->letters));
	else
		memset(q->letters, 0, sizeof(q->letters));
	asked_name(q, &name);
	casing_mix(&name, q->letters, out);
}

/* Step 2. */
static void
send_query(struct resolver *r, struct query *q, int64_t now_us)
{
	unsigned char packet[PACKET_QUERY_MAX];
	struct packet_name name;
	uint16_t id;
	size_t len;

	mem_free(q->reply);
	q->reply = NULL;
	q->edns = q->server->edns && !q->plain;
	if (!q->again)
		q->try_us = now_us;
	flight_add(q, now_us);
	spell(r, q, now_us, &name);
	take_random(r, &id, sizeof(id));
	len = packet_query(&name, q->type, id, q->edns, packet);
	q->channel = server_channel(q->server, !q->tcp ? SERVER_UDP :
	    q->breaks > 0 ? SERVER_TCP_APART : SERVER_TCP, now_us);
	if (q->channel != NULL)
		server_send(q->channel, packet, len, on_landed, q);
	else
		on_landed(q, ARES_ENOMEM, 0, NULL, 0);
}

/* The server's socket takes no more than a burst at a time. */
static bool
in_burst(struct server *s, int64_t now_us)
{
	if (now_us - s->burst_us >= SERVER_BURST_US) {
		s->burst_us = now_us;
		s->burst = 0;
	}
	return s->burst < SERVER_BURST;
}

static bool
has_queue(const struct server *s)
{
	return s->queues[SERVER_HOPEFUL].count +
	    s->queues[SERVER_SUSPECT].count > 0;
}

/* Whose turn it is, of those for whose line there are places. */
static struct query *
first_in_turn(const struct server *s)
{
	const struct query_heap *h = &s->queues[SERVER_HOPEFUL],
	    *suspect = &s->queues[SERVER_SUSPECT];
	struct query *q = h->count > 0 ? h->items[0] : NULL;

	if (suspect->count > 0 && s->suspects < LIMIT_DNS_SUSPECT &&
	    (q == NULL || is_before(suspect->items[0], q)))
		q = suspect->items[0];
	return s->in_flight < LIMIT_DNS_IN_FLIGHT ? q : NULL;
}

/* What has waited longest, when that keeps others from their places.  NULL:
   it does not.  The lock is held. */
static struct server_channel *
oldest_channel(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = TAILQ_FIRST(&s->flights);

	make_room(r, s, now_us);
	if (s->slow < LIMIT_DNS_SLOW || !is_slow(r, s, now_us) ||
	    !has_queue(s) || first_in_turn(s) != NULL)
		return NULL;
	while (q != NULL && (server_is_tcp(s, q->channel) ||
	    q->channel == NULL))
		q = TAILQ_NEXT(q, flight);
	return q != NULL ? q->channel : NULL;
}

/* The domain that the question counts under, by the name that is asked now. */
static struct silent_domain *
find_domain(struct resolver *r, const struct query *q, int64_t now_us)
{
	struct domain room;
	struct slice name;

	if (r->silence.marked == 0)
		return NULL;
	name = asked_text(q, &room);
	return name.len > 0 ? silence_find(&r->silence, name, now_us) : NULL;
}

/* It may have come to be below a silent domain since it was asked. */
static bool
has_domain(struct resolver *r, struct query *q, int64_t now_us)
{
	struct silent_domain *d;

	if (q->domain != NULL)
		return true;
	d = find_domain(r, q, now_us);
	if (d != NULL && !silence_take(&r->silence, d))
		return false;
	q->domain = d;
	return true;
}

/* Takes the next query that may be sent, or is refused; the lock is held. */
static struct query *
take_next(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = NULL;

	make_room(r, s, now_us);
	if (now_us >= s->health.pause_us && in_burst(s, now_us))
		q = first_in_turn(s);
	if (q == NULL)
		return NULL;
	queue_remove(r, q);
	q->state = QUERY_FLYING;
	q->refused = !has_domain(r, q, now_us);
	if (q->refused)
		return q;
	fair_served(&r->fair, q->turn);
	q->slow = false;
	s->burst++;
	s->in_flight++;
	s->suspects += q->line == SERVER_SUSPECT;
	s->figures.sent++;
	if (q->begun_us == 0)
		q->begun_us = now_us;
	if (q->sent)
		r->stats.retries++;
	else
		r->stats.queries++;
	q->sent = true;
	return q;
}

static void	finish(struct resolver *r, struct query *q,
		    const struct dns_answer *answer);

/* The lock is held, but not while it is sent. */
static void
dispatch(struct resolver *r, struct server *s, int64_t now_us)
{
	struct server_channel *c = oldest_channel(r, s, now_us);
	struct query *q;

	if (c != NULL) {
		(void)pthread_mutex_unlock(&r->lock);
		server_give_up(c);
		(void)pthread_mutex_lock(&r->lock);
	}
	while ((q = take_next(r, s, now_us)) != NULL) {
		(void)pthread_mutex_unlock(&r->lock);
		if (q->refused)
			finish(r, q, answer_empty(q, DNS_TIMEOUT));
		else
			send_query(r, q, now_us);
		(void)pthread_mutex_lock(&r->lock);
		if (s->starved)
			server_pause(&s->health, now_us);
		s->starved = false;
	}
}

void
queries_dispatch(struct resolver *r)
{
	int64_t now = clock_us();
	size_t i;

	(void)pthread_mutex_lock(&r->lock);
	r->fresh = r->held = false;
	for (i = 0; i < r->server_count && !r->stopping; i++)
		dispatch(r, &r->servers[i], now);
	(void)pthread_mutex_unlock(&r->lock);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Of those that wait for a place; the lock is held. */
static int64_t
queue_due(const struct resolver *r, const struct server *s, int64_t now_us)
{
	if (!has_queue(s))
		return 0;
	if (s->health.pause_us > now_us)
		return s->health.pause_us;
	if (first_in_turn(s) != NULL)
		return s->burst_us + SERVER_BURST_US;
	return s->fast != NULL ? s->fast->sent_us + r->slow_us : 0;
}

int64_t
queries_due(const struct resolver *r, int64_t now_us)
{
	const struct server *s;
	const struct query *q;
	int64_t at = 0;
	size_t i;

	for (i = 0; i < r->server_count; i++) {
		s = &r->servers[i];
		at = sooner(at, queue_due(r, s, now_us));
		q = TAILQ_FIRST(&s->flights);
		if (q != NULL)
			at = sooner(at, q->sent_us + r->timeout_us);
		else if (server_sockets_open(s) > SERVER_STAY_OPEN)
			at = sooner(at, now_us + SERVER_IDLE_US);
	}
	return at;
}

/* ---- landing ---- */

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
		if (!q->tcp && q->packet_len == PLAIN_UDP_SIZE)
			return by_tcp(q);
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
	    !server_is_tcp(q->server, q->channel);
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
	if (q->status == ARES_EBADRESP)
		q->broken = true;
	q->unheard = q->status == ARES_ETIMEOUT || is_given_up(q);
	if (q->tcp && !q->unheard && q->channel != NULL &&
	    q->breaks < TCP_BREAKS) {
		q->breaks++;
		return STEP_AGAIN;
	}
	if (q->status == ARES_EBADRESP)
		return by_tcp(q);
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
	else if (!q->starved && !is_given_up(q) &&
	    !server_is_tcp(s, q->channel))
		failed = server_note_unreachable(&s->health, now_us);
	if (q->has_packet)
		note_answer(r, q);
	else if (q->unheard && step == STEP_NEXT && !q->noted)
		note_silence(r, q, now_us);
	for (i = 0; failed && r->server_count > 1 && i < SERVER_LINES; i++)
		queue_reassign(r, s, &s->queues[i], now_us);
}

/* Step 5. */
static const struct dns_answer *
answer_failure(const struct query *q)
{
	if (q->starved && !q->silent && !q->broken)
		return dns_answer_of(DNS_NOT_ASKED);
	return answer_empty(q, q->silent ? DNS_TIMEOUT :
	    q->broken ? DNS_MALFORMED : DNS_SERVER_FAILURE);
}

/* The next who waits, or NULL: then the query is gone. */
static struct resolver_wait *
next_waiter(struct resolver *r, struct query *q)
{
	struct resolver_wait *w;

	(void)pthread_mutex_lock(&r->lock);
	w = TAILQ_FIRST(&q->waits);
	if (w != NULL)
		wait_unlink(q, w);
	(void)pthread_mutex_unlock(&r->lock);
	if (w == NULL)
		query_free(q);
	return w;
}

/*
 * Puts the answer into the cache, or has what the cache kept take its place.
 * What was not asked is no verdict for the cache.  The lock is held.
 */
static const struct dns_answer *
settle(struct resolver *r, const struct query *q,
    const struct dns_answer *answer, int64_t now_us)
{
	const struct dns_answer *stale = NULL;

	if (answer->outcome == DNS_TIMEOUT ||
	    answer->outcome == DNS_SERVER_FAILURE)
		stale = cache_stale(r->cache, &q->node.key, now_us);
	if (stale != NULL) {
		r->stats.stale++;
		dns_answer_unref(answer);
		return stale;
	}
	if (!q->refused)
		cache_put(r->cache, answer, q->links > 0 ||
		    (q->reply != NULL && q->reply->links > 0), now_us);
	return answer;
}

/* All of those who were given answers. */
static void
tell_all(struct resolver *r)
{
	void (*told)(void) = r->told;

	r->told = NULL;
	if (told != NULL)
		told();
}

/* To one who waits; `w` may be gone then. */
static void
tell(struct resolver *r, struct resolver_wait *w,
    const struct dns_answer *answer)
{
	if (w->told != r->told)
		tell_all(r);
	r->told = w->told;
	w->done(w, answer);
}

/* Step 6; takes over the reference. */
static void
finish(struct resolver *r, struct query *q, const struct dns_answer *answer)
{
	int64_t now = clock_us();
	struct resolver_wait *w;

	(void)pthread_mutex_lock(&r->lock);
	leave_table(r, q);
	q->state = QUERY_DONE;
	answer = settle(r, q, answer, now);
	r->stats.outcomes[answer->outcome]++;
	if (q->begun_us > 0) {
		statistics_add(&r->times, now - q->begun_us);
		statistics_note_slow(&r->slow, q->node.key.name,
		    now - q->begun_us, dns_outcome_is_known(answer->outcome));
	}
	(void)pthread_mutex_unlock(&r->lock);
	while ((w = next_waiter(r, q)) != NULL)
		tell(r, w, dns_answer_ref(answer));
	dns_answer_unref(answer);
}

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
	begin_question(q);
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
	else if (q->silent && find_domain(r, q, now_us) != NULL)
		return false;	/* a silent domain gets one try */
	leave_server(q);
	return queue_next_try(r, q, now_us, !q->unheard);
}

/* A query whose end is known: with an answer of its own or a failure. */
static const struct dns_answer *
final_answer(struct query *q, enum step step)
{
	if (step != STEP_DONE)
		return answer_failure(q);
	if (q->reply != NULL && q->reply->kind == PACKET_EXCESS)
		return answer_empty(q, DNS_MALFORMED);
	/* No memory for it: our budget, not the server's fault. */
	return q->answer != NULL ? q->answer : dns_answer_no_memory();
}

static void
land(struct resolver *r, struct query *q)
{
	int64_t now = clock_us();
	enum step step = judge(q, now);
	bool goes_on = false, dropped = false;

	flight_remove(q);
	if (q->channel != NULL)
		server_landed(q->channel);
	(void)pthread_mutex_lock(&r->lock);
	if (q->slow)
		q->server->slow--;
	else
		leave_place(q);
	note_health(r, q, step, now);
	statistics_note_landing(q, now);
	if (step != STEP_DONE) {
		goes_on = go_on(r, q, step, now);
		/* Half the tries are no verdict for the cache. */
		dropped = !goes_on && TAILQ_EMPTY(&q->waits);
		if (dropped)
			leave_table(r, q);
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (dropped)
		query_free(q);
	else if (!goes_on)
		finish(r, q, final_answer(q, step));
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
	tell_all(r);
	return any;
}

void
queries_end(struct resolver *r)
{
	struct resolver_wait *w;
	struct table_node *n;
	struct query *q;
	size_t from = 0;

	for (;;) {
		(void)pthread_mutex_lock(&r->lock);
		n = table_pop(&r->queries, &from);
		q = n != NULL ? query_of(n) : NULL;
		if (q != NULL) {
			if (q->state == QUERY_QUEUED)
				queue_remove(r, q);
			q->state = QUERY_DONE;
		}
		(void)pthread_mutex_unlock(&r->lock);
		if (q == NULL)
			break;
		while ((w = next_waiter(r, q)) != NULL)
			tell(r, w, dns_answer_of(DNS_NOT_ASKED));
	}
	tell_all(r);
}
