/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrape: the metrics over HTTP, by libmicrohttpd.
 */
#include "metrics/scrape.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/library.h"
#include "base/limits.h"
#include "base/mem.h"

/* Of libmicrohttpd, which brings GnuTLS along. */
#define FUNCTIONS(X) X(MHD_, add_response_header) \
	X(MHD_, create_response_from_buffer) X(MHD_, destroy_response) \
	X(MHD_, lookup_connection_value) X(MHD_, queue_response) \
	X(MHD_, start_daemon) X(MHD_, stop_daemon)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib
#ifndef MICROHTTPD_FILE
#define MICROHTTPD_FILE NULL
= { FUNCTIONS(LIBRARY_LINKED) }
#endif
;
static const struct library_function functions[] = {
	FUNCTIONS(LIBRARY_FUNCTION)
};
static struct library library = LIBRARY(MICROHTTPD_FILE, functions);

#define FORMATS		(EXPOSITION_TEXT + 1)
#define FRESH_US	INT64_C(1000000)

static const char *const content_types[FORMATS] = {
	[EXPOSITION_OPENMETRICS] =
	    "application/openmetrics-text; version=1.0.0; charset=utf-8",
	[EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8"
};

struct scrape {
	struct MHD_Daemon	*daemon;
	scrape_write_fn		*write;
	void			*arg;
	/* The last text, and when it was made.  Of the one thread. */
	struct {
		struct MHD_Response	*response;	/* NULL: none */
		int64_t			 made_us;
	} texts[FORMATS];
};

/* NULL: no memory. */
static struct MHD_Response *
make_response(char *text, size_t len, const char *type)
{
	struct MHD_Response *r = lib.create_response_from_buffer(len, text,
	    MHD_RESPMEM_MUST_COPY);

	if (r == NULL)
		return NULL;
	/* A client that comes again in 15 seconds keeps no connection. */
	if (lib.add_response_header(r, "Content-Type", type) == MHD_YES &&
	    lib.add_response_header(r, "Connection", "close") == MHD_YES)
		return r;
	lib.destroy_response(r);
	return NULL;
}

static struct MHD_Response *
make_text(const struct scrape *s, enum exposition_format format)
{
	struct MHD_Response *r = NULL;
	struct exposition x;

	exposition_begin(&x, format);
	s->write(s->arg, &x);
	if (exposition_end(&x))
		r = make_response(x.out.ptr, x.out.len,
		    content_types[format]);
	exposition_fini(&x);
	return r;
}

/* Borrowed; NULL: no memory. */
static struct MHD_Response *
current_text(struct scrape *s, enum exposition_format format)
{
	int64_t now = clock_us();

	if (s->texts[format].response != NULL &&
	    now - s->texts[format].made_us < FRESH_US)
		return s->texts[format].response;
	if (s->texts[format].response != NULL)
		lib.destroy_response(s->texts[format].response);
	s->texts[format].made_us = now;
	s->texts[format].response = make_text(s, format);
	return s->texts[format].response;
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned int status, char *text)
{
	struct MHD_Response *r = make_response(text, strlen(text),
	    "text/plain");
	enum MHD_Result done;

	if (r == NULL)
		return MHD_NO;
	done = lib.queue_response(connection, status, r);
	lib.destroy_response(r);
	return done;
}

static enum exposition_format
wanted_format(struct MHD_Connection *connection)
{
	const char *accept = lib.lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept");

	return accept != NULL &&
	    strstr(accept, "application/openmetrics-text") != NULL ?
	    EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
}

/* A MHD_AccessHandlerCallback: the head of a request is there. */
static enum MHD_Result
answer(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_len, void **state)
{
	static char no_method[] = "GET or HEAD\n", no_page[] = "/metrics\n",
	    no_text[] = "no memory\n";
	struct MHD_Response *r;

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    no_method);
	if (strcmp(url, "/metrics") != 0)
		return refuse(connection, MHD_HTTP_NOT_FOUND, no_page);
	r = current_text(arg, wanted_format(connection));
	if (r == NULL)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
		    no_text);
	return lib.queue_response(connection, MHD_HTTP_OK, r);
}

bool
scrape_load(char *why, size_t why_size)
{
	return library_load(&library, why, why_size);
}

struct scrape *
scrape_start(int fd, scrape_write_fn *write, void *arg)
{
	struct scrape *s = mem_alloc(sizeof(*s));

	if (s != NULL && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
		s->write = write;
		s->arg = arg;
		s->daemon = lib.start_daemon(MHD_USE_POLL |
		    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, NULL,
		    NULL, answer, s, MHD_OPTION_LISTEN_SOCKET, fd,
		    MHD_OPTION_CONNECTION_LIMIT,
		    (unsigned int)LIMIT_METRICS_CLIENTS,
		    MHD_OPTION_CONNECTION_TIMEOUT,
		    (unsigned int)LIMIT_METRICS_SECONDS,
		    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		    (size_t)LIMIT_METRICS_REQUEST, MHD_OPTION_END);
	}
	if (s != NULL && s->daemon != NULL)
		return s;
	close(fd);
	mem_free(s);
	return NULL;
}

void
scrape_stop(struct scrape *s)
{
	size_t i;

	if (s == NULL)
		return;
	lib.stop_daemon(s->daemon);	/* closes the descriptor */
	for (i = 0; i < FORMATS; i++)
		if (s->texts[i].response != NULL)
			lib.destroy_response(s->texts[i].response);
	mem_free(s);
}
