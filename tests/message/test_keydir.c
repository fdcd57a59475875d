/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/keydir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "message/keylayout_internal.h"
#include "tests/tap.h"

#define NOW INT64_C(1800000000)

static char folder[3000], key_path[3100];

static void
write_key(const char *path)
{
	struct dkim_private_key *k =
	    dkim_private_key_generate(DKIM_KEY_ED25519, 0);
	char why[256];

	if (k == NULL || !dkim_private_key_write(k, path, why, sizeof(why)))
		perror(path);
	dkim_private_key_free(k);
}

/* A key for a domain, `age` seconds old: a link to the one that there is. */
static void
put(const char *domain, const char *selector, int age)
{
	struct timespec times[2] = { { .tv_sec = NOW - age },
		{ .tv_sec = NOW - age } };
	char path[PATH_MAX + 300];

	snprintf(path, sizeof(path), "%s/%s", folder, domain);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		perror(path);
	snprintf(path, sizeof(path), "%s/%s/%s.pem", folder, domain,
	    selector);
	if (age == 0) {
		if (link(key_path, path) != 0)
			perror(path);
		return;
	}
	write_key(path);
	if (utimensat(AT_FDCWD, path, times, 0) != 0)
		perror(path);
}

static struct config_sign_directory directory;

static struct keydir *
make(const char *layout)
{
	char why[512];
	struct keydir *d;

	directory = (struct config_sign_directory){ .path = folder,
		.layout = slice_str(layout) };
	d = keydir_new(&directory, why, sizeof(why));
	if (d == NULL)
		printf("# %s\n", why);
	return d;
}

static void
test_bounded(void)
{
	struct keydir *d = make("%{domain}/%{selector}.pem");
	struct keydir_choice choice;
	struct dkim_private_key *first = NULL;
	char domain[64];
	unsigned int i, ready = 0;

	for (i = 0; i <= LIMIT_KEYDIR_KEYS; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		put(domain, "s", 0);
		ready += keydir_choose(d, slice_str(domain), NOW, &choice) ==
		    KEYDIR_READY;
		if (i == 0 && choice.count == 1)
			first = dkim_private_key_ref(choice.keys[0]);
		keydir_release(&choice);
		if (i + 1 == LIMIT_KEYDIR_KEYS)
			ok(keydir_count(d) == LIMIT_KEYDIR_KEYS, "all that "
			    "fit are kept");
	}
	ok(ready == LIMIT_KEYDIR_KEYS + 1, "each domain signs");
	ok(keydir_count(d) == LIMIT_KEYDIR_KEYS, "one more: the bound holds");
	ok(first != NULL && dkim_private_key_type(first) == DKIM_KEY_ED25519,
	    "who has an evicted key may still use it");
	ok(keydir_choose(d, SLICE("d0.example"), NOW, &choice) ==
	    KEYDIR_READY && choice.keys[0] != first,
	    "the one used longest ago was dropped, and is read again");
	keydir_release(&choice);
	dkim_private_key_free(first);
	keydir_free(d);
}

/* Of eleven files the ten newest are looked at. */
static void
test_many_files(void)
{
	struct keydir *d = make("%{domain}/%{selector}.pem");
	struct keydir_choice choice;
	char selector[16];
	int i;

	for (i = 0; i < LIMIT_SIGN_KEYS; i++) {
		snprintf(selector, sizeof(selector), "s%d", i);
		put("many.example", selector, 100 + i);
	}
	ok(keydir_choose(d, SLICE("many.example"), NOW, &choice) ==
	    KEYDIR_READY && choice.count == 1, "ten files: one signs");
	is_str(choice.selectors[0].text, "s9", "the oldest of unknown ones");
	keydir_release(&choice);
	put("many.example", "s10", 110);
	(void)keydir_choose(d, SLICE("many.example"), NOW, &choice);
	is_str(choice.selectors[0].text, "s9", "an eleventh, older still");
	keydir_release(&choice);
	put("many.example", "s11", 99);
	(void)keydir_choose(d, SLICE("many.example"), NOW, &choice);
	is_str(choice.selectors[0].text, "s8", "an eleventh, newer");
	keydir_release(&choice);
	keydir_free(d);
}

/* Answers for all that is asked: the selector `fits`, or NULL for all. */
static size_t
answer(struct keydir *d, int64_t now, const char *fits, size_t *news)
{
	struct keydir_question asked[LIMIT_KEYDIR_ASKED];
	size_t count = keydir_ask(d, now, asked, LIMIT_KEYDIR_ASKED), i;

	*news = 0;
	for (i = 0; i < count; i++)
		*news += keydir_answer(d, &asked[i], fits == NULL ||
		    strcmp(asked[i].selector.text, fits) == 0 ?
		    DKIM_KEY_MATCHES : DKIM_KEY_ABSENT, now);
	return count;
}

static const char *
chosen(struct keydir *d, const char *domain, int64_t now)
{
	static struct domain selector;
	struct keydir_choice choice;

	selector.text[0] = '\0';
	if (keydir_choose(d, slice_str(domain), now, &choice) == KEYDIR_READY)
		selector = choice.selectors[0];
	keydir_release(&choice);
	return selector.text;
}

