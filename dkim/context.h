/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context: what all messages share; see dkim/dkim.h.
 */
#ifndef DKIM_CONTEXT_H
#define DKIM_CONTEXT_H

#include "dkim/crypto.h"
#include "dkim/keycache.h"

struct dkim_context {
	struct evp_md_st	*sha256;	/* fetched once */
	struct dkim_keycache	*keys;
};

#endif
