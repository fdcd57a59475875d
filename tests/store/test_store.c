/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store in a file: messages count once, equal rows are one, a policy that
 * changes is two reports; what its sender keeps; versions and damage.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/record_internal.h"
#include "store/schema_internal.h"
#include "store/store_internal.h"
#include "tests/store/letter.h"
#include "tests/tap.h"

#define DAY INT64_C(20700)
#define NOON (DAY * 86400 + 43200)

static char folder[] = "/tmp/assay-store-XXXXXX";
static char name[128];
static bool in_file = true;

/* A message, by what differs between them. */
struct letter {
	const char	*client, *from, *mail_from, *disposition, *dkim;
	const char	*p, *told, *ours;
	const char	*recipients[3];
	unsigned int	 signatures;
	bool		 no_rua;
	const char	*automatic, *sender;
};

static void
add_signatures(struct event *e, unsigned int count)
{
	static const char *const each[][4] = {
		{ "fail", "bad.example", "s0", "none" },
		{ "pass", "other.example", "s1", "none" },
		{ "pass", "Mail.Example.com", "s2", "relaxed" },
		{ "pass", "example.com", "s3", "strict" },
		{ "pass", "not a domain", "s4", "none" } };
	unsigned int i;

	for (i = 0; i < count; i++) {
		const char *const *s = each[i % 5];

		letter_signature(e, s[0], s[1], s[2], s[3]);
	}
}

static struct event *
event_of(const struct letter *l)
{
	struct event *e = event_new("message", NOON);
	struct event_object *o;
	size_t i;

	letter_text(e, "client", l->client != NULL ? l->client : "192.0.2.1");
	letter_text(e, "ours", l->ours);
	letter_text(e, "helo", "mail.example.com");
	letter_text(e, "mail-from", l->sender);
	letter_text(e, "mail-from-domain", l->mail_from);
	letter_text(e, "auto-submitted", l->automatic);
	letter_text(e, "from-domain", l->from != NULL ? l->from :
	    "example.com");
	letter_text(e, "spf", "pass");
	letter_text(e, "spf-domain", "example.com");
	letter_text(e, "dmarc", "pass");
	letter_policy(e, "example.com", l->p != NULL ? l->p : "reject",
	    "s");
	letter_text(e, "dmarc-psd", "u");
	letter_text(e, "dmarc-rua", l->no_rua ? "no" : "yes");
	letter_text(e, "dmarc-spf", "fail");
	letter_text(e, "dmarc-dkim", l->dkim != NULL ? l->dkim : "pass");
	letter_text(e, "dmarc-disposition", l->disposition != NULL ?
	    l->disposition : "pass");
	letter_text(e, "action", "accept");
	letter_text(e, "told", l->told != NULL ? l->told : "accepted");
	o = event_object(e, "dmarc-overrides");
	event_object_text(e, o, "type", SLICE("local_policy"));
	event_object_text(e, o, "comment", SLICE("a rule \x01 accepts it"));
	add_signatures(e, l->signatures);
	for (i = 0; i < 3 && l->recipients[i] != NULL; i++)
		letter_recipient(e, l->recipients[i]);
	return e;
}

/* One message into the store, by its number within run 7. */
static size_t
put_as(struct store *s, uint64_t seq, int64_t time, const struct letter *l,
    enum store_again again)
{
	struct event *e = event_of(l);
	struct store_record r = { .run = 7, .seq = seq, .time = time };
	struct buf body;
	size_t added = 0;

	record_make(e, &body);
	r.body = buf_slice(&body);
	if (store_write(s, &r, 1, again, &added) != STORE_OK)
		printf("# %s\n", store_why(s));
	buf_fini(&body);
	event_free(e);
	return added;
}

static size_t
put(struct store *s, uint64_t seq, int64_t time, const struct letter *l)
{
	return put_as(s, seq, time, l, STORE_FIRST);
}

static struct store *
open_store(enum store_mode mode)
{
	enum store_status status;
	char why[300] = "";
	struct store *s = store_open(name, mode, &status, why, sizeof(why));

	if (s == NULL)
		printf("# status %d: %s\n", status, why);
	return s;
}

#ifdef HAVE_LIBPQ
/* Of a PostgreSQL database, whose name the environment has. */
static void
drop_tables(void)
{
	static const char tables[] = "DROP TABLE IF EXISTS assay_meta, "
	    "assay_run, assay_message, assay_policy, assay_row, "
	    "assay_correspondent, assay_delivery, assay_suppression, "
	    "assay_lease";
	enum store_status status;
	char why[300];
	struct db *db = db_postgresql.open(name, STORE_WRITE, &status, why,
	    sizeof(why));

	if (db == NULL) {
		printf("# %s\n", why);
		return;
	}
	db_postgresql.script(db, tables);
	(void)db_end(db);
	db_postgresql.close(db);
}
#else
static void
drop_tables(void)
{
}
#endif

static void
remove_store(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[160];
	size_t i;

	if (!in_file) {
		drop_tables();
		return;
	}
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", name + 7, ends[i]);
		(void)unlink(path);
	}
}

static struct store *
fresh_store(void)
{
	remove_store();
	return open_store(STORE_MAKE);
}

/* ---- what is read, as text ---- */

static uint64_t last_policy;

struct shown {
	size_t		 count;
	struct {
		char		 text[200];
		uint64_t	 id;
	}		 policies[10];
};

static int
compare_shown(const void *x, const void *y)
{
	return strcmp(x, y);
}

