/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/origin.h"

#include "tests/tap.h"

static const char origins[] =
    "origins:\n"
    "  - {name: backup-mx, client: [192.0.2.7, '*.relay.example'],\n"
    "     relay: yes}\n"
    "  - {name: submission, authenticated: yes, sign: yes, check: no}\n"
    "  - {name: partner, certificate: ['CN=mail.partner.example'],\n"
    "     sign: yes, check: no}\n"
    "  - {name: originating, daemon-name: [ORIGINATING], sign: yes,\n"
    "     check: no}\n"
    "  - {name: guests, client: [198.51.100.0/24], authenticated: no}\n"
    "  - {name: gateway, client: [198.51.101.0/24], authenticated: yes,\n"
    "     relay: yes}\n"
    "  - {name: scanners, client: [198.51.102.0/24], authenticated: no,\n"
    "     check: no, sign: yes}\n"
    "  - {name: own-hosts, client: [127.0.0.0/8, '::1'], sign: yes,\n"
    "     check: no}\n";

struct row {
	const char	*name;
	const char	*client, *client_name, *daemon, *certificate;
	bool		 authenticated;
	const char	*want;		/* "" for a stranger */
	bool		 helo;		/* its check begins at HELO */
};

static const struct row rows[] = {
	{ .name = "a stranger", .client = "203.0.113.1", .want = "",
	  .helo = true },
	{ .name = "a relay by address", .client = "192.0.2.7",
	  .want = "backup-mx" },
	{ .name = "a relay by name", .client = "192.0.2.8",
	  .client_name = "mx.Relay.example", .want = "backup-mx" },
	{ .name = "no name", .client = "192.0.2.8",
	  .client_name = "[192.0.2.8]", .want = "", .helo = true },
	{ .name = "the name itself is not below it", .client = "192.0.2.8",
	  .client_name = "relay.example", .want = "", .helo = true },
	{ .name = "authenticated", .client = "203.0.113.1",
	  .authenticated = true, .want = "submission", .helo = true },
	{ .name = "authenticated through a relay: the first counts",
	  .client = "192.0.2.7", .authenticated = true,
	  .want = "backup-mx" },
	{ .name = "certificate", .client = "203.0.113.1",
	  .certificate = "MAIL.partner.example", .want = "partner",
	  .helo = true },
	{ .name = "another certificate", .client = "203.0.113.1",
	  .certificate = "mail.partner.example.evil.example", .want = "",
	  .helo = true },
	{ .name = "daemon name", .client = "203.0.113.1",
	  .daemon = "ORIGINATING", .want = "originating" },
	{ .name = "two conditions, one is not met", .client = "198.51.100.1",
	  .authenticated = true, .want = "submission", .helo = true },
	{ .name = "two conditions", .client = "198.51.100.1",
	  .want = "guests", .helo = true },
	{ .name = "a relay once it authenticates", .client = "198.51.101.1",
	  .want = "", .helo = true },
	{ .name = "not checked unless it authenticates",
	  .client = "198.51.102.1", .want = "scanners", .helo = true },
	{ .name = "own host", .client = "127.0.0.1", .want = "own-hosts" },
	{ .name = "own host, IPv6", .client = "::1", .want = "own-hosts" },
	{ .name = "no address", .client = "", .want = "", .helo = true }
};

static void
check(const struct config *c, const struct row *r)
{
	struct origin_facts f = { .authenticated = r->authenticated,
		.client_name = slice_str(r->client_name),
		.certificate = slice_str(r->certificate),
		.daemon_name = slice_str(r->daemon) };
	const struct config_origin *o;
	struct slice name;

	(void)ipaddr_parse(slice_str(r->client), &f.client);
	o = origin_choose(c, &f);
	name = o != NULL ? o->name : SLICE("");
	is_bytes(name.ptr, name.len, r->want, strlen(r->want), r->name);
	ok(origin_checks_client(c, &f) == r->helo, "%s: HELO %s", r->name,
	    r->helo ? "is checked" : "is not checked");
}

static void
test_choice(void)
{
	char why[1024] = "";
	struct config *c = config_read_text(slice_str(origins), "t.yaml",
	    why, sizeof(why));
	size_t i;

	if (!ok(c != NULL, "origins are read: %s", why))
		return;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(c, &rows[i]);
	config_unref(c);
}

