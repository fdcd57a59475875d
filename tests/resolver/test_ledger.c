/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/ledger.h"

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static const struct {
	const char *name;
	struct slice asked;
	enum dns_type type;
	bool same;		/* as example.com TXT */
} same_table[] = {
	{ "case", SLICE_INIT("EXAMPLE.com"), DNS_TYPE_TXT, true },
	{ "dot at the end", SLICE_INIT("example.com."), DNS_TYPE_TXT, true },
	{ "another type", SLICE_INIT("example.com"), DNS_TYPE_MX, false },
	{ "another name", SLICE_INIT("example.org"), DNS_TYPE_TXT, false }
};

static const struct {
	const char *name;
	struct slice asked;
} refused_table[] = {
	{ "empty", SLICE_INIT("") },
	{ "root", SLICE_INIT(".") },
	{ "empty label", SLICE_INIT("a..b") },
	{ "two dots at the end", SLICE_INIT("a..") },
	{ "NUL", SLICE_INIT("a\0b.example") },
	{ "8-bit", SLICE_INIT("\303\244.example") },
	{ "long label", SLICE_INIT("a123456789012345678901234567890123456789"
	    "012345678901234567890123.example") }
};

static const struct dns_answer *
new_answer(struct slice name)
{
	struct dns_draft d;

	if (!dns_answer_new(DNS_TYPE_TXT, name, 0, 0, &d))
		abort();
	return d.answer;
}

static void
test_life(void)
{
	struct dns_ledger *l = dns_ledger_new(10);
	const struct dns_answer *answer;
	struct dns_entry *e;
	size_t i;

	ok(dns_ledger_peek(l, SLICE("example.com"), DNS_TYPE_TXT) == NULL,
	    "peek at what was never asked");
	is_num((long long)dns_ledger_count(l), 0, "peek asks nothing");
	ok(dns_ledger_take_new(l) == NULL, "nothing new");
	ok(dns_ledger_first(l) == NULL, "no entry");
	ok(dns_ledger_ask(l, SLICE("Example.COM."), DNS_TYPE_TXT) == NULL,
	    "asked");
	for (i = 0; i < sizeof(same_table) / sizeof(same_table[0]); i++) {
		size_t before = dns_ledger_count(l);

		(void)dns_ledger_ask(l, same_table[i].asked,
		    same_table[i].type);
		is_num(dns_ledger_count(l) == before, same_table[i].same,
		    same_table[i].name);
	}
	is_num((long long)dns_ledger_count(l), 3, "three questions");
	is_num((long long)dns_ledger_open(l), 3, "all open");

	e = dns_ledger_take_new(l);
	is_bytes(e->name.ptr, e->name.len, "example.com", 11, "first name");
	is_num(e->type, DNS_TYPE_TXT, "first type");
	ok(e == dns_ledger_first(l), "it is the oldest");
	ok(e->asked_us == 0 && e->ledger == l, "its fields are zero");
	answer = new_answer(SLICE("example.com"));
	dns_ledger_answer(e, answer);
	is_num((long long)dns_ledger_open(l), 2, "one less open");
	ok(dns_ledger_ask(l, SLICE("example.com"), DNS_TYPE_TXT) == answer,
	    "ask gives the answer");
	ok(dns_ledger_peek(l, SLICE("EXAMPLE.com."), DNS_TYPE_TXT) == answer,
	    "peek, too");
	dns_ledger_answer(e, new_answer(SLICE("other.example")));
	ok(e->answer == answer, "the first answer stays");
	is_num((long long)dns_ledger_open(l), 2, "and counts once");

	e = dns_ledger_take_new(l);
	is_num(e->type, DNS_TYPE_MX, "second in order");
	ok(dns_ledger_first(l)->next == e, "linked");
	dns_ledger_close(l, DNS_TIMEOUT);
	is_num((long long)dns_ledger_open(l), 0, "closed");
	ok(e->answer == dns_answer_of(DNS_TIMEOUT), "with a timeout");
	ok(dns_ledger_first(l)->answer == answer, "answers stay");
	e = dns_ledger_take_new(l);
	ok(e != NULL && e->answer != NULL, "a closed one is still given");
	ok(dns_ledger_take_new(l) == NULL, "each is given once");
	ok(dns_ledger_ask(l, SLICE("new.example"), DNS_TYPE_A) == NULL,
	    "asked after the others were taken");
	e = dns_ledger_take_new(l);
	ok(e != NULL && e->type == DNS_TYPE_A, "and given");
	dns_ledger_free(l);
}

