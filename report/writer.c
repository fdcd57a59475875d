/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: elements, in the order of the RFC's schema.
 *
 * This form of XML is small: elements of known names without attributes, and
 * text.  libxml2's writer takes several times as long for it, which a report
 * of a million rows shows.
 */
#include "report/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define RFC_VERSION "1.0"
#define GENERATOR "assay"
#define BEGIN "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
#define DEPTH 8			/* elements within each other */
#define CHUNK 16384u		/* octets that are handed on at once */
/* Of one element: its tags, and text all of whose octets are escaped. */
#define ELEMENT_MAX (1024u + LIMIT_REPORT_TEXT * 5u)

struct report_writer {
	report_write_fn		*out;
	void			*arg;
	struct buf		 text;		/* not handed on yet */
	const char		*open[DEPTH];
	size_t			 depth;
	bool			 failed;
};

static void
hand_on(struct report_writer *w, size_t from)
{
	if (w->text.len < from)
		return;
	if (buf_failed(&w->text))
		w->failed = true;
	if (!w->failed && w->text.len > 0 &&
	    !w->out(w->arg, w->text.ptr, w->text.len))
		w->failed = true;
	buf_reset(&w->text);
}

/* ---- values ---- */

/* A character that XML has (XML 1.0 section 2.2). */
static bool
take_good(struct cursor *c, struct slice *taken)
{
	const char *at = c->p;

	if (at < c->end && ((unsigned char)*at >= 0x20 && *at != 0x7f &&
	    (unsigned char)*at < 0x80))
		c->p++;
	else if (!utf8_take(c))
		return false;
	*taken = (struct slice){ at, (size_t)(c->p - at) };
	return taken->len == 1 || utf8_code(*taken) < 0xfffe ||
	    utf8_code(*taken) > 0xffff;
}

/* One that stands for nothing but itself, as most do. */
static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '&' && c != '<' && c != '>';
}

static void
put_other(struct report_writer *w, struct cursor *c)
{
	const char *at = c->p;
	struct slice taken;

	if (!take_good(c, &taken)) {
		buf_adds(&w->text, REPLACEMENT);
		if (c->p == at)
			c->p++;
	} else if (*at == '&') {
		buf_adds(&w->text, "&amp;");
	} else if (*at == '<') {
		buf_adds(&w->text, "&lt;");
	} else if (*at == '>') {
		buf_adds(&w->text, "&gt;");
	} else {
		buf_add(&w->text, taken);
	}
}

static void
put_text(struct report_writer *w, struct slice text)
{
	struct cursor c = cursor_of(text);
	const char *at;

	while (c.p < c.end) {
		for (at = c.p; c.p < c.end && is_plain(*c.p); c.p++)
			;
		buf_add(&w->text, (struct slice){ at, (size_t)(c.p - at) });
		if (c.p < c.end)
			put_other(w, &c);
	}
}

/* ---- elements ---- */

static void
indent(struct report_writer *w)
{
	size_t i;

	for (i = 0; i < w->depth; i++)
		buf_addc(&w->text, ' ');
}

static void
tag(struct report_writer *w, const char *before, const char *name)
{
	buf_adds(&w->text, before);
	buf_adds(&w->text, name);
	buf_addc(&w->text, '>');
}

static void
begin(struct report_writer *w, const char *name)
{
	indent(w);
	tag(w, "<", name);
	buf_addc(&w->text, '\n');
	assert(w->depth < DEPTH);
	w->open[w->depth++] = name;
}

static void
end(struct report_writer *w)
{
	w->depth--;
	indent(w);
	tag(w, "</", w->open[w->depth]);
	buf_addc(&w->text, '\n');
	hand_on(w, CHUNK);
}

static void
element(struct report_writer *w, const char *name, struct slice text)
{
	indent(w);
	tag(w, "<", name);
	put_text(w, text);
	tag(w, "</", name);
	buf_addc(&w->text, '\n');
	hand_on(w, CHUNK);
}

