/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replay: envelope, message, zone and configuration in, header and decision
 * out, through the same code as the daemon runs.
 *
 * A scenario is a folder below tests/data/replay:
 *   assay.yaml   the configuration, which names zone.yaml
 *   message.eml  the message
 *   key.pem      the key, if the configuration signs
 *   scenario     lines "client: ADDRESS", "client-name: NAME",
 *                "daemon-name: NAME", "certificate: CN", "helo: NAME",
 *                "mail: <PATH>",
 *                "rcpt: <PATH>", "recipients: N" (more of them),
 *                "tls: VERSION", "smtputf8: yes",
 *                "auth: MECHANISM", "user: NAME", "now: SECONDS", and what
 *                is wanted:
 *                "field: TEXT" (unfolded, "none" for no field),
 *                "remove: N N", "action: WORD", "reply: CODE X.Y.Z TEXT",
 *                "signatures: N";
 *                with "later: SECONDS" the message comes again after that
 *                time, and "then: WORD" is the action wanted
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "mail/header.h"
#include "message/engine.h"
#include "message/message.h"
#include "tests/tap.h"

#define FILE_MAX (8u << 20)

struct scenario {
	struct message_client	client;
	struct slice	certificate;
	struct slice	helo, mail, rcpt;
	struct slice	auth, user;
	struct slice	tls;
	bool		utf8;
	int64_t		now, later;
	struct slice	then;
	struct slice	field, remove, action, reply;
	unsigned long long signatures, recipients;
};

static struct buf
read_file(const char *folder, const char *name)
{
	char path[1024], chunk[4096];
	struct buf b;
	size_t n;
	FILE *f;

	buf_init(&b, FILE_MAX);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return b;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, (struct slice){ chunk, n });
	fclose(f);
	return b;
}

static void
set_value(struct scenario *s, struct slice key, struct slice value)
{
	unsigned long long number = 0;

	if (slice_eq(key, SLICE("client")))
		ipaddr_parse(value, &s->client.address);
	else if (slice_eq(key, SLICE("client-name")))
		s->client.name = value;
	else if (slice_eq(key, SLICE("daemon-name")))
		s->client.daemon_name = value;
	else if (slice_eq(key, SLICE("certificate")))
		s->certificate = value;
	else if (slice_eq(key, SLICE("helo")))
		s->helo = value;
	else if (slice_eq(key, SLICE("mail")))
		s->mail = value;
	else if (slice_eq(key, SLICE("rcpt")))
		s->rcpt = value;
	else if (slice_eq(key, SLICE("recipients")))
		ok(slice_number(value, 10000, &s->recipients), "a number");
	else if (slice_eq(key, SLICE("tls")))
		s->tls = value;
	else if (slice_eq(key, SLICE("smtputf8")))
		s->utf8 = true;
	else if (slice_eq(key, SLICE("auth")))
		s->auth = value;
	else if (slice_eq(key, SLICE("user")))
		s->user = value;
	else if (slice_eq(key, SLICE("now")) &&
	    slice_number(value, 1ull << 40, &number))
		s->now = (int64_t)number;
	else if (slice_eq(key, SLICE("later")) &&
	    slice_number(value, 1ull << 40, &number))
		s->later = (int64_t)number;
	else if (slice_eq(key, SLICE("then")))
		s->then = value;
	else if (slice_eq(key, SLICE("field")))
		s->field = value;
	else if (slice_eq(key, SLICE("remove")))
		s->remove = value;
	else if (slice_eq(key, SLICE("action")))
		s->action = value;
	else if (slice_eq(key, SLICE("reply")))
		s->reply = value;
	else if (slice_eq(key, SLICE("signatures")))
		ok(slice_number(value, 100, &s->signatures), "a number");
	else
		ok(false, "unknown key in scenario: %.*s", SLICE_ARG(key));
}

static void
parse(struct slice text, struct scenario *s)
{
	struct slice line, key;

	*s = (struct scenario){ .now = 1790000000, .action = SLICE("accept") };
	while (text.len > 0) {
		slice_cut(&text, '\n', &line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		slice_cut(&line, ':', &key);
		set_value(s, slice_trim(key), slice_trim(line));
	}
}

struct parsed {
	struct mail_header	header;
	struct slice		body;
};

static void
feed_recipients(struct message *m, const struct scenario *s)
{
	char path[40];
	size_t i;

	if (s->rcpt.len > 0)
		message_recipient(m, s->rcpt);
	for (i = 0; i < s->recipients; i++) {
		snprintf(path, sizeof(path), "<r%zu@example.org>", i);
		message_recipient(m, slice_str(path));
	}
}

static void
feed(struct message *m, const struct scenario *s, const struct parsed *p,
    size_t chunk)
{
	struct slice body = p->body;
	size_t i;

	message_helo(m, s->helo);
	message_mail(m, &(struct message_envelope){ .path = s->mail,
		.utf8 = s->utf8, .authenticated = s->auth.len > 0,
		.mechanism = s->auth, .user = s->user,
		.tls = { .version = s->tls,
		    .verified = s->certificate.len > 0,
		    .certificate = s->certificate },
		.now = s->now, .steady = s->now });
	feed_recipients(m, s);
	for (i = 0; i < p->header.count; i++)
		message_field(m, p->header.fields[i].name,
		    p->header.fields[i].value);
	message_header_end(m);
	for (; body.len > 0; body = slice_from(body, chunk))
		message_body(m, slice_head(body, chunk));
}

/* Folds (LF TAB) become one blank. */
static void
unfold(struct slice value, struct buf *out)
{
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.ptr[i] != '\n')
			buf_addc(out, value.ptr[i] == '\t' ? ' ' :
			    value.ptr[i]);
}

