/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail: an aggregate report of ours as a message (RFC 9990 section 3.5.2).
 *
 * All its destinations get the same body; each has its own header.  Lines end
 * with LF, as programs submit mail.  A message is at most as long as the
 * buffers allow; the caller chooses their maximum.
 */
#ifndef REPORT_MAIL_H
#define REPORT_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "report/verp.h"
#include "report/writer.h"

/* Room for "receiver!policy-domain!begin!end!id.xml.gz", with a NUL. */
#define REPORT_MAIL_NAME (2 * DOMAIN_MAX + 2 * 20 + REPORT_ID + 12)

/* What it is about.  Texts are borrowed. */
struct report_mail {
	const struct report	*report;	/* rows do not count */
	struct mail_mailbox	 from;		/* its host is the receiver */
};

/* The name of the file. */
void	report_mail_name(const struct report_mail *m,
	    char out[REPORT_MAIL_NAME]);

/*
 * The header for one destination, and the empty line after it.  `tag` is that
 * of verp_tag_make(), `now` in seconds since the Epoch.
 */
void	report_mail_header(const struct report_mail *m, struct slice to,
	    const char *tag, int64_t now, struct buf *out);

/*
 * The body: begins it, up to the rows, which go to body->writer.  `error` is
 * as in report_writer_new().  False: no memory, or `out` has failed; nothing
 * is to be ended.
 */
struct report_mail_body {
	struct report_writer	*writer;
	struct report_pack	*pack;		/* private */
	struct buf		*out;
	const struct report	*report;
};

bool	report_mail_begin(const struct report_mail *m, struct slice error,
	    struct report_mail_body *body, struct buf *out);
/* Ends the body.  False: no memory, or `out` has failed. */
bool	report_mail_end(struct report_mail_body *body);

#endif
