/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records: RFC 9989 sections 4.7 and 4.8, and what is made of wrong ones.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "dmarc/dmarc.h"
#include "tests/tap.h"

/* A record in one line: what is not at its default. */
static const char *
text_of(const struct dmarc_record *r)
{
	static char text[256];
	size_t n = 0;

#define ADD(...) \
	n += (size_t)snprintf(text + n, sizeof(text) - n, __VA_ARGS__)
	text[0] = '\0';
	if (r->has_p)
		ADD("p=%s ", dmarc_policy_name(r->p));
	if (r->has_sp)
		ADD("sp=%s ", dmarc_policy_name(r->sp));
	if (r->has_np)
		ADD("np=%s ", dmarc_policy_name(r->np));
	ADD("%s%s%s%s%s", r->bad_policy ? "bad " : "",
	    r->has_rua ? "rua " : "", r->strict_dkim ? "adkim=s " : "",
	    r->strict_spf ? "aspf=s " : "", r->testing ? "t=y " : "");
	if (r->psd != DMARC_PSD_U)
		ADD("psd=%c ", r->psd == DMARC_PSD_Y ? 'y' : 'n');
	if (r->errors > 0)
		ADD("errors=%zu ", r->errors);
#undef ADD
	if (n > 0)
		text[n - 1] = '\0';
	return text;
}

static const char *
parse(struct slice text)
{
	struct dmarc_record r;

	if (!dmarc_record_parse(text, &r))
		return "no record";
	return text_of(&r);
}

struct row {
	const char	*text;
	const char	*want;
};

static const struct row versions[] = {
	{ "", "no record" },
	{ "v", "no record" },
	{ "v=", "no record" },
	{ "v=DMARC", "no record" },
	{ "v=DMARC1", "bad" },
	{ "v=DMARC1 ", "bad" },
	{ "v=DMARC1;", "bad" },
	{ "v=DMARC1 \t; \t", "bad" },
	{ "V=DMARC1;p=none", "p=none" },
	{ "v \t=\t DMARC1\t;p=none", "p=none" },
	{ "v=dmarc1; p=reject", "no record" },
	{ "v=Dmarc1; p=reject", "no record" },
	{ " v=DMARC1; p=reject", "no record" },
	{ "\tv=DMARC1; p=reject", "no record" },
	{ ";v=DMARC1; p=reject", "no record" },
	{ "p=reject; v=DMARC1", "no record" },
	{ "v=DMARC1p=reject", "no record" },
	{ "v=DMARC1 p=reject", "no record" },
	{ "v=DMARC1,p=reject", "no record" },
	{ "v=DMARC10; p=reject", "no record" },
	{ "v=DMARC2; p=reject", "no record" },
	{ "v==DMARC1; p=reject", "no record" },
	{ "v=\"DMARC1\"; p=reject", "no record" },
	{ "vv=DMARC1; p=reject", "no record" },
	{ "v=DMARC1\r\n; p=reject", "no record" },
	{ "v=spf1 -all", "no record" },
	{ "\xef\xbb\xbfv=DMARC1; p=reject", "no record" },
};

static const struct row policies[] = {
	{ "v=DMARC1;p=reject", "p=reject" },
	{ "v=DMARC1; p=reject;", "p=reject" },
	{ "v = DMARC1 ; p = Reject ; ", "p=reject" },
	{ "v=DMARC1;\tP\t=\tQUARANTINE\t;\t", "p=quarantine" },
	{ "v=DMARC1; p=none; sp=quarantine; np=reject",
	    "p=none sp=quarantine np=reject" },
	{ "v=DMARC1; np=reject; sp=none; p=quarantine",
	    "p=quarantine sp=none np=reject" },
	{ "v=DMARC1; rua=mailto:a@example.com; p=reject", "p=reject rua" },
	{ "v=DMARC1; sp=none", "sp=none bad" },
	{ "v=DMARC1; p=monitor", "bad errors=1" },
	{ "v=DMARC1; p=reject; sp=x", "p=reject bad errors=1" },
	{ "v=DMARC1; p=reject; np=x", "p=reject bad errors=1" },
	{ "v=DMARC1; p=reject!", "bad errors=1" },
	{ "v=DMARC1; p=rejec", "bad errors=1" },
	{ "v=DMARC1; p=reject quarantine", "bad errors=1" },
	{ "v=DMARC1; p=\"reject\"", "bad errors=1" },
	{ "v=DMARC1; p=re\tject", "bad errors=1" },
	{ "v=DMARC1; p=reject\r\n", "bad errors=1" },
	{ "v=DMARC1; p=rej\xc3\xa9""ct", "bad errors=1" },
	/* A damaged value is a wrong value, not an absent tag. */
	{ "v=DMARC1; p=reject; sp=\xff", "p=reject bad errors=1" },
	/* No value, no tag. */
	{ "v=DMARC1; p=", "bad errors=1" },
	{ "v=DMARC1; p=; p=reject", "p=reject errors=1" },
	{ "v=DMARC1; p=reject; sp=", "p=reject errors=1" },
};

