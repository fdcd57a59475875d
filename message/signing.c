/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: which messages are signed, and with which keys.
 */
#include "message/signing.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "message/inquiry.h"
#include "message/keydir_internal.h"
#include "message/userfile_internal.h"
#include "event/log.h"

#define KEY_PREFIX	"._domainkey."
#define NAME_SIZE	(DOMAIN_MAX + sizeof(KEY_PREFIX) + DOMAIN_MAX)
#define WARN_SECONDS	3600	/* between warnings of a rotation */
#define CHECK_SECONDS	60	/* between look-ups of what is not there */
#define LEAD_SECONDS	600	/* before a key begins it is looked up */
#define MASK_UNKNOWN	UINT64_MAX	/* nothing has been signed yet */

/* What DNS says of a key's records. */
enum published {
	PUBLISHED_UNKNOWN,	/* not looked up, no answer, or d= depends on
				   the message */
	PUBLISHED_YES,		/* all of them fit */
	PUBLISHED_NO		/* one is not there, or is of another key */
};

struct loaded_key {
	struct dkim_private_key	*key;
	atomic_int		 published;
	enum published		 worst;	/* of a look-up under way */
};

struct loaded_rule {
	const struct config_sign	 *rule;
	struct loaded_key		 *keys;	/* as rule->keys */
	struct keydir			 *folder;	/* in place of `keys` */
	bool				  seals;	/* signs nothing */
	struct userfile			 *users;	/* NULL: for all */
	_Atomic int64_t			  warned;	/* of a rotation */
	/* Bit i: keys[i] signed the latest message of this rule. */
	_Atomic uint64_t		  mask;
};

struct signing {
	atomic_uint		 refs;
	struct loaded_rule	*rules;
	size_t			 count;
};

