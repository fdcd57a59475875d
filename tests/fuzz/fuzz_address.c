/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: reverse-path and From.
 *
 * What is said of a text must still hold when something is added whose
 * effect is known: a comment changes nothing, an address of another domain
 * makes several domains, a stray octet or an open comment makes the field
 * unparsable.  So "ok" cannot rest on a part of the text.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mail/address.h"
#include "mail/scan_internal.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	65536u

static struct arena *names;

static void
parse_between(const char *before, struct slice text, const char *after,
    struct mail_from *out)
{
	struct buf b;

	buf_init(&b, 2 * ROOM);
	buf_adds(&b, before);
	buf_add(&b, text);
	buf_adds(&b, after);
	must(!buf_failed(&b));
	mail_from_parse(buf_slice(&b), names, out);
	buf_fini(&b);
}

/* Not well formed; and if sloppy, then of no other domain. */
static void
must_be_bad(const char *before, struct slice text, const char *after,
    const struct mail_from *good)
{
	struct mail_from f;

	parse_between(before, text, after, &f);
	if (f.state == MAIL_FROM_SLOPPY)
		must(good->state != MAIL_FROM_MULTIPLE &&
		    domain_eq(&f.domain, &good->domain));
	else
		must(f.state == MAIL_FROM_UNPARSABLE && !f.has_domain);
}

static void
must_be_same(const char *before, struct slice text, const char *after,
    const struct mail_from *want)
{
	struct mail_from f;

	parse_between(before, text, after, &f);
	must(f.state == want->state && f.mailboxes == want->mailboxes);
	must(domain_eq(&f.domain, &want->domain));
}

static void
must_be_multiple(const char *before, struct slice text, const char *after)
{
	struct mail_from f;

	parse_between(before, text, after, &f);
	must(f.state == MAIL_FROM_MULTIPLE && f.has_domain);
}

/* Does the list begin or end with an element of nothing but blanks? */
static bool
is_list_with_gaps(struct slice text)
{
	struct slice t = slice_trim(text);

	return t.len > 0 && (t.ptr[0] == ',' || t.ptr[t.len - 1] == ',');
}

/* Is each "@" that of an address, none in a comment or a quoted string? */
static bool
has_only_addresses(struct slice text, const struct mail_from *f)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += text.ptr[i] == '@';
	return count == f->mailboxes;
}

/* The field is understood, to its last octet. */
static void
check_understood(struct slice text, const struct mail_from *f)
{
	struct domain d;

	must(f->has_domain && f->mailboxes > 0 && utf8_is_valid(text));
	must(slice_find(text, '\0') == text.len);
	must(domain_parse(domain_slice(&f->domain), &d) &&
	    domain_eq(&d, &f->domain));
	must_be_bad("", text, ">", f);
	must_be_bad("", text, "(", f);
	must_be_bad(")", text, "", f);
	must_be_bad("", text, ";", f);
	must_be_bad("\"", text, "", f);
	/* A comment alone is an element of a list, for some programs; and a
	   comment after the domain makes any other "@" a possible author, and
	   so one that an encoded word hides. */
	if (!is_list_with_gaps(text) && has_only_addresses(text, f) &&
	    !scan_encodes_at(text))
		must_be_same("(c)", text, " (d)", f);
	must_be_same(",\r\n ", text, ",", f);
	if (f->mailboxes == LIMIT_FROM_MAILBOXES)
		return;
	if (f->state == MAIL_FROM_MULTIPLE ||
	    !slice_eq(domain_slice(&f->domain), SLICE("other.invalid"))) {
		must_be_multiple("", text, ", b@other.invalid");
		must_be_multiple("G: b@other.invalid;, ", text, "");
	}
}

/*
 * Whoever is named besides, even where no program looks, is another; but a
 * name with quotes may become well formed before an address.
 */
static void
check_sloppy(struct slice text, const struct mail_from *f)
{
	struct mail_from more;

	must(f->has_domain && f->domain_count == 1 && !f->more_domains);
	must(slice_eq(domain_slice(&f->domain), f->domains[0]));
	must(slice_find(text, '\0') == text.len);
	if (slice_eq(domain_slice(&f->domain), SLICE("other.invalid")))
		return;
	parse_between("", text, " <b@other.invalid>", &more);
	must(!mail_from_has_author(&more) || more.state == MAIL_FROM_OK);
	parse_between("(b@other.invalid)", text, "", &more);
	must(!mail_from_has_author(&more));
}

static void
check_from(struct slice text)
{
	struct mail_from f;

	mail_from_parse(text, names, &f);
	must(f.fields == 1 && f.mailboxes <= LIMIT_FROM_MAILBOXES);
	must((f.state == MAIL_FROM_OK) == (f.problem == NULL));
	must(f.state != MAIL_FROM_ABSENT);
	if (f.state == MAIL_FROM_UNPARSABLE)
		must(!f.has_domain);
	else if (f.state == MAIL_FROM_SLOPPY)
		check_sloppy(text, &f);
	else
		check_understood(text, &f);
}

static bool
is_within(struct slice part, struct slice all)
{
	return part.len == 0 || (part.ptr >= all.ptr &&
	    part.ptr + part.len <= all.ptr + all.len);
}

static void
check_path(struct slice text)
{
	struct mail_path p, again;
	struct domain d;
	struct buf b;

	mail_path_parse(text, &p);
	must(is_within(p.local, text) && is_within(p.domain_text, text));
	must(!p.null || (p.local.len == 0 && p.domain_text.len == 0));
	if (!p.has_domain)
		return;
	must(domain_parse(p.domain_text, &d) && domain_eq(&d, &p.domain));
	must(slice_find(p.domain_text, '@') == p.domain_text.len);
	if (p.local.len == 0 || p.local.ptr[0] == '@')
		return;		/* might be taken for a source route */
	buf_init(&b, 2 * ROOM);
	buf_adds(&b, "<@relay.example:");
	buf_add(&b, p.local);
	buf_addc(&b, '@');
	buf_add(&b, p.domain_text);
	buf_adds(&b, ">");
	mail_path_parse(buf_slice(&b), &again);
	/* Without brackets ">" may be in a local part. */
	must(again.has_domain ? domain_eq(&again.domain, &p.domain) :
	    slice_find(p.local, '>') < p.local.len);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	if (size > ROOM)
		return 0;
	if (names == NULL)
		names = arena_new(ROOM);
	must(names != NULL);
	arena_reset(names);
	check_from(text);
	check_path(text);
	return 0;
}
