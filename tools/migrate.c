/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate: see migrate.h.
 *
 * 1. Read the old files.
 * 2. Write each section of the new one.
 * 3. List what was not converted: it has no counterpart, or needs none.
 * 4. Read the result as the daemon would, so that it is valid for any old
 *    files.
 */
#include "tools/migrate.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "config/config.h"
#include "config/values.h"
#include "tools/migrate_internal.h"

#define ARENA_MAX (512U << 20)
#define VALUE_SHOWN 200		/* octets of a value in a comment */

/* ---- text ---- */

static bool
is_plain(struct slice s)
{
	static const char *const words[] = { "yes", "no", "true", "false",
	    "on", "off", "null", "y", "n" };
	size_t i;

	if (s.len == 0 || (!ascii_is_alpha(s.ptr[0]) && s.ptr[0] != '/'))
		return false;
	for (i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) &&
		    memchr("._/@-", s.ptr[i], 5) == NULL)
			return false;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq_nocase(s, slice_str(words[i])))
			return false;
	return true;
}

void
migrate_scalar(struct buf *b, struct slice s)
{
	size_t i;

	if (is_plain(s)) {
		buf_add(b, s);
		return;
	}
	buf_adds(b, "\"");
	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, s.ptr[i]);
	}
	buf_adds(b, "\"");
}

void
migrate_list_item(struct buf *b, struct slice s, bool first)
{
	if (!first)
		buf_adds(b, ", ");
	migrate_scalar(b, s);
}

/* Foreign text in a comment: one line, printable, not endless. */
static void
add_shown(struct buf *b, struct slice s)
{
	size_t i;

	for (i = 0; i < s.len && i < VALUE_SHOWN; i++)
		buf_addc(b, ascii_is_printable(s.ptr[i]) ? s.ptr[i] : '?');
	if (i < s.len)
		buf_adds(b, "...");
}

void
migrate_left(struct migrate *m, const struct oldconf *c, const char *name,
    struct slice text, const char *why)
{
	m->left_count++;
	buf_addf(&m->left, "# ! %s: ", c->program);
	add_shown(&m->left, slice_str(name));
	if (text.len > 0)
		buf_adds(&m->left, " ");
	add_shown(&m->left, text);
	buf_addf(&m->left, ": %s\n", why);
}

/* ---- the daemon ---- */

static bool
has_host(struct slice socket)
{
	return slice_find(socket, '@') < socket.len;
}

static void
add_socket(struct migrate *m, const struct buf *text)
{
	buf_adds(&m->out, "# The mail server finds assay where it found "
	    "the old filter.  While both run,\n# give each a socket of its "
	    "own.\nsocket: ");
	migrate_scalar(&m->out, buf_slice(text));
	buf_adds(&m->out, "\n");
}

/* OpenDKIM's spelling is libmilter's; here a host must be named. */
static void
write_socket(struct migrate *m, struct oldconf *c)
{
	struct slice s = oldconf_value(c, "Socket");
	bool inet6 = slice_starts_nocase(s, SLICE("inet6:"));
	bool inet = slice_starts_nocase(s, SLICE("inet:"));
	struct buf b;

	if (s.len == 0)
		return;
	buf_init(&b, 4096);
	if (slice_starts(s, SLICE("/")))
		buf_adds(&b, "local:");
	buf_add(&b, s);
	if ((inet || inet6) && !has_host(s)) {
		buf_adds(&b, inet ? "@127.0.0.1" : "@::1");
		migrate_left(m, c, "Socket", s, "names no host, so anyone "
		    "could connect; here it is loopback");
	}
	if (!buf_failed(&b) && !values_is_socket(buf_slice(&b)))
		migrate_left(m, c, "Socket", s, "is not a socket; without one "
		    "assay listens on " CONFIG_SOCKET);
	else
		add_socket(m, &b);
	buf_fini(&b);
}

static void
write_daemon(struct migrate *m, struct oldconf *c)
{
	struct slice user = oldconf_value(c, "UserID"), name;
	unsigned long long mask;

	write_socket(m, c);
	if (slice_octal(oldconf_value(c, "UMask"), 0777, &mask))
		buf_addf(&m->out, "socket-mode: 0%03llo\n", 0666U & ~mask);
	if (user.len == 0)
		return;
	if (slice_cut(&user, ':', &name))
		migrate_left(m, c, "UserID", user, "is a group; assay takes "
		    "that of the user");
	buf_adds(&m->out, "# It can read the keys.  The packages of assay "
	    "create the user assay, who must\n# be able to read them instead."
	    "\n"
	    "user: ");
	migrate_scalar(&m->out, name);
	buf_adds(&m->out, "\n");
}

