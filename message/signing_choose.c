/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: which rule a message is signed by, and with which keys.
 */
#include "message/signing_internal.h"

#include "event/log.h"

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
	mail_from_parse(field->value, arena, sender);
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

/*
 * This rule it is, with found->d, and the keys of its folder if it has one; a
 * folder without a key of the domain leaves it to the rules that follow.
 */
static void
take_rule(struct loaded_rule *r, int64_t now, struct arena *arena,
    struct found *found)
{
	if (r->folder != NULL)
		look_in_folder(r, now, arena, found);
	if (r->folder == NULL || found->status != KEYDIR_NONE)
		found->rule = r;
}

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
		take_rule(r, f->now, arena, found);
	}
}

/* A line when other keys sign than did before. */
static void
log_rotation(struct loaded_rule *r, const struct signing_plan *plan,
    uint64_t mask)
{
	uint64_t before = atomic_exchange(&r->mask, mask);
	struct buf names;
	size_t i;

	if (before == mask || before == SIGNING_MASK_UNKNOWN)
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

size_t
signing_held_back(const struct loaded_rule *r, int64_t now)
{
	const struct config_sign_key *keys = r->rule->keys;
	size_t count = r->rule->key_count, old = count, k;

	for (k = 0; k < count; k++) {
		if (signing_key_is_due(&keys[k], now) &&
		    signing_is_published(r, k, PUBLISHED_YES))
			return count;
	}
	for (k = 0; k < count; k++) {
		if (keys[k].from <= now && now >= keys[k].until &&
		    signing_is_published(r, k, PUBLISHED_YES) &&
		    (old == count || keys[k].until > keys[old].until))
			old = k;
	}
	for (k = 0; k < count && old < count; k++) {
		if (signing_key_is_due(&keys[k], now))
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

	if (now - warned < SIGNING_WARN_SECONDS ||
	    !atomic_compare_exchange_strong(&r->warned, &warned, now))
		return;
	log_line(CONFIG_LOG_WARNING, "key rotation: DNS does not have the "
	    "record of the key that should sign for %.*s now; %.*s still signs",
	    SLICE_ARG(domain), SLICE_ARG(r->rule->keys[old].selector));
}

static void
choose_keys(struct loaded_rule *r, int64_t now, struct signing_plan *plan)
{
	const struct config_sign *rule = r->rule;
	size_t old = signing_held_back(r, now), k;
	uint64_t mask = 0;

	if (old < rule->key_count)
		warn_held_back(r, old, now, plan->options.domain);
	for (k = 0; k < rule->key_count; k++) {
		if (old < rule->key_count ? k != old :
		    !signing_key_is_due(&rule->keys[k], now))
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

/* Are bounces in the name `from` from this host, or from one of d=? */
static bool
is_our_bounce(const struct mail_from *from, struct slice d, struct slice host)
{
	struct slice name;
	size_t i;

	if (from->fields != 1 || from->more_domains)
		return false;
	for (i = 0; i < from->domain_count; i++) {
		name = from->domains[i];
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
		take_rule(r, f->now, arena, found);
	}
}

/* An authenticated user signs for his own addresses. */
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
