/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of RFC 8601 section 2.7, there and back. */
#include "mail/result.h"

#include "tests/tap.h"

static const struct {
	enum auth_result	result;
	const char		*word;
} words[] = {
	{ AUTH_NONE, "none" },
	{ AUTH_PASS, "pass" },
	{ AUTH_FAIL, "fail" },
	{ AUTH_SOFTFAIL, "softfail" },
	{ AUTH_NEUTRAL, "neutral" },
	{ AUTH_POLICY, "policy" },
	{ AUTH_TEMPERROR, "temperror" },
	{ AUTH_PERMERROR, "permerror" },
};

static const char *const unknown[] = {
	"", "hardfail", "passe", "pas", "pass ", "temp error",
};

int
main(void)
{
	enum auth_result r;
	size_t i;

	is_num(sizeof(words) / sizeof(words[0]), AUTH_RESULTS, "all words");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		is_str(auth_result_name(words[i].result), words[i].word,
		    words[i].word);
		ok(auth_result_parse(slice_str(words[i].word), &r) &&
		    r == words[i].result, "%s is read", words[i].word);
	}
	ok(auth_result_parse(SLICE("SoftFail"), &r) && r == AUTH_SOFTFAIL,
	    "case does not count");
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ok(!auth_result_parse(slice_str(unknown[i]), &r),
		    "\"%s\" is unknown", unknown[i]);
	return tap_done();
}
