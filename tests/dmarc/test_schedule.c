/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold of any zone and any order of answers:
 *
 * 1. The verdict, the trace and the questions do not depend on the order
 *    and the grouping in which answers arrive.
 * 2. The walk from the Author Domain costs one round trip, all that follows
 *    a second one.
 * 3. Only names of the walks of RFC 9989 are asked, and the Author Domain
 *    for np; the walks of identifiers within their limit.
 * 4. Once an evaluation with open identifiers is done, no way in which they
 *    can end asks anything more, and the verdict is the one that would have
 *    come without the detour.
 */
#include "dmarc/dmarc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmarc/walk_internal.h"
#include "tests/dmarc/world.h"
#include "tests/tap.h"

#define SCENES 400
#define MOST_IDENTIFIERS 3

static const char *const domains[] = {
	"example.com", "a.example.com", "b.example.com", "x.a.example.com",
	"com", "example.net", "a.b.c.d.e.f.example.com",
	"z.a.b.c.d.e.f.example.com", "y.a.b.c.d.e.f.example.com",
	"f.example.com",
};
static const char *const certainties[] = { "pass", "fail", "temperror",
	"open" };
static const char *const records[] = {
	"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=reject",
	"TXT v=DMARC1; p=none; np=reject", "TXT v=DMARC1; p=none; psd=n",
	"TXT v=DMARC1; p=none; psd=y", "TXT v=DMARC1; p=none; adkim=s",
	"TXT v=DMARC1; p=reject; aspf=s; t=y", "TXT v=DMARC1",
	"TXT v=DMARC1; sp=x; p=reject; rua=mailto:a@b", "SERVFAIL",
	"SERVFAIL", "TXT something else",
};

struct scene {
	char		zone[16384];
	size_t		len;
	const char	*from;
	const char	*methods[MOST_IDENTIFIERS];
	const char	*domains[MOST_IDENTIFIERS];
	size_t		count;
};

static const char *
any(const char *const *from, size_t n, uint32_t *seed)
{
	return from[world_random(seed) % n];
}

#define ANY(list, seed) any(list, sizeof(list) / sizeof((list)[0]), seed)

static void
add_records(struct scene *s, const char *domain, uint32_t *seed)
{
	struct slice names[LIMIT_DMARC_WALK];
	size_t i, n = dmarc_walk_names(slice_str(domain), names);

	for (i = 0; i < n; i++) {
		if (world_random(seed) % 4 != 0)
			continue;
		s->len += (size_t)snprintf(s->zone + s->len,
		    sizeof(s->zone) - s->len, "_dmarc.%.*s %s\n",
		    SLICE_ARG(names[i]), ANY(records, seed));
	}
}

static void
make_scene(struct scene *s, uint32_t *seed)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	s->from = ANY(domains, seed);
	s->count = world_random(seed) % (MOST_IDENTIFIERS + 1);
	add_records(s, s->from, seed);
	for (i = 0; i < s->count; i++) {
		s->methods[i] = world_random(seed) % 3 == 0 ? "spf" : "dkim";
		s->domains[i] = world_random(seed) % 4 == 0 ? s->from :
		    ANY(domains, seed);
		add_records(s, s->domains[i], seed);
	}
	if (world_random(seed) % 8 == 0)
		s->len += (size_t)snprintf(s->zone + s->len,
		    sizeof(s->zone) - s->len, "%s TIMEOUT\n", s->from);
}

/* `way` in base 4 says how certain each identifier is. */
static void
make_request(const struct scene *s, size_t way, struct world_request *r)
{
	char from[300], words[1024];
	size_t i, n = 0;

	words[0] = '\0';
	for (i = 0; i < s->count; i++, way /= 4)
		n += (size_t)snprintf(words + n, sizeof(words) - n,
		    "%s%s=%s:%s", i > 0 ? " " : "", s->methods[i],
		    certainties[way % 4], s->domains[i]);
	(void)snprintf(from, sizeof(from), "a@%s", s->from);
	world_request(from, words, r);
}

