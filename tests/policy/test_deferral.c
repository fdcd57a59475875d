/* SPDX-License-Identifier: BSD-2-Clause */
/* For how long a sender may be deferred, and who is the same sender. */
#include "policy/deferral.h"

#include <pthread.h>

#include "base/mem.h"
#include "tests/tap.h"

#define HOUR 3600

static struct deferral_table *
new_table(void)
{
	struct deferral_table *t = deferral_new();

	if (t == NULL) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return t;
}

static bool
may(struct deferral_table *t, const char *client, const char *sender,
    int64_t now, unsigned int at_most)
{
	struct ipaddr a = { .family = IPADDR_NONE };
	struct mail_path path;

	if (client[0] != '\0' && !ipaddr_parse(slice_str(client), &a))
		abort();
	mail_path_parse(slice_str(sender), &path);
	return deferral_may_defer(t, &a, &path, now, at_most);
}

/* ---- time ---- */

static void
test_time(void)
{
	static const struct {
		const char	*name;
		int64_t		 times[6];	/* of reasons to defer */
		const char	*want;		/* d: deferred, a: accepted */
	} rows[] = {
		{ "tries again and again", { 0, 60, HOUR, 4 * HOUR - 1,
		  4 * HOUR, 4 * HOUR + 1 }, "ddddaa" },
		{ "one late try", { 0, 20 * HOUR, -1 }, "da" },
		{ "a very late try", { 0, 4 * HOUR + LIMIT_DEFERRAL_RETRY - 1,
		  -1 }, "da" },
		{ "one that is too late",
		  { 0, 4 * HOUR + LIMIT_DEFERRAL_RETRY, -1 }, "dd" },
		{ "what stays broken is deferred once",
		  { 0, 4 * HOUR, 7 * HOUR, 10 * HOUR, 13 * HOUR, -1 },
		  "daaaa" },
		{ "a new reason after a quiet time",
		  { 0, 4 * HOUR, 8 * HOUR, 9 * HOUR, 12 * HOUR, -1 },
		  "dadda" },
		{ "quiet for not quite as long", { 0, 4 * HOUR,
		  8 * HOUR - 1, -1 }, "daa" },
		{ "a clock that is set back", { 9 * HOUR, HOUR, 13 * HOUR,
		  -1 }, "dda" },
		/* By a hundred days, in which it was deferred first. */
		{ "a clock that jumps forward and back", { 2400 * HOUR, 0,
		  HOUR, 4 * HOUR - 1, 4 * HOUR, 5 * HOUR }, "ddddaa" },
		{ "one that jumps while it is deferred", { 0,
		  2400 * HOUR, 60, 4 * HOUR + 61, -1 }, "ddda" },
	};
	struct deferral_table *t;
	char got[7];
	size_t i, n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = new_table();
		for (n = 0; n < 6 && rows[i].times[n] >= 0; n++)
			got[n] = may(t, "192.0.2.1", "<a@example.com>",
			    1000000 + rows[i].times[n], 4 * HOUR) ? 'd' : 'a';
		got[n] = '\0';
		is_str(got, rows[i].want, rows[i].name);
		deferral_free(t);
	}
}

/* ---- who is who ---- */

static void
test_senders(void)
{
	static const struct {
		const char	*name;
		const char	*client, *sender;
		unsigned int	 at_most;
		bool		 same;
	} rows[] = {
		{ "itself", "192.0.2.1", "<a@example.com>", HOUR, true },
		{ "a neighbour", "192.0.2.255", "<a@example.com>", HOUR,
		  true },
		{ "another network", "192.0.3.1", "<a@example.com>", HOUR,
		  false },
		{ "another case", "192.0.2.1", "<A@Example.COM>", HOUR,
		  true },
		{ "no brackets", "192.0.2.1", "a@example.com", HOUR, true },
		{ "another local part", "192.0.2.1", "<b@example.com>", HOUR,
		  false },
		{ "another domain", "192.0.2.1", "<a@example.net>", HOUR,
		  false },
		{ "cut elsewhere", "192.0.2.1", "<ae@xample.com>", HOUR,
		  false },
		{ "the null sender", "192.0.2.1", "<>", HOUR, false },
		{ "a rule with another time", "192.0.2.1",
		  "<a@example.com>", HOUR + 1, false },
		{ "a client without an address", "", "<a@example.com>",
		  HOUR, false },
		{ "zeros of the other family", "::", "<a@example.com>", HOUR,
		  false },
	};
	struct deferral_table *t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = new_table();
		may(t, "192.0.2.1", "<a@example.com>", 0, HOUR);
		/* At the very end of the time of the one above. */
		ok(may(t, rows[i].client, rows[i].sender, HOUR,
		    rows[i].at_most) != rows[i].same, "%s", rows[i].name);
		deferral_free(t);
	}
	t = new_table();
	may(t, "2001:db8::1", "<>", 0, HOUR);
	ok(!may(t, "2001:db8::ffff:ffff:ffff:ffff", "<>", HOUR, HOUR),
	    "a neighbour by IPv6");
	ok(may(t, "2001:db8:0:1::1", "<>", HOUR, HOUR),
	    "another network of IPv6");
	may(t, "192.0.2.1", "<x@[192.0.2.1]>", 0, HOUR);
	ok(!may(t, "192.0.2.1", "<x@[192.0.2.1]>", HOUR, HOUR),
	    "a sender without a domain name");
	ok(may(t, "192.0.2.1", "<x@[192.0.2.2]>", HOUR, HOUR),
	    "and another one");
	deferral_free(t);
}

