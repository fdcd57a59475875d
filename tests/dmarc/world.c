/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: what the tests of dmarc share.
 */
#include "tests/dmarc/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
die(const char *why, const char *what)
{
	printf("Bail out! %s: %s\n", why, what);
	exit(EXIT_FAILURE);
}

/* ---- zones ---- */

static bool
add_typed(struct dns_zone *z, struct slice name, struct slice type,
    struct slice value)
{
	if (slice_eq(type, SLICE("TXT")))
		return dns_zone_add(z, name, DNS_TYPE_TXT, 0, value);
	if (slice_eq(type, SLICE("CNAME")))
		return dns_zone_add_cname(z, name, value);
	if (slice_eq(type, SLICE("EXISTS")))
		return dns_zone_add_name(z, name);
	if (slice_eq(type, SLICE("SERVFAIL")))
		return dns_zone_add_outcome(z, name, DNS_SERVER_FAILURE, 2);
	return slice_eq(type, SLICE("TIMEOUT")) &&
	    dns_zone_add_outcome(z, name, DNS_TIMEOUT, 0);
}

struct dns_zone *
world_zone(const char *lines)
{
	struct slice rest = slice_str(lines), line, name, type;
	struct dns_zone *z = dns_zone_new();
	bool more = true;

	if (z == NULL)
		die("no memory", "");
	while (more) {
		more = slice_cut(&rest, '\n', &line);
		if (line.len == 0)
			continue;
		(void)slice_cut(&line, ' ', &name);
		(void)slice_cut(&line, ' ', &type);
		if (!add_typed(z, name, type, line))
			die("line of a zone refused", lines);
	}
	return z;
}

/* ---- requests ---- */

static enum dmarc_certainty
certainty_of(struct slice word)
{
	if (slice_eq(word, SLICE("pass")))
		return DMARC_IS_PASS;
	if (slice_eq(word, SLICE("temperror")))
		return DMARC_IS_TEMPERROR;
	if (slice_eq(word, SLICE("open")))
		return DMARC_IS_OPEN;
	return DMARC_IS_NOT_PASS;
}

void
world_request(const char *from, const char *identifiers,
    struct world_request *out)
{
	struct slice rest = slice_str(identifiers), word, part;
	struct arena *names = arena_new(LIMIT_CHECK_MEMORY);
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	out->from.state = MAIL_FROM_ABSENT;
	if (names == NULL)
		die("no memory", "");
	if (from != NULL)
		mail_from_parse(slice_str(from), names, &out->from);
	/* Nobody here looks at the list of names. */
	out->from.domain_count = 0;
	arena_free(names);
	while (rest.len > 0) {
		(void)slice_cut(&rest, ' ', &word);
		if (n == WORLD_IDENTIFIERS)
			die("too many identifiers", identifiers);
		(void)slice_cut(&word, '=', &part);
		out->identifiers[n].method = slice_eq(part, SLICE("spf")) ?
		    DMARC_SPF : DMARC_DKIM;
		(void)slice_cut(&word, ':', &part);
		out->identifiers[n].certainty = certainty_of(part);
		if (word.len > 0 && !domain_parse(word, &out->domains[n]))
			die("not a domain", identifiers);
		out->identifiers[n].domain = domain_slice(&out->domains[n]);
		n++;
	}
	out->request = (struct dmarc_request){ &out->from, out->identifiers,
	    n };
}

/* ---- texts ---- */

__attribute__((format(printf, 4, 5)))
static void
print(char *text, size_t size, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + *len, size - *len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size - *len)
		die("text too long", text);
	*len += (size_t)n;
}

