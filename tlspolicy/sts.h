/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sts: MTA-STS (RFC 8461), the record in DNS and the policy.
 *
 * Pure: who fetches a policy, and when, is not known here.
 */
#ifndef TLSPOLICY_STS_H
#define TLSPOLICY_STS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/domain.h"
#include "base/slice.h"
#include "resolver/dns.h"

/* ---- the record, section 3.1 ---- */

#define STS_ID_MAX	32

enum sts_found {
	STS_RECORD_FOUND,
	STS_RECORD_NONE,	/* none, several, or a bad one: no policy */
	STS_RECORD_UNKNOWN	/* DNS did not say: a failure, or no memory */
};

struct sts_record {
	enum sts_found	found;
	char		id[STS_ID_MAX + 1];
	const char	*problem;	/* static; NULL: found, or just none */
};

/* "_mta-sts.DOMAIN"; false when that is too long to ask. */
bool	sts_record_name(struct slice domain, struct domain *out);
/* "mta-sts.DOMAIN", where the policy is; the same. */
bool	sts_policy_host(struct slice domain, struct domain *out);
#define STS_POLICY_PATH	"/.well-known/mta-sts.txt"

/* The answer to the TXT question for sts_record_name(). */
void	sts_record_read(const struct dns_answer *answer,
	    struct sts_record *out);
/*
 * One text.  False: it does not begin as a record of this version, and is
 * ignored.  True: out->found and out->problem say what it is.
 */
bool	sts_record_parse(struct slice text, struct sts_record *out);

/* ---- the policy, section 3.2 ---- */

enum sts_mode { STS_MODE_NONE, STS_MODE_TESTING, STS_MODE_ENFORCE };

struct sts_policy {
	enum sts_mode		 mode;
	uint32_t		 max_age;	/* s; LIMIT_STS_MAX_AGE */
	size_t			 mx_count;	/* 0 only for mode none */
	/* Canonical names, "mx.example.com" or "*.example.com" */
	const struct slice	*mx;
};

enum sts_parsed { STS_PARSED, STS_INVALID, STS_NO_MEMORY };

/*
 * Reads what a policy host has sent; all of `out` is in the arena.  Not more
 * than LIMIT_STS_POLICY octets and LIMIT_STS_MX names.  STS_INVALID:
 * `*problem` is a static sentence.
 */
enum sts_parsed	sts_policy_parse(struct slice body, struct arena *arena,
		    struct sts_policy *out, const char **problem);
/* A copy in one block, for mem_free(); NULL: no memory. */
struct sts_policy	*sts_policy_copy(const struct sts_policy *p);
size_t			 sts_policy_size(const struct sts_policy *p);

/* "none", "testing", "enforce" */
const char	*sts_mode_name(enum sts_mode m);

/*
 * Section 4.1: `host`, canonical, is what a pattern says, whose "*" is one
 * label and not none.
 */
bool	sts_pattern_matches(struct slice pattern, struct slice host);
/* The pattern of the policy that does; NULL: none. */
const struct slice	*sts_policy_match(const struct sts_policy *p,
			    struct slice host);

#endif
