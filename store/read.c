/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read: what a report is made of, and what its sender keeps.
 *
 * Bodies that are damaged end the reading: nothing is made up.
 */
#include "store/store_internal.h"

#include "base/limits.h"
#include "store/rows_internal.h"

/* ---- policies and rows ---- */

struct reading {
	struct store	*s;
	union {
		store_policy_fn		*policy;
		store_row_fn		*row;
		store_delivery_fn	*delivery;
		store_suppression_fn	*suppression;
	}		 fn;
	void		*arg;
	struct store_auth	 dkim[LIMIT_STORE_RESULTS];
	struct store_reason	 reasons[LIMIT_STORE_REASONS];
};

static bool
is_sound(struct reading *r, struct slice body)
{
	if (record_is_sound(body))
		return true;
	db_fail(r->s->db, STORE_AWAY, "a row of it is damaged");
	return false;
}

/* A db_row_fn, as the others below. */
static bool
take_policy(void *arg, const struct db_value *c)
{
	struct reading *r = arg;
	struct store_policy p = { .id = (uint64_t)c[0].number,
		.day = c[1].number, .domain = c[2].text,
		.messages = (uint64_t)c[4].number,
		.rows = (uint64_t)c[5].number,
		.beyond = (uint64_t)c[6].number };

	if (!is_sound(r, c[3].text))
		return false;
	rows_read_policy(c[3].text, &p);
	return r->fn.policy(r->arg, &p);
}

#define POLICY "SELECT id, day, domain, body, messages, amount, beyond " \
	"FROM assay_policy "
#define DAYS "WHERE day >= $1 AND day <= $2 "
/* As the index has them: a day may have a million. */
#define ORDER "ORDER BY day, domain, id"

enum store_status
store_policies(struct store *s, int64_t from, int64_t to,
    struct slice domain, store_policy_fn *fn, void *arg)
{
	struct reading r = { .s = s, .fn.policy = fn, .arg = arg };

	if (domain.len == 0)
		db_query(s->db, POLICY DAYS ORDER,
		    DB_ARRAY(DB_N(from), DB_N(to)), take_policy, &r);
	else
		db_query(s->db, POLICY DAYS "AND domain = $3 " ORDER,
		    DB_ARRAY(DB_N(from), DB_N(to), DB_T(domain)),
		    take_policy, &r);
	return store_end(s);
}

enum store_status
store_policy_find(struct store *s, uint64_t policy, store_policy_fn *fn,
    void *arg)
{
	struct reading r = { .s = s, .fn.policy = fn, .arg = arg };

	db_query(s->db, POLICY "WHERE id = $1", DB_ARRAY(DB_N(policy)),
	    take_policy, &r);
	return store_end(s);
}

static bool
take_row(void *arg, const struct db_value *c)
{
	struct reading *r = arg;
	struct store_row row = { .count = (uint64_t)c[0].number,
		.envelope_to = c[2].text };

	if (!is_sound(r, c[1].text))
		return false;
	rows_read_row(c[1].text, r->dkim, r->reasons, &row);
	return r->fn.row(r->arg, &row);
}

/* Rows that differ only in envelope_to lie after each other. */
struct joining {
	struct reading	*r;
	struct buf	 key, body;
	int64_t		 count;		/* 0: none yet */
	bool		 stopped;
};

static bool
give_joined(struct joining *j)
{
	const struct db_value c[] = { DB_N(j->count),
		DB_B(buf_slice(&j->body)), DB_T(SLICE("")) };

	if (j->count == 0)
		return true;
	j->count = 0;
	j->stopped = !take_row(j->r, c);
	return !j->stopped;
}

static bool
join_row(void *arg, const struct db_value *c)
{
	struct joining *j = arg;

	if (j->count > 0 && slice_eq(c[3].text, buf_slice(&j->key))) {
		j->count += c[0].number;
		return true;
	}
	if (!give_joined(j))
		return false;
	buf_reset(&j->key);
	buf_add(&j->key, c[3].text);
	buf_reset(&j->body);
	buf_add(&j->body, c[1].text);
	j->count = c[0].number;
	if (!buf_failed(&j->key) && !buf_failed(&j->body))
		return true;
	db_fail(j->r->s->db, STORE_NO_MEMORY, "no memory for a row");
	return false;
}

