/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer of the store: several threads put records, none waits, and all
 * of them are in the database or counted at the end.
 */
#include "store/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/store_internal.h"
#include "tests/tap.h"

#define THREADS 4
#define EACH 500

static char folder[] = "/tmp/assay-writer-XXXXXX";
static char name[100], spool[100];

static void *
put_some(void *arg)
{
	struct store_writer_figures f;
	struct event *e;
	unsigned int i;

	for (i = 0; i < EACH; i++) {
		e = event_new("message", 1790000000 + i);
		if (e == NULL)
			continue;
		event_text(e, "client", SLICE("192.0.2.1"));
		event_text(e, "told", SLICE("accepted"));
		store_writer_event(arg, e);
		store_writer_figures(arg, &f);
		event_free(e);
	}
	return NULL;
}

static void
put_all(struct store_writer *w)
{
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, put_some, w) != 0)
			exit(1);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static struct store_writer *
start(const char *store)
{
	const struct store_writer_options o = { .name = store,
		.spool = spool, .host = "mx.example.org", .keep = 36500 };

	return store_writer_start(&o);
}

static void
remove_files(void)
{
	static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm",
		"spool" };
	char path[120];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
}

int
main(void)
{
	struct store_writer_figures f;
	struct store_writer *w;

#ifndef HAVE_SQLITE
	printf("1..0 # SKIP built without SQLite\n");
	return 0;
#endif
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(name, sizeof(name), "sqlite:%s/a.db", folder);
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	w = start(name);
	if (!ok(w != NULL, "a writer"))
		return 1;
	put_all(w);
	store_writer_end(w, 60000);
	store_writer_figures(w, &f);
	is_num((long long)(f.stored + f.dropped), THREADS * EACH,
	    "every record is stored, or counted as lost");
	is_num((long long)f.dropped, 0, "none is lost");
	is_num((long long)f.waiting, 0, "none waits");
	put_some(w);
	store_writer_figures(w, &f);
	is_num((long long)f.dropped, EACH, "none is taken after the end");
	remove_files();
	(void)rmdir(folder);
	return tap_done();
}
