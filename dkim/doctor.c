/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: the body.
 *
 *  1. Shapes are what the body may have been before parts were added: all of
 *     it, one of its parts, all but the first or the last part ...
 *  2. Of each shape, lines at the end are left out, up to
 *     LIMIT_DOCTOR_FOOT.  The text before them is hashed once; at each line
 *     the state of the hash is copied and ended, so all of them cost about as
 *     much as one.
 *  3. Lines on top of the first shape are left out, each time with step 2.
 *  4. Lines at the end of the first two parts, each number with each: so do
 *     lists that write a footer as text and as HTML.
 *  5. Each shape is rewritten by each recipe (doctor_recipe.c), then step 2.
 *  6. Encoded text is decoded, lines are taken off its end, and it is encoded
 *     again: so do lists that write a footer into encoded text.
 *
 * The first cure found is taken: the order is that of how usual they are.
 */
#include "dkim/doctor.h"

#include <string.h>

#include "base/mem.h"
#include "dkim/bodyhash.h"
#include "dkim/context_internal.h"
#include "dkim/doctor_internal.h"

#define PIECES 3
#define SHAPES (6 + SHAPE_PARTS)
#define SHAPE_PARTS 4		/* parts that may be the body by themselves */
#define REENCODED_FOOT 20	/* lines, each costs a whole body */

/* ---- effort ---- */

void
dkim_effort_init(struct dkim_effort *effort)
{
	effort->octets = LIMIT_DOCTOR_OCTETS;
	effort->tries = LIMIT_DOCTOR_TRIES;
}

bool
effort_spend(struct dkim_effort *e, uint64_t octets, size_t tries,
    struct dkim_cure *cure)
{
	if (e->octets < octets || e->tries < tries) {
		cure->cut = true;
		return false;
	}
	e->octets -= octets;
	e->tries -= tries;
	return true;
}

/* ---- one hash ---- */

struct hasher {
	struct dkim_canon_body	 canon;
	struct dkim_sink	 sink;
	struct crypto_hash	 hash;
	uint64_t		 left;		/* of l= */
};

static void
take_canonical(void *arg, const char *ptr, size_t len)
{
	struct hasher *h = arg;

	if (len > h->left)
		len = (size_t)h->left;
	crypto_hash_add(&h->hash, ptr, len);
	h->left -= len;
}

static void
hasher_copy(struct hasher *to, const struct hasher *from)
{
	struct crypto_hash hash = to->hash;

	*to = *from;
	to->hash = hash;
	to->canon.out = &to->sink;
	to->sink.arg = to;
	crypto_hash_copy(&to->hash, &from->hash);
}

/* ---- the search ---- */

struct shape {
	struct slice		 pieces[PIECES];
	size_t			 count;
	struct dkim_edit	 edit;		/* `edited`: what it is */
	bool			 edited;
	struct slice		 type, encoding;
};

struct search {
	const struct dkim_patient	*p;
	const struct dkim_request	*r;
	struct dkim_cure		*cure;
	struct hasher			 base, probe;
	struct doctor_parts		 parts;
	struct shape			 shapes[SHAPES];
	size_t				 count;
	struct buf			 whole;	/* a shape in one piece */
	struct buf			 plain;	/* of it, decoded */
	struct buf			 text;	/* rewritten */
};

static void
start_hash(struct search *s)
{
	struct hasher *h = &s->base;

	dkim_sink_init(&h->sink, take_canonical, h);
	dkim_canon_body_init(&h->canon, s->r->body_canon, &h->sink);
	crypto_hash_restart(&h->hash, s->p->ctx->sha256);
	h->left = s->r->length;
}

/* With `rest` after what was hashed so far. */
static bool
is_signed_body(struct search *s, struct slice rest)
{
	unsigned char value[DKIM_SHA256_LEN];

	if (!effort_spend(s->p->effort, rest.len, 1, s->cure))
		return false;
	hasher_copy(&s->probe, &s->base);
	dkim_canon_body_add(&s->probe.canon, rest);
	dkim_canon_body_end(&s->probe.canon);
	if (!crypto_hash_end(&s->probe.hash, value)) {
		s->cure->no_memory = true;
		return false;
	}
	return memcmp(value, s->r->bh, sizeof(value)) == 0;
}

static void
add_edit(struct search *s, struct dkim_edit edit)
{
	struct slice text = slice_head(edit.text, LIMIT_DOCTOR_FIELD);

	edit.text = arena_dup(s->p->arena, text);
	if (text.len > 0 && edit.text.len == 0)
		s->cure->no_memory = true;
	if (s->cure->count < DKIM_CURE_EDITS)
		s->cure->edits[s->cure->count++] = edit;
}

