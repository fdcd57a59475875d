/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier as a whole: messages signed here, outcomes of DNS, keys that
 * do not fit, several records, the order and the limit of signatures, what
 * is reported, and hostile messages.
 */
#include "dkim/verify.h"

#include <pthread.h>
#include <stdatomic.h>

#include "dkim/bodyhash.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

#define FIELDS "From: Joe <joe@example.com>\r\nTo: <b@example.net>\r\n" \
	"Subject: Is  dinner\r\n \tready? \r\n"
#define BODY "Hi.\r\n\r\nWe lost \t the game. \r\n\r\n\r\n"
#define KEY_NAME "ok._domainkey.example.com"

static struct dkim_context	*ctx;
static EVP_PKEY			*rsa, *ed;

/* ---- making messages and zones ---- */

struct draft {
	const char	*extra;		/* tags, each with ";" after it */
	const char	*d, *h;
	enum dkim_canon	 header, body;
	uint64_t	 length;
	EVP_PKEY	*key;
};

static const struct draft plain_draft = {
	.extra = "", .d = "example.com", .h = "from:to:subject",
	.header = DKIM_CANON_RELAXED, .body = DKIM_CANON_RELAXED,
	.length = UINT64_MAX,
};

static const char *
canon_name(enum dkim_canon c)
{
	return c == DKIM_CANON_RELAXED ? "relaxed" : "simple";
}

static struct text
sign(const struct draft *d, const char *fields, const char *body)
{
	EVP_PKEY *key = d->key != NULL ? d->key : rsa;
	struct text tags = { NULL, 0, 0 }, t;
	struct plain_request r = { .h = d->h, .header = d->header,
				    .body = d->body, .length = d->length,
				    .key = key };

	text_addf(&tags, "v=1; a=%s; c=%s/%s; d=%s; s=ok;\r\n\th=%s; %s"
	    "\r\n\tbh={bh};\r\n\tb={b}", EVP_PKEY_get_id(key) ==
	    EVP_PKEY_RSA ? "rsa-sha256" : "ed25519-sha256",
	    canon_name(d->header), canon_name(d->body), d->d, d->h,
	    d->extra);
	r.tags = tags.ptr;
	t = plain_sign(&r, slice_str(fields), slice_str(body));
	text_free(&tags);
	return t;
}

/* The signed message. */
static struct text
message(const struct draft *d, const char *fields, const char *body)
{
	struct text t = sign(d, fields, body);

	text_addf(&t, "%s\r\n%s", fields, body);
	return t;
}

static void
add_key(struct dns_zone *zone, const char *name, const char *record)
{
	if (!dns_zone_add(zone, slice_str(name), DNS_TYPE_TXT, 0,
	    slice_str(record)))
		ok(false, "a record fits into the zone");
}

static struct dns_zone *
make_zone(EVP_PKEY *key, const char *extra)
{
	struct dns_zone *zone = dns_zone_new();
	struct text record = support_record(key);

	text_adds(&record, extra);
	add_key(zone, KEY_NAME, record.ptr);
	text_free(&record);
	return zone;
}

/* ---- one signature, one verdict ---- */

static bool
has(const struct dkim_signature *s, enum auth_result result,
    const char *comment)
{
	bool same = s->comment == NULL || comment == NULL ?
		    s->comment == comment : strcmp(s->comment, comment) == 0;
	bool state = s->state == (result == AUTH_PASS ? DKIM_SUCCESS :
		    result == AUTH_TEMPERROR ? DKIM_TEMPFAIL :
		    DKIM_PERMFAIL);

	if (s->result == result && same && state)
		return true;
	printf("#  got: %s (%s)\n", auth_result_name(s->result),
	    s->comment != NULL ? s->comment : "-");
	return false;
}

static void
check(const char *msg, size_t len, const struct dns_zone *zone,
    enum auth_result result, const char *comment, const char *name)
{
	struct run run;
	bool done;