/* ---- names of ours ---- */

static bool
is_hostname(struct slice s)
{
	return slice_eq_nocase(s, SLICE("HOSTNAME"));
}

static struct slice
authserv_id(struct migrate *m)
{
	struct slice a = oldconf_value(&m->dkim, "AuthservID");
	struct slice b = oldconf_value(&m->dmarc, "AuthservID");

	if (a.len > 0 && b.len > 0 && !slice_eq_nocase(a, b))
		migrate_left(m, &m->dmarc, "AuthservID", b,
		    "is not that of OpenDKIM; there is one field with one id");
	return a.len > 0 ? a : b;
}

/* Names whose fields are removed: RemoveARFrom, and the trusted ones, which
   only the old filters have written. */
static enum tool_exit
write_removed(struct migrate *m, struct slice id)
{
	struct { struct oldconf *c; const char *name; } sets[] = {
		{ &m->dkim, "RemoveARFrom" },
		{ &m->dmarc, "TrustedAuthservIDs" }
	};
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status = TOOL_OK;
	bool first = true;
	size_t i;

	for (i = 0; status == TOOL_OK && i < 2; i++) {
		status = oldset_read(sets[i].c, sets[i].name, &set, &why);
		for (item = set.first; item != NULL; item = item->next) {
			if (slice_starts(item->key, SLICE("."))) {
				migrate_left(m, sets[i].c, sets[i].name,
				    item->key, "is all names below a domain; "
				    "authserv-ids-to-remove needs each");
				continue;
			}
			if (is_hostname(item->key) ||
			    slice_eq_nocase(item->key, id))
				continue;
			buf_adds(&m->out, first ?
			    "authserv-ids-to-remove: [" : "");
			migrate_list_item(&m->out, item->key, first);
			first = false;
		}
	}
	if (!first)
		buf_adds(&m->out, "]\n");
	return status;
}

static enum tool_exit
write_names(struct migrate *m)
{
	struct slice id = authserv_id(m);

	if (id.len > 0 && !is_hostname(id)) {
		buf_adds(&m->out, "authserv-id: ");
		migrate_scalar(&m->out, id);
		buf_adds(&m->out, "\n");
	}
	return write_removed(m, id);
}

/* ---- DNS and DKIM ---- */

static enum tool_exit
write_resolver(struct migrate *m)
{
	struct oldset set;
	const struct oldset_item *item;
	unsigned long long seconds;
	const char *why;
	bool timed = oldconf_number(&m->dkim, "DNSTimeout", 60, &seconds) &&
	    seconds > 0;
	enum tool_exit status = oldset_read(&m->dkim, "Nameservers", &set,
	    &why);

	if (status != TOOL_OK || (set.first == NULL && !timed))
		return status;
	buf_adds(&m->out, "\nresolver:\n");
	if (timed)
		buf_addf(&m->out, "  timeout: %llus\n", seconds);
	if (set.first == NULL)
		return TOOL_OK;
	buf_adds(&m->out, "  nameservers: [");
	for (item = set.first; item != NULL; item = item->next)
		migrate_list_item(&m->out, item->key, item == set.first);
	buf_adds(&m->out, "]\n");
	return TOOL_OK;
}

static void
write_dkim(struct migrate *m)
{
	unsigned long long n;

	if (oldconf_number(&m->dkim, "MinimumKeyBits", 8192, &n)) {
		if (n < 1024)
			migrate_left(m, &m->dkim, "MinimumKeyBits",
			    oldconf_value(&m->dkim, "MinimumKeyBits"),
			    "keys shorter than 1024 bits never pass "
			    "(RFC 8301)");
		buf_addf(&m->out, "\ndkim:\n  minimum-rsa-bits: %llu\n",
		    n < 1024 ? 1024 : n);
	}
	if (oldconf_number(&m->dkim, "MaximumSignaturesToVerify", 100, &n) &&
	    n > 0)
		buf_addf(&m->out, "\nlimits:\n  signatures: %llu\n", n);
}

/* ---- what is left ---- */

