/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a check asks: round trips, what is asked ahead, and that no order of
 * the answers changes anything in the verdict.
 *
 * The properties are shown on worlds made at random: a few domains with
 * records of all terms, addresses, MX and PTR records, failures.
 *
 * 1. Verdict, counts and trace are the same whether all answers are there
 *    before the first call, or come round by round, or one at a time in any
 *    order.
 * 2. No question is asked to which an evaluation one by one could not be
 *    led: from the answers known when it was asked there are other answers
 *    with which it becomes the one that is needed.
 * 3. The number of questions is bounded, and so is how often the check looks
 *    for one in the ledger, though it starts again with every answer.  The
 *    linker leads these calls through here, where they are counted.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/spf/world.h"
#include "tests/tap.h"

/* What 4.6.4 lets one check ask: the first TXT and exp=, and ten terms with
   ten hosts each.  PTR and its names take the place of a term. */
#define SEQUENTIAL_MAX (2 + LIMIT_SPF_TERMS * (1 + LIMIT_SPF_MX))

#define WORLDS 3000

/* So often is a question looked for by a check (ours). */
#define SEARCHES_MAX 8

static struct world_run first, other;

static unsigned long searches;

struct dns_entry	*__real_dns_ledger_enter(struct dns_ledger *l,
			    struct slice name, enum dns_type type);
struct dns_entry	*__wrap_dns_ledger_enter(struct dns_ledger *l,
			    struct slice name, enum dns_type type);
struct dns_entry	*__real_dns_ledger_find(const struct dns_ledger *l,
			    struct slice name, enum dns_type type);
struct dns_entry	*__wrap_dns_ledger_find(const struct dns_ledger *l,
			    struct slice name, enum dns_type type);

struct dns_entry *
__wrap_dns_ledger_enter(struct dns_ledger *l, struct slice name,
    enum dns_type type)
{
	searches++;
	return __real_dns_ledger_enter(l, name, type);
}

struct dns_entry *
__wrap_dns_ledger_find(const struct dns_ledger *l, struct slice name,
    enum dns_type type)
{
	searches++;
	return __real_dns_ledger_find(l, name, type);
}

static struct spf_request
request(void)
{
	return world_request("192.0.2.1", "h.example", "u@a.example");
}

/* ---- round trips ---- */

