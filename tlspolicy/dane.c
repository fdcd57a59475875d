/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dane: RFC 7672 section 2.2.
 *
 * 1. MX (2.2.1).  None, and the name exists: the domain itself is the only
 *    host.  When the answer is not secure nothing is asked of the hosts,
 *    unless the caller wants that.  The MX of a host that was chosen by name
 *    is not asked for (2.2.2).
 * 2. For each host: its addresses of both families (2.2.2).
 *    a. No address of either family: no sender can connect to it.
 *    b. An address is secure, which vouches for all CNAMEs on the way: TLSA is
 *       asked for where they lead, then for the name itself (2.2.3).
 *    c. None is, but the name is an alias, and its CNAME is secure: for the
 *       name itself.
 *    d. Otherwise it is not asked: servers of unsigned zones often have no
 *       answer to that question.
 * 3. The first TLSA answer that is secure and has records counts (2.2.3,
 *    2.1.2); a failure on the way means that this host cannot be used (2.1.1).
 *
 * A name of more CNAMEs than LIMIT_DNS_CNAMES has no addresses either: its
 * answers are malformed.
 */
#include "tlspolicy/dane.h"

#include <stdio.h>
#include <string.h>

#include "base/domain.h"

#define TLSA_HEAD	3	/* usage, selector, matching type */

/* ---- one TLSA record ---- */

const char *
dane_tlsa_problem(struct slice data)
{
	const unsigned char *p = (const unsigned char *)data.ptr;
	size_t len;

	if (data.len <= TLSA_HEAD)
		return "no data";
	len = data.len - TLSA_HEAD;
	if (p[0] == 0 || p[0] == 1)
		return "usage 0 and 1 are not for SMTP (RFC 7672 3.1.3)";
	if (p[0] != 2 && p[0] != 3)
		return "unknown usage";
	if (p[1] > 1)
		return "unknown selector";
	if (p[2] > 2)
		return "unknown matching type";
	if (p[2] == 1 && len != 32)
		return "not the length of a SHA-256 digest";
	if (p[2] == 2 && len != 64)
		return "not the length of a SHA-512 digest";
	return NULL;
}

/* ---- the hosts ---- */

struct look {
	struct dns_ledger	*ledger;
	struct arena		*scratch;
	unsigned int		 port;
	bool			 pending;
};

static const struct dns_answer *
ask(struct look *l, struct slice name, enum dns_type type)
{
	const struct dns_answer *a = dns_ledger_ask(l->ledger, name, type);

	l->pending = l->pending || a == NULL;
	return a;
}

static bool
is_secure(const struct dns_answer *a)
{
	return a != NULL && a->outcome == DNS_FOUND && a->authenticated;
}

static bool
is_found(const struct dns_answer *a)
{
	return a->outcome == DNS_FOUND;
}

/* DNS did not say what addresses there are. */
static bool
is_silent(const struct dane_host *h)
{
	return h->a != NULL && h->aaaa != NULL &&
	    (!dns_outcome_is_known(h->a->outcome) ||
	    !dns_outcome_is_known(h->aaaa->outcome));
}

static void
settle(struct dane_host *h, enum dane_status status, const char *why)
{
	h->status = status;
	h->why = why;
}

/* Step 3 for a base domain.  True: no other one needs to be looked at. */
static bool
look_at_tlsa(struct look *l, struct dane_host *h, struct slice base)
{
	char text[DOMAIN_MAX + 16];
	int len = snprintf(text, sizeof(text), "_%u._tcp.%.*s", l->port,
	    (int)base.len, base.ptr);
	size_t i;

	if (len < 0 || (size_t)len > DOMAIN_MAX)
		return false;
	h->base = base;
	h->tlsa_name = arena_dup(l->scratch,
	    (struct slice){ text, (size_t)len });
	h->tlsa = ask(l, h->tlsa_name, DNS_TYPE_TLSA);
	if (h->tlsa == NULL)
		return true;
	if (!dns_outcome_is_known(h->tlsa->outcome)) {
		settle(h, DANE_HOST_FAILED, "TLSA could not be looked up");
		return true;
	}
	if (!is_secure(h->tlsa)) {
		settle(h, DANE_HOST_NO_TLSA, is_found(h->tlsa) ? "TLSA is not "
		    "secure" : "no TLSA");
		return false;
	}
	for (i = h->usable = 0; i < h->tlsa->count; i++)
		h->usable +=
		    dane_tlsa_problem(h->tlsa->records[i].text) == NULL;
	if (h->usable > 0)
		settle(h, DANE_HOST_USABLE, "TLSA is secure and usable");
	else
		settle(h, DANE_HOST_UNUSABLE, "TLSA is secure, but no record "
		    "is usable");
	return true;
}

