/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate: the tables and their version.
 *
 * A daemon makes the tables and brings older ones up to date; of several that
 * start at once one does it.  Nobody touches tables of a later version: what
 * it would write could be wrong.
 *
 *  1. What assay_meta says is read; most often all is well.
 *  2. A transaction that nobody else is in reads it again, makes one step
 *     after the other, and writes the new version.  One that does not come
 *     to its end has changed nothing.
 */
#include "store/store_internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/schema_internal.h"

#define PART 1000		/* rows that are moved at once */
#define PART_MEMORY (1u << 20)

struct meta {
	bool		 present;
	int64_t		 schema;
	uint64_t	 secret[2];
};

/* ---- what assay_meta says ---- */

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

/* ---- what a step does beside its statements ---- */

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

void
store_reverse(struct slice domain, struct buf *out)
{
	size_t dot;

	buf_reset(out);
	while ((dot = slice_find_last(domain, '.')) < domain.len) {
		buf_add(out, slice_from(domain, dot + 1));
		buf_addc(out, '.');
		domain.len = dot;
	}
	buf_add(out, domain);
}

/* Correspondents of version 1, as many as are moved at once. */
struct moving {
	struct arena	*arena;
	size_t		 count;
	struct {
		struct slice	 domain;
		int64_t		 day;
	}		 rows[PART];
	size_t		 last_len;	/* of the last one that was moved */
	char		 last[RECORD_TEXT];
};

/* A db_row_fn. */
static bool
take_correspondent(void *arg, const struct db_value *c)
{
	struct moving *m = arg;

	m->rows[m->count].domain = arena_dup(m->arena,
	    slice_head(c[0].text, RECORD_TEXT));
	m->rows[m->count++].day = c[1].number;
	return m->count < PART;
}

static void
take_part(struct db *db, struct moving *m)
{
	struct slice last = { m->last, m->last_len };

	m->count = 0;
	arena_reset(m->arena);
	db_query(db, "SELECT domain, day FROM assay_correspondent_1 "
	    "WHERE domain > $1 ORDER BY domain LIMIT $2", DB_ARRAY(DB_T(last),
	    DB_N(PART)), take_correspondent, m);
	if (arena_failed(m->arena))
		db_fail(db, STORE_NO_MEMORY, "no memory for new tables");
	if (m->count == 0 || db->status != STORE_OK)
		return;
	last = m->rows[m->count - 1].domain;
	memcpy(m->last, last.ptr, last.len);
	m->last_len = last.len;
}

static void
move_part(struct db *db, struct moving *m)
{
	struct buf name;
	size_t i;

	take_part(db, m);
	buf_init(&name, RECORD_TEXT + 1);
	for (i = 0; i < m->count && db->status == STORE_OK; i++) {
		store_reverse(m->rows[i].domain, &name);
		if (buf_failed(&name))
			db_fail(db, STORE_NO_MEMORY, "no memory for a name");
		db_run(db, "INSERT INTO assay_correspondent "
		    "VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", DB_ARRAY(
		    DB_T(buf_slice(&name)), DB_N(m->rows[i].day)), NULL);
	}
	buf_fini(&name);
}

static void
turn_correspondents(struct db *db)
{
	struct moving *m = mem_alloc(sizeof(*m));

	if (m != NULL)
		m->arena = arena_new(PART_MEMORY);
	if (m == NULL || m->arena == NULL) {
		db_fail(db, STORE_NO_MEMORY, "no memory for new tables");
		mem_free(m);
		return;
	}
	do
		move_part(db, m);
	while (m->count == PART && db->status == STORE_OK);
	db_script(db, "DROP TABLE assay_correspondent_1");
	arena_free(m->arena);
	mem_free(m);
}

/* As the steps of a driver. */
static void (*const conversions[STORE_SCHEMA])(struct db *db) = {
	make_secret, turn_correspondents, NULL
};

/* ---- step 2 ---- */

static void
make_steps(struct db *db, struct meta *m)
{
	int64_t i;

	db_script(db, db->driver->begin_schema);
	db->within = db->status == STORE_OK;
	read_meta(db, m);
	if (m->schema >= STORE_SCHEMA)
		return;
	for (i = m->schema; i < STORE_SCHEMA && db->status == STORE_OK; i++) {
		db_script(db, db->driver->steps[i]);
		if (conversions[i] != NULL)
			conversions[i](db);
	}
	db_run(db, "UPDATE assay_meta SET number = $1 "
	    "WHERE name = 'schema'", DB_ARRAY(DB_N(STORE_SCHEMA)), NULL);
}

static void
migrate(struct db *db, struct meta *m)
{
	enum store_status status;

	db->slow = true;
	make_steps(db, m);
	status = db_end(db);
	db->slow = false;
	if (status == STORE_OK)
		read_meta(db, m);
	else
		db->status = status;
}

/* ---- step 1 ---- */

void
store_migrate(struct store *s, enum store_mode mode)
{
	struct db *db = s->db;
	struct meta m;

	read_meta(db, &m);
	if (mode == STORE_MAKE && db->status == STORE_OK &&
	    m.schema < STORE_SCHEMA)
		migrate(db, &m);
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
