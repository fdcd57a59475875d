/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write: messages into the database, many in one transaction.
 *
 *  1. Each message by its (run, seq); one that is there already is passed
 *     over and counts nowhere.
 *  2. Those that belong into a report are folded: equal rows become one with
 *     a count.  The fold is sorted by policy and key, so that several hosts
 *     that write at once never wait for each other in a circle.
 *  3. Each policy is made, or adds up.
 *  4. Each row that is there adds up.  The others are made, as long as their
 *     policy has room.
 *  5. Domains that someone here has written to are noted, once a day; they
 *     are sorted likewise.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/ipaddr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/rows_internal.h"

#define KNOWN 4096		/* correspondents noted today: a table */
#define BATCH_MEMORY (64u << 20)

/* What a batch adds to one row. */
struct fold {
	uint64_t	 policy;
	char		 key[ROWS_KEY];
	struct slice	 envelope_to;
	int64_t		 day;
	struct slice	 domain, policy_body, body;
	int64_t		 count;
	int64_t		 changed;
};

/* A domain that mail of ours went to. */
struct correspondent {
	struct slice	 name;		/* store_reverse() */
	int64_t		 day;
};

struct batch {
	struct store		*s;
	struct arena		*arena;
	const struct store_record	*records;
	size_t			 count;
	int64_t			*fresh;		/* one each: 1 when new */
	struct fold		*folds;
	size_t			 fold_count;
	int64_t			 closed;	/* the last closed day */
	enum store_again	 again;
	int64_t			 forgotten;	/* the last such day */
	struct correspondent	*names;		/* different ones, or nearly */
	size_t			 name_count;
};

static int64_t
day_of(int64_t time)
{
	return time >= 0 ? time / DATE_DAY : 0;
}

enum store_status
store_run_add(struct store *s, uint64_t run, const char *host, int64_t time)
{
	db_run(s->db, "INSERT INTO assay_run (run, host, started, last) "
	    "VALUES ($1, $2, $3, $4) ON CONFLICT (run) DO UPDATE "
	    "SET last = excluded.last WHERE assay_run.last < excluded.last",
	    DB_ARRAY(DB_N(run), DB_T(slice_str(host)), DB_N(time),
	    DB_N(day_of(time))), NULL);
	return store_end(s);
}

/* ---- step 1 ---- */

static void
write_message(struct batch *b, size_t i)
{
	const struct store_record *r = &b->records[i];
	struct slice octets = record_find(r->body, RECORD_CLIENT);
	struct ipaddr a = { .family = octets.len == 4 ? IPADDR_V4 :
	    octets.len == 16 ? IPADDR_V6 : IPADDR_NONE };
	char client[IPADDR_TEXT];

	if (b->again == STORE_AGAIN && day_of(r->time) <= b->forgotten)
		return;
	if (a.family != IPADDR_NONE)
		memcpy(a.bytes, octets.ptr, octets.len);
	ipaddr_format(&a, client);
	db_run(b->s->db, "INSERT INTO assay_message VALUES ($1, $2, $3, $4, "
	    "$5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING", DB_ARRAY(
	    DB_N(day_of(r->time)), DB_N(r->run), DB_N(r->seq), DB_N(r->time),
	    DB_T(slice_str(client)),
	    DB_T(record_find(r->body, RECORD_FROM_DOMAIN)),
	    DB_T(record_find(r->body, RECORD_DMARC)),
	    DB_T(record_find(r->body, RECORD_ACTION)),
	    DB_T(record_find(r->body, RECORD_RULE)),
	    DB_T(record_find(r->body, RECORD_TOLD)), DB_B(r->body)),
	    &b->fresh[i]);
}

/* ---- step 2 ---- */

static struct slice
kept(struct batch *b, const struct buf *text)
{
	return arena_dup(b->arena, buf_slice(text));
}

static uint64_t
policy_id(const struct store *s, const struct fold *f)
{
	uint64_t hash = hash_with(s->secret, f->policy_body,
	    (uint64_t)f->day);

	return rows_day_id(f->day, hash_with(s->secret, f->domain, hash));
}

