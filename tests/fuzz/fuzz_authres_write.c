/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the writer of Authentication-Results, given anything.
 *
 * The input is a list of calls: an octet that chooses one, an octet for the
 * length of its text in steps of four, the text.  Whatever it is,
 *
 * 1. what comes out is one field with lines of at most 998 octets, no
 *    control character but LF TAB, and 8-bit only as UTF-8 if allowed;
 * 2. parentheses are those of our comments: outside of quoted strings they
 *    do not nest and are all closed;
 * 3. reading it gives the methods, results and property names that went in,
 *    but for properties too long for a line; printable values are the same;
 * 4. it claims our id.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mail/authres.h"
#include "mail/lex.h"
#include "tests/fuzz/fuzz.h"

#define CALLS		60u	/* so that the field stays within its limit */
#define LINE_LONGEST	998u	/* RFC 5322 2.1.1 */
#define SURE		480u	/* fits on a line even if all is escaped */

struct call {
	enum { RESULT, PROPERTY, REASON, COMMENT } kind;
	unsigned int	word;
	struct slice	text;
};

static const char *const methods[] = { "spf", "dkim", "dmarc", "x-y" };
static const char *const results[] = { "pass", "fail", "none", "temperror" };
static const char *const ptypes[] = { "smtp", "header", "policy", "x" };
static const char *const properties[] = { "mailfrom", "d", "b", "x-z" };

static struct slice
take_text(struct cursor *c)
{
	struct slice text = cursor_rest(c);
	char len = 0;

	if (cursor_any(c, &len))
		text = slice_head(cursor_rest(c), 4u * (unsigned char)len);
	c->p += text.len;
	return text;
}

static bool
take_call(struct cursor *c, struct call *out)
{
	char octet;

	if (!cursor_any(c, &octet))
		return false;
	out->kind = (unsigned char)octet & 3;
	out->word = (unsigned char)octet >> 2 & 3;
	out->text = take_text(c);
	return true;
}

/* A comment is a C string. */
static void
write_comment(struct authres_writer *w, struct slice text)
{
	struct buf b;

	buf_init(&b, 2000);
	buf_add(&b, text);
	authres_write_comment(w, buf_cstr(&b));
	buf_fini(&b);
}

static void
make_call(struct authres_writer *w, const struct call *call)
{
	unsigned int i = call->word;

	switch (call->kind) {
	case RESULT:
		authres_write_result(w, methods[i], results[i]);
		break;
	case PROPERTY:
		authres_write_property(w, ptypes[i], properties[i],
		    call->text);
		break;
	case REASON:
		authres_write_reason(w, call->text);
		break;
	case COMMENT:
		write_comment(w, call->text);
		break;
	}
}

static void
check_lines(struct slice text, bool utf8)
{
	size_t i, column = strlen("Authentication-Results:");
	char c;

	must(utf8_is_valid(text));
	for (i = 0; i < text.len; i++) {
		c = text.ptr[i];
		if (c == '\n') {
			must(i + 1 < text.len && text.ptr[i + 1] == '\t');
			column = 0;
			continue;
		}
		must(++column <= LINE_LONGEST);
		if (c == '\t')
			must(column == 1 && i > 0 && text.ptr[i - 1] == '\n');
		else
			must(c == ' ' || ascii_is_vchar(c) ||
			    (utf8 && ascii_is_8bit(c)));
	}
}

static void
check_comments(struct slice text, size_t comments)
{
	bool quoted = false, open = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' && !open)
			quoted = !quoted;
		else if (text.ptr[i] == '\\')
			must(quoted && ++i < text.len);
		else if (text.ptr[i] == '(' && !quoted)
			must(!open && comments-- > 0 && (open = true));
		else if (text.ptr[i] == ')' && !quoted)
			must(open && !(open = false));
	}
	must(!quoted && !open && comments == 0);
}

static bool
is_printable(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] != ' ' && !ascii_is_vchar(s.ptr[i]))
			return false;
	}
	return true;
}

/* The properties that were read are those that were written, in order. */
static void
check_properties(const struct authres_result *r, const struct call *calls,
    size_t count)
{
	const struct authres_property *p;
	size_t i, n = 0;

	for (i = 0; i < count && calls[i].kind != RESULT; i++) {
		if (calls[i].kind != PROPERTY)
			continue;
		p = n < r->property_count ? &r->properties[n] : NULL;
		if (p == NULL || p->value.len != calls[i].text.len ||
		    !slice_eq(p->ptype, slice_str(ptypes[calls[i].word]))) {
			must(calls[i].text.len > SURE);
			continue;
		}
		must(slice_eq(p->property,
		    slice_str(properties[calls[i].word])));
		must(slice_eq(p->value, calls[i].text) ||
		    !is_printable(calls[i].text));
		n++;
	}
	must(n == r->property_count);
}

static void
check_results(const struct authres *a, const struct call *calls, size_t count)
{
	const struct authres_result *r = a->results;
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		if (calls[i].kind != RESULT)
			continue;
		must(n < a->result_count);
		must(slice_eq(r[n].method,
		    slice_str(methods[calls[i].word])));
		must(slice_eq(r[n].result,
		    slice_str(results[calls[i].word])));
		check_properties(&r[n], calls + i + 1, count - i - 1);
		n++;
	}
	must(n == a->result_count);
}

static void
check_field(struct slice text, struct slice id, bool utf8,
    const struct call *calls, size_t count)
{
	struct arena *arena = arena_new(1u << 20);
	size_t i, comments = 0;
	struct authres a;

	must(arena != NULL);
	check_lines(text, utf8);
	for (i = 0; i < count; i++)
		comments += calls[i].kind == COMMENT;
	check_comments(text, comments);
	must(authres_read(text, arena, &a) == AUTHRES_OK && a.version == 1);
	check_results(&a, calls, count);
	must(authres_claims(text, id));
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of((struct slice){ (const char *)data, size });
	bool in_result = false, in_properties = false;
	struct call calls[CALLS];
	struct authres_writer w;
	struct slice id, text;
	size_t count = 0;
	char flags = 0;
	bool good;

	(void)cursor_any(&c, &flags);
	id = (flags & 2) != 0 ? take_text(&c) : SLICE("mx.example.org");
	authres_write_begin(&w, id, (flags & 1) != 0);
	good = !w.failed;
	while (count < CALLS && take_call(&c, &calls[count])) {
		/* Only in the order that the grammar has. */
		if (calls[count].kind == RESULT) {
			in_result = true;
			in_properties = false;
		} else if (calls[count].kind != COMMENT && !in_result) {
			continue;
		} else if (calls[count].kind == REASON && in_properties) {
			continue;
		} else if (calls[count].kind == PROPERTY) {
			in_properties = true;
		}
		make_call(&w, &calls[count++]);
	}
	must(authres_write_end(&w, &text) == (good && !buf_failed(&w.out)));
	if (good && !buf_failed(&w.out))
		check_field(text, id, (flags & 1) != 0, calls, count);
	authres_write_fini(&w);
	return 0;
}
