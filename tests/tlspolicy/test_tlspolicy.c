/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspolicy/tlspolicy.h"

#include "base/limits.h"
#include "tests/tap.h"

/* ---- keys ---- */

static const struct {
	struct slice	 key;
	const char	*text;		/* tlspolicy_hop_text(); NULL: none */
	bool		 is_smart;
} keys[] = {
	{ SLICE_INIT("example.com"), "example.com", false },
	{ SLICE_INIT("Example.COM"), "example.com", false },
	{ SLICE_INIT("example.com."), "example.com", false },
	{ SLICE_INIT("b\xc3\xbc" "cher.example"), "xn--bcher-kva.example",
	  false },
	{ SLICE_INIT("xn--bcher-kva.example"), "xn--bcher-kva.example",
	  false },
	{ SLICE_INIT("[Mail.example.com]"), "[mail.example.com]", true },
	{ SLICE_INIT("[mail.example.com.]:25"), "[mail.example.com]", true },
	{ SLICE_INIT("[mail.example.com]:587"), "[mail.example.com]:587",
	  true },
	{ SLICE_INIT("[mail.example.com]:submission"),
	  "[mail.example.com]:587", true },
	{ SLICE_INIT("[mail.example.com]:65535"),
	  "[mail.example.com]:65535", true },
	{ SLICE_INIT("example.com:25"), "example.com", true },
	{ SLICE_INIT("example.com:smtp"), "example.com", true },
	{ SLICE_INIT("example.com:587"), "example.com:587", true },
	{ SLICE_INIT("example.com:0587"), "example.com:587", true },
	{ SLICE_INIT("example.com:"), NULL, false },
	{ SLICE_INIT("example.com:0"), NULL, false },
	{ SLICE_INIT("example.com:65536"), NULL, false },
	{ SLICE_INIT("example.com:lmtp"), NULL, false },
	{ SLICE_INIT("example.com:25:25"), NULL, false },
	{ SLICE_INIT("example.com:-1"), NULL, false },
	{ SLICE_INIT(":25"), NULL, false },
	{ SLICE_INIT("[example.com"), NULL, false },
	{ SLICE_INIT("example.com]"), NULL, false },
	{ SLICE_INIT("[example.com]x"), NULL, false },
	{ SLICE_INIT("[example.com]x:25"), NULL, false },
	{ SLICE_INIT("[example.com]:"), NULL, false },
	{ SLICE_INIT("[example.com:25]"), NULL, false },
	{ SLICE_INIT("[[example.com]]"), NULL, false },
	{ SLICE_INIT("[]"), NULL, false },
	{ SLICE_INIT("["), NULL, false },
	{ SLICE_INIT("[localhost]"), NULL, false },
	{ SLICE_INIT("[.example.com]"), NULL, false },
	{ SLICE_INIT(".example.com"), NULL, false },
	{ SLICE_INIT(".com"), NULL, false },
	{ SLICE_INIT("[192.0.2.1]"), NULL, false },
	{ SLICE_INIT("[192.0.2.1]:25"), NULL, false },
	{ SLICE_INIT("192.0.2.1"), NULL, false },
	{ SLICE_INIT("192.0.2.1:25"), NULL, false },
	{ SLICE_INIT("2001:db8::1"), NULL, false },
	{ SLICE_INIT("[IPv6:2001:db8::1]"), NULL, false },
	{ SLICE_INIT("[2001:db8::1]:25"), NULL, false },
	{ SLICE_INIT("/var/run/socket"), NULL, false },
	{ SLICE_INIT("unix:/var/run/socket"), NULL, false },
	{ SLICE_INIT("localhost"), NULL, false },
	{ SLICE_INIT("user@example.com"), NULL, false },
	{ SLICE_INIT("a..b"), NULL, false },
	{ SLICE_INIT("exa mple.com"), NULL, false },
	{ SLICE_INIT("example\0.com"), NULL, false },
	{ SLICE_INIT("example.com, b.example"), NULL, false },
	{ SLICE_INIT("\xff.example"), NULL, false },
	{ SLICE_INIT("."), NULL, false },
	{ SLICE_INIT(""), NULL, false }
};

