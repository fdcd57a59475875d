/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of tests/data/dkim against expected.tsv, each with its body
 * in one piece, in single octets and in pieces of 7.
 */
#include "dkim/verify.h"

#include "tests/dkim/support.h"
#include "tests/tap.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;

static enum dkim_state
state_named(struct slice s)
{
	return slice_eq(s, SLICE("SUCCESS")) ? DKIM_SUCCESS :
	    slice_eq(s, SLICE("TEMPFAIL")) ? DKIM_TEMPFAIL : DKIM_PERMFAIL;
}

/* One line: file, number of the signature, state, result, remark, rule. */
static void
check_line(struct slice line, size_t chunk)
{
	struct slice column[6], message;
	struct text text;
	struct run run;
	enum auth_result want;
	unsigned long long number;
	const char *got = "no such signature";
	char file[256];
	bool good = false;
	size_t i;

	for (i = 0; i < 6; i++)
		(void)slice_cut(&line, '\t', &column[i]);
	if (!slice_number(column[1], 100, &number) || number == 0 ||
	    !auth_result_parse(column[3], &want)) {
		ok(false, "expected.tsv: %.*s", SLICE_ARG(column[0]));
		return;
	}
	(void)snprintf(file, sizeof(file), "%.*s", SLICE_ARG(column[0]));
	text = support_read(file);
	message = text_slice(&text);
	if (run_message(&run, ctx, &test_options, zone, message, chunk) &&
	    number <= run.count) {
		const struct dkim_signature *s = &run.signatures[number - 1];

		good = s->result == want && s->checked &&
		    s->state == state_named(column[2]);
		got = auth_result_name(s->result);
		if (s->comment != NULL)
			printf("# %s\n", s->comment);
	}
	if (!ok(good, "%s #%llu, pieces of %zu: %.*s", file, number, chunk,
	    SLICE_ARG(column[4])))
		printf("#  got: %s\n# want: %.*s\n", got,
		    SLICE_ARG(column[3]));
	run_fini(&run);
	text_free(&text);
}

static void
check_all(size_t chunk, size_t want_lines)
{
	struct text text = support_read("expected.tsv");
	struct slice rest = text_slice(&text), line;
	size_t lines = 0;

	while (slice_cut(&rest, '\n', &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		check_line(line, chunk);
		lines++;
	}
	is_num((long long)lines, (long long)want_lines, "all lines read");
	text_free(&text);
}

int
main(void)
{
	ctx = dkim_context_new();
	zone = support_zone();
	if (ctx == NULL || zone == NULL)
		return EXIT_FAILURE;
	check_all(SIZE_MAX, 138);
	check_all(1, 138);
	check_all(7, 138);
	dkim_context_free(ctx);
	dns_zone_free(zone);
	return tap_done();
}
