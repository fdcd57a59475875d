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

/* The longest known ones first, when there are too many. */
static void
limit_correspondents(struct part *p)
{
	delete_part(p, "DELETE FROM assay_correspondent WHERE domain IN "
	    "(SELECT domain FROM assay_correspondent ORDER BY day DESC "
	    "LIMIT $2 OFFSET $1)", LIMIT_STORE_CORRESPONDENTS);
}

enum store_status
store_forget(struct store *s, int64_t today, int64_t keep, bool *more)
{
	struct part p = { .db = s->db, .left = PART };
	int64_t before = today - keep;

	db_begin(s->db);
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
	delete_part(&p, "DELETE FROM assay_correspondent WHERE domain IN "
	    "(SELECT domain FROM assay_correspondent WHERE day < $1 "
	    "LIMIT $2)", today - LIMIT_STORE_CORRESPONDENT);
	limit_correspondents(&p);
	*more = p.left <= 0;
	return store_end(s);
}
