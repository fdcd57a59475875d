/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate_sign: the rules of signing, out of Domain, Selector and KeyFile, or
 * out of KeyTable and SigningTable.
 *
 * OpenDKIM looks a From address up in its SigningTable from the most special
 * name to the most general one, or, with patterns, takes the first that
 * matches.  assay takes the first rule, so the rules are written in that
 * order.
 */
#include "tools/migrate_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/limits.h"
#include "policy/policy.h"

/* What libopendkim signs when SignHeaders is not set. */
#define OLD_HEADERS \
	"From, Reply-To, Subject, Date, To, Cc, Resent-Date, Resent-From, " \
	"Resent-To, Resent-Cc, Resent-Sender, In-Reply-To, References, " \
	"List-Id, List-Help, List-Unsubscribe, List-Subscribe, List-Post, " \
	"List-Owner, List-Archive"
#define HEADERS_MAX (2 * LIMIT_SIGN_HEADERS)

struct key {
	struct slice	 domain;	/* empty: that of From */
	struct slice	 selector;
	struct slice	 file;
};

/* A line of the SigningTable, or its equivalent for Domain. */
struct entry {
	struct slice	 text;		/* for messages */
	struct slice	 pattern;	/* as assay writes it */
	/* The domain itself as well as all below it. */
	bool		 both;
	struct key	 key;
	size_t		 place;
	bool		 below;		/* "*." */
	bool		 last;		/* of "*" */
	bool		 written;
};

struct old_signing {
	struct migrate	*m;
	struct entry	*entry;
	size_t		 count, room;
	struct slice	 headers[HEADERS_MAX];
	size_t		 header_count;
	bool		 several;	/* MultipleSignatures */
};

/* ---- what all rules share ---- */

static void
add_header(struct old_signing *s, struct slice name)
{
	size_t i;

	for (i = 0; i < s->header_count; i++)
		if (slice_eq_nocase(s->headers[i], name))
			return;
	if (s->header_count < HEADERS_MAX)
		s->headers[s->header_count++] = name;
}

static void
drop_header(struct old_signing *s, struct slice name)
{
	size_t i, n = 0;

	for (i = 0; i < s->header_count; i++)
		if (!slice_eq_nocase(s->headers[i], name) ||
		    slice_eq_nocase(name, SLICE("From")))
			s->headers[n++] = s->headers[i];
	s->header_count = n;
}

static void
default_headers(struct old_signing *s)
{
	struct slice rest = SLICE(OLD_HEADERS), name;

	while (rest.len > 0) {
		(void)slice_cut(&rest, ',', &name);
		add_header(s, slice_trim(name));
	}
}

/* "*" is the default list, "+Name" and "-Name" change it. */
static void
take_header(struct old_signing *s, struct slice name)
{
	if (slice_eq(name, SLICE("*")))
		default_headers(s);
	else if (slice_starts(name, SLICE("-")))
		drop_header(s, slice_from(name, 1));
	else
		add_header(s, slice_starts(name, SLICE("+")) ?
		    slice_from(name, 1) : name);
}

static enum tool_exit
read_headers(struct old_signing *s)
{
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status;

	status = oldset_read(&s->m->dkim, "SignHeaders", &set, &why);
	if (status != TOOL_OK)
		return status;
	if (set.first == NULL)
		default_headers(s);
	for (item = set.first; item != NULL; item = item->next)
		take_header(s, item->key);
	add_header(s, SLICE("From"));
	status = oldset_read(&s->m->dkim, "OmitHeaders", &set, &why);
	for (item = set.first; item != NULL; item = item->next)
		if (slice_starts(item->key, SLICE("+")))
			drop_header(s, slice_from(item->key, 1));
		else if (!slice_starts(item->key, SLICE("-")))
			drop_header(s, item->key);
	return status;
}

