/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs the checks: the resolver's thread for a light message when few
 * answers have come, else assay-checks.  Each limit at its value and one past
 * it.  The name server keeps all questions until the test lets them go.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "message/inquiry.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define PATIENCE_MS	10000
#define MAX		(LIMIT_LIGHT_QUESTIONS + 8)
#define TEXT		1000	/* octets of an answer, if not said otherwise */

/* ---- the name server ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static struct fakens_question kept[MAX];
static size_t kept_count, sent;
static char domain[32];		/* of the test's names */

/* Those of the test before may still come. */
static void
keep(struct fakens_question *q)
{
	pthread_mutex_lock(&lock);
	if (kept_count < MAX && strstr(q->name, domain) != NULL)
		kept[kept_count++] = *q;
	pthread_mutex_unlock(&lock);
}

static size_t
questions(void)
{
	size_t count;

	pthread_mutex_lock(&lock);
	count = kept_count;
	pthread_mutex_unlock(&lock);
	return count;
}

/* That is answered next. */
static size_t
next_number(void)
{
	size_t number;

	pthread_mutex_lock(&lock);
	number = sent;
	pthread_mutex_unlock(&lock);
	return number;
}

static void
forget(void)
{
	static unsigned int tests;

	pthread_mutex_lock(&lock);
	kept_count = sent = 0;
	snprintf(domain, sizeof(domain), "test%u.example", ++tests);
	pthread_mutex_unlock(&lock);
}

/* Answers the oldest that has no answer with so many octets. */
static void
send_next(size_t octets)
{
	static char text[TEXT * 3];
	static struct dnsmsg m;
	struct fakens_question *q;

	pthread_mutex_lock(&lock);
	q = &kept[sent++];
	pthread_mutex_unlock(&lock);
	memset(text, 'x', sizeof(text));
	dnsmsg_begin(&m, q->id, DNSMSG_RD, q->name, q->type);
	dnsmsg_txt(&m, q->name, 60, text, octets);
	fakens_send(q, &m);
}

/* ---- the check ---- */

struct check {
	unsigned int	 together;	/* names asked at once, then */
	unsigned int	 after;		/* one by one */
	sem_t		*stop;		/* the thread of the resolver waits */
	const char	*names;
	atomic_uint	 runs;
	/* Of the last run, under the lock; and as the test has seen it. */
	struct run {
		char	 thread[16];
		size_t	 bytes;
	}		 last, seen;
};

static bool
ask(const struct check *c, struct dns_ledger *ledger, unsigned int i)
{
	char name[64];

	pthread_mutex_lock(&lock);
	snprintf(name, sizeof(name), "n%03u.%s.%s", i, c->names, domain);
	pthread_mutex_unlock(&lock);
	return dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_TXT) != NULL;
}

static bool
step(void *arg, struct dns_ledger *ledger)
{
	struct check *c = arg;
	struct run run;
	unsigned int i;
	bool all = true;

	for (i = 0; i < c->together; i++)
		all = ask(c, ledger, i) && all;
	for (; i < c->together + c->after && all; i++)
		all = ask(c, ledger, i);
	run.bytes = dns_ledger_bytes(ledger);
	pthread_getname_np(pthread_self(), run.thread, sizeof(run.thread));
	pthread_mutex_lock(&lock);
	c->last = run;
	pthread_mutex_unlock(&lock);
	atomic_fetch_add(&c->runs, 1);
	if (c->stop != NULL && strcmp(run.thread, "assay-dns") == 0)
		sem_wait(c->stop);
	return all;
}

static struct inquiry *
start(struct resolver *r, struct check *c)
{
	struct inquiry *q = inquiry_new(r, step, c);

	inquiry_lock(q);
	inquiry_run(q);
	inquiry_unlock(q);
	return q;
}

/* Others need the processor to bring what is waited for. */
static void
rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* False: not in time. */
static bool
wait_questions(size_t count)
{
	int64_t end = clock_us() + PATIENCE_MS * INT64_C(1000);

	while (questions() < count && clock_us() < end)
		rest();
	return questions() >= count;
}

static bool
wait_runs(struct check *c, unsigned int count)
{
	int64_t end = clock_us() + PATIENCE_MS * INT64_C(1000);

	while (atomic_load(&c->runs) < count && clock_us() < end)
		rest();
	pthread_mutex_lock(&lock);
	c->seen = c->last;
	pthread_mutex_unlock(&lock);
	return atomic_load(&c->runs) >= count;
}

