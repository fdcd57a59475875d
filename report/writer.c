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
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define RFC_VERSION "1.0"
#define GENERATOR "assay"
#define BEGIN "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
#define DEPTH 8			/* elements within each other */
#define CHUNK 16384u		/* octets that are handed on at once */

/* Of an element, ready to be written. */
struct tags {
	struct slice	begin, end;
};

#define TAGS(name) \
	(&(const struct tags){ SLICE_INIT("<" name ">"), \
	    SLICE_INIT("</" name ">\n") })

struct report_writer {
	report_write_fn		*out;
	void			*arg;
	struct slice		 ends[DEPTH];	/* of the open elements */
	size_t			 depth;
	bool			 failed;
	size_t			 len;
	char			 text[CHUNK];	/* not handed on yet */
};

static void
hand_on(struct report_writer *w, struct slice text)
{
	if (!w->failed && text.len > 0 && !w->out(w->arg, text.ptr, text.len))
		w->failed = true;
}

static void
flush(struct report_writer *w)
{
	hand_on(w, (struct slice){ w->text, w->len });
	w->len = 0;
}

static void
put(struct report_writer *w, struct slice text)
{
	if (text.len > CHUNK - w->len)
		flush(w);
	if (text.len > CHUNK) {
		hand_on(w, text);
	} else if (text.len > 0) {
		memcpy(w->text + w->len, text.ptr, text.len);
		w->len += text.len;
	}
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
	return ascii_is_printable(c) && c != '&' && c != '<' && c != '>';
}

static void
put_other(struct report_writer *w, struct cursor *c)
{
	const char *at = c->p;
	struct slice taken;

	if (!take_good(c, &taken)) {
		put(w, SLICE(REPLACEMENT));
		if (c->p == at)
			c->p++;
	} else if (*at == '&') {
		put(w, SLICE("&amp;"));
	} else if (*at == '<') {
		put(w, SLICE("&lt;"));
	} else if (*at == '>') {
		put(w, SLICE("&gt;"));
	} else {
		put(w, taken);
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
		put(w, (struct slice){ at, (size_t)(c.p - at) });
		if (c.p < c.end)
			put_other(w, &c);
	}
}

/* ---- elements ---- */

static void
indent(struct report_writer *w)
{
	put(w, slice_head(SLICE("        "), w->depth));
}

static void
begin(struct report_writer *w, const struct tags *t)
{
	indent(w);
	put(w, t->begin);
	put(w, SLICE("\n"));
	assert(w->depth < DEPTH);
	w->ends[w->depth++] = t->end;
}

static void
end(struct report_writer *w)
{
	w->depth--;
	indent(w);
	put(w, w->ends[w->depth]);
}

static void
element(struct report_writer *w, const struct tags *t, struct slice text)
{
	indent(w);
	put(w, t->begin);
	put_text(w, text);
	put(w, t->end);
}

static void
optional(struct report_writer *w, const struct tags *t, struct slice text)
{
	if (text.len > 0)
		element(w, t, text);
}

static void
number(struct report_writer *w, const struct tags *t, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	element(w, t, slice_str(text));
}

/* ---- what all rows share ---- */

static void
metadata(struct report_writer *w, const struct report *r, struct slice error)
{
	begin(w, TAGS("report_metadata"));
	element(w, TAGS("org_name"), r->org_name);
	element(w, TAGS("email"), r->email);
	optional(w, TAGS("extra_contact_info"), r->contact);
	element(w, TAGS("report_id"), r->report_id);
	begin(w, TAGS("date_range"));
	number(w, TAGS("begin"), (uint64_t)r->begin);
	number(w, TAGS("end"), (uint64_t)r->end);
	end(w);
	optional(w, TAGS("error"), error);
	element(w, TAGS("generator"), SLICE(GENERATOR));
	end(w);
}

static void
policy(struct report_writer *w, const struct report *r)
{
	begin(w, TAGS("policy_published"));
	element(w, TAGS("domain"), r->domain);
	element(w, TAGS("p"), r->p);
	optional(w, TAGS("sp"), r->sp);
	optional(w, TAGS("np"), r->np);
	optional(w, TAGS("adkim"), r->adkim);
	optional(w, TAGS("aspf"), r->aspf);
	optional(w, TAGS("discovery_method"), r->discovery);
	optional(w, TAGS("testing"), r->testing);
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
	put(w, SLICE(BEGIN));
	w->ends[w->depth++] = SLICE("</feedback>\n");
	element(w, TAGS("version"), SLICE(RFC_VERSION));
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

	begin(w, TAGS("policy_evaluated"));
	element(w, TAGS("disposition"), slice_str(
	    report_disposition_name(row->disposition)));
	element(w, TAGS("dkim"), pass_or_fail(row->dkim));
	element(w, TAGS("spf"), pass_or_fail(row->spf));
	for (reason = row->reasons; reason != NULL; reason = reason->next) {
		begin(w, TAGS("reason"));
		element(w, TAGS("type"), reason->type);
		optional(w, TAGS("comment"), reason->comment);
		end(w);
	}
	end(w);
}

static void
results(struct report_writer *w, const struct report_row *row)
{
	const struct report_auth *a;

	begin(w, TAGS("auth_results"));
	for (a = row->dkim_results; a != NULL; a = a->next) {
		begin(w, TAGS("dkim"));
		element(w, TAGS("domain"), a->domain);
		element(w, TAGS("selector"), a->selector);
		element(w, TAGS("result"), a->result);
		optional(w, TAGS("human_result"), a->human);
		end(w);
	}
	a = row->spf_results;
	if (a != NULL) {
		begin(w, TAGS("spf"));
		element(w, TAGS("domain"), a->domain);
		optional(w, TAGS("scope"), a->scope);
		element(w, TAGS("result"), a->result);
		optional(w, TAGS("human_result"), a->human);
		end(w);
	}
	end(w);
}

void
report_writer_row(struct report_writer *w, const struct report_row *row)
{
	char address[IPADDR_TEXT];

	ipaddr_format(&row->source, address);
	begin(w, TAGS("record"));
	begin(w, TAGS("row"));
	element(w, TAGS("source_ip"), slice_str(address));
	number(w, TAGS("count"), row->count);
	evaluated(w, row);
	end(w);
	begin(w, TAGS("identifiers"));
	element(w, TAGS("header_from"), row->header_from);
	/* Empty: a bounce (RFC 9990 section 3.1.1.12). */
	element(w, TAGS("envelope_from"), row->envelope_from);
	optional(w, TAGS("envelope_to"), row->envelope_to);
	end(w);
	results(w, row);
	end(w);
}

bool
report_writer_end(struct report_writer *w)
{
	bool good;

	end(w);
	flush(w);
	good = !w->failed;
	mem_free(w);
	return good;
}
