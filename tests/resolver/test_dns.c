/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/dns.h"

#include <pthread.h>

#include "base/mem.h"
#include "tests/tap.h"

static const struct {
	enum dns_outcome outcome;
	const char *name;
	bool known;
} outcomes[] = {
	{ DNS_FOUND, "found", true },
	{ DNS_NO_DATA, "no data", true },
	{ DNS_NO_NAME, "no such name", true },
	{ DNS_SERVER_FAILURE, "server failure", false },
	{ DNS_TIMEOUT, "timeout", false },
	{ DNS_MALFORMED, "malformed", false },
	{ DNS_NOT_ASKED, "not asked", false }
};

static const struct {
	unsigned int type;
	const char *name;
} types[] = {
	{ DNS_TYPE_A, "A" }, { DNS_TYPE_PTR, "PTR" }, { DNS_TYPE_MX, "MX" },
	{ DNS_TYPE_TXT, "TXT" }, { DNS_TYPE_AAAA, "AAAA" },
	{ DNS_TYPE_CNAME, "CNAME" }, { DNS_TYPE_TLSA, "TLSA" },
	{ DNS_TYPE_SMIMEA, "SMIMEA" }, { 6, "TYPE" }
};

static void
test_names(void)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		is_str(dns_outcome_name(outcomes[i].outcome),
		    outcomes[i].name, outcomes[i].name);
		is_num(dns_outcome_is_known(outcomes[i].outcome),
		    outcomes[i].known, outcomes[i].name);
	}
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		is_str(dns_type_name((enum dns_type)types[i].type),
		    types[i].name, types[i].name);
}

/* A copy is by itself. */
static void
test_stale(void)
{
	const struct dns_answer *copy;
	struct dns_draft d;

	if (!dns_answer_new(DNS_TYPE_MX, SLICE("a.example"), 1, 4, &d))
		abort();
	memcpy(d.text, "b.cd", 4);
	d.records[0].text = (struct slice){ d.text, 4 };
	d.records[0].preference = 10;
	d.answer->owner = SLICE("");
	d.answer->authenticated = true;
	d.answer->ttl = 300;
	mem_fail_after(0, 1);
	ok(dns_answer_stale(d.answer, DNS_TYPE_MX, 30) == NULL, "no memory");
	mem_fail_after(0, 0);
	copy = dns_answer_stale(d.answer, DNS_TYPE_MX, 30);
	memset(d.text, 'x', 4);
	dns_answer_unref(d.answer);
	ok(copy->stale && !copy->authenticated && copy->ttl == 30 &&
	    copy->outcome == DNS_FOUND && copy->type == DNS_TYPE_MX &&
	    copy->count == 1 && copy->owner.len == 0, "what it says");
	ok(slice_eq(copy->name, SLICE("a.example")), "its name");
	ok(slice_eq(copy->records[0].text, SLICE("b.cd")) &&
	    copy->records[0].preference == 10, "its record");
	dns_answer_unref(copy);
}

static void
test_static(void)
{
	const struct dns_answer *a;
	size_t i;

	for (i = 1; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		a = dns_answer_of(outcomes[i].outcome);
		is_num(a->outcome, outcomes[i].outcome, "static outcome");
		is_num((long long)a->count, 0, "no records");
		dns_answer_unref(a);
		dns_answer_unref(dns_answer_ref(a));
		dns_answer_unref(a);
		is_num((long long)dns_answer_size(a), 0, "no heap");
	}
	dns_answer_unref(NULL);
}

static void
test_made(void)
{
	struct dns_draft d;
	const struct dns_answer *a;

	if (!ok(dns_answer_new(DNS_TYPE_TXT, SLICE("a.example"), 2, 5, &d),
	    "made"))
		return;
	a = d.answer;
	memcpy(d.text, "helloX", 5);
	d.records[0].text = (struct slice){ d.text, 2 };
	d.records[1].text = (struct slice){ d.text + 2, 3 };
	is_num(a->outcome, DNS_FOUND, "found");
	is_num(a->type, DNS_TYPE_TXT, "type");
	is_bytes(a->name.ptr, a->name.len, "a.example", 9, "name");
	is_num((long long)a->count, 2, "count");
	is_bytes(a->records[1].text.ptr, a->records[1].text.len, "llo", 3,
	    "second text");
	ok(dns_answer_size(a) >= sizeof(*a) + 2 * sizeof(*a->records) + 14,
	    "its size counts all: %zu", dns_answer_size(a));
	dns_answer_unref(dns_answer_ref(a));
	is_num(a->rcode, 0, "still there");
	dns_answer_unref(a);

	if (ok(dns_answer_new(DNS_TYPE_A, SLICE(""), 0, 0, &d), "empty")) {
		is_num(d.answer->outcome, DNS_NO_DATA, "no data");
		dns_answer_unref(d.answer);
	}
}

static void
test_refused(void)
{
	struct dns_draft d;

	ok(!dns_answer_new(DNS_TYPE_A, SLICE("a"), SIZE_MAX / 8, 0, &d),
	    "too many records");
	ok(!dns_answer_new(DNS_TYPE_A, SLICE("a"), 0, SIZE_MAX, &d),
	    "too much text");
	ok(!dns_answer_new(DNS_TYPE_A, SLICE("a"), 1, SIZE_MAX - 40, &d),
	    "too much of both");
	mem_fail_after(0, 1);
	ok(!dns_answer_new(DNS_TYPE_A, SLICE("a"), 1, 1, &d), "no memory");
	mem_fail_after(0, 0);
}

static void *
take_and_drop(void *arg)
{
	const struct dns_answer *a = arg;
	int i;

	for (i = 0; i < 10000; i++)
		dns_answer_unref(dns_answer_ref(a));
	dns_answer_unref(a);
	return NULL;
}

static void
test_threads(void)
{
	struct dns_draft d;
	pthread_t threads[4];
	size_t i;

	if (!dns_answer_new(DNS_TYPE_A, SLICE("a"), 1, 0, &d))
		return;
	for (i = 0; i < 4; i++) {
		(void)dns_answer_ref(d.answer);
		(void)pthread_create(&threads[i], NULL, take_and_drop,
		    d.answer);
	}
	for (i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	is_num((long long)d.answer->count, 1, "one reference is left");
	dns_answer_unref(d.answer);
}

int
main(void)
{
	test_names();
	test_static();
	test_stale();
	test_made();
	test_refused();
	test_threads();
	return tap_done();
}
