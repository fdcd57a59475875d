/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aar: the results that a host on the way wrote down.
 *
 * Others write them, so they are read as widely as authres_read() does, and
 * believed only where their seal is (arc/trust.c).
 */
#include "arc/aar.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "base/limits.h"
#include "mail/lex.h"
#include "mail/result.h"

bool
arc_aar_split(struct slice value, unsigned int *instance,
    struct slice *payload)
{
	struct cursor c = cursor_of(value);
	unsigned long long n;
	struct slice digits;

	if (!lex_cfws(&c) || !cursor_take(&c, 'i') || !lex_cfws(&c) ||
	    !cursor_take(&c, '=') || !lex_cfws(&c))
		return false;
	digits = cursor_span(&c, ascii_is_digit);
	if (digits.len > 2 || !slice_number(digits, LIMIT_ARC_SETS, &n) ||
	    n == 0 || !lex_cfws(&c) || !cursor_take(&c, ';'))
		return false;
	*instance = (unsigned int)n;
	*payload = cursor_rest(&c);
	return true;
}

bool
arc_aar_read(struct slice value, struct arena *arena, struct authres *out)
{
	unsigned int instance;
	struct slice payload;

	*out = (struct authres){ .version = 1 };
	return arc_aar_split(value, &instance, &payload) &&
	    slice_is_ascii(payload) &&
	    authres_read(payload, arena, out) == AUTHRES_OK;
}

static bool
get(const struct authres_result *r, struct slice ptype,
    struct slice property, struct slice *value)
{
	const struct authres_property *p;
	size_t i;

	for (i = 0; i < r->property_count; i++) {
		p = &r->properties[i];
		if (!slice_eq_nocase(p->ptype, ptype) ||
		    !slice_eq_nocase(p->property, property))
			continue;
		*value = p->value;
		return true;
	}
	return false;
}

/* The value of that property, when it is a domain name. */
static bool
get_domain(const struct authres_result *r, struct slice property,
    struct domain *out)
{
	struct slice value;

	return get(r, SLICE("header"), property, &value) &&
	    domain_parse(value, out);
}

static bool
is_method(const struct authres_result *r, struct slice method)
{
	return r->method_version == 1 && slice_eq_nocase(r->method, method);
}

bool
arc_aar_passed_dmarc(const struct authres *results, struct slice from)
{
	const struct authres_result *r;
	bool passed = false;
	struct domain name;
	size_t i;

	for (i = 0; i < results->result_count; i++) {
		r = &results->results[i];
		if (!is_method(r, SLICE("dmarc")))
			continue;
		if (!slice_eq_nocase(r->result, SLICE("pass")))
			return false;
		if (!get_domain(r, SLICE("from"), &name) ||
		    !slice_eq(domain_slice(&name), from))
			return false;
		passed = true;
	}
	return passed;
}

bool
arc_aar_property(const struct authres *results, struct slice method,
    struct slice ptype, struct slice property, struct slice *value)
{
	size_t i;

	for (i = 0; i < results->result_count; i++)
		if (is_method(&results->results[i], method))
			return get(&results->results[i], ptype, property,
			    value);
	return false;
}

static void
sum_up_result(const struct authres_result *r, struct buf *out)
{
	enum auth_result result;
	struct domain name;

	if (!auth_result_parse(r->result, &result))
		return;
	buf_adds(out, out->len > 0 ? " " : "");
	buf_add(out, r->method);
	buf_addc(out, '=');
	buf_adds(out, auth_result_name(result));
	if (get_domain(r, SLICE("from"), &name) ||
	    get_domain(r, SLICE("d"), &name)) {
		buf_addc(out, '(');
		buf_add(out, domain_slice(&name));
		buf_addc(out, ')');
	}
}

void
arc_aar_sum_up(const struct authres *results, struct buf *out)
{
	size_t i;

	for (i = 0; i < results->result_count; i++)
		sum_up_result(&results->results[i], out);
}
