/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latetaker: loaded before assay-milter's own libraries, it forces an order
 * of threads.  The thread that has taken a SIGTERM starts another one, and
 * never comes back from pthread_create(): what the new thread and all others
 * rely on must have been set before.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static _Thread_local int taken;

/* ISO C has no cast from an object to a function. */
static void
find(const char *name, void *function, size_t size)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(function, &symbol, size);
}

int
sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	int (*next)(const sigset_t *, siginfo_t *);
	int sig;

	find("sigwaitinfo", &next, sizeof(next));
	sig = next(set, info);
	taken = sig == SIGTERM;
	return sig;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*fn)(void *), void *arg)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
	    void *);
	int error;

	find("pthread_create", &next, sizeof(next));
	error = next(thread, attr, fn, arg);
	if (taken)
		for (;;)
			(void)pause();
	return error;
}