static bool
show_policy(void *arg, const struct store_policy *p)
{
	struct shown *x = arg;

	if (x->count == sizeof(x->policies) / sizeof(x->policies[0]))
		return false;
	x->policies[x->count].id = p->id;
	snprintf(x->policies[x->count++].text, sizeof(x->policies[0].text),
	    "%d %.*s p=%.*s sp=%.*s %.*s%.*s%.*s %.*s psd=%.*s %u/%u/%u",
	    (int)(p->day - DAY),
	    SLICE_ARG(p->domain), SLICE_ARG(p->p), SLICE_ARG(p->sp),
	    SLICE_ARG(p->adkim), SLICE_ARG(p->aspf), SLICE_ARG(p->testing),
	    SLICE_ARG(p->discovery), SLICE_ARG(p->psd),
	    (unsigned int)p->messages, (unsigned int)p->rows,
	    (unsigned int)p->beyond);
	return true;
}

static bool
show_row(void *arg, const struct store_row *r)
{
	char source[IPADDR_TEXT];
	struct buf *b = arg;
	size_t i;

	ipaddr_format(&r->source, source);
	buf_addf(b, "%s%u %s %.*s dkim=%d spf=%d from=%.*s by=<%.*s> "
	    "to=<%.*s> spf=%.*s:%.*s", b->len > 0 ? "; " : "",
	    (unsigned int)r->count, source, SLICE_ARG(r->disposition),
	    r->dkim, r->spf, SLICE_ARG(r->header_from),
	    SLICE_ARG(r->envelope_from), SLICE_ARG(r->envelope_to),
	    SLICE_ARG(r->spf_result), SLICE_ARG(r->spf_domain));
	for (i = 0; i < r->dkim_count; i++)
		buf_addf(b, " %.*s:%.*s:%.*s",
		    SLICE_ARG(r->dkim_results[i].result),
		    SLICE_ARG(r->dkim_results[i].domain),
		    SLICE_ARG(r->dkim_results[i].selector));
	for (i = 0; i < r->reason_count; i++)
		buf_addf(b, " %.*s(%.*s)", SLICE_ARG(r->reasons[i].type),
		    SLICE_ARG(r->reasons[i].comment));
	return true;
}

static void
policies_are(struct store *s, const char *want, const char *what)
{
	struct shown x = { .count = 0 };
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	ok(store_policies(s, 0, DAY + 99, SLICE(""), show_policy, &x) ==
	    STORE_OK, "%s: read", what);
	/* Those of a day and domain come in the order of their ids. */
	qsort(x.policies, x.count, sizeof(x.policies[0]), compare_shown);
	for (i = 0; i < x.count; i++) {
		buf_addf(&b, "%s%s", i > 0 ? "; " : "", x.policies[i].text);
		last_policy = x.policies[i].id;
	}
	is_str(buf_cstr(&b), want, what);
	buf_fini(&b);
}

static void
rows_are(struct store *s, bool envelope_to, const char *want,
    const char *what)
{
	struct buf b;

	buf_init(&b, 65536);
	ok(store_rows(s, last_policy, envelope_to, show_row, &b) == STORE_OK,
	    "%s: read", what);
	is_str(buf_cstr(&b), want, what);
	buf_fini(&b);
}

/* ---- tests ---- */

#define POLICY "0 example.com p=reject sp= rsn treewalk psd=u "
#define ROW(count, to) count " 192.0.2.1 pass dkim=1 spf=0 from=example.com " \
	"by=<> to=<" to "> spf=pass:example.com " \
	"local_policy(a rule ? accepts it)"

static void
test_rows(void)
{
	struct store *s = fresh_store();
	struct stat st;
	struct shown one = { .count = 0 };

	if (!ok(s != NULL, "a new store"))
		return;
	if (in_file)
		ok(stat(name + 7, &st) == 0 && (st.st_mode & 0777) == 0640,
		    "is not for all to read");
	ok(put(s, 1, NOON, &(struct letter){ .recipients = { "a.example" } })
	    == 1, "a message is new");
	ok(put(s, 1, NOON, &(struct letter){ .recipients = { "a.example" } })
	    == 0, "the same one is not");
	(void)put(s, 2, NOON, &(struct letter){ .recipients = { "b.example" }
	    });
	policies_are(s, POLICY "2/2/0", "two messages");
	rows_are(s, false, ROW("2", ""), "rows without envelope_to");
	(void)put(s, 3, NOON, &(struct letter){ .no_rua = true });
	(void)put(s, 4, NOON, &(struct letter){ .p = "none" });
	policies_are(s, "0 example.com p=none sp= rsn treewalk psd=u 1/1/0; "
	    POLICY "2/2/0", "a record that changed at noon; none without rua");
	ok(store_policy_find(s, last_policy, show_policy, &one) == STORE_OK &&
	    one.count == 1, "one by its id");
	is_str(one.policies[0].text, POLICY "2/2/0", "it is the one");
	one.count = 0;
	ok(store_policy_find(s, last_policy + 1, show_policy, &one) ==
	    STORE_OK && one.count == 0, "one that is not there");
	store_close(s);
}

