/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * starttls: the client's side of RFC 3207, up to the handshake.
 *
 * The chain is accepted unverified (SSL_VERIFY_NONE); the caller judges it.
 * The socket does not block; poll() waits, until the deadline.
 */
#include "tools/starttls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/limits.h"

#define LINE 1024	/* octets of a reply's line that are kept */

struct dialogue {
	int			 fd;
	int64_t			 deadline;	/* clock_us() */
	char			 data[4096];	/* that came and was not read */
	size_t			 begin, end;
	size_t			 octets;	/* that came in all */
	struct starttls_result	*out;
};

const char *
starttls_status_name(enum starttls_status s)
{
	static const char *const names[] = {
		[STARTTLS_DONE] = "done",
		[STARTTLS_UNREACHABLE] = "no connection",
		[STARTTLS_REFUSED] = "refused",
		[STARTTLS_NOT_OFFERED] = "no STARTTLS",
		[STARTTLS_FAILED] = "handshake failed",
		[STARTTLS_NO_MEMORY] = "out of memory"
	};

	return names[s];
}

/* False, for those who end with it. */
static bool
fail(struct dialogue *d, enum starttls_status status, const char *problem,
    struct slice words)
{
	d->out->status = status;
	snprintf(d->out->problem, sizeof(d->out->problem), "%s%s%.*s",
	    problem, words.len > 0 ? ": " : "", SLICE_ARG(words));
	return false;
}

static bool
wait_for(struct dialogue *d, short events)
{
	struct pollfd p = { .fd = d->fd, .events = events };
	int64_t left = d->deadline - clock_us();
	int ready;

	do {
		ready = left > 0 ? poll(&p, 1, (int)(left / 1000) + 1) : 0;
		left = d->deadline - clock_us();
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/* ---- the connection ---- */

static socklen_t
fill_address(const struct starttls_request *r, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;

	memset(out, 0, sizeof(*out));
	if (r->address.family == IPADDR_V6) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)r->port);
		memcpy(&six->sin6_addr, r->address.bytes, 16);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)r->port);
	memcpy(&four->sin_addr, r->address.bytes, 4);
	return sizeof(*four);
}