static const struct {
	const char	*name, *zone;
	unsigned int	 calls;
	size_t		 questions;
	const char	*result;
} trips[] = {
	{ "three levels, nine lookups", "a.example TXT v=spf1 "
	    "include:b.example include:c.example include:d.example -all\n"
	    "b.example TXT v=spf1 include:e.example include:f.example ~all\n"
	    "c.example TXT v=spf1 include:g.example include:h.example ?all\n"
	    "d.example TXT v=spf1 include:i.example include:j.example -all\n"
	    "e.example TXT v=spf1 ip4:198.51.100.1 -all\n"
	    "f.example TXT v=spf1 ip4:198.51.100.2 -all\n"
	    "g.example TXT v=spf1 ip4:198.51.100.3 ~all\n"
	    "h.example TXT v=spf1 ip4:198.51.100.4 ~all\n"
	    "i.example TXT v=spf1 ip4:198.51.100.5 ?all\n"
	    "j.example TXT v=spf1 ip4:192.0.2.0/24 -all", 4, 10, "pass" },
	{ "one record with all terms", "a.example TXT v=spf1 a mx ptr "
	    "exists:%{i}.x.example a:b.example mx:c.example -all\n"
	    "a.example A 192.0.2.9\na.example MX 10 m.example\n"
	    "c.example MX 10 n.example\nc.example MX 20 o.example\n"
	    "b.example A 192.0.2.9\nm.example A 192.0.2.9\n"
	    "n.example A 192.0.2.9\no.example A 192.0.2.9\n"
	    "1.2.0.192.in-addr.arpa PTR p.a.example\n"
	    "p.a.example A 192.0.2.9", 4, 11, "fail" },
	{ "redirect is asked with the terms", "a.example TXT v=spf1 "
	    "include:b.example redirect=c.example\nb.example TXT v=spf1\n"
	    "c.example TXT v=spf1 +all", 3, 3, "pass" },
	{ "redirect after all is not", "a.example TXT v=spf1 "
	    "redirect=c.example include:b.example ~all\nb.example TXT v=spf1"
	    "\nc.example TXT v=spf1 +all", 3, 2, "softfail" },
	{ "a match before asks nothing", "a.example TXT v=spf1 "
	    "ip4:192.0.2.1 a mx include:b.example -all", 2, 1, "pass" },
	{ "a match after ends the asking", "a.example TXT v=spf1 a "
	    "ip4:192.0.2.1 mx include:b.example -all\na.example A 192.0.2.9",
	    3, 2, "pass" },
	{ "a syntax error asks nothing", "a.example TXT v=spf1 a mx:x foo",
	    2, 1, "permerror" },
	{ "exp with the terms", "a.example TXT v=spf1 a -all exp=e.example\n"
	    "a.example A 192.0.2.9\ne.example TXT why", 3, 3, "fail" },
	{ "no exp when no fail is possible", "a.example TXT v=spf1 a ~all "
	    "exp=e.example\na.example A 192.0.2.9\ne.example TXT why", 3, 2,
	    "softfail" },
	{ "no exp of an included record", "a.example TXT v=spf1 "
	    "include:b.example ~all\nb.example TXT v=spf1 a -all "
	    "exp=e.example\nb.example A 192.0.2.9", 4, 3, "softfail" },
	{ "%{p} first needs the names", "a.example TXT v=spf1 "
	    "exists:%{p}.x.example a:b.example -all\n"
	    "b.example A 192.0.2.9\n"
	    "1.2.0.192.in-addr.arpa PTR c.example\nc.example A 192.0.2.1", 5,
	    5, "fail" },
	{ "nothing after the third exists", "a.example TXT v=spf1 "
	    "exists:b.example exists:c.example exists:d.example a:e.example",
	    3, 4, "permerror" },
	{ "an include that cannot be passed", "a.example TXT v=spf1 "
	    "include:b.example a:c.example -all\n"
	    "b.example TXT v=spf1 a:d.example +all\nd.example A 192.0.2.9",
	    4, 4, "pass" },
	{ "the same name twice", "a.example TXT v=spf1 a a a -all\n"
	    "a.example A 192.0.2.9", 3, 2, "fail" },
};

static void
test_trips(void)
{
	struct spf_request r = request();
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(trips) / sizeof(trips[0]); i++) {
		z = world_zone(trips[i].zone);
		world_check(&r, z, WORLD_TOGETHER, 0, &first);
		is_str(auth_result_name(first.verdict.result),
		    trips[i].result, trips[i].name);
		is_num(first.calls, trips[i].calls, "its calls");
		is_num((long long)first.questions,
		    (long long)trips[i].questions, "its questions");
		dns_zone_free(z);
	}
}

/* ---- worlds at random ---- */

#define DOMAINS 6

/* x0.example, x1.example ... are the names of exists terms only. */
struct maker {
	uint32_t	 state;
	unsigned int	 exists;
	struct dns_zone	*zone;
	char		 line[2048];
	size_t		 len;
};

static unsigned int
pick(struct maker *m, unsigned int n)
{
	return world_random(&m->state) % n;
}

__attribute__((format(printf, 2, 3)))
static void
add_text(struct maker *m, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m->line + m->len, sizeof(m->line) - m->len, fmt, ap);
	va_end(ap);
	m->len += (size_t)n;
}

static void
add_exists(struct maker *m)
{
	unsigned int n = m->exists++;
	char line[64];

	add_text(m, "exists:x%u.example", n);
	(void)snprintf(line, sizeof(line), "x%u.example %s", n,
	    pick(m, 2) ? "A 127.0.0.2" : "SERVFAIL");
	if (pick(m, 4) == 0)
		world_add(m->zone, line);
}

static void
add_term(struct maker *m)
{
	unsigned int to = pick(m, DOMAINS);

	add_text(m, " ");
	if (pick(m, 3) == 0)
		add_text(m, "%c", "+-?~"[pick(m, 4)]);
	switch (pick(m, 12)) {
	case 0:
		add_text(m, "a:d%u.example/28", to);
		break;
	case 1:
		add_text(m, "a");
		break;
	case 2:
		add_text(m, "mx");
		break;
	case 3:
		add_text(m, "mx:d%u.example", to);
		break;
	case 4:
		add_text(m, "ptr:d%u.example", to);
		break;
	case 5:
		add_exists(m);
		break;
	case 6:
		add_text(m, "ip4:192.0.2.%u", pick(m, 8));
		break;
	case 7:
		add_text(m, "a:%%{p}");
		break;
	case 8:
		add_text(m, "all");
		break;
	default:
		add_text(m, "include:d%u.example", to);
	}
}

