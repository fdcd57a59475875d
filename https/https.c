/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * https: a thread around libcurl's multi interface.
 *
 * The addresses go to libcurl by CURLOPT_RESOLVE.  They are then in a cache
 * that is not shared, and freed with the transfer: in that of the multi handle
 * they would stay forever.  The function that opens sockets
 * makes sure that no other address is ever connected to.
 */
#include "https/https.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define POLL_MS		10000	/* libcurl wakes up earlier for its timers */
#define HEADERS_MAX	(32u << 10)	/* ours: octets of a response's */

#define CROWDED_POLL_MS	1000	/* a request waits for a place */

struct https_client {
	pthread_t		 thread;
	pthread_mutex_t		 lock;
	struct https_request	*first, **last_next;	/* that wait */
	struct https_request	*crowded;	/* more than may wait */
	bool			 stopping;
	CURLM			*multi;
	/* Of the thread alone. */
	struct https_transfer	*transfers;
	size_t			 count;
	bool			 is_full;	/* and others wait */
};

struct https_transfer {
	struct https_request	*request;
	CURL			*easy;
	CURLSH			*share;
	struct curl_slist	*resolve;
	size_t			 headers;	/* octets */
	const char		*refused;	/* why we broke it off */
	int64_t			 begun;		/* clock_us() */
	struct https_transfer	*next;
};

/* ---- what libcurl calls ---- */

static size_t
take_body(char *ptr, size_t size, size_t count, void *arg)
{
	struct https_transfer *t = arg;
	struct buf *body = &t->request->body;
	size_t len = size * count;

	if (len > body->max - body->len) {
		t->refused = "the body is too large";
		return 0;
	}
	buf_add(body, (struct slice){ ptr, len });
	return buf_failed(body) ? 0 : len;
}

static size_t
take_header(char *ptr, size_t size, size_t count, void *arg)
{
	struct https_transfer *t = arg;

	(void)ptr;
	t->headers += size * count;
	if (t->headers <= HEADERS_MAX)
		return size * count;
	t->refused = "the header is too large";
	return 0;
}

static bool
is_chosen(const struct https_request *r, const struct sockaddr *sa)
{
	struct ipaddr a;
	size_t i;

	if (!ipaddr_from_sockaddr(sa, &a))
		return false;
	for (i = 0; i < r->address_count; i++) {
		if (ipaddr_eq(&a, &r->addresses[i]))
			return true;
	}
	return false;
}

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct https_transfer *t = arg;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !is_chosen(t->request, &address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

/* ---- one transfer ---- */

static void
transfer_free(struct https_transfer *t)
{
	curl_easy_cleanup(t->easy);
	if (t->share != NULL)
		(void)curl_share_cleanup(t->share);
	curl_slist_free_all(t->resolve);
	mem_free(t);
}

/* "host:port:address,address" */
static bool
set_addresses(struct https_transfer *t)
{
	const struct https_request *r = t->request;
	char address[IPADDR_TEXT];
	struct buf b;
	size_t i;

	buf_init(&b, DOMAIN_MAX + 16 + LIMIT_HTTPS_ADDRESSES *
	    (IPADDR_TEXT + 3));
	buf_addf(&b, "%s:%u:", r->host.text, r->port);
	for (i = 0; i < r->address_count; i++) {
		ipaddr_format(&r->addresses[i], address);
		buf_addf(&b, r->addresses[i].family == IPADDR_V6 ?
		    "%s[%s]" : "%s%s", i > 0 ? "," : "", address);
	}
	if (!buf_failed(&b))
		t->resolve = curl_slist_append(NULL, buf_cstr(&b));
	buf_fini(&b);
	return t->resolve != NULL && curl_easy_setopt(t->easy,
	    CURLOPT_RESOLVE, t->resolve) == CURLE_OK;
}

static bool
set_url(struct https_transfer *t)
{
	const struct https_request *r = t->request;
	char url[DOMAIN_MAX + 256];
	int len = snprintf(url, sizeof(url), "https://%s:%u%s",
	    r->host.text, r->port, r->path);

	if (r->port == 443)
		len = snprintf(url, sizeof(url), "https://%s%s",
		    r->host.text, r->path);
	return len > 0 && (size_t)len < sizeof(url) &&
	    curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK;
}

/* Only what is needed, and nothing else that libcurl could do. */
static bool
set_manners(struct https_transfer *t)
{
	static const struct {
		CURLoption	option;
		long		value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_CERTINFO, 1 },
		{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_HTTP09_ALLOWED, 0 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_FRESH_CONNECT, 1 },
		{ CURLOPT_FORBID_REUSE, 1 }
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (curl_easy_setopt(t->easy, numbers[i].option,
		    numbers[i].value) != CURLE_OK)
			return false;
	}
	return curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "https") ==
	    CURLE_OK &&
	    curl_easy_setopt(t->easy, CURLOPT_PROXY, "") == CURLE_OK;
}