static void
make_key(const struct store *s, struct fold *f)
{
	uint64_t part[2] = { hash_with(s->secret, f->body, 1),
		hash_with(s->secret, f->body, 2) };

	memcpy(f->key, part, sizeof(part));
}

static void
fold_message(struct batch *b, const struct store_record *r, struct buf *text)
{
	struct fold *f = &b->folds[b->fold_count];

	f->day = day_of(r->time);
	if (f->day <= b->closed)
		f->day = b->closed + 1;
	f->count = 1;
	f->domain = record_find(r->body, RECORD_POLICY_DOMAIN);
	f->envelope_to = rows_envelope_to(r->body);
	buf_reset(text);
	rows_policy_body(r->body, text);
	f->policy_body = kept(b, text);
	buf_reset(text);
	rows_row_body(r->body, text);
	f->body = kept(b, text);
	f->policy = policy_id(b->s, f);
	make_key(b->s, f);
	b->fold_count++;
}

static int
compare_folds(const void *x, const void *y)
{
	const struct fold *a = x, *b = y;
	int order;

	if (a->policy != b->policy)
		return a->policy < b->policy ? -1 : 1;
	order = memcmp(a->key, b->key, ROWS_KEY);
	return order != 0 ? order : slice_cmp(a->envelope_to, b->envelope_to);
}

static void
merge_folds(struct batch *b)
{
	size_t i, n = 0;

	if (b->fold_count == 0)
		return;
	qsort(b->folds, b->fold_count, sizeof(*b->folds), compare_folds);
	for (i = 1; i < b->fold_count; i++) {
		if (compare_folds(&b->folds[n], &b->folds[i]) == 0)
			b->folds[n].count += b->folds[i].count;
		else
			b->folds[++n] = b->folds[i];
	}
	b->fold_count = n + 1;
}

static void
fold_all(struct batch *b)
{
	struct buf text;
	size_t i;

	buf_init(&text, 2 * LIMIT_STORE_RECORD);
	for (i = 0; i < b->count; i++)
		if (b->fresh[i] > 0 && rows_counts(b->records[i].body))
			fold_message(b, &b->records[i], &text);
	if (buf_failed(&text) || arena_failed(b->arena))
		db_fail(b->s->db, STORE_NO_MEMORY, "no memory for a batch");
	buf_fini(&text);
	merge_folds(b);
}

/* ---- steps 3 and 4 ---- */

/* A db_row_fn. */
static bool
take_number(void *arg, const struct db_value *columns)
{
	*(int64_t *)arg = columns[0].number;
	return true;
}

static void
add_row(struct batch *b, const struct fold *f)
{
	db_run(b->s->db, "INSERT INTO assay_row VALUES ($1, $2, $3, $4, $5) "
	    "ON CONFLICT (policy, key, envelope_to) DO UPDATE "
	    "SET count = assay_row.count + excluded.count",
	    DB_ARRAY(DB_N(f->policy),
	    DB_B(((struct slice){ f->key, ROWS_KEY })), DB_T(f->envelope_to),
	    DB_N(f->count), DB_B(f->body)), NULL);
}

/* Step 4, of the rows first..end of one policy. */
static void
write_rows(struct batch *b, size_t first, size_t end, int64_t room)
{
	struct fold *policy = &b->folds[first];
	int64_t made = 0, beyond = 0;
	size_t i;

	for (i = first; i < end; i++) {
		if (b->folds[i].changed > 0)
			continue;
		if (made < room) {
			add_row(b, &b->folds[i]);
			made++;
		} else {
			beyond += b->folds[i].count;
		}
	}
	if (made > 0 || beyond > 0)
		db_run(b->s->db, "UPDATE assay_policy SET "
		    "amount = amount + $1, beyond = beyond + $2 "
		    "WHERE id = $3", DB_ARRAY(DB_N(made), DB_N(beyond),
		    DB_N(policy->policy)), NULL);
}