static void
add_record(struct maker *m, const char *name)
{
	unsigned int i, n = pick(m, 7);

	m->len = 0;
	add_text(m, "%s TXT v=spf1", name);
	for (i = 0; i < n; i++)
		add_term(m);
	if (pick(m, 4) == 0)
		add_text(m, " redirect=d%u.example", pick(m, DOMAINS));
	if (pick(m, 4) == 0)
		add_text(m, " exp=e%u.example", pick(m, 2));
	if (pick(m, 2) == 0)
		add_text(m, " -all");
	if (pick(m, 40) == 0)
		add_text(m, " foo");
	world_add(m->zone, m->line);
}

static void
add_mx(struct maker *m, const char *name)
{
	unsigned int i, n = pick(m, 30) == 0 ? 9 + pick(m, 3) : pick(m, 4);
	char line[128];

	for (i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), pick(m, 10) == 0 ?
		    "%s MX 0 ." : "%s MX %u m%u.example", name, pick(m, 3),
		    pick(m, 12));
		world_add(m->zone, line);
	}
}

static void
add_domain(struct maker *m, const char *name)
{
	static const char *const failures[] = { "TIMEOUT", "SERVFAIL" };
	char line[128];

	if (pick(m, 12) > 0)
		add_record(m, name);
	if (pick(m, 3) > 0) {
		(void)snprintf(line, sizeof(line), "%s A 192.0.2.%u", name,
		    pick(m, 32));
		world_add(m->zone, line);
	}
	add_mx(m, name);
	if (pick(m, 12) == 0) {
		(void)snprintf(line, sizeof(line), "%s %s", name,
		    failures[pick(m, 2)]);
		world_add(m->zone, line);
	}
}

static void
add_hosts(struct maker *m)
{
	char line[128];
	unsigned int i, n;

	for (i = 0; i < 12; i++) {
		(void)snprintf(line, sizeof(line), "m%u.example A "
		    "192.0.2.%u", i, pick(m, 24));
		if (pick(m, 8) > 0)
			world_add(m->zone, line);
	}
	n = pick(m, 10) == 0 ? 11 : pick(m, 4);
	for (i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "1.2.0.192.in-addr.arpa "
		    "PTR %s%u.example", pick(m, 2) ? "d" : "m",
		    pick(m, DOMAINS));
		world_add(m->zone, line);
	}
}

static struct dns_zone *
random_world(uint32_t seed)
{
	struct maker m = { .state = seed * 2654435761u, .zone =
	    dns_zone_new() };
	char name[32];
	unsigned int i;

	add_domain(&m, "a.example");
	for (i = 0; i < DOMAINS; i++) {
		(void)snprintf(name, sizeof(name), "d%u.example", i);
		add_domain(&m, name);
	}
	add_hosts(&m);
	world_add(m.zone, "e0.example TXT go away, %{i}");
	return m.zone;
}

/* ---- 1: the order of the answers ---- */

static bool
same(const struct world_run *a, const struct world_run *b)
{
	return memcmp(&a->verdict, &b->verdict, sizeof(a->verdict)) == 0 &&
	    a->events == b->events && strcmp(a->trace, b->trace) == 0;
}

/* All that the first run asked is answered before the first call. */
static void
check_beforehand(const struct spf_request *r, const struct dns_zone *z)
{
	struct dns_ledger *all = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	const struct dns_entry *e;
	struct dns_entry *n;

	world_go_on(r, z, all, WORLD_TOGETHER, 0, &first);
	for (e = dns_ledger_first(all); e != NULL; e = e->next)
		(void)dns_ledger_ask(l, e->name, e->type);
	while ((n = dns_ledger_take_new(l)) != NULL)
		dns_ledger_answer(n, dns_zone_answer(z, n->name, n->type));
	world_go_on(r, z, l, WORLD_TOGETHER, 0, &other);
	dns_ledger_free(l);
	dns_ledger_free(all);
}

