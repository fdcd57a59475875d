/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox: an address that mail can be sent to.
 */
#ifndef MAIL_MAILBOX_H
#define MAIL_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/slice.h"

/* A Dot-string (RFC 5321 4.1.2) of ASCII, "@", and a domain name of at least
   two labels, which is canonical. */
struct mail_mailbox {
	size_t		len;
	char		text[LIMIT_MAILBOX_LOCAL + 1 + DOMAIN_MAX + 1];
	struct domain	host;
};

/*
 * False for anything that is no such address: quoted, with octets that a mail
 * program may misread (control characters, 8-bit text, "%", "!", "|" or "/"
 * at the start).  `out` is then all zero.
 */
bool	mail_mailbox_parse(struct slice text, struct mail_mailbox *out);

static inline struct slice
mail_mailbox_slice(const struct mail_mailbox *m)
{
	return (struct slice){ m->text, m->len };
}

/* What is before "@". */
static inline struct slice
mail_mailbox_local(const struct mail_mailbox *m)
{
	return slice_head(mail_mailbox_slice(m), m->len - m->host.len - 1);
}

#endif