static void
test_lists(void)
{
	struct store *s = fresh_store();

	(void)put(s, 1, NOON, &(struct letter){ .signatures = 5,
	    .client = "2001:db8::1", .mail_from = "example.net",
	    .recipients = { "a.example", "b.example" } });
	policies_are(s, POLICY "1/1/0", "one message");
	rows_are(s, true, "1 2001:db8::1 pass dkim=1 spf=0 from=example.com "
	    "by=<example.net> to=<> spf=pass:example.com "
	    "pass:example.com:s3 pass:mail.example.com:s2 "
	    "pass:other.example:s1 fail:bad.example:s0 "
	    "local_policy(a rule ? accepts it)", "signatures in their order");
	store_close(s);
}

static bool
count_results(void *arg, const struct store_row *r)
{
	*(size_t *)arg = r->dkim_count;
	return true;
}

static void
test_limits(void)
{
	struct store *s = fresh_store();
	size_t found = 0;

	(void)put(s, 1, NOON, &(struct letter){ .signatures =
	    LIMIT_STORE_RESULTS * 5 / 4 });
	policies_are(s, POLICY "1/1/0", "many signatures");
	(void)store_rows(s, last_policy, false, count_results, &found);
	ok(found == LIMIT_STORE_RESULTS, "as many as may be");
	(void)put(s, 2, NOON, &(struct letter){ .client = "192.0.2.9",
	    .signatures = LIMIT_STORE_RESULTS * 5 / 4 + 2 });
	(void)store_rows(s, last_policy, false, count_results, &found);
	ok(found == LIMIT_STORE_RESULTS, "and none beyond");
	db_run(s->db, "UPDATE assay_policy SET amount = $1",
	    DB_ARRAY(DB_N(LIMIT_STORE_ROWS - 1)), NULL);
	(void)put(s, 3, NOON, &(struct letter){ .client = "192.0.2.3" });
	(void)put(s, 4, NOON, &(struct letter){ .client = "192.0.2.4" });
	(void)put(s, 5, NOON, &(struct letter){ .client = "192.0.2.3" });
	policies_are(s, POLICY "5/200000/1", "the last row that has room, one "
	    "past it, and one more of the last");
	store_close(s);
}

static void
test_days(void)
{
	struct store *s = fresh_store();

	(void)put(s, 1, NOON, &(struct letter){ .p = NULL });
	ok(store_day_close(s, DAY) == STORE_OK, "close a day");
	(void)put(s, 2, NOON, &(struct letter){ .p = NULL });
	policies_are(s, POLICY "1/1/0; 1 example.com p=reject sp= rsn "
	    "treewalk psd=u 1/1/0", "a late message counts for the next day");
	ok(store_policy_done(s, last_policy) == STORE_OK, "a report is done");
	policies_are(s, POLICY "1/1/0", "its rows have gone");
	store_close(s);
}

static void
test_lease(void)
{
	struct store *s = fresh_store();
	bool got = false;

	ok(store_lease(s, "send", "a", 100, 200, &got) == STORE_OK && got,
	    "a lease");
	ok(store_lease(s, "send", "b", 150, 250, &got) == STORE_OK && !got,
	    "nobody else has it");
	ok(store_lease(s, "send", "a", 150, 300, &got) == STORE_OK && got,
	    "its owner may renew it");
	ok(store_lease(s, "send", "b", 300, 400, &got) == STORE_OK && got,
	    "until it is over");
	(void)store_lease_end(s, "send", "a");
	ok(store_lease(s, "send", "a", 310, 400, &got) == STORE_OK && !got,
	    "who has lost it does not end it");
	(void)store_lease_end(s, "send", "b");
	ok(store_lease(s, "send", "a", 310, 400, &got) == STORE_OK && got,
	    "its owner does");
	store_close(s);
}

/* ---- a report becomes several ---- */

struct totals {
	struct store	*s;
	size_t		 policies, parts;
	uint64_t	 messages, rows, read, beyond;
	uint64_t	 ids[20];
};

/* A store_part_fn. */
static void
count_part(void *arg, uint64_t policy)
{
	struct totals *t = arg;

	(void)policy;
	t->parts++;
}

static bool
take_totals(void *arg, const struct store_policy *p)
{
	struct totals *t = arg;

	t->ids[t->policies++ % 20] = p->id;
	t->messages += p->messages;
	t->rows += p->rows;
	t->beyond += p->beyond;
	t->parts += p->part ? 1 : 0;
	return true;
}

static bool
add_count(void *arg, const struct store_row *r)
{
	*(uint64_t *)arg += r->count;
	return true;
}

static struct totals
totals_of(struct store *s)
{
	struct totals t = { .s = s };
	size_t i;

	(void)store_policies(s, DAY, DAY, SLICE("example.com"), take_totals,
	    &t);
	for (i = 0; i < t.policies && i < 20; i++)
		(void)store_rows(s, t.ids[i], false, add_count, &t.read);
	return t;
}

/* Ten sources, each with mail for two domains of ours: 20 rows, 10 keys. */
static uint64_t
fill_for_split(struct store *s)
{
	static const char *const to[] = { "a.example", "b.example" };
	char client[20];
	uint64_t i;

	for (i = 0; i < 20; i++) {
		snprintf(client, sizeof(client), "192.0.2.%u",
		    (unsigned int)(i / 2));
		(void)put(s, i + 1, NOON, &(struct letter){ .client = client,
		    .recipients = { to[i % 2] } });
	}
	return totals_of(s).ids[0];
}

