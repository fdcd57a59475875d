/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: writes one JSON value (RFC 8259), member by member.
 *
 * What comes out is ASCII: control characters and what is above ASCII leave
 * as \uXXXX, and an octet that is not UTF-8 as U+FFFD.  Commas are the
 * writer's business; that begins and ends match is the caller's.  Errors
 * show at the sink: buf_failed(), ferror().
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/slice.h"

/* Where the text goes, piece by piece. */
typedef void	json_sink_fn(void *sink, struct slice text);

struct json {
	json_sink_fn	*put;
	void		*sink;
	bool		 comma;		/* before the next value */
};

void	json_to_buf(struct json *j, struct buf *b);
void	json_to_stream(struct json *j, FILE *f);

/* `key` is ours; NULL in an array, and for the outermost value. */
void	json_object(struct json *j, const char *key);
void	json_object_end(struct json *j);
void	json_array(struct json *j, const char *key);
void	json_array_end(struct json *j);

/* Any octets. */
void	json_slice(struct json *j, const char *key, struct slice value);
/* NULL is null. */
void	json_string(struct json *j, const char *key, const char *value);
/* The same, but empty is null, too. */
void	json_slice_or_null(struct json *j, const char *key,
	    struct slice value);
void	json_number(struct json *j, const char *key, long long value);
/* A number with one digit after the point; `tenths` >= 0. */
void	json_tenths(struct json *j, const char *key, long long tenths);
void	json_bool(struct json *j, const char *key, bool value);
void	json_null(struct json *j, const char *key);

#endif
