/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: what the store costs, and how long the daily report takes.
 *
 *     store write NAME MESSAGES    writes as the daemon does: CPU a message
 *     store fill NAME ROWS         that many rows of reports of one day, in
 *                                  the order in which messages come
 *     store read NAME              reads all policies and rows of all days:
 *                                  time, CPU and memory
 *
 * Messages are of 2,000 domains with 50 sources each; rows of 1,000 domains.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/rows_internal.h"
#include "store/store_internal.h"
#include "tests/store/letter.h"

#define BATCH 1000
#define POLICIES 1000		/* of a filled store */
#define DAY INT64_C(20700)

static double
cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static long
peak_mb(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_maxrss / 1024;
}

static struct store *
open_store(const char *name, enum store_mode mode)
{
	enum store_status status;
	char why[300] = "no memory";
	struct store *s = store_open(name, mode, &status, why, sizeof(why));

	if (s == NULL) {
		fprintf(stderr, "%s: %s\n", name, why);
		exit(1);
	}
	return s;
}

/* One message of the n-th kind. */
static struct event *
event_of(uint64_t n)
{
	struct event *e = event_new("message", DAY * 86400);
	char domain[40], client[40];

	snprintf(domain, sizeof(domain), "d%u.example",
	    (unsigned int)(n % 2000));
	snprintf(client, sizeof(client), "192.0.%u.%u",
	    (unsigned int)(n % 2000 / 250), (unsigned int)(n / 2000 % 50));
	letter_text(e, "client", client);
	letter_text(e, "helo", "mail.example.com");
	letter_text(e, "mail-from-domain", domain);
	letter_text(e, "from-domain", domain);
	letter_text(e, "spf", "pass");
	letter_text(e, "spf-domain", domain);
	letter_text(e, "spf-scope", "mfrom");
	letter_text(e, "dkim", "pass:example:s1");
	letter_text(e, "dmarc", "pass");
	letter_text(e, "dmarc-rua", "yes");
	letter_policy(e, domain, "reject", "r");
	letter_text(e, "dmarc-published", "reject");
	letter_text(e, "dmarc-spf", "pass");
	letter_text(e, "dmarc-dkim", "pass");
	letter_text(e, "dmarc-disposition", "pass");
	letter_text(e, "action", "accept");
	letter_text(e, "told", "accepted");
	letter_signature(e, "pass", domain, "s1", "strict");
	letter_recipient(e, "example.org");
	return e;
}

/* ---- write ---- */

static void
write_messages(const char *name, uint64_t count)
{
	static struct store_record records[BATCH];
	static struct buf bodies[BATCH];
	struct store *s = open_store(name, STORE_MAKE);
	double making = 0, writing = 0, then;
	int64_t began = clock_us();
	uint64_t n, i;
	size_t added;

	for (n = 0; n < count; n += BATCH) {
		for (i = 0; i < BATCH; i++) {
			struct event *e = event_of((n + i) * 7919);

			then = cpu();
			record_make(e, &bodies[i]);
			making += cpu() - then;
			records[i] = (struct store_record){ .run = 1,
			    .seq = n + i, .time = DAY * 86400 + (int64_t)
			    (n % 86400), .body = buf_slice(&bodies[i]) };
			event_free(e);
		}
		then = cpu();
		if (store_write(s, records, BATCH, STORE_FIRST, &added) !=
		    STORE_OK)
			fprintf(stderr, "%s\n", store_why(s));
		writing += cpu() - then;
		for (i = 0; i < BATCH; i++)
			buf_fini(&bodies[i]);
	}
	store_close(s);
	printf("%" PRIu64 " messages in %.1f s; CPU of each: %.1f us in the "
	    "worker, %.1f us in the thread of the store: at 1,000 a second "
	    "%.1f %% of a processor; %ld MB\n", count,
	    (double)(clock_us() - began) / 1e6, making * 1e6 / (double)count,
	    writing * 1e6 / (double)count, (making + writing) * 1e5 /
	    (double)count, peak_mb());
}

/* ---- fill ---- */

/* What is the same in all rows of a policy. */
struct filled {
	uint64_t	 id;
	struct buf	 row;
};

/* A row of a batch. */
struct fill_row {
	struct filled	*policy;
	uint64_t	 key[2];
};

