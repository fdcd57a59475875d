/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver: the asker's side.
 *
 * A question that the zone or the cache answers is answered in the asker's
 * thread, under one short lock and without a system call.  Any other joins
 * or begins a query (query.c), and the resolver's thread (loop.c) is woken
 * unless it has been already.
 */
#include "resolver/resolver.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "resolver/query_internal.h"
#include "resolver/nameserver_internal.h"

#define TABLE_SIZE 256

static pthread_once_t ares_once = PTHREAD_ONCE_INIT;

bool
resolver_nameserver_check(struct slice text, const char **problem)
{
	struct nameserver ns;
	const char *what;

	if (nameserver_parse(text, &ns, &what))
		return true;
	if (problem != NULL)
		*problem = what;
	return false;
}

/* ---- beginning and end ---- */

static void
ares_begin(void)
{
	(void)ares_library_init_mem(ARES_LIB_INIT_ALL, pool_alloc, pool_free,
	    pool_resize);
}

static const char *
conf_of(const struct resolver_options *o)
{
	return o->resolv_conf != NULL ? o->resolv_conf : "/etc/resolv.conf";
}

bool
resolver_conf_is_empty(const struct resolver_options *o)
{
	return o->nameserver_count == 0 && o->zone == NULL &&
	    nameserver_is_none(conf_of(o));
}

/* The nameservers of the options; 0 and `why` when one is wrong. */
static size_t
read_nameservers(const struct resolver_options *o, struct nameserver *out,
    char *why, size_t why_size)
{
	const char *problem;
	size_t i;

	if (o->nameserver_count == 0) {
		i = nameserver_load(conf_of(o), out, LIMIT_DNS_SERVERS);
		if (i == 0)
			(void)snprintf(why, why_size, "%s: %s", conf_of(o),
			    strerror(errno));
		return i;
	}
	if (o->nameserver_count > LIMIT_DNS_SERVERS) {
		(void)snprintf(why, why_size,
		    "%zu nameservers, at most %d are allowed",
		    o->nameserver_count, LIMIT_DNS_SERVERS);
		return 0;
	}
	for (i = 0; i < o->nameserver_count; i++) {
		if (nameserver_parse(o->nameservers[i], &out[i], &problem))
			continue;
		(void)snprintf(why, why_size, "nameserver \"%.*s\": %s",
		    SLICE_ARG(slice_head(o->nameservers[i], 64)), problem);
		return 0;
	}
	return i;
}

static bool
is_trusted(enum resolver_trust_ad trust, const struct nameserver *ns)
{
	switch (trust) {
	case RESOLVER_TRUST_AD_AUTO:
		return nameserver_is_loopback(ns);
	case RESOLVER_TRUST_AD_YES:
		return true;
	case RESOLVER_TRUST_AD_NO:
		break;
	}
	return false;
}

bool
resolver_knows_dnssec(const struct resolver *r)
{
	size_t i;

	for (i = 0; i < r->server_count; i++) {
		if (r->servers[i].trusted)
			return true;
	}
	return r->zone != NULL;
}

static bool
is_mixed(enum resolver_random_case random_case, const struct nameserver *ns)
{
	switch (random_case) {
	case RESOLVER_RANDOM_CASE_AUTO:
		return !nameserver_is_loopback(ns);
	case RESOLVER_RANDOM_CASE_YES:
		return true;
	case RESOLVER_RANDOM_CASE_NO:
		break;
	}
	return false;
}

static bool
open_servers(struct resolver *r, const struct resolver_options *o,
    char *why, size_t why_size)
{
	struct nameserver list[LIMIT_DNS_SERVERS];
	const char *problem;
	size_t i, count;

	count = read_nameservers(o, list, why, why_size);
	for (i = 0; i < count; i++) {
		problem = server_open(&r->servers[i], &list[i],
		    o->timeout_ms, r->epoll, (uint32_t)(i * SERVER_TAGS));
		r->servers[i].trusted = is_trusted(o->trust_ad, &list[i]);
		r->servers[i].casing.wanted = is_mixed(o->random_case,
		    &list[i]);
		r->server_count++;
		if (problem == NULL)
			continue;
		(void)snprintf(why, why_size, "c-ares: %s", problem);
		return false;
	}
	return count > 0;
}

/*
 * All signals stay with the daemon's own threads.  SIGPIPE is among them: a
 * TCP connection that breaks under c-ares is an error, not an end.
 */
static bool
start_thread(struct resolver *r, char *why, size_t why_size)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&r->thread, NULL, loop_run, r);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		(void)snprintf(why, why_size, "thread: %s", strerror(error));
		return false;
	}
	r->has_thread = true;
	return true;
}

