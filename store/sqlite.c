/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sqlite: a database that is a file.
 *
 * A write-ahead log, so that readers and the one writer are not in each
 * other's way, and written to the disk with each transaction.
 */
#include "store/db_internal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/library.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/schema_internal.h"

#define FUNCTIONS(X) X(sqlite3_, bind_blob) X(sqlite3_, bind_int64) \
	X(sqlite3_, bind_null) X(sqlite3_, bind_text) \
	X(sqlite3_, busy_timeout) X(sqlite3_, changes) \
	X(sqlite3_, clear_bindings) X(sqlite3_, close) \
	X(sqlite3_, column_blob) X(sqlite3_, column_bytes) \
	X(sqlite3_, column_count) X(sqlite3_, column_int64) \
	X(sqlite3_, column_text) X(sqlite3_, column_type) \
	X(sqlite3_, db_config) X(sqlite3_, errmsg) X(sqlite3_, errstr) \
	X(sqlite3_, exec) X(sqlite3_, extended_result_codes) \
	X(sqlite3_, file_control) X(sqlite3_, finalize) \
	X(sqlite3_, open_v2) X(sqlite3_, prepare_v3) \
	X(sqlite3_, reset) X(sqlite3_, step)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib
#ifndef SQLITE_FILE
#define SQLITE_FILE NULL
= { FUNCTIONS(LIBRARY_LINKED) }
#endif
;
static const struct library_function functions[] = {
	FUNCTIONS(LIBRARY_FUNCTION)
};
static struct library library = LIBRARY(SQLITE_FILE, functions);

#define STATEMENTS 48
#define SQL_MAX 4096
#define PREFIX "sqlite:"

struct sqlite {
	struct db	 db;
	sqlite3		*handle;
	struct {
		const char	*sql;		/* static: compared as is */
		sqlite3_stmt	*stmt;
	}		 cache[STATEMENTS];
	size_t		 cached;
};

static struct sqlite *
own(struct db *db)
{
	return (struct sqlite *)(void *)db;
}

/* What a result code means for us. */
static enum store_status
status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return STORE_NO_MEMORY;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return STORE_REFUSED;
	default:
		return STORE_AWAY;
	}
}

static void
fail(struct sqlite *d, int code)
{
	db_fail(&d->db, status_of(code), "%s", d->handle != NULL ?
	    lib.errmsg(d->handle) : lib.errstr(code));
}

static void
sqlite_script(struct db *db, const char *text)
{
	struct sqlite *d = own(db);
	int code = lib.exec(d->handle, text, NULL, NULL, NULL);

	if (code != SQLITE_OK)
		fail(d, code);
}

static void
sqlite_close(struct db *db)
{
	struct sqlite *d = own(db);
	size_t i;

	for (i = 0; i < d->cached; i++)
		(void)lib.finalize(d->cache[i].stmt);
	(void)lib.close(d->handle);
	mem_free(d);
}

/* SQLite would make it readable for all. */
static void
make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);

	if (fd >= 0)
		(void)close(fd);
}

static int
flags_of(enum store_mode mode)
{
	switch (mode) {
	case STORE_READ:
		return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
	case STORE_WRITE:
		return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	case STORE_MAKE:
		break;
	}
	return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX;
}

static void
configure(struct sqlite *d, enum store_mode mode)
{
	(void)lib.busy_timeout(d->handle, LIMIT_STORE_BUSY_MS);
	(void)lib.extended_result_codes(d->handle, 1);
	(void)lib.db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1,
	    NULL);
	/* The confinement has no folder for temporary files. */
	sqlite_script(&d->db, "PRAGMA trusted_schema = OFF; "
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; "
	    "PRAGMA secure_delete = FAST");
	if (mode != STORE_READ)
		sqlite_script(&d->db, "PRAGMA synchronous = FULL; "
		    "PRAGMA journal_size_limit = 16777216");
	if (mode == STORE_MAKE)
		sqlite_script(&d->db, "PRAGMA journal_mode = WAL");
}

static bool
sqlite_load(char *why, size_t why_size)
{
	return library_load(&library, why, why_size);
}

static struct db *
sqlite_open_path(const char *name, enum store_mode mode,
    enum store_status *status, char *why, size_t why_size)
{
	const char *path = name + sizeof(PREFIX) - 1;
	struct sqlite *d;
	int code;

	*status = STORE_AWAY;
	if (!sqlite_load(why, why_size))
		return NULL;
	d = mem_alloc(sizeof(*d));
	*status = STORE_NO_MEMORY;
	if (d == NULL)
		return NULL;
	d->db.driver = &db_sqlite;
	if (mode == STORE_MAKE)
		make_file(path);
	code = lib.open_v2(path, &d->handle, flags_of(mode), NULL);
	if (code == SQLITE_OK)
		configure(d, mode);
	else
		fail(d, code);
	*status = d->db.status;
	if (*status == STORE_OK)
		return &d->db;
	snprintf(why, why_size, "%s: %s", path, d->db.why);
	sqlite_close(&d->db);
	return NULL;
}

