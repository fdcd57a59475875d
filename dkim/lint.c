/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 *
 * 1. No record, or several, which is reported before all else (RFC 6376
 *    section 3.6.2.2).
 * 2. Each record is read tag by tag.  A value with white space and the name of
 *    another tag with "=" in it has lost a semicolon there.
 * 3. If nothing was wrong, the parser has the last word, and the size of the
 *    key is looked at (RFC 8301 section 3.2).
 */
#include "dkim/lint.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "dkim/key.h"
#include "mail/taglist.h"

#define NAME_HEAD 10	/* octets in which the name of a tag has its "=" */
#define GOOD_BITS 2048	/* RFC 8301 3.2: what one should have */
#define MINIMUM_BITS 1024	/* likewise: what is ignored below */

static const char *const names[] = { "v", "k", "p", "t", "h", "s", "n", "g",
	NULL };
static const char *const types[] = { "rsa", "ed25519", NULL };

struct lint {
	struct slice	 domain;
	struct slice	 record;
	lint_fn		*note;
	void		*arg;
	unsigned int	 seen;		/* bits of `names` */
	size_t		 tags;		/* so far */
	unsigned int	 errors;
};

static void
report(struct lint *l, enum lint_weight weight, struct slice part,
    const char *what, const char *name)
{
	struct lint_note note = { .weight = weight, .domain = l->domain,
		.what = what, .name = slice_str(name) };

	l->errors += weight == LINT_ERROR;
	lint_note_place(&note, l->record, part);
	l->note(l->arg, &note);
}

/* ---- values ---- */

