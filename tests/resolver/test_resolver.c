/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a resolver makes of what nameservers do: answers, failures, and the
 * way from one server and transport to the next.
 */
#include "resolver/resolver.h"
#include "resolver/statistics.h"

#include <unistd.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define PATIENT	20000	/* ms, when an answer is to come */
#define SHORT	3000	/* ms, when the one before gets none */
#define BRIEF	150	/* ms, when none is */

/* ---- the script: the first label says what the server does ---- */

static struct dnsmsg out;	/* the server's thread writes it */
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

#define TEXT_60K 60000
static char text_60k[TEXT_60K];

static void
w_a(struct fakens_question *q)
{
	dnsmsg_a(&out, q->name, 300, 0xc0000201);
}

static void
w_ad(struct fakens_question *q)
{
	out.bytes[3] |= DNSMSG_AD;
	w_a(q);
}

static void
w_nx(struct fakens_question *q)
{
	(void)q;
	out.bytes[3] |= 3;
	dnsmsg_soa(&out, "test", 300, 300);
}

static void
w_nodata(struct fakens_question *q)
{
	(void)q;
	dnsmsg_soa(&out, "test", 300, 300);
}

static void
w_nx_ttl0(struct fakens_question *q)
{
	(void)q;
	out.bytes[3] |= 3;
	dnsmsg_soa(&out, "test", 300, 0);
}

static void w_ttl0(struct fakens_question *q)
{ dnsmsg_a(&out, q->name, 0, 0xc0000201); }

static void w_formerr(struct fakens_question *q)
{ (void)q; out.bytes[3] |= 1; dnsmsg_opt(&out, 0); }
static void w_servfail(struct fakens_question *q)
{ (void)q; out.bytes[3] |= 2; }
static void w_notimp(struct fakens_question *q)
{ (void)q; out.bytes[3] |= 4; }
static void w_refused(struct fakens_question *q)
{ (void)q; out.bytes[3] |= 5; }

static void
w_silent(struct fakens_question *q)
{
	(void)q;
	out.len = 0;
}

static void
w_empty_packet(struct fakens_question *q)
{
	struct dnsmsg none = { .len = 0 };

	if (!q->tcp)
		fakens_send(q, &none);
	out.len = 0;
}

static void
w_short_packet(struct fakens_question *q)
{
	(void)q;
	out.len = 11;
}

static void
w_wrong_id(struct fakens_question *q)
{
	w_a(q);
	out.bytes[0] ^= 0x55;
}

static void
w_wrong_id_first(struct fakens_question *q)
{
	w_wrong_id(q);
	fakens_send(q, &out);
	out.bytes[0] ^= 0x55;
}

static void
w_wrong_question(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, 0, "other.test", q->type);
	dnsmsg_a(&out, "other.test", 300, 0xc0000201);
}

static void
w_other_owner(struct fakens_question *q)
{
	(void)q;
	dnsmsg_a(&out, "other.test", 300, 0xc0000201);
}

static void
w_broken(struct fakens_question *q)
{
	w_a(q);
	out.bytes[7] = 9;
}

static void
w_tc(struct fakens_question *q)
{
	if (q->tcp)
		w_a(q);
	else
		out.bytes[2] |= DNSMSG_TC >> 8;
}

static void
w_tc_always(struct fakens_question *q)
{
	(void)q;
	out.bytes[2] |= DNSMSG_TC >> 8;
}

static void
w_txt60k(struct fakens_question *q)
{
	w_tc(q);
	if (!q->tcp)
		return;
	dnsmsg_begin(&out, q->id, 0, q->name, q->type);
	dnsmsg_txt(&out, q->name, 300, text_60k, TEXT_60K);
}

static void
w_many(struct fakens_question *q)
{
	int i;

	w_tc(q);
	if (!q->tcp)
		return;
	for (i = 0; i < LIMIT_DNS_RECORDS; i++)
		dnsmsg_a(&out, q->name, 300, 1);
}

static void
w_hang_up(struct fakens_question *q)
{
	w_tc(q);
	if (!q->tcp)
		return;
	fakens_hang_up(q);
	out.len = 0;
}

static void
w_cname(struct fakens_question *q)
{
	dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 300, "x.test");
	dnsmsg_a(&out, "x.test", 300, 0xc0000207);
}

