/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: what a signature that verifies says nothing about (RFC 6376
 * sections 8.2 and 8.15).
 */
#ifndef DKIM_COVERAGE_H
#define DKIM_COVERAGE_H

#include "dkim/verify.h"

/* Sets `partial` and `doubled` of `sig`, with its h=; `unsigned_octets` is
   known. */
void	coverage_find(struct slice h, const struct mail_header *header,
	    struct dkim_signature *sig);
/*
 * Why a signature that passes is not to count: static text, or NULL.  For the
 * options see struct dkim_options.
 */
const char	*coverage_problem(const struct dkim_signature *sig,
		    bool partial_refused, unsigned int doubles_refused);

#endif
