/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: exp=, RFC 7208 section 6.2.
 *
 * 1. The domain-spec is expanded as for any term.
 * 2. TXT is asked for that name.
 * 3. There must be one record, and it must be an explain-string: printable
 *    ASCII with macros.
 * 4. It is expanded.
 *
 * If anything goes wrong, there is no explanation, and the result stays.
 * None of it counts towards a limit (4.6.4) or towards the verdict.
 */
#include "spf/eval_internal.h"

/* Steps 3 and 4. */
static void
use_text(struct spf_eval *e, const struct spf_frame *f,
    const struct dns_answer *txt)
{
	unsigned int letters;

	if (txt->count != 1 ||
	    !spf_explain_string(txt->records[0].text, &letters))
		return;
	if ((letters & SPF_MACRO_LETTER('p')) != 0 &&
	    spf_client_name(e, f) != 0)
		return;
	e->macros.domain = domain_slice(f->domain);
	(void)spf_macro_text(&e->macros, txt->records[0].text,
	    e->out->explanation, sizeof(e->out->explanation));
}

void
spf_explain(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_term *exp)
{
	const struct spf_tally tally = e->tally;
	struct spf_lookup look = { .question = NULL };

	e->tally.ptr = true;	/* %{p} is not counted here */
	if (spf_target(e, f, exp, &look) == 0 &&
	    spf_ask(e, &look, DNS_TYPE_TXT) != NULL)
		use_text(e, f, look.answer);
	e->tally = tally;
}