static bool
check_orders(const struct dns_zone *z, uint32_t seed, size_t *most)
{
	struct spf_request r = request();
	uint32_t i;

	check_beforehand(&r, z);
	if (!same(&first, &other) || other.calls != 1)
		return false;
	for (i = 0; i < 6; i++) {
		world_check(&r, z, i == 0 ? WORLD_SINGLY : WORLD_RANDOM,
		    seed * 16 + i, &other);
		if (other.questions > *most)
			*most = other.questions;
		if (!same(&first, &other)) {
			printf("# world %u, order %u:\n# %s%s\n# %s%s\n",
			    seed, i, auth_result_name(first.verdict.result),
			    first.trace,
			    auth_result_name(other.verdict.result),
			    other.trace);
			return false;
		}
	}
	return true;
}

static void
test_orders(void)
{
	unsigned int results[AUTH_RESULTS] = { 0 };
	unsigned int i, bad = 0, explained = 0;
	struct dns_zone *z;
	size_t most = 0;

	for (i = 0; i < WORLDS; i++) {
		z = random_world(i);
		bad += !check_orders(z, i, &most);
		results[first.verdict.result]++;
		explained += first.verdict.explanation[0] != '\0';
		dns_zone_free(z);
	}
	ok(bad == 0, "%u of %d worlds depend on the order", bad, WORLDS);
	ok(most <= LIMIT_SPF_AHEAD + SEQUENTIAL_MAX,
	    "at most %zu questions in one check", most);
	/* The worlds show something only when all of this happens. */
	for (i = 0; i < AUTH_RESULTS; i++)
		ok(i == AUTH_POLICY || results[i] > WORLDS / 100,
		    "%u worlds are %s", results[i],
		    auth_result_name((enum auth_result)i));
	ok(explained > WORLDS / 100, "%u worlds explain", explained);
}

/* ---- 2: what is asked could be needed ---- */

static const struct dns_answer *
one_record(const struct dns_entry *e, const char *text, const char *address)
{
	size_t len = strlen(text);
	struct dns_draft d;

	if (!dns_answer_new(e->type, e->name, 1, len, &d))
		exit(EXIT_FAILURE);
	memcpy(d.text, text, len);
	d.answer->outcome = DNS_FOUND;
	d.records[0].text = (struct slice){ d.text, len };
	(void)ipaddr_parse(slice_str(address), &d.records[0].addr);
	return d.answer;
}

/*
 * A made-up answer.  The first world tried is one where nothing matches,
 * and void only where it must be; others are by chance, since a match with
 * "-" or "?" in an included record may be what leads on.
 */
static const struct dns_answer *
made_up(const struct dns_entry *e, uint32_t *chance)
{
	static const char *const texts[] = { "v=spf1", "v=spf1 +all" };
	static const char *const addresses[] = { "203.0.113.99",
		"192.0.2.1" };
	size_t i = *chance == 0 ? 0 : world_random(chance) % 2;
	char host[300];

	if (e->type == DNS_TYPE_TXT)
		return one_record(e, texts[i], "::");
	if (e->type == DNS_TYPE_A && e->name.ptr[0] == 'x' && i == 0)
		return dns_answer_of(DNS_NO_DATA);
	/* An address that fails may change what %{p} is. */
	if (*chance != 0 && world_random(chance) % 8 == 0)
		return dns_answer_of(DNS_SERVER_FAILURE);
	(void)snprintf(host, sizeof(host), "of-%.*s", SLICE_ARG(e->name));
	return one_record(e, host, addresses[i]);
}

static struct dns_ledger *
copy_known(const struct dns_ledger *from)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	const struct dns_entry *e;
	struct dns_entry *n;

	for (e = dns_ledger_first(from); e != NULL; e = e->next) {
		if (e->answer == NULL)
			continue;
		(void)dns_ledger_ask(l, e->name, e->type);
		n = dns_ledger_take_new(l);
		dns_ledger_answer(n, dns_answer_ref(e->answer));
	}
	return l;
}

/*
 * An evaluation one by one, from what is known and made-up answers for the
 * rest: does it come to need `q`?  The question that it needs is the first
 * that a call puts.
 */
