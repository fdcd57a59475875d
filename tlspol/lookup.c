/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup: as a check starts again from its top when an answer comes, so does
 * this, on a ledger of its own.
 *
 *  1. TXT of _mta-sts.DOMAIN.  No record: the policy that is known stays till
 *     its end (RFC 8461 section 3.3), and that is all.
 *  2. A record whose id is that of the known policy: nothing is fetched,
 *     unless half of the policy's life is over, or a day.
 *  3. Else addresses of mta-sts.DOMAIN, and the policy from there.  What
 *     cannot be fetched or read is not tried again for a while; the known
 *     policy stays.
 *  4. At the same time DANE of the domain, which decides when the policy is
 *     to be enforced.
 *  5. When all that is needed is known, those who wait get their answer.  The
 *     lookup itself ends when nothing it has asked is open any more.
 *
 * Memory that runs out is a failure to find out, and never a finding.
 */
#include "tlspol/lookup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "event/event.h"
#include "resolver/ledger.h"

/* TXT, A and AAAA of the policy host, DANE. */
#define QUESTIONS	(3 + DANE_QUESTIONS)

TAILQ_HEAD(questions, socketmap_question);

struct lookup {
	struct lookups		*all;
	struct memory_entry		*entry;		/* pinned */
	struct settings		*settings;	/* a reference */
	struct resolver		*resolver;	/* likewise; may use its zone */
	struct dns_ledger	*ledger;
	struct arena		*scratch;	/* of DANE */
	struct domain		 record_name;
	size_t			 asked;		/* questions in progress */
	struct questions	 waiting;
	int64_t			 begun_us;

	bool			 has_record;	/* step 1 is done */
	bool			 wants_fetch;
	bool			 fetching, fetched;
	bool			 failed;	/* to fetch, or to read */
	bool			 silent;	/* DNS, about its host */
	bool			 settled;	/* step 5 */
	uint32_t		 ttl;		/* of what was used */
	struct lookup_result	 result;
	char			 problem[HTTPS_PROBLEM];
	struct https_request	 request;
	struct letter		 letter;	/* of the request */
};

/* A question to the resolver. */
struct dns_question {
	struct resolver_wait	 wait;
	struct letter		 letter;
	struct lookup		*lookup;
	struct dns_entry	*entry;
	const struct dns_answer	*answer;
};

static void	lookup_run(struct lookup *l);

int64_t
lookup_wall(void)
{
	return (int64_t)time(NULL);
}

int64_t
lookup_now(void)
{
	return clock_us() / 1000000;
}

/* ---- DNS ---- */

static struct dns_question *
of_wait(struct resolver_wait *w)
{
	return (struct dns_question *)((uintptr_t)w -
	    offsetof(struct dns_question, wait));
}

/* The resolver's thread. */
static void
dns_done(struct resolver_wait *w, const struct dns_answer *answer)
{
	struct dns_question *q = of_wait(w);

	q->answer = answer;
	mailbox_put(q->lookup->all->mailbox, &q->letter);
}

static void
dns_read(struct letter *letter)
{
	struct dns_question *q = (struct dns_question *)((uintptr_t)letter -
	    offsetof(struct dns_question, letter));
	struct lookup *l = q->lookup;

	dns_ledger_answer(q->entry, q->answer);
	l->asked--;
	mem_free(q);
	lookup_run(l);
}

/* True: it is answered. */
static bool
put_question(struct lookup *l, struct dns_entry *e)
{
	struct dns_question *q = mem_alloc(sizeof(*q));
	const struct dns_answer *answer;

	if (q == NULL) {
		dns_ledger_answer(e, dns_answer_no_memory());
		return true;
	}
	q->lookup = l;
	q->entry = e;
	q->letter.read = dns_read;
	q->wait.done = dns_done;
	answer = resolver_ask(l->resolver, e->name, e->type, &q->wait);
	if (answer == NULL) {
		l->asked++;
		return false;
	}
	mem_free(q);
	dns_ledger_answer(e, answer);
	return true;
}

/* True: one was answered at once. */
static bool
put_questions(struct lookup *l)
{
	struct dns_entry *e;
	bool any = false;

	while ((e = dns_ledger_take_new(l->ledger)) != NULL)
		any = put_question(l, e) || any;
	return any;
}

/* ---- steps 1 and 2 ---- */

/* Half of its life is over, or a day. */
static int64_t
lookup_due(const struct memory_entry *e)
{
	int64_t half = (int64_t)e->policy->max_age / 2;

	return e->fetched + (half < LIMIT_TLSPOL_REFRESH ? half :
	    LIMIT_TLSPOL_REFRESH);
}