/* "relaxed/simple", in which each half may be missing and is "simple". */
static void
write_canonicalization(struct migrate *m)
{
	struct slice body = oldconf_value(&m->dkim, "Canonicalization"), header;

	(void)slice_cut(&body, '/', &header);
	buf_addf(&m->out, "    canonicalization: %s/%s\n",
	    slice_eq_nocase(header, SLICE("relaxed")) ? "relaxed" : "simple",
	    slice_eq_nocase(body, SLICE("relaxed")) ? "relaxed" : "simple");
}

static enum tool_exit
write_common(struct old_signing *s)
{
	struct migrate *m = s->m;
	struct oldset set;
	const struct oldset_item *item;
	unsigned long long ttl;
	const char *why;
	enum tool_exit status;
	size_t i;

	write_canonicalization(m);
	buf_adds(&m->out, "    headers: [");
	for (i = 0; i < s->header_count; i++)
		migrate_list_item(&m->out, s->headers[i], i == 0);
	status = oldset_read(&m->dkim, "OversignHeaders", &set, &why);
	buf_adds(&m->out, "]\n    oversign: [");
	for (item = set.first; item != NULL; item = item->next)
		migrate_list_item(&m->out, item->key, item == set.first);
	buf_adds(&m->out, "]\n");
	if (oldconf_number(&m->dkim, "SignatureTTL", 365 * 86400, &ttl) &&
	    ttl > 0)
		buf_addf(&m->out, "    expire: %llus\n", ttl < 60 ? 60 : ttl);
	return status;
}

/* ---- entries ---- */

static struct entry *
add_entry(struct old_signing *s, struct slice text, struct slice pattern)
{
	struct entry *e;

	if (s->count == s->room) {
		size_t room = s->room == 0 ? 64 : 2 * s->room;
		struct entry *grown = arena_array(s->m->arena, room,
		    sizeof(*grown));

		if (grown == NULL)
			return NULL;
		if (s->count > 0)
			memcpy(grown, s->entry, s->count * sizeof(*grown));
		s->entry = grown;
		s->room = room;
	}
	e = &s->entry[s->count];
	*e = (struct entry){ .text = text, .pattern = pattern,
	    .place = s->count++, .below = slice_starts(pattern, SLICE("*.")) };
	return e;
}

static struct slice
star_dot(struct arena *arena, struct slice domain)
{
	struct buf b;
	struct slice out;

	buf_init(&b, LIMIT_DOMAIN_UTF8);
	buf_adds(&b, "*.");
	buf_add(&b, domain);
	out = arena_dup(arena, buf_slice(&b));
	buf_fini(&b);
	return out;
}

/* The file of a key, with the domain of the entry instead of "%". */
static struct slice
key_file(struct arena *arena, struct slice file, struct slice domain)
{
	struct buf b;
	struct slice head, out;

	if (slice_find(file, '%') == file.len)
		return file;
	buf_init(&b, 4096);
	while (slice_cut(&file, '%', &head)) {
		buf_add(&b, head);
		buf_add(&b, domain);
	}
	buf_add(&b, head);
	out = arena_dup(arena, buf_slice(&b));
	buf_fini(&b);
	return out;
}

/* "domain:selector:file" of the KeyTable; false, with a message, if not. */
static bool
read_key(struct old_signing *s, const struct oldset_item *item, struct key *k)
{
	struct slice rest = item->value;

	if (!slice_cut(&rest, ':', &k->domain) ||
	    !slice_cut(&rest, ':', &k->selector)) {
		migrate_left(s->m, &s->m->dkim, "KeyTable", item->key,
		    "does not have the form domain:selector:file");
		return false;
	}
	k->file = rest;
	if (slice_eq(k->domain, SLICE("%")))
		k->domain = (struct slice){ NULL, 0 };
	if (slice_starts(rest, SLICE("/")) || slice_starts(rest, SLICE("./"))
	    || slice_starts(rest, SLICE("../")))
		return true;
	migrate_left(s->m, &s->m->dkim, "KeyTable", item->key,
	    "has the key itself; write it to a file of mode 0600");
	return false;
}

