/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: the keys and rules of a configuration, loaded and let go.
 */
#include "message/signing_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "event/log.h"

struct signing *
signing_ref(struct signing *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void
signing_free(struct signing *s)
{
	size_t i, k;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (i = 0; i < s->count; i++) {
		for (k = 0; s->rules[i].keys != NULL &&
		    k < s->rules[i].rule->key_count; k++)
			if (s->rules[i].keys[k].key != NULL)
				dkim_private_key_free(
				    s->rules[i].keys[k].key);
		mem_free(s->rules[i].keys);
		keydir_free(s->rules[i].folder);
		userfile_free(s->rules[i].users);
	}
	mem_free(s->rules);
	mem_free(s);
}

/* The file may be wrong, or memory be short. */
static bool
load_users(struct loaded_rule *r, char *why, size_t why_size)
{
	char problem[512] = "no memory for users";

	if (r->rule->for_user == NULL)
		return true;
	r->users = userfile_new(r->rule->for_user, problem, sizeof(problem));
	if (r->users == NULL)
		snprintf(why, why_size, "%s:%u: for-user: %s", r->rule->path,
		    r->rule->line, problem);
	return r->users != NULL;
}

static bool
load_folder(struct loaded_rule *r, char *why, size_t why_size)
{
	const struct config_sign_directory *c = &r->rule->directory;
	char problem[512];

	r->folder = keydir_new(c, problem, sizeof(problem));
	if (r->folder == NULL)
		snprintf(why, why_size, "%s:%u:%u: %s: %s", r->rule->path,
		    c->line, c->column, c->path, problem);
	return r->folder != NULL;
}

static bool
load_rule(struct loaded_rule *r, char *why, size_t why_size)
{
	const struct config_sign_key *key;
	char problem[512];
	size_t k;

	if (r->rule->directory.path != NULL)
		return load_folder(r, why, why_size);
	r->keys = mem_array(r->rule->key_count, sizeof(*r->keys));
	if (r->keys == NULL) {
		snprintf(why, why_size, "no memory for keys");
		return false;
	}
	for (k = 0; k < r->rule->key_count; k++) {
		key = &r->rule->keys[k];
		r->keys[k].key = dkim_private_key_read(key->file, problem,
		    sizeof(problem));
		if (r->keys[k].key == NULL) {
			snprintf(why, why_size, "%s:%u:%u: %s: %s",
			    r->rule->path, key->line, key->column, key->file,
			    problem);
			return false;
		}
	}
	return true;
}

/* RFC 8617: others verify RSA only, and a set has room for one seal. */
static bool
load_sealer(struct loaded_rule *r, char *why, size_t why_size)
{
	r->seals = true;
	if (!load_rule(r, why, why_size))
		return false;
	if (dkim_private_key_type(r->keys[0].key) == DKIM_KEY_RSA)
		return true;
	snprintf(why, why_size, "%s:%u:%u: %s: seals are made with RSA keys "
	    "only", r->rule->path, r->rule->keys[0].line,
	    r->rule->keys[0].column, r->rule->keys[0].file);
	return false;
}

static bool
load_next(struct signing *s, const struct config_sign *rule, bool seals,
    char *why, size_t why_size)
{
	struct loaded_rule *r = &s->rules[s->count++];

	r->rule = rule;
	atomic_init(&r->mask, SIGNING_MASK_UNKNOWN);
	atomic_init(&r->warned, 0);
	if (seals)
		return load_sealer(r, why, why_size);
	return load_rule(r, why, why_size) && load_users(r, why, why_size);
}

struct signing *
signing_load(const struct config *config, char *why, size_t why_size)
{
	struct signing *s = mem_alloc(sizeof(*s));
	bool good = true;
	size_t i;

	if (s != NULL)
		s->rules = mem_array(config->sign_count + 1,
		    sizeof(*s->rules));
	if (s == NULL || s->rules == NULL) {
		snprintf(why, why_size, "no memory for keys");
		mem_free(s);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	for (i = 0; i < config->sign_count && good; i++)
		good = load_next(s, &config->sign[i], false, why, why_size);
	if (good && config->seal.given)
		good = load_next(s, &config->seal.rule, true, why, why_size);
	if (good)
		return s;
	signing_free(s);
	return NULL;
}

bool
signing_has_rules(const struct signing *s)
{
	return s != NULL && s->count > 0 && !s->rules[0].seals;
}

bool
signing_sealer(const struct signing *s, struct dkim_sign_key *out)
{
	const struct loaded_rule *last;

	if (s == NULL || s->count == 0)
		return false;
	last = &s->rules[s->count - 1];
	if (!last->seals)
		return false;
	out->selector = last->rule->keys[0].selector;
	out->key = last->keys[0].key;
	return true;
}

bool
signing_is_missed(enum signing_state state)
{
	return state == SIGNING_NO_FROM || state == SIGNING_NO_KEY ||
	    state == SIGNING_FAILED;
}

const char *
signing_problem(enum signing_state state)
{
	switch (state) {
	case SIGNING_NO_FROM:
		return "From is absent, repeated or cannot be read";
	case SIGNING_SEEN_BEFORE:
		return "it has our Authentication-Results field, so it first "
		    "came from outside";
	case SIGNING_DONE_BEFORE:
		return "it has our signature already";
	case SIGNING_NOT_HIS:
		return "the authenticated user may not use this From";
	case SIGNING_NO_KEY:
		return "no key signs at this time";
	case SIGNING_FAILED:
		return "memory or OpenSSL failed";
	case SIGNING_NO_RULE:
		return "no rule of sign has the domain in From";
	case SIGNING_READY:
		break;
	}
	return NULL;
}

void
signing_follow(const struct signing *s)
{
	char why[512];
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->rules[i].users == NULL)
			continue;
		switch (userfile_follow(s->rules[i].users, why,
		    sizeof(why))) {
		case USERFILE_TAKEN:
			log_line(CONFIG_LOG_INFO, "%s has changed and "
			    "is now used", s->rules[i].rule->for_user);
			break;
		case USERFILE_REFUSED:
			log_line(CONFIG_LOG_ERROR, "%s; the previous list is "
			    "still used", why);
			break;
		case USERFILE_SAME:
			break;
		}
	}
}

