/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signed: the S/MIME signature of a message (RFC 8551), and who made it.
 *
 * Whether the signature is that of the certificate which came with it; what
 * the certificate is worth others say.  The message is foreign: at most
 * LIMIT_TOOL_SMIME octets, LIMIT_TOOL_SIGNERS signers and
 * LIMIT_TOOL_CERTIFICATES certificates; more are not looked at.
 */
#ifndef TOOLS_SIGNED_H
#define TOOLS_SIGNED_H

#include <stddef.h>

#include "base/limits.h"
#include "base/slice.h"
#include "tools/certificate.h"

enum signed_status {
	SIGNED_GOOD,
	SIGNED_BAD,		/* not by that key, or the text is changed */
	SIGNED_NOT,		/* no S/MIME signature */
	SIGNED_BROKEN,		/* one that cannot be read, or past a limit */
	SIGNED_NO_MEMORY
};
const char	*signed_status_name(enum signed_status s);

struct signed_message {
	enum signed_status	 status;
	const char		*why;		/* static; NULL: good */
	/* SIGNED_GOOD: a chain for each signer, its certificate first. */
	struct certificates	*signers[LIMIT_TOOL_SIGNERS];
	size_t			 count;
};

void	signed_read(struct slice message, struct signed_message *out);
void	signed_fini(struct signed_message *m);

#endif
