/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saved: see saved.h.
 */
#include "tlspolicy/saved.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

#define FIELDS	8
/* "mx: " and a line end for each name, which has a ":" at least. */
#define BODY_MAX	(6 * LIMIT_STS_POLICY)

static bool
read_time(struct slice s, int64_t wall, int64_t *out)
{
	unsigned long long number;

	if (!slice_number(s, INT64_MAX / 2, &number))
		return false;
	*out = (int64_t)number < wall ? (int64_t)number : wall;
	return true;
}

static bool
read_dane(struct slice s, enum dane_summary *out)
{
	int i;

	for (i = DANE_UNKNOWN; i <= DANE_FAILED; i++) {
		*out = (enum dane_summary)i;
		if (slice_eq(s, slice_str(dane_summary_name(*out))))
			return true;
	}
	return false;
}

/* The policy as a policy host would send it. */
static bool
read_policy(const struct slice *field, struct arena *arena,
    struct saved_policy *out)
{
	struct slice rest = field[7], mx;
	enum sts_parsed parsed = STS_NO_MEMORY;
	const char *problem;
	struct buf body;

	if (field[5].len + field[6].len + rest.len > LIMIT_STS_POLICY / 2)
		return false;
	buf_init(&body, BODY_MAX);
	buf_addf(&body, "version: STSv1\nmode: %.*s\nmax_age: %.*s\n",
	    SLICE_ARG(field[5]), SLICE_ARG(field[6]));
	while (rest.len > 0) {
		(void)slice_cut(&rest, ':', &mx);
		buf_addf(&body, "mx: %.*s\n", SLICE_ARG(mx));
	}
	if (!buf_failed(&body))
		parsed = sts_policy_parse(buf_slice(&body), arena,
		    &out->policy, &problem);
	buf_fini(&body);
	out->no_memory = parsed == STS_NO_MEMORY;
	return parsed == STS_PARSED;
}

static bool
read_id(struct slice s, char out[STS_ID_MAX + 1])
{
	size_t i;

	memset(out, 0, STS_ID_MAX + 1);
	if (s.len == 0 || s.len > STS_ID_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		if (!ascii_is_alnum(s.ptr[i]))
			return false;
		out[i] = s.ptr[i];
	}
	return true;
}

bool
saved_policy_read(struct slice line, int64_t wall, struct arena *arena,
    struct saved_policy *out)
{
	struct slice field[FIELDS], rest = line;
	size_t i;

	out->no_memory = false;
	for (i = 0; i < FIELDS; i++)
		(void)slice_cut(&rest, ' ', &field[i]);
	return rest.len == 0 && tlspolicy_key(field[0], &out->hop) &&
	    read_time(field[1], wall, &out->fetched) &&
	    read_time(field[2], wall, &out->asked) &&
	    read_id(field[3], out->id) && read_dane(field[4], &out->dane) &&
	    read_policy(field, arena, out);
}

void
saved_policy_write(struct slice key, const struct saved_policy *p,
    struct buf *out)
{
	size_t i;

	buf_addf(out, "%.*s %lld %lld %s %s %s %lu ", SLICE_ARG(key),
	    (long long)p->fetched, (long long)p->asked, p->id,
	    dane_summary_name(p->dane), sts_mode_name(p->policy.mode),
	    (unsigned long)p->policy.max_age);
	for (i = 0; i < p->policy.mx_count; i++)
		buf_addf(out, "%s%.*s", i > 0 ? ":" : "",
		    SLICE_ARG(p->policy.mx[i]));
	buf_addc(out, '\n');
}

bool
saved_policy_is_valid(const struct saved_policy *p, int64_t wall)
{
	return wall <= p->fetched + (int64_t)p->policy.max_age;
}
