/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts: every field of them, from zone, From and identifiers.
 *
 * Want is the line that world_text() makes: result, Author Domain,
 * Organizational Domain, "policy domain:tag=published->applied", index of
 * the aligned identifiers, and the problem.
 */
#include "dmarc/dmarc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dmarc/walk_internal.h"
#include "tests/dmarc/world.h"
#include "tests/tap.h"

struct row {
	const char	*name;
	const char	*zone;
	const char	*from;
	const char	*identifiers;
	const char	*want;
};

#define EXAMPLE "_dmarc.example.com TXT v=DMARC1; p=reject\n"

/* ---- the From field ---- */

static const struct row from_rows[] = {
	{ "no From", EXAMPLE, NULL, "dkim=pass:example.com",
	    "permerror from= org= (there is no From field)" },
	{ "two domains", EXAMPLE, "a@example.com, b@example.net",
	    "dkim=pass:example.com",
	    "permerror from= org= (%s)" },
	{ "no mailbox", EXAMPLE, "undisclosed:;", "dkim=pass:example.com",
	    "permerror from= org= (%s)" },
	{ "cannot be read", EXAMPLE, "a@example.com-",
	    "dkim=pass:example.com", "permerror from= org= (%s)" },
	{ "not well formed, one domain all the same", EXAMPLE,
	    "A, Inc. <a@example.com>", "dkim=pass:example.com",
	    "pass from=example.com org=example.com "
	    "example.com:p=reject->reject dkim=0" },
	{ "not well formed, and not of that domain", EXAMPLE,
	    "A, Inc. <a@example.com>", "dkim=pass:example.net",
	    "fail from=example.com org=example.com "
	    "example.com:p=reject->reject" },
	{ "an address literal", EXAMPLE, "a@[192.0.2.1]",
	    "dkim=pass:example.com", "permerror from= org= (%s)" },
	{ "empty", EXAMPLE, "", "dkim=pass:example.com",
	    "permerror from= org= (%s)" },
	{ "one domain twice", EXAMPLE, "a@example.com, b@EXAMPLE.COM.",
	    "dkim=pass:example.com", "pass from=example.com "
	    "org=example.com example.com:p=reject->reject dkim=0" },
	{ "U-labels", "_dmarc.xn--bcher-kva.example TXT v=DMARC1; p=none\n",
	    "a@b\xc3\xbc""cher.example", "dkim=pass:xn--bcher-kva.example",
	    "pass from=xn--bcher-kva.example org=xn--bcher-kva.example "
	    "xn--bcher-kva.example:p=none->none dkim=0" },
	{ "one label, a public suffix",
	    "_dmarc.bank TXT v=DMARC1; p=reject; psd=y\n", "a@bank", "",
	    "fail from=bank org=bank bank:p=reject->reject" },
	{ "one label, no record", "", "a@localhost", "spf=pass:localhost",
	    "none from=localhost org=localhost (no policy record)" },
};

/* ---- policy discovery ---- */

