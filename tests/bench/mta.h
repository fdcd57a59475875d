/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta: the MTA's end of the milter protocol, version 6, for the benchmark.
 *
 * A session speaks as Postfix does, or as Sendmail does:
 *
 * - Postfix collects commands in a buffer of 4096 octets and sends it when it
 *   is full, when a reply is awaited, and after DATA, where smtpd hands the
 *   connection on to cleanup.  So when a filter has negotiated away all
 *   replies it learns of MAIL only at DATA.
 * - Sendmail sends each command at once.
 *
 * Both send header and body only after the final dot.  Anything unexpected
 * ends the program with a message: there is no result then.  With `lost` set it
 * ends the session alone.
 */
#ifndef TESTS_BENCH_MTA_H
#define TESTS_BENCH_MTA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What longjmp() brings to `lost`. */
enum mta_end {
	MTA_LOST = 1,		/* the filter is not there, or hung up */
	MTA_SILENT,		/* no reply came in time */
	MTA_LEFT		/* as `leave` wants it */
};

enum mta_kind { MTA_POSTFIX, MTA_SENDMAIL };

struct mta_options {
	const char	 *socket;	/* local:PATH or inet:PORT@ADDRESS */
	enum mta_kind	  kind;
	const char	 *client;	/* IPv4 address told to the filter */
	unsigned int	  command_gap;	/* ms before MAIL, RCPT, DATA */
	unsigned int	  data_gap;	/* ms from DATA to the final dot */
	/* All of these must be in an inserted Authentication-Results. */
	const char	**expected;
	size_t		  expected_count;
	jmp_buf		 *lost;		/* NULL: the program ends */
	/* The session hangs up after so many commands; 0: it stays. */
	unsigned int	  leave;
};

struct mta_field {
	const char	*name;		/* terminated by NUL */
	const char	*value;		/* as it goes over the wire */
};

struct mta_message {
	char			*bytes;
	struct mta_field	*fields;
	size_t			 field_count;
	const char		*body;
	size_t			 body_len;
};

struct mta_session;

/* Reads a message file with CRLF line ends; owned. */
struct mta_message	*mta_message_read(const char *path);
void			 mta_message_free(struct mta_message *m);

/* Connects (waits some seconds for a filter that is still starting) and
   negotiates. */
struct mta_session	*mta_open(const struct mta_options *options);
/* Connect and HELO, then MAIL, RCPT and DATA, at their times. */
void	mta_hello(struct mta_session *s, const char *helo);
void	mta_envelope(struct mta_session *s, const char *sender);
/* HELO, MAIL and RSET: no message. */
void	mta_reset(struct mta_session *s, const char *helo, const char *sender);
/* Header and body, up to the last reply.  `start` is when the first field
   went out.  Whether the filter accepted with the expected field. */
bool	mta_data(struct mta_session *s, const struct mta_message *m,
	    struct timespec *start);
/* The filter's answer to the last message, with the field or without. */
bool	mta_accepted(const struct mta_session *s);
/* Of the session of this thread that `lost` has ended. */
void	mta_abandon(void);
void	mta_close(struct mta_session *s);

#endif
