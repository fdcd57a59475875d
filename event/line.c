/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: an event as a line of the log.
 *
 * Lists come last: of those a sender may make long ones.  A value for which
 * the line has no room is left out, and the rest of its list, so that what
 * is written can always be read.
 */
#include "event/line_internal.h"

#include "event/log.h"

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
		break;
	}
}

/* True unless it had to be taken back. */
static bool
is_kept(struct log_record *r, const struct log_mark *mark)
{
	if (!log_record_is_full(r))
		return true;
	log_record_return(r, mark);
	return false;
}

/* All but lists.  False: something is left out. */
static bool
write_values(struct log_record *r, const struct event_values *list)
{
	const struct event_value *v;
	struct log_mark mark;
	bool all = true;

	STAILQ_FOREACH(v, list, link) {
		mark = log_record_mark(r);
		if (r->is_json || !v->detail)
			write_value(r, v);
		all = is_kept(r, &mark) && all;
	}
	return all;
}

static void
write_object(struct log_record *r, const struct event_object *o)
{
	const struct event_value *v;

	json_object(&r->json, NULL);
	STAILQ_FOREACH(v, &o->values, link)
		write_value(r, v);
	json_object_end(&r->json);
}

static bool
write_list(struct log_record *r, const struct event_value *list)
{
	struct log_mark mark = log_record_mark(r);
	const struct event_object *o;
	bool all;

	json_array(&r->json, list->key);
	all = is_kept(r, &mark);
	if (!all)
		return false;
	STAILQ_FOREACH(o, &list->objects, link) {
		mark = log_record_mark(r);
		write_object(r, o);
		all = is_kept(r, &mark);
		if (!all)
			break;
	}
	json_array_end(&r->json);
	return all;
}

/* Details: never in a line of text. */
static bool
write_lists(struct log_record *r, const struct event_values *values)
{
	const struct event_value *v;
	bool all = true;

	STAILQ_FOREACH(v, values, link)
		if (r->is_json && v->type == EVENT_OBJECTS)
			all = write_list(r, v) && all;
	return all;
}

void
event_line_write(const struct event *e)
{
	struct log_record r;
	bool all;

	if (!log_wants(e->level))
		return;
	log_record_begin(&r, e->level, e->name);
	all = write_values(&r, &e->values);
	all = write_lists(&r, &e->values) && all;
	if (e->incomplete || !all)
		log_record_text(&r, "record", SLICE("incomplete"));
	log_record_end(&r);
}
