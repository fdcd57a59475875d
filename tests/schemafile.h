/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schemafile: a JSON Schema in etc/ is what the tables of a test say.  With
 * WRITE_SCHEMA set the file is written instead.
 */
#ifndef TESTS_SCHEMAFILE_H
#define TESTS_SCHEMAFILE_H

#include "base/buf.h"
#include "tests/tap.h"

#define SCHEMA_MAX (1u << 20)

static const char *
schemafile_file_path(const char *name)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof(path), "%s/etc/%s",
	    top != NULL ? top : ".", name);
	return path;
}

/* Line by line, so that a change can be read. */
static void
schemafile_fold(struct slice text, struct buf *out)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		buf_addc(out, text.ptr[i]);
		if (text.ptr[i] == '"' && text.ptr[i - 1] != '\\')
			quoted = !quoted;
		if (!quoted && (text.ptr[i] == '{' ||
		    (text.ptr[i] == ',' && text.ptr[i - 1] == '}')))
			buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

static void
schemafile_write_file(const char *name, struct slice text)
{
	FILE *f = fopen(schemafile_file_path(name), "wb");

	ok(f != NULL && fwrite(text.ptr, 1, text.len, f) == text.len &&
	    fclose(f) == 0, "%s is written", schemafile_file_path(name));
}

static void
schemafile_compare(const char *name, const char *test, struct slice want)
{
	FILE *f = fopen(schemafile_file_path(name), "rb");
	char *text = calloc(1, SCHEMA_MAX);
	size_t len = 0;

	if (f != NULL && text != NULL)
		len = fread(text, 1, SCHEMA_MAX, f);
	if (f != NULL)
		(void)fclose(f);
	ok(text != NULL && slice_eq((struct slice){ text, len }, want),
	    "etc/%s is current (else: WRITE_SCHEMA=1 %s)", name, test);
	free(text);
}

/* `line` is the JSON, from buf_init(SCHEMA_MAX); `test` writes the file. */
static void
schemafile_check(const char *name, const char *test, const struct buf *line)
{
	struct buf text;

	buf_init(&text, SCHEMA_MAX);
	schemafile_fold(buf_slice(line), &text);
	ok(!buf_failed(line) && !buf_failed(&text), "it fits");
	if (getenv("WRITE_SCHEMA") != NULL)
		schemafile_write_file(name, buf_slice(&text));
	else
		schemafile_compare(name, test, buf_slice(&text));
	buf_fini(&text);
}

#endif
