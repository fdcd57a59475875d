/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: every key, every refusal with its exact text, what is
 * shipped, and what happens when the file ends early or memory does.
 */
#include "config/config.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static char why[LIMIT_CONFIG_WHY];

static struct config *
read_text(const char *text)
{
	why[0] = '\0';
	return config_read_text(slice_str(text), "t.yaml", why, sizeof(why));
}

static const char *
in_source(const char *name)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".",
	    name);
	return path;
}

/* A text file of the source tree, NUL after it; owned by the caller. */
static char *
load(const char *name, size_t *len)
{
	FILE *f = fopen(in_source(name), "rb");
	char *text = calloc(1, 65536);

	if (f == NULL || text == NULL) {
		printf("Bail out! %s cannot be read\n", name);
		exit(1);
	}
	*len = fread(text, 1, 65535, f);
	(void)fclose(f);
	return text;
}

/* ---- all values as text ---- */

static void
put_patterns(struct buf *b, const char *name, const struct policy_pattern *p,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		buf_addf(b, " %s=%s%s", name, p[i].below ? "*." : "",
		    p[i].domain.text);
}

static void
put_nets(struct buf *b, const char *name, const struct ipnet *nets,
    size_t count)
{
	char text[IPADDR_TEXT];
	size_t i;

	for (i = 0; i < count; i++) {
		ipaddr_format(&nets[i].addr, text);
		buf_addf(b, " %s=%s/%u", name, text, nets[i].bits);
	}
}

static void
put_rule(struct buf *b, const struct policy_rule *r)
{
	size_t i;

	buf_addf(b, "\nrule '%.*s' line %u %s%s spf=%x spf-helo=%x dkim=%x",
	    SLICE_ARG(r->name), r->line, policy_action_name(r->action),
	    r->observe ? " observe" : "", r->spf, r->spf_helo, r->dkim);
	buf_addf(b, " aligned=%x dmarc=%x/%x/%x from=%x dnssec=%x tls=%x "
	    "stage=%d at-most=%u", r->dkim_aligned, r->dmarc,
	    r->dmarc_policy, r->dmarc_testing, r->from, r->dnssec, r->tls,
	    (int)r->stage, r->at_most);
	put_nets(b, "client", r->client, r->client_count);
	put_patterns(b, "from-domain", r->from_domain, r->from_domain_count);
	put_patterns(b, "recipient-domain", r->recipient_domain,
	    r->recipient_domain_count);
	put_patterns(b, "mailfrom-domain", r->mailfrom_domain,
	    r->mailfrom_domain_count);
	put_patterns(b, "helo", r->helo, r->helo_count);
	if (r->iprev != 0)
		buf_addf(b, " iprev=%x", r->iprev);
	for (i = 0; i < r->replay_count; i++)
		buf_addf(b, " replay=%u/%u", r->replay[i].count,
		    r->replay[i].seconds);
	if (r->arc != 0 || r->arc_trusted != 0)
		buf_addf(b, " arc=%x/%x", r->arc, r->arc_trusted);
	put_patterns(b, "arc-sealer", r->arc_sealer, r->arc_sealer_count);
	for (i = 0; i < r->forwarder_count; i++)
		buf_addf(b, " forwarder=%.*s", SLICE_ARG(r->forwarder[i]));
	buf_addf(b, " reply='%.*s'", SLICE_ARG(r->reply));
}

/* Only what is not as by default. */
static void
put_report(struct buf *b, const struct config_report *r)
{
	const struct slice texts[] = { r->from, r->org_name, r->contact,
		r->extra_contact, r->bounce };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].len > 0)
			buf_addf(b, " report%zu=%.*s", i, SLICE_ARG(texts[i]));
	if (r->to != 3 || r->since != 90 * 86400 || r->envelope_to)
		buf_addf(b, " report to %x/%u/%d", r->to, r->since,
		    r->envelope_to);
	put_patterns(b, "processor", r->processors, r->processor_count);
	for (i = 0; i < r->opt_out_count; i++) {
		if (r->opt_out[i].address.len > 0)
			buf_addf(b, " opt-out=%.*s",
			    SLICE_ARG(r->opt_out[i].address));
		else
			put_patterns(b, "opt-out", &r->opt_out[i].domain, 1);
	}
	if (!slice_eq(slice_str(r->sendmail), SLICE("/usr/sbin/sendmail")) ||
	    r->timeout_ms != 60000 || r->size_limit != 9u << 20 ||
	    r->pause_ms != 1000)
		buf_addf(b, " report by %s %u %zu %u", r->sendmail,
		    r->timeout_ms, r->size_limit, r->pause_ms);
}

static void
put_forwarder(struct buf *b, const struct config_forwarder *f)
{
	buf_addf(b, " %.*s{", SLICE_ARG(f->name));
	put_nets(b, "client", f->clients, f->client_count);
	put_patterns(b, "iprev", f->names, f->name_count);
	if (f->file != NULL)
		buf_addf(b, " file=%s", f->file);
	put_patterns(b, "for", f->recipients, f->recipient_count);
	put_patterns(b, "from", f->from_domains, f->from_domain_count);
	buf_addc(b, '}');
}

static void
put_names(struct buf *b, const char *name, const struct slice *names,
    size_t count)
{
	size_t i;

	buf_addf(b, " %s=", name);
	for (i = 0; i < count; i++)
		buf_addf(b, "%.*s:", SLICE_ARG(names[i]));
	if (names == NULL)
		buf_adds(b, "default");
}

static void
put_sign(struct buf *b, const struct config_sign *r)
{
	const struct config_sign_key *k;

	buf_addf(b, "\nsign line %u", r->line);
	put_patterns(b, "domain", r->domains, r->domain_count);
	if (r->by != CONFIG_SIGN_FROM)
		buf_addf(b, " by=%d", (int)r->by);
	buf_addf(b, " d=%.*s c=%s/%s x=%u%s", SLICE_ARG(r->identity),
	    r->relaxed_header ? "relaxed" : "simple",
	    r->relaxed_body ? "relaxed" : "simple", r->expire,
	    r->null_sender ? " null-sender" : "");
	put_names(b, "headers", r->headers, r->header_count);
	put_names(b, "oversign", r->oversign, r->oversign_count);
	if (r->directory.path != NULL)
		buf_addf(b, "\nkeys in %s at %u:%u layout=%.*s selector=%.*s "
		    "subdomains=%d", r->directory.path, r->directory.line,
		    r->directory.column, SLICE_ARG(r->directory.layout),
		    SLICE_ARG(r->directory.selector),
		    r->directory.subdomains);
	for (k = r->keys; r->key_count > 0 &&
	    k < r->keys + r->key_count; k++) {
		buf_addf(b, "\nkey %.*s %s at %u:%u", SLICE_ARG(k->selector),
		    k->file, k->line, k->column);
		if (k->from != INT64_MIN)
			buf_addf(b, " from=%lld", (long long)k->from);
		if (k->until != INT64_MAX)
			buf_addf(b, " until=%lld", (long long)k->until);
	}
}

static void
put_config(struct buf *b, const struct config *c)
{
	const struct resolver_options *o = &c->resolver.options;
	size_t i;

	if (c->metrics != NULL)
		buf_addf(b, "metrics=%s ", c->metrics);
	if (c->store != NULL)
		buf_addf(b, "store=%s:%s:%u ", c->store, c->store_spool !=
		    NULL ? c->store_spool : "-", c->keep);
	buf_addf(b, "%s %03o user=%s pid=%s id=%.*s", c->socket,
	    c->socket_mode, c->user != NULL ? c->user : "-",
	    c->pid_file != NULL ? c->pid_file : "-",
	    SLICE_ARG(c->authserv_id));
	put_nets(b, "trusted", c->trusted_networks,
	    c->trusted_network_count);
	buf_addf(b, "\nlog %d %d %d", (int)c->log.target, (int)c->log.level,
	    (int)c->log.format);
	for (i = 0; i < o->nameserver_count; i++)
		buf_addf(b, " ns=%.*s", SLICE_ARG(o->nameservers[i]));
	buf_addf(b, " %ums x%u ad=%d case=%d stale=%u every=%u cache=%zu "
	    "zone=%s", o->timeout_ms, o->tries, (int)o->trust_ad,
	    (int)o->random_case, o->stale_ms, c->resolver.statistics_ms,
	    o->cache_bytes,
	    c->resolver.zone_path != NULL ? c->resolver.zone_path : "-");
	buf_addf(b, "\ndeadline=%u signatures=%u helo=%d void=%u rsa=%u "
	    "test=%d unsigned=%d", c->limits.deadline_ms,
	    c->limits.signatures, c->spf.helo, c->spf.void_limit,
	    c->dkim.minimum_rsa_bits, c->dkim.test_keys,
	    (int)c->unsigned_mail);
	if (c->dns_sec)
		buf_adds(b, " dns-sec");
	if (c->iprev)
		buf_adds(b, " iprev");
	if (c->annotate_own || c->show_auth_name)
		buf_addf(b, " own=%d/%d", c->annotate_own, c->show_auth_name);
	if (c->seal.given)
		buf_addf(b, " seal=%.*s:%.*s:%s",
		    SLICE_ARG(c->seal.rule.identity),
		    SLICE_ARG(c->seal.key.selector), c->seal.key.file);
	for (i = 0; i < c->seal.when_count; i++)
		put_patterns(b, "to", c->seal.when[i].relayed_to,
		    c->seal.when[i].relayed_to_count);
	if (c->limits.seal_age != 7 * 86400)
		buf_addf(b, " seal=%u", c->limits.seal_age);
	put_patterns(b, "sealer", c->trusted_sealers,
	    c->trusted_sealer_count);
	for (i = 0; i < c->forwarder_count; i++)
		put_forwarder(b, &c->forwarders[i]);
	put_report(b, &c->report);
	for (i = 0; i < c->policy.count; i++)
		put_rule(b, &c->policy.rules[i]);
	for (i = 0; i < c->sign_count; i++)
		put_sign(b, &c->sign[i]);
}

static const char defaults[] =
    "local:/run/assay/milter.sock 660 user=- pid=- id= "
    "trusted=127.0.0.0/8 trusted=::1/128\n"
    "log 0 2 0 3000ms x2 ad=0 case=0 "
    "stale=0 every=3600000 cache=67108864 zone=-\n"
    "deadline=20000 signatures=10 helo=1 void=2 rsa=1024 test=0 unsigned=0";

/* Takes the reference. */
static void
is_config(struct config *c, const char *want, const char *name)
{
	struct buf b;

	buf_init(&b, 65536);
	if (c == NULL)
		buf_adds(&b, why);
	else
		put_config(&b, c);
	is_str(buf_cstr(&b), want, name);
	buf_fini(&b);
	config_unref(c);
}

/* ---- good files ---- */

static void
test_defaults(void)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "{}",
	    "log:\nresolver: {}\nlimits:\nspf:\ndkim:\npolicy:\n",
	    "policy: []\n" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_config(read_text(texts[i]), defaults, "defaults");
}

#define NOTHING "spf=0 spf-helo=0 dkim=0 aligned=0 dmarc=0/0/0 from=0 " \
	"dnssec=0 tls=0 "

static const char full[] =
    "metrics=inet:9102@127.0.0.1 "
    "inet6:8891@[::1] 600 user=nobody pid=/run/assay/milter.pid "
    "id=mx.example.org trusted=192.0.2.0/24 trusted=2001:db8::/32 "
    "trusted=198.51.100.1/32\n"
    "log 1 3 1 ns=127.0.0.1:5300 ns=[::1]:53 ns=192.0.2.53 1500ms x3 ad=2 "
    "case=2 stale=86400000 every=0 "
    "cache=1073741824 zone=FOLDER/zone.yaml\n"
    "deadline=60000 signatures=20 helo=0 void=5 rsa=2048 test=1 unsigned=1\n"
    "rule 'first' line 25 reject observe spf=c spf-helo=1 dkim=20 "
    "aligned=1 dmarc=44/c/1 from=1 dnssec=2 tls=1 stage=0 at-most=0 "
    "client=192.0.2.0/24 client=::1/128 from-domain=example.org "
    "from-domain=*.example.org recipient-domain=example.com "
    "mailfrom-domain=example.org mailfrom-domain=*.example.org "
    "helo=*.example.net reply='550 5.7.1 mail from %{mailfrom-domain} must "
    "be authenticated'\n"
    "rule 'rule 2' line 45 quarantine " NOTHING "stage=0 at-most=0 "
    "reply=''\n"
    "rule 'rule 3' line 46 tempfail " NOTHING "stage=1 at-most=14400 "
    "reply=''\n"
    "sign line 48 domain=example.org domain=*.example.org d=example.org "
    "c=relaxed/simple x=604800 headers=From:Subject: oversign=From:\n"
    "key s2026 FOLDER/keys/s2026.pem at 52:15 from=1767225600 "
    "until=1798761599\n"
    "key e2026 /etc/assay/keys/e2026.pem at 55:33\n"
    "sign line 60 domain=xn--bcher-kva.example d= c=relaxed/relaxed x=0 "
    "headers=default oversign=default\n"
    "key s FOLDER/s.pem at 61:32";

/* `text` with the folder of the test's files for each FOLDER. */
static const char *
with_folder(const char *text)
{
	static char out[16384];
	struct buf b;
	const char *at;

	buf_init(&b, sizeof(out) - 1);
	while ((at = strstr(text, "FOLDER")) != NULL) {
		buf_add(&b, (struct slice){ text, (size_t)(at - text) });
		buf_adds(&b, in_source("tests/data/config"));
		text = at + strlen("FOLDER");
	}
	buf_adds(&b, text);
	(void)snprintf(out, sizeof(out), "%s", buf_cstr(&b));
	buf_fini(&b);
	return out;
}

static void
test_full(void)
{
	const struct dns_answer *a;
	struct config *c;

	c = config_read(in_source("tests/data/config/full.yaml"), why,
	    sizeof(why));
	ok(c != NULL && c->resolver.zone != NULL &&
	    c->resolver.options.zone == c->resolver.zone,
	    "the zone is there");
	if (c != NULL) {
		a = dns_zone_answer(c->resolver.zone,
		    SLICE("mail.example.com"), DNS_TYPE_A);
		is_num(a->outcome, DNS_FOUND, "and answers");
		dns_answer_unref(a);
		is_str(c->path, in_source("tests/data/config/full.yaml"),
		    "the path is kept");
	}
	is_config(c, with_folder(full), "every key");
}

#define KEY "{selector: s, file: s.pem}"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define SIGN(keys) "sign: [{" keys "}]"
#define SIGN_DATE(date) SIGN("domains: a.example, keys: [{selector: s, " \
	"file: s.pem, from: " date "}]")

