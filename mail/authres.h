/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authres: Authentication-Results (RFC 8601), written and read.
 *
 * The writer is the one place that encodes foreign values for this field.
 * For any input the output is one well-formed field: no CR, no
 * NUL, LF only as part of a fold, nothing unquoted that the grammar does
 * not allow, no line above 998 octets.
 */
#ifndef MAIL_AUTHRES_H
#define MAIL_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/result.h"

/* ---- writing ---- */

struct authres_writer {
	struct buf	out;
	size_t		line;		/* columns used on this line */
	size_t		results;
	bool		properties;	/* this result has some */
	bool		utf8;
	bool		failed;
	/* For ARC-Authentication-Results: no comments, and a method that
	   found nothing says so. */
	bool		sealed;
};

/*
 * `utf8`: the message is internationalized (SMTPUTF8), so UTF-8 may be
 * in values.  Otherwise, and when it is not well-formed, an octet above
 * 0x7E is written as "?".  An authserv-id that cannot be written (empty,
 * control characters, too long for a line) fails the whole field; one with
 * U-labels is written with A-labels unless `utf8`.
 */
void	authres_write_begin(struct authres_writer *w,
	    struct slice authserv_id, bool utf8);
/* "; method=result", e.g. ("spf", "pass"): both static text of ours. */
void	authres_write_result(struct authres_writer *w, const char *method,
	    const char *result);
/* " (text)": static text of ours or numbers, never foreign data; what would
   unbalance it, controls and 8-bit are left out, and it is cut at the end
   of a line. */
void	authres_write_comment(struct authres_writer *w, const char *text);
/* " reason=\"text\"", encoded, cut at the end of a line.  After a result and
   before its properties: elsewhere the field fails. */
void	authres_write_reason(struct authres_writer *w, struct slice text);
/*
 * " ptype.property=value".  The value is written as it is when it is a
 * token, a domain name or [local]@domain, else as a quoted-string, with "?"
 * for each octet that may not be written.  A property that is too long for
 * a line of 998 octets is left out.
 */
void	authres_write_property(struct authres_writer *w, const char *ptype,
	    const char *property, struct slice value);
/*
 * The field's value, from the blank after the colon on, folds as LF TAB.
 * With no result: " id; none".  False when memory or LIMIT_AUTHRES_WRITE
 * was not enough.  Borrowed until authres_write_fini().
 */
bool	authres_write_end(struct authres_writer *w, struct slice *value);
void	authres_write_fini(struct authres_writer *w);

/* ---- reading ---- */

struct authres_property {
	struct slice	ptype, property;
	struct slice	value;		/* content, unquoted */
};

struct authres_result {
	struct slice		 method;
	unsigned int		 method_version;	/* 1 when absent */
	struct slice		 result;
	struct slice		 reason;	/* unquoted; empty: none */
	struct authres_property	*properties;
	size_t			 property_count;
};

struct authres {
	struct slice		 authserv_id;	/* unquoted */
	unsigned int		 version;	/* 1 when absent */
	struct authres_result	*results;	/* none for "none" */
	size_t			 result_count;
};

enum authres_status {
	AUTHRES_OK,
	AUTHRES_UNPARSABLE,
	AUTHRES_VERSION,	/* a version that is not 1: only
				   authserv_id and version are set */
	AUTHRES_LIMIT,		/* too long, too many results, no memory */
};

/*
 * Reads the value of one field.  Tolerates what is often seen: a ";" at the
 * end, unquoted base64, IPv6 addresses and URLs, a property without ptype
 * (`ptype` is empty then) or without value, "reason" after properties.
 * Slices borrow from `value` or are the arena's.
 */
enum authres_status	authres_read(struct slice value, struct arena *arena,
			    struct authres *out);

/*
 * RFC 8601 section 5: must a field with this value be removed, because it
 * claims to be ours, or might be read as such?  True when its authserv-id
 * is `authserv_id` (case, comments, quoting, folds, A-label against U-label
 * taken off; any version), when its version is not 1, with any id, or
 * when it cannot be read and any token of it is our id.  Bounded: a value
 * above LIMIT_AUTHRES_READ that cannot be read as foreign from its beginning
 * is removed, as is one that cannot be read and has more than
 * LIMIT_AUTHRES_IDN internationalized tokens.
 */
bool	authres_claims(struct slice value, struct slice authserv_id);
/*
 * May programs that decode a field before they read it, or that strip and
 * split it by Unicode's rules, see another text than authres_claims() does,
 * and so perhaps our id?  authres_read.c says when.  Such a field is removed,
 * with any id; one that we write is never odd.
 */
bool	authres_is_odd(struct slice value);

#endif
