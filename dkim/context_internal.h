/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context: what is in it, for those of this room.
 */
#ifndef DKIM_CONTEXT_INTERNAL_H
#define DKIM_CONTEXT_INTERNAL_H

#include "dkim/crypto.h"
#include "dkim/keycache_internal.h"

struct dkim_context {
	struct evp_md_st	*sha256;	/* fetched once */
	struct dkim_keycache	*keys;
};

#endif
