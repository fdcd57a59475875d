/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event: the one record of a message: results, decision and answer.
 *
 * A list of typed values in the order in which they were added.  It is built
 * once, published once and read by every writer: the log line, and all
 * subscribers (counters, a store, reports).  A writer that wants one value
 * asks for it by its key; it parses no text.
 *
 * An event has memory of its own, so that a message which ran out of memory
 * still has a record.  Not thread-safe, but for event_publish(), which may be
 * called from any thread with an event of the caller's.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "config/config.h"

enum event_type {
	EVENT_TEXT,		/* foreign or ours; any octets */
	EVENT_NUMBER,
	EVENT_US,		/* a time that something took, microseconds */
	EVENT_OBJECTS		/* a list of objects, e.g. of signatures */
};

STAILQ_HEAD(event_values, event_value);

/* One of the objects of an EVENT_OBJECTS. */
struct event_object {
	STAILQ_ENTRY(event_object)	 link;
	struct event_objects		*list;	/* NULL: taken out of it */
	struct event_values		 values;
};
STAILQ_HEAD(event_objects, event_object);

struct event_value {
	STAILQ_ENTRY(event_value)	 link;
	const char			*key;	/* static */
	enum event_type			 type;
	/* Not for a line of text, whose reader wants it short. */
	bool				 detail;
	struct slice			 text;
	long long			 number;	/* and microseconds */
	struct event_objects		 objects;
};

struct event {
	struct arena		*arena;
	const char		*name;	/* "message" */
	enum config_log_level	 level;
	int64_t			 time;	/* seconds since the Epoch */
	struct event_values	 values;
	bool			 incomplete;	/* memory ran out */
};

/* At most LIMIT_EVENT_MEMORY.  `name` is static.  NULL: no memory. */
struct event	*event_new(const char *name, int64_t time);
void		 event_free(struct event *e);

/*
 * Each adds one value.  `key` is static and has its row in event/field.c;
 * text is copied, at most LIMIT_EVENT_TEXT octets of it.  Without memory the
 * value is lost and the event is `incomplete`, which its writers say.
 */
void	event_text(struct event *e, const char *key, struct slice text);
void	event_number(struct event *e, const char *key, long long number);
void	event_us(struct event *e, const char *key, long long us);
/* The same, of what a line of text leaves out. */
void	event_detail_text(struct event *e, const char *key,
	    struct slice text);
void	event_detail_number(struct event *e, const char *key,
	    long long number);

/*
 * A new object at the end of the list `key`, which is made with its first
 * object.  NULL: no memory; the two below do nothing then.  An object that
 * loses a value for lack of memory is removed from its list.
 */
struct event_object	*event_object(struct event *e, const char *key);
/* At most LIMIT_EVENT_MEMBER octets of the text. */
void			 event_object_text(struct event *e,
			    struct event_object *o, const char *key,
			    struct slice text);
void			 event_object_number(struct event *e,
			    struct event_object *o, const char *key,
			    long long number);

/* The value of that key, or NULL.  Borrowed. */
const struct event_value	*event_find(const struct event *e,
				    const char *key);
const struct event_value	*event_object_find(
				    const struct event_object *o,
				    const char *key);
/* Object number `i` of that list, from 0, to add to it; NULL: not there. */
struct event_object		*event_object_at(struct event *e,
				    const char *key, size_t i);

/* In the thread that publishes.  Must not block; `e` is borrowed. */
typedef void	event_writer_fn(void *arg, const struct event *e);
/*
 * From now on `fn` gets every event, after those that came before it.
 * Before any thread publishes.  False: LIMIT_EVENT_WRITERS are there.
 */
bool	event_subscribe(event_writer_fn *fn, void *arg);
/* Hands `e` to the log line and to all that subscribed. */
void	event_publish(const struct event *e);

#endif
