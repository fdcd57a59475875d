/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alignment of each identifier, whether it passed or not, record or not.
 *
 * Want is one letter for each identifier: "s" the same name, "r" relaxed,
 * "-" not aligned, "?" not known.
 *
 * The second half holds dmarc_check() against a judge that is written apart,
 * from the text of RFC 9989 4.10.1 and 4.10.2, and takes no short cut: it
 * makes a whole walk for every name.
 */
#include "dmarc/dmarc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dmarc/world.h"
#include "tests/tap.h"

#define EXAMPLE "_dmarc.example.com TXT v=DMARC1; p=reject\n"
#define STRICT "_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s; aspf=s\n"

static const char letters[] = {
	[DMARC_NOT_ALIGNED] = '-',
	[DMARC_ALIGNED_STRICT] = 's',
	[DMARC_ALIGNED_RELAXED] = 'r',
	[DMARC_NOT_KNOWN] = '?',
};

static const char *
letters_of(const struct dmarc_verdict *v, size_t count)
{
	static char text[LIMIT_DMARC_IDENTIFIERS + 1];
	size_t i;

	for (i = 0; i < count; i++)
		text[i] = letters[v->alignments[i]];
	text[i] = '\0';
	return text;
}

static const struct {
	const char	*name;
	const char	*zone;
	const char	*from;
	const char	*identifiers;
	const char	*want;
	const char	*result;
} rows[] = {
	/* No one Author Domain: nothing is aligned (5.3.1). */
	{ .name = "two domains, the first of them signed", .zone =
	    "_dmarc.evil.example TXT v=DMARC1; p=none\n",
	    .from = "a@evil.example, ceo@bank.example",
	    .identifiers = "dkim=pass:evil.example dkim=pass:bank.example "
	    "spf=pass:evil.example", .want = "---", .result = "permerror" },
	{ .name = "no From field", .zone = EXAMPLE, .from = NULL,
	    .identifiers = "dkim=pass:example.com", .want = "-",
	    .result = "permerror" },
	{ .name = "no domain in it", .zone = EXAMPLE, .from = "a:;",
	    .identifiers = "dkim=pass:example.com spf=pass:", .want = "--",
	    .result = "permerror" },

	/* No record: each name is its own organization (4.10.2). */
	{ .name = "no record, the same name", .zone = "",
	    .from = "a@missing.example",
	    .identifiers = "dkim=pass:missing.example "
	    "dkim=fail:missing.example", .want = "ss", .result = "none" },
	{ .name = "no record, below", .zone = "", .from = "a@missing.example",
	    .identifiers = "dkim=pass:mail.missing.example "
	    "spf=fail:mail.missing.example", .want = "--",
	    .result = "none" },
	{ .name = "no record, above", .zone = "",
	    .from = "a@mail.missing.example",
	    .identifiers = "dkim=pass:missing.example dkim=pass:example",
	    .want = "--", .result = "none" },
	{ .name = "no record, siblings", .zone = "",
	    .from = "a@a.missing.example",
	    .identifiers = "dkim=pass:b.missing.example", .want = "-",
	    .result = "none" },
	{ .name = "no record of the author's, one of the other's", .zone =
	    "_dmarc.b.missing.example TXT v=DMARC1; p=none\n",
	    .from = "a@missing.example",
	    .identifiers = "dkim=pass:b.missing.example "
	    "dkim=pass:a.b.missing.example", .want = "--",
	    .result = "none" },
	{ .name = "a record of no use still makes an organization", .zone =
	    "_dmarc.example.com TXT v=DMARC1; adkim=s\n",
	    .from = "a@a.example.com",
	    .identifiers = "dkim=pass:b.example.com dkim=fail:example.com",
	    .want = "rr", .result = "none" },

	/* Whether it passed makes no difference. */
	{ .name = "a sibling with a broken signature", .zone =
	    "_dmarc.sp.example TXT v=DMARC1; p=reject\n",
	    .from = "a@sub.sp.example",
	    .identifiers = "dkim=fail:a.sp.example", .want = "r",
	    .result = "fail" },
	{ .name = "strict, and a child with a broken signature", .zone =
	    STRICT, .from = "a@example.com",
	    .identifiers = "dkim=fail:a.example.com dkim=fail:example.com "
	    "spf=fail:a.example.com", .want = "-s-", .result = "fail" },
	{ .name = "pass, fail, temperror, open", .zone = EXAMPLE,
	    .from = "a@example.com",
	    .identifiers = "dkim=fail:a.example.com dkim=open:b.example.com "
	    "spf=temperror:c.example.com dkim=pass:d.example.com",
	    .want = "rrrr", .result = "pass" },
	{ .name = "beside one of the author's that passed", .zone = EXAMPLE,
	    .from = "a@example.com",
	    .identifiers = "dkim=pass:example.com dkim=pass:a.example.com "
	    "dkim=pass:example.net", .want = "sr-", .result = "pass" },

	{ .name = "strict for one method", .zone =
	    "_dmarc.example.com TXT v=DMARC1; p=none; adkim=s\n",
	    .from = "a@example.com",
	    .identifiers = "spf=pass:a.example.com dkim=pass:a.example.com",
	    .want = "r-", .result = "pass" },
	{ .name = "strangers", .zone = EXAMPLE, .from = "a@example.com",
	    .identifiers = "spf=pass:example.net dkim=pass:com "
	    "dkim=pass:notexample.com", .want = "---", .result = "fail" },
	{ .name = "an organization of its own below", .zone = EXAMPLE
	    "_dmarc.b.example.com TXT v=DMARC1; p=none; psd=n\n",
	    .from = "a@example.com",
	    .identifiers = "dkim=pass:b.example.com "
	    "dkim=fail:a.b.example.com dkim=pass:c.example.com",
	    .want = "--r", .result = "pass" },
	{ .name = "under a public suffix", .zone =
	    "_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y\n",
	    .from = "a@x.bank.example",
	    .identifiers = "dkim=pass:y.bank.example "
	    "dkim=pass:z.x.bank.example dkim=pass:bank.example",
	    .want = "-r-", .result = "pass" },
	{ .name = "a public suffix itself", .zone =
	    "_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y\n",
	    .from = "a@bank.example",
	    .identifiers = "dkim=pass:y.bank.example dkim=pass:bank.example",
	    .want = "-s", .result = "pass" },

	/* DNS failed. */
	{ .name = "for the identifier", .zone = EXAMPLE
	    "_dmarc.a.example.com SERVFAIL\n", .from = "a@example.com",
	    .identifiers = "dkim=fail:a.example.com dkim=fail:b.example.com",
	    .want = "?r", .result = "fail" },
	{ .name = "for the record of the author", .zone =
	    "_dmarc.example.com TIMEOUT\n", .from = "a@example.com",
	    .identifiers = "dkim=pass:example.com dkim=pass:a.example.com "
	    "dkim=pass:example.net dkim=fail:a.example.com", .want = "s?-?",
	    .result = "temperror" },
	{ .name = "above the author: a stranger may be none", .zone =
	    EXAMPLE "_dmarc.com SERVFAIL\n", .from = "a@example.com",
	    .identifiers = "dkim=fail:example2.com dkim=fail:a.example.com "
	    "dkim=fail:example.net", .want = "?r-", .result = "fail" },
};