static void
test_refused(void)
{
	struct dns_ledger *l = dns_ledger_new(10);
	size_t i;

	for (i = 0; i < sizeof(refused_table) / sizeof(refused_table[0]);
	    i++) {
		ok(dns_ledger_ask(l, refused_table[i].asked, DNS_TYPE_A) ==
		    dns_answer_of(DNS_NOT_ASKED), "%s: not asked",
		    refused_table[i].name);
		ok(dns_ledger_peek(l, refused_table[i].asked, DNS_TYPE_A) ==
		    NULL, "%s: nothing to peek at", refused_table[i].name);
	}
	is_num((long long)dns_ledger_count(l), 0, "none was noted");
	dns_ledger_free(l);
}

static void
test_limit(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	const struct dns_answer *a = NULL;
	char name[32];
	int i;

	for (i = 0; i < LIMIT_DNS_QUESTIONS && a == NULL; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		a = dns_ledger_ask(l, slice_str(name), DNS_TYPE_TXT);
	}
	ok(a == NULL, "%d questions are noted", LIMIT_DNS_QUESTIONS);
	ok(dns_ledger_ask(l, SLICE("more.example"), DNS_TYPE_TXT) ==
	    dns_answer_of(DNS_NOT_ASKED), "one more is not");
	ok(dns_ledger_ask(l, SLICE("n0.example"), DNS_TYPE_TXT) == NULL,
	    "those noted still are");
	is_num((long long)dns_ledger_count(l), LIMIT_DNS_QUESTIONS, "count");
	dns_ledger_free(l);
}

static void
put_known(void *arg, struct dns_entry *e)
{
	unsigned int *puts = arg;

	++*puts;
	if (e->type == DNS_TYPE_A)
		dns_ledger_answer(e, dns_answer_of(DNS_NO_NAME));
}

static void
test_put(void)
{
	struct dns_ledger *l = dns_ledger_new(10);
	unsigned int puts = 0;

	dns_ledger_set_put(l, put_known, &puts);
	ok(dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_A) ==
	    dns_answer_of(DNS_NO_NAME), "an answer at hand comes at once");
	ok(dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_TXT) == NULL,
	    "another comes later");
	dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_TXT);
	is_num(puts, 2, "each question is put once");
	ok(dns_ledger_take_new(l) == NULL, "and not given out again");
	is_num((long long)dns_ledger_open(l), 1, "one is open");
	dns_ledger_free(l);
}

/* Whose memory it was makes no difference. */
static void
test_failed(void)
{
	struct dns_ledger *l = dns_ledger_new(1);

	(void)dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_A);
	(void)dns_ledger_ask(l, SLICE("b.example"), DNS_TYPE_A);
	dns_ledger_close(l, DNS_NOT_ASKED);
	ok(!dns_ledger_failed(l), "a budget that is spent is no want of it");
	dns_ledger_free(l);
	l = dns_ledger_new(1);
	(void)dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_A);
	dns_ledger_answer(dns_ledger_take_new(l), dns_answer_no_memory());
	ok(dns_ledger_failed(l) && dns_ledger_peek(l, SLICE("a.example"),
	    DNS_TYPE_A)->outcome == DNS_NOT_ASKED,
	    "no memory for an answer: not asked, and said");
	dns_ledger_free(l);
}