/* `why` NULL: assay does it in any case, and nothing is to be said. */
static const struct without {
	const char	*name;
	const char	*why;
} without[] = {
	{ "AlwaysAddARHeader", NULL },
	{ "AuthservIDWithJobID", "the id is the same for all messages; the "
	  "log has the queue id" },
	{ "AutoRestart", "systemd starts it again" },
	{ "AutoRestartCount", NULL },
	{ "AutoRestartRate", NULL },
	{ "Background", "the unit runs it in the foreground" },
	{ "BaseDirectory", "relative paths begin in the folder of assay.yaml; "
	  "write them out" },
	{ "BodyLengthDB", "l= is never written: anyone can add to such a "
	  "message" },
	{ "ChangeRootDirectory", "confinement replaces it; paths below it "
	  "must be written in full" },
	{ "CopyFailuresTo", "there are no failure reports" },
	{ "Diagnostics", "z= is not written; assay check explains a failure" },
	{ "DomainKeysCompat", "DomainKeys (RFC 4870) is historic" },
	{ "DontSignMailTo", "what is signed does not depend on recipients" },
	{ "DomainWhitelist", "see trusted-sealers" },
	{ "DomainWhitelistFile", "see trusted-sealers" },
	{ "DomainWhitelistSize", NULL },
	{ "ExternalIgnoreList", "it only suppresses log lines that assay does "
	  "not write; unsigned-why in the log says why mail was not signed" },
	{ "FailureReports", "there are no failure reports" },
	{ "FailureReportsBcc", NULL },
	{ "FailureReportsOnNone", NULL },
	{ "FailureReportsSentBy", NULL },
	{ "FixCRLF", NULL },
	{ "HistoryFile", "the log has a line for each message" },
	{ "IgnoreAuthenticatedClients", NULL },
	{ "IgnoreMailTo", "aggregate reports are made another way" },
	{ "LogResults", NULL },
	{ "LogWhy", "see unsigned-why in the log" },
	{ "MaximumHeaders", "the limit is fixed, and larger" },
	{ "MaximumSignedBytes", "l= is never written: anyone can add to such "
	  "a message" },
	{ "Minimum", "dkim: {partial-body: policy} is the default" },
	{ "Mode", NULL },
	{ "MultipleSignatures", NULL },
	{ "MustBeSigned", "see dkim: {doubled: ...}; a field that is not "
	  "signed is no failure otherwise" },
	{ "On-Default", "name the cases below policy" },
	{ "On-InternalError", "mail is deferred when memory is short" },
	{ "On-Security", "see the conditions from, dkim-partial, "
	  "dkim-doubled" },
	{ "On-SignatureError", "see unsigned: tempfail" },
	{ "PidFile", "the unit needs none; pid-file is the key" },
	{ "PublicSuffixList", "RFC 9989 asks the DNS instead" },
	{ "QueryCache", NULL },
	{ "Quarantine", "write a rule with action: quarantine" },
	{ "RecordAllMessages", NULL },
	{ "RejectFailures", NULL },
	{ "RejectString", NULL },
	{ "RemoveARAll", NULL },
	{ "RemoveOldSignatures", "signatures stay: each is checked by itself" },
	{ "ReportCommand", NULL },
	{ "RequireSafeKeys", NULL },
	{ "ResignMailTo", "see seal" },
	{ "SenderHeaders", "the domain in From decides, as for DMARC" },
	{ "SendReports", "there are no failure reports" },
	{ "SignatureAlgorithm", "the key decides: rsa-sha256 or "
	  "ed25519-sha256; rsa-sha1 is forbidden (RFC 8301)" },
	{ "SoftwareHeader", "no such field is added" },
	{ "SPFIgnoreResults", NULL },
	{ "SPFSelfValidate", NULL },
	{ "Statistics", "the log has a line for each message" },
	{ "StrictHeaders", "see the condition from" },
	{ "Syslog", NULL },
	{ "SyslogFacility", "it is always mail" },
	{ "SyslogName", "it is always assay-milter" },
	{ "SyslogSuccess", NULL },
	{ "TemporaryDirectory", NULL },
	{ "TrustAnchorFile", "DNSSEC is the name server's; see trust-ad" },
	{ "TrustSignaturesFrom", "a signature counts when it is aligned" },
	{ "UMask", NULL },
	{ "UserID", NULL },
	{ "Socket", NULL }
};

static const struct without *
find_without(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (slice_eq_nocase(name, slice_str(without[i].name)))
			return &without[i];
	return NULL;
}

static void
list_unused(struct migrate *m, const struct oldconf *c)
{
	const struct oldconf_setting *s;
	const struct without *w;

	for (s = c->first; s != NULL; s = s->next) {
		struct slice name = arena_dup(c->arena, s->name);
		struct slice value = s->value;

		if (s->used || name.ptr == NULL)
			continue;
		if (slice_ends_nocase(name, SLICE("Password")))
			value = SLICE("(not shown)");
		w = find_without(s->name);
		if (w == NULL)
			migrate_left(m, c, name.ptr, value,
			    "has no counterpart");
		else if (w->why != NULL)
			migrate_left(m, c, name.ptr, value, w->why);
	}
}

/* ---- the command ---- */

