/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: from a message to its DKIM-Signature fields (RFC 6376 section 5).
 *
 *  1. At the start the names to sign are put together, From first: those to
 *     sign as often as they occur, and those to sign one more time, so that a
 *     field added later breaks the signature (5.4, 8.15).
 *  2. The body is hashed once for all keys (3.7).
 *  3. At the end, for each key:
 *     a. the field is written up to "b=", folded, in the very form in which
 *        it is added, with CRLF as line ends;
 *     b. header and field are hashed by the code that verifies;
 *     c. the hash is signed, and the signature added after "b=", which is
 *        the last tag: a verifier cuts all after it (3.7).
 *
 * There is no l= (8.2) and no i=, which would say no more than d=.
 */
#include "dkim/sign.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "dkim/bodyhash.h"
#include "dkim/context_internal.h"
#include "dkim/hazard_internal.h"
#include "dkim/headerhash.h"
#include "dkim/privkey_internal.h"
#include "mail/taglist.h"

#define FIELD_NAME	"DKIM-Signature"
#define LINE_WIDTH	78		/* RFC 5322 section 2.1.1 */
#define TIME_MAX	INT64_C(999999999999)	/* 3.5: 12 digits */

/* ---- names ---- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Section 5.4.1; RFC 8058 section 4 for List-Unsubscribe-Post; what says how
   the body is to be shown. */
static const struct slice default_headers[] = {
	SLICE_INIT("From"), SLICE_INIT("Reply-To"), SLICE_INIT("Subject"),
	SLICE_INIT("Date"), SLICE_INIT("To"), SLICE_INIT("Cc"),
	SLICE_INIT("Message-ID"), SLICE_INIT("Resent-Date"),
	SLICE_INIT("Resent-From"), SLICE_INIT("Resent-To"),
	SLICE_INIT("Resent-Cc"), SLICE_INIT("In-Reply-To"),
	SLICE_INIT("References"), SLICE_INIT("List-Id"),
	SLICE_INIT("List-Help"), SLICE_INIT("List-Unsubscribe"),
	SLICE_INIT("List-Unsubscribe-Post"), SLICE_INIT("List-Subscribe"),
	SLICE_INIT("List-Post"), SLICE_INIT("List-Owner"),
	SLICE_INIT("List-Archive"), SLICE_INIT("MIME-Version"),
	SLICE_INIT("Content-Type"), SLICE_INIT("Content-Transfer-Encoding"),
	SLICE_INIT("Content-ID"), SLICE_INIT("Content-Description"),
	SLICE_INIT("Content-Disposition"), SLICE_INIT("Content-Language")
};

static const struct slice default_oversign[] = {
	SLICE_INIT("From"), SLICE_INIT("Subject"), SLICE_INIT("To"),
	SLICE_INIT("Cc"), SLICE_INIT("Date"), SLICE_INIT("Reply-To"),
	SLICE_INIT("Content-Type"), SLICE_INIT("Message-ID")
};

static const struct slice never_signed[] = {
	SLICE_INIT("Return-Path"), SLICE_INIT("Received"),
	SLICE_INIT("Comments"), SLICE_INIT("Keywords"), SLICE_INIT("Bcc"),
	SLICE_INIT("Resent-Bcc"), SLICE_INIT("Content-Length"),
	SLICE_INIT("Authentication-Results"), SLICE_INIT(FIELD_NAME)
};

bool
dkim_sign_name_allowed(struct slice name)
{
	size_t i;
	char c;

	for (i = 0; i < name.len; i++) {
		c = name.ptr[i];
		if (!ascii_is_vchar(c) || c == ':' || c == ';')
			return false;
	}
	for (i = 0; i < COUNT(never_signed); i++) {
		if (slice_eq_nocase(name, never_signed[i]))
			return false;
	}
	return name.len > 0;
}

/* RFC 5321 6.4, RFC 6409 8.1 to 8.5. */
static const struct slice completed[] = {
	SLICE_INIT("Date"), SLICE_INIT("Message-ID"), SLICE_INIT("Sender"),
	SLICE_INIT("To"), SLICE_INIT("MIME-Version"),
	SLICE_INIT("Content-Type"), SLICE_INIT("Content-Transfer-Encoding")
};

static bool
is_completed(struct slice name)
{
	size_t i;

	for (i = 0; i < COUNT(completed); i++) {
		if (slice_eq_nocase(name, completed[i]))
			return true;
	}
	return false;
}

struct sign_name {
	struct slice	name;
	bool		over;	/* once more than it occurs */
	bool		completed;
	bool		left_out;
};

