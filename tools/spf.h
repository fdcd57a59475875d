/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: why an SPF check came to its verdict: the tree of records and terms,
 * each with its lookup and the counters of RFC 7208 section 4.6.4.
 */
#ifndef TOOLS_SPF_H
#define TOOLS_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "resolver/ledger.h"
#include "spf/spf.h"
#include "tools/text.h"
#include "tools/tool.h"

struct spf_story;

/*
 * Runs a check again over the answers that it had, and keeps each step.
 * All is borrowed from `ledger`, `request` and the tool's arena.  NULL: no
 * memory.
 */
struct spf_story	*spf_story_new(struct tool *t,
			    const struct spf_request *request,
			    struct dns_ledger *ledger);

enum auth_result	spf_story_result(const struct spf_story *s);
void	spf_story_text(struct text *t, const struct spf_story *s);
void	spf_story_json(struct json *j, const char *key,
	    const struct spf_story *s);

extern const struct tool_command spf_command;

#endif
