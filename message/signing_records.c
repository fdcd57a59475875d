/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: what DNS says of our keys, before they sign and while they do.
 */
#include "message/signing_internal.h"

#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "message/inquiry.h"

#define KEY_PREFIX	"._domainkey."
#define NAME_SIZE	(DOMAIN_MAX + sizeof(KEY_PREFIX) + DOMAIN_MAX)
#define CHECK_SECONDS	60	/* between lookups of what is not there */
#define LEAD_SECONDS	600	/* before a key begins it is looked up */

/* ---- keys that the configuration names ---- */

/* d= as far as it is known before a message comes; empty if it is not. */
static struct slice
known_identity(const struct config_sign *rule, const struct policy_pattern *p)
{
	if (rule->identity.len > 0)
		return rule->identity;
	return p->below ? SLICE("") : domain_slice(&p->domain);
}

/*
 * Calls fn for each key and each d= that it signs for; `name` is empty when
 * d= is not known.
 */
struct key_visit {
	const struct loaded_rule	*rule;
	size_t				 key;
	char				 name[NAME_SIZE];
};

static void
visit_keys(const struct signing *s, const struct config_sign *only,
    void (*fn)(void *, const struct key_visit *), void *arg)
{
	struct key_visit v;
	struct slice d, selector;
	size_t i, p;

	for (i = 0; i < s->count; i++) {
		v.rule = &s->rules[i];
		if (only != NULL && v.rule->rule != only)
			continue;
		for (v.key = 0; v.key < v.rule->rule->key_count; v.key++) {
			selector = v.rule->rule->keys[v.key].selector;
			for (p = 0; p < v.rule->rule->domain_count; p++) {
				d = known_identity(v.rule->rule,
				    &v.rule->rule->domains[p]);
				v.name[0] = '\0';
				if (d.len > 0)
					snprintf(v.name, sizeof(v.name),
					    "%.*s" KEY_PREFIX "%.*s",
					    SLICE_ARG(selector),
					    SLICE_ARG(d));
				fn(arg, &v);
				/* One d= for all patterns. */
				if (v.rule->rule->identity.len > 0)
					break;
			}
		}
	}
}

struct preflight {
	const struct signing	*signing;
	const struct config_sign *only;
	struct dns_ledger	*ledger;
	bool			 all;		/* every answer is there */
	int64_t			 now;
	signing_check_fn	*fn;
	void			*arg;
};

static void
ask_key(void *arg, const struct key_visit *v)
{
	struct preflight *p = arg;

	if (v->name[0] != '\0' && dns_ledger_ask(p->ledger,
	    slice_str(v->name), DNS_TYPE_TXT) == NULL)
		p->all = false;
}

/* An inquiry_step_fn. */
static bool
ask_keys(void *arg, struct dns_ledger *ledger)
{
	struct preflight *p = arg;

	p->ledger = ledger;
	p->all = true;
	visit_keys(p->signing, p->only, ask_key, p);
	return p->all;
}

/* A key may have several records: the worst of them counts. */
static void
note_published(struct loaded_key *key, enum dkim_key_match match)
{
	enum published is = match == DKIM_KEY_MATCHES ? PUBLISHED_YES :
	    match == DKIM_KEY_UNKNOWN ? PUBLISHED_UNKNOWN : PUBLISHED_NO;

	if (is == PUBLISHED_NO || key->worst == PUBLISHED_YES)
		key->worst = is;
}

/* All of the pass at once, so that no message sees half of it. */
static void
publish(const struct signing *s, const struct config_sign *only, bool begin)
{
	struct loaded_key *key;
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		if (only != NULL && s->rules[i].rule != only)
			continue;
		for (k = 0; k < s->rules[i].rule->key_count; k++) {
			key = &s->rules[i].keys[k];
			if (begin)
				key->worst = PUBLISHED_YES;
			else
				atomic_store(&key->published,
				    (int)key->worst);
		}
	}
}

