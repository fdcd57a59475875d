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
 *    Beside it goes a probe of a server that failed (probe).
 * 2. The resolver thread sends it (queries_dispatch).  What is not answered in
 *    SERVER_SLOW_US gives its place up, what is not in SERVER_SILENT_US is
 *    noted against its domain and its network, if the server answers others.
 * 3. c-ares calls back, perhaps at once or for many at a time.  The packet
 *    is read there, for its octets live no longer; all else waits until
 *    c-ares has returned (queries_land), so that it is never called from
 *    within itself.
 * 4. The landing is judged: it is an answer, or goes on (land.c),
 * 5. until there is no further try, and it has failed.
 * 6. The end: out of the table, into the cache, which may have an expired
 *    answer instead of a failure (RFC 8767) (query_settle); then every waiter
 *    is called, with no lock held (query_tell).
 *
 * When nobody waits any more, a query in a queue ends at once, and one under
 * way is finished for the cache, but no further packet is sent for it.
 */
#include "resolver/query_internal.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

static struct query *
query_of(struct table_node *n)
{
	return (struct query *)((uintptr_t)n - offsetof(struct query, node));
}

/* ---- asking and cancelling ---- */

static void
wait_link(struct query *q, struct resolver_wait *w)
{
	w->query = q;
	TAILQ_INSERT_TAIL(&q->waits, w, link);
}

void
query_asked_name(const struct query *q, struct packet_name *out)
{
	if (q->led != NULL) {
		*out = q->led->target;
		return;
	}
	memcpy(out->wire, q->text + q->node.key.name.len, q->wire_len);
	out->len = q->wire_len;
}

struct slice
query_asked_text(const struct query *q, struct domain *room)
{
	if (q->led == NULL)
		return q->node.key.name;
	(void)packet_name_to_text(&q->led->target, room);
	return domain_slice(room);
}

struct silent_domain *
query_find_domain(struct resolver *r, const struct query *q, int64_t now_us)
{
	struct domain room;
	struct slice name;

	if (r->silence.marked == 0)
		return NULL;
	name = query_asked_text(q, &room);
	return name.len > 0 ? silence_find(&r->silence, name, now_us) : NULL;
}

void
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

void
query_begin_question(struct query *q)
{
	q->tries = (struct server_tries){ .total = 0 };
	q->sent = q->again = q->tcp = q->plain = false;
	q->silent = q->unheard = q->broken = q->by_casing = false;
	q->mismatches = 0;
	q->breaks = 0;
	q->rcode = 0;
}

void
query_leave_server(struct query *q)
{
	q->again = q->plain = false;
	if (q->by_casing)
		q->tcp = q->by_casing = false;
	q->mismatches = 0;
	q->breaks = 0;
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
	q = mem_alloc(sizeof(*q) + name.len + wire.len);
	if (q == NULL) {
		*why = QUERY_NO_MEMORY;
		return NULL;
	}
	memcpy(q->text, name.text, name.len);
	memcpy(q->text + name.len, wire.wire, wire.len);
	q->wire_len = wire.len;
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
	query_begin_question(q);
	return q;
}

/*
 * Beside a question for another server, one that failed is asked the same: so
 * it is seen to be back, and no message waits for one that is not.  Nobody
 * waits for this query, and what it brings is not kept.
 */
static void
probe(struct resolver *r, const struct table_key *key,
    const struct resolver_wait *w, const struct query *beside, int64_t now_us)
{
	size_t i = server_pick_probe(r->servers, r->server_count, now_us);
	const struct table_key own = table_key(key->name, QUERY_PROBE);
	enum query_asked why;
	struct query *q;

	if (i == r->server_count || beside->server == &r->servers[i] ||
	    table_find(&r->queries, &own) != NULL)
		return;
	q = query_new(r, &own, w, now_us, &why);
	if (q == NULL)
		return;
	q->type = (enum dns_type)key->type;
	q->tries.total = q->tries.asked[i] = 1;
	queue_add(r, &r->servers[i], q, false, now_us);
	table_insert(&r->queries, &q->node);
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
	if (r->server_count > 1)
		probe(r, key, w, q, now_us);
	return QUERY_BEGUN;
}