static bool
has_word(struct slice value, struct slice word)
{
	struct slice one;
	bool more = true;

	while (taglist_next(&value, &more, &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static bool
is_base64(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '+' ||
	    c == '/' || ascii_is_space(c);
}

/* The part that is no base64; empty: it is only cut short. */
static struct slice
not_base64(struct slice value)
{
	size_t i = 0, end;

	while (i < value.len && is_base64(value.ptr[i]))
		i++;
	end = i;
	while (end < value.len && (value.ptr[end] == '=' ||
	    ascii_is_space(value.ptr[end])))
		end++;
	if (end == value.len)
		return (struct slice){ NULL, 0 };
	return value.ptr[i] == '=' ? slice_from(value, end) :
	    slice_head(slice_from(value, i), 1);
}

static void
look_at_key(struct lint *l, struct slice value, struct slice part)
{
	unsigned char room[LIMIT_DKIM_KEY_RECORD];
	struct slice bad;
	size_t len;

	if (value.len == 0) {
		report(l, LINT_ERROR, part, "is empty: the key is revoked, "
		    "and each signature with it fails", "");
		return;
	}
	if (base64_decode(value, room, sizeof(room), &len))
		return;
	bad = not_base64(value);
	if (bad.len > 0)
		report(l, LINT_ERROR, bad, "is not base64, so there is no key",
		    "");
	else
		report(l, LINT_ERROR, value, "is base64 without its end, so "
		    "there is no key", "");
}

static void
look_at_flags(struct lint *l, struct slice value, struct slice part)
{
	if (has_word(value, SLICE("y")))
		report(l, LINT_WARNING, part, "is test mode: signatures are "
		    "treated as absent", "");
}

static void
look_at_type(struct lint *l, struct slice value, struct slice part)
{
	const char *meant = lint_nearest(value, types);

	if (!slice_eq(value, SLICE("rsa")) &&
	    !slice_eq(value, SLICE("ed25519")))
		report(l, LINT_ERROR, part, meant != NULL ? "is not a key "
		    "type; you probably meant" : "is not a key type (rsa, "
		    "ed25519)", meant != NULL ? meant : "");
}

static void
look_at_value(struct lint *l, char name, struct slice value,
    struct slice part)
{
	if (name == 'p')
		look_at_key(l, value, part);
	else if (name == 't')
		look_at_flags(l, value, part);
	else if (name == 'k')
		look_at_type(l, value, part);
	else if (name == 'v' && !slice_eq(value, SLICE("DKIM1")))
		report(l, LINT_ERROR, part, "is not v=DKIM1, in capital "
		    "letters, so this is not a key record", "");
	else if (name == 'v' && l->tags > 0)
		report(l, LINT_ERROR, part, "has to be the first tag", "");
	else if (name == 'h' && !has_word(value, SLICE("sha256")))
		report(l, LINT_ERROR, part, "does not allow sha256, so the "
		    "key is of no use", "");
	else if (name == 's' && !has_word(value, SLICE("*")) &&
	    !has_word(value, SLICE("email")))
		report(l, LINT_ERROR, part, "does not allow email, so the "
		    "key is of no use", "");
	else if (name == 'g')
		report(l, LINT_HINT, part, "has no effect any more", "");
}

/* ---- tags ---- */

/* Which of `names`; their count: none. */
static size_t
find_name(struct slice name)
{
	size_t i = 0;

	while (names[i] != NULL && !slice_eq(name, slice_str(names[i])))
		i++;
	return i;
}

/* Where in a value another tag begins that has no semicolon before it. */
static size_t
lost_semicolon(struct slice value)
{
	struct slice rest, name;
	size_t i;

	for (i = 0; i < value.len; i++) {
		if (!ascii_is_space(value.ptr[i]) && value.ptr[i] != ',')
			continue;
		rest = slice_head(slice_from(value, i + 1), NAME_HEAD);
		name = slice_trim(slice_head(rest, slice_find(rest, '=')));
		if (name.len < rest.len && names[find_name(name)] != NULL)
			return i;
	}
	return value.len;
}

static void
look_at_name(struct lint *l, struct slice name, struct slice value,
    struct slice part)
{
	size_t i = find_name(name);
	const char *meant;

	if (names[i] == NULL) {
		meant = lint_nearest(name, names);
		report(l, LINT_WARNING, part, meant != NULL ? "is an unknown "
		    "tag, which is ignored; you probably meant" : "is an "
		    "unknown tag, which is ignored",
		    meant != NULL ? meant : "");
	} else if ((l->seen & 1u << i) != 0) {
		report(l, LINT_ERROR, part, "occurs twice, so this is not a "
		    "key record", "");
	} else {
		l->seen |= 1u << i;
		look_at_value(l, names[i][0], value, part);
	}
}

/* Up to where a semicolon was lost; what is left of `piece`. */
static struct slice
look_at_tag(struct lint *l, struct slice piece)
{
	struct slice value = piece, name, left = { NULL, 0 };
	size_t lost;

	if (!slice_cut(&value, '=', &name)) {
		report(l, LINT_ERROR, piece, "is no tag: it has no \"=\"",
		    "");
		return left;
	}
	lost = lost_semicolon(value);
	if (lost < value.len) {
		left = slice_trim(slice_from(value, lost + 1));
		piece.len = (size_t)(value.ptr + lost - piece.ptr);
		report(l, LINT_ERROR, left, "has no semicolon before it", "");
	}
	look_at_name(l, slice_trim(name), slice_trim(slice_head(value,
	    lost)), piece);
	l->tags++;
	return left;
}

/* ---- the record ---- */

/* Step 3. */
static void
look_at_whole(struct lint *l)
{
	enum dkim_key_status status;
	struct dkim_key key;
	const char *problem = NULL;
	char bits[32];

	status = dkim_key_parse(l->record, &key, &problem);
	snprintf(bits, sizeof(bits), "%u bits", key.bits);
	if (status == DKIM_KEY_NO_MEMORY)
		report(l, LINT_ERROR, SLICE(""), "out of memory", "");
	else if (status != DKIM_KEY_OK)
		report(l, LINT_ERROR, SLICE(""), "cannot be used", problem);
	else if (key.type == CRYPTO_RSA && key.bits < MINIMUM_BITS)
		report(l, LINT_ERROR, SLICE(""), "the key is too weak: "
		    "verifiers ignore it", bits);
	else if (key.type == CRYPTO_RSA && key.bits < GOOD_BITS)
		report(l, LINT_WARNING, SLICE(""), "the key is weak: it "
		    "should have 2048 bits", bits);
	else if (key.type == CRYPTO_ED25519)
		report(l, LINT_HINT, SLICE(""), "not every verifier supports "
		    "Ed25519: sign with an RSA key as well", "");
	dkim_key_fini(&key);
}

static void
look_at_record(struct lint *l)
{
	struct slice rest = l->record, piece;
	bool more = true;

	if (slice_starts(rest, SLICE("\"")) && rest.len > 1) {
		report(l, LINT_ERROR, rest, "has quotation marks in it, "
		    "which do not belong there", "");
		return;
	}
	while (more) {
		more = slice_cut(&rest, ';', &piece);
		piece = slice_trim(piece);
		while (piece.len > 0)
			piece = look_at_tag(l, piece);
	}
	if ((l->seen & 1u << find_name(SLICE("p"))) == 0)
		report(l, LINT_ERROR, SLICE(""), "there is no p=, so there "
		    "is no key", "");
	if (l->errors == 0)
		look_at_whole(l);
}

void
dkim_key_lint(struct slice name, const struct dns_answer *answer,
    lint_fn *note, void *arg)
{
	struct lint l = { .domain = name, .note = note, .arg = arg };
	size_t i;

	if (answer->count == 0) {
		report(&l, LINT_ERROR, SLICE(""), "there is no TXT record "
		    "with a key", "");
		return;
	}
	if (answer->count > 1)
		report(&l, LINT_ERROR, SLICE(""), "there are several "
		    "records: which one counts is not defined", "");
	for (i = 0; i < answer->count && i < LIMIT_DKIM_KEY_RECORDS; i++) {
		l = (struct lint){ .domain = name, .note = note, .arg = arg,
			.record = answer->records[i].text };
		look_at_record(&l);
	}
}