struct dkim_signer {
	struct dkim_context			*ctx;
	const struct dkim_sign_options		*options;
	struct arena				*arena;
	struct sign_name			*names;
	size_t					 name_count;
	struct bodyhash				 body;
	const struct bodyhash_digest		*digest;
	struct hazard_text			 text;	/* of the body */
};

static void
add_name(struct dkim_signer *s, struct slice name, bool over)
{
	size_t i;

	if (!dkim_sign_name_allowed(name))
		return;
	for (i = 0; i < s->name_count; i++) {
		if (slice_eq_nocase(s->names[i].name, name)) {
			s->names[i].over |= over;
			return;
		}
	}
	if (s->name_count < LIMIT_DKIM_H_NAMES)
		s->names[s->name_count++] = (struct sign_name){ .name = name,
		    .over = over,
		    .completed = is_completed(name) };
}

/* Step 1. */
static bool
choose_names(struct dkim_signer *s)
{
	const struct dkim_sign_options *o = s->options;
	const struct slice *headers = o->headers, *oversign = o->oversign;
	size_t header_count = o->header_count, i;
	size_t oversign_count = o->oversign_count;

	if (headers == NULL) {
		headers = default_headers;
		header_count = COUNT(default_headers);
	}
	if (oversign == NULL) {
		oversign = default_oversign;
		oversign_count = COUNT(default_oversign);
	}
	s->names = arena_array(s->arena, header_count + oversign_count + 2,
	    sizeof(*s->names));
	if (s->names == NULL)
		return false;
	add_name(s, SLICE("From"), false);
	for (i = 0; i < header_count; i++)
		add_name(s, headers[i], false);
	for (i = 0; i < oversign_count; i++)
		add_name(s, oversign[i], true);
	if (o->arc)
		s->names[s->name_count++] = (struct sign_name){
			.name = SLICE(FIELD_NAME) };
	return true;
}

/* How often a name is in h=: no name may take another one's share. */
static size_t
times_listed(const struct dkim_signer *s, const struct sign_name *n,
    const struct mail_header *header)
{
	size_t present = mail_header_instances(header, n->name);
	size_t times = present + (n->over && (present > 0 || !n->completed));
	size_t names = LIMIT_DKIM_H_NAMES / s->name_count;
	/* With its colon, and the fold when it is alone on a line. */
	size_t octets = LIMIT_DKIM_SIGN_H / s->name_count /
	    (n->name.len + 4);
	size_t most = names < octets ? names : octets;

	if (n->left_out)
		return 0;
	if (most == 0)
		most = 1;
	return times < most ? times : most;
}

/* ---- a signer's life ---- */

static enum dkim_canon
canon_of(bool relaxed)
{
	return relaxed ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE;
}

