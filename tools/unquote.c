/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unquote: which body the signatures of a message in an mbox were made over.
 *
 * 1. Nothing is quoted: the body is taken as it is.
 * 2. Else each way to undo it is tried, the most usual one first; the body
 *    hashes of the signatures are compared.  That needs no DNS.
 * 3. The first that has the most of them is taken.
 */
#include "tools/unquote.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "dkim/trace.h"
#include "dkim/verify.h"

static const enum mbox_quoting ways[] = { MBOX_RD, MBOX_PLAIN, MBOX_O };

const char *
mbox_quoting_name(enum mbox_quoting how)
{
	static const char *const names[] = { [MBOX_PLAIN] = "plain",
		[MBOX_RD] = "mboxrd", [MBOX_O] = "mboxo" };

	return names[how];
}

const char *
unquoted_words(const struct unquoted *what)
{
	static const char *const words[][2] = {
		[MBOX_PLAIN] = { NULL, "are unchanged, as they were signed" },
		[MBOX_RD] = { "lose one \">\" each (mboxrd)",
		    "lose one \">\" each (mboxrd), as they were signed" },
		[MBOX_O] = { NULL, "become \"From \" where there is one \">\" "
		    "(mboxo), as they were signed" }
	};

	return what->lines > 0 ? words[what->how][what->proved] : NULL;
}

static bool
has_body_hash(const struct dkim_trace *t)
{
	return t->body_known && t->request->bh_len == DKIM_SHA256_LEN &&
	    memcmp(t->request->bh, t->body_hash, DKIM_SHA256_LEN) == 0;
}

/* Keys are not asked for, so the verdicts say nothing. */
static size_t
matches_of(struct dkim_verifier *v, const struct quoted_message *q,
    struct slice body, const struct dns_ledger *none)
{
	struct dkim_trace trace;
	size_t i, count, matches = 0;

	dkim_verifier_header_end(v, q->header, NULL);
	dkim_verifier_body(v, body);
	dkim_verifier_finish(v, q->header, none);
	dkim_verifier_signatures(v, &count);
	for (i = 0; i < count; i++) {
		dkim_verifier_trace(v, i, q->header, none, &trace);
		matches += has_body_hash(&trace);
	}
	return matches;
}

/* False: no memory. */
static bool
count_hashes(const struct quoted_message *q, struct slice body,
    size_t *matches)
{
	const struct dkim_options options = {
		.max_signatures = LIMIT_DKIM_SIGNATURES, .now = q->now };
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct dns_ledger *none = dns_ledger_new(1);
	struct dkim_verifier *v = NULL;
	bool good;
	size_t i;

	if (arena != NULL && none != NULL)
		v = dkim_verifier_new(q->ctx, &options, arena);
	good = v != NULL;
	for (i = 0; good && i < q->header->count; i++)
		good = dkim_verifier_field(v, &q->header->fields[i], i);
	if (good)
		*matches = matches_of(v, q, body, none);
	dkim_verifier_fini(v);
	dns_ledger_free(none);
	arena_free(arena);
	return good;
}

static bool
make_body(const struct quoted_message *q, enum mbox_quoting how,
    struct buf *out)
{
	buf_reset(out);
	mbox_unquote(q->body, how, q->crlf, out);
	return !buf_failed(out);
}

/* Steps 2 and 3. */
static bool
choose(const struct quoted_message *q, struct buf *out,
    struct unquoted *what)
{
	size_t i, matches, most = 0;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!make_body(q, ways[i], out) ||
		    !count_hashes(q, buf_slice(out), &matches))
			return false;
		if (matches > most) {
			most = matches;
			what->how = ways[i];
			what->proved = true;
		}
	}
	return true;
}

bool
unquote_body(const struct quoted_message *q, struct buf *out,
    struct unquoted *what)
{
	buf_init(out, 2 * LIMIT_TOOL_MESSAGE);
	*what = (struct unquoted){ .lines = mbox_quoted(q->body),
	    .how = MBOX_RD };
	if (what->lines == 0)
		what->how = MBOX_PLAIN;
	else if (!choose(q, out, what))
		return false;
	return make_body(q, what->how, out);
}