	done = run_message(&run, ctx, &test_options, zone,
	    (struct slice){ msg, len }, 5);
	ok(done && run.count == 1 && run.signatures[0].checked &&
	    has(&run.signatures[0], result, comment), "%s", name);
	run_fini(&run);
}

static void
test_combinations(void)
{
	struct draft d = plain_draft;
	struct dns_zone *zone;
	struct text t;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		d.key = (i & 1) != 0 ? ed : rsa;
		d.header = (i & 2) != 0 ? DKIM_CANON_SIMPLE :
		    DKIM_CANON_RELAXED;
		d.body = (i & 4) != 0 ? DKIM_CANON_SIMPLE :
		    DKIM_CANON_RELAXED;
		zone = make_zone(d.key, "");
		t = message(&d, FIELDS, BODY);
		check(t.ptr, t.len, zone, AUTH_PASS, NULL, "signed by us");
		t.ptr[t.len - 8] ^= 1;
		check(t.ptr, t.len, zone, AUTH_FAIL,
		    "body hash did not verify", "another body");
		t.ptr[t.len - 8] ^= 1;
		*strstr(t.ptr, "dinner") = 'x';
		check(t.ptr, t.len, zone, AUTH_FAIL,
		    "signature did not verify", "another header");
		text_free(&t);
		dns_zone_free(zone);
	}
}

static void
test_large_keys(void)
{
	static const char *names[] = { "rsa2048", "rsa8192",
				    "rsa1024-e33" };
	struct draft d = plain_draft;
	struct dns_zone *zone;
	struct text t;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		d.key = support_pem(names[i]);
		zone = make_zone(d.key, "");
		t = message(&d, FIELDS, BODY);
		check(t.ptr, t.len, zone, AUTH_PASS, NULL, names[i]);
		text_free(&t);
		dns_zone_free(zone);
		EVP_PKEY_free(d.key);
	}
}

static void
test_minimum(void)
{
	static const struct {
		const char *key;
		unsigned int minimum;
		enum auth_result result;
	} cases[] = {
		{ "rsa1023", 1024, AUTH_PERMERROR },
		{ "rsa1023", 0, AUTH_PERMERROR },	/* never below 1024 */
		{ "rfc8463-test", 1024, AUTH_PASS },
		{ "rfc8463-test", 1025, AUTH_PERMERROR },
		{ "rsa2048", 2048, AUTH_PASS },
	};
	struct dkim_options options = test_options;
	struct draft d = plain_draft;
	struct dns_zone *zone;
	struct text t;
	struct run run;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		d.key = support_pem(cases[i].key);
		zone = make_zone(d.key, "");
		t = message(&d, FIELDS, BODY);
		options.minimum_rsa_bits = cases[i].minimum;
		(void)run_message(&run, ctx, &options, zone, text_slice(&t),
		    100);
		ok(run.count == 1 && has(&run.signatures[0],
		    cases[i].result, cases[i].result == AUTH_PASS ? NULL :
		    "RSA key is too short") && run.signatures[0].key_bits ==
		    (unsigned int)EVP_PKEY_get_bits(d.key),
		    "%s, at least %u bits", cases[i].key, cases[i].minimum);
		run_fini(&run);
		text_free(&t);
		dns_zone_free(zone);
		EVP_PKEY_free(d.key);
	}
}

static void
test_outcomes(void)
{
	static const struct {
		enum dns_outcome outcome;
		enum auth_result result;
		const char *comment;
	} cases[] = {
		{ DNS_NO_DATA, AUTH_PERMERROR, "no key for signature" },
		{ DNS_NO_NAME, AUTH_PERMERROR, "no key for signature" },
		{ DNS_SERVER_FAILURE, AUTH_TEMPERROR, "DNS server failure" },
		{ DNS_TIMEOUT, AUTH_TEMPERROR, "DNS timeout" },
		{ DNS_MALFORMED, AUTH_TEMPERROR, "DNS answer malformed" },
		{ DNS_NOT_ASKED, AUTH_TEMPERROR, "DNS lookup not made" },
	};
	struct dns_zone *zone;
	struct text t = message(&plain_draft, FIELDS, BODY);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		zone = dns_zone_new();
		(void)dns_zone_add_outcome(zone, SLICE(KEY_NAME),
		    cases[i].outcome, 0);
		check(t.ptr, t.len, zone, cases[i].result, cases[i].comment,
		    dns_outcome_name(cases[i].outcome));
		dns_zone_free(zone);
	}
	check(t.ptr, t.len, NULL, AUTH_TEMPERROR, "DNS timeout",
	    "a question without an answer");
	text_free(&t);
}

