/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: an event as a line of the log.
 */
#include "event/line_internal.h"

#include "event/log.h"

static void	write_objects(struct log_record *r,
		    const struct event_value *v);

static void
write_value(struct log_record *r, const struct event_value *v)
{
	switch (v->type) {
	case EVENT_TEXT:
		log_record_text(r, v->key, v->text);
		break;
	case EVENT_NUMBER:
		log_record_number(r, v->key, v->number);
		break;
	case EVENT_US:
		log_record_ms(r, v->key, v->number);
		break;
	case EVENT_OBJECTS:
		write_objects(r, v);
		break;
	}
}

static void
write_values(struct log_record *r, const struct event_values *list)
{
	const struct event_value *v;

	STAILQ_FOREACH(v, list, link) {
		if (r->is_json || !v->detail)
			write_value(r, v);
	}
}

/* A detail: never in a line of text. */
static void
write_objects(struct log_record *r, const struct event_value *v)
{
	const struct event_object *o;

	json_array(&r->json, v->key);
	STAILQ_FOREACH(o, &v->objects, link) {
		json_object(&r->json, NULL);
		write_values(r, &o->values);
		json_object_end(&r->json);
	}
	json_array_end(&r->json);
}

void
event_line_write(const struct event *e)
{
	struct log_record r;

	if (!log_wants(e->level))
		return;
	log_record_begin(&r, e->level, e->name);
	write_values(&r, &e->values);
	if (e->incomplete)
		log_record_text(&r, "record", SLICE("incomplete"));
	log_record_end(&r);
}