static bool
comes_to_need(const struct spf_request *r, const struct dns_ledger *known,
    const struct dns_entry *q, uint32_t chance)
{
	struct dns_ledger *l = copy_known(known), *next;
	struct dns_entry *needed;
	struct spf_verdict v;
	bool found = false;

	while (!found && world_call(r, l, &v) == CHECK_PENDING) {
		needed = dns_ledger_take_new(l);
		found = needed->type == q->type &&
		    slice_eq(needed->name, q->name);
		dns_ledger_answer(needed, made_up(needed, &chance));
		next = copy_known(l);
		dns_ledger_free(l);
		l = next;
	}
	dns_ledger_free(l);
	return found;
}

static bool
can_be_needed(const struct spf_request *r, const struct dns_ledger *known,
    const struct dns_entry *q)
{
	uint32_t chance;

	for (chance = 0; chance < 200; chance++) {
		if (comes_to_need(r, known, q, chance))
			return true;
	}
	return false;
}

/* exp= needs a fail, to which a world without a match may not lead. */
static bool
is_exp(const struct dns_entry *e)
{
	return e->type == DNS_TYPE_TXT && e->name.ptr[0] == 'e';
}

/*
 * One run in random order; returns how many questions could never have been
 * needed, and counts all in `asked`.
 */
static unsigned int
count_useless(const struct spf_request *r, const struct dns_zone *z,
    uint32_t seed, unsigned int *asked)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dns_entry *open[LIMIT_DNS_QUESTIONS], *e;
	unsigned int useless = 0;
	struct spf_verdict v;
	size_t i, n = 0;

	while (world_call(r, l, &v) == CHECK_PENDING) {
		while ((e = dns_ledger_take_new(l)) != NULL) {
			open[n++] = e;
			++*asked;
			if (is_exp(e) || can_be_needed(r, l, e))
				continue;
			useless++;
			printf("# never needed: %s %.*s\n",
			    dns_type_name(e->type), SLICE_ARG(e->name));
		}
		i = world_random(&seed) % n;
		dns_ledger_answer(open[i], dns_zone_answer(z, open[i]->name,
		    open[i]->type));
		open[i] = open[--n];
	}
	dns_ledger_free(l);
	return useless;
}

static void
test_needed(void)
{
	unsigned int i, useless = 0, asked = 0;
	struct spf_request r = request();
	struct dns_zone *z;

	for (i = 0; i < WORLDS / 3; i++) {
		z = random_world(i);
		useless += count_useless(&r, z, i, &asked);
		dns_zone_free(z);
	}
	ok(useless == 0, "%u of %u questions could never be needed", useless,
	    asked);
}

/* ---- 3: the number of questions ---- */

/*
 * Ten includes, each of nine mx with ten hosts, whose records arrive from
 * the last to the first: each new one leads to other terms than before.
 */
static struct dns_zone *
hostile_world(void)
{
	struct dns_zone *z = dns_zone_new();
	char line[1024];
	unsigned int i, j, k;
	size_t len;

	len = (size_t)snprintf(line, sizeof(line), "a.example TXT v=spf1");
	for (i = 0; i < 10; i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    " include:i%u.example", i);
	world_add(z, line);
	for (i = 0; i < 10; i++) {
		len = (size_t)snprintf(line, sizeof(line),
		    "i%u.example TXT v=spf1", i);
		for (j = 0; j < 9; j++)
			len += (size_t)snprintf(line + len,
			    sizeof(line) - len, " mx:m%u-%u.example", i, j);
		world_add(z, line);
		for (j = 0; j < 9; j++) {
			for (k = 0; k < 10; k++) {
				(void)snprintf(line, sizeof(line),
				    "m%u-%u.example MX %u h%u-%u-%u.example",
				    i, j, k, i, j, k);
				world_add(z, line);
			}
		}
	}
	return z;
}

