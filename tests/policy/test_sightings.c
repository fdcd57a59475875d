/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures seen again: what counts, for how long, and what goes when there
 * is no room.
 */
#include "policy/sightings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/tap.h"

#define NOBODY "none"

static struct ipaddr
address(const char *text)
{
	struct ipaddr a = { .family = IPADDR_NONE };

	ipaddr_parse(slice_str(text), &a);
	return a;
}

/* One recipient, who may be NULL. */
static void
note(struct sightings *t, uint64_t key, const char *client,
    const char *recipient, int64_t now)
{
	const struct ipaddr a = address(client);
	uint64_t r = recipient != NULL ?
	    sightings_recipient(slice_str(recipient)) : 0;

	if (!sightings_note(t, key, &a, &r, recipient != NULL, now))
		ok(false, "noted");
}

static void
counts(struct sightings *t, uint64_t key, int64_t now, unsigned int seconds,
    const char *want, const char *name)
{
	struct sightings_count c;
	char got[40];

	sightings_count(t, key, now, seconds, &c);
	snprintf(got, sizeof(got), "%u %u", c.networks, c.recipients);
	is_str(got, want, name);
}

static void
test_what_counts(void)
{
	static const struct {
		const char *client, *recipient, *want, *name;
	} steps[] = {
		{ "192.0.2.1", "<bob@example.org>", "1 1", "the first" },
		{ "192.0.2.1", "<bob@example.org>", "1 1", "a retry" },
		{ "192.0.2.99", "<BOB@example.org>", "1 1",
		  "from a neighbour, in capitals" },
		{ "192.0.3.1", "<bob@example.org>", "2 1",
		  "another network" },
		{ "192.0.2.1", "<eve@example.org>", "2 2",
		  "another recipient" },
		{ "2001:db8::1", NULL, "3 2", "IPv6" },
		{ "2001:db8::ffff", NULL, "3 2", "of the same /64" },
		{ "2001:db8:0:1::1", NULL, "4 2", "of another" },
		{ "::ffff:192.0.2.7", NULL, "4 2", "mapped" },
		{ NOBODY, "<eve@example.org>", "4 2", "no address" },
		{ "192.0.2.1", "<bob@example.org", "4 3", "as typed" }
	};
	struct sightings *t = sightings_new();
	uint64_t key = sightings_key(SLICE("a.example"), SLICE("AbCd"));
	struct sightings_stats s;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		note(t, key, steps[i].client, steps[i].recipient, 1000);
		counts(t, key, 1000, 3600, steps[i].want, steps[i].name);
	}
	counts(t, sightings_key(SLICE("a.example"), SLICE("abcd")), 1000,
	    3600, "0 0", "another signature");
	counts(t, sightings_key(SLICE("b.example"), SLICE("AbCd")), 1000,
	    3600, "0 0", "another domain");
	sightings_stats(t, &s);
	is_num(s.remembered, 7, "remembered");
	sightings_free(t);
}

static void
test_time(void)
{
	struct sightings *t = sightings_new();
	struct sightings_stats s;

	note(t, 1, "192.0.2.1", "a", 1000);
	note(t, 1, "192.0.2.1", "b", 4600);
	counts(t, 1, 4600, 3600, "1 2", "an hour, to the second");
	counts(t, 1, 4601, 3600, "1 1", "and one more");
	note(t, 1, "192.0.2.1", "a", 4602);
	counts(t, 1, 4602, 3600, "1 2", "seen again");
	/* A message that took longer than others. */
	note(t, 1, "198.51.100.1", "c", 4000);
	counts(t, 1, 4602, 60, "2 3", "a late one is not older");
	counts(t, 1, 4000, 60, "2 3", "seen from before");
	note(t, 2, NOBODY, "z", 4602 + LIMIT_SIGHTINGS_S);
	counts(t, 1, 4602, LIMIT_SIGHTINGS_S, "2 2", "up to the end");
	note(t, 2, NOBODY, "z", 4603 + LIMIT_SIGHTINGS_S);
	counts(t, 1, 4602, LIMIT_SIGHTINGS_S, "0 0", "and one more");
	sightings_stats(t, &s);
	is_num(s.remembered, 1, "they are gone");
	is_num((long long)s.forgotten, 0, "in time");
	sightings_free(t);
}

