/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disposition: what was done with a message for DMARC, and why that is not
 * what the domain asks for (RFC 9990 3.1.1.9 and 3.1.6).
 *
 *  1. A message without a policy is nobody's, and one that was deferred or
 *     did not come to its end will come again: nothing is recorded.
 *  2. What passed has "pass" where the policy enforces, else "none".
 *  3. What did not pass has what it was told, if the rule that decided asks
 *     what DMARC found; another reason to refuse it is not the domain's.
 *  4. Where that differs from the published policy there is a reason.  Of a
 *     weaker one it is t=y, if that explains all of it, or who answers for
 *     the message.
 */
#include "arc/trust.h"
#include "base/buf.h"
#include "message/arc.h"
#include "message/dmarc.h"
#include "message/message_internal.h"

#define COMMENT_MAX 250		/* octets of a comment */

/* Step 3: of a rule. */
static bool
asks_for_dmarc(const struct policy_rule *rule)
{
	return rule != NULL && (rule->dmarc != 0 || rule->dmarc_policy != 0 ||
	    rule->dmarc_testing != 0);
}

/* Step 3. */
static enum dmarc_policy
enforced(const struct policy_decision *d, enum message_outcome outcome)
{
	if (!asks_for_dmarc(d->rule))
		return DMARC_POLICY_NONE;
	if (outcome == MESSAGE_QUARANTINED)
		return DMARC_POLICY_QUARANTINE;
	if (outcome == MESSAGE_REJECTED || outcome == MESSAGE_DISCARDED)
		return DMARC_POLICY_REJECT;
	return DMARC_POLICY_NONE;
}

static void
add_override(struct event *e, struct slice type, struct slice comment)
{
	struct event_object *o = event_object(e, "dmarc-overrides");

	event_object_text(e, o, "type", type);
	event_object_text(e, o, "comment", comment);
}

/* Why the message was treated more mildly, but for t=y. */
static struct slice
why_weaker(const struct policy_decision *d, enum message_outcome outcome)
{
	if (outcome != MESSAGE_ACCEPTED && !asks_for_dmarc(d->rule))
		return SLICE("another rule decided");
	if (outcome != MESSAGE_ACCEPTED)
		return SLICE("a rule asks for less");
	if (d->deferral_over)
		return SLICE("it was deferred long enough");
	return d->rule != NULL ? SLICE("a rule accepts it") :
	    SLICE("no rule enforces the policy");
}

/* Who answers for it; of a sealer with RFC 8617 7.2.2, of a forwarder RFC 9990
   3.1.6. */
static void
explain_override(const struct message *m, struct event *e)
{
	const struct message_override *o = &m->results.override;
	struct buf comment;

	switch (o->kind) {
	case MESSAGE_NO_OVERRIDE:
		break;
	case MESSAGE_TRUSTED_SEALER:
		buf_init(&comment, COMMENT_MAX);
		arc_trust_comment(message_arc(m), m->arena, &comment);
		add_override(e, SLICE("local_policy"), buf_slice(&comment));
		buf_fini(&comment);
		break;
	case MESSAGE_FORWARDER:
		add_override(e, SLICE("trusted_forwarder"), o->name);
		break;
	}
}

/* Step 4. */
static void
explain(const struct message *m, enum message_outcome outcome,
    enum dmarc_policy done, struct event *e)
{
	const struct policy_decision *d = &m->results.decision;
	const struct dmarc_verdict *v = message_dmarc(m);

	if (v->result == AUTH_TEMPERROR)
		add_override(e, SLICE("other"), SLICE("DNS error"));
	else if (done > v->published)
		add_override(e, SLICE("local_policy"),
		    SLICE("a rule asks for more"));
	else if (done < v->published && v->record.testing && done >= v->applied)
		add_override(e, SLICE("policy_test_mode"), SLICE("t=y"));
	else if (done < v->published && message_is_overridden(m))
		explain_override(m, e);
	else if (done < v->published)
		add_override(e, SLICE("local_policy"),
		    why_weaker(d, outcome));
}

/* Step 1. */
static bool
is_counted(const struct dmarc_verdict *v, enum message_outcome outcome)
{
	switch (outcome) {
	case MESSAGE_ACCEPTED:
	case MESSAGE_REJECTED:
	case MESSAGE_QUARANTINED:
	case MESSAGE_DISCARDED:
		return v->has_record;
	case MESSAGE_DEFERRED:
	case MESSAGE_ABORTED:
	case MESSAGE_LOST:
	case MESSAGE_SHUT_DOWN:
		break;
	}
	return false;
}

void
message_record_disposition(const struct message *m,
    const struct message_answer *answer, struct event *e)
{
	const struct policy_decision *d = &m->results.decision;
	const struct dmarc_verdict *v = message_dmarc(m);
	enum dmarc_policy done;

	if (!is_counted(v, answer->outcome))
		return;
	if (v->result == AUTH_PASS) {
		event_detail_text(e, "dmarc-disposition",
		    v->applied != DMARC_POLICY_NONE ? SLICE("pass") :
		    SLICE("none"));
		return;
	}
	done = enforced(d, answer->outcome);
	event_detail_text(e, "dmarc-disposition",
	    slice_str(dmarc_policy_name(done)));
	explain(m, answer->outcome, done, e);
}