static enum dkim_key_match
examine_key(const struct preflight *p, const struct key_visit *v,
    const char **problem)
{
	if (v->name[0] == '\0')
		return DKIM_KEY_UNKNOWN;
	return dkim_private_key_examine(v->rule->keys[v->key].key,
	    dns_ledger_peek(p->ledger, slice_str(v->name), DNS_TYPE_TXT),
	    problem);
}

static void
note_key(void *arg, const struct key_visit *v)
{
	const char *problem;

	note_published(&v->rule->keys[v->key], examine_key(arg, v, &problem));
}

/* When it is known of all keys, since one may wait for another. */
static void
tell_key(void *arg, const struct key_visit *v)
{
	const struct preflight *p = arg;
	const struct config_sign *rule = v->rule->rule;
	const struct config_sign_key *key = &rule->keys[v->key];
	size_t old = signing_held_back(v->rule, p->now);
	bool held = old < rule->key_count;
	struct signing_check c = { .rule = rule, .key = key, .name = v->name,
		.due = signing_key_is_due(key, p->now) };

	c.match = examine_key(p, v, &c.problem);
	c.now = held ? v->key == old : c.due;
	if (c.due && !c.now)
		c.instead = &rule->keys[old];
	p->fn(p->arg, &c);
}

void
signing_preflight(const struct signing *s, const struct config_sign *only,
    struct resolver *resolver, int64_t now, unsigned int deadline_ms,
    signing_check_fn *fn, void *arg)
{
	struct preflight p = { .signing = s, .only = only, .now = now,
		.fn = fn, .arg = arg };
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct inquiry *q = inquiry_new(resolver, ask_keys, &p);

	if (q == NULL)
		return;
	inquiry_wait(q, deadline_ms, &waiting);
	p.ledger = inquiry_ledger(q);
	publish(s, only, true);
	visit_keys(s, only, note_key, &p);
	publish(s, only, false);
	if (fn != NULL)
		visit_keys(s, only, tell_key, &p);
	inquiry_free(q);
}

int
signing_key_published(const struct signing *s, const struct config_sign *rule,
    size_t key)
{
	size_t i;

	for (i = 0; s != NULL && i < s->count; i++) {
		if (s->rules[i].rule != rule || key >= rule->key_count)
			continue;
		return signing_is_published(&s->rules[i], key, PUBLISHED_YES) ?
		    1 : signing_is_published(&s->rules[i], key, PUBLISHED_NO) ?
		    0 : -1;
	}
	return -1;
}

int64_t
signing_next_check(const struct signing *s, int64_t now)
{
	const int64_t in_an_hour = now + SIGNING_WARN_SECONDS;
	const struct config_sign_key *key;
	int64_t next = in_an_hour;
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		for (k = 0; k < s->rules[i].rule->key_count; k++) {
			key = &s->rules[i].rule->keys[k];
			if (key->from < in_an_hour && now < key->until &&
			    !signing_is_published(&s->rules[i], k,
			    PUBLISHED_YES))
				return now + CHECK_SECONDS;
			/* No time is INT64_MIN: nothing is taken off it. */
			if (key->from > now + LEAD_SECONDS &&
			    key->from - LEAD_SECONDS < next)
				next = key->from - LEAD_SECONDS;
		}
	}
	return next;
}

/* ---- keys in folders ---- */

struct folder_check {
	size_t			 count;
	struct keydir_question	 asked[LIMIT_KEYDIR_ASKED];
	struct dns_ledger	*ledger;
};

static void
write_name(const struct keydir_question *q, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s" KEY_PREFIX "%s", q->selector.text,
	    q->domain.text);
}

/* An inquiry_step_fn. */
static bool
ask_some(void *arg, struct dns_ledger *ledger)
{
	struct folder_check *c = arg;
	char name[NAME_SIZE];
	bool all = true;
	size_t i;

	c->ledger = ledger;
	for (i = 0; i < c->count; i++) {
		write_name(&c->asked[i], name);
		if (dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_TXT) ==
		    NULL)
			all = false;
	}
	return all;
}