static void
add_lines(struct search *s, enum dkim_edit_kind kind, size_t lines,
    struct slice text)
{
	if (lines > 0)
		add_edit(s, (struct dkim_edit){ .kind = kind,
		    .lines = lines, .text = text });
}

/* ---- step 2: lines at the end ---- */

/* Where the last 1, 2 ... lines begin; [0] is the end.  How many there are. */
static size_t
find_lines(struct slice text, size_t most, size_t *starts)
{
	size_t n = 0, at = text.len;

	starts[0] = text.len;
	while (n < most && at > 0) {
		at--;		/* its own line end, if it has one */
		while (at > 0 && text.ptr[at - 1] != '\n')
			at--;
		starts[++n] = at;
	}
	return n;
}

/*
 * True: without `*lines` lines at the end, the fewest that do it, it is what
 * was signed.
 */
static bool
try_feet(struct search *s, const struct slice *pieces, size_t count,
    size_t *lines)
{
	size_t starts[LIMIT_DOCTOR_FOOT + 1], i, n, octets = 0;
	struct slice last = pieces[count - 1];
	bool found = false;

	for (i = 0; i < count; i++)
		octets += pieces[i].len;
	if (!effort_spend(s->p->effort, octets, 1, s->cure))
		return false;
	n = find_lines(last, LIMIT_DOCTOR_FOOT, starts);
	start_hash(s);
	for (i = 0; i + 1 < count; i++)
		dkim_canon_body_add(&s->base.canon, pieces[i]);
	dkim_canon_body_add(&s->base.canon, slice_head(last, starts[n]));
	for (;; n--) {
		if (is_signed_body(s, SLICE(""))) {
			*lines = n;
			found = true;
		} else if (found) {
			return found;
		}
		if (n == 0)
			return found;
		dkim_canon_body_add(&s->base.canon, slice_from(
		    slice_head(last, starts[n - 1]), starts[n]));
	}
}

static struct slice
last_lines(struct slice text, size_t lines)
{
	size_t starts[LIMIT_DOCTOR_FOOT + 1], n;

	n = find_lines(text, lines, starts);
	return slice_from(text, starts[n]);
}

static bool
try_shape(struct search *s, const struct shape *shape)
{
	struct slice last = shape->pieces[shape->count - 1];
	size_t lines;

	if (!try_feet(s, shape->pieces, shape->count, &lines))
		return false;
	if (shape->edited)
		add_edit(s, shape->edit);
	add_lines(s, DKIM_EDIT_FOOT, lines, last_lines(last, lines));
	return true;
}

/* ---- step 1: shapes ---- */

static struct shape *
add_shape(struct search *s, enum dkim_edit_kind kind, size_t number)
{
	struct shape *shape = &s->shapes[s->count++];

	*shape = (struct shape){ .count = 1, .edited = true,
		.edit = { .kind = kind, .number = number },
		.type = s->shapes[0].type,
		.encoding = s->shapes[0].encoding };
	return shape;
}

/* All but the octets from `from` to `to`. */
static void
leave_out(struct search *s, enum dkim_edit_kind kind, size_t number,
    size_t from, size_t to)
{
	struct shape *shape = add_shape(s, kind, number);
	struct slice body = s->p->body;

	shape->pieces[0] = slice_head(body, from);
	shape->pieces[1] = slice_from(body, to);
	shape->count = 2;
	shape->edit.text = slice_head(slice_from(body, from), to - from);
}

static void
add_wrapped(struct search *s, size_t i)
{
	const struct doctor_part *part = &s->parts.list[i];
	struct shape *shape = add_shape(s, DKIM_EDIT_WRAPPED, i + 1);

	shape->pieces[0] = part->body;
	shape->type = doctor_part_field(part->text, SLICE("Content-Type"));
	shape->encoding = slice_trim(doctor_part_field(part->text,
	    SLICE("Content-Transfer-Encoding")));
}

static struct slice
field_value(const struct mail_header *h, struct slice name)
{
	const struct mail_field *f = mail_header_find(h, name, 1);

	return f != NULL ? f->value : SLICE("");
}

static void
find_shapes(struct search *s)
{
	const struct doctor_part *list = s->parts.list;
	struct slice body = s->p->body;
	size_t n, i;

	s->shapes[0] = (struct shape){ .pieces = { body }, .count = 1,
		.type = field_value(s->p->header, SLICE("Content-Type")),
		.encoding = slice_trim(field_value(s->p->header,
		SLICE("Content-Transfer-Encoding"))) };
	s->count = 1;
	doctor_parts_find(body, s->shapes[0].type, &s->parts);
	n = s->parts.count;
	if (n == 0)
		return;
	leave_out(s, DKIM_EDIT_PART, n, list[n - 1].from, list[n - 1].to);
	for (i = 0; i < n && i < SHAPE_PARTS; i++)
		add_wrapped(s, i);
	leave_out(s, DKIM_EDIT_PART, 1, list[0].from, list[0].to);
	leave_out(s, DKIM_EDIT_PREAMBLE, 0, 0, list[0].from);
	leave_out(s, DKIM_EDIT_EPILOGUE, 0, s->parts.end, body.len);
}