struct dkim_signer *
dkim_signer_new(struct dkim_context *ctx,
    const struct dkim_sign_options *options, struct arena *arena)
{
	struct dkim_signer *s = arena_alloc(arena, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->ctx = ctx;
	s->options = options;
	s->arena = arena;
	if (!choose_names(s))
		return NULL;
	bodyhash_init(&s->body, ctx->sha256, arena);
	s->digest = bodyhash_want(&s->body, canon_of(options->relaxed_body),
	    BODYHASH_ALL);
	if (s->digest == NULL) {
		bodyhash_fini(&s->body);
		return NULL;
	}
	return s;
}

void
dkim_signer_fini(struct dkim_signer *s)
{
	if (s != NULL)
		bodyhash_fini(&s->body);
}

void
dkim_signer_body(struct dkim_signer *s, struct slice chunk)
{
	bodyhash_add(&s->body, chunk);
	hazard_text_add(&s->text, chunk);
}

/* Of all fields of one name. */
static unsigned int
name_hazards(const struct dkim_signer *s, const struct mail_header *header,
    struct slice name)
{
	unsigned int found = 0, n;

	for (n = mail_header_instances(header, name); n > 0; n--)
		found |= hazard_field(mail_header_find(header, name, n),
		    s->options->relaxed_header);
	return found;
}

/* Those that this server does not make are taken out of the set. */
static unsigned int
without_harmless(const struct dkim_signer *s, unsigned int found,
    bool eight_bit_mime)
{
	if (eight_bit_mime)
		found &= ~(unsigned int)DKIM_HAZARD_8BIT;
	if (!s->options->rewrites_addresses)
		found &= ~(unsigned int)(DKIM_HAZARD_ADDRESS |
		    DKIM_HAZARD_SENDMAIL_LINE);
	if ((found & DKIM_HAZARD_LONG_LINE) != 0)
		found &= ~(unsigned int)DKIM_HAZARD_SENDMAIL_LINE;
	return found;
}

unsigned int
dkim_signer_hazards(const struct dkim_signer *s,
    const struct mail_header *header, bool eight_bit_mime)
{
	unsigned int found = hazard_text_end(&s->text);
	size_t i;

	for (i = 0; i < s->name_count; i++)
		found |= name_hazards(s, header, s->names[i].name);
	return without_harmless(s, found, eight_bit_mime);
}

unsigned int
dkim_signer_leave_out(struct dkim_signer *s,
    const struct mail_header *header, bool eight_bit_mime, struct buf *names)
{
	unsigned int found = hazard_text_end(&s->text), of_name;
	size_t i;

	/* From is the first. */
	found |= name_hazards(s, header, s->names[0].name);
	for (i = 1; i < s->name_count; i++) {
		of_name = name_hazards(s, header, s->names[i].name);
		if (without_harmless(s, of_name, eight_bit_mime) == 0)
			continue;
		s->names[i].left_out = true;
		buf_adds(names, names->len > 0 ? ", " : "");
		buf_add(names, s->names[i].name);
	}
	return without_harmless(s, found, eight_bit_mime);
}

static bool
has_tag(const struct taglist *tags, struct slice name, struct slice want)
{
	const struct tag *tag = taglist_find(tags, name);
	struct domain value;

	return tag != NULL && domain_parse(tag->value, &value) &&
	    slice_eq(domain_slice(&value), want);
}

bool
dkim_sign_is_signed(const struct mail_header *header, struct slice domain,
    struct slice selector)
{
	const struct mail_field *field;
	struct taglist tags;
	unsigned int n;

	n = mail_header_instances(header, SLICE(FIELD_NAME));
	if (n > LIMIT_DKIM_CANDIDATES)
		n = LIMIT_DKIM_CANDIDATES;
	for (; n > 0; n--) {
		field = mail_header_find(header, SLICE(FIELD_NAME), n);
		if (taglist_parse(field->value, true, &tags) &&
		    has_tag(&tags, SLICE("d"), domain) &&
		    has_tag(&tags, SLICE("s"), selector))
			return true;
	}
	return false;
}

/* ---- step 3a: the field ---- */

/* The value, line ends CRLF; `column` counts a TAB as one. */
struct writer {
	struct buf	text;
	size_t		column;
	size_t		h, h_len;	/* where the value of h= is */
};

static void
put(struct writer *w, struct slice s)
{
	buf_add(&w->text, s);
	w->column += s.len;
}

static void
fold(struct writer *w)
{
	buf_adds(&w->text, "\r\n\t");
	w->column = 1;
}

/* `gap` and then `len` octets fit on this line, or a new one begins. */
static void
make_room(struct writer *w, struct slice gap, size_t len)
{
	if (w->column + gap.len + len > LINE_WIDTH)
		fold(w);
	else
		put(w, gap);
}

/* `name` has its "=". */
static void
put_tag(struct writer *w, struct slice name, struct slice value)
{
	make_room(w, SLICE(" "), name.len + value.len + 1);
	put(w, name);
	put(w, value);
	put(w, SLICE(";"));
}

static void
put_number(struct writer *w, struct slice name, int64_t number)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)number);

	put_tag(w, name, (struct slice){ digits, (size_t)n });
}

static void
put_time(struct writer *w, struct slice name, int64_t t)
{
	if (t < 0)
		t = 0;
	put_number(w, name, t < TIME_MAX ? t : TIME_MAX);
}

static void
put_times(struct writer *w, const struct dkim_sign_options *o)
{
	int64_t now = o->now < TIME_MAX ? o->now : TIME_MAX;

	put_time(w, SLICE("t="), now);
	if (o->expire > 0)
		put_time(w, SLICE("x="), o->expire < TIME_MAX ?
		    now + o->expire : TIME_MAX);
}

/* White space is allowed on both sides of a colon (3.5). */
static void
put_h(struct writer *w, const struct dkim_signer *s,
    const struct mail_header *header)
{
	const struct sign_name *n = s->names;
	struct slice gap = SLICE("");
	size_t i, times;

	make_room(w, SLICE(" "), n->name.len + 3);
	put(w, SLICE("h="));
	w->h = w->text.len;
	for (i = 0; i < s->name_count; i++, n++) {
		times = times_listed(s, n, header);
		/* From is listed even when it is not there (5.4). */
		if (i == 0 && times == 0)
			times = 1;
		for (; times > 0; times--) {
			put(w, gap);
			make_room(w, SLICE(""), n->name.len + 1);
			put(w, n->name);
			gap = SLICE(":");
		}
	}
	w->h_len = w->text.len - w->h;
	put(w, SLICE(";"));
}