static void
test_split(void)
{
	struct store *s = fresh_store();
	uint64_t id = fill_for_split(s);
	struct totals t = { .policies = 0 }, after;

	ok(store_policy_split(s, id, 3, count_part, &t) == STORE_OK &&
	    t.parts == 2, "two more of one: %zu", t.parts);
	after = totals_of(s);
	ok(after.policies == 3 && after.parts == 3 && after.messages == 20 &&
	    after.rows == 20 && after.read == 20, "all of it is there: %u "
	    "messages, %u rows", (unsigned int)after.messages,
	    (unsigned int)after.rows);
	t.parts = 0;
	ok(store_policy_split(s, id, 100, count_part, &t) == STORE_OK &&
	    t.parts >= 1 && t.parts <= 5, "no more parts than keys");
	after = totals_of(s);
	ok(after.policies == 3 + t.parts && after.read == 20 &&
	    after.rows == 20, "and again: %zu reports", after.policies);
	t.parts = 0;
	ok(store_policy_split(s, id, 2, count_part, &t) == STORE_OK &&
	    t.parts == 0, "rows of one key stay together");
	ok(store_policy_split(s, 77, 2, count_part, &t) == STORE_OK &&
	    t.parts == 0, "one that is not there");
	store_close(s);
}

static void
test_split_memory(void)
{
	struct store *s = fresh_store();
	uint64_t id = fill_for_split(s);
	struct totals t = { .policies = 0 }, after;
	enum store_status status;
	unsigned long n, wrong = 0;

	for (n = 0; n < 200; n++) {
		mem_fail_after(n, 1);
		status = store_policy_split(s, id, 4, count_part, &t);
		mem_fail_after(0, 0);
		after = totals_of(s);
		wrong += after.read != 20 || after.policies !=
		    (status == STORE_OK ? 4 : 1) ? 1 : 0;
		if (status == STORE_OK)
			break;
	}
	ok(n > 0 && n < 200 && wrong == 0, "short memory: nothing is done, %lu "
	    "times", n);
	store_close(s);
}

/* ---- what the sender of reports keeps ---- */

static bool
show_delivery(void *arg, const struct store_delivery *d)
{
	buf_addf(arg, "%u %.*s %.*s %d %.*s %d %d %d %.*s;",
	    (unsigned int)d->policy, SLICE_ARG(d->destination),
	    SLICE_ARG(d->domain), (int)d->messages, SLICE_ARG(d->state),
	    (int)d->tries, (int)d->at, (int)d->next, SLICE_ARG(d->error));
	return true;
}

static bool
show_suppression(void *arg, const struct store_suppression *x)
{
	buf_addf(arg, "%.*s %d %d %.*s;", SLICE_ARG(x->destination),
	    (int)x->until, (int)x->hits, SLICE_ARG(x->why));
	return true;
}

static void
test_bookkeeping(void)
{
	struct store *s = fresh_store();
	struct store_delivery d = { .policy = 5, .day = DAY, .tries = 1,
		.domain = SLICE("example.com"), .messages = 9,
		.destination = SLICE("a@x.example"), .state = SLICE("later"),
		.at = 10, .next = 20, .error = SLICE("451 no") };
	struct buf b;
	bool put;

	(void)store_delivery_put(s, &d, SLICE(""), &put);
	d.state = SLICE("sent");
	d.tries = 2;
	ok(store_delivery_put(s, &d, SLICE("later"), &put) == STORE_OK &&
	    !put, "not over a state that is to stay");
	ok(store_delivery_put(s, &d, SLICE("sent"), &put) == STORE_OK && put,
	    "over another one");
	d.policy = 6;
	(void)store_delivery_put(s, &d, SLICE(""), &put);
	buf_init(&b, 4096);
	(void)store_deliveries(s, 5, show_delivery, &b);
	is_str(buf_cstr(&b), "5 a@x.example example.com 9 sent 2 10 20 451 no;",
	    "a delivery, as it was put last");
	buf_reset(&b);
	(void)store_deliveries(s, 0, show_delivery, &b);
	is_str(buf_cstr(&b), "5 a@x.example example.com 9 sent 2 10 20 451 no;"
	    "6 a@x.example example.com 9 sent 2 10 20 451 no;", "all of them");
	(void)store_suppress(s, SLICE("x.example"), 100, SLICE("bounced"));
	(void)store_suppress(s, SLICE("x.example"), 300, SLICE("again"));
	(void)store_suppress(s, SLICE("y.example"), 50, SLICE("asked"));
	buf_reset(&b);
	(void)store_suppressions(s, SLICE("x.example"), show_suppression, &b);
	is_str(buf_cstr(&b), "x.example 300 2 again;", "suppressed twice");
	(void)store_suppress_end(s, SLICE("x.example"));
	buf_reset(&b);
	(void)store_suppressions(s, SLICE(""), show_suppression, &b);
	is_str(buf_cstr(&b), "y.example 50 1 asked;", "and no more");
	buf_fini(&b);
	store_close(s);
}

/* A db_row_fn. */
static bool
take_number(void *arg, const struct db_value *c)
{
	*(int64_t *)arg = c[0].number;
	return true;
}

static bool
knows(struct store *s, const char *domain)
{
	bool yes = false;

	(void)store_corresponds(s, slice_str(domain), DAY - 1, &yes);
	return yes;
}