static void
compare(const char *name, const struct scenario *s,
    const struct message_orders *o)
{
	const struct message_edit *field = message_inserted(o,
	    SLICE("Authentication-Results"));
	size_t signatures = 0;
	struct buf text;
	char label[300];
	size_t i;

	buf_init(&text, FILE_MAX);
	if (field != NULL)
		unfold(field->value, &text);
	else
		buf_adds(&text, " none");
	snprintf(label, sizeof(label), "%s: field", name);
	is_bytes(buf_cstr(&text) + 1, text.len - 1, s->field.ptr,
	    s->field.len, label);
	buf_reset(&text);
	for (i = 0; i < o->edit_count; i++)
		if (o->edits[i].kind == MESSAGE_REMOVE)
			buf_addf(&text, "%s%u", text.len > 0 ? " " : "",
			    o->edits[i].index);
	snprintf(label, sizeof(label), "%s: removals", name);
	is_bytes(buf_cstr(&text), text.len, s->remove.ptr, s->remove.len,
	    label);
	snprintf(label, sizeof(label), "%s: action", name);
	is_bytes(policy_action_name(o->action),
	    strlen(policy_action_name(o->action)), s->action.ptr,
	    s->action.len, label);
	buf_reset(&text);
	if (o->reply.code[0] != '\0')
		buf_addf(&text, "%s %s %s", o->reply.code, o->reply.enhanced,
		    o->reply.text);
	snprintf(label, sizeof(label), "%s: reply", name);
	is_bytes(buf_cstr(&text), text.len, s->reply.ptr, s->reply.len,
	    label);
	buf_fini(&text);
	for (i = 0; i < o->edit_count; i++)
		signatures += o->edits[i].kind == MESSAGE_INSERT &&
		    slice_eq(o->edits[i].name, SLICE("DKIM-Signature"));
	is_num((long long)signatures, (long long)s->signatures, name);
}

static const struct inquiry_waiting no_waiting;
static struct deferral_table *deferrals;
static struct sightings *sightings;

/* A key is refused that others can read; so it has to be a copy. */
static bool
copy(const char *from, const char *to, const char *name)
{
	struct buf b = read_file(from, name);
	char path[1024];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", to, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	good = fd >= 0 && write(fd, b.ptr, b.len) == (ssize_t)b.len;
	if (fd >= 0)
		close(fd);
	buf_fini(&b);
	return good;
}

static bool
load_keys(struct engine *e, char *why, size_t why_size)
{
	if (e->config->sign_count > 0)
		e->signing = signing_load(e->config, why, why_size);
	return e->config->sign_count == 0 || e->signing != NULL;
}

static struct engine *
make_engine(const char *folder, struct dkim_context *dkim)
{
	char path[1024], why[1024];
	struct config *c;
	struct engine *e;

	snprintf(path, sizeof(path), "%s/assay.yaml", folder);
	c = config_read(path, why, sizeof(why));
	if (c == NULL) {
		printf("# %s\n", why);
		return NULL;
	}
	e = engine_new(c, dkim, why, sizeof(why));
	if (e != NULL && load_keys(e, why, sizeof(why))) {
		e->deferrals = deferrals;
		e->sightings = sightings;
		return e;
	}
	printf("# %s\n", why);
	engine_unref(e);
	return NULL;
}

/* The folder, or a private copy of one that has a key. */
static struct engine *
make_private_engine(const char *folder, struct dkim_context *dkim)
{
	static const char *const names[] = { "assay.yaml", "zone.yaml",
		"key.pem" };
	char own[] = "/tmp/assay-replay-XXXXXX", path[1024];
	struct engine *e = NULL;
	size_t i;

	snprintf(path, sizeof(path), "%s/key.pem", folder);
	if (access(path, F_OK) != 0)
		return make_engine(folder, dkim);
	if (mkdtemp(own) == NULL)
		return NULL;
	for (i = 0; i < 3 && copy(folder, own, names[i]); i++)
		continue;
	if (i == 3)
		e = make_engine(own, dkim);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", own, names[i]);
		unlink(path);
	}
	rmdir(own);
	return e;
}