static const struct oldset_item *
find_key(const struct oldset *keys, struct slice name)
{
	const struct oldset_item *item;

	for (item = keys->first; item != NULL; item = item->next)
		if (slice_eq(item->key, name))
			return item;
	return NULL;
}

/* The patterns of a "refile:", which match the whole address. */
static bool
read_pattern(struct slice text, struct entry *e)
{
	const struct slice at = SLICE("*@");
	struct slice rest = slice_from(text, slice_starts(text, at) ? 2 : 0);

	if (rest.len == text.len && slice_starts(text, SLICE("*")) &&
	    text.len > 1) {
		/* "*example.org" matches addresses there and below. */
		rest = slice_from(text, 1);
		e->both = !slice_starts(rest, SLICE("."));
		e->pattern = e->both ? rest : text;
		e->below = !e->both;
		return slice_find(rest, '*') == rest.len &&
		    slice_find(rest, '@') == rest.len;
	}
	e->pattern = rest;
	e->below = slice_starts(rest, SLICE("*."));
	rest = slice_from(rest, e->below ? 2 : 0);
	return rest.len < text.len && slice_find(rest, '*') == rest.len &&
	    slice_find(rest, '@') == rest.len;
}

/* The names of a plain table: "host", ".domain", "*". */
static bool
read_name(struct old_signing *s, struct slice text, struct entry *e)
{
	e->pattern = text;
	if (slice_starts(text, SLICE("."))) {
		e->below = true;
		e->pattern = star_dot(s->m->arena, slice_from(text, 1));
	}
	return slice_find(text, '@') == text.len;
}

static bool
is_everything(struct slice text)
{
	return slice_eq(text, SLICE("*")) || slice_eq(text, SLICE("*@*"));
}

/* A fixed d= cannot be aligned with more than its own domain. */
static bool
read_everything(struct old_signing *s, struct entry *e)
{
	if (e->key.domain.len == 0) {
		migrate_left(s->m, &s->m->dkim, "SigningTable", e->text,
		    "signs for every domain; name your domains in a rule of "
		    "sign");
		return false;
	}
	migrate_left(s->m, &s->m->dkim, "SigningTable", e->text,
	    "signs for every domain; here the key signs for its own domain "
	    "and those below it, which are those that DMARC can align");
	e->pattern = e->key.domain;
	e->both = e->last = true;
	return true;
}

static bool
read_entry(struct old_signing *s, const struct oldset *table,
    const struct oldset *keys, const struct oldset_item *item, struct entry *e)
{
	struct policy_pattern parsed;
	struct slice rest = item->value, name;
	const struct oldset_item *key;

	(void)slice_cut(&rest, ':', &name);
	key = find_key(keys, slice_trim(name));
	if (key == NULL) {
		migrate_left(s->m, &s->m->dkim, "SigningTable", item->key,
		    "names a key that is not in the KeyTable");
		return false;
	}
	if (!read_key(s, key, &e->key))
		return false;
	if (rest.len > 0)
		migrate_left(s->m, &s->m->dkim, "SigningTable", item->key,
		    "names a signer; i= is not written");
	if (is_everything(item->key))
		return read_everything(s, e);
	if (!(table->kind == OLDSET_PATTERNS ? read_pattern(item->key, e) :
	    read_name(s, item->key, e)) ||
	    !policy_pattern_parse(e->pattern, &parsed)) {
		migrate_left(s->m, &s->m->dkim, "SigningTable", item->key,
		    "is not a domain; rules of sign go by the domain in From");
		return false;
	}
	if ((e->below || e->both) &&
	    slice_find(e->key.file, '%') < e->key.file.len) {
		migrate_left(s->m, &s->m->dkim, "SigningTable", item->key,
		    "has a key file for each domain; write a rule for each");
		return false;
	}
	e->key.file = key_file(s->m->arena, e->key.file, e->pattern);
	return true;
}

