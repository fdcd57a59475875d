/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/users.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static const char file[] =
    "# who is who\n"
    "joe\tjoe@Example.ORG, joe+*@example.org  # and so on\n"
    "\n"
    "Joe second@example.org\n"
    "eve eve@b\xC3\xBC" "cher.example\r\n"
    "*@sales *@sales.example.org\n"
    "boss *\n"
    "* noreply@example.org";

static const struct {
	const char	*user, *local, *domain;
	bool		 may;
} rows[] = {
	{ "joe", "joe", "example.org", true },
	{ "JOE", "Joe", "example.org", true },
	{ "joe", "joe+list", "example.org", true },
	{ "joe", "second", "example.org", true },
	{ "joe", "joe", "example.com", false },
	{ "joe", "eve", "example.org", false },
	{ "joe", "", "example.org", false },
	{ "", "noreply", "example.org", false },
	{ "jo", "joe", "example.org", false },
	{ "joex", "joe", "example.org", false },
	{ "eve", "eve", "xn--bcher-kva.example", true },
	{ "tom@sales", "any", "sales.example.org", true },
	{ "tom@sales", "any", "example.org", false },
	{ "boss", "ceo", "elsewhere.example", true },
	{ "anybody", "noreply", "example.org", true }
};

static const struct {
	const char	*text, *why;
} bad[] = {
	{ "joe", "users:1: a user without addresses; allowed: USER ADDRESS "
	  "..." },
	{ "a a@b\njoe # joe@example.org\n", "users:2: a user without "
	  "addresses; allowed: USER ADDRESS ..." },
	{ "joe joe", "users:1: what follows the user is not an address; "
	  "allowed: addresses like joe@example.org, \"*@example.org\", and *" },
	{ "joe j*", "users:1: what follows the user is not an address; "
	  "allowed: addresses like joe@example.org, \"*@example.org\", and *" }
};

/* At the limit, and one past it. */
static void
test_limit(const char *user, size_t limit, const char *name)
{
	char why[200];
	struct users *u;
	struct buf b;
	size_t i;

	buf_init(&b, 64u << 20);
	for (i = 0; i < limit; i++)
		buf_addf(&b, "%s a@b\n", user);
	u = users_parse(buf_slice(&b), "users", why, sizeof(why));
	ok(u != NULL && users_count(u) == limit, "%s: at the limit", name);
	users_free(u);
	buf_addf(&b, "%s a@b\n", user);
	u = users_parse(buf_slice(&b), "users", why, sizeof(why));
	ok(u == NULL && strstr(why, "allowed: ") != NULL, "%s: one past it",
	    name);
	users_free(u);
	buf_fini(&b);
}

static void
test_words(void)
{
	char text[1000], why[200];
	struct users *u;
	size_t len;

	for (len = LIMIT_USERS_WORD; len <= LIMIT_USERS_WORD + 1; len++) {
		memset(text, 'x', sizeof(text));
		memcpy(text + len, " a@b", 5);
		u = users_parse(slice_str(text), "users", why, sizeof(why));
		ok((u != NULL) == (len == LIMIT_USERS_WORD),
		    "a user of %zu octets", len);
		users_free(u);
		memcpy(text, "u @", 3);
		memset(text + 3, 'x', len - 1);
		text[len + 2] = '\0';
		u = users_parse(slice_str(text), "users", why, sizeof(why));
		ok((u != NULL) == (len == LIMIT_USERS_WORD),
		    "an address of %zu octets", len);
		users_free(u);
	}
}

/* Want of memory is said, and nothing else. */
static void
test_memory(void)
{
	char why[200];
	struct users *u = NULL;
	unsigned long n;
	bool good = true;

	for (n = 0; u == NULL && n < 100; n++) {
		mem_fail_after(n, 1);
		u = users_parse(slice_str(file), "users", why, sizeof(why));
		mem_fail_after(0, 0);
		good = good && (u != NULL ||
		    strcmp(why, "users: out of memory") == 0);
	}
	ok(good && u != NULL && n > 2, "%lu allocations failed", n - 1);
	users_free(u);
}

int
main(void)
{
	char why[200] = "";
	struct users *u;
	size_t i;

	u = users_parse(slice_str(file), "users", why, sizeof(why));
	if (!ok(u != NULL, "the file is read: %s", why))
		return tap_done();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(users_may(u, slice_str(rows[i].user),
		    slice_str(rows[i].local), slice_str(rows[i].domain)) ==
		    rows[i].may, "%s as %s@%s", rows[i].user, rows[i].local,
		    rows[i].domain);
	users_free(u);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		u = users_parse(slice_str(bad[i].text), "users", why,
		    sizeof(why));
		is_str(u == NULL ? why : "taken", bad[i].why, bad[i].text);
		users_free(u);
	}
	test_limit("joe", LIMIT_USERS_ROWS, "addresses");
	test_limit("j*", LIMIT_USERS_PATTERNS, "users with a pattern");
	test_words();
	test_memory();
	return tap_done();
}
