/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: see date.h.
 */
#include "base/date.h"

#include <time.h>

#include "base/cursor.h"

/* `count` digits, min..max. */
static bool
take_number(struct cursor *c, size_t count, unsigned int min,
    unsigned int max, int *out)
{
	struct slice digits = slice_head(cursor_rest(c), count);
	unsigned long long n;

	if (digits.len < count || !slice_number(digits, max, &n) || n < min)
		return false;
	c->p += count;
	*out = (int)n;
	return true;
}

/* timegm() has the calendar: it makes 2 March of 30 February. */
static bool
take_day(struct cursor *c, struct tm *tm)
{
	struct tm day;

	if (!take_number(c, 4, 1970, 9999, &tm->tm_year) ||
	    !cursor_take(c, '-') ||
	    !take_number(c, 2, 1, 12, &tm->tm_mon) ||
	    !cursor_take(c, '-') || !take_number(c, 2, 1, 31, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	day = *tm;
	return timegm(&day) != (time_t)-1 && day.tm_mday == tm->tm_mday;
}

/* "T12:00:00Z", in either case. */
static bool
take_time(struct cursor *c, struct tm *tm)
{
	return cursor_word(c, SLICE("T")) &&
	    take_number(c, 2, 0, 23, &tm->tm_hour) && cursor_take(c, ':') &&
	    take_number(c, 2, 0, 59, &tm->tm_min) && cursor_take(c, ':') &&
	    take_number(c, 2, 0, 59, &tm->tm_sec) &&
	    cursor_word(c, SLICE("Z"));
}

static bool
parse(struct slice text, bool with_time, int64_t *when)
{
	struct cursor c = cursor_of(text);
	struct tm tm = { .tm_year = 0 };

	if (!take_day(&c, &tm) || (with_time && !take_time(&c, &tm)) ||
	    !cursor_at_end(&c))
		return false;
	*when = timegm(&tm);
	return true;
}

bool
date_day(struct slice text, int64_t *when)
{
	return parse(text, false, when);
}

bool
date_moment(struct slice text, int64_t *when)
{
	return parse(text, false, when) || parse(text, true, when);
}
