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

/* What is after "+" in front of "@". */
static struct slice
tag_of(const struct mail_mailbox *m)
{
	struct slice local = mail_mailbox_local(m);

	return slice_from(local, slice_find(local, '+') + 1);
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
	ok(verp_tag_read(tag_of(&made), &v) &&
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
		const char	*name, *tag;
		bool		 good;
	} rows[] = {
		{ "good", "0123456789abcdef-fedcba9876543210", true },
		{ "upper case", "0123456789ABCDEF-FEDCBA9876543210", true },
		{ "no hash", "0123456789abcdef", false },
		{ "an empty hash", "0123456789abcdef-", false },
		{ "a short hash", "0123456789abcdef-fedcba987654321", false },
		{ "more after it", "0123456789abcdef-fedcba9876543210-1",
		  false },
		{ "a short id", "123456789abcdef-fedcba9876543210", false },
		{ "no digits", "0123456789abcdxx-fedcba9876543210", false },
		{ "more before it", "b+0123456789abcdef-fedcba9876543210",
		  false },
		{ "nothing", "", false }, { "only the mark", "-", false } };
	struct verp v;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(verp_tag_read(slice_str(rows[i].tag), &v) ==
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
	    verp_tag_read(tag_of(&made), &v) &&
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
