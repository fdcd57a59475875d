/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * casing: the name of a question in letters of random case, which a server
 * has to repeat ("0x20").
 *
 * Who wants to forge an answer without seeing the question has to hit the
 * 16 bits of its id, the port that it left from (28,232 of them with Linux's
 * usual range: 14.8 bits), and with this one bit more for each letter of
 * the name: 11 at least for a DKIM key ("1._domainkey.1.io").
 *
 * Some servers do not repeat the name as it was.  What is done then:
 *
 * 1. An answer by UDP that repeats another name is not taken.  It counts,
 *    and the same server is asked again by TCP, where nobody answers who
 *    does not see the question.
 * 2. When TCP fails, it is asked by UDP again, in other letters.
 * 3. A server that gave CASING_FOLDS such answers, and none with the right
 *    letters in between, "folds".  It is asked by TCP alone; when TCP has
 *    failed lately, by UDP in lower case.
 * 4. CASING_AGAIN_US later one question finds out whether that is still so.
 *
 * A forger would need CASING_FOLDS hits in a row to get from there to step
 * 3, and TCP that fails as well.
 */
#ifndef RESOLVER_CASING_INTERNAL_H
#define RESOLVER_CASING_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "resolver/packet_internal.h"

#define CASING_FOLDS	4
#define CASING_AGAIN_US	INT64_C(600000000)
/* Random octets for one name: a bit for each of its octets. */
#define CASING_BITS	32

/* What is known of a server; the resolver thread's, but for the atomics. */
struct casing {
	bool		 wanted;	/* set once */
	unsigned int	 folded;	/* in a row */
	bool		 tcp_failed;
	int64_t		 again_us;	/* then step 4; 0: does not fold */
	atomic_ullong	 mismatches;	/* answers that were not taken */
	atomic_bool	 folds;
};

enum casing_way {
	CASING_PLAIN,	/* by UDP in lower case */
	CASING_MIXED,	/* by UDP in random case */
	CASING_TCP	/* by TCP in lower case */
};

/* How the next question is to be asked that needs no TCP. */
enum casing_way	casing_choose(struct casing *c, int64_t now_us);
/*
 * Step 1: an answer to a name in mixed letters repeats another.  True: ask
 * by TCP; false: by UDP again.
 */
bool	casing_mismatch(struct casing *c, int64_t now_us);
/* An answer to `asked`, in mixed letters, repeats them. */
void	casing_match(struct casing *c, const struct packet_name *asked);
/* TCP, which casing_choose() or casing_mismatch() asked for, failed. */
void	casing_tcp_failed(struct casing *c);

/* Upper case for each letter whose bit is set; `name` is in lower case. */
void	casing_mix(const struct packet_name *name,
	    const unsigned char bits[CASING_BITS], struct packet_name *out);
/* Does the packet's question name consist of just these octets?  True as
   well when it has no question (a failure may leave it out). */
bool	casing_repeats(struct slice packet, const struct packet_name *asked);

#endif
