/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: a cursor over a message with a sticky failure, one reader for each
 * part of RFC 1035 section 4, and the steps that make an answer of them:
 *
 * 1. The header must be that of an answer, and the question must be ours:
 *    one question, same name, type and class.  A server that could not read
 *    ours may leave it out of its failure.
 * 2. With TC set nothing else is looked at (RFC 2181 section 9).
 * 3. All sections are walked once: every record must lie within the message
 *    and nothing may be after the last.  OPT, at most one, gives the
 *    upper bits of the RCODE (RFC 6891 section 6.1.1, 6.1.3).
 * 4. An RCODE other than 0 and 3 is a failure of that server.
 * 5. From the name of the question CNAMEs are followed, within this answer
 *    and up to a limit, to a name with records of the type asked for.
 *    Records of other owners, types and classes mean nothing.
 * 6. At the end of the chain: records, or with RCODE 3 no such name, or with
 *    a SOA in the authority section no data (RFC 2308 section 2), or with NS
 *    records and no SOA a referral, which answers nothing (section 2.2), or
 *    after a CNAME an open end: ask on.  Nothing at all is no data, too.
 *
 * More records or links than the limits allow make the whole answer
 * PACKET_EXCESS.  Ignoring what is past the limit would be worse: half a
 * record set gives a definite and wrong verdict, none gives temperror.
 */
#include "resolver/packet_internal.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

#define HEADER_LEN	12
#define CLASS_IN	1
#define TYPE_NS		2
#define TYPE_CNAME	DNS_TYPE_CNAME
#define TLSA_HEAD	3	/* RFC 6698 2.1, before the data */
#define TYPE_SOA	6
#define TYPE_OPT	41
/* In a row to one name; no name has more labels (ours). */
#define POINTERS_MAX	127
#define RCODE_NO_NAME	3

/* Bits of the header's second word. */
#define FLAG_QR		0x8000u
#define FLAG_OPCODE	0x7800u
#define FLAG_TC		0x0200u
#define FLAG_RD		0x0100u
#define FLAG_AD		0x0020u
#define FLAG_RCODE	0x000fu

/* A place in a message.  `failed` stays; then all reads give 0. */
struct wire {
	const unsigned char	*ptr;
	size_t			 len;
	size_t			 at;
	bool			 failed;
};

struct rr {
	struct packet_name	owner;
	unsigned int		type, class;
	uint32_t		ttl;		/* as sent */
	size_t			rdata, end;	/* offsets */
};

struct packet {
	struct wire	w;		/* at the section in hand */
	unsigned int	id;
	unsigned int	flags;
	unsigned int	counts[4];	/* RFC 1035 4.1.1, in order */
	size_t		answers;	/* offset of the section */
	size_t		authority;
};

static struct wire
wire_of(struct slice packet)
{
	return (struct wire){ .ptr = (const unsigned char *)packet.ptr,
	    .len = packet.len };
}

static unsigned int
get8(struct wire *w)
{
	if (w->failed || w->at >= w->len) {
		w->failed = true;
		return 0;
	}
	return w->ptr[w->at++];
}

static unsigned int
get16(struct wire *w)
{
	unsigned int high = get8(w);

	return high << 8 | get8(w);
}

static uint32_t
get32(struct wire *w)
{
	uint32_t high = get16(w);

	return high << 16 | get16(w);
}

static void
skip(struct wire *w, size_t len)
{
	if (w->failed || w->len - w->at < len)
		w->failed = true;
	else
		w->at += len;
}

/* One label with its length octet to `out`. */
static void
get_label(struct wire *w, unsigned int len, struct packet_name *out)
{
	const unsigned char *from = w->ptr + w->at;
	unsigned char *to = out->wire + out->len;
	unsigned int i;

	/* The octet for the root must still fit. */
	if (out->len + 1 + len + 1 > PACKET_NAME_MAX)
		w->failed = true;
	skip(w, len);
	if (w->failed)
		return;
	*to++ = (unsigned char)len;
	for (i = 0; i < len; i++)
		to[i] = (unsigned char)ascii_lower((char)from[i]);
	out->len += 1 + len;
}