static void
test_misfits(void)
{
	static const struct {
		const char *record;	/* after the key */
		const char *extra;		/* in the signature */
		enum auth_result result;
		const char *comment;
	} cases[] = {
		{ "; h=sha256", "", AUTH_PASS, NULL },
		{ "; h=sha1", "", AUTH_PERMERROR,
		    "inappropriate hash algorithm" },
		{ "; s=tlsrpt", "", AUTH_PERMERROR, "key is not for mail" },
		{ "; t=s", "i=@example.com;", AUTH_PASS, NULL },
		{ "; t=s", "", AUTH_PASS, NULL },
		{ "; t=s", "i=@a.example.com;", AUTH_PERMERROR,
		    "key is not for subdomains" },
		{ "; t=y", "", AUTH_PASS, "test mode" },
		{ "; t=y", "l=9999;", AUTH_PERMERROR,
		    "l= is larger than the body" },
	};
	struct draft d = plain_draft;
	struct dns_zone *zone;
	struct text t;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		zone = make_zone(rsa, cases[i].record);
		d.extra = cases[i].extra;
		t = message(&d, FIELDS, BODY);
		check(t.ptr, t.len, zone, cases[i].result, cases[i].comment,
		    cases[i].record);
		text_free(&t);
		dns_zone_free(zone);
	}
	zone = make_zone(ed, "");
	t = message(&plain_draft, FIELDS, BODY);
	check(t.ptr, t.len, zone, AUTH_PERMERROR,
	    "inappropriate key algorithm", "an Ed25519 key for RSA");
	text_free(&t);
	dns_zone_free(zone);
}

/* ---- several records ---- */

static void
test_records(void)
{
	EVP_PKEY *other = support_pem("rsa2048");
	struct text good = support_record(rsa);
	struct text wrong = support_record(other);
	struct text wrong2 = support_record(other), t;
	const char *junk = "v=spf1 -all", *revoked = "v=DKIM1; p=";
	const struct {
		const char *name, *records[5];
		enum auth_result result;
		const char *comment;
	} cases[] = {
		{ "two foreign records, then the key",
		    { junk, "x", good.ptr }, AUTH_PASS, NULL },
		{ "four foreign records, then the key",
		    { junk, "x", "y", "z", good.ptr }, AUTH_PASS, NULL },
		{ "the limit of keys", { wrong.ptr, wrong2.ptr, good.ptr },
		    AUTH_PASS, NULL },
		{ "one past it", { wrong.ptr, wrong2.ptr, revoked,
		    good.ptr }, AUTH_FAIL, "signature did not verify" },
		{ "a revoked key first", { revoked, good.ptr }, AUTH_PASS,
		    NULL },
		{ "revoked, then another", { revoked, wrong.ptr },
		    AUTH_FAIL, "signature did not verify" },
		{ "another, then revoked", { wrong.ptr, revoked },
		    AUTH_FAIL, "signature did not verify" },
		{ "foreign, then revoked", { junk, revoked },
		    AUTH_PERMERROR, "key revoked" },
		{ "revoked, then foreign", { revoked, "x" },
		    AUTH_PERMERROR, "key revoked" },
		{ "foreign alone", { junk, "x" }, AUTH_PERMERROR,
		    "key version not known" },
	};
	struct dns_zone *zone;
	size_t i, j;

	text_adds(&wrong2, "; n=2");
	t = message(&plain_draft, FIELDS, BODY);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		zone = dns_zone_new();
		for (j = 0; j < 5 && cases[i].records[j] != NULL; j++)
			add_key(zone, KEY_NAME, cases[i].records[j]);
		check(t.ptr, t.len, zone, cases[i].result, cases[i].comment,
		    cases[i].name);
		dns_zone_free(zone);
	}
	text_free(&t);
	text_free(&good);
	text_free(&wrong);
	text_free(&wrong2);
	EVP_PKEY_free(other);
}

