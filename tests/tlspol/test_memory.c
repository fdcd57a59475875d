/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspol/memory.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"
#include "tlspol/store.h"

static struct slice mx = SLICE_INIT("mx.example.com");

static struct sts_policy *
policy(uint32_t max_age)
{
	const struct sts_policy p = { .mode = STS_MODE_ENFORCE,
		.max_age = max_age, .mx_count = 1, .mx = &mx };

	return sts_policy_copy(&p);
}

static struct memory_entry *
get(struct memory *m, unsigned int i)
{
	struct tlspolicy_hop hop;
	char name[40];

	(void)snprintf(name, sizeof(name), "d%u.example", i);
	return tlspolicy_key(slice_str(name), &hop) ? memory_get(m, &hop) :
	    NULL;
}

static bool
has(const struct memory *m, unsigned int i)
{
	char name[40];

	(void)snprintf(name, sizeof(name), "d%u.example", i);
	return memory_find(m, slice_str(name)) != NULL;
}

/* A million domains, one after the other. */
static void
test_flood(void)
{
	struct memory *m = memory_new(10000, 64u << 20);
	struct memory_entry *e;
	unsigned int i;
	size_t most = 0;

	e = get(m, 0);
	memory_set_policy(m, e, policy(86400), "1", 1000);
	for (i = 1; i <= 1000000; i++) {
		(void)get(m, i);
		if (memory_count(m) > most)
			most = memory_count(m);
	}
	is_num((long long)most, 10000, "never more than there is room for");
	ok(has(m, 0), "one with a policy stays");
	ok(has(m, 1000000) && has(m, 990002) && !has(m, 990001),
	    "of the others the last ones");
	memory_free(m);
}

static void
test_octets(void)
{
	size_t max = 100 * (sizeof(struct memory_entry) + 16);
	struct memory *m = memory_new(10000, max);
	unsigned int i;

	for (i = 0; i < 1000; i++)
		(void)get(m, i);
	ok(memory_octets(m) <= max && memory_count(m) >= 100 &&
	    memory_count(m) < 120, "%zu in %zu octets", memory_count(m),
	    memory_octets(m));
	memory_set_limits(m, 10, max);
	is_num((long long)memory_count(m), 10, "a lower limit holds at once");
	memory_free(m);
	m = memory_new(10000, 10);
	ok(get(m, 1) == NULL, "one that can never have room");
	memory_free(m);
}

static void
test_use(void)
{
	struct memory *m = memory_new(3, 1u << 20);

	(void)get(m, 1);
	(void)get(m, 2);
	(void)get(m, 3);
	memory_touch(m, get(m, 1), 5);
	(void)get(m, 4);
	ok(has(m, 1) && !has(m, 2) && has(m, 3), "the longest unused goes");
	memory_pin(m, get(m, 3), (struct lookup *)m);
	(void)get(m, 5);
	(void)get(m, 6);
	ok(has(m, 3) && !has(m, 1) && !has(m, 4), "one in a lookup stays");
	memory_pin(m, get(m, 3), NULL);
	(void)get(m, 7);
	(void)get(m, 8);
	(void)get(m, 9);
	ok(!has(m, 3), "after that it may go");
	memory_free(m);
}

static void
test_policies(void)
{
	struct memory *m = memory_new(100, 1u << 20);
	struct memory_entry *a = get(m, 1), *b = get(m, 2);
	size_t before = memory_octets(m);

	memory_set_policy(m, a, policy(100), "id1", 1000);
	memory_set_policy(m, b, policy(500), "id2", 1000);
	ok(memory_policy(a, 1100) != NULL && memory_policy(a, 1101) == NULL,
	    "valid as long as max_age says");
	is_num((long long)memory_policies(m), 2, "two");
	ok(memory_next(m, 1000) == a && memory_next(m, 1000) == b &&
	    memory_next(m, 1000) == a, "each in its turn");
	ok(memory_next(m, 1200) == b && memory_next(m, 1200) == b,
	    "one has expired");
	ok(a->policy == NULL && memory_policies(m) == 1, "and is forgotten");
	memory_set_policy(m, b, policy(1), "id3", 1000);
	is_str(b->id, "id3", "another one in its place");
	memory_set_policy(m, b, NULL, "", 0);
	ok(memory_next(m, 0) == NULL, "none");
	is_num((long long)memory_octets(m), (long long)before,
	    "octets as before");
	memory_free(m);
}

/* ---- the file ---- */

#define HEAD "assay-tlspol policies 1\n"
#define LINE "d1.example 1000 1000 id none enforce 600 mx.example:*.b.example\n"
#define SMART "[mx.example]:587 1000 1000 id none enforce 600 mx.example\n"