static size_t
ways_of(const struct scene *s)
{
	return (size_t)1 << (2 * s->count);
}

static void
show(const struct scene *s, const struct world_request *r)
{
	size_t i;

	printf("# From %s\n", s->from);
	for (i = 0; i < r->request.count; i++)
		printf("# %s %s certainty %d\n", s->methods[i],
		    s->domains[i], (int)r->identifiers[i].certainty);
	for (i = 0; s->zone[i] != '\0'; i++) {
		if (i == 0 || s->zone[i - 1] == '\n')
			printf("# ");
		putchar(s->zone[i]);
	}
}

/* ---- 1, 2 ---- */

struct outcome {
	char		verdict[4096];
	char		trace[WORLD_TRACE];
	char		asked[8192];
	unsigned int	calls;
};

static void
run(const struct world_request *r, const struct dns_zone *z,
    enum world_order order, uint32_t *seed, struct outcome *out)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	static struct world_run w;

	if (l == NULL)
		abort();
	world_go_on(r, z, l, order, seed, &w);
	(void)snprintf(out->verdict, sizeof(out->verdict), "%s",
	    world_text(&w.verdict));
	(void)snprintf(out->trace, sizeof(out->trace), "%s", w.trace);
	(void)snprintf(out->asked, sizeof(out->asked), "%s",
	    world_asked(l));
	out->calls = w.calls;
	dns_ledger_free(l);
}

static bool
same(const struct outcome *a, const struct outcome *b)
{
	return strcmp(a->verdict, b->verdict) == 0 &&
	    strcmp(a->trace, b->trace) == 0 &&
	    strcmp(a->asked, b->asked) == 0;
}

static bool
check_orders(const struct world_request *r, const struct dns_zone *z,
    uint32_t *seed, struct outcome *out)
{
	static struct outcome other;
	int i;

	run(r, z, WORLD_TOGETHER, NULL, out);
	for (i = 0; i < 4; i++) {
		run(r, z, i == 0 ? WORLD_SINGLY : WORLD_RANDOM, seed,
		    &other);
		if (!same(out, &other)) {
			printf("# %s\n# %s\n", out->verdict, other.verdict);
			return false;
		}
	}
	return out->calls <= 3;
}

/* ---- 3 ---- */

static bool
is_in_walk(struct slice asked, struct slice start)
{
	struct slice names[LIMIT_DMARC_WALK];
	size_t i, n = dmarc_walk_names(start, names);

	for (i = 0; i < n; i++) {
		if (slice_eq(slice_head(asked, DMARC_PREFIX_LEN),
		    SLICE("_dmarc.")) &&
		    slice_eq(slice_from(asked, DMARC_PREFIX_LEN), names[i]))
			return true;
	}
	return false;
}

static bool
may_ask(const struct world_request *r, struct slice asked)
{
	const struct dmarc_identifier *id;
	struct slice author = domain_slice(&r->from.domain);
	size_t i;

	if (slice_eq(asked, author) || is_in_walk(asked, author))
		return true;
	for (i = 0; i < r->request.count; i++) {
		id = &r->identifiers[i];
		if (is_in_walk(asked, id->domain))
			return true;
	}
	return false;
}

static bool
check_asked(const struct world_request *r, const char *asked)
{
	struct slice rest = slice_str(asked), one;
	size_t count = 0;
	bool more = true;

	while (more) {
		more = slice_cut(&rest, ' ', &one);
		count++;
		if (!may_ask(r, one)) {
			printf("# %.*s\n", SLICE_ARG(one));
			return false;
		}
	}
	return count <= LIMIT_DMARC_WALK + 1 + LIMIT_DMARC_NAMES;
}

