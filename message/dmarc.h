/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What DMARC found of a message, for those who explain it.
 */
#ifndef MESSAGE_DMARC_H
#define MESSAGE_DMARC_H

#include "dmarc/dmarc.h"
#include "message/dkim.h"
#include "message/spf.h"
#include "policy/policy.h"

struct message;

/* After message_finish(), borrowed from the message. */
const struct dmarc_verdict	*message_dmarc(const struct message *m);
/* NULL when it was not evaluated. */
const struct dmarc_request	*message_dmarc_request(
				    const struct message *m);

/*
 * Pure: what the policy hears of it, with what only alignment can say of SPF
 * and DKIM.  SPF's identifier is the first of the request, then come those
 * of the signatures in their order.
 */
void	message_dmarc_facts(const struct dmarc_verdict *v,
	    const struct message_spf *spf, const struct message_dkim *dkim,
	    struct policy_facts *f);

#endif