static void
w_loop(struct fakens_question *q)
{
	dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 300, "loop2.test");
	dnsmsg_target(&out, DNSMSG_AN, "loop2.test", 5, 300, q->name);
}

static void w_follow(struct fakens_question *q)
{ dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "a.test"); }
static void w_follow_nx(struct fakens_question *q)
{ dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "nx.test"); }
static void w_follow_silent(struct fakens_question *q)
{ dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "silent.test"); }
static void w_open1(struct fakens_question *q)
{ dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "open2.test"); }
static void w_open2(struct fakens_question *q)
{ dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "open1.test"); }

static void
w_ad_follow(struct fakens_question *q)
{
	out.bytes[3] |= DNSMSG_AD;
	dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "ad.test");
}

static void
w_ad_follow_plain(struct fakens_question *q)
{
	out.bytes[3] |= DNSMSG_AD;
	dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "a.test");
}

/* "link.3.test" leads to "link.2.test", one link for each answer. */
static void
w_link(struct fakens_question *q)
{
	char target[64];
	long n = strtol(q->name + strlen("link."), NULL, 10);

	(void)snprintf(target, sizeof(target), "link.%ld.test", n - 1);
	if (n == 0)
		w_a(q);
	else
		dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, target);
}

static void
w_ad_nx(struct fakens_question *q)
{
	out.bytes[3] |= DNSMSG_AD;
	w_nx(q);
}

static void
w_ad_cname_nx(struct fakens_question *q)
{
	dnsmsg_target(&out, DNSMSG_AN, q->name, 5, 200, "gone.test");
	w_ad_nx(q);
}

static void
w_referral(struct fakens_question *q)
{
	(void)q;
	dnsmsg_target(&out, DNSMSG_NS, "test", 2, 300, "ns.test");
}

/* A server that knows no EDNS, and answers at length. */
static void
w_noedns(struct fakens_question *q)
{
	if (q->edns)
		out.bytes[3] |= 1;
	else
		dnsmsg_txt(&out, q->name, 300, text_60k, 100);
}

static void
w_noedns_long(struct fakens_question *q)
{
	if (q->edns)
		out.bytes[3] |= 1;
	else
		dnsmsg_txt(&out, q->name, 300, text_60k, 900);
}

static const struct {
	const char *label;
	void (*write)(struct fakens_question *q);
} script_rows[] = {
	{ "a", w_a }, { "x", w_a }, { "ad", w_ad }, { "nx", w_nx },
	{ "nodata", w_nodata }, { "nx0", w_nx_ttl0 }, { "ttl0", w_ttl0 },
	{ "formerr", w_formerr }, { "servfail", w_servfail },
	{ "notimp", w_notimp }, { "refused", w_refused },
	{ "silent", w_silent }, { "empty", w_empty_packet },
	{ "short", w_short_packet }, { "wrongid", w_wrong_id },
	{ "wrongidfirst", w_wrong_id_first },
	{ "wrongquestion", w_wrong_question },
	{ "otherowner", w_other_owner }, { "broken", w_broken },
	{ "tc", w_tc }, { "tcalways", w_tc_always },
	{ "txt60k", w_txt60k }, { "many", w_many },
	{ "hangup", w_hang_up }, { "cname", w_cname }, { "loop", w_loop },
	{ "follow", w_follow }, { "follownx", w_follow_nx },
	{ "followsilent", w_follow_silent },
	{ "open1", w_open1 }, { "open2", w_open2 },
	{ "adfollow", w_ad_follow }, { "adfollowplain", w_ad_follow_plain },
	{ "adnx", w_ad_nx }, { "adcnamenx", w_ad_cname_nx },
	{ "link", w_link },
	{ "referral", w_referral }, { "noedns", w_noedns },
	{ "noednslong", w_noedns_long }
};

#define SCRIPT_COUNT (sizeof(script_rows) / sizeof(script_rows[0]))

static atomic_uint seen;	/* questions that came */
static atomic_uint seen_flags;	/* of the last */
static atomic_bool seen_edns;