void
query_leave_table(struct resolver *r, struct query *q)
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
	query_leave_table(r, q);
	query_free(q);
}

/* ---- the end ---- */

const struct dns_answer *
query_answer_empty(const struct query *q, enum dns_outcome outcome)
{
	struct dns_draft draft;

	if (!dns_answer_new(q->type, q->node.key.name, 0, 0, &draft))
		return dns_answer_of(outcome);
	draft.answer->outcome = outcome;
	draft.answer->rcode = q->rcode;
	return draft.answer;
}

/* The next who waits cannot be cancelled from here on.  Nobody joins any more,
   so after the last there is none.  The lock is held. */
static void
claim_next(struct query *q)
{
	q->state = QUERY_DONE;
	q->next = TAILQ_FIRST(&q->waits);
	if (q->next != NULL)
		wait_unlink(q, q->next);
	q->is_last = TAILQ_EMPTY(&q->waits);
}

/* Did the servers fail?  One that sent more than our limits allow has
   answered. */
static bool
has_failed(const struct query *q, enum dns_outcome outcome)
{
	switch (outcome) {
	case DNS_TIMEOUT:
	case DNS_SERVER_FAILURE:
		return true;
	case DNS_MALFORMED:
		return q->reply == NULL || q->reply->kind != PACKET_EXCESS;
	case DNS_FOUND:
	case DNS_NO_DATA:
	case DNS_NO_NAME:
	case DNS_NOT_ASKED:
		break;
	}
	return false;
}

/*
 * Puts the answer into the cache, or has what the cache kept take its place.
 * What was not asked is no verdict for the cache.  The lock is held.
 */
static const struct dns_answer *
cached(struct resolver *r, const struct query *q,
    const struct dns_answer *answer, int64_t now_us)
{
	const struct dns_answer *stale = NULL;

	if (q->node.key.type == QUERY_PROBE)
		return answer;
	if (has_failed(q, answer->outcome))
		stale = cache_stale(r->cache, &q->node.key, now_us);
	if (stale != NULL) {
		/* One that was to be renewed may hold still. */
		r->stats.stale += stale->stale;
		dns_answer_unref(answer);
		return stale;
	}
	if (!q->refused)
		cache_put(r->cache, answer, q->links > 0 ||
		    (q->reply != NULL && q->reply->links > 0), now_us);
	return answer;
}

void
queries_tell_all(struct resolver *r)
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
		queries_tell_all(r);
	r->told = w->told;
	w->done(w, answer);
}

const struct dns_answer *
query_settle(struct resolver *r, struct query *q,
    const struct dns_answer *answer, int64_t now_us)
{
	query_leave_table(r, q);
	claim_next(q);
	answer = cached(r, q, answer, now_us);
	r->stats.outcomes[answer->outcome]++;
	if (q->begun_us > 0) {
		statistics_add(&r->times, now_us - q->begun_us);
		statistics_note_slow(&r->slow, q->node.key.name,
		    now_us - q->begun_us,
		    dns_outcome_is_known(answer->outcome));
	}
	return answer;
}

void
query_tell(struct resolver *r, struct query *q,
    const struct dns_answer *answer)
{
	while (q->next != NULL) {
		tell(r, q->next, dns_answer_ref(answer));
		if (q->is_last)
			break;
		(void)pthread_mutex_lock(&r->lock);
		claim_next(q);
		(void)pthread_mutex_unlock(&r->lock);
	}
	dns_answer_unref(answer);
	query_free(q);
}

void
queries_end(struct resolver *r)
{
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
			claim_next(q);
		}
		(void)pthread_mutex_unlock(&r->lock);
		if (q == NULL)
			break;
		query_tell(r, q, dns_answer_of(DNS_NOT_ASKED));
	}
	queries_tell_all(r);
}