struct signing *
signing_ref(struct signing *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void
signing_free(struct signing *s)
{
	size_t i, k;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (i = 0; i < s->count; i++) {
		for (k = 0; s->rules[i].keys != NULL &&
		    k < s->rules[i].rule->key_count; k++)
			if (s->rules[i].keys[k].key != NULL)
				dkim_private_key_free(
				    s->rules[i].keys[k].key);
		mem_free(s->rules[i].keys);
		keydir_free(s->rules[i].folder);
		userfile_free(s->rules[i].users);
	}
	mem_free(s->rules);
	mem_free(s);
}

/* The file may be wrong, or memory be short. */
static bool
load_users(struct loaded_rule *r, char *why, size_t why_size)
{
	char problem[512] = "no memory for users";

	if (r->rule->for_user == NULL)
		return true;
	r->users = userfile_new(r->rule->for_user, problem, sizeof(problem));
	if (r->users == NULL)
		snprintf(why, why_size, "%s:%u: for-user: %s", r->rule->path,
		    r->rule->line, problem);
	return r->users != NULL;
}

static bool
load_folder(struct loaded_rule *r, char *why, size_t why_size)
{
	const struct config_sign_directory *c = &r->rule->directory;
	char problem[512];

	r->folder = keydir_new(c, problem, sizeof(problem));
	if (r->folder == NULL)
		snprintf(why, why_size, "%s:%u:%u: %s: %s", r->rule->path,
		    c->line, c->column, c->path, problem);
	return r->folder != NULL;
}

static bool
load_rule(struct loaded_rule *r, char *why, size_t why_size)
{
	const struct config_sign_key *key;
	char problem[512];
	size_t k;

	if (r->rule->directory.path != NULL)
		return load_folder(r, why, why_size);
	r->keys = mem_array(r->rule->key_count, sizeof(*r->keys));
	if (r->keys == NULL) {
		snprintf(why, why_size, "no memory for keys");
		return false;
	}
	for (k = 0; k < r->rule->key_count; k++) {
		key = &r->rule->keys[k];
		r->keys[k].key = dkim_private_key_read(key->file, problem,
		    sizeof(problem));
		if (r->keys[k].key == NULL) {
			snprintf(why, why_size, "%s:%u:%u: %s: %s",
			    r->rule->path, key->line, key->column, key->file,
			    problem);
			return false;
		}
	}
	return true;
}

/* RFC 8617: others verify RSA only, and a set has room for one seal. */
static bool
load_sealer(struct loaded_rule *r, char *why, size_t why_size)
{
	r->seals = true;
	if (!load_rule(r, why, why_size))
		return false;
	if (dkim_private_key_type(r->keys[0].key) == DKIM_KEY_RSA)
		return true;
	snprintf(why, why_size, "%s:%u:%u: %s: seals are made with RSA keys "
	    "only", r->rule->path, r->rule->keys[0].line,
	    r->rule->keys[0].column, r->rule->keys[0].file);
	return false;
}

static bool
load_next(struct signing *s, const struct config_sign *rule, bool seals,
    char *why, size_t why_size)
{
	struct loaded_rule *r = &s->rules[s->count++];

	r->rule = rule;
	atomic_init(&r->mask, MASK_UNKNOWN);
	atomic_init(&r->warned, 0);
	if (seals)
		return load_sealer(r, why, why_size);
	return load_rule(r, why, why_size) && load_users(r, why, why_size);
}

struct signing *
signing_load(const struct config *config, char *why, size_t why_size)
{
	struct signing *s = mem_alloc(sizeof(*s));
	bool good = true;
	size_t i;

	if (s != NULL)
		s->rules = mem_array(config->sign_count + 1,
		    sizeof(*s->rules));
	if (s == NULL || s->rules == NULL) {
		snprintf(why, why_size, "no memory for keys");
		mem_free(s);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	for (i = 0; i < config->sign_count && good; i++)
		good = load_next(s, &config->sign[i], false, why, why_size);
	if (good && config->seal.given)
		good = load_next(s, &config->seal.rule, true, why, why_size);
	if (good)
		return s;
	signing_free(s);
	return NULL;
}

bool
signing_has_rules(const struct signing *s)
{
	return s != NULL && s->count > 0 && !s->rules[0].seals;
}

bool
signing_sealer(const struct signing *s, struct dkim_sign_key *out)
{
	const struct loaded_rule *last;

	if (s == NULL || s->count == 0)
		return false;
	last = &s->rules[s->count - 1];
	if (!last->seals)
		return false;
	out->selector = last->rule->keys[0].selector;
	out->key = last->keys[0].key;
	return true;
}

bool
signing_is_missed(enum signing_state state)
{
	return state == SIGNING_NO_FROM || state == SIGNING_NO_KEY ||
	    state == SIGNING_FAILED;
}

const char *
signing_problem(enum signing_state state)
{
	switch (state) {
	case SIGNING_NO_FROM:
		return "From is absent, repeated or cannot be read";
	case SIGNING_SEEN_BEFORE:
		return "it has an Authentication-Results field of ours, so "
		    "it came from outside before";
	case SIGNING_DONE_BEFORE:
		return "it has our signature already";
	case SIGNING_NOT_HIS:
		return "the user who has authenticated may not use this "
		    "From";
	case SIGNING_NO_KEY:
		return "no key signs at this time";
	case SIGNING_FAILED:
		return "memory or OpenSSL failed";
	case SIGNING_NO_RULE:
		return "no rule of sign has the domain in From";
	case SIGNING_READY:
		break;
	}
	return NULL;
}

/* Who signs, and what for. */
struct found {
	struct loaded_rule	*rule;	/* NULL: nobody */
	struct slice		 d;	/* d= */
	/* Of a folder: which keys, from the arena. */
	enum keydir_status	 status;
	struct keydir_choice	*choice;
};

/* The keys of found->d or, if the rule wants it, of a domain above it. */
static void
look_in_folder(const struct loaded_rule *r, int64_t now, struct arena *arena,
    struct found *found)
{
	bool above = r->rule->directory.subdomains;
	struct slice d = found->d;
	unsigned int i;

	if (found->choice == NULL)
		found->choice = arena_alloc(arena, sizeof(*found->choice));
	found->status = found->choice == NULL ? KEYDIR_FAILED :
	    keydir_choose(r->folder, d, now, found->choice);
	for (i = 0; i < LIMIT_KEYDIR_PARENTS && above &&
	    found->status == KEYDIR_NONE && domain_labels(d) > 2; i++) {
		d = domain_parent(d);
		found->status = keydir_choose(r->folder, d, now,
		    found->choice);
	}
	if (found->status != KEYDIR_NONE)
		found->d = d;
}

/* One without domains has all of them. */
static bool
has_domain(const struct config_sign *rule, struct slice domain)
{
	return rule->domain_count == 0 || policy_pattern_find(rule->domains,
	    rule->domain_count, domain) != NULL;
}

/*
 * The domain of Sender, or the author's without one (RFC 5322 3.6.2); empty
 * when it cannot be read or there are several.  It is the arena's.
 */
static struct slice
sender_domain(const struct signing_facts *f, struct arena *arena)
{
	const struct mail_field *field;
	struct mail_from *sender;
	unsigned int n = mail_header_instances(f->header, SLICE("Sender"));

	if (n == 0)
		return domain_slice(&f->from->domain);
	field = mail_header_find(f->header, SLICE("Sender"), 1);
	sender = arena_alloc(arena, sizeof(*sender));
	if (n > 1 || field == NULL || sender == NULL)
		return SLICE("");
	mail_from_parse(field->value, sender);
	return mail_from_has_author(sender) && sender->mailboxes == 1 ?
	    domain_slice(&sender->domain) : SLICE("");
}

/* What the rule goes by. */
static struct slice
domain_for(const struct config_sign *rule, const struct signing_facts *f,
    struct arena *arena)
{
	switch (rule->by) {
	case CONFIG_SIGN_SENDER:
		return sender_domain(f, arena);
	case CONFIG_SIGN_ENVELOPE:
		return f->envelope;
	case CONFIG_SIGN_FROM:
		break;
	}
	return domain_slice(&f->from->domain);
}

/* A folder without a key of the domain leaves it to the rules that follow. */
static void
find_rule(struct signing *s, const struct signing_facts *f,
    struct arena *arena, struct found *found)
{
	struct slice domain;
	struct loaded_rule *r;
	size_t i;

	for (i = 0; i < s->count && found->rule == NULL; i++) {
		r = &s->rules[i];
		if (r->seals)
			continue;
		domain = domain_for(r->rule, f, arena);
		if (domain.len == 0 || !has_domain(r->rule, domain))
			continue;
		found->d = r->rule->identity.len > 0 ? r->rule->identity :
		    domain;
		if (r->folder != NULL)
			look_in_folder(r, f->now, arena, found);
		if (r->folder == NULL || found->status != KEYDIR_NONE)
			found->rule = r;
	}
}

static bool
signs_at(const struct config_sign_key *key, int64_t now)
{
	return key->from <= now && now < key->until;
}

/* A line when other keys sign than did before. */
static void
log_rotation(struct loaded_rule *r, const struct signing_plan *plan,
    uint64_t mask)
{
	uint64_t before = atomic_exchange(&r->mask, mask);
	struct buf names;
	size_t i;

	if (before == mask || before == MASK_UNKNOWN)
		return;
	buf_init(&names, 1024);
	for (i = 0; i < plan->options.key_count; i++) {
		buf_addc(&names, ' ');
		buf_add(&names, plan->keys[i].selector);
	}
	log_line(CONFIG_LOG_INFO, "key rotation: %.*s is now signed with%s",
	    SLICE_ARG(plan->options.domain),
	    names.len > 0 ? buf_cstr(&names) : " no key");
	buf_fini(&names);
}

/* A key whose signature the message has is not needed again. */
static void
drop_done(const struct config_sign *rule, const struct mail_header *header,
    struct signing_plan *plan)
{
	size_t i, kept = 0;

	if (rule->resign || plan->state != SIGNING_READY)
		return;
	for (i = 0; i < plan->options.key_count; i++) {
		if (!dkim_sign_is_signed(header, plan->options.domain,
		    plan->keys[i].selector))
			plan->keys[kept++] = plan->keys[i];
	}
	plan->options.key_count = kept;
	if (kept == 0)
		plan->state = SIGNING_DONE_BEFORE;
}

static bool
is_published(const struct loaded_rule *r, size_t k, enum published want)
{
	return atomic_load_explicit(&r->keys[k].published,
	    memory_order_relaxed) == (int)want;
}

/*
 * A rotation waits for the record of the key that is to begin: until then
 * the one before it signs on, if its own record is there.  Returns that key,
 * or key_count when all is as the configuration says.
 */
static size_t
held_back(const struct loaded_rule *r, int64_t now)
{
	const struct config_sign_key *keys = r->rule->keys;
	size_t count = r->rule->key_count, old = count, k;

	for (k = 0; k < count; k++) {
		if (signs_at(&keys[k], now) &&
		    is_published(r, k, PUBLISHED_YES))
			return count;
	}
	for (k = 0; k < count; k++) {
		if (keys[k].from <= now && now >= keys[k].until &&
		    is_published(r, k, PUBLISHED_YES) &&
		    (old == count || keys[k].until > keys[old].until))
			old = k;
	}
	for (k = 0; k < count && old < count; k++) {
		if (signs_at(&keys[k], now))
			return old;
	}
	return count;
}

/* Once an hour. */
static void
warn_held_back(struct loaded_rule *r, size_t old, int64_t now,
    struct slice domain)
{
	int64_t warned = atomic_load(&r->warned);

	if (now - warned < WARN_SECONDS ||
	    !atomic_compare_exchange_strong(&r->warned, &warned, now))
		return;
	log_line(CONFIG_LOG_WARNING, "key rotation: DNS does not have the "
	    "record of the key that should sign for %.*s now; %.*s signs on",
	    SLICE_ARG(domain), SLICE_ARG(r->rule->keys[old].selector));
}

static void
choose_keys(struct loaded_rule *r, int64_t now, struct signing_plan *plan)
{
	const struct config_sign *rule = r->rule;
	size_t old = held_back(r, now), k;
	uint64_t mask = 0;

	if (old < rule->key_count)
		warn_held_back(r, old, now, plan->options.domain);
	for (k = 0; k < rule->key_count; k++) {
		if (old < rule->key_count ? k != old :
		    !signs_at(&rule->keys[k], now))
			continue;
		plan->keys[plan->options.key_count++] =
		    (struct dkim_sign_key){
			.selector = rule->keys[k].selector,
			.key = r->keys[k].key };
		mask |= (uint64_t)1 << (k % 63);
	}
	log_rotation(r, plan, mask);
	plan->state = plan->options.key_count > 0 ? SIGNING_READY :
	    SIGNING_NO_KEY;
}

/* Is whoever writes bounces in the name `from` this host, or one of d=? */
static bool
is_our_bounce(const struct mail_from *from, struct slice d, struct slice host)
{
	struct slice name;
	size_t i;

	if (from->fields != 1 || from->more_domains)
		return false;
	for (i = 0; i < from->domain_count; i++) {
		name = domain_slice(&from->domains[i]);
		if (!domain_is_at_or_below(name, d) &&
		    !slice_eq_nocase(name, host))
			return false;
	}
	return from->domain_count < 2;
}

static void
find_bounce_rule(struct signing *s, const struct signing_facts *f,
    struct arena *arena, struct found *found)
{
	struct loaded_rule *r;
	size_t i;

	for (i = 0; i < s->count && found->rule == NULL && f->null_sender;
	    i++) {
		r = &s->rules[i];
		found->d = config_sign_null_domain(r->rule);
		if (!r->rule->null_sender ||
		    !is_our_bounce(f->from, found->d, f->host))
			continue;
		if (r->folder != NULL)
			look_in_folder(r, f->now, arena, found);
		if (r->folder == NULL || found->status != KEYDIR_NONE)
			found->rule = r;
	}
}

void
signing_follow(const struct signing *s)
{
	char why[512];
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->rules[i].users == NULL)
			continue;
		switch (userfile_follow(s->rules[i].users, why,
		    sizeof(why))) {
		case USERFILE_TAKEN:
			log_line(CONFIG_LOG_INFO, "%s has changed, and "
			    "counts", s->rules[i].rule->for_user);
			break;
		case USERFILE_REFUSED:
			log_line(CONFIG_LOG_ERROR, "%s; the users known "
			    "before count", why);
			break;
		case USERFILE_SAME:
			break;
		}
	}
}

