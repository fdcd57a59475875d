/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: private keys for signing, and whether the DNS knows them.
 *
 * A key is written to DIR/SELECTOR.pem, and its record printed as a zone
 * file wants it (RFC 1035 section 5.1): a TXT record of several strings,
 * which a verifier joins (RFC 6376 section 3.6.2.2).
 */
#include "tools/keys.h"

#include <getopt.h>
#include <time.h>

#include "base/domain.h"
#include "base/limits.h"
#include "dkim/key.h"
#include "dkim/lint.h"
#include "dkim/sign.h"
#include "message/signing.h"
#include "tools/answer.h"
#include "tools/lint.h"

/* RFC 1035 3.3 allows 255. */
#define STRING_MAX 250
#define RECORD_MAX 4096		/* octets of a record; 8192 bits need 1,400 */
#define PATH_TEXT_MAX 4096
#define WHY_MAX 1024
#define MINIMUM_BITS 1024	/* RFC 8301 section 3.2 */
#define GOOD_BITS 2048		/* likewise: what one should have */

struct key {
	/* Options. */
	const char		*domain_text, *selector_text;
	const char		*type_text, *bits_text;

	struct domain		 domain, selector;
	struct domain		 name;	/* s._domainkey.d */
	enum dkim_key_type	 type;
	unsigned int		 bits;
	struct dkim_private_key	*key;
	struct buf		 record;
};

static void
key_fini(struct key *k)
{
	dkim_private_key_free(k->key);
	buf_fini(&k->record);
}

static enum tool_exit
join_name(struct key *k)
{
	enum tool_exit status = TOOL_OK;
	struct buf text;

	buf_init(&text, LIMIT_DOMAIN_UTF8);
	buf_add(&text, domain_slice(&k->selector));
	buf_adds(&text, "._domainkey.");
	buf_add(&text, domain_slice(&k->domain));
	if (buf_failed(&text))
		status = tool_no_memory();
	else if (!domain_parse_dns(buf_slice(&text), &k->name))
		status = tool_fail(TOOL_USAGE, "selector and domain are too "
		    "long together", NULL);
	buf_fini(&text);
	return status;
}

static enum tool_exit
read_name(const struct tool *t, struct key *k)
{
	if (k->domain_text == NULL || k->selector_text == NULL)
		return tool_usage(t);
	if (!domain_parse(slice_str(k->domain_text), &k->domain))
		return tool_fail(TOOL_USAGE, "not a domain name",
		    k->domain_text);
	if (!domain_parse(slice_str(k->selector_text), &k->selector))
		return tool_fail(TOOL_USAGE, "not a selector",
		    k->selector_text);
	return join_name(k);
}

static bool
make_record(struct key *k)
{
	buf_init(&k->record, RECORD_MAX);
	return dkim_private_key_record(k->key, &k->record) &&
	    !buf_failed(&k->record);
}

static const char *
type_name(const struct dkim_private_key *k)
{
	return dkim_private_key_type(k) == DKIM_KEY_RSA ? "RSA" : "Ed25519";
}

/* ---- the record ---- */

static void
text_record(struct text *t, const struct key *k)
{
	struct slice rest = buf_slice(&k->record);

	text_foreign(t, domain_slice(&k->name));
	text_say(t, ". IN TXT (");
	for (; rest.len > 0; rest = slice_from(rest, STRING_MAX)) {
		text_say(t, "\n\t\"");
		text_foreign(t, slice_head(rest, STRING_MAX));
		text_say(t, "\"");
	}
	text_say(t, " )\n");
}

static void
json_key(struct json *j, const struct key *k)
{
	struct slice rest = buf_slice(&k->record);

	json_slice(j, "name", domain_slice(&k->name));
	json_string(j, "type", type_name(k->key));
	json_number(j, "bits", dkim_private_key_bits(k->key));
	json_slice(j, "record", rest);
	json_array(j, "strings");
	for (; rest.len > 0; rest = slice_from(rest, STRING_MAX))
		json_slice(j, NULL, slice_head(rest, STRING_MAX));
	json_array_end(j);
}

/* ---- keygen ---- */

