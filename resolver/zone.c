/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone: owner names in a table, each with its records in the order in which
 * they were added.
 *
 * A question is answered so:
 *
 * 1. The name's own records of the type, when there are any.
 * 2. Else, when the name has a CNAME, from step 1 with its target.
 * 3. Else by the outcome that was set for the name.
 * 4. Else no data.  Every name above one that was added is there, too
 *    (RFC 8020 section 2, empty non-terminals), so that step 5 is right.
 * 5. A name that is not there: no such name.
 *
 * What DNSSEC vouches for goes by zones, as in the DNS: a name is in the state
 * of the closest one, itself or above, of which it was said.
 *
 * The answers have a TTL of 0: the table may be another one tomorrow.
 */
#include "resolver/zone.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"
#include "resolver/table_internal.h"

#define TABLE_SIZE 64

struct record {
	struct record		*next;
	enum dns_type		 type;
	struct dns_record	 data;
	char			 text[];
};

struct owner {
	struct table_node	 node;
	struct owner		*next;		/* all owners */
	struct record		*first;
	struct record		**last_next;
	size_t			 count;
	bool			 has_cname;
	struct domain		 cname;		/* empty: the root */
	bool			 has_dnssec, secure;
	bool			 has_outcome;
	enum dns_outcome	 outcome;
	unsigned int		 rcode;
	struct domain		 name;
};

struct dns_zone {
	struct table	 table;
	struct owner	*owners;
};

struct dns_zone *
dns_zone_new(void)
{
	struct dns_zone *z = mem_alloc(sizeof(*z));

	if (z != NULL && !table_init(&z->table, TABLE_SIZE)) {
		mem_free(z);
		z = NULL;
	}
	return z;
}

static void
owner_free(struct owner *o)
{
	struct record *r, *next;

	for (r = o->first; r != NULL; r = next) {
		next = r->next;
		mem_free(r);
	}
	mem_free(o);
}

void
dns_zone_free(struct dns_zone *z)
{
	struct owner *o, *next;

	if (z == NULL)
		return;
	for (o = z->owners; o != NULL; o = next) {
		next = o->next;
		owner_free(o);
	}
	table_fini(&z->table);
	mem_free(z);
}

static struct owner *
owner_find(const struct dns_zone *z, struct slice name)
{
	struct table_key key = table_key(name, 0);
	struct table_node *n = table_find(&z->table, &key);

	return n == NULL ? NULL : (struct owner *)((uintptr_t)n -
	    offsetof(struct owner, node));
}

static struct owner *
owner_new(struct dns_zone *z, struct slice name)
{
	struct owner *o = mem_alloc(sizeof(*o));

	if (o == NULL)
		return NULL;
	memcpy(o->name.text, name.ptr, name.len);
	o->name.len = name.len;
	o->node.key = table_key(domain_slice(&o->name), 0);
	o->last_next = &o->first;
	o->next = z->owners;
	z->owners = o;
	table_insert(&z->table, &o->node);
	return o;
}

/* The owner of that name, made with all names above it; or NULL. */
static struct owner *
owner_get(struct dns_zone *z, struct slice name)
{
	struct owner *o, *found;
	struct domain d;
	struct slice at;

	if (!domain_parse_dns(name, &d))
		return NULL;
	found = owner_find(z, domain_slice(&d));
	if (found != NULL)
		return found;
	for (at = domain_parent(domain_slice(&d)); at.len > 0;
	    at = domain_parent(at)) {
		o = owner_find(z, at);
		if (o == NULL && owner_new(z, at) == NULL)
			return NULL;
	}
	return owner_new(z, domain_slice(&d));
}

/* A name in a record; "" and "." are the root. */
static bool
value_name(struct slice value, struct domain *out)
{
	if (domain_parse_dns(value, out))
		return true;
	*out = (struct domain){ .len = 0 };
	return value.len == 0 || slice_eq(value, SLICE("."));
}

/* The text or address of a record; `d` keeps a name. */
static bool
value_read(enum dns_type type, struct slice value, struct domain *d,
    struct dns_record *out)
{
	switch (type) {
	case DNS_TYPE_A:
		return ipaddr_parse4(value, &out->addr);
	case DNS_TYPE_AAAA:
		return ipaddr_parse6(value, &out->addr);
	case DNS_TYPE_TXT:
		out->text = value;
		return value.len <= LIMIT_DNS_ANSWER;
	case DNS_TYPE_TLSA:
	case DNS_TYPE_SMIMEA:
		out->text = value;
		return value.len >= 3 && value.len <= LIMIT_DNS_ANSWER;
	case DNS_TYPE_MX:
	case DNS_TYPE_PTR:
		if (!value_name(value, d))
			return false;
		out->text = domain_slice(d);
		return true;
	case DNS_TYPE_CNAME:
		break;
	}
	return false;
}

static struct record *
record_new(enum dns_type type, const struct dns_record *data)
{
	struct record *r = mem_alloc(sizeof(*r) + data->text.len);

	if (r == NULL)
		return NULL;
	r->type = type;
	r->data = *data;
	if (data->text.len > 0)
		memcpy(r->text, data->text.ptr, data->text.len);
	r->data.text.ptr = r->text;
	return r;
}