/* Of one policy of a thousand, with as many rows as it will have. */
static void
fill_policy(struct store *s, unsigned int p, uint64_t rows, struct filled *f)
{
	struct event *e = event_of(p);
	struct buf whole, policy;
	char domain[40];

	snprintf(domain, sizeof(domain), "d%u.example", p);
	f->id = hash_with(s->secret, slice_str(domain), 1);
	record_make(e, &whole);
	buf_init(&policy, 1000);
	rows_policy_body(buf_slice(&whole), &policy);
	buf_init(&f->row, 1000);
	rows_row_body(buf_slice(&whole), &f->row);
	db_run(s->db, "INSERT INTO assay_policy VALUES ($1, $2, $3, $4, $5, "
	    "$6, 0)", DB_ARRAY(DB_N(f->id), DB_N(DAY),
	    DB_T(slice_str(domain)), DB_B(buf_slice(&policy)), DB_N(rows),
	    DB_N(rows)), NULL);
	buf_fini(&whole);
	buf_fini(&policy);
	event_free(e);
}

static int
compare_rows(const void *x, const void *y)
{
	const struct fill_row *a = x, *b = y;

	if (a->policy->id != b->policy->id)
		return a->policy->id < b->policy->id ? -1 : 1;
	return memcmp(a->key, b->key, sizeof(a->key));
}

/* Rows come as messages do: of all policies, in no order. */
static void
fill_batch(struct store *s, struct filled *policies, uint64_t first)
{
	struct fill_row rows[BATCH];
	uint64_t n;
	size_t i;

	for (i = 0; i < BATCH; i++) {
		n = first + i;
		rows[i].policy = &policies[n % POLICIES];
		rows[i].key[0] = hash_with(s->secret, SLICE("row"), n);
		rows[i].key[1] = n;
	}
	qsort(rows, BATCH, sizeof(rows[0]), compare_rows);
	db_begin(s->db);
	for (i = 0; i < BATCH; i++) {
		struct filled *f = rows[i].policy;

		/* The source is the first field. */
		memcpy(f->row.ptr + 2, &rows[i].key[0], 4);
		db_run(s->db, "INSERT INTO assay_row VALUES ($1, $2, '', $3, "
		    "$4)", DB_ARRAY(DB_N(f->id), DB_B(((struct slice){
		    (const char *)rows[i].key, sizeof(rows[i].key) })),
		    DB_N(1 + rows[i].key[1] % 7), DB_B(buf_slice(&f->row))),
		    NULL);
	}
	if (store_end(s) != STORE_OK)
		fprintf(stderr, "%s\n", store_why(s));
}

static void
fill(const char *name, uint64_t rows)
{
	static struct filled policies[POLICIES];
	struct store *s = open_store(name, STORE_MAKE);
	int64_t began = clock_us();
	unsigned int p;
	uint64_t n;

	db_begin(s->db);
	for (p = 0; p < POLICIES; p++)
		fill_policy(s, p, rows / POLICIES, &policies[p]);
	(void)store_end(s);
	for (n = 0; n < rows; n += BATCH)
		fill_batch(s, policies, n);
	for (p = 0; p < POLICIES; p++)
		buf_fini(&policies[p].row);
	store_close(s);
	printf("%" PRIu64 " rows in %.1f s\n", rows,
	    (double)(clock_us() - began) / 1e6);
}

/* ---- read ---- */

struct policies {
	uint64_t	*ids;
	size_t		 count;
};

static bool
take_policy(void *arg, const struct store_policy *p)
{
	struct policies *all = arg;
	uint64_t *more = mem_resize(all->ids, (all->count + 1) *
	    sizeof(*more));

	if (more == NULL)
		return false;
	all->ids = more;
	all->ids[all->count++] = p->id;
	return true;
}

static bool
take_row(void *arg, const struct store_row *r)
{
	*(uint64_t *)arg += r->count;
	return true;
}

static void
read_all(const char *name)
{
	struct store *s = open_store(name, STORE_READ);
	struct policies all = { NULL, 0 };
	int64_t began = clock_us();
	uint64_t messages = 0;
	size_t i;

	(void)store_policies(s, 0, 1 << 20, SLICE(""), take_policy, &all);
	for (i = 0; i < all.count; i++)
		if (store_rows(s, all.ids[i], false, take_row, &messages) !=
		    STORE_OK)
			fprintf(stderr, "%s\n", store_why(s));
	store_close(s);
	mem_free(all.ids);
	printf("%zu policies, %" PRIu64 " messages read in %.1f s, %.1f s of "
	    "CPU, %ld MB\n", all.count, messages,
	    (double)(clock_us() - began) / 1e6, cpu(), peak_mb());
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		write_messages(argv[2], strtoull(argv[3], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], strtoull(argv[3], NULL, 10));
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		read_all(argv[2]);
	else
		return 64;
	return 0;
}
