/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: which domains are signed for, by which keys, and how.
 *
 * The files of the keys are not read here: the code that loads them has the
 * path, and the place in the configuration for its messages.
 */
#include "config/sign_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/date.h"
#include "base/domain.h"
#include "base/limits.h"
#include "config/config.h"
#include "config/values.h"

static bool
read_date(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	int64_t when;

	if (!schema_has_text(n) || !date_moment(n->text, &when))
		return schema_refuse(s, key, n, "a date like 2026-12-31, or "
		    "a time like 2026-12-31T12:00:00Z, both in UTC");
	schema_put(out, key->field, &when, sizeof(when));
	return true;
}

/* ---- keys ---- */

#define KEY(member) .field = offsetof(struct config_sign_key, member)

static const struct schema_key key_keys[] = {
	{ .name = "selector", .read = values_domain, KEY(selector),
	  .table = "a name like s2026" },
	{ .name = "file", .read = values_file, KEY(file),
	  .table = "the path of a key file" },
	{ .name = "from", .read = read_date, KEY(from),
	  .shape = SCHEMA_TEXT },
	{ .name = "until", .read = read_date, KEY(until),
	  .shape = SCHEMA_TEXT },
	{ .name = NULL }
};

/* Two keys at one place in the DNS: at most one could be verified. */
static bool
check_selector(struct schema *s, const struct yaml_node *n,
    const struct config_sign_key *keys, const struct config_sign_key *k)
{
	const struct config_sign_key *i;

	for (i = keys; i < k; i++) {
		if (!slice_eq(i->selector, k->selector))
			continue;
		schema_fail(s, schema_get(n, "selector"), "%sselector is ",
		    s->where);
		schema_say_text(s, k->selector);
		schema_say(s, ", which is the key in line %u; allowed: a "
		    "different selector", i->line);
		return false;
	}
	return true;
}

static bool
check_period(struct schema *s, const struct yaml_node *n,
    const struct config_sign_key *k)
{
	if (k->from < k->until)
		return true;
	schema_fail(s, schema_get(n, "until"), "%suntil is ", s->where);
	schema_say_text(s, schema_get(n, "until")->text);
	schema_say(s, ", which is not after from; allowed: a later date");
	return false;
}

/* A schema_entry_fn. */
static bool
read_key(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct config_sign_key *keys = items, *k = &keys[index];
	size_t len = strlen(s->where);

	snprintf(s->where + len, sizeof(s->where) - len, "key %zu: ",
	    index + 1);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "%smust be a mapping of \"key: "
		    "value\"; allowed: selector, file, from, until",
		    s->where);
	k->from = INT64_MIN;
	k->until = INT64_MAX;
	if (!schema_mapping(s, key_keys, "a signing key", n, k) ||
	    !schema_must_have(s, n, "selector") ||
	    !schema_must_have(s, n, "file") ||
	    !check_selector(s, n, keys, k) || !check_period(s, n, k))
		return false;
	k->line = schema_get(n, "file")->line;
	k->column = schema_get(n, "file")->column;
	return true;
}

/* ---- keys in a folder ---- */

#define DIRECTORY(member) \
	.field = offsetof(struct config_sign_directory, member)

static const struct slice domain_place = SLICE_INIT("%{domain}");
static const struct slice selector_place = SLICE_INIT("%{selector}");

/* Printable, and no path that leaves the folder. */
static bool
is_layout(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice part;
	bool more;

	cursor_span(&c, ascii_is_vchar);
	if (!cursor_at_end(&c) || text.len > LIMIT_KEYDIR_LAYOUT)
		return false;
	do {
		more = slice_cut(&text, '/', &part);
		if (part.len == 0 || slice_eq(part, SLICE(".")) ||
		    slice_eq(part, SLICE("..")))
			return false;
	} while (more);
	return true;
}

/* Every "%" begins one of the two places. */
static bool
count_places(struct slice text, size_t *domains, size_t *selectors)
{
	size_t at;

	*domains = *selectors = 0;
	while ((at = slice_find(text, '%')) < text.len) {
		text = slice_from(text, at);
		if (slice_starts(text, domain_place)) {
			++*domains;
			text = slice_from(text, domain_place.len);
		} else if (slice_starts(text, selector_place)) {
			++*selectors;
			text = slice_from(text, selector_place.len);
		} else {
			return false;
		}
	}
	return true;
}

/* Two places without anything between them. */
static bool
has_neighbours(struct slice text)
{
	size_t i;

	for (i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] == '}' && text.ptr[i + 1] == '%')
			return true;
	}
	return false;
}

