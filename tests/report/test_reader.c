/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aggregate reports: what is read, what is refused, every limit at it and
 * one past it, and memory that runs out.
 */
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "report/tally.h"
#include "report/unpack.h"
#include "tests/tap.h"

#define META "<report_metadata><org_name>o</org_name>" \
	"<report_id>1</report_id></report_metadata>"
#define ROW(ip, count) "<record><row><source_ip>" ip "</source_ip><count>" \
	count "</count></row></record>"

static struct arena *arena;
static struct report report;

static enum report_status
read_text(struct slice xml)
{
	unsigned int line;

	if (arena == NULL)
		arena = arena_new(256U << 20);
	arena_reset(arena);
	return report_read_xml(xml, arena, &report, &line);
}

static void
test_documents(void)
{
	static const struct {
		const char		*name, *xml;
		enum report_status	 status;
		/* It depends on how far the parser looks ahead. */
		enum report_status	 or;
		uint64_t		 messages;
		size_t			 bad_rows;
	} rows[] = {
		{ .name = "no row", .xml = "<feedback>" META "</feedback>" },
		{ .name = "two rows", .xml = "<feedback>" META
		    ROW("192.0.2.1", "1") ROW("::1", "2") "</feedback>",
		  .messages = 3 },
		{ .name = "a namespace", .xml = "<feedback xmlns=\"urn:x\">"
		    META ROW("192.0.2.1", "5") "</feedback>", .messages = 5 },
		{ .name = "a prefix", .xml = "<d:feedback xmlns:d=\"urn:x\">"
		    "<d:report_metadata><d:report_id>1</d:report_id>"
		    "</d:report_metadata><d:record><d:row><d:source_ip>::1"
		    "</d:source_ip><d:count>6</d:count></d:row></d:record>"
		    "</d:feedback>", .messages = 6 },
		{ .name = "an extension is passed over", .xml = "<feedback "
		    "xmlns:x=\"urn:x\">" META "<x:record/><x:record><row>"
		    "<count>9</count></row></x:record>"
		    ROW("192.0.2.1", "1") "</feedback>", .messages = 1 },
		{ .name = "no count", .xml = "<feedback>" META
		    ROW("192.0.2.1", "x") ROW("192.0.2.1", "-1")
		    ROW("192.0.2.1", "4294967296") "</feedback>",
		  .bad_rows = 3 },
		{ .name = "the largest count", .xml = "<feedback>" META
		    ROW("192.0.2.1", "4294967295") "</feedback>",
		  .messages = 4294967295u },
		{ .name = "no address", .xml = "<feedback>" META
		    ROW("host", "1") ROW("", "1") "<record/></feedback>",
		  .bad_rows = 3 },
		{ .name = "CDATA and references", .xml = "<feedback>" META
		    ROW("<![CDATA[192.0.2.1]]>", "&#49;2") "</feedback>",
		  .messages = 12 },
		{ .name = "another document", .xml = "<html/>",
		  .status = REPORT_NOT_A_REPORT },
		{ .name = "no metadata", .xml = "<feedback/>",
		  .status = REPORT_NOT_A_REPORT },
		{ .name = "nothing", .xml = "", .status = REPORT_NOT_XML },
		{ .name = "cut short", .xml = "<feedback>" META "<record>",
		  .status = REPORT_NOT_XML },
		{ .name = "a document type", .xml = "<!DOCTYPE feedback>"
		    "<feedback>" META "</feedback>",
		  .status = REPORT_DOCTYPE },
		{ .name = "entities", .xml = "<!DOCTYPE feedback [<!ENTITY a "
		    "\"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
		    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><feedback>"
		    META "&c;</feedback>", .status = REPORT_DOCTYPE,
		  .or = REPORT_NOT_XML },
		{ .name = "a file", .xml = "<!DOCTYPE f [<!ENTITY a SYSTEM "
		    "\"file:///etc/passwd\">]><feedback>" META
		    "<record>&a;</record></feedback>",
		  .status = REPORT_DOCTYPE },
		{ .name = "not UTF-8", .xml = "<feedback>" META
		    "<x>\xff\xfe</x></feedback>", .status = REPORT_NOT_XML }
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum report_status s = read_text(slice_str(rows[i].xml));

		if (!ok(s == rows[i].status || (rows[i].or != REPORT_READ &&
		    s == rows[i].or), "%s", rows[i].name))
			printf("# %d\n", s);
		if (s == REPORT_READ)
			ok(report.messages == rows[i].messages &&
			    report.bad_rows == rows[i].bad_rows,
			    "%s: %" PRIu64 " messages, %zu bad rows",
			    rows[i].name, report.messages, report.bad_rows);
	}
}