bool
dns_zone_add(struct dns_zone *z, struct slice name, enum dns_type type,
    uint16_t preference, struct slice value)
{
	struct dns_record data = { .preference = preference };
	struct record *r;
	struct owner *o;
	struct domain d;

	if (!value_read(type, value, &d, &data))
		return false;
	o = owner_get(z, name);
	if (o == NULL || o->count >= LIMIT_DNS_RECORDS)
		return false;
	r = record_new(type, &data);
	if (r == NULL)
		return false;
	*o->last_next = r;
	o->last_next = &r->next;
	o->count++;
	return true;
}

bool
dns_zone_add_cname(struct dns_zone *z, struct slice name,
    struct slice target)
{
	struct owner *o;
	struct domain d;

	if (!value_name(target, &d))
		return false;
	o = owner_get(z, name);
	if (o == NULL || o->has_cname)
		return false;
	o->has_cname = true;
	o->cname = d;
	return true;
}

bool
dns_zone_add_name(struct dns_zone *z, struct slice name)
{
	return owner_get(z, name) != NULL;
}

bool
dns_zone_add_dnssec(struct dns_zone *z, struct slice name, bool secure)
{
	struct owner *o = owner_get(z, name);

	if (o == NULL)
		return false;
	o->has_dnssec = true;
	o->secure = secure;
	return true;
}

bool
dns_zone_add_outcome(struct dns_zone *z, struct slice name,
    enum dns_outcome outcome, unsigned int rcode)
{
	struct owner *o = owner_get(z, name);

	assert(outcome != DNS_FOUND);
	if (o == NULL)
		return false;
	o->has_outcome = true;
	o->outcome = outcome;
	o->rcode = rcode;
	return true;
}

/* Does DNSSEC vouch for the name? */
static bool
is_secure(const struct dns_zone *z, struct slice name)
{
	const struct owner *o;

	for (; name.len > 0; name = domain_parent(name)) {
		o = owner_find(z, name);
		if (o != NULL && o->has_dnssec)
			return o->secure;
	}
	return false;
}

static const struct dns_answer *
answer_empty(struct slice name, enum dns_type type, enum dns_outcome outcome,
    unsigned int rcode, bool secure)
{
	struct dns_draft draft;

	if (!dns_answer_new(type, name, 0, 0, &draft))
		return dns_answer_no_memory();
	draft.answer->outcome = outcome;
	draft.answer->rcode = rcode;
	draft.answer->authenticated = secure && dns_outcome_is_known(outcome);
	return draft.answer;
}

/* A question for the alias itself. */
static const struct dns_answer *
answer_cname(const struct owner *o, struct slice name, bool secure)
{
	struct dns_draft draft;

	if (!dns_answer_new(DNS_TYPE_CNAME, name, 1, o->cname.len, &draft))
		return dns_answer_no_memory();
	memcpy(draft.text, o->cname.text, o->cname.len);
	draft.records->text = (struct slice){ draft.text, o->cname.len };
	draft.answer->authenticated = secure;
	return draft.answer;
}

/* The records of the type as an answer for `name`; NULL: there are none. */
static const struct dns_answer *
answer_found(const struct owner *o, struct slice name, enum dns_type type,
    bool secure)
{
	struct dns_draft draft;
	const struct record *r;
	size_t count = 0, bytes = o->name.len;

	for (r = o->first; r != NULL; r = r->next) {
		count += r->type == type;
		bytes += r->type == type ? r->data.text.len : 0;
	}
	if (count == 0)
		return NULL;
	if (!dns_answer_new(type, name, count, bytes, &draft))
		return dns_answer_no_memory();
	for (r = o->first; r != NULL; r = r->next) {
		if (r->type != type)
			continue;
		*draft.records = r->data;
		draft.records->text.ptr = draft.text;
		memcpy(draft.text, r->text, r->data.text.len);
		draft.text += r->data.text.len;
		draft.records++;
	}
	memcpy(draft.text, o->name.text, o->name.len);
	draft.answer->owner = (struct slice){ draft.text, o->name.len };
	draft.answer->authenticated = secure;
	return draft.answer;
}

/* Steps 3 to 5, for the end of a chain. */
static const struct dns_answer *
answer_none(const struct owner *o, struct slice name, enum dns_type type,
    bool secure)
{
	if (o == NULL)
		return answer_empty(name, type, DNS_NO_NAME, 3, secure);
	if (o->has_outcome)
		return answer_empty(name, type, o->outcome, o->rcode, secure);
	return answer_empty(name, type, DNS_NO_DATA, 0, secure);
}

const struct dns_answer *
dns_zone_answer(const struct dns_zone *z, struct slice name,
    enum dns_type type)
{
	const struct dns_answer *found;
	const struct owner *o;
	unsigned int links;
	struct domain d;
	bool secure;

	if (!domain_parse_dns(name, &d))
		return dns_answer_of(DNS_NOT_ASKED);
	name = domain_slice(&d);
	o = owner_find(z, name);
	secure = is_secure(z, name);
	for (links = 0; o != NULL; links++) {
		found = answer_found(o, name, type, secure);
		if (found != NULL)
			return found;
		if (!o->has_cname)
			break;
		if (type == DNS_TYPE_CNAME)
			return answer_cname(o, name, secure);
		if (links >= LIMIT_DNS_CNAMES)
			return answer_empty(name, type, DNS_MALFORMED, 0,
			    false);
		secure = secure && is_secure(z, domain_slice(&o->cname));
		o = owner_find(z, domain_slice(&o->cname));
	}
	return answer_none(o, name, type, secure);
}
