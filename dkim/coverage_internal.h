/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: what a signature that verifies says nothing about (RFC 6376
 * sections 8.2 and 8.15).
 */
#ifndef DKIM_COVERAGE_INTERNAL_H
#define DKIM_COVERAGE_INTERNAL_H

#include "dkim/verify.h"
#include "dkim/signature.h"

/* Sets `partial` and `doubled` of `sig`; `unsigned_octets` is known. */
void	coverage_find(const struct dkim_request *request,
	    const struct mail_header *header, struct dkim_signature *sig);
/*
 * Why a signature that passes is not to count, by the options: static text,
 * or NULL.
 */
const char	*coverage_problem(const struct dkim_signature *sig,
		    const struct dkim_options *options);

#endif