static void
test_correspondents(void)
{
	struct store *s = fresh_store();

	(void)put(s, 1, NOON, &(struct letter){ .ours = "yes",
	    .recipients = { "to.example", "cc.example" } });
	(void)put(s, 2, NOON, &(struct letter){
	    .recipients = { "in.example" } });
	(void)put(s, 3, NOON, &(struct letter){ .ours = "yes",
	    .told = "rejected", .recipients = { "no.example" } });
	(void)put(s, 4, NOON, &(struct letter){ .ours = "yes",
	    .automatic = "yes", .recipients = { "report.example" } });
	(void)put(s, 5, NOON, &(struct letter){ .ours = "yes",
	    .sender = "<>", .recipients = { "bounce.example" } });
	ok(knows(s, "to.example") && knows(s, "cc.example"),
	    "whom we write to");
	ok(!knows(s, "in.example"), "not who receives from others");
	ok(!knows(s, "no.example"), "nor when it was refused");
	ok(!knows(s, "report.example"), "nor when a program sent it");
	ok(!knows(s, "bounce.example"), "nor a bounce");
	db_run(s->db, "UPDATE assay_correspondent SET day = $1",
	    DB_ARRAY(DB_N(DAY - 2)), NULL);
	ok(!knows(s, "to.example"), "not long ago");
	store_close(s);
	s = open_store(STORE_MAKE);
	(void)put(s, 6, NOON, &(struct letter){ .ours = "yes",
	    .recipients = { "to.example" } });
	ok(knows(s, "to.example"), "but again");
	store_close(s);
}

static void
test_organizations(void)
{
	static const struct {
		const char	*domain;
		bool		 known;
	} rows[] = {
		{ "example.org", true }, { "mail.example.org", true },
		{ "a.mail.example.org", false }, { "example.com", true },
		{ "ample.org", false }, { "org", true }, { "", false },
		{ "xample.com", false }, { "example.com.example", false },
		{ "example.co", false }, { "example-org", false },
		{ "example.org.", false }, { ".", false },
	};
	struct store *s = fresh_store();
	size_t i;

	(void)put(s, 1, NOON, &(struct letter){ .ours = "yes", .recipients = {
	    "mail.example.org", "example.com", "b.example-org.example" } });
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(knows(s, rows[i].domain) == rows[i].known,
		    "at or below \"%s\"", rows[i].domain);
	store_close(s);
}

static int64_t
number_of(struct store *s, const char *query)
{
	int64_t number = -1;

	db_query(s->db, query, NULL, 0, take_number, &number);
	if (store_end(s) != STORE_OK)
		printf("# %s\n", store_why(s));
	return number;
}

/* Someone writes to more domains than are remembered, in one day. */
static void
test_many_correspondents(void)
{
	static const char many[] = "INSERT INTO assay_correspondent "
	    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n "
	    "WHERE x < 1000010) SELECT 'example.d' || x, 20701, 0 FROM n";
	static const char count[] = "SELECT count(*) FROM assay_correspondent";
	struct store *s = fresh_store();
	unsigned int day;
	bool more = true;

	for (day = 0; day < 2; day++)
		(void)put(s, day, NOON - 86400 * (1 - day), &(struct letter){
		    .ours = "yes", .recipients = { "friend.example" } });
	(void)put(s, 2, NOON, &(struct letter){ .ours = "yes",
	    .recipients = { "once.example" } });
	s->db->slow = true;
	db_script(s->db, many);
	s->db->slow = false;
	(void)store_forget(s, DAY + 1, 30, &more);
	ok(!more, "a part is enough");
	ok(number_of(s, count) == LIMIT_STORE_CORRESPONDENTS,
	    "as many as may be");
	ok(knows(s, "friend.example"), "who is written to often stays");
	ok(!knows(s, "once.example"), "who was written to once does not");
	ok(!store_is_growing(s), "no haste");
	s->noted = LIMIT_STORE_CORRESPONDENTS / 10;
	ok(store_is_growing(s), "but when many are new");
	(void)store_forget(s, DAY + 1, 30, &more);
	ok(number_of(s, count) == LIMIT_STORE_CORRESPONDENTS &&
	    !store_is_growing(s), "at the limit none goes");
	store_close(s);
}

static void
test_forget(void)
{
	struct store *s = fresh_store();
	bool more = true;

	(void)put(s, 1, NOON, &(struct letter){ .p = NULL });
	(void)put(s, 2, NOON + 86400, &(struct letter){ .ours = "yes",
	    .recipients = { "to.example" } });
	ok(store_forget(s, DAY + 30, 30, &more) == STORE_OK && !more,
	    "forget nothing");
	policies_are(s, POLICY "1/1/0; 1 example.com p=reject sp= rsn "
	    "treewalk psd=u 1/1/0", "within 30 days");
	ok(store_forget(s, DAY + 31, 30, &more) == STORE_OK && !more,
	    "forget a day");
	policies_are(s, "1 example.com p=reject sp= rsn treewalk psd=u 1/1/0",
	    "the day before has gone");
	ok(put(s, 1, NOON, &(struct letter){ .p = NULL }) == 1,
	    "its messages as well");
	ok(store_forget(s, DAY + LIMIT_STORE_CORRESPONDENT + 1, 999, &more)
	    == STORE_OK && knows(s, "to.example"), "a correspondent stays");
	(void)store_forget(s, DAY + LIMIT_STORE_CORRESPONDENT + 2, 999, &more);
	ok(!knows(s, "to.example"), "no longer than its time");
	store_close(s);
}

