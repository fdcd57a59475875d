/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: how a question is answered.
 *
 * 1. "MAP KEY".  A map that is none of ours, and a key that is no domain, have
 *    no policy; nor have brackets and ports, unless smart-hosts is set.
 * 2. A domain with a valid policy: from memory, at once, unless that policy
 *    has to be enforced and it is not known whether there is DANE.  If it is
 *    time to look again, a lookup begins after that.
 * 3. A domain of which a lookup has found no policy lately: likewise.
 * 4. Any other: a lookup begins or is running, and the question waits for it.
 *    When that takes too long the answer is what is known by then.
 */
#include "tlspol/service.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "event/log.h"
#include "https/https.h"
#include "resolver/resolver.h"
#include "tlspol/figures.h"
#include "tlspol/lookup.h"
#include "tlspol/mailbox.h"
#include "tlspol/memory.h"
#include "tlspol/socketmap.h"
#include "tlspol/store.h"

#define ROUND		1000	/* policies looked at in a tick */
#define MAP_WARNING	60	/* s between two */

struct service {
	struct settings		*settings;
	struct socketmap		*server;
	struct mailbox		 mailbox;
	struct memory		*memory;
	struct lookups		 lookups;
	struct buf		 reply;
	void			(*readable)(void *arg, int fd);
	void			*readable_arg;
	int64_t			 saved_at;	/* monotonic, s */
	uint64_t		 saved_fetches;	/* what is in the file */
	bool			 save_failed;
	int64_t			 map_warned_at;
	/* What is counted here; the rest is collected. */
	struct figures		 stats;
};

/* ---- answers ---- */

static void
count_answer(struct service *s, enum tlspolicy_answer answer)
{
	switch (answer) {
	case TLSPOLICY_NOTFOUND:
		s->stats.notfound++;
		return;
	case TLSPOLICY_DANE:
	case TLSPOLICY_DANE_ONLY:
		s->stats.dane++;
		return;
	case TLSPOLICY_SECURE:
		s->stats.secure++;
		return;
	case TLSPOLICY_TEMP:
		s->stats.temp++;
		return;
	}
}

static void
reply(struct service *s, struct socketmap_question *q,
    enum tlspolicy_answer answer, struct slice domain,
    const struct sts_policy *sts)
{
	count_answer(s, answer);
	buf_reset(&s->reply);
	tlspolicy_write(answer, q->dialect, domain, sts, &s->reply);
	/* No memory for it is no reason to hold mail back. */
	socketmap_reply(s->server, q, buf_failed(&s->reply) ?
	    SLICE("NOTFOUND ") : buf_slice(&s->reply));
}

/*
 * A host that was chosen by name has the policy of its name (RFC 8461 section
 * 3.4), if it is one of the servers that the policy is about.
 */
static const struct sts_policy *
policy_for(const struct memory_entry *e)
{
	const struct sts_policy *p = memory_policy(e, lookup_wall());

	return p != NULL && e->is_host &&
	    sts_policy_match(p, e->domain) == NULL ? NULL : p;
}

/* By what is known now. */
static void
reply_from(struct service *s, struct socketmap_question *q,
    const struct memory_entry *e)
{
	struct tlspolicy_facts facts = {
		.sts = policy_for(e),
		.dane = e->dane, .last_dane = e->last_dane,
		.failing = lookup_now() - e->failing_since,
		.dane_only = s->settings->dane_only
	};

	reply(s, q, tlspolicy_decide(&facts, q->dialect, NULL), e->domain,
	    facts.sts);
}

static void
reply_notfound(struct service *s, struct socketmap_question *q)
{
	reply(s, q, TLSPOLICY_NOTFOUND, SLICE(""), NULL);
}

/* A lookup has ended. */
static void
answer(void *arg, struct socketmap_question *q, const struct memory_entry *e)
{
	reply_from(arg, q, e);
}

/* ---- questions ---- */

/* Step 3, and what is not to be found out now. */
static bool
is_fresh(const struct memory_entry *e)
{
	return e->known && !lookup_is_open(e) && lookup_now() < e->look_at;
}

/* Step 2, unless the answer depends on DANE that is still to be looked up. */
static bool
is_decided(const struct memory_entry *e, enum tlspolicy_dialect dialect)
{
	const struct sts_policy *p = memory_policy(e, lookup_wall());

	return is_fresh(e) || (p != NULL && (p->mode != STS_MODE_ENFORCE ||
	    dialect == TLSPOLICY_SENDMAIL || (e->dane != DANE_UNKNOWN &&
	    e->dane != DANE_FAILED)));
}

