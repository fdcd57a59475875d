/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event: the one record of a message: results, decision and answer.
 */
#include "event/event.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "event/line_internal.h"

static struct {
	event_writer_fn	*fn;
	void		*arg;
} writers[LIMIT_EVENT_WRITERS];
static size_t writer_count;

struct event *
event_new(const char *name, int64_t time)
{
	struct event *e = mem_alloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->arena = arena_new(LIMIT_EVENT_MEMORY);
	if (e->arena == NULL) {
		mem_free(e);
		return NULL;
	}
	e->name = name;
	e->level = CONFIG_LOG_INFO;
	e->time = time;
	STAILQ_INIT(&e->values);
	return e;
}

void
event_free(struct event *e)
{
	if (e == NULL)
		return;
	arena_free(e->arena);
	mem_free(e);
}

static struct event_value *
add_value(struct event *e, struct event_values *list, const char *key,
    enum event_type type)
{
	struct event_value *v = arena_alloc(e->arena, sizeof(*v));

	if (v == NULL) {
		e->incomplete = true;
		return NULL;
	}
	v->key = key;
	v->type = type;
	STAILQ_INIT(&v->objects);
	STAILQ_INSERT_TAIL(list, v, link);
	return v;
}

/* The text first: a value without its text would be another value. */
static struct event_value *
add_text(struct event *e, struct event_values *list, const char *key,
    struct slice text, size_t max)
{
	struct slice copy = arena_dup(e->arena, utf8_head(text, max));
	struct event_value *v;

	if (copy.ptr == NULL) {
		e->incomplete = true;
		return NULL;
	}
	v = add_value(e, list, key, EVENT_TEXT);
	if (v != NULL)
		v->text = copy;
	return v;
}

static struct event_value *
add_number(struct event *e, struct event_values *list, const char *key,
    enum event_type type, long long number)
{
	struct event_value *v = add_value(e, list, key, type);

	if (v != NULL)
		v->number = number;
	return v;
}

void
event_text(struct event *e, const char *key, struct slice text)
{
	add_text(e, &e->values, key, text, LIMIT_EVENT_TEXT);
}

void
event_number(struct event *e, const char *key, long long number)
{
	add_number(e, &e->values, key, EVENT_NUMBER, number);
}

void
event_us(struct event *e, const char *key, long long us)
{
	add_number(e, &e->values, key, EVENT_US, us);
}

void
event_detail_text(struct event *e, const char *key, struct slice text)
{
	struct event_value *v = add_text(e, &e->values, key, text,
	    LIMIT_EVENT_TEXT);

	if (v != NULL)
		v->detail = true;
}

void
event_detail_number(struct event *e, const char *key, long long number)
{
	struct event_value *v = add_number(e, &e->values, key, EVENT_NUMBER,
	    number);

	if (v != NULL)
		v->detail = true;
}

static struct event_value *
find(const struct event_values *list, const char *key)
{
	struct event_value *v;

	/* Most keys differ in their first octet. */
	STAILQ_FOREACH(v, list, link) {
		if (v->key[0] == key[0] && strcmp(v->key, key) == 0)
			return v;
	}
	return NULL;
}

struct event_object *
event_object(struct event *e, const char *key)
{
	struct event_object *o = arena_alloc(e->arena, sizeof(*o));
	struct event_value *v = find(&e->values, key);

	if (v == NULL && o != NULL)
		v = add_value(e, &e->values, key, EVENT_OBJECTS);
	if (v == NULL || o == NULL) {
		e->incomplete = true;
		return NULL;
	}
	v->detail = true;
	STAILQ_INIT(&o->values);
	STAILQ_INSERT_TAIL(&v->objects, o, link);
	o->list = &v->objects;
	return o;
}

/* It would be another object without that value. */
static void
drop_object(struct event_object *o)
{
	if (o->list != NULL)
		STAILQ_REMOVE(o->list, o, event_object, link);
	o->list = NULL;
}

void
event_object_text(struct event *e, struct event_object *o, const char *key,
    struct slice text)
{
	if (o != NULL && add_text(e, &o->values, key, text,
	    LIMIT_EVENT_MEMBER) == NULL)
		drop_object(o);
}

void
event_object_number(struct event *e, struct event_object *o, const char *key,
    long long number)
{
	if (o != NULL && add_number(e, &o->values, key, EVENT_NUMBER,
	    number) == NULL)
		drop_object(o);
}

const struct event_value *
event_find(const struct event *e, const char *key)
{
	return find(&e->values, key);
}

const struct event_value *
event_object_find(const struct event_object *o, const char *key)
{
	return find(&o->values, key);
}

struct event_object *
event_object_at(struct event *e, const char *key, size_t i)
{
	struct event_value *v = find(&e->values, key);
	struct event_object *o = v != NULL ? STAILQ_FIRST(&v->objects) : NULL;

	for (; o != NULL && i > 0; i--)
		o = STAILQ_NEXT(o, link);
	return o;
}

bool
event_subscribe(event_writer_fn *fn, void *arg)
{
	if (writer_count == LIMIT_EVENT_WRITERS)
		return false;
	writers[writer_count].fn = fn;
	writers[writer_count].arg = arg;
	writer_count++;
	return true;
}

void
event_publish(const struct event *e)
{
	size_t i;

	event_line_write(e);
	for (i = 0; i < writer_count; i++)
		writers[i].fn(writers[i].arg, e);
}