/* The first and the last part were added. */
static bool
try_inner_parts(struct search *s)
{
	const struct doctor_part *first = s->parts.list;
	const struct doctor_part *last = first + s->parts.count - 1;
	struct slice body = s->p->body, pieces[PIECES];
	size_t lines;

	if (s->parts.count < 3)
		return false;
	pieces[0] = slice_head(body, first->from);
	pieces[1] = slice_from(slice_head(body, last->from), first->to);
	pieces[2] = slice_from(body, last->to);
	if (!try_feet(s, pieces, PIECES, &lines))
		return false;
	add_edit(s, (struct dkim_edit){ .kind = DKIM_EDIT_PART, .number = 1,
	    .text = first->text });
	add_edit(s, (struct dkim_edit){ .kind = DKIM_EDIT_PART,
	    .number = s->parts.count, .text = last->text });
	return true;
}

/* ---- step 3: lines on top ---- */

static bool
try_heads(struct search *s)
{
	struct slice body = s->p->body, rest = body, line;
	size_t n, lines;

	for (n = 1; n <= LIMIT_DOCTOR_HEAD && rest.len > 0; n++) {
		(void)slice_cut(&rest, '\n', &line);
		if (!try_feet(s, &rest, 1, &lines))
			continue;
		add_lines(s, DKIM_EDIT_HEAD, n,
		    slice_head(body, body.len - rest.len));
		add_lines(s, DKIM_EDIT_FOOT, lines, last_lines(rest, lines));
		return true;
	}
	return false;
}

/* ---- step 4: lines at the end of two parts ---- */

static void
add_part_lines(struct search *s, size_t part, size_t lines)
{
	if (lines > 0)
		add_edit(s, (struct dkim_edit){ .kind = DKIM_EDIT_PART_FOOT,
		    .number = part + 1, .lines = lines,
		    .text = last_lines(s->parts.list[part].body, lines) });
}

/* The first part is hashed, without some lines at its end. */
static bool
try_second_part(struct search *s, size_t *lines)
{
	size_t starts[LIMIT_DOCTOR_PART_FOOT + 1], n;
	const struct doctor_part *p = s->parts.list;
	struct slice body = s->p->body, text, rest;

	if (s->parts.count == 1) {
		*lines = 0;
		return is_signed_body(s, slice_from(body, p[0].to));
	}
	text = slice_from(slice_head(body, p[1].to), p[0].to);
	rest = slice_from(body, p[1].to);
	n = find_lines(p[1].body, LIMIT_DOCTOR_PART_FOOT, starts);
	if (!effort_spend(s->p->effort, text.len, 1, s->cure))
		return false;
	dkim_canon_body_add(&s->base.canon, slice_head(text, text.len -
	    p[1].body.len + starts[n]));
	for (;; n--) {
		*lines = n;
		if (is_signed_body(s, rest))
			return true;
		if (n == 0)
			return false;
		dkim_canon_body_add(&s->base.canon, slice_from(slice_head(
		    p[1].body, starts[n - 1]), starts[n]));
	}
}

static bool
try_part_feet(struct search *s)
{
	size_t starts[LIMIT_DOCTOR_PART_FOOT + 1], n, i, lines;
	const struct doctor_part *p = s->parts.list;
	struct slice body = s->p->body;
	size_t before;

	if (s->parts.count == 0)
		return false;
	before = p[0].to - p[0].body.len;
	n = find_lines(p[0].body, LIMIT_DOCTOR_PART_FOOT, starts);
	for (i = 0; i <= n; i++) {
		if (!effort_spend(s->p->effort, before + starts[i], 1,
		    s->cure))
			return false;
		start_hash(s);
		dkim_canon_body_add(&s->base.canon,
		    slice_head(body, before + starts[i]));
		if (!try_second_part(s, &lines))
			continue;
		add_part_lines(s, 0, i);
		add_part_lines(s, 1, lines);
		return true;
	}
	return false;
}

/* ---- steps 5 and 6: rewritten ---- */

static void
make_whole(struct search *s, const struct shape *shape)
{
	struct doctor_parts parts;
	struct slice whole;
	size_t i;

	buf_reset(&s->whole);
	buf_reset(&s->plain);
	for (i = 0; i < shape->count; i++)
		buf_add(&s->whole, shape->pieces[i]);
	whole = buf_slice(&s->whole);
	doctor_parts_find(whole, shape->type, &parts);
	if (parts.count > 0)
		doctor_decode_parts(whole, &parts, &s->plain);
	else
		doctor_decode(whole, shape->encoding, &s->plain);
	if (buf_failed(&s->whole) || buf_failed(&s->plain))
		s->cure->no_memory = true;
}

