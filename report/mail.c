/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail: see mail.h.
 */
#include "report/mail.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/ascii.h"
#include "report/pack_internal.h"

#define BOUNDARY "=_report-"	/* base64 has no "_" */

/* ---- the header ---- */

/* RFC 5322 3.3, in UTC; strftime() would use the words of a locale. */
static void
put_date(struct buf *b, int64_t now)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t when = (time_t)now;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		return;
	buf_addf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A quoted-string (RFC 5322 3.2.4); what is not printable becomes "?". */
static void
put_quoted(struct buf *b, struct slice text)
{
	size_t i;

	buf_addc(b, '"');
	for (i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"' || c == '\\')
			buf_addc(b, '\\');
		buf_addc(b, ascii_is_printable(c) ? c : '?');
	}
	buf_addc(b, '"');
}

void
report_mail_name(const struct report_mail *m, char out[REPORT_MAIL_NAME])
{
	const struct report *r = m->report;

	snprintf(out, REPORT_MAIL_NAME, "%s!%.*s!%" PRId64 "!%" PRId64
	    "!%.*s.xml.gz", m->from.host.text, SLICE_ARG(r->domain), r->begin,
	    r->end, SLICE_ARG(r->report_id));
}

void
report_mail_header(const struct report_mail *m, struct slice to,
    const char *tag, int64_t now, struct buf *out)
{
	const struct report *r = m->report;

	put_date(out, now);
	buf_adds(out, "From: ");
	put_quoted(out, r->org_name);
	buf_addf(out, "\n <%s>\nTo: <%.*s>\n", m->from.text, SLICE_ARG(to));
	buf_addf(out, "Subject: Report Domain: %.*s\n Submitter: %s\n "
	    "Report-ID: <%.*s>\n", SLICE_ARG(r->domain), m->from.host.text,
	    SLICE_ARG(r->report_id));
	buf_addf(out, "Message-ID: <%s@%s>\n", tag, m->from.host.text);
	buf_adds(out, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n");
	buf_addf(out, "Content-Type: multipart/mixed;\n boundary=\"" BOUNDARY
	    "%.*s\"\n\n", SLICE_ARG(r->report_id));
}

/* ---- the body ---- */

static void
put_boundary(const struct report *r, const char *end, struct buf *out)
{
	buf_addf(out, "--" BOUNDARY "%.*s%s\n", SLICE_ARG(r->report_id), end);
}

/* For people. */
static void
put_text(const struct report *r, struct buf *out)
{
	char day[REPORT_DAY];

	report_day(r->begin, day);
	put_boundary(r, "", out);
	buf_adds(out, "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: 7bit\n\n");
	buf_addf(out, "This is a DMARC aggregate report (RFC 9990) about mail "
	    "that arrived in the\nname of\n    %.*s\non %s (UTC).  Its DMARC "
	    "record asks for such reports.\n\nReported by:\n    %.*s\n",
	    SLICE_ARG(r->domain), day, SLICE_ARG(r->org_name));
	buf_addf(out, "Questions:\n    %.*s\n", SLICE_ARG(r->email));
	if (r->contact.len > 0)
		buf_addf(out, "    %.*s\n", SLICE_ARG(r->contact));
	buf_addf(out, "Report-ID:\n    %.*s\n\n", SLICE_ARG(r->report_id));
}

bool
report_mail_begin(const struct report_mail *m, struct slice error,
    struct report_mail_body *body, struct buf *out)
{
	char name[REPORT_MAIL_NAME];

	*body = (struct report_mail_body){ .out = out, .report = m->report };
	put_text(m->report, out);
	put_boundary(m->report, "", out);
	report_mail_name(m, name);
	buf_addf(out, "Content-Type: application/gzip\n"
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n filename=\"%s\"\n\n", name);
	body->pack = report_pack_new(out);
	if (body->pack == NULL)
		return false;
	body->writer = report_writer_new(m->report, error, report_pack_write,
	    body->pack);
	if (body->writer == NULL)
		(void)report_pack_end(body->pack);
	return body->writer != NULL;
}

bool
report_mail_end(struct report_mail_body *body)
{
	bool written = report_writer_end(body->writer);
	bool packed = report_pack_end(body->pack);

	put_boundary(body->report, "--", body->out);
	return written && packed && !buf_failed(body->out);
}
