/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SPF found of a message: for DMARC, and for those who explain it.
 */
#ifndef MESSAGE_SPF_H
#define MESSAGE_SPF_H

#include <stdbool.h>

#include "spf/spf.h"

struct message;

struct message_spf {
	bool			helo_checked;
	bool			helo_done;	/* `helo` is the verdict */
	struct spf_verdict	helo;
	bool			mail_checked;
	bool			mail_done;
	struct spf_verdict	mail;
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
