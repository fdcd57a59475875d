/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: an aggregate report out of XML, by libxml2's pull parser.
 *
 * The names of the open elements are kept as one text, as in
 * "feedback/record/row/count"; a table says what the text of such an element
 * is for.  Elements of a namespace other than the root's are extensions
 * (RFC 9990 section 5).
 */
#include "report/aggregate.h"

#include <libxml/xmlreader.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

#define TEXT_ROOM (4 * LIMIT_REPORT_TEXT)	/* with white space around */
#define PATH_MAX_TEXT 256	/* longer than any in the table */

struct reading {
	xmlTextReaderPtr	 xml;
	struct arena		*arena;
	struct report		*out;
	/* The row in progress, and what is in progress within it. */
	struct report_row	 row;
	bool			 row_bad;
	struct report_auth	 auth;
	struct report_reason	 reason;
	unsigned int		 results;
	struct report_row      **last;
	const xmlChar		*root_ns;
	/* Elements within one that is not ours. */
	int			 foreign;	/* its depth; -1: none */
	char			 path[PATH_MAX_TEXT];
	size_t			 path_len;
	struct buf		 text;
	enum report_status	 status;
};

/* ---- elements with text ---- */

typedef void	element_fn(struct reading *r, struct slice text);

struct element {
	struct slice	 path;	/* below "feedback/" */
	element_fn	*fn;	/* NULL: `field` */
	size_t		 field;	/* of a slice within struct reading or report */
	bool		 of_report;
};

static void
take_begin(struct reading *r, struct slice text)
{
	unsigned long long n;

	if (slice_number(text, INT64_MAX, &n))
		r->out->begin = (int64_t)n;
}

static void
take_end(struct reading *r, struct slice text)
{
	unsigned long long n;

	if (slice_number(text, INT64_MAX, &n))
		r->out->end = (int64_t)n;
}

static void
take_source(struct reading *r, struct slice text)
{
	r->row.source_text = arena_dup(r->arena, text);
	if (!ipaddr_parse(text, &r->row.source))
		r->row_bad = true;
}

static void
take_count(struct reading *r, struct slice text)
{
	unsigned long long n;

	if (slice_number(text, LIMIT_REPORT_COUNT, &n))
		r->row.count = n;
	else
		r->row_bad = true;
}

static const char *const dispositions[] = {
	[REPORT_NONE] = "none",
	[REPORT_PASS] = "pass",
	[REPORT_QUARANTINE] = "quarantine",
	[REPORT_REJECT] = "reject",
	[REPORT_OTHER_DISPOSITION] = "other"
};

const char *
report_disposition_name(enum report_disposition d)
{
	return dispositions[d];
}

static void
take_disposition(struct reading *r, struct slice text)
{
	unsigned int d;

	for (d = 0; d < REPORT_OTHER_DISPOSITION; d++)
		if (slice_eq_nocase(text, slice_str(dispositions[d])))
			break;
	r->row.disposition = (enum report_disposition)d;
}

static void
take_dkim(struct reading *r, struct slice text)
{
	r->row.dkim = slice_eq_nocase(text, SLICE("pass"));
}

static void
take_spf(struct reading *r, struct slice text)
{
	r->row.spf = slice_eq_nocase(text, SLICE("pass"));
}

#define OF_REPORT(name, member) \
	{ SLICE_INIT(name), NULL, offsetof(struct report, member), true }
#define OF_READING(name, member) \
	{ SLICE_INIT(name), NULL, offsetof(struct reading, member), false }
#define BY(name, function) { SLICE_INIT(name), function, 0, false }

static const struct element elements[] = {
	OF_REPORT("report_metadata/org_name", org_name),
	OF_REPORT("report_metadata/email", email),
	OF_REPORT("report_metadata/extra_contact_info", contact),
	OF_REPORT("report_metadata/report_id", report_id),
	BY("report_metadata/date_range/begin", take_begin),
	BY("report_metadata/date_range/end", take_end),
	OF_REPORT("policy_published/domain", domain),
	OF_REPORT("policy_published/p", p),
	OF_REPORT("policy_published/sp", sp),
	OF_REPORT("policy_published/np", np),
	OF_REPORT("policy_published/adkim", adkim),
	OF_REPORT("policy_published/aspf", aspf),
	OF_REPORT("policy_published/testing", testing),
	OF_REPORT("policy_published/discovery_method", discovery),
	BY("record/row/source_ip", take_source),
	BY("record/row/count", take_count),
	BY("record/row/policy_evaluated/disposition", take_disposition),
	BY("record/row/policy_evaluated/dkim", take_dkim),
	BY("record/row/policy_evaluated/spf", take_spf),
	OF_READING("record/row/policy_evaluated/reason/type", reason.type),
	OF_READING("record/row/policy_evaluated/reason/comment",
	    reason.comment),
	OF_READING("record/identifiers/header_from", row.header_from),
	/* So some call it. */
	OF_READING("record/identities/header_from", row.header_from),
	OF_READING("record/identifiers/envelope_from", row.envelope_from),
	OF_READING("record/identifiers/envelope_to", row.envelope_to),
	OF_READING("record/auth_results/dkim/domain", auth.domain),
	OF_READING("record/auth_results/dkim/selector", auth.selector),
	OF_READING("record/auth_results/dkim/result", auth.result),
	OF_READING("record/auth_results/dkim/human_result", auth.human),
	OF_READING("record/auth_results/spf/domain", auth.domain),
	OF_READING("record/auth_results/spf/scope", auth.scope),
	OF_READING("record/auth_results/spf/result", auth.result)
};

