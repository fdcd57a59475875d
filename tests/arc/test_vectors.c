/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of tests/data/arc against expected.tsv, each with its body in
 * one piece and in pieces of 3.
 */
#include "arc/arc.h"

#include "tests/arc/support.h"
#include "tests/tap.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;

/* Nothing is asked for a chain that has no right form. */
static bool
asked_for_nothing(const struct arc_run *run)
{
	const struct arc_verdict *v = run->verdict;
	size_t i;

	for (i = 0; i < v->count; i++)
		if (v->sets[i].seal.checked)
			return true;
	return dns_ledger_count(run->ledger) == 0;
}

static bool
fits(const struct arc_run *run, struct slice result, struct slice oldest,
    struct slice why)
{
	const struct arc_verdict *v = run->verdict;
	char text[ARC_WHY], got[16];

	arc_verdict_why(v, text);
	(void)snprintf(got, sizeof(got), "%d", v->oldest_pass);
	printf("# %s %s %s\n", auth_result_name(v->result), got, text);
	return slice_eq(slice_str(auth_result_name(v->result)), result) &&
	    slice_eq(v->oldest_pass < 0 ? SLICE("-") : slice_str(got),
	    oldest) && !v->no_memory && !v->temporary &&
	    (slice_eq(why, SLICE("-")) ? text[0] == '\0' :
	    slice_starts(slice_str(text), why)) && asked_for_nothing(run);
}

/* One line: file, result, oldest-pass, why, rule. */
static void
check_line(struct slice line, size_t chunk)
{
	struct slice column[5];
	struct arc_run run;
	struct text text;
	char file[256];
	size_t i;

	for (i = 0; i < 5; i++)
		(void)slice_cut(&line, '\t', &column[i]);
	(void)snprintf(file, sizeof(file), "%.*s", SLICE_ARG(column[0]));
	text = arc_read(file);
	ok(arc_run_message(&run, ctx, &arc_test_options, zone,
	    text_slice(&text), chunk) && fits(&run, column[1], column[2],
	    column[3]), "%s, pieces of %zu: %.*s, %.*s", file, chunk,
	    SLICE_ARG(column[1]), SLICE_ARG(column[3]));
	arc_run_fini(&run);
	text_free(&text);
}

static void
check_all(size_t chunk)
{
	struct text text = arc_read("expected.tsv");
	struct slice rest = text_slice(&text), line;
	size_t lines = 0;

	while (slice_cut(&rest, '\n', &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		check_line(line, chunk);
		lines++;
	}
	ok(lines > 100, "all lines read");
	text_free(&text);
}

int
main(void)
{
	ctx = dkim_context_new();
	zone = arc_zone();
	check_all(SIZE_MAX);
	check_all(3);
	dns_zone_free(zone);
	dkim_context_free(ctx);
	return tap_done();
}
