/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydates: when the keys of the configuration sign, as metrics.
 */
#include "milter/keydates.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/limits.h"

#define US INT64_C(1000000)

/* An identity, or one of the patterns: what the record has as sign-domain. */
struct name {
	bool		below;
	struct slice	domain;
};
struct name_text {
	char	text[DOMAIN_MAX + sizeof("*.")];
};

static size_t
name_count(const struct config_sign *rule)
{
	return rule->identity.len > 0 ? 1 : rule->domain_count;
}

static struct name
name_of(const struct config_sign *rule, size_t i)
{
	if (rule->identity.len > 0)
		return (struct name){ .domain = rule->identity };
	return (struct name){ .below = rule->domains[i].below,
		.domain = domain_slice(&rule->domains[i].domain) };
}

/* Two rules with one identity, or a pattern that is given twice. */
static bool
is_repeated(const struct config *c, size_t rule, size_t index)
{
	struct name name = name_of(&c->sign[rule], index), other;
	size_t r, i, count;

	for (r = 0; r <= rule; r++) {
		count = r < rule ? name_count(&c->sign[r]) : index;
		for (i = 0; i < count; i++) {
			other = name_of(&c->sign[r], i);
			if (other.below == name.below &&
			    slice_eq(other.domain, name.domain))
				return true;
		}
	}
	return false;
}

/* The latest end of those that sign at `at`. */
static int64_t
last_end(const struct config_sign *rule, int64_t at)
{
	int64_t end = at;
	size_t i;

	for (i = 0; i < rule->key_count; i++)
		if (rule->keys[i].from <= at && rule->keys[i].until > end)
			end = rule->keys[i].until;
	return end;
}

/* Without any that signs now: when the last one ended, 0 for never. */
static int64_t
past_end(const struct config_sign *rule, int64_t now)
{
	int64_t end = 0;
	size_t i;

	for (i = 0; i < rule->key_count; i++)
		if (rule->keys[i].until <= now && rule->keys[i].until > end)
			end = rule->keys[i].until;
	return end;
}

int64_t
keydates_end(const struct config_sign *rule, int64_t now)
{
	int64_t end = last_end(rule, now), next;

	if (end == now)
		return past_end(rule, now);
	while (end != INT64_MAX && (next = last_end(rule, end)) > end)
		end = next;
	return end;
}

/* ---- the families ---- */

struct moment {
	const struct signing	*signing;
	int64_t			 now;
};

/* One sample for a key or, without keys, for a rule. */
typedef void	write_fn(struct exposition *x, const struct config_sign *rule,
		    const struct config_sign_key *key, struct slice name,
		    const struct moment *m);

static void
write_key_date(struct exposition *x, const struct config_sign_key *key,
    struct slice name, int64_t date)
{
	const struct exposition_label labels[] = { { "domain", name },
		{ "selector", key->selector } };

	if (date >= 0 && date < INT64_MAX / US)
		exposition_us(x, labels, 2, date * US);
}

static void
write_begin(struct exposition *x, const struct config_sign *rule,
    const struct config_sign_key *key, struct slice name,
    const struct moment *m)
{
	(void)rule;
	(void)m;
	write_key_date(x, key, name, key->from);
}

static void
write_end(struct exposition *x, const struct config_sign *rule,
    const struct config_sign_key *key, struct slice name,
    const struct moment *m)
{
	(void)rule;
	(void)m;
	write_key_date(x, key, name, key->until);
}

static void
write_published(struct exposition *x, const struct config_sign *rule,
    const struct config_sign_key *key, struct slice name,
    const struct moment *m)
{
	const struct exposition_label labels[] = { { "domain", name },
		{ "selector", key->selector } };
	int published = signing_key_published(m->signing, rule,
	    (size_t)(key - rule->keys));

	if (published >= 0)
		exposition_number(x, labels, 2, published);
}

static void
write_last(struct exposition *x, const struct config_sign *rule,
    const struct config_sign_key *key, struct slice name,
    const struct moment *m)
{
	const struct exposition_label label = { "domain", name };
	int64_t end = keydates_end(rule, m->now);

	if (key == rule->keys)
		exposition_us(x, &label, 1, end < INT64_MAX / US ? end * US :
		    INT64_MAX);
}

static void
write_name(struct name name, struct name_text *out)
{
	snprintf(out->text, sizeof(out->text), "%s%.*s", name.below ? "*." :
	    "", SLICE_ARG(name.domain));
}

static void
write_family(struct exposition *x, const struct exposition_family *f,
    const struct config *c, const struct moment *m, write_fn *write)
{
	size_t r, i, k, written = 0;
	struct name_text text;

	exposition_family(x, f);
	for (r = 0; r < c->sign_count; r++) {
		for (i = 0; i < name_count(&c->sign[r]) &&
		    written < LIMIT_METRICS_KEYS; i++) {
			if (is_repeated(c, r, i))
				continue;
			write_name(name_of(&c->sign[r], i), &text);
			for (k = 0; k < c->sign[r].key_count; k++)
				write(x, &c->sign[r], &c->sign[r].keys[k],
				    slice_str(text.text), m);
			written++;
		}
	}
}

void
keydates_write(struct exposition *x, const struct config *c,
    const struct signing *s, int64_t now)
{
	const struct moment m = { s, now };
	static const struct exposition_family begin = {
		"assay_key_begin_timestamp_seconds", EXPOSITION_GAUGE,
		"seconds", "When a key starts signing, if it has a date." },
	    end = { "assay_key_end_timestamp_seconds", EXPOSITION_GAUGE,
		"seconds", "When a key stops signing, if it has a date." },
	    last = { "assay_signing_end_timestamp_seconds", EXPOSITION_GAUGE,
		"seconds", "When the last key of the domain stops signing; "
		"+Inf for never." },
	    published = { "assay_key_published", EXPOSITION_GAUGE, NULL,
		"Whether DNS has the record of a key: 0 if it is missing or "
		"of another key." };

	write_family(x, &begin, c, &m, write_begin);
	write_family(x, &end, c, &m, write_end);
	write_family(x, &last, c, &m, write_last);
	write_family(x, &published, c, &m, write_published);
}
