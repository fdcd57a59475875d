/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: DMARC records.
 *
 * What must hold: a record that is taken counts as one and is within the
 * limits; one that counts and is within them is taken; without a good p the
 * policy is bad; a record written anew from what was read says the same; so
 * does one in upper case, one with white space around its separators, and
 * one with an unknown tag more.
 */
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "dmarc/dmarc.h"
#include "dmarc/lint.h"
#include "tests/fuzz/fuzz.h"

static char room[4 * LIMIT_DMARC_RECORD];

/* All but the errors. */
static void
must_be_same(const struct dmarc_record *a, const struct dmarc_record *b)
{
	must(a->has_p == b->has_p && a->p == b->p);
	must(a->has_sp == b->has_sp && a->sp == b->sp);
	must(a->has_np == b->has_np && a->np == b->np);
	must(a->bad_policy == b->bad_policy && a->has_rua == b->has_rua);
	must(a->strict_dkim == b->strict_dkim);
	must(a->strict_spf == b->strict_spf);
	must(a->testing == b->testing && a->psd == b->psd);
}

/* What is after the version: from the first ";" on, or nothing. */
static size_t
tags_at(struct slice s)
{
	return slice_find(s, ';');
}

static size_t
count_separators(struct slice s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += s.ptr[i] == ';';
	return n;
}

static void
check_again(const struct dmarc_record *r)
{
	struct dmarc_record again;
	int n;

	if (r->bad_policy)
		return;
	n = snprintf(room, sizeof(room), "v=DMARC1;p=%s%s%s%s%s%s%s%s%s%s",
	    dmarc_policy_name(r->p), r->has_sp ? ";sp=" : "",
	    r->has_sp ? dmarc_policy_name(r->sp) : "",
	    r->has_np ? ";np=" : "",
	    r->has_np ? dmarc_policy_name(r->np) : "",
	    r->has_rua ? ";rua=mailto:a@example.com" : "",
	    r->strict_dkim ? ";adkim=s" : "", r->strict_spf ? ";aspf=s" : "",
	    r->testing ? ";t=y" : "", r->psd == DMARC_PSD_Y ? ";psd=y" :
	    r->psd == DMARC_PSD_N ? ";psd=n" : "");
	must(n > 0 && dmarc_record_parse((struct slice){ room, (size_t)n },
	    &again));
	must_be_same(r, &again);
	must(again.errors == 0);
}

static void
check_upper(struct slice s, const struct dmarc_record *r)
{
	struct dmarc_record again;
	size_t i, from = tags_at(s);

	for (i = 0; i < s.len; i++) {
		room[i] = s.ptr[i];
		if (i >= from && room[i] >= 'a' && room[i] <= 'z')
			room[i] = (char)(room[i] - ('a' - 'A'));
	}
	must(dmarc_record_parse((struct slice){ room, s.len }, &again));
	must_be_same(r, &again);
	must(r->errors == again.errors);
}

static void
check_blanks(struct slice s, const struct dmarc_record *r)
{
	struct dmarc_record again;
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == ';')
			room[n++] = '\t';
		room[n++] = s.ptr[i];
		if (s.ptr[i] == ';')
			room[n++] = ' ';
	}
	if (n > LIMIT_DMARC_RECORD)
		return;
	must(dmarc_record_parse((struct slice){ room, n }, &again));
	must_be_same(r, &again);
	must(r->errors == again.errors);
}

static void
check_one_more(struct slice s, const struct dmarc_record *r)
{
	static const char more[] = ";unknown=1";
	struct dmarc_record again;
	size_t len = s.len + sizeof(more) - 1;

	if (len > LIMIT_DMARC_RECORD ||
	    count_separators(s) + 1 > LIMIT_DMARC_TAGS)
		return;
	memcpy(room, s.ptr, s.len);
	memcpy(room + s.len, more, sizeof(more) - 1);
	must(dmarc_record_parse((struct slice){ room, len }, &again));
	must_be_same(r, &again);
	must(again.errors - r->errors <= 1);
}

/*
 * A lint_fn: every note is of a place in its record, and what is to be
 * published is a record with a policy.
 */
static void
check_note(void *arg, const struct lint_note *n)
{
	struct dmarc_record r;

	(void)arg;
	must(n->what != NULL);
	must(n->at <= n->record.len && n->len <= n->record.len - n->at);
	if (n->publish.len > 0)
		must(dmarc_record_parse(n->publish, &r) && !r.bad_policy);
}

static void
check_lint(struct slice text)
{
	struct dns_draft d;

	if (!dns_answer_new(DNS_TYPE_TXT, SLICE("_dmarc.example.com"), 1,
	    text.len, &d))
		return;
	if (text.len > 0)
		memcpy(d.text, text.ptr, text.len);
	d.records[0].text = (struct slice){ d.text, text.len };
	dmarc_lint(SLICE("_dmarc.example.com"), d.answer, check_note, NULL);
	dns_answer_unref(d.answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { (const char *)data, size };
	bool is = dmarc_record_is(s);
	struct dmarc_record r;

	check_lint(s);
	if (!dmarc_record_parse(s, &r)) {
		must(!is || size > LIMIT_DMARC_RECORD ||
		    count_separators(s) > LIMIT_DMARC_TAGS);
		must(!r.has_p && !r.bad_policy && r.errors == 0);
		return 0;
	}
	must(is && size <= LIMIT_DMARC_RECORD);
	must(r.has_p || r.bad_policy);
	check_again(&r);
	check_upper(s, &r);
	check_blanks(s, &r);
	check_one_more(s, &r);
	return 0;
}
