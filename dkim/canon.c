/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canon: how text takes the form that is hashed (RFC 6376 section 3.4).
 *
 * Body, simple (3.4.3):
 *  1. All CRLFs at the end of what came so far are held back and counted;
 *     so is a CR at the end of a chunk, until its LF has come or not.
 *  2. When text follows, they were not at the end of the body: out they go.
 *  3. At the end one CRLF takes the place of those held back, or of none.
 *
 * Body, relaxed (3.4.4):
 *  1. A run of WSP is held back.  Text after it: one SP goes out.  CRLF
 *     after it: it is dropped.
 *  2. A CRLF that ends a line with text goes out; one that ends an empty
 *     line (which may have held WSP) is held back and counted.
 *  3. When text follows, the empty lines go out before it.
 *  4. At the end a line without its CRLF gets one.  Held back empty lines
 *     and WSP are dropped, so a body of nothing else comes out empty.
 *
 * Nearly all text is left as it is by the relaxed form.  plain_run() finds
 * the longest piece for which that is so by looking at each octet and the
 * next one; octets where something changes go through a small machine.
 */
#include "dkim/canon.h"

#include <string.h>

#include "base/ascii.h"

void
dkim_sink_init(struct dkim_sink *s, dkim_emit_fn *emit, void *arg)
{
	s->emit = emit;
	s->arg = arg;
	s->used = 0;
}

void
dkim_sink_flush(struct dkim_sink *s)
{
	if (s->used > 0)
		s->emit(s->arg, s->block, s->used);
	s->used = 0;
}

/* Inline, since most calls add one or two octets. */
static inline void
sink_put(struct dkim_sink *s, const char *ptr, size_t len)
{
	if (len > sizeof(s->block) - s->used)
		dkim_sink_flush(s);
	if (len >= DKIM_SINK_DIRECT) {
		dkim_sink_flush(s);
		s->emit(s->arg, ptr, len);
	} else if (len > 0) {
		memcpy(s->block + s->used, ptr, len);
		s->used += len;
	}
}

void
dkim_sink_add(struct dkim_sink *s, const char *ptr, size_t len)
{
	sink_put(s, ptr, len);
}

/* ---- plain runs ---- */

/*
 * The relaxed form leaves an octet as it is unless it is a TAB, a SP before
 * another WSP or before a CR, or a CR that needs a closer look: in a field
 * any CR, which may be one of a fold; in a body one after a LF, which may
 * be an empty line.  Text without all of these is looked at BLOCK octets at
 * a time.
 */
#define BLOCK 16

typedef unsigned char block_octets __attribute__((vector_size(BLOCK)));

static inline block_octets
block_load(const char *p)
{
	block_octets b;

	memcpy(&b, p, sizeof(b));
	return b;
}

/* Index of the first octet that is not 0; BLOCK when all are. */
static inline size_t
block_first(block_octets b)
{
	uint64_t half[2];
	size_t i;

	memcpy(half, &b, sizeof(half));
	for (i = 0; i < 2; i++) {
		if (half[i] != 0)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return i * 8 + (size_t)__builtin_ctzll(half[i]) / 8;
#else
			return i * 8 + (size_t)__builtin_clzll(half[i]) / 8;
#endif
	}
	return BLOCK;
}

/*
 * Index of the first of p[1] to p[BLOCK] that needs a closer look, or that
 * the SP before it does, counted from p[1]; BLOCK when there is none.
 */
static inline size_t
block_special(const char *p, bool body)
{
	block_octets first = block_load(p), second = block_load(p + 1);
	block_octets cr = (block_octets)(second == '\r');
	block_octets special;

	special = (block_octets)(second == '\t') |
	    ((block_octets)(first == ' ') &
	    ((block_octets)(second == ' ') | cr));
	if (body)
		cr &= (block_octets)(first == '\n');
	return block_first(special | cr);
}

