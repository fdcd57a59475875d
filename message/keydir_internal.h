/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydir: signing keys in a folder, found when they are needed.
 *
 * Nothing is read at the start, whatever the number of domains.  The folder
 * is asked for each message, so that a key signs from the moment on at which
 * its file is there, and no longer than it is; what is kept of it is parsed
 * keys, LIMIT_KEYDIR_KEYS in all, the latest used.  They sign on while the
 * folder itself cannot be seen.
 *
 * Of the keys of a domain one of each type (RSA, Ed25519) signs: the one with
 * the newest file, once its record is known to be in the DNS; until then the
 * one before it.
 *
 * From any thread.  Memory that runs out is KEYDIR_FAILED, never "no key".
 */
#ifndef MESSAGE_KEYDIR_INTERNAL_H
#define MESSAGE_KEYDIR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "config/config.h"
#include "dkim/sign.h"

struct keydir;

/* `c` is borrowed.  NULL, and `why`, when the folder cannot be read, or
   everybody may write it. */
struct keydir	*keydir_new(const struct config_sign_directory *c, char *why,
		    size_t why_size);
/* NULL is harmless. */
void		 keydir_free(struct keydir *d);

enum keydir_status {
	KEYDIR_NONE,		/* no file for this domain */
	KEYDIR_UNUSABLE,	/* there are files, but no key; logged */
	KEYDIR_READY,
	KEYDIR_FAILED		/* memory or descriptors */
};

/* One of each type. */
#define KEYDIR_SIGNERS	2

struct keydir_choice {
	size_t			 count;
	struct domain		 selectors[KEYDIR_SIGNERS];
	struct dkim_private_key	*keys[KEYDIR_SIGNERS];	/* owned */
};

/* `domain` is canonical.  `now` in seconds since the Epoch. */
enum keydir_status	keydir_choose(struct keydir *d, struct slice domain,
			    int64_t now, struct keydir_choice *out);
void			keydir_release(struct keydir_choice *c);

/* A key whose record is to be looked up. */
struct keydir_question {
	struct domain		 selector, domain;
	struct dkim_private_key	*key;		/* owned */
	char			*path;		/* owned */
};
/*
 * Takes up to `max` keys whose time has come: those that were used in the
 * last hour, each hour when the record fits, else each minute.  The caller
 * gives each to keydir_answer(), which frees what it owns; `match` is
 * DKIM_KEY_UNKNOWN when nothing is known.  True when the log is to say it: an
 * answer that is other than the last.
 */
size_t	keydir_ask(struct keydir *d, int64_t now,
	    struct keydir_question *out, size_t max);
bool	keydir_answer(struct keydir *d, struct keydir_question *q,
	    enum dkim_key_match match, int64_t now);

/* Keys that are kept now. */
size_t	keydir_count(struct keydir *d);

struct keydir_survey {
	size_t	keys;
	size_t	checked, bad;	/* keys read, and not usable */
};
/*
 * For -t: counts what is there, and reads the first LIMIT_KEYDIR_CHECKED
 * keys; `fn` gets a sentence for each that cannot be used.  False: the folder
 * cannot be read, see `why`.
 */
typedef void	keydir_problem_fn(void *arg, const char *text);
bool	keydir_survey(struct keydir *d, struct keydir_survey *out,
	    keydir_problem_fn *fn, void *arg, char *why, size_t why_size);

#endif
