/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sightings: where a signature has been seen, to notice that it is replayed.
 *
 * Anyone who has received a signed message can send it again to anyone: the
 * signature verifies each time.  What is counted is the signature itself, d=
 * and b=: from how many networks it came (/24 or /64), and to how many
 * recipients.  Each is counted once, when it was seen last, so that a retry
 * adds nothing.
 *
 * Bounded: LIMIT_SIGHTINGS of all, of which the one seen longest ago goes when
 * there is no room, so that a flood shortens the memory, and never refuses
 * mail; LIMIT_SIGHTINGS_COUNT + 1 of one signature's networks, and as many of
 * its recipients, likewise.  What is older than LIMIT_SIGHTINGS_S goes by
 * itself.
 *
 * From any thread.  The caller says the time, in seconds of a clock that is
 * never set.
 */
#ifndef POLICY_SIGHTINGS_H
#define POLICY_SIGHTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/limits.h"
#include "base/slice.h"

struct sightings;

/* NULL: no memory. */
struct sightings	*sightings_new(void);
void			 sightings_free(struct sightings *t);

/* A signature by its domain and its value without blanks. */
uint64_t	sightings_key(struct slice d, struct slice b);
/* A recipient, without regard to case; `path` is the argument of RCPT TO. */
uint64_t	sightings_recipient(struct slice path);

/*
 * It was seen now, from this client (of no family: not known) and for these
 * recipients.  False: no memory.
 */
bool	sightings_note(struct sightings *t, uint64_t key,
	    const struct ipaddr *client, const uint64_t *recipients,
	    size_t count, int64_t now);

/* At most LIMIT_SIGHTINGS_COUNT + 1 each. */
struct sightings_count {
	unsigned int	networks;
	unsigned int	recipients;
};
/* Those of the last `seconds` before `now`. */
void	sightings_count(struct sightings *t, uint64_t key, int64_t now,
	    unsigned int seconds, struct sightings_count *out);

struct sightings_stats {
	unsigned int		remembered;	/* now */
	unsigned long long	forgotten;	/* for lack of room, ever */
};
void	sightings_stats(struct sightings *t, struct sightings_stats *out);

#endif
