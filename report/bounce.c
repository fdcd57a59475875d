/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounce: see bounce.h.
 *
 * 1. The tag is in the address that the mail was sent to.  Mail servers add
 *    that to the header, each under a name of its own.
 * 2. A multipart/report has a part message/delivery-status (RFC 3464 section
 *    2.1): groups of fields, the first about the message, each of the others
 *    about one recipient.
 * 3. Of these the worst counts: failed, then delayed.  Where Action is missing
 *    or unknown, the class of Status decides (RFC 3463 section 2).
 * 4. Another part is the message that came back, or its header.  The tag is in
 *    its Return-Path and in its Message-ID.
 */
#include "report/bounce.h"

#include "base/mem.h"
#include "mail/header.h"
#include "mail/mime.h"

#define HEADER_MEMORY (8U << 20)	/* of a header that has all it may */

#define TAG (VERP_TAG - 1)		/* octets of a tag */

struct reading {
	struct arena	*arena;		/* of what is handed out */
	struct arena	*scratch;	/* of one header after the other */
	struct bounce	*out;
	unsigned int	 parts, groups;
	bool		 no_memory;
};

/* ---- tags ---- */

/* An address by itself: its tag, if it has one, is added. */
static void
add_tag(struct bounce *b, struct slice address)
{
	struct verp v;
	struct slice local;
	size_t at;

	address = slice_trim(address);
	if (slice_starts(address, SLICE("<")))
		address = slice_from(address, 1);
	at = slice_find_last(address, '@');
	if (at == address.len || b->tag_count == LIMIT_BOUNCE_TAGS)
		return;
	local = slice_head(address, at);
	if (local.len > TAG)
		local = slice_from(local, local.len - TAG);
	if (verp_tag_read(local, &v))
		b->tags[b->tag_count++] = v;
}

/* Until the next one; false: it has no field, or there is no memory. */
static bool
read_header(struct reading *r, struct slice text, struct mail_header *h,
    struct slice *body)
{
	arena_reset(r->scratch);
	mail_header_init(h, r->scratch);
	/* What is past a limit is not needed. */
	(void)mail_header_parse(h, text, body);
	r->no_memory |= arena_failed(r->scratch);
	return h->count > 0 && !r->no_memory;
}

static void
add_fields(struct reading *r, const struct mail_header *h,
    const struct slice *names, size_t count)
{
	const struct mail_field *f;
	unsigned int n;
	size_t i;

	for (i = 0; i < count; i++)
		for (n = 1; n <= LIMIT_BOUNCE_TAGS; n++) {
			f = mail_header_find(h, names[i], n);
			if (f == NULL)
				break;
			add_tag(r->out, f->value);
		}
}

/* Step 1. */
static void
add_recipients(struct reading *r, struct slice mail)
{
	static const struct slice names[] = {
		SLICE_INIT("X-Original-To"), SLICE_INIT("Delivered-To"),
		SLICE_INIT("Envelope-To"), SLICE_INIT("X-Envelope-To"),
		SLICE_INIT("To")
	};
	struct mail_header h;
	struct slice body;

	if (read_header(r, mail, &h, &body))
		add_fields(r, &h, names, sizeof(names) / sizeof(names[0]));
}

/* Step 4. */
static void
add_returned(struct reading *r, struct slice text)
{
	static const struct slice names[] = {
		SLICE_INIT("Return-Path"), SLICE_INIT("Message-ID")
	};
	struct mail_header h;
	struct slice body;

	if (read_header(r, text, &h, &body))
		add_fields(r, &h, names, sizeof(names) / sizeof(names[0]));
}

/* ---- the status ---- */

/* What is after "rfc822;" or "smtp;". */
static struct slice
without_type(struct slice value)
{
	struct slice type, rest = value;

	return slice_cut(&rest, ';', &type) ? slice_trim(rest) :
	    slice_trim(value);
}

static struct slice
field(const struct mail_header *h, struct slice name)
{
	const struct mail_field *f = mail_header_find(h, name, 1);

	return f == NULL ? (struct slice){ NULL, 0 } : slice_trim(f->value);
}

/* Step 3, of one. */
static enum bounce_kind
kind_of(struct slice action, struct slice status)
{
	if (slice_eq_nocase(action, SLICE("failed")))
		return BOUNCE_FAILED;
	if (slice_eq_nocase(action, SLICE("delayed")))
		return BOUNCE_DELAYED;
	if (slice_eq_nocase(action, SLICE("delivered")) ||
	    slice_eq_nocase(action, SLICE("relayed")) ||
	    slice_eq_nocase(action, SLICE("expanded")))
		return BOUNCE_NO_FAILURE;
	if (slice_starts(status, SLICE("5.")))
		return BOUNCE_FAILED;
	return slice_starts(status, SLICE("4.")) ? BOUNCE_DELAYED :
	    BOUNCE_NO_FAILURE;
}

