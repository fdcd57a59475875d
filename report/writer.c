/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: elements by libxml2, which escapes them.  The order of elements is
 * that of the RFC's schema.
 */
#include "report/writer.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#define NAMESPACE "urn:ietf:params:xml:ns:dmarc-2.0"
#define REPLACEMENT "\xef\xbf\xbd"
#define CLEAN_MAX (LIMIT_REPORT_TEXT * 3u)
#define RFC_VERSION "1.0"
#define GENERATOR "assay"

struct report_writer {
	xmlTextWriterPtr	 xml;
	report_write_fn		*out;
	void			*arg;
	struct buf		 clean;		/* of one value */
	bool			 failed;
};

/* An xmlOutputWriteCallback.  libxml2 would print what it is told of. */
static int
write_out(void *arg, const char *ptr, int len)
{
	struct report_writer *w = arg;

	if (!w->failed && len > 0 && !w->out(w->arg, ptr, (size_t)len))
		w->failed = true;
	return len;
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

static const char *
clean(struct report_writer *w, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice taken;
	const char *at;

	buf_reset(&w->clean);
	while (c.p < c.end) {
		at = c.p;
		if (take_good(&c, &taken)) {
			buf_add(&w->clean, taken);
		} else {
			buf_adds(&w->clean, REPLACEMENT);
			if (c.p == at)
				c.p++;
		}
	}
	if (buf_failed(&w->clean))
		w->failed = true;
	return buf_failed(&w->clean) || w->clean.ptr == NULL ? "" :
	    w->clean.ptr;
}

static void
check(struct report_writer *w, int result)
{
	if (result < 0)
		w->failed = true;
}

static void
begin(struct report_writer *w, const char *name)
{
	check(w, xmlTextWriterStartElement(w->xml, (const xmlChar *)name));
}

static void
end(struct report_writer *w)
{
	check(w, xmlTextWriterEndElement(w->xml));
}

static void
element(struct report_writer *w, const char *name, struct slice text)
{
	check(w, xmlTextWriterWriteElement(w->xml, (const xmlChar *)name,
	    (const xmlChar *)clean(w, text)));
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
	xmlOutputBufferPtr to;

	if (w == NULL)
		return NULL;
	w->out = out;
	w->arg = arg;
	buf_init(&w->clean, CLEAN_MAX);
	to = xmlOutputBufferCreateIO(write_out, NULL, w, NULL);
	/* The writer owns the buffer from here on, unless there is none. */
	w->xml = to != NULL ? xmlNewTextWriter(to) : NULL;
	if (w->xml == NULL) {
		if (to != NULL)
			(void)xmlOutputBufferClose(to);
		mem_free(w);
		return NULL;
	}
	(void)xmlTextWriterSetIndent(w->xml, 1);
	check(w, xmlTextWriterStartDocument(w->xml, NULL, "UTF-8", NULL));
	begin(w, "feedback");
	check(w, xmlTextWriterWriteAttribute(w->xml, (const xmlChar *)"xmlns",
	    (const xmlChar *)NAMESPACE));
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

	check(w, xmlTextWriterEndDocument(w->xml));
	check(w, xmlTextWriterFlush(w->xml));
	xmlFreeTextWriter(w->xml);
	good = !w->failed;
	buf_fini(&w->clean);
	mem_free(w);
	return good;
}