static const struct row repeated[] = {
	{ "v=DMARC1; p=reject; p=none", "p=reject errors=1" },
	{ "v=DMARC1; p=none; P=reject; p=reject", "p=none errors=2" },
	{ "v=DMARC1; p=x; p=reject", "bad errors=2" },
	{ "v=DMARC1; p=reject; v=DMARC1", "p=reject errors=1" },
	{ "v=DMARC1; v=DMARC1; v=DMARC1; p=none", "p=none errors=2" },
	{ "v=DMARC1; p=none; t=n; t=y", "p=none errors=1" },
	{ "v=DMARC1; p=none; psd=n; psd=y", "p=none psd=n errors=1" },
	{ "v=DMARC1; p=none; adkim=s; adkim=r", "p=none adkim=s errors=1" },
	{ "v=DMARC1; p=none; rua=x; rua=mailto:a@example.com",
	    "p=none errors=2" },
};

static const struct row others[] = {
	{ "v=DMARC1; p=none; adkim=s; aspf=s; t=y; psd=y",
	    "p=none adkim=s aspf=s t=y psd=y" },
	{ "v=DMARC1; p=none; adkim=S; aspf=S; t=Y; psd=N",
	    "p=none adkim=s aspf=s t=y psd=n" },
	{ "v=DMARC1; p=none; adkim=r; aspf=r; t=n; psd=u", "p=none" },
	{ "v=DMARC1; p=none; ADKIM=s; PSD=n", "p=none adkim=s psd=n" },
	{ "v=DMARC1; p=none; adkim=x; aspf=relaxed; t=maybe; psd=q",
	    "p=none errors=4" },
	{ "v=DMARC1; p=none; adkim=ss; t=yy; psd=yn", "p=none errors=3" },
	{ "v=DMARC1; p=none; fo=0", "p=none" },
	{ "v=DMARC1; p=none; fo=1:d:s:0", "p=none" },
	{ "v=DMARC1; p=none; fo=D:S", "p=none" },
	{ "v=DMARC1; p=none; fo=d:d", "p=none errors=1" },
	{ "v=DMARC1; p=none; fo=d:", "p=none errors=1" },
	{ "v=DMARC1; p=none; fo=2", "p=none errors=1" },
	{ "v=DMARC1; p=none; fo=01", "p=none errors=1" },
	/* Unknown, and of RFC 7489: no error. */
	{ "v=DMARC1; foo=bar; p=reject; x=1;", "p=reject" },
	{ "v=DMARC1; pct=0; p=reject; ri=3600; rf=afrf", "p=reject" },
	{ "v=DMARC1; p=none; pp=reject; sps=reject; adkims=s", "p=none" },
	/* No tags at all. */
	{ "v=DMARC1;; p=none", "p=none errors=1" },
	{ "v=DMARC1; ; ;p=none", "p=none errors=2" },
	{ "v=DMARC1; p=none;;", "p=none errors=1" },
	{ "v=DMARC1; reject; p=none", "p=none errors=1" },
	{ "v=DMARC1; =reject; p=none", "p=none errors=1" },
	{ "v=DMARC1; p1=reject; p=none", "p=none errors=1" },
	{ "v=DMARC1; p p=reject; p=none", "p=none errors=1" },
	{ "v=DMARC1; \xff\xfe=x; p=none", "p=none errors=1" },
	{ "v=DMARC1; p=none, sp=reject", "bad errors=1" },
};

static const struct row reports[] = {
	{ "v=DMARC1; rua=mailto:a@example.com", "bad rua" },
	{ "v=DMARC1; rua=mailto:a@example.com!10m", "bad rua" },
	{ "v=DMARC1; rua=mailto:a@example.com!10M", "bad rua" },
	{ "v=DMARC1; rua=mailto:a@example.com!10", "bad rua" },
	{ "v=DMARC1; rua=https://r.example/x?y=z&w#f", "bad rua" },
	{ "v=DMARC1; rua=mailto:a@x.example \t,\t mailto:b@x.example",
	    "bad rua" },
	{ "v=DMARC1; rua=mailto:a%2Cb%21c@example.com", "bad rua" },
	{ "v=DMARC1; rua=x+y-z.9:1", "bad rua" },
	/* One good one is enough, each wrong one is an error. */
	{ "v=DMARC1; rua=nobody, mailto:a@example.com, ", "bad rua errors=2" },
	{ "v=DMARC1; rua=nobody", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:!10m", "bad errors=1" },
	{ "v=DMARC1; rua=:a@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=1mailto:a@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=mail to:a@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a b@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a%2@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a@example.com%", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a@example.com!", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a@example.com!m", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a@example.com!10mb", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:a@example.com!10m!10m", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:\xc3\xa9@example.com", "bad errors=1" },
	{ "v=DMARC1; rua=mailto:<a@example.com>", "bad errors=1" },
	{ "v=DMARC1; ruf=mailto:a@example.com", "bad" },
	{ "v=DMARC1; ruf=nobody", "bad errors=1" },
};

static void
table(const struct row *rows, size_t count, const char *name)
{
	char label[200];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)snprintf(label, sizeof(label), "%s %zu", name, i);
		if (!is_str(parse(slice_str(rows[i].text)), rows[i].want,
		    label))
			printf("# %s\n", rows[i].text);
		ok(dmarc_record_is(slice_str(rows[i].text)) ==
		    (strcmp(rows[i].want, "no record") != 0),
		    "%s: counted or not", label);
	}
}