static const struct row policy_rows[] = {
	{ "none at all", "", "a@example.com", "spf=pass:example.com",
	    "none from=example.com org=example.com (no policy record)" },
	{ "of the Author Domain, not of the one above it",
	    "_dmarc.a.example.com TXT v=DMARC1; p=none; sp=reject\n" EXAMPLE,
	    "a@a.example.com", "",
	    "fail from=a.example.com org=example.com "
	    "a.example.com:p=none->none" },
	{ "of the Organizational Domain, not of one between",
	    "_dmarc.b.example.com TXT v=DMARC1; p=none\n" EXAMPLE,
	    "a@a.b.example.com", "",
	    "fail from=a.b.example.com org=example.com "
	    "example.com:p=reject->reject" },
	{ "of the public suffix",
	    "_dmarc.bank.example TXT v=DMARC1; p=none; sp=reject; psd=y\n",
	    "a@x.bank.example", "",
	    "fail from=x.bank.example org=x.bank.example "
	    "bank.example:sp=reject->reject" },
	{ "not of the public suffix, with an own one",
	    "_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y\n"
	    "_dmarc.x.bank.example TXT v=DMARC1; p=none; sp=quarantine\n",
	    "a@y.x.bank.example", "",
	    "fail from=y.x.bank.example org=x.bank.example "
	    "x.bank.example:sp=quarantine->quarantine" },
	{ "two records, and none above",
	    EXAMPLE "_dmarc.example.com TXT v=DMARC1; p=none\n",
	    "a@example.com", "",
	    "none from=example.com org=example.com (no policy record)" },
	{ "no p, no rua", "_dmarc.example.com TXT v=DMARC1\n",
	    "a@example.com", "dkim=pass:example.com",
	    "none from=example.com org=example.com "
	    "(the policy record has no valid policy)" },
	{ "no p, with rua", "_dmarc.example.com TXT v=DMARC1; rua=mailto:a@b"
	    "; sp=reject\n", "a@a.example.com", "",
	    "fail from=a.example.com org=example.com "
	    "example.com:p=none->none" },
	{ "bad np, with rua", "_dmarc.example.com TXT v=DMARC1; p=reject; "
	    "np=x; rua=mailto:a@b\n", "a@example.com", "dkim=pass:example.com",
	    "pass from=example.com org=example.com example.com:p=none->none "
	    "dkim=0" },
	{ "a bad one is not passed over",
	    "_dmarc.a.example.com TXT v=DMARC1; p=x\n" EXAMPLE,
	    "a@a.example.com", "dkim=pass:a.example.com",
	    "none from=a.example.com org=example.com "
	    "(the policy record has no valid policy)" },
	{ "DNS fails at the Author Domain", "_dmarc.example.com SERVFAIL\n",
	    "a@example.com", "dkim=pass:example.com",
	    "temperror from=example.com org= "
	    "(DNS failed on the way to the policy record)" },
	{ "DNS fails between", "_dmarc.b.example.com TIMEOUT\n" EXAMPLE,
	    "a@a.b.example.com", "dkim=pass:a.b.example.com",
	    "temperror from=a.b.example.com org= "
	    "(DNS failed on the way to the policy record)" },
	{ "DNS fails above the record", EXAMPLE "_dmarc.com SERVFAIL\n",
	    "a@a.example.com", "dkim=pass:a.example.com",
	    "temperror from=a.example.com org= "
	    "(DNS failed on the way to the policy record)" },
	{ "DNS fails after the end of the walk", "_dmarc.example.com TXT "
	    "v=DMARC1; p=reject; psd=n\n_dmarc.com SERVFAIL\n",
	    "a@a.example.com", "", "fail from=a.example.com org=example.com "
	    "example.com:p=reject->reject" },
	{ "a CNAME loop", "_dmarc.example.com CNAME _dmarc.example.com\n",
	    "a@example.com", "",
	    "temperror from=example.com org= "
	    "(DNS failed on the way to the policy record)" },
};

/* ---- p, sp, np, t ---- */

#define RECORD(tags) "_dmarc.example.com TXT v=DMARC1; " tags "\n"
#define EXISTS "a.example.com EXISTS\n"
#define SUB "fail from=a.example.com org=example.com example.com:"

static const struct row tag_rows[] = {
	{ "p for a sub-domain", EXISTS RECORD("p=reject"),
	    "a@a.example.com", "", SUB "p=reject->reject" },
	{ "p for one that does not exist", RECORD("p=reject"),
	    "a@a.example.com", "", SUB "p=reject->reject" },
	{ "sp", EXISTS RECORD("p=reject; sp=none"), "a@a.example.com", "",
	    SUB "sp=none->none" },
	{ "sp for one that does not exist", RECORD("p=reject; sp=none"),
	    "a@a.example.com", "", SUB "sp=none->none" },
	{ "np does not concern what exists",
	    EXISTS RECORD("p=none; np=reject"), "a@a.example.com", "",
	    SUB "p=none->none" },
	{ "np", RECORD("p=none; np=reject"), "a@a.example.com", "",
	    SUB "np=reject->reject" },
	{ "np before sp", RECORD("p=reject; sp=quarantine; np=none"),
	    "a@a.example.com", "", SUB "np=none->none" },
	{ "np as sp says", RECORD("p=reject; sp=none; np=none"),
	    "a@a.example.com", "", SUB "sp=none->none" },
	{ "an empty non-terminal exists",
	    "x.a.example.com EXISTS\n" RECORD("p=none; np=reject"),
	    "a@a.example.com", "", SUB "p=none->none" },
	{ "a record below _dmarc makes the name exist",
	    "_dmarc.a.example.com TXT x\n" RECORD("p=none; np=reject"),
	    "a@a.example.com", "", SUB "p=none->none" },
	{ "sp and np do not concern the domain itself",
	    RECORD("p=reject; sp=none; np=none"), "a@example.com", "",
	    "fail from=example.com org=example.com "
	    "example.com:p=reject->reject" },
	{ "existence not found out",
	    "a.example.com TIMEOUT\n" RECORD("p=none; np=reject"),
	    "a@a.example.com", "", "temperror from=a.example.com "
	    "org=example.com example.com:p=none->none "
	    "(DNS failed for the existence of the From domain)" },
	{ "existence not found out, and a pass",
	    "a.example.com TIMEOUT\n" RECORD("p=none; np=reject"),
	    "a@a.example.com", "dkim=pass:example.com",
	    "pass from=a.example.com org=example.com "
	    "example.com:p=none->none dkim=0" },
	{ "t=y, reject", RECORD("p=reject; t=y"), "a@example.com", "",
	    "fail from=example.com org=example.com "
	    "example.com:p=reject->quarantine t=y" },
	{ "t=y, quarantine", RECORD("p=quarantine; t=y"), "a@example.com",
	    "", "fail from=example.com org=example.com "
	    "example.com:p=quarantine->none t=y" },
	{ "t=y, none", RECORD("p=none; t=y"), "a@example.com", "",
	    "fail from=example.com org=example.com "
	    "example.com:p=none->none t=y" },
	{ "t=y, np", RECORD("p=none; np=reject; t=y"), "a@a.example.com", "",
	    SUB "np=reject->quarantine t=y" },
};