static void
test_forget_suppressions(void)
{
	const int64_t end = (DAY - LIMIT_STORE_SUPPRESSION) * 86400;
	struct store *s = fresh_store();
	bool more;
	struct buf b;

	(void)store_suppress(s, SLICE("old.example"), end - 1, SLICE("x"));
	(void)store_suppress(s, SLICE("new.example"), end, SLICE("x"));
	(void)store_forget(s, DAY, 30, &more);
	buf_init(&b, 1000);
	(void)store_suppressions(s, SLICE(""), show_suppression, &b);
	ok(strncmp(buf_cstr(&b), "new.example ", 12) == 0, "of suppressions "
	    "the old ones: %s", buf_cstr(&b));
	buf_fini(&b);
	store_close(s);
}

static int64_t
forget_day(struct store *s, int64_t today)
{
	int64_t day = -1;

	return store_forget_day(s, today, &day) == STORE_OK ? day : -1;
}

/* A clock that jumps costs a day each time. */
static void
test_forget_day(void)
{
	static const struct {
		int64_t	today, want;
	} steps[] = {
		{ DAY, DAY }, { DAY, DAY }, { DAY + 1, DAY + 1 },
		{ DAY + 1 + LIMIT_STORE_JUMP, DAY + 1 + LIMIT_STORE_JUMP },
		{ DAY + 4 + LIMIT_STORE_JUMP * 2, DAY + 4 },
		{ DAY + 40000, DAY + 5 }, { DAY + 40000, DAY + 6 },
		{ DAY + 4, DAY + 4 }, { DAY - 9000, DAY - 9000 },
		{ DAY + 7, DAY + 7 }
	};
	struct store *s = fresh_store();
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		is_num(forget_day(s, steps[i].today), steps[i].want,
		    "the day to forget by");
	store_close(s);
}

/* Nor does it close days that are to come. */
static void
test_close_ahead(void)
{
	struct store *s = fresh_store();
	static const char query[] = "SELECT number FROM assay_meta "
	    "WHERE name = 'closed'";

	ok(store_day_close(s, DAY + 9999) == STORE_OK, "an empty store");
	is_num(number_of(s, query), -1, "has no day to close");
	(void)put(s, 1, NOON, &(struct letter){ .p = NULL });
	(void)store_day_close(s, DAY + 9999);
	is_num(number_of(s, query), DAY, "the last day that has mail");
	(void)store_day_close(s, DAY - 1);
	is_num(number_of(s, query), DAY, "it does not open again");
	store_close(s);
}

static void
opens_as(enum store_mode mode, enum store_status want, const char *what)
{
	enum store_status status;
	char why[300] = "";
	struct store *s = store_open(name, mode, &status, why, sizeof(why));

	ok(status == want && (s == NULL) == (want != STORE_OK), "%s: %d %s",
	    what, status, why);
	store_close(s);
}

static void
test_runs(void)
{
	static const char count[] = "SELECT count(*) FROM assay_run";
	struct store *s = fresh_store();
	bool more = true;

	(void)store_run_add(s, 1, "a.example", NOON);
	(void)store_run_add(s, 2, "a.example", NOON);
	(void)store_run_add(s, 2, "a.example", NOON + 86400);
	(void)store_run_add(s, 2, "a.example", NOON);
	ok(number_of(s, count) == 2, "two runs");
	(void)store_forget(s, DAY + 30, 30, &more);
	ok(number_of(s, count) == 2, "as long as there may be messages");
	(void)store_forget(s, DAY + 31, 30, &more);
	ok(number_of(s, "SELECT run FROM assay_run") == 2,
	    "the one that wrote on a later day stays");
	(void)store_forget(s, DAY + 32, 30, &more);
	ok(number_of(s, count) == 0, "no longer than its messages");
	store_close(s);
}

/* A message that was written, and is tried again when its day has gone. */
static void
test_forgotten(void)
{
	const struct letter l = { .p = NULL };
	struct store *s = fresh_store();
	bool more;

	ok(put_as(s, 1, NOON, &l, STORE_AGAIN) == 1, "from the spool file");
	(void)store_day_close(s, DAY);
	(void)store_forget(s, DAY + 30, 30, &more);
	ok(put_as(s, 1, NOON, &l, STORE_AGAIN) == 0, "it is there");
	(void)store_forget(s, DAY + 31, 30, &more);
	ok(put_as(s, 1, NOON, &l, STORE_AGAIN) == 0, "it was there");
	policies_are(s, "", "and does not count again");
	ok(put_as(s, 2, NOON + 86400, &l, STORE_AGAIN) == 1,
	    "the day after may");
	ok(put_as(s, 3, NOON, &l, STORE_FIRST) == 1,
	    "and one that was never tried, whatever the clock says");
	store_close(s);
}

/* ---- text of senders ---- */

static bool
is_printable(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len && s.ptr[i] >= ' ' && s.ptr[i] <= '~'; i++)
		;
	return i == s.len && s.len <= RECORD_TEXT;
}

/* A store_message_fn. */
static bool
check_message(void *arg, const struct store_message *m)
{
	const struct slice texts[] = { m->origin, m->helo, m->from_domain,
		m->mail_from_domain, m->from, m->auth_user, m->tls, m->iprev,
		m->arc_sealers, m->forwarder, m->rule, m->why, m->told,
		m->policy_domain };
	size_t i, *good = arg;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*good += is_printable(texts[i]) && texts[i].len > 0 ? 1 : 0;
	for (i = 0; i < m->signature_count; i++)
		*good += is_printable(m->signatures[i].domain) ? 1 : 0;
	for (i = 0; i < m->recipient_count; i++)
		*good += is_printable(m->recipients[i]) ? 1 : 0;
	return true;
}