static enum tool_exit
write_sections(struct migrate *m)
{
	struct oldconf *daemon = m->dkim.first != NULL ? &m->dkim : &m->dmarc;
	enum tool_exit status;

	write_daemon(m, daemon);
	if (daemon == &m->dkim && oldconf_value(&m->dmarc, "Socket").len > 0)
		migrate_left(m, &m->dmarc, "Socket",
		    oldconf_value(&m->dmarc, "Socket"), "one milter does both; "
		    "take it out of the mail server's list");
	(void)oldconf_value(&m->dmarc, "UMask");
	(void)oldconf_value(&m->dmarc, "UserID");
	status = write_names(m);
	if (status == TOOL_OK)
		status = write_resolver(m);
	write_dkim(m);
	if (status == TOOL_OK)
		status = migrate_origins(m);
	if (status == TOOL_OK)
		status = migrate_policy(m);
	if (status == TOOL_OK)
		status = migrate_sign(m);
	list_unused(m, &m->dkim);
	list_unused(m, &m->dmarc);
	if (status == TOOL_OK && (buf_failed(&m->out) || buf_failed(&m->left) ||
	    arena_failed(m->arena)))
		status = tool_no_memory();
	return status;
}

/* What we would write must be what the daemon takes. */
static enum tool_exit
prove(const struct migrate *m)
{
	char why[LIMIT_CONFIG_WHY];
	struct config *c = config_read_text(buf_slice(&m->out),
	    "the new configuration", why, sizeof(why));

	if (c == NULL) {
		(void)tool_fail(TOOL_CONFIG, "the old configuration could "
		    "not be converted to a valid one", NULL);
		return tool_refuse(TOOL_CONFIG, why);
	}
	config_unref(c);
	return TOOL_OK;
}

static enum tool_exit
show(const struct migrate *m)
{
	printf("# assay.yaml, made by assay migrate.  See assay.yaml(5) and "
	    "assay-migrate(7).\n");
	if (m->left_count > 0)
		printf("#\n# Not converted:\n%s", buf_cstr(&m->left));
	printf("\n%s", buf_cstr(&m->out));
	if (m->left_count > 0)
		fprintf(stderr, "assay: %u settings were not converted; the "
		    "lines with \"# !\" say which and why\n", m->left_count);
	return TOOL_OK;
}

/* OpenDMARC's file alone may be given as well. */
static bool
is_dmarc(struct oldconf *c)
{
	static const char *const names[] = { "KeyTable", "KeyFile", "Selector",
	    "Domain", "Canonicalization", "SigningTable", "Mode",
	    "InternalHosts" };
	const struct oldconf_setting *s;
	size_t i;

	for (s = c->first; s != NULL; s = s->next)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (slice_eq_nocase(s->name, slice_str(names[i])))
				return false;
	return true;
}

static enum tool_exit
read_files(struct migrate *m, char **paths, int count)
{
	enum tool_exit status;

	m->dmarc = (struct oldconf){ .arena = m->arena,
	    .program = "OpenDMARC" };
	status = oldconf_read(&m->dkim, m->arena, "OpenDKIM", paths[0]);
	if (status == TOOL_OK && count > 1)
		return oldconf_read(&m->dmarc, m->arena, "OpenDMARC",
		    paths[1]);
	if (status == TOOL_OK && is_dmarc(&m->dkim)) {
		m->dmarc.first = m->dkim.first;
		m->dkim.first = NULL;
	}
	return status;
}

static enum tool_exit
migrate_run(struct tool *t, int argc, char **argv)
{
	static const struct tool_option none[] = { { .name = NULL } };
	struct migrate m = { .arena = NULL };
	enum tool_exit status;

	if (!tool_options(t, argc, argv, none))
		return t->ended;
	if (argc - optind < 1 || argc - optind > 2)
		return tool_usage(t);
	m.arena = arena_new(ARENA_MAX);
	if (m.arena == NULL)
		return tool_no_memory();
	buf_init(&m.out, MIGRATE_TEXT_MAX);
	buf_init(&m.left, MIGRATE_TEXT_MAX);
	status = read_files(&m, argv + optind, argc - optind);
	if (status == TOOL_OK)
		status = write_sections(&m);
	if (status == TOOL_OK)
		status = prove(&m);
	if (status == TOOL_OK)
		status = show(&m);
	buf_fini(&m.out);
	buf_fini(&m.left);
	arena_free(m.arena);
	return status;
}

const struct tool_command migrate_command = {
	.name = "migrate",
	.run = migrate_run,
	.synopsis = "OPENDKIM.CONF [OPENDMARC.CONF]",
	.what = "Makes an assay.yaml from an OpenDKIM configuration",
	.example = "assay migrate /etc/opendkim.conf > assay.yaml\n"
	    "assay migrate /etc/opendkim.conf /etc/opendmarc.conf"
};