/* "$1" would be a name to SQLite, "?1" is a number. */
static int
prepare_numbered(struct sqlite *d, const char *sql, sqlite3_stmt **stmt)
{
	struct buf text;
	int code = SQLITE_NOMEM;

	buf_init(&text, SQL_MAX);
	for (; *sql != '\0'; sql++)
		buf_addc(&text, *sql == '$' ? '?' : *sql);
	if (!buf_failed(&text))
		code = lib.prepare_v3(d->handle, buf_cstr(&text), -1,
		    SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	buf_fini(&text);
	return code;
}

static sqlite3_stmt *
prepare(struct sqlite *d, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	size_t i;
	int code;

	for (i = 0; i < d->cached; i++)
		if (d->cache[i].sql == sql)
			return d->cache[i].stmt;
	if (d->cached == STATEMENTS) {
		db_fail(&d->db, STORE_AWAY, "too many statements");
		return NULL;
	}
	code = prepare_numbered(d, sql, &stmt);
	if (code != SQLITE_OK) {
		fail(d, code);
		return NULL;
	}
	d->cache[d->cached].sql = sql;
	d->cache[d->cached++].stmt = stmt;
	return stmt;
}

/* An empty slice may have no address, which SQLite takes for NULL. */
static const char *
address(struct slice s)
{
	return s.len > 0 ? s.ptr : "";
}

static int
bind(sqlite3_stmt *stmt, int at, const struct db_value *v)
{
	switch (v->kind) {
	case DB_NUMBER:
		return lib.bind_int64(stmt, at, v->number);
	case DB_TEXT:
		return lib.bind_text(stmt, at, address(v->text),
		    (int)v->text.len, SQLITE_STATIC);
	case DB_BYTES:
		return lib.bind_blob(stmt, at, address(v->text),
		    (int)v->text.len, SQLITE_STATIC);
	case DB_NULL:
		break;
	}
	return lib.bind_null(stmt, at);
}

static sqlite3_stmt *
bound(struct sqlite *d, const char *sql, const struct db_value *values,
    size_t count)
{
	sqlite3_stmt *stmt = prepare(d, sql);
	int code = SQLITE_OK;
	size_t i;

	if (stmt == NULL)
		return NULL;
	for (i = 0; i < count && code == SQLITE_OK; i++)
		code = bind(stmt, (int)i + 1, &values[i]);
	if (code == SQLITE_OK)
		return stmt;
	fail(d, code);
	return NULL;
}

/* The values are the caller's, for the time of the call. */
static void
unbind(struct sqlite *d, sqlite3_stmt *stmt, int code)
{
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		fail(d, code);
	(void)lib.reset(stmt);
	(void)lib.clear_bindings(stmt);
}

static void
sqlite_run(struct db *db, const char *sql, const struct db_value *values,
    size_t count, int64_t *changed)
{
	struct sqlite *d = own(db);
	sqlite3_stmt *stmt = bound(d, sql, values, count);
	int code;

	if (stmt == NULL)
		return;
	code = lib.step(stmt);
	if (code == SQLITE_DONE && changed != NULL)
		*changed = lib.changes(d->handle);
	unbind(d, stmt, code);
}

static void
sqlite_sync(struct db *db)
{
	(void)db;
}

/* A file that was deleted would take all that is written, for nobody. */
static void
sqlite_look(struct db *db)
{
	int moved = 0;

	if (lib.file_control(own(db)->handle, "main",
	    SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0)
		db_fail(db, STORE_AWAY, "the file has gone");
}

static struct db_value
column(sqlite3_stmt *stmt, int at)
{
	switch (lib.column_type(stmt, at)) {
	case SQLITE_INTEGER:
		return DB_N(lib.column_int64(stmt, at));
	case SQLITE_TEXT:
		return DB_T(((struct slice){ (const char *)
		    lib.column_text(stmt, at),
		    (size_t)lib.column_bytes(stmt, at) }));
	case SQLITE_BLOB:
		return DB_B(((struct slice){ lib.column_blob(stmt, at),
		    (size_t)lib.column_bytes(stmt, at) }));
	default:
		return (struct db_value){ .kind = DB_NULL };
	}
}

static void
sqlite_query(struct db *db, const char *sql, const struct db_value *values,
    size_t count, db_row_fn *fn, void *arg)
{
	struct sqlite *d = own(db);
	struct db_value columns[DB_COLUMNS];
	sqlite3_stmt *stmt = bound(d, sql, values, count);
	int code, i;

	if (stmt == NULL)
		return;
	while ((code = lib.step(stmt)) == SQLITE_ROW) {
		for (i = 0; i < lib.column_count(stmt) && i < DB_COLUMNS;
		    i++)
			columns[i] = column(stmt, i);
		if (!fn(arg, columns))
			break;
	}
	unbind(d, stmt, code);
}

const struct db_driver db_sqlite = {
	.prefix = PREFIX,
	.steps = SCHEMA_STEPS("BLOB", "", " WITHOUT ROWID"),
	.present = "SELECT count(*) FROM sqlite_schema "
	    "WHERE name = 'assay_meta'",
	.begin = "BEGIN IMMEDIATE",
	.begin_schema = "BEGIN IMMEDIATE",
	.share = "SELECT number FROM assay_meta WHERE name = $1",
	.load = sqlite_load,
	.open = sqlite_open_path,
	.close = sqlite_close,
	.script = sqlite_script,
	.run = sqlite_run,
	.sync = sqlite_sync,
	.look = sqlite_look,
	.query = sqlite_query
};
