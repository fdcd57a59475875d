/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zonefile: from a YAML file to a zone.
 *
 * Every value is checked here before the zone gets it, so that an error can
 * say what is wrong with it.
 *
 * Text is the UTF-8 that YAML makes of it: "\xE9" in quotes is the character
 * U+00E9 and becomes two octets.  A lone octet above 0x7F cannot be written.
 *
 * An owner name that cannot be asked in the DNS (an empty label, one of 64
 * octets) is refused: nothing could ever find it.
 */
#include "config/zonefile.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/limits.h"
#include "config/schema.h"

/* One name and its entries. */
struct reader {
	struct schema	 schema;
	struct dns_zone	*zone;
	struct slice	 owner;
	bool		 has_txt;	/* an entry TXT, NONE among them */
};

typedef bool	entry_fn(struct reader *r, const struct yaml_node *n);

static bool
refuse(struct reader *r, const struct yaml_node *n, const char *allowed)
{
	const struct schema_key key = { .name = n->key != NULL ?
	    n->key->text.ptr : "entry" };

	return schema_refuse(&r->schema, &key, n, allowed);
}

/* What the zone was given is good in itself: this is what is left. */
static bool
added(struct reader *r, const struct yaml_node *n, bool good)
{
	if (good)
		return true;
	return schema_fail(&r->schema, n, "cannot be added: a second CNAME "
	    "of this name, more than %d records of it, or out of memory",
	    LIMIT_DNS_RECORDS);
}

/* ---- entries ---- */

static bool
read_a(struct reader *r, const struct yaml_node *n)
{
	struct ipaddr a;

	if (!schema_has_text(n) || !ipaddr_parse4(n->text, &a))
		return refuse(r, n, "an IPv4 address");
	return added(r, n, dns_zone_add(r->zone, r->owner, DNS_TYPE_A, 0,
	    n->text));
}

static bool
read_aaaa(struct reader *r, const struct yaml_node *n)
{
	struct ipaddr a;

	if (!schema_has_text(n) || !ipaddr_parse6(n->text, &a))
		return refuse(r, n, "an IPv6 address");
	return added(r, n, dns_zone_add(r->zone, r->owner, DNS_TYPE_AAAA, 0,
	    n->text));
}

/* "" and "." are the root (RFC 7505). */
static bool
is_root(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && !schema_is_void(n) &&
	    (n->text.len == 0 || slice_eq(n->text, SLICE(".")));
}

static bool
is_name(const struct yaml_node *n)
{
	struct domain d;

	return schema_has_text(n) && domain_parse_dns(n->text, &d);
}

static bool
read_mx(struct reader *r, const struct yaml_node *n)
{
	static const char allowed[] = "[PREFERENCE, NAME], the preference "
	    "from 0 to 65535";
	const struct yaml_node *preference = n->child, *name;
	unsigned long long number;

	if (n->kind != YAML_SEQUENCE || schema_count(n) != 2)
		return refuse(r, n, allowed);
	name = preference->next;
	if (!schema_has_text(preference) ||
	    !slice_number(preference->text, 65535, &number) ||
	    (!is_name(name) && !is_root(name)))
		return refuse(r, n, allowed);
	return added(r, n, dns_zone_add(r->zone, r->owner, DNS_TYPE_MX,
	    (uint16_t)number, is_root(name) ? SLICE("") : name->text));
}

/* Its octets as hexadecimal digits. */
static bool
read_hex(struct slice digits, struct buf *out)
{
	int high, low;
	size_t i;

	if (digits.len % 2 != 0)
		return false;
	for (i = 0; i < digits.len; i += 2) {
		high = ascii_hex(digits.ptr[i]);
		low = ascii_hex(digits.ptr[i + 1]);
		if (high < 0 || low < 0)
			return false;
		buf_addc(out, (char)(high << 4 | low));
	}
	return true;
}

/* RFC 6698 2.2: three numbers and the data. */
static bool
read_tlsa_fields(const struct yaml_node *n, struct buf *out)
{
	unsigned long long number;
	size_t i;

	if (n->kind != YAML_SEQUENCE || schema_count(n) != 4)
		return false;
	n = n->child;
	for (i = 0; i < 3; i++, n = n->next) {
		if (!schema_has_text(n) ||
		    !slice_number(n->text, 255, &number))
			return false;
		buf_addc(out, (char)number);
	}
	return n->kind == YAML_SCALAR && read_hex(n->text, out);
}

static bool
read_association(struct reader *r, const struct yaml_node *n,
    enum dns_type type)
{
	struct buf data;
	bool good;