static void
test_values(void)
{
	static const struct {
		const char	*text;
		const char	*want;	/* is in all values */
	} rows[] = {
		{ "socket: unix:/s", "unix:/s 660" },
		{ "socket: inet:1@0.0.0.0", "inet:1@0.0.0.0 660" },
		{ "socket: inet:65535@mail.example.org",
		  "inet:65535@mail.example.org 660" },
		{ "socket: inet6:8891@::1", "inet6:8891@::1 660" },
		{ "socket: inet6:8891@ip6-localhost",
		  "inet6:8891@ip6-localhost 660" },
		{ "socket-mode: 0660", " 660 user" },
		{ "socket-mode: 660", " 660 user" },
		{ "socket-mode: \"0777\"", " 777 user" },
		{ "socket-mode: 0", " 000 user" },
		{ "metrics: inet:9102@127.0.0.1",
		  "metrics=inet:9102@127.0.0.1 " },
		{ "metrics: local:/run/m", "metrics=local:/run/m " },
		{ "store: sqlite:/var/lib/assay/assay.db",
		  "store=sqlite:/var/lib/assay/assay.db:-:2592000 " },
		{ "store: postgresql:///assay\nstore-spool: /var/spool/a\n"
		  "keep: 1d", "store=postgresql:///assay:/var/spool/a:86400 "
		  },
		{ "store: sqlite:/a\nkeep: 3650d", ":315360000 " },
		{ "user: _assay-1.x", "user=_assay-1.x " },
		{ "authserv-id: localhost", "id=localhost " },
		{ "authserv-id: B\xc3\xbc" "cher.example.",
		  "id=xn--bcher-kva.example " },
		{ "trusted-networks: []", "id=\nlog" },
		{ "trusted-networks: ::1", "id= trusted=::1/128\n" },
		{ "trusted-networks: ['::1', 10.0.0.0/8]",
		  "trusted=::1/128 trusted=10.0.0.0/8\n" },
		{ "log: {level: error}", "log 0 0 0 " },
		{ "log: {level: warning}", "log 0 1 0 " },
		{ "resolver: {timeout: 100ms}", " 100ms " },
		{ "resolver: {timeout: 1m}", " 60000ms " },
		{ "resolver: {timeout: 60s}", " 60000ms " },
		{ "resolver: {tries: 1}", " x1 " },
		{ "resolver: {tries: 10}", " x10 " },
		{ "resolver: {trust-ad: yes}", " ad=1 " },
		{ "resolver: {tries: 3}", " case=0 " },
		{ "resolver: {random-case: yes}", " case=1 " },
		{ "resolver: {random-case: no}", " case=2 " },
		{ "resolver: {serve-stale: 1d}", " stale=86400000 " },
		{ "resolver: {serve-stale: 0s}", " stale=0 " },
		{ "resolver: {statistics: 1d}", " every=86400000 " },
		{ "resolver: {statistics: 0s}", " every=0 " },
		{ "resolver: {cache: 64K}", " cache=65536 " },
		{ "resolver: {cache: 65536}", " cache=65536 " },
		{ "resolver: {cache: 3M}", " cache=3145728 " },
		{ "resolver: {cache: 4G}", " cache=4294967296 " },
		{ "resolver:\n  nameservers: ::1", " ns=::1 " },
		{ "resolver: {zone: a/b.yaml}", " zone=a/b.yaml\n" },
		{ "limits: {deadline: 1s}", "deadline=1000 " },
		{ "limits: {deadline: 10m}", "deadline=600000 " },
		{ "limits: {seal-age: 1h}", " seal=3600" },
		{ "limits: {seal-age: 365d}", " seal=31536000" },
		{ "policy: [{action: accept, when: {arc: [none, fail], "
		  "arc-trusted: yes, arc-sealer: '*.example.net'}}]",
		  " arc=5/2 arc-sealer=*.example.net " },
		{ "seal:", "unsigned=0" },
		{ "seal: {domain: Gate.example.org, selector: K1, file: k.pem, "
		  "when: [relayed-to: a.b, {relayed-to: ['*.c.d', e.f]}]}",
		  " seal=gate.example.org:k1:k.pem to=a.b to=*.c.d to=e.f" },
		{ "trusted-sealers: []", "unsigned=0" },
		{ "trusted-sealers: lists.example",
		  "unsigned=0 sealer=lists.example" },
		{ "trusted-sealers: ['*.example.net', b.test]",
		  "unsigned=0 sealer=*.example.net sealer=b.test" },
		{ "forwarders: []", "unsigned=0" },
		{ "forwarders: [{name: alumni, client: [192.0.2.0/24, '::1'], "
		  "for: example.org, from-domain: ['*.a.test', b.test]}]",
		  "unsigned=0 alumni{ client=192.0.2.0/24 client=::1/128 "
		  "for=example.org from=*.a.test from=b.test}" },
		{ "forwarders: [{name: a_1.B-2, iprev: ['*.Alumni.example', "
		  "mx.b.test]}, {name: c, file: c.txt}]", "unsigned=0 iprev "
		  "a_1.B-2{ iprev=*.alumni.example iprev=mx.b.test} "
		  "c{ file=c.txt}" },
		{ "policy: [{action: accept, when: {forwarder: yes}}]",
		  " forwarder=yes " },
		{ "policy: [{action: accept, when: {forwarder: [FALSE, alumni, "
		  "Unknown]}}]", " forwarder=no forwarder=alumni "
		  "forwarder=unknown " },
		{ "limits: {signatures: 1}", "signatures=1 " },
		{ "limits: {signatures: 100}", "signatures=100 " },
		{ "spf: {helo: TRUE}", "helo=1 " },
		{ "spf: {helo: False}", "helo=0 " },
		{ "spf: {helo: 'no'}", "helo=0 " },
		{ "spf: {void-limit: 0}", "void=0 " },
		{ "annotate-own: yes", "unsigned=0 own=1/0" },
		{ "show-auth-name: yes", "unsigned=0 own=0/1" },
		{ "policy: [{action: reject, when: {replay: 50/1h}}]",
		  " replay=50/3600 " },
		{ "policy: [{action: reject, when: {replay: [1/60s, 1000/7d, "
		  "20/1d, 5/604800s, 1/1h, 1/1h, 1/1h, 1/1h, 1/1h, "
		  "1/1h]}}]", " replay=1/60 replay=1000/604800 "
		  "replay=20/86400 replay=5/604800 " },
		{ "dns-sec: yes", "unsigned=0 dns-sec" },
		{ "iprev: no", "unsigned=0" },
		{ "iprev: yes", "unsigned=0 iprev" },
		{ "policy: [{action: reject, stage: mail, when: {iprev: [fail, "
		  "permerror]}}]", "stage=1 at-most=0 iprev=" },
		{ "spf: {void-limit: 10}", "void=10 " },
		{ "dkim: {minimum-rsa-bits: 8192}", "rsa=8192" },
		{ "policy: [{action: accept}]",
		  "rule 'rule 1' line 1 accept spf=0 " },
		{ "policy: [{action: discard, observe: no}]",
		  "line 1 discard spf" },
		{ "policy: [{action: tempfail, when: {spf: TempError},"
		  " reply: later}]",
		  "tempfail spf=40 spf-helo=0 dkim=0 aligned=0" },
		{ "policy: [{action: tempfail, reply: later}]",
		  "at-most=0 reply='later'" },
		{ "policy: [{action: tempfail, at-most: 60s}]",
		  "at-most=60 " },
		{ "policy: [{action: tempfail, at-most: 30d}]",
		  "at-most=2592000 " },
		{ "policy: [{action: accept, stage: end}]", "stage=0 " },
		{ "policy: [{action: accept, stage: mail, when: {client: "
		  "'::1', helo: a, spf: fail, spf-helo: fail, "
		  "mailfrom-domain: a, tls: no}}]", "tls=1 stage=1 " },
		{ "policy: [{action: accept, when: {from: [ok, absent, "
		  "multiple, unparsable], dmarc-policy: [none, none]}}]",
		  "dmarc=0/2/0 from=f " },
		{ "policy: [{action: accept, when: {dnssec: TRUE, tls: "
		  "'no'}}]", "dnssec=2 tls=1 " },
		{ "policy: [{action: accept, when: {tls: TRUE}}]", " tls=2 " },
		{ "policy: [{action: accept, when: {tls: [none, \"1.2\", 1.3, "
		  "Verified, false]}}]", " tls=71 " },
		{ "policy: [{action: accept, when: {tls: [1.0, 1.1]}}]",
		  " tls=c " },
		{ SIGN_DATE("1970-01-01"), " from=0" },
		{ SIGN_DATE("2000-02-29"), " from=951782400" },
		{ SIGN_DATE("2100-03-01"), " from=4107542400" },
		{ SIGN_DATE("2024-03-01"), " from=1709251200" },
		{ SIGN_DATE("9999-12-31T23:59:59Z"), " from=253402300799" },
		{ SIGN_DATE("1999-12-31t00:00:01z"), " from=946598401" },
		{ SIGN_DATE("2026-11-22"), " from=1795305600" },
		{ SIGN("domains: a.example, keys: [" KEY "], headers: [x, "
		  "FROM]"), " headers=x:FROM: oversign=default" },
		{ SIGN("domains: a.example, keys: [" KEY "], oversign: []"),
		  " headers=default oversign=\nkey" },
		{ SIGN("domains: a.example, keys: [" KEY "], headers: from, "
		  "oversign: [Subject, 'X!#']"),
		  " headers=from: oversign=Subject:X!#:\n" },
		{ SIGN("domains: a.example, keys: [" KEY "], "
		  "canonicalization: simple/relaxed"), " c=simple/relaxed " },
		{ SIGN("domains: a.example, keys: [" KEY "], "
		  "canonicalization: simple/simple"), " c=simple/simple " },
		/* Defaults, before and after; a rule that has its own. */
		{ "sign-defaults: {expire: 3d, oversign: [From, X]}\n"
		  SIGN("domains: a.example, keys: [" KEY "]"),
		  " x=259200 headers=default oversign=From:X:\n" },
		{ SIGN("domains: a.example, keys: [" KEY "], expire: 1h, "
		  "oversign: []") "\nsign-defaults: {expire: 3d, headers: "
		  "[From, To], oversign: [From, X]}",
		  " x=3600 headers=From:To: oversign=\n" },
		{ "sign-defaults: {}", "unsigned=0" },
		{ SIGN("domains: a.example, keys: [" KEY "], expire: 1m"),
		  " x=60 " },
		{ SIGN("domains: a.example, keys: [" KEY "], expire: 365d"),
		  " x=31536000 " },
		{ SIGN("domains: a.example, keys: [{selector: a.B, file: "
		  "/k}]"), "\nkey a.b /k at " },
		{ "sign: [{domains: a.example, keys: [" KEY "]}, {domains: "
		  "'*.a.example', keys: [" KEY "]}, {domains: [b.example, "
		  "example], keys: [" KEY "]}]", "domain=*.a.example d= " },
		{ SIGN("keys: {directory: /k}"), " d= c=relaxed/relaxed x=0 "
		  "headers=default oversign=default\nkeys in /k at 1:27 "
		  "layout=%{domain}/%{selector}.pem selector= subdomains=0" },
		{ SIGN("domains: '*.a.example', keys: {directory: /k, layout: "
		  "'a/%{domain}.key', selector: M, subdomains: yes}"),
		  "domain=*.a.example d= c=relaxed/relaxed x=0 "
		  "headers=default oversign=default\nkeys in /k at 1:51 "
		  "layout=a/%{domain}.key selector=m subdomains=1" },
		{ SIGN("keys: {directory: k, selector: m, layout: '%{domain}"
		  X50 X50 X50 X50 X10 X10 X10 X10 "xxxxxx'}"),
		  "\nkeys in k at 1:27 layout=%{domain}x" },
		{ "sign: [{domains: a.example, keys: {directory: /k}}, "
		  "{domains: a.example, keys: [" KEY "]}]",
		  "\nsign line 1 domain=a.example d= " },
		{ "sign: [{domains: a.example, keys: [" KEY "]}, {by: "
		  "envelope, domains: a.example, keys: [" KEY "]}, {by: "
		  "sender, domains: a.example, keys: [" KEY "]}]",
		  "\nsign line 1 domain=a.example by=2 d= " },
		{ "dkim: {test-keys: yes}", " test=1 " },
		{ "unsigned: tempfail", " unsigned=1" },
		{ "report:", "unsigned=0" },
		{ "report: {from: Dmarc@EXAMPLE.org, org-name: Example "
		  "Inc., contact: a+b@c.example, extra-contact: "
		  "'https://x.example/', bounce: b@d.example}",
		  "unsigned=0 report0=Dmarc@example.org report1=Example Inc. "
		  "report2=a+b@c.example report3=https://x.example/ "
		  "report4=b@d.example" },
		{ "report: {org-name: " X50 X50 X50 X50 "}", " report1=" X50
		  X50 X50 X50 },
		{ "report: {bounce: " X10 X10 X10 "@example.org}",
		  " report4=" X10 X10 X10 "@example.org" },
		{ "report: {to: correspondents}", " report to 1/7776000/0" },
		{ "report: {to: [processors, all], since: 1d, envelope-to: "
		  "yes}", " report to 6/86400/1" },
		{ "report: {processors: ['*.p.example', q.example], opt-out: "
		  "[A.example, '*.b.example', C@D.example]}",
		  "unsigned=0 processor=*.p.example processor=q.example "
		  "opt-out=a.example opt-out=*.b.example "
		  "opt-out=C@D.example" },
		{ "report: {opt-out: a@b.example}", " opt-out=a@b.example" },
		{ "report: {opt-out: [], processors: []}", "unsigned=0" },
		{ "report: {sendmail: /s, timeout: 1s, size-limit: 64K, "
		  "pause: 0s}", " report by /s 1000 65536 0" },
		{ "report: {timeout: 10m, size-limit: 100M, pause: 10m}",
		  " report by /usr/sbin/sendmail 600000 104857600 600000" },
		{ "sign: []", " unsigned=0" },
		{ "sign:", " unsigned=0" },
	};
	struct config *c;
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		c = read_text(rows[i].text);
		if (c == NULL)
			buf_adds(&b, why);
		else
			put_config(&b, c);
		if (!ok(c != NULL && strstr(buf_cstr(&b), rows[i].want) !=
		    NULL, "%s", rows[i].text))
			printf("#  got: %s\n# want: %s\n", buf_cstr(&b),
			    rows[i].want);
		config_unref(c);
	}
	buf_fini(&b);
}

/* ---- bad files ---- */

#define ROOT_KEYS "include, auto-reload, socket, socket-mode, metrics, " \
	"user, pid-file, " \
	"store, store-spool, keep, confinement, authserv-id, " \
	"authserv-ids-to-remove, " \
	"remove-received-spf, trusted-networks, " \
	"origins, log, resolver, limits, spf, dkim, dns-sec, iprev, " \
	"annotate-own, show-auth-name, own-domains, " \
	"enforce-anyway, trusted-sealers, forwarders, policy, " \
	"observe-policy, sign, sign-defaults, seal, unsigned, report"
#define REPORT_KEYS "from, org-name, contact, extra-contact, bounce, to, " \
	"since, processors, opt-out, envelope-to, sendmail, timeout, " \
	"size-limit, pause"
#define ADDRESS "an address like dmarc@example.org"
#define STORES "sqlite:/PATH or postgresql://USER@HOST/DATABASE"
#define LOG_KEYS "target, level, format"
#define RESOLVER_KEYS "nameservers, timeout, tries, trust-ad, " \
	"random-case, cache, serve-stale, statistics, zone"
#define LIMITS_KEYS "deadline, signatures, seal-age"
#define DKIM_KEYS "minimum-rsa-bits, test-keys, partial-body, doubled"
#define RULE_KEYS "name, when, action, reply, observe, at-most, stage"
#define CONDITIONS "spf, spf-helo, dkim, dkim-aligned, dmarc, " \
	"dmarc-policy, dmarc-testing, from, from-domain, mailfrom-domain, " \
	"helo, client, recipient-domain, dnssec, tls, dkim-partial, " \
	"dkim-doubled, own-domain, enforce-anyway, arc, arc-trusted, " \
	"arc-sealer, auth-user, iprev, replay, forwarder"
#define FORWARDER_WORDS "yes, no, unknown, and names of forwarders"
#define FORWARDER_NAME "letters, digits, \".\", \"-\" and \"_\", at most " \
	"64 of them, and none of yes, no, true, false, unknown"
#define SIGN_KEYS "domains, by, identity, keys, canonicalization, headers, " \
	"oversign, resign, null-sender, for-user, expire"
#define KEY_KEYS "selector, file, from, until"
#define SPF_WORDS "none, pass, fail, softfail, neutral, temperror, permerror"
#define RATES "COUNT/TIME like 50/1h, for 1 to 1000 in 1m to 7d"
#define TLS_WORDS "yes, no, none, 1.0, 1.1, 1.2, 1.3, verified"
#define NETWORKS "IP addresses and networks like 192.0.2.0/24, " \
	"\"2001:db8::/32\""
#define SOCKETS "local:PATH, inet:PORT@HOST, inet6:PORT@HOST"
#define NO_HOST "PORT@HOST; without a host anyone could connect, so " \
	"name one (@127.0.0.1, @::1)"
#define NETS "IP addresses and networks like 192.0.2.0/24, " \
	"\"2001:db8::/32\""