enum store_status
store_rows(struct store *s, uint64_t policy, bool envelope_to,
    store_row_fn *fn, void *arg)
{
	static const char all[] = "SELECT count, body, envelope_to, key "
	    "FROM assay_row WHERE policy = $1 ORDER BY key, envelope_to";
	struct reading r = { .s = s, .fn.row = fn, .arg = arg };
	struct joining j = { .r = &r };

	buf_init(&j.key, 64);
	buf_init(&j.body, 2 * LIMIT_STORE_RECORD);
	db_query(s->db, all, DB_ARRAY(DB_N(policy)),
	    envelope_to ? take_row : join_row, envelope_to ? (void *)&r :
	    (void *)&j);
	if (!j.stopped && s->db->status == STORE_OK)
		(void)give_joined(&j);
	buf_fini(&j.key);
	buf_fini(&j.body);
	return store_end(s);
}

/* ---- leases and days ---- */

enum store_status
store_lease(struct store *s, const char *name, const char *owner,
    int64_t now, int64_t until, bool *got)
{
	int64_t changed;

	db_run(s->db, "INSERT INTO assay_lease VALUES ($1, $2, $3) "
	    "ON CONFLICT (name) DO UPDATE "
	    "SET owner = excluded.owner, until = excluded.until "
	    "WHERE assay_lease.owner = excluded.owner "
	    "OR assay_lease.until <= $4", DB_ARRAY(DB_T(slice_str(name)),
	    DB_T(slice_str(owner)), DB_N(until), DB_N(now)), &changed);
	db_sync(s->db);
	*got = changed > 0 && s->db->status == STORE_OK;
	return store_end(s);
}

enum store_status
store_lease_end(struct store *s, const char *name, const char *owner)
{
	db_run(s->db, "DELETE FROM assay_lease "
	    "WHERE name = $1 AND owner = $2", DB_ARRAY(DB_T(slice_str(name)),
	    DB_T(slice_str(owner))), NULL);
	return store_end(s);
}

/*
 * Days without a policy need not be closed, and a clock that is ahead closes
 * none that is still to come.  Batches that are being written end first: what
 * they write is then seen.
 */
enum store_status
store_day_close(struct store *s, int64_t day)
{
	db_begin(s->db);
	db_run(s->db, "UPDATE assay_meta SET number = number "
	    "WHERE name = 'closed'", NULL, 0, NULL);
	db_sync(s->db);
	db_run(s->db, "UPDATE assay_meta SET number = (SELECT max(day) "
	    "FROM assay_policy WHERE day <= $1) WHERE name = 'closed' "
	    "AND number < (SELECT max(day) FROM assay_policy WHERE day <= $1)",
	    DB_ARRAY(DB_N(day)), NULL);
	return store_end(s);
}

static bool
take_number(void *arg, const struct db_value *c)
{
	*(int64_t *)arg = c[0].number;
	return true;
}

/* ---- deliveries ---- */

enum store_status
store_delivery_put(struct store *s, const struct store_delivery *d,
    struct slice unless, bool *put)
{
	int64_t changed;

	db_run(s->db, "INSERT INTO assay_delivery (policy, destination, day, "
	    "state, tries, at, next, error, domain, messages) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11) "
	    "ON CONFLICT (policy, destination) DO UPDATE SET "
	    "state = excluded.state, tries = excluded.tries, "
	    "at = excluded.at, next = excluded.next, error = excluded.error "
	    "WHERE assay_delivery.state <> $9", DB_ARRAY(DB_N(d->policy),
	    DB_T(d->destination), DB_N(d->day), DB_T(d->state),
	    DB_N(d->tries), DB_N(d->at), DB_N(d->next), DB_T(d->error),
	    DB_T(unless), DB_T(d->domain), DB_N(d->messages)), &changed);
	db_sync(s->db);
	*put = changed > 0 && s->db->status == STORE_OK;
	return store_end(s);
}

static bool
take_delivery(void *arg, const struct db_value *c)
{
	struct reading *r = arg;
	const struct store_delivery d = { .policy = (uint64_t)c[0].number,
		.destination = c[1].text, .day = c[2].number,
		.state = c[3].text, .tries = c[4].number, .at = c[5].number,
		.next = c[6].number, .error = c[7].text,
		.domain = c[8].text, .messages = c[9].number };

	return r->fn.delivery(r->arg, &d);
}

