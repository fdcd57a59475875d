/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postgresql: a database that several hosts share.
 *
 * Statements of a transaction are sent one after the other and their results
 * are read together (pipeline mode), so that a batch costs a few round trips.
 * Values travel in binary form.  A daemon that waits for an answer gives up
 * after LIMIT_STORE_ANSWER_MS: its records then go elsewhere.
 */
#include "store/db_internal.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/library.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/schema_internal.h"

/* Of libpq, which brings a dozen libraries along. */
#define FUNCTIONS(X) X(PQ, cancel) X(PQ, clear) X(PQ, cmdTuples) \
	X(PQ, connectdbParams) X(PQ, consumeInput) \
	X(PQ, enterPipelineMode) X(PQ, errorMessage) \
	X(PQ, exitPipelineMode) X(PQ, finish) X(PQ, flush) \
	X(PQ, freeCancel) X(PQ, ftype) X(PQ, getCancel) X(PQ, getResult) \
	X(PQ, getisnull) X(PQ, getlength) X(PQ, getvalue) X(PQ, isBusy) \
	X(PQ, nfields) X(PQ, pipelineSync) X(PQ, resultErrorField) \
	X(PQ, resultErrorMessage) X(PQ, resultStatus) X(PQ, sendPrepare) \
	X(PQ, sendQuery) X(PQ, sendQueryPrepared) \
	X(PQ, setNoticeProcessor) X(PQ, setSingleRowMode) \
	X(PQ, setnonblocking) X(PQ, socket) X(PQ, status)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib
#ifndef LIBPQ_FILE
#define LIBPQ_FILE NULL
= { FUNCTIONS(LIBRARY_LINKED) }
#endif
;
static const struct library_function functions[] = {
	FUNCTIONS(LIBRARY_FUNCTION)
};
static struct library library = LIBRARY(LIBPQ_FILE, functions);

#define STATEMENTS 48
#define PENDING 200		/* statements sent and not yet answered */

/* Types of values: the OIDs of PostgreSQL, which are fixed. */
#define OID_BYTES 17
#define OID_NUMBER 20
#define OID_TEXT 25

struct pgsql {
	struct db	 db;
	PGconn		*conn;
	bool		 patient;	/* waits as long as it takes */
	const char	*cache[STATEMENTS];	/* static: compared as is */
	size_t		 cached;
	bool		 pipeline;
	int64_t		*pending[PENDING];
	size_t		 pending_count;
};

static struct pgsql *
own(struct db *db)
{
	return (struct pgsql *)(void *)db;
}

/* ---- failures ---- */

/* Only what is wrong with values is not to be tried again. */
static enum store_status
status_of(const char *state)
{
	if (state != NULL && (strncmp(state, "22", 2) == 0 ||
	    strncmp(state, "23", 2) == 0))
		return STORE_REFUSED;
	return STORE_AWAY;
}

/* The first line of what libpq says. */
static void
fail(struct pgsql *d, const char *state, const char *text)
{
	size_t len = strcspn(text, "\n");

	db_fail(&d->db, status_of(state), "%.*s", (int)len, text);
}

static void
fail_result(struct pgsql *d, const PGresult *r)
{
	const char *text = lib.resultErrorMessage(r);

	fail(d, lib.resultErrorField(r, PG_DIAG_SQLSTATE), text[0] != '\0' ?
	    text : "no answer that is understood");
}

