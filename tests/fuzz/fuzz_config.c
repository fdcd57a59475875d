/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration, from the text of a file.  What is read must keep all
 * the promises that the daemon relies on; what is refused must say where.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "config/config.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_text(const char *s, size_t max)
{
	size_t i, len = strlen(s);

	check(len <= max);
	for (i = 0; i < len; i++)
		check((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
}

static void
check_rule(const struct policy *p, const struct policy_rule *r)
{
	const struct policy_rule *i;
	const char *problem;
	size_t at;

	check(r->name.len > 0 && r->name.len <= LIMIT_RULE_NAME);
	check(r->action < POLICY_ACTIONS && r->line > 0);
	check(r->reply.len == 0 ||
	    policy_reply_check(r->reply, r->action, &problem, &at));
	check((r->spf | r->spf_helo | r->dkim) < 1u << AUTH_RESULTS);
	for (i = p->rules; i < r; i++)
		check(!slice_eq(i->name, r->name));
}

/* Any rule makes a reply that can be sent. */
static void
check_reply(const struct policy_rule *r)
{
	struct policy_facts f = { .spf = AUTH_FAIL, .dkim = 1,
	    .helo = SLICE("h\r\n%{rule}"), .spf_explanation = SLICE("%s") };
	struct policy_decision d = { .action = r->action, .rule = r };
	struct policy_reply reply;

	policy_reply(&d, &f, &reply);
	check_text(reply.text, LIMIT_REPLY_TEXT);
	if (r->action != POLICY_REJECT && r->action != POLICY_TEMPFAIL) {
		check(reply.code[0] == '\0' && reply.text[0] == '\0');
		return;
	}
	check(strlen(reply.code) == 3 && reply.text[0] != '\0');
	check(reply.code[0] == (r->action == POLICY_REJECT ? '5' : '4'));
	check(reply.enhanced[0] == reply.code[0]);
}

static void
check_config(const struct config *c)
{
	const struct resolver_options *o = &c->resolver.options;
	char text[1024];
	size_t i, at = 0, warnings = 0;

	check_text(c->socket, 512);
	check(c->socket_mode <= 0777);
	if (c->user != NULL)
		check_text(c->user, 32);
	if (c->pid_file != NULL)
		check(c->pid_file[0] == '/');
	check(c->authserv_id.len <= DOMAIN_MAX);
	check(o->timeout_ms >= 100 && o->timeout_ms <= 60000);
	check(o->tries >= 1 && o->tries <= 10);
	check(o->cache_bytes >= 64u << 10);
	check(o->nameserver_count <= LIMIT_DNS_SERVERS);
	for (i = 0; i < o->nameserver_count; i++)
		check(resolver_nameserver_check(o->nameservers[i], NULL));
	check(c->limits.deadline_ms >= 1000);
	check(c->limits.deadline_ms <= 600000);
	check(c->limits.signatures >= 1 && c->limits.signatures <= 100);
	check(c->dkim.minimum_rsa_bits >= 1024);
	check(c->resolver.zone == NULL);
	check(c->policy.count <= LIMIT_POLICY_RULES);
	for (i = 0; i < c->policy.count; i++) {
		check_rule(&c->policy, &c->policy.rules[i]);
		check_reply(&c->policy.rules[i]);
	}
	while (config_warning(c, &at, text, sizeof(text)))
		check(text[0] != '\0' && ++warnings <= c->policy.count + 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	char why[512] = "";
	struct config *c;

	c = config_read_text(text, "fuzz", why, sizeof(why));
	if (c == NULL) {
		check(strncmp(why, "fuzz:", 5) == 0);
		check_text(why, sizeof(why) - 1);
		return 0;
	}
	check_config(c);
	config_unref(c);
	return 0;
}