/* trusted-networks is the short form of three origins. */
static void
test_short_form(void)
{
	static const struct row short_rows[] = {
		{ .name = "short: a stranger", .client = "203.0.113.1",
		  .want = "", .helo = true },
		{ .name = "short: trusted", .client = "192.0.2.9",
		  .want = "trusted-networks" },
		{ .name = "short: trusted and authenticated",
		  .client = "192.0.2.9", .authenticated = true,
		  .want = "authenticated" },
		{ .name = "short: ORIGINATING", .client = "203.0.113.1",
		  .daemon = "ORIGINATING", .want = "originating" }
	};
	char why[1024] = "";
	struct config *c = config_read_text(SLICE("trusted-networks: "
	    "192.0.2.0/24"), "t.yaml", why, sizeof(why));
	const struct origin_facts nobody = { .authenticated = false };
	size_t i;

	if (!ok(c != NULL, "trusted-networks is read: %s", why))
		return;
	for (i = 0; i < sizeof(short_rows) / sizeof(short_rows[0]); i++)
		check(c, &short_rows[i]);
	config_unref(c);
	c = config_read_text(SLICE("trusted-networks: []"), "t.yaml", why,
	    sizeof(why));
	ok(c != NULL && origin_choose(c, &nobody) == NULL,
	    "no trusted network: nobody is of it");
	config_unref(c);
	c = config_read_text(SLICE("origins: []"), "t.yaml", why,
	    sizeof(why));
	ok(c != NULL && c->origin_count == 0, "origins: [] is nobody");
	config_unref(c);
}

static void
test_certificate(void)
{
	static const struct {
		const char *name, *verify, *cn, *subject, *want;
		bool verified;
	} certificates[] = {
		{ .name = "Sendmail, good", .verify = "OK", .cn = "a.example",
		  .subject = "/C=X/CN=a.example", .want = "a.example",
		  .verified = true },
		{ .name = "Sendmail, good, without a common name",
		  .verify = "OK", .subject = "/C=X", .want = "",
		  .verified = true },
		{ .name = "Sendmail, not verified", .verify = "FAIL",
		  .cn = "a.example", .subject = "/CN=a.example", .want = "" },
		{ .name = "Sendmail, none", .verify = "NO", .want = "" },
		{ .name = "Sendmail without verify", .cn = "a.example",
		  .subject = "a.example", .want = "" },
		{ .name = "Postfix", .subject = "a.example",
		  .want = "a.example", .verified = true },
		{ .name = "Postfix, empty", .subject = "", .want = "" },
		{ .name = "nothing", .want = "" }
	};
	struct slice got;
	size_t i;

	for (i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		got = origin_certificate(certificates[i].verify,
		    certificates[i].cn, certificates[i].subject);
		is_bytes(got.ptr, got.len, certificates[i].want,
		    strlen(certificates[i].want), certificates[i].name);
		ok(origin_is_verified(certificates[i].verify,
		    certificates[i].cn, certificates[i].subject) ==
		    certificates[i].verified, "verified");
	}
}

/* What is refused, and with which words. */
static void
test_errors(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "origins: x", "t.yaml:1:10: origins is 'x'; allowed: a list "
		  "of origins" },
		{ "origins: [x]", "t.yaml:1:11: origin 1 must be a mapping of "
		  "\"key: value\"; allowed: name, client, authenticated, "
		  "certificate, daemon-name, relay, check, sign" },
		{ "origins: [{client: 192.0.2.1}]", "t.yaml:1:11: origin 1: "
		  "name is missing; allowed: a name for the log" },
		{ "origins: [{name: a}]", "t.yaml:1:11: origin 1: it has no "
		  "condition, so it would match all mail; allowed: at least "
		  "one of client, authenticated, certificate, daemon-name" },
		{ "origins: [{name: a, client: 192.0.2.1, relay: yes, sign: "
		  "yes}]", "t.yaml:1:58: origin 1: sign is yes with relay, "
		  "but a relay sends mail from strangers; allowed: one of the "
		  "two" },
		{ "origins: [{name: a, client: 192.0.2.1, relay: yes, check: "
		  "no}]", "t.yaml:1:59: origin 1: check is no with relay, "
		  "which is only used for checks; allowed: one of the two" },
		{ "origins: [{name: a, client: [-]}]", "t.yaml:1:30: origin "
		  "1: client is '-'; allowed: IP addresses, networks like "
		  "192.0.2.0/24, and names like mx.example.org, "
		  "\"*.example.org\"" },
		{ "origins: [{name: a, certificate: mail.example}]",
		  "t.yaml:1:34: origin 1: certificate is 'mail.example'; "
		  "allowed: \"CN=NAME\", the common name of a client's "
		  "certificate" },
		{ "origins: [{name: a, authenticated: perhaps}]",
		  "t.yaml:1:36: origin 1: authenticated is 'perhaps'; "
		  "allowed: yes, no" },
		{ "trusted-networks: ::1\norigins: []", "t.yaml:1:19: "
		  "trusted-networks is the short form of origins, which are "
		  "given as well; allowed: an origin with client: in its "
		  "place" }
	};
	struct config *c;
	char why[1024];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		c = config_read_text(slice_str(bad[i].text), "t.yaml", why,
		    sizeof(why));
		ok(c == NULL, "refused: %s", bad[i].text);
		is_str(why, bad[i].want, bad[i].text);
		config_unref(c);
	}
}

int
main(void)
{
	test_choice();
	test_short_form();
	test_certificate();
	test_errors();
	return tap_done();
}