static enum tool_exit
read_tables(struct old_signing *s)
{
	struct oldset keys, table;
	const struct oldset_item *item;
	const char *why, *name = "KeyTable";
	enum tool_exit status;

	status = oldset_read(&s->m->dkim, name, &keys, &why);
	if (status == TOOL_OK && why == NULL) {
		name = "SigningTable";
		status = oldset_read(&s->m->dkim, name, &table, &why);
	}
	if (status != TOOL_OK)
		return status;
	if (why != NULL) {
		migrate_left(s->m, &s->m->dkim, name, slice_str(why),
		    "is not read; write it to a file and try again");
		return TOOL_OK;
	}
	for (item = table.first; item != NULL; item = item->next) {
		struct entry *e = add_entry(s, item->key, item->key);

		if (e == NULL)
			return tool_no_memory();
		if (!read_entry(s, &table, &keys, item, e))
			s->count--;
	}
	return TOOL_OK;
}

static enum tool_exit
read_domains(struct old_signing *s)
{
	struct oldconf *c = &s->m->dkim;
	struct slice selector = oldconf_value(c, "Selector");
	struct slice file = oldconf_value(c, "KeyFile");
	bool below = oldconf_bool(c, "SubDomains", false);
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status = oldset_read(c, "Domain", &set, &why);

	for (item = set.first; status == TOOL_OK && item != NULL;
	    item = item->next) {
		struct policy_pattern parsed;
		struct entry *e;

		if (!policy_pattern_parse(item->key, &parsed)) {
			migrate_left(s->m, c, "Domain", item->key,
			    "is not a domain; name your domains in a rule of "
			    "sign");
			continue;
		}
		e = add_entry(s, item->key, item->key);
		if (e == NULL)
			return tool_no_memory();
		e->both = below;
		e->key = (struct key){ .selector = selector, .file = file };
		if (below)
			e->key.domain = item->key;
	}
	return status;
}

/* ---- rules ---- */

/* Is all that `e` has already in `earlier`? */
static bool
covers(const struct entry *earlier, const struct entry *e)
{
	struct policy_pattern a, b;

	if (!policy_pattern_parse(earlier->pattern, &a) ||
	    !policy_pattern_parse(e->pattern, &b))
		return true;
	if (earlier->both)
		return domain_is_at_or_below(domain_slice(&b.domain),
		    domain_slice(&a.domain));
	return policy_pattern_covers(&a, &b);
}

/* OpenDKIM never reaches it either, unless it signs several times. */
static bool
is_covered(const struct old_signing *s, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (covers(&s->entry[i], &s->entry[at]))
			return true;
	return false;
}

/* Names, then names with all below them, the longest first, then "*". */
static unsigned int
rank(const struct entry *e)
{
	return e->last ? 2 : e->below || e->both;
}

/* In the order in which OpenDKIM asks; that of the table among equals. */
static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (rank(x) != rank(y))
		return rank(x) < rank(y) ? -1 : 1;
	if (rank(x) > 0 && x->pattern.len != y->pattern.len)
		return x->pattern.len > y->pattern.len ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static bool
same_key(const struct key *a, const struct key *b)
{
	return slice_eq(a->domain, b->domain) &&
	    slice_eq(a->selector, b->selector) && slice_eq(a->file, b->file);
}

static void
write_key(struct migrate *m, const struct key *k)
{
	buf_adds(&m->out, "      - selector: ");
	migrate_scalar(&m->out, k->selector);
	buf_adds(&m->out, "\n        file: ");
	migrate_scalar(&m->out, k->file);
	buf_adds(&m->out, "\n");
}

static void
write_pattern(struct migrate *m, const struct entry *e, bool first)
{
	migrate_list_item(&m->out, e->pattern, first);
	if (e->both)
		migrate_list_item(&m->out, star_dot(m->arena, e->pattern),
		    false);
}

