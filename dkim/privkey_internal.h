/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privkey: what signing and key files know of private keys beyond
 * dkim/sign.h.
 */
#ifndef DKIM_PRIVKEY_INTERNAL_H
#define DKIM_PRIVKEY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "dkim/crypto.h"
#include "dkim/sign.h"

/*
 * Call before a private key comes into memory, from any thread: from then on
 * OpenSSL keeps the numbers of private keys, and what it computes with them,
 * in a separate memory area, between guard pages, not in a core
 * file, and not swapped out as far as the system lets it be locked.
 * LIMIT_DKIM_SECURE_HEAP of it: with more keys, memory has run out.  Where
 * there is none, keys are in ordinary memory; they are wiped in any case.
 */
void			 dkim_private_key_protect(void);

/*
 * Takes over `pkey`, in failure too.  NULL when verifiers would not accept
 * the key, or memory ran out; `why` says which.
 */
struct dkim_private_key	*dkim_private_key_adopt(struct evp_pkey_st *pkey,
			    char *why, size_t why_size);
/* Borrowed. */
struct evp_pkey_st	*dkim_private_key_pkey(
			    const struct dkim_private_key *k);

#endif