static const struct {
	const char	*name;
	struct slice	 text;
	size_t		 line;		/* that is wrong; 0: none */
	size_t		 policies;
} files[] = {
	{ "none", SLICE_INIT(HEAD "end 0\n"), 0, 0 },
	{ "one", SLICE_INIT(HEAD LINE "end 1\n"), 0, 1 },
	{ "mode none", SLICE_INIT(HEAD "a.example 1000 1000 1 all none 600 \n"
	  "end 1\n"), 0, 1 },
	{ "one that has expired", SLICE_INIT(HEAD
	  "a.example 100 100 1 all enforce 600 b.example\nend 1\n"), 0, 0 },
	{ "fetched in times to come", SLICE_INIT(HEAD
	  "a.example 9999999999 1 1 all enforce 600 b.example\nend 1\n"), 0,
	  1 },
	{ "empty", SLICE_INIT(""), 1, 0 },
	{ "another format", SLICE_INIT("assay-tlspol policies 2\nend 0\n"),
	  1, 0 },
	{ "no end", SLICE_INIT(HEAD LINE), 3, 1 },
	{ "half an end", SLICE_INIT(HEAD LINE "end 1"), 3, 1 },
	{ "a wrong number", SLICE_INIT(HEAD LINE "end 2\n"), 3, 1 },
	{ "something after the end", SLICE_INIT(HEAD "end 0\nx"), 2, 0 },
	{ "no domain", SLICE_INIT(HEAD "a..b 1 1 1 none none 600 \nend 1\n"),
	  2, 0 },
	{ "no time", SLICE_INIT(HEAD "a.b x 1 1 none none 600 \nend 1\n"), 2,
	  0 },
	{ "no id", SLICE_INIT(HEAD "a.b 1 1  none none 600 \nend 1\n"), 2,
	  0 },
	{ "a bad id", SLICE_INIT(HEAD "a.b 1 1 - none none 600 \nend 1\n"),
	  2, 0 },
	{ "no such DANE", SLICE_INIT(HEAD "a.b 1 1 1 x none 600 \nend 1\n"),
	  2, 0 },
	{ "no such mode", SLICE_INIT(HEAD "a.b 1 1 1 none x 600 \nend 1\n"),
	  2, 0 },
	{ "no names", SLICE_INIT(HEAD "a.b 1 1 1 none enforce 600 \nend 1\n"),
	  2, 0 },
	{ "a bad name", SLICE_INIT(HEAD
	  "a.b 1 1 1 none enforce 600 a..b\nend 1\n"), 2, 0 },
	{ "an empty name", SLICE_INIT(HEAD
	  "a.b 1 1 1 none enforce 600 a.b::c.d\nend 1\n"), 2, 0 },
	{ "a field too many", SLICE_INIT(HEAD
	  "a.b 1 1 1 none enforce 600 a.b c\nend 1\n"), 2, 0 },
	{ "NUL", SLICE_INIT(HEAD "a.b\0 1 1 1 none none 600 \nend 1\n"), 2,
	  0 }
};

static void
test_files(void)
{
	struct memory *m;
	size_t i, line;
	bool good;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		m = memory_new(100, 1u << 20);
		good = store_read_text(m, files[i].text, 1100, &line);
		is_num(good ? 0 : (long long)line, (long long)files[i].line,
		    files[i].name);
		is_num((long long)memory_policies(m),
		    (long long)files[i].policies, "policies");
		memory_free(m);
	}
}

/* What was written reads the same, and only what is valid is written. */
static void
test_round_trip(void)
{
	struct memory *m = memory_new(100, 1u << 20),
	    *n = memory_new(100, 1u << 20);
	struct memory_entry *e;
	struct buf b;
	size_t line;

	(void)store_read_text(m, SLICE(HEAD LINE SMART "end 2\n"), 1100,
	    &line);
	memory_set_policy(m, get(m, 7), policy(10), "x", 1000);
	buf_init(&b, 4096);
	store_write_text(m, 1100, &b);
	ok(store_read_text(n, buf_slice(&b), 1100, &line), "it is read");
	is_num((long long)memory_policies(n), 2, "those that are valid");
	e = memory_find(n, SLICE("d1.example"));
	ok(e != NULL && e->fetched == 1000 && e->last_dane == DANE_NONE &&
	    strcmp(e->id, "id") == 0 && e->policy->mx_count == 2,
	    "all of it");
	e = memory_find(n, SLICE("[mx.example]:587"));
	ok(e != NULL && slice_eq(e->domain, SLICE("mx.example")) &&
	    e->is_host && e->port == 587, "a smart host");
	buf_fini(&b);
	memory_free(m);
	memory_free(n);
}

static void
test_no_memory(void)
{
	struct memory *m;
	unsigned long n, hits = 1;
	size_t line;
	bool good, broken = false;

	for (n = 0; hits > 0 && n < 100; n++) {
		line = 0;
		mem_fail_after(n, 1);
		m = memory_new(100, 1u << 20);
		good = m != NULL && store_read_text(m,
		    SLICE(HEAD LINE LINE "end 2\n"), 1100, &line);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		if (hits == 0)
			ok(good, "read when nothing failed");
		broken = broken || (!good && line != 0);
		memory_free(m);
	}
	ok(hits == 0, "%lu allocations failed in turn", n - 1);
	ok(!broken, "no line was wrong because of that");
}

int
main(void)
{
	test_flood();
	test_octets();
	test_use();
	test_policies();
	test_files();
	test_round_trip();
	test_no_memory();
	return tap_done();
}
