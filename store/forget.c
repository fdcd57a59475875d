/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: what is too old leaves, a part at a time.
 */
#include "store/store_internal.h"

#include "base/limits.h"

#define PART 5000		/* rows deleted in one transaction */

struct part {
	struct db	*db;
	int64_t		 left;		/* rows that may go in this call */
};

static void
delete_part(struct part *p, const char *sql, int64_t before)
{
	int64_t changed;

	if (p->left <= 0)
		return;
	db_run(p->db, sql, DB_ARRAY(DB_N(before), DB_N(p->left)), &changed);
	db_sync(p->db);
	p->left -= changed;
}

/* A db_row_fn. */
static bool
take_number(void *arg, const struct db_value *columns)
{
	*(int64_t *)arg = columns[0].number;
	return true;
}

/*
 * Those who were written to on one day only go first, the longest ago first:
 * a user who writes to a million domains pushes out others like those, but
 * none that is written to regularly.
 */
static void
limit_correspondents(struct part *p)
{
	int64_t beyond = 0, changed;

	db_query(p->db, "SELECT count(*) - $1 FROM assay_correspondent",
	    DB_ARRAY(DB_N(LIMIT_STORE_CORRESPONDENTS)), take_number, &beyond);
	if (beyond > p->left)
		beyond = p->left;
	if (beyond <= 0)
		return;
	db_run(p->db, "DELETE FROM assay_correspondent WHERE name IN "
	    "(SELECT name FROM assay_correspondent "
	    "ORDER BY again, day, name LIMIT $1)", DB_ARRAY(DB_N(beyond)),
	    &changed);
	db_sync(p->db);
	p->left -= changed;
}

/* Messages of that day are not counted again, from any writer. */
static void
note_forgotten(struct part *p, int64_t before)
{
	db_run(p->db, "UPDATE assay_meta SET number = $1 "
	    "WHERE name = 'forgotten' AND number < $1",
	    DB_ARRAY(DB_N(before - 1)), NULL);
}

/* A clock that is behind, as at the start of a machine, is not noted. */
enum store_status
store_forget_day(struct store *s, int64_t today, int64_t *day)
{
	int64_t last = today;

	db_query(s->db, "SELECT number FROM assay_meta WHERE name = 'today'",
	    NULL, 0, take_number, &last);
	*day = today - last > LIMIT_STORE_JUMP ? last + 1 : today;
	db_run(s->db, "INSERT INTO assay_meta VALUES ('today', $1) "
	    "ON CONFLICT (name) DO UPDATE SET number = excluded.number "
	    "WHERE assay_meta.number < excluded.number",
	    DB_ARRAY(DB_N(*day)), NULL);
	return store_end(s);
}

bool
store_is_growing(const struct store *s)
{
	return s->noted >= LIMIT_STORE_CORRESPONDENTS / 10;
}

enum store_status
store_forget(struct store *s, int64_t today, int64_t keep, bool *more)
{
	struct part p = { .db = s->db, .left = PART };
	int64_t before = today - keep;

	s->noted = 0;
	db_begin(s->db);
	note_forgotten(&p, before);
	delete_part(&p, "DELETE FROM assay_message WHERE (day, run, seq) IN "
	    "(SELECT day, run, seq FROM assay_message WHERE day < $1 "
	    "ORDER BY day, run, seq LIMIT $2)", before);
	delete_part(&p, "DELETE FROM assay_row WHERE (policy, key, "
	    "envelope_to) IN (SELECT r.policy, r.key, r.envelope_to "
	    "FROM assay_policy p JOIN assay_row r ON r.policy = p.id "
	    "WHERE p.day < $1 LIMIT $2)", before);
	/* Its rows have gone before, or it stays. */
	delete_part(&p, "DELETE FROM assay_policy WHERE id IN "
	    "(SELECT id FROM assay_policy WHERE day < $1 AND NOT EXISTS "
	    "(SELECT 1 FROM assay_row WHERE policy = id) LIMIT $2)", before);
	delete_part(&p, "DELETE FROM assay_delivery WHERE (policy, "
	    "destination) IN (SELECT policy, destination FROM assay_delivery "
	    "WHERE day < $1 LIMIT $2)", before);
	delete_part(&p, "DELETE FROM assay_run WHERE run IN "
	    "(SELECT run FROM assay_run WHERE last < $1 LIMIT $2)", before);
	delete_part(&p, "DELETE FROM assay_correspondent WHERE name IN "
	    "(SELECT name FROM assay_correspondent WHERE again IN (0, 1) "
	    "AND day < $1 LIMIT $2)", today - LIMIT_STORE_CORRESPONDENT);
	delete_part(&p, "DELETE FROM assay_suppression WHERE destination IN "
	    "(SELECT destination FROM assay_suppression WHERE until < $1 "
	    "LIMIT $2)", (today - LIMIT_STORE_SUPPRESSION) * DATE_DAY);
	limit_correspondents(&p);
	*more = p.left <= 0;
	return store_end(s);
}
