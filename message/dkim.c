/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DKIM of a message: its signatures are verified, RFC 6376.
 *
 * The verifier may be asked for its questions while it is fed (see
 * dkim_verifier_ask()), so that headers are hashed without the lock that the
 * resolver waits for.  The lock is taken when the verifier is made.
 */
#include "message/dkim.h"

#include "base/buf.h"
#include "message/message_internal.h"
#include "message/shown_internal.h"

#define SIG_B_SHOWN 8		/* RFC 6008 section 4: at least */
#define RESULT_ROOM	8192	/* octets: one more signature, and DMARC */
#define RECORD_MAX 200		/* octets of `dkim`, all signatures */

struct state {
	struct message_dkim	 found;
	struct dkim_verifier	*verifier;
};

static const char *const fields[] = { "DKIM-Signature", NULL };

static void
begin(struct message *m, void *arg)
{
	const struct config *c = m->results.engine->config;
	struct dkim_options options = {
		.max_signatures = c->limits.signatures,
		.minimum_rsa_bits = c->dkim.minimum_rsa_bits,
		.now = m->now,
		.partial_refused = !c->dkim.partial_body,
		.doubles_refused = c->dkim.doubled
	};
	struct dkim_verifier *v = dkim_verifier_new(m->results.engine->dkim,
	    &options, m->arena);
	struct state *st = arg;

	if (v == NULL)
		m->failed = true;
	message_lock(m);
	st->verifier = v;
	message_unlock(m);
	st->found.test_keys = c->dkim.test_keys;
}

static void
fini(void *arg)
{
	struct state *st = arg;

	if (st->verifier != NULL)
		dkim_verifier_fini(st->verifier);
}

static void
field(struct message *m, void *arg, const struct mail_field *f, size_t index)
{
	struct state *st = arg;

	(void)m;
	if (st->verifier != NULL)
		(void)dkim_verifier_field(st->verifier, f, index);
}

static void
header_end(struct message *m, void *arg)
{
	const struct mail_from *from = &m->results.from;
	struct state *st = arg;

	if (st->verifier == NULL)
		return;
	dkim_verifier_header_end(st->verifier, &m->header,
	    from->has_domain ? &from->domain : NULL);
	st->found.verifier = st->verifier;
	st->found.signatures = dkim_verifier_signatures(st->verifier,
	    &st->found.count);
}

static void
body(struct message *m, void *arg, struct slice chunk)
{
	struct state *st = arg;

	(void)m;
	if (st->verifier != NULL)
		dkim_verifier_body(st->verifier, chunk);
}

static bool
ask(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;

	(void)m;
	return st->verifier == NULL ||
	    dkim_verifier_ask(st->verifier, ledger) == CHECK_DONE;
}

static void
body_end(void *arg)
{
	struct state *st = arg;

	if (st->verifier != NULL)
		dkim_verifier_body_end(st->verifier);
}

static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;

	if (st->verifier != NULL)
		dkim_verifier_finish(st->verifier, &m->header, ledger);
}

/* ---- what was found ---- */

bool
message_dkim_counts(const struct message_dkim *d, size_t i)
{
	return !d->signatures[i].key_testing || d->test_keys;
}

/* Octets of b= that tell this signature from the others, RFC 6008 4. */
static size_t
sig_b_length(const struct message_dkim *d, const struct dkim_signature *s)
{
	size_t len = SIG_B_SHOWN, i;
	const struct dkim_signature *other;

	for (i = 0; i < d->count; i++) {
		other = &d->signatures[i];
		while (other != s && len < s->b.len && other->b.len > 0 &&
		    slice_eq(slice_head(other->b, len),
		    slice_head(s->b, len)) && !slice_eq(other->b, s->b))
			len++;
	}
	return len;
}

/* header.i is what the signature proved, so only of one that passed. */
static void
write_identity(struct authres_writer *w, const struct dkim_signature *s)
{
	size_t at = slice_find_last(s->i, '@');

	if (s->result != AUTH_PASS)
		return;
	if (at == s->i.len || (!w->utf8 && !slice_is_ascii(s->i)))
		shown_address(w, "header", "i", SLICE(""), s->d);
	else
		shown_address(w, "header", "i", slice_head(s->i, at),
		    slice_from(s->i, at + 1));
}

