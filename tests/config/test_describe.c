/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc/assay.schema.json is what the tables say.  With WRITE_SCHEMA set the
 * file is written instead.
 */
#include "config/describe_internal.h"

#include "tests/tap.h"

#define SCHEMA_MAX (1u << 20)

static const char *
file_path(void)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof(path), "%s/etc/assay.schema.json",
	    top != NULL ? top : ".");
	return path;
}

/* Line by line, so that a change can be read. */
static void
fold(struct slice text, struct buf *out)
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
write_file(struct slice text)
{
	FILE *f = fopen(file_path(), "wb");

	ok(f != NULL && fwrite(text.ptr, 1, text.len, f) == text.len &&
	    fclose(f) == 0, "%s is written", file_path());
}

static void
compare(struct slice want)
{
	FILE *f = fopen(file_path(), "rb");
	char *text = calloc(1, SCHEMA_MAX);
	size_t len = 0;

	if (f != NULL && text != NULL)
		len = fread(text, 1, SCHEMA_MAX, f);
	if (f != NULL)
		(void)fclose(f);
	ok(text != NULL && slice_eq((struct slice){ text, len }, want),
	    "etc/assay.schema.json is current (else: WRITE_SCHEMA=1 "
	    "tests/config/test_describe)");
	free(text);
}

int
main(void)
{
	struct buf line, text;
	const char *unknown;
	struct json j;

	buf_init(&line, SCHEMA_MAX);
	buf_init(&text, SCHEMA_MAX);
	json_to_buf(&j, &line);
	unknown = config_describe(&j);
	ok(unknown == NULL, "every key has a form: %s",
	    unknown != NULL ? unknown : "yes");
	fold(buf_slice(&line), &text);
	ok(!buf_failed(&line) && !buf_failed(&text), "it fits");
	if (getenv("WRITE_SCHEMA") != NULL)
		write_file(buf_slice(&text));
	else
		compare(buf_slice(&text));
	buf_fini(&line);
	buf_fini(&text);
	return tap_done();
}