#define LAYOUT "allowed: a path below the directory with %{domain} once and " \
	"%{selector} at most once, like %{domain}/%{selector}.pem"
#define DOMAINS "domain names like example.org, \"*.example.org\" for all " \
	"below it"
#define NAMESERVERS "up to 8 of ADDRESS, ADDRESS:PORT, [IPV6]:PORT"
#define PATH_107 "a path that begins with \"/\" and has at most 107 " \
	"characters after local:"
#define ACTIONS "accept, reject, tempfail, quarantine, discard"
#define FIELDS "default, or names of header fields like [From, Subject]"
#define KEYS "a list of {selector: NAME, file: PATH}, or " \
	"{directory: PATH}"
#define BAD_DATE(date) "1:69: sign rule 1: key 1: from is '" date "'; " \
	"allowed: a date like 2026-12-31, or a time like " \
	"2026-12-31T12:00:00Z, both in UTC"

static const struct {
	const char	*text;
	const char	*want;	/* after "t.yaml:" */
} bad[] = {
	/* What YAML itself refuses. */
	{ "a: [", "2:1: a value is missing before this; a list ends with "
	  "\"]\", a mapping with \"}\"" },
	{ "log: {level: info}\nlog: {}\n",
	  "2:1: this key is given twice; the first one is at 1:1" },

	/* Keys. */
	{ "- a", "1:1: the configuration must be a mapping of \"key: "
	  "value\", and this is a list; allowed: " ROOT_KEYS },
	{ "text", "1:1: the configuration must be a mapping of \"key: "
	  "value\"; allowed: " ROOT_KEYS },
	{ "sockt: x", "1:1: unknown key 'sockt' in the configuration, did "
	  "you mean socket?; allowed: " ROOT_KEYS },
	{ "\n\n  \"trusted_networks\": x", "3:3: unknown key "
	  "'trusted_networks' in the configuration, did you mean "
	  "trusted-networks?; allowed: " ROOT_KEYS },
	{ "POLICY: x", "1:1: unknown key 'POLICY' in the configuration, did "
	  "you mean policy?; allowed: " ROOT_KEYS },
	{ "milter: x", "1:1: unknown key 'milter' in the configuration; "
	  "allowed: " ROOT_KEYS },
	{ "\"\\e[2J\\n\": x", "1:1: unknown key '?[2J?' in the "
	  "configuration; allowed: " ROOT_KEYS },
	{ X50 X50 ": x", "1:1: unknown key '" X50 X10 "...' in the "
	  "configuration; allowed: " ROOT_KEYS },
	{ "'': x", "1:1: unknown key '' in the configuration; allowed: "
	  ROOT_KEYS },
	{ "log: info", "1:6: log must be a mapping of \"key: value\"; "
	  "allowed: " LOG_KEYS },
	{ "log: [a]", "1:6: log must be a mapping of \"key: value\", and "
	  "this is a list; allowed: " LOG_KEYS },
	{ "log: level=info", "1:6: log must be a mapping of \"key: value\", "
	  "with \":\" in place of \"=\"; allowed: " LOG_KEYS },
	{ "log: level:info", "1:6: log must be a mapping of \"key: value\", "
	  "with a space after \":\"; allowed: " LOG_KEYS },
	{ "log: {levl: info}", "1:7: unknown key 'levl' in log, did you mean "
	  "level?; allowed: " LOG_KEYS },
	{ "resolver: 1", "1:11: resolver must be a mapping of \"key: "
	  "value\"; allowed: " RESOLVER_KEYS },
	{ "limits: 1", "1:9: limits must be a mapping of \"key: value\"; "
	  "allowed: " LIMITS_KEYS },
	{ "spf: yes", "1:6: spf must be a mapping of \"key: value\"; "
	  "allowed: helo, void-limit" },
	{ "dkim:\n  min: 1", "2:3: unknown key 'min' in dkim; allowed: "
	  DKIM_KEYS },

	/* The daemon. */
	{ "socket:", "1:8: socket has no value; allowed: " SOCKETS },
	{ "metrics: 9102", "1:10: metrics is '9102'; allowed: " SOCKETS
	  "; did you mean inet:9102@127.0.0.1?" },
	{ "store: assay.db", "1:8: store is 'assay.db'; allowed: " STORES },
	{ "store: sqlite:assay.db", "1:8: store is 'sqlite:assay.db'; "
	  "allowed: " STORES },
	{ "store: mysql://x", "1:8: store is 'mysql://x'; allowed: " STORES },
	{ "store-spool: a", "1:14: store-spool is 'a'; allowed: a path that "
	  "begins with \"/\"" },
	{ "keep: 23h", "1:7: keep is '23h'; allowed: a number "
	  "with s, m, h or d, 1d to 3650d" },
	{ "keep: 3651d", "1:7: keep is '3651d'; allowed: a number "
	  "with s, m, h or d, 1d to 3650d" },
	{ "metrics: yes", "1:10: metrics is 'yes'; allowed: " SOCKETS },
	{ "socket: ''", "1:9: socket is ''; allowed: " SOCKETS },
	{ "socket: [a]", "1:9: socket is a list; allowed: " SOCKETS },
	{ "socket: {a: b}", "1:9: socket is a mapping; allowed: " SOCKETS },
	{ "socket: /run/s", "1:9: socket is '/run/s'; allowed: " SOCKETS
	  "; did you mean local:/run/s?" },
	{ "socket: inet:127.0.0.1:8891", "1:9: socket is "
	  "'inet:127.0.0.1:8891'; allowed: PORT@HOST; without a host anyone "
	  "could connect, so name one (@127.0.0.1, @::1); did you mean "
	  "inet:8891@127.0.0.1?" },
	{ "socket: inet:localhost:8891", "1:9: socket is "
	  "'inet:localhost:8891'; allowed: PORT@HOST; without a host anyone "
	  "could connect, so name one (@127.0.0.1, @::1); did you mean "
	  "inet:8891@localhost?" },
	{ "socket: 127.0.0.1:8891", "1:9: socket is '127.0.0.1:8891'; "
	  "allowed: " SOCKETS "; did you mean inet:8891@127.0.0.1?" },
	{ "socket: '[::1]:8891'", "1:9: socket is '[::1]:8891'; "
	  "allowed: " SOCKETS "; did you mean inet6:8891@::1?" },
	{ "socket: fd:3", "1:9: socket is 'fd:3'; allowed: " SOCKETS },
	{ "socket: LOCAL:/s", "1:9: socket is 'LOCAL:/s'; allowed: "
	  SOCKETS },
	{ "socket: local:s", "1:9: socket is 'local:s'; allowed: "
	  PATH_107 },
	{ "socket: local:/", "1:9: socket is 'local:/'; allowed: "
	  PATH_107 },
	{ "socket: \"local:/a\\0b\"", "1:9: socket is 'local:/a?b'; "
	  "allowed: " PATH_107 },
	{ "socket: inet:8891", "1:9: socket is 'inet:8891'; allowed: "
	  NO_HOST "; did you mean inet:8891@127.0.0.1?" },
	{ "socket: inet6:8891", "1:9: socket is 'inet6:8891'; allowed: "
	  NO_HOST "; did you mean inet6:8891@::1?" },
	{ "socket: localhost:8891", "1:9: socket is 'localhost:8891'; "
	  "allowed: " SOCKETS "; did you mean inet:8891@localhost?" },
	{ "socket: mx.example.org:8891", "1:9: socket is "
	  "'mx.example.org:8891'; allowed: " SOCKETS "; did you mean "
	  "inet:8891@mx.example.org?" },
	{ "socket: tcp:8891", "1:9: socket is 'tcp:8891'; allowed: " SOCKETS
	  "; did you mean inet:8891@127.0.0.1?" },
	{ "socket: what:8891", "1:9: socket is 'what:8891'; allowed: "
	  SOCKETS },
	{ "socket: inet:0@127.0.0.1", "1:9: socket is 'inet:0@127.0.0.1'; "
	  "allowed: a port from 1 to 65535 before @HOST" },
	{ "socket: inet:65536@127.0.0.1", "1:9: socket is "
	  "'inet:65536@127.0.0.1'; allowed: a port from 1 to 65535 before "
	  "@HOST" },
	{ "socket: inet:x@127.0.0.1", "1:9: socket is 'inet:x@127.0.0.1'; "
	  "allowed: a port from 1 to 65535 before @HOST" },
	{ "socket: inet:1@", "1:9: socket is 'inet:1@'; allowed: an IPv4 "
	  "address or a name after PORT@" },
	{ "socket: inet:1@::1", "1:9: socket is 'inet:1@::1'; allowed: an "
	  "IPv4 address or a name after PORT@" },
	{ "socket: inet6:1@127.0.0.1", "1:9: socket is 'inet6:1@127.0.0.1'; "
	  "allowed: an IPv6 address or a name after PORT@" },
	{ "socket: inet6:1@[::1", "1:9: socket is 'inet6:1@[::1'; allowed: "
	  "an IPv6 address or a name after PORT@" },
	{ "socket-mode: rw", "1:14: socket-mode is 'rw'; allowed: an octal "
	  "number, 0 to 0777" },
	{ "socket-mode: 0668", "1:14: socket-mode is '0668'; allowed: an "
	  "octal number, 0 to 0777" },
	{ "socket-mode: 1000", "1:14: socket-mode is '1000'; allowed: an "
	  "octal number, 0 to 0777" },
	{ "socket-mode: 00660", "1:14: socket-mode is '00660'; allowed: an "
	  "octal number, 0 to 0777" },
	{ "socket-mode: ''", "1:14: socket-mode is ''; allowed: an octal "
	  "number, 0 to 0777" },
	{ "user: a b", "1:7: user is 'a b'; allowed: the name of a user" },
	{ "user: -f", "1:7: user is '-f'; allowed: the name of a user" },
	{ "user: " X10 X10 X10 "xxx", "1:7: user is '" X10 X10 X10 "xxx'; "
	  "allowed: the name of a user" },
	{ "user:", "1:6: user has no value; allowed: the name of a user" },
	{ "pid-file: x.pid", "1:11: pid-file is 'x.pid'; allowed: a path "
	  "that begins with \"/\"" },
	{ "pid-file: \"/a\\n\"", "1:11: pid-file is '/a?'; allowed: a path "
	  "that begins with \"/\"" },
	{ "authserv-id: a b", "1:14: authserv-id is 'a b'; allowed: a name "
	  "like mx.example.org" },
	{ "authserv-id: \"a;b\"", "1:14: authserv-id is 'a;b'; allowed: a "
	  "name like mx.example.org" },
	{ "trusted-networks: 10.0.0.0/33", "1:19: trusted-networks is "
	  "'10.0.0.0/33'; allowed: " NETS },
	{ "trusted-networks:\n  - 10.0.0.0/8\n  - localhost", "3:5: "
	  "trusted-networks is 'localhost'; allowed: " NETS },
	{ "trusted-networks: [[a]]", "1:20: trusted-networks is a list; "
	  "allowed: " NETS },
	{ "trusted-networks:", "1:18: trusted-networks has no value; "
	  "allowed: " NETS },
	{ "trusted-networks: {a: b}", "1:19: trusted-networks is a mapping; "
	  "allowed: " NETS },

	/* The sections. */
	{ "log:\n  target: syslog\n  level:  loud", "3:11: log.level is "
	  "'loud'; allowed: error, warning, info, debug" },
	{ "log: {level: [info]}", "1:14: log.level is a list; allowed: "
	  "error, warning, info, debug" },
	{ "log: {target: ''}", "1:15: log.target is ''; allowed: syslog, "
	  "stderr" },
	{ "log: {format: JSON}", "1:15: log.format is 'JSON'; allowed: text, "
	  "json; did you mean json?" },
	{ "resolver: {timeout: 3}", "1:21: resolver.timeout is '3'; allowed: "
	  "a number with ms, s, m, h or d, 100ms to 1m; did you mean 3s?" },
	{ "resolver: {timeout: 300}", "1:21: resolver.timeout is '300'; "
	  "allowed: a number with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: 300msec}", "1:21: resolver.timeout is "
	  "'300msec'; allowed: a number with ms, s, m, h or d, 100ms to 1m; "
	  "did you mean 300ms?" },
	{ "limits: {deadline: 1 Min}", "1:20: limits.deadline is '1 Min'; "
	  "allowed: a number with ms, s, m, h or d, 1s to 10m; did you mean "
	  "1m?" },
	{ "resolver: {timeout: 3.5s}", "1:21: resolver.timeout is '3.5s'; "
	  "allowed: a number with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: s}", "1:21: resolver.timeout is 's'; allowed: "
	  "a number with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: 3 s}", "1:21: resolver.timeout is '3 s'; "
	  "allowed: a number with ms, s, m, h or d, 100ms to 1m; did you "
	  "mean 3s?" },
	{ "resolver: {timeout: -3s}", "1:21: resolver.timeout is '-3s'; "
	  "allowed: a number with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: 99ms}", "1:21: resolver.timeout is '99ms'; "
	  "allowed: a number with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: 60001ms}", "1:21: resolver.timeout is "
	  "'60001ms'; allowed: a number with ms, s, m, h or d, 100ms to "
	  "1m" },
	{ "resolver: {timeout: 18446744073709551616s}", "1:21: "
	  "resolver.timeout is '18446744073709551616s'; allowed: a number "
	  "with ms, s, m, h or d, 100ms to 1m" },
	{ "resolver: {timeout: 213503982335d}", "1:21: resolver.timeout is "
	  "'213503982335d'; allowed: a number with ms, s, m, h or d, 100ms "
	  "to 1m" },
	{ "resolver: {tries: 0}", "1:19: resolver.tries is '0'; allowed: a "
	  "whole number, 1 to 10" },
	{ "resolver: {tries: 11}", "1:19: resolver.tries is '11'; allowed: a "
	  "whole number, 1 to 10" },
	{ "resolver: {tries: 0x2}", "1:19: resolver.tries is '0x2'; allowed: "
	  "a whole number, 1 to 10" },
	{ "resolver: {trust-ad: true}", "1:22: resolver.trust-ad is 'true'; "
	  "allowed: auto, yes, no" },
	{ "resolver: {random-case: maybe}", "1:25: resolver.random-case is "
	  "'maybe'; allowed: auto, yes, no" },
	{ "resolver: {serve-stale: 25h}", "1:25: resolver.serve-stale is "
	  "'25h'; allowed: a number with ms, s, m, h or d, 0d to 1d" },
	{ "resolver: {statistics: 2d}", "1:24: resolver.statistics is '2d'; "
	  "allowed: a number with ms, s, m, h or d, 0d to 1d" },
	{ "resolver: {cache: 63K}", "1:19: resolver.cache is '63K'; allowed: "
	  "a number with K, M or G, 64K to 4G" },
	{ "resolver: {cache: 5G}", "1:19: resolver.cache is '5G'; allowed: a "
	  "number with K, M or G, 64K to 4G" },
	{ "resolver: {cache: 4294967297}", "1:19: resolver.cache is "
	  "'4294967297'; allowed: a number with K, M or G, 64K to 4G" },
	{ "resolver: {cache: 64MB}", "1:19: resolver.cache is '64MB'; "
	  "allowed: a number with K, M or G, 64K to 4G; did you mean 64M?" },
	{ "resolver: {nameservers: []}", "1:25: resolver.nameservers is an "
	  "empty list; allowed: " NAMESERVERS },
	{ "resolver: {nameservers: ['::1', dns.example]}", "1:33: "
	  "resolver.nameservers is 'dns.example'; allowed: " NAMESERVERS
	  " (not an IPv4 or IPv6 address)" },
	{ "resolver: {nameservers: ['']}", "1:26: resolver.nameservers is "
	  "''; allowed: " NAMESERVERS },
	{ "resolver: {nameservers: ['127.0.0.1:99999']}", "1:26: "
	  "resolver.nameservers is '127.0.0.1:99999'; allowed: " NAMESERVERS
	  " (the port is not a number from 1 to 65535)" },
	{ "resolver: {nameservers: [a, a, a, a, a, a, a, a, a]}", "1:25: "
	  "resolver.nameservers has 9 items; allowed: up to 8" },
	{ "resolver: {zone: }", "1:18: resolver.zone has no value; allowed: "
	  "the path of a zone file" },
	{ "limits: {deadline: 999ms}", "1:20: limits.deadline is '999ms'; "
	  "allowed: a number with ms, s, m, h or d, 1s to 10m" },
	{ "limits: {deadline: 11m}", "1:20: limits.deadline is '11m'; "
	  "allowed: a number with ms, s, m, h or d, 1s to 10m" },
	{ "limits: {signatures: 0}", "1:22: limits.signatures is '0'; "
	  "allowed: a whole number, 1 to 100" },
	{ "limits: {signatures: 101}", "1:22: limits.signatures is '101'; "
	  "allowed: a whole number, 1 to 100" },
	{ "spf: {void-limit: 11}", "1:19: spf.void-limit is '11'; allowed: a "
	  "whole number, 0 to 10" },
	{ "spf: {helo: 1}", "1:13: spf.helo is '1'; allowed: yes, no" },
	{ "spf: {helo: }", "1:13: spf.helo has no value; allowed: yes, no" },
	{ "spf: {helo: [yes]}", "1:13: spf.helo is a list; allowed: yes, "
	  "no" },
	{ "dkim: {minimum-rsa-bits: 1023}", "1:26: dkim.minimum-rsa-bits is "
	  "'1023'; allowed: a whole number, 1024 to 8192" },
	{ "dkim: {minimum-rsa-bits: 8193}", "1:26: dkim.minimum-rsa-bits is "
	  "'8193'; allowed: a whole number, 1024 to 8192" },

	/* Rules. */
	{ "policy: {action: accept}", "1:9: policy is a mapping; allowed: a "
	  "list of rules; each begins with \"- \"" },
	{ "policy: reject", "1:9: policy is 'reject'; allowed: a list of "
	  "rules" },
	{ "policy: [reject]", "1:10: policy rule 1 must be a mapping of "
	  "\"key: value\"; allowed: " RULE_KEYS },
	{ "policy:\n- action: accept\n- {}", "3:3: policy rule 2: action is "
	  "missing; allowed: " ACTIONS },
	{ "policy: [{action: deny}]", "1:19: policy rule 1: action is "
	  "'deny'; allowed: " ACTIONS },
	{ "policy: [{action: }]", "1:19: policy rule 1: action has no value; "
	  "allowed: " ACTIONS },
	{ "policy: [{aktion: reject}]", "1:11: unknown key 'aktion' in a "
	  "policy rule, did you mean action?; allowed: " RULE_KEYS },
	{ "policy: [{action: tempfail, at-most: 59s}]", "1:38: policy rule "
	  "1: at-most is '59s'; allowed: a number with s, m, h or d, 1m to "
	  "30d" },
	{ "policy: [{action: tempfail, at-most: 721h}]", "1:38: policy rule "
	  "1: at-most is '721h'; allowed: a number with s, m, h or d, 1m to "
	  "30d" },
	{ "policy: [{action: tempfail, at-most: 60000ms}]", "1:38: policy "
	  "rule 1: at-most is '60000ms'; allowed: a number with s, m, h or "
	  "d, 1m to 30d" },
	{ "policy: [{at-most: 4h, action: reject}]", "1:20: policy rule 1: "
	  "at-most is given with action reject; allowed: with tempfail" },
	{ "policy: [{action: reject, stage: rcpt}]", "1:34: policy rule 1: "
	  "stage is 'rcpt'; allowed: mail, end" },
	{ "policy: [{stage: mail, action: quarantine}]", "1:32: policy rule "
	  "1: action is 'quarantine' with stage: mail, when there is no "
	  "message yet; allowed: accept, reject, tempfail" },
	{ "policy: [{stage: mail, action: discard}]", "1:32: policy rule 1: "
	  "action is 'discard' with stage: mail, when there is no message "
	  "yet; allowed: accept, reject, tempfail" },
	{ "policy: [{stage: mail, action: reject, when: {spf: fail, dkim: "
	  "none}}]", "1:58: policy rule 1: when.dkim is not known yet with "
	  "stage: mail; allowed: spf, spf-helo, mailfrom-domain, helo, "
	  "client, tls, auth-user, iprev" },
	{ "policy: [{when: {recipient-domain: a.example}, action: reject, "
	  "stage: mail}]", "1:18: policy rule 1: when.recipient-domain is "
	  "not known yet with stage: mail; allowed: spf, spf-helo, "
	  "mailfrom-domain, helo, client, tls, auth-user, iprev" },
	{ "policy: [{action: accept, name: ''}]", "1:33: policy rule 1: name "
	  "is ''; allowed: printable ASCII text of 1 to 64 characters" },
	{ "policy: [{action: accept, name: " X50 X10 "xxxxx}]", "1:33: "
	  "policy rule 1: name is '" X50 X10 "...'; allowed: printable ASCII "
	  "text of 1 to 64 characters" },
	{ "policy: [{action: accept, name: \"a\\nb\"}]", "1:33: policy rule "
	  "1: name is 'a?b'; allowed: printable ASCII text of 1 to 64 "
	  "characters" },
	{ "policy:\n- {action: accept, name: a}\n- {action: reject, name: "
	  "a}", "3:26: policy rule 2: name is 'a', which is the rule in line "
	  "2; allowed: a different name" },
	{ "policy:\n- {action: accept, name: rule 2}\n- {action: reject}",
	  "3:3: policy rule 2: name is 'rule 2', which is the rule in line 2; "
	  "allowed: a different name" },
	{ "policy: [{action: accept, observe: maybe}]", "1:36: policy rule "
	  "1: observe is 'maybe'; allowed: yes, no" },

	/* Signing. */
	{ "unsigned: reject", "1:11: unsigned is 'reject'; allowed: accept, "
	  "tempfail" },
	{ "sign: yes", "1:7: sign is 'yes'; allowed: a list of sign rules" },
	{ "sign: {domains: a.example}", "1:7: sign is a mapping; allowed: a "
	  "list of sign rules; each begins with \"- \"" },
	{ "sign: [a.example]", "1:8: sign rule 1 must be a mapping of \"key: "
	  "value\"; allowed: " SIGN_KEYS },
	{ SIGN("domain: a.example"), "1:9: unknown key 'domain' in a sign "
	  "rule, did you mean domains?; allowed: " SIGN_KEYS },
	{ SIGN("keys: [" KEY "]"), "1:8: sign rule 1: domains is missing" },
	{ SIGN("domains: a.example"), "1:8: sign rule 1: keys is missing" },
	{ SIGN("domains: [], keys: [" KEY "]"), "1:18: sign rule 1: domains "
	  "is an empty list; allowed: " DOMAINS },
	{ SIGN("domains: '*', keys: [" KEY "]"), "1:18: sign rule 1: domains "
	  "is '*'; allowed: " DOMAINS },
	{ SIGN("by: author"), "1:13: sign rule 1: by is 'author'; "
	  "allowed: from, sender, envelope" },
	{ SIGN("identity: '*.a.example'"), "1:19: sign rule 1: identity is "
	  "'*.a.example'; allowed: a domain like example.org" },
	{ SIGN("identity: ''"), "1:19: sign rule 1: identity is ''; allowed: "
	  "a domain like example.org" },
	{ SIGN("canonicalization: relaxed"), "1:27: sign rule 1: "
	  "canonicalization is 'relaxed'; allowed: relaxed/relaxed, "
	  "relaxed/simple, simple/relaxed, simple/simple" },
	{ SIGN("canonicalization: relaxed/nowsp"), "1:27: sign rule 1: "
	  "canonicalization is 'relaxed/nowsp'; allowed: relaxed/relaxed, "
	  "relaxed/simple, simple/relaxed, simple/simple" },
	{ SIGN("expire: 59s"), "1:17: sign rule 1: expire is '59s'; allowed: "
	  "a number with s, m, h or d, 1m to 365d" },
	{ SIGN("expire: 366d"), "1:17: sign rule 1: expire is '366d'; "
	  "allowed: a number with s, m, h or d, 1m to 365d" },
	{ SIGN("headers: [To, Subject]"), "1:18: sign rule 1: headers is "
	  "without From; allowed: a list with From" },
	{ SIGN("headers: []"), "1:18: sign rule 1: headers is an empty list; "
	  "allowed: " FIELDS },
	{ SIGN("headers: Default"), "1:18: sign rule 1: headers is without "
	  "From; allowed: a list with From" },
	{ SIGN("headers: [From, 'a:']"), "1:25: sign rule 1: headers is "
	  "'a:'; allowed: " FIELDS },
	{ SIGN("headers: [From, a;b]"), "1:25: sign rule 1: headers is "
	  "'a;b'; allowed: " FIELDS },
	{ SIGN("headers: [From, a b]"), "1:25: sign rule 1: headers is "
	  "'a b'; allowed: " FIELDS },
	{ SIGN("headers: [From, " X50 X10 X10 "xxxxxxx]"), "1:25: sign rule "
	  "1: headers is '" X50 X10 "...'; allowed: " FIELDS },
	{ SIGN("headers: [From, To, from]"), "1:29: sign rule 1: headers has "
	  "'from' twice; allowed: each name once" },
	{ SIGN("oversign: {a: b}"), "1:19: sign rule 1: oversign is a "
	  "mapping; allowed: " FIELDS },
	{ SIGN("oversign: "), "1:19: sign rule 1: oversign has no value; "
	  "allowed: " FIELDS },
	{ SIGN("oversign: [a, A]"), "1:23: sign rule 1: oversign has 'A' "
	  "twice; allowed: each name once" },
	{ SIGN("keys: []"), "1:15: sign rule 1: keys is an empty list; "
	  "allowed: " KEYS },
	{ SIGN("keys: s.pem"), "1:15: sign rule 1: keys is 's.pem'; "
	  "allowed: " KEYS },
	{ SIGN("keys: " KEY), "1:15: sign rule 1: keys is a mapping; "
	  "allowed: a list of {selector: NAME, file: PATH}, or "
	  "{directory: PATH}; a single key is a list, too" },
	{ SIGN("keys: {directory: k, file: s.pem}"), "1:30: unknown key "
	  "'file' in keys; allowed: directory, layout, selector, subdomains" },
	{ SIGN("keys: {layout: '%{domain}.pem'}"), "1:15: sign rule 1: "
	  "directory is missing" },
	{ SIGN("keys: {directory: k, layout: '%{domain}.pem'}"), "1:15: sign "
	  "rule 1: selector is missing: layout has no %{selector}" },
	{ SIGN("keys: {directory: k, selector: s}"), "1:40: sign rule 1: "
	  "selector is given, and layout has %{selector}, too; allowed: one "
	  "of them" },
	{ SIGN("keys: {directory: k, layout: '/%{domain}/%{selector}'}"),
	  "1:38: sign rule 1: layout is '/%{domain}/%{selector}'; " LAYOUT },
	{ SIGN("keys: {directory: k, layout: '../%{domain}/%{selector}'}"),
	  "1:38: sign rule 1: layout is '../%{domain}/%{selector}'; " LAYOUT },
	{ SIGN("keys: {directory: k, layout: '%{domain}//%{selector}'}"),
	  "1:38: sign rule 1: layout is '%{domain}//%{selector}'; " LAYOUT },
	{ SIGN("keys: {directory: k, layout: '%{domain}%{selector}'}"),
	  "1:38: sign rule 1: layout is '%{domain}%{selector}'; " LAYOUT },
	{ SIGN("keys: {directory: k, layout: '%{domain}/%{domain}'}"),
	  "1:38: sign rule 1: layout is '%{domain}/%{domain}'; " LAYOUT },
	{ SIGN("keys: {directory: k, layout: '%{user}/%{domain}'}"),
	  "1:38: sign rule 1: layout is '%{user}/%{domain}'; " LAYOUT },
	{ SIGN("keys: {directory: k, selector: m, layout: '%{domain}" X50 X50
	  X50 X50 X10 X10 X10 X10 "xxxxxxx'}"), "1:51: sign rule 1: layout "
	  "is '%{domain}" X50 "x...'; " LAYOUT },
	{ SIGN("keys: "), "1:15: sign rule 1: keys has no value; allowed: "
	  KEYS },
	{ SIGN("keys: [s.pem]"), "1:16: sign rule 1: key 1: must be a "
	  "mapping of \"key: value\"; allowed: " KEY_KEYS },
	{ SIGN("keys: [{selector: s, path: s}]"), "1:30: unknown key 'path' "
	  "in a signing key; allowed: " KEY_KEYS },
	{ SIGN("keys: [{file: s}]"), "1:16: sign rule 1: key 1: selector is "
	  "missing" },
	{ "sign: [{domains: '*.a.example', null-sender: yes, keys: [" KEY
	  "]}]", "1:46: sign rule 1: null-sender has no domain to sign with; "
	  "allowed: with identity, or with a name in domains that is not a "
	  "pattern" },
	{ SIGN("keys: [" KEY ", {selector: t}]"), "1:44: sign rule 1: key 2: "
	  "file is missing" },
	{ SIGN("keys: [{selector: 's=', file: s}]"), "1:27: sign rule 1: key "
	  "1: selector is 's='; allowed: a name like s2026" },
	{ SIGN("keys: [{selector: s, file: }]"), "1:36: sign rule 1: key 1: "
	  "file has no value; allowed: the path of a key file" },
	{ SIGN("keys: [{selector: s, file: \"a\\0\"}]"), "1:36: sign rule "
	  "1: key 1: file is 'a?'; allowed: the path of a key file" },
	{ SIGN("keys: [" KEY ", {selector: S, file: t}]"), "1:55: sign rule 1: "
	  "key 2: selector is 's', which is the key in line 1; allowed: a "
	  "different selector" },
	{ SIGN("keys: [{selector: s, file: s, from: 2026-02-01, until: "
	  "2026-02-01}]"), "1:64: sign rule 1: key 1: until is "
	  "'2026-02-01', which is not after from; allowed: a later date" },
	{ SIGN("keys: [{selector: s, file: s, until: 2025-12-31, from: "
	  "2026-02-01}]"), "1:46: sign rule 1: key 1: until is "
	  "'2025-12-31', which is not after from; allowed: a later date" },
	{ "sign:\n- {domains: '*.a.example', keys: [" KEY "]}\n- {domains: "
	  "[a.example, b.a.example], keys: [" KEY "]}", "3:25: sign rule 2: "
	  "domains is 'b.a.example', which can never match: the sign rule in "
	  "line 2 has it; allowed: what no earlier rule has" },
	{ "sign:\n- {domains: a.example, keys: [" KEY "]}\n- {domains: "
	  "A.example, keys: [" KEY "]}", "3:13: sign rule 2: domains is "
	  "'A.example', which can never match: the sign rule in line 2 has it; "
	  "allowed: what no earlier rule has" },

	{ SIGN_DATE("1969-12-31"), BAD_DATE("1969-12-31") },
	{ SIGN_DATE("2026-02-29"), BAD_DATE("2026-02-29") },
	{ SIGN_DATE("2100-02-29"), BAD_DATE("2100-02-29") },
	{ SIGN_DATE("2026-13-01"), BAD_DATE("2026-13-01") },
	{ SIGN_DATE("2026-00-01"), BAD_DATE("2026-00-01") },
	{ SIGN_DATE("2026-04-31"), BAD_DATE("2026-04-31") },
	{ SIGN_DATE("2026-01-00"), BAD_DATE("2026-01-00") },
	{ SIGN_DATE("2026-1-1"), BAD_DATE("2026-1-1") },
	{ SIGN_DATE("10000-01-01"), BAD_DATE("10000-01-01") },
	{ SIGN_DATE("20260101"), BAD_DATE("20260101") },
	{ SIGN_DATE("2026-01-01T"), BAD_DATE("2026-01-01T") },
	{ SIGN_DATE("2026-01-01T24:00:00Z"), BAD_DATE("2026-01-01T24:00:00Z") },
	{ SIGN_DATE("2026-01-01T12:60:00Z"), BAD_DATE("2026-01-01T12:60:00Z") },
	{ SIGN_DATE("2026-01-01T12:00:60Z"), BAD_DATE("2026-01-01T12:00:60Z") },
	{ SIGN_DATE("2026-01-01T12:00Z"), BAD_DATE("2026-01-01T12:00Z") },
	{ SIGN_DATE("2026-01-01T12:00:00"), BAD_DATE("2026-01-01T12:00:00") },
	{ SIGN_DATE("2026-01-01T12:00:00+00:00"),
	  BAD_DATE("2026-01-01T12:00:00+00:00") },
	{ SIGN_DATE("2026-01-01 12:00:00Z"), BAD_DATE("2026-01-01 12:00:00Z") },
	{ SIGN_DATE("2026-01-01x"), BAD_DATE("2026-01-01x") },
	{ SIGN_DATE("tomorrow"), BAD_DATE("tomorrow") },

	/* Conditions. */
	{ "policy: [{when: }]", "1:17: policy rule 1: when has no "
	  "conditions; leave it out for a rule that matches everything" },
	{ "policy: [{when: {}}]", "1:17: policy rule 1: when has no "
	  "conditions; leave it out for a rule that matches everything" },
	{ "policy: [{when: spf}]", "1:17: policy rule 1: when must be a "
	  "mapping of \"key: value\"; allowed: " CONDITIONS },
	{ "policy: [{when: {sfp: fail}}]", "1:18: unknown key 'sfp' in "
	  "policy rule 1: when; allowed: " CONDITIONS },
	{ "policy: [{when: {mail-from-domain: a}}]", "1:18: unknown key "
	  "'mail-from-domain' in policy rule 1: when, did you mean "
	  "mailfrom-domain?; allowed: " CONDITIONS },
	{ "policy: [{when: {arc: temperror}}]", "1:23: policy rule 1: "
	  "when.arc is 'temperror'; allowed: none, pass, fail" },
	{ "policy: [{when: {arc-trusted: maybe}}]", "1:31: policy rule 1: "
	  "when.arc-trusted is 'maybe'; allowed: yes, no" },
	{ "policy: [{when: {arc-sealer: a@b}}]", "1:30: policy rule 1: "
	  "when.arc-sealer is 'a@b'; allowed: " DOMAINS },
	{ "trusted-sealers: [lists.example, '*']", "1:34: trusted-sealers "
	  "is '*'; allowed: " DOMAINS },
	{ "trusted-sealers: [192.0.2.1]", "1:19: trusted-sealers is "
	  "'192.0.2.1'; allowed: " DOMAINS },
	{ "forwarders: [{name: a, iprev: [mx.a.example, 192.0.2.400]}]",
	  "1:46: forwarder 1: iprev is '192.0.2.400'; allowed: " DOMAINS },
	{ "forwarders: [{name: a, client: '::1', for: '*.1'}]",
	  "1:44: forwarder 1: for is '*.1'; allowed: " DOMAINS },
	{ "policy: [{when: {forwarder: 'a*'}}]", "1:29: policy rule 1: "
	  "when.forwarder is 'a*'; allowed: " FORWARDER_WORDS },
	{ "policy: [{when: {forwarder: []}}]", "1:29: policy rule 1: "
	  "when.forwarder is an empty list; allowed: " FORWARDER_WORDS },
	{ "policy: [{action: accept, stage: mail, when: {forwarder: yes}}]",
	  "1:47: policy rule 1: when.forwarder is not known yet with stage: "
	  "mail; allowed: spf, spf-helo, mailfrom-domain, helo, client, tls, "
	  "auth-user, iprev" },
	{ "forwarders: {a: b}", "1:13: forwarders is a mapping; allowed: a "
	  "list of forwarders; each begins with \"- \"" },
	{ "forwarders: [a]", "1:14: forwarder 1 must be a mapping of \"key: "
	  "value\"; allowed: name, client, iprev, file, for, from-domain" },
	{ "forwarders: [{client: 192.0.2.1}]", "1:14: forwarder 1: name is "
	  "missing; allowed: a name for the log and for the condition "
	  "forwarder" },
	{ "forwarders: [{name: a, for: b.test}]", "1:14: forwarder 1: it has "
	  "no host; allowed: at least one of client, iprev, file" },
	{ "forwarders: [{name: Yes, client: '::1'}]", "1:21: forwarder 1: "
	  "name is 'Yes'; allowed: " FORWARDER_NAME },
	{ "forwarders: [{name: 'a b', client: '::1'}]", "1:21: forwarder 1: "
	  "name is 'a b'; allowed: " FORWARDER_NAME },
	{ "forwarders:\n- {name: a, client: '::1'}\n- {name: A, iprev: b}",
	  "3:10: forwarder 2: name is 'A', which is the forwarder in line 2; "
	  "allowed: a different name" },
	{ "forwarders: [{name: a, client: mx.test}]", "1:32: forwarder 1: "
	  "client is 'mx.test'; allowed: " NETWORKS },
	{ "forwarders: [{name: a, iprev: '*'}]", "1:31: forwarder 1: iprev "
	  "is '*'; allowed: " DOMAINS },
	{ "forwarders: [{name: a, file: []}]", "1:30: forwarder 1: file is "
	  "an empty list; allowed: the path of a file with a network or a "
	  "name on each line" },
	{ "forwarders: [{name: a, clients: '::1'}]", "1:24: unknown key "
	  "'clients' in a forwarder, did you mean client?; allowed: name, "
	  "client, iprev, file, for, from-domain" },
	{ "trusted-sealers: {a: b}", "1:18: trusted-sealers is a mapping; "
	  "allowed: " DOMAINS },
	{ "seal: [a]", "1:7: seal is a list; allowed: a mapping with domain, "
	  "selector, file and when" },
	{ "seal: {domain: a.b, selector: s, file: k}", "1:7: seal.when is "
	  "missing" },
	{ "seal: {selector: s, file: k, when: [{relayed-to: a}]}",
	  "1:7: seal.domain is missing" },
	{ "seal: {domain: a.b, selector: s, file: k, when: []}",
	  "1:49: seal.when is an empty list; allowed: a list of "
	  "{relayed-to: DOMAINS}" },
	{ "seal: {domain: a.b, selector: s, file: k, when: yes}",
	  "1:49: seal.when is 'yes'; allowed: a list of "
	  "{relayed-to: DOMAINS}" },
	{ "seal: {domain: a.b, selector: s, file: k, when: [a]}",
	  "1:50: seal.item 1 of when must be a mapping of \"key: value\"; "
	  "allowed: relayed-to" },
	{ "seal: {domain: a.b, selector: s, file: k, when: [{relayed-to: "
	  "'*'}]}", "1:63: seal.relayed-to is '*'; allowed: " DOMAINS },
	{ "seal: {domain: a b, selector: s, file: k, when: [{relayed-to: "
	  "a}]}", "1:16: seal.domain is 'a b'; allowed: a domain like "
	  "example.org" },
	{ "seal: {domian: a}", "1:8: unknown key 'domian' in seal, did you "
	  "mean domain?; allowed: domain, selector, file, when" },
	{ "limits: {seal-age: 59m}", "1:20: limits.seal-age is '59m'; "
	  "allowed: a number with s, m, h or d, 1h to 365d" },
	{ "limits: {seal-age: 366d}", "1:20: limits.seal-age is '366d'; "
	  "allowed: a number with s, m, h or d, 1h to 365d" },
	{ "policy: [{when: {dmarc: softfail}}]", "1:25: policy rule 1: "
	  "when.dmarc is 'softfail'; allowed: none, pass, fail, temperror, "
	  "permerror" },
	{ "policy: [{when: {dkim-aligned: yes}}]", "1:32: policy rule 1: "
	  "when.dkim-aligned is 'yes'; allowed: none, pass, fail, neutral, "
	  "policy, temperror, permerror" },
	{ "policy: [{when: {dmarc-policy: [none, refuse]}}]", "1:39: policy "
	  "rule 1: when.dmarc-policy is 'refuse'; allowed: none, quarantine, "
	  "reject" },
	{ "policy: [{when: {dmarc-policy: []}}]", "1:32: policy rule 1: "
	  "when.dmarc-policy is an empty list; allowed: none, quarantine, "
	  "reject" },
	{ "policy: [{when: {dmarc-testing: [yes]}}]", "1:33: policy rule 1: "
	  "when.dmarc-testing is a list; allowed: yes, no" },
	{ "policy: [{when: {from: none}}]", "1:24: policy rule 1: when.from "
	  "is 'none'; allowed: ok, absent, multiple, unparsable, sloppy" },
	{ "policy: [{when: {from: [absent, [ok]]}}]", "1:33: policy rule 1: "
	  "when.from is a list; allowed: ok, absent, multiple, unparsable, "
	  "sloppy" },
	{ "policy: [{when: {from: }}]", "1:24: policy rule 1: when.from has "
	  "no value; allowed: ok, absent, multiple, unparsable, sloppy" },
	{ "policy: [{when: {from-domain: '@a'}}]", "1:31: policy rule 1: "
	  "when.from-domain is '@a'; allowed: " DOMAINS },
	{ "policy: [{when: {recipient-domain: []}}]", "1:36: policy rule 1: "
	  "when.recipient-domain is an empty list; allowed: " DOMAINS },
	{ "policy: [{when: {dnssec: ad}}]", "1:26: policy rule 1: "
	  "when.dnssec is 'ad'; allowed: yes, no" },
	{ "policy: [{when: {tls: 1}}]", "1:23: policy rule 1: when.tls is "
	  "'1'; allowed: " TLS_WORDS },
	{ "policy: [{when: {tls: [1.3, 1.4]}}]", "1:29: policy rule 1: "
	  "when.tls is '1.4'; allowed: " TLS_WORDS "; did you mean 1.0?" },
	{ "policy: [{when: {tls: []}}]", "1:23: policy rule 1: when.tls is "
	  "an empty list; allowed: " TLS_WORDS },
	{ "sign-defaults: {headers: [To]}", "1:26: sign-defaults.headers is "
	  "without From; allowed: a list with From" },
	{ "sign-defaults: {expire: 59s}", "1:25: sign-defaults.expire is "
	  "'59s'; allowed: a number with s, m, h or d, 1m to 365d" },
	{ "sign-defaults: {oversign: [To, to]}", "1:32: "
	  "sign-defaults.oversign has 'to' twice; allowed: each name once" },
	{ "sign-defaults: {keys: []}", "1:17: unknown key 'keys' in "
	  "sign-defaults; allowed: headers, oversign, expire" },
	{ "policy: [{when: {replay: 50/1y}}]", "1:26: policy rule 1: "
	  "when.replay is '50/1y'; allowed: " RATES },
	{ "policy: [{when: {replay: 50}}]", "1:26: policy rule 1: "
	  "when.replay is '50'; allowed: " RATES },
	{ "policy: [{when: {replay: /1h}}]", "1:26: policy rule 1: "
	  "when.replay is '/1h'; allowed: " RATES },
	{ "policy: [{when: {replay: 0/1h}}]", "1:26: policy rule 1: "
	  "when.replay is '0/1h'; allowed: " RATES },
	{ "policy: [{when: {replay: 1001/1h}}]", "1:26: policy rule 1: "
	  "when.replay is '1001/1h'; allowed: " RATES },
	{ "policy: [{when: {replay: 1/59s}}]", "1:26: policy rule 1: "
	  "when.replay is '1/59s'; allowed: " RATES },
	{ "policy: [{when: {replay: 1/604801s}}]", "1:26: policy rule 1: "
	  "when.replay is '1/604801s'; allowed: " RATES },
	{ "policy: [{when: {replay: [1/1h, 18446744073709551617/1h]}}]",
	  "1:33: policy rule 1: when.replay is '18446744073709551617/1h'; "
	  "allowed: " RATES },
	{ "policy: [{when: {replay: []}}]", "1:26: policy rule 1: "
	  "when.replay is an empty list; allowed: " RATES },
	{ "policy: [{when: {replay: [1/1h,1/1h,1/1h,1/1h,1/1h,1/1h,1/1h,"
	  "1/1h,1/1h,1/1h,1/1h]}}]", "1:26: policy rule 1: when.replay has "
	  "11 items; allowed: up to 10" },
	{ "policy: [{when: {replay: 5/1h}, action: reject, stage: mail}]",
	  "1:18: policy rule 1: when.replay is not known yet with stage: "
	  "mail; allowed: spf, spf-helo, mailfrom-domain, helo, client, tls, "
	  "auth-user, iprev" },
	{ "policy: [{when: {arc: true}}]", "1:23: policy rule 1: when.arc is "
	  "'true'; allowed: none, pass, fail" },
	{ "policy: [{when: {spf: failed}}]", "1:23: policy rule 1: when.spf "
	  "is 'failed'; allowed: " SPF_WORDS "; did you mean fail?" },
	{ "policy: [{when: {spf: [fail, policy]}}]", "1:30: policy rule 1: "
	  "when.spf is 'policy'; allowed: " SPF_WORDS },
	{ "policy: [{when: {spf: []}}]", "1:23: policy rule 1: when.spf is "
	  "an empty list; allowed: " SPF_WORDS },
	{ "policy: [{when: {spf-helo: }}]", "1:28: policy rule 1: "
	  "when.spf-helo has no value; allowed: " SPF_WORDS },
	{ "policy: [{when: {spf: [[fail]]}}]", "1:24: policy rule 1: "
	  "when.spf is a list; allowed: " SPF_WORDS },
	{ "policy: [{when: {dkim: softfail}}]", "1:24: policy rule 1: "
	  "when.dkim is 'softfail'; allowed: none, pass, fail, neutral, "
	  "policy, temperror, permerror" },
	{ "policy: [{when: {client: [10/8]}}]", "1:27: policy rule 1: "
	  "when.client is '10/8'; allowed: " NETS },
	{ "policy: [{when: {client: []}}]", "1:26: policy rule 1: "
	  "when.client is an empty list; allowed: " NETS },
	{ "policy: [{when: {helo: '*'}}]", "1:24: policy rule 1: when.helo "
	  "is '*'; allowed: " DOMAINS },
	{ "policy: [{when: {mailfrom-domain: [a.b, a@b]}}]", "1:41: policy "
	  "rule 1: when.mailfrom-domain is 'a@b'; allowed: " DOMAINS },

	/* Replies. */
	{ "policy: [{action: accept, reply: x}]", "1:34: policy rule 1: "
	  "reply, at 'x': only reject and tempfail have a reply" },
	{ "policy: [{reply: 451 4.7.1 x, action: reject}]", "1:18: policy "
	  "rule 1: reply, at '451 4.7.1 x': the code of a rejection is "
	  "5xx" },
	{ "policy: [{reply: '550 5.7.1 %{form} x', action: reject}]", "1:18: "
	  "policy rule 1: reply, at '%{form} x': unknown variable; known are "
	  "spf, spf-helo, dkim, dkim-aligned, dmarc, dmarc-policy, "
	  "dmarc-testing, from, from-domain, mailfrom-domain, helo, client, "
	  "recipient-domain, dnssec, tls, dkim-partial, dkim-doubled, "
	  "own-domain, enforce-anyway, arc, arc-trusted, arc-sealer, "
	  "auth-user, iprev, replay, forwarder, rule, "
	  "spf-domain, spf-explanation" },
	{ "policy: [{reply: '', action: reject}]", "1:18: policy rule 1: "
	  "reply is ''; allowed: printable ASCII, at most 480 characters "
	  "after the codes" },

	/* Reports. */
	{ "report: {form: a@b.example}", "1:10: unknown key 'form' in report, "
	  "did you mean from?; allowed: " REPORT_KEYS },
	{ "report: a@b.example", "1:9: report must be a mapping of "
	  "\"key: value\"; allowed: " REPORT_KEYS },
	{ "report: {from: dmarc}", "1:16: report.from is 'dmarc'; allowed: "
	  ADDRESS },
	{ "report: {from: a@localhost}", "1:16: report.from is 'a@localhost'; "
	  "allowed: " ADDRESS },
	{ "report: {from: 'A <a@b.example>'}", "1:16: report.from is 'A "
	  "<a@b.example>'; allowed: " ADDRESS },
	{ "report: {contact: '|a@b.example'}", "1:19: report.contact is "
	  "'|a@b.example'; allowed: " ADDRESS },
	{ "report: {from: [a@b.example, c@b.example]}", "1:16: report.from is "
	  "a list; allowed: " ADDRESS },
	{ "report: {bounce: " X10 X10 X10 "x@example.org}", "1:18: "
	  "report.bounce is '" X10 X10 X10 "x@example.org'; allowed: at most "
	  "30 characters before \"@\", so that the tag of a report fits" },
	{ "report: {bounce: '@example.org'}", "1:18: report.bounce is "
	  "'@example.org'; allowed: " ADDRESS },
	{ "report: {org-name: ''}", "1:20: report.org-name is ''; allowed: "
	  "printable ASCII text of 1 to 200 characters" },
	{ "report: {org-name: " X50 X50 X50 X50 "x}", "1:20: report.org-name "
	  "is '" X50 X10 "...'; allowed: printable ASCII text of 1 to 200 "
	  "characters" },
	{ "report: {to: everybody}", "1:14: report.to is 'everybody'; "
	  "allowed: correspondents, processors, all" },
	{ "report: {since: 91d}", "1:17: report.since is '91d'; allowed: a "
	  "number with s, m, h or d, 1d to 90d" },
	{ "report: {opt-out: 'a@b@'}", "1:19: report.opt-out is 'a@b@'; "
	  "allowed: domain names like example.org, \"*.example.org\" for "
	  "all below it, addresses like dmarc@example.org" },
	{ "report: {sendmail: sendmail}", "1:20: report.sendmail is "
	  "'sendmail'; allowed: a path that begins with \"/\"" },
	{ "report: {size-limit: 63K}", "1:22: report.size-limit is '63K'; "
	  "allowed: a number with K, M or G, 64K to 100M" },
	{ "report: {size-limit: 101M}", "1:22: report.size-limit is '101M'; "
	  "allowed: a number with K, M or G, 64K to 100M" },
	{ "report: {timeout: 11m}", "1:19: report.timeout is '11m'; allowed: a "
	  "number with ms, s, m, h or d, 1s to 10m" },
	{ "report: {pause: 601s}", "1:17: report.pause is '601s'; allowed: a "
	  "number with ms, s, m, h or d, 0d to 10m" },

	/* All mistakes at once, each with its place. */
	{ "socket-mode: 8\nlog: {levl: info, format: xml}\nspf: {helo: "
	  "maybe}\n", "1:14: socket-mode is '8'; allowed: an octal number, 0 "
	  "to 0777\n"
	  "t.yaml:2:7: unknown key 'levl' in log, did you mean level?; "
	  "allowed: target, level, format\n"
	  "t.yaml:2:27: log.format is 'xml'; allowed: text, json\n"
	  "t.yaml:3:13: spf.helo is 'maybe'; allowed: yes, no" },
	{ "policy:\n- {action: rejct}\n- {acton: reject}\n- {action: "
	  "accept, when: {client: [a, 192.0.2.1, b]}}\nlimits: {signatures: "
	  "0}\n", "2:12: policy rule 1: action is 'rejct'; allowed: accept, "
	  "reject, tempfail, quarantine, discard; did you mean reject?\n"
	  "t.yaml:3:4: unknown key 'acton' in a policy rule, did you mean "
	  "action?; allowed: " RULE_KEYS "\n"
	  "t.yaml:4:36: policy rule 3: when.client is 'a'; allowed: "
	  NETWORKS "\n"
	  "t.yaml:4:50: policy rule 3: when.client is 'b'; allowed: "
	  NETWORKS "\n"
	  "t.yaml:5:22: limits.signatures is '0'; allowed: a whole number, "
	  "1 to 100" },
	{ "sign:\n- {domains: a.example, keys: [{selector: a b, file: k}, "
	  "{selector: s}]}\n- {domains: b.example}\n", NULL },
};