/* What is next to it and has the same key is of the same rule.  Returns how
   many entries that are. */
static size_t
write_domains(struct old_signing *s, size_t first)
{
	size_t i;

	buf_adds(&s->m->out, "  - domains: [");
	write_pattern(s->m, &s->entry[first], true);
	for (i = first + 1; !s->several && i < s->count &&
	    !s->entry[i].written && !is_covered(s, i) &&
	    same_key(&s->entry[i].key, &s->entry[first].key); i++) {
		write_pattern(s->m, &s->entry[i], false);
		s->entry[i].written = true;
	}
	buf_adds(&s->m->out, "]\n");
	return i - first;
}

/* The further keys of a pattern. */
static void
write_more_keys(struct old_signing *s, size_t first)
{
	const struct entry *f = &s->entry[first];
	size_t i, count = 1;

	for (i = first + 1; i < s->count; i++) {
		struct entry *e = &s->entry[i];

		if (e->written || !slice_eq_nocase(e->pattern, f->pattern))
			continue;
		e->written = true;
		if (!s->several)
			migrate_left(s->m, &s->m->dkim, "SigningTable",
			    e->text, "has a key already; the first counts");
		else if (!slice_eq_nocase(e->key.domain, f->key.domain) ||
		    count == LIMIT_SIGN_KEYS)
			migrate_left(s->m, &s->m->dkim, "SigningTable",
			    e->text, "has keys of several domains, or more "
			    "than ten; a rule of sign has one identity");
		else {
			write_key(s->m, &e->key);
			count++;
		}
	}
}

static enum tool_exit
write_rule(struct old_signing *s, size_t first)
{
	struct entry *e = &s->entry[first];
	size_t count;

	e->written = true;
	count = write_domains(s, first);
	if (e->key.domain.len > 0 && (e->both || count > 1 ||
	    !slice_eq_nocase(e->key.domain, e->pattern))) {
		buf_adds(&s->m->out, "    identity: ");
		migrate_scalar(&s->m->out, e->key.domain);
		buf_adds(&s->m->out, "\n");
	}
	buf_adds(&s->m->out, "    keys:\n");
	write_key(s->m, &e->key);
	write_more_keys(s, first);
	return write_common(s);
}

static enum tool_exit
write_rules(struct old_signing *s)
{
	enum tool_exit status = TOOL_OK;
	size_t i;

	for (i = 0; status == TOOL_OK && i < s->count; i++) {
		if (s->entry[i].written)
			continue;
		if (is_covered(s, i))
			migrate_left(s->m, &s->m->dkim, "SigningTable",
			    s->entry[i].text, "comes after a pattern that "
			    "has it already");
		else
			status = write_rule(s, i);
	}
	return status;
}

enum tool_exit
migrate_sign(struct migrate *m)
{
	struct old_signing s = { .m = m };
	struct slice mode = oldconf_value(&m->dkim, "Mode");
	bool patterns;
	enum tool_exit status;

	if (m->dkim.first == NULL || (mode.len > 0 &&
	    slice_find(mode, 's') == mode.len))
		return TOOL_OK;
	s.several = oldconf_bool(&m->dkim, "MultipleSignatures", false);
	patterns = slice_starts(oldconf_value(&m->dkim, "SigningTable"),
	    SLICE("refile:"));
	status = read_headers(&s);
	if (status == TOOL_OK)
		status = oldconf_find(&m->dkim, "KeyTable") != NULL ?
		    read_tables(&s) : read_domains(&s);
	if (status != TOOL_OK || s.count == 0)
		return status;
	if (!patterns)
		qsort(s.entry, s.count, sizeof(*s.entry), compare);
	buf_adds(&m->out, "\n# The fields are those that OpenDKIM signs.  "
	    "Without headers and oversign\n# assay signs more of them, "
	    "which protects better.\nsign:\n");
	return write_rules(&s);
}