static bool
set_callbacks(struct https_transfer *t)
{
	CURL *e = t->easy;

	return curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body) ==
	    CURLE_OK && curl_easy_setopt(e, CURLOPT_WRITEDATA, t) ==
	    CURLE_OK && curl_easy_setopt(e, CURLOPT_HEADERFUNCTION,
	    take_header) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) ==
	    CURLE_OK && curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) ==
	    CURLE_OK && curl_easy_setopt(e, CURLOPT_ERRORBUFFER,
	    t->request->problem) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK;
}

static bool
set_limits(struct https_transfer *t)
{
	const struct https_request *r = t->request;
	CURL *e = t->easy;

	return curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE,
	    (curl_off_t)r->max_body) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
	    (long)r->timeout_ms) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)r->timeout_ms) == CURLE_OK &&
	    (r->ca_file == NULL || (curl_easy_setopt(e, CURLOPT_CAINFO,
	    r->ca_file) == CURLE_OK && curl_easy_setopt(e, CURLOPT_CAPATH,
	    NULL) == CURLE_OK));
}

static bool
set_cache(struct https_transfer *t)
{
	t->share = curl_share_init();
	return t->share != NULL && curl_share_setopt(t->share, CURLSHOPT_SHARE,
	    CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
	    curl_easy_setopt(t->easy, CURLOPT_SHARE, t->share) == CURLE_OK;
}

static void
finish(struct https_request *r, enum https_status status)
{
	r->status = status;
	r->done(r);
}

/* False: the request has already ended, for lack of memory. */
static bool
transfer_start(struct https_client *c, struct https_request *r)
{
	struct https_transfer *t = mem_alloc(sizeof(*t));

	if (t != NULL) {
		t->request = r;
		t->easy = curl_easy_init();
	}
	if (t == NULL || t->easy == NULL || !set_cache(t) ||
	    !set_addresses(t) || !set_url(t) || !set_manners(t) ||
	    !set_callbacks(t) || !set_limits(t) ||
	    curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
		if (t != NULL)
			transfer_free(t);
		finish(r, HTTPS_NO_MEMORY);
		return false;
	}
	t->begun = clock_us();
	t->next = c->transfers;
	c->transfers = t;
	c->count++;
	return true;
}

static void
transfer_remove(struct https_client *c, struct https_transfer *t)
{
	struct https_transfer **p = &c->transfers;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	c->count--;
	(void)curl_multi_remove_handle(c->multi, t->easy);
	transfer_free(t);
}

/* ---- the result ---- */

static enum https_status
refuse(struct https_request *r, const char *problem)
{
	snprintf(r->problem, sizeof(r->problem), "%s", problem);
	return HTTPS_FAILED;
}

/* RFC 8461 section 3.3: the media type, with any parameters. */
static bool
is_plain_text(const char *type)
{
	const struct slice want = SLICE("text/plain");
	struct slice s = slice_trim(slice_str(type)), head;

	(void)slice_cut(&s, ';', &head);
	return slice_eq_nocase(slice_trim(head), want);
}

/*
 * For libcurl any end of the connection is the end of a body without a
 * length, and anyone on the path can cause that (RFC 9112 section 9.8).
 */
static bool
has_end(CURL *easy)
{
	struct curl_header *h;
	curl_off_t length = -1;

	(void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
	    &length);
	return length >= 0 || curl_easy_header(easy, "Transfer-Encoding", 0,
	    CURLH_HEADER, -1, &h) == CURLHE_OK;
}

/* One of "email:a@example.com, DNS:example.com". */
static bool
lists_dns_name(struct slice names)
{
	struct slice name;

	while (names.len > 0) {
		(void)slice_cut(&names, ',', &name);
		if (slice_starts(slice_trim(name), SLICE("DNS:")))
			return true;
	}
	return false;
}

/*
 * RFC 8461 section 3.3: the certificate has the name as a DNS-ID.  libcurl
 * compares these, but takes the common name of a certificate that has none.
 * TLS libraries other than OpenSSL do not list them here.
 */
static bool
has_dns_id(CURL *easy)
{
	static const struct slice key =
	    SLICE_INIT("X509v3 Subject Alternative Name:");
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
	const struct curl_slist *item;
	struct curl_certinfo *chain = NULL;
	struct slice text;

	if (library == NULL ||
	    !slice_starts(slice_str(library), SLICE("OpenSSL")))
		return true;
	(void)curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain);
	if (chain == NULL || chain->num_of_certs < 1)
		return false;
	for (item = chain->certinfo[0]; item != NULL; item = item->next) {
		text = slice_str(item->data);
		if (slice_starts(text, key) &&
		    lists_dns_name(slice_from(text, key.len)))
			return true;
	}
	return false;
}

