/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of a message: what is added is found again with its type, a
 * subscriber gets all of it, and lack of memory is said.
 */
#include "event/event.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "event/log.h"
#include "tests/tap.h"

static struct event *
make(void)
{
	struct event *e = event_new("message", 1790000000);
	unsigned int i;

	if (e == NULL)
		return NULL;
	event_text(e, "id", SLICE("4bX"));
	event_number(e, "lookups", 7);
	event_us(e, "dns-ms", 1250);
	event_detail_text(e, "spf-domain", SLICE("example.org"));
	event_detail_number(e, "bits", 2048);
	for (i = 0; i < 2; i++) {
		struct event_object *o = event_object(e, "signatures");

		event_object_text(e, o, "domain", i == 0 ? SLICE("a.example") :
		    SLICE("b.example"));
		event_object_number(e, o, "key-bits", 1024 * (i + 1));
	}
	return e;
}

static void
test_types(void)
{
	struct event *e = make();
	const struct event_value *v = event_find(e, "signatures");
	const struct event_object *o;

	ok(event_find(e, "none") == NULL, "what is not there is not found");
	ok(event_find(e, "lookups")->type == EVENT_NUMBER &&
	    event_find(e, "lookups")->number == 7, "a number");
	ok(event_find(e, "dns-ms")->type == EVENT_US, "a time");
	ok(slice_eq(event_find(e, "id")->text, SLICE("4bX")), "a text");
	if (ok(v != NULL && v->type == EVENT_OBJECTS, "a list")) {
		o = STAILQ_FIRST(&v->objects);
		o = STAILQ_NEXT(o, link);
		ok(slice_eq(event_object_find(o, "domain")->text,
		    SLICE("b.example")), "its second object");
		ok(STAILQ_NEXT(o, link) == NULL, "which is the last");
	}
	event_free(e);
}

/* What event_publish() writes to stderr.  Frees `e`. */
static const char *
line_of(struct event *e, enum config_log_format format)
{
	static char got[4 * LIMIT_LOG_LINE];
	int ends[2], old = dup(STDERR_FILENO);
	ssize_t n;

	if (pipe(ends) != 0)
		return "no pipe";
	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO, format);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	event_publish(e);
	dup2(old, STDERR_FILENO);
	close(old);
	n = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	got[n > 0 ? n : 0] = '\0';
	event_free(e);
	return got;
}

static const char *
published(enum config_log_format format)
{
	return line_of(make(), format);
}

static void
test_lines(void)
{
	ok(strstr(published(CONFIG_LOG_TEXT),
	    "message id=4bX lookups=7 dns-ms=1.2\n") != NULL,
	    "a line of text has no details");
	ok(strstr(published(CONFIG_LOG_JSON), "\"id\":\"4bX\",\"lookups\":7,"
	    "\"dns-ms\":1.2,\"spf-domain\":\"example.org\",\"bits\":2048,"
	    "\"signatures\":[{\"domain\":\"a.example\",\"key-bits\":1024},"
	    "{\"domain\":\"b.example\",\"key-bits\":2048}]}\n") != NULL,
	    "JSON has all");
}

static void
test_memory(void)
{
	char text[1024];
	struct event *e;
	unsigned long n;
	unsigned int i;

	for (n = 0; n < 100; n++) {
		mem_fail_after(n, 1);
		e = make();
		if (mem_fail_hits() == 0)
			break;
		if (e != NULL)
			ok(e->incomplete, "said: allocation %lu failed", n);
		event_free(e);
	}
	mem_fail_after(0, 0);
	ok(e != NULL && !e->incomplete, "complete with all memory");
	memset(text, 'x', sizeof(text));
	for (i = 0; i < LIMIT_EVENT_MEMORY / sizeof(text) && !e->incomplete;
	    i++)
		event_text(e, "text", (struct slice){ text, sizeof(text) });
	ok(e->incomplete && i > 0, "not more than its memory");
	event_free(e);
}

/* A value that has no memory takes its object along. */
static void
test_object_memory(void)
{
	char text[LIMIT_EVENT_TEXT];
	struct event_object *o;
	struct event *e = event_new("message", 0);
	unsigned int i;

	memset(text, 'x', sizeof(text));
	o = event_object(e, "signatures");
	event_object_text(e, o, "domain", SLICE("a.example"));
	ok(event_object_at(e, "signatures", 0) == o, "the first object");
	ok(event_object_at(e, "signatures", 1) == NULL, "no second one");
	ok(event_object_at(e, "recipients", 0) == NULL, "no list");
	for (i = 0; i < LIMIT_EVENT_MEMORY / sizeof(text); i++)
		event_text(e, "text", (struct slice){ text, sizeof(text) });
	event_object_text(e, o, "selector", (struct slice){ text,
	    LIMIT_EVENT_MEMBER });
	event_object_text(e, o, "algorithm", (struct slice){ text,
	    LIMIT_EVENT_MEMBER });
	ok(e->incomplete && event_object_at(e, "signatures", 0) == NULL,
	    "an object that lost a value is gone");
	event_free(e);
}