static void
put_bh(struct writer *w, const struct bodyhash_digest *digest)
{
	char text[(DKIM_SHA256_LEN + 2) / 3 * 4 + 1];

	base64_encode(digest->value, sizeof(digest->value), text);
	put_tag(w, SLICE("bh="),
	    (struct slice){ text, base64_encoded_len(DKIM_SHA256_LEN) });
}

static struct slice
field_name(const struct dkim_sign_options *o)
{
	return o->arc ? SLICE("ARC-Message-Signature") : SLICE(FIELD_NAME);
}

/* All up to "b=", which begins a line. */
static void
put_tags(struct writer *w, const struct dkim_signer *s,
    const struct dkim_sign_key *key, const struct mail_header *header)
{
	const struct dkim_sign_options *o = s->options;

	buf_reset(&w->text);
	w->column = field_name(o).len + 1;
	if (o->arc)
		put_number(w, SLICE("i="), o->instance);
	else
		put_tag(w, SLICE("v="), SLICE("1"));
	if (dkim_private_key_type(key->key) == DKIM_KEY_RSA)
		put_tag(w, SLICE("a="), SLICE("rsa-sha256"));
	else
		put_tag(w, SLICE("a="), SLICE("ed25519-sha256"));
	put_tag(w, SLICE("c="), o->relaxed_header ?
	    (o->relaxed_body ? SLICE("relaxed/relaxed") :
	    SLICE("relaxed/simple")) :
	    (o->relaxed_body ? SLICE("simple/relaxed") :
	    SLICE("simple/simple")));
	put_tag(w, SLICE("d="), o->domain);
	put_tag(w, SLICE("s="), key->selector);
	put_times(w, o);
	put_h(w, s, header);
	put_bh(w, s->digest);
	fold(w);
	put(w, SLICE("b="));
}

/* Base64 may be folded anywhere; nothing is between "=" and it. */
static void
put_b(struct writer *w, const unsigned char *sig, size_t len)
{
	char text[(LIMIT_DKIM_SIG_B + 2) / 3 * 4 + 1];
	struct slice rest = { text, base64_encoded_len(len) }, piece;

	base64_encode(sig, len, text);
	while (rest.len > 0) {
		if (w->column == LINE_WIDTH)
			fold(w);
		piece = slice_head(rest, LINE_WIDTH - w->column);
		put(w, piece);
		rest = slice_from(rest, piece.len);
	}
}

/* ---- step 3, the rest ---- */

/* One message's header on its way to all its signatures. */
struct header_run {
	const struct dkim_signer	*signer;
	const struct mail_header	*header;
	struct writer			 writer;
	struct headerhash		 fields;
	struct crypto_hash		 hash;
};

/* A copy with LF for CRLF, as libmilter wants it. */
static bool
hand_out(struct arena *arena, struct slice text, struct slice *out)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i;

	if (p == NULL)
		return false;
	*out = (struct slice){ p, 0 };
	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\r')
			p[out->len++] = text.ptr[i];
	}
	return true;
}

static bool
sign_one(struct header_run *g, const struct dkim_sign_key *key,
    struct slice *value)
{
	const struct dkim_signer *s = g->signer;
	unsigned char hash[DKIM_SHA256_LEN], sig[LIMIT_DKIM_SIG_B];
	struct writer *w = &g->writer;
	struct headerhash_input in;
	size_t len;

	put_tags(w, s, key, g->header);
	if (buf_failed(&w->text))
		return false;
	in = (struct headerhash_input){
		.how = canon_of(s->options->relaxed_header),
		.h = slice_head(slice_from(buf_slice(&w->text), w->h),
		    w->h_len),
		.name = field_name(s->options),
		.value = buf_slice(&w->text),
	};
	crypto_hash_restart(&g->hash, s->ctx->sha256);
	if (!headerhash_compute(&g->fields, &in, &g->hash, hash) ||
	    !dkim_private_key_sign(key->key, hash, sig, &len))
		return false;
	put_b(w, sig, len);
	return !buf_failed(&w->text) &&
	    hand_out(s->arena, buf_slice(&w->text), value);
}

bool
dkim_signer_finish(struct dkim_signer *s, const struct mail_header *header,
    struct slice *values)
{
	struct header_run g = { .signer = s, .header = header };
	bool good;
	size_t i;

	bodyhash_end(&s->body);
	if (header->overflow || !s->digest->good ||
	    !headerhash_init(&g.fields, s->arena, header))
		return false;
	buf_init(&g.writer.text, LIMIT_DKIM_FIELD);
	crypto_hash_init(&g.hash, s->ctx->sha256);
	good = true;
	for (i = 0; i < s->options->key_count && good; i++)
		good = sign_one(&g, &s->options->keys[i], &values[i]);
	crypto_hash_fini(&g.hash);
	buf_fini(&g.writer.text);
	return good;
}
