/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result: what a check found, in the words of RFC 8601 section 2.7.
 *
 * One vocabulary for all methods: each uses the part that its RFC defines.
 */
#ifndef MAIL_RESULT_H
#define MAIL_RESULT_H

#include <stdbool.h>

#include "base/slice.h"

enum auth_result {
	AUTH_NONE,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,		/* spf only */
	AUTH_NEUTRAL,
	AUTH_POLICY,
	AUTH_TEMPERROR,
	AUTH_PERMERROR
};
#define AUTH_RESULTS (AUTH_PERMERROR + 1)

/* "none", "pass", ... */
const char	*auth_result_name(enum auth_result r);
/* The reverse, without regard to case; false for an unknown word. */
bool		 auth_result_parse(struct slice word, enum auth_result *out);

/* What a check says when it is called: a verdict, or that it has noted
   questions in the ledger and must be called again. */
enum check_state {
	CHECK_DONE,
	CHECK_PENDING
};

#endif