/* ---- alignment and result ---- */

#define AT "from=example.com org=example.com example.com:p=reject->reject"
#define STRICT "_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s; aspf=s\n"

static const struct row result_rows[] = {
	{ "no identifiers", EXAMPLE, "a@example.com", "", "fail " AT },
	{ "another domain", EXAMPLE, "a@example.com",
	    "spf=pass:example.net dkim=pass:example.net", "fail " AT },
	{ "not passed", EXAMPLE, "a@example.com",
	    "spf=fail:example.com dkim=fail:example.com", "fail " AT },
	{ "no domain", EXAMPLE, "a@example.com", "spf=pass: dkim=pass:",
	    "fail " AT },
	{ "both", EXAMPLE, "a@example.com",
	    "spf=pass:example.com dkim=pass:example.com",
	    "pass " AT " spf=0 dkim=1" },
	{ "relaxed, below", EXAMPLE, "a@example.com",
	    "spf=pass:bounce.example.com", "pass " AT " spf=0" },
	{ "relaxed, above", EXAMPLE, "a@a.example.com",
	    "dkim=pass:example.com", "pass from=a.example.com "
	    "org=example.com example.com:p=reject->reject dkim=0" },
	{ "relaxed, siblings", EXAMPLE, "a@a.example.com",
	    "dkim=pass:b.c.example.com", "pass from=a.example.com "
	    "org=example.com example.com:p=reject->reject dkim=0" },
	{ "no record above: siblings are strangers",
	    "_dmarc.a.example.com TXT v=DMARC1; p=reject\n",
	    "a@a.example.com", "dkim=pass:b.example.com",
	    "fail from=a.example.com org=a.example.com "
	    "a.example.com:p=reject->reject" },
	{ "11.8: a record of the top level domain", EXAMPLE
	    "_dmarc.com TXT v=DMARC1; p=none\n", "a@example.com",
	    "dkim=pass:com", "pass from=example.com org=com "
	    "example.com:p=reject->reject dkim=0" },
	{ "11.8: psd=n stops it", "_dmarc.example.com TXT v=DMARC1; "
	    "p=reject; psd=n\n_dmarc.com TXT v=DMARC1; p=none\n",
	    "a@example.com", "dkim=pass:com", "fail " AT },
	{ "psd=n of the identifier", EXAMPLE
	    "_dmarc.b.example.com TXT v=DMARC1; p=none; psd=n\n",
	    "a@example.com", "dkim=pass:a.b.example.com", "fail " AT },
	{ "strict, the same", STRICT, "a@example.com",
	    "spf=pass:example.com dkim=pass:example.com",
	    "pass " AT " spf=0 dkim=1" },
	{ "strict, below", STRICT, "a@example.com",
	    "spf=pass:a.example.com dkim=pass:a.example.com", "fail " AT },
	{ "strict for dkim alone", "_dmarc.example.com TXT v=DMARC1; "
	    "p=reject; adkim=s\n", "a@example.com",
	    "dkim=pass:a.example.com spf=pass:a.example.com",
	    "pass " AT " spf=1" },
	{ "strict for spf alone", "_dmarc.example.com TXT v=DMARC1; "
	    "p=reject; aspf=s\n", "a@example.com",
	    "dkim=pass:a.example.com spf=pass:a.example.com",
	    "pass " AT " dkim=0" },
	{ "the Author Domain before the others", EXAMPLE, "a@example.com",
	    "dkim=pass:a.example.com dkim=fail:example.com "
	    "dkim=pass:example.com dkim=pass:example.com",
	    "pass " AT " dkim=2" },
	{ "else the first", EXAMPLE, "a@example.com",
	    "dkim=pass:example.net dkim=fail:a.example.com "
	    "dkim=pass:b.example.com dkim=pass:c.example.com",
	    "pass " AT " dkim=2" },
	{ "temperror of an aligned one", EXAMPLE, "a@example.com",
	    "dkim=temperror:example.com spf=fail:example.com",
	    "temperror " AT
	    " (an identifier that may be aligned could not be checked)" },
	{ "temperror of one below", EXAMPLE, "a@example.com",
	    "spf=temperror:a.example.com", "temperror " AT
	    " (an identifier that may be aligned could not be checked)" },
	{ "temperror of a stranger", EXAMPLE, "a@example.com",
	    "dkim=temperror:example.net", "fail " AT },
	{ "temperror of one below, strict", STRICT, "a@example.com",
	    "dkim=temperror:a.example.com", "fail " AT },
	{ "temperror, but another passed", EXAMPLE, "a@example.com",
	    "dkim=temperror:example.com spf=pass:a.example.com",
	    "pass " AT " spf=1" },
	{ "DNS fails for one", EXAMPLE "_dmarc.a.example.com SERVFAIL\n",
	    "a@example.com", "dkim=pass:a.example.com", "temperror " AT
	    " (DNS failed for an identifier that may be aligned)" },
	{ "DNS fails for one that did not pass",
	    EXAMPLE "_dmarc.a.example.com SERVFAIL\n", "a@example.com",
	    "dkim=fail:a.example.com", "fail " AT },
	{ "DNS fails for one and the other passed",
	    EXAMPLE "_dmarc.a.example.com SERVFAIL\n", "a@example.com",
	    "dkim=pass:a.example.com spf=pass:b.example.com",
	    "pass " AT " spf=1" },
	{ "DNS fails at the top: it does not matter",
	    EXAMPLE "_dmarc.com SERVFAIL\n", "a@example.com",
	    "spf=pass:bounce.example.com", "pass from=example.com org= "
	    "example.com:p=reject->reject spf=0" },
	{ "DNS fails at the top: it might matter",
	    EXAMPLE "_dmarc.com SERVFAIL\n", "a@example.com",
	    "spf=pass:example2.com", "temperror from=example.com org= "
	    "example.com:p=reject->reject "
	    "(DNS failed for an identifier that may be aligned)" },
	{ "DNS fails at the top: not for another top",
	    EXAMPLE "_dmarc.com SERVFAIL\n", "a@example.com",
	    "spf=pass:example.net", "fail from=example.com org= "
	    "example.com:p=reject->reject" },
	{ "an open one counts as not passed", EXAMPLE, "a@example.com",
	    "dkim=open:example.com", "fail " AT },
	{ "an open one does not take away a pass", EXAMPLE, "a@example.com",
	    "dkim=open:a.example.com spf=pass:b.example.com",
	    "pass " AT " spf=1" },
};

