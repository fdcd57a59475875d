/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields that claim to be ours, by all their names.
 */
#include "mail/forged.h"

#include "mail/authres.h"
#include "tests/tap.h"

#define OURS	SLICE_INIT("mx.example.org")

static const struct slice ids[] = { OURS, SLICE_INIT("old.example.org") };

/* Spellings that some reader takes for "mx.example.org". */
static const struct slice taken_for_ours[] = {
	SLICE_INIT(" mx.example.org; none"),
	SLICE_INIT(" MX.example.ORG; none"),
	SLICE_INIT(" old.example.org; none"),
	SLICE_INIT(" =?utf-8?b?bXguZXhhbXBsZS5vcmc7IGRtYXJjPXBhc3M=?="),
	SLICE_INIT(" =?utf-8?q?mx=2Eexample.org?=; dmarc=pass"),
	SLICE_INIT(" =?utf-8?Q?mx.example.org;_dmarc=3Dpass?="),
	SLICE_INIT(" other.example; =?utf-8?q?x?= dmarc=pass"),
	SLICE_INIT(" =?us-ascii?q?mx?= .example.org; none"),
	SLICE_INIT(" =?mx.example.org; none"),
	SLICE_INIT("\xc2\xa0mx.example.org; none"),
	SLICE_INIT(" \xc2\xa0mx.example.org; dmarc=pass"),
	SLICE_INIT(" mx.example.org\xc2\xa0; dmarc=pass"),
	SLICE_INIT(" \xe3\x80\x80mx.example.org; none"),
	SLICE_INIT(" \xef\xbb\xbfmx.example.org; none"),
	SLICE_INIT(" \xe2\x80\x8bmx.example.org; none"),
	SLICE_INIT(" m\xc2\xadx.example.org; none"),
	SLICE_INIT(" \xef\xbd\x8d\xef\xbd\x98.example.org; none"),
	SLICE_INIT(" mx\xe3\x80\x82" "example.org; none"),
	SLICE_INIT(" \" mx.example.org\"; none"),
	SLICE_INIT(" \"mx.example.org\t\"; none"),
	SLICE_INIT(" \"mx.example.org;\"; none"),
	SLICE_INIT(" \"mx.exam\\ple.org\"; none"),
	SLICE_INIT(" \"(x)mx.example.org\"; none"),
	SLICE_INIT(" (x)mx.example.org(y); none"),
	SLICE_INIT("\r\n\tmx.example.org\r\n\t; none"),
	SLICE_INIT(" mx.example.org 2; none"),
	SLICE_INIT(" mx.example.org"),
	SLICE_INIT(" mx.example.org dmarc=pass"),
	SLICE_INIT(" other.example mx.example.org; dmarc=pass"),
	SLICE_INIT(" ; mx.example.org; dmarc=pass")
};

static const struct slice foreign[] = {
	SLICE_INIT(" mx.example.com; dmarc=pass"),
	SLICE_INIT(" mx.example.org.evil.example; dmarc=pass"),
	SLICE_INIT(" notmx.example.org; none"),
	SLICE_INIT(" \"mx-2.example.com\"; none"),
	SLICE_INIT(" b\xc3\xbc" "cher.example; none"),
	SLICE_INIT(" mx_1.example.com; dkim=pass header.b=abc="),
	SLICE_INIT(" mx.example.com; dkim=pass (a=b?c) header.d=x.example")
};

static bool
finds(const struct forged_search *search, const char *name,
    struct slice value)
{
	struct arena *arena = arena_new(1u << 20);
	struct forged_field *list;
	struct mail_header h;
	size_t count = 0;

	mail_header_init(&h, arena);
	(void)mail_header_add(&h, slice_str(name), value);
	(void)forged_find(search, &h, arena, &list, &count);
	arena_free(arena);
	return count == 1;
}

static void
test_spellings(void)
{
	const struct forged_search search = { .ids = ids, .id_count = 2 };
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(taken_for_ours) / sizeof(*taken_for_ours);
	    i++) {
		ok(finds(&search, "Authentication-Results",
		    taken_for_ours[i]), "removed: %.*s",
		    SLICE_ARG(taken_for_ours[i]));
		snprintf(text, sizeof(text), " i=1;%.*s",
		    SLICE_ARG(taken_for_ours[i]));
		ok(finds(&search, "ARC-Authentication-Results",
		    slice_str(text)), "removed with an instance: %s", text);
	}
	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		ok(!finds(&search, "Authentication-Results", foreign[i]),
		    "kept: %.*s", SLICE_ARG(foreign[i]));
		snprintf(text, sizeof(text), " i=1;%.*s",
		    SLICE_ARG(foreign[i]));
		ok(!finds(&search, "ARC-Authentication-Results",
		    slice_str(text)), "kept with an instance: %s", text);
	}
}

/* By name, the highest first; what was lost goes with them. */
static void
test_order(void)
{
	static const struct {
		const char *name, *value;
	} fields[] = {
		{ "Authentication-Results", " mx.example.org; none" },
		{ "Received-SPF", " pass" },
		{ "ARC-Authentication-Results", " i=1; mx.example.org; none" },
		{ "Authentication-Results", " other.example; none" },
		{ "AUTHENTICATION-results", " mx.example.org; none" },
		{ "Received-SPF", " fail" }
	};
	struct arena *arena = arena_new(1u << 20);
	struct forged_search search = { .ids = ids, .id_count = 1 };
	struct forged_field *list;
	struct mail_header h;
	char got[300] = "";
	size_t count, i, n, round;

	mail_header_init(&h, arena);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		(void)mail_header_add(&h, slice_str(fields[i].name),
		    slice_str(fields[i].value));
	for (round = 0; round < 2; round++) {
		ok(forged_find(&search, &h, arena, &list, &count), "found");
		for (i = n = 0; i < count; i++)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%.*s %u,", SLICE_ARG(list[i].name),
			    list[i].instance);
		is_str(got, round == 0 ? "Authentication-Results 3,"
		    "Authentication-Results 1,ARC-Authentication-Results 1,"
		    : "Authentication-Results 4,Authentication-Results 3,"
		    "Authentication-Results 1,ARC-Authentication-Results 1,"
		    "Received-SPF 2,Received-SPF 1,", "their order");
		search.received_spf = true;
		forged_note_lost(&search, SLICE("authentication-results"));
		forged_note_lost(&search, SLICE("Subject"));
	}
	ok(forged_is_ours(&search, &h), "one of ours is there");
	mail_header_init(&h, arena);
	ok(forged_is_ours(&search, &h), "or was lost");
	search.lost[FORGED_AUTHRES] = 0;
	ok(!forged_is_ours(&search, &h), "none");
	arena_free(arena);
}

int
main(void)
{
	test_spellings();
	test_order();
	return tap_done();
}
