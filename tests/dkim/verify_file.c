/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify_file KEYS MESSAGE...: what the verifier says of messages in files,
 * for tests in other languages.  KEYS has lines of an owner name, TAB and a
 * TXT string.  For each signature a line comes out: file, number of the
 * signature from the top, result, comment.
 */
#include "dkim/verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/result.h"
#include "tests/dkim/support.h"

static void
judge(struct dkim_context *ctx, const struct dns_zone *zone,
    const char *path)
{
	const struct dkim_signature *s;
	struct text message = support_read_path(path);
	struct run run;
	size_t i;

	if (!run_message(&run, ctx, &test_options, zone,
	    text_slice(&message), 1000))
		exit(EXIT_FAILURE);
	for (i = 0; i < run.count; i++) {
		s = &run.signatures[i];
		printf("%s\t%zu\t%s\t%s\n", path, i + 1,
		    auth_result_name(s->result),
		    s->comment != NULL ? s->comment : "");
	}
	run_fini(&run);
	text_free(&message);
}

int
main(int argc, char **argv)
{
	struct dkim_context *ctx = dkim_context_new();
	struct dns_zone *zone;
	int i;

	if (argc < 2 || ctx == NULL)
		return EXIT_FAILURE;
	zone = support_zone_path(argv[1]);
	for (i = 2; i < argc; i++)
		judge(ctx, zone, argv[i]);
	dns_zone_free(zone);
	dkim_context_free(ctx);
	return EXIT_SUCCESS;
}