static bool
read_layout(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct config_sign_directory *d = out;
	size_t domains, selectors;

	if (!schema_has_text(n) || !is_layout(n->text) ||
	    !count_places(n->text, &domains, &selectors) || domains != 1 ||
	    selectors > 1 || has_neighbours(n->text))
		return schema_refuse(s, key, n, "a path below the directory "
		    "with %{domain} once and %{selector} at most once, like "
		    "%{domain}/%{selector}.pem");
	d->layout = n->text;
	return schema_keep(s, &d->layout, 1);
}

const struct schema_key sign_directory_keys[] = {
	{ .name = "directory", .read = values_file, DIRECTORY(path),
	  .table = "the path of a folder" },
	{ .name = "layout", .read = read_layout, .shape = SCHEMA_TEXT },
	{ .name = "selector", .read = values_domain, DIRECTORY(selector),
	  .table = "a name like s2026" },
	{ .name = "subdomains", .read = schema_bool, DIRECTORY(subdomains) },
	{ .name = NULL }
};

static bool
read_directory(struct schema *s, const struct yaml_node *n,
    struct config_sign_directory *d)
{
	const struct yaml_node *place;
	size_t domains, selectors;

	d->layout = SLICE("%{domain}/%{selector}.pem");
	if (!schema_mapping(s, sign_directory_keys, "keys", n, d) ||
	    !schema_must_have(s, n, "directory"))
		return false;
	(void)count_places(d->layout, &domains, &selectors);
	if (selectors == 1 && d->selector.len > 0)
		return schema_fail(s, schema_get(n, "selector"),
		    "%sselector is given, and layout has %%{selector}, too; "
		    "allowed: one of them", s->where);
	if (selectors == 0 && d->selector.len == 0)
		return schema_fail(s, n, "%sselector is missing: layout has "
		    "no %%{selector}", s->where);
	place = schema_get(n, "directory");
	d->line = place->line;
	d->column = place->column;
	return true;
}

#define KEYS "a list of {selector: NAME, file: PATH}, or {directory: PATH}"

/* {selector: s1, file: s1.pem} without brackets. */
static bool
is_lone_key(const struct yaml_node *n)
{
	return n->kind == YAML_MAPPING && schema_get(n, "file") != NULL &&
	    schema_get(n, "directory") == NULL;
}

static bool
read_keys(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct config_sign *r = out;

	if (is_lone_key(n)) {
		schema_refuse(s, key, n, KEYS);
		schema_say(s, "; a single key is a list, too");
		return false;
	}
	if (n->kind == YAML_MAPPING)
		return read_directory(s, n, &r->directory);
	return schema_entries(s, key, n, out, sizeof(struct config_sign_key),
	    read_key, KEYS);
}

/* ---- names of header fields ---- */

/*
 * RFC 5322 2.2; and no ";", which ends a tag (RFC 6376 3.2).
 */
static bool
is_name_char(char c)
{
	return ascii_is_vchar(c) && c != ':' && c != ';';
}

/* A schema_item_fn. */
static bool
read_name(struct slice text, void *item)
{
	struct cursor c = cursor_of(text);

	cursor_span(&c, is_name_char);
	memcpy(item, &text, sizeof(text));
	return cursor_at_end(&c) && text.len <= LIMIT_SIGN_NAME;
}

static bool
has_name(const struct slice *names, size_t count, struct slice name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (slice_eq_nocase(names[i], name))
			return true;
	}
	return false;
}

/* All fields of a name are signed: once says it. */
static bool
check_names(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const struct slice *names)
{
	const struct yaml_node *i;
	size_t before = 0;

	for (i = schema_first(n); i != NULL; i = schema_next(n, i)) {
		if (has_name(names, before++, i->text)) {
			schema_fail(s, i, "%s%s has ", s->where, key->name);
			schema_say_text(s, i->text);
			schema_say(s, " twice; allowed: each name once");
			return false;
		}
	}
	return true;
}

/* "default" leaves the field NULL; an empty list does not. */
static bool
read_names(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice *names;
	size_t count;

	if (n->kind == YAML_SCALAR && slice_eq(n->text, SLICE("default")))
		return true;
	if (!schema_list(s, key, n, out, sizeof(struct slice), read_name,
	    "default, or names of header fields like [From, Subject]"))
		return false;
	memcpy(&names, (char *)out + key->field, sizeof(names));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	return check_names(s, key, n, names) && schema_keep(s, names, count);
}