static void
test_orders(void)
{
	static struct outcome out;
	unsigned int seen[AUTH_RESULTS] = { 0 };
	struct world_request r;
	enum auth_result result;
	struct dns_zone *z;
	size_t i, way, bad = 0;
	static struct scene s;
	uint32_t seed = 4;

	for (i = 0; i < SCENES && bad == 0; i++) {
		make_scene(&s, &seed);
		z = world_zone(s.zone);
		for (way = 0; way < ways_of(&s) && bad == 0; way += 7) {
			make_request(&s, way, &r);
			bad += !check_orders(&r, z, &seed, &out);
			bad += !check_asked(&r, out.asked);
			for (result = 0; result < AUTH_RESULTS; result++)
				seen[result] += strncmp(out.verdict,
				    auth_result_name(result),
				    strlen(auth_result_name(result))) == 0;
		}
		if (bad > 0)
			show(&s, &r);
		dns_zone_free(z);
	}
	ok(bad == 0, "any order of answers: the same verdict, trace and "
	    "questions, and no question too much");
	ok(seen[AUTH_NONE] > 20 && seen[AUTH_PASS] > 20 &&
	    seen[AUTH_FAIL] > 20 && seen[AUTH_TEMPERROR] > 20,
	    "each result was seen: none %u, pass %u, fail %u, temperror %u",
	    seen[AUTH_NONE], seen[AUTH_PASS], seen[AUTH_FAIL],
	    seen[AUTH_TEMPERROR]);
}

/* ---- 4 ---- */

/* An identifier that is known in `from` has to be the same in `to`. */
static bool
may_become(size_t from, size_t to, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++, from /= 4, to /= 4) {
		if (from % 4 != 3 && from % 4 != to % 4)
			return false;
	}
	return true;
}

/* From `way`, all that its open identifiers can become. */
static bool
check_open(const struct scene *s, size_t way, const struct dns_zone *z)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	static struct world_run w;
	static struct outcome direct;
	struct world_request r;
	size_t to, questions;
	bool good = l != NULL;

	make_request(s, way, &r);
	world_go_on(&r, z, l, WORLD_TOGETHER, NULL, &w);
	questions = dns_ledger_count(l);
	for (to = 0; good && to < ways_of(s); to++) {
		if (!may_become(way, to, s->count))
			continue;
		make_request(s, to, &r);
		good = world_call(&r, l, &w.verdict) == CHECK_DONE &&
		    dns_ledger_count(l) == questions;
		run(&r, z, WORLD_TOGETHER, NULL, &direct);
		if (good && strcmp(direct.verdict,
		    world_text(&w.verdict)) != 0) {
			printf("# %s\n# %s\n", direct.verdict,
			    world_text(&w.verdict));
			good = false;
		}
		if (!good)
			show(s, &r);
	}
	dns_ledger_free(l);
	return good;
}

static void
test_open(void)
{
	static struct scene s;
	struct dns_zone *z;
	uint32_t seed = 63;
	bool good = true;
	size_t i;

	for (i = 0; i < SCENES / 4 && good; i++) {
		make_scene(&s, &seed);
		z = world_zone(s.zone);
		/* All open; and the first two known in any way. */
		good = check_open(&s, ways_of(&s) - 1, z) &&
		    check_open(&s, (ways_of(&s) - 1) & ~(size_t)15, z) &&
		    check_open(&s, (ways_of(&s) - 1) &
		    ~(size_t)(world_random(&seed) % 16), z);
		dns_zone_free(z);
	}
	ok(good, "done with open identifiers: no question comes after it, "
	    "and the verdict is the direct one");
}

/* Without any answer there is one thing to ask, and it is asked at once. */
static void
test_first_call(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct world_request r;
	struct dmarc_verdict v;

	world_request("a@a.b.c.d.e.f.g.example.com",
	    "spf=open:x.example.com dkim=open:example.com", &r);
	ok(world_call(&r, l, &v) == CHECK_PENDING, "pending");
	is_num((long long)dns_ledger_count(l), LIMIT_DMARC_WALK,
	    "the eight names of the walk");
	ok(world_call(&r, l, &v) == CHECK_PENDING &&
	    dns_ledger_count(l) == LIMIT_DMARC_WALK,
	    "called again without an answer: nothing new");
	dns_ledger_free(l);
}

int
main(void)
{
	test_first_call();
	test_orders();
	test_open();
	return tap_done();
}
