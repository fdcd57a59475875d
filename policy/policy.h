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
#include "mail/address.h"
#include "mail/result.h"

enum policy_action {
	POLICY_ACCEPT,
	POLICY_REJECT,
	POLICY_TEMPFAIL,
	POLICY_QUARANTINE,
	POLICY_DISCARD
};
#define POLICY_ACTIONS (POLICY_DISCARD + 1)

/* Where a rule is looked at. */
enum policy_stage {
	POLICY_STAGE_END,	/* when all is known, before the last reply */
	POLICY_STAGE_MAIL	/* at MAIL FROM, and at the end as well */
};

/*
 * What the DMARC record asks for: p, or sp or np where they apply (RFC 9989
 * 4.10.1), before test mode lowers it.
 */
enum policy_dmarc {
	POLICY_DMARC_NO_RECORD,
	POLICY_DMARC_NONE,
	POLICY_DMARC_QUARANTINE,
	POLICY_DMARC_REJECT
};

/* TLS of the connection; of these several hold at a time. */
enum policy_tls {
	POLICY_TLS_NONE,
	POLICY_TLS_YES,
	POLICY_TLS_1_0,
	POLICY_TLS_1_1,
	POLICY_TLS_1_2,
	POLICY_TLS_1_3,
	POLICY_TLS_VERIFIED	/* so was the certificate of the client */
};

/* More than `count` within the last `seconds`. */
struct policy_rate {
	unsigned int	count;
	unsigned int	seconds;
};

/*
 * A pattern for a domain: "example.org" matches that name, "*.example.org"
 * every name below it (not itself).
 */
struct policy_pattern {
	struct domain	domain;
	bool		below;
};

/*
 * What a rule asks for; an absent condition (count 0, set 0) matches all.  A
 * set has the bit (1u << VALUE) for each value of an enum or a bool.  Each
 * condition has its row in policy/condition.c.
 */
struct policy_rule {
	struct slice		 name;
	bool			 observe;
	enum policy_action	 action;
	struct slice		 reply;		/* template; empty: default */
	const char		*file;		/* of the configuration */
	unsigned int		 line;
	enum policy_stage	 stage;
	/* Tempfail: how long one sender is deferred, in seconds; 0: no
	   bound.  See policy/deferral.h. */
	unsigned int		 at_most;

	/* The conditions, from here to the end. */
	unsigned int		 spf;		/* sets of results */
	unsigned int		 spf_helo;
	unsigned int		 dkim;		/* any signature */
	unsigned int		 dkim_aligned;	/* any aligned signature */
	unsigned int		 dmarc;
	unsigned int		 dmarc_policy;	/* set of enum policy_dmarc */
	unsigned int		 from;	/* set of enum mail_from_state */
	unsigned int		 dmarc_testing;	/* sets of bool */
	unsigned int		 dnssec;
	unsigned int		 tls;	/* set of enum policy_tls */
	unsigned int		 dkim_partial;
	unsigned int		 dkim_doubled;
	unsigned int		 own_domain;
	unsigned int		 enforce_anyway;
	unsigned int		 arc;		/* set of results */
	unsigned int		 arc_trusted;	/* set of bool */
	unsigned int		 iprev;		/* set of results */
	struct slice		*auth_user;	/* patterns with "*" */
	size_t			 auth_user_count;
	struct slice		*forwarder;	/* words and names */
	size_t			 forwarder_count;
	struct ipnet		*client;
	size_t			 client_count;
	struct policy_pattern	*mailfrom_domain;
	size_t			 mailfrom_domain_count;
	struct policy_pattern	*helo;
	size_t			 helo_count;
	struct policy_pattern	*from_domain;
	size_t			 from_domain_count;
	struct policy_pattern	*recipient_domain;	/* any recipient */
	size_t			 recipient_domain_count;
	struct policy_pattern	*arc_sealer;
	size_t			 arc_sealer_count;
	struct policy_rate	*replay;	/* any of them */
	size_t			 replay_count;
};

/* "example.org" or "*.example.org"; false for anything else. */
bool	policy_pattern_parse(struct slice text, struct policy_pattern *out);
/* `name` is canonical; an empty one never matches. */
bool	policy_pattern_matches(const struct policy_pattern *p,
	    struct slice name);
/* The first of `count` that matches `name`, or NULL. */
const struct policy_pattern	*policy_pattern_find(
	    const struct policy_pattern *list, size_t count,
	    struct slice name);
/* Does `a` match everything that `b` matches? */
bool	policy_pattern_covers(const struct policy_pattern *a,
	    const struct policy_pattern *b);

struct policy {
	struct policy_rule	*rules;
	size_t			 count;
};

/* How many within the last `seconds`, at most LIMIT_SIGHTINGS_S? */
typedef unsigned int	policy_count_fn(const void *arg,
			    unsigned int seconds);
struct policy_counter {
	policy_count_fn	*within;	/* NULL: not known */
	const void	*arg;
};

/*
 * What is known of a message.  Borrowed; absent text is empty.  At MAIL only
 * what is known by then: client, helo, mailfrom_domain, spf, spf_helo, iprev,
 * tls, spf_domain and spf_explanation.
 */