/* ---- what is reported ---- */

static void
test_report(void)
{
	struct draft d = plain_draft;
	struct dns_zone *zone = make_zone(rsa, "; t=y");
	const struct dkim_signature *s;
	struct run run;
	struct text t;

	d.extra = "l=5;";
	d.length = 5;
	t = message(&d, FIELDS, BODY);
	(void)run_message(&run, ctx, &test_options, zone, text_slice(&t),
	    100);
	s = run.signatures;
	is_num((long long)run.count, 1, "one signature");
	is_num((long long)s->field, 0, "its field");
	ok(s->has_length && s->key_testing && s->checked &&
	    !s->authenticated && !s->body_differs, "flags");
	is_num(s->key_bits, 1024, "bits of the key");
	is_num((long long)s->unsigned_octets, 21 - 5 + 5,
	    "octets after l=");
	is_num((long long)s->b.len, 172, "b=");
	run_fini(&run);
	*strstr(t.ptr, "Hi.") = 'x';
	(void)run_message(&run, ctx, &test_options, NULL, text_slice(&t),
	    100);
	ok(run.count == 1 && run.signatures[0].body_differs &&
	    run.signatures[0].result == AUTH_TEMPERROR,
	    "that the body differs is told without a key");
	run_fini(&run);
	text_free(&t);
	dns_zone_free(zone);
}

/* DNSSEC is told even where the answer is that there is no key. */
static void
test_authenticated(bool found)
{
	struct text record = support_record(rsa);
	struct text t = message(&plain_draft, FIELDS, BODY);
	struct arena *arena = arena_new(1 << 20);
	struct dns_ledger *ledger = dns_ledger_new(10);
	struct mail_header header;
	struct dkim_verifier *v;
	struct dns_draft draft;
	struct slice body;
	size_t n = found ? 1 : 0, count;

	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, text_slice(&t), &body);
	v = dkim_verifier_new(ctx, &test_options, arena);
	is_num(dkim_verifier_ask(v, ledger), CHECK_DONE, "nothing to ask");
	(void)dkim_verifier_field(v, &header.fields[0], 0);
	is_num(dkim_verifier_ask(v, ledger), CHECK_PENDING, "a question");
	is_num(dkim_verifier_ask(v, ledger), CHECK_PENDING, "the same");
	is_num((long long)dns_ledger_count(ledger), 1, "asked once");
	dkim_verifier_header_end(v, &header, NULL);
	is_num(dkim_verifier_ask(v, ledger), CHECK_PENDING, "the same");
	ok(dns_answer_new(DNS_TYPE_TXT, SLICE(KEY_NAME), n, record.len,
	    &draft), "an answer");
	draft.answer->outcome = found ? DNS_FOUND : DNS_NO_NAME;
	draft.answer->authenticated = true;
	if (found) {
		memcpy(draft.text, record.ptr, record.len);
		draft.records[0].text = (struct slice){ draft.text,
		    record.len };
	}
	dns_ledger_answer(dns_ledger_take_new(ledger), draft.answer);
	is_num(dkim_verifier_ask(v, ledger), CHECK_DONE, "answered");
	dkim_verifier_body(v, body);
	dkim_verifier_finish(v, &header, ledger);
	ok(dkim_verifier_signatures(v, &count)->authenticated,
	    "the answer was authenticated");
	dkim_verifier_fini(v);
	dns_ledger_free(ledger);
	arena_free(arena);
	text_free(&record);
	text_free(&t);
}

/* ---- alignment, order, limit ---- */

