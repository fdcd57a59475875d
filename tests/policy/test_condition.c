/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of conditions: complete, in the words of others, in the manual. */
#include "policy/condition.h"

#include "tests/tap.h"

static char *
load_manual(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *text = calloc(1, 1 << 20);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/doc/assay.yaml.5",
	    top != NULL ? top : ".");
	f = fopen(path, "rb");
	if (f == NULL || text == NULL ||
	    fread(text, 1, (1 << 20) - 1, f) == 0) {
		printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	(void)fclose(f);
	return text;
}

static bool
is_set(const struct policy_condition *c)
{
	return c->kind == POLICY_WORDS || c->kind == POLICY_YES_NO;
}

static void
test_rows(void)
{
	const struct policy_condition *c;

	for (c = policy_conditions; c->name != NULL; c++) {
		ok(policy_condition_find(slice_str(c->name)) == c,
		    "%s: the only one of its name", c->name);
		ok(c->get != NULL && c->text != NULL && c->text[0] != '\0',
		    "%s: has a getter and a text", c->name);
		ok((is_set(c) ? c->words != NULL : c->words == NULL ||
		    c->kind == POLICY_TEXTS) && is_set(c) == (c->count == 0),
		    "%s: has what its kind needs", c->name);
	}
	is_num(c - policy_conditions, POLICY_CONDITIONS, "rows");
	ok(policy_condition_find(SLICE("spff")) == NULL &&
	    policy_condition_find(SLICE("")) == NULL, "no such condition");
}

/* The octets of a rule that belong to a condition. */
static void
mark(bool *used, size_t from, size_t size, const char *name)
{
	size_t i;
	bool twice = false;

	for (i = from; i < from + size; i++) {
		twice = twice || used[i];
		used[i] = true;
	}
	ok(!twice, "%s: a member of its own", name);
}

/* A member of struct policy_rule that no row reads is forgotten. */
static void
test_members(void)
{
	static bool used[sizeof(struct policy_rule)];
	const struct policy_condition *c;
	size_t i, gap = 0;

	for (c = policy_conditions; c->name != NULL; c++) {
		mark(used, c->member, is_set(c) ? sizeof(unsigned int) :
		    sizeof(void *), c->name);
		if (!is_set(c))
			mark(used, c->count, sizeof(size_t), c->name);
	}
	/* At most the padding before the first pointer. */
	for (i = offsetof(struct policy_rule, spf); i < sizeof(used); i++)
		gap += !used[i];
	ok(gap < sizeof(unsigned int) + 1, "no member without a row (%zu "
	    "octets)", gap);
}

/* The words are those that others use for the same values. */
static const char *
name_of(const char *condition, unsigned int value)
{
	if (strcmp(condition, "from") == 0)
		return mail_from_state_name((enum mail_from_state)value);
	return auth_result_name((enum auth_result)value);
}

static void
test_words(void)
{
	static const char *const named[] = { "spf", "spf-helo", "dkim",
	    "dkim-aligned", "dmarc", "from", "arc", "iprev" };
	const struct policy_word *w;
	size_t i;

	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		w = policy_condition_find(slice_str(named[i]))->words;
		for (; w->word != NULL; w++)
			is_str(w->word, name_of(named[i], w->value),
			    named[i]);
	}
}

/* ".It Ic NAME : Ar results", and all words up to the next condition. */
static void
check_manual(const struct policy_condition *c, const char *conditions)
{
	const struct policy_word *w;
	char item[64], *text;
	const char *at, *end;

	(void)snprintf(item, sizeof(item), "\n.It Ic %s : ", c->name);
	at = strstr(conditions, item);
	if (!ok(at != NULL, "assay.yaml(5) has %s", c->name))
		return;
	end = strstr(at + 1, "\n.It Ic ");
	text = strndup(at, end != NULL ? (size_t)(end - at) : strlen(at));
	if (text == NULL)
		abort();
	if (c->kind == POLICY_YES_NO)
		ok(strstr(text, " Ar boolean") != NULL, "%s: boolean",
		    c->name);
	else if (c->kind == POLICY_NETWORKS)
		ok(strstr(text, " Ar networks") != NULL, "%s: networks",
		    c->name);
	else if (c->kind == POLICY_DOMAINS)
		ok(strstr(text, " Ar patterns") != NULL, "%s: patterns",
		    c->name);
	else if (c->kind == POLICY_TEXTS)
		ok(strstr(text, " Ar names") != NULL, "%s: names", c->name);
	else if (c->kind == POLICY_RATES)
		ok(strstr(text, " Ar rates") != NULL, "%s: rates", c->name);
	/* These two have the words of the one in front. */
	else if (strcmp(c->name, "spf-helo") != 0 &&
	    strcmp(c->name, "dkim-aligned") != 0)
		for (w = c->words; w->word != NULL; w++)
			ok(strstr(text, w->word) != NULL, "%s: %s", c->name,
			    w->word);
	free(text);
}

static void
test_manual(void)
{
	const struct policy_condition *c;
	char *manual = load_manual(), *from, *to, item[64];

	from = strstr(manual, ".Ss Conditions");
	to = from != NULL ? strstr(from, ".Ss Replies") : NULL;
	ok(to != NULL, "assay.yaml(5) has the conditions");
	if (to == NULL)
		return;
	*to = '\0';
	for (c = policy_conditions; c->name != NULL; c++)
		check_manual(c, from);
	/* Those of stage: mail are named there. */
	from = strstr(manual, "\n.It Ic stage : ");
	to = from != NULL ? strstr(from, ".Cm accept , reject") : NULL;
	if (to != NULL)
		*to = '\0';
	for (c = policy_conditions; c->name != NULL && to != NULL; c++) {
		(void)snprintf(item, sizeof(item), "\n.Ic %s", c->name);
		ok((strstr(from, item) != NULL) ==
		    (c->known != POLICY_KNOWN_END),
		    "stage: mail: %s", c->name);
	}
	free(manual);
}

/* ---- what was found ---- */

static const char *
shown(const char *name, const struct policy_facts *f)
{
	static char text[64];

	policy_condition_show(policy_condition_find(slice_str(name)), f, text,
	    sizeof(text));
	return text;
}

static void
test_show(void)
{
	const struct slice names[] = { SLICE("a.example"), SLICE(""),
		SLICE("b.example") };
	const struct slice *none = &names[1];
	struct policy_facts f = { .dkim = 1u << AUTH_PASS | 1u << AUTH_FAIL,
		.recipient_domains = names, .recipient_domain_count = 3,
		.from = MAIL_FROM_MULTIPLE, .from_domain = SLICE("x.example") };

	is_str(shown("dkim", &f), "pass,fail", "several words");
	is_str(shown("recipient-domain", &f), "a.example,b.example",
	    "several names");
	is_str(shown("from-domain", &f), "(none)", "not the one to go by");
	is_str(shown("client", &f), "(none)", "no address");
	f.recipient_domains = none;
	f.recipient_domain_count = 1;
	is_str(shown("recipient-domain", &f), "(none)", "no name");
}

int
main(void)
{
	test_rows();
	test_members();
	test_words();
	test_manual();
	test_show();
	return tap_done();
}
