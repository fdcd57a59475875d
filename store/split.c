/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split: several reports of one that is too large for a mail.
 *
 *  1. The keys of its rows, in order, are cut into parts of about the same
 *     number of rows.  Rows that differ only in envelope_to have one key and
 *     stay together: a report may join them.
 *  2. The policy is marked as a part.
 *  3. Each part but the first becomes a policy of its own, like the old one
 *     but for its id, and takes its rows along.
 *  4. What the policies say of their rows is counted anew.
 */
#include "store/store_internal.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/rows_internal.h"

struct cut {
	char		 key[ROWS_KEY];		/* the first one of the part */
	uint64_t	 id;
};

struct splitting {
	struct store	*s;
	uint64_t	 policy;
	int64_t		 rows, row;		/* all, and the current one */
	char		 last[ROWS_KEY];
	struct cut	*cuts;
	size_t		 count, max;
	struct buf	 body;
};

/* A db_row_fn, as the next one. */
static bool
take_count(void *arg, const struct db_value *c)
{
	((struct splitting *)arg)->rows = c[0].number;
	return true;
}

/* Step 1. */
static bool
take_key(void *arg, const struct db_value *c)
{
	struct splitting *p = arg;
	int64_t part = (int64_t)p->count + 1;

	if (c[0].text.len != ROWS_KEY) {
		db_fail(p->s->db, STORE_AWAY, "a row of it is damaged");
		return false;
	}
	if (p->row > 0 && p->count < p->max &&
	    p->row >= p->rows * part / ((int64_t)p->max + 1) &&
	    memcmp(p->last, c[0].text.ptr, ROWS_KEY) != 0)
		memcpy(p->cuts[p->count++].key, c[0].text.ptr, ROWS_KEY);
	memcpy(p->last, c[0].text.ptr, ROWS_KEY);
	p->row++;
	return true;
}

static void
find_cuts(struct splitting *p)
{
	struct db *db = p->s->db;

	db_query(db, "SELECT count(*) FROM assay_row WHERE policy = $1",
	    DB_ARRAY(DB_N(p->policy)), take_count, p);
	db_query(db, "SELECT key FROM assay_row WHERE policy = $1 "
	    "ORDER BY key, envelope_to", DB_ARRAY(DB_N(p->policy)), take_key,
	    p);
}

/* Step 4. */
static void
count_rows(struct splitting *p, uint64_t policy)
{
	db_run(p->s->db, "UPDATE assay_policy SET messages = beyond + "
	    "(SELECT CAST(coalesce(sum(count), 0) AS BIGINT) "
	    "FROM assay_row WHERE policy = $1), amount = (SELECT count(*) "
	    "FROM assay_row WHERE policy = $1) WHERE id = $1",
	    DB_ARRAY(DB_N(policy)), NULL);
}

/* Step 2, a db_row_fn. */
static bool
take_body(void *arg, const struct db_value *c)
{
	struct splitting *p = arg;

	buf_add(&p->body, c[0].text);
	if (!record_has(c[0].text, RECORD_PART))
		record_add(&p->body, RECORD_PART, SLICE(""));
	if (buf_failed(&p->body))
		db_fail(p->s->db, STORE_NO_MEMORY, "no memory for a report");
	return false;
}

static void
mark(struct splitting *p)
{
	struct db *db = p->s->db;

	db_query(db, "SELECT body FROM assay_policy WHERE id = $1",
	    DB_ARRAY(DB_N(p->policy)), take_body, p);
	db_run(db, "UPDATE assay_policy SET body = $1 WHERE id = $2",
	    DB_ARRAY(DB_B(buf_slice(&p->body)), DB_N(p->policy)), NULL);
}

/* Step 3. */
static void
move_rows(struct splitting *p, struct cut *cut)
{
	struct slice key = { cut->key, ROWS_KEY };

	cut->id = rows_policy_id(p->policy, hash_with(p->s->secret, key,
	    p->policy));
	db_run(p->s->db, "INSERT INTO assay_policy SELECT $1, day, domain, "
	    "body, 0, 0, 0 FROM assay_policy WHERE id = $2",
	    DB_ARRAY(DB_N(cut->id), DB_N(p->policy)), NULL);
	db_run(p->s->db, "UPDATE assay_row SET policy = $1 "
	    "WHERE policy = $2 AND key >= $3", DB_ARRAY(DB_N(cut->id),
	    DB_N(p->policy), DB_B(key)), NULL);
	count_rows(p, cut->id);
}

enum store_status
store_policy_split(struct store *s, uint64_t policy, size_t parts,
    store_part_fn *fn, void *arg)
{
	struct splitting p = { .s = s, .policy = policy, .max = parts - 1,
		.cuts = mem_array(parts, sizeof(*p.cuts)) };
	enum store_status status;
	size_t i;

	buf_init(&p.body, LIMIT_STORE_RECORD);
	db_begin(s->db);
	if (p.cuts == NULL)
		db_fail(s->db, STORE_NO_MEMORY, "no memory for a report");
	find_cuts(&p);
	if (p.count > 0)
		mark(&p);
	/* The last one first: it takes all that are behind its key. */
	for (i = p.count; i > 0; i--)
		move_rows(&p, &p.cuts[i - 1]);
	count_rows(&p, policy);
	status = store_end(s);
	for (i = 0; status == STORE_OK && i < p.count; i++)
		fn(arg, p.cuts[i].id);
	buf_fini(&p.body);
	mem_free(p.cuts);
	return status;
}
