/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the value of a DKIM-Signature field.
 *
 * What must hold: a field that is refused has a verdict that is not pass,
 * and a reason; one that is taken has all that a check needs, within the
 * limits; whatever is reported is harmless in a header and has its form.
 */

#include "base/arena.h"
#include "base/domain.h"
#include "base/utf8.h"
#include "dkim/bodyhash.h"
#include "dkim/signature.h"
#include "mail/lex.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1780272000)

static void
check_harmless(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		must((unsigned char)s.ptr[i] >= ' ' && s.ptr[i] != 0x7f);
	must(utf8_is_valid(s));
}

/* A name in its canonical form. */
static void
check_name(struct slice s)
{
	struct domain d;

	must(s.len == 0 || (domain_parse(s, &d) &&
	    slice_eq(domain_slice(&d), s)));
}

static void
check_reported(const struct dkim_signature *sig)
{
	check_harmless(sig->d_text);
	check_harmless(sig->i);
	check_harmless(sig->a);
	check_harmless(sig->b);
	check_name(sig->d);
	check_name(sig->s);
	must(sig->b.len % 4 == 0);
	must(sig->i.len == 0 || slice_find(sig->i, '@') < sig->i.len);
}

static bool
is_within(struct slice part, struct slice all)
{
	return part.ptr >= all.ptr && part.len <= all.len &&
	    part.ptr + part.len <= all.ptr + all.len;
}

static void
check_request(struct slice value, const struct dkim_signature *sig,
    const struct dkim_request *r)
{
	must(sig->d.len > 0 && sig->s.len > 0 && sig->b.len > 0);
	must(domain_labels(sig->d) >= 2);
	must(r->b_len > 0 && r->b_len <= LIMIT_DKIM_SIG_B);
	must(r->bh_len > 0 && r->b != NULL && r->bh != NULL);
	must(r->h.len > 0 && is_within(r->h, value));
	must(is_within(r->b_cut, value));
	/* Nothing but "b" and FWS are before the "=" that is before it. */
	must(r->b_cut.ptr > value.ptr && r->b_cut.ptr[-1] == '=');
	must(r->b_cut.ptr + r->b_cut.len == value.ptr + value.len ||
	    r->b_cut.ptr[r->b_cut.len] == ';');
	must(r->key_name.len == sig->s.len + 12 + sig->d.len &&
	    r->key_name.len <= DOMAIN_MAX);
	must(sig->has_length == (r->length != BODYHASH_ALL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };
	struct arena *arena = arena_new(1 << 20);
	struct dkim_signature sig = { .field = 0 };
	struct dkim_request request;

	if (arena == NULL)
		return 0;
	if (dkim_signature_parse(DKIM_FORM_DKIM, value, NOW, arena, &sig,
	    &request)) {
		check_request(value, &sig, &request);
	} else {
		must(sig.result == AUTH_NEUTRAL ||
		    sig.result == AUTH_PERMERROR ||
		    sig.result == AUTH_TEMPERROR);
		must((sig.state == DKIM_TEMPFAIL) ==
		    (sig.result == AUTH_TEMPERROR));
		must(sig.comment != NULL);
	}
	check_reported(&sig);
	arena_free(arena);
	return 0;
}