/* RFC 6376 5.4: From must be signed. */
static bool
read_headers(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct config_sign *r = out;

	if (!read_names(s, key, n, out))
		return false;
	return r->headers == NULL ||
	    has_name(r->headers, r->header_count, SLICE("From")) ||
	    schema_fail(s, n, "%sheaders is without From; allowed: a list "
	    "with From", s->where);
}

/* ---- rules ---- */

static const struct schema_word canonicalizations[] = {
	{ "relaxed/relaxed", 3 },
	{ "relaxed/simple", 2 },
	{ "simple/relaxed", 1 },
	{ "simple/simple", 0 },
	{ NULL, 0 }
};

static bool
read_canonicalization(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct schema_key both = { .name = key->name,
		.table = key->table };
	struct config_sign *r = out;
	unsigned int relaxed;

	if (!schema_word(s, &both, n, &relaxed))
		return false;
	r->relaxed_header = (relaxed & 2) != 0;
	r->relaxed_body = (relaxed & 1) != 0;
	return true;
}

#define RULE(member) .field = offsetof(struct config_sign, member)
#define RULE_COUNT(member) .count = offsetof(struct config_sign, member)

/* Those that have defaults. */
#define HEADERS_KEY \
	{ .name = "headers", .read = read_headers, .shape = SCHEMA_TEXTS, \
	  RULE(headers), RULE_COUNT(header_count), .min = 1, \
	  .max = LIMIT_SIGN_HEADERS }
#define OVERSIGN_KEY \
	{ .name = "oversign", .read = read_names, .shape = SCHEMA_TEXTS, \
	  RULE(oversign), RULE_COUNT(oversign_count), \
	  .max = LIMIT_SIGN_HEADERS }
/* In seconds, a minute to a year. */
#define EXPIRE_KEY \
	{ .name = "expire", .read = schema_seconds, RULE(expire), \
	  .min = 60, .max = 365 * 86400 }

static const struct schema_word sign_by[] = {
	{ "from", CONFIG_SIGN_FROM },
	{ "sender", CONFIG_SIGN_SENDER },
	{ "envelope", CONFIG_SIGN_ENVELOPE },
	{ NULL, 0 }
};

const struct schema_key sign_keys[] = {
	{ .name = "domains", .read = values_patterns, RULE(domains),
	  RULE_COUNT(domain_count), .min = 1, .max = LIMIT_SIGN_DOMAINS },
	{ .name = "by", .read = schema_word, RULE(by), .table = sign_by },
	{ .name = "identity", .read = values_domain, RULE(identity),
	  .table = "a domain like example.org" },
	{ .name = "keys", .read = read_keys, .table = key_keys,
	  .shape = SCHEMA_KEYS, RULE(keys),
	  RULE_COUNT(key_count), .min = 1, .max = LIMIT_SIGN_KEYS },
	{ .name = "canonicalization", .read = read_canonicalization,
	  .table = canonicalizations, .shape = SCHEMA_WORD },
	HEADERS_KEY,
	OVERSIGN_KEY,
	{ .name = "resign", .read = schema_bool, RULE(resign) },
	{ .name = "null-sender", .read = schema_bool, RULE(null_sender) },
	{ .name = "for-user", .read = values_file, RULE(for_user),
	  .table = "the path of a file of users" },
	EXPIRE_KEY,
	{ .name = NULL }
};

const struct schema_key sign_default_keys[] = {
	HEADERS_KEY,
	OVERSIGN_KEY,
	EXPIRE_KEY,
	{ .name = NULL }
};

static void
take_defaults(struct config_sign *r, const struct config_sign *d)
{
	if (r->headers == NULL) {
		r->headers = d->headers;
		r->header_count = d->header_count;
	}
	if (r->oversign == NULL) {
		r->oversign = d->oversign;
		r->oversign_count = d->oversign_count;
	}
	if (r->expire == 0)
		r->expire = d->expire;
}

bool
sign_complete(struct schema *s, struct config *c)
{
	struct config_sign *rules;
	size_t i;

	if (c->sign_count == 0)
		return true;
	rules = arena_array(s->arena, c->sign_count, sizeof(*rules));
	if (rules == NULL)
		return schema_no_memory(s);
	for (i = 0; i < c->sign_count; i++) {
		rules[i] = c->sign[i];
		take_defaults(&rules[i], &c->sign_defaults);
	}
	c->sign = rules;
	return true;
}

struct slice
config_sign_null_domain(const struct config_sign *r)
{
	size_t i;

	for (i = 0; i < r->domain_count && r->identity.len == 0; i++) {
		if (!r->domains[i].below)
			return domain_slice(&r->domains[i].domain);
	}
	return r->identity;
}

