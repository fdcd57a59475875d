/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: SMTP and enhanced status codes for a refusal, RFC 7372 section 3.2.
 *
 * Results for which it registers none are refused by local policy only:
 * 550 5.7.1 (RFC 3463 section 3.8).
 */
#include "spf/spf.h"

void
spf_reply_codes(enum auth_result result, struct spf_reply *out)
{
	out->code = "550";
	out->enhanced = "5.7.1";
	if (result == AUTH_FAIL) {
		out->enhanced = "5.7.23";
	} else if (result == AUTH_PERMERROR) {
		out->enhanced = "5.7.24";
	} else if (result == AUTH_TEMPERROR) {
		out->code = "451";
		out->enhanced = "4.7.24";
	}
}
