/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: the records of messages on their way into the store.
 *
 * The thread:
 *
 *  1. waits for a batch: BATCH records, BATCH_OCTETS of them, or one that is
 *     LIMIT_STORE_WAIT_MS old.
 *  2. writes it.  A database that is away is tried again after a while that
 *     grows; meanwhile batches go into the file.
 *  3. A batch that the database refuses is written one by one, and those that
 *     it refuses alone are dropped.
 *  4. As long as the file is not empty, a part of it follows each batch.
 *  5. Once an hour what is too old is forgotten, a part at a time; after a
 *     jump of the clock one day an hour.
 *
 * The current batch stays in the queue until it is written, so that the end
 * of the process can save it.
 */
#include "store/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "event/log.h"
#include "store/spool_internal.h"
#include "store/store_internal.h"

#define BATCH 1000
#define BATCH_OCTETS (4u << 20)
#define SECOND INT64_C(1000000)		/* of clock_us() */
#define FORGET_US (3600 * SECOND)
#define RETRY_MIN SECOND
#define RETRY_MAX (60 * SECOND)
#define SAY_US (60 * SECOND)		/* lost records are said so often */

struct entry {
	STAILQ_ENTRY(entry)	 link;
	struct store_record	 record;
	int64_t			 since;		/* clock_us() */
	char			 body[];
};
STAILQ_HEAD(entries, entry);

struct store_writer {
	char			*name, *spool_path, *host;
	int64_t			 keep;
	uint64_t		 run;
	pthread_t		 thread;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;	/* on the monotonic clock */
	/* Under the lock. */
	struct entries		 queue;		/* the current batch first */
	size_t			 count, octets, in_hand;
	uint64_t		 seq;
	bool			 ending;	/* at once, and no more */
	bool			 closed;
	struct store_writer_figures figures;
	uint64_t		 said;		/* of figures.dropped */

	/* The thread's own. */
	struct store		*store;
	struct spool		*spool;
	uint64_t		 known_run;
	int64_t			 known_until;
	bool			 told_away, forgetting;
	bool			 at_open;	/* it failed there */
	char			 trouble[300];	/* what was logged last */
	int64_t			 next_try, pause, next_say, next_forget;
	int64_t			 forget_day;	/* of this hour; 0: none yet */
	struct store_record	 batch[BATCH];
	struct buf		 text;		/* of what is read in */
};

/* ---- the queue ---- */

static void
count_dropped(struct store_writer *w, size_t count)
{
	pthread_mutex_lock(&w->lock);
	w->figures.dropped += count;
	pthread_mutex_unlock(&w->lock);
}

static struct entry *
make_entry(const struct event *e)
{
	struct entry *entry = NULL;
	struct buf body;

	record_make(e, &body);
	if (!buf_failed(&body))
		entry = mem_alloc(sizeof(*entry) + body.len);
	if (entry != NULL) {
		memcpy(entry->body, buf_slice(&body).ptr, body.len);
		entry->record.body = (struct slice){ entry->body, body.len };
		entry->record.time = e->time;
		entry->since = clock_us();
	}
	buf_fini(&body);
	return entry;
}

