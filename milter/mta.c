/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta: see mta.h.
 */
#include "milter/mta.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "event/log.h"

/* libmilter's API lacks const; it changes none of these. */
static char *
unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

const char *
mta_macro(SMFICTX *ctx, const char *name)
{
	return smfi_getsymval(ctx, unconst(name));
}

/* libmilter takes the text for a format: every "%" is doubled. */
void
mta_set_reply(SMFICTX *ctx, const char *id, const struct policy_reply *reply)
{
	char text[2 * LIMIT_REPLY_TEXT + 1], code[sizeof(reply->code)],
	    enhanced[sizeof(reply->enhanced)];
	size_t from, to = 0;

	for (from = 0; reply->text[from] != '\0'; from++) {
		if (reply->text[from] == '%')
			text[to++] = '%';
		text[to++] = reply->text[from];
	}
	text[to] = '\0';
	memcpy(code, reply->code, sizeof(code));
	memcpy(enhanced, reply->enhanced, sizeof(enhanced));
	if (smfi_setreply(ctx, code, enhanced, text) != MI_SUCCESS)
		log_line(CONFIG_LOG_ERROR, "%s: reply not taken: %s %s %s",
		    id, reply->code, reply->enhanced, reply->text);
}

static bool
edit(SMFICTX *ctx, bool leading_space, const struct message_edit *e)
{
	char *name = unconst(e->name.ptr);
	struct slice value = e->value;

	switch (e->kind) {
	case MESSAGE_REMOVE:
		return smfi_chgheader(ctx, name, (int)e->index, NULL) ==
		    MI_SUCCESS;
	case MESSAGE_INSERT:
		/* A server that adds the first blank gets none. */
		if (!leading_space)
			value = slice_from(value, 1);
		return smfi_insheader(ctx, 0, name, unconst(value.ptr)) ==
		    MI_SUCCESS;
	}
	return false;
}

bool
mta_change_header(SMFICTX *ctx, bool leading_space,
    const struct message_orders *o)
{
	size_t i;

	for (i = 0; i < o->edit_count; i++)
		if (!edit(ctx, leading_space, &o->edits[i]))
			return false;
	return true;
}

bool
mta_quarantine(SMFICTX *ctx, struct slice rule)
{
	char reason[128];
	size_t i;

	snprintf(reason, sizeof(reason), "assay: rule %.*s", SLICE_ARG(rule));
	for (i = 0; reason[i] != '\0'; i++)
		if (!ascii_is_printable(reason[i]))
			reason[i] = '?';
	return smfi_quarantine(ctx, reason) == MI_SUCCESS;
}