/* With room for one, which of two signatures is checked. */
static void
test_order(void)
{
	static const struct {
		const char	*name, *first, *second, *from;
		size_t		 want;
	} cases[] = {
		{ .name = "the same name", .first = "mail.example.com",
		    .second = "example.com", .from = "a@EXAMPLE.com",
		    .want = 1 },
		{ .name = "above", .first = "example.net",
		    .second = "example.com", .from = "a@mail.example.com",
		    .want = 1 },
		{ .name = "below", .first = "example.net",
		    .second = "mail.example.com", .from = "a@example.com",
		    .want = 1 },
		{ .name = "a sibling", .first = "junk.example",
		    .second = "a.sp.example", .from = "a@sub.sp.example",
		    .want = 1 },
		{ .name = "the top level alone", .first = "example.net",
		    .second = "example.org", .from = "a@example.com",
		    .want = 0 },
		{ .name = "no whole label", .first = "badexample.com",
		    .second = "x.com", .from = "a@example.com", .want = 0 },
		{ .name = "no From", .first = "example.net",
		    .second = "example.com", .from = "nonsense", .want = 0 },
	};
	struct dkim_options one = test_options;
	struct draft d = plain_draft;
	struct text a, b, t = { NULL, 0, 0 };
	struct run run;
	size_t i;

	one.max_signatures = 1;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		d.d = cases[i].first;
		a = sign(&d, FIELDS, BODY);
		d.d = cases[i].second;
		b = sign(&d, FIELDS, BODY);
		t.len = 0;
		text_addf(&t, "%s%sFrom: %s\r\n\r\n", a.ptr, b.ptr,
		    cases[i].from);
		(void)run_message(&run, ctx, &one, NULL, text_slice(&t), 100);
		ok(run.count == 2 && run.signatures[cases[i].want].checked &&
		    !run.signatures[1 - cases[i].want].checked, "%s",
		    cases[i].name);
		run_fini(&run);
		text_free(&a);
		text_free(&b);
	}
	text_free(&t);
}

/* Signatures of other domains and one aligned one among them. */
static struct text
many_signatures(size_t count, size_t aligned, const char *fields)
{
	struct draft d = plain_draft;
	struct text ours = sign(&d, fields, BODY), theirs;
	struct text t = { NULL, 0, 0 };
	size_t i;

	d.d = "example.net";
	theirs = sign(&d, fields, BODY);
	for (i = 0; i < count; i++)
		text_adds(&t, i == aligned ? ours.ptr : theirs.ptr);
	text_addf(&t, "%s\r\n%s", fields, BODY);
	text_free(&ours);
	text_free(&theirs);
	return t;
}

/* How many were checked, how many told "signature limit". */
static void
count_checked(const struct run *run, size_t *checked, size_t *limited)
{
	size_t i;

	*checked = *limited = 0;
	for (i = 0; i < run->count; i++) {
		*checked += run->signatures[i].checked;
		*limited += !run->signatures[i].checked &&
		    has(&run->signatures[i], AUTH_NEUTRAL,
		    "signature limit");
	}
}

static void
test_limit(size_t count, size_t aligned, unsigned int max, size_t want)
{
	struct dkim_options options = test_options;
	struct dns_zone *zone = make_zone(rsa, "");
	struct text t = many_signatures(count, aligned, FIELDS);
	struct text record = support_record(rsa);
	struct run run;
	size_t checked, limited;

	add_key(zone, "ok._domainkey.example.net", record.ptr);
	options.max_signatures = max;
	(void)run_message(&run, ctx, &options, zone, text_slice(&t), 100);
	count_checked(&run, &checked, &limited);
	is_num((long long)run.count, (long long)count, "all are reported");
	is_num((long long)checked, (long long)want, "some are checked");
	is_num((long long)limited, (long long)(count - want),
	    "the others are past the limit");
	if (max > 0 && aligned < count)
		ok(has(&run.signatures[aligned], AUTH_PASS, NULL),
		    "the aligned one is among them");
	if (max > 1)
		ok(has(&run.signatures[0], AUTH_PASS, NULL) &&
		    has(&run.signatures[1], AUTH_PASS, NULL),
		    "then the first ones");
	run_fini(&run);
	text_free(&t);
	text_free(&record);
	dns_zone_free(zone);
}