struct policy_facts {
	bool			 at_mail;	/* MAIL FROM: not the end */
	struct ipaddr		 client;
	struct slice		 helo;		/* canonical or empty */
	struct slice		 mailfrom_domain;	/* canonical or empty */
	struct slice		 from_domain;	/* canonical or empty; counts
						   when `from` is ok, sloppy */
	enum auth_result	 spf;
	enum auth_result	 spf_helo;
	bool			 spf_helo_checked;
	unsigned int		 dkim;	/* set, of all signatures; {none} if
					   there is none */
	/* The same of those whose d= is aligned with the Author Domain. */
	unsigned int		 dkim_aligned;
	enum auth_result	 dmarc;
	enum policy_dmarc	 dmarc_policy;
	bool			 dmarc_testing;	/* a record has t=y */
	enum mail_from_state	 from;
	/* Canonical, of all recipients, those without a name left out. */
	const struct slice	*recipient_domains;
	size_t			 recipient_domain_count;
	/* The DNS data of the identity that passed was authenticated. */
	bool			 dnssec;
	unsigned int		 tls;	/* set of enum policy_tls */
	struct slice		 auth_user;	/* or empty */
	/* A signature verifies that leaves part of the body, or a second
	   field of a name, unsigned. */
	bool			 dkim_partial;
	bool			 dkim_doubled;
	/* From names domains (`claimed`); one of them is ours, or one whose
	   policy counts as reject. */
	bool			 claimed;
	bool			 own_domain;
	bool			 enforce_anyway;
	enum auth_result	 arc;
	/* A trusted sealer says that From passed DMARC. */
	bool			 arc_trusted;
	/* Canonical: who made the last seal of a chain that passes. */
	struct slice		 arc_sealer;
	enum auth_result	 iprev;
	bool			 iprev_checked;
	/* Of the signature seen most: from so many networks, or for so many
	   recipients, whichever is more. */
	struct policy_counter	 replay;
	/* {"yes", its name}, {"no"} or {"unknown"}; count 0: not known, as at
	   MAIL. */
	struct slice		 forwarder[2];
	size_t			 forwarder_count;
	/* A known forwarder breaks SPF by design: fail and softfail count for
	   nothing. */
	bool			 spf_excused;
	/* For reply texts. */
	struct slice		 spf_domain;
	struct slice		 spf_explanation;
};

struct policy_decision {
	enum policy_action		 action;
	const struct policy_rule	*rule;	/* NULL: no rule matched */
	/* The first rule with `observe` that matched before, or NULL. */
	const struct policy_rule	*observed;
	/* `rule` would defer, but its at_most is over: accept instead (see
	   deferral_limit() in policy/deferral.h). */
	bool				 deferral_over;
};

const char	*policy_action_name(enum policy_action a);
/*
 * A condition on something that is not known (no client address, HELO not
 * checked, no domain, no DMARC record) does not match.  When no rule decides:
 * accept.  At MAIL only rules of that stage are looked at, at the end all.
 */
void	policy_decide(const struct policy *p, const struct policy_facts *f,
	    struct policy_decision *out);
/*
 * What a policy would do that does not rule, with all facts of the end: a
 * rule of the stage MAIL that refuses or defers comes first, as it would.  At
 * MAIL, where the other policy has decided, `rule` is NULL when nothing is
 * known.  No time of at_most is looked at.
 */
void	policy_observe(const struct policy *p, const struct policy_facts *f,
	    struct policy_decision *out);
/*
 * Is there a rule to be looked at before DATA?  `*needs_dns`: at least one of
 * them asks for a result that rests upon DNS (SPF, iprev), or shows one in its
 * reply, so that it pays to wait for it there.
 */
bool	policy_has_mail_stage(const struct policy *p, bool *needs_dns);
/* Does a rule ask for the condition of that name? */
bool	policy_asks(const struct policy *p, const char *condition);
/*
 * Does `a` match everything that `b` matches?  Then `b` after `a` never
 * decides.
 * May be false although it is so: networks and patterns are only compared
 * one by one.
 */
bool	policy_rule_covers(const struct policy_rule *a,
	    const struct policy_rule *b);

/*
 * The SMTP reply of a decision to reject or to defer: code, enhanced code
 * and text, by the rule's template or by default after what it matched (RFC
 * 7372: 5.7.23 spf fail, 5.7.24 spf permerror, 4.7.24 spf temperror, 5.7.20
 * no passing dkim, 5.7.22 none that is aligned, 5.7.26 more than one failed;
 * RFC 9989 7.2: 5.7.1 and the word DMARC; else 5.7.1 / 4.7.1).
 *
 * A template is "[CODE [ENHANCED]] TEXT"; what is left out is the default.
 * In TEXT there may be variables: %{NAME} for each condition, %{rule},
 * %{spf-domain} and %{spf-explanation}; "%%" is one "%".  What is not known
 * (yet) is "(none)".
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
/* Does a template show what rests upon DNS and is known at MAIL? */
bool	policy_reply_needs_dns(struct slice reply);
/* The names of the variables, from 0; NULL after the last one. */
const char	*policy_reply_variable(size_t i);

#endif