bool
lookup_is_due(const struct memory_entry *e, int64_t wall)
{
	return wall >= lookup_due(e);
}

static bool
wants_fetch(const struct lookup *l)
{
	const struct memory_entry *e = l->entry;
	int64_t wall = lookup_wall();

	if (l->result.record.found != STS_RECORD_FOUND ||
	    lookup_now() < e->retry_at)
		return false;
	return memory_policy(e, wall) == NULL ||
	    strcmp(e->id, l->result.record.id) != 0 ||
	    lookup_is_due(e, wall);
}

/* False: not known yet. */
static bool
step_record(struct lookup *l)
{
	const struct dns_answer *a;

	if (l->has_record)
		return true;
	a = dns_ledger_ask(l->ledger, domain_slice(&l->record_name),
	    DNS_TYPE_TXT);
	if (a == NULL)
		return false;
	l->has_record = true;
	l->ttl = a->ttl;
	sts_record_read(a, &l->result.record);
	l->wants_fetch = wants_fetch(l);
	return true;
}

/* ---- step 3 ---- */

static void
fetch_failed(struct lookup *l, const char *problem)
{
	l->fetched = l->failed = true;
	l->all->stats.fetch_failures++;
	snprintf(l->problem, sizeof(l->problem), "%s", problem);
}

static void
take_policy(struct lookup *l, struct slice body)
{
	struct arena *arena = arena_new(LIMIT_STS_POLICY * 2);
	const char *problem = NULL;
	struct sts_policy p, *copy = NULL;
	enum sts_parsed parsed = STS_NO_MEMORY;

	if (arena != NULL)
		parsed = sts_policy_parse(body, arena, &p, &problem);
	if (parsed == STS_PARSED)
		copy = sts_policy_copy(&p);
	if (copy != NULL) {
		memory_set_policy(l->all->memory, l->entry, copy,
		    l->result.record.id, lookup_wall());
		l->fetched = true;
	} else if (parsed == STS_INVALID) {
		fetch_failed(l, problem);
	} else {
		fetch_failed(l, "out of memory");
	}
	arena_free(arena);
}

/* The client's thread. */
static void
https_done(struct https_request *r)
{
	struct lookup *l = (struct lookup *)((uintptr_t)r -
	    offsetof(struct lookup, request));

	mailbox_put(l->all->mailbox, &l->letter);
}

static void
https_read(struct letter *letter)
{
	struct lookup *l = (struct lookup *)((uintptr_t)letter -
	    offsetof(struct lookup, letter));
	struct https_request *r = &l->request;

	l->fetching = false;
	if (r->status == HTTPS_DONE)
		take_policy(l, buf_slice(&r->body));
	else if (r->status == HTTPS_FAILED)
		fetch_failed(l, r->problem);
	else
		fetch_failed(l, r->status == HTTPS_NO_MEMORY ?
		    "out of memory" : r->status == HTTPS_CROWDED ?
		    "too many wait for the network of the policy host" :
		    "cancelled");
	buf_fini(&r->body);
	lookup_run(l);
}

static bool
may_connect(const struct settings *s, const struct ipaddr *a)
{
	return ipnet_any_contains(s->https.allow, s->https.allow_count, a) ||
	    ipaddr_is_public(a);
}

static void
add_addresses(struct lookup *l, const struct dns_answer *a)
{
	struct https_request *r = &l->request;
	size_t i;

	for (i = 0; i < a->count &&
	    r->address_count < LIMIT_HTTPS_ADDRESSES; i++) {
		if (may_connect(l->settings, &a->records[i].addr))
			r->addresses[r->address_count++] =
			    a->records[i].addr;
	}
}

static void
no_address(struct lookup *l, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	l->silent = !dns_outcome_is_known(a->outcome) ||
	    !dns_outcome_is_known(aaaa->outcome);
	fetch_failed(l, a->count + aaaa->count > 0 ?
	    "no address of the policy host is public" : l->silent ?
	    "DNS did not answer for the policy host" :
	    "no address of the policy host is known");
}

static void
begin_fetch(struct lookup *l)
{
	const struct settings *s = l->settings;
	struct https_request *r = &l->request;

	r->path = STS_POLICY_PATH;
	r->port = s->https.port;
	r->timeout_ms = s->https.timeout_ms;
	r->max_body = LIMIT_STS_POLICY;
	r->ca_file = s->https.ca_file;
	r->done = https_done;
	l->letter.read = https_read;
	l->fetching = true;
	l->all->stats.fetches++;
	https_get(l->all->https, r);
}

