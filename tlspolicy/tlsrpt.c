/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlsrpt: RFC 8460 section 3.
 *
 * 1. A record begins with "v=TLSRPTv1" and, after white space, ";": else it
 *    does not count.  Exactly one that counts must be there.
 * 2. Fields follow, separated by ";", one of which may be at the end.  rua has
 *    one URI or several with "," between them: mailto: or https:.
 */
#include "tlspolicy/tlsrpt.h"

#include "base/ascii.h"
#include "base/cursor.h"

bool
tlsrpt_record_name(struct slice domain, struct domain *out)
{
	return domain_below(SLICE("_smtp._tls"), domain, out);
}

/* A URI may have ",", ";" and "!" only in their %-form. */
static bool
is_uri_char(char c)
{
	return ascii_is_vchar(c) && c != ',' && c != ';' && c != '!';
}

static bool
take_uri(struct cursor *c)
{
	struct slice uri = cursor_span(c, is_uri_char), address;

	if (slice_starts_nocase(uri, SLICE("https:")))
		return uri.len > sizeof("https://") - 1 &&
		    slice_starts_nocase(uri, SLICE("https://"));
	if (!slice_starts_nocase(uri, SLICE("mailto:")))
		return false;
	address = slice_from(uri, sizeof("mailto:") - 1);
	return slice_find(address, '@') > 0 &&
	    slice_find(address, '@') + 1 < address.len;
}

/* NULL, or what is wrong with it. */
static const char *
take_rua(struct cursor *c, struct tlsrpt_record *out)
{
	const struct cursor start = *c;

	do {
		(void)cursor_span(c, ascii_is_wsp);
		if (!take_uri(c))
			return "rua has what is neither a mailto: nor an "
			    "https: URI";
		out->uris++;
		out->rua = cursor_since(c, &start);
		(void)cursor_span(c, ascii_is_wsp);
	} while (cursor_take(c, ','));
	return NULL;
}

static bool
is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static bool
is_value_char(char c)
{
	return ascii_is_vchar(c) && c != ';' && c != '=';
}

static const char *
take_field(struct cursor *c, struct tlsrpt_record *out)
{
	struct slice name = cursor_span(c, is_name_char);

	if (name.len == 0 || !cursor_take(c, '='))
		return "not a field of a name, = and a value";
	if (slice_eq(name, SLICE("rua")) && out->uris == 0)
		return take_rua(c, out);
	return cursor_span(c, is_value_char).len > 0 ? NULL :
	    "a field without a value";
}

/* Step 2. */
static const char *
take_fields(struct cursor *c, struct tlsrpt_record *out)
{
	const char *problem;

	for (;;) {
		(void)cursor_span(c, ascii_is_wsp);
		if (cursor_at_end(c))
			return out->uris > 0 ? NULL : "no rua";
		problem = take_field(c, out);
		if (problem != NULL)
			return problem;
		(void)cursor_span(c, ascii_is_wsp);
		if (!cursor_at_end(c) && !cursor_take(c, ';'))
			return "no semicolon after a field";
	}
}

bool
tlsrpt_record_parse(struct slice text, struct tlsrpt_record *out)
{
	static const struct slice version = SLICE_INIT("v=TLSRPTv1");
	struct cursor c = cursor_of(slice_from(text, version.len));

	*out = (struct tlsrpt_record){ .found = TLSRPT_NONE };
	if (!slice_starts(text, version))
		return false;
	(void)cursor_span(&c, ascii_is_wsp);
	if (!cursor_take(&c, ';'))
		return false;
	out->problem = take_fields(&c, out);
	if (out->problem == NULL)
		out->found = TLSRPT_FOUND;
	return true;
}

void
tlsrpt_record_read(const struct dns_answer *answer, struct tlsrpt_record *out)
{
	struct tlsrpt_record one;
	size_t i, count = 0;

	*out = (struct tlsrpt_record){ .found = TLSRPT_NONE };
	if (!dns_outcome_is_known(answer->outcome)) {
		out->found = TLSRPT_UNKNOWN;
		return;
	}
	for (i = 0; i < answer->count; i++) {
		if (!tlsrpt_record_parse(answer->records[i].text, &one))
			continue;
		*out = one;
		count++;
	}
	if (count > 1)
		*out = (struct tlsrpt_record){ .found = TLSRPT_NONE,
			.problem = "several records" };
}
