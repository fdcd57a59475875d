/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db: what all kinds of databases have in common.
 */
#include "store/db_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef HAVE_SQLITE
#define HAVE_SQLITE 0
#endif
#ifndef HAVE_LIBPQ
#define HAVE_LIBPQ 0
#endif

/* Those that this assay was configured with. */
static const struct db_driver *const drivers[] = {
#if HAVE_SQLITE
	&db_sqlite,
#endif
#if HAVE_LIBPQ
	&db_postgresql,
#endif
	NULL
};

const struct db_driver *
db_driver_of(struct slice name)
{
	const struct db_driver *const *d;

	for (d = drivers; *d != NULL; d++)
		if (slice_starts(name, slice_str((*d)->prefix)))
			return *d;
	return NULL;
}

bool
store_name_check(struct slice name, const char **problem)
{
	struct slice path = slice_from(name, sizeof("sqlite:") - 1);

	*problem = "\"sqlite:/PATH\" or \"postgresql://...\"";
	if (slice_starts(name, SLICE("sqlite:"))) {
		if (!slice_starts(path, SLICE("/")) ||
		    slice_find(path, '\0') < path.len)
			return false;
	} else if (!slice_starts(name, SLICE("postgresql://"))) {
		return false;
	}
	*problem = "a kind of database that assay was built with";
	return db_driver_of(name) != NULL;
}

void
db_fail(struct db *db, enum store_status status, const char *fmt, ...)
{
	va_list ap;

	if (db->status != STORE_OK)
		return;
	db->status = status;
	va_start(ap, fmt);
	vsnprintf(db->why, sizeof(db->why), fmt, ap);
	va_end(ap);
}

void
db_run(struct db *db, const char *sql, const struct db_value *values,
    size_t count, int64_t *changed)
{
	if (changed != NULL)
		*changed = 0;
	if (db->status == STORE_OK)
		db->driver->run(db, sql, values, count, changed);
}

void
db_script(struct db *db, const char *text)
{
	if (db->status == STORE_OK)
		db->driver->script(db, text);
}

void
db_sync(struct db *db)
{
	db->driver->sync(db);
}

void
db_query(struct db *db, const char *sql, const struct db_value *values,
    size_t count, db_row_fn *fn, void *arg)
{
	if (db->status == STORE_OK)
		db->driver->query(db, sql, values, count, fn, arg);
}

void
db_begin(struct db *db)
{
	if (db->driver->look != NULL)
		db->driver->look(db);
	db_script(db, db->driver->begin);
	db->within = db->status == STORE_OK;
}

enum store_status
db_end(struct db *db)
{
	enum store_status status;
	char why[sizeof(db->why)];

	db->driver->sync(db);
	if (db->within)
		db_script(db, "COMMIT");
	status = db->status;
	if (db->within && status != STORE_OK) {
		/* The reason stays; that this fails as well says nothing. */
		memcpy(why, db->why, sizeof(why));
		db->status = STORE_OK;
		db->driver->script(db, "ROLLBACK");
		memcpy(db->why, why, sizeof(why));
	}
	db->within = false;
	db->status = STORE_OK;
	return status;
}
