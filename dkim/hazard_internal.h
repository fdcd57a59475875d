/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hazard: what a mail server may change after a signer (RFC 6376 section
 * 5.3); see enum dkim_hazard.
 */
#ifndef DKIM_HAZARD_INTERNAL_H
#define DKIM_HAZARD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "mail/header.h"

/* The text so far, zeroed at the start. */
struct hazard_text {
	size_t		line;	/* octets since the last LF */
	bool		cr;	/* a CR was the last of them */
	unsigned int	found;
};

/* The next octets, cut anywhere. */
void		hazard_text_add(struct hazard_text *h, struct slice chunk);
/* What was found, if this was all. */
unsigned int	hazard_text_end(const struct hazard_text *h);

/* A whole field.  `relaxed`: how it is signed. */
unsigned int	hazard_field(const struct mail_field *field, bool relaxed);

#endif