static enum report_status
read_repeated(const char *before, const char *piece, size_t count,
    const char *after)
{
	enum report_status status;
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_REPORT_XML + 4096);
	buf_adds(&b, before);
	for (i = 0; i < count; i++)
		buf_adds(&b, piece);
	buf_adds(&b, after);
	status = read_text(buf_slice(&b));
	buf_fini(&b);
	return status;
}

static void
test_limits(void)
{
	const char *row = ROW("192.0.2.1", "1");
	size_t i, n = 0;
	struct report_auth *a;
	struct buf b;

	ok(read_repeated("<feedback>" META, row, LIMIT_REPORT_ROWS,
	    "</feedback>") == REPORT_READ && report.row_count ==
	    LIMIT_REPORT_ROWS, "as many rows as there may be");
	ok(read_repeated("<feedback>" META, row, LIMIT_REPORT_ROWS + 1,
	    "</feedback>") == REPORT_TOO_MANY_ROWS, "one more");
	ok(read_repeated("<feedback>" META "<record><row><source_ip>::1"
	    "</source_ip></row><auth_results>", "<dkim><domain>d</domain>"
	    "</dkim>", LIMIT_REPORT_RESULTS + 1, "</auth_results></record>"
	    "</feedback>") == REPORT_READ, "one result more than is kept");
	for (a = report.rows->dkim_results; a != NULL; a = a->next)
		n++;
	ok(n == LIMIT_REPORT_RESULTS, "those that are kept: %zu", n);
	for (i = 0; i < 2; i++) {
		buf_init(&b, 65536);
		buf_adds(&b, "<feedback>" META);
		for (n = 1; n < LIMIT_REPORT_DEPTH + i; n++)
			buf_adds(&b, "<a>");
		for (n = 1; n < LIMIT_REPORT_DEPTH + i; n++)
			buf_adds(&b, "</a>");
		buf_adds(&b, "</feedback>");
		ok(read_text(buf_slice(&b)) == (i == 0 ? REPORT_READ :
		    REPORT_TOO_DEEP), "%zu deeper than may be", i);
		buf_fini(&b);
	}
	ok(read_repeated("<feedback><report_metadata><report_id>", "x",
	    LIMIT_REPORT_TEXT + 1, "</report_id></report_metadata>"
	    "</feedback>") == REPORT_READ && report.report_id.len ==
	    LIMIT_REPORT_TEXT, "a long value is cut");
	ok(read_repeated("<feedback><report_metadata><report_id>", "x",
	    10 * LIMIT_REPORT_TEXT, "</report_id></report_metadata>"
	    "</feedback>") == REPORT_READ && report.report_id.len ==
	    LIMIT_REPORT_TEXT, "a very long one, too");
	ok(read_repeated("<feedback>" META, " ", LIMIT_REPORT_XML,
	    "</feedback>") == REPORT_TOO_LARGE, "a document that is too large");
}

static bool
count_one(void *arg, struct slice xml)
{
	(void)xml;
	++*(unsigned int *)arg;
	return true;
}

