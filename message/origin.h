/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origin: where a message comes from, and what follows from it.
 *
 * Pure.  What the mail server says of the client is believed; what the
 * client says is not.
 */
#ifndef MESSAGE_ORIGIN_H
#define MESSAGE_ORIGIN_H

#include "config/config.h"

/* What the mail server says.  Absent text is empty. */
struct origin_facts {
	struct ipaddr	client;
	/* The name of the client, found by address and confirmed by name;
	   the mail server gives "[192.0.2.1]" or "unknown" for none. */
	struct slice	client_name;
	bool		authenticated;	/* SMTP AUTH */
	/* The common name of the client's certificate, only when the mail
	   server has verified it; see origin_certificate(). */
	struct slice	certificate;
	struct slice	daemon_name;
};

/* The first origin that is met, or NULL: a stranger. */
const struct config_origin	*origin_choose(const struct config *c,
				    const struct origin_facts *f);
/*
 * When authentication and TLS are still to come: shall the checks of the
 * client and of HELO begin?  False for mail that is surely not checked, and
 * for a relay, which is not the sender's host.
 */
bool				 origin_checks_client(const struct config *c,
				    const struct origin_facts *f);

/*
 * The common name out of the macros {verify}, {cn_subject} and
 * {cert_subject} (NULL when not sent).  Sendmail sends all three, and
 * {verify} is OK for a good certificate.  Postfix sends {cert_subject} alone,
 * which is the common name, and only for a good one.  Empty: none.
 */
struct slice			 origin_certificate(const char *verify,
				    const char *cn_subject,
				    const char *cert_subject);
/* Has the mail server verified it?  Also one without a common name, of which
   Postfix says nothing. */
bool				 origin_is_verified(const char *verify,
				    const char *cn_subject,
				    const char *cert_subject);

#endif