/* A NoticeProcessor: not on stderr. */
static void
ignore_notice(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* ---- waiting ---- */

/* False: no answer in time, or the connection has gone. */
static bool
wait_for_answer(struct pgsql *d)
{
	int64_t until = clock_us() + INT64_C(1000) * (d->db.slow ?
	    LIMIT_STORE_MIGRATION_MS : LIMIT_STORE_ANSWER_MS), left;
	struct pollfd p = { .fd = lib.socket(d->conn) };
	int unsent;

	while (lib.isBusy(d->conn) != 0) {
		unsent = lib.flush(d->conn);
		left = until - clock_us();
		if (unsent < 0 || (!d->patient && left <= 0))
			break;
		p.events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
		if (poll(&p, 1, d->patient ? -1 : (int)(left / 1000) + 1) < 0 &&
		    errno != EINTR)
			break;
		if ((p.revents & ~POLLOUT) != 0 &&
		    lib.consumeInput(d->conn) == 0)
			break;
	}
	if (lib.isBusy(d->conn) == 0)
		return true;
	fail(d, NULL, lib.status(d->conn) == CONNECTION_OK ?
	    "the database does not answer" : lib.errorMessage(d->conn));
	return false;
}

/* NULL at the end of a statement's results, or with db.status set. */
static PGresult *
next_result(struct pgsql *d)
{
	return wait_for_answer(d) ? lib.getResult(d->conn) : NULL;
}

/* All results of what was sent outside of a pipeline. */
static void
finish(struct pgsql *d)
{
	PGresult *r;

	while ((r = next_result(d)) != NULL) {
		if (lib.resultStatus(r) != PGRES_COMMAND_OK &&
		    lib.resultStatus(r) != PGRES_TUPLES_OK)
			fail_result(d, r);
		lib.clear(r);
		if (lib.status(d->conn) != CONNECTION_OK)
			return;
	}
}

/* ---- the pipeline ---- */

static void
take_change(struct pgsql *d, size_t at, PGresult *r)
{
	const char *count = lib.cmdTuples(r);
	unsigned long long n;

	if (lib.resultStatus(r) != PGRES_COMMAND_OK)
		fail_result(d, r);
	else if (d->pending[at] != NULL &&
	    slice_number(slice_str(count), INT64_MAX, &n))
		*d->pending[at] = (int64_t)n;
}

/* Of each statement: its result, then NULL.  At last, the sync's own. */
static void
read_pipeline(struct pgsql *d)
{
	size_t at = 0;
	PGresult *r;

	for (;;) {
		r = next_result(d);
		if (r == NULL && (d->db.status == STORE_AWAY &&
		    lib.isBusy(d->conn) != 0))
			return;
		if (r == NULL) {
			if (++at > d->pending_count)
				return;
			continue;
		}
		if (lib.resultStatus(r) == PGRES_PIPELINE_SYNC) {
			lib.clear(r);
			return;
		}
		if (at < d->pending_count)
			take_change(d, at, r);
		lib.clear(r);
	}
}

static void
pgsql_sync(struct db *db)
{
	struct pgsql *d = own(db);

	if (!d->pipeline)
		return;
	if (lib.pipelineSync(d->conn) == 0)
		fail(d, NULL, lib.errorMessage(d->conn));
	else
		read_pipeline(d);
	d->pending_count = 0;
	d->pipeline = false;
	if (lib.exitPipelineMode(d->conn) == 0)
		fail(d, NULL, lib.errorMessage(d->conn));
}

/* ---- statements ---- */

static void
pgsql_script(struct db *db, const char *text)
{
	struct pgsql *d = own(db);

	pgsql_sync(db);
	if (lib.sendQuery(d->conn, text) == 0)
		fail(d, NULL, lib.errorMessage(d->conn));
	else
		finish(d);
}

static Oid
oid_of(enum db_kind kind)
{
	switch (kind) {
	case DB_NUMBER:
		return OID_NUMBER;
	case DB_BYTES:
		return OID_BYTES;
	case DB_TEXT:
	case DB_NULL:
		break;
	}
	return OID_TEXT;
}

/* The name of a statement: its place among those of the connection. */
static void
name_of(size_t at, char out[24])
{
	snprintf(out, 24, "s%zu", at);
}

/* Prepares it when it is not yet; false: it cannot be. */
static bool
prepare(struct pgsql *d, const char *sql, const struct db_value *values,
    size_t count, char name[24])
{
	Oid types[DB_COLUMNS];
	size_t i;

	for (i = 0; i < d->cached && d->cache[i] != sql; i++)
		;
	name_of(i, name);
	if (i < d->cached)
		return true;
	if (i == STATEMENTS) {
		db_fail(&d->db, STORE_AWAY, "too many statements");
		return false;
	}
	pgsql_sync(&d->db);
	for (i = 0; i < count; i++)
		types[i] = oid_of(values[i].kind);
	if (d->db.status == STORE_OK && lib.sendPrepare(d->conn, name, sql,
	    (int)count, types) == 0)
		fail(d, NULL, lib.errorMessage(d->conn));
	else if (d->db.status == STORE_OK)
		finish(d);
	if (d->db.status == STORE_OK)
		d->cache[d->cached++] = sql;
	return d->db.status == STORE_OK;
}

/* The values of a statement, as libpq wants them. */
struct parameters {
	const char	*values[DB_COLUMNS];
	int		 lengths[DB_COLUMNS], formats[DB_COLUMNS];
	char		 numbers[DB_COLUMNS][8];
};

static void
put_number(int64_t number, char out[8])
{
	uint64_t n = (uint64_t)number;
	size_t i;

	for (i = 8; i-- > 0; n >>= 8)
		out[i] = (char)(unsigned char)(n & 0xff);
}

static void
fill(struct parameters *p, const struct db_value *values, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		p->formats[i] = 1;
		p->values[i] = p->numbers[i];
		p->lengths[i] = 8;
		if (values[i].kind == DB_NUMBER) {
			put_number(values[i].number, p->numbers[i]);
		} else if (values[i].kind == DB_NULL) {
			p->values[i] = NULL;
		} else {
			if (values[i].text.len > 0)
				p->values[i] = values[i].text.ptr;
			p->lengths[i] = (int)values[i].text.len;
		}
	}
}

