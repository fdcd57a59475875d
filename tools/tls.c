/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls: a domain is looked at as assay-tlspol does it, but all of it.
 *
 * 1. DNS, all at once: the records of MTA-STS and TLSRPT, addresses of the
 *    policy host, DANE of every mail server, also where MX is not secure.
 * 2. The policy: from a file, or by HTTPS when there is a record; else, or if
 *    that fails, what assay-tlspol remembers, while it is valid (RFC 8461
 *    section 3.3).
 * 3. The certificate of each server, if asked for, against its TLSA records
 *    (RFC 7672) and for its name (RFC 8461 section 4.2).
 * 4. The answer for each kind of mail server, and what becomes of mail at each
 *    host: Postfix with smtp_tls_security_level=dane.
 */
#include "tools/tls.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "tools/fetch.h"

struct tls_story *
tls_story_new(struct tool *t, const struct domain *domain,
    const struct tls_options *options)
{
	struct tls_story *s = arena_alloc(t->arena, sizeof(*s));
	struct slice name = domain_slice(domain);

	if (s == NULL)
		return NULL;
	s->tool = t;
	s->options = options;
	s->domain = *domain;
	s->now = (int64_t)time(NULL);
	s->dane_memory = arena_new(LIMIT_DANE_MEMORY);
	if (s->dane_memory == NULL)
		return NULL;
	(void)sts_record_name(name, &s->record_name);
	(void)sts_policy_host(name, &s->policy_host);
	(void)tlsrpt_record_name(name, &s->report_name);
	return s;
}

void
tls_story_free(struct tls_story *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; s->hosts != NULL && i < s->dane.count; i++)
		certificates_free(s->hosts[i].shown.chain);
	arena_free(s->dane_memory);
}

/* ---- step 1 ---- */

/* A name that is too long to ask has no record. */
static const struct dns_answer *
ask(struct dns_ledger *ledger, const struct domain *name, enum dns_type type)
{
	return name->len > 0 ?
	    dns_ledger_ask(ledger, domain_slice(name), type) :
	    dns_answer_of(DNS_NO_NAME);
}

bool
tls_story_ask(struct tls_story *s, struct dns_ledger *ledger)
{
	const struct dane_request request = {
		.domain = domain_slice(&s->domain), .all = true,
		.port = (uint16_t)s->options->smtp_port };
	bool done;

	s->record_answer = ask(ledger, &s->record_name, DNS_TYPE_TXT);
	s->report_answer = ask(ledger, &s->report_name, DNS_TYPE_TXT);
	s->a = ask(ledger, &s->policy_host, DNS_TYPE_A);
	s->aaaa = ask(ledger, &s->policy_host, DNS_TYPE_AAAA);
	done = dane_check(&request, ledger, s->dane_memory, &s->dane) ==
	    CHECK_DONE;
	return done && s->record_answer != NULL && s->report_answer != NULL &&
	    s->a != NULL && s->aaaa != NULL;
}

/* ---- step 2 ---- */

/* Into the tool's arena. */
static enum tool_exit
read_policy(struct tls_story *s, struct slice body)
{
	switch (sts_policy_parse(body, s->tool->arena, &s->policy,
	    &s->fetch_problem)) {
	case STS_PARSED:
		s->fetched = true;
		return TOOL_OK;
	case STS_INVALID:
		return TOOL_OK;
	case STS_NO_MEMORY:
		break;
	}
	return tool_no_memory();
}

static enum tool_exit
read_policy_file(struct tls_story *s)
{
	enum tool_exit status;
	struct buf b;

	status = tool_read_file(s->options->policy_file, &b);
	if (status == TOOL_OK)
		status = read_policy(s, buf_slice(&b));
	buf_fini(&b);
	return status;
}

static void
add_addresses(const struct tls_story *s, const struct dns_answer *a,
    struct https_request *r)
{
	size_t i;

	for (i = 0; i < a->count &&
	    r->address_count < LIMIT_HTTPS_ADDRESSES; i++) {
		if (s->options->allow_private ||
		    ipaddr_is_public(&a->records[i].addr))
			r->addresses[r->address_count++] =
			    a->records[i].addr;
	}
}

static enum tool_exit
fetch(struct tls_story *s)
{
	struct https_request r = { .host = s->policy_host,
		.path = STS_POLICY_PATH, .port = s->options->https_port,
		.timeout_ms = LIMIT_STS_FETCH_MS,
		.max_body = LIMIT_STS_POLICY, .ca_file = s->options->ca_file };
	enum tool_exit status = TOOL_OK;

	add_addresses(s, s->aaaa, &r);
	add_addresses(s, s->a, &r);
	if (r.address_count == 0) {
		s->fetch_problem = s->a->count + s->aaaa->count > 0 ?
		    "no address of the policy host is public" :
		    "no address of the policy host is known";
		return TOOL_OK;
	}
	if (fetch_policy(&r) && r.status == HTTPS_DONE)
		status = read_policy(s, buf_slice(&r.body));
	else if (r.status == HTTPS_NO_MEMORY)
		status = tool_no_memory();
	else
		s->fetch_problem = arena_dup(s->tool->arena,
		    slice_str(r.problem)).ptr;
	buf_fini(&r.body);
	return status;
}

