/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that records wait in: they come out as they went in, also for the
 * next process; what was cut off or damaged ends it, and it never grows beyond
 * its size.
 */
#include "store/spool_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/tap.h"

#define HEAD 40			/* octets before a body */
#define START 16		/* before the first record */

static char folder[] = "/tmp/assay-spool-XXXXXX";
static char path[100];

static struct spool *
open_spool(size_t max)
{
	char why[300] = "";
	struct spool *s = spool_open(path, max, why, sizeof(why));

	if (s == NULL)
		printf("# %s\n", why);
	return s;
}

static bool
add(struct spool *s, uint64_t seq, size_t len)
{
	static char body[LIMIT_STORE_RECORD];
	struct store_record r = { .run = 7, .seq = seq, .time = 1000,
		.body = { body, len } };

	return spool_add(s, &r, 1);
}

/* The numbers of what is taken: "1 2 3". */
static void
takes(struct spool *s, size_t max, bool done, const char *want,
    const char *what)
{
	struct store_record records[10];
	struct buf text, got;
	size_t end, n, i;

	buf_init(&text, 4 * LIMIT_STORE_RECORD);
	buf_init(&got, 200);
	n = spool_take(s, records, max, &text, &end);
	for (i = 0; i < n; i++)
		buf_addf(&got, "%s%d:%zu", i > 0 ? " " : "",
		    (int)records[i].seq, records[i].body.len);
	is_str(buf_cstr(&got), want, what);
	if (done)
		spool_taken(s, end);
	buf_fini(&text);
	buf_fini(&got);
}

static off_t
size_of(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void
put_octets(off_t at, const char *octets, size_t len)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, octets, len, at) != (ssize_t)len)
		printf("# %s cannot be written\n", path);
	if (fd >= 0)
		close(fd);
}

static void
test_order(void)
{
	struct spool *s = open_spool(1 << 20), *other;

	ok(s != NULL && spool_size(s) == 0, "a new file");
	other = open_spool(1 << 20);
	ok(other == NULL, "nobody else has it");
	ok(add(s, 1, 10) && add(s, 2, 0) && add(s, 3, 300), "three records");
	takes(s, 2, false, "1:10 2:0", "the first two");
	takes(s, 2, true, "1:10 2:0", "again, since they were not done with");
	spool_close(s);
	s = open_spool(1 << 20);
	ok(add(s, 4, 5), "one more, by the next process");
	takes(s, 10, true, "3:300 4:5", "the rest");
	takes(s, 10, false, "", "no more");
	ok(size_of() == START, "the file is empty");
	spool_close(s);
}

static void
test_limit(void)
{
	struct spool *s = open_spool(START + 2 * HEAD + 100);

	ok(add(s, 1, 50), "one that fits");
	ok(!add(s, 2, 51), "one octet too many");
	ok(add(s, 3, 50), "none");
	ok(!add(s, 4, 0), "full");
	takes(s, 10, true, "1:50 3:50", "what fitted is there");
	ok(add(s, 5, 50), "room again");
	spool_clear(s);
	spool_close(s);
	s = open_spool(1 << 20);
	ok(add(s, 1, LIMIT_STORE_RECORD), "the longest record");
	takes(s, 10, true, "1:65536", "it comes back");
	spool_close(s);
}

static void
test_damage(void)
{
	struct spool *s = open_spool(1 << 20);

	(void)add(s, 1, 20);
	(void)add(s, 2, 20);
	(void)add(s, 3, 20);
	spool_close(s);
	ok(truncate(path, size_of() - 1) == 0, "the last one is cut off");
	s = open_spool(1 << 20);
	ok(add(s, 4, 20), "one is added");
	takes(s, 10, false, "1:20 2:20 4:20", "the others are there");
	spool_close(s);
	put_octets(START + HEAD + 20 + HEAD + 3, "x", 1);
	s = open_spool(1 << 20);
	takes(s, 10, true, "1:20", "up to the damaged one");
	spool_close(s);
	put_octets(0, "no file of ours", 15);
	ok(open_spool(1 << 20) == NULL, "another file");
	(void)unlink(path);
	ok(mkdir(path, 0700) == 0 && open_spool(1 << 20) == NULL, "a folder");
	(void)rmdir(path);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/spool", folder);
	test_order();
	test_limit();
	test_damage();
	(void)rmdir(folder);
	return tap_done();
}
