/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: Authentication-Results as others write it.
 *
 * 1. What could be read claims its own authserv-id, and no other one.
 * 2. What could be read is written by our writer and read again: method,
 *    result, reason, properties and values must be the same; and no reader
 *    may see another text in it.
 * 3. A field with our id before it, and a ";" or a NUL or an open comment
 *    between, is claimed whatever follows.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "mail/authres.h"
#include "mail/lex.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	4096u		/* so that what is written fits */
#define ARENA	(1u << 20)
#define OURS	"mx.example.org"

/* A word as a C string, for the writer: a Keyword, so there is no NUL. */
static const char *
word(struct slice s, char *room)
{
	must(s.len <= ROOM);
	if (s.len > 0)
		memcpy(room, s.ptr, s.len);
	room[s.len] = '\0';
	return room;
}

/* Can this value be written without a change? */
static bool
is_kept(struct slice s)
{
	struct cursor c = cursor_of(s);

	while (!cursor_at_end(&c)) {
		if (*c.p == ' ' || ascii_is_vchar(*c.p))
			c.p++;
		else if (!lex_utf8_shown(&c))
			return false;
	}
	return s.len < 400;
}

static bool
write_result(struct authres_writer *w, const struct authres_result *r)
{
	char first[ROOM + 1], second[ROOM + 1];
	const struct authres_property *p;
	size_t i;

	if (r->method.len + r->result.len > 900 || !is_kept(r->reason))
		return false;
	authres_write_result(w, word(r->method, first),
	    word(r->result, second));
	if (r->reason.len > 0)
		authres_write_reason(w, r->reason);
	for (i = 0; i < r->property_count; i++) {
		p = &r->properties[i];
		if (p->ptype.len == 0 || !is_kept(p->value) ||
		    p->ptype.len + p->property.len > 90)
			return false;
		authres_write_property(w, word(p->ptype, first),
		    word(p->property, second), p->value);
	}
	return true;
}

static void
must_equal(const struct authres *a, const struct authres *b)
{
	const struct authres_property *p, *q;
	size_t i, n;

	must(a->result_count == b->result_count);
	for (i = 0; i < a->result_count; i++) {
		must(slice_eq(a->results[i].method, b->results[i].method));
		must(slice_eq(a->results[i].result, b->results[i].result));
		must(slice_eq(a->results[i].reason, b->results[i].reason));
		must(a->results[i].property_count ==
		    b->results[i].property_count);
		for (n = 0; n < a->results[i].property_count; n++) {
			p = &a->results[i].properties[n];
			q = &b->results[i].properties[n];
			must(slice_eq(p->ptype, q->ptype));
			must(slice_eq(p->property, q->property));
			must(slice_eq(p->value, q->value));
		}
	}
}

static void
check_written(const struct authres *a, struct arena *arena)
{
	struct authres_writer w;
	struct authres again;
	struct slice text;
	bool good = true;
	size_t i;

	authres_write_begin(&w, SLICE(OURS), true);
	for (i = 0; good && i < a->result_count; i++)
		good = write_result(&w, &a->results[i]);
	if (good && authres_write_end(&w, &text)) {
		must(authres_read(text, arena, &again) == AUTHRES_OK);
		must_equal(a, &again);
		must(authres_claims(text, SLICE(OURS)));
		must(!authres_is_odd(text));
	}
	authres_write_fini(&w);
}

/* As a domain name, or once its 8-bit octets are dropped. */
static bool
is_ours(struct slice id)
{
	char ascii[sizeof(OURS)];
	struct domain d;
	size_t i, n = 0;

	if (domain_parse(id, &d) && slice_eq(domain_slice(&d), SLICE(OURS)))
		return true;
	for (i = 0; i < id.len && n < sizeof(ascii); i++) {
		if (!ascii_is_8bit(id.ptr[i]))
			ascii[n++] = id.ptr[i];
	}
	return slice_eq_nocase((struct slice){ ascii, n }, SLICE(OURS));
}

static void
check_read(struct slice text, struct arena *arena)
{
	struct authres a;
	enum authres_status status = authres_read(text, arena, &a);

	if (status == AUTHRES_VERSION)
		must(a.version != 1 && authres_claims(text, SLICE(OURS)));
	if (status != AUTHRES_OK) {
		must(a.result_count == 0);
		return;
	}
	must(a.version == 1);
	must(authres_claims(text, SLICE(OURS)) == is_ours(a.authserv_id));
	if (a.authserv_id.len > 0 && a.authserv_id.len <= LIMIT_DOMAIN_UTF8)
		must(authres_claims(text, a.authserv_id));
	check_written(&a, arena);
}

static void
must_claim(struct slice before, struct slice text)
{
	struct buf b;

	buf_init(&b, 2 * ROOM);
	buf_add(&b, before);
	buf_add(&b, text);
	must(authres_claims(buf_slice(&b), SLICE(OURS)));
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *arena;

	if (size > ROOM)
		return 0;
	arena = arena_new(ARENA);
	must(arena != NULL);
	check_read(text, arena);
	must_claim(SLICE("MX.example.org;"), text);
	must_claim(SLICE("(x) \"mx.example.org\"\r\n "), text);
	must_claim(SLICE("mx.example.org"), SLICE(""));
	must_claim(SLICE("mx.example.org\0"), text);
	must_claim(SLICE("mx(y).example.org;"), text);
	arena_free(arena);
	return 0;
}