	buf_init(&data, LIMIT_DNS_ANSWER);
	good = read_tlsa_fields(n, &data);
	if (!good)
		(void)refuse(r, n, "[USAGE, SELECTOR, MATCHING, HEX], three "
		    "numbers up to 255 and an even number of hexadecimal "
		    "digits");
	else
		good = added(r, n, !buf_failed(&data) && dns_zone_add(r->zone,
		    r->owner, type, 0, buf_slice(&data)));
	buf_fini(&data);
	return good;
}

static bool
read_tlsa(struct reader *r, const struct yaml_node *n)
{
	return read_association(r, n, DNS_TYPE_TLSA);
}

static bool
read_smimea(struct reader *r, const struct yaml_node *n)
{
	return read_association(r, n, DNS_TYPE_SMIMEA);
}

static bool
read_ptr(struct reader *r, const struct yaml_node *n)
{
	if (!is_name(n))
		return refuse(r, n, "a domain name");
	return added(r, n, dns_zone_add(r->zone, r->owner, DNS_TYPE_PTR, 0,
	    n->text));
}

static bool
read_cname(struct reader *r, const struct yaml_node *n)
{
	if (!is_name(n))
		return refuse(r, n, "a domain name");
	return added(r, n, dns_zone_add_cname(r->zone, r->owner, n->text));
}

static bool
read_text(struct reader *r, const struct yaml_node *n)
{
	const struct yaml_node *i;
	struct buf joined;
	size_t len = 0;
	bool good;

	if (n->kind == YAML_MAPPING || schema_is_void(n))
		return refuse(r, n, "text, or a list of strings");
	for (i = schema_first(n); i != NULL; i = schema_next(n, i)) {
		if (i->kind != YAML_SCALAR)
			return refuse(r, i, "text, or a list of strings");
		len += i->text.len;
	}
	if (len > LIMIT_DNS_ANSWER)
		return refuse(r, n, "text that fits into an answer");
	buf_init(&joined, len);
	for (i = schema_first(n); i != NULL; i = schema_next(n, i))
		buf_add(&joined, i->text);
	good = !buf_failed(&joined) && dns_zone_add(r->zone, r->owner,
	    DNS_TYPE_TXT, 0, buf_slice(&joined));
	buf_fini(&joined);
	return added(r, n, good);
}

static bool
is_none(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && !n->quoted &&
	    slice_eq(n->text, SLICE("NONE"));
}

static bool
read_txt(struct reader *r, const struct yaml_node *n)
{
	return is_none(n) || read_text(r, n);
}

/* Stands in for TXT where the name has none. */
static bool
read_spf(struct reader *r, const struct yaml_node *n)
{
	return r->has_txt || read_text(r, n);
}

static bool
read_yes(struct reader *r, const struct yaml_node *n, bool *yes)
{
	const struct schema_key key = { .name = n->key->text.ptr };

	return schema_bool(&r->schema, &key, n, yes);
}

static bool
read_timeout(struct reader *r, const struct yaml_node *n)
{
	bool yes;

	if (!read_yes(r, n, &yes))
		return false;
	return !yes || added(r, n, dns_zone_add_outcome(r->zone, r->owner,
	    DNS_TIMEOUT, 0));
}

static bool
read_dnssec(struct reader *r, const struct yaml_node *n)
{
	bool yes;

	if (!read_yes(r, n, &yes))
		return false;
	return added(r, n, dns_zone_add_dnssec(r->zone, r->owner, yes));
}

static bool
read_loop(struct reader *r, const struct yaml_node *n)
{
	bool yes;

	if (!read_yes(r, n, &yes))
		return false;
	return !yes || added(r, n, dns_zone_add_cname(r->zone, r->owner,
	    r->owner));
}

/* RFC 1035 4.1.1: four bits; 3 is its own outcome. */
static bool
read_rcode(struct reader *r, const struct yaml_node *n)
{
	unsigned long long rcode;

	if (!schema_has_text(n) || !slice_number(n->text, 15, &rcode) ||
	    rcode == 0)
		return refuse(r, n, "a whole number, 1 to 15");
	return added(r, n, dns_zone_add_outcome(r->zone, r->owner,
	    rcode == 3 ? DNS_NO_NAME : DNS_SERVER_FAILURE,
	    (unsigned int)rcode));
}

static const struct {
	struct slice	 name;
	entry_fn	*read;
} entries[] = {
	{ SLICE_INIT("A"), read_a },
	{ SLICE_INIT("AAAA"), read_aaaa },
	{ SLICE_INIT("MX"), read_mx },
	{ SLICE_INIT("PTR"), read_ptr },
	{ SLICE_INIT("TLSA"), read_tlsa },
	{ SLICE_INIT("SMIMEA"), read_smimea },
	{ SLICE_INIT("TXT"), read_txt },
	{ SLICE_INIT("SPF"), read_spf },
	{ SLICE_INIT("CNAME"), read_cname },
	{ SLICE_INIT("CNAMELOOP"), read_loop },
	{ SLICE_INIT("DNSSEC"), read_dnssec },
	{ SLICE_INIT("TIMEOUT"), read_timeout },
	{ SLICE_INIT("RCODE"), read_rcode }
};
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static bool
unknown_entry(struct reader *r, const struct yaml_node *at)
{
	size_t i;

	schema_fail(&r->schema, at, "unknown entry ");
	schema_say_text(&r->schema, at->text);
	schema_say(&r->schema, "; allowed: ");
	for (i = 0; i < ENTRIES; i++)
		schema_say(&r->schema, "%s%s", i == 0 ? "" : ", ",
		    entries[i].name.ptr);
	return false;
}