static bool
send_statement(struct pgsql *d, const char *name,
    const struct db_value *values, size_t count)
{
	struct parameters p;

	fill(&p, values, count);
	if (lib.sendQueryPrepared(d->conn, name, (int)count, p.values,
	    p.lengths, p.formats, 1) != 0)
		return true;
	fail(d, NULL, lib.errorMessage(d->conn));
	return false;
}

static void
pgsql_run(struct db *db, const char *sql, const struct db_value *values,
    size_t count, int64_t *changed)
{
	struct pgsql *d = own(db);
	char name[24];

	if (!prepare(d, sql, values, count, name))
		return;
	if (d->pending_count == PENDING)
		pgsql_sync(db);
	if (!d->pipeline && lib.enterPipelineMode(d->conn) == 0) {
		fail(d, NULL, lib.errorMessage(d->conn));
		return;
	}
	d->pipeline = true;
	if (send_statement(d, name, values, count))
		d->pending[d->pending_count++] = changed;
}

/* ---- rows ---- */

static int64_t
get_number(const char *octets)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		n = n << 8 | (unsigned char)octets[i];
	return (int64_t)n;
}

static struct db_value
column(const PGresult *r, int at)
{
	struct slice text = { lib.getvalue(r, 0, at),
		(size_t)lib.getlength(r, 0, at) };

	if (lib.getisnull(r, 0, at) != 0)
		return (struct db_value){ .kind = DB_NULL };
	if (lib.ftype(r, at) == OID_NUMBER && text.len == 8)
		return DB_N(get_number(text.ptr));
	return lib.ftype(r, at) == OID_BYTES ? DB_B(text) : DB_T(text);
}

static bool
give_row(const PGresult *r, db_row_fn *fn, void *arg)
{
	struct db_value columns[DB_COLUMNS];
	int i;

	for (i = 0; i < lib.nfields(r) && i < DB_COLUMNS; i++)
		columns[i] = column(r, i);
	return fn(arg, columns);
}

static void
cancel(struct pgsql *d)
{
	PGcancel *c = lib.getCancel(d->conn);
	char why[256];

	if (c != NULL)
		(void)lib.cancel(c, why, sizeof(why));
	lib.freeCancel(c);
}