/* "label.number.test" does as "label.test". */
static void
reply_as(struct fakens_question *q, const char *label)
{
	size_t i, len = strcspn(label, ".");

	(void)pthread_mutex_lock(&out_lock);
	dnsmsg_begin(&out, q->id, 0, q->name, q->type);
	for (i = 0; i < SCRIPT_COUNT; i++) {
		if (strlen(script_rows[i].label) == len &&
		    memcmp(script_rows[i].label, label, len) == 0)
			script_rows[i].write(q);
	}
	if (out.len > 0)
		fakens_send(q, &out);
	(void)pthread_mutex_unlock(&out_lock);
}

static void
script(struct fakens_question *q)
{
	atomic_store(&seen_flags, q->flags);
	atomic_store(&seen_edns, q->edns);
	atomic_fetch_add(&seen, 1);
	reply_as(q, q->name);
}

/* The first label is for the first of two servers, the second label for the
   second: "servfail.a.test". */
static void
script_second(struct fakens_question *q)
{
	reply_as(q, q->name + strcspn(q->name, ".") + 1);
}

/* ---- one server ---- */

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_outcome outcome;
	unsigned int rcode;
	size_t count;
	uint32_t ttl;
} answers[] = {
	{ "a.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 },
	{ "nx.test", DNS_TYPE_A, DNS_NO_NAME, 3, 0, 300 },
	{ "nodata.test", DNS_TYPE_A, DNS_NO_DATA, 0, 0, 300 },
	{ "ttl0.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 0 },
	{ "servfail.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 2, 0, 0 },
	{ "refused.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 5, 0, 0 },
	{ "notimp.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 4, 0, 0 },
	{ "formerr.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 1, 0, 0 },
	{ "referral.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 0, 0, 0 },
	{ "broken.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	{ "otherowner.test", DNS_TYPE_A, DNS_NO_DATA, 0, 0, 0 },
	{ "wrongidfirst.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 },
	{ "tc.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 },
	{ "tcalways.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	{ "txt60k.test", DNS_TYPE_TXT, DNS_FOUND, 0, 1, 300 },
	{ "many.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	{ "hangup.test", DNS_TYPE_A, DNS_SERVER_FAILURE, 0, 0, 0 },
	{ "cname.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 },
	{ "loop.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	{ "follow.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 200 },
	{ "follownx.test", DNS_TYPE_A, DNS_NO_NAME, 3, 0, 200 },
	{ "open1.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	/* LIMIT_DNS_FOLLOWED, and one more. */
	{ "link.2.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 200 },
	{ "link.3.test", DNS_TYPE_A, DNS_MALFORMED, 0, 0, 0 },
	/* RFC 8020: nothing is below what is proven not to be there, ... */
	{ "adnx.test", DNS_TYPE_A, DNS_NO_NAME, 3, 0, 300 },
	{ "a.b.adnx.test", DNS_TYPE_TXT, DNS_NO_NAME, 3, 0, 300 },
	/* ... but a CNAME's target is not the name that was asked, ... */
	{ "adcnamenx.test", DNS_TYPE_A, DNS_NO_NAME, 3, 0, 200 },
	{ "a.adcnamenx.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 },
	/* ... and without proof it is not believed. */
	{ "a.nx.test", DNS_TYPE_A, DNS_FOUND, 0, 1, 300 }
};

static void
test_answers(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	const struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		a = asker_fetch(r, answers[i].name, answers[i].type);
		is_str(dns_outcome_name(a->outcome),
		    dns_outcome_name(answers[i].outcome), answers[i].name);
		is_num(a->rcode, answers[i].rcode, "rcode");
		is_num((long long)a->count, (long long)answers[i].count,
		    "records");
		is_num(a->ttl, answers[i].ttl, "TTL");
		is_bytes(a->name.ptr, a->name.len, answers[i].name,
		    strlen(answers[i].name), "name as asked");
		is_num(a->type, answers[i].type, "type as asked");
		dns_answer_unref(a);
	}
	a = asker_fetch(r, "txt60k.test", DNS_TYPE_TXT);
	ok(a->count == 1 && a->records[0].text.len == TEXT_60K &&
	    memcmp(a->records[0].text.ptr, text_60k, TEXT_60K) == 0,
	    "60000 octets of text by TCP");
	dns_answer_unref(a);
	resolver_free(r);
	fakens_stop(ns);
}

/* Where CNAMEs lead, in one answer or in several. */
static void
test_owners(void)
{
	static const struct {
		const char *name, *owner;
	} owners[] = {
		{ "a.test", "a.test" }, { "cname.test", "x.test" },
		{ "follow.test", "a.test" }, { "link.2.test", "link.0.test" },
		{ "follownx.test", "follownx.test" },
		{ "nodata.test", "nodata.test" },
		/* From the cache. */
		{ "cname.test", "x.test" }
	};
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	const struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		a = asker_fetch(r, owners[i].name, DNS_TYPE_A);
		is_bytes(a->owner.ptr, a->owner.len, owners[i].owner,
		    strlen(owners[i].owner), owners[i].name);
		dns_answer_unref(a);
	}
	resolver_free(r);
	fakens_stop(ns);
}

/* Questions that no answer comes for; they wait together. */
static void
test_silence(void)
{
	static const char *const names[] = {
		"silent.test", "wrongid.test", "wrongquestion.test",
		"empty.test", "followsilent.test"
	};
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    2);
	struct ask asks[sizeof(names) / sizeof(names[0])];
	int64_t begin = clock_us();
	enum dns_outcome outcome;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		asks[i] = (struct ask){ .then = NULL };
		asker_start(&asks[i], r, names[i], DNS_TYPE_A);
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		is_str(dns_outcome_name(asker_wait(&asks[i])->outcome),
		    "timeout", names[i]);
		ok(clock_us() - begin >= 2 * SHORT * 1000,
		    "after two tries");
		dns_answer_unref(asks[i].answer);
	}
	/* Too short for a header: c-ares 1.18 ignores it, 1.34 does not. */
	outcome = asker_outcome(r, "short.test", DNS_TYPE_A);
	ok(outcome == DNS_TIMEOUT || outcome == DNS_MALFORMED,
	    "short.test: %s", dns_outcome_name(outcome));
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "the server is still asked");
	resolver_free(r);
	fakens_stop(ns);
}

static void
test_unreachable(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_NO_TCP);
	struct resolver *r;
	char address[64];

	r = asker_resolver(fakens_address(ns), NULL, PATIENT, 2);
	is_str(dns_outcome_name(asker_outcome(r, "tc.test", DNS_TYPE_A)),
	    "server failure", "truncated, and TCP is refused");
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "UDP goes on");
	resolver_free(r);
	(void)snprintf(address, sizeof(address), "%s", fakens_address(ns));
	fakens_stop(ns);
	r = asker_resolver(address, NULL, PATIENT, 2);
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "server failure", "nobody is there");
	resolver_free(r);
}

static void
test_ipv6(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_V6);
	struct resolver *r;

	if (ns == NULL) {
		skip("a server on ::1", "no IPv6");
		return;
	}
	r = asker_resolver(fakens_address(ns), NULL, PATIENT, 2);
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "a server on ::1");
	is_str(dns_outcome_name(asker_outcome(r, "tc.test", DNS_TYPE_A)),
	    "found", "by TCP, too");
	resolver_free(r);
	fakens_stop(ns);
}

static void
test_no_edns(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	char name[32];
	int i;

	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "with OPT");
	ok(atomic_load(&seen_edns), "OPT is sent");
	for (i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "noedns.%d.test", i);
		is_str(dns_outcome_name(asker_outcome(r, name,
		    DNS_TYPE_TXT)), "found", name);
		(void)snprintf(name, sizeof(name), "noednslong.%d.test", i);
		is_str(dns_outcome_name(asker_outcome(r, name,
		    DNS_TYPE_TXT)), "found", name);
	}
	ok(!atomic_load(&seen_edns), "OPT is not sent at the end");
	resolver_free(r);
	fakens_stop(ns);
}

static void
test_cached(void)
{
	static const struct {
		const char *name;
		enum dns_type type;
		unsigned int packets;	/* since the row before */
	} rows[] = {
		{ "a.test", DNS_TYPE_A, 1 },
		{ "a.test", DNS_TYPE_A, 0 },
		{ "a.test", DNS_TYPE_MX, 1 },
		{ "nx.test", DNS_TYPE_A, 1 },
		{ "nx.test", DNS_TYPE_TXT, 0 },
		{ "nodata.test", DNS_TYPE_A, 1 },
		{ "nodata.test", DNS_TYPE_A, 0 },
		{ "nodata.test", DNS_TYPE_TXT, 1 },
		{ "nx0.test", DNS_TYPE_A, 1 },
		{ "nx0.test", DNS_TYPE_A, 1 },
		{ "ttl0.test", DNS_TYPE_A, 1 },
		{ "ttl0.test", DNS_TYPE_A, 1 },
		{ "otherowner.test", DNS_TYPE_A, 1 },
		{ "otherowner.test", DNS_TYPE_A, 1 },
		{ "servfail.test", DNS_TYPE_A, 1 },
		{ "servfail.test", DNS_TYPE_A, 0 },
		{ "loop.test", DNS_TYPE_A, 1 },
		{ "loop.test", DNS_TYPE_A, 0 }
	};
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	const struct dns_answer *a;
	struct resolver_statistics all;
	struct resolver_stats s;
	unsigned int before;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		before = atomic_load(&seen);
		a = asker_fetch(r, rows[i].name, rows[i].type);
		is_num(atomic_load(&seen) - before, rows[i].packets,
		    rows[i].name);
		is_num(a->type, rows[i].type, "type as asked");
		dns_answer_unref(a);
	}
	resolver_get_stats(r, &s);
	is_num((long long)s.asked, 18, "asked");
	is_num((long long)s.cache_hits, 5, "hits");
	is_num((long long)s.queries, 13, "queries");
	is_num((long long)s.retries, 0, "no retries");
	is_num((long long)s.outcomes[DNS_FOUND], 3, "outcome found");
	is_num((long long)s.outcomes[DNS_NO_NAME], 3, "outcome no name");
	is_num((long long)s.outcomes[DNS_MALFORMED], 1, "malformed");
	is_num((long long)s.cache_entries, 6, "entries");
	ok(s.cache_bytes > 0 && s.in_flight == 0 && s.waiting == 0,
	    "the rest");
	resolver_statistics(r, &all);
	is_num((long long)statistics_count(&all.times), 13,
	    "each query in one bucket");
	resolver_free(r);
	fakens_stop(ns);
}

/* ---- DNSSEC ---- */

static void
test_authenticated(void)
{
	static const struct {
		const char *name;
		enum resolver_trust_ad trust;
		bool want;
	} rows[] = {
		{ "ad.test", RESOLVER_TRUST_AD_AUTO, true },
		{ "ad.test", RESOLVER_TRUST_AD_YES, true },
		{ "ad.test", RESOLVER_TRUST_AD_NO, false },
		{ "a.test", RESOLVER_TRUST_AD_YES, false },
		{ "adfollow.test", RESOLVER_TRUST_AD_YES, true },
		{ "adfollow.test", RESOLVER_TRUST_AD_NO, false },
		{ "adfollowplain.test", RESOLVER_TRUST_AD_YES, false }
	};
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct slice address = slice_str(fakens_address(ns));
	struct resolver_options o = {
		.nameservers = &address, .nameserver_count = 1,
		.timeout_ms = PATIENT, .tries = 1, .cache_bytes = 1 << 20
	};
	const struct dns_answer *a;
	struct resolver *r;
	char why[128];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		o.trust_ad = rows[i].trust;
		r = resolver_new(&o, why, sizeof(why));
		a = asker_fetch(r, rows[i].name, DNS_TYPE_A);
		is_num(a->authenticated, rows[i].want, rows[i].name);
		is_num(a->outcome, DNS_FOUND, "found");
		ok((atomic_load(&seen_flags) & DNSMSG_AD) != 0,
		    "AD is asked for");
		dns_answer_unref(a);
		resolver_free(r);
	}
	fakens_stop(ns);
}

/* ---- two servers ---- */

static const struct {
	const char *name;	/* what the first does, what the second */
	enum dns_outcome outcome;
	unsigned int timeout_ms;
} pairs[] = {
	{ "servfail.a.test", DNS_FOUND, PATIENT },
	{ "refused.a.test", DNS_FOUND, PATIENT },
	{ "notimp.nx.test", DNS_NO_NAME, PATIENT },
	{ "formerr.a.test", DNS_FOUND, PATIENT },
	{ "referral.a.test", DNS_FOUND, PATIENT },
	{ "broken.a.test", DNS_FOUND, PATIENT },
	{ "hangup.a.test", DNS_FOUND, PATIENT },
	{ "tcalways.a.test", DNS_FOUND, PATIENT },
	{ "loop.a.test", DNS_MALFORMED, PATIENT },
	{ "nx.a.test", DNS_NO_NAME, PATIENT },
	{ "servfail.refused.test", DNS_SERVER_FAILURE, PATIENT },
	{ "servfail.broken.test", DNS_MALFORMED, PATIENT },
	{ "broken.servfail.test", DNS_MALFORMED, PATIENT },
	{ "servfail.tc.test", DNS_FOUND, PATIENT },
	{ "empty.silent.test", DNS_TIMEOUT, BRIEF },
	{ "silent.silent.test", DNS_TIMEOUT, BRIEF },
	{ "silent.servfail.test", DNS_TIMEOUT, BRIEF },
	{ "servfail.silent.test", DNS_TIMEOUT, BRIEF }
};

static void
test_pairs(void)
{
	struct fakens *ns1 = fakens_start(script, FAKENS_BOTH);
	struct fakens *ns2 = fakens_start(script_second, FAKENS_BOTH);
	struct resolver *r;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		/* One try is enough: every server gets one. */
		r = asker_resolver(fakens_address(ns1), fakens_address(ns2),
		    pairs[i].timeout_ms, 1);
		is_str(dns_outcome_name(asker_outcome(r, pairs[i].name,
		    DNS_TYPE_A)), dns_outcome_name(pairs[i].outcome),
		    pairs[i].name);
		resolver_free(r);
	}
	fakens_stop(ns1);
	fakens_stop(ns2);
}

/* A first server that is dead costs the first question a try, not the
   others. */
static void
test_dead_first(bool silent)
{
	struct fakens *ns1 = fakens_start(script, FAKENS_BOTH);
	struct fakens *ns2 = fakens_start(script_second, FAKENS_BOTH);
	struct resolver_stats s;
	char address[64], name[32];
	struct resolver *r;
	unsigned int before, found = 0;
	int i;

	(void)snprintf(address, sizeof(address), "%s", fakens_address(ns1));
	if (!silent)
		fakens_stop(ns1);
	r = asker_resolver(address, fakens_address(ns2),
	    silent ? SHORT : PATIENT, 2);
	before = atomic_load(&seen);
	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "silent.a.%d.test", i);
		found += asker_outcome(r, name, DNS_TYPE_A) == DNS_FOUND;
	}
	is_num(found, 20, "all are answered");
	resolver_get_stats(r, &s);
	is_num((long long)s.retries, 1, "one was sent twice");
	if (silent) {
		is_num(atomic_load(&seen) - before, 1,
		    "the dead one was asked once");
		fakens_stop(ns1);
	}
	resolver_free(r);
	fakens_stop(ns2);
}