static size_t
lines(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* As many as are reported, and one more. */
static void
test_many_mistakes(void)
{
	struct config *c;
	unsigned int count;
	struct buf b;
	char *last;

	for (count = LIMIT_CONFIG_MISTAKES - 1;
	    count <= LIMIT_CONFIG_MISTAKES + 5; count++) {
		buf_init(&b, LIMIT_YAML_BYTES);
		for (unsigned int i = 0; i < count; i++)
			buf_addf(&b, "wrong%u: 1\n", i);
		c = config_read_text(buf_slice(&b), "t.yaml", why,
		    sizeof(why));
		ok(c == NULL && lines(why) ==
		    (count <= LIMIT_CONFIG_MISTAKES ? count :
		    LIMIT_CONFIG_MISTAKES + 1), "%u mistakes: %zu lines",
		    count, lines(why));
		last = strrchr(why, '\n');
		ok(last != NULL && (strcmp(last + 1,
		    "t.yaml: there are more mistakes") == 0) ==
		    (count > LIMIT_CONFIG_MISTAKES), "the last one: %.60s",
		    last != NULL ? last + 1 : "");
		config_unref(c);
		buf_fini(&b);
	}
}

static void
test_bad(void)
{
	struct config *c;
	char name[80];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = read_text(bad[i].text);
		(void)snprintf(name, sizeof(name), "%.70s", bad[i].text);
		for (char *p = name; *p != '\0'; p++)
			*p = *p == '\n' ? ' ' : *p == '#' ? '.' : *p;
		if (c == NULL && bad[i].want == NULL)
			is_num((long long)lines(why), 3, name);
		else if (c == NULL && strncmp(why, "t.yaml:", 7) == 0)
			is_str(why + 7, bad[i].want, name);
		else
			ok(false, "%s: %s", name, c != NULL ? "read" : why);
		config_unref(c);
	}
}

