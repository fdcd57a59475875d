/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: opening a database, its tables, their version.
 *
 * A daemon makes the tables and brings older ones up to date; of several that
 * start at once one does it.  Nobody touches tables of a later version: what
 * it would write could be wrong.
 */
#include "store/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/schema_internal.h"

/* ---- status ---- */

const char *
store_why(const struct store *s)
{
	return s->why;
}

enum store_status
store_note(struct store *s, enum store_status status)
{
	if (status != STORE_OK)
		snprintf(s->why, sizeof(s->why), "%s", s->db->why);
	return status;
}

enum store_status
store_end(struct store *s)
{
	return store_note(s, db_end(s->db));
}

/* ---- what assay_meta says ---- */

struct meta {
	bool		 present;
	int64_t		 schema;
	uint64_t	 secret[2];
};

/* A db_row_fn. */
static bool
take_presence(void *arg, const struct db_value *columns)
{
	((struct meta *)arg)->present = columns[0].number > 0;
	return true;
}

static bool
take_meta(void *arg, const struct db_value *columns)
{
	struct meta *m = arg;

	if (slice_eq(columns[0].text, SLICE("schema")))
		m->schema = columns[1].number;
	else if (slice_eq(columns[0].text, SLICE("secret-0")))
		m->secret[0] = (uint64_t)columns[1].number;
	else if (slice_eq(columns[0].text, SLICE("secret-1")))
		m->secret[1] = (uint64_t)columns[1].number;
	return true;
}

static void
read_meta(struct db *db, struct meta *m)
{
	*m = (struct meta){ .present = false };
	db_query(db, db->driver->present, NULL, 0, take_presence, m);
	if (m->present)
		db_query(db, "SELECT name, number FROM assay_meta", NULL, 0,
		    take_meta, m);
}

static void
make_secret(struct db *db)
{
	uint64_t secret[2];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
		db_fail(db, STORE_AWAY, "no random numbers");
		return;
	}
	db_run(db, "INSERT INTO assay_meta VALUES ('secret-0', $1), "
	    "('secret-1', $2)", DB_ARRAY(DB_N(secret[0]), DB_N(secret[1])),
	    NULL);
}

/* From what is there to what this version has. */
static void
migrate(struct db *db)
{
	struct meta m;
	int64_t i;

	if (db->status == STORE_OK)
		db->driver->script(db, db->driver->begin_schema);
	db->within = db->status == STORE_OK;
	read_meta(db, &m);
	for (i = m.schema; i < STORE_SCHEMA && db->status == STORE_OK; i++) {
		db->driver->script(db, db->driver->steps[i]);
		if (i == 0)
			make_secret(db);
	}
	if (m.schema < STORE_SCHEMA)
		db_run(db, "UPDATE assay_meta SET number = $1 "
		    "WHERE name = 'schema'", DB_ARRAY(DB_N(STORE_SCHEMA)),
		    NULL);
}

static void
check_schema(struct store *s, enum store_mode mode)
{
	struct db *db = s->db;
	struct meta m;

	read_meta(db, &m);
	if (mode == STORE_MAKE && db->status == STORE_OK &&
	    m.schema < STORE_SCHEMA) {
		migrate(db);
		if (db_end(db) == STORE_OK)
			read_meta(db, &m);
		else
			db->status = STORE_AWAY;
	}
	if (!m.present)
		db_fail(db, STORE_ABSENT, "no daemon has written to it yet");
	else if (m.schema > STORE_SCHEMA)
		db_fail(db, STORE_NEWER, "its tables are of version %" PRId64
		    ", made by a later assay; this one knows %d", m.schema,
		    STORE_SCHEMA);
	else if (m.schema < STORE_SCHEMA)
		db_fail(db, STORE_AWAY, "its tables are of version %" PRId64
		    ": the daemon brings them up to date", m.schema);
	memcpy(s->secret, m.secret, sizeof(s->secret));
}

/* ---- opening ---- */

static struct store *
open_with(const struct db_driver *driver, const char *name,
    enum store_mode mode, enum store_status *status, char *why,
    size_t why_size)
{
	struct store *s = mem_alloc(sizeof(*s));

	*status = STORE_NO_MEMORY;
	snprintf(why, why_size, "no memory");
	if (s == NULL)
		return NULL;
	s->db = driver->open(name, mode, status, why, why_size);
	if (s->db != NULL) {
		check_schema(s, mode);
		*status = s->db->status;
		if (store_end(s) == STORE_OK)
			return s;
		snprintf(why, why_size, "%s", s->why);
	}
	store_close(s);
	return NULL;
}

struct store *
store_open(const char *name, enum store_mode mode, enum store_status *status,
    char *why, size_t why_size)
{
	struct slice text = slice_str(name);
	const char *problem;

	if (!store_name_check(text, &problem)) {
		*status = STORE_REFUSED;
		snprintf(why, why_size, "a store is %s", problem);
		return NULL;
	}
	return open_with(db_driver_of(text), name, mode, status, why,
	    why_size);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		s->db->driver->close(s->db);
	mem_free(s->known);
	mem_free(s);
}

void
store_key(const struct store *s, const char *purpose, uint64_t key[2])
{
	key[0] = hash_with(s->secret, slice_str(purpose), 1);
	key[1] = hash_with(s->secret, slice_str(purpose), 2);
}
