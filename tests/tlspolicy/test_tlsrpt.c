/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspolicy/tlsrpt.h"

#include "resolver/zone.h"
#include "tests/tap.h"

#define NO_URI "rua has what is neither a mailto: nor an https: URI"
#define NO_FIELD "not a field of a name, = and a value"

/* `rua` NULL: no record; `problem` "": it does not count. */
static const struct {
	const char	*name;
	struct slice	 text;
	size_t		 uris;
	const char	*problem;
} records[] = {
	{ "mail", SLICE_INIT("v=TLSRPTv1; rua=mailto:a@b.example"), 1, NULL },
	{ "two", SLICE_INIT("v=TLSRPTv1;rua=mailto:a@b.example ,"
	    " https://c.example/x ;"), 2, NULL },
	{ "another field", SLICE_INIT("v=TLSRPTv1; x=y; rua=mailto:a@b"), 1,
	  NULL },
	{ "the first rua counts", SLICE_INIT("v=TLSRPTv1; rua=mailto:a@b; "
	    "rua=x"), 1, NULL },
	{ "no rua", SLICE_INIT("v=TLSRPTv1;"), 0, "no rua" },
	{ "no address", SLICE_INIT("v=TLSRPTv1; rua=mailto:@b"), 0, NO_URI },
	{ "http", SLICE_INIT("v=TLSRPTv1; rua=http://c.example/"), 0,
	  NO_URI },
	{ "no host", SLICE_INIT("v=TLSRPTv1; rua=https://"), 0, NO_URI },
	{ "an address alone", SLICE_INIT("v=TLSRPTv1; rua=a@b.example"), 0,
	  NO_URI },
	{ "comma at the end", SLICE_INIT("v=TLSRPTv1; rua=mailto:a@b,"), 1,
	  NO_URI },
	{ "size", SLICE_INIT("v=TLSRPTv1; rua=mailto:a@b!10m"), 1,
	  "no semicolon after a field" },
	{ "junk", SLICE_INIT("v=TLSRPTv1; junk"), 0, NO_FIELD },
	{ "NUL", SLICE_INIT("v=TLSRPTv1; rua=mailto:a@b\0"), 1,
	  "no semicolon after a field" },
	{ "no value", SLICE_INIT("v=TLSRPTv1; x="), 0,
	  "a field without a value" },
	{ "another version", SLICE_INIT("v=TLSRPTv10; rua=mailto:a@b"), 0,
	  "" },
	{ "version in lower case", SLICE_INIT("v=tlsrptv1; rua=mailto:a@b"),
	  0, "" },
	{ "empty", SLICE_INIT(""), 0, "" }
};

static void
test_records(void)
{
	struct tlsrpt_record r;
	size_t i;
	bool counts;

	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		counts = tlsrpt_record_parse(records[i].text, &r);
		if (records[i].problem == NULL) {
			ok(counts && r.found == TLSRPT_FOUND &&
			    r.uris == records[i].uris, "%s",
			    records[i].name);
		} else if (records[i].problem[0] == '\0') {
			ok(!counts && r.found == TLSRPT_NONE, "%s",
			    records[i].name);
		} else {
			is_str(r.problem, records[i].problem,
			    records[i].name);
			ok(r.found == TLSRPT_NONE, "%s: none",
			    records[i].name);
		}
	}
}

static void
test_answers(void)
{
	struct tlsrpt_record r;
	struct dns_draft d;

	tlsrpt_record_read(dns_answer_of(DNS_TIMEOUT), &r);
	ok(r.found == TLSRPT_UNKNOWN, "DNS does not answer");
	tlsrpt_record_read(dns_answer_of(DNS_NO_NAME), &r);
	ok(r.found == TLSRPT_NONE && r.problem == NULL, "no name");
	if (!ok(dns_answer_new(DNS_TYPE_TXT, SLICE("x"), 2, 0, &d), "memory"))
		return;
	d.records[0].text = SLICE("something else");
	d.records[1].text = SLICE("v=TLSRPTv1; rua=mailto:a@b.example");
	tlsrpt_record_read(d.answer, &r);
	ok(r.found == TLSRPT_FOUND &&
	    slice_eq(r.rua, SLICE("mailto:a@b.example")), "one of two counts");
	d.records[0].text = SLICE("v=TLSRPTv1; rua=mailto:c@d.example");
	tlsrpt_record_read(d.answer, &r);
	is_str(r.problem, "several records", "two are none");
	dns_answer_unref(d.answer);
}

int
main(void)
{
	test_records();
	test_answers();
	return tap_done();
}
