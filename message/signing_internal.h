/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of signing share: the keys and rules of a configuration.
 * signing.c loads them, signing_choose.c picks those of a message,
 * signing_records.c compares them with their records in DNS.
 */
#ifndef MESSAGE_SIGNING_INTERNAL_H
#define MESSAGE_SIGNING_INTERNAL_H

#include <stdatomic.h>

#include "message/keydir_internal.h"
#include "message/signing.h"
#include "message/userfile_internal.h"

#define SIGNING_WARN_SECONDS	3600	/* between warnings of a rotation */
#define SIGNING_MASK_UNKNOWN	UINT64_MAX	/* nothing was signed yet */

/* What DNS says of a key's records. */
enum published {
	PUBLISHED_UNKNOWN,	/* not looked up, no answer, or d= depends on
				   the message */
	PUBLISHED_YES,		/* all of them fit */
	PUBLISHED_NO		/* one is not there, or is of another key */
};

struct loaded_key {
	struct dkim_private_key	*key;
	atomic_int		 published;
	enum published		 worst;	/* of a lookup in progress */
};

struct loaded_rule {
	const struct config_sign	 *rule;
	struct loaded_key		 *keys;	/* as rule->keys */
	struct keydir			 *folder;	/* instead of `keys` */
	bool				  seals;	/* signs nothing */
	struct userfile			 *users;	/* NULL: for all */
	_Atomic int64_t			  warned;	/* of a rotation */
	/* Bit i: keys[i] signed the latest message of this rule. */
	_Atomic uint64_t		  mask;
};

struct signing {
	atomic_uint		 refs;
	struct loaded_rule	*rules;
	size_t			 count;
};

static inline bool
signing_key_is_due(const struct config_sign_key *key, int64_t now)
{
	return key->from <= now && now < key->until;
}

static inline bool
signing_is_published(const struct loaded_rule *r, size_t k,
    enum published want)
{
	return atomic_load_explicit(&r->keys[k].published,
	    memory_order_relaxed) == (int)want;
}

/*
 * A rotation waits for the record of the key that is to begin: until then
 * the one before it signs on, if its own record is there.  Returns that key,
 * or key_count when all is as the configuration says.
 */
size_t	signing_held_back(const struct loaded_rule *r, int64_t now);

#endif
