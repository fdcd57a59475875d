/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: the asynchronous client of https/, waited for.
 */
#include "tools/fetch.h"

#include <pthread.h>
#include <stdio.h>

#ifdef HAVE_LIBCURL
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ended;		/* under the lock */

/* The client's thread. */
static void
done(struct https_request *r)
{
	(void)r;
	(void)pthread_mutex_lock(&lock);
	ended = true;
	(void)pthread_cond_signal(&changed);
	(void)pthread_mutex_unlock(&lock);
}

bool
fetch_policy(struct https_request *r)
{
	struct https_client *c = https_client_new();

	if (c == NULL) {
		snprintf(r->problem, sizeof(r->problem),
		    "libcurl cannot be used");
		return false;
	}
	ended = false;
	r->done = done;
	https_get(c, r);
	(void)pthread_mutex_lock(&lock);
	while (!ended)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
	https_client_free(c);
	return true;
}
#else
bool
fetch_policy(struct https_request *r)
{
	snprintf(r->problem, sizeof(r->problem),
	    "this assay was built without libcurl");
	return false;
}
#endif