const char *
world_text(const struct dmarc_verdict *v)
{
	static char text[4096];
	size_t len = 0;

	print(text, sizeof(text), &len, "%s from=%s org=%s",
	    auth_result_name(v->result), v->from_domain.text,
	    v->organizational_domain.text);
	if (v->has_record)
		print(text, sizeof(text), &len, " %s:%s=%s->%s%s",
		    v->policy_domain.text, v->tag,
		    dmarc_policy_name(v->published),
		    dmarc_policy_name(v->applied),
		    v->record.testing ? " t=y" : "");
	if (v->aligned_spf >= 0)
		print(text, sizeof(text), &len, " spf=%d", v->aligned_spf);
	if (v->aligned_dkim >= 0)
		print(text, sizeof(text), &len, " dkim=%d", v->aligned_dkim);
	if (v->authenticated)
		print(text, sizeof(text), &len, " dnssec");
	if (v->problem != NULL)
		print(text, sizeof(text), &len, " (%s)", v->problem);
	return text;
}

const char *
world_asked(const struct dns_ledger *l)
{
	static char text[64u << 10];
	const struct dns_entry *e;
	size_t len = 0;

	text[0] = '\0';
	for (e = dns_ledger_first(l); e != NULL; e = e->next)
		print(text, sizeof(text), &len, "%s%.*s", len > 0 ? " " : "",
		    SLICE_ARG(e->name));
	return text;
}

static void
note_step(void *arg, const struct dmarc_step *step)
{
	struct world_run *run = arg;

	print(run->trace, sizeof(run->trace), &run->trace_len, "%.*s: %s%s\n",
	    SLICE_ARG(step->name), step->found,
	    step->answer == NULL ? " (not asked)" : "");
}

/* ---- the resolver ---- */

uint32_t
world_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Takes all that is new into `open`. */
static size_t
take_new(struct dns_ledger *l, struct dns_entry **open, size_t n)
{
	struct dns_entry *e;

	while ((e = dns_ledger_take_new(l)) != NULL) {
		if (n == LIMIT_DNS_QUESTIONS)
			die("too many questions", "");
		open[n++] = e;
	}
	return n;
}

/* Answers question `i` of `n`, and closes the gap. */
static size_t
answer(struct dns_entry **open, size_t n, size_t i, const struct dns_zone *z)
{
	dns_ledger_answer(open[i],
	    dns_zone_answer(z, open[i]->name, open[i]->type));
	memmove(open + i, open + i + 1, (n - i - 1) * sizeof(open[0]));
	return n - 1;
}

static size_t
answer_some(struct dns_entry **open, size_t n, const struct dns_zone *z,
    enum world_order order, uint32_t *seed)
{
	if (order == WORLD_SINGLY)
		return answer(open, n, 0, z);
	if (order == WORLD_RANDOM) {
		do {
			n = answer(open, n, world_random(seed) % n, z);
		} while (n > 0 && world_random(seed) % 3 == 0);
		return n;
	}
	while (n > 0)
		n = answer(open, n, 0, z);
	return n;
}

void
world_go_on(const struct world_request *r, const struct dns_zone *z,
    struct dns_ledger *l, enum world_order order, uint32_t *seed,
    struct world_run *out)
{
	struct dns_entry *open[LIMIT_DNS_QUESTIONS];
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (scratch == NULL)
		die("no memory", "");
	for (;;) {
		out->calls++;
		if (dmarc_check(&r->request, l, scratch, note_step, out,
		    &out->verdict) == CHECK_DONE)
			break;
		if (out->trace_len > 0)
			die("trace before the end", out->trace);
		n = take_new(l, open, n);
		if (n == 0)
			die("pending without an open question", "");
		n = answer_some(open, n, z, order, seed);
	}
	out->questions = dns_ledger_count(l);
	arena_free(scratch);
}

void
world_check(const struct world_request *r, const struct dns_zone *z,
    enum world_order order, uint32_t *seed, struct world_run *out)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);

	if (l == NULL)
		die("no memory", "");
	world_go_on(r, z, l, order, seed, out);
	dns_ledger_free(l);
}

enum check_state
world_call(const struct world_request *r, struct dns_ledger *l,
    struct dmarc_verdict *out)
{
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	enum check_state state;

	if (scratch == NULL)
		die("no memory", "");
	state = dmarc_check(&r->request, l, scratch, NULL, NULL, out);
	arena_free(scratch);
	return state;
}
