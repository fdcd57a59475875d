/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: every key that a line of JSON may have, with its type and meaning.
 *
 * One table for all who depend on the form of a line: the JSON Schema
 * (etc/assay-events.schema.json) and the manual assay-events(5) are made
 * from it (tests/event/test_field.c), and every line that the tests see is
 * held against that schema.  A key that is added to an event needs a row.
 */
#ifndef EVENT_FIELD_INTERNAL_H
#define EVENT_FIELD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "event/event.h"

/*
 * `v` of a line.  It grows when a key changes its type or its meaning, or
 * goes away; not for keys and words that are new.
 */
#define EVENT_VERSION 1

struct event_field {
	const char		*key;
	enum event_type		 type;
	bool			 always;	/* in every line, or object */
	const char		*unit;		/* of a number; NULL: a count */
	/* All values of a text, between blanks; NULL: any text. */
	const char		*words;
	const char		*about;		/* a sentence */
	/* Of the objects of an EVENT_OBJECTS. */
	const struct event_field *members;
};

/* A table ends with a key, or a name, of NULL. */
struct event_kind {
	const char			*name;	/* the value of `event` */
	const char			*about;
	const struct event_field	*fields;
};

/* The keys before those of the event in every line: v, time ... */
extern const struct event_field event_head[];
extern const struct event_kind event_kinds[];

#endif
