/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_header: the header.
 *
 *  1. The keys that fit are taken from the answer.
 *  2. Of each signed field, what it may have been is listed: not there at
 *     all, without a "[tag]", with other blanks, as another field has it ...
 *     each with a rank, by how usual it is.  A field that is not there cannot
 *     be found again.
 *  3. Every change is tried by itself; then two, three and four of different
 *     fields together, of fewer and fewer: those of the best rank.
 *
 * A try builds the signed part of the header as it would have been, hashes it
 * and checks the signature.
 */
#include "dkim/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "dkim/context_internal.h"
#include "dkim/doctor_internal.h"
#include "dkim/headerhash.h"
#include "mail/taglist.h"

#define CUTS 12			/* words taken off an end of a value */
#define TOGETHER 4		/* changes at a time */

/* How many of the changes, the best first, are tried 2, 3 and 4 together. */
static const size_t wide[TOGETHER + 1] = { 0, LIMIT_DOCTOR_CHANGES, 50, 16,
	10 };

struct change {
	size_t			 field;		/* of the header */
	bool			 drop;
	struct slice		 value;
	unsigned int		 rank;		/* 0 is the most usual */
	size_t			 order;		/* in which it was found */
	struct dkim_edit	 edit;
};

struct search {
	const struct dkim_patient	*p;
	const struct dkim_request	*r;
	struct dkim_cure		*cure;
	size_t				 own;	/* index of the signature */
	struct dkim_key			 keys[LIMIT_DKIM_KEY_RECORDS];
	size_t				 key_count;
	struct arena			*values;	/* of changes */
	struct arena			*scratch;	/* of one try */
	struct crypto_hash		 hash;
	uint64_t			 octets;	/* of a try */
	bool				*is_signed;	/* of each field */
	struct change			 list[LIMIT_DOCTOR_CHANGES];
	size_t				 count;
	const struct change		*chosen[TOGETHER];
	size_t				 chosen_count;
};

/* ---- step 1 ---- */

static void
take_keys(struct search *s, const struct dns_answer *answer)
{
	struct dkim_key *key;
	const char *problem;
	size_t i;

	for (i = 0; answer != NULL && i < answer->count &&
	    s->key_count < LIMIT_DKIM_KEY_RECORDS; i++) {
		key = &s->keys[s->key_count];
		if (dkim_keycache_get(s->p->ctx->keys,
		    answer->records[i].text, key, &problem) == DKIM_KEY_OK &&
		    key->type == s->r->key_type)
			s->key_count++;
		else
			dkim_key_fini(key);
	}
}

/* ---- a try ---- */

static const struct change *
change_of(const struct search *s, size_t field)
{
	size_t i;

	for (i = 0; i < s->chosen_count; i++)
		if (s->chosen[i]->field == field)
			return s->chosen[i];
	return NULL;
}

static void
build(const struct search *s, struct mail_header *h,
    const struct mail_field **own)
{
	const struct mail_field *f = s->p->header->fields;
	const struct change *c;
	size_t i, at = SIZE_MAX;

	mail_header_init(h, s->scratch);
	for (i = 0; i < s->p->header->count; i++) {
		if (!s->is_signed[i])
			continue;
		if (i == s->own)
			at = h->count;
		c = change_of(s, i);
		if (c == NULL || !c->drop)
			(void)mail_header_add(h, f[i].name,
			    c != NULL ? c->value : f[i].value);
	}
	*own = at < h->count ? &h->fields[at] : NULL;
}

static bool
verifies(struct search *s, const unsigned char hash[DKIM_SHA256_LEN])
{
	enum crypto_status status;
	size_t i;

	for (i = 0; i < s->key_count; i++) {
		status = crypto_verify(&s->keys[i].key, hash, s->r->b,
		    s->r->b_len);
		if (status == CRYPTO_GOOD)
			return true;
		if (status == CRYPTO_NO_MEMORY)
			s->cure->no_memory = true;
	}
	return false;
}

