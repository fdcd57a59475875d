/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures as text: each type in both forms, any label, and a limit.
 */
#include "metrics/exposition.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static const struct exposition_family
    counter = { "a", EXPOSITION_COUNTER, NULL, "A." },
    gauge = { "b_bytes", EXPOSITION_GAUGE, "bytes", "B." },
    seconds = { "c_seconds", EXPOSITION_GAUGE, "seconds", "C." },
    info = { "d", EXPOSITION_INFO, NULL, "D." },
    histogram = { "e_seconds", EXPOSITION_HISTOGRAM, "seconds", "E." };

static void
write_counter(struct exposition *x)
{
	const struct exposition_label labels[] = { { "x", SLICE("1") },
		{ "y", SLICE("a\"b\\c\nd\xff") } };

	exposition_family(x, &counter);
	exposition_number(x, NULL, 0, 0);
	exposition_number(x, labels, 2, 1234567890123LL);
}

static void
write_gauge(struct exposition *x)
{
	exposition_family(x, &gauge);
	exposition_number(x, NULL, 0, -1);
}

static void
write_seconds(struct exposition *x)
{
	exposition_family(x, &seconds);
	exposition_us(x, NULL, 0, 0);
	exposition_us(x, NULL, 0, 1500000);
	exposition_us(x, NULL, 0, 1);
	exposition_us(x, NULL, 0, INT64_MAX);
}

static void
write_info(struct exposition *x)
{
	const struct exposition_label label = { "version", SLICE("0.1") };

	exposition_family(x, &info);
	exposition_number(x, &label, 1, 1);
}

static void
write_histogram(struct exposition *x)
{
	static const int64_t bounds[] = { 1000, 1000000, 10000000 };
	static const uint64_t counts[] = { 1, 2, 0, 4 };

	exposition_family(x, &histogram);
	exposition_histogram(x, &(struct exposition_histogram){
		.bounds_us = bounds, .counts = counts, .bound_count = 3,
		.sum_us = 2500 });
}

static void
write_labelled_histogram(struct exposition *x)
{
	static const int64_t bounds[] = { 1000 };
	static const uint64_t counts[] = { 1, 2 };

	exposition_family(x, &histogram);
	exposition_histogram(x, &(struct exposition_histogram){
		.bounds_us = bounds, .counts = counts, .bound_count = 1,
		.sum_us = 2500, .label = { "s", SLICE("a\"") } });
}