/* ---- late answers ---- */

static struct fakens_question held;
static atomic_uint held_count;

/* Holds the first question back, answers the others. */
static void
script_hold_first(struct fakens_question *q)
{
	if (atomic_fetch_add(&held_count, 1) == 0)
		held = *q;
	else
		reply_as(q, q->name);
}

static void
test_late(void)
{
	struct fakens *ns = fakens_start(script_hold_first, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    2);

	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "by the second try");
	reply_as(&held, "nx.test");
	is_str(dns_outcome_name(asker_outcome(r, "a.x.test", DNS_TYPE_A)),
	    "found", "another question");
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "the late answer changed nothing");
	is_num(atomic_load(&held_count), 3, "three packets");
	resolver_free(r);
	fakens_stop(ns);
}

/* ---- beginning ---- */

static void
test_zone(void)
{
	struct dns_zone *z = dns_zone_new();
	struct slice nowhere = SLICE("127.0.0.1:1");
	struct resolver_options o = {
		.nameservers = &nowhere, .nameserver_count = 1,
		.timeout_ms = PATIENT, .tries = 1, .zone = z
	};
	struct resolver_stats s;
	struct resolver *r;
	char why[128];

	(void)dns_zone_add(z, SLICE("a.test"), DNS_TYPE_A, 0,
	    SLICE("192.0.2.1"));
	r = resolver_new(&o, why, sizeof(why));
	is_str(dns_outcome_name(asker_outcome(r, "a.test", DNS_TYPE_A)),
	    "found", "in the zone");
	is_str(dns_outcome_name(asker_outcome(r, "b.test", DNS_TYPE_A)),
	    "no such name", "not in the zone");
	resolver_get_stats(r, &s);
	ok(s.asked == 2 && s.zone_answers == 2 && s.queries == 0,
	    "the network is not asked");
	resolver_free(r);
	dns_zone_free(z);
}