/* The line of the domain in a cache file of assay-tlspol. */
static void
find_saved(struct tls_story *s, struct slice file)
{
	struct slice line, key;

	while (file.len > 0) {
		(void)slice_cut(&file, '\n', &line);
		key = slice_head(line, slice_find(line, ' '));
		if (slice_eq(key, domain_slice(&s->domain)) &&
		    saved_policy_read(line, s->now, s->tool->arena,
		    &s->saved))
			s->has_saved = true;
	}
}

/* One that cannot be read is no news, unless it was asked for. */
static void
read_saved(struct tls_story *s)
{
	struct file f = { .path = s->options->cache_file, .regular = true };
	struct buf b;

	if (f.path == NULL)
		return;
	buf_init(&b, LIMIT_TLSPOL_FILE);
	if (file_load(&f, &b) == FILE_READ)
		find_saved(s, buf_slice(&b));
	buf_fini(&b);
}

static enum tool_exit
find_policy(struct tls_story *s)
{
	enum tool_exit status = TOOL_OK;

	sts_record_read(s->record_answer, &s->record);
	tlsrpt_record_read(s->report_answer, &s->report);
	if (s->options->policy_file != NULL)
		status = read_policy_file(s);
	else if (s->record.found == STS_RECORD_FOUND)
		status = fetch(s);
	read_saved(s);
	if (s->fetched)
		s->valid = &s->policy;
	else if (s->has_saved && saved_policy_is_valid(&s->saved, s->now))
		s->valid = &s->saved.policy;
	return status;
}

/* ---- step 3 ---- */

/* The name that it must show, and the one that it is asked for. */
static struct slice
base_of(const struct tls_host *h)
{
	return h->dane->status == DANE_HOST_USABLE ? h->dane->base :
	    h->dane->name;
}

static size_t
addresses_of(const struct tls_story *s, const struct dns_answer *a,
    struct ipaddr *out, size_t count)
{
	size_t i;

	for (i = 0; a != NULL && i < a->count && count < LIMIT_TOOL_ADDRESSES;
	    i++) {
		if (s->options->allow_private ||
		    ipaddr_is_public(&a->records[i].addr))
			out[count++] = a->records[i].addr;
	}
	return count;
}

static void
look_at_server(struct tls_story *s, struct tls_host *h, int64_t deadline)
{
	struct ipaddr addresses[LIMIT_TOOL_ADDRESSES];
	int64_t mine = clock_us() + LIMIT_TOOL_SMTP_MS * 1000;
	struct starttls_request r = { .port = s->options->smtp_port,
		.helo = s->tool->receiver, .sni = base_of(h),
		.deadline = mine < deadline ? mine : deadline };
	size_t i, count;

	count = addresses_of(s, h->dane->a, addresses, 0);
	count = addresses_of(s, h->dane->aaaa, addresses, count);
	for (i = 0; i < count; i++) {
		h->tried = true;
		r.address = h->address = addresses[i];
		starttls_look(&r, &h->shown);
		if (h->shown.status != STARTTLS_UNREACHABLE)
			break;
	}
	h->chain = h->shown.chain;
}

/* Each record, and all of them. */
static void
judge_tlsa(struct tls_story *s, struct tls_host *h)
{
	const struct certificate_judge judge = { .names = { base_of(h),
		domain_slice(&s->domain) } };
	const struct dns_answer *a = h->dane->tlsa;
	enum certificate_verdict verdict;
	size_t i;

	if (a == NULL || a->count == 0)
		return;
	h->tlsa_why = arena_array(s->tool->arena, a->count, sizeof(char *));
	if (h->tlsa_why == NULL)
		return;
	for (i = 0; i < a->count; i++) {
		h->tlsa_why[i] = dane_tlsa_problem(a->records[i].text);
		if (h->tlsa_why[i] != NULL)
			continue;
		verdict = certificates_by_record(h->chain, a->records[i].text,
		    &judge, &h->tlsa_why[i]);
		s->no_memory |= verdict == CERTIFICATE_NO_MEMORY;
		if (verdict == CERTIFICATE_GOOD) {
			h->tlsa_why[i] = NULL;
			h->tlsa_matches = true;
		}
	}
}

static void
judge_host(struct tls_story *s, struct tls_host *h)
{
	const struct certificate_judge judge = { .names = { h->dane->name },
		.ca_file = s->options->ca_file };

	if (h->chain == NULL)
		return;
	if (!certificates_facts(h->chain, s->tool->arena, &h->facts))
		s->no_memory = true;
	h->by_authority = certificates_by_authority(h->chain, &judge,
	    &h->by_authority_why);
	s->no_memory |= h->by_authority == CERTIFICATE_NO_MEMORY;
	judge_tlsa(s, h);
}

