/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: the sets of a header, and whether they form a chain.
 */
#ifndef ARC_CHAIN_INTERNAL_H
#define ARC_CHAIN_INTERNAL_H

#include "arc/arc.h"
#include "dkim/signature.h"

/* What is known of a set but not reported. */
struct arc_work {
	bool				 twice[ARC_PARTS];
	bool				 has_h;		/* the seal */
	struct dkim_request		 message_request, seal_request;
	bool				 message_usable, seal_usable;
	const struct bodyhash_digest	*body;	/* NULL: not wanted */
	bool				 message_hashed, seal_hashed;
	unsigned char			 message_hash[DKIM_SHA256_LEN];
	unsigned char			 seal_hash[DKIM_SHA256_LEN];
};

struct arc_validator {
	struct dkim_context	*ctx;
	struct arc_options	 options;
	struct arena		*arena;
	struct arc_verdict	 verdict;
	bool			 judged;	/* the verdict is final */
	struct arc_set		*sets;
	struct arc_work		*work;		/* parallel to `sets` */
	size_t			 count;
	const struct mail_header *header;
	const struct bodyhash	*body;
	/* The first field of no known instance; NULL: none. */
	const char		*unreadable;
	const char		*unreadable_field;
	struct slice		*names;		/* of keys */
	size_t			 name_count;
};

/* The first fault is the verdict.  `field` is its name, or NULL; 0: of no
   known instance. */
void	arc_fault(struct arc_validator *v, const char *field,
	    unsigned int instance, const char *comment);
/* What a seal signs of one set (5.1.1).  The last set is its own: without
   its b= value, and without a line end. */
void	arc_hash_set(const struct mail_field *const fields[ARC_PARTS],
	    bool last, struct slice cut, struct dkim_sink *sink);
/* Steps 1 to 3 of arc.c.  A chain without a fault is not judged yet. */
void	arc_chain_read(struct arc_validator *v,
	    const struct mail_header *header);

#endif
