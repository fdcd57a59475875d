/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: lines for the postmaster, to syslog or stderr, as text or JSON.
 *
 * A line is built in a buffer of its own and handed over with one call, so
 * lines of several threads do not mix and no lock is needed.
 */
#include "event/log.h"

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

#define LOG_LINE_MAX 16384	/* octets; a longer line is cut */

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
	if (target == CONFIG_LOG_SYSLOG)
		openlog("assay-milter", LOG_PID | LOG_NDELAY, LOG_MAIL);
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

static void
write_line(enum config_log_level level, struct slice line)
{
	struct buf b;
	ssize_t done;

	if (atomic_load(&log_target) == CONFIG_LOG_SYSLOG) {
		syslog(levels[level].priority, "%.*s", SLICE_ARG(line));
		return;
	}
	buf_init(&b, LOG_LINE_MAX + 128);
	/* The journal has a time and a priority of its own (sd-daemon(3)). */
	if (atomic_load(&log_journal)) {
		buf_addf(&b, "<%d>", levels[level].priority);
	} else if (atomic_load(&log_format) == CONFIG_LOG_TEXT) {
		add_time(&b);
		buf_addf(&b, " %s: ", levels[level].name);
	}
	buf_add(&b, line);
	buf_addc(&b, '\n');
	done = write(STDERR_FILENO, buf_slice(&b).ptr, buf_slice(&b).len);
	(void)done;	/* there is nowhere else to tell it */
	buf_fini(&b);
}

static void
add_json_text(struct buf *b, struct slice s)
{
	size_t i;

	buf_addc(b, '"');
	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"' || c == '\\') {
			buf_addc(b, '\\');
			buf_addc(b, c);
		} else if (c == ' ' || ascii_is_vchar(c)) {
			buf_addc(b, c);
		} else {
			buf_addf(b, "\\u%04x", (unsigned int)(unsigned char)c);
		}
	}
	buf_addc(b, '"');
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
		else if (c == ' ' || ascii_is_vchar(c))
			buf_addc(b, c);
		else
			buf_addf(b, "\\x%02x", (unsigned int)(unsigned char)c);
	}
	buf_addc(b, '"');
}

static void
add_key(struct log_record *r, const char *key)
{
	buf_adds(&r->out, r->json ? ",\"" : " ");
	buf_adds(&r->out, key);
	buf_adds(&r->out, r->json ? "\":" : "=");
}

void
log_record_begin(struct log_record *r, enum config_log_level level,
    const char *event)
{
	*r = (struct log_record){ .level = level,
		.json = atomic_load(&log_format) == CONFIG_LOG_JSON };
	buf_init(&r->out, LOG_LINE_MAX);
	if (!r->json) {
		buf_adds(&r->out, event);
		return;
	}
	buf_adds(&r->out, "{\"time\":\"");
	add_time(&r->out);
	buf_addf(&r->out, "\",\"level\":\"%s\",\"event\":\"%s\"",
	    levels[level].name, event);
}

void
log_record_text(struct log_record *r, const char *key, struct slice value)
{
	/* Text of a sender's has no say in how long a line gets. */
	struct slice cut = slice_head(value, 256);

	add_key(r, key);
	if (r->json)
		add_json_text(&r->out, cut);
	else
		add_plain_text(&r->out, cut);
}

void
log_record_number(struct log_record *r, const char *key, long long value)
{
	add_key(r, key);
	buf_addf(&r->out, "%lld", value);
}

void
log_record_ms(struct log_record *r, const char *key, long long us)
{
	add_key(r, key);
	buf_addf(&r->out, "%lld.%lld", us / 1000, us % 1000 / 100);
}

void
log_record_end(struct log_record *r)
{
	if (r->json)
		buf_addc(&r->out, '}');
	if (log_wants(r->level))
		write_line(r->level, buf_slice(&r->out));
	buf_fini(&r->out);
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
	buf_init(&text, LOG_LINE_MAX);
	for (n = 0; line[n] != '\0'; n++) {
		if (line[n] == ' ' || ascii_is_vchar(line[n]))
			buf_addc(&text, line[n]);
		else
			buf_addf(&text, "\\x%02x",
			    (unsigned int)(unsigned char)line[n]);
	}
	write_line(level, buf_slice(&text));
	buf_fini(&text);
}
