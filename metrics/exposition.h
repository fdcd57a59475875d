/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: figures as the text that Prometheus reads.
 *
 * Two forms of the same: OpenMetrics 1.0 and, for those that do not ask for
 * it, the older text format 0.0.4.  They differ in the names of counters and
 * of build information in "# TYPE", and in how a text ends.
 *
 * Families one after the other, each with its samples after it.  At most
 * LIMIT_METRICS_TEXT octets; exposition_end() says whether it fits.  One
 * thread.
 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum exposition_format {
	EXPOSITION_OPENMETRICS,
	EXPOSITION_TEXT
};

enum exposition_type {
	EXPOSITION_COUNTER,
	EXPOSITION_GAUGE,
	EXPOSITION_HISTOGRAM,
	EXPOSITION_INFO
};

/*
 * `name` is without the ending that the type asks for (_total, _info); with
 * a unit it ends with "_" and the unit, which is a base one: "seconds",
 * "bytes".  All static.
 */
struct exposition_family {
	const char		*name;
	enum exposition_type	 type;
	const char		*unit;		/* NULL: none */
	const char		*help;		/* a sentence */
};

/* The value may be any text; what is not printable ASCII becomes "?". */
struct exposition_label {
	const char	*name;
	struct slice	 value;
};

struct exposition {
	struct buf			 out;
	enum exposition_format		 format;
	const struct exposition_family	*family;
};

void	exposition_begin(struct exposition *x, enum exposition_format format);
/* False: memory was short, or it is too long; there is nothing to show. */
bool	exposition_end(struct exposition *x);
void	exposition_fini(struct exposition *x);

/* `f` is borrowed until the next one. */
void	exposition_family(struct exposition *x,
	    const struct exposition_family *f);
void	exposition_number(struct exposition *x,
	    const struct exposition_label *labels, size_t count,
	    long long value);
/* Seconds, from microseconds; of a time INT64_MAX is +Inf. */
void	exposition_us(struct exposition *x,
	    const struct exposition_label *labels, size_t count, int64_t us);

/* A family of one sample, of a unit or of none. */
void	exposition_value(struct exposition *x, const char *name,
	    enum exposition_type type, const char *help, long long value);
void	exposition_seconds(struct exposition *x, const char *name,
	    enum exposition_type type, const char *help, int64_t us);
void	exposition_bytes(struct exposition *x, const char *name,
	    const char *help, long long value);

/*
 * One bucket for each bound, and a last one for what is above all.  Counts
 * are of that bucket alone.
 */
struct exposition_histogram {
	const int64_t	*bounds_us;
	const uint64_t	*counts;	/* bound_count + 1 */
	size_t		 bound_count;
	int64_t		 sum_us;
	/* Of all its samples; name NULL: none. */
	struct exposition_label label;
};
void	exposition_histogram(struct exposition *x,
	    const struct exposition_histogram *h);

#endif
