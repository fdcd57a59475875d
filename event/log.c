/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: lines for the postmaster, to syslog or stderr, as text or JSON.
 *
 * A line is built in a buffer of its own and handed over with one call, so
 * that lines of several threads do not mix.
 */
#include "event/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "event/field_internal.h"
#include "event/logqueue_internal.h"
#include "event/logsocket_internal.h"

#define DECORATION_MAX	128	/* time and level before a line */
#define LINE_RESERVE	64	/* record=incomplete, and what closes a line */

static atomic_int log_target = CONFIG_LOG_STDERR;
static atomic_int log_level = CONFIG_LOG_INFO;
static atomic_int log_format = CONFIG_LOG_TEXT;
static atomic_bool log_forced;
static atomic_bool log_journal;		/* stderr is read by systemd */

static const struct {
	const char	*name;
	int		 priority;
} levels[] = {
	[CONFIG_LOG_ERROR] = { "error", LOG_ERR },
	[CONFIG_LOG_WARNING] = { "warning", LOG_WARNING },
	[CONFIG_LOG_INFO] = { "info", LOG_INFO },
	[CONFIG_LOG_DEBUG] = { "debug", LOG_DEBUG }
};

void
log_configure(enum config_log_target target, enum config_log_level level,
    enum config_log_format format)
{
	if (atomic_load(&log_forced))
		target = CONFIG_LOG_STDERR;
	atomic_store(&log_target, (int)target);
	atomic_store(&log_level, (int)level);
	atomic_store(&log_format, (int)format);
}

/* $JOURNAL_STREAM names the device and inode of the journal's socket. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

void
log_force_stderr(void)
{
	atomic_store(&log_journal, stderr_is_journal());
	atomic_store(&log_forced, true);
	atomic_store(&log_target, (int)CONFIG_LOG_STDERR);
}

bool
log_wants(enum config_log_level level)
{
	return (int)level <= atomic_load(&log_level);
}

/* Now, as RFC 3339 in UTC with milliseconds. */
static void
add_time(struct buf *b)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(b, "%s.%03ldZ", text, ts.tv_nsec / 1000000);
}

