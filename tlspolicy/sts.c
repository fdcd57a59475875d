/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sts: the grammars of RFC 8461, one function for each rule.
 *
 * A record (section 3.1):
 * 1. It begins with "v=STSv1" and, after white space, ";": else it does not
 *    count.  Exactly one that counts must be there.
 * 2. Fields follow, each a name, "=" and a value, separated by ";".  One ";"
 *    may be at the end.  The first id counts, others and unknown names are
 *    ignored, as long as they are fields.
 *
 * A policy (section 3.2):
 * 1. Lines end with LF or CRLF; blanks at the end of one mean nothing, nor
 *    does an empty line, which the grammar has not, but many servers have.
 * 2. Each is a name, ":" and a value.  Of version, mode and max_age the first
 *    counts, all mx do, unknown names are passed over.  What is no field makes
 *    the policy invalid, as a wrong value of a known one does.
 * 3. version, mode and max_age must be there, and an mx unless mode is none.
 */
#include "tlspolicy/sts.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#define NAME_MAX_OCTETS	32	/* sts-ext-name, sts-policy-ext-name */

/* ---- names ---- */

bool
sts_record_name(struct slice domain, struct domain *out)
{
	return domain_below(SLICE("_mta-sts"), domain, out);
}

bool
sts_policy_host(struct slice domain, struct domain *out)
{
	return domain_below(SLICE("mta-sts"), domain, out);
}

/* ---- parts of both grammars ---- */

static bool
is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
static bool
take_name(struct cursor *c, struct slice *out)
{
	*out = cursor_span(c, is_name_char);
	return out->len > 0 && out->len <= NAME_MAX_OCTETS &&
	    ascii_is_alnum(out->ptr[0]);
}

/* ---- the record ---- */

/* sts-ext-value: %x21-3A / %x3C / %x3E-7E */
static bool
is_value_char(char c)
{
	return ascii_is_vchar(c) && c != ';' && c != '=';
}

/* sts-field-delim = *WSP ";" *WSP */
static bool
take_delim(struct cursor *c)
{
	(void)cursor_span(c, ascii_is_wsp);
	if (!cursor_take(c, ';'))
		return false;
	(void)cursor_span(c, ascii_is_wsp);
	return true;
}

static bool
is_id(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!ascii_is_alnum(s.ptr[i]))
			return false;
	}
	return s.len > 0 && s.len <= STS_ID_MAX;
}

/* NULL, or what is wrong with the field. */
static const char *
take_field(struct cursor *c, struct sts_record *out)
{
	struct slice name, value;

	if (!take_name(c, &name) || !cursor_take(c, '='))
		return "not a field of a name, = and a value";
	value = cursor_span(c, is_value_char);
	if (value.len == 0)
		return "a field without a value";
	if (!slice_eq(name, SLICE("id")) || out->id[0] != '\0')
		return NULL;
	if (!is_id(value))
		return "the id is not 1 to 32 letters and digits";
	memcpy(out->id, value.ptr, value.len);
	return NULL;
}

bool
sts_record_parse(struct slice text, struct sts_record *out)
{
	const struct slice version = SLICE("v=STSv1");
	struct cursor c = cursor_of(text);

	*out = (struct sts_record){ .found = STS_RECORD_NONE };
	if (!slice_starts(text, version))
		return false;
	c.p += version.len;
	if (!take_delim(&c))
		return false;
	while (!cursor_at_end(&c) && out->problem == NULL) {
		out->problem = take_field(&c, out);
		if (out->problem == NULL && !cursor_at_end(&c) &&
		    !take_delim(&c))
			out->problem = "no semicolon after a field";
	}
	if (out->problem == NULL && out->id[0] == '\0')
		out->problem = "no id";
	if (out->problem == NULL)
		out->found = STS_RECORD_FOUND;
	else
		out->id[0] = '\0';
	return true;
}

