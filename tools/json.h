/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: one JSON value (RFC 8259), written as it is told.
 *
 * What comes out is ASCII: control characters and what is behind ASCII leave
 * as \uXXXX, and an octet that is not UTF-8 as U+FFFD.  Commas are the
 * writer's business; that begins and ends match is the caller's.  Errors of
 * the stream show in ferror().
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"

struct json {
	FILE	*out;
	bool	 comma;		/* before the next value */
};

void	json_init(struct json *j, FILE *out);

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
void	json_bool(struct json *j, const char *key, bool value);
void	json_null(struct json *j, const char *key);

#endif