static void
optional(struct report_writer *w, const char *name, struct slice text)
{
	if (text.len > 0)
		element(w, name, text);
}

static void
number(struct report_writer *w, const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	element(w, name, slice_str(text));
}

/* ---- what all rows share ---- */

static void
metadata(struct report_writer *w, const struct report *r, struct slice error)
{
	begin(w, "report_metadata");
	element(w, "org_name", r->org_name);
	element(w, "email", r->email);
	optional(w, "extra_contact_info", r->contact);
	element(w, "report_id", r->report_id);
	begin(w, "date_range");
	number(w, "begin", (uint64_t)r->begin);
	number(w, "end", (uint64_t)r->end);
	end(w);
	optional(w, "error", error);
	element(w, "generator", SLICE(GENERATOR));
	end(w);
}

static void
policy(struct report_writer *w, const struct report *r)
{
	begin(w, "policy_published");
	element(w, "domain", r->domain);
	element(w, "p", r->p);
	optional(w, "sp", r->sp);
	optional(w, "np", r->np);
	optional(w, "adkim", r->adkim);
	optional(w, "aspf", r->aspf);
	optional(w, "discovery_method", r->discovery);
	optional(w, "testing", r->testing);
	end(w);
}

struct report_writer *
report_writer_new(const struct report *r, struct slice error,
    report_write_fn *out, void *arg)
{
	struct report_writer *w = mem_alloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->out = out;
	w->arg = arg;
	buf_init(&w->text, CHUNK + ELEMENT_MAX);
	buf_adds(&w->text, BEGIN);
	w->open[w->depth++] = "feedback";
	element(w, "version", SLICE(RFC_VERSION));
	metadata(w, r, error);
	policy(w, r);
	return w;
}

/* ---- rows ---- */

static struct slice
pass_or_fail(bool passed)
{
	return passed ? SLICE("pass") : SLICE("fail");
}

static void
evaluated(struct report_writer *w, const struct report_row *row)
{
	const struct report_reason *reason;

	begin(w, "policy_evaluated");
	element(w, "disposition", slice_str(
	    report_disposition_name(row->disposition)));
	element(w, "dkim", pass_or_fail(row->dkim));
	element(w, "spf", pass_or_fail(row->spf));
	for (reason = row->reasons; reason != NULL; reason = reason->next) {
		begin(w, "reason");
		element(w, "type", reason->type);
		optional(w, "comment", reason->comment);
		end(w);
	}
	end(w);
}

static void
results(struct report_writer *w, const struct report_row *row)
{
	const struct report_auth *a;

	begin(w, "auth_results");
	for (a = row->dkim_results; a != NULL; a = a->next) {
		begin(w, "dkim");
		element(w, "domain", a->domain);
		element(w, "selector", a->selector);
		element(w, "result", a->result);
		optional(w, "human_result", a->human);
		end(w);
	}
	a = row->spf_results;
	if (a != NULL) {
		begin(w, "spf");
		element(w, "domain", a->domain);
		optional(w, "scope", a->scope);
		element(w, "result", a->result);
		optional(w, "human_result", a->human);
		end(w);
	}
	end(w);
}

void
report_writer_row(struct report_writer *w, const struct report_row *row)
{
	char address[IPADDR_TEXT];

	ipaddr_format(&row->source, address);
	begin(w, "record");
	begin(w, "row");
	element(w, "source_ip", slice_str(address));
	number(w, "count", row->count);
	evaluated(w, row);
	end(w);
	begin(w, "identifiers");
	element(w, "header_from", row->header_from);
	/* Empty: a bounce (RFC 9990 section 3.1.1.12). */
	element(w, "envelope_from", row->envelope_from);
	optional(w, "envelope_to", row->envelope_to);
	end(w);
	results(w, row);
	end(w);
}

bool
report_writer_end(struct report_writer *w)
{
	bool good;

	end(w);
	hand_on(w, 0);
	good = !w->failed;
	buf_fini(&w->text);
	mem_free(w);
	return good;
}
