/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 *
 * 1. What begins as 4.8 wants it is a record; what has "DMARC1" near its
 *    beginning was meant to be one.
 * 2. Several records, or none: said, and that is all.
 * 3. The one is read tag by tag.  A value with white space and the name of
 *    another tag with "=" in it has lost a semicolon there.
 * 4. What can be corrected is corrected in the record to publish; what has no
 *    effect is left out of it.
 */
#include "dmarc/lint.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "dmarc/dmarc.h"

#define HEAD 32		/* octets in which the version is looked for */
#define NAME_HEAD 10	/* octets in which the name of a tag has its "=" */

static const char *const names[] = { "p", "sp", "np", "adkim", "aspf", "psd",
	"t", "rua", "ruf", "fo", "pct", "rf", "ri", "v", NULL };
static const char *const policies[] = { "none", "quarantine", "reject",
	NULL };

struct lint {
	struct slice	 domain;
	struct slice	 record;
	lint_fn		*note;
	void		*arg;
	struct buf	 out;		/* to publish, after v and p */
	const char	*p;		/* the policy to publish; NULL: none */
	bool		 changed;	/* it is not the published one */
	unsigned int	 seen;		/* bits of `names` */
};

static void
tell(const struct lint *l, enum lint_weight weight, struct slice part,
    const char *what, const char *name)
{
	struct lint_note note = { .weight = weight, .domain = l->domain,
		.what = what, .name = slice_str(name) };

	lint_note_place(&note, l->record, part);
	l->note(l->arg, &note);
}

/* ---- tags ---- */

/* The parser accepts this tag unchanged. */
static bool
is_good(struct slice name, struct slice value)
{
	struct dmarc_record r;
	struct buf b;
	bool good;

	buf_init(&b, LIMIT_DMARC_RECORD);
	buf_adds(&b, slice_eq_nocase(name, SLICE("p")) ? "v=DMARC1; " :
	    "v=DMARC1; p=none; ");
	buf_add(&b, name);
	buf_addc(&b, '=');
	buf_add(&b, value);
	good = !buf_failed(&b) && dmarc_record_parse(buf_slice(&b), &r) &&
	    r.errors == 0 && !r.bad_policy;
	buf_fini(&b);
	return good;
}

static void
put(struct lint *l, const char *name, struct slice value)
{
	buf_adds(&l->out, "; ");
	buf_adds(&l->out, name);
	buf_addc(&l->out, '=');
	buf_add(&l->out, value);
}

static bool
is_name(struct slice name, const char *of)
{
	return slice_eq_nocase(name, slice_str(of));
}

/* p, sp, np. */
static void
look_at_policy(struct lint *l, const char *name, struct slice value)
{
	const char *meant = lint_nearest(value, policies);

	if (!is_good(slice_str(name), value)) {
		l->changed = true;
		tell(l, LINT_ERROR, value, "is not a policy (none, quarantine, "
		    "reject), so the whole record has no effect", "");
	}
	if (meant == NULL)
		meant = "none";
	if (is_name(SLICE("p"), name))
		l->p = meant;
	else
		put(l, name, slice_str(meant));
}

/* One address of rua or ruf; it has to be a URI. */
static void
look_at_address(struct lint *l, struct slice one, struct buf *out)
{
	struct slice address = slice_trim(one);

	if (is_good(SLICE("rua"), address)) {
		buf_add(out, address);
		return;
	}
	l->changed = true;
	if (slice_find(address, '@') < address.len &&
	    slice_find(address, ':') == address.len) {
		tell(l, LINT_ERROR, address, "is not a URI: mailto: is "
		    "missing, so no report will come", "");
		buf_adds(out, "mailto:");
	} else {
		tell(l, LINT_ERROR, address, "is not a URI, so no report will "
		    "come to it", "");
	}
	buf_add(out, address);
}

static void
look_at_addresses(struct lint *l, const char *name, struct slice value)
{
	struct slice one;
	bool more = true;
	struct buf out;

	buf_init(&out, LIMIT_DMARC_RECORD);
	while (more) {
		more = slice_cut(&value, ',', &one);
		look_at_address(l, one, &out);
		buf_adds(&out, more ? "," : "");
	}
	put(l, name, buf_slice(&out));
	buf_fini(&out);
}