static void
ask_hop(struct service *s, struct socketmap_question *q,
    const struct tlspolicy_hop *hop)
{
	struct memory_entry *e = memory_get(s->memory, hop);
	char text[TLSPOLICY_HOP_MAX];

	if (e == NULL) {
		reply_notfound(s, q);
		return;
	}
	memory_touch(s->memory, e, lookup_wall());
	if (is_decided(e, q->dialect)) {
		s->stats.from_memory++;
		reply_from(s, q, e);
		if (!is_fresh(e))
			(void)lookup_begin(&s->lookups, e);
		return;
	}
	if (!lookup_begin(&s->lookups, e)) {
		reply_from(s, q, e);
		return;
	}
	/* It may have ended within that call. */
	e = memory_find(s->memory, tlspolicy_hop_text(hop, text));
	if (e == NULL) {
		reply_notfound(s, q);
	} else if (!lookup_is_open(e)) {
		reply_from(s, q, e);
	} else {
		s->stats.waited++;
		q->deadline = clock_us() +
		    (int64_t)s->settings->answer_ms * 1000;
		lookup_wait(e, q);
	}
}

/* One that was configured and does nothing. */
static void
warn_of_map(struct service *s, struct slice map)
{
	int64_t now = lookup_now();

	if (s->map_warned_at != 0 && now < s->map_warned_at + MAP_WARNING)
		return;
	s->map_warned_at = now;
	log_line(CONFIG_LOG_WARNING, "a client asks for the map \"%.*s\", "
	    "which has no policies; allowed: postfix, QUERY, "
	    "QUERYwithTLSRPT, sts", SLICE_ARG(slice_head(map, 60)));
}

static void
ask(void *arg, struct socketmap_question *q, struct slice request)
{
	struct service *s = arg;
	struct slice key = request, map;
	struct tlspolicy_hop hop;

	if (!slice_cut(&key, ' ', &map)) {
		socketmap_reply(s->server, q,
		    SLICE("PERM not a map, a blank and a key"));
		return;
	}
	if (!tlspolicy_dialect_parse(map, &q->dialect)) {
		warn_of_map(s, map);
		q->dialect = TLSPOLICY_POSTFIX;
		reply_notfound(s, q);
	} else if (!tlspolicy_key(key, &hop) ||
	    (hop.is_smart && !s->settings->smart_hosts)) {
		reply_notfound(s, q);
	} else {
		ask_hop(s, q, &hop);
	}
}

static void
late(void *arg, struct socketmap_question *q)
{
	struct service *s = arg;
	struct memory_entry *e = q->on;

	s->stats.late++;
	lookup_forget(e, q);
	reply_from(s, q, e);
}

static void
gone(void *arg, struct socketmap_question *q)
{
	(void)arg;
	lookup_forget(q->on, q);
}

/* ---- now and then ---- */

/* One that is shorter is fetched anew only when it is asked for. */
static bool
is_worth_it(const struct memory_entry *e, int64_t wall)
{
	return e->policy->max_age >= 2 * LIMIT_TLSPOL_FRESH_MIN &&
	    wall - e->asked < LIMIT_TLSPOL_UNASKED;
}

/* Policies are fetched anew before they end, asked for or not. */
static void
refresh(struct service *s)
{
	int64_t wall = lookup_wall(), now = lookup_now();
	struct memory_entry *e, *first = NULL;
	size_t i;

	for (i = 0; i < ROUND; i++) {
		e = memory_next(s->memory, wall);
		if (e == NULL || e == first)
			return;
		if (first == NULL)
			first = e;
		if (lookup_is_due(e, wall) && now >= e->look_at &&
		    is_worth_it(e, wall) && !lookup_begin(&s->lookups, e))
			return;
	}
}

static void
say_saved(struct service *s, const char *problem)
{
	if (problem != NULL)
		log_line(CONFIG_LOG_WARNING, "%s cannot be written: %s",
		    s->settings->cache.file, problem);
	else if (s->save_failed)
		log_line(CONFIG_LOG_INFO, "%s is written again",
		    s->settings->cache.file);
	s->save_failed = problem != NULL;
}

static void
save(struct service *s)
{
	struct buf text;

	if (s->settings->cache.file == NULL)
		return;
	buf_init(&text, LIMIT_TLSPOL_FILE);
	store_write_text(s->memory, lookup_wall(), &text);
	s->saved_at = lookup_now();
	s->saved_fetches = s->lookups.stats.fetches;
	if (buf_failed(&text))
		say_saved(s, "it would be too large, or memory is short");
	else if (!store_save(s->settings->cache.file, &text))
		say_saved(s, "no thread for it");
	buf_fini(&text);
}