/* With the chosen changes. */
static bool
try(struct search *s)
{
	struct headerhash_input in = { .how = s->r->header_canon,
		.h = s->r->h, .name = s->p->header->fields[s->own].name,
		.value = s->r->value, .cut = s->r->b_cut };
	unsigned char value[DKIM_SHA256_LEN];
	struct mail_header header;
	struct headerhash h;

	if (!effort_spend(s->p->effort, s->octets, DKIM_EFFORT_SIGNATURE,
	    s->cure))
		return false;
	arena_reset(s->scratch);
	build(s, &header, &in.own);
	crypto_hash_restart(&s->hash, s->p->ctx->sha256);
	if (arena_failed(s->scratch) || !headerhash_init(&h, s->scratch,
	    &header) || !headerhash_compute(&h, &in, &s->hash, value)) {
		s->cure->no_memory = true;
		return false;
	}
	return verifies(s, value);
}

/* ---- step 2: what fields may have been ---- */

static struct change *
add_change(struct search *s, size_t field, enum dkim_edit_kind kind,
    unsigned int rank)
{
	const struct mail_field *f = &s->p->header->fields[field];
	struct change *c;

	if (s->count == LIMIT_DOCTOR_CHANGES) {
		s->cure->cut = true;
		return NULL;
	}
	c = &s->list[s->count];
	*c = (struct change){ .field = field, .rank = rank,
		.order = s->count++, .drop = kind == DKIM_EDIT_FIELD,
		.edit = { .kind = kind, .name = f->name,
		.number = f->instance } };
	return c;
}

/* The value is `a` and `b` together, after each other. */
static void
add_value(struct search *s, size_t field, enum dkim_edit_kind kind,
    unsigned int rank, struct slice a, struct slice b, struct slice text)
{
	struct slice old = s->p->header->fields[field].value, value;
	struct change *c;
	struct buf joined;

	if (a.len + b.len > LIMIT_DOCTOR_FIELD)
		return;
	buf_init(&joined, LIMIT_DOCTOR_FIELD);
	buf_add(&joined, a);
	buf_add(&joined, b);
	value = arena_dup(s->values, buf_slice(&joined));
	if (buf_failed(&joined) || arena_failed(s->values))
		s->cure->no_memory = true;
	else if (!slice_eq(value, old)) {
		c = add_change(s, field, kind, rank);
		if (c != NULL) {
			c->value = value;
			c->edit.text = text;
		}
	}
	buf_fini(&joined);
}

static size_t
blanks_at(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_space(s.ptr[n]))
		n++;
	return n;
}

/* "Re: ", and the like in other languages; 0: none. */
static size_t
reply_mark(struct slice s)
{
	static const struct slice marks[] = { SLICE_INIT("re:"),
		SLICE_INIT("aw:"), SLICE_INIT("sv:"), SLICE_INIT("vs:"),
		SLICE_INIT("antw:"), SLICE_INIT("fwd:"), SLICE_INIT("fw:"),
		SLICE_INIT("wg:") };
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (slice_starts_nocase(s, marks[i]))
			return marks[i].len + blanks_at(slice_from(s,
			    marks[i].len));
	return 0;
}

/* Octets of a tag in brackets and the blanks after it; 0: none. */
static size_t
tag_at(struct slice s)
{
	static const char open[] = "[({*<", close[] = "])}*>";
	const char *kind;
	size_t n;

	if (s.len == 0)
		return 0;
	kind = memchr(open, s.ptr[0], sizeof(open) - 1);
	if (kind == NULL)
		return 0;
	n = slice_find(slice_from(s, 1), close[kind - open]) + 1;
	if (n >= s.len)
		return 0;
	while (n < s.len && s.ptr[n] == close[kind - open])
		n++;	/* "***SPAM***" */
	return n + blanks_at(slice_from(s, n));
}

/* Without the words in front that begin at `at`, one, two ... of them. */
static void
add_prefixes(struct search *s, size_t field, size_t at, bool likely)
{
	struct slice value = s->p->header->fields[field].value;
	size_t end = at, word, n;

	for (n = 0; n < CUTS && end < value.len; n++) {
		word = tag_at(slice_from(value, end));
		if (word == 0) {
			likely = false;
			word = 0;
			while (end + word < value.len &&
			    !ascii_is_space(value.ptr[end + word]))
				word++;
			word += blanks_at(slice_from(value, end + word));
		}
		end += word;
		add_value(s, field, DKIM_EDIT_PREFIX, likely ? 0 : 3,
		    slice_head(value, at), slice_from(value, end),
		    slice_from(slice_head(value, end), at));
	}
}