static struct dkim_edit
recipe_edit(const struct shape *shape, const struct doctor_recipe *r)
{
	return (struct dkim_edit){ .kind = r->kind, .number = r->width,
		.text = r->kind == DKIM_EDIT_WAS_8BIT ? shape->encoding :
		SLICE("") };
}

static bool
try_text(struct search *s, const struct shape *shape,
    const struct doctor_recipe *recipe, struct slice in)
{
	struct slice text;
	size_t lines;

	buf_reset(&s->text);
	recipe->write(in, recipe, &s->text);
	text = buf_slice(&s->text);
	if (buf_failed(&s->text))
		s->cure->no_memory = true;
	if (buf_failed(&s->text) || slice_eq(text, buf_slice(&s->whole)) ||
	    !try_feet(s, &text, 1, &lines))
		return false;
	if (shape->edited)
		add_edit(s, shape->edit);
	add_edit(s, recipe_edit(shape, recipe));
	add_lines(s, DKIM_EDIT_FOOT, lines, last_lines(text, lines));
	return true;
}

/* Step 6. */
static bool
try_reencoded(struct search *s, const struct shape *shape,
    const struct doctor_recipe *recipe)
{
	size_t starts[REENCODED_FOOT + 1], n, i;
	struct slice plain = buf_slice(&s->plain);

	n = find_lines(plain, REENCODED_FOOT, starts);
	for (i = 1; i <= n; i++) {
		if (!effort_spend(s->p->effort, starts[i], 1, s->cure))
			return false;
		if (!try_text(s, shape, recipe, slice_head(plain,
		    starts[i])))
			continue;
		add_lines(s, DKIM_EDIT_FOOT, i, slice_from(plain,
		    starts[i]));
		return true;
	}
	return false;
}

static bool
try_recipes(struct search *s, const struct shape *shape)
{
	const struct doctor_recipe *r = doctor_recipes;
	size_t octets = 0, i;

	for (i = 0; i < shape->count; i++)
		octets += shape->pieces[i].len;
	if (octets > LIMIT_DOCTOR_REWRITTEN) {
		s->cure->cut = true;
		return false;
	}
	make_whole(s, shape);
	for (; r->write != NULL && !s->cure->no_memory; r++) {
		if (!effort_spend(s->p->effort, octets, 1, s->cure))
			return false;
		if (try_text(s, shape, r, r->encodes ?
		    buf_slice(&s->plain) : buf_slice(&s->whole)) ||
		    (r->encodes && r->width == 76 && shape->encoding.len > 0 &&
		    try_reencoded(s, shape, r)))
			return true;
	}
	return false;
}

/* ---- all of it ---- */

static bool
find_cure(struct search *s)
{
	size_t i;

	find_shapes(s);
	for (i = 0; i < s->count; i++)
		if (try_shape(s, &s->shapes[i]))
			return true;
	if (try_inner_parts(s) || try_heads(s) || try_part_feet(s))
		return true;
	for (i = 0; i < s->count && !s->cure->no_memory; i++)
		if (try_recipes(s, &s->shapes[i]))
			return true;
	return false;
}

void
dkim_doctor_body(const struct dkim_patient *p,
    const struct dkim_request *request, struct dkim_cure *cure)
{
	struct search *s;

	*cure = (struct dkim_cure){ .found = false };
	if (request->bh_len != DKIM_SHA256_LEN)
		return;
	s = mem_alloc(sizeof(*s));
	if (s == NULL) {
		cure->no_memory = true;
		return;
	}
	s->p = p;
	s->r = request;
	s->cure = cure;
	crypto_hash_init(&s->base.hash, p->ctx->sha256);
	crypto_hash_init(&s->probe.hash, p->ctx->sha256);
	/* A decoded or an encoded body may be longer than it was: "=" takes
	   three octets, and CRLF two. */
	buf_init(&s->whole, LIMIT_DOCTOR_REWRITTEN);
	buf_init(&s->plain, 2 * LIMIT_DOCTOR_REWRITTEN);
	buf_init(&s->text, 8 * LIMIT_DOCTOR_REWRITTEN);
	/* A body that is as it was signed needs none. */
	cure->found = find_cure(s) && cure->count > 0;
	crypto_hash_fini(&s->base.hash);
	crypto_hash_fini(&s->probe.hash);
	buf_fini(&s->whole);
	buf_fini(&s->plain);
	buf_fini(&s->text);
	mem_free(s);
}
