/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signature: the DKIM-Signature field, read and checked (RFC 6376 sections
 * 3.5 and 6.1.1), and the two fields of ARC that are made like it (RFC 8617
 * sections 4.1.2 and 4.1.3).
 */
#ifndef DKIM_SIGNATURE_H
#define DKIM_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dkim/canon.h"
#include "dkim/crypto.h"
#include "dkim/verify.h"

/* What a usable field asks for and struct dkim_signature does not show.
   Borrowed from the field and from the arena. */
struct dkim_request {
	enum crypto_type	 key_type;	/* by a=, with SHA-256 */
	enum dkim_canon		 header_canon, body_canon;
	struct slice		 value;		/* of the field */
	struct slice		 b_cut;		/* in it: what b= says, with
						   the white space round it */
	struct slice		 h;		/* names are well-formed */
	unsigned char		*b;
	size_t			 b_len;
	unsigned char		*bh;
	size_t			 bh_len;	/* any: it may be wrong */
	uint64_t		 length;	/* l=, or BODYHASH_ALL */
	bool			 i_below_d;	/* i= is a subdomain of d= */
	struct slice		 key_name;	/* s._domainkey.d */
	/* As far as they could be read, also from a field that cannot be
	   used. */
	int64_t			 signed_at;	/* t=; -1: absent */
	int64_t			 expires_at;	/* x=; -1: absent */
	struct slice		 c, bh_text, l;	/* as written; or empty */
};

/* The tags that a field must have, may have, and those that are ignored. */
enum dkim_form {
	DKIM_FORM_DKIM,
	/* As DKIM-Signature, but that i= is no identity, and v= is nothing. */
	DKIM_FORM_ARC_MESSAGE,
	/* Signs fields alone: nothing of the body, and no h=. */
	DKIM_FORM_ARC_SEAL
};
#define DKIM_FORMS (DKIM_FORM_ARC_SEAL + 1)

/*
 * Reads the value of a field.  True: it is usable, `out` is set.  False:
 * the verdict in `sig` is set.  Either way d, d_text, s, i, a and b of `sig`
 * are those that could be read, and has_length is set.  `value` is
 * borrowed for as long as `out` is used.  `now` is for t= and x=.
 */
bool	dkim_signature_parse(enum dkim_form form, struct slice value,
	    int64_t now, struct arena *arena, struct dkim_signature *sig,
	    struct dkim_request *out);

/* Sets the verdict; the state of RFC 6376 section 3.9 follows from it. */
void	dkim_signature_judge(struct dkim_signature *sig,
	    enum auth_result result, const char *comment);

#endif
