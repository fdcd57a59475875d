/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replay: has a signature of this message been seen before, from other
 * networks or for other recipients?
 *
 * Only signatures that pass are counted, since any other can be made up: by
 * d= and b=, whose text is the only one of its octets (base/base64.h).  They
 * are counted before the policy decides, this message with them, and only
 * when a rule asks for it.
 */
#include <string.h>

#include "message/dkim.h"
#include "message/message_internal.h"
#include "policy/condition.h"
#include "policy/sightings.h"

#define RECIPIENTS_MAX (LIMIT_SIGHTINGS_COUNT + 1)

struct state {
	struct sightings	*seen;		/* NULL: not wanted */
	uint64_t		*recipients;
	size_t			 recipient_count, recipient_cap;
	uint64_t		*keys;		/* of signatures that pass */
	size_t			 key_count;
	int64_t			 now;
};

static void
begin(struct message *m, void *arg)
{
	const struct engine *e = m->results.engine;
	struct state *st = arg;

	if (policy_asks(&e->config->policy, "replay") ||
	    policy_asks(&e->config->observed_policy, "replay"))
		st->seen = e->sightings;
	st->now = m->steady;
}

static bool
reserve(struct message *m, struct state *st)
{
	size_t cap = st->recipient_cap > 0 ? 2 * st->recipient_cap : 8;
	uint64_t *list;

	if (st->recipient_count < st->recipient_cap)
		return true;
	list = arena_array(m->arena, cap, sizeof(*list));
	if (list == NULL)
		return false;
	if (st->recipient_count > 0)
		memcpy(list, st->recipients,
		    st->recipient_count * sizeof(*list));
	st->recipients = list;
	st->recipient_cap = cap;
	return true;
}

/* More of them than a rule can ask for make no difference. */
static void
recipient(struct message *m, void *arg, struct slice path)
{
	struct state *st = arg;

	if (st->seen != NULL && st->recipient_count < RECIPIENTS_MAX &&
	    reserve(m, st))
		st->recipients[st->recipient_count++] =
		    sightings_recipient(path);
}

static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	const struct message_dkim *d = message_dkim(m);
	const struct dkim_signature *s;
	struct state *st = arg;

	(void)ledger;
	if (st->seen == NULL || d->count == 0)
		return;
	st->keys = arena_array(m->arena, d->count, sizeof(*st->keys));
	if (st->keys == NULL)
		return;
	for (s = d->signatures; s < d->signatures + d->count; s++) {
		if (s->result != AUTH_PASS)
			continue;
		st->keys[st->key_count++] = sightings_key(s->d, s->b);
		if (!sightings_note(st->seen, st->keys[st->key_count - 1],
		    &m->results.client, st->recipients, st->recipient_count,
		    st->now))
			m->failed = true;
	}
}

/* The most of any signature. */
static struct sightings_count
count(const struct state *st, unsigned int seconds)
{
	struct sightings_count most = { 0, 0 }, one;
	size_t i;

	for (i = 0; i < st->key_count; i++) {
		sightings_count(st->seen, st->keys[i], st->now, seconds,
		    &one);
		if (one.networks > most.networks)
			most.networks = one.networks;
		if (one.recipients > most.recipients)
			most.recipients = one.recipients;
	}
	return most;
}

/* A policy_count_fn. */
static unsigned int
within(const void *arg, unsigned int seconds)
{
	struct sightings_count c = count(arg, seconds);

	return c.networks > c.recipients ? c.networks : c.recipients;
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct state *st = arg;

	(void)m;
	if (st->key_count > 0)
		f->replay = (struct policy_counter){ .within = within,
			.arg = st };
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct state *st = arg;
	struct sightings_count c;

	(void)m;
	if (st->key_count == 0)
		return;
	c = count(st, LIMIT_SIGHTINGS_S);
	event_number(e, "replay-networks", c.networks);
	event_number(e, "replay-recipients", c.recipients);
}

const struct message_method message_method_replay = {
	.name = "replay",
	.state_size = sizeof(struct state),
	.begin = begin,
	.recipient = recipient,
	.finish = finish,
	.facts = facts,
	.record = record
};
