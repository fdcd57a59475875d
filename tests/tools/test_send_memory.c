/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every allocation of assay report send fails once.  Whatever the command
 * says then, no report is lost or refused for it: the next run sends what was
 * not sent, at most once more.
 */
#include "tools/report.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "event/event.h"
#include "store/record_internal.h"
#include "store/store_internal.h"
#include "tests/tap.h"

#define ROUNDS 20000
#define DAY INT64_C(86400)

static char folder[] = "/tmp/assay-send-XXXXXX";
static char config[64], zone[64], sendmail[64], mails[64], name[64];

static const char config_text[] =
    "store: %s\nresolver: {zone: %s}\nauthserv-id: mx.example.org\n"
    "report: {from: dmarc@ours.example, sendmail: %s, pause: 0s, "
    "bounce: b@ours.example}\n";
static const char zone_text[] =
    "zonedata:\n"
    "  _dmarc.example.net: [{TXT: \"v=DMARC1; p=none; "
    "rua=mailto:d@example.net\"}]\n";
static const char sendmail_text[] =
    "#!/bin/sh\ncat >/dev/null\necho x >>%s\n";

static void
write_file(const char *path, mode_t mode, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    chmod(path, mode) != 0)
		exit(EXIT_FAILURE);
}

/* ---- a store of one report, of the day before yesterday ---- */

static void
put(struct store *s, uint64_t seq, const char *const *pairs,
    const char *recipient)
{
	int64_t when = (int64_t)time(NULL) - 2 * DAY;
	struct store_record r = { .run = 1, .seq = seq, .time = when };
	struct event *e = event_new("message", when);
	struct buf body;
	size_t added;

	for (; pairs[0] != NULL; pairs += 2)
		event_text(e, pairs[0], slice_str(pairs[1]));
	event_object_text(e, event_object(e, "recipients"), "domain",
	    slice_str(recipient));
	record_make(e, &body);
	r.body = buf_slice(&body);
	if (store_write(s, &r, 1, STORE_FIRST, &added) != STORE_OK ||
	    added != 1)
		exit(EXIT_FAILURE);
	buf_fini(&body);
	event_free(e);
}

static void
make_store(void)
{
	static const char *const theirs[] = { "client", "192.0.2.1",
		"from-domain", "example.net", "dmarc", "pass", "dmarc-p",
		"none", "dmarc-domain", "example.net", "dmarc-rua", "yes",
		"dmarc-disposition", "none", "dmarc-dkim", "pass", "action",
		"accept", "told", "accepted", NULL };
	static const char *const ours[] = { "client", "127.0.0.1", "ours",
		"yes", "from-domain", "ours.example", "action", "accept",
		"told", "accepted", NULL };
	static const char *const ends[] = { "", "-wal", "-shm" };
	enum store_status status;
	char why[300], path[80];
	struct store *s;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", name + 7, ends[i]);
		(void)unlink(path);
	}
	(void)unlink(mails);
	s = store_open(name, STORE_MAKE, &status, why, sizeof(why));
	if (s == NULL)
		exit(EXIT_FAILURE);
	put(s, 1, theirs, "ours.example");
	put(s, 2, ours, "example.net");
	store_close(s);
}

/* ---- what became of it ---- */

struct seen {
	unsigned int	sent, others;
};

/* A store_delivery_fn. */
static bool
see_delivery(void *arg, const struct store_delivery *d)
{
	struct seen *x = arg;

	if (slice_eq(d->state, SLICE("sent")))
		x->sent++;
	else
		x->others++;
	return true;
}

/* A store_policy_fn. */
static bool
see_policy(void *arg, const struct store_policy *p)
{
	(void)p;
	++*(unsigned int *)arg;
	return true;
}

/* Sent once, nothing else noted, its rows gone. */
static bool
is_done(unsigned int *policies)
{
	enum store_status status;
	struct seen x = { 0, 0 };
	char why[300];
	struct store *s = store_open(name, STORE_READ, &status, why,
	    sizeof(why));

	*policies = 0;
	if (s == NULL)
		return false;
	(void)store_deliveries(s, 0, see_delivery, &x);
	(void)store_policies(s, 0, INT32_MAX, SLICE(""), see_policy,
	    policies);
	store_close(s);
	return x.sent == 1 && x.others == 0 && *policies == 0;
}

static long
count_mails(void)
{
	struct stat st;

	return stat(mails, &st) == 0 ? (long)st.st_size / 2 : 0;
}

/* ---- the command ---- */

/* `after` allocations succeed, unless it is ULONG_MAX. */
static enum tool_exit
run(unsigned long after, unsigned long *hits)
{
	struct tool t = { .command = &report_send_command };
	char words[][8] = { "send", "-c", "--retry" };
	char *argv[] = { words[0], words[1], config, words[2], NULL };
	enum tool_exit status;

	optind = 0;
	if (after != ULONG_MAX)
		mem_fail_after(after, 1);
	status = report_send_command.run(&t, 4, argv);
	tool_stop(&t);
	*hits = mem_fail_hits();
	mem_fail_after(0, 0);
	return status;
}

/* A lease is left behind only by a crash. */
static bool
is_good(enum tool_exit first, bool done, unsigned int policies)
{
	if (first == TOOL_OK)
		return done && policies == 0;
	return first == TOOL_UNAVAILABLE || first == TOOL_TEMPORARY ||
	    first == TOOL_CONFIG || first == TOOL_NO_INPUT;
}

static void
starve(void)
{
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY);
	unsigned long n, hits = 1, again;
	unsigned int policies;
	enum tool_exit status = TOOL_OK;
	bool good = true, done = false;

	fflush(NULL);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		exit(EXIT_FAILURE);
	for (n = 0; good && hits > 0 && n < ROUNDS; n++) {
		make_store();
		status = run(n, &hits);
		done = is_done(&policies);
		good = is_good(status, done, policies);
		if (good && !done)
			good = run(ULONG_MAX, &again) == TOOL_OK &&
			    is_done(&policies);
		good = good && count_mails() >= 1 && count_mails() <= 2;
	}
	fflush(NULL);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	if (!ok(good && n > 50, "each of %lu allocations may fail", n))
		printf("# status %d, done %d, mails %ld\n", (int)status, done,
		    count_mails());
	is_num(count_mails(), 1, "one mail when none does");
	is_num(status, TOOL_OK, "and all is well");
}

int
main(void)
{
	char text[512];

#ifndef HAVE_SQLITE
	printf("1..0 # SKIP built without SQLite\n");
	return 0;
#endif
	if (mkdtemp(folder) == NULL)
		return EXIT_FAILURE;
	snprintf(config, sizeof(config), "%s/assay.yaml", folder);
	snprintf(zone, sizeof(zone), "%s/zone.yaml", folder);
	snprintf(sendmail, sizeof(sendmail), "%s/sendmail", folder);
	snprintf(mails, sizeof(mails), "%s/mails", folder);
	snprintf(name, sizeof(name), "sqlite:%s/assay.db", folder);
	snprintf(text, sizeof(text), config_text, name, zone, sendmail);
	write_file(config, 0644, text);
	write_file(zone, 0644, zone_text);
	snprintf(text, sizeof(text), sendmail_text, mails);
	write_file(sendmail, 0755, text);
	starve();
	snprintf(text, sizeof(text), "rm -rf '%s'", folder);
	return tap_done() == 0 && system(text) == 0 ? 0 : EXIT_FAILURE;
}