/* Unusable signatures take no place from usable ones. */
static void
test_unusable(void)
{
	struct dkim_options options = test_options;
	struct dns_zone *zone = make_zone(rsa, "");
	struct text t = { NULL, 0, 0 }, good;
	struct run run;
	size_t i, neutral = 0;

	for (i = 0; i < 20; i++)
		text_adds(&t, "DKIM-Signature: v=1; a=rsa-sha256;;\r\n");
	good = message(&plain_draft, FIELDS, BODY);
	text_adds(&t, good.ptr);
	options.max_signatures = 1;
	(void)run_message(&run, ctx, &options, zone, text_slice(&t), 100);
	for (i = 0; i < 20; i++)
		neutral += has(&run.signatures[i], AUTH_NEUTRAL,
		    "empty tag") && run.signatures[i].checked;
	is_num((long long)neutral, 20, "twenty that cannot be read");
	ok(run.count == 21 && has(&run.signatures[20], AUTH_PASS, NULL),
	    "then one that can");
	is_num((long long)dns_ledger_count(run.ledger), 1,
	    "one key was asked for");
	run_fini(&run);
	text_free(&t);
	text_free(&good);
	dns_zone_free(zone);
}

static void
test_candidates(size_t count, size_t want)
{
	struct dkim_options options = test_options;
	struct text t = many_signatures(count, count, FIELDS);
	struct run run;
	size_t checked, limited;

	(void)run_message(&run, ctx, &options, NULL, text_slice(&t), 100);
	count_checked(&run, &checked, &limited);
	is_num((long long)run.count, (long long)want, "fields read");
	is_num((long long)checked, LIMIT_DKIM_SIGNATURES, "checked");
	run_fini(&run);
	options.max_signatures = 1000;
	(void)run_message(&run, ctx, &options, NULL, text_slice(&t), 100);
	count_checked(&run, &checked, &limited);
	is_num((long long)checked, (long long)want,
	    "no setting goes above what is read");
	run_fini(&run);
	text_free(&t);
}

/*
 * Questions put by another thread while the message comes in, as when an
 * answer arrives.  The ledger is that thread's; the verifier has no lock.
 */
struct asker {
	struct dkim_verifier *verifier;
	struct dns_ledger *ledger;
	atomic_bool stop;
};

static void *
ask_and_ask(void *arg)
{
	struct asker *a = arg;

	while (!atomic_load(&a->stop))
		(void)dkim_verifier_ask(a->verifier, a->ledger);
	(void)dkim_verifier_ask(a->verifier, a->ledger);
	return NULL;
}

static void
test_threads(void)
{
	struct text t = many_signatures(50, 49, FIELDS);
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct domain from;
	struct mail_header header;
	struct asker a;
	struct slice body;
	pthread_t thread;
	size_t i;

	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, text_slice(&t), &body);
	(void)domain_parse(SLICE("example.com"), &from);
	a.verifier = dkim_verifier_new(ctx, &test_options, arena);
	a.ledger = dns_ledger_new(100);
	atomic_init(&a.stop, false);
	ok(pthread_create(&thread, NULL, ask_and_ask, &a) == 0, "a thread");
	for (i = 0; i < header.count; i++)
		(void)dkim_verifier_field(a.verifier, &header.fields[i], i);
	dkim_verifier_header_end(a.verifier, &header, &from);
	dkim_verifier_body(a.verifier, body);
	atomic_store(&a.stop, true);
	(void)pthread_join(thread, NULL);
	ok(dns_ledger_peek(a.ledger, SLICE(KEY_NAME), DNS_TYPE_TXT) == NULL &&
	    dns_ledger_count(a.ledger) >= 2, "both keys were asked for");
	dkim_verifier_fini(a.verifier);
	dns_ledger_free(a.ledger);
	arena_free(arena);
	text_free(&t);
}