/* ---- limits ---- */

/* `count` times `unit`. */
static struct config *
read_many(const char *head, const char *unit, unsigned int count,
    const char *tail)
{
	struct config *c;
	struct buf b;

	buf_init(&b, LIMIT_YAML_BYTES);
	buf_adds(&b, head);
	while (count-- > 0)
		buf_adds(&b, unit);
	buf_adds(&b, tail);
	c = config_read_text(buf_slice(&b), "t.yaml", why, sizeof(why));
	buf_fini(&b);
	return c;
}

static void
limit(const char *name, struct config *at, const char *past_name,
    struct config *past, const char *want)
{
	ok(at != NULL, "%s", name);
	is_str(past != NULL ? "read" : why, want, past_name);
	config_unref(at);
	config_unref(past);
}

static void
test_limits(void)
{
	struct config *at;

	at = read_many("policy:\n", "- action: accept\n", LIMIT_POLICY_RULES,
	    "");
	limit("rules at the limit", at, "one rule more",
	    read_many("policy:\n", "- action: accept\n",
	    LIMIT_POLICY_RULES + 1, ""),
	    "t.yaml:2:1: policy has 1001 items; allowed: up to 1000");
	at = read_many("trusted-networks: [", "'::',", LIMIT_POLICY_LIST, "]");
	limit("a list at the limit", at, "one item more",
	    read_many("trusted-networks: [", "'::',", LIMIT_POLICY_LIST + 1,
	    "]"), "t.yaml:1:19: trusted-networks has 10001 items; allowed: "
	    "up to 10000");
	at = read_many("policy: [{action: accept, when: {helo: [", "a,",
	    LIMIT_POLICY_LIST, "]}}]");
	limit("patterns at the limit", at, "one pattern more",
	    read_many("policy: [{action: accept, when: {helo: [", "a,",
	    LIMIT_POLICY_LIST + 1, "]}}]"), "t.yaml:1:40: policy rule 1: "
	    "when.helo has 10001 items; allowed: up to 10000");
	at = read_many("seal: {domain: a.b, selector: s, file: k, when: [",
	    "relayed-to: a,", LIMIT_SEAL_REASONS, "]}");
	limit("reasons to seal at the limit", at, "one reason more",
	    read_many("seal: {domain: a.b, selector: s, file: k, when: [",
	    "relayed-to: a,", LIMIT_SEAL_REASONS + 1, "]}"),
	    "t.yaml:1:49: seal.when has 101 items; allowed: up to 100");
	at = read_many("trusted-sealers: [", "a,", LIMIT_POLICY_LIST, "]");
	limit("sealers at the limit", at, "one sealer more",
	    read_many("trusted-sealers: [", "a,", LIMIT_POLICY_LIST + 1,
	    "]"), "t.yaml:1:18: trusted-sealers has 10001 items; allowed: "
	    "up to 10000");
	at = read_many("socket: local:/", "x", LIMIT_SOCKET_PATH - 1, "");
	ok(at != NULL, "socket path at the limit");
	config_unref(at);
	at = read_many("socket: local:/", "x", LIMIT_SOCKET_PATH, "");
	ok(at == NULL && strstr(why, "at most 107") != NULL,
	    "socket path past the limit");
	config_unref(at);
	at = read_many("policy: [{action: accept, name: ", "x",
	    LIMIT_RULE_NAME, "}]");
	ok(at != NULL, "rule name at the limit");
	config_unref(at);
	at = read_many("policy: [{action: reject, reply: 550 5.7.1 ", "x",
	    LIMIT_REPLY_TEXT, "}]");
	ok(at != NULL, "reply at the limit");
	config_unref(at);
	at = read_many("policy: [{action: reject, reply: 550 5.7.1 ", "x",
	    LIMIT_REPLY_TEXT + 1, "}]");
	ok(at == NULL && strstr(why, "the text is too long") != NULL,
	    "reply past the limit");
	config_unref(at);
}

