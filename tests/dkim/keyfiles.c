/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfiles: see keyfiles.h.
 */
#include "tests/dkim/keyfiles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dkim/support.h"

static char folder[3000];

static void
give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

void
keyfiles_init(void)
{
	const char *top = getenv("top_builddir");

	(void)snprintf(folder, sizeof(folder), "%s/assay-keys.XXXXXX",
	    top != NULL ? top : ".");
	if (mkdtemp(folder) == NULL)
		give_up(folder);
}

const char *
keyfiles_path(const char *name)
{
	static char paths[2][4096];
	static int turn;

	turn = !turn;
	(void)snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder,
	    name);
	return paths[turn];
}

void
keyfiles_fini(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			(void)remove(keyfiles_path(e->d_name));
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(folder);
}

const char *
keyfiles_write(const char *name, struct slice text, mode_t mode)
{
	const char *path = keyfiles_path(name);
	FILE *f;

	/* One there may be of a mode that does not let us write. */
	(void)unlink(path);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(text.len > 0 ? text.ptr : "", 1, text.len,
	    f) != text.len || fclose(f) != 0 || chmod(path, mode) != 0)
		give_up(path);
	return path;
}

struct dkim_private_key *
keyfiles_load(const char *name)
{
	struct dkim_private_key *k;
	char data[256], why[512];
	struct text pem;

	(void)snprintf(data, sizeof(data), "keys/%s.pem", name);
	pem = support_read(data);
	k = dkim_private_key_read(keyfiles_write("load.pem",
	    text_slice(&pem), 0600), why, sizeof(why));
	text_free(&pem);
	if (k == NULL)
		give_up(why);
	return k;
}