/* Whoever has authenticated signs for what is his. */
static bool
is_his(const struct loaded_rule *r, const struct signing_facts *f)
{
	return r->users == NULL || !f->authenticated ||
	    userfile_may(r->users, f->user, f->from->local,
	    domain_slice(&f->from->domain));
}

static void
use_folder(const struct found *found, struct signing_plan *plan)
{
	const struct keydir_choice *c = found->choice;
	size_t i;

	for (i = 0; i < c->count; i++)
		plan->keys[i] = (struct dkim_sign_key){ .key = c->keys[i],
			.selector = domain_slice(&c->selectors[i]) };
	plan->options.key_count = c->count;
	plan->state = c->count > 0 ? SIGNING_READY : SIGNING_NO_KEY;
}

static void
plan_for(const struct found *found, const struct signing_facts *f,
    struct arena *arena, struct signing_plan *out)
{
	const struct config_sign *rule = found->rule->rule;

	out->keys = arena_array(arena, rule->directory.path != NULL ?
	    KEYDIR_SIGNERS : rule->key_count, sizeof(*out->keys));
	if (out->keys == NULL || found->status == KEYDIR_FAILED) {
		out->state = SIGNING_FAILED;
		return;
	}
	out->options = (struct dkim_sign_options){
		.domain = found->d,
		.keys = out->keys,
		.relaxed_header = rule->relaxed_header,
		.relaxed_body = rule->relaxed_body,
		.headers = rule->headers, .header_count = rule->header_count,
		.oversign = rule->oversign,
		.oversign_count = rule->oversign_count,
		.now = f->now, .expire = rule->expire };
	if (found->rule->folder != NULL)
		use_folder(found, out);
	else
		choose_keys(found->rule, f->now, out);
	drop_done(rule, f->header, out);
}