/* 9.3: they had an effect in RFC 7489. */
static bool
look_at_historic(struct lint *l, const char *name, struct slice part)
{
	if (is_name(SLICE("pct"), name))
		tell(l, LINT_WARNING, part, "no longer has an effect; t=y asks "
		    "for milder treatment", "");
	else if (is_name(SLICE("rf"), name) || is_name(SLICE("ri"), name))
		tell(l, LINT_HINT, part, "has no effect any more", "");
	else
		return false;
	l->changed = true;
	return true;
}

static void
look_at_value(struct lint *l, const char *name, struct slice value,
    struct slice part)
{
	if (look_at_historic(l, name, part))
		return;
	if (is_name(SLICE("p"), name) || is_name(SLICE("sp"), name) ||
	    is_name(SLICE("np"), name)) {
		look_at_policy(l, name, value);
	} else if (is_name(SLICE("rua"), name) ||
	    is_name(SLICE("ruf"), name)) {
		look_at_addresses(l, name, value);
	} else if (!is_good(slice_str(name), value)) {
		l->changed = true;
		tell(l, LINT_WARNING, part, "has an invalid value, so the "
		    "default applies", "");
	} else {
		put(l, name, value);
		if (is_name(SLICE("t"), name) &&
		    slice_eq_nocase(value, SLICE("y")))
			tell(l, LINT_WARNING, part, "is test mode: reject is "
			    "applied as quarantine, quarantine as none", "");
	}
}

/* The name of ours that a tag has, or was meant to have; NULL: unknown. */
static const char *
known_name(struct lint *l, struct slice name, struct slice part)
{
	const char *meant;
	size_t i;

	for (i = 0; names[i] != NULL; i++) {
		if (is_name(name, names[i]))
			return names[i];
	}
	meant = lint_nearest(name, names);
	l->changed |= meant != NULL;
	tell(l, LINT_WARNING, part, meant != NULL ? "is an unknown tag, which "
	    "is ignored; you probably meant" : "is an unknown tag, "
	    "which is ignored", meant != NULL ? meant : "");
	return meant;
}

/* False: it was there already. */
static bool
is_first(struct lint *l, const char *name, struct slice part)
{
	unsigned int bit;
	size_t i = 0;

	while (names[i] != NULL && names[i] != name)
		i++;
	bit = 1u << i;
	if ((l->seen & bit) == 0 && !is_name(SLICE("v"), name)) {
		l->seen |= bit;
		return true;
	}
	l->changed = true;
	tell(l, LINT_WARNING, part, "occurs twice; the first counts", "");
	return false;
}

static bool
has_seen(const struct lint *l, const char *name)
{
	size_t i = 0;

	while (!is_name(slice_str(name), names[i]))
		i++;
	return (l->seen & 1u << i) != 0;
}

/*
 * Where in a value another tag begins before which there is no semicolon:
 * white space, a name of ours, "=".  value.len: nowhere.
 */
static size_t
lost_semicolon(struct slice value)
{
	struct slice rest, name;
	size_t i, j;

	for (i = 0; i < value.len; i++) {
		if (!ascii_is_wsp(value.ptr[i]) && value.ptr[i] != ',')
			continue;
		rest = slice_head(slice_from(value, i + 1), NAME_HEAD);
		name = slice_trim(slice_head(rest, slice_find(rest, '=')));
		for (j = 0; name.len < rest.len && names[j] != NULL; j++) {
			if (is_name(name, names[j]))
				return i;
		}
	}
	return value.len;
}

/*
 * Step 3 for the tag at the beginning of `piece`, which is between two
 * semicolons: what is left of it, where one was lost.
 */
static struct slice
look_at_tag(struct lint *l, struct slice piece)
{
	struct slice value = piece, name, left = { NULL, 0 };
	const char *known;
	size_t lost;

	if (!slice_cut(&value, '=', &name)) {
		l->changed = true;
		tell(l, LINT_ERROR, piece, "is no tag: it has no \"=\"", "");
		return left;
	}
	lost = lost_semicolon(value);
	if (lost < value.len) {
		l->changed = true;
		left = slice_trim(slice_from(value, lost + 1));
		piece.len = (size_t)(value.ptr + lost - piece.ptr);
		tell(l, LINT_ERROR, left, "has no semicolon before it", "");
	}
	value = slice_trim(slice_head(value, lost));
	known = known_name(l, slice_trim(name), piece);
	if (known != NULL && is_first(l, known, piece))
		look_at_value(l, known, value, piece);
	return left;
}

static void
look_at_piece(struct lint *l, struct slice piece)
{
	while (piece.len > 0)
		piece = look_at_tag(l, piece);
}

