/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report as a message: its header and name, what our own reader makes of
 * it, the limit of its size at it and one past it, and short memory.
 */
#include "report/mail.h"

#include <inttypes.h>

#include "base/mem.h"
#include "report/unpack.h"
#include "tests/tap.h"

#define SIZE (1u << 20)
#define NOW INT64_C(1795953845)		/* 2026-11-29 */

static struct report report = {
	.org_name = SLICE_INIT("Example \"Org\" \\ Inc."),
	.email = SLICE_INIT("post@example.org"),
	.contact = SLICE_INIT("https://example.org/dmarc"),
	.report_id = SLICE_INIT("0123456789abcdef"),
	.begin = INT64_C(1795824000), .end = INT64_C(1795910399),
	.domain = SLICE_INIT("example.net"), .p = SLICE_INIT("reject"),
	.adkim = SLICE_INIT("r")
};
static struct report_mail mail = { .report = &report };

/* `rows` different ones.  False: see report_mail_end(). */
static bool
make_body(struct buf *out, size_t rows, struct slice error)
{
	struct report_auth dkim = { .domain = SLICE("example.net"),
		.selector = SLICE("s1"), .result = SLICE("pass") };
	struct report_row row = { .source = { .family = IPADDR_V4 },
		.count = 2, .disposition = REPORT_PASS, .dkim = true,
		.header_from = SLICE("example.net"), .dkim_results = &dkim };
	struct report_mail_body body;
	size_t i;

	if (!report_mail_begin(&mail, error, &body, out))
		return false;
	for (i = 0; i < rows; i++) {
		row.source.bytes[0] = 192;
		row.source.bytes[1] = (unsigned char)(i * 7919 >> 16);
		row.source.bytes[2] = (unsigned char)(i * 7919 >> 8);
		row.source.bytes[3] = (unsigned char)(i * 7919);
		report_writer_row(body.writer, &row);
	}
	return report_mail_end(&body);
}

static void
test_header(void)
{
	static const char want[] =
	    "Date: Sun, 29 Nov 2026 12:04:05 +0000\n"
	    "From: \"Example \\\"Org\\\" \\\\ Inc.\"\n"
	    " <dmarc@mx.example.org>\n"
	    "To: <d@example.com>\n"
	    "Subject: Report Domain: example.net\n"
	    " Submitter: mx.example.org\n"
	    " Report-ID: <0123456789abcdef>\n"
	    "Message-ID: <tag@mx.example.org>\n"
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n"
	    " boundary=\"=_report-0123456789abcdef\"\n\n";
	char name[REPORT_MAIL_NAME];
	struct buf b;

	buf_init(&b, SIZE);
	report_mail_header(&mail, SLICE("d@example.com"), "tag", NOW, &b);
	is_str(buf_cstr(&b), want, "header");
	buf_fini(&b);
	report_mail_name(&mail, name);
	is_str(name, "mx.example.org!example.net!1795824000!1795910399!"
	    "0123456789abcdef.xml.gz", "name of the file");
}

static void
test_odd_name(void)
{
	struct report odd = report;
	struct report_mail m = { .report = &odd, .from = mail.from };
	struct buf b;

	odd.org_name = SLICE("a\r\nBcc: x@y.example\xff\x01");
	buf_init(&b, SIZE);
	report_mail_header(&m, SLICE("d@example.com"), "tag", NOW, &b);
	ok(strstr(buf_cstr(&b), "From: \"a??Bcc: x@y.example??\"\n") != NULL,
	    "no line of its own in a name");
	buf_fini(&b);
}

/* The longest names there can be. */
static void
test_long_names(void)
{
	static char domain[DOMAIN_MAX + 1];
	struct report odd = report;
	struct report_mail m = { .report = &odd };
	char name[REPORT_MAIL_NAME], address[DOMAIN_MAX + 3];
	size_t i;

	for (i = 0; i < DOMAIN_MAX; i++)
		domain[i] = i % 64 == 63 ? '.' : 'a';
	domain[DOMAIN_MAX] = '\0';
	snprintf(address, sizeof(address), "a@%s", domain);
	ok(mail_mailbox_parse(slice_str(address), &m.from), "%zu octets",
	    strlen(domain));
	odd.domain = slice_str(domain);
	odd.begin = odd.end = INT64_MAX;
	report_mail_name(&m, name);
	ok(strlen(name) > 500 && strcmp(name + strlen(name) - 7, ".xml.gz") ==
	    0, "all of the name is there");
}

