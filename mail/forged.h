/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forged: fields of results that claim to be ours and are not (RFC 8601
 * section 5).
 */
#ifndef MAIL_FORGED_H
#define MAIL_FORGED_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/header.h"

/* The names of fields that may be forged. */
enum forged_kind {
	FORGED_AUTHRES,
	FORGED_ARC_AUTHRES,
	FORGED_RECEIVED_SPF
};
#define FORGED_KINDS (FORGED_RECEIVED_SPF + 1)

/* What is looked for, borrowed. */
struct forged_search {
	const struct slice	*ids;	/* every authserv-id of ours */
	size_t			 id_count;
	bool			 received_spf;	/* RFC 7208 9.1: all of them,
						   they name no writer */
	/* An ARC chain that may hold: its fields stay (RFC 8617 4.1.1). */
	bool			 keep_arc;
	/* Fields that the header did not keep, see forged_note_lost(). */
	unsigned int		 lost[FORGED_KINDS];
};

/* A field of that name came and was not kept. */
void	forged_note_lost(struct forged_search *search, struct slice name);


/* A field by name and number among those of its name, from 1 at the top. */
struct forged_field {
	struct slice	name;		/* static, with a NUL after it */
	unsigned int	instance;
};

/*
 * Authentication-Results and ARC-Authentication-Results that claim one of the
 * ids, or that some reader may take for such (authres_is_odd()).  What the
 * header did not keep cannot be judged, and is named as well.
 *
 * The fields of a chain are signed by all its seals: to remove one breaks it
 * for every later host.  What they claim is only as reliable as their seal.
 * So they stay unless the chain is broken for good; a reader who does
 * not validate it is then not misled either.
 *
 * In the order in which to remove them: by name, the highest instance first,
 * since Postfix counts anew after each.  The list is the arena's.  False: no
 * memory.
 */
bool	forged_find(const struct forged_search *search,
	    const struct mail_header *header, struct arena *arena,
	    struct forged_field **list, size_t *count);
/*
 * The Authentication-Results fields of one of the ids, from the top: `*i` is 0
 * at first.  NULL when there are no more.
 */
const struct mail_field	*forged_next_ours(const struct forged_search *search,
			    const struct mail_header *header,
			    unsigned int *i);
/* Is there one, or one that was lost? */
bool	forged_is_ours(const struct forged_search *search,
	    const struct mail_header *header);

#endif
