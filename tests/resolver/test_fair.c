/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/fair_internal.h"

#include <stdlib.h>

#include "tests/tap.h"

#define NOW (100 * FAIR_HALF_US)

static struct fair *
fresh(void)
{
	struct fair *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	return f;
}

/*
 * Two flows with a backlog each, message by message as `messages` says; who
 * is served of the first `served` turns?  The count of the second network.
 */
static const struct {
	const char	*name;
	unsigned int	 messages[2];	/* of the networks */
	unsigned int	 each;		/* questions of a message */
	unsigned int	 served, low, high;
} shares[] = {
	{ "one message each", { 1, 1 }, 40, 40, 19, 21 },
	{ "twenty messages beside one", { 20, 1 }, 40, 40, 18, 22 },
	{ "one beside twenty", { 1, 20 }, 40, 40, 18, 22 }
};

struct turn {
	uint64_t	turn;
	int		network;
};

static int
by_turn(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return (x->turn > y->turn) - (x->turn < y->turn);
}

/* All enter at the same time, those of the first network first. */
static unsigned int
served_of_second(struct fair *f, const unsigned int *messages,
    unsigned int each, unsigned int served)
{
	struct turn turns[2000];
	unsigned int count = 0, i, q, n, second = 0;

	for (q = 0; q < each; q++)
		for (n = 0; n < 2; n++)
			for (i = 0; i < messages[n]; i++)
				turns[count++] = (struct turn){
					fair_enter(f, (struct fair_who){
					    n + 1, 1000 * n + i + 1 }, false),
					(int)n };
	qsort(turns, count, sizeof(*turns), by_turn);
	for (i = 0; i < served; i++)
		second += turns[i].network == 1;
	return second;
}

static void
test_shares(void)
{
	struct fair *f;
	unsigned int got;
	size_t i;

	for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		f = fresh();
		got = served_of_second(f, shares[i].messages, shares[i].each,
		    shares[i].served);
		ok(got >= shares[i].low && got <= shares[i].high,
		    "%s: %u of %u turns", shares[i].name, got,
		    shares[i].served);
		free(f);
	}
}

/* In one network a message of few questions passes one of many. */
static void
test_messages(void)
{
	const struct fair_who many = { 7, 1 }, few = { 7, 2 };
	struct fair *f = fresh();
	uint64_t last = 0;
	int i;

	for (i = 0; i < 50; i++)
		last = fair_enter(f, many, true);
	ok(fair_enter(f, few, false) < last,
	    "the first of few is before the last of many, though those "
	    "decide");
	for (i = 0; i < 50; i++)
		fair_leave(f, many);
	fair_leave(f, few);
	is_num(f->networks[7].messages, 0, "no message waits");
	fair_served(f, last);
	fair_served(f, 1);
	ok(fair_enter(f, few, false) > last,
	    "who comes later begins with the turn that is served");
	free(f);
}

static void
test_weight(void)
{
	const struct fair_who who = { 3, 1 };
	struct fair *f = fresh();

	is_num((long long)fair_enter(f, who, false), FAIR_COST, "a question");
	is_num((long long)fair_enter(f, who, true), FAIR_COST +
	    FAIR_COST_DECIDES, "one that decides counts less");
	free(f);
}

static void
note(struct fair *f, struct fair_who who, unsigned int silent,
    unsigned int answered)
{
	while (silent-- > 0)
		fair_note_silence(f, who, NOW);
	while (answered-- > 0)
		fair_note_answer(f, who);
}

static void
test_suspect(void)
{
	const struct fair_who who = { 5, 1 }, other = { 6, 1 };
	struct fair *f = fresh();

	note(f, who, FAIR_SUSPECT - 1, 0);
	ok(!fair_is_suspect(f, who, NOW), "one silence less than the limit");
	note(f, who, 1, 0);
	ok(fair_is_suspect(f, who, NOW), "at the limit");
	ok(!fair_is_suspect(f, other, NOW), "another network is not");
	note(f, who, 0, 1);
	ok(!fair_is_suspect(f, who, NOW), "an answer counts");
	note(f, who, 1000, FAIR_WORST - FAIR_SUSPECT);
	ok(fair_is_suspect(f, who, NOW), "more than the worst: no further");
	note(f, who, 0, 1);
	ok(!fair_is_suspect(f, who, NOW), "so that answers clear it");
	note(f, who, 1000, 0);
	ok(fair_is_suspect(f, who, NOW + 3 * FAIR_HALF_US - 1),
	    "time forgets: two halves");
	ok(!fair_is_suspect(f, who, NOW + 3 * FAIR_HALF_US), "and the third");
	free(f);
}

int
main(void)
{
	test_shares();
	test_messages();
	test_weight();
	test_suspect();
	return tap_done();
}