/*
 * A name, RFC 1035 section 4.1.4.  A pointer must lead to before the place
 * where the run of labels that it ends began, so there are no loops.  Thousands
 * of names, each by thousands of pointers, would take a second.
 */
static void
get_name(struct wire *w, struct packet_name *out)
{
	size_t begin = w->at, after = 0, to;
	unsigned int c, pointers = 0;

	out->len = 0;
	while ((c = get8(w)) != 0 && !w->failed) {
		if (c <= DOMAIN_LABEL_MAX) {
			get_label(w, c, out);
			continue;
		}
		to = (c & 0x3f) << 8 | get8(w);
		if ((c & 0xc0) != 0xc0 || to >= begin || to < HEADER_LEN ||
		    ++pointers > POINTERS_MAX) {
			w->failed = true;
			break;
		}
		if (after == 0)
			after = w->at;
		w->at = begin = to;
	}
	if (after > 0)
		w->at = after;
	if (w->failed)
		out->len = 0;
	out->wire[out->len++] = 0;
}

static void
get_rr(struct wire *w, struct rr *out)
{
	size_t len;

	get_name(w, &out->owner);
	out->type = get16(w);
	out->class = get16(w);
	out->ttl = get32(w);
	len = get16(w);
	out->rdata = w->at;
	skip(w, len);
	out->end = w->at;
}

/* The cursor over the data of a record alone (pointers in it may lead to
   anywhere before). */
static struct wire
rdata_of(const struct wire *w, const struct rr *rr)
{
	return (struct wire){ w->ptr, rr->end, rr->rdata, false };
}

static bool
is_done(const struct wire *w)
{
	return !w->failed && w->at == w->len;
}

bool
packet_name_from_text(struct slice text, struct packet_name *out)
{
	struct slice label;
	struct domain d;
	size_t i;

	out->len = 0;
	if (!domain_parse_dns(text, &d))
		return false;
	text = domain_slice(&d);
	while (text.len > 0) {
		(void)slice_cut(&text, '.', &label);
		out->wire[out->len++] = (unsigned char)label.len;
		for (i = 0; i < label.len; i++)
			out->wire[out->len++] = (unsigned char)label.ptr[i];
	}
	out->wire[out->len++] = 0;
	return true;
}

bool
packet_name_to_text(const struct packet_name *name, struct domain *out)
{
	char text[PACKET_NAME_MAX];
	size_t at, len = 0, label;

	*out = (struct domain){ .len = 0 };
	for (at = 0; name->wire[at] != 0; at += label + 1) {
		label = name->wire[at];
		if (memchr(name->wire + at + 1, '.', label) != NULL)
			return false;
		memcpy(text + len, name->wire + at + 1, label);
		len += label;
		text[len++] = '.';
	}
	return len > 0 &&
	    domain_parse_dns((struct slice){ text, len }, out);
}

