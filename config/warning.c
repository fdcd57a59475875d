/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * warning: what a configuration may say, but hardly means.
 *
 * A few questions on the whole, then some for each rule; a rule has at most
 * one warning, the first that fits.
 */
#include "config/config.h"

#include <stdio.h>
#include <unistd.h>

typedef bool	general_fn(const struct config *c, char *out, size_t size);

static bool
stays_root(const struct config *c, char *out, size_t size)
{
	if (c->user != NULL || geteuid() != 0)
		return false;
	snprintf(out, size, "%s: user is not set: assay-milter keeps running "
	    "as root", c->path);
	return true;
}

static bool
timeout_is_cut(const struct config *c, char *out, size_t size)
{
	const struct resolver_options *o = &c->resolver.options;

	if (o->timeout_ms <= c->limits.deadline_ms)
		return false;
	snprintf(out, size, "%s: resolver.timeout (%u ms) is longer than "
	    "limits.deadline (%u ms), which ends a look-up first", c->path,
	    o->timeout_ms, c->limits.deadline_ms);
	return true;
}

static general_fn *const general[] = { stays_root, timeout_is_cut };
#define GENERAL (sizeof(general) / sizeof(general[0]))

/* "FILE:LINE: rule 'NAME' " */
static size_t
begin(const struct config *c, const struct policy_rule *r, char *out,
    size_t size)
{
	int len = snprintf(out, size, "%s:%u: rule '%.*s' ", c->path, r->line,
	    SLICE_ARG(r->name));

	return len < 0 || (size_t)len >= size ? size : (size_t)len;
}

/* The rule in front of number `at` that leaves nothing for it. */
static const struct policy_rule *
who_covers(const struct policy *p, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (!p->rules[i].observe &&
		    policy_rule_covers(&p->rules[i], &p->rules[at]))
			return &p->rules[i];
	}
	return NULL;
}

static bool
rule_warning(const struct config *c, size_t at, char *out, size_t size)
{
	static const struct policy_rule everything;
	const struct policy_rule *r = &c->policy.rules[at], *before;
	size_t len = begin(c, r, out, size);

	before = who_covers(&c->policy, at);
	if (before != NULL) {
		snprintf(out + len, size - len, "can never match: rule "
		    "'%.*s' in line %u decides first",
		    SLICE_ARG(before->name), before->line);
		return true;
	}
	if (r->spf_helo != 0 && !c->spf.helo) {
		snprintf(out + len, size - len, "can never match: it asks "
		    "for spf-helo, but spf.helo is no");
		return true;
	}
	if (at + 1 == c->policy.count && r->action == POLICY_ACCEPT &&
	    policy_rule_covers(r, &everything)) {
		snprintf(out + len, size - len, "accepts all that is left, "
		    "which is what happens without it");
		return true;
	}
	return false;
}

bool
config_warning(const struct config *c, size_t *at, char *out,
    size_t out_size)
{
	bool found = false;

	for (; !found && *at < GENERAL + c->policy.count; ++*at)
		found = *at < GENERAL ? general[*at](c, out, out_size) :
		    rule_warning(c, *at - GENERAL, out, out_size);
	return found;
}