static const struct {
	const char	*name;
	void		(*write)(struct exposition *x);
	const char	*openmetrics, *text;
} cases[] = {
	{ "counter", write_counter,
	  "# HELP a A.\n# TYPE a counter\na_total 0\n"
	  "a_total{x=\"1\",y=\"a\\\"b\\\\c?d?\"} 1234567890123\n",
	  "# HELP a_total A.\n# TYPE a_total counter\na_total 0\n"
	  "a_total{x=\"1\",y=\"a\\\"b\\\\c?d?\"} 1234567890123\n" },
	{ "gauge", write_gauge,
	  "# HELP b_bytes B.\n# TYPE b_bytes gauge\n# UNIT b_bytes bytes\n"
	  "b_bytes -1\n",
	  "# HELP b_bytes B.\n# TYPE b_bytes gauge\nb_bytes -1\n" },
	{ "seconds", write_seconds,
	  "# HELP c_seconds C.\n# TYPE c_seconds gauge\n"
	  "# UNIT c_seconds seconds\nc_seconds 0.0\nc_seconds 1.5\n"
	  "c_seconds 0.000001\nc_seconds +Inf\n",
	  "# HELP c_seconds C.\n# TYPE c_seconds gauge\nc_seconds 0.0\n"
	  "c_seconds 1.5\nc_seconds 0.000001\nc_seconds +Inf\n" },
	{ "histogram with a label", write_labelled_histogram,
	  "# HELP e_seconds E.\n# TYPE e_seconds histogram\n"
	  "# UNIT e_seconds seconds\n"
	  "e_seconds_bucket{s=\"a\\\"\",le=\"0.001\"} 1\n"
	  "e_seconds_bucket{s=\"a\\\"\",le=\"+Inf\"} 3\n"
	  "e_seconds_sum{s=\"a\\\"\"} 0.0025\n"
	  "e_seconds_count{s=\"a\\\"\"} 3\n",
	  "# HELP e_seconds E.\n# TYPE e_seconds histogram\n"
	  "e_seconds_bucket{s=\"a\\\"\",le=\"0.001\"} 1\n"
	  "e_seconds_bucket{s=\"a\\\"\",le=\"+Inf\"} 3\n"
	  "e_seconds_sum{s=\"a\\\"\"} 0.0025\n"
	  "e_seconds_count{s=\"a\\\"\"} 3\n" },
	{ "info", write_info,
	  "# HELP d D.\n# TYPE d info\nd_info{version=\"0.1\"} 1\n",
	  "# HELP d_info D.\n# TYPE d_info gauge\n"
	  "d_info{version=\"0.1\"} 1\n" },
	{ "histogram", write_histogram,
	  "# HELP e_seconds E.\n# TYPE e_seconds histogram\n"
	  "# UNIT e_seconds seconds\n"
	  "e_seconds_bucket{le=\"0.001\"} 1\n"
	  "e_seconds_bucket{le=\"1.0\"} 3\n"
	  "e_seconds_bucket{le=\"10.0\"} 3\n"
	  "e_seconds_bucket{le=\"+Inf\"} 7\n"
	  "e_seconds_sum 0.0025\ne_seconds_count 7\n",
	  "# HELP e_seconds E.\n# TYPE e_seconds histogram\n"
	  "e_seconds_bucket{le=\"0.001\"} 1\n"
	  "e_seconds_bucket{le=\"1.0\"} 3\n"
	  "e_seconds_bucket{le=\"10.0\"} 3\n"
	  "e_seconds_bucket{le=\"+Inf\"} 7\n"
	  "e_seconds_sum 0.0025\ne_seconds_count 7\n" },
};

static void
check(enum exposition_format format, size_t i)
{
	const char *want = format == EXPOSITION_OPENMETRICS ?
	    cases[i].openmetrics : cases[i].text;
	struct exposition x;
	struct slice got;

	exposition_begin(&x, format);
	cases[i].write(&x);
	got = buf_slice(&x.out);
	if (!ok(slice_eq(got, slice_str(want)), "%s, form %u", cases[i].name,
	    format))
		printf("# got:\n%.*s", SLICE_ARG(got));
	ok(exposition_end(&x), "%s: fits", cases[i].name);
	ok((strstr(buf_cstr(&x.out), "# EOF\n") != NULL) ==
	    (format == EXPOSITION_OPENMETRICS), "%s: its end",
	    cases[i].name);
	exposition_fini(&x);
}

/* Until the text is too long, or memory short. */
static void
test_limits(void)
{
	struct exposition x;
	size_t before = 0;

	exposition_begin(&x, EXPOSITION_OPENMETRICS);
	while (!buf_failed(&x.out)) {
		before = x.out.len;
		write_counter(&x);
	}
	ok(before <= LIMIT_METRICS_TEXT && before > LIMIT_METRICS_TEXT / 2,
	    "as much as the limit says");
	ok(!exposition_end(&x), "more is nothing");
	exposition_fini(&x);
	mem_fail_after(0, 1);
	exposition_begin(&x, EXPOSITION_TEXT);
	write_seconds(&x);
	ok(!exposition_end(&x), "no memory, no text");
	exposition_fini(&x);
	mem_fail_after(0, 0);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(EXPOSITION_OPENMETRICS, i);
		check(EXPOSITION_TEXT, i);
	}
	test_limits();
	return tap_done();
}
