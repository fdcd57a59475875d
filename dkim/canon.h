/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canon: canonicalization of header fields and bodies, RFC 6376 section
 * 3.4, as streams in constant memory.
 *
 * Line ends are CRLF and nothing else: a bare CR or a bare LF is an octet
 * of text like any other (section 2.8 has no other line end, and a verifier
 * that repairs its input would guess).  Knows nothing of hashes: the output
 * goes to a function, for verifying and for signing alike.
 */
#ifndef DKIM_CANON_H
#define DKIM_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum dkim_canon {
	DKIM_CANON_SIMPLE,
	DKIM_CANON_RELAXED
};
#define DKIM_CANONS (DKIM_CANON_RELAXED + 1)

/* Takes the next octets of the canonical text; borrowed for the call. */
typedef void dkim_emit_fn(void *arg, const char *ptr, size_t len);

#define DKIM_SINK_BLOCK 2048

/*
 * Gathers short runs, so that the next function gets long ones.  Runs
 * of DKIM_SINK_DIRECT octets and more are passed on without copying.
 */
#define DKIM_SINK_DIRECT 512

struct dkim_sink {
	dkim_emit_fn	*emit;
	void		*arg;
	size_t		 used;
	char		 block[DKIM_SINK_BLOCK];
};

void	dkim_sink_init(struct dkim_sink *s, dkim_emit_fn *emit, void *arg);
void	dkim_sink_add(struct dkim_sink *s, const char *ptr, size_t len);
/* Passes on what is left.  Call it at the end. */
void	dkim_sink_flush(struct dkim_sink *s);

/*
 * One header field, without a CRLF at its end (3.4.1, 3.4.2).  `value` is
 * what is after the colon.  `cut` is a part of `value` that is left
 * out, as if it had never been there: the b= value of a signature (3.7);
 * {NULL, 0} leaves nothing out.
 */
void	dkim_canon_field(enum dkim_canon how, struct slice name,
	    struct slice value, struct slice cut, struct dkim_sink *out);

/* The body, section 3.4.3 and 3.4.4. */
struct dkim_canon_body {
	struct dkim_sink	*out;	/* borrowed */
	enum dkim_canon		 how;
	uint64_t		 blank;	/* CRLFs held back: they may be the
					   empty lines at the end */
	bool			 cr;	/* a CR is held back */
	bool			 wsp;	/* relaxed: so is a run of WSP */
	bool			 in_line; /* relaxed: text since a CRLF */
};

void	dkim_canon_body_init(struct dkim_canon_body *c, enum dkim_canon how,
	    struct dkim_sink *out);
/* The next octets, cut anywhere. */
void	dkim_canon_body_add(struct dkim_canon_body *c, struct slice chunk);
/* Adds the last CRLF where the method wants one, and flushes `out`. */
void	dkim_canon_body_end(struct dkim_canon_body *c);

#endif
