/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: from all results, one decision.
 *
 * Rules in order, the first that matches decides.  Pure: facts in, decision
 * out.  A set of rules is built once by the configuration and then
 * immutable.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/result.h"

enum policy_action {
	POLICY_ACCEPT,
	POLICY_REJECT,
	POLICY_TEMPFAIL,
	POLICY_QUARANTINE,
	POLICY_DISCARD
};
#define POLICY_ACTIONS (POLICY_DISCARD + 1)

/* A set of results: bit (1u << enum auth_result). */
typedef unsigned int policy_result_set;

/*
 * A pattern for a domain: "example.org" matches that name, "*.example.org"
 * every name below it (not itself).
 */
struct policy_pattern {
	struct domain	domain;
	bool		below;
};

/* What a rule asks for; an absent condition (count 0, set 0) matches all. */
struct policy_rule {
	struct slice		 name;
	bool			 observe;
	enum policy_action	 action;
	struct slice		 reply;		/* template; empty: default */
	unsigned int		 line;		/* in the configuration */

	unsigned int		 spf;		/* sets of results */
	unsigned int		 spf_helo;
	unsigned int		 dkim;		/* any signature */
	struct ipnet		*client;
	size_t			 client_count;
	struct policy_pattern	*mailfrom_domain;
	size_t			 mailfrom_domain_count;
	struct policy_pattern	*helo;
	size_t			 helo_count;
};

/* "example.org" or "*.example.org"; false for anything else. */
bool	policy_pattern_parse(struct slice text, struct policy_pattern *out);

struct policy {
	struct policy_rule	*rules;
	size_t			 count;
};

/* What is known of a message.  Borrowed; absent text is empty. */
struct policy_facts {
	struct ipaddr		 client;
	struct slice		 helo;		/* canonical or empty */
	struct slice		 mailfrom_domain;	/* canonical or empty */
	struct slice		 from_domain;	/* canonical or empty */
	enum auth_result	 spf;
	enum auth_result	 spf_helo;
	bool			 spf_helo_checked;
	unsigned int		 dkim;	/* set, of all signatures; {none} if
					   there is none */
	/* For reply texts. */
	struct slice		 spf_domain;
	struct slice		 spf_explanation;
};

struct policy_decision {
	enum policy_action		 action;
	const struct policy_rule	*rule;	/* NULL: no rule matched */
	/* The first rule with `observe` that matched before, or NULL. */
	const struct policy_rule	*observed;
};

const char	*policy_action_name(enum policy_action a);
/*
 * A condition on something that is not known (no client address, HELO not
 * checked, no domain) does not match.  When no rule decides: accept.
 */
void	policy_decide(const struct policy *p, const struct policy_facts *f,
	    struct policy_decision *out);
/*
 * Does `a` match whatever `b` matches?  Then `b` behind `a` never decides.
 * May be false although it is so: networks and patterns are only compared
 * one by one.
 */
bool	policy_rule_covers(const struct policy_rule *a,
	    const struct policy_rule *b);

/*
 * The SMTP reply of a decision to reject or to defer: code, enhanced code
 * and text, by the rule's template or by default after what it matched (RFC
 * 7372: 5.7.23 spf fail, 5.7.24 spf permerror, 4.7.24 spf temperror, 5.7.20
 * no passing dkim, 5.7.26 more than one failed, else 5.7.1 / 4.7.1).
 *
 * A template is "[CODE [ENHANCED]] TEXT"; what is left out is the default.
 * In TEXT stand the variables %{from-domain}, %{mailfrom-domain}, %{helo},
 * %{client}, %{spf}, %{spf-helo}, %{rule}, %{spf-domain} and
 * %{spf-explanation}; "%%" is one "%".
 *
 * Everything foreign is made printable ASCII ("?" for all else); the text is
 * cut to LIMIT_REPLY_TEXT octets and holds single "%" (the caller doubles
 * them for libmilter).  For other decisions all three are empty.
 */
struct policy_reply {
	char	code[4];
	char	enhanced[12];
	char	text[LIMIT_REPLY_TEXT + 1];
};
void	policy_reply(const struct policy_decision *d,
	    const struct policy_facts *f, struct policy_reply *out);

/*
 * Is `reply` a template that fits the action: 5xx for reject, 4xx for
 * tempfail, an enhanced code of the same class, known variables, printable
 * ASCII, at most LIMIT_REPLY_TEXT octets of text?  On false `*problem` is a
 * static sentence, `*at` the offset.
 */
bool	policy_reply_check(struct slice reply, enum policy_action action,
	    const char **problem, size_t *at);

#endif