void
signing_choose(struct signing *s, const struct signing_facts *f,
    struct arena *arena, struct signing_plan *out)
{
	struct found found = { .status = KEYDIR_NONE };
	bool author = mail_from_has_author(f->from);

	*out = (struct signing_plan){ .state = author ? SIGNING_NO_RULE :
	    SIGNING_NO_FROM };
	if (author)
		find_rule(s, f, arena, &found);
	if (found.rule == NULL)
		find_bounce_rule(s, f, arena, &found);
	out->held = found.choice;
	if (found.rule == NULL)
		return;
	out->rule = found.rule->rule;
	if (is_his(found.rule, f))
		plan_for(&found, f, arena, out);
	else
		out->state = SIGNING_NOT_HIS;
}

void
signing_release(struct signing_plan *plan)
{
	if (plan->held != NULL)
		keydir_release(plan->held);
	plan->held = NULL;
}

/* ---- pre-flight ---- */

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

static void
tell_key(void *arg, const struct key_visit *v)
{
	const struct preflight *p = arg;
	const struct config_sign_key *key = &v->rule->rule->keys[v->key];
	struct signing_check c = { .rule = v->rule->rule, .key = key,
		.name = v->name, .match = DKIM_KEY_UNKNOWN,
		.now = signs_at(key, p->now) };

	if (v->name[0] != '\0')
		c.match = dkim_private_key_examine(v->rule->keys[v->key].key,
		    dns_ledger_peek(p->ledger, slice_str(v->name),
		    DNS_TYPE_TXT), &c.problem);
	note_published(&v->rule->keys[v->key], v->name[0] == '\0' ?
	    DKIM_KEY_UNKNOWN : c.match);
	if (p->fn != NULL)
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
	visit_keys(s, only, tell_key, &p);
	publish(s, only, false);
	inquiry_free(q);
}

