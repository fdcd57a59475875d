/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/tlspolicy/ststext.h"

void
ststext_write(const struct sts_policy *p, struct buf *out)
{
	size_t i;

	buf_addf(out, "version: STSv1\nmode: %s\n", sts_mode_name(p->mode));
	for (i = 0; i < p->mx_count; i++)
		buf_addf(out, "mx: %.*s\n", SLICE_ARG(p->mx[i]));
	buf_addf(out, "max_age: %lu\n", (unsigned long)p->max_age);
}

bool
ststext_eq(const struct sts_policy *a, const struct sts_policy *b)
{
	size_t i;

	if (a->mode != b->mode || a->max_age != b->max_age ||
	    a->mx_count != b->mx_count)
		return false;
	for (i = 0; i < a->mx_count; i++) {
		if (!slice_eq(a->mx[i], b->mx[i]))
			return false;
	}
	return true;
}