/* Of one signature: what a rule can ask for, and one more. */
static void
test_group(void)
{
	struct sightings *t = sightings_new();
	struct ipaddr none = { .family = IPADDR_NONE };
	struct sightings_stats s;
	struct sightings_count c;
	uint64_t r;

	for (r = 1; r <= LIMIT_SIGHTINGS_COUNT + 1; r++)
		sightings_note(t, 1, &none, &r, 1, 1000 + (int64_t)r);
	sightings_count(t, 1, 3000, 3000, &c);
	is_num(c.recipients, LIMIT_SIGHTINGS_COUNT + 1, "at the limit");
	sightings_note(t, 1, &none, &r, 1, 1000 + (int64_t)r);
	sightings_count(t, 1, 3000, 3000, &c);
	is_num(c.recipients, LIMIT_SIGHTINGS_COUNT + 1, "one past it");
	/* The oldest has gone, the next one has not. */
	sightings_count(t, 1, 1003, 1, &c);
	is_num(c.recipients, LIMIT_SIGHTINGS_COUNT + 1, "from the second on");
	sightings_stats(t, &s);
	is_num(s.remembered, LIMIT_SIGHTINGS_COUNT + 1, "no more than these");
	is_num((long long)s.forgotten, 0, "and nothing of others");
	sightings_free(t);
}

static void
test_full(void)
{
	struct sightings *t = sightings_new();
	struct ipaddr none = { .family = IPADDR_NONE };
	struct sightings_stats s;
	uint64_t key, r = 7;

	note(t, 1, "192.0.2.1", "a", 1000);
	for (key = 2; key <= LIMIT_SIGHTINGS - 1; key++)
		sightings_note(t, key, &none, &r, 1, 1001);
	sightings_stats(t, &s);
	is_num(s.remembered, LIMIT_SIGHTINGS, "full");
	counts(t, 1, 1001, 3600, "1 1", "all of it is there");
	/* Again does not need room. */
	note(t, 1, NOBODY, "a", 1001);
	counts(t, 1, 1001, 3600, "1 1", "still");
	sightings_note(t, key, &none, &r, 1, 1002);
	sightings_stats(t, &s);
	is_num(s.remembered, LIMIT_SIGHTINGS, "one past it");
	is_num((long long)s.forgotten, 1, "one is forgotten");
	counts(t, 1, 1001, 3600, "0 1", "the one seen longest ago");
	counts(t, key, 1002, 3600, "0 1", "the new one is there");
	/* A flood pushes out what is older, and goes by itself in time. */
	note(t, 1, NOBODY, "z", 1002 + LIMIT_SIGHTINGS_S);
	sightings_stats(t, &s);
	is_num(s.remembered, 2, "after its time");
	sightings_free(t);
}

/* The last place is taken from the group that needs it. */
static void
test_own_place(void)
{
	struct sightings *t = sightings_new();
	struct ipaddr none = { .family = IPADDR_NONE };
	uint64_t r = 7, other = 8, key;

	sightings_note(t, 1, &none, &r, 1, 1000);
	for (key = 2; key <= LIMIT_SIGHTINGS; key++)
		sightings_note(t, key, &none, &r, 1, 1001);
	sightings_note(t, 1, &none, &other, 1, 1002);
	counts(t, 1, 1002, 3600, "0 1", "a group that was empty for a moment");
	sightings_free(t);
}

static void
test_no_memory(void)
{
	struct sightings *t = sightings_new();
	const struct ipaddr a = address("192.0.2.1");
	uint64_t r = 7;
	unsigned long n, refused = 0;

	for (n = 0; n < 4; n++) {
		mem_fail_after(n, 1);
		refused += !sightings_note(t, 1, &a, &r, 1, 1000);
		mem_fail_after(0, 0);
	}
	is_num((long long)refused, 3, "no memory is said");
	mem_fail_after(0, 0);
	ok(sightings_note(t, 1, &a, &r, 1, 1000), "noted");
	counts(t, 1, 1000, 60, "1 1", "once");
	sightings_free(t);
	mem_fail_after(0, 1);
	ok(sightings_new() == NULL, "no memory for the table");
	mem_fail_after(0, 0);
	sightings_free(NULL);
}

#define THREADS 4

static void *
run_thread(void *arg)
{
	struct sightings *t = arg;
	struct ipaddr none = { .family = IPADDR_NONE };
	struct sightings_count c;
	uint64_t r;

	for (r = 0; r < 500; r++) {
		sightings_note(t, r % 3, &none, &r, 1, (int64_t)r);
		sightings_count(t, r % 3, 500, 1000, &c);
	}
	return NULL;
}

static void
test_threads(void)
{
	struct sightings *t = sightings_new();
	struct sightings_stats s;
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run_thread, t) != 0)
			abort();
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	sightings_stats(t, &s);
	is_num(s.remembered, 500, "threads note the same");
	sightings_free(t);
}

int
main(void)
{
	test_what_counts();
	test_time();
	test_group();
	test_full();
	test_own_place();
	test_no_memory();
	test_threads();
	return tap_done();
}
