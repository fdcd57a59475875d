/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc/assay-events.schema.json is what the table of fields says.  With
 * WRITE_SCHEMA set the file is written instead.  tests/event/test_schema.py
 * holds the manual against it.
 */
#include "event/field_internal.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/schemafile.h"
#include "tests/tap.h"

/* ---- the schema ---- */

static void	describe_fields(struct json *j,
		    const struct event_field *head,
		    const struct event_field *fields, const char *name);

static void
describe_words(struct json *j, const char *words)
{
	struct slice rest = slice_str(words), word;

	json_array(j, "enum");
	while (rest.len > 0) {
		slice_cut(&rest, ' ', &word);
		json_slice(j, NULL, word);
	}
	json_array_end(j);
}

/* `name`: the one value of `event`. */
static void
describe_field(struct json *j, const struct event_field *f, const char *name)
{
	json_object(j, f->key);
	json_string(j, "description", f->about);
	switch (f->type) {
	case EVENT_TEXT:
		json_string(j, "type", "string");
		if (f->words != NULL)
			describe_words(j, f->words);
		if (strcmp(f->key, "event") == 0)
			json_string(j, "const", name);
		break;
	case EVENT_NUMBER:
	case EVENT_US:
		json_string(j, "type", f->type == EVENT_NUMBER ? "integer" :
		    "number");
		json_number(j, "minimum", 0);
		if (strcmp(f->key, "v") == 0)
			json_number(j, "const", EVENT_VERSION);
		if (f->unit != NULL)
			json_string(j, "unit", f->unit);
		break;
	case EVENT_OBJECTS:
		json_string(j, "type", "array");
		json_object(j, "items");
		describe_fields(j, f->members, f->members, NULL);
		json_object_end(j);
		break;
	}
	json_object_end(j);
}

static void
add_required(struct json *j, const struct event_field *f)
{
	for (; f->key != NULL; f++)
		if (f->always)
			json_string(j, NULL, f->key);
}

/* `head` may be `fields`. */
static void
describe_fields(struct json *j, const struct event_field *head,
    const struct event_field *fields, const char *name)
{
	const struct event_field *f;

	json_string(j, "type", "object");
	json_bool(j, "additionalProperties", false);
	json_array(j, "required");
	add_required(j, head);
	if (head != fields)
		add_required(j, fields);
	json_array_end(j);
	json_object(j, "properties");
	for (f = head; f->key != NULL; f++)
		describe_field(j, f, name);
	for (f = fields; head != fields && f->key != NULL; f++)
		describe_field(j, f, name);
	json_object_end(j);
}

static void
describe(struct json *j)
{
	const struct event_kind *k;
	char reference[64];

	json_object(j, NULL);
	json_string(j, "$schema",
	    "https://json-schema.org/draft/2020-12/schema");
	json_string(j, "title", "a line of the log of assay-milter");
	json_array(j, "oneOf");
	for (k = event_kinds; k->name != NULL; k++) {
		snprintf(reference, sizeof(reference), "#/$defs/%s", k->name);
		json_object(j, NULL);
		json_string(j, "$ref", reference);
		json_object_end(j);
	}
	json_array_end(j);
	json_object(j, "$defs");
	for (k = event_kinds; k->name != NULL; k++) {
		json_object(j, k->name);
		json_string(j, "description", k->about);
		describe_fields(j, event_head, k->fields, k->name);
		json_object_end(j);
	}
	json_object_end(j);
	json_object_end(j);
}

/* ---- the table itself ---- */

static void
check_table(const struct event_field *fields, const char *what)
{
	const struct event_field *f, *other;
	size_t len;

	for (f = fields; f->key != NULL; f++) {
		for (other = fields; other != f; other++)
			if (strcmp(other->key, f->key) == 0)
				ok(false, "%s: %s twice", what, f->key);
		len = strlen(f->about);
		if (len == 0 || f->about[len - 1] != '.')
			ok(false, "%s: %s needs a sentence", what, f->key);
		if ((f->type == EVENT_OBJECTS) != (f->members != NULL))
			ok(false, "%s: %s has a list without members", what,
			    f->key);
		if (f->members != NULL)
			check_table(f->members, f->key);
	}
	ok(f != fields, "%s has fields", what);
}

int
main(void)
{
	const struct event_kind *k;
	struct buf line;
	struct json j;

	check_table(event_head, "the head");
	for (k = event_kinds; k->name != NULL; k++)
		check_table(k->fields, k->name);
	buf_init(&line, SCHEMA_MAX);
	json_to_buf(&j, &line);
	describe(&j);
	schemafile_check("assay-events.schema.json", "tests/event/test_field",
	    &line);
	buf_fini(&line);
	return tap_done();
}
