/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * silence: domains whose name servers did not answer lately.
 *
 * A sender chooses the names that are asked, and can put any label before his
 * own domain.  So what is remembered is the name above:
 * a question that was not answered in time is noted at each name above it,
 * from the registrable-like one (two labels; three below such as "co.uk"; a
 * network of reverse names) down to SILENCE_LEVELS of them.  Such a name is
 * marked when
 *
 * - names below SILENCE_CHILDREN different labels of it were silent, so that
 *   one dead corner of a large domain does not count against all of it, and
 * - more questions were silent than answered, SILENCE_MARK of them.
 *
 * It stays marked until LIMIT_DNS_SILENT_S seconds have passed without any,
 * or as many answers as silences have come; a few of them are not enough.
 *
 * Questions below a marked name share LIMIT_DNS_SILENT_PLACES places; one for
 * which there is none is not sent.  Not counted among them are those for the
 * name itself, its DMARC record, and its keys if none of them was silent:
 * these are no names that labels can multiply, so that nobody keeps another's
 * policy from being read by asking for names below it.  Nor do their answers
 * count for it then: they say nothing of what labels are put in front.
 *
 * Memory is bounded, and only hashes are kept.  No clock, no lock of its own.
 */
#ifndef RESOLVER_SILENCE_INTERNAL_H
#define RESOLVER_SILENCE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

#define SILENCE_LEVELS	4	/* ours: names noted above one question */
#define SILENCE_CHILDREN 4	/* ours */
#define SILENCE_MARK	8	/* ours */
#define SILENCE_WORST	64	/* ours: more is not counted */
#define SILENCE_WAYS	8	/* slots in which a name may lie */

struct silent_domain {
	uint64_t	hash;		/* of the name; 0: free */
	int64_t		silent_us;	/* when it was so last */
	uint64_t	children;	/* a bit for each label that was */
	uint16_t	level;		/* silences over answers */
	uint16_t	held;		/* places */
	bool		marked;
};

/* All zero at first. */
struct silence {
	struct silent_domain	 domains[LIMIT_DNS_SILENT_DOMAINS];
	size_t			 count;		/* in use */
	size_t			 marked;	/* of them */
	uint64_t		 marks;		/* so far */
	uint64_t		 refused;	/* had no place, so far */
	char			 last[256];	/* marked; NUL-terminated */
};

/* Names are in the form of domain_parse_dns(). */

/* The registrable-like name that `name` is or is below; "" for a top level. */
struct slice	silence_apex(struct slice name);

void	silence_note(struct silence *s, struct slice name, int64_t now_us);
void	silence_note_answer(struct silence *s, struct slice name);
/* The marked name that `name` is counted under; NULL: there is none. */
struct silent_domain	*silence_find(struct silence *s, struct slice name,
			    int64_t now_us);
/* Takes a place; false: all are taken.  One that is taken must be given
   back, and what it belongs to is not forgotten before. */
bool	silence_take(struct silence *s, struct silent_domain *d);
void	silence_give_back(struct silent_domain *d);

#endif
