/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust: what a chain is worth to a receiver who trusts some of its sealers
 * (RFC 8617 sections 7.2.1 and 9.4).
 */
#ifndef ARC_TRUST_H
#define ARC_TRUST_H

#include "arc/arc.h"
#include "base/buf.h"

/* Is that domain, canonical, one of a trusted sealer? */
typedef bool arc_listed_fn(void *arg, struct slice sealer);

/*
 * The lowest instance k for which every seal from N down to k is from a
 * trusted sealer and whose results say that the Author Domain `from` passed
 * DMARC there; 0: there is none.  Everything below a seal that is not trusted
 * is only that sealer's claim, so the walk ends there.
 *
 * A chain counts that passes, whose AMS(N) signs all of the body (no l=),
 * and whose seal N, if it says when it was made, is not older than
 * `not_before`: anyone can replay it (9.5).
 *
 * Results are read into the arena; without memory they say nothing, and
 * arena_failed() is true.
 */
unsigned int	arc_trust_find(const struct arc_verdict *v,
		    arc_listed_fn *listed, void *arg, struct slice from,
		    int64_t not_before, struct arena *arena);

/*
 * The comment of RFC 8617 section 7.2.2 for a DMARC report: "arc=pass
 * as[2].d=d2.example as[2].s=s2 as[1].d=d1.example as[1].s=s3
 * remote-ip[1]=2001:db8::1a"; cut to whole parts within the bound of `out`.
 */
void		arc_trust_comment(const struct arc_verdict *v,
		    struct arena *arena, struct buf *out);

#endif