/* Step 2 b: where the CNAMEs lead, and the name itself. */
static void
look_at_bases(struct look *l, struct dane_host *h, struct slice owner)
{
	settle(h, DANE_HOST_NO_TLSA, "no TLSA");
	if (owner.len > 0 && look_at_tlsa(l, h, owner))
		return;
	if (!slice_eq(owner, h->name))
		(void)look_at_tlsa(l, h, h->name);
}

/* Step 2 c: no address is secure, but the alias may be. */
static void
look_at_alias(struct look *l, struct dane_host *h, struct slice owner)
{
	settle(h, DANE_HOST_INSECURE, "addresses are not secure");
	if (slice_eq(owner, h->name))
		return;
	h->cname = ask(l, h->name, DNS_TYPE_CNAME);
	if (is_secure(h->cname))
		(void)look_at_tlsa(l, h, h->name);
}

/* Step 2. */
static void
look_at_host(struct look *l, struct dane_host *h)
{
	/* A root, and what is no name: nothing to ask. */
	if (h->name.len == 0) {
		settle(h, DANE_HOST_DEAD, "not a host name");
		return;
	}
	h->a = ask(l, h->name, DNS_TYPE_A);
	h->aaaa = ask(l, h->name, DNS_TYPE_AAAA);
	if (h->a == NULL || h->aaaa == NULL)
		return;
	if (is_secure(h->a) || is_secure(h->aaaa))
		look_at_bases(l, h, is_secure(h->a) ? h->a->owner :
		    h->aaaa->owner);
	else if (is_found(h->a) || is_found(h->aaaa))
		look_at_alias(l, h, is_found(h->a) ? h->a->owner :
		    h->aaaa->owner);
	else
		settle(h, DANE_HOST_DEAD, is_silent(h) ?
		    "addresses could not be looked up" : "no address");
}

/* ---- the domain ---- */

static struct dane_host *
find_host(const struct dane_domain *d, struct slice name)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		if (slice_eq(d->hosts[i].name, name))
			return &d->hosts[i];
	}
	return NULL;
}

/* Keeps the list in order; the last one falls out of a full one. */
static void
insert_host(struct dane_domain *d, const struct dns_record *r)
{
	size_t at = d->count;

	while (at > 0 && d->hosts[at - 1].preference > r->preference)
		at--;
	if (d->count == LIMIT_DANE_HOSTS) {
		d->more = true;
		if (at == d->count)
			return;
		d->count--;
	}
	memmove(d->hosts + at + 1, d->hosts + at,
	    (d->count - at) * sizeof(*d->hosts));
	d->hosts[at] = (struct dane_host){ .name = r->text,
		.preference = r->preference,
		.why = "the MX records are not secure" };
	d->count++;
}

static void
add_host(struct dane_domain *d, const struct dns_record *r)
{
	struct dane_host *h = find_host(d, r->text);

	if (h != NULL && h->preference <= r->preference)
		return;
	if (h != NULL) {
		d->count--;
		memmove(h, h + 1, (size_t)(d->hosts + d->count - h) *
		    sizeof(*h));
	}
	insert_host(d, r);
}

static enum dane_mx
read_mx(struct dane_domain *d, const struct dane_request *request)
{
	const struct dns_answer *a = d->answer;
	const struct dns_record self = { .text = request->domain };
	size_t i;

	if (request->is_host) {
		add_host(d, &self);
		return DANE_MX_IMPLICIT;
	}
	if (a->outcome == DNS_NO_NAME)
		return DANE_MX_NO_DOMAIN;
	if (!dns_outcome_is_known(a->outcome))
		return DANE_MX_FAILED;
	if (a->outcome == DNS_NO_DATA) {
		add_host(d, &self);
		return DANE_MX_IMPLICIT;
	}
	if (a->count == 1 && a->records[0].text.len == 0)
		return DANE_MX_NULL;
	for (i = 0; i < a->count; i++)
		add_host(d, &a->records[i]);
	return DANE_MX_FOUND;
}

