/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspol/settings.h"

#include "base/limits.h"
#include "tests/tap.h"

static char why[LIMIT_CONFIG_WHY];

static struct settings *
read_text(const char *text)
{
	why[0] = '\0';
	return settings_read_text(slice_str(text), "t.yaml", why,
	    sizeof(why));
}

static void
test_defaults(void)
{
	struct settings *s = read_text("");

	if (!ok(s != NULL, "nothing is set %s", why))
		return;
	is_num((long long)s->socket_count, 1, "one socket");
	is_str(s->sockets[0], SETTINGS_SOCKET, "of mta-sts-resolver");
	is_num(s->answer_ms, 3000, "answer-within");
	is_num(s->https.timeout_ms, 60000, "https.timeout");
	is_num(s->https.port, 443, "https.port");
	is_num(s->cache.domains, 100000, "cache.domains");
	is_num((long long)s->cache.memory, 64 << 20, "cache.memory");
	is_num(s->resolver.options.tries, 2, "resolver.tries");
	ok(s->confinement && !s->dane_only && !s->remote_clients &&
	    !s->smart_hosts, "yes and no");
	settings_unref(s);
}

static void
test_all(void)
{
	struct settings *s = read_text(
	    "socket: [local:/run/a, 'inet6:8642@[::1]', inet:5461@localhost]\n"
	    "socket-mode: '0666'\n"
	    "remote-clients: yes\nmetrics: inet:9103@127.0.0.1\n"
	    "user: assay\npid-file: /run/p\nconfinement: no\n"
	    "log: {target: stderr, level: debug, format: json}\n"
	    "resolver: {nameservers: [127.0.0.1], trust-ad: no}\n"
	    "answer-within: 4s\ndane-only: yes\nsmart-hosts: yes\n"
	    "https: {ca-file: ca.pem, timeout: 10s, port: 8443,\n"
	    "  allow-networks: [10.0.0.0/8]}\n"
	    "cache: {file: /var/lib/c, domains: 5000, memory: 8M}\n");

	if (!ok(s != NULL, "all is set %s", why))
		return;
	is_num((long long)s->socket_count, 3, "three sockets");
	is_str(s->sockets[1], "inet6:8642@[::1]", "the second");
	is_num(s->socket_mode, 0666, "mode");
	is_str(s->user, "assay", "user");
	is_num(s->log.level, CONFIG_LOG_DEBUG, "level");
	is_num(s->log.format, CONFIG_LOG_JSON, "format");
	is_num(s->resolver.options.trust_ad, RESOLVER_TRUST_AD_NO,
	    "trust-ad");
	is_num((long long)s->resolver.options.nameserver_count, 1,
	    "nameservers");
	is_num(s->answer_ms, 4000, "answer-within");
	ok(s->dane_only && s->smart_hosts, "dane-only, smart-hosts");
	is_str(s->https.ca_file, "ca.pem", "ca-file");
	is_num((long long)s->https.allow_count, 1, "allow-networks");
	is_str(s->cache.file, "/var/lib/c", "file");
	is_num((long long)s->cache.memory, 8 << 20, "memory");
	is_num(s->cache.domains, 5000, "domains");
	settings_unref(s);
}

#define KEYS "socket, socket-mode, remote-clients, metrics, user, pid-file, " \
    "confinement, log, resolver, answer-within, dane-only, " \
    "smart-hosts, https, cache"

static void
test_refused(void)
{
	static const struct {
		const char	*text;
		const char	*want;	/* its beginning, after "t.yaml:" */
	} rows[] = {
		{ "sokcet: x", "1:1: unknown key 'sokcet' in the "
		  "configuration, did you mean socket?; allowed: " KEYS },
		{ "socket: []", "1:9: socket is an empty list; allowed: one "
		  "socket, or a list of up to 8" },
		{ "socket: {}", "1:9: socket is a mapping; allowed: one" },
		{ "socket: [local:/a, tcp:1]", "1:20: socket is 'tcp:1'; "
		  "allowed: local:PATH" },
		{ "socket: [local:/1, local:/2, local:/3, local:/4, local:/5,"
		  " local:/6, local:/7, local:/8, local:/9]",
		  "1:9: socket is a list; allowed: one socket" },
		{ "answer-within: 99ms", "1:16: answer-within is '99ms'" },
		{ "answer-within: 31s", "1:16: answer-within is '31s'" },
		{ "https: {timeout: 61s}", "1:18: https.timeout is '61s'" },
		{ "https: {timeout: 999ms}", "1:18: https.timeout is" },
		{ "https: {port: 0}", "1:15: https.port is '0'" },
		{ "https: {port: 65536}", "1:15: https.port is '65536'" },
		{ "https: {allow-networks: [x]}", "1:26: " },
		{ "cache: {domains: 3999}", "1:18: cache.domains is '3999'" },
		{ "cache: {domains: 10000001}", "1:18: cache.domains is" },
		{ "cache: {memory: 3M}", "1:17: cache.memory is '3M'" },
		{ "cache: {memory: 5G}", "1:17: cache.memory is '5G'" },
		{ "cache: {file: x}", "1:15: cache.file is 'x'" },
		{ "dane-only: maybe", "1:12: dane-only is 'maybe'; allowed: "
		  "yes, no" },
		{ "policy: []", "1:1: unknown key 'policy'" }
	};
	struct settings *s;
	char want[512];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s = read_text(rows[i].text);
		(void)snprintf(want, sizeof(want), "t.yaml:%s",
		    rows[i].want);
		ok(s == NULL && strncmp(why, want, strlen(want)) == 0,
		    "%s: %s", rows[i].text, why);
		settings_unref(s);
	}
}

int
main(void)
{
	test_defaults();
	test_all();
	test_refused();
	return tap_done();
}
