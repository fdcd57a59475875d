/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result: the words of RFC 8601 section 2.7, in the order of the enum.
 */
#include "mail/result.h"

static const struct slice words[AUTH_RESULTS] = {
	SLICE_INIT("none"),
	SLICE_INIT("pass"),
	SLICE_INIT("fail"),
	SLICE_INIT("softfail"),
	SLICE_INIT("neutral"),
	SLICE_INIT("policy"),
	SLICE_INIT("temperror"),
	SLICE_INIT("permerror"),
};

const char *
auth_result_name(enum auth_result r)
{
	return words[r].ptr;
}

bool
auth_result_parse(struct slice word, enum auth_result *out)
{
	unsigned int i;

	for (i = 0; i < AUTH_RESULTS; i++) {
		if (slice_eq_nocase(word, words[i])) {
			*out = (enum auth_result)i;
			return true;
		}
	}
	return false;
}