static void
collect(const struct service *s, struct figures *f)
{
	struct socketmap_stats server;

	socketmap_get_stats(s->server, &server);
	*f = s->stats;
	f->connections = server.connections;
	f->open = server.open;
	f->crowded = server.crowded;
	f->requests = server.requests;
	f->bad = server.bad;
	f->domains = memory_count(s->memory);
	f->policies = memory_policies(s->memory);
	f->octets = memory_octets(s->memory);
	f->lookups = s->lookups.stats.begun;
	f->lookups_open = s->lookups.open;
	f->lookups_refused = s->lookups.stats.refused;
	f->fetches = s->lookups.stats.fetches;
	f->fetch_failures = s->lookups.stats.fetch_failures;
	f->dns_failures = s->lookups.stats.dns_failures;
}

static void
tick(void *arg)
{
	struct service *s = arg;
	struct figures f;

	refresh(s);
	collect(s, &f);
	figures_show(&f, s->lookups.resolver);
	if (store_has_ended())
		say_saved(s, store_finish());
	if (s->lookups.stats.fetches != s->saved_fetches &&
	    lookup_now() >= s->saved_at + LIMIT_TLSPOL_SAVE)
		save(s);
}

static void
readable(void *arg, int fd)
{
	struct service *s = arg;

	if (fd == s->mailbox.fd)
		mailbox_read(&s->mailbox);
	else
		s->readable(s->readable_arg, fd);
}

/* ---- the whole ---- */

static const struct socketmap_calls calls = { .ask = ask, .late = late,
    .gone = gone, .tick = tick, .readable = readable };

static bool
start(struct service *s, struct settings *set, char *why,
    size_t why_size)
{
	s->settings = settings_ref(set);
	buf_init(&s->reply, LIMIT_TLSPOLICY_REPLY);
	s->memory = memory_new(set->cache.domains, set->cache.memory);
	s->server = socketmap_new(&calls, s, LIMIT_TLSPOL_CLIENTS);
	if (s->memory == NULL || s->server == NULL ||
	    !mailbox_init(&s->mailbox) ||
	    !socketmap_watch(s->server, s->mailbox.fd)) {
		snprintf(why, why_size, "no memory, or no descriptors");
		return false;
	}
	s->lookups = (struct lookups){ .mailbox = &s->mailbox,
		.memory = s->memory, .settings = s->settings, .answer = answer,
		.arg = s };
	s->lookups.resolver = resolver_new(&set->resolver.options, why,
	    why_size);
	if (s->lookups.resolver == NULL)
		return false;
	s->lookups.https = https_client_new();
	if (s->lookups.https == NULL)
		snprintf(why, why_size, "libcurl cannot be used");
	return s->lookups.https != NULL;
}

struct service *
service_new(struct settings *settings, char *why, size_t why_size)
{
	/* Static: other threads use it until the process ends. */
	static struct service s;

	return start(&s, settings, why, why_size) ? &s : NULL;
}

void
service_load(struct service *s)
{
	const char *path = s->settings->cache.file;
	char why[1024];

	if (path == NULL)
		return;
	switch (store_load(s->memory, path, lookup_wall(), why,
	    sizeof(why))) {
	case STORE_LOADED:
		log_line(CONFIG_LOG_INFO, "%s: %zu policies", path,
		    memory_policies(s->memory));
		return;
	case STORE_ABSENT:
		return;
	case STORE_BROKEN:
		log_line(CONFIG_LOG_WARNING, "%s; the previous content is "
		    "used, %zu policies", why, memory_policies(s->memory));
		return;
	case STORE_UNREADABLE:
		log_line(CONFIG_LOG_WARNING, "%s", why);
		return;
	}
}

bool
service_listen(struct service *s, struct listener *l)
{
	return socketmap_listen(s->server, l);
}

bool
service_watch(struct service *s, int fd, void (*fn)(void *arg, int fd),
    void *arg)
{
	s->readable = fn;
	s->readable_arg = arg;
	return socketmap_watch(s->server, fd);
}

bool
service_set(struct service *s, struct settings *settings, char *why,
    size_t why_size)
{
	const struct resolver_options *o = &settings->resolver.options;
	struct resolver *r;

	if (!resolver_matches(s->lookups.resolver, o)) {
		r = resolver_new(o, why, why_size);
		if (r == NULL)
			return false;
		resolver_free(s->lookups.resolver);
		s->lookups.resolver = r;
	}
	settings_unref(s->settings);
	s->settings = s->lookups.settings = settings_ref(settings);
	memory_set_limits(s->memory, settings->cache.domains,
	    settings->cache.memory);
	return true;
}

void
service_log_statistics(struct service *s)
{
	struct figures f;

	collect(s, &f);
	figures_log(&f);
}

void
service_run(struct service *s)
{
	socketmap_run(s->server);
	(void)store_finish();
	save(s);
	say_saved(s, store_finish());
}

void
service_stop(struct service *s)
{
	s->lookups.stopping = true;
	socketmap_stop(s->server);
}