/* All that a mail server is told to do, as one text. */
static void
describe(const struct message_orders *o, struct buf *out)
{
	const struct message_edit *e = o->edits;
	size_t i;

	buf_addf(out, "%s %s %s %s\n", policy_action_name(o->action),
	    o->reply.code, o->reply.enhanced, o->reply.text);
	for (i = 0; i < o->edit_count; i++)
		buf_addf(out, "%d %.*s %u%.*s\n", (int)e[i].kind,
		    SLICE_ARG(e[i].name), e[i].index,
		    SLICE_ARG(e[i].value));
}

static unsigned long failed;	/* allocations, in run_once() */

/* False: the message would be deferred, as nothing is known of it. */
static bool
run_once(struct engine *e, const struct scenario *s,
    const struct parsed *parsed, struct buf *out)
{
	struct message *m = message_new(engine_ref(e), &s->client,
	    SLICE("mx.example.org"));
	struct message_orders o;
	bool done = false;

	if (m != NULL) {
		feed(m, s, parsed, 1000);
		done = message_finish(m, &no_waiting, &o);
	}
	failed = mem_fail_hits();
	mem_fail_after(0, 0);
	if (done)
		describe(&o, out);
	message_free(m);
	return done;
}

/*
 * Every allocation fails once: the message ends with the full result or with
 * "out of memory", and nothing between.
 */
static void
starve(const char *name, struct engine *e, const struct scenario *s,
    const struct parsed *parsed)
{
	struct buf full, got;
	unsigned long n, hits = 1, wrong = 0;

	buf_init(&full, FILE_MAX);
	buf_init(&got, FILE_MAX);
	ok(run_once(e, s, parsed, &full), "%s: has memory", name);
	for (n = 0; n < 10000 && hits > 0; n++) {
		buf_reset(&got);
		mem_fail_after(n, 1);
		if (run_once(e, s, parsed, &got) &&
		    !slice_eq(buf_slice(&full), buf_slice(&got))) {
			wrong++;
			printf("# allocation %lu: %s# not %s", n,
			    buf_cstr(&got), buf_cstr(&full));
		}
		hits = failed;
	}
	ok(n > 1 && n < 10000 && wrong == 0,
	    "%s: %lu failed allocations, all or nothing", name, n);
	buf_fini(&full);
	buf_fini(&got);
}

/* The same sender again, after a time. */
static void
come_again(const char *name, struct engine *e, const struct scenario *s,
    const struct parsed *parsed)
{
	struct scenario later = *s;
	struct message_orders o;
	struct message *m;
	const char *action;

	later.now += s->later;
	m = message_new(engine_ref(e), &s->client, e->config->authserv_id);
	feed(m, &later, parsed, 1000);
	ok(message_finish(m, &no_waiting, &o), "%s: comes again", name);
	action = policy_action_name(o.action);
	is_bytes(action, strlen(action), s->then.ptr, s->then.len, name);
	message_free(m);
}

static void
replay(const char *folder, const char *name, struct dkim_context *dkim)
{
	struct buf text = read_file(folder, "scenario");
	struct buf message = read_file(folder, "message.eml");
	struct engine *e;
	static const size_t chunks[] = { 65535, 1, 7 };
	struct arena *arena = arena_new(FILE_MAX);
	struct message_orders o;
	struct parsed parsed;
	struct message *m;
	struct scenario s;
	size_t i;

	sightings = sightings_new();
	e = make_private_engine(folder, dkim);
	if (!ok(e != NULL && text.len > 0 && message.len > 0,
	    "%s: can be read", name))
		return;
	parse(buf_slice(&text), &s);
	mail_header_init(&parsed.header, arena);
	mail_header_parse(&parsed.header, buf_slice(&message), &parsed.body);
	for (i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		m = message_new(engine_ref(e), &s.client,
		    e->config->authserv_id);
		feed(m, &s, &parsed, chunks[i]);
		if (ok(message_finish(m, &no_waiting, &o), "%s: ends", name))
			compare(name, &s, &o);
		message_free(m);
	}
	if (s.later > 0)
		come_again(name, e, &s, &parsed);
	starve(name, e, &s, &parsed);
	arena_free(arena);
	engine_unref(e);
	sightings_free(sightings);
	buf_fini(&text);
	buf_fini(&message);
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	struct dkim_context *dkim = dkim_context_new();
	char base[400], folder[700];
	const struct dirent *entry;
	DIR *dir;

	snprintf(base, sizeof(base), "%s/tests/data/replay",
	    top != NULL ? top : ".");
	deferrals = deferral_new();
	dir = opendir(base);
	if (!ok(dir != NULL && dkim != NULL, "%s is there", base))
		return tap_done();
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", base,
		    entry->d_name);
		replay(folder, entry->d_name, dkim);
	}
	closedir(dir);
	dkim_context_free(dkim);
	deferral_free(deferrals);
	return tap_done();
}
