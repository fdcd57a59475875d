/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines: whatever a value holds, one line comes out, and JSON can be
 * read as such.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "event/log.h"
#include "event/logqueue_internal.h"
#include "tests/tap.h"

#define VALUE_SHOWN LIMIT_LOG_VALUE

static char got[65536];

/* Runs `fn` with stderr going to a pipe and keeps what it wrote. */
static const char *
captured(void (*fn)(const struct slice *), const struct slice *arg)
{
	int ends[2], old = dup(STDERR_FILENO);
	ssize_t n;

	if (pipe(ends) != 0)
		return "no pipe";
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	fn(arg);
	dup2(old, STDERR_FILENO);
	close(old);
	n = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
write_record(const struct slice *value)
{
	struct log_record r;

	log_record_begin(&r, CONFIG_LOG_INFO, "event");
	log_record_text(&r, "key", *value);
	log_record_number(&r, "n", -5);
	log_record_ms(&r, "ms", 1250);
	log_record_end(&r);
}

static void
write_note(const struct slice *value)
{
	log_line(CONFIG_LOG_INFO, "%.*s", SLICE_ARG(*value));
}

static void
write_debug(const struct slice *value)
{
	log_line(CONFIG_LOG_DEBUG, "%.*s", SLICE_ARG(*value));
}

static const struct {
	const char	*name;
	struct slice	 value;
	const char	*text, *json;
} cases[] = {
	{ "word", SLICE_INIT("a.b-c@d"), "key=a.b-c@d", "\"key\":\"a.b-c@d\"" },
	{ "empty", SLICE_INIT(""), "key=\"\"", "\"key\":\"\"" },
	{ "blank", SLICE_INIT("a b"), "key=\"a b\"", "\"key\":\"a b\"" },
	{ "equals", SLICE_INIT("a=b"), "key=\"a=b\"", "\"key\":\"a=b\"" },
	{ "quote", SLICE_INIT("a\"b\\c"), "key=\"a\\\"b\\\\c\"",
	    "\"key\":\"a\\\"b\\\\c\"" },
	{ "line ends", SLICE_INIT("a\r\nb"), "key=\"a\\x0d\\x0ab\"",
	    "\"key\":\"a\\u000d\\u000ab\"" },
	{ "NUL", SLICE_INIT("a\0b"), "key=\"a\\x00b\"",
	    "\"key\":\"a\\u0000b\"" },
	{ "8-bit", SLICE_INIT("\xff\x7f"), "key=\"\\xff\\x7f\"",
	    "\"key\":\"\\ufffd\\u007f\"" },
	{ "UTF-8", SLICE_INIT("b\xc3\xbc\xe2\x82\xac"),
	    "key=\"b\\xc3\\xbc\\xe2\\x82\\xac\"",
	    "\"key\":\"b\\u00fc\\u20ac\"" },
	{ "cut UTF-8", SLICE_INIT("\xe2\x82"), "key=\"\\xe2\\x82\"",
	    "\"key\":\"\\ufffd\\ufffd\"" },
};

static void
test_values(void)
{
	char label[64], want[128];
	const char *line;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO,
		    CONFIG_LOG_TEXT);
		line = strstr(captured(write_record, &cases[i].value),
		    "info: event ");
		snprintf(label, sizeof(label), "text: %s", cases[i].name);
		snprintf(want, sizeof(want), "info: event %s n=-5 ms=1.2\n",
		    cases[i].text);
		is_str(line, want, label);
		log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO,
		    CONFIG_LOG_JSON);
		line = strstr(captured(write_record, &cases[i].value),
		    "\"event\"");
		snprintf(label, sizeof(label), "json: %s", cases[i].name);
		snprintf(want, sizeof(want),
		    "\"event\":\"event\",%s,\"n\":-5,\"ms\":1.2}\n",
		    cases[i].json);
		is_str(line, want, label);
	}
}

static void
test_limits(void)
{
	char text[2 * VALUE_SHOWN], want[2 * VALUE_SHOWN];
	struct slice value = { text, VALUE_SHOWN };

	memset(text, 'x', sizeof(text));
	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO, CONFIG_LOG_TEXT);
	snprintf(want, sizeof(want), "key=%.*s n=", VALUE_SHOWN, text);
	ok(strstr(captured(write_record, &value), want) != NULL,
	    "a value at the limit is whole");
	value.len++;
	ok(strstr(captured(write_record, &value), want) != NULL,
	    "one past it is cut");
}