static void
table(const struct row *rows, size_t count)
{
	static struct world_run run;
	struct world_request r;
	struct dns_zone *z;
	char want[512];
	size_t i;

	for (i = 0; i < count; i++) {
		z = world_zone(rows[i].zone);
		world_request(rows[i].from, rows[i].identifiers, &r);
		world_check(&r, z, WORLD_TOGETHER, NULL, &run);
		(void)snprintf(want, sizeof(want), "%s", rows[i].want);
		if (strstr(want, "(%s)") != NULL)
			(void)snprintf(strstr(want, "(%s)"), 256, "(%s)",
			    r.from.problem);
		is_str(world_text(&run.verdict), want, rows[i].name);
		dns_zone_free(z);
	}
}

#define TABLE(rows) table(rows, sizeof(rows) / sizeof((rows)[0]))

/* Problems of ours, for a From that brings none. */
static void
test_from_states(void)
{
	static const struct {
		enum mail_from_state	state;
		const char		*want;
	} rows[] = {
		{ MAIL_FROM_ABSENT, "there is no From field" },
		{ MAIL_FROM_MULTIPLE, "From has more than one domain" },
		{ MAIL_FROM_UNPARSABLE,
		    "From has no domain that can be read" },
		{ MAIL_FROM_OK, "From has no domain that can be read" },
	};
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dmarc_verdict v;
	struct world_request r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_request("a@example.com", "dkim=pass:example.com", &r);
		r.from.state = rows[i].state;
		if (r.from.state == MAIL_FROM_OK)
			r.from.has_domain = false;
		ok(world_call(&r, l, &v) == CHECK_DONE &&
		    v.result == AUTH_PERMERROR && v.from_domain.len == 0,
		    "no usable From, state %zu: permerror", i);
		is_str(v.problem, rows[i].want, "why");
	}
	is_num((long long)dns_ledger_count(l), 0, "nothing was asked");
	dns_ledger_free(l);
}