static enum https_status
judge(struct https_transfer *t, CURLcode result)
{
	struct https_request *r = t->request;
	char *type = NULL;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->code);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (t->refused != NULL)
		return refuse(r, t->refused);
	if (result == CURLE_OUT_OF_MEMORY || buf_failed(&r->body))
		return HTTPS_NO_MEMORY;
	if (result != CURLE_OK) {
		if (r->problem[0] == '\0')
			(void)refuse(r, curl_easy_strerror(result));
		return HTTPS_FAILED;
	}
	if (!has_dns_id(t->easy))
		return refuse(r, "the certificate has its name only as "
		    "common name (CN)");
	if (r->code != 200) {
		snprintf(r->problem, sizeof(r->problem), "status %ld",
		    r->code);
		return HTTPS_FAILED;
	}
	if (!has_end(t->easy))
		return refuse(r, "the length of the body is not known");
	return is_plain_text(type) ? HTTPS_DONE :
	    refuse(r, "the media type is not text/plain");
}

/* False: nothing has come to its end. */
static bool
take_results(struct https_client *c)
{
	struct https_request *r;
	enum https_status status;
	struct https_transfer *t;
	bool any = false;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(
		    m->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		status = judge(t, m->data.result);
		r = t->request;
		/* `m` is gone with its handle. */
		transfer_remove(c, t);
		finish(r, status);
		any = true;
	}
	return any;
}

/* ---- the thread ---- */

static bool
same_network(const struct https_request *a, const struct https_request *b)
{
	return ipaddr_same_prefix(&a->addresses[0], &b->addresses[0],
	    a->addresses[0].family == IPADDR_V6 ? 48 : 24);
}

/* Running transfers with the network of that request. */
static size_t
count_of(const struct https_client *c, const struct https_request *r)
{
	const struct https_transfer *t;
	size_t count = 0;

	for (t = c->transfers; t != NULL; t = t->next)
		count += same_network(t->request, r);
	return count;
}

/* The one whose network has fewest transfers, the oldest of these. */
static struct https_request **
choose(struct https_client *c)
{
	struct https_request **p, **best = NULL;
	size_t count, fewest = c->stopping ? SIZE_MAX : LIMIT_HTTPS_NETWORK;

	for (p = &c->first; *p != NULL && fewest > 0; p = &(*p)->next) {
		count = count_of(c, *p);
		if (count < fewest) {
			fewest = count;
			best = p;
		}
	}
	return best;
}