static void
add_suffixes(struct search *s, size_t field)
{
	struct slice value = s->p->header->fields[field].value;
	size_t end = value.len, n;

	for (n = 0; n < CUTS / 2 && end > 1; n++) {
		while (end > 0 && ascii_is_space(value.ptr[end - 1]))
			end--;
		while (end > 0 && !ascii_is_space(value.ptr[end - 1]))
			end--;
		while (end > 0 && ascii_is_space(value.ptr[end - 1]))
			end--;
		add_value(s, field, DKIM_EDIT_SUFFIX, 3,
		    slice_head(value, end), SLICE(""),
		    slice_from(value, end));
	}
}

/* "[tag] Re: x" was "Re: [tag] x", or "Re: x" after a second one. */
static void
add_subject(struct search *s, size_t field)
{
	struct slice value = s->p->header->fields[field].value;
	size_t at = blanks_at(value), tag, mark;
	struct slice moved;
	struct buf b;

	add_prefixes(s, field, at, true);
	mark = reply_mark(slice_from(value, at));
	if (mark > 0)
		add_prefixes(s, field, at + mark, true);
	add_suffixes(s, field);
	tag = tag_at(slice_from(value, at));
	mark = reply_mark(slice_from(value, at + tag));
	if (tag == 0 || mark == 0)
		return;
	buf_init(&b, LIMIT_DOCTOR_FIELD);
	buf_add(&b, slice_head(value, at));
	buf_add(&b, slice_from(slice_head(value, at + tag + mark),
	    at + tag));
	buf_add(&b, slice_from(slice_head(value, at + tag), at));
	moved = buf_slice(&b);
	if (!buf_failed(&b))
		add_value(s, field, DKIM_EDIT_MOVED, 1, moved,
		    slice_from(value, at + tag + mark),
		    slice_from(slice_head(value, at + tag), at));
	buf_fini(&b);
}

/* `in` with other blanks and folds. */
enum spacing { FOLDS_SPACE, FOLDS_TAB, UNFOLDED, ONE_BLANK, NO_BLANK,
	TRIMMED, COMMA_NONE, COMMA_ONE, COMMA_BOTH, SPACINGS };

static void
write_comma(struct slice *rest, enum spacing how, struct buf *out)
{
	size_t n = blanks_at(slice_from(*rest, 1));

	while (out->len > 0 && ascii_is_space(out->ptr[out->len - 1]))
		buf_cut(out, out->len - 1);
	buf_adds(out, how == COMMA_NONE ? "," : how == COMMA_ONE ? ", " :
	    " , ");
	*rest = slice_from(*rest, 1 + n);
}

static void
write_fold(struct slice *rest, enum spacing how, struct buf *out)
{
	size_t n = blanks_at(*rest);

	if (how == UNFOLDED)
		buf_addc(out, ' ');
	else
		buf_adds(out, how == FOLDS_TAB ? "\r\n\t" : "\r\n ");
	*rest = slice_from(*rest, n);
}

static void
write_spaced(struct slice in, enum spacing how, struct buf *out)
{
	if (how == ONE_BLANK || how == NO_BLANK) {
		buf_adds(out, how == ONE_BLANK ? " " : "");
		in = slice_from(in, blanks_at(in));
	}
	while (how == TRIMMED && in.len > 0 &&
	    ascii_is_space(in.ptr[in.len - 1]))
		in.len--;
	while (in.len > 0) {
		if (how >= COMMA_NONE && in.ptr[0] == ',')
			write_comma(&in, how, out);
		else if (how <= UNFOLDED && in.ptr[0] == '\r')
			write_fold(&in, how, out);
		else {
			buf_addc(out, in.ptr[0]);
			in = slice_from(in, 1);
		}
	}
}

/* Relaxed does not mind blanks, but for those at commas. */
static void
add_spacings(struct search *s, size_t field)
{
	struct slice value = s->p->header->fields[field].value;
	enum spacing how;
	struct buf b;

	if (value.len > LIMIT_DOCTOR_FIELD)
		return;
	for (how = s->r->header_canon == DKIM_CANON_SIMPLE ? FOLDS_SPACE :
	    COMMA_NONE; how < SPACINGS; how++) {
		if (how >= COMMA_NONE && slice_find(value, ',') == value.len)
			break;
		buf_init(&b, 3 * LIMIT_DOCTOR_FIELD);
		write_spaced(value, how, &b);
		if (buf_failed(&b))
			s->cure->no_memory = true;
		else
			add_value(s, field, how >= COMMA_NONE ?
			    DKIM_EDIT_COMMAS : DKIM_EDIT_BLANKS_IN, 2,
			    buf_slice(&b), SLICE(""), SLICE(""));
		buf_fini(&b);
	}
}

