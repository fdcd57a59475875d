/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify_internal: what a verifier knows, for its trace.
 */
#ifndef DKIM_VERIFY_INTERNAL_H
#define DKIM_VERIFY_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "dkim/bodyhash.h"
#include "dkim/signature.h"
#include "dkim/verify.h"

/* What is known of one signature but not reported. */
struct dkim_candidate {
	bool				 usable;
	bool				 ranked;	/* chosen, or not */
	size_t				 closeness;	/* to From */
	struct dkim_request		 request;
	const struct bodyhash_digest	*body;		/* NULL: no memory */
	bool				 header_good;
	unsigned char			 header[DKIM_SHA256_LEN];
};

struct dkim_verifier {
	struct dkim_context	*ctx;
	struct dkim_options	 options;
	struct arena		*arena;

	/* Parallel arrays, `cap` long. */
	struct dkim_signature	*signatures;
	struct dkim_candidate	*candidates;
	size_t			 count, cap;

	/* Names of keys, max_signatures long. */
	struct slice		*early;
	atomic_size_t		 early_count;
	struct slice		*chosen_names;
	size_t			*chosen;	/* indices of candidates */
	size_t			 chosen_count;
	atomic_bool		 chosen_ready;

	struct bodyhash		 body;
};

#endif