/* Bodies that are hashed by several lengths at once. */
static void
test_lengths(void)
{
	struct draft d = plain_draft;
	struct dns_zone *zone = make_zone(rsa, "");
	struct text t = { NULL, 0, 0 }, one;
	struct run run;
	char extra[32];
	size_t i, passed = 0;

	for (i = 0; i < LIMIT_DKIM_SIGNATURES; i++) {
		(void)snprintf(extra, sizeof(extra), "l=%zu;", i);
		d.extra = extra;
		d.length = i;
		d.body = i % 2 == 0 ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED;
		one = sign(&d, FIELDS, BODY);
		text_adds(&t, one.ptr);
		text_free(&one);
	}
	text_addf(&t, "%s\r\n%s", FIELDS, BODY);
	(void)run_message(&run, ctx, &test_options, zone, text_slice(&t), 3);
	for (i = 0; i < run.count; i++)
		passed += has(&run.signatures[i], AUTH_PASS, NULL);
	is_num((long long)passed, LIMIT_DKIM_SIGNATURES,
	    "each signature has a length of its own");
	run_fini(&run);
	text_free(&t);
	dns_zone_free(zone);
}

/* ---- hostile messages ---- */

/* A header that was cut off, and one that just fits. */
static void
test_header_limit(size_t fields, enum auth_result result,
    const char *comment)
{
	struct dns_zone *zone = make_zone(rsa, "");
	struct text header = { NULL, 0, 0 }, t;
	size_t i;

	text_adds(&header, FIELDS);
	/* The signature's own and the three above. */
	for (i = 4; i < fields; i++)
		text_adds(&header, "X: y\r\n");
	t = message(&plain_draft, header.ptr, BODY);
	check(t.ptr, t.len, zone, result, comment, "number of fields");
	text_free(&t);
	text_free(&header);
	dns_zone_free(zone);
}

static void
test_many_names(void)
{
	struct draft d = plain_draft;
	struct dns_zone *zone = make_zone(rsa, "");
	struct text header = { NULL, 0, 0 }, h = { NULL, 0, 0 }, t;
	unsigned int i;

	text_adds(&header, FIELDS);
	text_adds(&h, "from");
	for (i = 0; i < 5000; i++)
		text_addf(&header, "X%u: y\r\n", i % 2500);
	for (i = 1; i < LIMIT_DKIM_H_NAMES; i++)
		text_addf(&h, ":x%u", i / 3 * 7);
	d.h = h.ptr;
	t = message(&d, header.ptr, BODY);
	check(t.ptr, t.len, zone, AUTH_PASS, NULL,
	    "5,000 fields, 1,000 names");
	text_free(&t);
	text_free(&header);
	text_free(&h);
	dns_zone_free(zone);
}

/* A field of 100 KB beside the signature, and as the signature. */
static void
test_large_field(void)
{
	struct dns_zone *zone = make_zone(rsa, "");
	struct text header = { NULL, 0, 0 }, t;
	struct draft d = plain_draft;
	size_t i;

	text_adds(&header, FIELDS "X-Large:");
	for (i = 0; i < 10000; i++)
		text_adds(&header, " 12345 \t789");
	text_adds(&header, "\r\n");
	d.h = "from:x-large";
	t = message(&d, header.ptr, BODY);
	check(t.ptr, t.len, zone, AUTH_PASS, NULL, "a field of 100 KB");
	text_free(&t);
	header.len = 0;
	text_adds(&header, "z=");
	for (i = 0; i < 100000; i++)
		text_adds(&header, "x");
	text_adds(&header, ";");
	d = plain_draft;
	d.extra = header.ptr;
	t = message(&d, FIELDS, BODY);
	check(t.ptr, t.len, zone, AUTH_PERMERROR,
	    "signature field is too large", "a signature of 100 KB");
	text_free(&t);
	text_free(&header);
	dns_zone_free(zone);
}