/* ---- the limits ---- */

/* Each sender from a network of its own, or all from one. */
static bool
may_number(struct deferral_table *t, bool spread, unsigned int number,
    int64_t now)
{
	char sender[32], client[32];

	(void)snprintf(sender, sizeof(sender), "<s%u@example.com>", number);
	(void)snprintf(client, sizeof(client), "10.%u.%u.1",
	    spread ? number / 250 : 0, spread ? number % 250 : 0);
	return may(t, client, sender, now, HOUR);
}

/* Number 0, `others` others, then number 0 when its time is over. */
static bool
is_forgotten(bool spread, unsigned int others)
{
	struct deferral_table *t = new_table();
	unsigned int i;
	bool deferred;

	for (i = 0; i <= others; i++)
		may_number(t, spread, i, 0);
	deferred = may_number(t, spread, 0, HOUR);
	deferral_free(t);
	return deferred;
}

static void
test_limit(void)
{
	struct deferral_table *t = new_table();
	unsigned int i, wrong = 0;

	ok(!is_forgotten(true, LIMIT_DEFERRALS - 1), "senders at the limit");
	ok(is_forgotten(true, LIMIT_DEFERRALS), "one past it");
	ok(!is_forgotten(false, LIMIT_DEFERRALS_NETWORK - 1),
	    "senders of one network at the limit");
	ok(is_forgotten(false, LIMIT_DEFERRALS_NETWORK), "one past it");

	/* Number 0 is seen now and then: others are pushed out. */
	for (i = 0; i < 3 * LIMIT_DEFERRALS; i++) {
		may_number(t, true, i, 0);
		if (i % 1000 == 0)
			may_number(t, true, 0, 0);
	}
	ok(!may_number(t, true, 0, HOUR), "who comes often is remembered");
	/* The latest used are those that are there, each in its place. */
	for (i = 2 * LIMIT_DEFERRALS + 1; i < 3 * LIMIT_DEFERRALS; i++)
		wrong += may_number(t, true, i, HOUR);
	is_num(wrong, 0, "and so are the latest");
	ok(may_number(t, true, 2 * LIMIT_DEFERRALS - 1, HOUR),
	    "but not the one in front of them");
	deferral_free(t);
}

/*
 * An honest sender is deferred, comes again at `retry`, and is accepted in
 * the end, whatever a flood of others does in between.
 */
static bool
outlives(bool spread, int64_t retry, unsigned int others)
{
	struct deferral_table *t = new_table();
	unsigned int i;
	bool accepted;

	may(t, "192.0.2.1", "<honest@example.com>", 0, HOUR);
	may(t, "192.0.2.1", "<honest@example.com>", retry, HOUR);
	for (i = 0; i < others; i++)
		may_number(t, spread, i, retry + 2);
	accepted = !may(t, "192.0.2.1", "<honest@example.com>", HOUR, HOUR);
	deferral_free(t);
	return accepted;
}

static void
test_flood(void)
{
	ok(outlives(false, 1, 3 * LIMIT_DEFERRALS), "a flood of one network");
	ok(outlives(true, LIMIT_DEFERRAL_AGAIN, 3 * LIMIT_DEFERRALS),
	    "a flood of many networks, a sender that came again");
	ok(!outlives(true, LIMIT_DEFERRAL_AGAIN - 1, 3 * LIMIT_DEFERRALS),
	    "at once is not again");
}