/* One row at a time; what comes after the end of interest is passed over. */
static void
read_rows(struct pgsql *d, db_row_fn *fn, void *arg)
{
	bool wanted = true, more = true;
	PGresult *r;

	while ((r = next_result(d)) != NULL) {
		if (lib.resultStatus(r) == PGRES_SINGLE_TUPLE) {
			wanted = wanted && d->db.status == STORE_OK &&
			    give_row(r, fn, arg);
		} else if (lib.resultStatus(r) != PGRES_TUPLES_OK && more) {
			fail_result(d, r);
		}
		lib.clear(r);
		if (!wanted && more) {
			more = false;
			cancel(d);
		}
		if (lib.status(d->conn) != CONNECTION_OK)
			return;
	}
}

static void
pgsql_query(struct db *db, const char *sql, const struct db_value *values,
    size_t count, db_row_fn *fn, void *arg)
{
	struct pgsql *d = own(db);
	char name[24];

	pgsql_sync(db);
	if (!prepare(d, sql, values, count, name) ||
	    !send_statement(d, name, values, count))
		return;
	(void)lib.setSingleRowMode(d->conn);
	read_rows(d, fn, arg);
}

/* ---- the connection ---- */

static bool
pgsql_load(char *why, size_t why_size)
{
	return library_load(&library, why, why_size);
}

static void
pgsql_close(struct db *db)
{
	struct pgsql *d = own(db);

	lib.finish(d->conn);
	mem_free(d);
}

/* What the URI says comes after ours, and holds. */
static PGconn *
connect_to(const char *name)
{
	const char *const keys[] = { "connect_timeout", "application_name",
		"tcp_user_timeout", "keepalives_idle", "dbname", NULL };
	const char *const values[] = { "5", "assay", "10000", "30", name,
		NULL };

	return lib.connectdbParams(keys, values, 1);
}

static struct db *
pgsql_open(const char *name, enum store_mode mode, enum store_status *status,
    char *why, size_t why_size)
{
	struct pgsql *d;

	*status = STORE_AWAY;
	if (!pgsql_load(why, why_size))
		return NULL;
	d = mem_alloc(sizeof(*d));
	*status = STORE_NO_MEMORY;
	if (d == NULL)
		return NULL;
	d->db.driver = &db_postgresql;
	d->patient = mode != STORE_MAKE;
	d->conn = connect_to(name);
	if (d->conn != NULL && lib.status(d->conn) == CONNECTION_OK &&
	    lib.setnonblocking(d->conn, 1) == 0) {
		(void)lib.setNoticeProcessor(d->conn, ignore_notice, NULL);
		if (mode == STORE_MAKE)
			pgsql_script(&d->db, "SET lock_timeout = '5s'");
		if (mode == STORE_READ)
			pgsql_script(&d->db, "SET "
			    "default_transaction_read_only = on");
	} else {
		fail(d, NULL, d->conn != NULL ? lib.errorMessage(d->conn) :
		    "no memory");
	}
	*status = d->db.status;
	if (*status == STORE_OK)
		return &d->db;
	snprintf(why, why_size, "%s", d->db.why);
	pgsql_close(&d->db);
	return NULL;
}

const struct db_driver db_postgresql = {
	.prefix = "postgresql://",
	.steps = SCHEMA_STEPS("BYTEA", " COLLATE \"C\"", ""),
	.present = "SELECT count(*) FROM pg_catalog.pg_class "
	    "WHERE relname = 'assay_meta' AND relkind = 'r' "
	    "AND pg_catalog.pg_table_is_visible(oid)",
	.begin = "BEGIN",
	/* Any number that all daemons of ours agree upon. */
	.begin_schema = "BEGIN; SELECT pg_advisory_xact_lock(4705229990)",
	.share = "SELECT number FROM assay_meta WHERE name = $1 "
	    "FOR SHARE",
	.load = pgsql_load,
	.open = pgsql_open,
	.close = pgsql_close,
	.script = pgsql_script,
	.run = pgsql_run,
	.sync = pgsql_sync,
	.query = pgsql_query
};