static void
test_lines(void)
{
	struct slice value = SLICE("a\nb");

	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO, CONFIG_LOG_TEXT);
	is_str(strstr(captured(write_note, &value), "info: "),
	    "info: a\\x0ab\n", "prose is one line");
	is_str(captured(write_debug, &value), "",
	    "below the level: nothing");
	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_DEBUG, CONFIG_LOG_JSON);
	is_str(strstr(captured(write_debug, &value), "\"level\""),
	    "\"level\":\"debug\",\"event\":\"note\","
	    "\"text\":\"a\\u000ab\"}\n", "prose as JSON");
}

/* Last: there is no way back from it. */
static void
write_to_journal(const struct slice *value)
{
	char stream[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		return;
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_force_stderr();
	write_note(value);
}

static void
test_journal(void)
{
	struct slice value = SLICE("x");

	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO, CONFIG_LOG_TEXT);
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_force_stderr();
	ok(strstr(captured(write_note, &value), "info: x") != NULL,
	    "another stream than the journal's: with time and level");
	is_str(captured(write_to_journal, &value), "<6>x\n",
	    "the journal's: with a priority, without a time");
}

/* A character that the limit would cut is left out as a whole. */
static void
test_cut_character(void)
{
	char text[VALUE_SHOWN + 1];
	struct slice value = { text, sizeof(text) };
	const char *line;

	memset(text, 'x', sizeof(text));
	memcpy(text + VALUE_SHOWN - 1, "\xc3\xbc", 2);
	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_INFO, CONFIG_LOG_JSON);
	line = captured(write_record, &value);
	ok(strstr(line, "xx\",") != NULL && strstr(line, "\\u") == NULL,
	    "no half a character: %s", line);
}

/* ---- the queue: a writer that waits ---- */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate = PTHREAD_COND_INITIALIZER;
static bool gate_open, writer_waits;
static unsigned long written, reported;

static bool
write_behind_gate(const struct logqueue_line *line)
{
	(void)line;
	pthread_mutex_lock(&gate_lock);
	writer_waits = true;
	pthread_cond_broadcast(&gate);
	while (!gate_open)
		pthread_cond_wait(&gate, &gate_lock);
	written++;
	pthread_mutex_unlock(&gate_lock);
	return true;
}

static void
note_lost(unsigned long count)
{
	reported += count;
}

static void
put_line(size_t len)
{
	static char text[LIMIT_LOG_QUEUE];
	struct logqueue_line line = { .text = { text, len } };

	ok(logqueue_put(&line), "a line is taken over");
}

static void
test_queue(void)
{
	struct logqueue_line line = { .text = SLICE_INIT("x") };

	ok(!logqueue_put(&line), "without a thread the caller writes");
	ok(logqueue_flush(0), "and nothing is left to write");
	if (!ok(logqueue_start(write_behind_gate, note_lost), "a thread"))
		return;
	put_line(1);
	pthread_mutex_lock(&gate_lock);
	while (!writer_waits)
		pthread_cond_wait(&gate, &gate_lock);
	pthread_mutex_unlock(&gate_lock);
	put_line(LIMIT_LOG_QUEUE - 1);
	put_line(1);			/* the limit */
	put_line(1);			/* one past it */
	mem_fail_after(0, 1);
	put_line(0);
	mem_fail_after(0, 0);
	ok(!logqueue_flush(1), "a flush does not wait for ever");
	pthread_mutex_lock(&gate_lock);
	gate_open = true;
	pthread_cond_broadcast(&gate);
	pthread_mutex_unlock(&gate_lock);
	ok(logqueue_flush(60000), "all is written when the log flows");
	is_num((long long)written, 3, "lines written");
	is_num((long long)reported, 2, "lines lost, and reported");
}

int
main(void)
{
	test_values();
	test_limits();
	test_cut_character();
	test_lines();
	test_journal();
	test_queue();
	return tap_done();
}
