/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: SPF records.
 *
 * What must hold: what is read is in the input, in order, as visible
 * ASCII, by the rules of its kind; spaces at the end change nothing; and a
 * bad term at the end of a good record makes it a bad one, unless that has
 * as many terms as a record may have: then it is too long.  For one client
 * the outcome is the same, without networks of others.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "spf/macro_internal.h"
#include "spf/record_internal.h"
#include "tests/fuzz/fuzz.h"

static bool
within(struct slice part, struct slice whole)
{
	return part.ptr >= whole.ptr &&
	    part.ptr + part.len <= whole.ptr + whole.len;
}

static void
check_term(const struct spf_term *t, struct slice text)
{
	unsigned int letters;
	size_t i;

	must(t->text.len > 0 && within(t->text, text));
	for (i = 0; i < t->text.len; i++)
		must(ascii_is_vchar(t->text.ptr[i]));
	if (t->domain_spec.len > 0) {
		must(within(t->domain_spec, t->text));
		must(spf_domain_spec(t->domain_spec, &letters));
		must(letters == t->letters);
	}
	must(t->bits4 <= 32 && t->bits6 <= 128);
	if (t->kind == SPF_TERM_IP4)
		must(t->net.addr.family == IPADDR_V4 && t->net.bits <= 32);
	if (t->kind == SPF_TERM_IP6)
		must(t->net.addr.family == IPADDR_V6 && t->net.bits <= 128);
	if (t->kind == SPF_TERM_INCLUDE || t->kind == SPF_TERM_EXISTS)
		must(t->domain_spec.len > 0);
	must(t->result == AUTH_PASS || t->result == AUTH_FAIL ||
	    t->result == AUTH_SOFTFAIL || t->result == AUTH_NEUTRAL);
}

static size_t
check_record(const struct spf_record *r)
{
	const char *last = r->text.ptr;
	const struct spf_term *t;
	size_t n = 0;

	for (t = r->first; t != NULL; t = t->next) {
		check_term(t, r->text);
		must(t->kind != SPF_TERM_REDIRECT && t->kind != SPF_TERM_EXP);
		must(t->text.ptr > last);
		last = t->text.ptr;
		n++;
	}
	if (r->redirect != NULL) {
		check_term(r->redirect, r->text);
		must(r->redirect->kind == SPF_TERM_REDIRECT);
	}
	if (r->exp != NULL) {
		check_term(r->exp, r->text);
		must(r->exp->kind == SPF_TERM_EXP);
	}
	must(n <= LIMIT_SPF_RECORD_TERMS);
	return n;
}

/* Words after the version: mechanisms and modifiers, unknown ones too. */
static size_t
count_words(struct slice text)
{
	struct slice word;
	size_t n = 0;
	bool more;

	do {
		more = slice_cut(&text, ' ', &word);
		n += word.len > 0;
	} while (more);
	return n - 1;
}

/* The same text with something after it. */
static void
check_longer(struct slice text, struct arena *a, size_t count)
{
	char *copy = malloc(text.len + 8);
	struct spf_record r;

	if (copy == NULL)
		return;
	memcpy(copy, text.ptr, text.len);
	memcpy(copy + text.len, "   a:b.", 7);
	must(spf_record_parse((struct slice){ copy, text.len + 3 }, NULL, a,
	    &r) == SPF_RECORD_OK && check_record(&r) == count);
	must(spf_record_parse((struct slice){ copy, text.len + 7 }, NULL, a,
	    &r) == (count_words(text) == LIMIT_SPF_RECORD_TERMS ?
	    SPF_RECORD_TOO_LONG : SPF_RECORD_SYNTAX));
	free(copy);
}

/* The same, but for the networks of others. */
static void
check_for_client(struct slice text, struct arena *a,
    enum spf_record_status status, size_t count)
{
	struct ipaddr client = { .family = IPADDR_NONE };
	const struct spf_term *t;
	struct spf_record r;

	(void)ipaddr_parse(SLICE("192.0.2.1"), &client);
	must(spf_record_parse(text, &client, a, &r) == status);
	if (status != SPF_RECORD_OK)
		return;
	must(check_record(&r) <= count);
	for (t = r.first; t != NULL; t = t->next)
		must((t->kind != SPF_TERM_IP4 && t->kind != SPF_TERM_IP6) ||
		    ipnet_contains(&t->net, &client));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *a = arena_new(1u << 20);
	struct spf_record r;

	if (a == NULL)
		return 0;
	if (spf_record_is(text)) {
		switch (spf_record_parse(text, NULL, a, &r)) {
		case SPF_RECORD_OK:
			check_for_client(text, a, SPF_RECORD_OK,
			    check_record(&r));
			if (size + 7 <= LIMIT_SPF_RECORD)
				check_longer(text, a, check_record(&r));
			break;
		case SPF_RECORD_SYNTAX:
			check_for_client(text, a, SPF_RECORD_SYNTAX, 0);
			must(r.fault.len > 0 && within(r.fault, text));
			break;
		case SPF_RECORD_TOO_LONG:
		case SPF_RECORD_NO_MEMORY:
			must(size > LIMIT_SPF_RECORD_TERMS);
			break;
		}
	}
	arena_free(a);
	return 0;
}