/* A message in which every text is as bad as this one. */
static void
put_bad(struct store *s, uint64_t seq, struct slice bad, const char *what)
{
	static const char *const keys[] = { "origin", "ours", "helo",
		"mail-from-domain", "from-domain", "from", "auth-user", "tls",
		"iprev", "spf", "spf-domain", "spf-helo", "arc", "arc-sealers",
		"arc-trusted", "dmarc", "dmarc-p", "dmarc-domain",
		"dmarc-disposition",
		"forwarder", "dnssec", "stage", "action", "rule", "why",
		"decided", "observed", "auto-submitted" };
	struct event *e = event_new("message", NOON);
	struct store_record r = { .run = 8, .seq = seq, .time = NOON };
	struct event_object *o;
	struct buf body;
	size_t added, i, good = 0;

	event_text(e, "client", SLICE("192.0.2.1"));
	event_text(e, "dmarc-rua", SLICE("yes"));
	event_text(e, "told", SLICE("accepted"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		event_text(e, keys[i], bad);
	o = event_object(e, "signatures");
	event_object_text(e, o, "result", bad);
	event_object_text(e, o, "domain", bad);
	event_object_text(e, o, "selector", bad);
	event_object_text(e, event_object(e, "recipients"), "domain", bad);
	record_make(e, &body);
	r.body = buf_slice(&body);
	ok(store_write(s, &r, 1, STORE_FIRST, &added) == STORE_OK &&
	    added == 1, "%s: written", what);
	(void)store_messages(s, NOON, check_message, &good);
	is_num((long long)good, (long long)(16 * seq), what);
	buf_fini(&body);
	event_free(e);
}

static void
test_senders_text(void)
{
	static char local[65536];
	struct store *s = fresh_store();

	memset(local, 'a', sizeof(local));
	put_bad(s, 1, (struct slice){ local, sizeof(local) }, "64 KB");
	put_bad(s, 2, (struct slice){ "a\0b\r\n\x1b", 6 }, "controls");
	put_bad(s, 3, SLICE("\xff\xfe\xc3\x28\xed\xa0\x80"), "no UTF-8");
	put_bad(s, 4, SLICE("'; DROP TABLE assay_message; --"), "SQL");
	put_bad(s, 5, SLICE("$1 ?1 %s %n"), "placeholders");
	store_close(s);
}

/* A clock that was wrong, and is set right. */
static void
test_clock(void)
{
	const struct letter l = { .ours = "yes",
	    .recipients = { "to.example" } };
	struct store *s = fresh_store();

	(void)store_run_add(s, 7, "mx", NOON);
	(void)put(s, 0, NOON - 86400, &l);
	(void)put(s, 1, NOON, &l);
	(void)store_day_close(s, DAY - 1);
	ok(put(s, 2, NOON - 86400, &l) == 1, "a day back");
	(void)store_run_add(s, 7, "mx", NOON - 86400);
	ok(put(s, 3, -5, &l) == 1, "before the Epoch");
	ok(put(s, 4, INT64_MAX, &l) == 1, "far ahead");
	ok(number_of(s, "SELECT last FROM assay_run") == DAY, "the run's day "
	    "never goes back");
	is_num(number_of(s, "SELECT messages FROM assay_policy "
	    "WHERE day = 20700"), 3, "those of days before count today");
	ok(knows(s, "to.example"), "who was written to is known");
	store_close(s);
}

/* ---- tables of an earlier version ---- */

static void
load(const char *file)
{
	const struct db_driver *driver = db_driver_of(slice_str(name));
	const char *top = getenv("top_srcdir");
	enum store_status status;
	char path[1024], why[300];
	struct buf sql;
	struct db *db;
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "%s/tests/data/store/%s.%s.sql",
	    top != NULL ? top : ".", file, in_file ? "sqlite" : "postgresql");
	buf_init(&sql, 1 << 20);
	f = fopen(path, "r");
	while (f != NULL && (c = getc(f)) != EOF)
		buf_addc(&sql, (char)c);
	if (f != NULL)
		fclose(f);
	db = driver->open(name, STORE_MAKE, &status, why, sizeof(why));
	if (!ok(sql.len > 0 && db != NULL, "%s", path))
		exit(1);
	db_script(db, buf_cstr(&sql));
	ok(db_end(db) == STORE_OK, "tables of another version: %s", db->why);
	driver->close(db);
	buf_fini(&sql);
}

static void
add_domains(struct store *s, unsigned int count)
{
	db_run(s->db, "INSERT INTO assay_correspondent "
	    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n "
	    "WHERE x < $1) SELECT 'd' || x || '.example', 20786 FROM n",
	    DB_ARRAY(DB_N(count)), NULL);
	(void)store_end(s);
}

static void
test_migration(void)
{
	static const char version[] = "SELECT number FROM assay_meta "
	    "WHERE name = 'schema'";
	const struct db_driver *driver = db_driver_of(slice_str(name));
	enum store_status status;
	struct store *s, old;
	char why[300];

	remove_store();
	load("version-1");
	opens_as(STORE_READ, STORE_AWAY, "version 1, to read");
	opens_as(STORE_WRITE, STORE_AWAY, "version 1, to write");
	old = (struct store){ .db = driver->open(name, STORE_WRITE, &status,
	    why, sizeof(why)) };
	add_domains(&old, 2500);
	is_num(number_of(&old, version), 1, "nobody changed it");
	driver->close(old.db);
	s = open_store(STORE_MAKE);
	if (!ok(s != NULL, "version 1, for a daemon"))
		return;
	is_num(number_of(s, version), STORE_SCHEMA, "now it is of this one");
	is_num(number_of(s, "SELECT count(*) FROM assay_message"), 14,
	    "messages are there");
	is_num(number_of(s, "SELECT count(*) FROM assay_run "
	    "WHERE last = 20786"), 2, "and runs, with their last day");
	is_num(number_of(s, "SELECT count(*) FROM assay_correspondent"), 2503,
	    "and correspondents");
	ok(knows(s, "example.com") && knows(s, "b.example.gov") &&
	    knows(s, "d1.example") && knows(s, "d2500.example") &&
	    !knows(s, "d2501.example"), "which are found");
	policies_are(s, "86 example.net p=none sp= rrn treewalk psd=u 8/2/0",
	    "policies");
	store_close(s);
	opens_as(STORE_READ, STORE_OK, "to read");
	opens_as(STORE_MAKE, STORE_OK, "again");
}

static void
test_version_2(void)
{
	struct store *s;

	remove_store();
	load("version-2");
	opens_as(STORE_READ, STORE_AWAY, "version 2, to read");
	s = open_store(STORE_MAKE);
	if (!ok(s != NULL, "version 2, for a daemon"))
		return;
	is_num(number_of(s, "SELECT count(*) FROM assay_delivery "
	    "WHERE domain = '' AND messages = 0 AND tries = 1"), 1,
	    "a delivery is there, what it was about is not known");
	is_num(number_of(s, "SELECT count(*) FROM assay_suppression"), 1,
	    "and a suppression");
	store_close(s);
	opens_as(STORE_READ, STORE_OK, "to read");
}

static void
write_file(const char *content)
{
	FILE *f = fopen(name + 7, "w");

	if (f == NULL)
		return;
	fputs(content, f);
	fclose(f);
}

static void
test_versions(void)
{
	struct store *s;

	remove_store();
	opens_as(STORE_READ, in_file ? STORE_AWAY : STORE_ABSENT,
	    "nothing there");
	s = fresh_store();
	opens_as(STORE_READ, STORE_OK, "read");
	opens_as(STORE_WRITE, STORE_OK, "write");
	opens_as(STORE_MAKE, STORE_OK, "make again");
	s->db->driver->script(s->db, "UPDATE assay_meta SET number = 99 "
	    "WHERE name = 'schema'");
	opens_as(STORE_MAKE, STORE_NEWER, "a later version");
	opens_as(STORE_READ, STORE_NEWER, "a later version, to read");
	s->db->driver->script(s->db, "DROP TABLE assay_meta");
	opens_as(STORE_READ, STORE_ABSENT, "no tables");
	store_close(s);
	remove_store();
	if (!in_file)
		return;
	write_file("This is no database, but it is long enough to be told "
	    "apart from an empty file, and from the head of one.......");
	opens_as(STORE_MAKE, STORE_AWAY, "no database");
	remove_store();
}

/* For the addresses that bounces come back to. */
static void
test_keys(void)
{
	struct store *s = fresh_store(), *again = open_store(STORE_READ);
	uint64_t a[2], b[2];

	store_key(s, "one", a);
	store_key(again, "one", b);
	ok(memcmp(a, b, sizeof(a)) == 0, "the same for all that use it");
	store_key(s, "two", b);
	ok(a[0] != b[0] && a[1] != b[1] && a[0] != s->secret[0] &&
	    a[0] != a[1], "another for another purpose");
	store_close(again);
	store_close(s);
	s = fresh_store();
	store_key(s, "one", b);
	ok(a[0] != b[0] && a[1] != b[1], "another in another store");
	store_close(s);
	remove_store();
}

static void
test_names(void)
{
	static const struct {
		const char	*name;
		bool		 good;
	} rows[] = {
		{ "sqlite:/var/lib/assay/assay.db", true },
		{ "sqlite:assay.db", false },
		{ "sqlite:", false },
#ifdef HAVE_LIBPQ
		{ "postgresql://assay@db.example/assay", true },
#else
		{ "postgresql://assay@db.example/assay", false },
#endif
		{ "mysql://x", false },
		{ "", false },
	};
	const char *problem;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(store_name_check(slice_str(rows[i].name), &problem) ==
		    rows[i].good, "name \"%s\"", rows[i].name);
}

int
main(void)
{
	const char *given = getenv("ASSAY_TEST_STORE");

#ifndef HAVE_SQLITE
	if (given == NULL) {
		printf("1..0 # SKIP built without SQLite\n");
		return 0;
	}
#endif
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(name, sizeof(name), "sqlite:%s/assay.db", folder);
	if (given != NULL) {
		snprintf(name, sizeof(name), "%s", given);
		in_file = false;
	}
	test_rows();
	test_lists();
	test_limits();
	test_days();
	test_lease();
	test_split();
	test_split_memory();
	test_bookkeeping();
	test_correspondents();
	test_organizations();
	test_many_correspondents();
	test_forget();
	test_forget_suppressions();
	test_forget_day();
	test_close_ahead();
	test_runs();
	test_forgotten();
	test_senders_text();
	test_clock();
	test_migration();
	test_version_2();
	test_versions();
	test_keys();
	test_names();
	(void)rmdir(folder);
	return tap_done();
}
