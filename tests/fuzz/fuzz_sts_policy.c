/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: MTA-STS policies, and the answers made of them.
 *
 * What must hold: a policy that is taken is within the limits; written anew
 * it reads the same; an answer made of it fits, and is one line of printable
 * ASCII whose braces are ours.
 */
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tlspolicy/ststext.h"
#include "tlspolicy/tlspolicy.h"

static size_t
count(struct slice s, char c)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static void
check_answer(const struct sts_policy *p, enum tlspolicy_dialect dialect,
    struct buf *b)
{
	size_t i;

	buf_reset(b);
	tlspolicy_write(TLSPOLICY_SECURE, dialect, SLICE("d.example"), p, b);
	must(!buf_failed(b));
	for (i = 0; i < b->len; i++)
		must(b->ptr[i] >= ' ' && b->ptr[i] <= '~');
	must(count(buf_slice(b), '{') ==
	    (dialect == TLSPOLICY_POSTFIX_TLSRPT ? p->mx_count + 3 : 0));
	must(count(buf_slice(b), '{') == count(buf_slice(b), '}'));
}

static void
check_policy(const struct sts_policy *p)
{
	struct arena *arena = arena_new(1u << 20);
	struct sts_policy again, *copy = sts_policy_copy(p);
	const char *problem;
	struct buf b;

	buf_init(&b, LIMIT_TLSPOLICY_REPLY);
	ststext_write(p, &b);
	must(sts_policy_parse(buf_slice(&b), arena, &again, &problem) ==
	    STS_PARSED && ststext_eq(p, &again));
	must(copy != NULL && ststext_eq(p, copy));
	if (p->mode == STS_MODE_ENFORCE) {
		check_answer(p, TLSPOLICY_POSTFIX, &b);
		check_answer(p, TLSPOLICY_POSTFIX_TLSRPT, &b);
	}
	mem_free(copy);
	buf_fini(&b);
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = { (const char *)data, size };
	struct arena *arena = arena_new(1u << 20);
	const char *problem;
	struct sts_policy p;
	enum sts_parsed parsed = sts_policy_parse(body, arena, &p, &problem);

	must((parsed == STS_INVALID) == (problem != NULL));
	must(p.mx_count <= LIMIT_STS_MX && p.max_age <= LIMIT_STS_MAX_AGE);
	if (parsed == STS_PARSED) {
		must(p.mx_count > 0 || p.mode == STS_MODE_NONE);
		check_policy(&p);
	}
	arena_free(arena);
	return 0;
}