static void
test_rotation(void)
{
	struct keydir *d = make("%{domain}/%{selector}.pem");
	size_t news;

	put("turn.example", "old", 300);
	put("turn.example", "mid", 200);
	put("turn.example", "new", 100);
	is_str(chosen(d, "turn.example", NOW), "old", "nothing is known");
	ok(answer(d, NOW, "mid", &news) == 3 && news == 3, "three are asked");
	is_str(chosen(d, "turn.example", NOW), "mid", "the one that fits");
	ok(answer(d, NOW + 59, "mid", &news) == 0, "not again at once");
	ok(answer(d, NOW + 60, "mid", &news) == 2 && news == 0,
	    "after a minute those that do not fit; no news");
	ok(answer(d, NOW + 120, "new", &news) == 2 && news == 1,
	    "the newest is there");
	is_str(chosen(d, "turn.example", NOW + 120), "new", "it takes over");
	ok(answer(d, NOW + 3600, "nobody", &news) == 2 && news == 1,
	    "after an hour those that fitted; the record has gone");
	is_str(chosen(d, "turn.example", NOW + 3600), "new",
	    "one still fits");
	ok(answer(d, NOW + 3720, "nobody", &news) == 3 && news == 1,
	    "none fits");
	is_str(chosen(d, "turn.example", NOW + 3720), "new",
	    "none fits: the newest");
	ok(answer(d, NOW + 3720 + 3601, NULL, &news) == 0,
	    "a key that nobody has used for an hour is not asked");
	keydir_free(d);
}

static void
test_asked_at_once(void)
{
	struct keydir *d = make("%{domain}/%{selector}.pem");
	char domain[64];
	size_t news;
	unsigned int i;

	for (i = 0; i <= LIMIT_KEYDIR_ASKED; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		(void)chosen(d, domain, NOW);
	}
	ok(answer(d, NOW, NULL, &news) == LIMIT_KEYDIR_ASKED, "so many");
	ok(answer(d, NOW, NULL, &news) == 1, "and the rest");
	keydir_free(d);
}

static size_t problems;

static void
count_problem(void *arg, const char *text)
{
	(void)arg;
	(void)text;
	problems++;
}

static void
test_survey(void)
{
	struct keydir *d = make("%{domain}/%{selector}.pem");
	struct keydir_survey sum;
	char why[256], path[PATH_MAX + 64];

	ok(keydir_survey(d, &sum, count_problem, NULL, why, sizeof(why)),
	    "a survey");
	ok(sum.keys > LIMIT_KEYDIR_KEYS && sum.bad == 0 && problems == 0 &&
	    sum.checked == LIMIT_KEYDIR_CHECKED, "%zu keys, %zu read",
	    sum.keys, sum.checked);
	keydir_free(d);
	snprintf(path, sizeof(path), "%s/not-a-name!", folder);
	(void)mkdir(path, 0700);
	d = make("%{selector}.%{domain}.pem");
	ok(keydir_survey(d, &sum, count_problem, NULL, why, sizeof(why)) &&
	    sum.keys == 0, "none of that layout");
	keydir_free(d);
}

/* Each allocation fails in turn: never "no key". */
static void
test_memory(void)
{
	struct keydir *d;
	struct keydir_choice choice;
	enum keydir_status status;
	unsigned long after;
	bool good = true, hit = true;

	for (after = 0; hit && good; after++) {
		d = make("%{domain}/%{selector}.pem");
		mem_fail_after(after, 1);
		status = keydir_choose(d, SLICE("d1.example"), NOW, &choice);
		hit = mem_fail_hits() > 0;
		mem_fail_after(0, 0);
		good = status == KEYDIR_READY || (hit &&
		    status == KEYDIR_FAILED);
		keydir_release(&choice);
		keydir_free(d);
	}
	ok(good && after > 3, "memory: %lu points", after);
}

static void
find_in(struct keylayout *l, const char *domain, size_t want,
    const char *name)
{
	static struct keylayout_files files;

	ok(keylayout_find(l, slice_str(domain), &files) &&
	    files.count == want && files.error == 0, "%s: %zu", name,
	    files.count);
}

/* A folder with the keys of many domains: each change is seen at once. */
static void
test_shared(void)
{
	struct keylayout *l;
	char path[PATH_MAX + 64];
	int i;

	directory.layout = SLICE("all/%{domain}.%{selector}.pem");
	snprintf(path, sizeof(path), "%s/all", folder);
	(void)mkdir(path, 0700);
	l = keylayout_new(&directory);
	find_in(l, "a.example", 0, "empty");
	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/all/a.example.s%d.pem",
		    folder, i);
		if (link(key_path, path) != 0)
			perror(path);
		find_in(l, "a.example", i < LIMIT_SIGN_KEYS ? (size_t)i + 1 :
		    LIMIT_SIGN_KEYS, "one more");
	}
	snprintf(path, sizeof(path), "%s/all/a.example.b.c.pem", folder);
	if (link(key_path, path) != 0)
		perror(path);
	find_in(l, "a.example.b", 1, "the longest name has it");
	find_in(l, "example", 0, "not a part of a name");
	keylayout_free(l);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int
main(void)
{
	const char *top = getenv("top_builddir");

	snprintf(folder, sizeof(folder), "%s/assay-keydir.XXXXXX",
	    top != NULL ? top : ".");
	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(key_path, sizeof(key_path), "%s/key", folder);
	write_key(key_path);
	test_bounded();
	test_many_files();
	test_rotation();
	test_asked_at_once();
	test_survey();
	test_memory();
	test_shared();
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