/* `count` pieces, each with its number instead of the "#". */
static struct config *
read_numbered(const char *head, const char *piece, unsigned int count,
    const char *tail)
{
	struct slice rest = slice_str(piece), before;
	struct config *c;
	struct buf b;
	unsigned int i;

	slice_cut(&rest, '#', &before);
	buf_init(&b, LIMIT_YAML_BYTES);
	buf_adds(&b, head);
	for (i = 0; i < count; i++)
		buf_addf(&b, "%.*s%u%.*s", SLICE_ARG(before), i,
		    SLICE_ARG(rest));
	buf_adds(&b, tail);
	c = config_read_text(buf_slice(&b), "t.yaml", why, sizeof(why));
	buf_fini(&b);
	return c;
}

static void
test_sign_limits(void)
{
	static const char rule[] = "- {domains: a#.example, keys: [" KEY
	    "]}\n";
	static const char key[] = "{selector: s#, file: f},";
	static const char keys[] = "sign: [{domains: a.example, keys: [";
	static const char names[] = "sign: [{domains: a.example, keys: [" KEY
	    "], oversign: [";
	static const char domains[] = "sign:\n- {domains: b.example, keys: ["
	    KEY "]}\n- {keys: [" KEY "], domains: [";
	struct config *at;

	at = read_numbered("sign:\n", rule, LIMIT_SIGN_RULES, "");
	limit("sign rules at the limit", at, "one sign rule more",
	    read_numbered("sign:\n", rule, LIMIT_SIGN_RULES + 1, ""),
	    "t.yaml:2:1: sign has 1001 items; allowed: up to 1000");
	at = read_numbered(keys, key, LIMIT_SIGN_KEYS, "]}]");
	limit("keys at the limit", at, "one key more",
	    read_numbered(keys, key, LIMIT_SIGN_KEYS + 1, "]}]"),
	    "t.yaml:1:35: sign rule 1: keys has 11 items; allowed: up to "
	    "10");
	at = read_numbered(names, "n#,", LIMIT_SIGN_HEADERS, "]}]");
	limit("names at the limit", at, "one name more",
	    read_numbered(names, "n#,", LIMIT_SIGN_HEADERS + 1, "]}]"),
	    "t.yaml:1:75: sign rule 1: oversign has 101 items; allowed: up "
	    "to 100");
	at = read_numbered(domains, "a#.example,", LIMIT_SIGN_DOMAINS - 1,
	    "]}");
	limit("domains at the limit", at, "one domain more",
	    read_numbered(domains, "a#.example,", LIMIT_SIGN_DOMAINS, "]}"),
	    "t.yaml:3:49: sign has 10001 domains in its rules up to here; "
	    "allowed: up to 10000");
	at = read_many(names, "x", LIMIT_SIGN_NAME, "]}]");
	ok(at != NULL, "a name of the longest length");
	config_unref(at);
}

#define L63 X50 X10 "xxx"
#define L50 "." X10 X10 X10 X10 "xxxxxxxxx"

/* SELECTOR._domainkey.DOMAIN has 253 octets, and then 254. */
static void
test_key_names(void)
{
	static const char ds[] = "sign: [{domains: a.example, identity: " L63
	    L50 ".x, keys: [{file: f, selector: " L63 L50;
	static const char wild[] = "sign: [{domains: '*." L63 L50 ".x', "
	    "keys: [{file: f, selector: " L63 L50;
	static const char *const heads[] = { ds, wild };
	struct config *c;
	size_t i;

	for (i = 0; i < 2; i++) {
		c = read_many(heads[i], "y", 253 - 2 * 113 - 2 - 12, "}]}]");
		ok(c != NULL, "a key's name of the longest length: %s", why);
		config_unref(c);
		c = read_many(heads[i], "y", 253 - 2 * 113 - 2 - 11, "}]}]");
		ok(c == NULL && strstr(why, ": sign rule 1: selector and "
		    "domain of key 1 are too long together for the DNS; "
		    "allowed: 241 octets") != NULL, "one octet more: %s",
		    why);
		config_unref(c);
	}
}

#define A20 "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"

/*
 * LIMIT_CONFIG_MEMORY is enough for what LIMIT_YAML_NODES lets through: 934
 * rules of 107 nodes, and the three around them.
 */
static void
test_memory_cap(void)
{
	struct config *c = read_many("policy:\n",
	    "- {action: accept, when: {helo: [" A20 A20 A20 A20 A20
	    "]}}\n", 934, "");

	ok(c != NULL, "the most patterns that fit into a file");
	config_unref(c);
}

/* ---- files ---- */

static void
test_files(void)
{
	char want[8192];
	struct config *c;

	(void)snprintf(want, sizeof(want), "%s:3:10: A is '192.0.2.256'; "
	    "allowed: an IPv4 address",
	    in_source("tests/data/config/bad-zone-data.yaml"));
	c = config_read(in_source("tests/data/config/bad-zone.yaml"), why,
	    sizeof(why));
	is_str(c == NULL ? why : "read", want, "a mistake in the zone");
	config_unref(c);

	c = config_read("/nonexistent/assay.yaml", why, sizeof(why));
	is_str(c == NULL ? why : "read", "/nonexistent/assay.yaml: No such "
	    "file or directory", "no file");
	config_unref(c);
}

static const char *
in_build(const char *name)
{
	static char path[4096];
	const char *top = getenv("top_builddir");

	(void)snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".",
	    name);
	return path;
}

static struct config *
read_written(const char *text)
{
	const char *path = in_build("test_config.tmp.yaml");
	FILE *f = fopen(path, "wb");
	struct config *c;

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		printf("Bail out! %s cannot be written\n", path);
		exit(1);
	}
	c = config_read(path, why, sizeof(why));
	(void)unlink(path);
	return c;
}

static void
test_outside(void)
{
	char want[8192];
	struct config *c;

	c = read_written("user: nobody-of-that-name\n");
	(void)snprintf(want, sizeof(want), "%s:1:7: user is "
	    "'nobody-of-that-name'; allowed: a user that exists on this "
	    "machine", in_build("test_config.tmp.yaml"));
	is_str(c == NULL ? why : "read", want, "a user that is not there");
	config_unref(c);

	c = read_written("resolver: {zone: none.yaml}\n");
	(void)snprintf(want, sizeof(want), "%s:1:18: resolver.zone is "
	    "'none.yaml'; allowed: a file that can be read",
	    in_build("test_config.tmp.yaml"));
	is_str(c == NULL ? why : "read", want, "a zone that is not there");
	config_unref(c);

	c = read_written("resolver: {zone: /none.yaml}\n");
	(void)snprintf(want, sizeof(want), "%s:1:18: resolver.zone is "
	    "'/none.yaml'; allowed: a file that can be read",
	    in_build("test_config.tmp.yaml"));
	is_str(c == NULL ? why : "read", want, "an absolute path");
	config_unref(c);

	c = read_text("user: nobody-of-that-name\nresolver: {zone: x}\n");
	ok(c != NULL && c->resolver.zone == NULL,
	    "text alone: nothing else is looked at");
	config_unref(c);
}

