/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydir: signing keys in a folder, found when they are needed.
 *
 * Which keys of a domain sign:
 *
 *  1. Its files, the newest first (message/keylayout.c); when the folder
 *     cannot be seen, those that were read before.
 *  2. The key of each: parsed before, of the file as it is now, or read.  A
 *     file that cannot be used is logged once for each change, and the key
 *     that it had before stays in use.
 *  3. Of each type the newest whose record is known to fit; without one the
 *     oldest of which nothing is known, so that what has signed before
 *     signs until the first lookup is answered; else the newest.
 *
 * Files are read outside of the mutex: two threads may read the same one.
 */
#include "message/keydir_internal.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "event/log.h"
#include "message/keylayout_internal.h"

#define BUCKETS		4096	/* a power of 2 */
#define USED_SECONDS	3600	/* keys in use are looked up */
#define FITS_SECONDS	3600	/* between lookups of what fits */
#define CHECK_SECONDS	60	/* and of what does not */
#define WARN_SECONDS	3600	/* between warnings of a rotation */
#define ERROR_SECONDS	60	/* between lines of a folder */

struct entry {
	TAILQ_ENTRY(entry)	 use;
	LIST_ENTRY(entry)	 chain;
	char			*path;
	struct domain		 selector, domain;
	struct stat		 seen;
	struct dkim_private_key	*key;	/* NULL: not usable */
	enum dkim_key_match	 match;	/* MATCHES: its record fits */
	enum dkim_key_match	 told;	/* in the log */
	int64_t			 used, check, warned;
};
TAILQ_HEAD(uses, entry);
LIST_HEAD(bucket, entry);

struct keydir {
	const struct config_sign_directory *config;
	struct keylayout	*layout;
	pthread_mutex_t		 lock;		/* of what follows */
	struct uses		 uses;		/* the latest first */
	size_t			 count;
	int64_t			 complained;
	struct bucket		 buckets[BUCKETS];
};

/* ---- the table; under the lock ---- */

static struct bucket *
bucket_of(struct keydir *d, const char *path)
{
	return &d->buckets[hash_keyed(slice_str(path), 0) & (BUCKETS - 1)];
}

static struct entry *
find(struct keydir *d, const char *path)
{
	struct entry *e;

	LIST_FOREACH(e, bucket_of(d, path), chain) {
		if (strcmp(e->path, path) == 0)
			return e;
	}
	return NULL;
}

static void
drop(struct keydir *d, struct entry *e)
{
	TAILQ_REMOVE(&d->uses, e, use);
	LIST_REMOVE(e, chain);
	d->count--;
	dkim_private_key_free(e->key);
	mem_free(e->path);
	mem_free(e);
}

static struct entry *
add(struct keydir *d, const struct keylayout_file *f, struct slice domain)
{
	struct entry *e = mem_alloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->path = mem_dup(f->path, strlen(f->path));
	if (e->path == NULL) {
		mem_free(e);
		return NULL;
	}
	e->selector = f->selector;
	(void)domain_parse(domain, &e->domain);
	e->told = DKIM_KEY_UNKNOWN;
	if (d->count == LIMIT_KEYDIR_KEYS)
		drop(d, TAILQ_LAST(&d->uses, uses));
	TAILQ_INSERT_HEAD(&d->uses, e, use);
	LIST_INSERT_HEAD(bucket_of(d, e->path), e, chain);
	d->count++;
	return e;
}

/* ---- making and freeing ---- */

static bool
check_folder(const char *path, char *why, size_t why_size)
{
	DIR *folder = opendir(path);
	struct stat st;

	if (folder == NULL) {
		snprintf(why, why_size, "cannot read the folder: %s",
		    strerror(errno));
		return false;
	}
	if (fstat(dirfd(folder), &st) == 0 && (st.st_mode & S_IWOTH) != 0) {
		snprintf(why, why_size, "the folder is world-writable: chmod "
		    "o-w %s", path);
		(void)closedir(folder);
		return false;
	}
	(void)closedir(folder);
	return true;
}