static struct slice
path_of(const struct reading *r)
{
	return slice_from((struct slice){ r->path, r->path_len },
	    sizeof("feedback/") - 1);
}

static void
store(struct reading *r, const struct element *e, struct slice text)
{
	struct slice copy = arena_dup(r->arena, text);
	char *base = e->of_report ? (char *)r->out : (char *)r;

	memcpy(base + e->field, &copy, sizeof(copy));
}

static void
take_text(struct reading *r)
{
	struct slice path = path_of(r), text;
	size_t i;

	text = utf8_head(slice_trim(buf_slice(&r->text)), LIMIT_REPORT_TEXT);
	for (i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		if (!slice_eq(path, elements[i].path))
			continue;
		if (elements[i].fn != NULL)
			elements[i].fn(r, text);
		else
			store(r, &elements[i], text);
		return;
	}
}

/* What readers go by: an id without the "<>" of the Subject, and a name. */
static void
mend_metadata(struct report *r)
{
	size_t at = slice_find_last(r->email, '@');

	if (slice_starts(r->report_id, SLICE("<")))
		r->report_id = slice_from(r->report_id, 1);
	if (r->report_id.len > 0 &&
	    r->report_id.ptr[r->report_id.len - 1] == '>')
		r->report_id.len--;
	if (r->org_name.len == 0 && at < r->email.len)
		r->org_name = slice_from(r->email, at + 1);
}

/* ---- elements with elements ---- */

static void
end_auth(struct reading *r, struct report_auth **list)
{
	struct report_auth *a, **last;

	if (++r->results > LIMIT_REPORT_RESULTS)
		return;
	for (last = list; *last != NULL; last = &(*last)->next)
		;
	a = arena_alloc(r->arena, sizeof(*a));
	if (a == NULL)
		return;
	*a = r->auth;
	*last = a;
}

static void
end_reason(struct reading *r)
{
	struct report_reason *reason;

	if (++r->results > LIMIT_REPORT_RESULTS)
		return;
	reason = arena_alloc(r->arena, sizeof(*reason));
	if (reason == NULL)
		return;
	*reason = r->reason;
	reason->next = r->row.reasons;
	r->row.reasons = reason;
}

static void
end_row(struct reading *r)
{
	struct report_row *row;

	if (r->row_bad || r->row.source.family == IPADDR_NONE) {
		r->out->bad_rows++;
		return;
	}
	if (r->out->row_count == LIMIT_REPORT_ROWS) {
		r->status = REPORT_TOO_MANY_ROWS;
		return;
	}
	row = arena_alloc(r->arena, sizeof(*row));
	if (row == NULL)
		return;
	*row = r->row;
	*r->last = row;
	r->last = &row->next;
	r->out->row_count++;
	r->out->messages += row->count;
}

static void
begin_element(struct reading *r)
{
	struct slice path = path_of(r);

	buf_reset(&r->text);
	if (slice_eq(path, SLICE("record"))) {
		r->row = (struct report_row){ .disposition = REPORT_NONE };
		r->row_bad = false;
		r->results = 0;
	} else if (slice_eq(path, SLICE("record/auth_results/dkim")) ||
	    slice_eq(path, SLICE("record/auth_results/spf")))
		r->auth = (struct report_auth){ .next = NULL };
	else if (slice_eq(path, SLICE("record/row/policy_evaluated/reason")))
		r->reason = (struct report_reason){ .next = NULL };
}

static void
end_element(struct reading *r)
{
	struct slice path = path_of(r);

	if (slice_eq(path, SLICE("record")))
		end_row(r);
	else if (slice_eq(path, SLICE("record/auth_results/dkim")))
		end_auth(r, &r->row.dkim_results);
	else if (slice_eq(path, SLICE("record/auth_results/spf")))
		end_auth(r, &r->row.spf_results);
	else if (slice_eq(path, SLICE("record/row/policy_evaluated/reason")))
		end_reason(r);
	else
		take_text(r);
	buf_reset(&r->text);
}

/* ---- the document ---- */

static bool
is_foreign(const struct reading *r)
{
	const xmlChar *ns = xmlTextReaderConstNamespaceUri(r->xml);

	return !xmlStrEqual(ns, r->root_ns);
}