static void
test_new(void)
{
	struct slice many[LIMIT_DNS_SERVERS + 1];
	struct resolver_options o = {
		.nameservers = many, .timeout_ms = PATIENT, .tries = 1
	};
	char why[128] = "";
	struct resolver *r;
	size_t i;

	for (i = 0; i < LIMIT_DNS_SERVERS + 1; i++)
		many[i] = SLICE("127.0.0.1:1");
	o.nameserver_count = LIMIT_DNS_SERVERS;
	r = resolver_new(&o, why, sizeof(why));
	ok(r != NULL, "as many nameservers as allowed");
	resolver_free(r);
	o.nameserver_count = LIMIT_DNS_SERVERS + 1;
	ok(resolver_new(&o, why, sizeof(why)) == NULL, "one more");
	is_str(why, "9 nameservers, at most 8 are allowed", "why");
	o.nameserver_count = 2;
	many[1] = SLICE("localhost");
	ok(resolver_new(&o, why, sizeof(why)) == NULL, "a bad one");
	is_str(why, "nameserver \"localhost\": not an IPv4 or IPv6 address",
	    "why");
	o.nameserver_count = 0;
	o.resolv_conf = "/";
	ok(resolver_new(&o, why, sizeof(why)) == NULL, "no resolv.conf");
	is_str(why, "/: Is a directory", "why");
	o.resolv_conf = "/nonexistent/resolv.conf";
	r = resolver_new(&o, why, sizeof(why));
	ok(r != NULL, "without resolv.conf: 127.0.0.1");
	resolver_free(r);
	resolver_free(NULL);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		fputs(text, f);
		fclose(f);
	}
}