void
sts_record_read(const struct dns_answer *answer, struct sts_record *out)
{
	struct sts_record one;
	size_t i, count = 0;

	*out = (struct sts_record){ .found = STS_RECORD_NONE };
	if (!dns_outcome_is_known(answer->outcome)) {
		out->found = STS_RECORD_UNKNOWN;
		out->problem = dns_outcome_name(answer->outcome);
		return;
	}
	for (i = 0; i < answer->count; i++) {
		if (!sts_record_parse(answer->records[i].text, &one))
			continue;
		*out = one;
		count++;
	}
	if (count > 1)
		*out = (struct sts_record){ .found = STS_RECORD_NONE,
			.problem = "several records" };
}

/* ---- the policy ---- */

/* A policy while it is read. */
struct reading {
	struct arena		*arena;
	struct sts_policy	*out;
	struct slice		*mx;		/* LIMIT_STS_MX of them */
	bool			 has_version, has_mode, has_max_age;
	bool			 no_memory;
};

/* NULL, or what is wrong with the value. */
typedef const char	*field_fn(struct reading *r, struct slice value);

static const char *
read_version(struct reading *r, struct slice value)
{
	if (r->has_version)
		return NULL;
	r->has_version = true;
	return slice_eq(value, SLICE("STSv1")) ? NULL :
	    "the version is not STSv1";
}

static const char *
read_mode(struct reading *r, struct slice value)
{
	static const enum sts_mode modes[] = { STS_MODE_NONE,
	    STS_MODE_TESTING, STS_MODE_ENFORCE };
	size_t i;

	if (r->has_mode)
		return NULL;
	r->has_mode = true;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (slice_eq(value, slice_str(sts_mode_name(modes[i])))) {
			r->out->mode = modes[i];
			return NULL;
		}
	}
	return "the mode is not enforce, testing or none";
}

/* 1*10(DIGIT); what is too large is cut (erratum 7282). */
static const char *
read_max_age(struct reading *r, struct slice value)
{
	unsigned long long age;

	if (r->has_max_age)
		return NULL;
	r->has_max_age = true;
	if (value.len > 10 || !slice_number(value, 9999999999ull, &age))
		return "max_age is not a number of up to ten digits";
	r->out->max_age = age < LIMIT_STS_MAX_AGE ? (uint32_t)age :
	    LIMIT_STS_MAX_AGE;
	return NULL;
}

/* ["*."] Domain */
static const char *
read_mx(struct reading *r, struct slice value)
{
	char text[DOMAIN_MAX + 3];
	struct slice *mx = &r->mx[r->out->mx_count];
	bool wild = slice_starts(value, SLICE("*."));
	struct domain d;
	int len;

	if (!domain_parse(slice_from(value, wild ? 2 : 0), &d) ||
	    d.len + (wild ? 2 : 0) > DOMAIN_MAX)
		return "an mx that is not a name, or *. and a name";
	if (r->out->mx_count == LIMIT_STS_MX)
		return "too many mx";
	len = snprintf(text, sizeof(text), "%s%s", wild ? "*." : "", d.text);
	*mx = arena_dup(r->arena, (struct slice){ text, (size_t)len });
	r->no_memory = r->no_memory || mx->ptr == NULL;
	r->out->mx_count++;
	return NULL;
}

static const struct {
	struct slice	 name;
	field_fn	*read;
} fields[] = {
	{ SLICE_INIT("version"), read_version },
	{ SLICE_INIT("mode"), read_mode },
	{ SLICE_INIT("max_age"), read_max_age },
	{ SLICE_INIT("mx"), read_mx }
};

/* sts-policy-ext-value; also what a known field may hold at most. */
static bool
is_printable(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!ascii_is_printable(s.ptr[i]) &&
		    !ascii_is_8bit(s.ptr[i]))
			return false;
	}
	return utf8_is_valid(s);
}