/* The same for one pair of octets. */
static inline bool
pair_is_special(char first, char second, bool body)
{
	return second == '\t' || (first == ' ' && second == ' ') ||
	    (second == '\r' && (first == ' ' || first == '\n' || !body));
}

/* Index of the first special octet after s[0], or s.len. */
static inline size_t
special_behind(struct slice s, bool body)
{
	size_t i = 0, n;

	while (s.len - i > BLOCK) {
		n = block_special(s.ptr + i, body);
		i += n;
		if (n < BLOCK)
			return i + 1;
	}
	for (i++; i < s.len; i++) {
		if (pair_is_special(s.ptr[i - 1], s.ptr[i], body))
			break;
	}
	return i;
}

/*
 * Octets at the head of `s` that the relaxed form leaves as they are, where
 * `before` is before them (' ' for any run of WSP).  A SP or CR at the
 * very end is not counted: its meaning depends on the next octet.
 */
static inline size_t
plain_run(struct slice s, char before, bool body)
{
	size_t i;

	if (s.len == 0 || pair_is_special(before, s.ptr[0], body))
		return 0;
	i = special_behind(s, body);
	if (s.ptr[i - 1] == ' ' || s.ptr[i - 1] == '\r')
		i--;
	return i;
}

/* ---- header fields ---- */

/* The relaxed form of a value, in pieces. */
struct relaxed_value {
	struct dkim_sink	*out;
	bool			 wsp;	/* a run of WSP is held back */
	bool			 text;	/* something has gone out */
};

/*
 * Unfolds (drops each CRLF), turns a run of WSP into one SP, and drops WSP
 * at both ends of the value (3.4.2).
 */
static void
relaxed_value_add(struct relaxed_value *v, struct slice s)
{
	size_t n;

	while (s.len > 0) {
		if (ascii_is_wsp(s.ptr[0])) {
			v->wsp = true;
			s = slice_from(s, 1);
			continue;
		}
		if (slice_starts(s, SLICE("\r\n"))) {
			s = slice_from(s, 2);
			continue;
		}
		if (v->wsp && v->text)
			sink_put(v->out, " ", 1);
		v->wsp = false;
		v->text = true;
		/* The first octet is text, even a bare CR or LF. */
		n = 1 + plain_run(slice_from(s, 1), s.ptr[0], false);
		dkim_sink_add(v->out, s.ptr, n);
		s = slice_from(s, n);
	}
}

static void
canon_name(enum dkim_canon how, struct slice name, struct dkim_sink *out)
{
	size_t i;
	char c;

	if (how == DKIM_CANON_SIMPLE) {
		dkim_sink_add(out, name.ptr, name.len);
		return;
	}
	while (name.len > 0 && ascii_is_wsp(name.ptr[name.len - 1]))
		name.len--;
	for (i = 0; i < name.len; i++) {
		c = ascii_lower(name.ptr[i]);
		sink_put(out, &c, 1);
	}
}

void
dkim_canon_field(enum dkim_canon how, struct slice name, struct slice value,
    struct slice cut, struct dkim_sink *out)
{
	struct relaxed_value v = { out, false, false };
	struct slice head = value, tail = { NULL, 0 };

	if (cut.ptr != NULL) {
		head.len = (size_t)(cut.ptr - value.ptr);
		tail = slice_from(value, head.len + cut.len);
	}
	canon_name(how, name, out);
	sink_put(out, ":", 1);
	if (how == DKIM_CANON_SIMPLE) {
		dkim_sink_add(out, head.ptr, head.len);
		dkim_sink_add(out, tail.ptr, tail.len);
		return;
	}
	relaxed_value_add(&v, head);
	relaxed_value_add(&v, tail);
}

/* ---- bodies ---- */

void
dkim_canon_body_init(struct dkim_canon_body *c, enum dkim_canon how,
    struct dkim_sink *out)
{
	*c = (struct dkim_canon_body){ .out = out, .how = how };
}

static void
release_blank(struct dkim_canon_body *c)
{
	for (; c->blank > 0; c->blank--)
		sink_put(c->out, "\r\n", 2);
}

