/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: days and moments as people write them, in UTC (RFC 3339).
 *
 * Years 1970 to 9999; a day that is not in the calendar is refused.  No
 * locale, no time zone.  Any thread.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define DATE_DAY	INT64_C(86400)	/* seconds of a day */

/* "2026-12-31": its first second, since 1970. */
bool	date_day(struct slice text, int64_t *when);
/* The same, or "2026-12-31T12:00:00Z". */
bool	date_moment(struct slice text, int64_t *when);

#endif
