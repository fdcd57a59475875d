/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When no key signs any more, and one series for each domain.
 */
#include "milter/keydates.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "tests/tap.h"

#define EVER INT64_MAX
#define NEVER INT64_MIN
#define KEYS 3
#define NOW 1000

static const struct {
	const char	*name;
	struct {
		int64_t	from, until;
	} keys[KEYS];
	size_t		 count;
	int64_t		 want;
} cases[] = {
	{ "no dates", { { NEVER, EVER } }, 1, EVER },
	{ "an end", { { NEVER, 2000 } }, 1, 2000 },
	{ "a successor", { { NEVER, 2000 }, { 1500, 3000 } }, 2, 3000 },
	{ "one that follows at once", { { NEVER, 2000 }, { 2000, EVER } }, 2,
	    EVER },
	{ "a gap", { { NEVER, 2000 }, { 2001, EVER } }, 2, 2000 },
	{ "in any order", { { 2000, 3000 }, { NEVER, 2000 }, { 3000, 4000 } },
	    3, 4000 },
	{ "over", { { NEVER, 500 }, { NEVER, 800 } }, 2, 800 },
	{ "just over", { { NEVER, NOW } }, 1, NOW },
	{ "not begun", { { 2000, 3000 } }, 1, 0 },
	{ "begins now", { { NOW, 3000 } }, 1, 3000 },
};

static void
test_ends(void)
{
	struct config_sign_key keys[KEYS];
	struct config_sign rule = { .keys = keys };
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rule.key_count = cases[i].count;
		for (k = 0; k < rule.key_count; k++)
			keys[k] = (struct config_sign_key){
				.from = cases[i].keys[k].from,
				.until = cases[i].keys[k].until };
		is_num(keydates_end(&rule, NOW), cases[i].want,
		    cases[i].name);
	}
}

static struct policy_pattern
pattern(const char *text)
{
	struct policy_pattern p;

	policy_pattern_parse(slice_str(text), &p);
	return p;
}

static size_t
count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

static void
test_series(void)
{
	const struct policy_pattern both[] = { pattern("example.org"),
		pattern("*.example.org") }, again[] = {
		pattern("example.org"), pattern("example.net") };
	const struct config_sign_key key = { .selector = SLICE_INIT("s1"),
		.from = 1000000, .until = EVER }, other = {
		.selector = SLICE_INIT("s2"), .from = NEVER, .until = 2000000
	};
	const struct config_sign rules[] = {
		{ .domains = both, .domain_count = 2, .keys = &key,
		  .key_count = 1 },
		{ .domains = again, .domain_count = 2, .keys = &other,
		  .key_count = 1 },
		{ .domains = both, .domain_count = 2, .keys = &other,
		  .key_count = 1, .identity = SLICE_INIT("id.example") },
		{ .domains = again, .domain_count = 2, .keys = &other,
		  .key_count = 1, .identity = SLICE_INIT("id.example") },
	};
	const struct config c = { .sign = rules, .sign_count = 4 };
	struct exposition x;
	const char *text;

	exposition_begin(&x, EXPOSITION_TEXT);
	keydates_write(&x, &c, NULL, NOW);
	text = buf_cstr(&x.out);
	is_num((long long)count_of(text, "end_timestamp_seconds{domain=\""
	    "id.example\"} 2000000.0\n"), 1, "an identity is there once");
	is_num((long long)count_of(text, "signing_end_timestamp_seconds"
	    "{domain=\"example.org\"}"), 1, "and so is a pattern");
	is_num((long long)count_of(text, "key_begin_timestamp_seconds{domain="
	    "\"*.example.org\",selector=\"s1\"} 1000000.0\n"), 1,
	    "a key with a beginning");
	is_num((long long)count_of(text, "key_end_timestamp_seconds{domain="
	    "\"example.net\",selector=\"s2\"} 2000000.0\n"), 1,
	    "a key with an end");
	is_num((long long)count_of(text, "key_end_timestamp_seconds{domain="
	    "\"example.org\""), 0, "a key without one");
	exposition_fini(&x);
}

static void
test_limit(void)
{
	static struct policy_pattern list[LIMIT_METRICS_KEYS + 1];
	const struct config_sign_key key = { .selector = SLICE_INIT("s1"),
		.from = NEVER, .until = EVER };
	struct config_sign rule = { .domains = list, .keys = &key,
		.key_count = 1 };
	const struct config c = { .sign = &rule, .sign_count = 1 };
	struct exposition x;
	char name[32];
	size_t i;

	for (i = 0; i <= LIMIT_METRICS_KEYS; i++) {
		snprintf(name, sizeof(name), "d%zu.example", i);
		list[i] = pattern(name);
	}
	for (i = 0; i < 2; i++) {
		rule.domain_count = LIMIT_METRICS_KEYS + i;
		exposition_begin(&x, EXPOSITION_TEXT);
		keydates_write(&x, &c, NULL, NOW);
		is_num((long long)count_of(buf_cstr(&x.out), "} +Inf\n"),
		    LIMIT_METRICS_KEYS, i == 0 ? "at the limit" :
		    "and one past it");
		exposition_fini(&x);
	}
}

int
main(void)
{
	test_ends();
	test_series();
	test_limit();
	return tap_done();
}