static void
write_new_rows(struct batch *b, size_t first, size_t end)
{
	int64_t amount = 0;
	size_t i;

	for (i = first; i < end && b->folds[i].changed > 0; i++)
		;
	if (i == end)
		return;
	db_query(b->s->db, "SELECT amount FROM assay_policy WHERE id = $1",
	    DB_ARRAY(DB_N(b->folds[first].policy)), take_number, &amount);
	write_rows(b, first, end, LIMIT_STORE_ROWS - amount);
}

static size_t
end_of_policy(const struct batch *b, size_t first)
{
	size_t i = first;

	while (i < b->fold_count &&
	    b->folds[i].policy == b->folds[first].policy)
		i++;
	return i;
}

/* Step 3. */
static void
write_policy(struct batch *b, size_t first, size_t end)
{
	const struct fold *f = &b->folds[first];
	int64_t messages = 0;
	size_t i;

	for (i = first; i < end; i++)
		messages += b->folds[i].count;
	db_run(b->s->db, "INSERT INTO assay_policy VALUES ($1, $2, $3, $4, "
	    "$5, 0, 0) ON CONFLICT (id) DO UPDATE "
	    "SET messages = assay_policy.messages + excluded.messages",
	    DB_ARRAY(DB_N(f->policy), DB_N(f->day), DB_T(f->domain),
	    DB_B(f->policy_body), DB_N(messages)), NULL);
}

static void
write_folds(struct batch *b)
{
	size_t i, end;

	for (i = 0; i < b->fold_count; i = end) {
		end = end_of_policy(b, i);
		write_policy(b, i, end);
	}
	for (i = 0; i < b->fold_count; i++) {
		struct fold *f = &b->folds[i];

		db_run(b->s->db, "UPDATE assay_row SET count = count + $1 "
		    "WHERE policy = $2 AND key = $3 AND envelope_to = $4",
		    DB_ARRAY(DB_N(f->count), DB_N(f->policy),
		    DB_B(((struct slice){ f->key, ROWS_KEY })),
		    DB_T(f->envelope_to)), &f->changed);
	}
	db_sync(b->s->db);
	for (i = 0; i < b->fold_count; i = end) {
		end = end_of_policy(b, i);
		write_new_rows(b, i, end);
	}
}

/* ---- step 5 ---- */

/* True when it was noted today; a hash that is pushed out is noted again. */
static bool
is_known(struct store *s, struct slice domain)
{
	uint64_t hash = hash_keyed(domain, 0);
	uint64_t *slot = &s->known[hash % KNOWN];

	if (*slot == hash)
		return true;
	*slot = hash;
	return false;
}

/* Without memory each is noted again. */
static void
begin_known(struct store *s, int64_t day)
{
	if (s->known == NULL)
		s->known = mem_array(KNOWN, sizeof(*s->known));
	else if (day != s->known_day)
		memset(s->known, 0, KNOWN * sizeof(*s->known));
	s->known_day = day;
}

/*
 * A person has written to them: not a program that answers all mail
 * (RFC 3834), or sends reports, and it is no bounce.
 */
static bool
makes_correspondents(struct slice body)
{
	return record_has(body, RECORD_OURS) &&
	    !record_has(body, RECORD_AUTOMATIC) &&
	    !record_has(body, RECORD_NULL_SENDER) &&
	    slice_eq(record_find(body, RECORD_TOLD), SLICE("accepted"));
}

static int
compare_names(const void *x, const void *y)
{
	const struct correspondent *a = x, *b = y;
	int order = slice_cmp(a->name, b->name);

	return order != 0 ? order : a->day < b->day ? 1 : a->day > b->day ?
	    -1 : 0;
}

static void
collect_recipients(struct batch *b, const struct store_record *r,
    struct buf *name)
{
	struct slice rest = r->body;
	struct record_part part;

