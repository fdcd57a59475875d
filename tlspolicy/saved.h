/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saved: a policy that was fetched, as a line of the cache file of
 * assay-tlspol:
 *
 *	KEY FETCHED ASKED ID DANE MODE MAX_AGE MX:MX
 *
 * What is read goes through the parser of policies, as if it came from a
 * policy host.
 */
#ifndef TLSPOLICY_SAVED_H
#define TLSPOLICY_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "tlspolicy/tlspolicy.h"

/* The first line of such a file. */
#define SAVED_POLICY_HEAD	"assay-tlspol policies 1"

/* Times are seconds since the Epoch. */
struct saved_policy {
	struct tlspolicy_hop	 hop;	/* not looked at when it is written */
	int64_t			 fetched, asked;
	char			 id[STS_ID_MAX + 1];
	enum dane_summary	 dane;	/* when DNS last said */
	struct sts_policy	 policy;
	bool			 no_memory;	/* to read it */
};

/*
 * A line without its end.  The policy is in the arena.  A time after `wall`
 * becomes that: nothing lives longer because a clock was wrong.  False: it is
 * no such line, or `no_memory` says that this could not be found out.
 */
bool	saved_policy_read(struct slice line, int64_t wall,
	    struct arena *arena, struct saved_policy *out);
/* `key` is a tlspolicy_hop_text(). */
void	saved_policy_write(struct slice key, const struct saved_policy *p,
	    struct buf *out);
/* Its max_age is not over. */
bool	saved_policy_is_valid(const struct saved_policy *p, int64_t wall);

#endif