/* What is shipped is valid, and what it calls a default is one. */
static void
test_shipped(void)
{
	size_t len, i, out = 0;
	char *text = load("etc/assay.yaml", &len);
	bool start = true;

	is_config(read_text(text), defaults, "etc/assay.yaml");
	for (i = 0; i < len; i++) {
		/* "#key", or "#" and four blanks in a section. */
		if (start && text[i] == '#' && i + 5 < len &&
		    ((text[i + 1] >= 'a' && text[i + 1] <= 'z') ||
		    (memcmp(text + i + 1, "    ", 4) == 0 &&
		    text[i + 5] != ' ')))
			i++;
		start = text[i] == '\n';
		text[out++] = text[i];
	}
	text[out] = '\0';
	ok(len - out >= 19, "%zu lines taken out of comments", len - out);
	is_config(read_text(text), defaults,
	    "the defaults of etc/assay.yaml");
	free(text);
}

/*
 * The manual has a paragraph for each key.  The lists are those of the
 * messages above, and so of the tables.
 */
static void
test_manual(void)
{
	static const char *const lists[] = { ROOT_KEYS, LOG_KEYS,
	    RESOLVER_KEYS, LIMITS_KEYS, "helo", DKIM_KEYS,
	    RULE_KEYS, CONDITIONS, SIGN_KEYS, KEY_KEYS, REPORT_KEYS };
	char *text, want[2][64];
	struct slice rest, key;
	size_t len, i;

	text = load("doc/assay.yaml.5", &len);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (rest = slice_str(lists[i]); rest.len > 0; ) {
			slice_cut(&rest, ',', &key);
			key = slice_trim(key);
			(void)snprintf(want[0], sizeof(want[0]),
			    "\n.It Ic %.*s : ", SLICE_ARG(key));
			(void)snprintf(want[1], sizeof(want[1]),
			    "\n.Ss %.*s\n", SLICE_ARG(key));
			ok(strstr(text, want[0]) != NULL ||
			    strstr(text, want[1]) != NULL ||
			    slice_eq(key, SLICE("policy")) ||
			    slice_eq(key, SLICE("sign")),
			    "assay.yaml(5) tells of %.*s", SLICE_ARG(key));
		}
	}
	free(text);
}

/* Its examples can be used as they are; those of zones are not ours. */
static void
test_manual_examples(void)
{
	static const char begin[] = "\n.Bd -literal -offset indent\n";
	char *text, *at, *end;
	struct config *c;
	unsigned int count = 0;
	size_t len;

	text = load("doc/assay.yaml.5", &len);
	for (at = text; (at = strstr(at, begin)) != NULL; at = end + 1) {
		at += strlen(begin);
		end = strstr(at, "\n.Ed\n");
		if (end == NULL)
			break;
		*end = '\0';
		if (strncmp(at, "zonedata:", 9) == 0)
			continue;
		c = read_text(at);
		ok(c != NULL, "example %u: %s", ++count, why);
		config_unref(c);
	}
	ok(count >= 2, "%u examples", count);
	free(text);
}

/* ---- warnings ---- */

static void
test_warnings(void)
{
	static const struct {
		const char	*text;
		const char	*want;
	} rows[] = {
		{ "user: a\n", "" },
		{ "user: a\nlimits: {deadline: 1s}\n", "t.yaml: "
		  "resolver.timeout (3000 ms) is longer than limits.deadline "
		  "(1000 ms), which ends a lookup first\n" },
		{ "user: a\nlimits: {deadline: 3s}\n", "" },
		{ "user: a\npolicy:\n- {action: reject, when: {spf: fail}}\n"
		  "- {action: accept, when: {dkim: pass}}\n", "" },
		{ "user: a\npolicy:\n- {action: reject}\n"
		  "- {name: x, action: accept}\n", "t.yaml:4: rule 'x' can "
		  "never match: rule 'rule 1' in line 3 decides first\n" },
		{ "user: a\npolicy:\n- {action: reject, observe: yes}\n"
		  "- {name: x, action: tempfail}\n", "" },
		{ "user: a\npolicy:\n- {action: reject, when: {spf: [fail, "
		  "none]}}\n- {action: tempfail, when: {spf: fail, dkim: "
		  "none}}\n", "t.yaml:4: rule 'rule 2' can never match: rule "
		  "'rule 1' in line 3 decides first\n" },
		{ "user: a\npolicy:\n- {action: reject, when: {spf: fail}}\n"
		  "- {name: rest, action: accept}\n", "t.yaml:4: rule 'rest' "
		  "accepts all that is left, which is what happens without "
		  "it\n" },
		{ "user: a\npolicy:\n- {action: accept, when: {spf: pass}}\n"
		  "- {name: rest, action: reject}\n", "" },
		{ "user: a\nspf: {helo: no}\npolicy:\n- {action: reject, "
		  "when: {spf-helo: fail}}\n", "t.yaml:4: rule 'rule 1' can "
		  "never match: it asks for spf-helo, but spf.helo is no\n" },
		{ "user: a\npolicy:\n- {action: reject, when: {iprev: "
		  "fail}}\n", "t.yaml:3: rule 'rule 1' can never match: it "
		  "asks for iprev, but iprev is no\n" },
		{ "user: a\niprev: yes\npolicy:\n- {action: reject, when: "
		  "{iprev: fail}}\n", "" },
		/* What contradicts itself. */
#define NEVER(when, why) { "user: a\npolicy: [{action: reject, when: {" \
	when "}}]\n", "t.yaml:2: rule 'rule 1' can never match: " why "\n" }
#define FINE(when) { "user: a\npolicy: [{action: reject, when: {" \
	when "}}]\n", "" }
		NEVER("from: [absent, multiple], from-domain: a.example",
		    "from-domain needs from: ok or sloppy"),
		FINE("from: [absent, ok], from-domain: a.example"),
		NEVER("from: unparsable, dmarc: [fail, none]",
		    "without one domain in From, dmarc is permerror"),
		FINE("from: unparsable, dmarc: [fail, permerror]"),
		NEVER("from: absent, dmarc-policy: none",
		    "without one domain in From there is no DMARC record"),
		NEVER("from: absent, dkim-aligned: [pass, fail]",
		    "without one domain in From, dkim-aligned is none"),
		FINE("from: absent, dkim-aligned: [pass, none]"),
		NEVER("dmarc: [none, permerror], dmarc-policy: reject",
		    "with these results of dmarc there is no DMARC record"),
		NEVER("dmarc: none, dmarc-testing: no",
		    "with these results of dmarc there is no DMARC record"),
		FINE("dmarc: [none, temperror], dmarc-policy: reject"),
		NEVER("dkim: none, dkim-aligned: fail",
		    "with dkim: none, dkim-aligned is none, too"),
		FINE("dkim: [none, fail], dkim-aligned: fail"),
		FINE("dkim: none, dkim-aligned: none"),
		NEVER("client: [127.0.0.1, '::1']", "its clients are in "
		    "trusted-networks, whose mail is not checked"),
		FINE("client: [127.0.0.1, 192.0.2.1]"),
		FINE("client: 0.0.0.0/0"),
		{ "user: a\nresolver: {trust-ad: no}\npolicy: [{action: "
		  "reject, when: {dnssec: yes}}]\n", "t.yaml:3: rule 'rule "
		  "1' can never match: it asks for dnssec, but "
		  "resolver.trust-ad is no\n" },
		{ "user: a\nresolver: {trust-ad: no}\npolicy: [{action: "
		  "reject, when: {dnssec: no}}]\n", "" },

		/* Lists that a rule asks for. */
		NEVER("own-domain: yes", "it asks for own-domain, but there "
		    "are neither own-domains nor domains in sign"),
		FINE("own-domain: no"),
		NEVER("forwarder: alumni", "it asks for a forwarder that is "
		    "not in forwarders"),
		FINE("forwarder: yes"),
		FINE("forwarder: [alumni, no]"),
		{ "user: a\nforwarders: [{name: Alumni, client: '::1'}]\n"
		  "policy:\n- {action: reject, when: {forwarder: alumni}}\n",
		  "" },
		NEVER("enforce-anyway: yes", "it asks for enforce-anyway, "
		    "but there is no such list"),
		{ "user: a\nown-domains: a.example\nenforce-anyway: b.example"
		  "\npolicy:\n- {action: reject, when: {own-domain: yes}}\n"
		  "- {action: reject, when: {enforce-anyway: yes}}\n", "" },
		/* Stages. */
		{ "user: a\npolicy:\n- {action: accept, when: {dkim: pass}}\n"
		  "- {action: reject, when: {spf: fail}, stage: mail}\n",
		  "t.yaml:4: rule 'rule 2' decides at MAIL FROM, before the "
		  "earlier rule 'rule 1' in line 3\n" },
		{ "user: a\npolicy:\n- {action: accept, when: {dkim: pass}, "
		  "observe: yes}\n- {action: reject, when: {spf: fail}, "
		  "stage: mail}\n", "" },
		{ "user: a\npolicy:\n- {action: accept, when: {client: "
		  "192.0.2.1}, stage: mail}\n- {action: reject, when: {spf: "
		  "fail}, stage: mail}\n- {action: reject, when: {dmarc: "
		  "fail}}\n", "" },
		{ "user: a\npolicy:\n- {action: reject, when: {spf: fail}}\n"
		  "- {action: tempfail, when: {spf: fail}, stage: mail}\n",
		  "t.yaml:4: rule 'rule 2' decides at MAIL FROM, before the "
		  "earlier rule 'rule 1' in line 3\n" },

		/* Reports. */
		{ "user: a\nreport: {from: a@b.example}\n", "t.yaml: "
		  "report.from is set, but there is no store to make reports "
		  "from\nt.yaml: report.from is a@b.example, but no rule of "
		  "sign has its domain: reports are not signed\n" },
		{ "user: a\nstore: sqlite:/a\nreport: {from: a@b.example}\n"
		  "sign:\n- {domains: b.example, keys: [" KEY "]}\n", "" },
		{ "user: a\nstore: sqlite:/a\nreport: {from: a@b.example}\n"
		  "sign:\n- {keys: {directory: /k}}\n", "" },
		{ "user: a\nreport: {bounce: a@b.example}\n", "" },

		/* Signing. */
		{ "user: a\nunsigned: tempfail\n", "t.yaml: unsigned is set, "
		  "but nothing is signed: there are no rules in sign\n" },
		{ "user: a\nsign:\n- {domains: [a.example, '*.b.example'], "
		  "identity: x.a.example, keys: [" KEY "]}\n",
		  "t.yaml:3: identity x.a.example is not aligned with "
		  "b.example: such a signature is of no use for DMARC\n" },
		{ "user: a\nunsigned: tempfail\nsign:\n- {domains: [a.example, "
		  "b.example], keys: [" KEY "]}\n", "" },
		{ "user: a\nsign:\n- {domains: a.example, keys: [{selector: "
		  "a, file: a, until: 2026-07-01}]}\n", "t.yaml:3: no key of "
		  "this sign rule signs from 2026-07-01T00:00:00Z on\n" },
		{ "user: a\nsign:\n- {domains: a.example, keys: [{selector: "
		  "a, file: a, until: 2026-07-01}, {selector: b, file: b, "
		  "from: 2026-07-01T00:00:01Z}]}\n", "t.yaml:3: no key of "
		  "this sign rule signs from 2026-07-01T00:00:00Z to "
		  "2026-07-01T00:00:01Z\n" },
		{ "user: a\nsign:\n- {domains: a.example, keys: [{selector: "
		  "a, file: a, until: 2026-07-01}, {selector: b, file: b, "
		  "from: 2026-07-01}]}\n", "" },
		{ "user: a\nsign:\n- {domains: a.example, keys: [{selector: "
		  "a, file: a, until: 2027-07-01}, {selector: b, file: b, "
		  "until: 2026-07-01}, {selector: c, file: c, from: "
		  "2027-06-01}]}\n", "" },
		{ "user: a\ntrusted-networks: [192.0.2.0/24, 10.1.2.3/8]\n"
		  "policy: [{action: reject, when: {client: [\"::1\", "
		  "\"2001:db8::1/64\"]}}]\n", "t.yaml: trusted-networks: "
		  "10.1.2.3/8 is the network 10.0.0.0/8; write that, or the "
		  "address alone\nt.yaml:3: rule 'rule 1' has a client of "
		  "which 2001:db8::1/64 is the network 2001:db8::/64; write "
		  "that, or the address alone\n" },
		{ "user: a\norigins: [{name: b, client: [mx.example, "
		  "192.0.2.1/31], relay: yes}]\n", "t.yaml: origin b: "
		  "192.0.2.1/31 is the network 192.0.2.0/31; write that, or "
		  "the address alone\n" },
		{ "user: a\npolicy:\n- {action: reject}\n- {action: reject}\n"
		  "- {action: reject}\n", "t.yaml:4: rule 'rule 2' can never "
		  "match: rule 'rule 1' in line 3 decides first\nt.yaml:5: "
		  "rule 'rule 3' can never match: rule 'rule 1' in line 3 "
		  "decides first\n" },
	};
	struct config *c;
	char line[512];
	struct buf b;
	size_t i, at;

	buf_init(&b, 4096);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		c = read_text(rows[i].text);
		for (at = 0; c != NULL &&
		    config_warning(c, &at, line, sizeof(line)); )
			buf_addf(&b, "%s\n", line);
		is_str(c != NULL ? buf_cstr(&b) : why, rows[i].want,
		    "warnings");
		config_unref(c);
	}
	buf_fini(&b);
}

static void
test_root_warning(void)
{
	struct config *c = read_text("");
	char line[512] = "";
	size_t at = 0;
	bool warned;

	if (c == NULL) {
		ok(false, "%s", why);
		return;
	}
	warned = config_warning(c, &at, line, sizeof(line));
	ok(warned == (geteuid() == 0), "a warning for root, and only then");
	if (warned)
		is_str(line, "t.yaml: user is not set: assay-milter keeps "
		    "running as root", "its text");
	ok(!config_warning(c, &at, line, 8), "and no other");
	config_unref(c);
}

/* ---- whose domains ---- */

static void
test_own_domains(void)
{
	static const struct {
		const char	*text;
		const char	*name;
		bool		 own, enforced;
	} rows[] = {
		{ "", "a.example", false, false },
		{ "own-domains: [a.example, '*.b.example']", "a.example",
		  true, false },
		{ "own-domains: [a.example, '*.b.example']", "x.b.example",
		  true, false },
		{ "own-domains: [a.example, '*.b.example']", "b.example",
		  false, false },
		{ "sign: [{domains: a.example, keys: [{selector: s, file: "
		  "k}]}]", "a.example", true, false },
		{ "own-domains: c.example\nsign: [{domains: a.example, keys: "
		  "[{selector: s, file: k}]}]", "a.example", false, false },
		{ "enforce-anyway: '*.b.example'", "x.b.example", false,
		  true },
		{ "enforce-anyway: '*.b.example'", "", false, false }
	};
	struct slice name;
	struct config *c;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = read_text(rows[i].text);
		name = slice_str(rows[i].name);
		ok(c != NULL && config_is_own_domain(c, name) == rows[i].own &&
		    config_is_enforced(c, name) == rows[i].enforced,
		    "%s in \"%s\"", rows[i].name, rows[i].text);
		config_unref(c);
	}
}

