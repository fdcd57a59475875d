/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/resolvconf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

#define LONG	20000	/* ms, when a change is to be seen */
#define SHORT	300	/* ms, when none is */

static char folder[] = "/tmp/assay-resolvconf.XXXXXX";

/* Good until two more are made; `watched` stays. */
static const char *
in_folder(const char *name)
{
	static char paths[2][PATH_MAX];
	static int next;

	next = 1 - next;
	(void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", folder,
	    name);
	return paths[next];
}

static char watched[PATH_MAX];

static void
watch(struct resolvconf *w, const char *name)
{
	(void)snprintf(watched, sizeof(watched), "%s", in_folder(name));
	resolvconf_open(w, watched);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");

	if (f == NULL)
		abort();
	(void)fputs(text, f);
	(void)fclose(f);
}

static void
link_to(const char *target, const char *name)
{
	if (symlink(target, in_folder(name)) != 0)
		abort();
}

static void
test_plain(void)
{
	struct resolvconf w;

	put("r", "nameserver 192.0.2.1\n");
	watch(&w, "r");
	ok(!resolvconf_wait(&w, SHORT), "nothing has changed");
	put("other", "x");
	ok(!resolvconf_wait(&w, SHORT), "another file");
	put("r", "nameserver 192.0.2.2\n");
	ok(resolvconf_wait(&w, LONG), "written in place");
	ok(!resolvconf_wait(&w, SHORT), "once");
	put("new", "nameserver 192.0.2.3\n");
	(void)rename(in_folder("new"), in_folder("r"));
	ok(resolvconf_wait(&w, LONG), "replaced");
	put("r", "nameserver 192.0.2.4\n");
	ok(resolvconf_wait(&w, LONG), "and written");
	(void)unlink(in_folder("r"));
	ok(resolvconf_wait(&w, LONG), "removed");
	put("r", "nameserver 192.0.2.5\n");
	ok(resolvconf_wait(&w, LONG), "there again");
	resolvconf_close(&w);
	(void)unlink(in_folder("r"));
}

static void
test_link(void)
{
	struct resolvconf w;

	(void)mkdir(in_folder("run"), 0755);
	(void)mkdir(in_folder("run2"), 0755);
	put("run/stub", "nameserver 192.0.2.1\n");
	put("run2/stub", "nameserver 192.0.2.1\n");
	link_to("run/stub", "r");
	watch(&w, "r");
	ok(!resolvconf_wait(&w, SHORT), "a link: nothing has changed");
	put("run/stub", "nameserver 192.0.2.2\n");
	ok(resolvconf_wait(&w, LONG), "its target is written");
	put("run/new", "nameserver 192.0.2.3\n");
	(void)rename(in_folder("run/new"), in_folder("run/stub"));
	ok(resolvconf_wait(&w, LONG), "its target is replaced");
	link_to("run2/stub", "l");
	(void)rename(in_folder("l"), in_folder("r"));
	ok(resolvconf_wait(&w, LONG), "it leads elsewhere");
	put("run2/new", "nameserver 192.0.2.3\n");
	(void)rename(in_folder("run2/new"), in_folder("run2/stub"));
	ok(resolvconf_wait(&w, LONG), "and what is there is replaced");
	resolvconf_close(&w);
	(void)unlink(in_folder("r"));
}

static void
test_absent(void)
{
	struct resolvconf w;

	watch(&w, "absent");
	ok(!resolvconf_wait(&w, SHORT), "no file");
	put("absent", "nameserver 192.0.2.1\n");
	ok(resolvconf_wait(&w, LONG), "it comes");
	resolvconf_close(&w);
	ok(resolvconf_wait(&w, 1), "without inotify: looked at each time");
}

/* A link of one name to another one, whose file comes and goes. */
static void
test_dangling(void)
{
	struct resolvconf w;

	(void)mkdir(in_folder("run"), 0755);
	link_to("run/later/stub", "r");
	watch(&w, "r");
	ok(!resolvconf_wait(&w, SHORT), "it leads to nothing");
	(void)mkdir(in_folder("run/later"), 0755);
	ok(resolvconf_wait(&w, LONG), "a folder on the way comes");
	put("run/later/stub", "nameserver 192.0.2.1\n");
	ok(resolvconf_wait(&w, LONG), "then the file");
	(void)unlink(in_folder("run/later/stub"));
	ok(resolvconf_wait(&w, LONG), "the file goes");
	put("run/later/stub", "nameserver 192.0.2.2\n");
	ok(resolvconf_wait(&w, LONG), "and comes again");
	(void)unlink(in_folder("run/later/stub"));
	(void)rmdir(in_folder("run/later"));
	ok(resolvconf_wait(&w, LONG), "its folder goes, too");
	(void)mkdir(in_folder("run/later"), 0755);
	put("run/later/stub", "nameserver 192.0.2.3\n");
	ok(resolvconf_wait(&w, LONG), "and both come again");
	put("run/later/stub", "nameserver 192.0.2.4\n");
	ok(resolvconf_wait(&w, LONG), "and it is written");
	resolvconf_close(&w);
	(void)unlink(in_folder("run/later/stub"));
	(void)rmdir(in_folder("run/later"));
	(void)unlink(in_folder("r"));
}

/* A link in place of another one, by one step. */
static void
relink(const char *target, const char *name)
{
	link_to(target, "l");
	(void)rename(in_folder("l"), in_folder(name));
}

/* A link to a link, and a folder that is one. */
static void
test_links(void)
{
	struct resolvconf w;

	(void)mkdir(in_folder("one"), 0755);
	(void)mkdir(in_folder("two"), 0755);
	put("one/stub", "nameserver 192.0.2.1\n");
	put("two/stub", "nameserver 192.0.2.2\n");
	link_to("one", "current");
	link_to("../current/stub", "run/link");
	link_to(in_folder("run/link"), "r");
	watch(&w, "r");
	relink("two", "current");
	ok(resolvconf_wait(&w, LONG), "a folder on the way is another one");
	put("two/stub", "nameserver 192.0.2.3\n");
	ok(resolvconf_wait(&w, LONG), "what is there is written");
	put("one/stub", "nameserver 192.0.2.4\n");
	ok(!resolvconf_wait(&w, SHORT), "where it was before");
	relink("../one/stub", "run/link");
	ok(resolvconf_wait(&w, LONG), "a link on the way leads elsewhere");
	put("one/stub", "nameserver 192.0.2.5\n");
	ok(resolvconf_wait(&w, LONG), "and that is written");
	relink("link", "run/link");
	ok(resolvconf_wait(&w, LONG), "it leads to itself");
	relink("../two/stub", "run/link");
	ok(resolvconf_wait(&w, LONG), "and to a file again");
	put("two/stub", "nameserver 192.0.2.6\n");
	ok(resolvconf_wait(&w, LONG), "which is written");
	resolvconf_close(&w);
}

/* What the tests made. */
static void
clean(void)
{
	static const char *const files[] = { "run/stub", "run2/stub",
		"one/stub", "two/stub", "run/link", "current", "r", "other",
		"absent" },
	    *const folders[] = { "run", "run2", "one", "two" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(in_folder(files[i]));
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		(void)rmdir(in_folder(folders[i]));
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		abort();
	test_plain();
	test_link();
	test_absent();
	test_dangling();
	test_links();
	clean();
	ok(rmdir(folder) == 0, "nothing is left");
	return tap_done();
}
