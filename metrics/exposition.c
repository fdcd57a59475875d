/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: figures as the text that Prometheus reads.
 */
#include "metrics/exposition.h"

#include "base/ascii.h"
#include "base/limits.h"

#define US INT64_C(1000000)

static const struct {
	const char	*openmetrics, *text;	/* in "# TYPE" */
	const char	*ending;		/* of a sample's name */
} types[] = {
	[EXPOSITION_COUNTER] = { "counter", "counter", "_total" },
	[EXPOSITION_GAUGE] = { "gauge", "gauge", "" },
	[EXPOSITION_HISTOGRAM] = { "histogram", "histogram", "" },
	[EXPOSITION_INFO] = { "info", "gauge", "_info" }
};

void
exposition_begin(struct exposition *x, enum exposition_format format)
{
	*x = (struct exposition){ .format = format };
	buf_init(&x->out, LIMIT_METRICS_TEXT);
}

bool
exposition_end(struct exposition *x)
{
	if (x->format == EXPOSITION_OPENMETRICS)
		buf_adds(&x->out, "# EOF\n");
	return !buf_failed(&x->out);
}

void
exposition_fini(struct exposition *x)
{
	buf_fini(&x->out);
}

void
exposition_family(struct exposition *x, const struct exposition_family *f)
{
	bool open = x->format == EXPOSITION_OPENMETRICS;
	const char *ending = open ? "" : types[f->type].ending;

	x->family = f;
	buf_addf(&x->out, "# HELP %s%s %s\n", f->name, ending, f->help);
	buf_addf(&x->out, "# TYPE %s%s %s\n", f->name, ending, open ?
	    types[f->type].openmetrics : types[f->type].text);
	if (open && f->unit != NULL)
		buf_addf(&x->out, "# UNIT %s %s\n", f->name, f->unit);
}

static void
add_value(struct exposition *x, struct slice value)
{
	size_t i;
	char c;

	for (i = 0; i < value.len; i++) {
		c = value.ptr[i];
		if (c == '"' || c == '\\')
			buf_addc(&x->out, '\\');
		buf_addc(&x->out, ascii_is_printable(c) ? c : '?');
	}
}

static void
add_label(struct exposition *x, const struct exposition_label *l)
{
	buf_addf(&x->out, "%s=\"", l->name);
	add_value(x, l->value);
	buf_addc(&x->out, '"');
}

/* All before the number, and the blank. */
static void
begin_sample(struct exposition *x, const char *ending,
    const struct exposition_label *labels, size_t count)
{
	size_t i;

	buf_adds(&x->out, x->family->name);
	buf_adds(&x->out, ending);
	for (i = 0; i < count; i++) {
		buf_addc(&x->out, i == 0 ? '{' : ',');
		add_label(x, &labels[i]);
	}
	buf_adds(&x->out, count > 0 ? "} " : " ");
}

void
exposition_number(struct exposition *x, const struct exposition_label *labels,
    size_t count, long long value)
{
	begin_sample(x, types[x->family->type].ending, labels, count);
	buf_addf(&x->out, "%lld\n", value);
}

/* In the one form that OpenMetrics has for bounds: "0.001", "1.0", "+Inf". */
static void
add_seconds(struct exposition *x, int64_t us)
{
	if (us == INT64_MAX) {
		buf_adds(&x->out, "+Inf");
		return;
	}
	buf_addf(&x->out, "%lld.%06lld", (long long)(us / US),
	    (long long)(us % US));
	while (!buf_failed(&x->out) &&
	    x->out.ptr[x->out.len - 1] == '0' &&
	    x->out.ptr[x->out.len - 2] != '.')
		buf_cut(&x->out, x->out.len - 1);
}

void
exposition_us(struct exposition *x, const struct exposition_label *labels,
    size_t count, int64_t us)
{
	begin_sample(x, types[x->family->type].ending, labels, count);
	add_seconds(x, us);
	buf_addc(&x->out, '\n');
}

void
exposition_value(struct exposition *x, const char *name,
    enum exposition_type type, const char *help, long long value)
{
	const struct exposition_family f = { .name = name, .type = type,
		.help = help };

	exposition_family(x, &f);
	exposition_number(x, NULL, 0, value);
}

void
exposition_seconds(struct exposition *x, const char *name,
    enum exposition_type type, const char *help, int64_t us)
{
	const struct exposition_family f = { .name = name, .type = type,
		.unit = "seconds", .help = help };

	exposition_family(x, &f);
	exposition_us(x, NULL, 0, us);
}

void
exposition_bytes(struct exposition *x, const char *name, const char *help,
    long long value)
{
	const struct exposition_family f = { .name = name,
		.type = EXPOSITION_GAUGE, .unit = "bytes", .help = help };

	exposition_family(x, &f);
	exposition_number(x, NULL, 0, value);
}

void
exposition_histogram(struct exposition *x,
    const struct exposition_histogram *h)
{
	bool labelled = h->label.name != NULL;
	uint64_t all = 0;
	size_t i;

	for (i = 0; i <= h->bound_count; i++) {
		all += h->counts[i];
		buf_addf(&x->out, "%s_bucket{", x->family->name);
		if (labelled)
			add_label(x, &h->label);
		buf_adds(&x->out, labelled ? ",le=\"" : "le=\"");
		add_seconds(x, i < h->bound_count ? h->bounds_us[i] :
		    INT64_MAX);
		buf_addf(&x->out, "\"} %llu\n", (unsigned long long)all);
	}
	begin_sample(x, "_sum", &h->label, labelled);
	add_seconds(x, h->sum_us);
	buf_addc(&x->out, '\n');
	begin_sample(x, "_count", &h->label, labelled);
	buf_addf(&x->out, "%llu\n", (unsigned long long)all);
}