int64_t
signing_next_check(const struct signing *s, int64_t now)
{
	const struct config_sign_key *key;
	int64_t next = now + WARN_SECONDS;
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		for (k = 0; k < s->rules[i].rule->key_count; k++) {
			key = &s->rules[i].rule->keys[k];
			if (!is_published(&s->rules[i], k, PUBLISHED_YES) &&
			    key->from < now + WARN_SECONDS &&
			    now < key->until)
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
		.match = DKIM_KEY_UNKNOWN, .now = true };
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

size_t
signing_kept(const struct signing *s)
{
	size_t i, count = 0;

	for (i = 0; s != NULL && i < s->count; i++)
		if (s->rules[i].folder != NULL)
			count += keydir_count(s->rules[i].folder);
	return count;
}

struct survey {
	signing_survey_fn	*fn;
	void			*arg;
};

/* A keydir_problem_fn. */
static void
tell_problem(void *arg, const char *text)
{
	const struct survey *s = arg;

	s->fn(s->arg, true, text);
}

bool
signing_survey(const struct signing *s, signing_survey_fn *fn, void *arg,
    char *why, size_t why_size)
{
	struct survey survey = { .fn = fn, .arg = arg };
	const struct config_sign_directory *c;
	struct keydir_survey sum;
	char text[1024], problem[256];
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->rules[i].folder == NULL)
			continue;
		c = &s->rules[i].rule->directory;
		if (!keydir_survey(s->rules[i].folder, &sum, tell_problem,
		    &survey, problem, sizeof(problem))) {
			snprintf(why, why_size, "%s:%u:%u: %s: %s",
			    s->rules[i].rule->path, c->line, c->column,
			    c->path, problem);
			return false;
		}
		snprintf(text, sizeof(text), "keys in %s: %zu, of which %zu "
		    "were read and %zu cannot be used; their records are "
		    "looked up when they sign", c->path, sum.keys,
		    sum.checked, sum.bad);
		fn(arg, false, text);
	}
	return true;
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

	buf_adds(b, c->now ? "; it signs now" : "; it does not sign now");
	if (k->from != INT64_MIN && !c->now)
		add_date(b, "from", k->from);
	if (k->until != INT64_MAX)
		add_date(b, "until", k->until);
}

void
signing_check_text(const struct signing_check *c, char *out, size_t size)
{
	static const char *const said[] = {
		[DKIM_KEY_MATCHES] = "the record in DNS fits the key",
		[DKIM_KEY_DIFFERS] = "the record in DNS does not fit the key",
		[DKIM_KEY_ABSENT] = "there is no key record in DNS",
		[DKIM_KEY_UNKNOWN] = "DNS did not tell what the record is"
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