static void
write_signature(const struct message_dkim *d, struct authres_writer *w,
    const struct dkim_signature *s)
{
	authres_write_result(w, "dkim", auth_result_name(s->result));
	if (s->key_testing)
		authres_write_comment(w, "test mode");
	shown_reason(w, s->stale, s->result != AUTH_PASS ? s->comment : NULL);
	shown_name(w, "header", "d", s->d);
	write_identity(w, s);
	shown_name(w, "header", "s", s->s);
	shown_text(w, "header", "a", s->a);
	shown_text(w, "header", "b", slice_head(s->b, sig_b_length(d, s)));
}

static void
write_results(const struct message *m, const void *arg,
    struct authres_writer *w)
{
	const struct message_dkim *d = &((const struct state *)arg)->found;
	size_t i;

	/* What has no room is left out: the message goes its way. */
	for (i = 0; i < d->count &&
	    w->out.len < LIMIT_AUTHRES_WRITE - RESULT_ROOM; i++) {
		write_signature(d, w, &d->signatures[i]);
		shown_dnssec(w, &m->results, d->signatures[i].authenticated);
	}
	if (d->count == 0)
		authres_write_result(w, "dkim", "none");
}

/* Would it pass, but for what it does not cover? */
static bool
verifies(const struct dkim_signature *s)
{
	return s->result == AUTH_PASS || s->result == AUTH_POLICY;
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct message_dkim *d = &((const struct state *)arg)->found;
	const struct dkim_signature *s;
	size_t i;

	(void)m;
	for (i = 0; i < d->count; i++) {
		s = &d->signatures[i];
		f->dkim |= 1u << s->result;
		f->dkim_partial |= s->partial && verifies(s);
		f->dkim_doubled |= s->doubled != 0 && verifies(s);
	}
	if (d->count == 0)
		f->dkim = 1u << AUTH_NONE;
}

/* ---- the record ---- */

static void
record_signature(struct event *e, const struct dkim_signature *s)
{
	struct event_object *o = event_object(e, "signatures");

	event_object_text(e, o, "result",
	    slice_str(auth_result_name(s->result)));
	event_object_text(e, o, "domain", s->d);
	event_object_text(e, o, "selector", s->s);
	event_object_text(e, o, "algorithm", s->a);
	if (s->key_bits > 0)
		event_object_number(e, o, "key-bits", s->key_bits);
	if (s->comment != NULL)
		event_object_text(e, o, "why", slice_str(s->comment));
}

/* "pass:example.com:s1,fail:example.net:s2" */
static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct message_dkim *d = &((const struct state *)arg)->found;
	const struct dkim_signature *s;
	const char *why = NULL;
	struct buf list;
	size_t i;

	(void)m;
	buf_init(&list, RECORD_MAX);
	for (i = 0; i < d->count; i++) {
		s = &d->signatures[i];
		buf_adds(&list, i > 0 ? "," : "");
		buf_adds(&list, auth_result_name(s->result));
		buf_addc(&list, ':');
		buf_add(&list, s->d);
		buf_addc(&list, ':');
		buf_add(&list, s->s);
		if (s->result != AUTH_PASS && why == NULL)
			why = s->comment;
	}
	event_text(e, "dkim", d->count > 0 ? buf_slice(&list) :
	    SLICE("none"));
	buf_fini(&list);
	if (why != NULL)
		event_text(e, "dkim-why", slice_str(why));
	for (i = 0; i < d->count; i++)
		record_signature(e, &d->signatures[i]);
}

const struct message_method message_method_dkim = {
	.name = "dkim",
	.state_size = sizeof(struct state),
	.begin = begin,
	.fields = fields,
	.field = field,
	.header_end = header_end,
	.body = body,
	.body_end = body_end,
	.ask = ask,
	.finish = finish,
	.fini = fini,
	.write = write_results,
	.facts = facts,
	.record = record
};

const struct message_dkim *
message_dkim(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_dkim);

	return &st->found;
}

struct bodyhash *
message_dkim_hashes(struct message *m)
{
	struct state *st = message_state(m, &message_method_dkim);

	return st->verifier != NULL ? dkim_verifier_hashes(st->verifier) :
	    NULL;
}
