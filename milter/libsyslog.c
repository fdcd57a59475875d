/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsyslog: what libmilter logs goes to our log, and never waits.
 *
 * libmilter calls syslog(3), which blocks its worker while the socket of
 * the syslog daemon is full.  The definitions here take the C library's
 * place for the whole program, as in sigwait.c.  <syslog.h> is left out: it
 * may bring an inline definition of its own.
 */
#include <stdarg.h>
#include <stdio.h>

#include "event/log.h"

#define SEVERITY	7	/* of a priority, RFC 5424 section 6.2.1 */

void	syslog(int priority, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same, called by what was built with _FORTIFY_SOURCE. */
void	__syslog_chk(int priority, int flag, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

static void __attribute__((format(printf, 2, 0)))
say(int priority, const char *fmt, va_list ap)
{
	static const enum config_log_level level[SEVERITY + 1] = {
		CONFIG_LOG_ERROR, CONFIG_LOG_ERROR, CONFIG_LOG_ERROR,
		CONFIG_LOG_ERROR, CONFIG_LOG_WARNING, CONFIG_LOG_INFO,
		CONFIG_LOG_INFO, CONFIG_LOG_DEBUG
	};
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_line(level[priority & SEVERITY], "libmilter: %s", text);
}

void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(priority, fmt, ap);
	va_end(ap);
}

void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	say(priority, fmt, ap);
	va_end(ap);
}