static enum tool_exit
read_type(struct key *k)
{
	unsigned long long bits = GOOD_BITS;
	struct slice type = slice_str(k->type_text);

	k->type = slice_eq(type, SLICE("ed25519")) ? DKIM_KEY_ED25519 :
	    DKIM_KEY_RSA;
	if (k->type == DKIM_KEY_RSA && type.len > 0 &&
	    !slice_eq(type, SLICE("rsa")))
		return tool_fail(TOOL_USAGE, "not a type of key (rsa, "
		    "ed25519)", k->type_text);
	if (k->bits_text == NULL) {
		k->bits = GOOD_BITS;
		return TOOL_OK;
	}
	if (k->type != DKIM_KEY_RSA)
		return tool_fail(TOOL_USAGE, "--bits is for RSA keys only",
		    NULL);
	if (!slice_number(slice_str(k->bits_text), LIMIT_DKIM_RSA_BITS,
	    &bits) || bits < MINIMUM_BITS)
		return tool_fail(TOOL_USAGE, "not a number of bits from 1024 "
		    "to 8192", k->bits_text);
	k->bits = (unsigned int)bits;
	if (k->bits < GOOD_BITS)
		(void)tool_fail(TOOL_OK, "warning: RFC 8301 asks for RSA "
		    "keys of 2048 bits or more", NULL);
	return TOOL_OK;
}

static enum tool_exit
write_key(const struct key *k, const char *path)
{
	char why[WHY_MAX];

	if (!dkim_private_key_write(k->key, path, why, sizeof(why)))
		return tool_fail_at(TOOL_CANNOT_CREATE, path, why);
	return tool_fail(TOOL_OK, "the private key is in", path);
}

static void
tell_record(struct tool *t, const struct key *k, const char *path)
{
	if (!t->json) {
		text_record(&t->text, k);
		return;
	}
	json_object(&t->out, NULL);
	json_string(&t->out, "command", "keygen");
	json_string(&t->out, "file", path);
	json_key(&t->out, k);
	json_object_end(&t->out);
	text_end(&t->text);
}

/* The record is made first: it cannot fail any more once there is a file. */
static enum tool_exit
generate(struct tool *t, struct key *k, const char *folder)
{
	enum tool_exit status;
	struct buf path;

	k->key = dkim_private_key_generate(k->type, k->bits);
	if (k->key == NULL || !make_record(k))
		return tool_fail(TOOL_UNAVAILABLE, "cannot make a key", NULL);
	buf_init(&path, PATH_TEXT_MAX);
	buf_addf(&path, "%s/%s.pem", folder, k->selector.text);
	status = buf_failed(&path) ? tool_fail(TOOL_CANNOT_CREATE,
	    "path too long, or out of memory", folder) :
	    write_key(k, buf_cstr(&path));
	if (status == TOOL_OK)
		tell_record(t, k, buf_cstr(&path));
	buf_fini(&path);
	return status;
}

