/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db: a connection to a database, of whatever kind.
 *
 * Statements are static text with $1, $2 ... in this order, which both kinds
 * understand; they are prepared once.  The first failure sticks: what follows
 * does nothing, until db_end() or db_fail_end() clears it.  One thread.
 */
#ifndef STORE_DB_INTERNAL_H
#define STORE_DB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "store/store.h"

enum db_kind { DB_NULL, DB_NUMBER, DB_TEXT, DB_BYTES };

struct db_value {
	enum db_kind	kind;
	int64_t		number;
	struct slice	text;		/* and octets */
};

#define DB_N(n)	((struct db_value){ .kind = DB_NUMBER, \
	.number = (int64_t)(n) })
#define DB_T(s)	((struct db_value){ .kind = DB_TEXT, .text = (s) })
#define DB_B(s)	((struct db_value){ .kind = DB_BYTES, .text = (s) })
#define DB_COLUMNS 16		/* and parameters, at most */

/* One row; false: no more of them. */
typedef bool	db_row_fn(void *arg, const struct db_value *columns);

struct db;

struct db_driver {
	const char	*prefix;	/* of a name, "sqlite:" */
	/* steps[n] makes tables of version n + 1 out of those of n; the last
	   one is NULL. */
	const char *const *steps;
	const char	*present;	/* query: are there tables of ours? */
	const char	*begin;		/* a transaction that writes */
	const char	*begin_schema;	/* one that nobody else is in */
	/* Query: a number of assay_meta, which stays so for a transaction. */
	const char	*share;
	/* What open() needs, which does so as well. */
	bool		 (*load)(char *why, size_t why_size);
	struct db	*(*open)(const char *name, enum store_mode mode,
			    enum store_status *status, char *why,
			    size_t why_size);
	void		 (*close)(struct db *db);
	/* Several statements without parameters. */
	void		 (*script)(struct db *db, const char *text);
	/* Sets `*changed`, unless NULL, by the next sync(). */
	void		 (*run)(struct db *db, const char *sql,
			    const struct db_value *values, size_t count,
			    int64_t *changed);
	void		 (*sync)(struct db *db);
	/* Fails when what was opened is there no more.  Or NULL. */
	void		 (*look)(struct db *db);
	void		 (*query)(struct db *db, const char *sql,
			    const struct db_value *values, size_t count,
			    db_row_fn *fn, void *arg);
};

/* The beginning of each driver's own. */
struct db {
	const struct db_driver	*driver;
	enum store_status	 status;
	bool			 within;	/* a transaction */
	bool			 slow;		/* what takes its time */
	char			 why[256];
};

#define DB_ARRAY(...) \
	(const struct db_value[]){ __VA_ARGS__ }, \
	sizeof((const struct db_value[]){ __VA_ARGS__ }) / \
	sizeof(struct db_value)

extern const struct db_driver db_sqlite;
extern const struct db_driver db_postgresql;

/* The driver of a name; NULL: there is none. */
const struct db_driver	*db_driver_of(struct slice name);

void	db_run(struct db *db, const char *sql, const struct db_value *values,
	    size_t count, int64_t *changed);
/* Without parameters, one or several. */
void	db_script(struct db *db, const char *text);
void	db_sync(struct db *db);
void	db_query(struct db *db, const char *sql,
	    const struct db_value *values, size_t count, db_row_fn *fn,
	    void *arg);
void	db_begin(struct db *db);
/* The end of a transaction, or of single statements: what became of them. */
enum store_status	db_end(struct db *db);
/* Only the first failure counts. */
void	db_fail(struct db *db, enum store_status status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