static void
test_text_limits(void)
{
	char text[LIMIT_EVENT_TEXT + 1];
	struct event *e = event_new("message", 0);
	struct event_object *o = event_object(e, "signatures");

	memset(text, 'x', sizeof(text));
	event_text(e, "at", (struct slice){ text, LIMIT_EVENT_TEXT });
	event_text(e, "past", (struct slice){ text, LIMIT_EVENT_TEXT + 1 });
	event_object_text(e, o, "at", (struct slice){ text,
	    LIMIT_EVENT_MEMBER });
	event_object_text(e, o, "past", (struct slice){ text,
	    LIMIT_EVENT_MEMBER + 1 });
	is_num((long long)event_find(e, "at")->text.len, LIMIT_EVENT_TEXT,
	    "a text at its limit");
	is_num((long long)event_find(e, "past")->text.len, LIMIT_EVENT_TEXT,
	    "and one past it");
	is_num((long long)event_object_find(o, "at")->text.len,
	    LIMIT_EVENT_MEMBER, "a member at its limit");
	is_num((long long)event_object_find(o, "past")->text.len,
	    LIMIT_EVENT_MEMBER, "and one past it");
	event_free(e);
}

/* Escaped, hostile text gets six times as long. */
static void
add_hostile(struct event *e, unsigned int values, unsigned int objects)
{
	static const char *const keys[] = { "helo", "mail-from", "spf-why",
		"dkim-why", "dmarc-why", "rule", "why", "reply" };
	char text[LIMIT_EVENT_MEMBER];
	struct event_object *o;
	unsigned int i;

	memset(text, '\x01', sizeof(text));
	for (i = 0; i < objects; i++) {
		o = event_object(e, "signatures");
		event_object_text(e, o, "domain",
		    (struct slice){ text, sizeof(text) });
	}
	for (i = 0; i < values; i++)
		event_text(e, keys[i % 8],
		    (struct slice){ text, sizeof(text) });
	event_text(e, "told", SLICE("accepted"));
}

static const struct {
	const char	*name;
	unsigned int	 values, objects;
	bool		 cut, has_told;
} long_lines[] = {
	{ "short", 1, 1, .has_told = true },
	{ "a long list", 1, 100, .cut = true, .has_told = true },
	{ "long values", 20, 1, .cut = true, .has_told = true },
	{ "all of both", 30, 100, .cut = true, .has_told = true },
};

/* What a line has no room for is left out, and said; never cut. */
static void
test_long_lines(enum config_log_format format)
{
	const char *line, *name;
	struct event *e;
	size_t i, len;

	for (i = 0; i < sizeof(long_lines) / sizeof(long_lines[0]); i++) {
		name = long_lines[i].name;
		e = event_new("message", 0);
		add_hostile(e, long_lines[i].values, long_lines[i].objects);
		line = line_of(e, format);
		len = strlen(line);
		ok(len <= LIMIT_LOG_LINE + 128, "%s: %zu octets", name, len);
		ok((strstr(line, "accepted") != NULL) ==
		    long_lines[i].has_told, "%s: the short value", name);
		if (format != CONFIG_LOG_JSON)
			continue;
		ok(strcmp(line + len - 2, "}\n") == 0, "%s: closed", name);
		ok((strstr(line, "incomplete") != NULL) ==
		    long_lines[i].cut, "%s: incomplete", name);
	}
}

static unsigned int calls;

static void
count_call(void *arg, const struct event *e)
{
	if (arg == &calls && event_find(e, "id") != NULL)
		calls++;
}

static void
test_subscribers(void)
{
	size_t i;

	for (i = 0; i < LIMIT_EVENT_WRITERS; i++)
		ok(event_subscribe(count_call, &calls), "writer %zu", i);
	ok(!event_subscribe(count_call, &calls), "and no more");
	published(CONFIG_LOG_TEXT);
	is_num(calls, LIMIT_EVENT_WRITERS, "each is called once");
}

int
main(void)
{
	test_types();
	test_lines();
	test_memory();
	test_object_memory();
	test_text_limits();
	test_long_lines(CONFIG_LOG_JSON);
	test_long_lines(CONFIG_LOG_TEXT);
	test_subscribers();
	return tap_done();
}