static void
test_keys(void)
{
	static char big[10000];
	char text[TLSPOLICY_HOP_MAX];
	struct tlspolicy_hop hop;
	size_t i;
	bool good;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		good = tlspolicy_key(keys[i].key, &hop);
		if (!ok(good == (keys[i].text != NULL), "key \"%.*s\"",
		    SLICE_ARG(keys[i].key)) || !good)
			continue;
		is_str(tlspolicy_hop_text(&hop, text).ptr, keys[i].text,
		    "its text");
		is_num(hop.is_smart, keys[i].is_smart, "a smart host");
		is_num(hop.is_host, keys[i].key.ptr[0] == '[', "a host");
	}
	memset(big, 'a', sizeof(big));
	for (i = 50; i < sizeof(big); i += 50)
		big[i] = '.';
	ok(!tlspolicy_key((struct slice){ big, sizeof(big) }, &hop),
	    "10,000 octets");
}

/* The longest name there is, with all that may be around it. */
static void
test_longest_key(void)
{
	char key[DOMAIN_MAX + 10] = "[", text[TLSPOLICY_HOP_MAX];
	struct tlspolicy_hop hop;
	size_t i;

	for (i = 1; i <= DOMAIN_MAX; i++)
		key[i] = i % 50 == 0 ? '.' : 'a';
	memcpy(key + 1 + DOMAIN_MAX, "]:65535", sizeof("]:65535"));
	if (ok(tlspolicy_key(slice_str(key), &hop), "253 octets"))
		is_str(tlspolicy_hop_text(&hop, text).ptr, key, "written");
}

static void
test_maps(void)
{
	static const struct {
		const char *map;
		int dialect;	/* -1: none */
	} rows[] = {
		{ "postfix", TLSPOLICY_POSTFIX },
		{ "QUERY", TLSPOLICY_POSTFIX },
		{ "query", TLSPOLICY_POSTFIX },
		{ "QUERYwithTLSRPT", TLSPOLICY_POSTFIX_TLSRPT },
		{ "querywithtlsrpt", TLSPOLICY_POSTFIX_TLSRPT },
		{ "sts", TLSPOLICY_SENDMAIL },
		{ "JSON", -1 }, { "", -1 }, { "postfix ", -1 }
	};
	enum tlspolicy_dialect d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_num(tlspolicy_dialect_parse(slice_str(rows[i].map), &d) ?
		    (int)d : -1, rows[i].dialect, rows[i].map);
}

/* ---- the table ---- */

static struct slice names[] = { SLICE_INIT("a.example"),
    SLICE_INIT("*.b.example") };
static const struct sts_policy enforce = { .mode = STS_MODE_ENFORCE,
    .max_age = 86400, .mx_count = 2, .mx = names };
static const struct sts_policy testing = { .mode = STS_MODE_TESTING,
    .max_age = 86400, .mx_count = 2, .mx = names };
static const struct sts_policy none = { .mode = STS_MODE_NONE,
    .max_age = 86400 };

#define SECURE "OK secure match=a.example:.b.example servername=hostname"
#define TLSRPT SECURE " policy_type=sts policy_domain=d.example" \
    " mx_host_pattern=a.example mx_host_pattern=*.b.example" \
    " { policy_string = version: STSv1 } { policy_string = mode: enforce }" \
    " { policy_string = mx: a.example } { policy_string = mx: *.b.example }" \
    " { policy_string = max_age: 86400 }"
#define TEMP "TEMP DNS fails to say whether the domain has DANE"
#define NO "NOTFOUND "