enum check_state
dane_check(const struct dane_request *request, struct dns_ledger *ledger,
    struct arena *scratch, struct dane_domain *out)
{
	struct look l = { .ledger = ledger, .scratch = scratch,
	    .port = request->port != 0 ? request->port : 25 };
	size_t i;

	arena_reset(scratch);
	*out = (struct dane_domain){ .mx = DANE_MX_FAILED };
	out->hosts = arena_array(scratch, LIMIT_DANE_HOSTS + 1,
	    sizeof(*out->hosts));
	if (!request->is_host) {
		out->answer = ask(&l, request->domain, DNS_TYPE_MX);
		if (out->answer == NULL)
			return CHECK_PENDING;
	}
	if (out->hosts != NULL)
		out->mx = read_mx(out, request);
	out->secure = out->mx != DANE_MX_FAILED &&
	    (request->is_host || out->answer->authenticated);
	for (i = 0; out->hosts != NULL && i < out->count &&
	    (out->secure || request->all); i++)
		look_at_host(&l, &out->hosts[i]);
	out->no_memory = arena_failed(scratch) || dns_ledger_failed(ledger);
	return l.pending && !out->no_memory ? CHECK_PENDING : CHECK_DONE;
}

/* ---- all of it in a word ---- */

/*
 * A host without a known address does not count, whether it has none or DNS
 * does not answer: nothing is sent there.  When that is so for all hosts, and
 * for one because DNS does not answer, nothing is known.
 */
enum dane_summary
dane_sum(const struct dane_domain *d)
{
	size_t i, usable = 0, failed = 0, alive = 0, silent = 0;
	const struct dane_host *h;

	if (d->mx == DANE_MX_FAILED)
		return DANE_FAILED;
	for (i = 0; i < d->count && d->secure; i++) {
		h = &d->hosts[i];
		usable += h->status == DANE_HOST_USABLE;
		failed += h->status == DANE_HOST_FAILED;
		alive += h->status != DANE_HOST_DEAD;
		silent += h->status == DANE_HOST_DEAD && is_silent(h);
	}
	if (usable > 0)
		return usable == d->count && !d->more ? DANE_ALL : DANE_SOME;
	return failed > 0 || (alive == 0 && silent > 0) ? DANE_FAILED :
	    DANE_NONE;
}

const char *
dane_summary_name(enum dane_summary s)
{
	static const char *const names[] = {
		[DANE_UNKNOWN] = "unknown", [DANE_NONE] = "none",
		[DANE_SOME] = "some", [DANE_ALL] = "all",
		[DANE_FAILED] = "failed"
	};

	return names[s];
}

const char *
dane_status_name(enum dane_status s)
{
	static const char *const names[] = {
		[DANE_HOST_NOT_ASKED] = "not asked",
		[DANE_HOST_DEAD] = "no address",
		[DANE_HOST_INSECURE] = "insecure",
		[DANE_HOST_NO_TLSA] = "no TLSA",
		[DANE_HOST_UNUSABLE] = "unusable TLSA",
		[DANE_HOST_USABLE] = "usable TLSA",
		[DANE_HOST_FAILED] = "failed"
	};

	return names[s];
}

static void
lower(uint32_t *ttl, const struct dns_answer *a)
{
	if (a != NULL && a->ttl < *ttl)
		*ttl = a->ttl;
}

uint32_t
dane_ttl(const struct dane_domain *d)
{
	uint32_t ttl = LIMIT_DNS_TTL_MAX;
	size_t i;

	lower(&ttl, d->answer);
	for (i = 0; i < d->count; i++) {
		/* One family that does not answer is no reason to hurry. */
		if (d->hosts[i].a != NULL && is_found(d->hosts[i].a))
			lower(&ttl, d->hosts[i].a);
		lower(&ttl, d->hosts[i].tlsa);
	}
	return ttl;
}