static void
look_at_hosts(struct tls_story *s)
{
	int64_t deadline = clock_us() + LIMIT_TOOL_CONNECT_MS * 1000;
	struct tls_host *h;
	size_t i;

	s->hosts = arena_array(s->tool->arena, s->dane.count + 1,
	    sizeof(*s->hosts));
	for (i = 0; s->hosts != NULL && i < s->dane.count; i++) {
		h = &s->hosts[i];
		h->dane = &s->dane.hosts[i];
		if (s->valid != NULL)
			h->pattern = sts_policy_match(s->valid,
			    h->dane->name);
		h->chain = s->options->certificates;
		if (s->options->connect && h->chain == NULL)
			look_at_server(s, h, deadline);
		judge_host(s, h);
	}
}

/* ---- step 4 ---- */

static void
settle(struct tls_host *h, enum tls_fate fate, const char *why)
{
	h->fate = fate;
	h->why = why;
}

/* What the connection showed against it; NULL: nothing. */
static const char *
obstacle(const struct tls_host *h)
{
	if (!h->tried || h->shown.status == STARTTLS_DONE)
		return NULL;
	return starttls_status_name(h->shown.status);
}

static void
settle_by_certificate(struct tls_host *h, bool good, const char *fits,
    const char *why)
{
	if (obstacle(h) != NULL)
		settle(h, TLS_NOT_USED, obstacle(h));
	else if (h->chain == NULL)
		settle(h, TLS_IF_IT_FITS, fits);
	else if (good)
		settle(h, TLS_AUTHENTICATED, fits);
	else
		settle(h, TLS_NOT_USED, why);
}

/* RFC 8461 section 4: the name, then the certificate. */
static void
settle_by_sts(struct tls_host *h)
{
	if (h->pattern == NULL)
		settle(h, TLS_NOT_USED, "its name is not in the MTA-STS "
		    "policy");
	else if (h->dane->status == DANE_HOST_DEAD)
		settle(h, TLS_NOT_USED, h->dane->why);
	else
		settle_by_certificate(h, h->by_authority == CERTIFICATE_GOOD,
		    "the certificate has its name, by a public authority",
		    h->by_authority_why);
}

static void
settle_opportunistic(struct tls_host *h)
{
	const bool talks = !h->tried ||
	    h->shown.status == STARTTLS_DONE ||
	    h->shown.status == STARTTLS_FAILED ||
	    h->shown.status == STARTTLS_NOT_OFFERED;

	settle(h, talks ? TLS_OPPORTUNISTIC : TLS_NOT_USED, talks ?
	    h->dane->why : obstacle(h));
}

/* RFC 7672 section 2.2, as smtp_tls_security_level=dane does it. */
static void
settle_by_dane(struct tls_host *h)
{
	switch (h->dane->status) {
	case DANE_HOST_USABLE:
		settle_by_certificate(h, h->tlsa_matches,
		    "a TLSA record matches", "no TLSA record matches its "
		    "certificate");
		return;
	case DANE_HOST_UNUSABLE:
		settle(h, obstacle(h) != NULL ? TLS_NOT_USED : TLS_ENCRYPTED,
		    obstacle(h) != NULL ? obstacle(h) : h->dane->why);
		return;
	case DANE_HOST_DEAD:
	case DANE_HOST_FAILED:
		settle(h, TLS_NOT_USED, h->dane->why);
		return;
	case DANE_HOST_NOT_ASKED:
	case DANE_HOST_INSECURE:
	case DANE_HOST_NO_TLSA:
		settle_opportunistic(h);
		return;
	}
}

static void
decide(struct tls_story *s)
{
	const struct tlspolicy_facts facts = { .sts = s->valid,
		.dane = dane_sum(&s->dane) };
	enum tlspolicy_answer answer;
	size_t i;

	for (i = 0; i <= TLSPOLICY_SENDMAIL; i++)
		s->answers[i] = tlspolicy_decide(&facts,
		    (enum tlspolicy_dialect)i, &s->whys[i]);
	answer = s->answers[TLSPOLICY_POSTFIX];
	for (i = 0; s->hosts != NULL && i < s->dane.count; i++) {
		if (answer == TLSPOLICY_TEMP)
			settle(&s->hosts[i], TLS_NOT_USED, "mail waits until "
			    "DNS answers, an hour at most");
		else if (answer == TLSPOLICY_SECURE)
			settle_by_sts(&s->hosts[i]);
		else
			settle_by_dane(&s->hosts[i]);
	}
}

enum tool_exit
tls_story_finish(struct tls_story *s, struct dns_ledger *ledger)
{
	enum tool_exit status;

	while (!tls_story_ask(s, ledger)) {
		struct dns_entry *e;

		while ((e = dns_ledger_take_new(ledger)) != NULL)
			dns_ledger_answer(e, dns_answer_of(DNS_NOT_ASKED));
	}
	if (s->dane.no_memory)
		return tool_no_memory();
	status = find_policy(s);
	if (status != TOOL_OK)
		return status;
	look_at_hosts(s);
	decide(s);
	return s->no_memory || arena_failed(s->tool->arena) ?
	    tool_no_memory() : TOOL_OK;
}