/* Simple: a blank may have been a fold. */
static void
add_folds(struct search *s, size_t field)
{
	static const struct slice folds[] = { SLICE_INIT("\r\n "),
		SLICE_INIT("\r\n\t") };
	struct slice value = s->p->header->fields[field].value;
	size_t i, at, n = 0;
	struct buf b;

	for (at = 1; at < value.len && n < CUTS; at++) {
		if (value.ptr[at] != ' ')
			continue;
		n++;
		for (i = 0; i < 2; i++) {
			buf_init(&b, LIMIT_DOCTOR_FIELD);
			buf_add(&b, slice_head(value, at));
			buf_add(&b, folds[i]);
			if (!buf_failed(&b))
				add_value(s, field, DKIM_EDIT_BLANKS_IN, 3,
				    buf_slice(&b), slice_from(value, at + 1),
				    SLICE(""));
			buf_fini(&b);
		}
	}
}

/* As another field of the message has it. */
static void
add_values_of(struct search *s, size_t field, const char *front,
    struct slice name)
{
	const struct mail_field *f;
	struct buf b;
	unsigned int n;

	buf_init(&b, LIMIT_DOCTOR_FIELD);
	buf_adds(&b, front);
	buf_add(&b, name);
	for (n = 1; n <= 2 && (f = mail_header_find(s->p->header,
	    buf_slice(&b), n)) != NULL; n++)
		add_value(s, field, DKIM_EDIT_VALUE, 1, f->value, SLICE(""),
		    f->value);
	buf_fini(&b);
}

/* What a part that was put into a multipart has. */
static void
add_values_of_parts(struct search *s, size_t field)
{
	const struct mail_field *f = &s->p->header->fields[field];
	const struct mail_field *type = mail_header_find(s->p->header,
	    SLICE("Content-Type"), 1);
	struct doctor_parts parts;
	struct slice value;
	size_t i;

	if (type == NULL)
		return;
	doctor_parts_find(s->p->body, type->value, &parts);
	for (i = 0; i < parts.count && i < 4; i++) {
		value = doctor_part_field(parts.list[i].text, f->name);
		if (value.len > 0)
			add_value(s, field, DKIM_EDIT_VALUE, 1, value,
			    SLICE(""), value);
	}
}

static void
add_encodings(struct search *s, size_t field)
{
	static const struct slice words[] = { SLICE_INIT(" 8bit"),
		SLICE_INIT(" 7bit"), SLICE_INIT(" quoted-printable"),
		SLICE_INIT(" base64"), SLICE_INIT(" 8BIT"),
		SLICE_INIT(" binary") };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add_value(s, field, DKIM_EDIT_VALUE, i < 4 ? 1 : 3, words[i],
		    SLICE(""), words[i]);
}

/* What lists and servers add to mail that has no such field. */
static bool
may_be_added(struct slice name)
{
	static const struct slice lists[] = { SLICE_INIT("Reply-To"),
		SLICE_INIT("Sender"), SLICE_INIT("Cc"), SLICE_INIT("To"),
		SLICE_INIT("Mime-Version"), SLICE_INIT("Content-Type"),
		SLICE_INIT("Content-Transfer-Encoding") };
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (slice_eq_nocase(name, lists[i]))
			return true;
	return slice_starts_nocase(name, SLICE("List-"));
}