void
store_writer_event(void *arg, const struct event *e)
{
	struct store_writer *w = arg;
	struct entry *entry;

	if (strcmp(e->name, "message") != 0)
		return;
	entry = make_entry(e);
	if (entry == NULL) {
		count_dropped(w, 1);
		return;
	}
	pthread_mutex_lock(&w->lock);
	if (w->closed || entry->record.body.len >
	    LIMIT_STORE_QUEUE - w->octets) {
		w->figures.dropped++;
		mem_free(entry);
	} else {
		entry->record.run = w->run;
		entry->record.seq = ++w->seq;
		STAILQ_INSERT_TAIL(&w->queue, entry, link);
		w->octets += entry->record.body.len;
		/* The first one sets the time, the last one fills a batch. */
		if (w->count++ == 0 || w->count == BATCH)
			pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

/* How long until there is something to do; 0: now.  Under the lock. */
static int64_t
time_to_wait(const struct store_writer *w, int64_t now)
{
	const struct entry *first = STAILQ_FIRST(&w->queue);
	int64_t until = w->next_forget;

	if (w->ending)
		return w->count > 0 ? 0 : SECOND;
	if (w->count >= BATCH || w->octets >= BATCH_OCTETS)
		return 0;
	if (first != NULL && first->since + LIMIT_STORE_WAIT_MS * 1000 < until)
		until = first->since + LIMIT_STORE_WAIT_MS * 1000;
	/* A file that waits, or a database that is tried again. */
	if (w->store == NULL && w->next_try < until)
		until = w->next_try;
	else if (w->store != NULL && (w->forgetting ||
	    w->figures.spool_octets > 0))
		until = now;
	return until > now ? until - now : 0;
}

/* Step 1. */
static size_t
take_batch(struct store_writer *w)
{
	struct timespec until;
	struct entry *e;
	size_t octets = 0;
	int64_t wait, now;

	pthread_mutex_lock(&w->lock);
	while ((wait = time_to_wait(w, now = clock_us())) > 0) {
		until = clock_timespec(now + wait);
		(void)pthread_cond_timedwait(&w->changed, &w->lock, &until);
	}
	w->in_hand = 0;
	STAILQ_FOREACH(e, &w->queue, link) {
		if (w->in_hand == BATCH || octets >= BATCH_OCTETS)
			break;
		octets += e->record.body.len;
		w->batch[w->in_hand++] = e->record;
	}
	pthread_mutex_unlock(&w->lock);
	return w->in_hand;
}

/* Those that were taken are done with. */
static void
release_batch(struct store_writer *w)
{
	struct entry *e;

	pthread_mutex_lock(&w->lock);
	for (; w->in_hand > 0; w->in_hand--) {
		e = STAILQ_FIRST(&w->queue);
		STAILQ_REMOVE_HEAD(&w->queue, link);
		w->octets -= e->record.body.len;
		w->count--;
		mem_free(e);
	}
	if (w->spool != NULL)
		w->figures.spool_octets = spool_size(w->spool);
	if (w->ending && w->count == 0)
		pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* ---- the database ---- */

static void
note_away(struct store_writer *w, bool away)
{
	pthread_mutex_lock(&w->lock);
	w->figures.away = away;
	pthread_mutex_unlock(&w->lock);
}

/* Once for each kind of trouble, not at each try. */
static void
say_away(struct store_writer *w, const char *why)
{
	note_away(w, true);
	if (w->told_away && slice_same_str(w->trouble, why))
		return;
	w->told_away = true;
	snprintf(w->trouble, sizeof(w->trouble), "%s", why);
	log_line(CONFIG_LOG_ERROR, "the store cannot be used: %s", why);
}

static void
say_back(struct store_writer *w)
{
	if (w->told_away)
		log_line(CONFIG_LOG_INFO, "the store can be used again");
	w->told_away = false;
	w->pause = 0;
	note_away(w, false);
}

static void
leave_store(struct store_writer *w, const char *why)
{
	say_away(w, why);
	w->at_open = w->store == NULL;
	store_close(w->store);
	w->store = NULL;
	w->pause = w->pause == 0 ? RETRY_MIN : w->pause * 2;
	if (w->pause > RETRY_MAX)
		w->pause = RETRY_MAX;
	w->next_try = clock_us() + w->pause;
}

static bool
have_store(struct store_writer *w)
{
	enum store_status status;
	char why[300];

	if (w->store != NULL)
		return true;
	if (clock_us() < w->next_try)
		return false;
	w->store = store_open(w->name, STORE_MAKE, &status, why, sizeof(why));
	w->known_run = 0;
	if (w->store == NULL)
		leave_store(w, why);
	else if (w->at_open)
		say_back(w);
	return w->store != NULL;
}

/* Once for each run, and once more on a later day. */
static enum store_status
note_run(struct store_writer *w, const struct store_record *r)
{
	if (r->run == w->known_run && r->time < w->known_until)
		return STORE_OK;
	w->known_run = r->run;
	w->known_until = (r->time / DATE_DAY + 1) * DATE_DAY;
	return store_run_add(w->store, r->run, w->host, r->time);
}

static enum store_status
write_some(struct store_writer *w, const struct store_record *records,
    size_t count, enum store_again again)
{
	enum store_status status = STORE_OK;
	size_t added, i;

	for (i = 0; i < count && status == STORE_OK; i++)
		status = note_run(w, &records[i]);
	if (status == STORE_OK)
		status = store_write(w->store, records, count, again, &added);
	if (status != STORE_OK)
		return status;
	pthread_mutex_lock(&w->lock);
	w->figures.stored += added;
	pthread_mutex_unlock(&w->lock);
	return STORE_OK;
}

/* Step 3. */
static enum store_status
write_each(struct store_writer *w, const struct store_record *records,
    size_t count, enum store_again again)
{
	enum store_status status = STORE_OK;
	size_t i;

	for (i = 0; i < count && (status == STORE_OK ||
	    status == STORE_REFUSED); i++) {
		status = write_some(w, &records[i], 1, again);
		if (status == STORE_REFUSED)
			count_dropped(w, 1);
	}
	return status == STORE_REFUSED ? STORE_OK : status;
}

/* Step 2.  False: they are not in the database, or not all. */
static bool
write_records(struct store_writer *w, const struct store_record *records,
    size_t count, enum store_again again)
{
	enum store_status status;

	if (!have_store(w))
		return false;
	status = write_some(w, records, count, again);
	if (status == STORE_REFUSED)
		status = write_each(w, records, count, again);
	if (status == STORE_OK)
		say_back(w);
	else
		leave_store(w, store_why(w->store));
	return status == STORE_OK;
}

/* ---- the file ---- */

static void
open_spool(struct store_writer *w)
{
	char why[300];

	w->spool = spool_open(w->spool_path, LIMIT_STORE_SPOOL, why,
	    sizeof(why));
	if (w->spool == NULL)
		log_line(CONFIG_LOG_ERROR, "no file for records while the "
		    "store is away: %s", why);
	else
		w->figures.spool_octets = spool_size(w->spool);
}

static void
spill(struct store_writer *w, const struct store_record *records,
    size_t count)
{
	bool done = w->spool != NULL && spool_add(w->spool, records, count);

	pthread_mutex_lock(&w->lock);
	if (done)
		w->figures.spilled += count;
	else
		w->figures.dropped += count;
	pthread_mutex_unlock(&w->lock);
}

/* Step 4. */
static void
read_in(struct store_writer *w)
{
	size_t count, end;

	if (w->spool == NULL || spool_size(w->spool) == 0 || !have_store(w))
		return;
	count = spool_take(w->spool, w->batch, BATCH, &w->text, &end);
	if (count == 0) {
		log_line(CONFIG_LOG_ERROR, "%s is damaged: the records in it "
		    "are lost", w->spool_path);
		spool_clear(w->spool);
	} else if (write_records(w, w->batch, count, STORE_AGAIN)) {
		spool_taken(w->spool, end);
	}
}

/* ---- the thread ---- */

static void
say_dropped(struct store_writer *w)
{
	uint64_t dropped;

	if (clock_us() < w->next_say)
		return;
	pthread_mutex_lock(&w->lock);
	dropped = w->figures.dropped - w->said;
	w->said = w->figures.dropped;
	pthread_mutex_unlock(&w->lock);
	if (dropped == 0)
		return;
	w->next_say = clock_us() + SAY_US;
	log_line(CONFIG_LOG_ERROR, "%" PRIu64 " records of messages were lost "
	    "for the store", dropped);
}

/* Once, when it begins. */
static void
note_late(struct store_writer *w, int64_t late)
{
	pthread_mutex_lock(&w->lock);
	if (w->figures.late == 0 && late > 0)
		log_line(CONFIG_LOG_ERROR, "the clock is %" PRId64 " days "
		    "after what the store knows: if it is wrong, set it; the "
		    "store forgets one day an hour until it is even", late);
	w->figures.late = late;
	pthread_mutex_unlock(&w->lock);
}

/* Step 5, at the beginning of an hour. */
static enum store_status
begin_forgetting(struct store_writer *w)
{
	int64_t today = (int64_t)time(NULL) / DATE_DAY;
	enum store_status status = store_forget_day(w->store, today,
	    &w->forget_day);

	if (status == STORE_OK)
		note_late(w, today - w->forget_day);
	return status;
}

/* Step 5. */
static void
forget(struct store_writer *w)
{
	enum store_status status = STORE_OK;
	int64_t now = clock_us();

	if (w->store == NULL || (!w->forgetting && now < w->next_forget &&
	    !store_is_growing(w->store))) {
		if (now >= w->next_forget)
			w->next_forget = now + RETRY_MAX;
		return;
	}
	if (now >= w->next_forget || w->forget_day == 0) {
		status = begin_forgetting(w);
		w->next_forget = now + FORGET_US;
	}
	if (status == STORE_OK)
		status = store_forget(w->store, w->forget_day, w->keep,
		    &w->forgetting);
	if (status != STORE_OK) {
		w->forgetting = false;
		leave_store(w, store_why(w->store));
	}
}

static void *
work(void *arg)
{
	struct store_writer *w = arg;
	size_t count;

	/* For those who look at threads. */
	(void)pthread_setname_np(pthread_self(), "assay-store");
	(void)have_store(w);
	for (;;) {
		count = take_batch(w);
		if (count > 0 && !write_records(w, w->batch, count,
		    STORE_FIRST))
			spill(w, w->batch, count);
		release_batch(w);
		(void)have_store(w);
		read_in(w);
		forget(w);
		say_dropped(w);
	}
	return NULL;
}

/* ---- beginning and end ---- */

static char *
copy(const char *text)
{
	return mem_dup(text, strlen(text));
}

static void
discard(struct store_writer *w)
{
	spool_close(w->spool);
	mem_free(w->name);
	mem_free(w->spool_path);
	mem_free(w->host);
	mem_free(w);
}

static bool
prepare(struct store_writer *w, const struct store_writer_options *o)
{
	pthread_condattr_t attr;

	w->name = copy(o->name);
	w->spool_path = copy(o->spool);
	w->host = copy(o->host);
	w->keep = o->keep;
	w->next_forget = clock_us() + RETRY_MAX;
	STAILQ_INIT(&w->queue);
	buf_init(&w->text, BATCH_OCTETS);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	return w->name != NULL && w->spool_path != NULL && w->host != NULL &&
	    getrandom(&w->run, sizeof(w->run), 0) == sizeof(w->run);
}

struct store_writer *
store_writer_start(const struct store_writer_options *options)
{
	struct store_writer *w = mem_alloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	if (!prepare(w, options)) {
		discard(w);
		return NULL;
	}
	open_spool(w);
	if (pthread_create(&w->thread, NULL, work, w) != 0) {
		discard(w);
		return NULL;
	}
	pthread_detach(w->thread);
	return w;
}

/* The thread is blocked somewhere; its current batch may count already. */
static void
save_queue(struct store_writer *w)
{
	struct store_record some[256];
	struct entry *e;
	size_t n = 0;

	STAILQ_FOREACH(e, &w->queue, link) {
		some[n++] = e->record;
		if (n < sizeof(some) / sizeof(some[0]) &&
		    STAILQ_NEXT(e, link) != NULL)
			continue;
		if (w->spool == NULL || !spool_add(w->spool, some, n))
			w->figures.dropped += n;
		n = 0;
	}
}

void
store_writer_end(struct store_writer *w, int ms)
{
	struct timespec until = clock_timespec(clock_us() +
	    ms * INT64_C(1000));
	int error = 0;

	pthread_mutex_lock(&w->lock);
	w->ending = w->closed = true;
	pthread_cond_broadcast(&w->changed);
	while (w->count > 0 && error == 0)
		error = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	if (w->count > 0)
		save_queue(w);
	pthread_mutex_unlock(&w->lock);
}

void
store_writer_figures(struct store_writer *w, struct store_writer_figures *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->figures;
	out->waiting = w->count;
	pthread_mutex_unlock(&w->lock);
}