struct keydir *
keydir_new(const struct config_sign_directory *c, char *why, size_t why_size)
{
	struct keydir *d;

	if (!check_folder(c->path, why, why_size))
		return NULL;
	snprintf(why, why_size, "no memory for keys");
	d = mem_alloc(sizeof(*d));
	if (d == NULL)
		return NULL;
	d->config = c;
	TAILQ_INIT(&d->uses);
	d->layout = keylayout_new(c);
	if (d->layout == NULL || pthread_mutex_init(&d->lock, NULL) != 0) {
		keylayout_free(d->layout);
		mem_free(d);
		return NULL;
	}
	return d;
}

void
keydir_free(struct keydir *d)
{
	if (d == NULL)
		return;
	while (!TAILQ_EMPTY(&d->uses))
		drop(d, TAILQ_FIRST(&d->uses));
	pthread_mutex_destroy(&d->lock);
	keylayout_free(d->layout);
	mem_free(d);
}

size_t
keydir_count(struct keydir *d)
{
	size_t count;

	pthread_mutex_lock(&d->lock);
	count = d->count;
	pthread_mutex_unlock(&d->lock);
	return count;
}

/* ---- one key ---- */

/* What a thread has of an entry. */
struct candidate {
	struct dkim_private_key	*key;	/* a reference, or NULL */
	enum dkim_key_match	 match;
};

static void
take(struct keydir *d, struct entry *e, int64_t now, struct candidate *out)
{
	TAILQ_REMOVE(&d->uses, e, use);
	TAILQ_INSERT_HEAD(&d->uses, e, use);
	e->used = now;
	out->match = e->match;
	out->key = e->key != NULL ? dkim_private_key_ref(e->key) : NULL;
}

static bool
look_up(struct keydir *d, const struct keylayout_file *f, int64_t now,
    struct candidate *out)
{
	struct entry *e;
	bool found;

	pthread_mutex_lock(&d->lock);
	e = find(d, f->path);
	found = e != NULL && file_is_same(&e->seen, &f->st);
	if (found)
		take(d, e, now, out);
	pthread_mutex_unlock(&d->lock);
	return found;
}

/* Takes over `key`, NULL for a file that is of no use.  False: no memory. */
static bool
keep(struct keydir *d, const struct keylayout_file *f, struct slice domain,
    struct dkim_private_key *key, int64_t now, struct candidate *out)
{
	struct entry *e;

	pthread_mutex_lock(&d->lock);
	e = find(d, f->path);
	if (e == NULL)
		e = add(d, f, domain);
	if (e == NULL) {
		pthread_mutex_unlock(&d->lock);
		dkim_private_key_free(key);
		return false;
	}
	e->seen = f->st;
	if (key != NULL) {
		dkim_private_key_free(e->key);
		e->key = key;
		e->match = e->told = DKIM_KEY_UNKNOWN;
		e->check = 0;
	}
	take(d, e, now, out);
	pthread_mutex_unlock(&d->lock);
	return true;
}

static bool
get(struct keydir *d, const struct keylayout_file *f, struct slice domain,
    int64_t now, struct candidate *out)
{
	unsigned long failures = mem_failures();
	struct dkim_private_key *key;
	char why[512];

	if (look_up(d, f, now, out))
		return true;
	key = dkim_private_key_read(f->path, why, sizeof(why));
	if (key == NULL && (mem_failures() != failures ||
	    slice_same_str(why, "out of memory")))
		return false;
	if (!keep(d, f, domain, key, now, out))
		return false;
	if (key == NULL)
		log_line(CONFIG_LOG_ERROR, "key %s: %s%s", f->path, why,
		    out->key != NULL ? "; the previous key is still used" : "");
	return true;
}

/* ---- which keys sign ---- */

static bool
is_of(const struct candidate *c, enum dkim_key_type type)
{
	return c->key != NULL && dkim_private_key_type(c->key) == type;
}