bool
packet_name_eq(const struct packet_name *a, const struct packet_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/* `name` is `zone` or below it. */
static bool
name_is_in(const struct packet_name *name, const struct packet_name *zone)
{
	size_t at = 0;

	while (name->len - at > zone->len)
		at += (size_t)name->wire[at] + 1;
	return name->len - at == zone->len &&
	    memcmp(name->wire + at, zone->wire, zone->len) == 0;
}

static unsigned char *
put16(unsigned char *p, unsigned int value)
{
	*p++ = (unsigned char)(value >> 8);
	*p++ = (unsigned char)value;
	return p;
}

size_t
packet_query(const struct packet_name *name, enum dns_type type,
    uint16_t id, bool edns, unsigned char out[PACKET_QUERY_MAX])
{
	unsigned char *p = out;

	p = put16(p, id);
	p = put16(p, FLAG_RD | FLAG_AD);
	p = put16(p, 1);
	p = put16(p, 0);
	p = put16(p, 0);
	p = put16(p, edns);
	memcpy(p, name->wire, name->len);
	p = put16(p + name->len, type);
	p = put16(p, CLASS_IN);
	if (edns) {
		*p++ = 0;
		p = put16(p, TYPE_OPT);
		p = put16(p, LIMIT_DNS_EDNS_SIZE);
		memset(p, 0, 6);
		p += 6;
	}
	return (size_t)(p - out);
}

/* Step 1.  False when it is not an answer to our question. */
static bool
read_question(struct packet *m, const struct packet_name *name,
    enum dns_type type)
{
	struct packet_name asked;
	unsigned int rcode = m->flags & FLAG_RCODE;

	if (m->counts[0] == 0)
		return rcode != 0 && rcode != RCODE_NO_NAME;
	if (m->counts[0] != 1)
		return false;
	get_name(&m->w, &asked);
	return packet_name_eq(&asked, name) && get16(&m->w) == type &&
	    get16(&m->w) == CLASS_IN;
}

static bool
read_header(struct packet *m)
{
	size_t i;

	m->id = get16(&m->w);
	m->flags = get16(&m->w);
	for (i = 0; i < 4; i++)
		m->counts[i] = get16(&m->w);
	return !m->w.failed &&
	    (m->flags & (FLAG_QR | FLAG_OPCODE)) == FLAG_QR;
}

/* Step 3. */
static bool
walk_sections(struct packet *m, struct packet_reply *out)
{
	unsigned int i;
	struct rr rr;

	m->answers = m->w.at;
	for (i = 0; i < m->counts[1] && !m->w.failed; i++)
		get_rr(&m->w, &rr);
	m->authority = m->w.at;
	for (i = 0; i < m->counts[2] && !m->w.failed; i++)
		get_rr(&m->w, &rr);
	for (i = 0; i < m->counts[3] && !m->w.failed; i++) {
		get_rr(&m->w, &rr);
		if (m->w.failed || rr.type != TYPE_OPT)
			continue;
		if (out->edns || rr.owner.len != 1)
			return false;
		out->edns = true;
		out->rcode |= (rr.ttl >> 24) << 4;
	}
	return is_done(&m->w);
}

/* RFC 2181 section 8: a TTL with its top bit set counts as 0. */
static uint32_t
ttl_of(uint32_t ttl, uint32_t max)
{
	if (ttl > INT32_MAX)
		return 0;
	return ttl < max ? ttl : max;
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* RFC 1035 section 3.3.14: one string or more, and nothing else. */
static bool
text_len(struct wire *w, size_t *bytes)
{
	size_t len;

	do {
		len = get8(w);
		skip(w, len);
		*bytes += len;
	} while (!w->failed && w->at < w->len);
	return is_done(w);
}

static void
text_copy(struct wire *w, struct dns_draft *d)
{
	size_t len;

	while (w->at < w->len) {
		len = get8(w);
		memcpy(d->text, w->ptr + w->at, len);
		skip(w, len);
		d->text += len;
	}
}

/* Of MX (after the preference), PTR and CNAME. */
static struct domain
get_name_text(struct wire *w)
{
	struct packet_name name;
	struct domain d;

	get_name(w, &name);
	(void)packet_name_to_text(&name, &d);
	return d;
}

/* Checks the data of a record and adds the octets of its text. */
static bool
measure(struct wire w, enum dns_type type, size_t *bytes)
{
	switch (type) {
	case DNS_TYPE_A:
		return w.len - w.at == 4;
	case DNS_TYPE_AAAA:
		return w.len - w.at == 16;
	case DNS_TYPE_TXT:
		return text_len(&w, bytes);
	case DNS_TYPE_MX:
		(void)get16(&w);
		/* FALLTHROUGH */
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		*bytes += get_name_text(&w).len;
		return is_done(&w);
	case DNS_TYPE_TLSA:
	case DNS_TYPE_SMIMEA:
		*bytes += w.len - w.at;
		return w.len - w.at >= TLSA_HEAD;
	}
	return false;
}

static void
copy_octets(struct wire *w, struct dns_draft *d)
{
	memcpy(d->text, w->ptr + w->at, w->len - w->at);
	d->text += w->len - w->at;
}

static void
copy_name(struct wire *w, struct dns_draft *d)
{
	struct domain name = get_name_text(w);

	memcpy(d->text, name.text, name.len);
	d->text += name.len;
}

static void
copy_addr(struct wire *w, enum ipaddr_family family, struct ipaddr *out)
{
	out->family = family;
	memcpy(out->bytes, w->ptr + w->at, w->len - w->at);
}

/* Copies the data of a record that measure() has found good. */
static void
copy(struct wire w, enum dns_type type, struct dns_draft *d)
{
	struct dns_record *r = d->records++;
	char *begin = d->text;

	switch (type) {
	case DNS_TYPE_A:
		copy_addr(&w, IPADDR_V4, &r->addr);
		break;
	case DNS_TYPE_AAAA:
		copy_addr(&w, IPADDR_V6, &r->addr);
		break;
	case DNS_TYPE_TXT:
		text_copy(&w, d);
		break;
	case DNS_TYPE_MX:
		r->preference = (uint16_t)get16(&w);
		copy_name(&w, d);
		break;
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		copy_name(&w, d);
		break;
	case DNS_TYPE_TLSA:
	case DNS_TYPE_SMIMEA:
		copy_octets(&w, d);
		break;
	}
	r->text = (struct slice){ begin, (size_t)(d->text - begin) };
}

/* What the answer section holds for out->target. */
struct owner_view {
	bool			cname;
	uint32_t		cname_ttl;
	struct packet_name	cname_target;
};

static bool
read_cname(const struct packet *m, const struct rr *rr,
    struct owner_view *view)
{
	struct wire w = rdata_of(&m->w, rr);

	/* RFC 2181 section 10.1: there is only one. */
	if (view->cname)
		return false;
	view->cname = true;
	view->cname_ttl = ttl_of(rr->ttl, LIMIT_DNS_TTL_MAX);
	get_name(&w, &view->cname_target);
	return is_done(&w);
}

/* False when a record of that owner is broken. */
static bool
view_owner(const struct packet *m, enum dns_type type,
    struct packet_reply *out, struct owner_view *view)
{
	struct wire w = m->w;
	unsigned int i;
	bool good = true;
	struct rr rr;

	w.at = m->answers;
	view->cname = false;
	for (i = 0; i < m->counts[1] && good; i++) {
		get_rr(&w, &rr);
		if (rr.class != CLASS_IN ||
		    !packet_name_eq(&rr.owner, &out->target))
			continue;
		if (rr.type == (unsigned int)type) {
			good = measure(rdata_of(&w, &rr), type, &out->bytes);
			out->ttl = least(out->ttl,
			    ttl_of(rr.ttl, LIMIT_DNS_TTL_MAX));
			out->count++;
		} else if (rr.type == TYPE_CNAME) {
			good = read_cname(m, &rr, view);
		}
	}
	return good;
}

/* RFC 2308 section 5: the lesser of the SOA's TTL and its MINIMUM. */
static bool
read_soa(const struct packet *m, const struct rr *rr, uint32_t *ttl)
{
	struct wire w = rdata_of(&m->w, rr);
	struct packet_name name;
	uint32_t minimum;

	get_name(&w, &name);
	get_name(&w, &name);
	skip(&w, 16);
	minimum = get32(&w);
	*ttl = least(ttl_of(rr->ttl, LIMIT_DNS_NEGATIVE_TTL_MAX),
	    ttl_of(minimum, LIMIT_DNS_NEGATIVE_TTL_MAX));
	return is_done(&w);
}

/* Step 6, without records. */
static enum packet_kind
read_negative(const struct packet *m, struct packet_reply *out)
{
	bool soa = false, ns = false;
	struct wire w = m->w;
	uint32_t ttl = 0;
	unsigned int i;
	struct rr rr;

	w.at = m->authority;
	for (i = 0; i < m->counts[2]; i++) {
		get_rr(&w, &rr);
		if (rr.class != CLASS_IN ||
		    !name_is_in(&out->target, &rr.owner))
			continue;
		ns = ns || rr.type == TYPE_NS;
		if (rr.type != TYPE_SOA || soa)
			continue;
		soa = true;
		if (!read_soa(m, &rr, &ttl))
			return PACKET_BROKEN;
	}
	/* Without a SOA it must not be kept (RFC 2308 section 5). */
	if (out->rcode == 0 && !soa && out->links > 0)
		return PACKET_FOLLOW;
	out->ttl = soa ? least(out->ttl, ttl) : 0;
	if (out->rcode == RCODE_NO_NAME)
		return PACKET_NO_NAME;
	return ns && !soa ? PACKET_FAILURE : PACKET_NO_DATA;
}

/* Steps 5 and 6. */
static enum packet_kind
read_chain(const struct packet *m, enum dns_type type,
    unsigned int max_links, struct packet_reply *out)
{
	struct owner_view view;

	for (;;) {
		if (!view_owner(m, type, out, &view))
			return PACKET_BROKEN;
		if (out->count > 0)
			return out->rcode == 0 ? PACKET_FOUND :
			    PACKET_BROKEN;
		if (!view.cname)
			return read_negative(m, out);
		if (out->links >= max_links)
			return PACKET_EXCESS;
		out->links++;
		out->ttl = least(out->ttl, view.cname_ttl);
		out->target = view.cname_target;
	}
}

static enum packet_kind
read_message(struct slice packet, const struct packet_name *name,
    enum dns_type type, unsigned int max_links, struct packet_reply *out)
{
	struct packet m = { .w = wire_of(packet) };

	if (packet.len > LIMIT_DNS_ANSWER)
		return PACKET_EXCESS;
	if (!read_header(&m) || !read_question(&m, name, type) || m.w.failed)
		return PACKET_BROKEN;
	if ((m.flags & FLAG_TC) != 0)
		return PACKET_TRUNCATED;
	out->rcode = m.flags & FLAG_RCODE;
	out->authenticated = (m.flags & FLAG_AD) != 0;
	if (!walk_sections(&m, out))
		return PACKET_BROKEN;
	if (out->rcode != 0 && out->rcode != RCODE_NO_NAME)
		return PACKET_FAILURE;
	if (m.counts[1] > LIMIT_DNS_RECORDS)
		return PACKET_EXCESS;
	return read_chain(&m, type, max_links, out);
}

void
packet_read(struct slice packet, const struct packet_name *name,
    enum dns_type type, unsigned int max_links, struct packet_reply *out)
{
	*out = (struct packet_reply){
		.ttl = LIMIT_DNS_TTL_MAX, .target = *name
	};
	out->kind = read_message(packet, name, type, max_links, out);
}

void
packet_fill(struct slice packet, enum dns_type type,
    const struct packet_reply *reply, const struct dns_draft *draft)
{
	struct packet m = { .w = wire_of(packet) };
	struct dns_draft d = *draft;
	struct packet_name name;
	unsigned int i;
	struct rr rr;

	assert(reply->kind == PACKET_FOUND);
	(void)read_header(&m);
	get_name(&m.w, &name);
	skip(&m.w, 4);
	for (i = 0; i < m.counts[1]; i++) {
		get_rr(&m.w, &rr);
		if (rr.class == CLASS_IN && rr.type == (unsigned int)type &&
		    packet_name_eq(&rr.owner, &reply->target))
			copy(rdata_of(&m.w, &rr), type, &d);
	}
}

bool
packet_asked(struct slice packet, struct packet_question *out)
{
	struct packet m = { .w = wire_of(packet) };

	if (!read_header(&m) || m.counts[0] != 1)
		return false;
	out->id = (uint16_t)m.id;
	get_name(&m.w, &out->name);
	out->type = get16(&m.w);
	return get16(&m.w) == CLASS_IN && !m.w.failed;
}