static void
test_parts(void)
{
	unsigned int i, n;
	struct buf b;

	for (i = 0; i < 2; i++) {
		unsigned int k;

		n = 0;
		buf_init(&b, 1U << 20);
		buf_adds(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
		for (k = 0; k < LIMIT_REPORT_PARTS - 1 + i; k++)
			buf_adds(&b, "--b\nContent-Type: text/xml\n\n<a/>\n");
		buf_adds(&b, "--b--\n");
		ok((report_unpack(buf_slice(&b), count_one, &n) ==
		    REPORT_READ) == (i == 0), "%u parts more than may be", i);
		buf_fini(&b);
	}
	for (i = 0; i < 2; i++) {
		unsigned int k;

		n = 0;
		buf_init(&b, 1U << 20);
		for (k = 1; k < LIMIT_REPORT_MAILS + i; k++)
			buf_adds(&b, "Content-Type: message/rfc822\n\n");
		buf_adds(&b, "Content-Type: text/xml\n\n<a/>\n");
		(void)report_unpack(buf_slice(&b), count_one, &n);
		ok(n == (i == 0), "%u mails more than may be in one another: "
		    "%u", i, n);
		buf_fini(&b);
	}
}

/* A part with a gzip of so many blanks. */
static void
add_blanks(struct buf *b, size_t count)
{
	static char blanks[1U << 16], packed[1U << 12];
	z_stream z = { .zalloc = NULL };
	int status = Z_OK;

	memset(blanks, ' ', sizeof(blanks));
	buf_adds(b, "--b\nContent-Type: application/gzip\n\n");
	(void)deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8,
	    Z_DEFAULT_STRATEGY);
	while (status == Z_OK) {
		if (z.avail_in == 0) {
			z.next_in = (Bytef *)blanks;
			z.avail_in = (uInt)(count < sizeof(blanks) ? count :
			    sizeof(blanks));
			count -= z.avail_in;
		}
		z.next_out = (Bytef *)packed;
		z.avail_out = sizeof(packed);
		status = deflate(&z, count == 0 && z.avail_in == 0 ?
		    Z_FINISH : Z_NO_FLUSH);
		buf_add(b, (struct slice){ packed,
		    sizeof(packed) - z.avail_out });
	}
	(void)deflateEnd(&z);
	buf_adds(b, "\n");
}

static void
test_unpacked(void)
{
	enum report_status status;
	unsigned int i, k, n;
	struct buf b;

	for (i = 0; i < 2; i++) {
		n = 0;
		buf_init(&b, 8U << 20);
		buf_adds(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
		for (k = 0; k < LIMIT_REPORT_UNPACKED / LIMIT_REPORT_XML; k++)
			add_blanks(&b, LIMIT_REPORT_XML);
		if (i > 0)
			add_blanks(&b, 1);
		buf_adds(&b, "--b--\n");
		status = report_unpack(buf_slice(&b), count_one, &n);
		ok(!buf_failed(&b) && n == k && status == (i == 0 ?
		    REPORT_READ : REPORT_TOO_LARGE), "%u octets more than may "
		    "come out of all: %u documents", i, n);
		buf_fini(&b);
	}
}

/* Each allocation of ours fails in turn: all of it, or REPORT_NO_MEMORY. */
static void
test_memory(void)
{
	static const char xml[] = "<feedback>" META ROW("192.0.2.1", "5")
	    "<record><row><source_ip>::1</source_ip><count>2</count></row>"
	    "<auth_results><dkim><domain>d</domain></dkim></auth_results>"
	    "</record></feedback>";
	unsigned long at;
	unsigned int line;
	bool good = true, failed = true;

	for (at = 0; failed && at < 1000; at++) {
		struct arena *a;
		enum report_status s = REPORT_NO_MEMORY;
		struct tallies t;

		mem_fail_after(at, 1);
		a = arena_new(1U << 20);
		if (a != NULL)
			s = report_read_xml(slice_str(xml), a, &report, &line);
		if (s == REPORT_READ) {
			tallies_init(&t, a);
			(void)tallies_add(&t, &report);
			if (!arena_failed(a))
				good &= t.all.messages == 7 &&
				    t.sources.count == 2;
		} else
			good &= s == REPORT_NO_MEMORY;
		failed = mem_fail_hits() > 0;
		mem_fail_after(0, 0);
		arena_free(a);
	}
	ok(good && !failed, "%lu allocations", at);
}

int
main(void)
{
	test_documents();
	test_limits();
	test_parts();
	test_unpacked();
	test_memory();
	arena_free(arena);
	return tap_done();
}