/* An entry is a mapping, or the word TIMEOUT alone. */
static bool
read_entry(struct reader *r, const struct yaml_node *n)
{
	size_t i;

	if (n->kind == YAML_SCALAR) {
		if (!slice_eq(n->text, SLICE("TIMEOUT")))
			return refuse(r, n, "TYPE: VALUE, or TIMEOUT");
		return added(r, n, dns_zone_add_outcome(r->zone, r->owner,
		    DNS_TIMEOUT, 0));
	}
	if (n->kind != YAML_MAPPING)
		return refuse(r, n, "TYPE: VALUE, or TIMEOUT");
	for (n = n->child; n != NULL; n = n->next) {
		for (i = 0; i < ENTRIES; i++) {
			if (slice_eq(entries[i].name, n->key->text))
				break;
		}
		if (i == ENTRIES)
			return unknown_entry(r, n->key);
		if (!entries[i].read(r, n))
			return false;
	}
	return true;
}

/* ---- names ---- */

static bool
has_txt(const struct yaml_node *list)
{
	const struct yaml_node *i;

	for (i = list->child; i != NULL; i = i->next) {
		if (i->kind == YAML_MAPPING && schema_get(i, "TXT") != NULL)
			return true;
	}
	return false;
}

static bool
read_owner(struct reader *r, const struct yaml_node *n)
{
	const struct yaml_node *i;

	if (!is_name(n->key)) {
		schema_fail(&r->schema, n->key, "the name is ");
		schema_say_text(&r->schema, n->key->text);
		schema_say(&r->schema, "; allowed: what can be asked in the "
		    "DNS, labels of 1 to 63 octets of ASCII");
		return false;
	}
	if (n->kind != YAML_SEQUENCE && !schema_is_void(n))
		return refuse(r, n, "a list of entries like \"- A: "
		    "192.0.2.1\"");
	r->owner = n->key->text;
	r->has_txt = has_txt(n);
	if (!added(r, n, dns_zone_add_name(r->zone, r->owner)))
		return false;
	for (i = n->child; i != NULL; i = i->next) {
		if (!read_entry(r, i))
			return false;
	}
	return true;
}

/* ---- the whole ---- */

static bool
read_zonedata(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct reader r = { .schema = *s, .zone = out };

	if (schema_is_void(n))
		return true;
	if (n->kind != YAML_MAPPING)
		return schema_refuse(s, key, n, "a mapping of names");
	for (n = n->child; n != NULL; n = n->next) {
		if (read_owner(&r, n))
			continue;
		s->mistakes = r.schema.mistakes;
		s->no_memory = r.schema.no_memory;
		return false;
	}
	return true;
}

static bool
pass_over(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	(void)s;
	(void)key;
	(void)n;
	(void)out;
	return true;
}

static const struct schema_key zone_keys[] = {
	{ .name = "zonedata", .read = read_zonedata },
	{ .name = "description", .read = pass_over },
	{ .name = "comment", .read = pass_over },
	{ .name = "tests", .read = pass_over },
	{ .name = NULL }
};

/* Takes the tree. */
static struct dns_zone *
read_tree(struct yaml_tree *t, const char *name, char *why, size_t why_size)
{
	struct schema s = { .file = name, .why = why, .why_size = why_size };
	struct dns_zone *z;
	bool good;

	if (t == NULL)
		return NULL;
	schema_take_mistakes(&s, t, why);
	z = dns_zone_new();
	if (z == NULL)
		good = schema_no_memory(&s);
	else
		good = schema_mapping(&s, zone_keys, "a zone file",
		    yaml_tree_root(t), z) && yaml_tree_mistakes(t) == 0;
	yaml_tree_free(t);
	if (good)
		return z;
	dns_zone_free(z);
	return NULL;
}

struct dns_zone *
zonefile_read(const char *path, char *why, size_t why_size)
{
	return read_tree(yaml_tree_read_file(path, why, why_size), path, why,
	    why_size);
}

struct dns_zone *
zonefile_read_text(struct slice text, const char *name, char *why,
    size_t why_size)
{
	return read_tree(yaml_tree_read_text(text, name, why, why_size), name,
	    why, why_size);
}
