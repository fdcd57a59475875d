/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: what a rule can ask for, one row for each.
 *
 * A condition is a member of struct policy_rule, a fact of struct
 * policy_facts and a row of the table in condition.c.  From the row come its
 * key in the configuration, how it is matched, which condition covers which,
 * the variable of that name in a reply, and what the manual has to say.
 */
#ifndef POLICY_CONDITION_H
#define POLICY_CONDITION_H

#include "policy/policy.h"

/* How a condition is kept in a rule, and what is found. */
enum policy_kind {
	/* Any of some words: unsigned int, a set of their bits. */
	POLICY_WORDS,
	/* yes or no: unsigned int, a set with the bit of a bool. */
	POLICY_YES_NO,
	/* An address in any of some networks: struct ipnet * and count. */
	POLICY_NETWORKS,
	/* A name under any of some patterns: struct policy_pattern * and
	   count. */
	POLICY_DOMAINS,
	/* A text under any of some patterns (base/glob.h): struct slice *
	   and count.  With `words`: a word of these, or a name without "*". */
	POLICY_TEXTS,
	/* More than so many within a time, any of some: struct policy_rate *
	   and count. */
	POLICY_RATES
};

/* When it is known. */
enum policy_known {
	POLICY_KNOWN_END,	/* before the last reply */
	POLICY_KNOWN_MAIL,	/* at MAIL FROM already */
	POLICY_KNOWN_DNS	/* there, but DNS has to be waited for */
};

/* `value` is the number of the bit.  A list ends with a word of NULL. */
struct policy_word {
	const char	*word;
	unsigned int	 value;
};

/*
 * What was found of a message, by kind: a set (0: not known), an address (of
 * family IPADDR_NONE: not known), names (an empty one is not known), a
 * counter.
 * Borrowed from the facts.
 */
struct policy_found {
	unsigned int		 set;
	struct ipaddr		 client;
	const struct slice	*names;
	size_t			 name_count;
	struct policy_counter	 counter;
};
typedef void	policy_get_fn(const struct policy_facts *f,
		    struct policy_found *out);

struct policy_condition {
	const char			*name;
	enum policy_kind		 kind;
	enum policy_known		 known;
	/* Offsets in struct policy_rule; `count` is 0 for a set. */
	size_t				 member, count;
	const struct policy_word	*words;	/* of POLICY_WORDS, YES_NO,
						   and some TEXTS */
	policy_get_fn			*get;
	const char			*text;	/* one line for a person */
};

/* In the order of the manual; number POLICY_CONDITIONS has no name. */
#define POLICY_CONDITIONS 26
extern const struct policy_condition policy_conditions[POLICY_CONDITIONS + 1];

/* NULL: there is none of that name. */
const struct policy_condition	*policy_condition_find(struct slice name);
/* Does the rule ask for it? */
bool	policy_condition_asked(const struct policy_condition *c,
	    const struct policy_rule *r);
/* True when it is not asked for; false when it is and is not known. */
bool	policy_condition_matches(const struct policy_condition *c,
	    const struct policy_rule *r, const struct policy_facts *f);
/* As far as this condition goes: see policy_rule_covers(). */
bool	policy_condition_covers(const struct policy_condition *c,
	    const struct policy_rule *a, const struct policy_rule *b);
/*
 * What was found as text, cut to `size` - 1 octets: words or names with
 * commas between them, "(none)" when it is not known.
 */
void	policy_condition_show(const struct policy_condition *c,
	    const struct policy_facts *f, char *out, size_t size);

#endif
