/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a whole check.  Each line is a TXT record, the first one that
 * of a.example, the others those of n1.example, n2.example and so on;
 * addresses, MX and PTR records are in a fixed zone.
 *
 * What must hold: the verdict is well-formed, its counts are within the
 * limits or say why it is a permerror, and it is the same whether the
 * answers come together, one by one or in any order.
 */
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "spf/lint.h"
#include "tests/fuzz/fuzz.h"
#include "tests/spf/world.h"

#define NAMES 12

static struct dns_zone *
fuzz_zone(struct slice rest)
{
	struct dns_zone *z = world_zone("a.example A 192.0.2.9\n"
	    "a.example MX 10 n1.example\nn1.example A 192.0.2.1\n"
	    "n2.example A 192.0.2.9\nn3.example SERVFAIL\n"
	    "n4.example MX 10 n1.example\nn4.example MX 5 n2.example\n"
	    "n5.example MX 0 .\nn6.example TIMEOUT\nn7.example MX 1 n3.example"
	    "\n1.2.0.192.in-addr.arpa PTR n1.example\n"
	    "1.2.0.192.in-addr.arpa PTR n2.example");
	char name[32] = "a.example";
	struct slice line;
	unsigned int i;
	bool more = true;

	for (i = 1; more && i <= NAMES; i++) {
		more = slice_cut(&rest, '\n', &line);
		(void)dns_zone_add(z, slice_str(name), DNS_TYPE_TXT, 0, line);
		(void)snprintf(name, sizeof(name), "n%u.example", i);
	}
	return z;
}

static void
check_printable(const char *s, size_t size)
{
	size_t i;

	for (i = 0; i < size && s[i] != '\0'; i++)
		must(ascii_is_vchar(s[i]) || s[i] == ' ');
	must(i < size);
}

static void
check_verdict(const struct spf_verdict *v)
{
	bool error = v->result == AUTH_NONE || v->result == AUTH_TEMPERROR ||
	    v->result == AUTH_PERMERROR;

	must(error == (v->problem != NULL));
	must(v->terms <= LIMIT_SPF_TERMS + 1);
	must(v->terms <= LIMIT_SPF_TERMS || v->result == AUTH_PERMERROR);
	must(v->voids <= LIMIT_SPF_VOID + 1);
	must(v->voids <= LIMIT_SPF_VOID || v->result == AUTH_PERMERROR);
	must(v->explanation[0] == '\0' || v->result == AUTH_FAIL);
	must(!error || v->mechanism[0] == '\0');
	must((v->mechanism[0] == '\0') == (v->record_domain[0] == '\0'));
	check_printable(v->mechanism, sizeof(v->mechanism));
	check_printable(v->record_domain, sizeof(v->record_domain));
	check_printable(v->explanation, sizeof(v->explanation));
	check_printable(v->problem_name, sizeof(v->problem_name));
}

/* A lint_fn: every note is of a place in its record. */
static void
check_note(void *arg, const struct lint_note *n)
{
	(void)arg;
	must(n->what != NULL && n->domain.len > 0);
	must(n->at <= n->record.len && n->len <= n->record.len - n->at);
}

static void
check_lint(const struct dns_zone *z)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	struct spf_lint_sum sum;
	struct domain domain;
	struct dns_entry *e;

	must(l != NULL && scratch != NULL &&
	    domain_parse(SLICE("a.example"), &domain));
	while (spf_lint(&domain, l, scratch, check_note, NULL, &sum) ==
	    CHECK_PENDING) {
		e = dns_ledger_take_new(l);
		must(e != NULL);
		for (; e != NULL; e = dns_ledger_take_new(l))
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	}
	arena_free(scratch);
	dns_ledger_free(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	static struct world_run together, other;
	struct dns_zone *z = fuzz_zone(text);
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");
	uint32_t seed;

	world_check(&r, z, WORLD_TOGETHER, 0, &together);
	check_verdict(&together.verdict);
	for (seed = 0; seed < 3; seed++) {
		world_check(&r, z, seed == 0 ? WORLD_SINGLY : WORLD_RANDOM,
		    seed, &other);
		must(memcmp(&together.verdict, &other.verdict,
		    sizeof(other.verdict)) == 0);
		must(together.events == other.events);
		must(strcmp(together.trace, other.trace) == 0);
	}
	check_lint(z);
	dns_zone_free(z);
	return 0;
}
