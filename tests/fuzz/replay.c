/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: runs a fuzz target over its corpus, without a fuzzer.
 *
 * The program's name after "fuzz_" is the name of the corpus:
 *
 * 1. Every regular file of $top_srcdir/tests/fuzz/corpus/NAME, in the order
 *    of the names, is handed to LLVMFuzzerTestOneInput() from a block of
 *    exactly its size, so that a sanitizer sees every step beyond it.
 * 2. So is the empty input.
 * 3. A target checks by abort(): a line that is missing at the end is a
 *    failure, the plan comes last.
 *
 * Given file names as arguments it runs those instead: for one crash.
 *
 * Built with --enable-fuzzing, "-fuzz" and libFuzzer's arguments fuzz.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

static unsigned char *
read_all(FILE *f, size_t *len)
{
	unsigned char *data = NULL, *grown;
	size_t n, room = 0;

	*len = 0;
	do {
		room += 65536;
		grown = realloc(data, room);
		if (grown == NULL)
			break;
		data = grown;
		n = fread(data + *len, 1, room - *len, f);
		*len += n;
	} while (*len == room);
	if (grown != NULL && !ferror(f))
		return data;
	free(data);
	return NULL;
}

static void
run_bytes(const unsigned char *data, size_t len, const char *name)
{
	unsigned char *exact = malloc(len > 0 ? len : 1);

	if (exact == NULL) {
		ok(false, "%s: no memory", name);
		return;
	}
	if (len > 0)
		memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	ok(true, "%s", name);
}

static void
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL;
	size_t len = 0;

	if (f != NULL) {
		data = read_all(f, &len);
		(void)fclose(f);
	}
	if (data == NULL) {
		ok(false, "%s: cannot be read: %s", path, strerror(errno));
		return;
	}
	run_bytes(data, len, path);
	free(data);
}

static int
is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void
run_corpus(const char *name)
{
	const char *top = getenv("top_srcdir");
	struct dirent **entries;
	char dir[4096], path[8192];
	int i, n;

	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", name);
	n = scandir(dir, &entries, is_visible, alphasort);
	if (n <= 0)
		ok(false, "%s holds a corpus", dir);
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

#ifdef ASSAY_FUZZING
int	LLVMFuzzerRunDriver(int *, char ***,
	    int (*)(const uint8_t *, size_t));
#endif

/* Arguments for the fuzzer, without "-fuzz". */
static int
fuzz(int argc, char **argv)
{
#ifdef ASSAY_FUZZING
	return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
#else
	(void)argc;
	(void)fprintf(stderr, "%s: not built with --enable-fuzzing\n",
	    argv[0]);
	return 1;
#endif
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	int i;

	if (argc > 1 && strcmp(argv[1], "-fuzz") == 0) {
		argv[1] = argv[0];
		return fuzz(argc - 1, argv + 1);
	}
	base = base != NULL ? base + 1 : argv[0];
	if (strncmp(base, "fuzz_", 5) == 0)
		base += 5;
	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc < 2) {
		run_bytes(NULL, 0, "the empty input");
		run_corpus(base);
	}
	return tap_done();
}