/* Those that came again do not keep the table for themselves. */
static void
test_again_limit(void)
{
	struct deferral_table *t = new_table();
	unsigned int i;

	for (i = 0; i <= LIMIT_DEFERRALS_AGAIN; i++) {
		may_number(t, true, i, 0);
		may_number(t, true, i, LIMIT_DEFERRAL_AGAIN);
	}
	for (; i < LIMIT_DEFERRALS + 1; i++)
		may_number(t, true, i, LIMIT_DEFERRAL_AGAIN);
	ok(may_number(t, true, 0, HOUR), "one past the limit goes");
	ok(!may_number(t, true, 1, HOUR), "at the limit stays");
	deferral_free(t);
}

/* In its network, too, one that came again stays. */
static void
test_network(void)
{
	struct deferral_table *t = new_table();
	unsigned int i;

	may_number(t, false, 0, 0);
	may_number(t, false, 0, LIMIT_DEFERRAL_AGAIN);
	for (i = 1; i < 2 * LIMIT_DEFERRALS_NETWORK; i++)
		may_number(t, false, i, LIMIT_DEFERRAL_AGAIN);
	ok(!may_number(t, false, 0, HOUR), "came again, in a full network");
	/* All have come again: the one used longest ago goes. */
	for (i = 2 * LIMIT_DEFERRALS_NETWORK; i-- > LIMIT_DEFERRALS_NETWORK;)
		may_number(t, false, i, 2 * LIMIT_DEFERRAL_AGAIN);
	ok(!may_number(t, false, LIMIT_DEFERRALS_NETWORK + 5,
	    HOUR + LIMIT_DEFERRAL_AGAIN) &&
	    may_number(t, false, 0, HOUR + LIMIT_DEFERRAL_AGAIN),
	    "a network full of those");
	deferral_free(t);
}

/* ---- decisions ---- */

static void
test_decisions(void)
{
	static const struct {
		const char		*name;
		enum policy_action	 action;
		unsigned int		 at_most;
		bool			 over;
	} rows[] = {
		{ "tempfail with a bound", POLICY_TEMPFAIL, HOUR, true },
		{ "tempfail without", POLICY_TEMPFAIL, 0, false },
		{ "reject", POLICY_REJECT, HOUR, false },
		{ "accept", POLICY_ACCEPT, HOUR, false },
	};
	struct ipaddr client = { IPADDR_V4, { 192, 0, 2, 1 } };
	struct mail_path path = { .null = true };
	struct policy_decision d;
	struct deferral_table *t;
	struct policy_rule r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = new_table();
		r = (struct policy_rule){ .action = rows[i].action,
		    .at_most = rows[i].at_most };
		d = (struct policy_decision){ .action = r.action,
		    .rule = &r };
		deferral_limit(t, &client, &path, 0, &d);
		ok(d.action == r.action && !d.deferral_over,
		    "%s: at first as it is", rows[i].name);
		deferral_limit(t, &client, &path, HOUR, &d);
		ok(d.deferral_over == rows[i].over && d.rule == &r &&
		    d.action == (rows[i].over ? POLICY_ACCEPT : r.action),
		    "%s: in the end", rows[i].name);
		deferral_free(t);
	}
	t = new_table();
	d = (struct policy_decision){ .action = POLICY_TEMPFAIL };
	deferral_limit(t, &client, &path, 0, &d);
	ok(d.action == POLICY_TEMPFAIL, "no rule");
	deferral_free(t);
}

/* ---- threads, memory ---- */

static void *
defer_many(void *arg)
{
	unsigned int i;

	for (i = 0; i < 2 * LIMIT_DEFERRALS; i++)
		may_number(arg, i % 3 != 0, i % (LIMIT_DEFERRALS + 7), i);
	return NULL;
}

static void
test_threads(void)
{
	struct deferral_table *t = new_table();
	pthread_t threads[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		if (pthread_create(&threads[i], NULL, defer_many, t) != 0) {
			printf("Bail out! no thread\n");
			exit(1);
		}
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	may_number(t, true, 1, 0);
	ok(!may_number(t, true, 1, HOUR), "two threads, and still a table");
	deferral_free(t);
}

static void
test_memory(void)
{
	struct deferral_table *t;

	mem_fail_after(0, 1);
	t = deferral_new();
	mem_fail_after(0, 0);
	ok(t == NULL, "no memory, no table");
	deferral_free(t);
}

int
main(void)
{
	test_time();
	test_senders();
	test_limit();
	test_flood();
	test_again_limit();
	test_network();
	test_decisions();
	test_threads();
	test_memory();
	return tap_done();
}