/* Would a new resolver be the same?  And which servers has it? */
static void
test_matches(void)
{
	char path[] = "/tmp/assay-resolv-XXXXXX", why[256];
	struct resolver_options o = { .timeout_ms = 1000, .tries = 1,
		.cache_bytes = 1u << 16, .resolv_conf = path }, other;
	struct resolver_server servers[LIMIT_DNS_SERVERS];
	struct resolver *r;

	close(mkstemp(path));
	write_file(path, "nameserver 127.0.0.1\nnameserver ::1\n");
	r = resolver_new(&o, why, sizeof(why));
	if (!ok(r != NULL, "servers of a file"))
		return;
	is_num((long long)resolver_servers(r, servers), 2, "two servers");
	is_str(servers[0].address, "127.0.0.1:53", "the first");
	is_str(servers[1].address, "[::1]:53", "the second");
	ok(!servers[0].failed, "none has failed");
	ok(resolver_matches(r, &o), "the same file");
	write_file(path, "# changed\nnameserver 127.0.0.1\nnameserver ::1\n");
	ok(resolver_matches(r, &o), "the same servers");
	write_file(path, "nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
	ok(!resolver_matches(r, &o), "another server");
	write_file(path, "nameserver 127.0.0.1\n");
	ok(!resolver_matches(r, &o), "one less");
	write_file(path, "nameserver 127.0.0.1\nnameserver ::1\n");
	other = o;
	other.tries = 2;
	ok(!resolver_matches(r, &other), "another number of tries");
	other = o;
	other.cache_bytes *= 2;
	ok(!resolver_matches(r, &other), "another cache");
	unlink(path);
	ok(!resolver_matches(r, &o), "no file");
	ok(resolver_ref(r) == r, "a second owner");
	resolver_free(r);
	is_num((long long)resolver_servers(r, servers), 2, "is still there");
	resolver_free(r);
}

int
main(void)
{
	test_matches();
	size_t i;

	for (i = 0; i < TEXT_60K; i++)
		text_60k[i] = (char)(i % 251);
	test_answers();
	test_owners();
	test_silence();
	test_unreachable();
	test_ipv6();
	test_no_edns();
	test_cached();
	test_authenticated();
	test_pairs();
	test_dead_first(true);
	test_dead_first(false);
	test_late();
	test_zone();
	test_new();
	return tap_done();
}