/* The first word: comments may be behind it. */
static struct slice
first_word(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len && s.ptr[i] > ' ' && s.ptr[i] != '('; i++)
		;
	return slice_head(s, i);
}

static struct slice
keep(struct reading *r, struct slice text)
{
	return arena_dup(r->arena, slice_head(text, LIMIT_BOUNCE_TEXT));
}

static void
read_recipient(struct reading *r, const struct mail_header *h)
{
	struct slice status = first_word(field(h, SLICE("Status")));
	enum bounce_kind kind = kind_of(first_word(field(h,
	    SLICE("Action"))), status);

	if (kind <= r->out->kind)
		return;
	r->out->kind = kind;
	r->out->status = keep(r, status);
	r->out->diagnostic = keep(r, without_type(field(h,
	    SLICE("Diagnostic-Code"))));
	r->out->final_recipient = keep(r, without_type(field(h,
	    SLICE("Final-Recipient"))));
	r->out->original_recipient = keep(r, without_type(field(h,
	    SLICE("Original-Recipient"))));
}

/* Step 2.  A group ends with an empty line; another line is passed over. */
static void
read_status(struct reading *r, struct slice rest)
{
	struct slice body = rest, line;
	struct mail_header h;
	bool first = true;

	while (rest.len > 0 && r->groups++ < LIMIT_BOUNCE_GROUPS &&
	    !r->no_memory) {
		bool fields = read_header(r, rest, &h, &body);

		/* Some write no group about the message. */
		if (fields && (!first ||
		    field(&h, SLICE("Final-Recipient")).len > 0))
			read_recipient(r, &h);
		first = first && !fields;
		if (body.len == rest.len)
			(void)slice_cut(&body, '\n', &line);
		rest = body;
	}
}

/* ---- parts ---- */

static bool
is_type(const struct mime_part *p, const char *a, const char *b)
{
	return slice_eq_nocase(p->type, slice_str(a)) ||
	    slice_eq_nocase(p->type, slice_str(b));
}

static void
read_content(struct reading *r, const struct mime_part *p, struct slice body)
{
	if (is_type(p, "message/delivery-status",
	    "message/global-delivery-status")) {
		if (r->out->kind == BOUNCE_NO_NOTICE)
			r->out->kind = BOUNCE_NO_FAILURE;
		read_status(r, body);
	} else if (is_type(p, "message/rfc822", "text/rfc822-headers") ||
	    is_type(p, "message/global", "message/global-headers"))
		add_returned(r, body);
}

static void
read_leaf(struct reading *r, const struct mime_part *p)
{
	char *room;

	if (!mime_part_is_encoded(p)) {
		read_content(r, p, p->body);
		return;
	}
	room = mem_alloc(p->body.len + 1);
	if (room == NULL) {
		r->no_memory = true;
		return;
	}
	read_content(r, p, mime_part_decode(p, room));
	mem_free(room);
}

static void	read_part(struct reading *r, struct slice text,
		    unsigned int depth);

static void
read_multipart(struct reading *r, const struct mime_part *p,
    unsigned int depth)
{
	struct slice rest = p->body, part;
	bool last = false;

	if (depth == LIMIT_BOUNCE_DEPTH || p->boundary.len == 0 ||
	    !mime_next_part(&rest, p->boundary, &part, &last))
		return;		/* `part` is the preamble */
	while (!r->no_memory &&
	    mime_next_part(&rest, p->boundary, &part, &last))
		read_part(r, part, depth + 1);
}

static void
read_part(struct reading *r, struct slice text, unsigned int depth)
{
	struct arena *arena;
	struct mime_part p;

	if (++r->parts > LIMIT_BOUNCE_PARTS)
		return;
	arena = arena_new(HEADER_MEMORY);
	if (arena == NULL) {
		r->no_memory = true;
		return;
	}
	if (!mime_part_read(arena, text, &p))
		r->no_memory |= arena_failed(arena);
	else if (slice_starts_nocase(p.type, SLICE("multipart/")))
		read_multipart(r, &p, depth);
	else
		read_leaf(r, &p);
	arena_free(arena);
}

/* What local(8) of Postfix puts in front of a mail for a program. */
static struct slice
without_from_line(struct slice mail)
{
	struct slice line;

	if (slice_starts(mail, SLICE("From ")))
		(void)slice_cut(&mail, '\n', &line);
	return mail;
}

bool
bounce_read(struct slice mail, struct slice recipient, struct arena *arena,
    struct bounce *out)
{
	struct reading r = { .arena = arena, .out = out,
		.scratch = arena_new(HEADER_MEMORY) };

	*out = (struct bounce){ .kind = BOUNCE_NO_NOTICE };
	if (r.scratch == NULL)
		return false;
	add_tag(out, recipient);
	mail = without_from_line(mail);
	add_recipients(&r, mail);
	read_part(&r, mail, 0);
	arena_free(r.scratch);
	return !r.no_memory && !arena_failed(arena);
}