static bool
open_connection(struct dialogue *d, const struct starttls_request *r)
{
	struct sockaddr_storage to;
	socklen_t len = fill_address(r, &to), size = sizeof(int);
	int error = 0;

	d->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return fail(d, STARTTLS_UNREACHABLE, "no socket",
		    slice_str(strerror(errno)));
	if (connect(d->fd, (struct sockaddr *)&to, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(d, STARTTLS_UNREACHABLE, "cannot connect",
		    slice_str(strerror(errno)));
	if (!wait_for(d, POLLOUT))
		return fail(d, STARTTLS_UNREACHABLE, "no connection in time",
		    SLICE(""));
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ||
	    error != 0)
		return fail(d, STARTTLS_UNREACHABLE, "cannot connect",
		    slice_str(strerror(error)));
	return true;
}

/* ---- lines ---- */

static bool
fill(struct dialogue *d)
{
	ssize_t got;

	if (d->octets > LIMIT_TOOL_SMTP)
		return fail(d, STARTTLS_REFUSED, "its answer is too long",
		    SLICE(""));
	do {
		if (!wait_for(d, POLLIN))
			return fail(d, STARTTLS_UNREACHABLE,
			    "no answer in time", SLICE(""));
		got = recv(d->fd, d->data, sizeof(d->data), 0);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got <= 0)
		return fail(d, STARTTLS_UNREACHABLE,
		    "it closes the connection", SLICE(""));
	d->begin = 0;
	d->end = (size_t)got;
	d->octets += (size_t)got;
	return true;
}

/* A line without its end; what is above LINE octets is left out. */
static bool
read_line(struct dialogue *d, char *line, struct slice *out)
{
	size_t len = 0;
	char c;

	for (;;) {
		if (d->begin == d->end && !fill(d))
			return false;
		c = d->data[d->begin++];
		if (c == '\n')
			break;
		if (len < LINE)
			line[len++] = c;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	*out = (struct slice){ line, len };
	return true;
}

/*
 * A reply of one line or several (RFC 5321 section 4.2).  `has` is set when
 * a line of it is the keyword.
 */
static bool
read_reply(struct dialogue *d, struct slice want, struct slice keyword,
    bool *has, enum starttls_status otherwise)
{
	char line[LINE];
	struct slice s;

	do {
		if (!read_line(d, line, &s))
			return false;
		if (s.len < 3 || !slice_starts(s, want))
			return fail(d, otherwise, "it answers", s);
		if (keyword.len > 0 && slice_eq_nocase(slice_head(
		    slice_from(s, 4), keyword.len + 1), keyword))
			*has = true;
	} while (s.len > 3 && s.ptr[3] == '-');
	return true;
}

static bool
say(struct dialogue *d, const char *command, struct slice argument)
{
	char line[LINE];
	int len = snprintf(line, sizeof(line), "%s%.*s\r\n", command,
	    SLICE_ARG(argument));

	/* Nothing else is on its way to them: it fits, or they are gone. */
	if (len > 0 && (size_t)len < sizeof(line) &&
	    send(d->fd, line, (size_t)len, MSG_NOSIGNAL) == len)
		return true;
	return fail(d, STARTTLS_UNREACHABLE, "it does not read", SLICE(""));
}

static bool
begin_tls(struct dialogue *d, const struct starttls_request *r)
{
	bool offered = false;

	if (!read_reply(d, SLICE("220"), SLICE(""), NULL, STARTTLS_REFUSED) ||
	    !say(d, "EHLO ", r->helo) ||
	    !read_reply(d, SLICE("250"), SLICE("STARTTLS"), &offered,
	    STARTTLS_REFUSED))
		return false;
	if (!offered)
		return fail(d, STARTTLS_NOT_OFFERED, "it does not offer it",
		    SLICE(""));
	if (!say(d, "STARTTLS", SLICE("")) ||
	    !read_reply(d, SLICE("220"), SLICE(""), NULL,
	    STARTTLS_NOT_OFFERED))
		return false;
	/* RFC 3207 6: what came in the clear must not count afterwards. */
	return d->begin == d->end || fail(d, STARTTLS_FAILED,
	    "it sends text after its answer to STARTTLS", SLICE(""));
}

/* ---- the handshake ---- */

static bool
tls_failed(struct dialogue *d)
{
	char text[120] = "the connection ends";
	unsigned long error = ERR_peek_last_error();

	if (error != 0)
		ERR_error_string_n(error, text, sizeof(text));
	ERR_clear_error();
	return fail(d, STARTTLS_FAILED, "", slice_str(text));
}

/* One step of `ssl` that returned `done`; true: again. */
static bool
again(struct dialogue *d, const SSL *ssl, int done)
{
	int error = SSL_get_error(ssl, done);

	return (error == SSL_ERROR_WANT_READ && wait_for(d, POLLIN)) ||
	    (error == SSL_ERROR_WANT_WRITE && wait_for(d, POLLOUT));
}

static bool
take_chain(struct dialogue *d, SSL *ssl)
{
	X509 *leaf = SSL_get1_peer_certificate(ssl);
	const char *problem = "it has no certificate";

	if (leaf != NULL)
		d->out->chain = certificates_of(leaf,
		    SSL_get_peer_cert_chain(ssl), &problem);
	X509_free(leaf);
	if (d->out->chain == NULL)
		return fail(d, STARTTLS_FAILED, problem, SLICE(""));
	d->out->status = STARTTLS_DONE;
	snprintf(d->out->version, sizeof(d->out->version), "%s",
	    SSL_get_version(ssl));
	snprintf(d->out->cipher, sizeof(d->out->cipher), "%s",
	    SSL_get_cipher_name(ssl));
	return true;
}

static bool
shake_hands(struct dialogue *d, SSL *ssl)
{
	int done;

	do {
		ERR_clear_error();
		done = SSL_connect(ssl);
	} while (done != 1 && again(d, ssl, done));
	if (done != 1)
		return clock_us() >= d->deadline ? fail(d, STARTTLS_FAILED,
		    "not in time", SLICE("")) : tls_failed(d);
	if (!take_chain(d, ssl))
		return false;
	/* A kind word; whether it arrives does not matter. */
	(void)SSL_write(ssl, "QUIT\r\n", 6);
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
	return true;
}

static void
handshake(struct dialogue *d, const struct starttls_request *r)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context != NULL ? SSL_new(context) : NULL;
	struct domain sni;

	if (ssl == NULL || SSL_set_fd(ssl, d->fd) != 1 ||
	    (domain_parse_dns(r->sni, &sni) &&
	    SSL_set_tlsext_host_name(ssl, sni.text) != 1)) {
		(void)fail(d, STARTTLS_NO_MEMORY, "out of memory", SLICE(""));
	} else {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		(void)shake_hands(d, ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
}

void
starttls_look(const struct starttls_request *request,
    struct starttls_result *out)
{
	struct dialogue d = { .fd = -1, .out = out,
		.deadline = request->deadline };

	/* OpenSSL writes as if to a file. */
	(void)signal(SIGPIPE, SIG_IGN);
	*out = (struct starttls_result){ .status = STARTTLS_UNREACHABLE };
	if (open_connection(&d, request) && begin_tls(&d, request))
		handshake(&d, request);
	if (d.fd >= 0)
		close(d.fd);
}
