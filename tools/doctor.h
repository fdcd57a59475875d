/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: the edits that broke a signature, in words.
 */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

#include "base/json.h"
#include "dkim/doctor.h"
#include "tools/text.h"

/* Lines of an item: what makes it verify, or that nothing usual does. */
void	cure_text(struct text *t, const struct dkim_cure *cure);
/* {"found", "complete", "edits": [{"edit", "field", "number", "lines",
   "text", "what"}]} */
void	cure_json(struct json *j, const char *key,
	    const struct dkim_cure *cure);
/* What the header says was done to the message, and cannot be undone. */
void	cure_hints_text(struct text *t, const struct mail_header *h);

#endif