/* Step 3 for one type; `count` for none. */
static size_t
pick(const struct candidate *c, size_t count, enum dkim_key_type type)
{
	size_t i, unknown = count;

	for (i = 0; i < count; i++) {
		if (!is_of(&c[i], type))
			continue;
		if (c[i].match == DKIM_KEY_MATCHES)
			return i;
		if (c[i].match == DKIM_KEY_UNKNOWN)
			unknown = i;
	}
	for (i = 0; i < count && unknown == count; i++)
		if (is_of(&c[i], type))
			return i;
	return unknown;
}

/* Once an hour: the newest waits for its record. */
static void
warn(struct keydir *d, const struct keylayout_file *newest,
    const struct keylayout_file *chosen, struct slice domain, int64_t now)
{
	struct entry *e;
	bool due;

	pthread_mutex_lock(&d->lock);
	e = find(d, newest->path);
	due = e != NULL && (e->match == DKIM_KEY_ABSENT ||
	    e->match == DKIM_KEY_DIFFERS) && now - e->warned >= WARN_SECONDS;
	if (due)
		e->warned = now;
	pthread_mutex_unlock(&d->lock);
	if (due)
		log_line(CONFIG_LOG_WARNING, "key rotation: DNS does not have "
		    "the record of the newest key of %.*s, %s; %s still signs",
		    SLICE_ARG(domain), newest->selector.text,
		    chosen->selector.text);
}

static void
choose(struct keydir *d, const struct keylayout_files *files,
    struct candidate *c, struct slice domain, int64_t now,
    struct keydir_choice *out)
{
	static const enum dkim_key_type types[KEYDIR_SIGNERS] = {
		DKIM_KEY_RSA, DKIM_KEY_ED25519 };
	size_t t, at, newest;

	for (t = 0; t < KEYDIR_SIGNERS; t++) {
		at = pick(c, files->count, types[t]);
		if (at == files->count)
			continue;
		for (newest = 0; !is_of(&c[newest], types[t]); newest++)
			continue;
		if (newest != at)
			warn(d, &files->files[newest], &files->files[at],
			    domain, now);
		out->selectors[out->count] = files->files[at].selector;
		out->keys[out->count++] = dkim_private_key_ref(c[at].key);
	}
}

static void
complain(struct keydir *d, struct slice domain, int error, int64_t now)
{
	bool due;

	pthread_mutex_lock(&d->lock);
	due = now - d->complained >= ERROR_SECONDS;
	if (due)
		d->complained = now;
	pthread_mutex_unlock(&d->lock);
	if (due)
		log_line(CONFIG_LOG_ERROR, "keys of %.*s in %s: %s; those read "
		    "before are still used", SLICE_ARG(domain),
		    d->config->path, strerror(error));
}

/* Step 1 when the folder cannot be seen: what is kept of the domain. */
static void
recall(struct keydir *d, struct slice domain, struct keylayout_files *out)
{
	struct keylayout_file f;
	struct entry *e;

	pthread_mutex_lock(&d->lock);
	TAILQ_FOREACH(e, &d->uses, use) {
		if (e->key == NULL ||
		    !slice_eq(domain_slice(&e->domain), domain))
			continue;
		f.selector = e->selector;
		f.st = e->seen;
		memcpy(f.path, e->path, strlen(e->path) + 1);
		keylayout_insert(out, &f);
	}
	pthread_mutex_unlock(&d->lock);
}

static enum keydir_status
choose_of(struct keydir *d, struct keylayout_files *files,
    struct slice domain, int64_t now, struct keydir_choice *out)
{
	struct candidate c[LIMIT_SIGN_KEYS] = { { .key = NULL } };
	bool good = keylayout_find(d->layout, domain, files);
	size_t i;