static bool
start_network(struct resolver *r, const struct resolver_options *o,
    char *why, size_t why_size)
{
	const char *problem;

	(void)pthread_once(&ares_once, ares_begin);
	r->max_tries = o->tries;
	r->slow_us = o->slow_ms > 0 ? (int64_t)o->slow_ms * 1000 :
	    SERVER_SLOW_US;
	r->timeout_us = (int64_t)o->timeout_ms * 1000;
	r->cache = cache_new(o->cache_bytes);
	/* An eighth: most of it is names that the cache has as well. */
	r->paths = paths_new(o->cache_bytes / 8);
	if (r->cache == NULL || r->paths == NULL ||
	    !table_init(&r->queries, TABLE_SIZE)) {
		(void)snprintf(why, why_size, "no memory");
		return false;
	}
	problem = loop_open(r);
	if (problem != NULL) {
		(void)snprintf(why, why_size, "epoll: %s", problem);
		return false;
	}
	if (!open_servers(r, o, why, why_size))
		return false;
	if (r->max_tries < r->server_count)
		r->max_tries = (unsigned int)r->server_count;
	cache_set_stale(r->cache, (int64_t)o->stale_ms * 1000);
	return start_thread(r, why, why_size);
}

struct resolver *
resolver_new(const struct resolver_options *options, char *why,
    size_t why_size)
{
	struct resolver *r;

	assert(options->timeout_ms > 0 && options->tries > 0);
	r = mem_alloc(sizeof(*r));
	if (r == NULL) {
		(void)snprintf(why, why_size, "no memory");
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->options = *options;
	r->options.nameservers = NULL;
	r->options.resolv_conf = NULL;
	r->options.zone = NULL;
	r->epoll = r->timer = r->wake = -1;
	r->zone = options->zone;
	(void)pthread_mutex_init(&r->lock, NULL);
	if (r->zone == NULL && !start_network(r, options, why, why_size)) {
		resolver_free(r);
		return NULL;
	}
	return r;
}

struct resolver *
resolver_ref(struct resolver *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

bool
resolver_matches(const struct resolver *r,
    const struct resolver_options *options)
{
	const struct resolver_options *o = &r->options;
	struct nameserver list[LIMIT_DNS_SERVERS];
	char why[256];
	size_t i, count;

	if (r->zone != NULL || options->zone != NULL ||
	    options->timeout_ms != o->timeout_ms ||
	    options->tries != o->tries || options->trust_ad != o->trust_ad ||
	    options->stale_ms != o->stale_ms ||
	    options->random_case != o->random_case ||
	    options->cache_bytes != o->cache_bytes)
		return false;
	count = read_nameservers(options, list, why, sizeof(why));
	for (i = 0; i < count && i < r->server_count; i++) {
		if (!ipaddr_eq(&list[i].addr, &r->servers[i].where.addr) ||
		    list[i].port != r->servers[i].where.port)
			return false;
	}
	return count == r->server_count;
}

/* The lock is held. */
void
resolver_describe(struct server *s, struct resolver_server *out)
{
	char address[IPADDR_TEXT];

	ipaddr_format(&s->where.addr, address);
	(void)snprintf(out->address, sizeof(out->address),
	    s->where.addr.family == IPADDR_V4 ? "%s:%u" : "[%s]:%u", address,
	    s->where.port);
	out->failed = s->health.failed;
	out->outages = s->health.outages;
	out->folds = atomic_load(&s->casing.folds);
	out->mismatches = atomic_load(&s->casing.mismatches);
}

size_t
resolver_servers(struct resolver *r, struct resolver_server *out)
{
	size_t i;

	(void)pthread_mutex_lock(&r->lock);
	for (i = 0; i < r->server_count; i++)
		resolver_describe(&r->servers[i], &out[i]);
	(void)pthread_mutex_unlock(&r->lock);
	return i;
}

void
resolver_silence(struct resolver *r, struct resolver_silence *out)
{
	(void)pthread_mutex_lock(&r->lock);
	*out = (struct resolver_silence){ .domains = r->silence.marked,
		.marks = r->silence.marks, .refused = r->silence.refused };
	memcpy(out->last, r->silence.last, sizeof(out->last));
	(void)pthread_mutex_unlock(&r->lock);
}

void
resolver_free(struct resolver *r)
{
	size_t i;

	if (r == NULL || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	if (r->has_thread) {
		assert(!pthread_equal(r->thread, pthread_self()));
		(void)pthread_mutex_lock(&r->lock);
		r->stopping = true;
		(void)pthread_mutex_unlock(&r->lock);
		loop_wake(r);
		(void)pthread_join(r->thread, NULL);
	}
	for (i = 0; i < r->server_count; i++)
		server_close(&r->servers[i]);
	if (r->has_thread)
		queries_end(r);
	for (i = 0; i < r->server_count; i++)
		server_fini(&r->servers[i]);
	pool_leave();
	loop_close(r);
	table_fini(&r->queries);
	cache_free(r->cache);
	paths_free(r->paths);
	(void)pthread_mutex_destroy(&r->lock);
	mem_free(r);
}

/* ---- asking ---- */

static const struct dns_answer *
ask_zone(struct resolver *r, struct slice name, enum dns_type type)
{
	(void)pthread_mutex_lock(&r->lock);
	r->stats.asked++;
	r->stats.zone_answers++;
	(void)pthread_mutex_unlock(&r->lock);
	return dns_zone_answer(r->zone, name, type);
}

/*
 * The cache may know that there is no such name from a question of another
 * type or for a name above (RFC 2308 section 5, RFC 8020 section 2): the
 * answer to this question says so, too.  Takes over the reference.
 */
static const struct dns_answer *
answer_as_asked(const struct dns_answer *a, struct slice name,
    enum dns_type type)
{
	struct dns_draft draft;
	const struct dns_answer *own;

	if (a->type == type && slice_eq(a->name, name))
		return a;
	own = dns_answer_of(a->outcome);
	if (dns_answer_new(type, name, 0, 0, &draft)) {
		draft.answer->outcome = a->outcome;
		draft.answer->rcode = a->rcode;
		draft.answer->authenticated = a->authenticated;
		draft.answer->ttl = a->ttl;
		draft.answer->stale = a->stale;
		own = draft.answer;
	}
	dns_answer_unref(a);
	return own;
}

/* Whether the thread must be woken; the lock is held.  One that is awake
   looks before it sleeps. */
static bool
must_wake(struct resolver *r)
{
	return atomic_exchange(&r->asleep, false);
}

const struct dns_answer *
resolver_ask(struct resolver *r, struct slice name, enum dns_type type,
    struct resolver_wait *w)
{
	const struct dns_answer *answer;
	enum query_asked asked = QUERY_REFUSED;
	bool wake, due = false, begun = false;
	struct table_key key;
	int64_t now;

	if (r->zone != NULL)
		return ask_zone(r, name, type);
	key = table_key(name, type);
	now = clock_us();
	(void)pthread_mutex_lock(&r->lock);
	r->stats.asked++;
	answer = cache_get(r->cache, &key, now, &due);
	if (answer != NULL) {
		r->stats.cache_hits++;
	} else {
		asked = query_ask(r, &key, w, now);
		begun = asked == QUERY_BEGUN;
		if (asked == QUERY_SILENT)
			answer = cache_stale(r->cache, &key, now);
		r->stats.stale += answer != NULL;
		ahead_yield(r);
	}
	if (due)
		begun |= ahead_renew(r, &key, w, now);
	if (w->leads && type == DNS_TYPE_TXT)
		begun |= ahead_follow(r, &key, w, now);
	r->fresh |= begun;
	r->held |= begun && w->later;
	wake = begun && !w->later && must_wake(r);
	(void)pthread_mutex_unlock(&r->lock);
	if (wake)
		loop_wake(r);
	if (answer != NULL)
		return answer_as_asked(answer, name, type);
	switch (asked) {
	case QUERY_REFUSED:
		return dns_answer_of(DNS_NOT_ASKED);
	case QUERY_SILENT:
		return dns_answer_of(DNS_TIMEOUT);
	case QUERY_NO_MEMORY:
		return dns_answer_no_memory();
	case QUERY_JOINED:
	case QUERY_BEGUN:
		break;
	}
	return NULL;
}

void
resolver_go(struct resolver *r)
{
	bool wake;

	if (r->zone != NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	wake = r->held && must_wake(r);
	r->held = false;
	(void)pthread_mutex_unlock(&r->lock);
	if (wake)
		loop_wake(r);
}

void
resolver_note_path(struct resolver *r, struct slice name,
    const struct dns_entry *first)
{
	if (r->zone != NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	paths_note(r->paths, name, first);
	(void)pthread_mutex_unlock(&r->lock);
}

bool
resolver_cancel(struct resolver *r, struct resolver_wait *w)
{
	bool waits;

	(void)pthread_mutex_lock(&r->lock);
	waits = w->query != NULL;
	if (waits)
		query_cancel(r, w);
	(void)pthread_mutex_unlock(&r->lock);
	return waits;
}

void
resolver_read_stats(struct resolver *r, struct resolver_stats *out)
{
	size_t i;

	*out = r->stats;
	if (r->cache != NULL) {
		out->cache_entries = cache_entries(r->cache);
		out->cache_bytes = cache_bytes(r->cache);
	}
	for (i = 0; i < r->server_count; i++)
		out->in_flight += r->servers[i].in_flight +
		    r->servers[i].slow;
	out->waiting = r->waiting;
}

void
resolver_get_stats(struct resolver *r, struct resolver_stats *out)
{
	(void)pthread_mutex_lock(&r->lock);
	resolver_read_stats(r, out);
	(void)pthread_mutex_unlock(&r->lock);
}