/* Adds "/name" to the path.  A name that does not fit is nobody's. */
static bool
path_push(struct reading *r, const char *name)
{
	size_t len = strlen(name), slash = r->path_len > 0 ? 1 : 0;

	if (r->path_len + slash + len > sizeof(r->path))
		return false;
	if (slash > 0)
		r->path[r->path_len] = '/';
	memcpy(r->path + r->path_len + slash, name, len);
	r->path_len += slash + len;
	return true;
}

static void
path_pop(struct reading *r)
{
	while (r->path_len > 0 && r->path[r->path_len - 1] != '/')
		r->path_len--;
	if (r->path_len > 0)
		r->path_len--;
}

static void
on_root(struct reading *r)
{
	r->root_ns = xmlTextReaderConstNamespaceUri(r->xml);
	if (!xmlStrEqual(xmlTextReaderConstLocalName(r->xml),
	    (const xmlChar *)"feedback"))
		r->status = REPORT_NOT_A_REPORT;
}

static void
on_element(struct reading *r)
{
	const char *name = (const char *)xmlTextReaderConstLocalName(r->xml);
	int depth = xmlTextReaderDepth(r->xml);
	bool empty = xmlTextReaderIsEmptyElement(r->xml) == 1;

	if (depth >= LIMIT_REPORT_DEPTH)
		r->status = REPORT_TOO_DEEP;
	else if (depth == 0)
		on_root(r);
	if (r->status != REPORT_READ || r->foreign >= 0)
		return;
	if (is_foreign(r) || !path_push(r, name)) {
		r->foreign = empty ? -1 : depth;
		return;
	}
	begin_element(r);
	if (empty) {
		end_element(r);
		path_pop(r);
	}
}

static void
on_end(struct reading *r)
{
	int depth = xmlTextReaderDepth(r->xml);

	if (r->foreign >= 0) {
		if (depth == r->foreign)
			r->foreign = -1;
		return;
	}
	end_element(r);
	path_pop(r);
}

static void
on_text(struct reading *r)
{
	struct slice text = slice_str((const char *)
	    xmlTextReaderConstValue(r->xml));

	/* Its buffer takes what a value may have; the rest is cut. */
	if (r->foreign < 0)
		buf_add(&r->text, slice_head(text, TEXT_ROOM - r->text.len));
}

static void
on_node(struct reading *r)
{
	switch (xmlTextReaderNodeType(r->xml)) {
	case XML_READER_TYPE_ELEMENT:
		on_element(r);
		break;
	case XML_READER_TYPE_END_ELEMENT:
		on_end(r);
		break;
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
		on_text(r);
		break;
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		r->status = REPORT_DOCTYPE;
		break;
	default:
		break;
	}
	if (arena_failed(r->arena) || buf_failed(&r->text))
		r->status = REPORT_NO_MEMORY;
}

static void
read_document(struct reading *r)
{
	int more = 1;

	while (r->status == REPORT_READ &&
	    (more = xmlTextReaderRead(r->xml)) == 1)
		on_node(r);
	if (r->status == REPORT_READ && more != 0)
		r->status = REPORT_NOT_XML;
	mend_metadata(r->out);
	if (r->status == REPORT_READ && r->out->report_id.len == 0 &&
	    r->out->org_name.len == 0)
		r->status = REPORT_NOT_A_REPORT;
}

/* libxml2 would write to stderr. */
static void
on_error(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error;
}

enum report_status
report_read_xml(struct slice xml, struct arena *arena, struct report *out,
    unsigned int *line)
{
	struct reading r = { .arena = arena, .out = out, .foreign = -1,
	    .status = REPORT_READ };

	*out = (struct report){ .begin = 0 };
	*line = 0;
	if (xml.len > LIMIT_REPORT_XML)
		return REPORT_TOO_LARGE;
	r.last = &out->rows;
	r.xml = xmlReaderForMemory(xml.ptr, (int)xml.len, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (r.xml == NULL)
		return REPORT_NO_MEMORY;
	xmlTextReaderSetStructuredErrorHandler(r.xml, on_error, NULL);
	buf_init(&r.text, TEXT_ROOM);
	read_document(&r);
	if (r.status != REPORT_READ)
		*line = (unsigned int)xmlTextReaderGetParserLineNumber(r.xml);
	buf_fini(&r.text);
	xmlFreeTextReader(r.xml);
	return r.status;
}

const char *
report_status_text(enum report_status status)
{
	static const char *const texts[] = {
		[REPORT_READ] = "is fine",
		[REPORT_NO_MEMORY] = "no memory",
		[REPORT_NOT_XML] = "is not well-formed",
		[REPORT_NOT_A_REPORT] = "is no aggregate report",
		[REPORT_DOCTYPE] = "has a document type or entities",
		[REPORT_TOO_DEEP] = "is nested too deep",
		[REPORT_TOO_MANY_ROWS] = "has more than 200,000 rows",
		[REPORT_TOO_LARGE] = "is too large"
	};

	return texts[status];
}