/* False: not done yet. */
static bool
step_fetch(struct lookup *l)
{
	const struct dns_answer *a, *aaaa;
	struct slice host;

	if (!l->wants_fetch || l->fetched)
		return true;
	if (l->fetching)
		return false;
	if (!sts_policy_host(l->entry->domain, &l->request.host)) {
		fetch_failed(l, "the name of the policy host is too long");
		return true;
	}
	host = domain_slice(&l->request.host);
	a = dns_ledger_ask(l->ledger, host, DNS_TYPE_A);
	aaaa = dns_ledger_ask(l->ledger, host, DNS_TYPE_AAAA);
	if (a == NULL || aaaa == NULL)
		return false;
	l->request.address_count = 0;
	add_addresses(l, aaaa);
	add_addresses(l, a);
	if (l->request.address_count == 0) {
		no_address(l, a, aaaa);
		return true;
	}
	begin_fetch(l);
	return false;
}

/* ---- step 4 ---- */

/* With any result of the fetch, DANE decides nothing without a policy. */
static bool
may_need_dane(const struct lookup *l)
{
	const struct sts_policy *p = memory_policy(l->entry, lookup_wall());

	return (l->wants_fetch && !l->fetched) ||
	    (p != NULL && p->mode == STS_MODE_ENFORCE);
}

static void
note_dane(struct lookup *l, const struct dane_domain *d)
{
	struct memory_entry *e = l->entry;
	uint32_t ttl = dane_ttl(d);

	if (d->no_memory)
		return;
	l->result.dane = dane_sum(d);
	if (l->result.dane != DANE_FAILED)
		e->last_dane = l->result.dane;
	else if (e->dane != DANE_FAILED)
		e->failing_since = lookup_now();
	e->dane = l->result.dane;
	if (ttl < l->ttl)
		l->ttl = ttl;
}

static bool
step_dane(struct lookup *l)
{
	const struct dane_request request = { .domain = l->entry->domain,
		.is_host = l->entry->is_host, .port = l->entry->port };
	struct dane_domain d;

	if (!may_need_dane(l) || l->result.has_dane)
		return true;
	if (l->scratch == NULL)
		l->scratch = arena_new(LIMIT_DANE_MEMORY);
	if (l->scratch == NULL)
		return true;
	if (dane_check(&request, l->ledger, l->scratch, &d) == CHECK_PENDING)
		return false;
	l->result.has_dane = true;
	note_dane(l, &d);
	return true;
}

/* ---- step 5 ---- */

static int64_t
clamp(uint32_t ttl)
{
	return ttl < LIMIT_TLSPOL_FRESH_MIN ? LIMIT_TLSPOL_FRESH_MIN :
	    ttl > LIMIT_TLSPOL_FRESH_MAX ? LIMIT_TLSPOL_FRESH_MAX : ttl;
}

/* A server that was asked is left alone for longer. */
static int64_t
retry_after(const struct lookup *l)
{
	return l->silent || l->request.status == HTTPS_CROWDED ?
	    LIMIT_TLSPOL_FRESH_MIN : LIMIT_TLSPOL_RETRY;
}

/* Seconds until the policy, which is there, is due or ends: two clocks may
   be a second apart. */
static int64_t
policy_lasts(const struct memory_entry *e, int64_t wall)
{
	int64_t due = lookup_due(e) - wall;
	int64_t end = e->fetched + (int64_t)e->policy->max_age - wall;

	if (due < LIMIT_TLSPOL_FRESH_MIN)
		due = LIMIT_TLSPOL_FRESH_MIN;
	return due < end ? due : end;
}

static void
lower(int64_t *value, int64_t other)
{
	if (other < *value)
		*value = other;
}

/*
 * When to look again: whatever the TTL, not later than the policy is due or a
 * fetch that failed may be tried again.
 */
static void
schedule(struct lookup *l)
{
	struct memory_entry *e = l->entry;
	int64_t now = lookup_now(), wall = lookup_wall(), in = clamp(l->ttl);

	e->known = true;
	if (l->failed)
		e->retry_at = now + retry_after(l);
	else if (l->fetched)
		e->retry_at = 0;
	if (l->result.record.found == STS_RECORD_UNKNOWN ||
	    l->result.dane == DANE_FAILED)
		in = LIMIT_TLSPOL_FRESH_MIN;
	else if (l->failed)
		in = retry_after(l);
	if (e->retry_at > now)
		lower(&in, e->retry_at - now);
	if (memory_policy(e, wall) != NULL)
		lower(&in, policy_lasts(e, wall));
	e->look_at = now + in;
}