/* All of it, however long that takes. */
static bool
write_to_stderr(struct slice text)
{
	struct pollfd wait = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t done;

	while (text.len > 0) {
		done = write(STDERR_FILENO, text.ptr, text.len);
		if (done >= 0)
			text = slice_from(text, (size_t)done);
		else if (errno == EAGAIN)
			(void)poll(&wait, 1, -1);
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static bool
write_out(const struct logqueue_line *line)
{
	if (line->target == CONFIG_LOG_SYSLOG)
		return logsocket_write("/dev/log",
		    LOG_MAIL | levels[line->level].priority, line->text);
	return write_to_stderr(line->text);
}

/* Text for stderr gets its time, level and end here. */
static void
decorate(struct buf *b, enum config_log_level level, struct slice line)
{
	/* The journal has a time and a priority of its own (sd-daemon(3)). */
	if (atomic_load(&log_journal)) {
		buf_addf(b, "<%d>", levels[level].priority);
	} else if (atomic_load(&log_format) == CONFIG_LOG_TEXT) {
		add_time(b);
		buf_addf(b, " %s: ", levels[level].name);
	}
	buf_add(b, line);
	buf_addc(b, '\n');
}

static void
hand_over(enum config_log_level level, struct slice text, bool queued)
{
	struct logqueue_line line = { .level = level,
		.target = (enum config_log_target)atomic_load(&log_target) };
	struct buf b;

	buf_init(&b, LIMIT_LOG_LINE + DECORATION_MAX);
	if (line.target != CONFIG_LOG_SYSLOG)
		decorate(&b, level, text);
	line.text = line.target == CONFIG_LOG_SYSLOG ? text : buf_slice(&b);
	if (!queued || !logqueue_put(&line))
		(void)write_out(&line);	/* there is nowhere else to report */
	buf_fini(&b);
}

static void
finish_record(struct log_record *r, bool queued)
{
	if (r->is_json)
		json_object_end(&r->json);
	/* Half of an object is useless. */
	if (r->is_json && buf_failed(&r->out))
		logqueue_count_lost();
	else if (log_wants(r->level))
		hand_over(r->level, buf_slice(&r->out), queued);
	buf_fini(&r->out);
}

/* By the thread that writes: it must not wait for itself. */
static void
report_lost(unsigned long count)
{
	struct log_record r;

	log_record_begin(&r, CONFIG_LOG_WARNING, "log-lines-lost");
	log_record_number(&r, "count", (long long)count);
	finish_record(&r, false);
}

bool
log_start(void)
{
	tzset();
	return logqueue_start(write_out, report_lost);
}

void
log_flush(int ms)
{
	(void)logqueue_flush(ms);
}

unsigned long
log_lost(void)
{
	return logqueue_lost();
}

/* A word as it is; else in quotes, with \" \\ and \xNN. */
static void
add_plain_text(struct buf *b, struct slice s)
{
	bool word = s.len > 0;
	size_t i;

	for (i = 0; i < s.len && word; i++)
		word = ascii_is_vchar(s.ptr[i]) && s.ptr[i] != '"' &&
		    s.ptr[i] != '\\' && s.ptr[i] != '=';
	if (word) {
		buf_add(b, s);
		return;
	}
	buf_addc(b, '"');
	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (ascii_is_printable(c))
			buf_addc(b, c);
		else
			buf_addf(b, "\\x%02x", (unsigned int)(unsigned char)c);
	}
	buf_addc(b, '"');
}

/* ` key=`, what a JSON writer does by itself. */
static void
add_key(struct log_record *r, const char *key)
{
	buf_addc(&r->out, ' ');
	buf_adds(&r->out, key);
	buf_addc(&r->out, '=');
}

void
log_record_begin(struct log_record *r, enum config_log_level level,
    const char *event)
{
	struct buf now;

	*r = (struct log_record){ .level = level,
		.is_json = atomic_load(&log_format) == CONFIG_LOG_JSON };
	/* Room to see that a value is one too many: log_record_is_full(). */
	buf_init(&r->out, 2 * LIMIT_LOG_LINE);
	if (!r->is_json) {
		buf_adds(&r->out, event);
		return;
	}
	buf_init(&now, DECORATION_MAX);
	add_time(&now);
	json_to_buf(&r->json, &r->out);
	json_object(&r->json, NULL);
	json_number(&r->json, "v", EVENT_VERSION);
	json_slice(&r->json, "time", buf_slice(&now));
	json_string(&r->json, "level", levels[level].name);
	json_string(&r->json, "event", event);
	buf_fini(&now);
}

void
log_record_text(struct log_record *r, const char *key, struct slice value)
{
	/* Text of a sender's has no say in how long a line gets. */
	struct slice cut = utf8_head(value, LIMIT_LOG_VALUE);

	if (r->is_json) {
		json_slice(&r->json, key, cut);
		return;
	}
	add_key(r, key);
	add_plain_text(&r->out, cut);
}

void
log_record_number(struct log_record *r, const char *key, long long value)
{
	if (r->is_json) {
		json_number(&r->json, key, value);
		return;
	}
	add_key(r, key);
	buf_addf(&r->out, "%lld", value);
}

void
log_record_ms(struct log_record *r, const char *key, long long us)
{
	if (r->is_json) {
		json_tenths(&r->json, key, us / 100);
		return;
	}
	add_key(r, key);
	buf_addf(&r->out, "%lld.%lld", us / 1000, us % 1000 / 100);
}

struct log_mark
log_record_mark(const struct log_record *r)
{
	return (struct log_mark){ .len = r->out.len,
		.comma = r->json.comma };
}

bool
log_record_is_full(const struct log_record *r)
{
	return r->out.len > LIMIT_LOG_LINE - LINE_RESERVE ||
	    buf_failed(&r->out);
}

void
log_record_return(struct log_record *r, const struct log_mark *mark)
{
	buf_cut(&r->out, mark->len);
	r->json.comma = mark->comma;
}

void
log_record_end(struct log_record *r)
{
	finish_record(r, true);
}

void
log_line(enum config_log_level level, const char *fmt, ...)
{
	struct log_record r;
	struct buf text;
	va_list ap;
	char line[2048];
	int n;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (atomic_load(&log_format) == CONFIG_LOG_JSON) {
		log_record_begin(&r, level, "note");
		log_record_text(&r, "text", slice_str(line));
		log_record_end(&r);
		return;
	}
	buf_init(&text, LIMIT_LOG_LINE);
	for (n = 0; line[n] != '\0'; n++) {
		if (ascii_is_printable(line[n]))
			buf_addc(&text, line[n]);
		else
			buf_addf(&text, "\\x%02x",
			    (unsigned int)(unsigned char)line[n]);
	}
	hand_over(level, buf_slice(&text), true);
	buf_fini(&text);
}

void
log_not_reloaded(const char *why)
{
	struct slice rest = slice_str(why), line;

	while (rest.len > 0) {
		slice_cut(&rest, '\n', &line);
		log_line(CONFIG_LOG_ERROR, "not reloaded, the running "
		    "configuration stays in use: %.*s", SLICE_ARG(line));
	}
}