/* Sends an answer, and waits for the run of the check that it causes. */
static bool
answer(struct check *c, size_t octets)
{
	unsigned int runs = atomic_load(&c->runs);

	if (!wait_questions(next_number() + 1))
		return false;
	send_next(octets);
	return wait_runs(c, runs + 1);
}

static struct resolver *
start_resolver(struct fakens *ns)
{
	struct slice nameserver = slice_str(fakens_address(ns));
	struct resolver_options o = { .timeout_ms = PATIENCE_MS, .tries = 1,
		.cache_bytes = 1u << 20, .nameservers = &nameserver,
		.nameserver_count = 1 };
	char why[256];
	struct resolver *r = resolver_new(&o, why, sizeof(why));

	if (r == NULL)
		printf("# %s\n", why);
	return r;
}

static void
test_questions(struct resolver *r, unsigned int count, const char *want)
{
	struct check c = { .together = count, .names = "questions" };
	struct inquiry *q;
	char name[64];

	forget();
	q = start(r, &c);
	answer(&c, 1);
	snprintf(name, sizeof(name), "%u questions", count);
	is_str(c.seen.thread, want, name);
	inquiry_free(q);
}

/* The last answer has so many octets more than what is light. */
static void
test_bytes(struct resolver *r, unsigned int more, const char *want)
{
	struct check c = { .after = MAX, .names = "bytes" };
	struct inquiry *q;
	size_t each = 0;
	char name[64];

	forget();
	q = start(r, &c);
	while (answer(&c, TEXT)) {
		if (each == 0)
			each = c.seen.bytes;
		if (c.seen.bytes + 2 * each > LIMIT_LIGHT_BYTES)
			break;
	}
	each -= TEXT;			/* what is not text */
	answer(&c, LIMIT_LIGHT_BYTES - c.seen.bytes - each + more);
	snprintf(name, sizeof(name), "octets of all answers, %u past", more);
	is_num((long long)c.seen.bytes, LIMIT_LIGHT_BYTES + more, name);
	is_str(c.seen.thread, want, name);
	inquiry_free(q);
}

/* While the resolver's thread is in the step of another, answers come: for
   two messages, since one may not ask so much at one time. */
static void
test_answers(struct resolver *r, unsigned int count, const char *want)
{
	sem_t stop;
	struct check other = { .together = 1, .names = "other",
		.stop = &stop };
	struct check a = { .together = count / 2, .names = "a" };
	struct check b = { .together = count - count / 2, .names = "b" };
	struct inquiry *p, *q, *s;
	unsigned int i;
	char name[64];

	sem_init(&stop, 0, 0);
	forget();
	p = start(r, &other);
	wait_questions(1);
	q = start(r, &a);
	s = start(r, &b);
	wait_questions(1 + count);
	answer(&other, 1);
	is_str(other.seen.thread, "assay-dns",
	    "the thread that is to be stopped");
	for (i = 0; i < count; i++)
		send_next(1);
	sem_post(&stop);
	wait_runs(&a, 2);
	wait_runs(&b, 2);
	is_num(atomic_load(&a.runs), 2, "one run for all that came together");
	snprintf(name, sizeof(name), "%u answers at one time", count);
	is_str(a.seen.thread, want, name);
	is_str(b.seen.thread, want, "the other message's");
	inquiry_free(q);
	inquiry_free(s);
	inquiry_free(p);
	sem_destroy(&stop);
}

/* Each has names of its own, for what is in the cache is not asked. */
static void
with_resolver(struct fakens *ns, void (*test)(struct resolver *r,
    unsigned int value, const char *want), unsigned int value,
    const char *want)
{
	struct resolver *r = start_resolver(ns);

	test(r, value, want);
	resolver_free(r);
}

int
main(void)
{
	struct fakens *ns = fakens_start(keep, FAKENS_NO_TCP);

	with_resolver(ns, test_questions, LIMIT_LIGHT_QUESTIONS, "assay-dns");
	with_resolver(ns, test_questions, LIMIT_LIGHT_QUESTIONS + 1,
	    "assay-checks");
	with_resolver(ns, test_answers, LIMIT_LIGHT_ANSWERS, "assay-dns");
	with_resolver(ns, test_answers, LIMIT_LIGHT_ANSWERS + 1,
	    "assay-checks");
	with_resolver(ns, test_bytes, 0, "assay-dns");
	with_resolver(ns, test_bytes, 1, "assay-checks");
	fakens_stop(ns);
	return tap_done();
}
