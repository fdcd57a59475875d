/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * methods: every method of checking, one row each.
 *
 * The order is that of the results in Authentication-Results.  DMARC is
 * last: it reads what those before it have found.
 */
#include "message/method_internal.h"

extern const struct message_method message_method_auth;	/* auth.c */
extern const struct message_method message_method_tls;	/* tls.c */
extern const struct message_method message_method_iprev; /* iprev.c */
extern const struct message_method message_method_spf;	/* spf.c */
extern const struct message_method message_method_dkim;	/* dkim.c */
extern const struct message_method message_method_arc;	/* arc.c */
extern const struct message_method message_method_replay; /* replay.c */
extern const struct message_method message_method_forwarder; /* forwarder.c */
extern const struct message_method message_method_dmarc; /* dmarc.c */

const struct message_method *const message_methods[] = {
	&message_method_auth,
	&message_method_tls,
	&message_method_iprev,
	&message_method_spf,
	&message_method_dkim,
	&message_method_arc,
	&message_method_replay,
	&message_method_forwarder,
	&message_method_dmarc
};
const size_t message_method_count = sizeof(message_methods) /
    sizeof(message_methods[0]);