static void
add_changes(struct search *s, size_t field)
{
	const struct mail_field *f = &s->p->header->fields[field];

	if (slice_eq_nocase(f->name, SLICE("Subject")))
		add_subject(s, field);
	if (!slice_eq_nocase(f->name, SLICE("From")) ||
	    mail_header_instances(s->p->header, f->name) > 1)
		(void)add_change(s, field, DKIM_EDIT_FIELD,
		    may_be_added(f->name) ? 0 : 3);
	add_values_of(s, field, "X-Original-", f->name);
	add_values_of(s, field, "Original-", f->name);
	add_values_of(s, field, "Old-", f->name);
	add_values_of(s, field, "X-Old-", f->name);
	if (slice_eq_nocase(f->name, SLICE("From"))) {
		add_values_of(s, field, "", SLICE("Reply-To"));
		add_values_of(s, field, "", SLICE("Cc"));
	}
	if (slice_starts_nocase(f->name, SLICE("Content-")))
		add_values_of_parts(s, field);
	if (slice_eq_nocase(f->name, SLICE("Content-Transfer-Encoding")))
		add_encodings(s, field);
	add_spacings(s, field);
	if (s->r->header_canon == DKIM_CANON_SIMPLE)
		add_folds(s, field);
}

/* ---- step 3 ---- */

static int
by_rank(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* `more` further changes from `from` on, among the first `width`. */
static bool
try_together(struct search *s, size_t from, size_t more, size_t width)
{
	size_t i;

	if (more == 0)
		return try(s);
	for (i = from; i < s->count && i < width; i++) {
		if (s->cure->no_memory || change_of(s, s->list[i].field) !=
		    NULL)
			continue;
		s->chosen[s->chosen_count++] = &s->list[i];
		if (try_together(s, i + 1, more - 1, width))
			return true;
		s->chosen_count--;
	}
	return false;
}

static void
report_changes(struct search *s)
{
	struct dkim_edit *e;
	size_t i;

	for (i = 0; i < s->chosen_count; i++) {
		e = &s->cure->edits[s->cure->count++];
		*e = s->chosen[i]->edit;
		e->text = arena_dup(s->p->arena, e->text);
	}
	s->cure->no_memory |= arena_failed(s->p->arena);
}

static void
mark_signed(struct search *s)
{
	const struct mail_field *f = s->p->header->fields;
	struct slice rest = s->r->h, name;
	bool more = true;
	unsigned int n;
	size_t i;

	while (taglist_next(&rest, &more, &name)) {
		n = mail_header_instances(s->p->header, name);
		/* Of many fields of a name only the lowest are signed. */
		for (; n > 0; n--) {
			i = (size_t)(mail_header_find(s->p->header, name,
			    n) - f);
			if (s->is_signed[i])
				break;
			s->is_signed[i] = true;
			s->octets += f[i].name.len + f[i].value.len;
		}
	}
}

static bool
find_cure(struct search *s)
{
	size_t i, together;

	mark_signed(s);
	for (i = 0; i < s->p->header->count; i++)
		if (s->is_signed[i] && i != s->own)
			add_changes(s, i);
	qsort(s->list, s->count, sizeof(s->list[0]), by_rank);
	for (together = 1; together <= TOGETHER; together++)
		if (try_together(s, 0, together, wide[together]))
			return true;
	return false;
}

static void
examine(struct search *s)
{
	s->values = arena_new(LIMIT_DOCTOR_CHANGES *
	    (LIMIT_DOCTOR_FIELD + 64));
	s->scratch = arena_new(LIMIT_MESSAGE_MEMORY);
	s->is_signed = mem_array(s->p->header->count + 1,
	    sizeof(*s->is_signed));
	if (s->values == NULL || s->scratch == NULL || s->is_signed == NULL) {
		s->cure->no_memory = true;
		return;
	}
	crypto_hash_init(&s->hash, s->p->ctx->sha256);
	s->octets = s->r->value.len + s->r->h.len;
	s->cure->found = find_cure(s);
	if (s->cure->found)
		report_changes(s);
	crypto_hash_fini(&s->hash);
}

void
dkim_doctor_header(const struct dkim_patient *p,
    const struct dkim_request *request, size_t field,
    const struct dns_answer *answer, struct dkim_cure *cure)
{
	struct search *s = mem_alloc(sizeof(*s));

	*cure = (struct dkim_cure){ .no_memory = s == NULL };
	if (s == NULL)
		return;
	s->p = p;
	s->r = request;
	s->cure = cure;
	s->own = field;
	take_keys(s, answer);
	if (s->key_count > 0)
		examine(s);
	arena_free(s->values);
	arena_free(s->scratch);
	mem_free(s->is_signed);
	while (s->key_count > 0)
		dkim_key_fini(&s->keys[--s->key_count]);
	mem_free(s);
}