	begin_known(b->s, day_of(r->time));
	while (record_next(&rest, &part)) {
		if (part.field != RECORD_RECIPIENT || part.text.len == 0 ||
		    (b->s->known != NULL && is_known(b->s, part.text)))
			continue;
		store_reverse(part.text, name);
		b->names[b->name_count++] = (struct correspondent){
		    .name = kept(b, name), .day = day_of(r->time) };
	}
}

static size_t
count_recipients(const struct batch *b)
{
	struct record_part part;
	size_t count = 0, i;

	for (i = 0; i < b->count; i++) {
		struct slice rest = b->records[i].body;

		while (record_next(&rest, &part))
			count += part.field == RECORD_RECIPIENT ? 1 : 0;
	}
	return count;
}

static void
collect_correspondents(struct batch *b)
{
	struct buf name;
	size_t i;

	b->names = arena_array(b->arena, count_recipients(b) + 1,
	    sizeof(*b->names));
	if (b->names == NULL) {
		db_fail(b->s->db, STORE_NO_MEMORY, "no memory for a batch");
		return;
	}
	buf_init(&name, RECORD_TEXT + 1);
	for (i = 0; i < b->count; i++)
		if (b->fresh[i] > 0 &&
		    makes_correspondents(b->records[i].body))
			collect_recipients(b, &b->records[i], &name);
	if (buf_failed(&name) || arena_failed(b->arena))
		db_fail(b->s->db, STORE_NO_MEMORY, "no memory for a batch");
	buf_fini(&name);
}

static void
note_correspondents(struct batch *b)
{
	size_t i;

	collect_correspondents(b);
	if (b->s->db->status == STORE_OK && b->name_count > 0)
		qsort(b->names, b->name_count, sizeof(*b->names),
		    compare_names);
	for (i = 0; i < b->name_count; i++) {
		const struct correspondent *c = &b->names[i];

		if (i > 0 && slice_eq(c->name, b->names[i - 1].name))
			continue;
		b->s->noted++;
		db_run(b->s->db, "INSERT INTO assay_correspondent "
		    "VALUES ($1, $2, 0) ON CONFLICT (name) DO UPDATE "
		    "SET day = excluded.day, again = 1 "
		    "WHERE assay_correspondent.day < excluded.day",
		    DB_ARRAY(DB_T(c->name), DB_N(c->day)), NULL);
	}
}

/* ---- all of it ---- */

static void
write_batch(struct batch *b)
{
	size_t i;

	db_begin(b->s->db);
	b->closed = b->forgotten = -1;
	db_query(b->s->db, b->s->db->driver->share,
	    DB_ARRAY(DB_T(SLICE("closed"))), take_number, &b->closed);
	if (b->again == STORE_AGAIN)
		db_query(b->s->db, b->s->db->driver->share,
		    DB_ARRAY(DB_T(SLICE("forgotten"))), take_number,
		    &b->forgotten);
	for (i = 0; i < b->count; i++)
		write_message(b, i);
	db_sync(b->s->db);
	fold_all(b);
	write_folds(b);
	note_correspondents(b);
}

enum store_status
store_write(struct store *s, const struct store_record *records, size_t count,
    enum store_again again, size_t *added)
{
	struct batch b = { .s = s, .records = records, .count = count,
		.again = again, .arena = arena_new(BATCH_MEMORY) };
	enum store_status status = STORE_NO_MEMORY;
	size_t i;

	*added = 0;
	if (b.arena != NULL) {
		b.fresh = arena_array(b.arena, count, sizeof(*b.fresh));
		b.folds = arena_array(b.arena, count, sizeof(*b.folds));
	}
	if (b.fresh != NULL && b.folds != NULL) {
		write_batch(&b);
		status = store_end(s);
	}
	/* What was not written is not known either. */
	if (status != STORE_OK && s->known != NULL)
		memset(s->known, 0, KNOWN * sizeof(*s->known));
	for (i = 0; status == STORE_OK && i < count; i++)
		*added += b.fresh[i] > 0 ? 1 : 0;
	arena_free(b.arena);
	return status;
}