/* The question itself. */
static void
test_question(void)
{
	struct dns_ledger *l = dns_ledger_new(2);
	struct dns_entry *e;

	ok(dns_ledger_find(l, SLICE("a.example"), DNS_TYPE_A) == NULL &&
	    dns_ledger_count(l) == 0, "to find one puts none");
	e = dns_ledger_enter(l, SLICE("A.example."), DNS_TYPE_A);
	ok(e != NULL && e->answer == NULL, "put");
	ok(dns_ledger_find(l, SLICE("a.example"), DNS_TYPE_A) == e &&
	    dns_ledger_enter(l, SLICE("a.example"), DNS_TYPE_A) == e,
	    "it stays where it is");
	ok(dns_ledger_find(l, SLICE("a.example"), DNS_TYPE_AAAA) == NULL,
	    "another type is another question");
	ok(dns_ledger_enter(l, SLICE("b..example"), DNS_TYPE_A) == NULL &&
	    dns_ledger_find(l, SLICE("b..example"), DNS_TYPE_A) == NULL,
	    "no name");
	ok(dns_ledger_enter(l, SLICE("b.example"), DNS_TYPE_A) != NULL &&
	    dns_ledger_enter(l, SLICE("c.example"), DNS_TYPE_A) == NULL,
	    "not past the limit");
	dns_ledger_free(l);
}

/* The place beside an answer. */
static void
test_kept(void)
{
	const struct slice name = SLICE("a.example");
	struct dns_ledger *l = dns_ledger_new(10);
	void **spf, **dmarc;
	int mine = 0;

	ok(dns_ledger_kept(l, name, DNS_TYPE_TXT, DNS_KEEPER_SPF) == NULL,
	    "no place for what was never asked");
	(void)dns_ledger_ask(l, name, DNS_TYPE_TXT);
	ok(dns_ledger_kept(l, name, DNS_TYPE_TXT, DNS_KEEPER_SPF) == NULL,
	    "nor for what has no answer");
	dns_ledger_close(l, DNS_TIMEOUT);
	spf = dns_ledger_kept(l, name, DNS_TYPE_TXT, DNS_KEEPER_SPF);
	dmarc = dns_ledger_kept(l, SLICE("A.example."), DNS_TYPE_TXT,
	    DNS_KEEPER_DMARC);
	ok(spf != NULL && dmarc != NULL && spf != dmarc && *spf == NULL &&
	    *dmarc == NULL, "one for each keeper, empty at first");
	*spf = &mine;
	spf = dns_ledger_kept(l, name, DNS_TYPE_TXT, DNS_KEEPER_SPF);
	ok(*spf == &mine && *dmarc == NULL, "it stays");
	ok(dns_ledger_kept(l, name, DNS_TYPE_A, DNS_KEEPER_SPF) == NULL &&
	    dns_ledger_kept(l, SLICE("a..b"), DNS_TYPE_A, DNS_KEEPER_SPF) ==
	    NULL, "not for another type, nor for no name");
	mem_fail_after(0, 1);
	ok(dns_ledger_arena(l) == NULL, "no memory for it");
	mem_fail_after(0, 0);
	ok(dns_ledger_arena(l) != NULL && dns_ledger_arena(l) ==
	    dns_ledger_arena(l), "one arena for all of it");
	dns_ledger_forget(l);
	ok(*spf == NULL && *dmarc == NULL, "forgotten, with what was kept");
	dns_ledger_forget(l);
	ok(dns_ledger_peek(l, name, DNS_TYPE_TXT) != NULL &&
	    dns_ledger_arena(l) != NULL, "not the answer, and there may be "
	    "more");
	dns_ledger_free(l);
}

static void
test_no_memory(void)
{
	struct dns_ledger *l = NULL;
	const struct dns_answer *a;
	unsigned long n;

	for (n = 0; l == NULL && n < 10; n++) {
		mem_fail_after(n, 1);
		l = dns_ledger_new(10);
		if (mem_fail_hits() == 0)
			break;
		ok(l == NULL, "allocation %lu fails", n);
	}
	mem_fail_after(0, 1);
	a = dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_A);
	mem_fail_after(0, 0);
	ok(a == dns_answer_of(DNS_NOT_ASKED), "no memory for a question");
	ok(dns_ledger_failed(l), "it says so");
	ok(dns_ledger_ask(l, SLICE("a.example"), DNS_TYPE_A) == NULL,
	    "later there is");
	dns_ledger_free(l);
	dns_ledger_free(NULL);
}

int
main(void)
{
	test_life();
	test_refused();
	test_limit();
	test_put();
	test_failed();
	test_question();
	test_kept();
	test_no_memory();
	return tap_done();
}