	if (files->error != 0)
		complain(d, domain, files->error, now);
	if (files->error != 0 && good && files->count == 0)
		recall(d, domain, files);
	for (i = 0; i < files->count && good; i++)
		good = get(d, &files->files[i], domain, now, &c[i]);
	if (good)
		choose(d, files, c, domain, now, out);
	for (i = 0; i < files->count; i++)
		dkim_private_key_free(c[i].key);
	return !good ? KEYDIR_FAILED : out->count > 0 ? KEYDIR_READY :
	    files->count > 0 || files->error != 0 ? KEYDIR_UNUSABLE :
	    KEYDIR_NONE;
}

enum keydir_status
keydir_choose(struct keydir *d, struct slice domain, int64_t now,
    struct keydir_choice *out)
{
	struct keylayout_files *files = mem_alloc(sizeof(*files));
	enum keydir_status status;

	out->count = 0;
	if (files == NULL)
		return KEYDIR_FAILED;
	status = choose_of(d, files, domain, now, out);
	mem_free(files);
	return status;
}

void
keydir_release(struct keydir_choice *c)
{
	while (c->count > 0)
		dkim_private_key_free(c->keys[--c->count]);
}

/* ---- records ---- */

static bool
is_due(const struct entry *e, int64_t now)
{
	return e->key != NULL && e->check <= now;
}

size_t
keydir_ask(struct keydir *d, int64_t now, struct keydir_question *out,
    size_t max)
{
	struct entry *e;
	size_t count = 0;
	char *path;

	pthread_mutex_lock(&d->lock);
	TAILQ_FOREACH(e, &d->uses, use) {
		if (count == max || e->used < now - USED_SECONDS)
			break;
		if (!is_due(e, now))
			continue;
		path = mem_dup(e->path, strlen(e->path));
		if (path == NULL)
			break;
		e->check = now + CHECK_SECONDS;
		out[count++] = (struct keydir_question){
			.selector = e->selector, .domain = e->domain,
			.key = dkim_private_key_ref(e->key), .path = path };
	}
	pthread_mutex_unlock(&d->lock);
	return count;
}

/* DNS trouble changes nothing. */
static bool
note(struct entry *e, enum dkim_key_match match, int64_t now)
{
	bool news = e->told != match && match != DKIM_KEY_UNKNOWN;

	if (match == DKIM_KEY_UNKNOWN)
		return false;
	e->match = e->told = match;
	if (match == DKIM_KEY_MATCHES)
		e->check = now + FITS_SECONDS;
	return news;
}

bool
keydir_answer(struct keydir *d, struct keydir_question *q,
    enum dkim_key_match match, int64_t now)
{
	struct entry *e;
	bool news;

	pthread_mutex_lock(&d->lock);
	e = find(d, q->path);
	news = e != NULL && e->key == q->key && note(e, match, now);
	pthread_mutex_unlock(&d->lock);
	dkim_private_key_free(q->key);
	mem_free(q->path);
	return news;
}

/* ---- all of them ---- */

struct survey {
	struct keydir_survey	*sum;
	keydir_problem_fn	*fn;
	void			*arg;
};

/* A keylayout_fn. */
static void
look_at(void *arg, const char *path)
{
	struct survey *s = arg;
	char why[512], text[PATH_MAX + sizeof(why) + sizeof("key : ")];
	struct dkim_private_key *key;

	s->sum->keys++;
	if (s->sum->checked == LIMIT_KEYDIR_CHECKED)
		return;
	s->sum->checked++;
	key = dkim_private_key_read(path, why, sizeof(why));
	if (key == NULL) {
		s->sum->bad++;
		snprintf(text, sizeof(text), "key %s: %s", path, why);
		s->fn(s->arg, text);
	}
	dkim_private_key_free(key);
}

bool
keydir_survey(struct keydir *d, struct keydir_survey *out,
    keydir_problem_fn *fn, void *arg, char *why, size_t why_size)
{
	struct survey s = { .sum = out, .fn = fn, .arg = arg };
	int error;

	*out = (struct keydir_survey){ .keys = 0 };
	error = keylayout_each(d->layout, look_at, &s);
	if (error != 0)
		snprintf(why, why_size, "cannot read the folder: %s",
		    strerror(error));
	return error == 0;
}
