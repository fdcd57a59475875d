/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envelope sender of a report: what is made is read again, what was
 * changed is not, and the limit of the local part.
 */
#include "report/verp.h"

#include "tests/tap.h"

#define POLICY UINT64_C(0x0123456789abcdef)

static const uint64_t key[2] = { 7, 9 }, other_key[2] = { 7, 10 };
static const struct slice destination = SLICE_INIT("dmarc@example.net");

static struct mail_mailbox
mailbox(const char *text)
{
	struct mail_mailbox m;

	if (!mail_mailbox_parse(slice_str(text), &m))
		printf("# no address: %s\n", text);
	return m;
}

static void
test_ids(void)
{
	static const struct {
		const char	*text;
		bool		 good;
	} rows[] = {
		{ "0123456789abcdef", true }, { "0123456789ABCDEF", true },
		{ "0000000000000000", false }, { "123456789abcdef", false },
		{ "00123456789abcdef", false }, { "0123456789abcdeg", false },
		{ "", false }, { "0x23456789abcdef", false } };
	char id[REPORT_ID];
	uint64_t policy;
	size_t i;

	report_id_make(POLICY, id);
	is_str(id, "0123456789abcdef", "letters and digits");
	report_id_make(1, id);
	is_str(id, "0000000000000001", "always as long");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy = POLICY;
		ok(report_id_read(slice_str(rows[i].text), &policy) ==
		    rows[i].good && (!rows[i].good || policy == POLICY),
		    "report_id \"%s\"", rows[i].text);
	}
}

static void
test_made(void)
{
	struct mail_mailbox bounce = mailbox("bounce@mx.example.org"), made;
	struct verp v;

	ok(verp_make(&bounce, key, POLICY, destination, &made), "made");
	ok(strncmp(made.text, "bounce+0123456789abcdef-", 24) == 0 &&
	    strcmp(made.text + 40, "@mx.example.org") == 0, "its form: %s",
	    made.text);
	ok(verp_read(&bounce, mail_mailbox_slice(&made), &v) &&
	    v.policy == POLICY, "read again");
	ok(verp_is_to(&v, key, destination), "about this destination");
	ok(!verp_is_to(&v, key, SLICE("dmarc@example.com")), "not another");
	ok(!verp_is_to(&v, other_key, destination), "not with another key");
	v.policy++;
	ok(!verp_is_to(&v, key, destination), "not about another report");
}

static void
test_read(void)
{
	static const struct {
		const char	*name, *address;
		bool		 good;
	} rows[] = {
		{ "without a tag", "b@x.example.org", false },
		{ "good", "b+0123456789abcdef-fedcba9876543210@x.example.org",
		  true },
		{ "upper case",
		  "B+0123456789ABCDEF-FEDCBA9876543210@X.EXAMPLE.ORG", true },
		{ "another domain",
		  "b+0123456789abcdef-fedcba9876543210@y.example.org", false },
		{ "another local part",
		  "c+0123456789abcdef-fedcba9876543210@x.example.org", false },
		{ "a longer local part",
		  "bb+0123456789abcdef-fedcba9876543210@x.example.org",
		  false },
		{ "no hash", "b+0123456789abcdef@x.example.org", false },
		{ "an empty hash", "b+0123456789abcdef-@x.example.org", false },
		{ "a short hash",
		  "b+0123456789abcdef-fedcba987654321@x.example.org", false },
		{ "more behind it",
		  "b+0123456789abcdef-fedcba9876543210-1@x.example.org",
		  false },
		{ "a short id",
		  "b+123456789abcdef-fedcba9876543210@x.example.org", false },
		{ "no digits",
		  "b+0123456789abcdxx-fedcba9876543210@x.example.org", false },
		{ "another mark",
		  "b=0123456789abcdef-fedcba9876543210@x.example.org", false },
		{ "in brackets",
		  "<b+0123456789abcdef-fedcba9876543210@x.example.org>",
		  false },
		{ "nothing", "", false }, { "only a host", "@x.example.org",
		  false } };
	struct mail_mailbox bounce = mailbox("b@x.example.org");
	struct verp v;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(verp_read(&bounce, slice_str(rows[i].address), &v) ==
		    rows[i].good, "%s", rows[i].name);
}

static void
test_limit(void)
{
	char text[128];
	struct mail_mailbox bounce, made;
	struct verp v;

	snprintf(text, sizeof(text), "%.*s@example.org", LIMIT_REPORT_BOUNCE,
	    "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd");
	bounce = mailbox(text);
	ok(verp_make(&bounce, key, POLICY, destination, &made) &&
	    verp_read(&bounce, mail_mailbox_slice(&made), &v) &&
	    mail_mailbox_local(&made).len == LIMIT_MAILBOX_LOCAL,
	    "as long as it may be");
	snprintf(text, sizeof(text), "%.*s@example.org",
	    LIMIT_REPORT_BOUNCE + 1,
	    "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd");
	bounce = mailbox(text);
	ok(!verp_make(&bounce, key, POLICY, destination, &made),
	    "one more is too long");
}

int
main(void)
{
	test_ids();
	test_made();
	test_read();
	test_limit();
	return tap_done();
}
