/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reply templates: input is a template, a NUL, and what a sender chose.  A
 * template that passed the check gives its own code; whatever comes out can
 * be sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "policy/policy.h"
#include "tests/fuzz/fuzz.h"

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_reply(struct slice template, struct slice foreign,
    enum policy_action action)
{
	struct policy_rule r = { .action = action, .reply = template };
	struct policy_decision d = { .action = action, .rule = &r };
	struct policy_facts f = { .spf_explanation = foreign,
	    .helo = foreign, .mailfrom_domain = foreign,
	    .from_domain = foreign, .dmarc = AUTH_FAIL,
	    .dkim = ~0u, .dkim_aligned = ~0u };
	struct policy_reply reply;
	const char *problem;
	size_t at, i;
	bool good;

	good = policy_reply_check(template, action, &problem, &at);
	check(at <= template.len);
	policy_reply(&d, &f, &reply);
	check(strlen(reply.text) <= LIMIT_REPLY_TEXT);
	for (i = 0; reply.text[i] != '\0'; i++)
		check(ascii_is_vchar(reply.text[i]) || reply.text[i] == ' ');
	check(strlen(reply.code) == 3);
	check(reply.code[0] == reply.enhanced[0]);
	check(reply.code[0] == (action == POLICY_REJECT ? '5' : '4'));
	if (good && ascii_is_digit(template.ptr[0]))
		check(memcmp(reply.code, template.ptr, 3) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice foreign = { (const char *)data, size }, template;

	slice_cut(&foreign, '\0', &template);
	check_reply(template, foreign, POLICY_REJECT);
	check_reply(template, foreign, POLICY_TEMPFAIL);
	return 0;
}