/* ---- what is asked, and what is told of it ---- */

static const struct {
	const char	*name;
	const char	*zone;
	const char	*from;
	const char	*identifiers;
	unsigned int	 calls;		/* round trips, and one */
	const char	*asked;
	const char	*trace;
} asked_rows[] = {
	{ "no usable From", "", NULL, "dkim=pass:example.com", 1, "", "" },
	{ "a pass by the same name costs one round trip", EXAMPLE,
	    "a@a.b.example.com", "dkim=pass:a.b.example.com", 2,
	    "_dmarc.a.b.example.com _dmarc.b.example.com _dmarc.example.com "
	    "_dmarc.com",
	    "_dmarc.a.b.example.com: no record\n"
	    "_dmarc.b.example.com: no record\n"
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n" },
	{ "what lies after the end is not told", "_dmarc.b.example.com TXT "
	    "v=DMARC1; p=none; psd=n\n", "a@a.b.example.com", "", 2,
	    "_dmarc.a.b.example.com _dmarc.b.example.com _dmarc.example.com "
	    "_dmarc.com",
	    "_dmarc.a.b.example.com: no record\n"
	    "_dmarc.b.example.com: policy record\n" },
	{ "strangers cost nothing", EXAMPLE, "a@example.com",
	    "dkim=pass:example.net spf=pass:example.org dkim=pass:com", 2,
	    "_dmarc.example.com _dmarc.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n" },
	{ "strict costs nothing", STRICT, "a@example.com",
	    "dkim=pass:a.example.com spf=open:b.example.com", 2,
	    "_dmarc.example.com _dmarc.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n" },
	{ "what has failed may be aligned", EXAMPLE, "a@example.com",
	    "dkim=fail:a.example.com spf=fail:b.example.com", 3,
	    "_dmarc.example.com _dmarc.com _dmarc.a.example.com "
	    "_dmarc.b.example.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n"
	    "_dmarc.a.example.com: no record\n"
	    "_dmarc.b.example.com: no record\n" },
	{ "the same name twice is told once", EXAMPLE, "a@example.com",
	    "dkim=pass:a.example.com spf=fail:a.example.com", 3,
	    "_dmarc.example.com _dmarc.com _dmarc.a.example.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n"
	    "_dmarc.a.example.com: no record\n" },
	{ "without a record nothing more is asked", "", "a@example.com",
	    "dkim=pass:a.example.com spf=pass:b.example.com", 2,
	    "_dmarc.example.com _dmarc.com",
	    "_dmarc.example.com: no record\n_dmarc.com: no record\n" },
	{ "all identifiers together cost a second round trip", EXAMPLE,
	    "a@example.com", "dkim=pass:a.example.com "
	    "dkim=open:b.c.example.com spf=temperror:d.example.com", 3,
	    "_dmarc.example.com _dmarc.com _dmarc.a.example.com "
	    "_dmarc.d.example.com _dmarc.b.c.example.com "
	    "_dmarc.c.example.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n"
	    "_dmarc.a.example.com: no record\n"
	    "_dmarc.b.c.example.com: no record\n"
	    "_dmarc.c.example.com: no record\n"
	    "_dmarc.d.example.com: no record\n" },
	{ "existence goes with them", RECORD("p=none; np=reject"),
	    "a@a.example.com", "dkim=pass:b.example.com", 3,
	    "_dmarc.a.example.com _dmarc.example.com _dmarc.com "
	    "a.example.com _dmarc.b.example.com",
	    "_dmarc.a.example.com: no record\n"
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n"
	    "a.example.com: the domain does not exist\n"
	    "_dmarc.b.example.com: no record\n" },
	{ "existence is not asked when np says nothing new",
	    RECORD("p=none; sp=reject; np=reject"), "a@a.example.com", "", 2,
	    "_dmarc.a.example.com _dmarc.example.com _dmarc.com",
	    "_dmarc.a.example.com: no record\n"
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n" },
	{ "nor for the domain of the record",
	    RECORD("p=none; np=reject"), "a@example.com", "", 2,
	    "_dmarc.example.com _dmarc.com",
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n" },
	{ "a domain that exists", EXISTS RECORD("p=none; np=reject"),
	    "a@a.example.com", "", 3,
	    "_dmarc.a.example.com _dmarc.example.com _dmarc.com "
	    "a.example.com", "_dmarc.a.example.com: no record\n"
	    "_dmarc.example.com: policy record\n_dmarc.com: no record\n"
	    "a.example.com: the domain exists\n" },
	{ "all that can be found",
	    "_dmarc.a.b.c.d.e.com TXT v=DMARC1; p=none\n"
	    "_dmarc.b.c.d.e.com TXT v=DMARC1\n"
	    "_dmarc.c.d.e.com TXT v=DMARC1\n_dmarc.c.d.e.com TXT v=DMARC1\n"
	    "_dmarc.d.e.com SERVFAIL\n"
	    "_dmarc.com TXT v=DMARC1; psd=y\n",
	    "a@a.b.c.d.e.com", "spf=pass:x.e.com", 3,
	    "_dmarc.a.b.c.d.e.com _dmarc.b.c.d.e.com _dmarc.c.d.e.com "
	    "_dmarc.d.e.com _dmarc.e.com _dmarc.com _dmarc.x.e.com",
	    "_dmarc.a.b.c.d.e.com: policy record\n"
	    "_dmarc.b.c.d.e.com: record\n"
	    "_dmarc.c.d.e.com: several records: ignored\n"
	    "_dmarc.d.e.com: lookup failed\n"
	    "_dmarc.e.com: no record\n"
	    "_dmarc.com: record of a public suffix\n"
	    "_dmarc.x.e.com: no record\n" },
	{ "a policy record of no use",
	    "_dmarc.a.com TXT v=DMARC1\n_dmarc.com TXT v=DMARC1; psd=n\n",
	    "a@a.com", "dkim=pass:b.com", 3,
	    "_dmarc.a.com _dmarc.com _dmarc.b.com",
	    "_dmarc.a.com: policy record without a valid policy\n"
	    "_dmarc.com: record of an Organizational Domain\n"
	    "_dmarc.b.com: no record\n" },
	{ "no author's policy, no existence known",
	    "x.com SERVFAIL\n_dmarc.com TXT v=DMARC1; p=none; np=reject\n",
	    "a@x.com", "", 3, "_dmarc.x.com _dmarc.com x.com",
	    "_dmarc.x.com: no record\n_dmarc.com: policy record\n"
	    "x.com: lookup failed\n" },
};

static void
test_asked(void)
{
	static struct world_run run;
	struct world_request r;
	struct dns_ledger *l;
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(asked_rows) / sizeof(asked_rows[0]); i++) {
		z = world_zone(asked_rows[i].zone);
		l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
		world_request(asked_rows[i].from, asked_rows[i].identifiers,
		    &r);
		world_go_on(&r, z, l, WORLD_TOGETHER, NULL, &run);
		is_num(run.calls, asked_rows[i].calls, asked_rows[i].name);
		is_str(world_asked(l), asked_rows[i].asked, "what was asked");
		is_str(run.trace, asked_rows[i].trace, "what is told");
		dns_ledger_free(l);
		dns_zone_free(z);
	}
}

/* ---- names and answers past a limit ---- */

static void
test_long_names(void)
{
	static struct world_run run;
	char from[DOMAIN_MAX + 3], id[DOMAIN_MAX + 20];
	struct dns_zone *z = world_zone(
	    "_dmarc.com TXT v=DMARC1; p=none; np=reject\n");
	struct world_request r;
	size_t labels;

	(void)snprintf(from, sizeof(from), "a@");
	for (labels = 0; labels < 62; labels++)
		(void)snprintf(from + 2 + 4 * labels, 5, "aaa.");
	/* 62 * 4 + 3 octets; with "_dmarc." that is too much. */
	(void)snprintf(from + 2 + 4 * labels, 4, "com");
	(void)snprintf(id, sizeof(id), "dkim=pass:b%s", from + 3);
	world_request(from, id, &r);
	ok(r.from.state == MAIL_FROM_OK && r.from.domain.len == 251,
	    "a name that can be asked, but not below _dmarc");
	world_check(&r, z, WORLD_TOGETHER, NULL, &run);
	ok(run.verdict.result == AUTH_PASS, "no record there: the walk goes "
	    "on (%s)", world_text(&run.verdict));
	is_num((long long)run.questions, 8, "seven names, and existence");
	ok(strstr(run.trace, "com: no record: the name is too long "
	    "(not asked)\n") != NULL, "told so");
	dns_zone_free(z);
}

static void
fill(char *line, size_t size, const char *front, size_t len)
{
	size_t n = (size_t)snprintf(line, size, "%s", front);
	const char *record = strstr(line, "v=DMARC1");

	len += (size_t)(record - line);
	while (n < len && n < size - 1)
		line[n++] = 'x';
	line[n] = '\0';
}

static void
test_oversize(void)
{
	static struct world_run run;
	static char line[LIMIT_DMARC_RECORD + 100];
	static const char front[] = "_dmarc.example.com TXT "
	    "v=DMARC1; p=reject; x=";
	struct world_request r;
	struct dns_zone *z;
	size_t more;

	world_request("a@example.com", "", &r);
	for (more = 0; more <= 1; more++) {
		fill(line, sizeof(line), front, LIMIT_DMARC_RECORD + more);
		z = world_zone(line);
		world_check(&r, z, WORLD_TOGETHER, NULL, &run);
		ok(run.verdict.result == (more ? AUTH_NONE : AUTH_FAIL),
		    "a record %s the limit: %s", more ? "past" : "at",
		    world_text(&run.verdict));
		ok(strstr(run.trace, more ? "record past a limit: ignored" :
		    "policy record") != NULL, "told so");
		dns_zone_free(z);
	}
}

/* As many records as an answer may have, each long. */
static void
test_many_records(void)
{
	static struct world_run run;
	struct dns_zone *z = dns_zone_new();
	struct world_request r;
	bool good = z != NULL;
	char text[64];
	size_t i;

	for (i = 0; good && i < LIMIT_DNS_RECORDS; i++) {
		(void)snprintf(text, sizeof(text), "v=DMARC%zu; p=reject",
		    i == 500 ? 1 : i + 2);
		good = dns_zone_add(z, SLICE("_dmarc.example.com"),
		    DNS_TYPE_TXT, 0, slice_str(text));
	}
	ok(good, "a thousand records");
	world_request("a@example.com", "", &r);
	world_check(&r, z, WORLD_TOGETHER, NULL, &run);
	is_str(world_text(&run.verdict), "fail " AT,
	    "the one that is a DMARC record counts");
	dns_zone_free(z);
}

/* ---- DNSSEC ---- */

/* Answers all that is new; `insecure` is the name without AD. */
static void
answer_with_ad(struct dns_ledger *l, const char *insecure)
{
	static const char record[] = "v=DMARC1; p=none; np=reject";
	struct dns_draft d;
	struct dns_entry *e;
	bool found;

	while ((e = dns_ledger_take_new(l)) != NULL) {
		found = slice_eq(e->name, SLICE("_dmarc.example.com"));
		if (!dns_answer_new(e->type, e->name, found,
		    found ? sizeof(record) : 0, &d))
			abort();
		if (found) {
			memcpy(d.text, record, sizeof(record) - 1);
			d.records[0].text = (struct slice){ d.text,
			    sizeof(record) - 1 };
		}
		d.answer->authenticated = !slice_eq(e->name,
		    slice_str(insecure));
		dns_ledger_answer(e, d.answer);
	}
}

static void
test_authenticated(void)
{
	static const struct {
		const char	*insecure;
		bool		 want;
	} rows[] = {
		{ "", true },
		{ "_dmarc.a.example.com", false },
		{ "_dmarc.example.com", false },
		{ "_dmarc.com", false },
		{ "a.example.com", false },
		{ "_dmarc.b.example.com", false },
		{ "_dmarc.c.example.com", true },
	};
	struct world_request r;
	struct dmarc_verdict v;
	struct dns_ledger *l;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_request("a@a.example.com", "dkim=pass:b.example.com "
		    "spf=fail:c.example.com", &r);
		l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
		(void)dns_ledger_ask(l, SLICE("_dmarc.c.example.com"),
		    DNS_TYPE_TXT);
		while (world_call(&r, l, &v) == CHECK_PENDING)
			answer_with_ad(l, rows[i].insecure);
		ok(v.result == AUTH_PASS && v.authenticated == rows[i].want,
		    "without AD for '%s': %s", rows[i].insecure,
		    world_text(&v));
		dns_ledger_free(l);
	}
	world_request(NULL, "", &r);
	l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	ok(world_call(&r, l, &v) == CHECK_DONE && !v.authenticated,
	    "nothing asked, nothing authenticated");
	dns_ledger_free(l);
}

/* ---- budgets ---- */

/* A ledger that takes few questions: temperror, nothing worse. */
static void
test_question_budget(void)
{
	struct dns_zone *z = world_zone(EXAMPLE);
	static struct world_run run;
	struct world_request r;
	struct dns_ledger *l;
	enum auth_result want;
	size_t max;

	for (max = 0; max <= 4; max++) {
		world_request("a@example.com", "spf=pass:a.b.example.com",
		    &r);
		l = dns_ledger_new(max);
		world_go_on(&r, z, l, WORLD_TOGETHER, NULL, &run);
		want = max < 4 ? AUTH_TEMPERROR : AUTH_PASS;
		ok(run.verdict.result == want, "%zu questions: %s", max,
		    world_text(&run.verdict));
		dns_ledger_free(l);
	}
	dns_zone_free(z);
}

/* The deadline has passed: what is open stays unknown. */
static void
test_closed(void)
{
	struct dns_zone *z = world_zone(EXAMPLE);
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dmarc_verdict v;
	struct world_request r;

	world_request("a@example.com", "spf=pass:a.example.com", &r);
	ok(world_call(&r, l, &v) == CHECK_PENDING, "the walk is open");
	dns_ledger_close(l, DNS_TIMEOUT);
	ok(world_call(&r, l, &v) == CHECK_DONE &&
	    v.result == AUTH_TEMPERROR, "closed: %s", world_text(&v));
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* A scratch arena with too little room. */
static void
test_scratch(void)
{
	struct dns_zone *z = world_zone(EXAMPLE);
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *small = arena_new(sizeof(struct dmarc_walk) / 2);
	struct dmarc_verdict v;
	struct world_request r;
	struct dns_entry *e;

	world_request("a@example.com", "spf=pass:a.example.com "
	    "dkim=pass:example.com", &r);
	while (dmarc_check(&r.request, l, small, NULL, NULL, &v) ==
	    CHECK_PENDING) {
		while ((e = dns_ledger_take_new(l)) != NULL)
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	}
	ok(v.result == AUTH_TEMPERROR, "too little memory: %s",
	    world_text(&v));
	is_str(v.problem, "out of memory", "said so");
	arena_free(small);
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* One evaluation where the n-th allocation fails; false: none did. */
static bool
run_failing(const struct world_request *r, const struct dns_zone *z,
    unsigned long n)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	unsigned int calls = 0;
	struct dmarc_verdict v;
	struct dns_entry *e;
	bool failed, short_of;

	mem_fail_after(n, 1);
	while (dmarc_check(&r->request, l, scratch, NULL, NULL, &v) ==
	    CHECK_PENDING && ++calls < 10) {
		while ((e = dns_ledger_take_new(l)) != NULL)
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	}
	failed = mem_fail_hits() > 0;
	mem_fail_after(0, 0);
	short_of = v.no_memory || dns_ledger_failed(l);
	if (failed)
		ok(calls < 10 && (v.result == AUTH_PASS || short_of),
		    "allocation %lu fails: %s%s", n, world_text(&v),
		    short_of ? ", said" : "");
	else
		ok(v.result == AUTH_PASS, "none fails: %s", world_text(&v));
	arena_free(scratch);
	dns_ledger_free(l);
	return failed;
}

static void
test_allocation_failure(void)
{
	struct dns_zone *z = world_zone(RECORD("p=none; np=reject"));
	struct world_request r;
	unsigned long n = 0;

	world_request("a@a.example.com", "spf=pass:b.example.com "
	    "dkim=pass:c.example.com", &r);
	while (run_failing(&r, z, n) && n < 1000)
		n++;
	ok(n > 5 && n < 1000, "%lu allocations were made to fail", n);
	dns_zone_free(z);
}

int
main(void)
{
	TABLE(from_rows);
	TABLE(policy_rows);
	TABLE(tag_rows);
	TABLE(result_rows);
	test_from_states();
	test_asked();
	test_long_names();
	test_oversize();
	test_many_records();
	test_authenticated();
	test_question_budget();
	test_closed();
	test_scratch();
	test_allocation_failure();
	return tap_done();
}