#define TABLE(rows) table(rows, sizeof(rows) / sizeof((rows)[0]), #rows)

static void
test_octets(void)
{
	is_str(parse(SLICE("v=DMARC1\0; p=reject")), "no record",
	    "NUL after the version");
	is_str(parse(SLICE("v=DMARC1; p=reject\0")), "bad errors=1",
	    "NUL after a value");
	is_str(parse(SLICE("v=DMARC1; p\0=reject; p=none")),
	    "p=none errors=1", "NUL after a name");
	is_str(parse(SLICE("v=DMARC1; \0; p=none")), "p=none errors=1",
	    "NUL alone");
	is_str(parse(SLICE("v=DMARC1; rua=mailto:a\0@example.com; p=none")),
	    "p=none errors=1", "NUL in a URI");
	is_str(parse(SLICE("v=DMARC1; fo=\0; t=\0; psd=\0; p=none")),
	    "p=none errors=3", "NUL as a keyword");
	is_str(parse((struct slice){ NULL, 0 }), "no record", "nothing");
}

/* ---- limits ---- */

static char big[LIMIT_DNS_ANSWER];

static size_t
append(size_t len, const char *piece, size_t count)
{
	size_t n = strlen(piece);

	while (count-- > 0 && n <= sizeof(big) - len) {
		memcpy(big + len, piece, n);
		len += n;
	}
	return len;
}

static void
test_octet_limit(void)
{
	size_t len = append(0, "v=DMARC1; p=reject; x=", 1);

	len = append(len, "y", LIMIT_DMARC_RECORD + 1 - len);
	is_str(parse((struct slice){ big, LIMIT_DMARC_RECORD }), "p=reject",
	    "as many octets as a record may have");
	is_str(parse((struct slice){ big, LIMIT_DMARC_RECORD + 1 }),
	    "no record", "one octet more");
	ok(dmarc_record_is((struct slice){ big, len }),
	    "it counts as a record all the same");
}

static void
test_tag_limit(void)
{
	size_t len = append(0, "v=DMARC1", 1);

	len = append(len, ";x=y", LIMIT_DMARC_TAGS - 1);
	len = append(len, ";p=reject", 1);
	is_str(parse((struct slice){ big, len }), "p=reject",
	    "as many tags as a record may have");
	len = append(len, "; ", 1);
	is_str(parse((struct slice){ big, len }), "p=reject",
	    "a separator at the end is no tag");
	len = append(len, "x=y", 1);
	is_str(parse((struct slice){ big, len }), "no record",
	    "one tag more");
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Texts as large as DNS can make them, a hundred times in a second. */
static void
test_hostile(void)
{
	static const char *const pieces[] = { "; x=y", ";", "=", " ", "\t",
		"; p=reject", "; rua=,,,,,,,,,,", "%41", "\xff", "v=DMARC1",
		"; rua=mailto:a@example.com!10m," };
	double start = seconds();
	struct dmarc_record r;
	size_t i, j, len;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		len = append(0, "v=DMARC1; rua=x:", 1);
		len = append(len, pieces[i], 60000 / strlen(pieces[i]));
		for (j = 0; j < 100; j++) {
			if (dmarc_record_parse((struct slice){ big, len },
			    &r))
				break;
		}
		ok(j == 100, "60,000 octets of '%s' are no record",
		    ascii_is_8bit(pieces[i][0]) ? "8-bit" : pieces[i]);
		len = LIMIT_DMARC_RECORD;
		for (j = 0; j < 100; j++)
			(void)dmarc_record_parse((struct slice){ big, len },
			    &r);
	}
	ok(seconds() - start < 10, "in bounded time: %.3f s",
	    seconds() - start);
}

static void
test_names(void)
{
	is_str(dmarc_policy_name(DMARC_POLICY_NONE), "none", "none");
	is_str(dmarc_policy_name(DMARC_POLICY_QUARANTINE), "quarantine",
	    "quarantine");
	is_str(dmarc_policy_name(DMARC_POLICY_REJECT), "reject", "reject");
}

int
main(void)
{
	TABLE(versions);
	TABLE(policies);
	TABLE(repeated);
	TABLE(others);
	TABLE(reports);
	test_octets();
	test_octet_limit();
	test_tag_limit();
	test_hostile();
	test_names();
	return tap_done();
}