static bool
check_null_sender(struct schema *s, const struct yaml_node *n,
    const struct config_sign *r)
{
	return !r->null_sender || config_sign_null_domain(r).len > 0 ||
	    schema_fail(s, schema_get(n, "null-sender"), "%snull-sender has no "
	    "domain to sign with; allowed: with identity, or with a name in "
	    "domains that is not a pattern", s->where);
}

static const struct config_sign *
who_has(const struct config_sign *rules, const struct config_sign *end,
    enum config_sign_by by, const struct policy_pattern *p)
{
	const struct config_sign *r;
	size_t i;

	for (r = rules; r < end; r++) {
		if (r->by != by)
			continue;
		/* Where no key is, the next rule has its turn. */
		for (i = 0; i < r->domain_count && r->directory.path == NULL;
		    i++) {
			if (policy_pattern_covers(&r->domains[i], p))
				return r;
		}
	}
	return NULL;
}

/* A domain of an earlier rule never reaches this one. */
static bool
check_domains(struct schema *s, const struct yaml_node *n,
    const struct config_sign *rules, const struct config_sign *r)
{
	const struct yaml_node *list = schema_get(n, "domains"), *i;
	const struct policy_pattern *p = r->domains;
	const struct config_sign *earlier;

	if (list == NULL)
		return true;
	for (i = schema_first(list); i != NULL; i = schema_next(list, i)) {
		earlier = who_has(rules, r, r->by, p++);
		if (earlier == NULL)
			continue;
		schema_fail(s, i, "%sdomains is ", s->where);
		schema_say_text(s, i->text);
		schema_say(s, ", which can never match: the sign rule in line "
		    "%u has it; allowed: what no earlier rule has",
		    earlier->line);
		return false;
	}
	return true;
}

/* Comparing them costs the square of their number. */
static bool
check_domain_count(struct schema *s, const struct yaml_node *n,
    const struct config_sign *rules, const struct config_sign *r)
{
	size_t count = r->domain_count;
	const struct config_sign *i;

	for (i = rules; i < r; i++)
		count += i->domain_count;
	return count <= LIMIT_SIGN_DOMAINS ||
	    schema_fail(s, schema_get(n, "domains"), "sign has %zu domains "
	    "in its rules up to here; allowed: up to %d", count,
	    LIMIT_SIGN_DOMAINS);
}

/* RFC 6376 3.6.2.1: SELECTOR._domainkey.DOMAIN must be a name. */
bool
sign_check_key_name(struct schema *s, const struct yaml_node *at,
    const struct config_sign *r, struct slice domain)
{
	static const struct slice between = SLICE_INIT("._domainkey.");
	size_t i;

	for (i = 0; i < r->key_count; i++) {
		if (r->keys[i].selector.len + between.len + domain.len <=
		    DOMAIN_MAX)
			continue;
		return schema_fail(s, at, "%sselector and domain of key %zu "
		    "are too long together for the DNS; allowed: %zu octets",
		    s->where, i + 1, DOMAIN_MAX - between.len);
	}
	return true;
}

static bool
check_key_names(struct schema *s, const struct yaml_node *n,
    const struct config_sign *r)
{
	size_t i;

	if (r->identity.len > 0)
		return sign_check_key_name(s, schema_get(n, "identity"), r,
		    r->identity);
	for (i = 0; i < r->domain_count; i++) {
		if (!sign_check_key_name(s, schema_get(n, "domains"), r,
		    domain_slice(&r->domains[i].domain)))
			return false;
	}
	return true;
}

/* A schema_entry_fn. */
static bool
read_rule(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct config_sign *rules = items, *r = &rules[index];

	snprintf(s->where, sizeof(s->where), "sign rule %zu: ", index + 1);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "sign rule %zu must be a mapping of "
		    "\"key: value\"; allowed: domains, by, identity, keys, "
		    "canonicalization, headers, oversign, resign, "
		    "null-sender, for-user, expire",
		    index + 1);
	r->path = s->file;
	r->line = n->line;
	r->relaxed_header = r->relaxed_body = true;
	if (!schema_mapping(s, sign_keys, "a sign rule", n, r) ||
	    !schema_must_have(s, n, "keys") ||
	    (r->directory.path == NULL && !schema_must_have(s, n, "domains")) ||
	    !check_domain_count(s, n, rules, r) ||
	    !check_domains(s, n, rules, r) || !check_key_names(s, n, r) ||
	    !check_null_sender(s, n, r))
		return false;
	return true;
}

bool
sign_rules(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_is_void(n) || schema_entries(s, key, n, out,
	    sizeof(struct config_sign), read_rule, "a list of sign rules");
}
