/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/tap.h"

static char folder[32];
static char path[64];

static void
write_octets(size_t count)
{
	FILE *f = fopen(path, "w");
	size_t i;

	for (i = 0; f != NULL && i < count; i++)
		(void)fputc((int)('a' + i % 26), f);
	ok(f != NULL && fclose(f) == 0, "a file of %zu octets", count);
}

static void
test_read(void)
{
	static const struct {
		size_t			 octets, size, len;
		enum file_status	 want;
	} rows[] = {
		{ .octets = 0, .size = 8, .len = 0, .want = FILE_READ },
		{ .octets = 0, .size = 0, .len = 0, .want = FILE_READ },
		{ .octets = 7, .size = 8, .len = 7, .want = FILE_READ },
		{ .octets = 8, .size = 8, .len = 8, .want = FILE_READ },
		{ .octets = 9, .size = 8, .len = 8, .want = FILE_LARGE },
		{ .octets = 1, .size = 0, .len = 0, .want = FILE_LARGE },
	};
	struct file f = { .path = path, .regular = true };
	char out[16];
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_octets(rows[i].octets);
		memset(out, '.', sizeof(out));
		ok(file_read(&f, out, rows[i].size, &len) == rows[i].want,
		    "read %zu octets into %zu", rows[i].octets, rows[i].size);
		is_num((long long)len, (long long)rows[i].len, "length");
		ok(memcmp(out, "abcdefghijklmnop", len) == 0 &&
		    out[len] == '.', "these, and no octet past them");
	}
}

static void
test_load(void)
{
	/* One chunk, two, and the limit and one past it. */
	static const struct {
		size_t			 octets, max;
		enum file_status	 want;
	} rows[] = {
		{ .octets = 0, .max = 8, .want = FILE_READ },
		{ .octets = 8, .max = 8, .want = FILE_READ },
		{ .octets = 9, .max = 8, .want = FILE_LARGE },
		{ .octets = 16384, .max = 40000, .want = FILE_READ },
		{ .octets = 40000, .max = 40000, .want = FILE_READ },
		{ .octets = 40001, .max = 40000, .want = FILE_LARGE },
	};
	struct file f = { .path = path };
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_octets(rows[i].octets);
		buf_init(&b, rows[i].max);
		ok(file_load(&f, &b) == rows[i].want, "load %zu octets",
		    rows[i].octets);
		if (rows[i].want == FILE_READ)
			is_num((long long)b.len, (long long)rows[i].octets,
			    "all of them");
		buf_fini(&b);
	}
	buf_init(&b, 40000);
	mem_fail_after(0, 1);
	is_num(file_load(&f, &b), FILE_FAILED, "no memory");
	mem_fail_after(0, 0);
	is_num(errno, ENOMEM, "and errno says so");
	buf_fini(&b);
}

static void
test_descriptor(void)
{
	struct file f = { .fd = -1 };
	struct buf b;
	int ends[2];

	if (!ok(pipe(ends) == 0, "a pipe"))
		return;
	ok(write(ends[1], "abc", 3) == 3 && close(ends[1]) == 0, "abc");
	f.fd = ends[0];
	buf_init(&b, 8);
	is_num(file_load(&f, &b), FILE_READ, "a pipe is read");
	is_str(buf_cstr(&b), "abc", "to its end");
	buf_fini(&b);
	ok(close(ends[0]) == 0, "and it is open still");
}

static bool
refuse(void *arg, const struct stat *st)
{
	*(bool *)arg = S_ISREG(st->st_mode);
	return false;
}

static void
make_socket(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", name);
	ok(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0,
	    "a socket");
	(void)close(fd);
}

static void
test_kinds(void)
{
	struct file f = { .path = folder, .regular = true };
	bool asked = false;
	char out[8];
	size_t len;

	is_num(file_read(&f, out, 8, &len), FILE_KIND, "a folder");
	is_num(errno, EISDIR, "errno");
	is_str(file_kind(f.mode), "a folder", "its kind");
	f.path = "/dev/null";
	is_num(file_read(&f, out, 8, &len), FILE_KIND, "a device");
	is_str(file_kind(f.mode), "a device", "its kind");
	f.path = path;
	is_num(file_read(&f, out, 8, &len), FILE_FAILED, "no file");
	is_num(errno, ENOENT, "errno");
	ok(mkfifo(path, 0600) == 0, "a FIFO is made");
	is_num(file_read(&f, out, 8, &len), FILE_KIND,
	    "a FIFO is not waited for");
	is_str(file_kind(f.mode), "a FIFO", "its kind");
	(void)unlink(path);
	make_socket(path);
	is_num(file_read(&f, out, 8, &len), FILE_KIND, "a socket");
	is_str(file_kind(f.mode), "a socket", "its kind");
	(void)unlink(path);
	write_octets(3);
	f.judge = refuse;
	f.arg = &asked;
	is_num(file_read(&f, out, 8, &len), FILE_REFUSED, "a judge refuses");
	ok(asked && len == 0, "what was opened, and nothing is read");
	is_str(file_kind(f.mode), "a regular file", "its kind");
	(void)unlink(path);
}

int
main(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/test_file.XXXXXX");
	if (!ok(mkdtemp(folder) != NULL, "a folder"))
		return tap_done();
	(void)snprintf(path, sizeof(path), "%s/f", folder);
	test_read();
	test_load();
	test_descriptor();
	(void)unlink(path);
	test_kinds();
	ok(rmdir(folder) == 0, "nothing is left");
	return tap_done();
}