static void
test_rows(void)
{
	static struct world_run run;
	struct world_request r;
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		z = world_zone(rows[i].zone);
		world_request(rows[i].from, rows[i].identifiers, &r);
		world_check(&r, z, WORLD_TOGETHER, NULL, &run);
		is_str(letters_of(&run.verdict, r.request.count),
		    rows[i].want, rows[i].name);
		is_str(auth_result_name(run.verdict.result), rows[i].result,
		    "its result");
		dns_zone_free(z);
	}
}

/* ---- limits ---- */

/* Identifiers at `front`, a number, `back`. */
static void
make_many(struct dmarc_identifier *ids, struct domain *domains, size_t count,
    const char *front, const char *back)
{
	char text[DOMAIN_MAX + 1];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "%s%zu%s", front, i, back);
		if (!domain_parse(slice_str(text), &domains[i]))
			abort();
		ids[i] = (struct dmarc_identifier){ .method = DMARC_DKIM,
			.certainty = DMARC_IS_NOT_PASS,
			.domain = domain_slice(&domains[i]) };
	}
}

static size_t
check_many(const struct dmarc_identifier *ids, size_t count,
    struct world_run *run)
{
	struct dns_zone *z = world_zone(EXAMPLE);
	struct world_request r;

	world_request("a@example.com", "", &r);
	r.request.identifiers = ids;
	r.request.count = count;
	world_check(&r, z, WORLD_TOGETHER, NULL, run);
	dns_zone_free(z);
	return run->questions - 2;	/* _dmarc.example.com, _dmarc.com */
}

