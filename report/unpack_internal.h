/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack_internal: the parts of unpack.
 */
#ifndef REPORT_UNPACK_INTERNAL_H
#define REPORT_UNPACK_INTERNAL_H

#include "report/unpack.h"

struct unpack {
	report_document_fn	*found;
	void			*arg;
	unsigned int		 documents;
	unsigned int		 parts;		/* of mails */
	size_t			 unpacked;	/* octets, of all documents */
	bool			 stopped;	/* by `found`, or a limit */
	/* The first thing that was in the way. */
	enum report_status	 trouble;
};

/* One thing of unknown kind.  `depth`: mails around it. */
void	unpack_any(struct unpack *u, struct slice data, unsigned int depth);
/* A mail: its parts, each by unpack_any(). */
void	unpack_mail(struct unpack *u, struct slice message,
	    unsigned int depth);
void	unpack_trouble(struct unpack *u, enum report_status trouble);

#endif