static enum tool_exit
keygen_run(struct tool *t, int argc, char **argv)
{
	struct key k = { .key = NULL };
	const struct tool_option own[] = {
		{ .name = "domain", .value = &k.domain_text,
		  .argument = "DOMAIN", .what = "d= of the signatures" },
		{ .name = "selector", .value = &k.selector_text,
		  .argument = "NAME", .what = "s= of the signatures" },
		{ .name = "type", .value = &k.type_text,
		  .argument = "TYPE", .what = "rsa (default) or ed25519" },
		{ .name = "bits", .value = &k.bits_text, .argument = "N",
		  .what = "size of an RSA key, 1024 to 8192 (default 2048)" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	status = read_name(t, &k);
	if (status == TOOL_OK)
		status = read_type(&k);
	if (status == TOOL_OK)
		status = generate(t, &k, argv[optind]);
	key_fini(&k);
	return status;
}

const struct tool_command keygen_command = {
	.name = "keygen",
	.run = keygen_run,
	.synopsis = "--domain DOMAIN --selector NAME [--type TYPE] "
	    "[--bits N] DIR",
	.what = "Makes a private key for signing; prints its DNS record",
	.example = "assay keygen --domain example.org --selector s2026 "
	    "/etc/assay/keys"
};

/* ---- key-check ---- */

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	const struct key *k = arg;

	return dns_ledger_ask(ledger, domain_slice(&k->name),
	    DNS_TYPE_TXT) != NULL;
}

static const struct {
	const char	*name;
	enum text_style	 style;
	enum tool_exit	 status;
} matches[] = {
	[DKIM_KEY_MATCHES] = { "matches", TEXT_GOOD, TOOL_OK },
	[DKIM_KEY_DIFFERS] = { "differs", TEXT_BAD, TOOL_REFUSED },
	[DKIM_KEY_ABSENT] = { "absent", TEXT_BAD, TOOL_REFUSED },
	[DKIM_KEY_UNKNOWN] = { "DNS did not answer", TEXT_DOUBT,
		TOOL_TEMPORARY }
};

/* What is wrong with the record, once DNS has said what it is. */
static void
look_at_record(struct tool *t, const struct key *k,
    const struct dns_answer *answer, struct lint_notes *notes)
{
	lint_notes_init(notes, t->arena);
	if (dkim_key_unknown(answer) == NULL)
		dkim_key_lint(domain_slice(&k->name), answer, lint_notes_add,
		    notes);
}

static void
text_match(struct text *t, const struct key *k, enum dkim_key_match match,
    const struct dns_answer *answer, const struct lint_notes *notes)
{
	text_title(t, "Key record: ");
	text_style(t, matches[match].style, "%s\n", matches[match].name);
	text_item(t, "private key");
	text_say(t, "%s, %u bits\n", type_name(k->key),
	    dkim_private_key_bits(k->key));
	text_item(t, "DNS");
	answer_text(t, DNS_TYPE_TXT, domain_slice(&k->name), answer);
	text_end(t);
	lint_notes_text(t, notes);
	if (match != DKIM_KEY_DIFFERS && match != DKIM_KEY_ABSENT)
		return;
	text_say(t, "\nWhat to publish:\n");
	text_record(t, k);
}

static void
json_match(struct json *j, const struct key *k, enum dkim_key_match match,
    const struct dns_answer *answer, const struct lint_notes *notes)
{
	json_object(j, NULL);
	json_string(j, "command", "key-check");
	json_string(j, "result", match == DKIM_KEY_UNKNOWN ? "unknown" :
	    matches[match].name);
	json_key(j, k);
	answer_json(j, "lookup", DNS_TYPE_TXT, domain_slice(&k->name),
	    answer);
	lint_notes_json(j, "notes", notes);
	json_object_end(j);
}

static enum tool_exit
tell_match(struct tool *t, const struct key *k, struct inquiry *q)
{
	const struct dns_answer *answer;
	enum dkim_key_match match;
	struct lint_notes notes;

	answer = dns_ledger_peek(inquiry_ledger(q), domain_slice(&k->name),
	    DNS_TYPE_TXT);
	match = dkim_private_key_compare(k->key, answer);
	look_at_record(t, k, answer, &notes);
	if (t->json) {
		json_match(&t->out, k, match, answer, &notes);
		text_end(&t->text);
	} else {
		text_match(&t->text, k, match, answer, &notes);
	}
	return matches[match].status == TOOL_OK && notes.errors > 0 ?
	    TOOL_REFUSED : matches[match].status;
}

/* ---- key-check, without a private key ---- */

/* The type and the size of each record that has a key. */
static void
text_keys(struct text *t, const struct dns_answer *answer)
{
	struct dkim_key key;
	const char *problem;
	size_t i;

	for (i = 0; answer != NULL && i < answer->count; i++) {
		if (dkim_key_parse(answer->records[i].text, &key, &problem) ==
		    DKIM_KEY_OK) {
			text_item(t, "key");
			text_say(t, "%s, %u bits\n", key.type == CRYPTO_RSA ?
			    "RSA" : "Ed25519", key.bits);
		}
		dkim_key_fini(&key);
	}
}

static enum tool_exit
tell_record_alone(struct tool *t, const struct key *k,
    const struct dns_answer *answer)
{
	const char *unknown = dkim_key_unknown(answer), *word;
	struct lint_notes notes;

	look_at_record(t, k, answer, &notes);
	word = unknown != NULL ? "unknown" : notes.errors > 0 ? "faulty" :
	    "good";
	if (t->json) {
		json_object(&t->out, NULL);
		json_string(&t->out, "command", "key-check");
		json_string(&t->out, "result", word);
		json_slice(&t->out, "name", domain_slice(&k->name));
		answer_json(&t->out, "lookup", DNS_TYPE_TXT,
		    domain_slice(&k->name), answer);
		lint_notes_json(&t->out, "notes", &notes);
		json_object_end(&t->out);
		text_end(&t->text);
	} else {
		text_title(&t->text, "Key record: ");
		text_style(&t->text, unknown != NULL ? TEXT_DOUBT :
		    notes.errors > 0 ? TEXT_BAD : TEXT_GOOD, "%s\n",
		    unknown != NULL ? unknown : word);
		text_item(&t->text, "DNS");
		answer_text(&t->text, DNS_TYPE_TXT, domain_slice(&k->name),
		    answer);
		text_end(&t->text);
		text_keys(&t->text, answer);
		lint_notes_text(&t->text, &notes);
	}
	return unknown != NULL ? TOOL_TEMPORARY : notes.errors > 0 ?
	    TOOL_REFUSED : TOOL_OK;
}

/* `path` is that of the private key; NULL: the record by itself. */
static enum tool_exit
compare(struct tool *t, struct key *k, const char *path)
{
	enum tool_exit status;
	char why[WHY_MAX];
	struct inquiry *q;

	if (path != NULL) {
		k->key = dkim_private_key_read(path, why, sizeof(why));
		if (k->key == NULL)
			return tool_fail_at(TOOL_NO_INPUT, path, why);
		if (!make_record(k))
			return tool_no_memory();
	}
	status = tool_start(t);
	if (status != TOOL_OK)
		return status;
	q = tool_inquire(t, ask, k);
	if (q == NULL)
		return tool_no_memory();
	status = path != NULL ? tell_match(t, k, q) :
	    tell_record_alone(t, k, dns_ledger_peek(inquiry_ledger(q),
	    domain_slice(&k->name), DNS_TYPE_TXT));
	inquiry_free(q);
	return status;
}

/* ---- key-check, all keys of a configuration ---- */

struct all_keys {
	struct tool	*t;
	enum tool_exit	 status;	/* the worst */
};

static void
json_checked(struct json *j, const struct signing_check *c, const char *text)
{
	json_object(j, NULL);
	json_string(j, "name", c->name);
	json_slice(j, "selector", c->key->selector);
	json_string(j, "result", c->name[0] == '\0' ||
	    c->match == DKIM_KEY_UNKNOWN ? "unknown" : matches[c->match].name);
	json_bool(j, "signs-now", c->now);
	json_string(j, "text", text);
	json_object_end(j);
}

/* A signing_check_fn. */
static void
tell_checked(void *arg, const struct signing_check *c)
{
	struct all_keys *all = arg;
	struct text *t = &all->t->text;
	bool known = c->name[0] != '\0';
	char text[WHY_MAX];

	signing_check_text(c, text, sizeof(text));
	if (known && (all->status == TOOL_OK ||
	    matches[c->match].status == TOOL_REFUSED))
		all->status = matches[c->match].status;
	if (all->t->json) {
		json_checked(&all->t->out, c, text);
		return;
	}
	text_style(t, known ? matches[c->match].style : TEXT_PLAIN, "%s",
	    known ? matches[c->match].name : "not known");
	text_say(t, "  ");
	text_foreign(t, slice_str(text));
	text_end(t);
}

/* A signing_survey_fn: keys in folders, whose records are not looked up. */
static void
tell_folder(void *arg, bool bad, const char *text)
{
	struct all_keys *all = arg;

	if (bad && all->status == TOOL_OK)
		all->status = TOOL_REFUSED;
	if (all->t->json)
		return;
	text_style(&all->t->text, bad ? TEXT_BAD : TEXT_PLAIN, "%s",
	    bad ? "faulty" : "folder");
	text_say(&all->t->text, "  ");
	text_foreign(&all->t->text, slice_str(text));
	text_end(&all->t->text);
}

static enum tool_exit
tell_all(struct tool *t)
{
	struct all_keys all = { .t = t, .status = TOOL_OK };
	const struct engine *e = t->engine;
	char why[WHY_MAX];

	if (e->signing == NULL)
		return tool_fail(TOOL_CONFIG, "no keys in", e->config->path);
	if (t->json) {
		json_object(&t->out, NULL);
		json_string(&t->out, "command", "key-check");
		json_array(&t->out, "keys");
	}
	signing_preflight(e->signing, NULL, e->resolver, (int64_t)time(NULL),
	    e->config->limits.deadline_ms, tell_checked, &all);
	if (!signing_survey(e->signing, tell_folder, &all, why, sizeof(why)))
		all.status = tool_refuse(TOOL_CONFIG, why);
	if (t->json) {
		json_array_end(&t->out);
		json_object_end(&t->out);
		text_end(&t->text);
	}
	return all.status;
}

static enum tool_exit
check_all(struct tool *t)
{
	enum tool_exit status = tool_start(t);

	if (status == TOOL_OK)
		status = tool_load_keys(t);
	return status == TOOL_OK ? tell_all(t) : status;
}

static enum tool_exit
key_check_run(struct tool *t, int argc, char **argv)
{
	struct key k = { .key = NULL };
	const struct tool_option own[] = {
		{ .name = "domain", .value = &k.domain_text,
		  .argument = "DOMAIN", .what = "d= of the signatures" },
		{ .name = "selector", .value = &k.selector_text,
		  .argument = "NAME", .what = "s= of the signatures" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind == argc && t->config_path != NULL &&
	    k.domain_text == NULL && k.selector_text == NULL)
		return check_all(t);
	if (optind != argc && optind + 1 != argc)
		return tool_usage(t);
	status = read_name(t, &k);
	if (status == TOOL_OK)
		status = compare(t, &k, argv[optind]);
	key_fini(&k);
	return status;
}

const struct tool_command key_check_command = {
	.name = "key-check",
	.run = key_check_run,
	.synopsis = "--domain DOMAIN --selector NAME [KEYFILE]\n-c FILE",
	.what = "Checks a key record, and compares a private key with it",
	.example = "assay key-check -c /etc/assay/assay.yaml\n"
	    "assay key-check --domain example.org --selector s2026\n"
	    "assay key-check --domain example.org --selector s2026 s2026.pem"
};