static void
test_names_limit(void)
{
	static struct world_run run;
	struct dmarc_identifier ids[LIMIT_DMARC_NAMES + 3];
	struct domain domains[LIMIT_DMARC_NAMES + 3];

	make_many(ids, domains, LIMIT_DMARC_NAMES + 1, "x", ".example.com");
	is_num((long long)check_many(ids, LIMIT_DMARC_NAMES, &run),
	    LIMIT_DMARC_NAMES, "as many names as there may be");
	ok(run.verdict.alignments[LIMIT_DMARC_NAMES - 1] ==
	    DMARC_ALIGNED_RELAXED, "the last one is aligned");
	is_num((long long)check_many(ids, LIMIT_DMARC_NAMES + 1, &run),
	    LIMIT_DMARC_NAMES, "one more asks nothing");
	ok(run.verdict.alignments[LIMIT_DMARC_NAMES] == DMARC_NOT_ALIGNED &&
	    run.verdict.alignments[0] == DMARC_ALIGNED_RELAXED,
	    "and is not aligned");

	/* The walk that is short comes first, wherever it is. */
	make_many(ids, domains, 8, "a.b.c.d.e", ".example.com");
	make_many(ids + 8, domains + 8, 1, "f", ".example.com");
	is_num((long long)check_many(ids, 9, &run), 31,
	    "of long walks no part is made");
	is_str(letters_of(&run.verdict, 9), "rrrrrr--r",
	    "the short one does not suffer");

	/* The same name again costs nothing. */
	make_many(ids, domains, LIMIT_DMARC_NAMES, "x", ".example.com");
	ids[LIMIT_DMARC_NAMES] = ids[0];
	is_num((long long)check_many(ids, LIMIT_DMARC_NAMES + 1, &run),
	    LIMIT_DMARC_NAMES, "the first name once more");
	ok(run.verdict.alignments[LIMIT_DMARC_NAMES] ==
	    DMARC_ALIGNED_RELAXED, "is aligned");
}

static void
test_identifiers_limit(void)
{
	static struct world_run run;
	static struct dmarc_identifier ids[LIMIT_DMARC_IDENTIFIERS + 1];
	static struct domain domains[LIMIT_DMARC_IDENTIFIERS + 1];
	const size_t last = LIMIT_DMARC_IDENTIFIERS - 1;

	make_many(ids, domains, last + 2, "x", ".example.net");
	ids[last].domain = ids[last + 1].domain = SLICE("example.com");
	ids[last + 1].certainty = DMARC_IS_PASS;
	(void)check_many(ids, last + 2, &run);
	ok(run.verdict.alignments[last] == DMARC_ALIGNED_STRICT &&
	    run.verdict.result == AUTH_FAIL,
	    "the last one counts, what is after it does not");
	ids[last].certainty = DMARC_IS_PASS;
	(void)check_many(ids, last + 2, &run);
	ok(run.verdict.result == AUTH_PASS &&
	    run.verdict.aligned_dkim == (int)last, "it may pass");
}

/* ---- against a judge of its own ---- */

#define WORLDS	2000
#define IDS	3

struct judge_record {
	const char	*name;
	char		 psd;		/* 'u', 'y', 'n' */
	bool		 adkim_s, aspf_s, has_p;
};