struct reading {
	struct arena	*arena;
	struct report	 got;
	unsigned int	 documents;
};

/* A report_document_fn. */
static bool
read_xml(void *arg, struct slice xml)
{
	struct reading *r = arg;
	unsigned int line;

	r->documents++;
	return report_read_xml(xml, r->arena, &r->got, &line) == REPORT_READ;
}

static void
test_read_back(size_t rows)
{
	struct reading r = { .arena = arena_new(64u << 20) };
	struct buf b;

	buf_init(&b, SIZE);
	report_mail_header(&mail, SLICE("d@example.com"), "tag", NOW, &b);
	ok(make_body(&b, rows, SLICE("too many")), "a body of %zu rows", rows);
	ok(report_unpack(buf_slice(&b), read_xml, &r) == REPORT_READ &&
	    r.documents == 1 && r.got.row_count == rows &&
	    r.got.messages == 2 * rows && r.got.bad_rows == 0 &&
	    slice_eq(r.got.report_id, report.report_id) &&
	    slice_eq(r.got.domain, report.domain), "read back: %zu octets",
	    b.len);
	buf_fini(&b);
	arena_free(r.arena);
}

static void
test_lines(void)
{
	struct slice rest, line;
	size_t longest = 0;
	struct buf b, again;

	buf_init(&b, SIZE);
	buf_init(&again, SIZE);
	ok(make_body(&b, 500, SLICE("")) && make_body(&again, 500, SLICE("")),
	    "made twice");
	ok(slice_eq(buf_slice(&b), buf_slice(&again)), "the same");
	for (rest = buf_slice(&b); slice_cut(&rest, '\n', &line); )
		longest = line.len > longest ? line.len : longest;
	ok(longest < 120 && rest.len == 0, "short lines, the longest of %zu",
	    longest);
	buf_fini(&b);
	buf_fini(&again);
}

static bool
append(void *arg, const char *ptr, size_t len)
{
	buf_add(arg, (struct slice){ ptr, len });
	return true;
}

/* Text that is longer than what is handed on at once, and not. */
static void
test_long_text(void)
{
	static char text[70000];
	const size_t lengths[] = { 16000, 16384, 16385, sizeof(text) };
	struct report_writer *w;
	struct buf b;
	size_t i;

	memset(text, 'x', sizeof(text));
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		buf_init(&b, SIZE);
		w = report_writer_new(&report, (struct slice){ text,
		    lengths[i] }, append, &b);
		ok(w != NULL && report_writer_end(w) &&
		    strstr(buf_cstr(&b), "x</error>\n") != NULL &&
		    strspn(strstr(buf_cstr(&b), "<error>") + 7, "x") ==
		    lengths[i], "text of %zu octets", lengths[i]);
		buf_fini(&b);
	}
}

static void
test_limit(void)
{
	unsigned long before = mem_failures();
	struct buf b;
	size_t len;

	buf_init(&b, SIZE);
	(void)make_body(&b, 300, SLICE(""));
	len = b.len;
	buf_fini(&b);
	buf_init(&b, len);
	ok(make_body(&b, 300, SLICE("")), "as large as may be: %zu", len);
	buf_fini(&b);
	buf_init(&b, len - 1);
	ok(!make_body(&b, 300, SLICE("")) && buf_failed(&b), "one too large");
	buf_fini(&b);
	buf_init(&b, 600);
	ok(!make_body(&b, 300, SLICE("")) && buf_failed(&b),
	    "much too large");
	ok(mem_failures() == before, "which is not for want of memory");
	buf_fini(&b);
}

static void
test_memory(void)
{
	unsigned long n, hits = 1, wrong = 0;
	struct buf b;

	for (n = 0; hits > 0; n++) {
		buf_init(&b, SIZE);
		mem_fail_after(n, 1);
		if (make_body(&b, 50, SLICE("")) && mem_fail_hits() > 0)
			wrong++;
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		buf_fini(&b);
	}
	ok(n > 5 && wrong == 0, "each of %lu allocations may fail", n - 1);
}

int
main(void)
{
	if (!mail_mailbox_parse(SLICE("dmarc@mx.example.org"), &mail.from))
		return 1;
	test_header();
	test_odd_name();
	test_long_names();
	test_read_back(1);
	test_read_back(3000);
	test_lines();
	test_long_text();
	test_limit();
	test_memory();
	return tap_done();
}