static struct slice
without_blanks(struct slice s)
{
	while (s.len > 0 && ascii_is_wsp(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* Step 2. */
static const char *
read_line(struct reading *r, struct slice line)
{
	struct cursor c = cursor_of(line);
	struct slice name, value;
	size_t i;

	if (!take_name(&c, &name) || !cursor_take(&c, ':'))
		return "a line that is not a name, a colon and a value";
	(void)cursor_span(&c, ascii_is_wsp);
	value = cursor_rest(&c);
	if (value.len == 0)
		return "a field without a value";
	if (!is_printable(value))
		return "a value that is not printable text";
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (slice_eq(name, fields[i].name))
			return fields[i].read(r, value);
	}
	return NULL;
}

/* Step 1. */
static const char *
read_lines(struct reading *r, struct slice rest)
{
	const char *problem = NULL;
	struct slice line;

	while (rest.len > 0 && problem == NULL) {
		(void)slice_cut_line(&rest, &line);
		line = without_blanks(line);
		if (line.len > 0)
			problem = read_line(r, line);
	}
	return problem;
}

/* Step 3. */
static const char *
what_is_missing(const struct reading *r)
{
	if (!r->has_version)
		return "no version";
	if (!r->has_mode)
		return "no mode";
	if (!r->has_max_age)
		return "no max_age";
	return r->out->mx_count == 0 && r->out->mode != STS_MODE_NONE ?
	    "no mx" : NULL;
}

enum sts_parsed
sts_policy_parse(struct slice body, struct arena *arena,
    struct sts_policy *out, const char **problem)
{
	struct reading r = { .arena = arena, .out = out };

	*out = (struct sts_policy){ .mode = STS_MODE_NONE };
	*problem = NULL;
	if (body.len > LIMIT_STS_POLICY) {
		*problem = "too large";
		return STS_INVALID;
	}
	r.mx = arena_array(arena, LIMIT_STS_MX, sizeof(*r.mx));
	if (r.mx == NULL)
		return STS_NO_MEMORY;
	out->mx = r.mx;
	*problem = read_lines(&r, body);
	if (r.no_memory)
		return STS_NO_MEMORY;
	if (*problem == NULL)
		*problem = what_is_missing(&r);
	return *problem == NULL ? STS_PARSED : STS_INVALID;
}

/* ---- a policy that was read ---- */

size_t
sts_policy_size(const struct sts_policy *p)
{
	size_t i, size = sizeof(*p) + p->mx_count * sizeof(*p->mx);

	for (i = 0; i < p->mx_count; i++)
		size += p->mx[i].len;
	return size;
}

struct sts_policy *
sts_policy_copy(const struct sts_policy *p)
{
	struct sts_policy *copy = mem_alloc(sts_policy_size(p));
	struct slice *mx;
	char *text;
	size_t i;

	if (copy == NULL)
		return NULL;
	*copy = *p;
	mx = (struct slice *)(copy + 1);
	text = (char *)(mx + p->mx_count);
	for (i = 0; i < p->mx_count; i++) {
		memcpy(text, p->mx[i].ptr, p->mx[i].len);
		mx[i] = (struct slice){ text, p->mx[i].len };
		text += p->mx[i].len;
	}
	copy->mx = mx;
	return copy;
}

const char *
sts_mode_name(enum sts_mode m)
{
	static const char *const names[] = {
		[STS_MODE_NONE] = "none", [STS_MODE_TESTING] = "testing",
		[STS_MODE_ENFORCE] = "enforce"
	};

	return names[m];
}

bool
sts_pattern_matches(struct slice pattern, struct slice host)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq(pattern, host);
	return slice_eq(slice_from(pattern, 2), domain_parent(host));
}

const struct slice *
sts_policy_match(const struct sts_policy *p, struct slice host)
{
	size_t i;

	for (i = 0; i < p->mx_count; i++) {
		if (sts_pattern_matches(p->mx[i], host))
			return &p->mx[i];
	}
	return NULL;
}