static struct https_request *
take_waiting(struct https_client *c)
{
	struct https_request **p, *r;

	c->is_full = !c->stopping && c->count >= LIMIT_HTTPS_TRANSFERS &&
	    c->first != NULL;
	p = c->is_full ? NULL : choose(c);
	if (p == NULL)
		return NULL;
	r = *p;
	*p = r->next;
	if (*p == NULL)
		c->last_next = p;
	return r;
}

static struct https_request *
next_request(struct https_client *c, bool *stopping)
{
	struct https_request *r;

	pthread_mutex_lock(&c->lock);
	*stopping = c->stopping;
	r = take_waiting(c);
	pthread_mutex_unlock(&c->lock);
	return r;
}

static void
refuse_crowded(struct https_client *c)
{
	struct https_request *r, *next;

	pthread_mutex_lock(&c->lock);
	r = c->crowded;
	c->crowded = NULL;
	pthread_mutex_unlock(&c->lock);
	for (; r != NULL; r = next) {
		next = r->next;
		finish(r, HTTPS_CROWDED);
	}
}

/* For those that wait.  True: there is a place now. */
static bool
drop_slow(struct https_client *c)
{
	int64_t since = clock_us() - LIMIT_HTTPS_SLOW_MS * INT64_C(1000);
	struct https_transfer *t, *next;
	struct https_request *r;
	bool any = false;

	for (t = c->transfers; t != NULL && c->is_full; t = next) {
		next = t->next;
		if (t->begun > since)
			continue;
		r = t->request;
		transfer_remove(c, t);
		finish(r, refuse(r, "too slow, while others waited"));
		any = true;
	}
	return any;
}

static void
cancel_all(struct https_client *c)
{
	struct https_request *r;

	while (c->transfers != NULL) {
		r = c->transfers->request;
		transfer_remove(c, c->transfers);
		finish(r, HTTPS_CANCELLED);
	}
}

static void *
run(void *arg)
{
	struct https_client *c = arg;
	struct https_request *r;
	bool stopping = false;
	int running;

	while (!stopping) {
		while ((r = next_request(c, &stopping)) != NULL) {
			if (stopping)
				finish(r, HTTPS_CANCELLED);
			else
				(void)transfer_start(c, r);
		}
		refuse_crowded(c);
		(void)curl_multi_perform(c->multi, &running);
		/* There may be room now for one that waits. */
		if (!take_results(c) && !drop_slow(c) && !stopping)
			(void)curl_multi_poll(c->multi, NULL, 0, c->is_full ?
			    CROWDED_POLL_MS : POLL_MS, NULL);
	}
	cancel_all(c);
	return NULL;
}

struct https_client *
https_client_new(void)
{
	struct https_client *c = mem_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->last_next = &c->first;
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		mem_free(c);
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
		c->multi = curl_multi_init();
		if (c->multi != NULL &&
		    pthread_create(&c->thread, NULL, run, c) == 0)
			return c;
		(void)curl_multi_cleanup(c->multi);
		curl_global_cleanup();
	}
	(void)pthread_mutex_destroy(&c->lock);
	mem_free(c);
	return NULL;
}

void
https_client_free(struct https_client *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_mutex_unlock(&c->lock);
	(void)curl_multi_wakeup(c->multi);
	(void)pthread_join(c->thread, NULL);
	(void)curl_multi_cleanup(c->multi);
	curl_global_cleanup();
	(void)pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

/* The lock is held. */
static bool
may_wait(const struct https_client *c, const struct https_request *r)
{
	const struct https_request *other;
	size_t count = 0;

	for (other = c->first; other != NULL; other = other->next)
		count += same_network(other, r);
	return count < LIMIT_HTTPS_WAITING;
}

void
https_get(struct https_client *c, struct https_request *r)
{
	r->status = HTTPS_FAILED;
	r->code = 0;
	r->problem[0] = '\0';
	r->next = NULL;
	buf_init(&r->body, r->max_body);
	pthread_mutex_lock(&c->lock);
	if (may_wait(c, r)) {
		*c->last_next = r;
		c->last_next = &r->next;
	} else {
		r->next = c->crowded;
		c->crowded = r;
	}
	pthread_mutex_unlock(&c->lock);
	(void)curl_multi_wakeup(c->multi);
}