static void
test_bound(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dns_entry *open[LIMIT_DNS_QUESTIONS], *e;
	struct dns_zone *z = hostile_world();
	struct spf_request r = request();
	struct spf_verdict v;
	size_t n = 0;

	searches = 0;
	while (world_call(&r, l, &v) == CHECK_PENDING) {
		while ((e = dns_ledger_take_new(l)) != NULL)
			open[n++] = e;
		/* The newest first. */
		e = open[--n];
		dns_ledger_answer(e, dns_zone_answer(z, e->name, e->type));
	}
	ok(dns_ledger_count(l) > LIMIT_SPF_AHEAD &&
	    dns_ledger_count(l) <= LIMIT_SPF_AHEAD + SEQUENTIAL_MAX,
	    "%zu questions of a hostile tree", dns_ledger_count(l));
	is_str(auth_result_name(v.result), "permerror", "and its result");
	ok(searches <= SEARCHES_MAX * dns_ledger_count(l),
	    "looked for %lu times in all", searches);
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* With so many questions from before. */
static struct dns_ledger *
ledger_with(unsigned int count)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	char name[32];
	unsigned int i;

	for (i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "o%u.example", i);
		(void)dns_ledger_ask(l, slice_str(name), DNS_TYPE_TXT);
	}
	return l;
}

/*
 * At LIMIT_SPF_AHEAD questions nothing is asked ahead any more, and the
 * verdict is the same.
 */
static void
test_ahead_limit(void)
{
	struct dns_zone *z = world_zone("a.example TXT v=spf1 a:b.example "
	    "a:c.example a:d.example -all\nb.example A 192.0.2.9\n"
	    "c.example A 192.0.2.9\nd.example A 192.0.2.1");
	struct spf_request r = request();
	struct dns_ledger *l;
	unsigned int less;

	for (less = 0; less <= 5; less++) {
		l = ledger_with(LIMIT_SPF_AHEAD - less);
		world_go_on(&r, z, l, WORLD_TOGETHER, 0, &first);
		/* One by one: TXT and three addresses.  TXT and the first
		   address are needed; the other two are asked ahead. */
		is_num(first.calls, less <= 2 ? 5 : less == 3 ? 4 : 3,
		    "calls near the limit of asking ahead");
		is_str(first.verdict.mechanism, "a:d.example",
		    "and the verdict");
		dns_ledger_free(l);
	}
	dns_zone_free(z);
}

/* Two mx of LIMIT_SPF_MX hosts; the first host may be the client. */
static struct dns_zone *
hosts_world(const char *address)
{
	struct dns_zone *z = world_zone("a.example TXT v=spf1 mx:b.example "
	    "mx:c.example -all");
	char line[128];
	unsigned int i;

	for (i = 0; i < LIMIT_SPF_MX; i++) {
		(void)snprintf(line, sizeof(line),
		    "b.example MX %u h%u.b.example", i, i);
		world_add(z, line);
		(void)snprintf(line, sizeof(line),
		    "c.example MX %u h%u.c.example", i, i);
		world_add(z, line);
		(void)snprintf(line, sizeof(line), "h%u.b.example A %s", i,
		    i == 0 ? address : "192.0.2.9");
		world_add(z, line);
		(void)snprintf(line, sizeof(line),
		    "h%u.c.example A 192.0.2.9", i);
		world_add(z, line);
	}
	return z;
}

/*
 * With so many questions from before: how often the check is called, and how
 * many it puts.
 */
static void
check_hosts(const char *address, unsigned int before, unsigned int calls,
    size_t questions, const char *label)
{
	struct dns_ledger *l = ledger_with(before);
	struct dns_zone *z = hosts_world(address);
	struct spf_request r = request();

	world_go_on(&r, z, l, WORLD_TOGETHER, 0, &first);
	is_num(first.calls, calls, label);
	is_num((long long)(dns_ledger_count(l) - before),
	    (long long)questions, "questions");
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* The hosts of the term in hand are asked together, but no others. */
static void
test_hosts(void)
{
	check_hosts("192.0.2.9", LIMIT_SPF_AHEAD, 6, 3 + 2 * LIMIT_SPF_MX,
	    "past the limit, term by term");
	check_hosts("192.0.2.1", LIMIT_SPF_AHEAD, 4, 2 + LIMIT_SPF_MX,
	    "a match, and nothing of the next term");
	check_hosts("192.0.2.9", 0, 4, 3 + 2 * LIMIT_SPF_MX,
	    "below the limit, all of them");
}

int
main(void)
{
	test_trips();
	test_orders();
	test_needed();
	test_bound();
	test_ahead_limit();
	test_hosts();
	return tap_done();
}