static void
test_null_sender(void)
{
	static const struct {
		const char	*domains, *want;
	} rows[] = {
		{ "a.example", "a.example" },
		{ "['*.a.example', b.example, c.example]", "b.example" },
		{ "'*.a.example', identity: a.example", "a.example" },
		{ "b.example, identity: a.example", "a.example" }
	};
	struct config *c;
	char text[200];
	struct slice d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), "sign: [{domains: %s, "
		    "null-sender: yes, keys: [{selector: s, file: k}]}]",
		    rows[i].domains);
		c = read_text(text);
		d = c != NULL ? config_sign_null_domain(&c->sign[0]) :
		    SLICE("");
		is_bytes(d.ptr, d.len, rows[i].want, strlen(rows[i].want),
		    rows[i].domains);
		ok(c != NULL && c->sign[0].null_sender, "null-sender is set");
		config_unref(c);
	}
}

/* ---- references ---- */

static void
test_references(void)
{
	struct config *c = read_text("");

	ok(c != NULL && config_ref(c) == c, "one more reference");
	config_unref(c);
	ok(c != NULL && c->socket_mode == 0660, "one less, still there");
	config_unref(c);
	config_unref(NULL);
}

/* ---- files that end early, memory that ends early ---- */

static void
test_prefixes(void)
{
	size_t len, n, read = 0, refused = 0;
	char *text = load("tests/data/config/full.yaml", &len);
	struct config *c;
	bool good = true;
	char *exact;

	for (n = 0; n <= len; n++) {
		/* A block of its own: the sanitizer sees a step beyond. */
		exact = malloc(n > 0 ? n : 1);
		if (exact == NULL)
			exit(1);
		memcpy(exact, text, n);
		why[0] = '\0';
		c = config_read_text((struct slice){ exact, n }, "t.yaml",
		    why, sizeof(why));
		free(exact);
		read += c != NULL;
		refused += c == NULL;
		good = good &&
		    (c != NULL || strncmp(why, "t.yaml:", 7) == 0);
		config_unref(c);
	}
	ok(good && read > 20 && refused > 100, "%zu prefixes: %zu read, %zu "
	    "refused with a place", len + 1, read, refused);
	free(text);
}

/* ---- include ---- */

static void
write_named(const char *name, const char *text)
{
	FILE *f = fopen(in_build(name), "wb");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		printf("Bail out! %s cannot be written\n", name);
		exit(1);
	}
}

#define A "test_include.tmp.a.yaml"
#define B "test_include.tmp.b.yaml"

static void
test_include(void)
{
	static const struct {
		const char *name, *a, *b;
		const char *want;	/* rules; or a part of the message */
	} rows[] = {
		{ "in front", "include: " B "\npolicy: [{name: a, action: "
		  "accept}]", "policy: [{name: b, action: reject}]", "b a " },
		{ "after", "policy: [{name: a, action: accept}]\ninclude: ["
		  B "]", "policy: [{name: b, action: reject}]", "a b " },
		{ "other keys", "include: " B "\npolicy: [{name: a, action: "
		  "accept}]", "spf: {helo: no}", "a " },
		{ "nothing", "include: " B "\npolicy: [{name: a, action: "
		  "accept}]", "", "a " },
		{ "a name twice", "policy: [{name: a, action: accept}]\n"
		  "include: " B, "policy: [{name: a, action: reject}]",
		  B ":1:17: policy rule 2: name is 'a', which is the rule in "
		  "line 1; allowed: a different name" },
		{ "a key twice", "spf: {helo: no}\ninclude: " B,
		  "spf: {helo: yes}", B ":1:1: spf is set in another file as "
		  "well; allowed: in one" },
		{ "a key twice, the other way", "include: " B "\nspf: {helo: "
		  "no}", "spf: {helo: yes}", B ":1:1: spf is set in another "
		  "file as well; allowed: in one" },
		{ "a mistake in each", "include: " B "\nlog: {format: xml}",
		  "spf: {hello: 1}", "did you mean helo?; allowed: helo, "
		  "void-limit\n" },
		{ "a circle", "include: " B, "include: " A, B ":1:10: include "
		  "is '" A "'; allowed: a file that does not include "
		  "itself" },
		{ "itself", "include: " A, "", A ":1:10: include is '" A "'; "
		  "allowed: a file that does not include itself" },
		{ "no such file", "include: none.yaml", "",
		  A ":1:10: include: " },
		{ "not YAML", "include: " B, "a: [", B ":2:1: a value is "
		  "missing before this" },
		{ "no path", "include: {}", "", A ":1:10: include is a "
		  "mapping; allowed: the path of a configuration file" },
	};
	struct config *c;
	struct buf names;
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_named(A, rows[i].a);
		write_named(B, rows[i].b);
		buf_init(&names, 1000);
		c = config_read(in_build(A), why, sizeof(why));
		for (k = 0; c != NULL && k < c->policy.count; k++)
			buf_addf(&names, "%.*s ",
			    SLICE_ARG(c->policy.rules[k].name));
		if (c != NULL)
			is_str(buf_cstr(&names), rows[i].want, rows[i].name);
		else if (!ok(strstr(why, rows[i].want) != NULL, "%s",
		    rows[i].name))
			printf("# %s\n", why);
		config_unref(c);
		buf_fini(&names);
	}
	(void)unlink(in_build(A));
	(void)unlink(in_build(B));
}

static void
test_observed(void)
{
	static const struct {
		const char *name, *a, *b;
		const char *want;	/* rules; or a part of the message */
	} rows[] = {
		{ "a file", "observe-policy: " B "\npolicy: [{name: a, action: "
		  "accept}]", "policy: [{name: a, action: reject}]", "a " },
		{ "a list of them", "observe-policy: [" B ", " B ".2]",
		  "policy: [{name: a, action: reject}]", "a b " },
		{ "one without rules", "observe-policy: " B, "policy: []", "" },
		{ "an empty file", "observe-policy: " B, "", B ":1:1: the "
		  "policy to observe is missing; allowed: policy, a list of "
		  "rules" },
		{ "half of one", "observe-policy: " B, "policy:", B ":1:1: the "
		  "policy to observe is missing" },
		{ "another key", "observe-policy: " B, "policy: []\nuser: x",
		  B ":2:1: unknown key 'user' in the policy to observe; "
		  "allowed: policy" },
		{ "a list", "observe-policy: " B, "[]", B ":1:1: the policy to "
		  "observe must be a mapping" },
		{ "a mistake in a rule", "observe-policy: " B,
		  "policy: [{name: a, action: refuse}]", B ":1:28: policy "
		  "rule 1: action is 'refuse'; allowed: accept" },
		{ "a name twice", "observe-policy: [" B ", " B "]",
		  "policy: [{name: a, action: reject}]", B ":1:17: policy "
		  "rule 2: name is 'a'" },
		{ "a mistake in each", "observe-policy: " B "\nuser: 7 7",
		  "policy: [{}]", A ":2:7: user is" },
		{ "itself", "observe-policy: " A, "", A ":1:17: observe-policy "
		  "is '" A "'; allowed: a file that does not include "
		  "itself" },
		{ "no such file", "observe-policy: none.yaml", "",
		  A ":1:17: observe-policy: " },
		{ "not YAML", "observe-policy: " B, "a: [", B ":2:1: a value "
		  "is missing before this" },
		{ "no path", "observe-policy: {}", "", A ":1:17: "
		  "observe-policy is a mapping; allowed: the path of a file "
		  "with a policy" },
		{ "no file at all", "observe-policy: []", "", A ":1:17: "
		  "observe-policy is an empty list; allowed: the path of a "
		  "file with a policy" },
	};
	struct config *c;
	struct buf names;
	size_t i, k;

	write_named(B ".2", "policy: [{name: b, action: accept}]");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_named(A, rows[i].a);
		write_named(B, rows[i].b);
		buf_init(&names, 1000);
		c = config_read(in_build(A), why, sizeof(why));
		for (k = 0; c != NULL && k < c->observed_policy.count; k++)
			buf_addf(&names, "%.*s ",
			    SLICE_ARG(c->observed_policy.rules[k].name));
		if (c != NULL)
			ok(c->observes && slice_eq(buf_slice(&names),
			    slice_str(rows[i].want)), "observed: %s: %s",
			    rows[i].name, buf_cstr(&names));
		else if (!ok(strstr(why, rows[i].want) != NULL,
		    "observed: %s", rows[i].name))
			printf("# %s\n", why);
		config_unref(c);
		buf_fini(&names);
	}
	(void)unlink(in_build(A));
	(void)unlink(in_build(B));
	(void)unlink(in_build(B ".2"));
}

/* Files 0 to `count`, each includes the next one. */
static bool
chain_is_read(unsigned int count)
{
	char name[64], text[96];
	struct config *c;
	unsigned int i;

	for (i = 0; i <= count; i++) {
		(void)snprintf(name, sizeof(name), "test_include.tmp.%u", i);
		(void)snprintf(text, sizeof(text),
		    i < count ? "include: test_include.tmp.%u" : "# %u",
		    i + 1);
		write_named(name, text);
	}
	c = config_read(in_build("test_include.tmp.0"), why, sizeof(why));
	for (i = 0; i <= count; i++) {
		(void)snprintf(name, sizeof(name), "test_include.tmp.%u", i);
		(void)unlink(in_build(name));
	}
	config_unref(c);
	return c != NULL;
}

static bool
many_are_read(unsigned int count)
{
	struct config *c;
	struct buf b;

	buf_init(&b, LIMIT_YAML_BYTES);
	buf_adds(&b, "include: [" B);
	while (--count > 0)
		buf_adds(&b, ", " B);
	buf_adds(&b, "]\n");
	write_named(A, buf_cstr(&b));
	write_named(B, "# nothing\n");
	c = config_read(in_build(A), why, sizeof(why));
	(void)unlink(in_build(A));
	(void)unlink(in_build(B));
	config_unref(c);
	buf_fini(&b);
	return c != NULL;
}

static void
test_include_limits(void)
{
	ok(chain_is_read(LIMIT_INCLUDE_DEPTH), "as deep as it may be");
	ok(!chain_is_read(LIMIT_INCLUDE_DEPTH + 1) &&
	    strstr(why, "include goes too deep; allowed: 8 files") != NULL,
	    "one deeper");
	ok(many_are_read(LIMIT_INCLUDES), "as many as there may be");
	ok(!many_are_read(LIMIT_INCLUDES + 1), "one more");
}

/* Each that is read has its place in the list, as `want` has their names. */
static void
check_files(const char *name, const char *text, const char *want)
{
	struct config *c;
	struct buf names;
	size_t i;

	write_named(A, text);
	c = config_read(in_build(A), why, sizeof(why));
	buf_init(&names, 4096);
	for (i = 0; c != NULL && i < c->file_count; i++) {
		buf_adds(&names, i > 0 ? " " : "");
		buf_adds(&names, strrchr(c->files[i].path, '/') + 1);
		if (strstr(c->files[i].path, ".tmp") != NULL &&
		    c->files[i].seen.st_size == 0)
			buf_adds(&names, "(not seen)");
	}
	if (!ok(strcmp(buf_cstr(&names), want) == 0, "%s", name))
		printf("# got  %s\n# want %s\n", buf_cstr(&names), want);
	config_unref(c);
	buf_fini(&names);
	(void)unlink(in_build(A));
}

/* What auto-reload has to look at. */
static void
test_noted_files(void)
{
#define NAMES "include: " B "\n" \
	"resolver: {zone: " B ".zone}\n" \
	"forwarders: [{name: f, file: " B ".hosts}, " \
	"{name: g, client: 192.0.2.1}, {name: h, file: " B ".hosts}]\n" \
	"sign:\n" \
	"- {domains: a.example, for-user: u, " \
	"keys: [{selector: s, file: k1}, {selector: t, file: k2}]}\n" \
	"- {domains: b.example, keys: [{selector: s, file: k2}]}\n" \
	"- {keys: {directory: d}}\n" \
	"seal: {domain: a.example, selector: s, file: k3, " \
	"when: [{relayed-to: c.example}]}\n"

	write_named(B, "observe-policy: " B ".2\n");
	write_named(B ".2", "policy: [{action: reject}]\n");
	write_named(B ".zone", "zonedata: {a.example: [{A: 192.0.2.1}]}\n");
	write_named(B ".hosts", "192.0.2.1\n");
	check_files("files that a reload reads", "auto-reload: yes\n" NAMES,
	    A " " B " " B ".2 " B ".zone k3 " B ".hosts k1 k2");
	check_files("no others when nothing else is named",
	    "auto-reload: yes\n", A);
	check_files("what nobody asks for", NAMES, A " " B " " B ".2");
	(void)unlink(in_build(B));
	(void)unlink(in_build(B ".2"));
	(void)unlink(in_build(B ".zone"));
	(void)unlink(in_build(B ".hosts"));
}

/* What a reload may take away. */
static void
test_replace(void)
{
#define RULES "policy: [{action: reject}]\n"
#define SIGNING "sign: [{domains: a.example, keys: [{selector: s, file: k}]}]\n"
#define GONE(key) "t.yaml: " key " is missing, but it has rules so far; " \
	"allowed: rules, or \"" key ": []\" to remove them"
#define EMPTY "t.yaml: nothing is set in it; allowed: at least one key"
	static const struct {
		const char *old, *new;
		const char *want;	/* NULL: it may */
	} rows[] = {
		{ "", "log: {level: debug}", NULL },
		{ RULES SIGNING, RULES SIGNING, NULL },
		{ RULES SIGNING, "policy: [{action: accept}]\n" SIGNING, NULL },
		{ RULES SIGNING, "policy: []\n" SIGNING, NULL },
		{ RULES SIGNING, RULES "sign: []", NULL },
		{ RULES SIGNING, "policy: []\nsign: []", NULL },
		{ RULES, SIGNING "policy: []", NULL },
		{ RULES SIGNING, SIGNING, GONE("policy") },
		{ RULES SIGNING, RULES, GONE("sign") },
		{ RULES SIGNING, SIGNING "policy:", GONE("policy") },
		{ RULES SIGNING, RULES "sign:", GONE("sign") },
		{ RULES, "user: root", GONE("policy") },
		{ "", "", EMPTY },
		{ RULES, "", EMPTY },
		{ SIGNING, " \n\n", EMPTY },
		{ SIGNING, "# socket: x\n", EMPTY },
		{ SIGNING, "---\n", EMPTY },
	};
	struct config *old, *new;
	size_t i;
	bool may;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		old = read_text(rows[i].old);
		new = read_text(rows[i].new);
		if (!ok(old != NULL && new != NULL, "both are read: %s", why))
			continue;
		may = config_may_replace(old, new, why, sizeof(why));
		if (rows[i].want == NULL)
			ok(may, "'%s' may follow '%s'", rows[i].new,
			    rows[i].old);
		else
			is_str(may ? "it may" : why, rows[i].want,
			    rows[i].new);
		config_unref(old);
		config_unref(new);
	}
}

static void
test_memory(void)
{
	static char path[4096];
	unsigned long n, failed = 1;
	bool good = true, read = false;
	struct config *c;

	(void)snprintf(path, sizeof(path), "%s",
	    in_source("tests/data/config/full.yaml"));
	for (n = 0; failed > 0 && good; n++) {
		why[0] = '\0';
		mem_fail_after(n, 1);
		c = config_read(path, why, sizeof(why));
		failed = mem_fail_hits();
		mem_fail_after(0, 0);
		read = c != NULL;
		good = read == (failed == 0) &&
		    (read || strstr(why, "out of memory") != NULL);
		config_unref(c);
	}
	ok(good && read && n > 10, "each of %lu allocations fails once: %s",
	    n - 1, why);
}

int
main(void)
{
	test_defaults();
	test_full();
	test_values();
	test_bad();
	test_many_mistakes();
	test_limits();
	test_sign_limits();
	test_key_names();
	test_memory_cap();
	test_files();
	test_outside();
	test_shipped();
	test_manual();
	test_manual_examples();
	test_warnings();
	test_root_warning();
	test_own_domains();
	test_null_sender();
	test_references();
	test_prefixes();
	test_include();
	test_observed();
	test_include_limits();
	test_noted_files();
	test_replace();
	test_memory();
	return tap_done();
}