size_t
signing_kept(const struct signing *s)
{
	size_t i, count = 0;

	for (i = 0; s != NULL && i < s->count; i++)
		if (s->rules[i].folder != NULL)
			count += keydir_count(s->rules[i].folder);
	return count;
}

struct survey {
	signing_survey_fn	*fn;
	void			*arg;
};

/* A keydir_problem_fn. */
static void
tell_problem(void *arg, const char *text)
{
	const struct survey *s = arg;

	s->fn(s->arg, true, text);
}

bool
signing_survey(const struct signing *s, signing_survey_fn *fn, void *arg,
    char *why, size_t why_size)
{
	struct survey survey = { .fn = fn, .arg = arg };
	const struct config_sign_directory *c;
	struct keydir_survey sum;
	char text[1024], problem[256];
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->rules[i].folder == NULL)
			continue;
		c = &s->rules[i].rule->directory;
		if (!keydir_survey(s->rules[i].folder, &sum, tell_problem,
		    &survey, problem, sizeof(problem))) {
			snprintf(why, why_size, "%s:%u:%u: %s: %s",
			    s->rules[i].rule->path, c->line, c->column,
			    c->path, problem);
			return false;
		}
		snprintf(text, sizeof(text), "keys in %s: %zu, of which %zu "
		    "were read and %zu cannot be used; their records are "
		    "looked up when they sign", c->path, sum.keys,
		    sum.checked, sum.bad);
		fn(arg, false, text);
	}
	return true;
}
