/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox: see mailbox.h.
 */
#include "mail/mailbox.h"

#include <string.h>

#include "base/ascii.h"

/* atext without "%" and "!", which are routes to some. */
static bool
is_atext(char c)
{
	const struct slice others = SLICE("#$&'*+-/=?^_`{|}~");

	return ascii_is_alnum(c) || slice_find(others, c) < others.len;
}

/* Dot-string = Atom *("." Atom), and nothing that names a program or file. */
static bool
is_local_part(struct slice s)
{
	size_t i;

	if (s.len == 0 || s.len > LIMIT_MAILBOX_LOCAL || s.ptr[0] == '|' ||
	    s.ptr[0] == '/' || s.ptr[0] == '.' || s.ptr[s.len - 1] == '.')
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '.' ? s.ptr[i - 1] == '.' : !is_atext(s.ptr[i]))
			return false;
	}
	return true;
}

bool
mail_mailbox_parse(struct slice text, struct mail_mailbox *out)
{
	size_t at = slice_find_last(text, '@');
	struct slice local = slice_head(text, at);

	memset(out, 0, sizeof(*out));
	if (at == text.len || !is_local_part(local) ||
	    !domain_parse(slice_from(text, at + 1), &out->host) ||
	    domain_labels(domain_slice(&out->host)) < 2) {
		memset(out, 0, sizeof(*out));
		return false;
	}
	memcpy(out->text, local.ptr, local.len);
	out->text[local.len] = '@';
	memcpy(out->text + local.len + 1, out->host.text, out->host.len);
	out->len = local.len + 1 + out->host.len;
	out->text[out->len] = '\0';
	return true;
}
