/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: the sets of a chain, the last one first, since everything below a
 * seal is what its sealer says.
 */
#include "tools/chain.h"

#include "arc/aar.h"
#include "base/buf.h"
#include "base/domain.h"

#define SAID_MAX 2000		/* octets of what a set says */

/* ---- as text ---- */

static void
text_sealer(struct text *t, const struct arc_set *set, int64_t now)
{
	char span[TEXT_SPAN];

	text_item(t, "sealed by");
	text_value(t, set->seal.d);
	text_say(t, ", selector ");
	text_value(t, set->seal.s);
	if (set->sealed_at >= 0 && set->sealed_at <= now) {
		text_span(now - set->sealed_at, span);
		text_say(t, ", %s ago", span);
	}
	if (set->cv != ARC_CV_UNKNOWN)
		text_say(t, ", cv=%s", arc_cv_name(set->cv));
	text_end(t);
}

static void
text_signature(struct text *t, const char *item,
    const struct mail_field *field, const struct dkim_signature *s)
{
	text_item(t, item);
	if (field == NULL)
		text_style(t, TEXT_BAD, "missing");
	else if (s->checked)
		text_result(t, s->result);
	else
		text_style(t, TEXT_DOUBT, "not checked");
	if (field != NULL && s->comment != NULL)
		text_say(t, ": %s", s->comment);
	text_end(t);
}

static void
text_said(struct text *t, const struct arc_set *set, struct arena *arena)
{
	const struct mail_field *f = set->fields[ARC_RESULTS];
	struct authres read;
	struct buf said;

	text_item(t, "said");
	if (f == NULL) {
		text_style(t, TEXT_BAD, "missing\n");
		return;
	}
	if (!arc_aar_read(f->value, arena, &read)) {
		text_style(t, TEXT_DOUBT, "what cannot be read\n");
		return;
	}
	buf_init(&said, SAID_MAX);
	arc_aar_sum_up(&read, &said);
	text_value(t, read.authserv_id);
	text_say(t, ": ");
	text_value(t, buf_slice(&said));
	text_end(t);
	buf_fini(&said);
}

static void
text_set(struct text *t, const struct arc_verdict *v, size_t instance,
    int64_t now, struct arena *arena)
{
	const struct arc_set *set = &v->sets[instance - 1];

	text_title(t, "ARC set ");
	text_style(t, TEXT_BOLD, "%zu of %zu\n", instance, v->count);
	text_sealer(t, set, now);
	text_signature(t, "seal", set->fields[ARC_SEAL], &set->seal);
	text_signature(t, "message", set->fields[ARC_MESSAGE],
	    &set->message);
	text_said(t, set, arena);
}

static void
text_why(struct text *t, const struct arc_verdict *v)
{
	char why[ARC_WHY];

	arc_verdict_why(v, why);
	if (why[0] != '\0') {
		text_item(t, "because");
		text_say(t, "%s\n", why);
	}
	if (v->oldest_pass > 0) {
		text_item(t, "note");
		text_say(t, "the message was changed after set %d was made\n",
		    v->oldest_pass - 1);
	}
}

void
chain_text(struct text *t, const struct arc_verdict *v,
    struct slice trusted, int64_t now, struct arena *arena)
{
	size_t i;

	if (v->result == AUTH_NONE)
		return;
	text_title(t, "ARC: ");
	text_result(t, v->result);
	text_end(t);
	text_why(t, v);
	if (trusted.len > 0) {
		text_item(t, "trusted");
		text_value(t, trusted);
		text_say(t, ": the domain in From passed DMARC there\n");
	}
	for (i = v->count; i > 0; i--)
		text_set(t, v, i, now, arena);
}

/* ---- as JSON ---- */

static void
json_signature(struct json *j, const char *key,
    const struct dkim_signature *s)
{
	json_object(j, key);
	json_slice_or_null(j, "d", s->d);
	json_slice_or_null(j, "s", s->s);
	json_slice_or_null(j, "a", s->a);
	json_string(j, "result", s->checked ? auth_result_name(s->result) :
	    NULL);
	json_string(j, "comment", s->comment);
	json_object_end(j);
}

static void
json_said(struct json *j, const struct arc_set *set, struct arena *arena)
{
	const struct mail_field *f = set->fields[ARC_RESULTS];
	struct authres read;
	struct buf said;

	if (f == NULL || !arc_aar_read(f->value, arena, &read)) {
		json_null(j, "authserv_id");
		json_null(j, "said");
		return;
	}
	buf_init(&said, SAID_MAX);
	arc_aar_sum_up(&read, &said);
	json_slice(j, "authserv_id", read.authserv_id);
	json_slice(j, "said", buf_slice(&said));
	buf_fini(&said);
}

static void
json_set(struct json *j, const struct arc_set *set, size_t instance,
    struct arena *arena)
{
	json_object(j, NULL);
	json_number(j, "instance", (long long)instance);
	json_string(j, "cv", set->cv != ARC_CV_UNKNOWN ?
	    arc_cv_name(set->cv) : NULL);
	if (set->sealed_at < 0)
		json_null(j, "t");
	else
		json_number(j, "t", set->sealed_at);
	json_signature(j, "seal", &set->seal);
	json_signature(j, "message", &set->message);
	json_said(j, set, arena);
	json_object_end(j);
}

void
chain_json(struct json *j, const char *key, const struct arc_verdict *v,
    struct slice trusted, struct arena *arena)
{
	char why[ARC_WHY];
	size_t i;

	arc_verdict_why(v, why);
	json_object(j, key);
	json_string(j, "result", auth_result_name(v->result));
	json_string(j, "why", why[0] != '\0' ? why : NULL);
	if (v->oldest_pass < 0)
		json_null(j, "oldest_pass");
	else
		json_number(j, "oldest_pass", v->oldest_pass);
	json_slice_or_null(j, "trusted", trusted);
	json_array(j, "sets");
	for (i = 0; i < v->count; i++)
		json_set(j, &v->sets[i], i + 1, arena);
	json_array_end(j);
	json_object_end(j);
}