/* What is not there. */
static void
look_at_missing(struct lint *l)
{
	const struct slice nothing = { NULL, 0 };

	if (!has_seen(l, "p")) {
		l->changed = true;
		tell(l, LINT_ERROR, nothing, "there is no p, so the record "
		    "has no policy", "");
		l->p = "none";
	}
	if (!has_seen(l, "rua"))
		tell(l, LINT_HINT, nothing, "there is no rua, so you get no "
		    "reports of who sends in the name of the domain", "");
}

/* Step 4.  p comes first: there are readers that want it there. */
static void
publish(struct lint *l)
{
	struct lint_note note = { .weight = LINT_HINT, .domain = l->domain,
		.what = "publish" };
	struct buf whole;

	if (!l->changed)
		return;
	buf_init(&whole, LIMIT_DMARC_RECORD);
	buf_addf(&whole, "v=DMARC1; p=%s", l->p);
	buf_add(&whole, buf_slice(&l->out));
	note.publish = buf_slice(&whole);
	if (!buf_failed(&whole) && !buf_failed(&l->out))
		l->note(l->arg, &note);
	buf_fini(&whole);
}

/* Step 3; `tags` is what is after the version. */
static void
look_at_tags(struct lint *l, struct slice tags)
{
	struct slice one;
	bool more = true;

	while (more) {
		more = slice_cut(&tags, ';', &one);
		look_at_piece(l, slice_trim(one));
	}
	look_at_missing(l);
	publish(l);
}

/* ---- the record ---- */

/* After the "DMARC1" near the beginning, in any case; or "". */
static struct slice
behind_version(struct slice text)
{
	const struct slice version = SLICE("DMARC1");
	size_t i;

	for (i = 0; i < text.len && i < HEAD; i++) {
		if (slice_starts_nocase(slice_from(text, i), version))
			return slice_from(text, i + version.len);
	}
	return (struct slice){ NULL, 0 };
}

static bool
looks_like_one(struct slice text)
{
	return behind_version(text).ptr != NULL ||
	    slice_starts_nocase(text, SLICE("v=dmarc"));
}

/* Why what was meant to be a record is none. */
static const char *
why_none(struct slice text)
{
	const struct slice front = SLICE("v=DMARC1");

	if (slice_find(text, '"') < HEAD && slice_find(text, '"') < text.len)
		return "is ignored: it has quotation marks in it";
	if (slice_starts(text, front))
		return "is ignored: a semicolon is missing after v=DMARC1";
	if (slice_starts_nocase(text, front))
		return "is ignored: the version is v=DMARC1, in capitals";
	return "is ignored: a record begins with v=DMARC1";
}

static struct slice
without_quotes(struct slice s)
{
	while (s.len > 0 && (s.ptr[s.len - 1] == '"' ||
	    ascii_is_wsp(s.ptr[s.len - 1])))
		s.len--;
	return s;
}

static void
look_at_record(struct lint *l, struct slice text)
{
	l->record = text;
	if (text.len > LIMIT_DMARC_RECORD) {
		tell(l, LINT_ERROR, (struct slice){ NULL, 0 },
		    "the record is too long, and ignored here", "");
		return;
	}
	buf_init(&l->out, LIMIT_DMARC_RECORD);
	if (!dmarc_record_is(text)) {
		l->changed = true;
		tell(l, LINT_ERROR, text, why_none(text), "");
	}
	look_at_tags(l, without_quotes(behind_version(text)));
	buf_fini(&l->out);
}

void
dmarc_lint(struct slice domain, const struct dns_answer *answer,
    lint_fn *note, void *arg)
{
	struct lint l = { .domain = domain, .note = note, .arg = arg };
	size_t i, records = 0, meant = 0;
	struct slice text = { NULL, 0 }, like = { NULL, 0 };

	for (i = 0; i < answer->count; i++) {
		if (dmarc_record_is(answer->records[i].text)) {
			text = answer->records[i].text;
			records++;
		} else if (looks_like_one(answer->records[i].text)) {
			like = answer->records[i].text;
			meant++;
		}
	}
	if (records > 1)
		tell(&l, LINT_ERROR, (struct slice){ NULL, 0 },
		    "there are several records, which are all ignored: "
		    "publish one", "");
	else if (records == 1 || meant == 1)
		look_at_record(&l, records == 1 ? text : like);
	else
		tell(&l, LINT_HINT, (struct slice){ NULL, 0 },
		    "there is no record here", "");
}
