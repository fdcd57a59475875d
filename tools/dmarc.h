/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: the walk to a DMARC policy, and why the verdict is what it is.
 */
#ifndef TOOLS_DMARC_H
#define TOOLS_DMARC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/lint.h"
#include "dmarc/dmarc.h"
#include "resolver/ledger.h"
#include "tools/text.h"
#include "tools/tool.h"

struct dmarc_story;

/* Like spf_story_new(). */
struct dmarc_story	*dmarc_story_new(struct tool *t,
			    const struct dmarc_request *request,
			    struct dns_ledger *ledger);
/* What to fix in the records on the way to the policy. */
void	dmarc_story_lint(const struct dmarc_story *s, lint_fn *note,
	    void *arg);
const struct dmarc_verdict	*dmarc_story_verdict(
				    const struct dmarc_story *s);
void	dmarc_story_text(struct text *t, const struct dmarc_story *s);
/* "DMARC pass by DKIM example.com": in a few words, and foreign. */
void	dmarc_story_sum(const struct dmarc_story *s, struct buf *out);
void	dmarc_story_json(struct json *j, const char *key,
	    const struct dmarc_story *s);

extern const struct tool_command dmarc_command;

#endif
