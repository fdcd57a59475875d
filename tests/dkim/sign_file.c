/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign_file KEY SELECTOR DOMAIN HEADER/BODY FILE...: signs messages in files,
 * for tests in other languages.  FILE.signed is the message with its new
 * field; FILE.hazards has a line for each hazard.
 */
#include "dkim/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dkim/signing.h"

static FILE *
create(const char *path, const char *suffix)
{
	char name[4096];
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "wb");
	if (f == NULL) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	return f;
}

static void
close_file(FILE *f)
{
	if (fclose(f) != 0)
		exit(EXIT_FAILURE);
}

static void
sign(struct dkim_context *ctx, const struct dkim_sign_options *options,
    const char *path)
{
	struct text message = support_read_path(path);
	struct signing_result r;
	unsigned int i;
	FILE *f;

	if (!signing_run(&r, ctx, options, text_slice(&message), 1000))
		exit(EXIT_FAILURE);
	f = create(path, ".signed");
	(void)fwrite(r.message.ptr, 1, r.message.len, f);
	close_file(f);
	f = create(path, ".hazards");
	for (i = 0; i < DKIM_HAZARDS; i++) {
		if ((r.hazards & 1u << i) != 0)
			(void)fprintf(f, "%s\n",
			    dkim_hazard_name((enum dkim_hazard)(1 << i)));
	}
	close_file(f);
	signing_fini(&r);
	text_free(&message);
}

int
main(int argc, char **argv)
{
	struct dkim_context *ctx = dkim_context_new();
	struct dkim_private_key *k;
	struct dkim_sign_key key;
	char why[512];
	int i;

	if (argc < 5 || ctx == NULL)
		return EXIT_FAILURE;
	k = dkim_private_key_read(argv[1], why, sizeof(why));
	if (k == NULL) {
		(void)fprintf(stderr, "%s: %s\n", argv[1], why);
		return EXIT_FAILURE;
	}
	key = (struct dkim_sign_key){ slice_str(argv[2]), k };
	for (i = 5; i < argc; i++)
		sign(ctx, &(struct dkim_sign_options){
		    .domain = slice_str(argv[3]),
		    .keys = &key,
		    .key_count = 1,
		    .relaxed_header = strncmp(argv[4], "relaxed/", 8) == 0,
		    .relaxed_body = strstr(argv[4], "/relaxed") != NULL,
		    .now = TEST_NOW,
		}, argv[i]);
	dkim_private_key_free(k);
	dkim_context_free(ctx);
	return EXIT_SUCCESS;
}