static const struct {
	const char		*name;
	struct tlspolicy_facts	 facts;
	const char		*want[3];	/* by dialect */
} rows[] = {
	{ "no policy", { NULL, DANE_NONE, DANE_NONE, 0, false },
	  { NO, NO, NO } },
	{ "no policy, DANE", { NULL, DANE_ALL, DANE_ALL, 0, true },
	  { NO, NO, NO } },
	{ "no policy, DNS fails", { NULL, DANE_FAILED, DANE_ALL, 0, false },
	  { NO, NO, NO } },
	{ "testing", { &testing, DANE_NONE, DANE_NONE, 0, false },
	  { NO, NO, NO } },
	{ "testing, DNS fails", { &testing, DANE_FAILED, DANE_NONE, 0,
	  false }, { NO, NO, NO } },
	{ "none", { &none, DANE_SOME, DANE_SOME, 0, false },
	  { NO, NO, NO } },
	{ "enforce, DANE at some hosts", { &enforce, DANE_SOME, DANE_SOME, 0,
	  false }, { "OK dane", "OK dane", SECURE } },
	{ "enforce, DANE at all hosts", { &enforce, DANE_ALL, DANE_ALL, 0,
	  false }, { "OK dane", "OK dane", SECURE } },
	{ "dane-only wanted, at some hosts", { &enforce, DANE_SOME,
	  DANE_SOME, 0, true }, { "OK dane", "OK dane", SECURE } },
	{ "dane-only wanted, at all hosts", { &enforce, DANE_ALL, DANE_ALL,
	  0, true }, { "OK dane-only", "OK dane-only", SECURE } },
	{ "enforce, no DANE", { &enforce, DANE_NONE, DANE_NONE, 0, false },
	  { SECURE, TLSRPT, SECURE } },
	{ "enforce, not known in time", { &enforce, DANE_UNKNOWN,
	  DANE_UNKNOWN, 0, false }, { NO, NO, SECURE } },
	{ "enforce, DNS fails", { &enforce, DANE_FAILED, DANE_UNKNOWN, 0,
	  false }, { TEMP, TEMP, SECURE } },
	{ "the last second of the hour", { &enforce, DANE_FAILED, DANE_NONE,
	  LIMIT_TLSPOLICY_TEMP - 1, false }, { TEMP, TEMP, SECURE } },
	{ "after an hour, it had none", { &enforce, DANE_FAILED, DANE_NONE,
	  LIMIT_TLSPOLICY_TEMP, false }, { SECURE, TLSRPT, SECURE } },
	{ "after an hour, it had DANE", { &enforce, DANE_FAILED, DANE_SOME,
	  LIMIT_TLSPOLICY_TEMP, false }, { "OK dane", "OK dane", SECURE } },
	{ "after an hour, it had DANE at all", { &enforce, DANE_FAILED,
	  DANE_ALL, LIMIT_TLSPOLICY_TEMP, true },
	  { "OK dane-only", "OK dane-only", SECURE } },
	{ "after an hour, never known", { &enforce, DANE_FAILED,
	  DANE_UNKNOWN, LIMIT_TLSPOLICY_TEMP, false },
	  { SECURE, TLSRPT, SECURE } }
};

static void
test_table(void)
{
	enum tlspolicy_answer answer;
	const char *why;
	struct buf b;
	size_t i, d;

	buf_init(&b, LIMIT_TLSPOLICY_REPLY);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (d = 0; d < 3; d++) {
			why = NULL;
			answer = tlspolicy_decide(&rows[i].facts,
			    (enum tlspolicy_dialect)d, &why);
			buf_reset(&b);
			tlspolicy_write(answer, (enum tlspolicy_dialect)d,
			    SLICE("d.example"), rows[i].facts.sts, &b);
			is_str(buf_cstr(&b), rows[i].want[d], rows[i].name);
			ok(why != NULL, "why: %s", why);
		}
	}
	buf_fini(&b);
}

/* The largest policy that there can be, in the longest dialect. */
static void
test_largest(void)
{
	static char text[DOMAIN_MAX];
	static struct slice many[LIMIT_STS_MX];
	struct sts_policy p = { .mode = STS_MODE_ENFORCE,
		.max_age = LIMIT_STS_MAX_AGE, .mx_count = LIMIT_STS_MX,
		.mx = many };
	struct buf b;
	size_t i;

	memset(text, 'a', sizeof(text));
	for (i = 0; i < LIMIT_STS_MX; i++)
		many[i] = (struct slice){ text, sizeof(text) };
	buf_init(&b, LIMIT_TLSPOLICY_REPLY);
	tlspolicy_write(TLSPOLICY_SECURE, TLSPOLICY_POSTFIX_TLSRPT,
	    (struct slice){ text, sizeof(text) }, &p, &b);
	ok(!buf_failed(&b), "%zu octets fit", b.len);
	buf_fini(&b);
}

int
main(void)
{
	test_keys();
	test_longest_key();
	test_maps();
	test_table();
	test_largest();
	return tap_done();
}
