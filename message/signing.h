/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: which messages are signed, and with which keys.
 *
 * The keys of one configuration, loaded once; immutable but for a note of
 * which keys signed last, so that a rotation is logged.  Only mail of ours
 * may be signed (RFC 6376 section 5.1): that the caller has made sure of.
 */
#ifndef MESSAGE_SIGNING_H
#define MESSAGE_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "dkim/sign.h"
#include "mail/address.h"
#include "resolver/resolver.h"

struct signing;

/*
 * Loads all keys that the configuration names, also those whose time has not
 * come, and the one that seals.  `config` is borrowed and outlives it.  On
 * failure NULL, and `why` says "FILE:LINE:COLUMN: ...", the place that names
 * the key.
 */
struct signing	*signing_load(const struct config *config, char *why,
		    size_t why_size);
/* One more owner, for whom signing_free() is due as well.  NULL is
   harmless. */
struct signing	*signing_ref(struct signing *s);
/* The last owner wipes the keys.  NULL is harmless. */
void		 signing_free(struct signing *s);

enum signing_state {
	SIGNING_NO_RULE,	/* not a domain that we sign for */
	SIGNING_READY,
	SIGNING_NO_FROM,	/* no From field, none that can be read, or
				   several (8.15): never signed */
	SIGNING_SEEN_BEFORE,	/* it came from outside before */
	SIGNING_DONE_BEFORE,	/* by all of these keys */
	SIGNING_NOT_HIS,	/* the user may not use this From */
	SIGNING_NO_KEY,		/* no key of the rule signs at this time */
	SIGNING_FAILED		/* memory or OpenSSL */
};
/* "the From field cannot be read" ...; NULL for SIGNING_READY. */
const char	*signing_problem(enum signing_state state);

/* A signature should be there, or may have to be, and is not: the setting
   `unsigned` decides. */
bool		 signing_is_missed(enum signing_state state);

/* Is there a rule to sign by?  A key that seals is none. */
bool		 signing_has_rules(const struct signing *s);
/* The key that seals.  False: nothing is sealed. */
bool		 signing_sealer(const struct signing *s,
		    struct dkim_sign_key *out);

/* What is signed, and with what. */
struct signing_plan {
	enum signing_state		 state;
	const struct config_sign	*rule;
	struct dkim_sign_options	 options;
	struct dkim_sign_key		*keys;	/* from the arena */
	struct keydir_choice		*held;	/* keys of a folder, or NULL */
};

/* Before the arena is freed, and after the signer: lets go of its keys. */
void	signing_release(struct signing_plan *plan);

/* Borrowed; `from` outlives the plan. */
struct signing_facts {
	const struct mail_header	*header;
	const struct mail_from		*from;
	bool				 null_sender;	/* MAIL FROM:<> */
	struct slice			 envelope;	/* its domain, or "" */
	struct slice			 host;	/* authserv-id */
	bool				 authenticated;	/* SMTP AUTH */
	struct slice			 user;	/* who did; empty: not known */
	int64_t				 now;	/* seconds since the Epoch */
};

/*
 * Decides by the From domain, or what else a rule goes by, and by the
 * signatures that the header has already.  A bounce of this host, whose From
 * no rule has, is for the first rule with `null_sender`: From may name d=,
 * what is below it, this host, or no domain at all.  The plan is the arena's.
 */
void	signing_choose(struct signing *s, const struct signing_facts *f,
	    struct arena *arena, struct signing_plan *out);

/*
 * Reads again what has changed of the files of users, and logs it; one that is
 * wrong changes nothing.  One thread at a time.
 */
void	signing_follow(const struct signing *s);

/* One key, what the DNS says of it, and when it signs. */
struct signing_check {
	const struct config_sign	*rule;
	const struct config_sign_key	*key;
	/* "s1._domainkey.example.org"; empty: d= is known only when a
	   message comes (pattern without identity). */
	const char			*name;
	enum dkim_key_match		 match;
	const char			*problem;	/* static or NULL */
	bool				 due;	/* it is to sign now, by its
						   dates */
	bool				 now;	/* it signs now: see below */
	/* It is due and another one still signs, that is this one. */
	const struct config_sign_key	*instead;
};
typedef void signing_check_fn(void *arg, const struct signing_check *c);

/*
 * When the records are to be looked up again, seconds since the Epoch: before
 * a key begins to sign, soon when the record of one that signs is not there,
 * and each hour.
 */
int64_t	signing_next_check(const struct signing *s, int64_t now);

/*
 * Looks up the record of every key, or of those of the rule `only`, and says to
 * `fn` how it compares with the private one (the pre-flight); `fn` may be
 * NULL.  Waits for DNS, `deadline_ms` at most.  What is found is remembered: a
 * key whose record is not there does not take over from one whose record is,
 * and `now` says what comes of that.
 * One thread at a time for one configuration.
 */
void	signing_preflight(const struct signing *s,
	    const struct config_sign *only, struct resolver *resolver,
	    int64_t now, unsigned int deadline_ms, signing_check_fn *fn,
	    void *arg);
/*
 * The same for those keys of folders that have signed of late, as far as their
 * time has come; `fn` hears of what is new.  Their number is bounded, so this
 * is called often.  One thread at a time.
 */
void	signing_look_up(const struct signing *s, struct resolver *resolver,
	    int64_t now, unsigned int deadline_ms, signing_check_fn *fn,
	    void *arg);
/*
 * Counts the keys in folders and reads some: `fn` gets a line for each folder,
 * and one for each key that cannot be used (`bad`).  False: a folder cannot be
 * read, see `why`.  As signing_load() for who reads them.
 */
typedef void	signing_survey_fn(void *arg, bool bad, const char *text);
bool	signing_survey(const struct signing *s, signing_survey_fn *fn,
	    void *arg, char *why, size_t why_size);
/* Keys of folders that are kept parsed now. */
size_t	signing_kept(const struct signing *s);

/*
 * Is the record of key number `key` of a rule in DNS, as the last preflight
 * has seen it?  1: yes, for each d= of the rule; 0: one is missing, or of
 * another key; -1: not known.
 */
int	signing_key_published(const struct signing *s,
	    const struct config_sign *rule, size_t key);

/* The sentence for a log line or a terminal, with a remedy if there is one. */
void	signing_check_text(const struct signing_check *c, char *out,
	    size_t size);

#endif