#define DELIVERY "SELECT policy, destination, day, state, tries, at, next, " \
	"error, domain, messages FROM assay_delivery "

enum store_status
store_deliveries(struct store *s, uint64_t policy, store_delivery_fn *fn,
    void *arg)
{
	struct reading r = { .s = s, .fn.delivery = fn, .arg = arg };

	if (policy == 0)
		db_query(s->db, DELIVERY "ORDER BY day, policy, destination",
		    NULL, 0, take_delivery, &r);
	else
		db_query(s->db, DELIVERY "WHERE policy = $1 "
		    "ORDER BY destination", DB_ARRAY(DB_N(policy)),
		    take_delivery, &r);
	return store_end(s);
}

enum store_status
store_policy_done(struct store *s, uint64_t policy)
{
	db_begin(s->db);
	db_run(s->db, "DELETE FROM assay_row WHERE policy = $1",
	    DB_ARRAY(DB_N(policy)), NULL);
	db_run(s->db, "DELETE FROM assay_policy WHERE id = $1",
	    DB_ARRAY(DB_N(policy)), NULL);
	return store_end(s);
}

/* ---- destinations that get nothing for a while ---- */

enum store_status
store_suppress(struct store *s, struct slice destination, int64_t until,
    struct slice why)
{
	db_run(s->db, "INSERT INTO assay_suppression VALUES ($1, $2, 1, $3) "
	    "ON CONFLICT (destination) DO UPDATE SET "
	    "until = excluded.until, why = excluded.why, "
	    "hits = assay_suppression.hits + 1",
	    DB_ARRAY(DB_T(destination), DB_N(until), DB_T(why)), NULL);
	return store_end(s);
}

enum store_status
store_suppress_end(struct store *s, struct slice destination)
{
	db_run(s->db, "DELETE FROM assay_suppression WHERE destination = $1",
	    DB_ARRAY(DB_T(destination)), NULL);
	return store_end(s);
}

static bool
take_suppression(void *arg, const struct db_value *c)
{
	struct reading *r = arg;
	const struct store_suppression x = { .destination = c[0].text,
		.until = c[1].number, .hits = c[2].number, .why = c[3].text };

	return r->fn.suppression(r->arg, &x);
}

#define SUPPRESSION "SELECT destination, until, hits, why " \
	"FROM assay_suppression "

enum store_status
store_suppressions(struct store *s, struct slice destination,
    store_suppression_fn *fn, void *arg)
{
	struct reading r = { .s = s, .fn.suppression = fn, .arg = arg };

	if (destination.len == 0)
		db_query(s->db, SUPPRESSION "ORDER BY destination", NULL, 0,
		    take_suppression, &r);
	else
		db_query(s->db, SUPPRESSION "WHERE destination = $1",
		    DB_ARRAY(DB_T(destination)), take_suppression, &r);
	return store_end(s);
}

/* Names below "com.example" lie between "com.example." and "com.example/". */
enum store_status
store_corresponds(struct store *s, struct slice domain, int64_t since,
    bool *yes)
{
	struct buf name, from, to;
	int64_t count = 0;

	buf_init(&name, RECORD_TEXT + 2);
	buf_init(&from, RECORD_TEXT + 2);
	buf_init(&to, RECORD_TEXT + 2);
	store_reverse(slice_head(domain, RECORD_TEXT), &name);
	buf_addf(&from, "%.*s.", SLICE_ARG(buf_slice(&name)));
	buf_addf(&to, "%.*s/", SLICE_ARG(buf_slice(&name)));
	if (buf_failed(&name) || buf_failed(&from) || buf_failed(&to))
		db_fail(s->db, STORE_NO_MEMORY, "no memory for a name");
	db_query(s->db, "SELECT count(*) FROM (SELECT 1 "
	    "FROM assay_correspondent WHERE day >= $4 AND (name = $1 "
	    "OR (name > $2 AND name < $3)) LIMIT 1) AS one",
	    DB_ARRAY(DB_T(buf_slice(&name)), DB_T(buf_slice(&from)),
	    DB_T(buf_slice(&to)), DB_N(since)), take_number, &count);
	buf_fini(&name);
	buf_fini(&from);
	buf_fini(&to);
	*yes = count > 0;
	return store_end(s);
}