/* NUL, bare CR and LF, 8-bit: hashed as they come. */
static void
test_octets(void)
{
	static const char fields[] = "From: a\rb\xff <joe@example.com>"
				    "\r\nSubject: \x01\x7f\r x\r\n";
	static const char body[] = "\xff\n\r \r\r\n \x01\n\n\r";
	struct draft d = plain_draft;
	struct dns_zone *zone = make_zone(rsa, "");
	struct text t;
	int i;

	d.h = "from:subject";
	for (i = 0; i < 4; i++) {
		d.header = (i & 1) != 0 ? DKIM_CANON_SIMPLE :
		    DKIM_CANON_RELAXED;
		d.body = (i & 2) != 0 ? DKIM_CANON_SIMPLE :
		    DKIM_CANON_RELAXED;
		t = message(&d, fields, body);
		check(t.ptr, t.len, zone, AUTH_PASS, NULL, "odd octets");
		text_free(&t);
	}
	t = message(&plain_draft, FIELDS, BODY);
	t.ptr[t.len - 10] = '\0';
	check(t.ptr, t.len, zone, AUTH_FAIL, "body hash did not verify",
	    "a NUL in the body");
	*strstr(t.ptr, "; d=") = '\0';
	check(t.ptr, t.len, zone, AUTH_NEUTRAL,
	    "octet that a tag value may not have", "a NUL in the signature");
	text_free(&t);
	dns_zone_free(zone);
}

/* An answer of as many records as fit, none of which is a key. */
static void
test_many_records(void)
{
	struct dns_zone *zone = dns_zone_new();
	struct text record = support_record(rsa);
	struct text t = message(&plain_draft, FIELDS, BODY);
	char junk[64];
	unsigned int i;

	for (i = 0; i < 999; i++) {
		(void)snprintf(junk, sizeof(junk), "v=junk%u; p=%u", i, i);
		add_key(zone, KEY_NAME, junk);
	}
	add_key(zone, KEY_NAME, record.ptr);
	check(t.ptr, t.len, zone, AUTH_PASS, NULL,
	    "the key is the last of 1,000 records");
	text_free(&t);
	text_free(&record);
	dns_zone_free(zone);
}

static void
test_nothing(void)
{
	static const char *messages[] = { "", "\r\n", "From: a@b.c\r\n",
				    "From: a@b.c\r\n\r\nbody", "body" };
	struct run run;
	size_t i;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		ok(run_message(&run, ctx, &test_options, NULL,
		    slice_str(messages[i]), 100) && run.count == 0,
		    "no signature: \"%s\"", messages[i]);
		run_fini(&run);
	}
	dkim_verifier_fini(NULL);
}

int
main(void)
{
	ctx = dkim_context_new();
	rsa = support_pem("rfc8463-test");
	ed = support_ed25519();
	if (ctx == NULL)
		return EXIT_FAILURE;
	test_combinations();
	test_large_keys();
	test_minimum();
	test_outcomes();
	test_misfits();
	test_records();
	test_report();
	test_authenticated(true);
	test_authenticated(false);
	test_order();
	test_limit(LIMIT_DKIM_SIGNATURES, 20, LIMIT_DKIM_SIGNATURES,
	    LIMIT_DKIM_SIGNATURES);
	test_limit(LIMIT_DKIM_SIGNATURES + 1, LIMIT_DKIM_SIGNATURES,
	    LIMIT_DKIM_SIGNATURES, LIMIT_DKIM_SIGNATURES);
	test_limit(5, 4, 1, 1);
	test_limit(3, 1, 0, 0);
	test_unusable();
	test_candidates(LIMIT_DKIM_CANDIDATES, LIMIT_DKIM_CANDIDATES);
	test_candidates(LIMIT_DKIM_CANDIDATES + 1, LIMIT_DKIM_CANDIDATES);
	test_candidates(1000, LIMIT_DKIM_CANDIDATES);
	test_threads();
	test_lengths();
	test_header_limit(LIMIT_HEADER_FIELDS, AUTH_PASS, NULL);
	test_header_limit(LIMIT_HEADER_FIELDS + 1, AUTH_PERMERROR,
	    "header is too large");
	test_many_names();
	test_large_field();
	test_octets();
	test_many_records();
	test_nothing();
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed);
	dkim_context_free(ctx);
	return tap_done();
}