/* The record of it: what has a policy, or should have had one. */
static void
publish(const struct lookup *l)
{
	const struct lookup_result *r = &l->result;
	const struct memory_entry *e = l->entry;
	const struct sts_policy *p = memory_policy(e, lookup_wall());
	struct event *ev = event_new("domain", lookup_wall());

	if (ev == NULL)
		return;
	ev->level = l->failed ? CONFIG_LOG_WARNING : p == NULL &&
	    r->record.problem == NULL ? CONFIG_LOG_DEBUG : CONFIG_LOG_INFO;
	event_text(ev, "domain", e->domain);
	if (!slice_eq(e->key, e->domain))
		event_text(ev, "next-hop", e->key);
	event_text(ev, "record", slice_str(r->record.found ==
	    STS_RECORD_FOUND ? "found" : r->record.found ==
	    STS_RECORD_NONE ? "none" : "unknown"));
	if (r->record.problem != NULL)
		event_text(ev, "record-problem",
		    slice_str(r->record.problem));
	if (l->wants_fetch)
		event_text(ev, "fetch", slice_str(l->failed ? "failed" :
		    "done"));
	if (l->failed)
		event_text(ev, "fetch-problem", slice_str(l->problem));
	event_text(ev, "policy", slice_str(p == NULL ? "none" :
	    sts_mode_name(p->mode)));
	if (p != NULL) {
		event_text(ev, "id", slice_str(e->id));
		event_number(ev, "max-age", (long long)p->max_age);
	}
	if (r->has_dane)
		event_text(ev, "dane", slice_str(dane_summary_name(r->dane)));
	event_us(ev, "time", clock_us() - l->begun_us);
	event_publish(ev);
	event_free(ev);
}

static void
settle(struct lookup *l)
{
	struct socketmap_question *q;

	l->settled = true;
	if (l->silent || l->result.dane == DANE_FAILED ||
	    l->result.record.found == STS_RECORD_UNKNOWN)
		l->all->stats.dns_failures++;
	schedule(l);
	publish(l);
	while ((q = TAILQ_FIRST(&l->waiting)) != NULL) {
		TAILQ_REMOVE(&l->waiting, q, waiting);
		l->all->answer(l->all->arg, q, l->entry);
	}
}

static void
lookup_free(struct lookup *l)
{
	struct memory *memory = l->all->memory;
	struct memory_entry *e = l->entry;

	l->all->open--;
	dns_ledger_free(l->ledger);
	arena_free(l->scratch);
	resolver_free(l->resolver);
	settings_unref(l->settings);
	mem_free(l);
	/* It may go now, so this comes last. */
	memory_pin(memory, e, NULL);
}

/* ---- the whole ---- */

static bool
step(struct lookup *l)
{
	bool fetched, dane;

	if (!step_record(l))
		return false;
	fetched = step_fetch(l);
	dane = step_dane(l);
	return fetched && (dane || !may_need_dane(l));
}

static void
lookup_run(struct lookup *l)
{
	bool done = false;

	if (!l->settled) {
		do
			done = step(l);
		while (put_questions(l) && !done);
		if (done)
			settle(l);
	}
	if (l->settled && l->asked == 0 && !l->fetching)
		lookup_free(l);
}

bool
lookup_begin(struct lookups *all, struct memory_entry *e)
{
	struct lookup *l;

	if (e->lookup != NULL)
		return true;
	if (all->stopping || all->open >= LIMIT_TLSPOL_LOOKUPS) {
		all->stats.refused++;
		return false;
	}
	l = mem_alloc(sizeof(*l));
	if (l == NULL)
		return false;
	l->ledger = dns_ledger_new(QUESTIONS);
	if (l->ledger == NULL ||
	    !sts_record_name(e->domain, &l->record_name)) {
		dns_ledger_free(l->ledger);
		mem_free(l);
		return false;
	}
	l->all = all;
	l->entry = e;
	l->settings = settings_ref(all->settings);
	l->resolver = resolver_ref(all->resolver);
	TAILQ_INIT(&l->waiting);
	l->begun_us = clock_us();
	all->open++;
	all->stats.begun++;
	memory_pin(all->memory, e, l);
	lookup_run(l);
	return true;
}

bool
lookup_is_open(const struct memory_entry *e)
{
	return e->lookup != NULL && !e->lookup->settled;
}

void
lookup_wait(struct memory_entry *e, struct socketmap_question *q)
{
	q->on = e;
	TAILQ_INSERT_TAIL(&e->lookup->waiting, q, waiting);
}

void
lookup_forget(struct memory_entry *e, struct socketmap_question *q)
{
	q->on = NULL;
	TAILQ_REMOVE(&e->lookup->waiting, q, waiting);
}
