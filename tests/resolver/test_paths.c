/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/paths_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

#define SECOND INT64_C(1000000)

static const struct dns_answer *
answer(const char *name, enum dns_type type, enum dns_outcome outcome,
    uint32_t ttl)
{
	struct dns_draft d;

	if (!dns_answer_new(type, slice_str(name), 0, 0, &d))
		abort();
	d.answer->outcome = outcome;
	d.answer->ttl = ttl;
	return d.answer;
}

static void
add(struct dns_ledger *l, const char *name, enum dns_type type,
    enum dns_outcome outcome, uint32_t ttl)
{
	(void)dns_ledger_ask(l, slice_str(name), type);
	dns_ledger_answer(dns_ledger_take_new(l), answer(name, type, outcome,
	    ttl));
}

static const struct path *
find(struct paths *p, const char *root, int64_t now)
{
	struct table_key key = table_key(slice_str(root), DNS_TYPE_TXT);

	return paths_find(p, &key, now);
}

/* "a.example/1 b.example/16 " */
static const char *
show(const struct path *path)
{
	static char out[4096];
	struct table_key key;
	size_t at = 0, len = 0;

	out[0] = '\0';
	while (path != NULL && path_next(path, &at, &key))
		len += (size_t)snprintf(out + len, sizeof(out) - len,
		    "%.*s/%u ", SLICE_ARG(key.name), key.type);
	return path != NULL ? out : "none";
}

static void
test_note(void)
{
	struct paths *p = paths_new(1 << 20);
	struct dns_ledger *l = dns_ledger_new(100);

	add(l, "a.example", DNS_TYPE_TXT, DNS_FOUND, 60);
	add(l, "a.example", DNS_TYPE_A, DNS_FOUND, 60);
	add(l, "b.example", DNS_TYPE_TXT, DNS_NO_NAME, 60);
	add(l, "_1.c.example", DNS_TYPE_TLSA, DNS_NO_DATA, 60);
	add(l, "short.example", DNS_TYPE_A, DNS_FOUND, 0);
	add(l, "slow.example", DNS_TYPE_A, DNS_TIMEOUT, 0);
	add(l, "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FOUND, 60);
	(void)dns_ledger_ask(l, SLICE("open.example"), DNS_TYPE_A);
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	is_str(show(find(p, "a.example", SECOND)),
	    "a.example/1 b.example/16 _1.c.example/52 ", "what is known and "
	    "may be kept, but for the root itself and PTR");
	is_str(show(find(p, "b.example", SECOND)), "none", "another name");
	is_num((long long)paths_count(p), 1, "one path");
	paths_free(p);
	dns_ledger_free(l);
}

static void
test_again(void)
{
	struct paths *p = paths_new(1 << 20);
	struct dns_ledger *l = dns_ledger_new(100);
	size_t bytes;

	add(l, "b.example", DNS_TYPE_A, DNS_FOUND, 60);
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	bytes = paths_bytes(p);
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	is_num((long long)paths_bytes(p), (long long)bytes, "the same again");
	is_str(show(find(p, "a.example", SECOND)), "b.example/1 ", "found");
	is_str(show(find(p, "a.example", SECOND + PATHS_AGAIN_US - 1)),
	    "none", "not so soon again");
	add(l, "c.example", DNS_TYPE_A, DNS_FOUND, 60);
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	is_str(show(find(p, "a.example", SECOND + PATHS_AGAIN_US - 1)),
	    "none", "a new path does not change that");
	is_str(show(find(p, "a.example", SECOND + PATHS_AGAIN_US)),
	    "b.example/1 c.example/1 ", "later");
	paths_note(p, SLICE("a.example"), NULL);
	is_num((long long)paths_count(p), 0, "an empty one is none");
	paths_free(p);
	dns_ledger_free(l);
}

static void
test_limit(void)
{
	struct paths *p = paths_new(1 << 20);
	struct dns_ledger *l = dns_ledger_new(100);
	struct table_key key;
	const struct path *path;
	size_t i, n, at;
	char name[32];

	for (i = 1; i <= LIMIT_DNS_PATH + 1; i++) {
		(void)snprintf(name, sizeof(name), "n%zu.example", i);
		add(l, name, DNS_TYPE_A, DNS_FOUND, 60);
		if (i < LIMIT_DNS_PATH)
			continue;
		paths_note(p, SLICE("a.example"), dns_ledger_first(l));
		path = find(p, "a.example", (int64_t)i * 10 * SECOND);
		for (n = at = 0; path_next(path, &at, &key); n++)
			continue;
		ok(n == LIMIT_DNS_PATH, "%zu questions: %zu kept", i, n);
	}
	paths_free(p);
	dns_ledger_free(l);
}

static void
test_bounded(void)
{
	struct dns_ledger *l = dns_ledger_new(100);
	struct paths *p = paths_new(32 << 10);
	size_t most = 0, i;
	char name[32];

	add(l, "b.example", DNS_TYPE_A, DNS_FOUND, 60);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "n%zu.example", i);
		paths_note(p, slice_str(name), dns_ledger_first(l));
		if (paths_bytes(p) > most)
			most = paths_bytes(p);
		if (i % 5 == 0)
			(void)find(p, "n0.example", (int64_t)i * SECOND * 2 +
			    SECOND);
	}
	ok(most <= 32 << 10, "at most %zu octets", most);
	ok(paths_count(p) > 10 && paths_count(p) < 200, "%zu paths",
	    paths_count(p));
	ok(find(p, "n0.example", 3000 * SECOND) != NULL, "used: kept");
	ok(find(p, "n999.example", SECOND) != NULL, "new: kept");
	ok(find(p, "n1.example", SECOND) == NULL, "old: gone");
	paths_free(p);
	dns_ledger_free(l);
}

static void
test_no_memory(void)
{
	struct dns_ledger *l = dns_ledger_new(100);
	struct paths *p = paths_new(1 << 20);
	unsigned long n;

	add(l, "b.example", DNS_TYPE_A, DNS_FOUND, 60);
	mem_fail_after(0, 1);
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	mem_fail_after(0, 0);
	ok(find(p, "a.example", SECOND) == NULL, "no memory: no path");
	paths_note(p, SLICE("a.example"), dns_ledger_first(l));
	ok(find(p, "a.example", SECOND) != NULL, "then there is one");
	paths_free(p);
	for (n = 0; n < 2; n++) {
		mem_fail_after(n, 1);
		p = paths_new(1 << 20);
		mem_fail_after(0, 0);
		ok(p == NULL, "allocation %lu fails", n + 1);
	}
	dns_ledger_free(l);
}

int
main(void)
{
	test_note();
	test_again();
	test_limit();
	test_bounded();
	test_no_memory();
	return tap_done();
}
