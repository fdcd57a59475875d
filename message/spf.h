/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SPF found of a message: for DMARC, and for those who explain it.
 */
#ifndef MESSAGE_SPF_H
#define MESSAGE_SPF_H

#include <stdbool.h>

#include "base/slice.h"
#include "mail/result.h"
#include "spf/spf.h"

struct message;

/* Of a verdict what a message keeps; see struct spf_verdict. */
struct message_spf_verdict {
	enum auth_result	 result;
	bool			 helo_for_null;
	bool			 authenticated;
	bool			 stale;
	const char		*problem;
	struct slice		 domain, mechanism, explanation;
	char			*texts;		/* private: of all three */
};

struct message_spf {
	bool				helo_checked;
	bool				helo_done;	/* `helo` is there */
	struct message_spf_verdict	helo;
	bool				mail_checked;
	bool				mail_done;
	struct message_spf_verdict	mail;
};

/*
 * Borrowed from the message.  Before its end: under the lock of the inquiry.
 */
const struct message_spf	*message_spf(const struct message *m);
/*
 * What was asked, after message_finish(); NULL when this identity is not
 * checked.  The check may be run again over message_ledger().
 */
const struct spf_request	*message_spf_request(const struct message *m,
				    enum spf_identity identity);

#endif