/* What the answer says of one key; nothing without a ledger. */
static void
note_record(const struct loaded_rule *r, const struct dns_ledger *ledger,
    struct keydir_question *q, int64_t now, signing_check_fn *fn, void *arg)
{
	const struct config_sign_key key = { .from = INT64_MIN,
		.until = INT64_MAX, .selector = domain_slice(&q->selector) };
	struct signing_check check = { .rule = r->rule, .key = &key,
		.match = DKIM_KEY_UNKNOWN, .due = true, .now = true };
	char name[NAME_SIZE];

	write_name(q, name);
	check.name = name;
	if (ledger != NULL)
		check.match = dkim_private_key_examine(q->key,
		    dns_ledger_peek(ledger, slice_str(name), DNS_TYPE_TXT),
		    &check.problem);
	if (keydir_answer(r->folder, q, check.match, now) && fn != NULL)
		fn(arg, &check);
}

static void
look_up_folder(const struct loaded_rule *r, struct resolver *resolver,
    int64_t now, unsigned int deadline_ms, signing_check_fn *fn, void *arg)
{
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct folder_check *c = mem_alloc(sizeof(*c));
	struct inquiry *q = NULL;
	size_t i;

	if (c == NULL)
		return;
	c->count = keydir_ask(r->folder, now, c->asked, LIMIT_KEYDIR_ASKED);
	if (c->count > 0)
		q = inquiry_new(resolver, ask_some, c);
	if (q != NULL) {
		inquiry_wait(q, deadline_ms, &waiting);
		c->ledger = inquiry_ledger(q);
	}
	for (i = 0; i < c->count; i++)
		note_record(r, q != NULL ? c->ledger : NULL, &c->asked[i],
		    now, fn, arg);
	inquiry_free(q);
	mem_free(c);
}

void
signing_look_up(const struct signing *s, struct resolver *resolver,
    int64_t now, unsigned int deadline_ms, signing_check_fn *fn, void *arg)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->rules[i].folder != NULL)
			look_up_folder(&s->rules[i], resolver, now,
			    deadline_ms, fn, arg);
}

static void
add_date(struct buf *b, const char *word, int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;
	char text[40];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		return;
	buf_addf(b, ", %s %s", word, text);
}

/* "signs now, until ..." */
static void
add_times(struct buf *b, const struct signing_check *c)
{
	const struct config_sign_key *k = c->key;

	if (c->instead != NULL) {
		buf_addf(b, "; it does not sign yet: the key %.*s signs until "
		    "the records of this one are in DNS",
		    SLICE_ARG(c->instead->selector));
		return;
	}
	buf_adds(b, c->now ? "; it signs now" : "; it does not sign now");
	if (c->now && !c->due) {
		buf_adds(b, ", because DNS does not have the record of the "
		    "next key");
		return;
	}
	if (k->from != INT64_MIN && !c->now)
		add_date(b, "from", k->from);
	if (k->until != INT64_MAX)
		add_date(b, "until", k->until);
}

void
signing_check_text(const struct signing_check *c, char *out, size_t size)
{
	static const char *const said[] = {
		[DKIM_KEY_MATCHES] = "the record in DNS matches the key",
		[DKIM_KEY_DIFFERS] =
		    "the record in DNS does not match the key",
		[DKIM_KEY_ABSENT] = "there is no key record in DNS",
		[DKIM_KEY_UNKNOWN] = "DNS did not answer"
	};
	struct buf b;

	buf_init(&b, size > 0 ? size - 1 : 0);
	if (c->name[0] == '\0')
		buf_addf(&b, "selector %.*s: which record it needs depends on "
		    "the From domain", SLICE_ARG(c->key->selector));
	else
		buf_addf(&b, "%s: %s", c->name, said[c->match]);
	if (c->match == DKIM_KEY_DIFFERS || c->match == DKIM_KEY_ABSENT)
		buf_adds(&b, ", so signatures will not verify: publish the "
		    "one that \"assay key-check\" shows");
	if (c->problem != NULL && c->match != DKIM_KEY_ABSENT)
		buf_addf(&b, " (%s)", c->problem);
	add_times(&b, c);
	snprintf(out, size, "%s", buf_cstr(&b));
	buf_fini(&b);
}
