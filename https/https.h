/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * https: small texts from web servers that are not trusted with anything.
 *
 * One thread runs libcurl.  A server gets one request for one path, at
 * addresses that the caller has chosen, and no other: no redirect, no proxy,
 * no cookies, no cache, no resolver of libcurl's.  It must have a certificate
 * with its name as a DNS-ID from an authority that the system trusts (RFC 8461
 * section 3.3), speak TLS 1.2 or later, and answer with status 200 and
 * text/plain.
 */
#ifndef HTTPS_HTTPS_H
#define HTTPS_HTTPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/limits.h"

enum https_status {
	HTTPS_DONE,
	HTTPS_FAILED,		/* `problem` says why */
	HTTPS_NO_MEMORY,
	HTTPS_CROWDED,		/* too many want that network: later */
	HTTPS_CANCELLED		/* https_client_free() */
};

#define HTTPS_PROBLEM	256	/* CURL_ERROR_SIZE */

/* In memory of the asker's that stays until `done` is called. */
struct https_request {
	/* Set by the asker. */
	struct domain	 host;
	const char	*path;		/* borrowed, "/..." */
	unsigned int	 port;
	struct ipaddr	 addresses[LIMIT_HTTPS_ADDRESSES];
	size_t		 address_count;	/* > 0 */
	unsigned int	 timeout_ms;	/* for all of it */
	size_t		 max_body;
	const char	*ca_file;	/* borrowed; NULL: the system's */
	/* Called once, in the client's thread, with no lock held. */
	void		 (*done)(struct https_request *r);

	/* The result. */
	enum https_status status;
	long		 code;		/* of HTTP; 0: none came */
	/* Printable or not: may contain text of the server. */
	char		 problem[HTTPS_PROBLEM];
	struct buf	 body;		/* the asker frees it */

	/* The client's own. */
	struct https_request	*next;
};

struct https_client;

/*
 * Starts the thread, in which at most LIMIT_HTTPS_TRANSFERS run at a time;
 * others wait.  A network, by the first address of a request, has at most
 * LIMIT_HTTPS_NETWORK, so that slow servers delay only each other; and when
 * all places are taken, one that is slow loses its own.
 * NULL: libcurl or the thread could not be started.
 */
struct https_client	*https_client_new(void);
/* Ends running transfers (HTTPS_CANCELLED), then the thread. */
void			 https_client_free(struct https_client *c);
/* Any thread.  `done` will be called. */
void			 https_get(struct https_client *c,
			    struct https_request *r);

#endif