/* Text that belongs to the body for certain. */
static void
simple_text(struct dkim_canon_body *c, const char *ptr, size_t len)
{
	release_blank(c);
	dkim_sink_add(c->out, ptr, len);
}

static void
simple_add(struct dkim_canon_body *c, struct slice s)
{
	uint64_t n = 0;

	if (s.len > 0 && c->cr) {
		c->cr = false;
		if (s.ptr[0] == '\n') {
			c->blank++;
			s = slice_from(s, 1);
		} else {
			simple_text(c, "\r", 1);
		}
	}
	if (s.len > 0 && s.ptr[s.len - 1] == '\r') {
		c->cr = true;
		s.len--;
	}
	for (; s.len >= 2 && s.ptr[s.len - 2] == '\r' &&
	    s.ptr[s.len - 1] == '\n'; s.len -= 2)
		n++;
	if (s.len > 0)
		simple_text(c, s.ptr, s.len);
	c->blank += n;
}

static void
simple_end(struct dkim_canon_body *c)
{
	if (c->cr)
		simple_text(c, "\r", 1);
	sink_put(c->out, "\r\n", 2);
}

static void
relaxed_text(struct dkim_canon_body *c, const char *ptr, size_t len)
{
	release_blank(c);
	if (c->wsp)
		sink_put(c->out, " ", 1);
	c->wsp = false;
	c->in_line = true;
	dkim_sink_add(c->out, ptr, len);
}

static void
relaxed_line_end(struct dkim_canon_body *c)
{
	if (c->in_line)
		sink_put(c->out, "\r\n", 2);
	else
		c->blank++;
	c->in_line = false;
	c->wsp = false;
}

/* Takes a CR, or WSP, or one other octet; how many octets that was. */
static size_t
relaxed_octet(struct dkim_canon_body *c, struct slice s)
{
	size_t n = 1;

	if (c->cr) {
		c->cr = false;
		if (s.ptr[0] == '\n') {
			relaxed_line_end(c);
			return 1;
		}
		relaxed_text(c, "\r", 1);
	}
	if (ascii_is_wsp(s.ptr[0])) {
		c->wsp = true;
		while (n < s.len && ascii_is_wsp(s.ptr[n]))
			n++;
	} else if (s.ptr[0] == '\r') {
		c->cr = true;
	} else {
		relaxed_text(c, s.ptr, 1);
	}
	return n;
}

/* Takes a plain run, unless a CR is held back; its length. */
static size_t
relaxed_run(struct dkim_canon_body *c, struct slice s)
{
	size_t n;

	if (c->cr)
		return 0;
	n = plain_run(s, c->wsp ? ' ' : c->in_line ? 'x' : '\n', true);
	if (n == 0)
		return 0;
	relaxed_text(c, s.ptr, n);
	if (n >= 2 && s.ptr[n - 2] == '\r' && s.ptr[n - 1] == '\n')
		c->in_line = false;
	return n;
}

static void
relaxed_add(struct dkim_canon_body *c, struct slice s)
{
	while (s.len > 0) {
		s = slice_from(s, relaxed_run(c, s));
		if (s.len > 0)
			s = slice_from(s, relaxed_octet(c, s));
	}
}

static void
relaxed_end(struct dkim_canon_body *c)
{
	if (c->cr)
		relaxed_text(c, "\r", 1);
	if (c->in_line)
		sink_put(c->out, "\r\n", 2);
}

void
dkim_canon_body_add(struct dkim_canon_body *c, struct slice chunk)
{
	if (c->how == DKIM_CANON_RELAXED)
		relaxed_add(c, chunk);
	else
		simple_add(c, chunk);
}

void
dkim_canon_body_end(struct dkim_canon_body *c)
{
	if (c->how == DKIM_CANON_RELAXED)
		relaxed_end(c);
	else
		simple_end(c);
	dkim_sink_flush(c->out);
}