static const char *const names[] = {
	"com", "example.com", "a.example.com", "b.example.com",
	"x.a.example.com", "y.a.example.com", "example.net",
	"d.e.f.g.h.example.com", "c.d.e.f.g.h.example.com",
	"b.c.d.e.f.g.h.example.com", "z.b.c.d.e.f.g.h.example.com",
	"h.example.com",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* A record for each name or none (name NULL). */
struct world {
	struct judge_record	records[NAMES];
};

static const struct judge_record *
record_of(const struct world *w, const char *name)
{
	size_t i;

	for (i = 0; i < NAMES; i++) {
		if (w->records[i].name != NULL && strcmp(names[i], name) == 0)
			return &w->records[i];
	}
	return NULL;
}

static size_t
labels(const char *name)
{
	size_t n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

static const char *
parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

/* 4.10, step by step: the next name to query, or NULL. */
static const char *
next_name(const char *start, const char *name)
{
	name = parent(name);
	while (name != NULL && name > start && labels(name) > 7)
		name = parent(name);
	return name;
}

/* 4.10.2. */
static const char *
organization(const struct world *w, const char *start)
{
	const struct judge_record *r;
	const char *name, *highest = start, *below;

	for (name = start; name != NULL; name = next_name(start, name)) {
		r = record_of(w, name);
		if (r == NULL)
			continue;
		if (r->psd == 'n')
			return name;
		if (r->psd == 'y' && name != start) {
			for (below = start; parent(below) != name;
			    below = parent(below))
				;
			return below;
		}
		highest = name;
		if (r->psd == 'y')
			return name;
	}
	return highest;
}

/* 4.10.1: the record that says strict or relaxed; NULL: none. */
static const struct judge_record *
policy_of(const struct world *w, const char *author)
{
	const struct judge_record *r = record_of(w, author);
	const char *name;

	if (r == NULL)
		r = record_of(w, organization(w, author));
	for (name = author; r == NULL && name != NULL;
	    name = next_name(author, name)) {
		if (record_of(w, name) != NULL &&
		    record_of(w, name)->psd == 'y')
			r = record_of(w, name);
	}
	return r != NULL && r->has_p ? r : NULL;
}

static char
judge(const struct world *w, const char *author, bool spf, const char *domain)
{
	const struct judge_record *r = policy_of(w, author);

	if (strcmp(author, domain) == 0)
		return 's';
	if (r != NULL && (spf ? r->aspf_s : r->adkim_s))
		return '-';
	return strcmp(organization(w, author), organization(w, domain)) == 0 ?
	    'r' : '-';
}

static struct dns_zone *
make_world(struct world *w, uint32_t *seed)
{
	char lines[4096] = "";
	struct judge_record *r;
	size_t i, n = 0;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < NAMES; i++) {
		if (world_random(seed) % 3 != 0)
			continue;
		r = &w->records[i];
		r->name = names[i];
		r->psd = "uuuuny"[world_random(seed) % 6];
		r->adkim_s = world_random(seed) % 4 == 0;
		r->aspf_s = world_random(seed) % 4 == 0;
		r->has_p = world_random(seed) % 8 != 0;
		n += (size_t)snprintf(lines + n, sizeof(lines) - n,
		    "_dmarc.%s TXT v=DMARC1;%s psd=%c;%s%s\n", names[i],
		    r->has_p ? " p=none;" : "", r->psd,
		    r->adkim_s ? " adkim=s;" : "",
		    r->aspf_s ? " aspf=s;" : "");
	}
	return world_zone(lines);
}

/* False, with words on it: judge and check differ. */
static bool
compare(const struct world *w, const struct dns_zone *z, uint32_t *seed,
    unsigned int *seen)
{
	static struct world_run run;
	static const char *const states[] = { "pass", "fail", "open" };
	const char *author = names[world_random(seed) % NAMES], *d;
	char from[300], ids[1024] = "", want[IDS + 1] = "";
	struct world_request r;
	size_t i, n = 0;
	bool spf;

	for (i = 0; i < IDS; i++) {
		d = names[world_random(seed) % NAMES];
		spf = world_random(seed) % 3 == 0;
		want[i] = judge(w, author, spf, d);
		seen[(unsigned char)want[i]]++;
		n += (size_t)snprintf(ids + n, sizeof(ids) - n, "%s%s=%s:%s",
		    i > 0 ? " " : "", spf ? "spf" : "dkim",
		    states[world_random(seed) % 3], d);
	}
	(void)snprintf(from, sizeof(from), "a@%s", author);
	world_request(from, ids, &r);
	world_check(&r, z, WORLD_TOGETHER, NULL, &run);
	if (strcmp(letters_of(&run.verdict, IDS), want) == 0)
		return true;
	printf("# From %s, %s: got %s, want %s\n", from, ids,
	    letters_of(&run.verdict, IDS), want);
	return false;
}

static void
test_judge(void)
{
	unsigned int seen[256] = { 0 };
	uint32_t seed = 9989;
	struct dns_zone *z;
	struct world w;
	size_t i, bad = 0;

	for (i = 0; i < WORLDS && bad < 5; i++) {
		z = make_world(&w, &seed);
		bad += !compare(&w, z, &seed, seen);
		bad += !compare(&w, z, &seed, seen);
		dns_zone_free(z);
	}
	is_num((long long)bad, 0, "as a judge written apart says");
	ok(seen['s'] > 100 && seen['r'] > 100 && seen['-'] > 100,
	    "each answer was seen: s %u, r %u, - %u", seen['s'], seen['r'],
	    seen['-']);
}

int
main(void)
{
	test_rows();
	test_names_limit();
	test_identifiers_limit();
	test_judge();
	return tap_done();
}
