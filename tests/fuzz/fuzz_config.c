/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration, from the text of a file.  What is read must keep all
 * the promises that the daemon relies on; what is refused must say where.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "config/config.h"
#include "tests/fuzz/fuzz.h"

#define GENERAL_WARNINGS 10	/* room for those of no rule */

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_line(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		check((unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f);
}

static void
check_text(const char *s, size_t max)
{
	check(strlen(s) <= max);
	check_line(slice_str(s));
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
	check((r->spf | r->spf_helo | r->dkim | r->dkim_aligned | r->dmarc) <
	    1u << AUTH_RESULTS);
	check(r->dmarc_policy < 1u << (POLICY_DMARC_REJECT + 1));
	check(r->from < 1u << MAIL_FROM_STATES);
	check((r->dmarc_testing | r->dnssec | r->tls | r->dkim_partial |
	    r->dkim_doubled | r->own_domain | r->enforce_anyway) < 1u << 2);
	check(r->at_most == 0 || r->action == POLICY_TEMPFAIL);
	if (r->stage == POLICY_STAGE_MAIL) {
		check(r->action == POLICY_ACCEPT ||
		    r->action == POLICY_REJECT ||
		    r->action == POLICY_TEMPFAIL);
		check((r->dkim | r->dkim_aligned | r->dmarc |
		    r->dmarc_policy | r->dmarc_testing | r->from |
		    r->dnssec | r->dkim_partial | r->dkim_doubled) == 0);
		check(r->from_domain_count + r->recipient_domain_count == 0);
	}
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
check_names(const struct slice *names, size_t count)
{
	size_t i;

	check(count == 0 || names != NULL);
	for (i = 0; i < count; i++)
		check(names[i].len > 0 && names[i].len <= LIMIT_SIGN_NAME);
}

static void
check_sign(const struct config_sign *r)
{
	bool folder = r->directory.path != NULL;
	const struct config_sign_key *k;

	check(r->domain_count > 0 || folder);
	check(r->line > 0 && (r->key_count > 0) != folder);
	check(r->key_count <= LIMIT_SIGN_KEYS);
	check(r->headers == NULL || r->header_count > 0);
	check_names(r->headers, r->header_count);
	check_names(r->oversign, r->oversign_count);
	for (k = r->keys; r->key_count > 0 &&
	    k < r->keys + r->key_count; k++) {
		check(k->selector.len > 0 && k->selector.len <= DOMAIN_MAX);
		check(k->selector.len + 12 + r->identity.len <= DOMAIN_MAX);
		check_text(k->file, LIMIT_YAML_BYTES);
		check(k->from < k->until && k->line > 0 && k->column > 0);
	}
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
	for (i = 0; i < c->sign_count; i++)
		check_sign(&c->sign[i]);
	while (config_warning(c, &at, text, sizeof(text)))
		check(text[0] != '\0' && ++warnings <=
		    c->policy.count + c->sign_count + GENERAL_WARNINGS);
}

/* A line for each mistake, and one that says that there are more. */
static void
check_why(const char *why)
{
	struct slice rest = slice_str(why), line;
	unsigned int lines = 0;
	bool more;

	check(rest.len > 0 && rest.len < LIMIT_CONFIG_WHY);
	do {
		more = slice_cut(&rest, '\n', &line);
		check(slice_starts(line, SLICE("fuzz:")));
		check_line(line);
		lines++;
	} while (more);
	check(lines <= LIMIT_CONFIG_MISTAKES + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	char why[LIMIT_CONFIG_WHY] = "";
	struct config *c;

	c = config_read_text(text, "fuzz", why, sizeof(why));
	if (c == NULL) {
		check_why(why);
		return 0;
	}
	check_config(c);
	config_unref(c);
	return 0;
}
